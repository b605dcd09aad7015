//! `waxwing demo`: the main job on one machine.
//!
//! Makes throw-away certificates, writes a service.config and a client.config as WCF would read them, starts the
//! calculator service of WCF's samples, and calls it through a link that loses messages both ways.

mod calculator;
mod files;
mod link;
mod report;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use waxwing::contract::CallError;
use waxwing::trace::Trace;
use waxwing::{
    ChannelFactory, ClientChannel, ConfigurationFile, ServiceHost, ServiceHostBuilder,
    ServiceInstances,
};
use waxwing_testkit::lossy_link::Loss;

use self::calculator::{CALCULATOR_CONTRACT, CalculatorClient, CalculatorService, Ledger};
use self::files::{Binding, Credential, Shown};
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
    /// The binding of both sides
    #[arg(long, value_enum, default_value_t = Binding::WsHttp)]
    binding: Binding,
    /// What the client shows
    #[arg(long, value_enum, default_value_t = Credential::Certificate)]
    credential: Credential,
    /// Calls after the sample's four
    #[arg(long, default_value_t = 1000)]
    calls: u32,
    /// The share of requests, and of responses, that the link loses
    #[arg(long, default_value_t = 0.05, value_parser = share)]
    loss: f64,
    /// What decides which messages are lost
    #[arg(long, default_value_t = 2026)]
    seed: u64,
    /// Write every message, encrypted and decrypted, to this file
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Leave configuration files and certificates in this folder instead of throwing them away
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
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

/// Runs the demonstration. Fails unless every call was executed exactly once and answered rightly.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the runtime cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(demonstrate(arguments)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything was exactly once.
async fn demonstrate(arguments: &Arguments) -> Result<bool, Failure> {
    let begun = Instant::now();
    let folder = files::Folder::new(arguments.keep.as_deref())?;
    certificates(&folder.path().join("certificates"))?;
    let port = free_port()?;
    let ledger = Arc::new(Ledger::default());
    let shown = Shown { binding: arguments.binding, credential: arguments.credential };
    let (host, link) = serve(&folder, shown, port, &ledger, arguments).await?;
    let mut factory = client(&folder, shown, port, link.local_addr())?;
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
    println!("opened a secure reliable session with {}", channel.address());
    let mut wrong = sample(&channel).await?;
    wrong += many(&channel, arguments.calls).await?;
    let (statistics, status) = (channel.statistics(), channel.reliable_session());
    channel.close().await?;
    if let Some(trace) = &trace {
        trace.flush();
    }
    let report = Report {
        calls: u64::from(arguments.calls) + 4,
        wrong,
        ledger: &ledger,
        client: statistics,
        retransmissions: status.map_or(0, |status| status.counters.retransmissions),
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

/// A port that is free now. The configuration files need to know it beforehand.
fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

async fn serve(
    folder: &files::Folder,
    shown: Shown,
    port: u16,
    ledger: &Arc<Ledger>,
    arguments: &Arguments,
) -> Result<(ServiceHost, Link), Failure> {
    let path = folder.write("service.config", &shown.service_config(port))?;
    let config = ConfigurationFile::load(&path)?;
    let mut builder =
        ServiceHostBuilder::from_config(&config, files::SERVICE, &CALCULATOR_CONTRACT)?;
    if shown.credential == Credential::UserName {
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
    let loss = Loss { requests: arguments.loss, responses: arguments.loss, seed: arguments.seed };
    let service = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let link = Link::start(service, loss, shown.over_tls()).await?;
    let percent = arguments.loss * 100.0;
    let how = if shown.over_tls() { ", by cutting the TLS connection" } else { "" };
    println!(
        "put a link before it that loses {percent} % of requests and {percent} % of responses{how}"
    );
    Ok((host, link))
}

fn client(
    folder: &files::Folder,
    shown: Shown,
    port: u16,
    link: SocketAddr,
) -> Result<ChannelFactory, Failure> {
    let path = folder.write("client.config", &shown.client_config(port, link))?;
    let config = ConfigurationFile::load(&path)?;
    let mut factory = ChannelFactory::from_config(&config, "calculator", &CALCULATOR_CONTRACT)?;
    if shown.credential == Credential::UserName {
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
