//! Asking: what is at hand first, then OCSP responders, then lists; and saying what came of it.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;
use waxwing_binding::{ProxyEnvironment, ProxyRules};
use waxwing_crypto::revocation::{IssuedList, RevocationQuestion, RevocationStatus, Unusable};
use waxwing_crypto::{RevocationList, RevocationMode};

use super::cache::{Cache, Kept, Key, Kind};
use super::disk;
use super::error::{RevocationError, offline, unknown};
use super::fetch::Fetcher;
use super::flights::{Flights, Landed};
use super::options::{ALTOGETHER, RevocationOptions};
use super::said::Said;

/// Asks whether certificates were revoked, and keeps the answers. Clones are one; the fetches that are under way end with
/// the last of them.
#[derive(Debug, Clone)]
pub struct Revocation {
    shared: Arc<Shared>,
    flights: Arc<Flights>,
}

/// What fetches need, too.
#[derive(Debug)]
struct Shared {
    folder: Option<PathBuf>,
    fetcher: Fetcher,
    cache: Cache,
}

impl Revocation {
    /// Asks by these options. Nothing is fetched before a certificate is to be judged.
    pub fn new(options: RevocationOptions) -> Self {
        let environment = ProxyEnvironment::read(|name| std::env::var(name).ok());
        let rules = ProxyRules::of(&options.proxy, &environment);
        let fetcher = Fetcher { rules, most: options.timeout };
        let shared = Shared { folder: options.folder, fetcher, cache: Cache::default() };
        Self { shared: Arc::new(shared), flights: Arc::new(Flights::new()) }
    }

    /// Where what was fetched is kept, if anywhere.
    pub fn folder(&self) -> Option<&PathBuf> {
        self.shared.folder.as_ref()
    }

    /// Whether the certificate of `question` was revoked. `lists` are at hand; whoever else must be asked is asked
    /// [`Online`](RevocationMode::Online) only. Cancel it at any time: a fetch goes on, for the next who asks.
    ///
    /// # Errors
    /// It was revoked, or nobody can tell.
    pub async fn ask(
        &self,
        question: &RevocationQuestion,
        lists: &[RevocationList],
        mode: RevocationMode,
        now: Timestamp,
    ) -> Result<(), RevocationError> {
        self.ask_until(question, lists, mode, now, Instant::now() + ALTOGETHER).await
    }

    /// The same without asking anybody: what is at hand, in memory and on disk, says that it is good. Blocks.
    ///
    /// # Errors
    /// It was revoked, or nobody can tell without asking.
    pub(crate) fn at_hand(
        &self,
        question: &RevocationQuestion,
        lists: &[RevocationList],
        mode: RevocationMode,
        now: Timestamp,
    ) -> Result<(), RevocationError> {
        let lists = issued(question, lists);
        self.shared.read_folder(question, &lists, now);
        let (said, _) = self.shared.at_hand(question, &lists, now)?;
        match said.is_good() {
            true => Ok(()),
            false if mode == RevocationMode::Online => Err(said.refusal(unknown, question)),
            false => Err(said.refusal(offline, question)),
        }
    }

    pub(super) async fn ask_until(
        &self,
        question: &RevocationQuestion,
        lists: &[RevocationList],
        mode: RevocationMode,
        now: Timestamp,
        until: Instant,
    ) -> Result<(), RevocationError> {
        if mode == RevocationMode::NoCheck {
            return Ok(());
        }
        let lists = issued(question, lists);
        self.look_into_folder(question, &lists, now).await;
        let (mut said, ageing) = self.shared.at_hand(question, &lists, now)?;
        if mode == RevocationMode::Offline {
            return if said.is_good() { Ok(()) } else { Err(said.refusal(offline, question)) };
        }
        if said.is_good() {
            ageing.iter().for_each(|key| drop(self.begin(key, question, &lists, now)));
            return Ok(());
        }
        for key in Key::all(question) {
            let kept = self.fetch(&key, question, &lists, now, until).await;
            let source = key.described();
            match kept {
                Ok(kept) => said.take(kept.answer(question), &source, question, now)?,
                Err(words) => said.fails(&source, &words),
            }
            if said.is_good() {
                return Ok(());
            }
        }
        Err(said.refusal(unknown, question))
    }

    /// Looks for what another process, or this one before it was started again, has kept.
    async fn look_into_folder(
        &self,
        question: &RevocationQuestion,
        lists: &[IssuedList],
        now: Timestamp,
    ) {
        let is_known = |key: &Key| self.shared.cache.is_known(key);
        if self.folder().is_none() || Key::all(question).iter().all(is_known) {
            return;
        }
        let (shared, question, lists) =
            (Arc::clone(&self.shared), question.clone(), lists.to_vec());
        let read = move || shared.read_folder(&question, &lists, now);
        // What cannot be read is as good as not there.
        let _ = tokio::task::spawn_blocking(read).await;
    }

    async fn fetch(
        &self,
        key: &Key,
        question: &RevocationQuestion,
        lists: &[IssuedList],
        now: Timestamp,
        until: Instant,
    ) -> Landed {
        let waiting = self.begin(key, question, lists, now)?;
        match tokio::time::timeout_at(until, Flights::land(waiting)).await {
            Ok(landed) => landed,
            Err(_) => Err(format!("there was no answer within the {ALTOGETHER:?} of a verdict")),
        }
    }

