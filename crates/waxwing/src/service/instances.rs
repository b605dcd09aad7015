//! Which object executes a call (`InstanceContextMode`), and the contracts that it implements.

use std::sync::Arc;

use crate::contract::{ContractDescription, Dispatch};

/// One object of a service: what dispatches each contract that it implements.
///
/// An object that implements one contract converts into it. One that implements several is built:
///
/// ```
/// # use waxwing::contract::{OperationFault, service_contract};
/// # use waxwing::{ServiceInstances, ServiceObject};
/// # use std::sync::Arc;
/// # #[service_contract] trait Orders { async fn count(&self) -> Result<i32, OperationFault>; }
/// # #[service_contract] trait Admin { async fn clear(&self) -> Result<(), OperationFault>; }
/// # #[derive(Default)] struct Shop;
/// # impl Orders for Shop { async fn count(&self) -> Result<i32, OperationFault> { Ok(0) } }
/// # impl Admin for Shop { async fn clear(&self) -> Result<(), OperationFault> { Ok(()) } }
/// let instances = ServiceInstances::per_session(|| {
///     let shop = Arc::new(Shop::default());
///     ServiceObject::new()
///         .contract(OrdersService::from(Arc::clone(&shop)))
///         .contract(AdminService::from(shop))
/// });
/// ```
#[derive(Clone, Default)]
pub struct ServiceObject {
    dispatchers: Vec<Arc<dyn Dispatch>>,
}

impl ServiceObject {
    /// An object without contracts.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, implementing one contract more: usually `OrdersService::from(Arc::clone(&object))`.
    #[must_use]
    pub fn contract(mut self, dispatcher: impl Dispatch + 'static) -> Self {
        self.dispatchers.push(Arc::new(dispatcher));
        self
    }

    /// The contracts that it implements.
    pub fn contracts(&self) -> Vec<&'static ContractDescription> {
        self.dispatchers.iter().map(|dispatcher| dispatcher.contract()).collect()
    }

    /// What dispatches the contract; none when it is not implemented.
    pub(super) fn dispatcher(&self, contract: &ContractDescription) -> Option<&dyn Dispatch> {
        let name = contract.configuration_name;
        let found = self.dispatchers.iter().find(|d| d.contract().configuration_name == name);
        found.map(|dispatcher| &**dispatcher)
    }
}

impl<D: Dispatch + 'static> From<D> for ServiceObject {
    fn from(dispatcher: D) -> Self {
        Self::new().contract(dispatcher)
    }
}

impl std::fmt::Debug for ServiceObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.contracts().iter().map(|contract| contract.name).collect();
        f.debug_struct("ServiceObject").field("contracts", &names).finish()
    }
}

/// Gives the object that executes the calls of a session.
pub trait Instances: Send + Sync {
    /// The contracts that every instance implements.
    fn contracts(&self) -> &[&'static ContractDescription];

    /// Whether all sessions have the same instance, so that `maxConcurrentInstances` says nothing about it.
    fn is_shared(&self) -> bool {
        false
    }

    /// The instance of a new session, or of a call without one. Called when the first call is executed, under no lock;
    /// a panic is answered as an internal error.
    fn instance(&self) -> Arc<ServiceObject>;
}

/// The two ways: one object for all, or a new one for every session.
pub struct ServiceInstances {
    contracts: Vec<&'static ContractDescription>,
    is_shared: bool,
    make: Box<dyn Fn() -> Arc<ServiceObject> + Send + Sync>,
}

impl ServiceInstances {
    /// One object for all sessions (`InstanceContextMode.Single`).
    pub fn single(service: impl Into<ServiceObject>) -> Self {
        let service = Arc::new(service.into());
        let contracts = service.contracts();
        Self { contracts, is_shared: true, make: Box::new(move || Arc::clone(&service)) }
    }

    /// A new object for every session, and for every call outside of sessions (`InstanceContextMode.PerSession`, WCF's
    /// default). `make` is called once at once, to learn the contracts.
    pub fn per_session<S: Into<ServiceObject>>(
        make: impl Fn() -> S + Send + Sync + 'static,
    ) -> Self {
        let contracts = make().into().contracts();
        Self { contracts, is_shared: false, make: Box::new(move || Arc::new(make().into())) }
    }
}

impl Instances for ServiceInstances {
    fn contracts(&self) -> &[&'static ContractDescription] {
        &self.contracts
    }

    fn is_shared(&self) -> bool {
        self.is_shared
    }

    fn instance(&self) -> Arc<ServiceObject> {
        (self.make)()
    }
}

impl std::fmt::Debug for ServiceInstances {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.contracts.iter().map(|contract| contract.name).collect();
        f.debug_struct("ServiceInstances").field("contracts", &names).finish_non_exhaustive()
    }
}
