//! `serviceThrottling`: how much a host does at a time, all its endpoints together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use waxwing_binding::EffectiveThrottling;
use waxwing_reliable::SessionId;
use waxwing_session::Acceptance;

use super::endpoint::Endpoint;
use crate::net::http::server::Places;

/// What a host does at a time. One for all its endpoints.
pub(super) struct Throttle {
    /// `maxConcurrentCalls`: further calls wait.
    calls: Arc<Semaphore>,
    /// `maxConcurrentInstances`: a call that needs a new one waits.
    instances: Arc<Semaphore>,
    /// `maxConcurrentSessions`: further sessions wait to be accepted.
    sessions: Mutex<Acceptance<(usize, SessionId)>>,
    endpoints: Mutex<Vec<Weak<Endpoint>>>,
    /// Where answers wait for their readers.
    places: Arc<Places>,
}

impl Throttle {
    pub(super) fn new(most: &EffectiveThrottling, places: Arc<Places>) -> Arc<Self> {
        let permits = |most: u32| (most as usize).min(Semaphore::MAX_PERMITS);
        Arc::new(Self {
            calls: Arc::new(Semaphore::new(permits(most.max_concurrent_calls))),
            instances: Arc::new(Semaphore::new(permits(most.max_concurrent_instances))),
            sessions: Mutex::new(Acceptance::new(most.max_concurrent_sessions as usize)),
            endpoints: Mutex::default(),
            places,
        })
    }

    /// One more endpoint. Gives its number.
    pub(super) fn join(&self, endpoint: Weak<Endpoint>) -> usize {
        let mut endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        endpoints.push(endpoint);
        endpoints.len() - 1
    }

    /// The place of one call; waits, too, while the answers that nobody takes fill the memory for them.
    pub(super) async fn call(&self) -> Option<OwnedSemaphorePermit> {
        let place = Arc::clone(&self.calls).acquire_owned().await.ok();
        self.places.settled().await;
        place
    }

    /// The place of one instance.
    pub(super) async fn instance(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.instances).acquire_owned().await.ok()
    }

    fn sessions(&self) -> MutexGuard<'_, Acceptance<(usize, SessionId)>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session was created at an endpoint. Gives whether it is accepted; otherwise it waits for its turn.
    pub(super) fn created(&self, endpoint: usize, session: SessionId) -> bool {
        self.sessions().created((endpoint, session))
    }

    /// A session is gone. The next one is accepted, by a task of its own: it may be another endpoint's.
    pub(super) fn ended(&self, endpoint: usize, session: SessionId) {
        let Some((endpoint, session)) = self.sessions().ended(&(endpoint, session)) else { return };
        let endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(endpoint) = endpoints.get(endpoint).and_then(Weak::upgrade) {
            tokio::spawn(async move {
                if let Some(reliable) = &endpoint.reliable {
                    reliable.accept(&endpoint, session);
                }
            });
        }
    }
}
