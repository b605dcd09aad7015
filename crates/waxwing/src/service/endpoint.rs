//! One endpoint of a host: from the bytes of a request to the bytes of its answer.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::MissedTickBehavior;
use waxwing_security::PeerTag;
use waxwing_security::conversation::{Evidence, Verdict};
use waxwing_session::{
    Arrival, Encoded, EndpointId, Origin, Peer, RefusalKind, ServiceAnswer, ServiceEndpoint,
    UnknownSender, UnverifiedMessage, VerifiedMessage,
};
use waxwing_soap::encoder::{self as soap, DecodeError, Decoder, Encoder};
use waxwing_soap::http::ContentType;
use waxwing_soap::{AddressingVersion, Envelope};

use super::admittance::Admittance;
use super::authorization::ServiceAuthorization;
use super::contracts::Contracts;
use super::cookies::{SECONDS_BETWEEN_LOOKS, WatchedKeys};
use super::duplex::composite::outward::Outward;
use super::duplex::links::Links;
use super::durable::{Asker, Came, Claimed, Durability};
use super::error::HostError;
use super::https::Https;
use super::instances::Instances;
use super::key_work::KeyWork;
use super::metadata::Pages;
use super::sessions::Sessions;
use super::streamed::Streamed;
use super::throttle::Throttle;
use super::watch::{Counters, HostEvent, HostEvents};
use crate::authentication::Judge;
use crate::contract::{ContractDescription, FaultOptions, ObjectQuotas};
use crate::encoding::Encoding;
use crate::environment::{Clock, SystemRandom};
use crate::layer::OperationService;
use crate::log::{Cut, Rate};
use crate::net::{HostNames, HttpAuthentication, Incoming, Refusal, Reply};
use crate::quotas::MessageQuotas;
use crate::trace::{Trace, TraceDirection};

/// What an endpoint is made of.
pub(super) struct EndpointParts {
    pub(super) endpoint: ServiceEndpoint,
    /// Who decides about its clients.
    pub(super) judge: Judge,
    /// The file of cookie keys that is looked at while the endpoint lives.
    pub(super) cookie_keys: Option<WatchedKeys>,
    /// What they must show to the transport.
    pub(super) admittance: Admittance,
    /// How HTTP asks for it.
    pub(super) http_authentication: Option<HttpAuthentication>,
    /// Under which names of the machine it is asked for.
    pub(super) hosts: HostNames,
    /// What is shown at its address to those who only look.
    pub(super) pages: Option<Arc<Pages>>,
    /// How long a request may take to come in.
    pub(super) request_timeout: Option<Duration>,
    /// Where it listens, an absolute URI.
    pub(super) listen: String,
    /// TLS, where that is an `https` address.
    pub(super) https: Option<Arc<Https>>,
    pub(super) encoding: Encoding,
    pub(super) throttle: Arc<Throttle>,
    pub(super) faults: FaultOptions,
    /// What its messages may contain, if it says so.
    pub(super) quotas: Option<MessageQuotas>,
    /// What the values of its messages may hold.
    pub(super) object_quotas: ObjectQuotas,
    pub(super) instances: Arc<dyn Instances>,
    /// What can be called here: at least one, told apart by action.
    pub(super) contracts: Contracts,
    /// How long a client has after its last operation to close the session (`closeTimeout` of the binding).
    pub(super) close_timeout: Duration,
    /// How long a message to a client may take, and a call of it (`sendTimeout`).
    pub(super) send_timeout: Duration,
    /// Its links; none where messages go in exchanges.
    pub(super) links: Option<Links>,
    /// Its exchanges in pieces; none where messages are whole.
    pub(super) streamed: Option<Streamed>,
    /// The way to its clients, in composite duplex.
    pub(super) outward: Option<Outward>,
    /// Who may do what; none: whoever is authenticated may call.
    pub(super) authorization: Option<Arc<dyn ServiceAuthorization>>,
    /// Who watches the host.
    pub(super) events: Arc<HostEvents>,
    /// What calls go through before they are executed.
    pub(super) layers: Option<OperationService>,
    pub(super) clock: Clock,
    pub(super) trace: Option<Trace>,
    /// Where its sessions are kept; none: in this process alone.
    pub(super) durability: Option<Durability>,
}

impl EndpointParts {
    /// Whether both ends call.
    pub(super) fn is_duplex(&self) -> bool {
        self.links.is_some() || self.outward.is_some()
    }

