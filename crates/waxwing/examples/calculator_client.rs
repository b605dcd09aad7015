//! A client of WCF's calculator sample, set up by a configuration file.
//!
//! `cargo run --release -p waxwing --example calculator_client -- client.config [CALLS [SESSIONS [PAUSE]]]`
//!
//! Makes the sample's four calls over and over until CALLS (default 4) are made, in SESSIONS (default 1) sessions side by
//! side, with PAUSE milliseconds (default 0) between them; prints how many were right, and how long it took. Ends with 1 when an answer was wrong, with 2 when a call failed.

#![allow(clippy::disallowed_methods)]

mod common;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use common::{CALCULATOR_CONTRACT, CalculatorClient};
use waxwing::contract::CallError;
use waxwing::{ChannelFactory, ConfigurationFile};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .init();
    match run().await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(wrong) => {
            eprintln!("{wrong} wrong answers");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

async fn run() -> Result<u64, Failure> {
    let mut arguments = std::env::args().skip(1);
    let path =
        arguments.next().ok_or("usage: calculator_client CONFIG [CALLS [SESSIONS [PAUSE]]]")?;
    let calls: u64 = arguments.next().map_or(Ok(4), |text| text.parse())?;
    let sessions: u64 = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let pause = Duration::from_millis(arguments.next().map_or(Ok(0), |text| text.parse())?);
    let config = ConfigurationFile::load(&path)?;
    let mut factory = ChannelFactory::from_config(&config, "*", &CALCULATOR_CONTRACT)?;
    if let (Ok(name), Ok(password)) =
        (std::env::var("CALCULATOR_USER"), std::env::var("CALCULATOR_PASSWORD"))
    {
        factory = factory.user_name(name, password);
    }
    let begun = Instant::now();
    let one = |_| tokio::spawn(session(factory.clone(), calls / sessions, pause));
    let running: Vec<_> = (0..sessions).map(one).collect();
    let (mut wrong, mut called, mut closed) = (0, Duration::ZERO, Ok(()));
    for session in running {
        let (more, time, close) = session.await??;
        wrong += more;
        called = called.max(time);
        closed = closed.and(close);
    }
    let rate = calls as f64 / called.as_secs_f64();
    println!(
        "{calls} calls in {sessions} sessions, {wrong} wrong, {:.2} s, with opening and closing {:.2} s, {rate:.0} calls/s",
        called.as_secs_f64(),
        begun.elapsed().as_secs_f64()
    );
    match closed {
        // A wrong answer is the worse news.
        Err(error) if wrong == 0 => Err(format!("the session was not closed: {error}").into()),
        _ => Ok(wrong),
    }
}

/// One session: the number of wrong answers, the time of the calls, and how the close went.
async fn session(
    factory: ChannelFactory,
    calls: u64,
    pause: Duration,
) -> Result<(u64, Duration, Result<(), String>), CallError> {
    let channel = factory.open_channel().await?;
    let client = CalculatorClient::new(&channel);
    let begun = Instant::now();
    let mut wrong = 0;
    for number in 0..calls {
        let n = (number + 1) as f64;
        let (answer, right) = match number % 4 {
            0 => (client.add(n, 15.99).await?, n + 15.99),
            1 => (client.subtract(n, 76.54).await?, n - 76.54),
            2 => (client.multiply(n, 81.25).await?, n * 81.25),
            _ => (client.divide(n, 7.0).await?, n / 7.0),
        };
        if (answer - right).abs() > 1e-9 * right.abs() {
            eprintln!("call {number}: {answer} instead of {right}");
            wrong += 1;
        }
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
    let time = begun.elapsed();
    Ok((wrong, time, channel.close().await.map_err(|error| error.to_string())))
}
