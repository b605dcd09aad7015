//! The service's end of the conversations of one endpoint: which link carries which session, what answers what, and what the
//! service calls of its clients.
//!
//! What is executed when, by which instance and at whose place is decided by [`ServiceSessions`](crate::ServiceSessions),
//! which know no links: the owner brings each what the other wants ([`DuplexOutput::Sessions`] there, answers and ends of
//! sessions back), as it does between them and the host's [`Admission`](crate::Admission).
//!
//! A session is a link: it begins when one is offered, and is over when the peer has ended its side and every call is
//! answered. With reliable sessions (`sequences`) it is a sequence each way, which goes on over another link when one breaks.
//! Where messages are protected (`contexts`) it is a security session, or the reliable one in it.

mod api;
mod calls;
mod composite;
mod contexts;
mod conversation;
mod over;
mod sequences;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;
use waxwing_reliable::{
    Body, CallId, DuplexInput as ReliableInput, DuplexListener, DuplexListenerInput, ExchangeId,
    Identifier, Links, SessionId, SettingsError, next_output,
};
use waxwing_soap::{EndpointReference, Fault, Moment, RandomSource, Time, uuid_v4};

pub(crate) use self::api::Outbound;
pub use self::api::{DuplexArrival, DuplexInput, DuplexMessage, DuplexOutput};
use self::conversation::{Asked, Calling, Conversation, Secured, Unwritten};
use self::over::{LATE, SessionOver};
use super::link::{LinkDemand, LinkId};
use super::outstanding::Related;
use crate::client::TransmissionId;
use crate::diagnosis::TransportFailure;
use crate::service::{
    Carried, Said, ServiceInput, ServiceResponse, ServiceSettings, VerifiedMessage, VerifiedRequest,
};

/// How long a client has to end its sequence when the service has ended its own, unless it is
/// [said](DuplexService::closing_within).
const CLOSE_TIMEOUT: Duration = Duration::from_secs(60);

/// The conversations of one endpoint over links.
#[derive(Debug)]
pub struct DuplexService {
    /// What the client is told to answer to: it answers on the link all the same.
    address: Box<str>,
    /// What the names of its sessions begin with.
    name: Box<str>,
    /// By the names that this end has given them, or its security.
    conversations: FxHashMap<SessionId, Conversation>,
    links: FxHashMap<LinkId, SessionId>,
    /// Messages are protected by security sessions: such a session is a conversation, unless there is a reliable one in it.
    is_secured: bool,
    /// Links of security sessions that carry no conversation yet.
    free: BTreeSet<LinkId>,
    /// What the message that is being taken shows.
    arriving: Option<Secured>,
    /// Messages that were given to the sessions and are not answered.
    asked: FxHashMap<ExchangeId, Asked>,
    /// Calls of the service that have not ended.
    calls: FxHashMap<CallId, Calling>,
    deadlines: BTreeSet<(Time, CallId)>,
    /// The last number that was given to a session, an exchange or a transmission.
    numbers: u64,
    /// The sequences; none at an endpoint without reliable sessions.
    sequences: Option<DuplexListener<Carried>>,
    /// How long a client has to end its sequence when the service has ended its own.
    close_timeout: Duration,
    /// Whether messages go to addresses where clients listen (composite duplex).
    is_composite: bool,
    /// Where what belongs to no session is answered then, while a message is looked at.
    answers_to: Option<EndpointReference>,
    outputs: VecDeque<DuplexOutput>,
}

impl DuplexService {
    /// An endpoint without links. `random` makes a name of it, which those of its sessions begin with.
    /// `bound`: connections are secured themselves (TLS), and a reliable session ends with its own.
    ///
    /// # Errors
    /// A setting of the reliable session is out of its range, or does nothing over links.
    pub fn new(
        settings: &ServiceSettings,
        bound: bool,
        random: &mut dyn RandomSource,
    ) -> Result<Self, SettingsError> {
        Self::with_links(settings, if bound { Links::Bound } else { Links::Replaced }, random)
    }

