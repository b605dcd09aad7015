//! What a session is made of, and its states as values.

use std::collections::{BTreeMap, VecDeque};

use waxwing_reliable::{
    CallId, ExchangeId, Initiator, ReliableMessagingVersion, SettingsError, Status, Time,
};
use waxwing_security::conversation::{CallerIdentity, ClientSecurity, Correlation};
use waxwing_soap::{AddressHeaders, Envelope, Moment};

use super::api::{AuthenticationId, ClientOutput, TransmissionId, Transmit};
use super::attempt::Opening;
use super::settings::ClientSettings;
use crate::diagnosis::{Situation, TransportFailure};
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
    /// Messages of calls and sequences whose answers are waited for.
    pub(super) pending: BTreeMap<TransmissionId, Pending>,
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
}

/// Calls in a reliable session.
pub(super) struct Sequence {
    pub(super) version: ReliableMessagingVersion,
    pub(super) initiator: Initiator<AppMessage>,
    /// Why the layer below failed, which says more than "the layer below failed": told once the sequence has heard.
    pub(super) cause: Option<SessionError>,
}

/// Calls that go by themselves.
#[derive(Default)]
pub(super) struct DirectCalls {
    /// Those that wait for the session, or for a new key.
    pub(super) waiting: VecDeque<DirectCall>,
}

/// A call without reliable session.
#[derive(Debug)]
pub(super) struct DirectCall {
    pub(super) call: CallId,
    pub(super) message: AppMessage,
    pub(super) deadline: Time,
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
                Calls::Sequence(Box::new(Sequence { version: *version, initiator, cause: None }))
            }
            None => Calls::Direct(DirectCalls::default()),
        };
        Ok(Self {
            settings,
            headers: AddressHeaders::default(),
            security,
            exchange: Exchange::None,
            judgments: 0,
            calls,
            phase: Phase::New,
            pending: BTreeMap::new(),
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

    /// Asks for messages in plain as well, for traces.
    pub fn set_trace(&mut self, trace: bool) {
        self.trace = trace;
    }

    /// The reliable session at this moment, for a person.
    pub fn status(&self) -> Option<Status> {
        match &self.calls {
            Calls::Sequence(sequence) => Some(sequence.initiator.status()),
            Calls::Direct(_) => None,
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
        let id = TransmissionId(self.transmissions);
        self.transmissions += 1;
        let action = envelope.action().unwrap_or_default().into_owned();
        let transmit = Transmit { id, action, envelope, plain, deadline };
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
        let pending = std::mem::take(&mut self.pending);
        let mut lost: Vec<DirectCall> = Vec::new();
        lost.extend(pending.into_values().filter_map(Pending::into_direct));
        if let Calls::Direct(direct) = &mut self.calls {
            lost.extend(direct.waiting.drain(..));
        }
        for DirectCall { call, .. } in lost {
            self.outputs.push_back(ClientOutput::CallFailed { call, error: error.clone() });
        }
        self.outputs.push_back(ClientOutput::Faulted(error));
    }

    /// The session was closed as it should.
    pub(super) fn end(&mut self) {
        self.phase = Phase::Ended(None);
        self.pending.clear();
        self.outputs.push_back(ClientOutput::Closed);
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
