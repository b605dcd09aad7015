//! The server's role: what a client's octets ask for (MC-NMF §3.2).

use super::decoder::RecordDecoder;
use super::error::{FramingError, FramingProblem};
use super::fault::FaultCode;
use super::limits::{FramingLimits, MAX_DRAIN, MAX_PREAMBLE_DRAIN};
use super::mode::{Mode, content_type_of_encoding};
use super::record::{Record, RecordType};

/// The server's end of a connection. Octets of the client go in; each step that comes out is for the owner to agree with, or
/// to [refuse](Refusal). Takes no octet beyond the step that it gives: what follows a request for an upgrade belongs to the
/// handshake.
///
/// ```
/// use waxwing_soap::framing::{FramingLimits, ServerFraming, ServerStep};
///
/// let mut octets = &b"\x00\x01\x00\x01\x02\x02\x09net.tcp:/\x03\x08\x0c\x07"[..];
/// let mut server = ServerFraming::new(FramingLimits::default());
/// let mut steps = Vec::new();
/// while let Some(step) = server.read(&mut octets)? {
///     steps.push(step);
/// }
/// assert_eq!(steps[1], ServerStep::ContentType("application/soap+msbinsession1".into()));
/// assert_eq!(steps[2..], [ServerStep::PreambleEnd, ServerStep::End]);
/// # Ok::<(), waxwing_soap::framing::FramingError>(())
/// ```
#[derive(Debug)]
pub struct ServerFraming {
    decoder: RecordDecoder,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Version,
    Mode,
    Via(Mode),
    Encoding(Mode),
    /// The encoding is known; an upgrade may be asked for, or the preamble ends.
    Preamble(Mode),
    Upgrading(Mode),
    /// The preamble is over.
    Session,
    /// The last that came was an envelope.
    AfterEnvelope,
    /// The one message of a singleton.
    Singleton,
    InChunks,
    AfterChunks,
    Ended,
}

/// What a client asks for, or sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerStep {
    /// It wants a connection to this address, in this mode.
    Via {
        /// [`Mode::Duplex`] or [`Mode::Singleton`].
        mode: Mode,
        /// An absolute URI, as the client wrote it.
        via: String,
    },
    /// How its messages are encoded.
    ContentType(String),
    /// The stream is to be upgraded. Granted with [`Record::UpgradeResponse`], after which the octets of the handshake follow;
    /// what comes through the upgraded stream goes on here.
    Upgrade(String),
    /// The preamble is over: to be answered with [`Record::PreambleAck`].
    PreambleEnd,
    /// A message (duplex).
    Envelope(Vec<u8>),
    /// The one message begins (singleton).
    Begin,
    /// Some octets of it.
    Piece(Vec<u8>),
    /// All of it has come.
    Complete,
    /// The client sends nothing more.
    End,
}

impl ServerFraming {
    /// The beginning of a connection.
    pub fn new(limits: FramingLimits) -> Self {
        Self { decoder: RecordDecoder::new(limits), state: State::Version }
    }

    /// Other limits for what comes from now on: those of the endpoint that is asked for.
    pub fn set_max_envelope(&mut self, envelope: usize) {
        self.decoder.set_limits(self.decoder.limits().with_envelope(envelope));
    }

    /// After [`ServerStep::End`]: the connection begins anew, with a preamble.
    pub fn restart(&mut self) {
        self.state = State::Version;
        self.decoder.restart();
    }

    /// Whether nothing has come of this preamble.
    pub fn is_fresh(&self) -> bool {
        self.state == State::Version && self.decoder.position() == 0
    }

    /// Whether a record has begun and is not over, or the end that belongs behind a message in chunks is still to come.
    pub fn is_within_record(&self) -> bool {
        self.state == State::AfterChunks || !self.decoder.is_between_records()
    }

    /// Whether the one message is waited for that the connection was opened for (singleton), and nothing of it has come.
    pub fn is_awaiting_message(&self) -> bool {
        self.state == State::Singleton && self.decoder.is_between_records()
    }

