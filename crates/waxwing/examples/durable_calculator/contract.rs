//! The contract of WCF's calculator sample, with an operation that has no answer.

use waxwing::contract::{OperationContext, OperationFault, service_contract};

#[service_contract(
    namespace = "http://Microsoft.ServiceModel.Samples",
    name = "ICalculator",
    configuration_name = "Microsoft.ServiceModel.Samples.ICalculator"
)]
pub(crate) trait Calculator {
    #[operation(delivery = "transaction")]
    async fn add(
        &self,
        context: &OperationContext,
        n1: f64,
        n2: f64,
    ) -> Result<f64, OperationFault>;
    #[operation(delivery = "transaction")]
    async fn subtract(
        &self,
        context: &OperationContext,
        n1: f64,
        n2: f64,
    ) -> Result<f64, OperationFault>;
    #[operation(delivery = "transaction")]
    async fn multiply(
        &self,
        context: &OperationContext,
        n1: f64,
        n2: f64,
    ) -> Result<f64, OperationFault>;
    #[operation(delivery = "transaction")]
    async fn divide(
        &self,
        context: &OperationContext,
        n1: f64,
        n2: f64,
    ) -> Result<f64, OperationFault>;
    /// Without an answer.
    #[operation(one_way, delivery = "transaction")]
    async fn note(&self, context: &OperationContext, n1: f64) -> Result<(), OperationFault>;
}
