//! What bench/run.sh measures, one program for all of it: each kind of release build takes a minute.
//!
//! `cargo run --release --example measure -- COMMAND …`
//!
//! | command | what it does |
//! | --- | --- |
//! | `serve CONFIG` | serves WCF's calculator as a configuration file says, until it is interrupted |
//! | `call CONFIG CALLS SESSIONS` | makes calls in some sessions side by side, and prints how many a second |
//! | `open CONFIG OPENINGS AT_ONCE` | opens and closes sessions, and prints how many a second |
//! | `at-once CONFIG PID CALLS ROUNDS` | makes calls in one session, in turn and all at once |
//! | `big KIND SECURITY OCTETS ECHOES` | has a large message echoed by a service that it starts itself |
//!
//! PID is the process of the service. Times are CPU time of client and service together, from `/proc`.

#![allow(clippy::disallowed_methods, reason = "it measures time")]

mod big;
#[path = "../common/mod.rs"]
mod common;
mod process;
mod sessions;

use common::{CALCULATOR_CONTRACT, Calculator, CalculatorService};
use process::Process;
use waxwing::contract::OperationFault;
use waxwing::net::HttpLimits;
use waxwing::{ChannelFactory, ConfigurationFile, ServiceHostBuilder, ServiceInstances};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// More connections than anything here opens.
const MAX_CONNECTIONS: usize = 100_000;

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
async fn main() -> Result<(), Failure> {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .init();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["serve", config] => serve(config).await,
        ["call", config, calls, sessions] => {
            sessions::call(&factory(config)?, calls.parse()?, sessions.parse()?).await
        }
        ["open", config, openings, at_once] => {
            sessions::open_and_close(&factory(config)?, openings.parse()?, at_once.parse()?).await
        }
        ["at-once", config, service, calls, rounds] => {
            let (calls, rounds) = (calls.parse()?, rounds.parse()?);
            sessions::at_once(&factory(config)?, process(service)?, calls, rounds).await
        }
        ["big-service", kind, security] => big::serve(kind, security).await,
        ["big", kind, security, octets, echoes] => {
            big::call(kind, security, octets.parse()?, echoes.parse()?).await
        }
        _ => Err("its source says how it is called".into()),
    }
}

fn process(id: &str) -> Result<Process, Failure> {
    Ok(Process::other(id.parse()?))
}

fn factory(path: &str) -> Result<ChannelFactory, Failure> {
    let config = ConfigurationFile::load(path)?;
    Ok(ChannelFactory::from_config(&config, "*", &CALCULATOR_CONTRACT)?)
}

async fn serve(path: &str) -> Result<(), Failure> {
    let config = ConfigurationFile::load(path)?;
    let name = "Microsoft.ServiceModel.Samples.CalculatorService";
    let mut limits = HttpLimits::default();
    limits.max_connections = MAX_CONNECTIONS;
    let host = ServiceHostBuilder::from_config(&config, name, &CALCULATOR_CONTRACT)?
        .http_limits(limits)
        .open(ServiceInstances::per_session(|| CalculatorService::new(Calculating)))
        .await?;
    println!("READY {}", host.addresses().join(" "));
    Ok(tokio::signal::ctrl_c().await?)
}
