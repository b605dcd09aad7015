//! Two hundred calls in turn and two hundred at once on one ordered session, over loopback: against our service, without
//! and with security, and against one that refuses what comes before its turn, as WCF's does.
//!
//! `cargo run --release -p waxwing --example parallel_calls`
#![allow(clippy::disallowed_methods, reason = "it measures time")]

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/common/refusing.rs"]
mod refusing;

use std::time::{Duration, Instant};

use common::*;
use refusing::Refusing;
use waxwing::{ChannelFactory, ClientChannel, ServiceHostBuilder, ServiceInstances};
use waxwing_reliable::ReliableMessagingVersion;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const CALLS: usize = 200;
const ROUNDS: usize = 5;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    println!("| service | {CALLS} in turn | {CALLS} at once | failed | sent again | refused |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for (name, binding) in [
        ("ours, no security", Binding::none()),
        ("ours, certificates", Binding::certificate(false)),
    ] {
        let folders = [stores("service", "ca", &[]), stores("alice", "ca", &["service"])];
        let config = service_config(&binding, folders[0].path());
        let builder =
            ServiceHostBuilder::from_config(&config, "CalculatorService", &CALCULATOR_CONTRACT)?;
        let service = CalculatorService::new(Counting::default());
        let host = builder.open(ServiceInstances::single(service)).await?;
        let address = format!("http://{}/calc", host.local_addresses()[0]);
        let config = client_config(&binding, folders[1].path(), &address, "CN=", "localhost");
        measure(name, &ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT)?).await?;
        host.close().await;
    }
    let peer = Refusing::start(ReliableMessagingVersion::February2005).await;
    let folder = stores("alice", "ca", &["service"]);
    let binding = Binding::none();
    let config = client_config(&binding, folder.path(), &peer.address(), "CN=", "localhost");
    let factory = ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT)?;
    measure("refuses what is early", &factory).await
}

async fn measure(name: &str, factory: &ChannelFactory) -> Result<(), Failure> {
    for _ in 0..ROUNDS {
        let channel = factory.open_channel().await?;
        let client = CalculatorClient::new(channel.clone());
        let begin = Instant::now();
        for i in 0..CALLS {
            client.add(i as f64, 0.5).await?;
        }
        let in_turn = begin.elapsed();
        channel.close().await?;
        let channel = factory.open_channel().await?;
        let (took, failed) = at_once(&channel).await?;
        let counters = channel.reliable_session().ok_or("no reliable session")?.counters;
        println!(
            "| {name} | {in_turn:.1?} | {took:.1?} | {failed} | {} | {} |",
            counters.retransmissions, counters.refused
        );
        channel.close().await?;
    }
    Ok(())
}

async fn at_once(channel: &ClientChannel) -> Result<(Duration, usize), Failure> {
    let begin = Instant::now();
    let calls: Vec<_> = (0..CALLS)
        .map(|i| {
            let client = CalculatorClient::new(channel.clone());
            tokio::spawn(async move { client.add(i as f64, 0.5).await })
        })
        .collect();
    let mut failed = 0;
    for call in calls {
        failed += usize::from(call.await?.is_err());
    }
    Ok((begin.elapsed(), failed))
}
