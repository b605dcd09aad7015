//! Fetches under way: one for everybody who waits for the same thing, few at once, ended with their owner.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::cache::{Kept, Key};
use super::options::MAX_FETCHES;

/// The most fetches that may wait for their turn. Beyond that nobody is let in: it is a minute's work already.
const MAX_WAITING: usize = 64;

/// What came of a fetch.
pub(super) type Landed = Result<Kept, String>;

/// Fetches under way.
#[derive(Debug)]
pub(super) struct Flights {
    turns: Arc<Semaphore>,
    under_way: Arc<Mutex<UnderWay>>,
    tasks: Mutex<JoinSet<()>>,
}

type UnderWay = HashMap<Key, watch::Receiver<Option<Landed>>>;

/// A fetch that is under way; dropped when it has ended, however.
struct Seat {
    key: Key,
    under_way: Arc<Mutex<UnderWay>>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        lock(&self.under_way).remove(&self.key);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Flights {
    pub(super) fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(MAX_FETCHES)),
            under_way: Arc::default(),
            tasks: Mutex::default(),
        }
    }

    /// Joins the fetch of `key`, or begins one. It goes on though nobody waits for it any more.
    ///
    /// # Errors
    /// Too many are waiting.
    pub(super) fn join<F>(
        &self,
        key: &Key,
        fetch: impl FnOnce() -> F,
    ) -> Result<watch::Receiver<Option<Landed>>, String>
    where
        F: Future<Output = Landed> + Send + 'static,
    {
        let mut under_way = lock(&self.under_way);
        if let Some(other) = under_way.get(key) {
            return Ok(other.clone());
        }
        if under_way.len() >= MAX_FETCHES + MAX_WAITING {
            return Err("too many fetches are under way".to_owned());
        }
        let (landed, waiting) = watch::channel(None);
        under_way.insert(key.clone(), waiting.clone());
        drop(under_way);
        let seat = Seat { key: key.clone(), under_way: Arc::clone(&self.under_way) };
        let (turns, fetch) = (Arc::clone(&self.turns), fetch());
        let mut tasks = lock(&self.tasks);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move {
            let seat = seat;
            let turn = turns.acquire_owned().await;
            let result = fetch.await;
            drop(turn);
            // Whoever comes from now on finds it in the cache.
            drop(seat);
            let _ = landed.send(Some(result));
        });
        Ok(waiting)
    }

    /// Waits for what comes of a fetch.
    pub(super) async fn land(mut waiting: watch::Receiver<Option<Landed>>) -> Landed {
        match waiting.wait_for(Option::is_some).await {
            Ok(landed) => {
                landed.clone().unwrap_or_else(|| Err("the fetch was given up".to_owned()))
            }
            Err(_) => Err("the fetch was given up".to_owned()),
        }
    }
}
