//! Which object executes a call (`InstanceContextMode`), and the contracts that it implements.

use std::sync::Arc;

use waxwing_session::{ConcurrencyMode, DispatchModes, InstanceContextMode};

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

    /// Which instance executes a call, and how many it executes at a time.
    fn modes(&self) -> DispatchModes {
        DispatchModes::default()
    }

    /// The instance of a new session, or of a call without one; the one that all share, where they do. Called when the
    /// (first) call is executed, under no lock; a panic is answered as an internal error.
    fn instance(&self) -> Arc<ServiceObject>;
}

/// The three ways: one object for all, a new one for every session, a new one for every call. Each executes one call at a
/// time, unless [`concurrency`](Self::concurrency) says otherwise.
pub struct ServiceInstances {
    contracts: Vec<&'static ContractDescription>,
    modes: DispatchModes,
    make: Box<dyn Fn() -> Arc<ServiceObject> + Send + Sync>,
}

impl ServiceInstances {
    /// One object for all sessions (`InstanceContextMode.Single`).
    pub fn single(service: impl Into<ServiceObject>) -> Self {
        let service = Arc::new(service.into());
        let contracts = service.contracts();
        let make = Box::new(move || Arc::clone(&service));
        Self { contracts, modes: modes(InstanceContextMode::Single), make }
    }

    /// A new object for every session, and for every call outside of sessions (`InstanceContextMode.PerSession`, WCF's
    /// default). `make` is called once at once, to learn the contracts.
    pub fn per_session<S: Into<ServiceObject>>(
        make: impl Fn() -> S + Send + Sync + 'static,
    ) -> Self {
        let contracts = make().into().contracts();
        let make = Box::new(move || Arc::new(make().into()));
        Self { contracts, modes: modes(InstanceContextMode::PerSession), make }
    }

    /// A new object for every call, dropped with it (`InstanceContextMode.PerCall`). `make` is called once at once, to
    /// learn the contracts.
    pub fn per_call<S: Into<ServiceObject>>(make: impl Fn() -> S + Send + Sync + 'static) -> Self {
        Self { modes: modes(InstanceContextMode::PerCall), ..Self::per_session(make) }
    }

    /// The same with so many calls of an instance at a time.
    #[must_use]
    pub fn concurrency(mut self, concurrency: ConcurrencyMode) -> Self {
        self.modes.concurrency = concurrency;
        self
    }
}

/// WCF's concurrency unless something else is said.
fn modes(instances: InstanceContextMode) -> DispatchModes {
    DispatchModes { instances, ..DispatchModes::default() }
}

impl Instances for ServiceInstances {
    fn contracts(&self) -> &[&'static ContractDescription] {
        &self.contracts
    }

    fn modes(&self) -> DispatchModes {
        self.modes
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
