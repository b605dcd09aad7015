//! Contracts that cannot inherit, and sessions that cannot be.

use waxwing::contract::{OperationFault, service_contract};

#[service_contract(namespace = "urn:a", name = "IA")]
trait A {
    async fn add(&self, n1: f64) -> Result<f64, OperationFault>;
}

#[service_contract(namespace = "urn:b", name = "IB")]
trait B {
    async fn add(&self, n1: f64) -> Result<f64, OperationFault>;
}

#[service_contract(namespace = "urn:c", name = "IC")]
trait SameName: A + B {}

#[service_contract(namespace = "urn:d", name = "ID")]
trait SameAction: A {
    #[operation(action = "urn:a/IA/Add")]
    async fn plus(&self, n1: f64) -> Result<f64, OperationFault>;
}

#[service_contract(namespace = "urn:e", name = "IE", session_mode = Required)]
trait Sessions {
    async fn begin(&self) -> Result<(), OperationFault>;
    #[operation(is_terminating)]
    async fn end(&self) -> Result<(), OperationFault>;
}

#[service_contract(namespace = "urn:f", name = "IF")]
trait Sessionless: Sessions {}

#[service_contract(namespace = "urn:g", name = "IG")]
trait NoSession {
    #[operation(is_initiating = false)]
    async fn step(&self) -> Result<(), OperationFault>;
}

#[service_contract(namespace = "urn:h", name = "IH", session_mode = Required)]
trait NoBeginning {
    #[operation(is_initiating = false)]
    async fn step(&self) -> Result<(), OperationFault>;
}

#[service_contract(session_mode = Sometimes)]
trait WrongMode {
    async fn step(&self) -> Result<(), OperationFault>;
}

#[service_contract]
trait Generic: Into<String> {
    async fn step(&self) -> Result<(), OperationFault>;
}

#[service_contract]
trait Twice: A + A {
    async fn step(&self) -> Result<(), OperationFault>;
}

trait NoContract {}

#[service_contract]
trait OfNoContract: NoContract {
    async fn step(&self) -> Result<(), OperationFault>;
}

fn main() {}