    /// Begins to fetch, or joins those who wait already.
    fn begin(
        &self,
        key: &Key,
        question: &RevocationQuestion,
        lists: &[IssuedList],
        now: Timestamp,
    ) -> Result<tokio::sync::watch::Receiver<Option<Landed>>, String> {
        if let Some(why) = self.shared.cache.failure(key) {
            return Err(format!("{why} (asked less than a minute ago)"));
        }
        self.flights.join(key, || {
            let (shared, key) = (Arc::clone(&self.shared), key.clone());
            let (question, lists) = (question.clone(), lists.to_vec());
            async move { shared.fetch(key, question, lists, now).await }
        })
    }
}

impl Shared {
    /// Fetches, verifies, and keeps.
    async fn fetch(
        self: Arc<Self>,
        key: Key,
        question: RevocationQuestion,
        lists: Vec<IssuedList>,
        now: Timestamp,
    ) -> Landed {
        let fetched = match key.kind {
            Kind::Ocsp => self.fetcher.ocsp(&key.url, question.ocsp_request()).await,
            Kind::List => self.fetcher.list(&key.url).await,
        };
        // A list of megabytes takes a while to read, and the disk to write.
        let kept_for = key.clone();
        let keeper = Arc::clone(&self);
        let kept = move |octets: Vec<u8>| {
            let kept = verified(&kept_for, &question, &octets, &lists, now)?;
            keeper
                .keep(&kept_for, &kept, &octets, &question, now)
                .map_err(|unusable| unusable.to_string())?;
            Ok(kept)
        };
        let landed = match fetched {
            Ok(octets) => tokio::task::spawn_blocking(move || kept(octets))
                .await
                .unwrap_or_else(|_| Err("the fetch was given up".to_owned())),
            Err(words) => Err(words),
        };
        match &landed {
            Ok(_) => tracing::debug!(url = key.url, "revocation was asked about"),
            Err(why) => {
                tracing::warn!(url = key.url, "revocation cannot be asked about: {why}");
                self.cache.failed(&key, why);
            }
        }
        landed
    }

    /// Keeps what was fetched, if it holds. That something was revoked is worth keeping though it is out of date.
    fn keep(
        &self,
        key: &Key,
        kept: &Kept,
        octets: &[u8],
        question: &RevocationQuestion,
        now: Timestamp,
    ) -> Result<(), Unusable> {
        let answer = kept.answer(question)?;
        if answer.status == RevocationStatus::Good {
            answer.in_time(now)?;
        }
        let is_newest = self.cache.fetched(key, kept.clone());
        if let Some(folder) = self.folder.as_ref().filter(|_| is_newest)
            && let Err(error) = disk::write(folder, key, octets)
        {
            let folder = folder.display();
            tracing::warn!(%folder, "what was fetched about revocation cannot be kept: {error}");
        }
        Ok(())
    }

    /// Reads what the folder has and memory has not. Blocks.
    fn read_folder(&self, question: &RevocationQuestion, lists: &[IssuedList], now: Timestamp) {
        let Some(folder) = &self.folder else { return };
        for key in Key::all(question).iter().filter(|key| !self.cache.is_known(key)) {
            let octets = disk::read(folder, key);
            let kept = octets.and_then(|octets| verified(key, question, &octets, lists, now).ok());
            self.cache.read(key, kept);
        }
    }

    /// What lists of the store, and what was fetched before, say; and of which places the answer is ageing.
    fn at_hand(
        &self,
        question: &RevocationQuestion,
        lists: &[IssuedList],
        now: Timestamp,
    ) -> Result<(Said, Vec<Key>), RevocationError> {
        let (mut said, mut ageing) = (Said::default(), Vec::new());
        for list in lists {
            said.take(question.read_list(list), "a list in the store folder", question, now)?;
        }
        for key in Key::all(question) {
            let Some(kept) = self.cache.get(&key) else { continue };
            let answer = kept.answer(question);
            if answer.as_ref().is_ok_and(|answer| answer.is_ageing(now)) {
                ageing.push(key.clone());
            }
            said.take_kept(answer, &key.described(), question, now)?;
        }
        Ok((said, ageing))
    }
}

/// The lists that are the issuer's.
fn issued(question: &RevocationQuestion, lists: &[RevocationList]) -> Vec<IssuedList> {
    lists.iter().filter_map(|list| question.issued(list).ok()).collect()
}

/// What octets from outside say, once they are known to be the issuer's.
fn verified(
    key: &Key,
    question: &RevocationQuestion,
    octets: &[u8],
    lists: &[IssuedList],
    now: Timestamp,
) -> Result<Kept, String> {
    if key.kind == Kind::Ocsp {
        let answer = question.read_ocsp(octets, lists, now);
        return answer.map(Kept::Ocsp).map_err(|e| e.to_string());
    }
    let list = RevocationList::from_octets(octets).map_err(|e| e.to_string())?;
    if list.next_update().is_none() {
        return Err("it does not say when the next one comes (nextUpdate)".to_owned());
    }
    question.issued(&list).map(Kept::List).map_err(|e| e.to_string())
}