    /// The contract in which its clients are called.
    pub(super) fn callback(&self) -> Option<&'static ContractDescription> {
        match (&self.links, &self.outward) {
            (Some(links), _) => links.callback,
            (None, Some(outward)) => outward.callback,
            (None, None) => None,
        }
    }
}

/// How many messages of composite duplex are looked at at a time, after they were answered with 202.
const LOOKED_AT: usize = 256;

/// One endpoint, shared by all its connections.
pub(super) struct Endpoint {
    pub(super) parts: EndpointParts,
    pub(super) sessions: Sessions,
    /// What the throttle knows it by.
    pub(super) number: EndpointId,
    pub(super) counters: Counters,
    key_work: KeyWork,
    /// The address that it is known by.
    pub(super) address: Arc<str>,
    /// How many lines of the log its peers may write.
    pub(super) log: Rate,
    /// It takes nothing new. An endpoint whose sessions are kept takes nothing at all.
    pub(super) is_closing: AtomicBool,
    /// What is new and what is not here goes to other nodes.
    pub(super) is_draining: AtomicBool,
    /// Messages of composite duplex that are being looked at.
    pub(super) looked_at: Arc<Semaphore>,
    /// Operations that still run are given up.
    stop: watch::Sender<bool>,
}

impl Endpoint {
    pub(super) fn new(parts: EndpointParts) -> Result<Arc<Self>, HostError> {
        let settings = parts.endpoint.settings();
        let modes = parts.contracts.modes(parts.instances.modes());
        let demarcation = parts.contracts.demarcation(parts.close_timeout);
        let secured = parts.endpoint.security().profile().is_some();
        let close_timeout = parts.close_timeout;
        let sessions = match (&parts.links, &parts.outward) {
            (Some(links), _) => {
                let protection = (links.bound, secured);
                Sessions::over_links(settings, protection, close_timeout, modes, demarcation)
            }
            (None, Some(_)) => {
                Sessions::composite(settings, secured, close_timeout, modes, demarcation)
            }
            (None, None) => Sessions::new(settings, modes, demarcation),
        };
        let sessions = sessions.map_err(|error| HostError::Incomplete {
            address: settings.address.clone(),
            text: error.to_string(),
        })?;
        let address = settings.address.as_str().into();
        let throttle = Arc::clone(&parts.throttle);
        let endpoint = Arc::new_cyclic(|own: &Weak<Self>| Self {
            parts,
            sessions,
            number: throttle.join(own.clone()),
            counters: Counters::default(),
            key_work: KeyWork::new(),
            address,
            log: Rate::new(),
            is_closing: AtomicBool::new(false),
            is_draining: AtomicBool::new(false),
            looked_at: Arc::new(Semaphore::new(LOOKED_AT)),
            stop: watch::Sender::new(false),
        });
        endpoint.start_timer();
        tokio::spawn(sweep_every_second(Arc::downgrade(&endpoint)));
        if let Some(keys) = endpoint.parts.cookie_keys.clone() {
            tokio::spawn(watch_cookie_keys(Arc::downgrade(&endpoint), keys));
        }
        Ok(endpoint)
    }