    fn with_links(
        settings: &ServiceSettings,
        links: Links,
        random: &mut dyn RandomSource,
    ) -> Result<Self, SettingsError> {
        Ok(Self {
            sequences: sequences::of(settings, links)?,
            is_composite: false,
            answers_to: None,
            close_timeout: CLOSE_TIMEOUT,
            address: settings.address.as_str().into(),
            name: format!("uuid:{}", uuid_v4(random)).into(),
            conversations: FxHashMap::default(),
            links: FxHashMap::default(),
            is_secured: false,
            free: BTreeSet::new(),
            arriving: None,
            asked: FxHashMap::default(),
            calls: FxHashMap::default(),
            deadlines: BTreeSet::new(),
            numbers: 0,
            outputs: VecDeque::new(),
        })
    }

    /// The same whose messages are protected: a link carries a security session, and what goes out in it is under its key.
    #[must_use]
    pub fn secured(self) -> Self {
        Self { is_secured: true, ..self }
    }

    /// The same whose clients have so long to end their sequences when the service has ended its own (`closeTimeout`); otherwise
    /// a minute.
    #[must_use]
    pub fn closing_within(self, close_timeout: Duration) -> Self {
        Self { close_timeout, ..self }
    }

    /// Takes one input. Then drain [`poll`](Self::poll). Inputs about what is gone are ignored, except that a call fails.
    pub fn handle(&mut self, input: DuplexInput, at: &mut Moment<'_>) {
        match input {
            // The first message says which session it is of.
            DuplexInput::Offered(link) if self.sequences.is_some() => {
                self.demand(link, LinkDemand::Accept);
            }
            DuplexInput::Arrived { link, arrival } if self.sequences.is_some() => {
                self.arrived_reliable(link, arrival, at);
            }
            DuplexInput::End(link) if self.sequences.is_some() => {
                self.links.remove(&link);
                self.demand(link, LinkDemand::Close);
                self.sequence(DuplexListenerInput::LinkEnded(link), at);
            }
            DuplexInput::Lost { link, failure } if self.sequences.is_some() => {
                self.links.remove(&link);
                let reason = failure.reason;
                self.sequence(DuplexListenerInput::LinkBroken { link, reason }, at);
            }
            DuplexInput::Accepted(session) if self.sequences.is_some() => {
                self.sequence(DuplexListenerInput::Accept(session), at);
            }
            DuplexInput::Failed(session) if self.sequences.is_some() => {
                let reason = "the service has given the session up".to_owned();
                self.of_session(session, ReliableInput::Abort { reason }, at);
            }
            DuplexInput::Gone(session) if self.sequences.is_some() => {
                let deadline = at.time + self.close_timeout;
                self.of_session(session, ReliableInput::Close { deadline }, at);
            }
            DuplexInput::Posted(arrival) => self.posted(arrival, at),
            DuplexInput::PostedEnd(security) => self.posted_end(security, at),
            DuplexInput::NotSent { link, id, failure } => self.not_sent(link, id, failure, at),
            DuplexInput::Shutdown => self.sequence(DuplexListenerInput::Shutdown, at),
            DuplexInput::SecurityEnded { link, security } => {
                self.security_ended(link, security, at)
            }
            DuplexInput::Offered(link) if self.is_secured => self.offered_free(link),
            DuplexInput::Arrived { link, arrival } if self.is_secured => {
                self.arrived_in_context(link, arrival);
            }
            DuplexInput::End(link) if self.free.remove(&link) => {
                self.demand(link, LinkDemand::Close);
            }
            DuplexInput::Offered(link) => self.offered(link),
            DuplexInput::Arrived { link, arrival } => self.arrived(link, arrival),
            DuplexInput::End(link) => self.input_ended(link),
            DuplexInput::Lost { link, failure } => self.lost(link, &failure),
            DuplexInput::Written { link, id } if self.is_composite => self.is_sent(link, id),
            DuplexInput::Written { link, id } => self.written(link, id),
            DuplexInput::Answer { exchange, response } => self.answered(exchange, response, at),
            DuplexInput::Accepted(session) => self.accepted(&session),
            DuplexInput::Failed(session) => self.ended(&session, LinkDemand::Abort),
            DuplexInput::Gone(session) => self.ended(&session, LinkDemand::Close),
            DuplexInput::Call { session, call, message, deadline } => {
                self.call(session, call, message, deadline, at);
            }
            DuplexInput::GivenUp(call) => self.give_up(call),
            DuplexInput::Tick => {
                self.expire(at.time);
                self.sequence(DuplexListenerInput::Tick, at);
            }
        }
    }

