//! Options of contracts and operations that are wrong or contradict each other.

use waxwing::contract::{OperationFault, RawMessage, service_contract};

#[service_contract(namspace = "urn:x")]
trait Misspelled {
    async fn add(&self, n1: f64) -> Result<f64, OperationFault>;
}

#[service_contract(namespace = "urn:x")]
trait UnknownOption {
    #[operation(oneway)]
    async fn add(&self, n1: f64) -> Result<(), OperationFault>;
}

#[service_contract(namespace = "urn:x")]
trait OneWayResult {
    #[operation(one_way)]
    async fn add(&self, n1: f64) -> Result<f64, OperationFault>;
}

#[service_contract(namespace = "urn:x")]
trait OneWayReply {
    #[operation(one_way, reply_action = "urn:x/done")]
    async fn add(&self, n1: f64) -> Result<(), OperationFault>;
}

#[service_contract(namespace = "urn:x")]
trait OneWayFault {
    #[operation(one_way, faults(String))]
    async fn add(&self, n1: f64) -> Result<(), OperationFault>;
}

#[service_contract(namespace = "urn:x")]
trait EveryAction {
    #[operation(action = "*")]
    async fn add(&self, n1: f64) -> Result<f64, OperationFault>;
}

#[service_contract(namespace = "urn:x")]
trait MessageWithAction {
    async fn add(&self, message: RawMessage) -> Result<RawMessage, OperationFault>;
}

#[service_contract(namespace = "urn:x")]
trait SameAction {
    async fn add(&self, n1: f64) -> Result<f64, OperationFault>;
    #[operation(name = "Add")]
    async fn plus(&self, n1: f64) -> Result<f64, OperationFault>;
}

#[service_contract(namespace = "urn:x")]
trait SameParameter {
    async fn add(&self, n1: f64, #[param(name = "n1")] n2: f64) -> Result<f64, OperationFault>;
}

#[service_contract(namespace = "urn:x")]
trait WrongParameterOption {
    async fn add(&self, #[param(nam = "n1")] n2: f64) -> Result<f64, OperationFault>;
}

#[service_contract(namespace = "urn:x")]
trait BareWrapper {
    #[operation(bare, wrapper = "Add")]
    async fn add(&self, n1: f64) -> Result<f64, OperationFault>;
}

#[service_contract(namespace = "urn:x")]
trait TwoNames {
    #[operation(result = "a", results("a", "b"))]
    async fn add(&self, n1: f64) -> Result<(f64, f64), OperationFault>;
}

#[service_contract(namespace = "urn:x")]
trait FaultNamespace {
    #[operation(faults(String(namespace = "urn:y")))]
    async fn add(&self, n1: f64) -> Result<f64, OperationFault>;
}

#[service_contract(namespace = "urn:x")]
trait WrongDelivery {
    #[operation(delivery = "twice")]
    async fn add(&self, n1: f64) -> Result<f64, OperationFault>;
}

fn main() {}
