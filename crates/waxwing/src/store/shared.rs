//! Stores that a configuration file names, open once however many use them: a host and the outboxes of a program, say.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use jiff::Timestamp;
use tokio::sync::Mutex;
use waxwing_binding::Store as Section;
use waxwing_store::{
    BoxFuture, Claim, Epoch, Group, Health, Kind, Name, Nodes, Outcome, Queue, Record, RecordId,
    Store, StoreError, StoredMessage, Unit,
};

/// The stores of a file that are open.
#[derive(Clone, Default)]
pub(crate) struct OpenStores(Arc<Mutex<Vec<Known>>>);

impl std::fmt::Debug for OpenStores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OpenStores")
    }
}

struct Known {
    section: Section,
    folder: PathBuf,
    open: Weak<Open>,
}

/// A store with the number of those who use it. The last one closes it.
struct Open {
    store: Arc<dyn Store>,
    users: AtomicUsize,
}

/// A store as one of several has it.
struct Lease {
    open: Arc<Open>,
    is_over: AtomicBool,
}

impl OpenStores {
    /// The store of this section: as it is open, or opened now. Who opens it first decides how it is called among others.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(super) async fn lease(
        &self,
        section: &Section,
        folder: &std::path::Path,
        opens: impl Future<Output = Result<Arc<dyn Store>, StoreError>>,
    ) -> Result<Arc<dyn Store>, StoreError> {
        let mut all = self.0.lock().await;
        all.retain(|known| known.open.upgrade().is_some_and(|open| open.is_used()));
        let is_it = |known: &&Known| known.section == *section && known.folder == folder;
        if let Some(open) = all.iter().find(is_it).and_then(|known| known.open.upgrade())
            && open.join()
        {
            return Ok(Arc::new(Lease { open, is_over: AtomicBool::new(false) }));
        }
        let open = Arc::new(Open { store: opens.await?, users: AtomicUsize::new(1) });
        let (section, folder) = (section.clone(), folder.to_owned());
        all.push(Known { section, folder, open: Arc::downgrade(&open) });
        Ok(Arc::new(Lease { open, is_over: AtomicBool::new(false) }))
    }
}

impl Open {
    fn is_used(&self) -> bool {
        self.users.load(Ordering::SeqCst) > 0
    }

    /// One more uses it, unless it is being closed.
    fn join(&self) -> bool {
        let more = |users: usize| (users > 0).then_some(users + 1);
        self.users.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).is_ok()
    }
}

impl Lease {
    fn store(&self) -> &dyn Store {
        &*self.open.store
    }

    /// Whether this one was the last who used it.
    fn ends(&self) -> bool {
        !self.is_over.swap(true, Ordering::SeqCst)
            && self.open.users.fetch_sub(1, Ordering::SeqCst) == 1
    }
}

impl Drop for Lease {
    /// Without a word, as the store itself is dropped.
    fn drop(&mut self) {
        self.ends();
    }
}

impl Store for Lease {
    fn commit(&self, unit: Unit) -> BoxFuture<'static, Outcome> {
        self.store().commit(unit)
    }

    fn claim(&self, group: &Group) -> BoxFuture<'_, Result<Claim, StoreError>> {
        self.store().claim(group)
    }

    fn find(&self, name: &Name) -> BoxFuture<'_, Result<Option<Group>, StoreError>> {
        self.store().find(name)
    }

    fn unfinished(
        &self,
        after: Option<&Group>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Group>, StoreError>> {
        self.store().unfinished(after, limit)
    }

    fn messages(
        &self,
        record: &RecordId,
        queue: Queue,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<StoredMessage>, StoreError>> {
        self.store().messages(record, queue, after, limit)
    }

    fn message(
        &self,
        record: &RecordId,
        queue: Queue,
        name: &Name,
    ) -> BoxFuture<'_, Result<Option<StoredMessage>, StoreError>> {
        self.store().message(record, queue, name)
    }

    fn records(
        &self,
        kind: Kind,
        after: Option<&RecordId>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Record>, StoreError>> {
        self.store().records(kind, after, limit)
    }

    fn release(&self, group: &Group, epoch: Epoch) -> BoxFuture<'static, Outcome> {
        self.store().release(group, epoch)
    }

    fn expire(
        &self,
        kinds: &[Kind],
        before: Timestamp,
        limit: usize,
    ) -> BoxFuture<'_, Result<usize, StoreError>> {
        self.store().expire(kinds, before, limit)
    }

    fn nodes(&self) -> Option<&dyn Nodes> {
        self.store().nodes()
    }

    fn shard_count(&self) -> NonZeroU16 {
        self.store().shard_count()
    }

    fn health(&self) -> Health {
        self.store().health()
    }

    /// The last one closes it.
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if self.ends() {
                self.store().close().await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use waxwing_store::MemoryStore;

    async fn opened(times: &AtomicUsize) -> Result<Arc<dyn Store>, StoreError> {
        times.fetch_add(1, Ordering::SeqCst);
        Ok(Arc::new(MemoryStore::default()))
    }

    #[tokio::test]
    async fn a_store_is_opened_once_and_closed_by_the_last() {
        let (all, times) = (OpenStores::default(), AtomicUsize::new(0));
        let (one, other) = (Section::default(), Section::default().schema("other"));
        let folder = Path::new("");
        let first = all.lease(&one, folder, opened(&times)).await.unwrap();
        let second = all.lease(&one, folder, opened(&times)).await.unwrap();
        let apart = all.lease(&other, folder, opened(&times)).await.unwrap();
        assert_eq!(times.load(Ordering::SeqCst), 2);
        first.close().await;
        first.close().await;
        assert!(second.claim(&Group::new("g")).await.is_ok(), "the second one has it");
        let third = all.lease(&one, folder, opened(&times)).await.unwrap();
        drop(second);
        assert!(third.claim(&Group::new("g")).await.is_ok());
        third.close().await;
        assert!(third.claim(&Group::new("g")).await.is_err(), "it is closed");
        let again = all.lease(&one, folder, opened(&times)).await.unwrap();
        assert_eq!(times.load(Ordering::SeqCst), 3);
        assert!(again.claim(&Group::new("g")).await.is_ok());
        drop(apart);
    }
}
