//! The conversation: the security handshake, the reliable session, its end. Nothing of the application is sent.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use waxwing::contract::{OwnedContract, OwnedOperation};
use waxwing::trace::Trace;
use waxwing::{ChannelFactory, ClientChannel};
use waxwing_metadata::judge::PortVerdict;

use super::Arguments;
use super::report::{Report, Step};
use crate::peer::{Described, Problem, destination, factory as by_policy, factory_of, owned};

/// Opens a channel and closes it.
pub(super) async fn ping(
    arguments: &Arguments,
    port: Option<&(Described, PortVerdict)>,
    report: &mut Report,
) {
    match factory(arguments, port, &report.address) {
        Ok(Some(factory)) => open(factory, report).await,
        Ok(None) => {
            let text = "how to talk to the service is not known";
            report.add(Step::left_out("session", Duration::ZERO, text));
        }
        Err(problem) => report.add(Step::failed("binding", Duration::ZERO, problem.text)),
    }
}

/// A session is all that is asked for: what the operations are does not matter.
pub(super) fn any() -> OwnedContract {
    OwnedContract::new("*", "").operation(OwnedOperation::new("*", "*", Some("*")))
}

/// How to talk to the service: by a file, or by its metadata.
fn factory(
    arguments: &Arguments,
    port: Option<&(Described, PortVerdict)>,
    address: &str,
) -> Result<Option<ChannelFactory>, Problem> {
    let contract = port.and_then(|(described, port)| {
        let set = described.contract(port);
        set.contracts.first().map(|contract| owned(contract, Some(port)))
    });
    let contract = contract.unwrap_or_else(any);
    if let Some((_, port)) = port {
        let Arguments { source, which, limits, credentials, .. } = arguments;
        destination::check(std::slice::from_ref(source), port, which, limits, credentials)?;
    }
    let endpoint = arguments.endpoint.as_deref();
    let factory = match (arguments.configuration(), port) {
        (Some(path), port) => {
            // As `waxwing call` does: the address is the one that the service says itself, or that was given.
            let described = port.and_then(|(_, port)| port.address.as_deref());
            let given = arguments.which.address.is_some() || arguments.is_configuration();
            factory_of(path, endpoint, contract, described.or(Some(address)), given)?
        }
        (None, None) => return Ok(None),
        (None, Some((_, port))) => by_policy(port, contract)?,
    };
    let mut factory = arguments.credentials.give(factory)?;
    let span = waxwing::binding::TimeSpan::from(arguments.timeout());
    let timeouts = &mut factory.endpoint_mut().timeouts;
    (timeouts.open, timeouts.send, timeouts.close) = (span, span, span);
    Ok(Some(factory))
}

async fn open(factory: ChannelFactory, report: &mut Report) {
    let endpoint = factory.endpoint();
    let secured = endpoint.security.as_ref();
    let conversation = secured.is_some_and(|security| security.secure_conversation.is_some());
    let (secured, reliable) = (secured.is_some(), endpoint.reliable_session.is_some());
    let watch = Watch::default();
    let factory = factory.trace(Trace::new(watch.clone(), true));
    let began = Instant::now();
    let channel = match factory.create_channel() {
        Ok(channel) => channel,
        Err(error) => {
            report.add(Step::failed("binding", began.elapsed(), Problem::of_channel(&error).text));
            return;
        }
    };
    report.is_service = true;
    if !conversation && !reliable {
        let text = match secured {
            true => {
                "security is in each message by itself: only a call shows whether the service takes it"
            }
            false => "the binding has no session: only a call shows more",
        };
        let step = Step::left_out("session", Duration::ZERO, text);
        report.add(
            step.help("`waxwing call SOURCE OPERATION --template` shows what to call it with"),
        );
        return;
    }
    if opened(&channel, &watch, conversation, reliable, report).await {
        let began = Instant::now();
        report.add(match channel.close().await {
            Ok(()) => Step::good("close", began.elapsed(), "the session was ended"),
            Err(error) => Step::failed("close", began.elapsed(), error.to_string()),
        });
    }
}

/// Opens the channel. Gives whether it is open.
async fn opened(
    channel: &ClientChannel,
    watch: &Watch,
    conversation: bool,
    reliable: bool,
    report: &mut Report,
) -> bool {
    let began = Instant::now();
    let opened = channel.open().await;
    let whole = began.elapsed();
    // The reliable session begins when its first message goes out.
    let first = watch.sequence_began().map(|at| at.duration_since(began));
    let mut failure = opened.err().map(|error| Problem::of_channel(&error).text);
    if conversation {
        if first.is_none()
            && let Some(error) = failure
        {
            report.add(Step::failed("security", whole, error));
            return false;
        }
        let who = channel.service_identity();
        let who = who.map(|name| format!(" with {name}")).unwrap_or_default();
        let text = format!("a secure conversation{who}");
        report.add(Step::good("security", first.unwrap_or(whole), text));
    }
    if reliable {
        let shaken = first.filter(|_| conversation).unwrap_or_default();
        let time = whole.saturating_sub(shaken);
        report.add(match failure.take() {
            None => Step::good("reliability", time, "a reliable session was opened"),
            Some(error) => {
                report.add(Step::failed("reliability", time, error));
                return false;
            }
        });
    }
    true
}

/// Sees when the first CreateSequence goes out. Keeps nothing of the messages.
#[derive(Clone, Default)]
struct Watch {
    seen: Arc<Mutex<Option<Instant>>>,
}

impl Watch {
    fn sequence_began(&self) -> Option<Instant> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Watch {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        const NAME: &[u8] = b"/CreateSequence<";
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.is_none() && octets.windows(NAME.len()).any(|window| window == NAME) {
            *seen = Some(Instant::now());
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
