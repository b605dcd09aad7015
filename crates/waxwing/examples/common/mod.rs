//! The contract of WCF's calculator sample.
#![allow(unreachable_pub)]

use waxwing::contract::{OperationFault, service_contract};

#[service_contract(
    namespace = "http://Microsoft.ServiceModel.Samples",
    name = "ICalculator",
    configuration_name = "Microsoft.ServiceModel.Samples.ICalculator"
)]
pub trait Calculator {
    async fn add(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
    async fn subtract(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
    async fn multiply(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
    async fn divide(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
}
