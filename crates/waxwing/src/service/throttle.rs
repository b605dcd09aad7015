//! `serviceThrottling`: how much a service does at a time, all its endpoints together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use smallvec::SmallVec;
use waxwing_binding::EffectiveThrottling;
use waxwing_session::{Admission, AdmissionInput, AdmissionLimits, EndpointId, Place};

use crate::net::Listener;

/// Who asks for places: an endpoint.
pub(super) trait Tenant: Send + Sync {
    /// It is granted a place that was not free when it asked. The caller holds no lock.
    fn granted(self: Arc<Self>, place: Place);
}

/// What a service does at a time. One for all its endpoints.
pub(super) struct Throttle {
    /// Held for one question at a time; the lock of an endpoint's sessions may be held around it, never the other way.
    admission: Mutex<Admission>,
    tenants: Mutex<Vec<Weak<dyn Tenant>>>,
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
        Arc::new(Self { admission, tenants: Mutex::default(), listeners })
    }

    fn tenants(&self) -> MutexGuard<'_, Vec<Weak<dyn Tenant>>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more endpoint. Gives its number.
    pub(super) fn join(&self, tenant: Weak<dyn Tenant>) -> EndpointId {
        let mut tenants = self.tenants();
        tenants.push(tenant);
        tenants.len() - 1
    }

    /// Tells endpoints what they were granted. The caller holds no lock.
    pub(super) fn grant(&self, granted: impl IntoIterator<Item = (EndpointId, Place)>) {
        for (to, place) in granted {
            let tenant = self.tenants().get(to).and_then(Weak::upgrade);
            if let Some(tenant) = tenant {
                tenant.granted(place);
            }
        }
    }

    /// Asks for a place or gives one back. Gives the places that are granted, and to whom.
    pub(super) fn ask(&self, endpoint: EndpointId, input: AdmissionInput) -> Granted {
        let mut admission = self.admission.lock().unwrap_or_else(PoisonError::into_inner);
        admission.handle(endpoint, input);
        let mut granted = Granted::new();
        while let Some(place) = admission.poll() {
            granted.push(place);
        }
        granted
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

/// Places that are granted, and to whom. Mostly one.
pub(super) type Granted = SmallVec<[(EndpointId, Place); 1]>;

/// The place of a call that is over. It is free when this is dropped, which nobody does under a lock.
pub(super) struct CallPlace {
    throttle: Arc<Throttle>,
    endpoint: EndpointId,
    place: Place,
}

impl CallPlace {
    pub(super) fn new(throttle: &Arc<Throttle>, endpoint: EndpointId, place: Place) -> Self {
        Self { throttle: Arc::clone(throttle), endpoint, place }
    }
}

impl Drop for CallPlace {
    fn drop(&mut self) {
        let granted = self.throttle.ask(self.endpoint, AdmissionInput::Free(self.place));
        self.throttle.grant(granted);
    }
}