    /// The next output.
    pub fn poll(&mut self) -> Option<DuplexOutput> {
        next_output(&mut self.outputs, 64, 8)
    }

    /// When to give a `Tick`. None: not until something else happens.
    pub fn wake_at(&self) -> Option<Time> {
        let calls = self.deadlines.first().map(|(deadline, _)| *deadline);
        let sequences = self.sequences.as_ref().and_then(DuplexListener::wake_at);
        calls.into_iter().chain(sequences).min()
    }

    /// Whether there is a conversation of this name.
    pub fn has(&self, session: &SessionId) -> bool {
        self.conversations.contains_key(session)
    }

    /// How many conversations there are.
    pub fn conversation_count(&self) -> usize {
        self.conversations.len()
    }

    /// Whether a link carries a conversation: in reliable sessions none does before a message on it has named one.
    pub fn carries(&self, link: LinkId) -> bool {
        self.links.contains_key(&link)
    }

    /// How many links there are that carry a conversation.
    pub fn link_count(&self) -> usize {
        self.links.len()
    }

    /// How many calls of the service have not ended.
    pub fn call_count(&self) -> usize {
        self.calls.len()
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn demand(&mut self, link: LinkId, demand: LinkDemand) {
        self.outputs.push_back(DuplexOutput::Link { link, demand });
    }

    fn sessions(&mut self, input: ServiceInput) {
        self.outputs.push_back(DuplexOutput::Sessions(input));
    }

    fn warn(&mut self, session: &SessionId, text: impl Into<String>) {
        let (session, text) = (session.clone(), text.into());
        self.outputs.push_back(DuplexOutput::Warning { session, text });
    }

    fn transmit(&mut self, link: LinkId, message: Outbound) -> TransmissionId {
        self.transmit_to(link, None, message)
    }

    /// The same, in composite duplex to where the client listens.
    fn transmit_to(
        &mut self,
        link: LinkId,
        to: Option<Arc<EndpointReference>>,
        outbound: Outbound,
    ) -> TransmissionId {
        let id = TransmissionId(self.number());
        self.outputs.push_back(DuplexOutput::Transmit {
            link,
            id,
            message: DuplexMessage { outbound, to },
        });
        id
    }

    /// A link is a session that waits for its place.
    fn offered(&mut self, link: LinkId) {
        let number = self.number();
        let session = Identifier::new(format!("{};id={number}", self.name));
        self.links.insert(link, session.clone());
        self.conversations.insert(session.clone(), Conversation::new(link, None));
        self.sessions(ServiceInput::Connected(session));
    }

    fn accepted(&mut self, session: &SessionId) {
        // A link that says what it is for by its messages is accepted already.
        if let Some(conversation) = self.conversations.get(session).filter(|_| !self.is_secured) {
            let link = conversation.link;
            self.demand(link, LinkDemand::Accept);
        }
    }

    /// A message: the reply to a call of the service, or a call.
    fn arrived(&mut self, link: LinkId, arrival: DuplexArrival) {
        let Some(session) = self.links.get(&link).cloned() else { return };
        let Some(conversation) = self.conversations.get_mut(&session) else { return };
        let DuplexArrival { message, reply } = arrival;
        let VerifiedMessage { message, security, caller, .. } = message;
        let Body::Application(Carried::Request(request)) = &message.body else { return };
        let request = Arc::clone(request);
        match conversation.outstanding.take(request.addressing().relates_to.as_deref()) {
            Related::Reply(call) => {
                // Nobody else has it then, and nothing of it is copied.
                drop(message);
                self.completed(call, Some(VerifiedRequest::into_reply(request)))
            }
            Related::Late => self.warn(&session, LATE),
            // A fault is no request, and no fault is answered with a fault.
            Related::No if request.envelope().is_fault() => {
                let text = Fault::read(request.envelope()).map(|fault| fault.text().to_owned());
                let text = text.unwrap_or_default();
                self.warn(
                    &session,
                    format!("the client sent a fault that answers nothing: {text}"),
                );
            }
            Related::No => {
                let octets = request.envelope().document().memory();
                conversation.asked.take(octets);
                let exchange = ExchangeId(self.number());
                let asked = Asked { session: session.clone(), reply: Some(reply), octets };
                self.asked.insert(exchange, asked);
                let tag = Some(session.clone());
                let looked_at = None;
                let message = VerifiedMessage { message, tag, security, caller, looked_at };
                self.sessions(ServiceInput::Arrived { exchange, message });
            }
        }
        self.hold_or_resume(&session);
    }

    /// The peer sends nothing more: what it has sent is executed, and then the session is over.
    fn input_ended(&mut self, link: LinkId) {
        let Some(session) = self.links.get(&link).cloned() else { return };
        if let Some(conversation) = self.conversations.get_mut(&session) {
            conversation.is_ended = true;
        }
        self.no_replies(&session, || SessionOver::ByPeer.error());
        self.sessions(ServiceInput::ContextLost(session));
    }

    /// The link broke: nobody hears what is answered.
    fn lost(&mut self, link: LinkId, failure: &TransportFailure) {
        self.free.remove(&link);
        let Some(session) = self.links.remove(&link) else { return };
        if let Some(conversation) = self.conversations.get_mut(&session) {
            conversation.is_lost = true;
        }
        self.no_replies(&session, || SessionOver::Lost(failure).error());
        self.sessions(ServiceInput::ContextLost(session));
    }

    /// A call of the client has ended.
    fn answered(&mut self, exchange: ExchangeId, response: ServiceResponse, at: &mut Moment<'_>) {
        let Some(Asked { session, reply, octets }) = self.asked.remove(&exchange) else { return };
        let Some(reply) = reply else {
            return self.answered_in_sequence(&session, response, octets, at);
        };
        let Some(conversation) = self.conversations.get_mut(&session) else { return };
        let link = conversation.link;
        let goes_out = matches!(response.0, Said::Alone(Some(_)) | Said::Reliable(_));
        if conversation.is_lost || !goes_out {
            conversation.asked.done(octets);
        }
        match &response.0 {
            _ if conversation.is_lost => {}
            // Nobody is told, and the client must not wait for it.
            Said::NoAnswer | Said::Unavailable => self.demand(link, LinkDemand::Abort),
            _ if goes_out => {
                let id = self.transmit(link, Outbound::Answer(response, reply));
                self.await_writing(&session, id, Unwritten::Answer(octets));
            }
            // A one-way call.
            _ => {}
        }
        self.hold_or_resume(&session);
    }

    /// The session is over.
    fn ended(&mut self, session: &SessionId, how: LinkDemand) {
        let Some(conversation) = self.conversations.get_mut(session) else { return };
        let (link, was_lost) = (conversation.link, conversation.is_lost);
        // What was handed out is written before a link is closed.
        conversation.is_lost |= how == LinkDemand::Abort;
        self.no_replies(session, || SessionOver::Here.error());
        self.write_notes(session);
        let gone = self.conversations.remove(session);
        let (secured, to) = gone.map_or((None, None), |own| (own.secured, own.to));
        let is_there = self.links.remove(&link).is_some() && how == LinkDemand::Close;
        if let Some(security) = secured.and_then(|secured| secured.session) {
            self.end_security(security, is_there.then_some(link), to);
        }
        if !was_lost {
            self.demand(link, how);
        }
    }

    fn await_writing(&mut self, session: &SessionId, id: TransmissionId, then: Unwritten) {
        if let Some(conversation) = self.conversations.get_mut(session) {
            conversation.unwritten.insert(id, then);
        }
    }

    /// Whether the peer must wait before its next message is read: it may be ahead of the service by so much only. While the
    /// service waits for replies of the peer, which come behind such messages, it may be further ahead. In a reliable session
    /// the window says so, and acknowledgements must be read.
    fn hold_or_resume(&mut self, session: &SessionId) {
        if self.sequences.is_some() {
            return;
        }
        let Some(conversation) = self.conversations.get_mut(session) else { return };
        let must_hold = conversation.must_hold();
        if conversation.is_held != must_hold && !conversation.is_lost {
            conversation.is_held = must_hold;
            let link = conversation.link;
            self.demand(link, if must_hold { LinkDemand::Hold } else { LinkDemand::Resume });
        }
    }
}
