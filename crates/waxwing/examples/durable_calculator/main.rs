//! WCF's calculator sample, at either end, with sessions that outlive the process.
//!
//! ```text
//! cargo run --release --example durable_calculator -- service CONFIG DATABASE STORE
//! cargo run --release --example durable_calculator -- audit DATABASE CALLS
//! cargo run --release --example durable_calculator -- client CONFIG DATABASE STORE CALLS [ROUND [PAUSE [WINDOW]]]
//! ```
//!
//! `service` serves by a configuration file, keeps its sessions in STORE, and writes each calculation into DATABASE (a SQLite file
//! of this application) inside the transaction that the host begins for it. It ends when its input ends, or is killed; started
//! again it goes on with the sessions that it had. `audit` prints what DATABASE says of CALLS calls whose
//! first operands are 100, 101 and so on: how many are missing, how many are there twice, and whether they are in order. It ends with
//! 1 unless each is there once, in order.
//!
//! `client` makes those calls, each fifth without an answer, through an outbox that it keeps in STORE, and writes the answers into
//! DATABASE (a file of its own). After each ROUND calls (all of them, unless it is said) it closes the outbox and its
//! session, and opens it again; it waits PAUSE milliseconds (0) before each call, and WINDOW calls (8) are under way at a time. Killed and started again it makes the calls that
//! have no answer. It ends with 0 when each call has the right answer, with 1 when one has not, or is in doubt; and when its input
//! ends.

#![allow(clippy::disallowed_methods, missing_docs)]

mod client;
mod contract;
mod service;

use std::process::ExitCode;

use crate::client::Work;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "usage: durable_calculator service CONFIG DATABASE STORE | audit DATABASE CALLS \
                     | client CONFIG DATABASE STORE CALLS [ROUND [PAUSE [WINDOW]]]";

async fn run() -> Result<bool, Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["service", config, database, store] => {
            service::serve(config, database, store).await.map(|()| true)
        }
        ["audit", database, calls] => service::audit(database, calls.parse()?),
        ["client", config, database, store, ref work @ ..] => {
            client::call(config, database, store, Work::of(work)?).await
        }
        _ => Err(USAGE.into()),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .init();
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
