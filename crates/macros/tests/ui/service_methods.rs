//! Methods that are no operations.

use waxwing::contract::{OperationContext, OperationFault, RawBody, service_contract};

#[service_contract(namespace = "urn:x")]
trait NotAsync {
    fn add(&self, n1: f64) -> Result<f64, OperationFault>;
}

#[service_contract(namespace = "urn:x")]
trait Mutable {
    async fn add(&mut self, n1: f64) -> Result<f64, OperationFault>;
}

#[service_contract(namespace = "urn:x")]
trait NoReceiver {
    async fn add(n1: f64) -> Result<f64, OperationFault>;
}

#[service_contract(namespace = "urn:x")]
trait NoResult {
    async fn add(&self, n1: f64) -> f64;
}

#[service_contract(namespace = "urn:x")]
trait NoOutput {
    async fn add(&self, n1: f64);
}

#[service_contract(namespace = "urn:x")]
trait GenericMethod {
    async fn add<T>(&self, n1: T) -> Result<T, OperationFault>;
}

#[service_contract(namespace = "urn:x")]
trait GenericTrait<T> {
    async fn add(&self, n1: T) -> Result<T, OperationFault>;
}

#[service_contract(namespace = "urn:x")]
trait WithBody {
    async fn add(&self, n1: f64) -> Result<f64, OperationFault> {
        Ok(n1)
    }
}

#[service_contract(namespace = "urn:x")]
trait WithType {
    type Number;
}

#[service_contract(namespace = "urn:x")]
trait OutByReference {
    async fn add(&self, n1: &mut f64) -> Result<f64, OperationFault>;
}

#[service_contract(namespace = "urn:x")]
trait ContextLast {
    async fn add(&self, n1: f64, context: &OperationContext) -> Result<f64, OperationFault>;
}

#[service_contract(namespace = "urn:x")]
trait RawAndMore {
    async fn add(&self, n1: f64, body: RawBody) -> Result<f64, OperationFault>;
}

#[service_contract(namespace = "urn:x")]
trait Tuple {
    async fn add(&self, n1: f64) -> Result<(f64, bool), OperationFault>;
}

#[service_contract(namespace = "urn:x")]
trait Conditional {
    #[cfg(test)]
    async fn add(&self, n1: f64) -> Result<f64, OperationFault>;
}

fn main() {}