    /// The address that it is known by.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The contract that takes messages of this action; the first one when none does, to refuse it.
    pub(super) fn contract(&self, action: &str) -> &'static ContractDescription {
        self.parts.contracts.taking(action)
    }

    /// Takes no new sessions any more, and no calls outside of sessions; what has begun goes on.
    pub(super) fn close(self: &Arc<Self>) {
        self.is_closing.store(true, Ordering::SeqCst);
        match self.parts.durability {
            Some(_) => self.suspend(),
            None => {
                self.parts.endpoint.security().close();
                self.shut_down();
            }
        }
    }

    /// Lets its sessions go as soon as nothing of them runs; what comes goes to other nodes.
    pub(super) fn drain(self: &Arc<Self>) {
        if self.parts.durability.is_some() {
            self.is_draining.store(true, Ordering::SeqCst);
            self.suspend();
        }
    }

    /// Gives up the operations that still run.
    pub(super) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Whether operations are given up.
    pub(super) fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits until operations are given up.
    pub(super) async fn stopped(&self) {
        let mut stop = self.stop.subscribe();
        let _ = stop.wait_for(|stop| *stop).await;
    }

    /// Answers one request.
    pub(super) async fn handle(self: Arc<Self>, mut request: Incoming, came: Came) -> Reply {
        let peer = request.peer;
        let protected = request.protected;
        let shown = self.parts.durability.as_ref().map(|_| request.caller.clone());
        let caller = match self.admitted(&mut request).await {
            Ok(caller) => caller,
            Err(refusal) => return Reply::Refused(refusal),
        };
        let parsed = self.parse(&mut request);
        let message = match parsed {
            Ok(message) => message,
            Err(refusal) => return refusal,
        };
        Counters::add(&self.counters.messages);
        let asker = || Asker::of(caller.identity(), peer.ip());
        let looked_at = shown.is_some().then(|| self.parts.clock.moment(&mut SystemRandom).time);
        let pass = match &self.parts.durability {
            None => None,
            // Large, as the other ways are that few messages take.
            Some(durability) => {
                match Box::pin(self.claimed(durability, &message, came, asker)).await {
                    Claimed::Here(pass) => Some(pass),
                    Claimed::Later => return Reply::Refused(Refusal::Unavailable),
                    Claimed::There(node) => {
                        request.caller = shown.unwrap_or_default();
                        return Box::pin(self.hand_over(durability, &node, request)).await;
                    }
                }
            }
        };
        let accepted = request.accepted_codings.take();
        // The octets would be held as long as the operation takes.
        drop(request);
        let origin = Origin { peer: Peer::from(peer).over(protected), caller };
        let Some(mut arrival) = self.receive(message, origin).await else {
            return Reply::Refused(Refusal::Unavailable);
        };
        let mut message = loop {
            arrival = match arrival {
                Arrival::Answer(encoded) => {
                    let accepted = accepted.as_deref();
                    return Box::pin(self.answer(*encoded, pass.as_ref(), peer, accepted)).await;
                }
                Arrival::Authenticate(sender) => Box::pin(self.judge(sender, peer)).await,
                Arrival::Message(message) => break *message,
                // There is none where messages go in exchanges.
                Arrival::Ended(_) => return Reply::NoAnswer,
            }
        };
        self.trace_request(message.plain.as_ref(), &message.message);
        if let Some(time) = looked_at {
            message.message = message.message.looked_for_at(time);
        }
        let (encoded, place) = self.request(message, pass.as_ref()).await;
        let reply = self.write(encoded, peer, accepted.as_deref());
        drop(place);
        reply
    }

    /// Has a message read. None when there was no time for it.
    async fn receive(
        self: &Arc<Self>,
        message: UnverifiedMessage,
        origin: Origin,
    ) -> Option<Arrival> {
        let is_costly = self.parts.endpoint.takes_a_private_key(&message);
        let read = move |endpoint: &Self| {
            let mut random = SystemRandom;
            let mut moment = endpoint.parts.clock.moment(&mut random);
            endpoint.parts.endpoint.receive(message, origin, &mut moment)
        };
        if !is_costly {
            return Some(read(self));
        }
        Counters::add(&self.counters.key_operations);
        let endpoint = Arc::clone(self);
        Box::pin(self.key_work.run(move || read(&endpoint))).await
    }

    /// Writes a message to the trace as it is without security.
    pub(super) fn trace_request(&self, plain: Option<&Envelope>, message: &VerifiedMessage) {
        if let (Some(trace), Some(plain)) = (&self.parts.trace, plain) {
            let note = message_note(&message.caller().name());
            trace.plain(self.parts.clock.wall(), TraceDirection::Received, &note, plain);
        }
    }

    /// Finds out who sent a message, which may take its time; nothing is held meanwhile but the message.
    pub(super) async fn judge(&self, sender: Box<UnknownSender>, peer: SocketAddr) -> Arrival {
        let verdict = self.verdict(sender.evidence().clone(), peer).await;
        let (mut random, clock) = (SystemRandom, &self.parts.clock);
        self.parts.endpoint.authenticated(sender, verdict, &mut clock.moment(&mut random))
    }

    /// What the rules of the endpoint say of who shows this.
    pub(super) async fn verdict(&self, evidence: Evidence, peer: SocketAddr) -> Verdict {
        let peer = PeerTag::of_address(peer.ip());
        self.parts.judge.verdict(evidence, peer, self.parts.clock.wall()).await
    }

    /// Reads a message. Its octets are gone then, unless they are needed for a trace or another node.
    pub(super) fn parse(&self, request: &mut Incoming) -> Result<UnverifiedMessage, Reply> {
        let octets = match (&self.parts.trace, &self.parts.durability) {
            (None, None) => std::mem::take(&mut request.octets),
            _ => request.octets.clone(),
        };
        let content_type = request.content_type.as_deref().unwrap_or_default();
        // Each exchange is a link of its own to the encoding.
        let mut decoder = self.parts.encoding;
        let read = decoder.read_owned(content_type, octets.into());
        if let Some(trace) = &self.parts.trace {
            let (now, envelope) = (self.parts.clock.wall(), read.as_ref().ok());
            trace.wire(now, TraceDirection::Received, "request", &request.octets, envelope);
        }
        let envelope = read.map_err(|error| {
            self.refused_request(request, &error);
            Reply::Refused(match error {
                DecodeError::ContentType { .. } => Refusal::ContentType,
                _ => Refusal::Malformed,
            })
        })?;
        self.told(UnverifiedMessage::from(envelope), request)
    }

    /// A message and the action that the transport names beside it, which is no other.
    pub(super) fn told(
        &self,
        message: UnverifiedMessage,
        request: &Incoming,
    ) -> Result<UnverifiedMessage, Reply> {
        let content_type = request.content_type.as_deref().unwrap_or_default();
        let named = request.action.as_deref();
        if self.parts.endpoint.settings().version.addressing == AddressingVersion::None {
            return self.without_addressing(message, request, content_type);
        }
        match message.action().and_then(|own| action_mismatch(named, content_type, own)) {
            None => Ok(message),
            Some(problem) => {
                self.refused_request(request, &problem);
                // WCF gives the request up, too.
                Err(Reply::NoAnswer)
            }
        }
    }

    /// A message whose action stands beside it, told by the transport.
    fn without_addressing(
        &self,
        message: UnverifiedMessage,
        request: &Incoming,
        content_type: &str,
    ) -> Result<UnverifiedMessage, Reply> {
        let told = told_action(request, content_type);
        let named = request.action.as_deref();
        let other = told.as_deref().and_then(|told| action_mismatch(named, content_type, told));
        match other {
            None => Ok(message.without_addressing(told.as_deref())),
            Some(problem) => {
                self.refused_request(request, &problem);
                Err(Reply::NoAnswer)
            }
        }
    }

    pub(super) fn refused_request(&self, request: &Incoming, problem: &dyn std::fmt::Display) {
        self.refused_message(request.peer, problem);
    }

    /// What came is no message.
    pub(super) fn refused_message(&self, peer: SocketAddr, problem: &dyn std::fmt::Display) {
        Counters::add(&self.counters.refused);
        Counters::add(&self.counters.malformed);
        let event = |address, reason| HostEvent::MessageRefused { address, peer, reason };
        self.tell(|address| event(address, Cut::of(problem).to_string()));
        if let Some(left_out) = self.log.pass() {
            let address = self.address();
            tracing::info!(address, %peer, left_out, "a request was refused: {}", Cut::of(problem));
        }
    }

    /// Tells those who watch the host.
    pub(super) fn tell(&self, event: impl FnOnce(Arc<str>) -> HostEvent) {
        self.parts.events.emit(|| event(Arc::clone(&self.address)));
    }

    /// Counts a message that was refused, and tells of it. Of operations is told where they are looked for.
    pub(super) fn refused(&self, kind: Option<RefusalKind>, peer: SocketAddr, problem: &str) {
        let kind = kind.unwrap_or(RefusalKind::Security);
        self.counters.refused(kind);
        if kind == RefusalKind::Operation {
            return;
        }
        self.tell(|address| {
            match kind {
                // What a rule says of somebody is as long as it needs to be: whom it has asked, and what to do.
                RefusalKind::Login => {
                    HostEvent::LoginRefused { address, peer, reason: Cut::own(problem).to_string() }
                }
                _ => {
                    let reason = Cut::of(problem).to_string();
                    HostEvent::MessageRefused { address, peer, reason }
                }
            }
        });
    }

    /// The octets of an answer for a client that reads these compressions.
    pub(super) fn write(
        self: &Arc<Self>,
        encoded: Encoded,
        peer: SocketAddr,
        accepted: Option<&str>,
    ) -> Reply {
        self.report(&encoded, peer);
        let Encoded { answer, plain, .. } = encoded;
        let is_fault = matches!(answer, ServiceAnswer::Fault(_));
        let envelope = match answer {
            ServiceAnswer::Message(envelope) | ServiceAnswer::Fault(envelope) => envelope,
            ServiceAnswer::Accepted => return Reply::Accepted,
            ServiceAnswer::Refused => return Reply::Refused(Refusal::Malformed),
            ServiceAnswer::Unavailable => return Reply::Refused(Refusal::Unavailable),
            ServiceAnswer::Failed => return Reply::Refused(Refusal::Failed),
            ServiceAnswer::NoAnswer => return Reply::NoAnswer,
        };
        let mut encoder = self.parts.encoding.for_answer(accepted);
        let Some(trace) = &self.parts.trace else {
            let soap::Encoded { content_type, octets } =
                encoder.write_owned(envelope, &mut SystemRandom);
            return Reply::Message { content_type, octets: octets.into(), is_fault };
        };
        let soap::Encoded { content_type, octets } = encoder.write(&envelope, &mut SystemRandom);
        {
            let now = self.parts.clock.wall();
            if let Some(plain) = &plain {
                trace.plain(now, TraceDirection::Sent, "answer", plain);
            }
            trace.wire(now, TraceDirection::Sent, "answer", &octets, Some(&envelope));
        }
        Reply::Message { content_type, octets: octets.into(), is_fault }
    }
}

