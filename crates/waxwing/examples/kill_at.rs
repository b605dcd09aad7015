//! A link that kills a program at chosen steps of a session and starts it again: the service behind it, or the client before it.
//!
//! `cargo run --release -p waxwing --example kill_at -- PORT SERVICE AWAY KILLS COMMAND…`
//!
//! PORT is where the link listens (0: anywhere), SERVICE the address and port that it leads to (`127.0.0.1:8000`), AWAY for how
//! many milliseconds a killed program stays away, KILLS the places, separated by commas: `create:sent,call.2:answered,Add.3:after`. Steps are
//! `leg1 leg2 context create call ack renew close terminate cancel`, or operations by the end of their action; moments are `before sent
//! answered after`. COMMAND is what is killed (-9) and started again; what it prints is printed. Its input ends when it should.
//! Prints `LINK` and its address, and at the end `kills`, those that came too late, and how each message was answered. Ends with
//! the code of COMMAND when that ends by itself.

#![allow(clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use waxwing_testkit::killer::{KillAt, KillingLink, Victim};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "usage: kill_at PORT SERVICE AWAY KILLS COMMAND…";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(64)
        }
    }
}

async fn run() -> Result<ExitCode, Failure> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or(USAGE);
    let port: u16 = next()?.parse()?;
    let service: SocketAddr = next()?.parse()?;
    let away = Duration::from_millis(next()?.parse()?);
    let words = next()?;
    let kills = words
        .split(',')
        .filter(|words| !words.is_empty())
        .map(|words| {
            KillAt::of_words(words).ok_or_else(|| format!("'{words}' is no place of a kill"))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let command: Vec<String> = arguments.collect();
    let victim = Victim::new(command, away);
    let heard = |line: &str| println!("{line}");
    let link = KillingLink::start(port, service, victim.clone(), kills, heard).await?;
    println!("LINK {}", link.local_addr());
    victim.start(heard)?;
    let code = wait(&victim).await?;
    victim.stop(Duration::from_secs(20));
    print(&link);
    Ok(code)
}

/// Until this is interrupted, or the command ends by itself.
async fn wait(victim: &Victim) -> Result<ExitCode, Failure> {
    // One for all rounds: what comes between two of them is not missed.
    let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
    loop {
        tokio::select! {
            interrupted = &mut interrupted => {
                interrupted?;
                return Ok(ExitCode::SUCCESS);
            }
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
        }
        if let Some(code) = victim.ended() {
            println!("ENDED {code}");
            return Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)));
        }
    }
}

fn print(link: &KillingLink) {
    let (done, left) = link.kills();
    println!("kills {} left {}", done.len(), left.len());
    for kill in left {
        println!("not reached {kill}");
    }
    let mut answers: BTreeMap<String, u64> = BTreeMap::new();
    for (step, status) in link.statuses() {
        let status = status.map_or("closed".to_owned(), |status| status.to_string());
        *answers.entry(format!("{step} {status}")).or_default() += 1;
    }
    let answers: Vec<_> = answers.iter().map(|(what, count)| format!("{what} x {count}")).collect();
    println!("answers {}", answers.join(", "));
}