    /// The next step; none when more must come.
    ///
    /// # Errors
    /// What comes is not what the protocol has there, or is larger than it may be. [`Refusal::of`] says what to do.
    pub fn read(&mut self, octets: &mut &[u8]) -> Result<Option<ServerStep>, FramingError> {
        if self.state == State::Ended {
            return Ok(None);
        }
        loop {
            let Some(record) = self.decoder.read_one_of(self.expected(), octets)? else {
                return Ok(None);
            };
            let (state, step) = self.understand(record)?;
            self.state = state;
            if step.is_some() {
                return Ok(step);
            }
        }
    }

    /// The stream has ended. That is the end of what the client sends when it has just said so, or sent a whole message, and of
    /// a connection on which nothing has begun.
    ///
    /// # Errors
    /// The stream ends in the middle of something.
    pub fn end_of_stream(&self) -> Result<(), FramingError> {
        let is_between = self.decoder.is_between_records();
        match self.state {
            State::Ended => Ok(()),
            State::AfterEnvelope | State::AfterChunks if is_between => Ok(()),
            State::Version if self.is_fresh() => Ok(()),
            _ => Err(self.error(FramingProblem::PrematureEnd)),
        }
    }

    fn expected(&self) -> &'static [RecordType] {
        use RecordType as Kind;
        match self.state {
            State::Version => &[Kind::Version],
            State::Mode => &[Kind::Mode],
            State::Via(_) => &[Kind::Via],
            State::Encoding(_) => &[Kind::ExtensibleEncoding, Kind::KnownEncoding],
            State::Preamble(_) | State::Upgrading(_) => &[Kind::PreambleEnd, Kind::UpgradeRequest],
            State::Session | State::AfterEnvelope => &[Kind::SizedEnvelope, Kind::End],
            State::Singleton | State::InChunks => &[Kind::UnsizedEnvelope],
            State::AfterChunks | State::Ended => &[Kind::End],
        }
    }

    /// What a record means here. Which ones come is seen to before.
    fn understand(&self, record: Record) -> Result<(State, Option<ServerStep>), FramingError> {
        let done = |state, step| Ok((state, Some(step)));
        match (self.state, record) {
            (State::Version, Record::Version { major: 1, .. }) => Ok((State::Mode, None)),
            (State::Version, Record::Version { major, .. }) => {
                Err(self.error(FramingProblem::Version(major)))
            }
            (State::Mode, Record::Mode(number)) => match Mode::of(number) {
                Some(mode) => Ok((State::Via(mode), None)),
                None => Err(self.error(FramingProblem::Mode(number))),
            },
            (State::Via(mode), Record::Via(via)) => match is_absolute(&via) {
                true => done(State::Encoding(mode), ServerStep::Via { mode, via }),
                false => Err(self.error(FramingProblem::ViaNotUri(via))),
            },
            (State::Encoding(mode), Record::KnownEncoding(number)) => {
                let content_type = content_type_of_encoding(number).into_owned();
                done(State::Preamble(mode), ServerStep::ContentType(content_type))
            }
            (State::Encoding(mode), Record::ExtensibleEncoding(content_type)) => {
                done(State::Preamble(mode), ServerStep::ContentType(content_type))
            }
            (State::Preamble(mode) | State::Upgrading(mode), Record::UpgradeRequest(name)) => {
                done(State::Upgrading(mode), ServerStep::Upgrade(name))
            }
            (State::Preamble(mode) | State::Upgrading(mode), Record::PreambleEnd) => {
                let is_singleton = mode == Mode::Singleton;
                let next = if is_singleton { State::Singleton } else { State::Session };
                done(next, ServerStep::PreambleEnd)
            }
            (_, Record::SizedEnvelope(octets)) => {
                done(State::AfterEnvelope, ServerStep::Envelope(octets))
            }
            (_, Record::UnsizedEnvelope) => done(State::InChunks, ServerStep::Begin),
            (_, Record::Chunk { octets, .. } | Record::ChunkRest { octets, .. }) => {
                done(State::InChunks, ServerStep::Piece(octets))
            }
            (_, Record::ChunksEnd) => done(State::AfterChunks, ServerStep::Complete),
            (_, Record::End) => done(State::Ended, ServerStep::End),
            (_, _) => Err(self.error(FramingProblem::PrematureEnd)),
        }
    }

    fn error(&self, problem: FramingProblem) -> FramingError {
        let state = match self.state {
            State::Preamble(_) => "PreUpgradeStart",
            State::Upgrading(_) => "UpgradeRequest",
            State::Session | State::Singleton if self.decoder.is_between_records() => "Start",
            State::AfterEnvelope if self.decoder.is_between_records() => "EnvelopeEnd",
            _ => self.decoder.state_name(self.expected()),
        };
        FramingError { position: self.decoder.position(), state, problem }
    }
}

