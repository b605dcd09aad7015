//! Calls in sessions, and sessions.

use std::time::{Duration, Instant};

use waxwing::{ChannelFactory, ClientChannel};

use crate::Failure;
use crate::common::CalculatorClient;
use crate::process::Process;

type Client = CalculatorClient<ClientChannel>;

/// What is done a thousand times is not seen in a clock of hundredths of a second; this often it is.
const TIMES: u32 = 10;

/// Does something in tasks side by side, and gives what all of them gave.
async fn side_by_side<T, F>(count: usize, task: impl Fn(usize) -> F) -> Result<Vec<T>, Failure>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    let running: Vec<_> = (0..count).map(|part| tokio::spawn(task(part))).collect();
    let mut all = Vec::with_capacity(count);
    for task in running {
        all.push(task.await??);
    }
    Ok(all)
}

/// Each of the four operations in turn, with numbers that no other call has.
async fn one(client: &Client, number: usize) -> Result<(), Failure> {
    let n = (number + 1) as f64;
    let (answer, right) = match number % 4 {
        0 => (client.add(n, 15.99).await?, n + 15.99),
        1 => (client.subtract(n, 76.54).await?, n - 76.54),
        2 => (client.multiply(n, 81.25).await?, n * 81.25),
        _ => (client.divide(n, 7.0).await?, n / 7.0),
    };
    match (answer - right).abs() <= 1e-9 * right.abs() {
        true => Ok(()),
        false => Err(format!("call {number}: {answer} instead of {right}").into()),
    }
}

/// `call`.
pub(crate) async fn call(
    factory: &ChannelFactory,
    calls: usize,
    sessions: usize,
) -> Result<(), Failure> {
    let took = side_by_side(sessions, |_| {
        let factory = factory.clone();
        async move {
            let channel = factory.open_channel().await?;
            let client = CalculatorClient::new(channel.clone());
            let begun = Instant::now();
            for number in 0..calls / sessions {
                one(&client, number).await?;
            }
            let took = begun.elapsed();
            channel.close().await?;
            Ok(took)
        }
    });
    let took = took.await?.into_iter().max().unwrap_or_default();
    let rate = calls as f64 / took.as_secs_f64();
    println!("{calls} calls in {sessions} sessions, {took:.2?}, {rate:.0} calls/s");
    Ok(())
}

/// `open`.
pub(crate) async fn open_and_close(
    factory: &ChannelFactory,
    openings: usize,
    at_once: usize,
) -> Result<(), Failure> {
    let begun = Instant::now();
    side_by_side(at_once, |_| {
        let factory = factory.clone();
        async move {
            for _ in 0..openings / at_once {
                factory.open_channel().await?.close().await?;
            }
            Ok(())
        }
    })
    .await?;
    let took = begun.elapsed();
    let rate = openings as f64 / took.as_secs_f64();
    println!("{openings} openings, {at_once} at once, {took:.2?}, {rate:.0} openings/s");
    Ok(())
}

/// CPU time of both ends.
fn used(service: Process) -> Result<Duration, Failure> {
    Ok(Process::own().cpu()? + service.cpu()?)
}

/// `at-once`: a line for each round.
pub(crate) async fn at_once(
    factory: &ChannelFactory,
    service: Process,
    calls: usize,
    rounds: usize,
) -> Result<(), Failure> {
    for round in 0..=rounds {
        let channel = factory.open_channel().await?;
        let client = CalculatorClient::new(channel.clone());
        let (begun, before) = (Instant::now(), used(service)?);
        for _ in 0..TIMES {
            for number in 0..calls {
                one(&client, number).await?;
            }
        }
        let in_turn = (begun.elapsed() / TIMES, (used(service)? - before) / TIMES);
        let (begun, before) = (Instant::now(), used(service)?);
        for _ in 0..TIMES {
            side_by_side(calls, |number| {
                let client = client.clone();
                async move { one(&client, number).await }
            })
            .await?;
        }
        let at_once = (begun.elapsed() / TIMES, (used(service)? - before) / TIMES);
        let sent_again = channel.reliable_session().map_or(0, |s| s.counters.retransmissions);
        channel.close().await?;
        // In the first round everything becomes warm.
        if round > 0 {
            println!(
                "round {round}: {calls} in turn {:.1?} (CPU {:.1?}), at once {:.1?} (CPU {:.1?}), {sent_again} sent again, ratio {:.3}",
                in_turn.0,
                in_turn.1,
                at_once.0,
                at_once.1,
                at_once.1.as_secs_f64() / in_turn.1.as_secs_f64().max(1e-3),
            );
        }
    }
    Ok(())
}
