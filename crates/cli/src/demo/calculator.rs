//! The calculator of WCF's samples, and a ledger of what it executed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use waxwing::contract::{OperationContext, OperationFault, service_contract};

/// The contract of WCF's samples.
#[service_contract(
    namespace = "http://Microsoft.ServiceModel.Samples",
    name = "ICalculator",
    configuration_name = "Microsoft.ServiceModel.Samples.ICalculator"
)]
pub(super) trait Calculator {
    async fn add(
        &self,
        context: &OperationContext,
        n1: f64,
        n2: f64,
    ) -> Result<f64, OperationFault>;
    async fn subtract(
        &self,
        context: &OperationContext,
        n1: f64,
        n2: f64,
    ) -> Result<f64, OperationFault>;
    async fn multiply(
        &self,
        context: &OperationContext,
        n1: f64,
        n2: f64,
    ) -> Result<f64, OperationFault>;
    async fn divide(
        &self,
        context: &OperationContext,
        n1: f64,
        n2: f64,
    ) -> Result<f64, OperationFault>;
}

/// What the service executed: how often each call, told apart by operation and operands, and who called.
#[derive(Default)]
pub(super) struct Ledger {
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    executed: HashMap<(&'static str, u64, u64), u64>,
    caller: Option<String>,
}

impl Ledger {
    fn enter(&self, context: &OperationContext, operation: &'static str, n1: f64, n2: f64) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        *entries.executed.entry((operation, n1.to_bits(), n2.to_bits())).or_default() += 1;
        if entries.caller.is_none() {
            entries.caller = context.caller().map(|caller| caller.name.clone());
        }
    }

    /// How many calls were executed exactly once, and how often any was executed.
    pub(super) fn counts(&self) -> (u64, u64) {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let once = entries.executed.values().filter(|count| **count == 1).count() as u64;
        (once, entries.executed.values().sum())
    }

    /// Who called, by the certificate.
    pub(super) fn caller(&self) -> Option<String> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).caller.clone()
    }
}

/// The service of one session.
pub(super) struct Calculating(pub(super) Arc<Ledger>);

impl Calculator for Calculating {
    async fn add(
        &self,
        context: &OperationContext,
        n1: f64,
        n2: f64,
    ) -> Result<f64, OperationFault> {
        self.0.enter(context, "Add", n1, n2);
        Ok(n1 + n2)
    }

    async fn subtract(
        &self,
        context: &OperationContext,
        n1: f64,
        n2: f64,
    ) -> Result<f64, OperationFault> {
        self.0.enter(context, "Subtract", n1, n2);
        Ok(n1 - n2)
    }

    async fn multiply(
        &self,
        context: &OperationContext,
        n1: f64,
        n2: f64,
    ) -> Result<f64, OperationFault> {
        self.0.enter(context, "Multiply", n1, n2);
        Ok(n1 * n2)
    }

    async fn divide(
        &self,
        context: &OperationContext,
        n1: f64,
        n2: f64,
    ) -> Result<f64, OperationFault> {
        self.0.enter(context, "Divide", n1, n2);
        Ok(n1 / n2)
    }
}
