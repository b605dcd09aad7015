//! The client's end of one conversation.
//!
//! `opening` runs the security handshake and creates the sequence, `exchange` posts messages and takes answers, `closing`
//! ends both. This file holds the state and its inputs.

mod closing;
mod exchange;
mod opening;
mod progress;

use std::collections::{BTreeMap, VecDeque};

use waxwing_reliable::{
    CallId, Identifier, Initiator, InitiatorInput, ReliableMessagingVersion,
    ReliableSessionSettings, SettingsError, Shape, Status, Time,
};
use waxwing_security::conversation::{CallerIdentity, ClientSecurity, Evidence};
use waxwing_soap::{AddressHeaders, Envelope, MessageVersion, Moment};

use self::exchange::Pending;
use self::opening::Opening;
use crate::diagnosis::{Situation, TransportFailure};
use crate::error::SessionError;
use crate::message::{AppMessage, ApplicationMessage};

/// What a client session must know beside its security.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// The address of the service, `To` of every request.
    pub to: String,
    /// SOAP and addressing versions.
    pub version: MessageVersion,
    /// The reliable session; none when messages go by themselves.
    pub reliable: Option<(ReliableMessagingVersion, Shape, ReliableSessionSettings)>,
    /// Whether a service that is not there (nothing listens, unknown host, 404, TLS) is tried again until the open
    /// timeout, as WCF's reliable sessions do; by default it is told at once.
    pub retry: bool,
    /// Whether a rejected credential is tried again until the open timeout, as WCF's documentation has it. WCF's code
    /// tells the caller at once, and so does this by default (reliable session only).
    pub retry_authentication: bool,
    /// How long one exchange may take (`SendTimeout`).
    pub send_timeout: std::time::Duration,
}

/// One message that was handed out to be posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransmissionId(pub u64);

/// A message to be posted.
#[derive(Debug)]
pub struct Transmit {
    /// Tell [`ClientSession::written`] when it is written, and give the answer to [`ClientSession::answer`], under
    /// this name.
    pub id: TransmissionId,
    /// The action, for the transport's headers and for traces.
    pub action: String,
    /// The message, protected.
    pub envelope: Envelope,
    /// The message before it was protected, when traces of it are wanted.
    pub plain: Option<Envelope>,
    /// When the exchange should be given up.
    pub deadline: Time,
}

/// One certificate of the service that was handed out to be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuthenticationId(u64);

/// How an exchange ended.
#[derive(Debug)]
pub enum Answer {
    /// With a message.
    Message(Box<Envelope>),
    /// With an empty response (202, or 200 without body).
    Empty,
    /// Without a message.
    Failed(TransportFailure),
}

/// What the session wants done.
#[derive(Debug)]
pub enum ClientOutput {
    /// Post a message.
    Transmit(Box<Transmit>),
    /// Decide whether the service's certificate is good, and give the verdict to [`ClientSession::authenticated`].
    Authenticate {
        /// Which verdict is asked for.
        id: AuthenticationId,
        /// What the service shows.
        evidence: Box<Evidence>,
    },
    /// The session is open.
    Opened,
    /// A call has ended well. The reply may be a SOAP fault of the application; a one-way call has none.
    Completed {
        /// Which.
        call: CallId,
        /// Its reply.
        reply: Option<AppMessage>,
    },
    /// A call has failed; the session may go on.
    CallFailed {
        /// Which.
        call: CallId,
        /// Why.
        error: SessionError,
    },
    /// A reply was verified and decrypted: for traces, when they are wanted.
    Plain(TransmissionId, Box<Envelope>),
    /// The session was closed as it should. Last output.
    Closed,
    /// The session has failed; every call has failed before. Last output but for a message to the peer whose answer
    /// does not matter.
    Faulted(SessionError),
    /// The key of the security session was renewed.
    Renewed,
    /// For a person to watch.
    Event(waxwing_reliable::Event),
    /// Something that did not stop the session but should be known.
    Warning(String),
}

/// Where the session is.
#[derive(Debug)]
enum Phase {
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
    Ended,
}

/// One conversation of a client, without IO.
pub struct ClientSession {
    settings: ClientSettings,
    /// The headers that belong to the service's address.
    headers: AddressHeaders,
    security: ClientSecurity,
    reliable: Option<Initiator<AppMessage>>,
    phase: Phase,
    pending: BTreeMap<TransmissionId, Pending>,
    transmissions: u64,
    /// The verdict that is waited for, if any; they are numbered from one.
    judged: Option<AuthenticationId>,
    judgments: u64,
    /// Whether an exchange of the security protocol is under way.
    in_trust: bool,
    /// Calls without reliable session that wait for the session, or for a new key.
    waiting: VecDeque<Direct>,
    /// What made the layer below fail, which says more than "the layer below failed".
    cause: Option<SessionError>,
    /// How far it has come, for the diagnosis of failures.
    reached: Reached,
    outputs: VecDeque<ClientOutput>,
    trace: bool,
}

/// How far a session has come.
#[derive(Debug, Default)]
struct Reached {
    opened: bool,
    answered: bool,
    handshake_answers: u32,
    transport: Option<TransportFailure>,
}

/// A call without reliable session.
#[derive(Debug)]
struct Direct {
    call: CallId,
    message: AppMessage,
    deadline: Time,
}

