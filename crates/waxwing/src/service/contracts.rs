//! The contracts of a service, and of one endpoint.

use std::time::Duration;

use waxwing_reliable::Shape;
use waxwing_session::{ConcurrencyMode, Demarcation, DispatchModes, InstanceContextMode};

use crate::contract::{ContractDescription, SessionMode};

/// The contracts that a service implements: one `&'static` [`ContractDescription`], an array or a vector of them.
#[derive(Debug, Clone)]
pub struct ContractList(Vec<&'static ContractDescription>);

impl ContractList {
    pub(super) fn iter(&self) -> impl Iterator<Item = &'static ContractDescription> {
        self.0.iter().copied()
    }
}

impl From<&'static ContractDescription> for ContractList {
    fn from(contract: &'static ContractDescription) -> Self {
        Self(vec![contract])
    }
}

impl<const N: usize> From<[&'static ContractDescription; N]> for ContractList {
    fn from(contracts: [&'static ContractDescription; N]) -> Self {
        Self(contracts.to_vec())
    }
}

impl From<Vec<&'static ContractDescription>> for ContractList {
    fn from(contracts: Vec<&'static ContractDescription>) -> Self {
        Self(contracts)
    }
}

/// The contracts of one endpoint, told apart by action: at least one.
#[derive(Debug, Clone)]
pub(super) struct Contracts {
    first: &'static ContractDescription,
    others: Vec<&'static ContractDescription>,
}

impl Contracts {
    pub(super) fn of(first: &'static ContractDescription) -> Self {
        Self { first, others: Vec::new() }
    }

    pub(super) fn add(&mut self, contract: &'static ContractDescription) {
        self.others.push(contract);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'static ContractDescription> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }

    /// Namespace and local name of the headers that their requests declare.
    pub(super) fn understood(&self) -> Vec<(String, String)> {
        let operations = self.iter().flat_map(|contract| contract.operations);
        let headers = operations.flat_map(|operation| operation.request.headers);
        headers.map(|h| (h.namespace.to_owned(), h.local.to_owned())).collect()
    }

    /// Which of their operations may begin a session and which end it. `patience`: how long a client has after the last one
    /// to close the session.
    pub(super) fn demarcation(&self, patience: Duration) -> Demarcation {
        let mut demarcation = Demarcation::new(patience);
        for contract in self.iter().filter(|known| known.session_mode == SessionMode::Required) {
            for operation in contract.operations {
                let (first, last) = (operation.is_initiating, operation.is_terminating);
                demarcation.add(operation.action, first, last);
            }
        }
        demarcation
    }

    /// How calls are executed where the service says `modes`: without a contract that allows sessions each call is by
    /// itself, as those of WCF's datagrams.
    pub(super) fn modes(&self, modes: DispatchModes) -> DispatchModes {
        let sessions = self.iter().any(|known| known.session_mode != SessionMode::NotAllowed);
        match modes.instances {
            InstanceContextMode::Single => modes,
            _ if sessions => modes,
            _ => DispatchModes {
                instances: InstanceContextMode::PerCall,
                concurrency: ConcurrencyMode::Multiple,
            },
        }
    }

    /// The contract that takes messages of this action: the one with an operation that names it, or else the one that
    /// takes every action; the first one when there is none, to refuse it.
    pub(super) fn taking(&self, action: &str) -> &'static ContractDescription {
        if self.others.is_empty() {
            return self.first;
        }
        let takes = |wanted: &str| {
            self.iter().find(|c| c.operations.iter().any(|operation| operation.action == wanted))
        };
        takes(action).or_else(|| takes("*")).unwrap_or(self.first)
    }

    /// An action that `contract` has, and one of these as well, with the name of that one: nobody could tell whose
    /// operation a message is for.
    pub(super) fn overlap(
        &self,
        contract: &ContractDescription,
    ) -> Option<(&'static str, &'static str)> {
        let actions = || contract.operations.iter().map(|operation| operation.action);
        let own = self.iter().flat_map(|c| c.operations.iter().map(|o| (o.action, c.name)));
        own.into_iter().find(|(own, _)| actions().any(|action| action == *own))
    }

    /// What a reliable session must be for them: with a return sequence, unless nothing is ever answered.
    pub(super) fn shape(&self) -> Shape {
        match self.iter().all(|contract| contract.shape() == Shape::OneWay) {
            true => Shape::OneWay,
            false => Shape::RequestReply,
        }
    }
}
