//! What an idle secure reliable session holds at the service and at the client, and what a call costs while many are open.
//!
//! `cargo run --release --example idle -- [SESSIONS [CALLS]]` (8000 and 20000 by default). Service and client are processes of their
//! own: this program again. The client opens eight sessions and calls in them; then it opens the rest, a call in each, and both
//! are left until they are quiet. What is printed is the resident memory that they took on by that, connections included, for each
//! session; and the CPU time of both ends together for a call in eight sessions before and after, and in all in turn: medians of
//! five times that number of calls, since one such measurement differs by a quarter from the next.

#![allow(clippy::disallowed_methods)] // a program with processes and clocks

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use waxwing::binding::{
    MessageCredentialType, SecurityMode, ServiceBehavior, ServiceThrottling, WsHttpBinding,
};
use waxwing::contract::{OperationFault, service_contract};
use waxwing::crypto::{
    Certificate, CertificateValidator, Identity, RevocationMode, Usage, ValidationMode,
};
use waxwing::security::ExpectedIdentity;
use waxwing::{ChannelFactory, ClientChannel, ServiceHostBuilder, ServiceInstances};

type Failure = Box<dyn Error + Send + Sync>;

/// Sessions that call at a time.
const BUSY: usize = 8;

/// How often a cost is measured.
const ROUNDS: usize = 5;

/// Sessions that are opened at a time.
const OPENING: usize = 32;

#[service_contract(namespace = "urn:idle", name = "IIdle")]
trait Idle {
    async fn add(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
}

struct Adding;

impl Idle for Adding {
    async fn add(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        Ok(n1 + n2)
    }
}

fn binding() -> WsHttpBinding {
    WsHttpBinding::new(SecurityMode::Message, true)
        .message_credential(MessageCredentialType::Certificate)
        .negotiate_service_credential(false)
}

fn pem(names: &[&str]) -> Result<Vec<u8>, Failure> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pki");
    let files: Result<Vec<_>, _> =
        names.iter().map(|name| std::fs::read(folder.join(name))).collect();
    Ok(files?.concat())
}

fn validator(usage: Usage) -> Result<CertificateValidator, Failure> {
    let roots = Certificate::from_pem(&pem(&["ca.cert.pem"])?)?;
    let validator =
        CertificateValidator::new(ValidationMode::ChainTrust, RevocationMode::NoCheck, usage);
    Ok(validator.with_roots(roots))
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["service"] => serve().await,
        ["client", address] => be_client(address).await,
        _ => {
            let number = |at: usize, default: usize| {
                arguments.get(at).map_or(Ok(default), |text| text.parse())
            };
            measure(number(0, 8000)?, number(1, 20_000)?)
        }
    }
}

/// The service, until whoever started it is gone.
async fn serve() -> Result<(), Failure> {
    let throttling = ServiceThrottling::default()
        .max_concurrent_sessions(1_000_000)
        .max_concurrent_instances(1_000_000);
    let behavior = ServiceBehavior::default().service_throttling(throttling);
    let identity = Identity::from_pem(&pem(&["service.cert.pem", "service.key.pem"])?)?;
    let host = ServiceHostBuilder::new()
        .certificate(identity)
        .client_trust(validator(Usage::Client)?)
        .endpoint(binding(), "http://127.0.0.1:0/idle", &IDLE_CONTRACT, behavior)?
        .open(ServiceInstances::per_session(|| IdleService::new(Adding)))
        .await?;
    println!("http://{}/idle", host.local_addresses()[0]);
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}

/// The client: a line says what to do, a line is answered when it is done.
async fn be_client(address: &str) -> Result<(), Failure> {
    let identity = Identity::from_pem(&pem(&["alice.cert.pem", "alice.key.pem"])?)?;
    let service = Certificate::from_pem(&pem(&["service.cert.pem"])?)?;
    let factory = ChannelFactory::new(binding(), address, &IDLE_CONTRACT)?
        .client_certificate(identity)
        .service_certificate(service.into_iter().next().ok_or("a certificate")?)
        .identity(ExpectedIdentity::Dns("localhost".into()))
        .service_trust(validator(Usage::Service)?);
    let mut channels = Vec::new();
    loop {
        let line = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).map(|_| line)
        });
        let line = line.await??;
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["open", number] => open(&factory, number.parse()?, &mut channels).await?,
            ["call", calls, sessions] => call(&channels, calls.parse()?, sessions.parse()?).await?,
            _ => return Ok(()),
        }
        println!("done");
    }
}

async fn open(
    factory: &ChannelFactory,
    number: usize,
    channels: &mut Vec<ClientChannel>,
) -> Result<(), Failure> {
    let mut opening = tokio::task::JoinSet::new();
    for begun in 0..number {
        if begun >= OPENING
            && let Some(opened) = opening.join_next().await
        {
            channels.push(opened??);
        }
        let factory = factory.clone();
        opening.spawn(async move {
            let channel = factory.open_channel().await?;
            IdleClient::new(&channel).add(1.0, 2.0).await?;
            Ok::<_, Failure>(channel)
        });
    }
    while let Some(opened) = opening.join_next().await {
        channels.push(opened??);
    }
    Ok(())
}

