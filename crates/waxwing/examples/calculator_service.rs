//! WCF's calculator sample as a service, set up by a configuration file.
//!
//! `cargo run --release -p waxwing --example calculator_service -- service.config`
//!
//! Runs until it is interrupted, or until its standard input ends when `UNTIL_EOF` is set; then prints what it did.

#![allow(clippy::disallowed_methods)]

mod common;

use std::process::ExitCode;

use common::{CALCULATOR_CONTRACT, Calculator, CalculatorService};
use tokio::io::AsyncReadExt;
use waxwing::contract::OperationFault;
use waxwing::{ConfigurationFile, ServiceHostBuilder, ServiceInstances};

/// The service has no state: every session gets one of its own.
struct Calculating;

impl Calculator for Calculating {
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
        Ok(n1 / n2)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let path = std::env::args().nth(1).ok_or("usage: calculator_service CONFIG")?;
    let config = ConfigurationFile::load(&path)?;
    let name = "Microsoft.ServiceModel.Samples.CalculatorService";
    let builder = ServiceHostBuilder::from_config(&config, name, &CALCULATOR_CONTRACT)?.user_names(
        |name: &str, password: Option<&str>| match (name, password) {
            ("alice", Some("secret")) => Ok(()),
            _ => Err(format!("the password of '{name}' is wrong")),
        },
    );
    let host =
        builder.open(ServiceInstances::per_session(|| CalculatorService::new(Calculating))).await?;
    println!("READY {}", host.addresses().join(" "));
    if std::env::var_os("UNTIL_EOF").is_some() {
        let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
    } else {
        tokio::signal::ctrl_c().await?;
    }
    println!("{:?}", host.statistics());
    host.close().await;
    Ok(())
}