impl Endpoint {
    /// Tells of a message that is refused, and of a security session that ends with its answer.
    pub(super) fn report(self: &Arc<Self>, encoded: &Encoded, peer: SocketAddr) {
        let Encoded { problem, refused, ended, .. } = encoded;
        if let Some(problem) = problem {
            self.refused(*refused, peer, problem);
            if let Some(left_out) = self.log.pass() {
                let (address, is_login) = (self.address(), *refused == Some(RefusalKind::Login));
                let problem = if is_login { Cut::own(problem) } else { Cut::of(problem) };
                tracing::warn!(address, left_out, "a message was refused: {problem}");
            }
        }
        if let Some(session) = ended {
            self.context_lost(session.identifier());
            self.forget_contexts();
        }
    }
}

/// Empties the tables of an endpoint's security of what has lapsed, as long as the endpoint lives.
async fn sweep_every_second(endpoint: Weak<Endpoint>) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        second.tick().await;
        let Some(endpoint) = endpoint.upgrade() else { return };
        let mut random = SystemRandom;
        let at = endpoint.parts.clock.moment(&mut random);
        let swept = endpoint.parts.endpoint.security().sweep(&at);
        endpoint.forget_contexts();
        if !swept.is_empty() {
            tracing::info!(address = endpoint.address(), "forgotten: {swept}");
        }
    }
}

