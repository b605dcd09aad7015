//! Which object executes a call (`InstanceContextMode`).

use std::sync::Arc;

use crate::contract::{ContractDescription, Dispatch};

/// Gives the object that executes the calls of a session.
pub trait Instances: Send + Sync {
    /// The contract of every instance.
    fn contract(&self) -> &'static ContractDescription;

    /// Whether all sessions have the same instance, so that `maxConcurrentInstances` says nothing about it.
    fn is_shared(&self) -> bool {
        false
    }

    /// The instance of a new session, or of a call without one. Called when the first call is executed, under no lock;
    /// a panic is answered as an internal error.
    fn instance(&self) -> Arc<dyn Dispatch>;
}

/// The two ways: one object for all, or a new one for every session.
pub struct ServiceInstances {
    contract: &'static ContractDescription,
    is_shared: bool,
    make: Box<dyn Fn() -> Arc<dyn Dispatch> + Send + Sync>,
}

impl ServiceInstances {
    /// One object for all sessions (`InstanceContextMode.Single`).
    pub fn single(service: impl Dispatch + 'static) -> Self {
        let service: Arc<dyn Dispatch> = Arc::new(service);
        let contract = service.contract();
        Self { contract, is_shared: true, make: Box::new(move || Arc::clone(&service)) }
    }

    /// A new object for every session, and for every call outside of sessions (`InstanceContextMode.PerSession`, WCF's
    /// default).
    pub fn per_session<D: Dispatch + 'static>(
        make: impl Fn() -> D + Send + Sync + 'static,
    ) -> Self {
        let contract = make().contract();
        Self { contract, is_shared: false, make: Box::new(move || Arc::new(make())) }
    }
}

impl Instances for ServiceInstances {
    fn contract(&self) -> &'static ContractDescription {
        self.contract
    }

    fn is_shared(&self) -> bool {
        self.is_shared
    }

    fn instance(&self) -> Arc<dyn Dispatch> {
        (self.make)()
    }
}

impl std::fmt::Debug for ServiceInstances {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceInstances")
            .field("contract", &self.contract.name)
            .finish_non_exhaustive()
    }
}