/// Calls in the first sessions, so many of each in turn, a few at a time.
async fn call(channels: &[ClientChannel], calls: usize, sessions: usize) -> Result<(), Failure> {
    let channels = Arc::new(channels[..sessions].to_vec());
    let mut calling = tokio::task::JoinSet::new();
    for first in 0..BUSY {
        let channels = Arc::clone(&channels);
        calling.spawn(async move {
            let own: Vec<_> = channels.iter().skip(first).step_by(BUSY).collect();
            for number in 0..calls / BUSY {
                let client = IdleClient::new(own[number % own.len()]);
                if client.add(number as f64, 0.5).await? != number as f64 + 0.5 {
                    return Err("a wrong answer".into());
                }
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(called) = calling.join_next().await {
        called??;
    }
    Ok(())
}

/// A process of this program.
struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Process {
    fn start(arguments: &[&str]) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().ok_or("it has an input")?;
        let output = BufReader::new(child.stdout.take().ok_or("it has an output")?);
        Ok(Self { child, input, output })
    }

    fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        match line.trim() {
            "" => Err("a process has ended".into()),
            line => Ok(line.to_owned()),
        }
    }

    fn does(&mut self, what: &str) -> Result<(), Failure> {
        writeln!(self.input, "{what}")?;
        self.line().map(drop)
    }

    /// Resident octets that are no file's.
    fn memory(&self) -> Result<f64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let kib = line.and_then(|line| line.split_whitespace().next()).ok_or("RssAnon")?;
        Ok(kib.parse::<f64>()? * 1024.0)
    }

    /// User and system time, in microseconds; to a hundredth of a second.
    fn cpu(&self) -> Result<f64, Failure> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, fields) = stat.rsplit_once(')').ok_or("stat")?;
        let ticks: Result<Vec<f64>, _> =
            fields.split_whitespace().skip(11).take(2).map(str::parse).collect();
        Ok(ticks?.iter().sum::<f64>() * 10_000.0)
    }

    fn sockets(&self) -> Result<usize, Failure> {
        let all = std::fs::read_dir(format!("/proc/{}/fd", self.child.id()))?;
        let links = all.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        Ok(links.filter(|link| link.to_string_lossy().starts_with("socket:")).count())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn measure(sessions: usize, calls: usize) -> Result<(), Failure> {
    let sessions = sessions.max(2 * BUSY);
    let mut service = Process::start(&["service"])?;
    let address = service.line()?;
    let mut client = Process::start(&["client", &address])?;
    client.does(&format!("open {BUSY}"))?;
    client.does(&format!("call {calls} {BUSY}"))?;
    let few = cost(&service, &mut client, calls, BUSY)?;
    let before = [service.memory()?, client.memory()?];
    client.does(&format!("open {}", sessions - BUSY))?;
    quiet(&[&service, &client])?;
    let more = (sessions - BUSY) as f64;
    let (rest, sockets) = (cost_of_rest(&service, &client)?, service.sockets()?);
    for (name, process, before) in
        [("service", &service, before[0]), ("client", &client, before[1])]
    {
        let each = (process.memory()? - before) / more / 1024.0;
        println!("{name}: {each:.2} KiB for each of {more} idle sessions more");
    }
    println!("sockets of the service: {sockets}");
    println!("both while nothing is done: {rest:.0} us of CPU in each second");
    let many = cost(&service, &mut client, calls, BUSY)?;
    let all = cost(&service, &mut client, calls, sessions)?;
    println!("a call in {BUSY} sessions, with no others: {few:.1} us of CPU, both ends");
    println!(
        "a call in {BUSY} sessions, with {sessions} open: {many:.1} us, {:.2} times",
        many / few
    );
    println!("a call in {sessions} sessions in turn: {all:.1} us, {:.2} times", all / few);
    Ok(())
}

/// The CPU time of a call, in microseconds: the median of `ROUNDS`.
fn cost(
    service: &Process,
    client: &mut Process,
    calls: usize,
    sessions: usize,
) -> Result<f64, Failure> {
    let mut rounds = [0.0; ROUNDS];
    for round in &mut rounds {
        let before = service.cpu()? + client.cpu()?;
        client.does(&format!("call {calls} {sessions}"))?;
        *round = (service.cpu()? + client.cpu()? - before) / calls as f64;
    }
    rounds.sort_by(f64::total_cmp);
    Ok(rounds[ROUNDS / 2])
}

/// The CPU time of a second in which nothing is done.
fn cost_of_rest(service: &Process, client: &Process) -> Result<f64, Failure> {
    let before = service.cpu()? + client.cpu()?;
    std::thread::sleep(Duration::from_secs(5));
    Ok((service.cpu()? + client.cpu()? - before) / 5.0)
}

/// Waits until the processes do nothing worth mentioning.
fn quiet(processes: &[&Process]) -> Result<(), Failure> {
    let sum = || processes.iter().map(|process| process.cpu()).sum::<Result<f64, Failure>>();
    let mut last = sum()?;
    for _ in 0..30 {
        std::thread::sleep(Duration::from_secs(1));
        let now = sum()?;
        if now - last < 100_000.0 {
            break;
        }
        last = now;
    }
    Ok(())
}
