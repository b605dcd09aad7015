//! What a session is made of, and its states as values.

use std::collections::VecDeque;

use waxwing_reliable::{
    Ascending, CallId, DuplexSession, DuplexSettings as ReliableSettings, ExchangeId, Initiator,
    Links, ReliableMessagingVersion, SettingsError, Shape, Status, Time,
};
use waxwing_security::conversation::{CallerIdentity, ClientSecurity, Correlation};
use waxwing_soap::{AddressHeaders, Envelope, Moment};

use super::api::{AuthenticationId, ClientOutput, Leg, TransmissionId, Transmit};
use super::attempt::Opening;
use super::call::DirectCall;
use super::keeping::Keeping;
use super::link::{LinkCalls, LinkSequence};
use super::settings::ClientSettings;
use crate::diagnosis::{Situation, TransportFailure};
use crate::duplex::{DuplexSettings, LinkId};
use crate::error::SessionError;
use crate::message::AppMessage;

/// One conversation of a client, without IO: [`handle`](Self::handle), then drain [`poll`](Self::poll), then come again at
/// [`wake_at`](Self::wake_at).
pub struct ClientSession {
    pub(super) settings: ClientSettings,
    /// The headers that belong to the service's address.
    pub(super) headers: AddressHeaders,
    pub(super) security: ClientSecurity,
    /// The exchange of the security protocol.
    pub(super) exchange: Exchange,
    judgments: u64,
    pub(super) calls: Calls,
    pub(super) phase: Phase,
    /// What is kept of it, where it is durable.
    pub(super) keeping: Option<Box<Keeping>>,
    /// Messages of calls and sequences whose answers are waited for.
    pub(super) pending: Ascending<TransmissionId, Pending>,
    transmissions: u64,
    /// How far it has come, for the diagnosis of failures.
    pub(super) reached: Reached,
    pub(super) outputs: VecDeque<ClientOutput>,
    pub(super) trace: bool,
}

/// Where a session is.
#[derive(Debug)]
pub(super) enum Phase {
    New,
    Opening(Opening),
    Open,
    /// `until` is when Close gives up.
    Closing {
        until: Time,
    },
    /// The sequences are ended, the security session is being cancelled.
    Cancelling {
        until: Time,
    },
    /// Over; with why, when it failed.
    Ended(Option<SessionError>),
}

/// The exchange of the security protocol that is under way. What it is for is the phase's: to open, to renew the key, to
/// cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exchange {
    None,
    /// It waits for the answer to this message.
    Answer(TransmissionId),
    /// It waits for this verdict.
    Verdict(AuthenticationId),
}

/// How calls are made.
pub(super) enum Calls {
    Sequence(Box<Sequence>),
    Direct(DirectCalls),
    Links(Box<LinkCalls>),
}

/// Calls in a reliable session.
pub(super) struct Sequence {
    pub(super) version: ReliableMessagingVersion,
    pub(super) initiator: Initiator<AppMessage>,
    /// Why the layer below failed, which says more than "the layer below failed": told once the sequence has heard.
    pub(super) cause: Option<SessionError>,
    /// It has said its last.
    pub(super) is_over: bool,
    /// The session has failed, which is told when the sequence has told of its calls.
    pub(super) failed: Option<SessionError>,
}

/// Calls that go by themselves.
#[derive(Default)]
pub(super) struct DirectCalls {
    /// Those that wait for the session, or for a new key.
    pub(super) waiting: VecDeque<DirectCall>,
}

/// What an answer that is waited for belongs to.
#[derive(Debug)]
pub(super) enum Pending {
    Sequence(ExchangeId, Correlation),
    Direct(DirectCall, Correlation),
}

/// How far a session has come.
#[derive(Debug, Default)]
pub(super) struct Reached {
    pub(super) opened: bool,
    pub(super) answered: bool,
    pub(super) handshake_answers: u32,
    pub(super) transport: Option<TransportFailure>,
}

/// How a message goes out.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way {
    /// An exchange of its own, or a leg of several.
    Exchange(Leg),
    /// Over a link; whether it answers something that came, and whether somebody waits until it is written.
    Link { link: LinkId, is_answer: bool, is_awaited: bool },
}

