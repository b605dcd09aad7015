//! A link that loses messages, to be put between any SOAP client and any service.
//!
//! `cargo run --release -p waxwing --example lossy_link -- SERVICE LOSS SEED [CALM [tls]]`
//!
//! SERVICE is the address and port of the service (`127.0.0.1:8000`), LOSS the share of the requests and of the responses
//! that are lost (0 to 1), SEED decides which ones, and of the first CALM (default 0) exchanges none are lost. With `tls` the link passes
//! TLS on, and a loss cuts the connection.
//! Prints where it listens; runs until it is interrupted; then prints how much it has passed on and lost.

#![allow(clippy::disallowed_methods)]

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use waxwing_testkit::lossy_link::{LinkCounts, Loss, LossyLink};
use waxwing_testkit::tls_link::LossyTlsLink;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "usage: lossy_link SERVICE LOSS SEED [CALM [tls]]";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let service: SocketAddr = arguments.next().ok_or(USAGE)?.parse()?;
    let share: f64 = arguments.next().ok_or(USAGE)?.parse()?;
    if !(0.0..=1.0).contains(&share) {
        return Err(format!("the loss {share} is not between 0 and 1").into());
    }
    let seed = arguments.next().ok_or(USAGE)?.parse()?;
    let calm = arguments.next().map_or(Ok(0), |text| text.parse())?;
    let loss = Loss { requests: share, responses: share, seed };
    match arguments.next().as_deref() {
        None => {
            let link = LossyLink::start_after(service, loss, calm).await?;
            println!("READY {}", link.local_addr());
            tokio::signal::ctrl_c().await?;
            print(link.counts());
            link.shutdown(Duration::from_secs(1)).await;
        }
        Some("tls") => {
            let link = LossyTlsLink::start(service, loss, calm).await?;
            println!("READY {}", link.local_addr());
            tokio::signal::ctrl_c().await?;
            print(link.counts());
        }
        Some(_) => return Err(USAGE.into()),
    }
    Ok(())
}

fn print(counts: LinkCounts) {
    println!(
        "requests {} lost_requests {} lost_responses {}",
        counts.requests, counts.lost_requests, counts.lost_responses
    );
}