impl ClientSession {
    /// A session that is not open yet.
    ///
    /// # Errors
    ///
    /// A setting of the reliable session is out of its range.
    pub fn new(settings: ClientSettings, security: ClientSecurity) -> Result<Self, SettingsError> {
        let reliable = match &settings.reliable {
            Some((version, shape, reliable)) => {
                Some(Initiator::new(*version, *shape, reliable.clone())?)
            }
            None => None,
        };
        Ok(Self {
            settings,
            headers: AddressHeaders::default(),
            security,
            reliable,
            phase: Phase::New,
            pending: BTreeMap::new(),
            transmissions: 0,
            judged: None,
            judgments: 0,
            in_trust: false,
            waiting: VecDeque::new(),
            cause: None,
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

    /// Asks for messages in plain as well, for traces.
    pub fn set_trace(&mut self, trace: bool) {
        self.trace = trace;
    }

    /// Opens: security handshake, then CreateSequence. Ends with [`ClientOutput::Opened`] or `Faulted`, not later than
    /// `deadline`.
    pub fn open(&mut self, deadline: Time, at: &mut Moment<'_>) {
        if !matches!(self.phase, Phase::New) {
            return;
        }
        self.phase = Phase::Opening(Opening::new(at.time, deadline));
        self.secure(at);
    }

    /// Sends a request. Ends with [`ClientOutput::Completed`] or `CallFailed`. Before the session is open it waits.
    pub fn call(
        &mut self,
        call: CallId,
        message: ApplicationMessage,
        deadline: Time,
        at: &mut Moment<'_>,
    ) {
        let message = AppMessage::new(message);
        match self.phase {
            Phase::New | Phase::Opening(_) | Phase::Open => {}
            _ => {
                let error =
                    self.cause.clone().unwrap_or(SessionError::State("the channel is closed"));
                self.outputs.push_back(ClientOutput::CallFailed { call, error });
                return;
            }
        }
        match &mut self.reliable {
            Some(reliable) => {
                let message_id = message.message_id.as_deref().map(Identifier::new);
                let deadline = Some(deadline);
                let input = InitiatorInput::Send { call, message, message_id, deadline };
                reliable.handle(input, at);
                self.drain(at);
            }
            None => {
                let direct = Direct { call, message, deadline };
                match self.phase {
                    Phase::Open => self.send_direct(direct, at),
                    _ => self.waiting.push_back(direct),
                }
            }
        }
    }

    /// The session ends without more ado; the peer is told if it can be.
    pub fn abort(&mut self, reason: &str, at: &mut Moment<'_>) {
        if matches!(self.phase, Phase::Ended) {
            return;
        }
        match &mut self.reliable {
            Some(reliable) if matches!(self.phase, Phase::Open | Phase::Closing { .. }) => {
                reliable.handle(InitiatorInput::Abort { reason: reason.to_owned() }, at);
                self.drain(at);
            }
            _ => self.give_up(SessionError::Aborted(reason.to_owned()), at),
        }
    }

    /// The next output.
    pub fn poll(&mut self) -> Option<ClientOutput> {
        self.outputs.pop_front()
    }

    /// When to call [`tick`](Self::tick). None: not until something else happens.
    pub fn wake_at(&self) -> Option<Time> {
        let own = match &self.phase {
            Phase::Opening(opening) => Some(opening.wake_at()),
            Phase::Closing { until } | Phase::Cancelling { until } => Some(*until),
            _ => None,
        };
        let reliable = self.reliable.as_ref().and_then(Initiator::wake_at);
        let calls = self.waiting.iter().map(|direct| direct.deadline).min();
        [own, reliable, calls].into_iter().flatten().min()
    }

    /// Time has passed.
    pub fn tick(&mut self, at: &mut Moment<'_>) {
        match &self.phase {
            Phase::Opening(_) => self.tick_opening(at),
            Phase::Cancelling { until } if at.time >= *until => {
                self.warn("the cancellation of the security session was not answered in time");
                self.end();
            }
            Phase::Closing { until } if self.reliable.is_none() && at.time >= *until => {
                self.closing_timed_out(at);
            }
            _ => {}
        }
        self.tick_waiting(at.time);
        if let Some(reliable) = &mut self.reliable {
            reliable.handle(InitiatorInput::Tick, at);
            self.drain(at);
        }
    }

    /// The reliable session at this moment, for a person.
    pub fn status(&self) -> Option<Status> {
        self.reliable.as_ref().map(Initiator::status)
    }

    /// Whether the session is open and takes calls.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    /// Whether it is over.
    pub fn is_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended)
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

    fn warn(&mut self, text: impl Into<String>) {
        self.outputs.push_back(ClientOutput::Warning(text.into()));
    }

    /// The session has failed: tells every call that waits, then the owner.
    fn fault(&mut self, error: SessionError, at: &mut Moment<'_>) {
        if matches!(self.phase, Phase::Ended) {
            return;
        }
        self.phase = Phase::Ended;
        if let Some(reliable) = &mut self.reliable {
            // Nothing comes of it when the reliable session is what failed.
            self.cause.get_or_insert_with(|| error.clone());
            reliable.handle(InitiatorInput::Abort { reason: error.to_string() }, at);
            self.drain(at);
        }
        let pending = std::mem::take(&mut self.pending);
        let direct =
            pending.into_values().filter_map(Pending::into_direct).chain(self.waiting.drain(..));
        for direct in direct.collect::<Vec<_>>() {
            self.outputs
                .push_back(ClientOutput::CallFailed { call: direct.call, error: error.clone() });
        }
        self.cause.get_or_insert_with(|| error.clone());
        self.outputs.push_back(ClientOutput::Faulted(error));
    }

    fn end(&mut self) {
        self.phase = Phase::Ended;
        self.pending.clear();
        self.outputs.push_back(ClientOutput::Closed);
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
