//! `waxwing demo`: the main job on one machine.
//!
//! Makes throw-away certificates, writes a service.config and a client.config as WCF would read them, starts the
//! calculator service of WCF's samples, and calls it through a link that loses messages both ways.

mod calculator;
mod durable;
mod files;
mod link;
mod report;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use waxwing::contract::CallError;
use waxwing::reliable::Counters;
use waxwing::trace::Trace;
use waxwing::{
    ChannelFactory, ClientChannel, ConfigurationFile, ServiceHost, ServiceHostBuilder,
    ServiceInstances,
};
use waxwing_testkit::lossy_link::Loss;
use waxwing_testkit::ports::free_port;

pub(crate) use self::durable::{Part, StoreKind, Victims, run_part};

use self::calculator::{CALCULATOR_CONTRACT, CalculatorClient, CalculatorService, Ledger};
use self::files::{Binding, Credential, Ports, Security, Shown};
use self::link::Link;
use self::report::Report;
use crate::authority::Party;

/// Who calls, where the client shows a user name.
const USER: &str = "alice";
/// The password that goes with it in this demonstration, and nowhere else.
const PASSWORD: &str = "swordfish";

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What the command takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The binding of both sides (ws-http; with --durable ws2007HttpBinding and message security)
    #[arg(long, value_enum)]
    binding: Option<Binding>,
    /// What the client shows (certificate)
    #[arg(long, value_enum)]
    credential: Option<Credential>,
    /// How netTcpBinding or wsDualHttpBinding is secured (none)
    #[arg(long, value_enum)]
    security: Option<Security>,
    /// Calls after the sample's four (1000); with --durable calls altogether (2000)
    #[arg(long)]
    calls: Option<u32>,
    /// The share of requests, and of responses, that the link loses, from 0 to 0.5 (0.05; 0 with --security transport)
    #[arg(long, value_parser = share)]
    loss: Option<f64>,
    /// What decides which messages are lost, and who is killed when
    #[arg(long, default_value_t = 2026)]
    seed: u64,
    /// Write every message, encrypted and decrypted, to this file
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Leave configuration files and certificates in this folder instead of throwing them away
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// Kill client and service (-9) at random, each a process of its own: nothing is lost, nothing is executed twice
    #[arg(long)]
    durable: bool,
    /// How often somebody is killed
    #[arg(long, default_value_t = 100, requires = "durable")]
    kills: u64,
    /// Who is killed
    #[arg(long, value_enum, default_value_t = Victims::Both, requires = "durable")]
    kill: Victims,
    /// Pairs of a client and a service side by side: a longer proof in less time (1; with several nodes 4)
    #[arg(long, requires = "durable", value_parser = clap::value_parser!(u64).range(1..=64))]
    lanes: Option<u64>,
    /// Where sessions are kept; with more than one node in PostgreSQL
    #[arg(long, value_enum, requires = "durable")]
    store: Option<StoreKind>,
    /// Nodes of the service, behind a balancer that gives each request to any of them
    #[arg(long, default_value_t = 1, requires = "durable", value_parser = clap::value_parser!(u8).range(1..=8))]
    nodes: u8,
}

/// Calls, where nobody says how many.
const CALLS: u32 = 1000;
const DURABLE_CALLS: u32 = 2000;
/// What the link loses, where nobody says how much.
const LOSS: f64 = 0.05;
/// Pairs side by side where there are several nodes: a kill costs more time there, and nobody likes to wait for minutes.
const LANES_OF_NODES: u64 = 4;
/// As wrong arguments of this command.
const WRONG_USAGE: u8 = 2;

