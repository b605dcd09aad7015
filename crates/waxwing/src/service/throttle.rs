//! `serviceThrottling`: how much a service does at a time, all its endpoints together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use waxwing_binding::EffectiveThrottling;
use waxwing_session::{Admission, AdmissionInput, AdmissionLimits, EndpointId, Place};

use super::endpoint::Endpoint;
use crate::net::Listener;

/// What a service does at a time. One for all its endpoints.
pub(super) struct Throttle {
    /// Held for one question at a time; the lock of an endpoint's sessions may be held around it, never the other way.
    admission: Mutex<Admission>,
    endpoints: Mutex<Vec<Weak<Endpoint>>>,
    /// Where answers wait for their readers.
    listeners: Arc<[Arc<dyn Listener>]>,
}

impl Throttle {
    pub(super) fn new(
        most: &EffectiveThrottling,
        listeners: Arc<[Arc<dyn Listener>]>,
    ) -> Arc<Self> {
        let limits = AdmissionLimits {
            calls: most.max_concurrent_calls as usize,
            sessions: most.max_concurrent_sessions as usize,
            instances: most.max_concurrent_instances as usize,
        };
        let admission = Mutex::new(Admission::new(limits));
        Arc::new(Self { admission, endpoints: Mutex::default(), listeners })
    }

    fn endpoints(&self) -> MutexGuard<'_, Vec<Weak<Endpoint>>> {
        self.endpoints.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more endpoint. Gives its number.
    pub(super) fn join(&self, endpoint: Weak<Endpoint>) -> EndpointId {
        let mut endpoints = self.endpoints();
        endpoints.push(endpoint);
        endpoints.len() - 1
    }

    /// An endpoint by its number, while it lives.
    pub(super) fn endpoint(&self, number: EndpointId) -> Option<Arc<Endpoint>> {
        self.endpoints().get(number).and_then(Weak::upgrade)
    }

    /// Asks for a place or gives one back. Gives the places that are granted, and to whom.
    pub(super) fn ask(
        &self,
        endpoint: EndpointId,
        input: AdmissionInput,
    ) -> Vec<(EndpointId, Place)> {
        let mut admission = self.admission.lock().unwrap_or_else(PoisonError::into_inner);
        admission.handle(endpoint, input);
        std::iter::from_fn(|| admission.poll()).collect()
    }

    /// Waits while the answers that nobody takes fill the memory for them.
    pub(super) async fn settled(&self) {
        for listener in &*self.listeners {
            if let Some(settled) = listener.settled() {
                settled.await;
            }
        }
    }
}
