//! A program of the README; a test holds the two together.
#![allow(clippy::disallowed_methods, missing_docs, dead_code, unreachable_pub)]
#[path = "readme/contract.rs"]
mod calculator;
// README
use calculator::{CALCULATOR_CONTRACT, CalculatorService, MyCalculator};
use waxwing::{ConfigurationFile, ServiceHostBuilder, ServiceInstances};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().init();
    let config = ConfigurationFile::load("service.config")?;
    let name = "Microsoft.ServiceModel.Samples.CalculatorService";
    let host = ServiceHostBuilder::from_config(&config, name, &CALCULATOR_CONTRACT)?
        .open(ServiceInstances::per_session(|| CalculatorService::new(MyCalculator)))
        .await?;
    println!("listening at {}", host.addresses().join(", "));

    tokio::signal::ctrl_c().await?;
    host.close().await;
    Ok(())
}