impl Arguments {
    /// What is shown, and how much of it the link loses.
    ///
    /// # Errors
    /// What does not go together.
    fn shown(&self) -> Result<(Shown, f64), &'static str> {
        let binding = self.binding.unwrap_or(Binding::WsHttp);
        let credential = self.credential.unwrap_or(Credential::Certificate);
        if self.security.is_some() && !binding.is_told() {
            return Err(
                "--security is for --binding net-tcp and ws-dual: the other bindings have theirs in their names",
            );
        }
        let security = self.security.unwrap_or(Security::None);
        let shown = Shown { binding, credential, security };
        let in_messages = matches!(security, Security::None | Security::Message);
        if binding == Binding::WsDual && !in_messages {
            return Err("wsDualHttpBinding has no TLS, as with WCF: --security none or message");
        }
        let named = credential == Credential::UserName;
        if named && !shown.is_secured() {
            return Err("without --security there is nobody to whom a --credential could be shown");
        }
        if named && shown.is_bound() {
            return Err(
                "TLS takes no user name: --security message or mixed, or --credential certificate",
            );
        }
        let loss = self.loss.unwrap_or(if shown.is_bound() { 0.0 } else { LOSS });
        if shown.is_bound() && loss > 0.0 {
            return Err(
                "with --security transport the reliable session ends with its connection, as with WCF: there is nothing to lose, \
                        leave --loss out",
            );
        }
        Ok((shown, loss))
    }

    /// What `--durable` does not go together with, and why.
    ///
    /// # Errors
    /// The first of it.
    fn survives(&self) -> Result<(), &'static str> {
        if self.calls == Some(0) {
            return Err("--durable needs calls: --calls is 0");
        }
        if self.binding.is_some() || self.security.is_some() || self.credential.is_some() {
            return Err(
                "--durable shows ws2007HttpBinding with message security under certificates, whose sessions are kept in a store: \
                 leave --binding, --security and --credential out. Sessions over net.tcp, WebSockets and wsDualHttpBinding are \
                 not kept in a store yet",
            );
        }
        if self.loss.is_some() {
            return Err(
                "--durable kills programs and loses no messages: leave --loss out (a killed program loses those on their way)",
            );
        }
        if self.trace.is_some() {
            return Err(
                "--durable writes no trace, since its programs die in the middle of one: leave --trace out; --keep FOLDER leaves \
                 logs, stores and books",
            );
        }
        Ok(())
    }
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=0.5).contains(&share) => Ok(share),
        _ => Err("expected a number from 0 to 0.5".to_owned()),
    }
}

/// Throw-away certificates, laid out as the stores of a service and a client.
fn certificates(stores: &Path) -> Result<(), Failure> {
    let authority = Party::authority("Waxwing demo authority", 1)?;
    let service = authority.issue("calc-service", &["localhost".to_owned()], 1)?;
    let client = authority.issue("alice", &["alice".to_owned()], 1)?;
    service.write(&stores.join("LocalMachine/My"), "calc-service", true)?;
    authority.write(&stores.join("LocalMachine/Root"), "authority", false)?;
    client.write(&stores.join("CurrentUser/My"), "alice", true)?;
    authority.write(&stores.join("CurrentUser/Root"), "authority", false)?;
    Ok(())
}

/// The certificate by which nodes know each other, of an authority of their own.
fn certificate_of_nodes(folder: &Path) -> Result<(), Failure> {
    let authority = Party::authority("Waxwing demo nodes", 1)?;
    authority.issue("node", &["localhost".to_owned()], 1)?.write(folder, "node", true)?;
    authority.write(folder, "authority", false)?;
    Ok(())
}