impl ClientSession {
    /// A session that is not open yet.
    ///
    /// # Errors
    ///
    /// A setting of the reliable session is out of its range.
    pub fn new(settings: ClientSettings, security: ClientSecurity) -> Result<Self, SettingsError> {
        let calls = match &settings.reliable {
            Some((version, shape, reliable)) => {
                let initiator = Initiator::new(*version, *shape, reliable.clone())?;
                Calls::Sequence(Box::new(Sequence::new(*version, initiator)))
            }
            None => Calls::Direct(DirectCalls::default()),
        };
        let is_durable = settings.reliable.as_ref().is_some_and(|(.., reliable)| reliable.durable);
        Ok(Self {
            keeping: is_durable.then(Box::default),
            settings,
            headers: AddressHeaders::default(),
            security,
            exchange: Exchange::None,
            judgments: 0,
            calls,
            phase: Phase::New,
            pending: Ascending::default(),
            transmissions: 0,
            reached: Reached::default(),
            outputs: VecDeque::new(),
            trace: false,
        })
    }

    /// The same for a service whose address has these headers: every message carries them. Give them to the
    /// [options](waxwing_security::conversation::ClientOptions::headers) of the security, too.
    #[must_use]
    pub fn with_address_headers(mut self, headers: AddressHeaders) -> Self {
        self.headers = headers;
        self
    }

    /// The same over links: messages go both ways over one connection, and `RelatesTo` says what answers what. A security
    /// handshake goes over exchanges all the same, which the owner may make links of.
    ///
    /// # Errors
    ///
    /// A setting of the reliable session is out of its range, or does nothing over links.
    pub fn over_links(mut self, settings: DuplexSettings) -> Result<Self, SettingsError> {
        let sequence = match &self.settings.reliable {
            None => None,
            Some((version, shape, reliable)) => {
                let (version, reliable) = (*version, reliable.clone());
                // A security context proves on any connection whose session goes on there.
                let is_bound = settings.bound && !self.is_conversation();
                let links = match (settings.composite, is_bound) {
                    (true, _) => Links::Unseen,
                    (false, true) => Links::Bound,
                    (false, false) => Links::Replaced,
                };
                let two_way = *shape == Shape::RequestReply;
                let own =
                    ReliableSettings { reliable, links, two_way, ..ReliableSettings::default() };
                let session = DuplexSession::new(version, own)?;
                Some(Box::new(LinkSequence::new(version, session)))
            }
        };
        self.calls = Calls::Links(Box::new(LinkCalls::new(settings, sequence)));
        Ok(self)
    }

    /// Asks for messages in plain as well, for traces.
    pub fn set_trace(&mut self, trace: bool) {
        self.trace = trace;
    }

    /// The reliable session at this moment, for a person.
    pub fn status(&self) -> Option<Status> {
        match &self.calls {
            Calls::Sequence(sequence) => Some(sequence.initiator.status()),
            Calls::Links(links) => links.sequence.as_ref().map(|own| own.session.status()),
            Calls::Direct(_) => None,
        }
    }

    /// Whether messages wait that [`ClientInput::Written`](crate::ClientInput::Written) may let go.
    pub fn holds_back(&self) -> bool {
        match &self.calls {
            Calls::Sequence(sequence) => sequence.initiator.holds_back(),
            Calls::Direct(_) | Calls::Links(_) => false,
        }
    }

    /// Whether the next message would wait for an exchange that was begun and is not done: whoever runs it must go on with it.
    pub fn is_held_up(&self) -> bool {
        match &self.calls {
            Calls::Sequence(sequence) => sequence.initiator.is_held_up(),
            Calls::Direct(_) | Calls::Links(_) => false,
        }
    }