/// Follows the file of cookie keys, as long as the endpoint lives.
async fn watch_cookie_keys(endpoint: Weak<Endpoint>, keys: WatchedKeys) {
    let between = Duration::from_secs(SECONDS_BETWEEN_LOOKS.into());
    while endpoint.strong_count() > 0 {
        tokio::time::sleep(between).await;
        let keys = keys.clone();
        let _ = tokio::task::spawn_blocking(move || keys.look()).await;
    }
}

/// Every action that the transport names, in the content type or in `SOAPAction`, must be the message's: whoever looks
/// at the transport alone (a firewall, a router) must not be shown another one.
fn action_mismatch(soap_action: Option<&str>, content_type: &str, action: &str) -> Option<String> {
    let other = |named: &String| !named.is_empty() && *named != action;
    let named = told_actions(soap_action, content_type).into_iter().flatten().find(other)?;
    Some(format!("the transport names the action {named}, the message is {action}"))
}

/// The action that the transport tells, if any.
pub(super) fn told_action(request: &Incoming, content_type: &str) -> Option<String> {
    let told = told_actions(request.action.as_deref(), content_type);
    told.into_iter().flatten().find(|action| !action.is_empty())
}

/// The parameter of a content type that names one.
const ACTION: &[u8] = b"action";

/// The actions that the transport tells: of SOAP 1.2 in the content type (RFC 3902), of SOAP 1.1 in a header of its own.
fn told_actions(soap_action: Option<&str>, content_type: &str) -> [Option<String>; 2] {
    // Most do not, and need not be taken apart.
    let mut places = content_type.as_bytes().windows(ACTION.len());
    let may_name = places.any(|own| own[0] | 0x20 == b'a' && own.eq_ignore_ascii_case(ACTION));
    let parsed = may_name.then(|| ContentType::parse(content_type)).flatten();
    let of_type = parsed.and_then(|parsed| parsed.action());
    let of_header = soap_action.map(|action| action.trim().trim_matches('"').to_owned());
    [of_type, of_header]
}

fn message_note(caller: &str) -> String {
    if caller.is_empty() { "request".to_owned() } else { format!("request of {}", Cut::of(caller)) }
}

#[cfg(test)]
mod tests;