/// Whether it begins with a scheme (RFC 3986 §3.1).
fn is_absolute(via: &str) -> bool {
    let Some((scheme, _)) = via.split_once(':') else { return false };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// How a server ends a connection that it does not go on with: what the client is told, and what the log is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is sent; none: the connection is aborted without a word.
    pub fault: Option<FaultCode>,
    /// How many octets are read and dropped behind it, so that the client can read it: as many as WCF does, but all of a message
    /// that is too large, where WCF's client mostly learns nothing but that the connection was aborted.
    pub drain: usize,
    /// Why, in WCF's words: for the log.
    pub reason: String,
}

impl Refusal {
    fn with(fault: Option<FaultCode>, reason: String) -> Self {
        Self { fault, drain: MAX_DRAIN, reason }
    }

    /// What came in was wrong.
    pub fn of(error: &FramingError) -> Self {
        let fault = error.problem.fault();
        let reason = match &error.problem {
            FramingProblem::EnvelopeTooLarge(_) => error.problem.to_string(),
            _ => error.to_string(),
        };
        let is_early =
            matches!(error.problem, FramingProblem::Version(_) | FramingProblem::Mode(_));
        let drain = match &error.problem {
            FramingProblem::EnvelopeTooLarge(_) => usize::MAX,
            _ if is_early => MAX_PREAMBLE_DRAIN,
            _ => MAX_DRAIN,
        };
        Self { fault, drain, reason }
    }

    /// Nobody takes connections for this via.
    pub fn not_found(via: &str) -> Self {
        let reason = format!(
            "Framing via {via} is not a registered listener: no endpoint of this host has that address"
        );
        Self::with(Some(FaultCode::EndpointNotFound), reason)
    }

    /// The endpoint is not one for this mode. Of the modes that WCF has no listener for it says nothing (captured).
    pub fn mode(mode: Mode) -> Self {
        let is_known = matches!(mode, Mode::Singleton | Mode::Duplex);
        let fault = is_known.then_some(FaultCode::UnsupportedMode);
        Self::with(fault, format!("Framing mode {mode:?} is not supported."))
    }

    /// Messages are encoded otherwise there.
    pub fn content_type(found: &str, expected: &str) -> Self {
        let reason = format!(
            "Content Type {found} was sent to a service expecting {expected}.  The client and service bindings may be mismatched."
        );
        Self::with(Some(FaultCode::ContentTypeInvalid), reason)
    }

    /// An upgrade was asked for that is not offered; `offered` is the one that is.
    pub fn upgrade(asked: &str, offered: Option<&str>) -> Self {
        let reason = match offered {
            None => format!(
                ".Net Framing upgrade request for {asked} was sent to a service that is not setup to receive upgrades."
            ),
            Some(_) => format!(
                "Protocol Type {asked} was sent to a service that does not support that type of upgrade."
            ),
        };
        Self::with(Some(FaultCode::UpgradeInvalid), reason)
    }

    /// The preamble ended without the upgrade that the endpoint demands: aborted without a word, as WCF does.
    pub fn upgrade_missing(address: &str) -> Self {
        let reason = format!(
            "Stream Security is required at {address}, but no security context was negotiated. This is likely caused by the \
             remote endpoint missing a StreamSecurityBindingElement from its binding."
        );
        Self::with(None, reason)
    }

    /// Nothing new is taken at the moment.
    pub fn busy() -> Self {
        Self::with(Some(FaultCode::ServerTooBusy), "the service takes nothing new".to_owned())
    }

    /// The endpoint is going.
    pub fn unavailable() -> Self {
        Self::with(Some(FaultCode::EndpointUnavailable), "the endpoint is closing".to_owned())
    }

    /// The octets of the fault; none where nothing is said.
    pub fn to_octets(&self) -> Vec<u8> {
        self.fault.map(|fault| Record::Fault(fault.uri()).to_octets()).unwrap_or_default()
    }
}
