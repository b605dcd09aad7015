//! `waxwing call`: an operation of a service with JSON in and out, without code.

mod answer;
mod request;
mod xml;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use waxwing::contract::{CallError, Request, RequestChannel};
use waxwing::events::CommunicationState;
use waxwing::trace::Trace;
use waxwing::{ChannelFactory, ClientChannel};
use waxwing_metadata::contract::Pattern;

use crate::peer::{Credentials, Problem, addresses, destination, is_configuration, read};
use crate::source::{Limits, Which};

use self::answer::Outcome;
use self::request::Outgoing;

/// What the command takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit codes:
  0  the operation was executed; its result is on the standard output
  1  the service answered with a fault, or cannot be talked to
  2  the source cannot be read
  64 wrong arguments, or a request that is not what the contract says

The result is JSON: one value by itself, several as an object. Numbers of 64 bits and decimals are strings, so that nobody
rounds them; in a request they may be numbers as well. A one-way operation prints nothing.

Without a description, for an endpoint of a configuration file: waxwing call client.config ACTION '<Body xmlns=\"…\"/>'")]
pub(crate) struct Arguments {
    /// Where the service describes itself: file, folder, address; or a client.config, for XML as it is
    source: String,
    /// The operation, by its name or action
    operation: String,
    /// The request as JSON, @file, or "-" for the standard input; nothing for an operation without parameters
    request: Option<String>,
    /// A further document of the same service
    #[arg(long, value_name = "SOURCE")]
    with: Vec<String>,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    credentials: Credentials,
    /// Binding and credentials of this client.config, instead of what the policy asks for; the address stays that of the
    /// description, or --address
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The endpoint of the configuration file, where several fit
    #[arg(long, value_name = "NAME")]
    endpoint: Option<String>,
    /// A header of the operation, as JSON
    #[arg(long, value_name = "NAME=JSON")]
    header: Vec<String>,
    /// Print a request as somebody would begin to write it, and send nothing
    #[arg(long, conflicts_with_all = ["schema", "dry_run"])]
    template: bool,
    /// Print the JSON Schema of request and response, and send nothing
    #[arg(long, conflicts_with = "dry_run")]
    schema: bool,
    /// Print the SOAP message before security and reliable messaging, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// With a configuration file and XML: wait for no answer
    #[arg(long)]
    one_way: bool,
    /// Write every message, encrypted and decrypted, to this file. It holds secrets
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// One line of JSON for programs, faults and errors included
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("waxwing call: the runtime cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(call(arguments)) {
        Ok(outcome) => outcome.print(arguments.json),
        Err(problem) => problem.told("call", arguments.json),
    }
}

async fn call(arguments: &Arguments) -> Result<Outcome, Problem> {
    arguments.credentials.access.warn();
    if is_configuration(&arguments.source) {
        return xml::call(arguments).await;
    }
    let Arguments { which, limits, credentials, .. } = arguments;
    let sources: Vec<_> =
        std::iter::once(arguments.source.clone()).chain(arguments.with.iter().cloned()).collect();
    let mut described = read(&sources, limits, which, credentials).await?;
    let (config, endpoint) = (arguments.config.as_deref(), arguments.endpoint.as_deref());
    if let Some(path) = config {
        described = described.preferring(addresses(path, endpoint));
    }
    let offered = described.port_with(which, &arguments.operation)?;
    let (codec, operation) = (&offered.codec, offered.operation());
    if arguments.template {
        return Ok(Outcome::Shown(codec.template(&operation.request).to_pretty()));
    }
    if arguments.schema {
        return Ok(Outcome::Shown(request::schemas(codec, operation).to_pretty()));
    }
    offered.callable()?;
    let value = request::value(arguments.request.as_deref())?;
    let headers = request::headers(&arguments.header)?;
    if arguments.dry_run {
        let version = request::version(&offered.port);
        let out = Outgoing::of(codec, operation, version, &value, &headers)?;
        return Ok(Outcome::Dry(Box::new(out), offered.port.address.clone()));
    }
    destination::check(&sources, &offered.port, which, limits, credentials)?;
    let factory = offered.factory(config, endpoint, which.address.is_some())?;
    let factory = prepared(factory, arguments)?;
    let channel = factory.create_channel().map_err(|error| Problem::of_channel(&error))?;
    // Before anything is sent: the request may be wrong.
    let out = Outgoing::of(codec, operation, channel.message_version(), &value, &headers)?;
    let one_way = operation.pattern == Pattern::OneWay;
    let left_out = request::left_out(operation, &value);
    if !left_out.is_empty() && !arguments.json {
        eprintln!("note: left out: {}; the service takes its default", left_out.join(", "));
    }
    let answered = send(&channel, out, one_way, limits.timeout).await;
    let outcome = match answered {
        Ok(None) => Ok(Outcome::Nothing),
        Ok(Some(reply)) => request::result(codec, operation, &reply).map(Outcome::Result),
        Err(CallError::Fault(fault)) => {
            let detail = fault.detail.as_ref().map(|detail| codec.fault_detail(operation, detail));
            Ok(Outcome::Fault(Box::new(fault), detail))
        }
        Err(error) => Err(Problem::of_call(&error)),
    };
    close(&channel, arguments, outcome.is_err()).await;
    outcome
}

/// A factory with what the options say.
fn prepared(factory: ChannelFactory, arguments: &Arguments) -> Result<ChannelFactory, Problem> {
    let mut factory = arguments.credentials.give(factory)?;
    if let Some(timeout) = arguments.limits.timeout {
        let span = waxwing::binding::TimeSpan::from(timeout);
        let timeouts = &mut factory.endpoint_mut().timeouts;
        (timeouts.open, timeouts.send, timeouts.close) = (span, span, span);
    }
    if let Some(path) = &arguments.trace {
        let trace = Trace::file(path, true);
        let failed = |error| Problem::usage(format!("the trace file {}: {error}", path.display()));
        factory = factory.trace(trace.map_err(failed)?);
    }
    Ok(factory)
}

/// Opens the channel and sends the message. Gives the reply; none of a one-way operation.
async fn send(
    channel: &ClientChannel,
    out: Outgoing,
    one_way: bool,
    timeout: Option<Duration>,
) -> Result<Option<waxwing::soap::Envelope>, CallError> {
    channel.open().await?;
    let mut request = Request::new(&out.action, out.envelope);
    request.timeout = timeout;
    if one_way {
        return channel.send_one_way(request).await.map(|()| None);
    }
    let reply = channel.request(request).await?;
    match waxwing::soap::Fault::read(&reply) {
        Some(fault) => Err(CallError::Fault(fault)),
        None => Ok(Some(reply)),
    }
}

/// Ends the session. The result is there already: what goes wrong is only told. A call that failed with its session has
/// told it.
async fn close(channel: &ClientChannel, arguments: &Arguments, failed: bool) {
    if failed && channel.state() != CommunicationState::Opened {
        return;
    }
    if let Err(error) = channel.close().await
        && !arguments.json
    {
        eprintln!("warning: the session did not close: {error}");
    }
}
