//! The contracts of the captures, and services that do what the captured ones did.

use std::sync::Mutex;

use waxwing::DataContract;
use waxwing::contract::{OperationContext, OperationFault, service_contract};
use waxwing_soap::{FaultCode, QName};

const SAMPLES: &str = "http://Microsoft.ServiceModel.Samples";

#[derive(Debug, Clone, PartialEq, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples")]
pub struct MathFault {
    pub operation: Option<String>,
    pub reason: Option<String>,
}

#[service_contract(namespace = "http://Microsoft.ServiceModel.Samples", name = "ICalculator")]
pub trait Calculator {
    async fn add(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
    async fn subtract(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
    async fn multiply(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
    #[operation(faults(MathFault))]
    async fn divide(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
    async fn echo(&self, text: String) -> Result<String, OperationFault>;
    async fn echo_bytes(&self, data: Vec<u8>) -> Result<Vec<u8>, OperationFault>;
}

#[service_contract(namespace = "http://Microsoft.ServiceModel.Samples", name = "IMixed")]
pub trait Mixed {
    #[operation(one_way)]
    async fn note(&self, text: String) -> Result<(), OperationFault>;
    async fn add(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
}

#[service_contract(namespace = "http://Microsoft.ServiceModel.Samples", name = "INotify")]
pub trait Notify {
    #[operation(one_way)]
    async fn note(&self, text: String) -> Result<(), OperationFault>;
}

#[service_contract(
    namespace = "http://Microsoft.ServiceModel.Samples",
    name = "ICalculatorDuplex",
    callback = Answers
)]
pub trait Duplex {
    #[operation(one_way)]
    async fn add_to(&self, ctx: &OperationContext, n: f64) -> Result<(), OperationFault>;
    async fn result(&self) -> Result<f64, OperationFault>;
    async fn sum_of_asked(&self, ctx: &OperationContext, count: i32)
    -> Result<i32, OperationFault>;
    #[operation(one_way)]
    async fn clear(&self, ctx: &OperationContext) -> Result<(), OperationFault>;
}

#[service_contract(namespace = "http://Microsoft.ServiceModel.Samples", name = "ICalculatorDuplex")]
pub trait Answers {
    #[operation(one_way)]
    async fn equals(&self, result: f64) -> Result<(), OperationFault>;
    #[operation(one_way)]
    async fn equation(&self, eqn: String) -> Result<(), OperationFault>;
    async fn ask(&self, index: i32) -> Result<i32, OperationFault>;
}

/// The calculator that tells its client what it has, with what was said of it.
pub struct Telling(Mutex<(f64, String)>);

impl Default for Telling {
    fn default() -> Self {
        Self(Mutex::new((0.0, "0".to_owned())))
    }
}

impl Duplex for Telling {
    async fn add_to(&self, ctx: &OperationContext, n: f64) -> Result<(), OperationFault> {
        let result = {
            let mut own = self.0.lock().unwrap();
            own.0 += n;
            own.1 += &format!(" + {n}");
            own.0
        };
        Ok(ctx.callback::<AnswersClient<_>>()?.equals(result).await?)
    }
    async fn result(&self) -> Result<f64, OperationFault> {
        Ok(self.0.lock().unwrap().0)
    }
    async fn sum_of_asked(
        &self,
        ctx: &OperationContext,
        count: i32,
    ) -> Result<i32, OperationFault> {
        let client = ctx.callback::<AnswersClient<_>>()?;
        let mut sum = 0;
        for index in 0..count {
            sum += client.ask(index).await?;
        }
        Ok(sum)
    }
    async fn clear(&self, ctx: &OperationContext) -> Result<(), OperationFault> {
        let eqn = {
            let own = self.0.lock().unwrap();
            format!("{} = {}", own.1, own.0)
        };
        Ok(ctx.callback::<AnswersClient<_>>()?.equation(eqn).await?)
    }
}

impl Notify for Service {
    async fn note(&self, _text: String) -> Result<(), OperationFault> {
        Ok(())
    }
}

/// A calculator, and who takes notes.
pub struct Service;

impl Calculator for Service {
    async fn add(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        Ok(n1 + n2)
    }
    async fn subtract(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        Ok(n1 - n2)
    }
    async fn multiply(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        Ok(n1 * n2)
    }
    async fn divide(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        let told = |text: &str| Some(text.to_owned());
        match n2 {
            0.0 => {
                let (operation, reason) = (told("Divide"), told("division by zero"));
                let fault = OperationFault::new("Division by zero.");
                Err(fault.with_detail(MathFault { operation, reason }))
            }
            -2.0 => {
                let code = FaultCode::Other(QName::new(SAMPLES, "PlainCode"));
                Err(OperationFault::new("Plain fault.").with_code(code))
            }
            -1.0 => Err(OperationFault::internal("boom")),
            _ => Ok(n1 / n2),
        }
    }
    async fn echo(&self, text: String) -> Result<String, OperationFault> {
        Ok(text)
    }
    async fn echo_bytes(&self, data: Vec<u8>) -> Result<Vec<u8>, OperationFault> {
        Ok(data)
    }
}

impl Mixed for Service {
    async fn note(&self, _text: String) -> Result<(), OperationFault> {
        Ok(())
    }
    async fn add(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        Ok(n1 + n2)
    }
}

/// What the captured programs sent of this length.
pub fn octets(length: u32) -> Vec<u8> {
    (0..length).map(|at| (at * 7 % 256) as u8).collect()
}
