//! `waxwing ping`: whether a service can be talked to, step by step, and what to do about the first step that fails.

mod network;
mod report;
mod session;
mod tls;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use waxwing::metadata::MetadataError;
use waxwing::soap::Address;
use waxwing_metadata::judge::PortVerdict;
use waxwing_metadata::mex::how_wcf_publishes;

use self::report::{Report, Step};
use crate::peer::{
    Credentials, Described, Problem, addresses, configured, is_configuration, read_with,
};
use crate::source::{Limits, Which};

/// How long a step may take where no option says another time.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What the command takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Steps: the name of the host, a connection, TLS and its certificate, the metadata, the security handshake, a reliable session,
and its end. What the service does not have is left out; a step that fails says what to do, and ends the list.

Exit codes:
  0  every step went well, and how to talk to the service is known
  1  a step failed; or something listens at the address, and whether it is the service is not known: it has no metadata
     (give --config client.config)
  2  the source cannot be read
  64 wrong arguments")]
pub(crate) struct Arguments {
    /// The address of the service, or where it is described: a file, a folder; or a client.config
    source: String,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    credentials: Credentials,
    /// Binding and credentials of this client.config, instead of what the service's metadata say; the address stays that of
    /// the metadata, or --address
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The endpoint of the configuration file, where several fit
    #[arg(long, value_name = "NAME")]
    endpoint: Option<String>,
    /// One JSON object for programs
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// Whether SOURCE is a configuration file, with whose endpoint a session is opened.
    fn is_configuration(&self) -> bool {
        is_configuration(&self.source)
    }

    /// The configuration file that says the binding.
    fn configuration(&self) -> Option<&Path> {
        let source = Path::new(&self.source);
        self.config.as_deref().or(self.is_configuration().then_some(source))
    }

    fn timeout(&self) -> Duration {
        self.limits.timeout.unwrap_or(TIMEOUT)
    }
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("waxwing ping: the runtime cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(ping(arguments)) {
        Ok(report) => report.print(arguments.json),
        Err(problem) => problem.told("ping", arguments.json),
    }
}

async fn ping(arguments: &Arguments) -> Result<Report, Problem> {
    arguments.credentials.access.warn();
    let mut report = Report::default();
    if Address::of(&arguments.source).authority().is_some() {
        let address = arguments.which.address.as_ref().unwrap_or(&arguments.source);
        report.address.clone_from(address);
        if reach(arguments, &mut report).await? {
            let port = describe(arguments, &mut report).await;
            session::ping(arguments, port.as_ref(), &mut report).await;
        }
        return Ok(report);
    }
    if arguments.is_configuration() {
        return by_file(arguments, report).await;
    }
    // A description comes first: it says the address.
    let described = fetch(arguments).await?;
    let port = described.port(&arguments.which)?;
    report.address = port.address.clone().unwrap_or_default();
    if Address::of(&report.address).authority().is_none() {
        let (name, own) = (&port.port, &report.address);
        let text = match own.as_str() {
            "" => format!("port {name} has no address: give --address URL"),
            _ => format!("\"{own}\" of port {name} is no address to send to: give --address URL"),
        };
        return Err(Problem::usage(text));
    }
    if reach(arguments, &mut report).await? {
        session::ping(arguments, Some(&(described, port)), &mut report).await;
    }
    Ok(report)
}

/// The endpoint of a configuration file: its address, and a session as it says.
async fn by_file(arguments: &Arguments, mut report: Report) -> Result<Report, Problem> {
    let (path, endpoint) = (Path::new(&arguments.source), arguments.endpoint.as_deref());
    if let Some(other) = &arguments.config {
        let (one, other) = (&arguments.source, other.display());
        return Err(Problem::usage(format!(
            "SOURCE is a configuration file already: give {one} or --config {other}"
        )));
    }
    let (file, name, _) = configured(path, endpoint, session::any())?;
    let endpoints = &file.configuration().client.endpoints;
    let own = endpoints.iter().find(|own| own.name == name).and_then(|own| own.address.clone());
    let Some(address) = arguments.which.address.clone().or(own) else {
        let text = format!("the endpoint of {} has no address: give --address URL", path.display());
        return Err(Problem::usage(text));
    };
    report.address = address;
    if reach(arguments, &mut report).await? {
        session::ping(arguments, None, &mut report).await;
    }
    Ok(report)
}

async fn fetch(arguments: &Arguments) -> Result<Described, Problem> {
    let Arguments { source, limits, which, credentials, .. } = arguments;
    let sources = std::slice::from_ref(source);
    let described = read_with(sources, limits, which, credentials, briefly).await?;
    Ok(match &arguments.config {
        Some(path) => described.preferring(addresses(path, arguments.endpoint.as_deref())),
        None => described,
    })
}

/// Name, connection and TLS. Gives whether all went well.
async fn reach(arguments: &Arguments, report: &mut Report) -> Result<bool, Problem> {
    let (scheme, host, port) = network::place(&Address::of(&report.address))?;
    let Some(addresses) = network::resolve(&host, port, report).await else { return Ok(false) };
    let Some(stream) = network::connect(&addresses, port, arguments.timeout(), report).await else {
        return Ok(false);
    };
    if scheme != "https" {
        return Ok(true);
    }
    let authorities = arguments.credentials.access.authorities()?;
    let trust = tls::Trust { authorities, all: arguments.credentials.access.believes_all() };
    Ok(tls::handshake(stream, &host, trust, arguments.timeout(), report).await)
}

/// Why there are no metadata, without each question that was asked: the first says most.
fn briefly(error: &MetadataError) -> String {
    let MetadataError::Nothing { address, attempts } = error else { return error.to_string() };
    let Some(first) = attempts.first() else { return format!("no metadata at {address}") };
    let first = first.to_string();
    let first = first.lines().next().unwrap_or_default().to_owned();
    let more = match attempts.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more questions: `waxwing inspect {address}` shows them)"),
    };
    format!("none: {first}{more}")
}

/// What the service says of itself. That it says nothing is no failure: many do not.
async fn describe(arguments: &Arguments, report: &mut Report) -> Option<(Described, PortVerdict)> {
    let began = Instant::now();
    let found = match fetch(arguments).await {
        Ok(described) => described.port(&arguments.which).map(|port| (described, port)),
        Err(problem) => Err(problem),
    };
    match found {
        Ok((described, port)) => {
            let binding = port.configuration.as_ref().map(|binding| binding.section());
            let (name, service) = (&port.port, &port.service.local);
            let binding = binding.unwrap_or("no binding of WCF");
            let text = format!("port {name} of service {service}: {binding}");
            report.add(Step::good("metadata", began.elapsed(), text));
            Some((described, port))
        }
        Err(problem) => {
            let help = format!(
                "WCF tells of itself {}; --config client.config says the binding instead",
                how_wcf_publishes(&report.address)
            );
            report.add(Step::left_out("metadata", began.elapsed(), problem.text).help(help));
            None
        }
    }
}