    /// Whether the session is open and takes calls.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    /// Whether it is over.
    pub fn is_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended(_))
    }

    /// What failures of this session are judged by. The session does not know the other side's clock; the caller adds
    /// what it knows of that.
    pub fn situation(&self) -> Situation {
        Situation {
            reliable: self.settings.reliable.as_ref().map(|(version, ..)| *version),
            security: self.security.profile(),
            opened: self.reached.opened,
            answered: self.reached.answered,
            handshake_answers: self.reached.handshake_answers,
            transport: self.reached.transport.as_ref().map(|failure| failure.cause),
            clocks_apart: false,
        }
    }

    /// Who the service is, once it is known.
    pub fn service_identity(&self) -> Option<CallerIdentity> {
        self.security.service_certificate().cloned().map(CallerIdentity::Certificate)
    }

    /// The identifier of the security context, once there is one.
    pub fn security_context(&self) -> Option<String> {
        self.security.context().map(|context| context.identifier.to_string())
    }

    // ---- what all subjects share ----

    pub(super) fn is_opening(&self) -> bool {
        matches!(self.phase, Phase::Opening(_))
    }

    pub(super) fn warn(&mut self, text: impl Into<String>) {
        self.outputs.push_back(ClientOutput::Warning(text.into()));
    }

    /// Hands a message out to be posted.
    pub(super) fn transmit(
        &mut self,
        envelope: Envelope,
        plain: Option<Envelope>,
        deadline: Time,
    ) -> TransmissionId {
        self.transmit_over(Way::Exchange(Leg::Alone), envelope, plain, deadline)
    }

    /// The same over a link.
    pub(super) fn transmit_over(
        &mut self,
        way: Way,
        envelope: Envelope,
        plain: Option<Envelope>,
        deadline: Time,
    ) -> TransmissionId {
        let id = TransmissionId(self.transmissions);
        self.transmissions += 1;
        let (link, is_answer, is_awaited, leg) = match way {
            Way::Exchange(leg) => (None, false, true, leg),
            Way::Link { link, is_answer, is_awaited } => {
                (Some(link), is_answer, is_awaited, Leg::Alone)
            }
        };
        let transmit = Transmit { id, link, is_answer, is_awaited, leg, envelope, plain, deadline };
        self.outputs.push_back(ClientOutput::Transmit(Box::new(transmit)));
        id
    }

    pub(super) fn new_judgment(&mut self) -> AuthenticationId {
        self.judgments += 1;
        AuthenticationId(self.judgments)
    }

    /// The session has failed: tells every call that waits, then the owner.
    pub(super) fn fault(&mut self, error: SessionError, at: &mut Moment<'_>) {
        if self.is_ended() {
            return;
        }
        self.phase = Phase::Ended(Some(error.clone()));
        self.abort_sequence(&error, at);
        self.abort_link_sequence(&error, at);
        let pending = std::mem::take(&mut self.pending);
        let pending = pending.into_values().filter_map(Pending::into_direct);
        let mut lost: Vec<CallId> = pending.map(|direct| direct.call).collect();
        match &mut self.calls {
            Calls::Direct(direct) => lost.extend(direct.waiting.drain(..).map(|d| d.call)),
            Calls::Links(links) => lost.extend(links.lose_calls()),
            Calls::Sequence(_) => {}
        }
        for call in lost {
            self.outputs.push_back(ClientOutput::CallFailed {
                call,
                number: None,
                error: error.clone(),
            });
        }
        match &mut self.calls {
            // What it says of its calls waits until something is durable.
            Calls::Sequence(sequence) if !sequence.is_over => sequence.failed = Some(error),
            _ => {
                self.give_link_up(at);
                self.outputs.push_back(ClientOutput::Faulted(error));
            }
        }
    }

    /// The session was closed as it should.
    pub(super) fn end(&mut self) {
        self.phase = Phase::Ended(None);
        self.pending.clear();
        self.outputs.push_back(ClientOutput::Closed);
    }
}

impl Sequence {
    fn new(version: ReliableMessagingVersion, initiator: Initiator<AppMessage>) -> Self {
        Self { version, initiator, cause: None, is_over: false, failed: None }
    }
}

impl Pending {
    fn into_direct(self) -> Option<DirectCall> {
        match self {
            Pending::Direct(direct, _) => Some(direct),
            Pending::Sequence(..) => None,
        }
    }
}

impl std::fmt::Debug for ClientSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientSession")
            .field("to", &self.settings.to)
            .field("phase", &self.phase)
            .field("security", &self.security)
            .finish_non_exhaustive()
    }
}
