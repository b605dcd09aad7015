use waxwing::contract::{OperationContext, OperationFault, service_contract};

#[service_contract(
    namespace = "http://Microsoft.ServiceModel.Samples",
    name = "ICalculator",
    configuration_name = "Microsoft.ServiceModel.Samples.ICalculator"
)]
pub trait Calculator {
    async fn add(
        &self,
        context: &OperationContext,
        n1: f64,
        n2: f64,
    ) -> Result<f64, OperationFault>;
    async fn divide(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
}

pub struct MyCalculator;

impl Calculator for MyCalculator {
    async fn add(
        &self,
        context: &OperationContext,
        n1: f64,
        n2: f64,
    ) -> Result<f64, OperationFault> {
        let who = context.caller().map_or("somebody", |caller| caller.name.as_str());
        println!("{who} adds {n1} and {n2}");
        Ok(n1 + n2)
    }

    async fn divide(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        if n2 == 0.0 {
            return Err(OperationFault::new("division by zero"));
        }
        Ok(n1 / n2)
    }
}