/// Runs the demonstration. Fails unless every call was executed exactly once and answered rightly.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the runtime cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let fits = match arguments.durable {
        true => arguments.survives(),
        false => arguments.shown().map(drop),
    };
    if let Err(what) = fits {
        eprintln!("error: {what}");
        return ExitCode::from(WRONG_USAGE);
    }
    let interrupted = {
        let _in_it = runtime.enter();
        match Interrupted::new() {
            Ok(interrupted) => interrupted,
            Err(error) => {
                eprintln!("error: signals cannot be heard: {error}");
                return ExitCode::FAILURE;
            }
        }
    };
    if arguments.durable {
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        runtime.spawn(async move {
            interrupted.wait().await;
            stop.store(true, Ordering::Relaxed);
        });
        return survive(arguments, stopped).unwrap_or_else(|error| {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        });
    }
    let demonstrated = runtime.block_on(async {
        tokio::select! {
            demonstrated = demonstrate(arguments) => demonstrated,
            () = interrupted.wait() => Err("it was interrupted".into()),
        }
    });
    match demonstrated {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Somebody wants the program to end. It is heard from now on, so that nothing is left behind: the folder has private keys.
struct Interrupted {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
}

impl Interrupted {
    #[cfg(unix)]
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { signals: [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?] })
    }

    #[cfg(unix)]
    async fn wait(self) {
        let [mut interrupt, mut terminate] = self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    fn new() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn wait(self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// The same across crashes.
fn survive(arguments: &Arguments, stopped: Arc<AtomicBool>) -> Result<ExitCode, Failure> {
    let store = match (arguments.store, arguments.nodes) {
        (Some(StoreKind::Sqlite), 2..) => {
            return Err(
                "a SQLite file belongs to one process: several nodes need --store postgres".into(),
            );
        }
        (Some(store), _) => store,
        (None, 1) => StoreKind::Sqlite,
        (None, _) => StoreKind::Postgres,
    };
    let folder = files::Folder::new(arguments.keep.as_deref())?;
    let stores = folder.path().join("certificates");
    certificates(&stores)?;
    if arguments.nodes > 1 {
        certificate_of_nodes(&stores.join("nodes"))?;
    }
    let went = durable::run(&durable::Asked {
        folder: folder.path(),
        calls: arguments.calls.unwrap_or(DURABLE_CALLS).into(),
        kills: arguments.kills,
        victims: arguments.kill,
        lanes: arguments.lanes.unwrap_or(if arguments.nodes > 1 { LANES_OF_NODES } else { 1 }),
        seed: arguments.seed,
        store,
        nodes: arguments.nodes.into(),
        stopped,
    });
    if arguments.keep.is_some() {
        println!(
            "kept in {}: configuration files, certificates, stores and books; the logs have errors only, and are empty where there were \
             none (WAXWING_LOG=info tells more)",
            folder.path().display()
        );
    }
    went
}

/// Whether everything was exactly once.
async fn demonstrate(arguments: &Arguments) -> Result<bool, Failure> {
    let begun = Instant::now();
    let calls = arguments.calls.unwrap_or(CALLS);
    let folder = files::Folder::new(arguments.keep.as_deref())?;
    certificates(&folder.path().join("certificates"))?;
    let ports = Ports { service: free_port()?, client: free_port()? };
    let ledger = Arc::new(Ledger::default());
    let (shown, loss) = arguments.shown()?;
    let loss = Loss { requests: loss, responses: loss, seed: arguments.seed };
    let (host, link) = serve(&folder, shown, ports, &ledger, loss).await?;
    let mut factory = client(&folder, shown, ports, link.local_addr())?;
    let trace = match &arguments.trace {
        Some(path) => {
            let open = |e| format!("the trace file {}: {e}", path.display());
            Some(Trace::file(path, true).map_err(open)?)
        }
        None => None,
    };
    if let Some(trace) = &trace {
        factory = factory.trace(trace.clone());
    }
    let channel = factory.open_channel().await?;
    // Before that a user would see that it fails.
    link.begins();
    let secure = if shown.is_secured() { "secure " } else { "" };
    println!("opened a {secure}reliable session with {}", channel.address());
    let mut wrong = sample(&channel).await?;
    wrong += many(&channel, calls).await?;
    let (statistics, status) = (channel.statistics(), channel.reliable_session());
    channel.close().await?;
    if let Some(trace) = &trace {
        trace.flush();
    }
    let report = Report {
        calls: u64::from(calls) + 4,
        wrong,
        ledger: &ledger,
        client: statistics,
        counted: status.map_or_else(Counters::default, |status| status.counters),
        service: host.statistics(),
        link: link.counts(),
        endpoint: factory.endpoint(),
        time: begun.elapsed(),
        trace: arguments.trace.as_deref(),
    };
    let exactly_once = report.print();
    host.close().await;
    link.shutdown(Duration::from_secs(1)).await;
    Ok(exactly_once)
}

async fn serve(
    folder: &files::Folder,
    shown: Shown,
    ports: Ports,
    ledger: &Arc<Ledger>,
    loss: Loss,
) -> Result<(ServiceHost, Link), Failure> {
    let path = folder.write("service.config", &shown.service_config(ports))?;
    let config = ConfigurationFile::load(&path)?;
    let mut builder =
        ServiceHostBuilder::from_config(&config, files::SERVICE, &CALCULATOR_CONTRACT)?;
    if shown.is_secured() && shown.credential == Credential::UserName {
        builder = builder.user_names(|name: &str, password: Option<&str>| match (name, password) {
            (USER, Some(PASSWORD)) => Ok(()),
            _ => Err(format!("the password of '{name}' is wrong")),
        });
    }
    let ledger = Arc::clone(ledger);
    let instances = ServiceInstances::per_session(move || {
        CalculatorService::new(calculator::Calculating(Arc::clone(&ledger)))
    });
    let host = builder.open(instances).await?;
    println!(
        "started the calculator service at {} from {}",
        host.addresses().join(", "),
        path.display()
    );
    let service = SocketAddr::from((Ipv4Addr::LOCALHOST, ports.service));
    let link = Link::start(service, loss, shown).await?;
    let percent = loss.requests * 100.0;
    let how = link.how();
    match percent > 0.0 {
        true => println!(
            "put a link before it that loses {percent} % of requests and {percent} % of responses{how}"
        ),
        false => println!("put a link before it that loses nothing"),
    }
    Ok((host, link))
}

fn client(
    folder: &files::Folder,
    shown: Shown,
    ports: Ports,
    link: SocketAddr,
) -> Result<ChannelFactory, Failure> {
    let path = folder.write("client.config", &shown.client_config(ports, link))?;
    let config = ConfigurationFile::load(&path)?;
    let mut factory = ChannelFactory::from_config(&config, "calculator", &CALCULATOR_CONTRACT)?;
    if shown.is_secured() && shown.credential == Credential::UserName {
        factory = factory.user_name(USER, PASSWORD);
    }
    println!("made a client from {}", path.display());
    Ok(factory)
}

/// The four calls of WCF's sample, printed as it prints them. Gives the number of wrong answers.
async fn sample(channel: &ClientChannel) -> Result<u64, CallError> {
    let client = CalculatorClient::new(channel);
    let results = [
        ("Add", 100.0, 15.99, client.add(100.0, 15.99).await?, 100.0 + 15.99),
        ("Subtract", 145.0, 76.54, client.subtract(145.0, 76.54).await?, 145.0 - 76.54),
        ("Multiply", 9.0, 81.25, client.multiply(9.0, 81.25).await?, 9.0 * 81.25),
        ("Divide", 22.0, 7.0, client.divide(22.0, 7.0).await?, 22.0 / 7.0),
    ];
    for (name, n1, n2, answer, _) in &results {
        println!("{name}({n1},{n2}) = {answer}");
    }
    #[expect(
        clippy::float_cmp,
        reason = "the service computes the same operation on the same numbers"
    )]
    let wrong = results.iter().filter(|(.., answer, right)| answer != right).count();
    Ok(wrong as u64)
}

/// Many more calls, each with an operand of its own, which the service remembers. Gives the number of wrong answers.
async fn many(channel: &ClientChannel, calls: u32) -> Result<u64, CallError> {
    let client = CalculatorClient::new(channel);
    let bar = ProgressBar::new(u64::from(calls));
    let style = ProgressStyle::with_template(
        "{bar:40} {pos}/{len} calls, {elapsed} of about {duration}  {msg}",
    );
    if let Ok(style) = style {
        bar.set_style(style);
    }
    let mut wrong = 0;
    for number in 0..calls {
        let operand = 1000.0 + f64::from(number);
        let answer = client.add(operand, 0.5).await?;
        if (answer - (operand + 0.5)).abs() > f64::EPSILON {
            wrong += 1;
        }
        bar.inc(1);
        if number % 50 == 0 {
            bar.set_message(format!("{} sent again", channel.statistics().retransmissions));
        }
    }
    bar.finish_and_clear();
    Ok(wrong)
}
