//! The client's role: what a server answers (MC-NMF §3.1).

use super::decoder::RecordDecoder;
use super::error::{FramingError, FramingProblem};
use super::exception::FramingException;
use super::fault::FaultCode;
use super::limits::FramingLimits;
use super::mode::{Mode, known_encoding};
use super::record::{Record, RecordType};

/// The client's end of a connection, for one preamble and what follows it.
///
/// ```
/// use waxwing_soap::framing::{ClientFraming, ClientStep, FramingLimits, Mode};
///
/// let (via, binary) = ("net.tcp://localhost:9000/calc", "application/soap+msbinsession1");
/// let mut client = ClientFraming::new(Mode::Duplex, via, binary, None, FramingLimits::default())?;
/// assert!(client.opening().ends_with(&[0x03, 0x08, 0x0c]));
/// let mut answer = &[0x0b, 0x07][..];
/// assert_eq!(client.read(&mut answer)?, Some(ClientStep::Opened));
/// assert_eq!(client.read(&mut answer)?, Some(ClientStep::End));
/// # Ok::<(), waxwing_soap::framing::ClientFailure>(())
/// ```
#[derive(Debug)]
pub struct ClientFraming {
    decoder: RecordDecoder,
    state: State,
    mode: Mode,
    via: Box<str>,
    content_type: Box<str>,
    upgrade: Option<Box<str>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The upgrade is to be granted.
    Upgrade,
    /// The preamble is to be acknowledged.
    Ack,
    Session,
    AfterEnvelope,
    /// The one answer of a singleton.
    Singleton,
    InChunks,
    AfterChunks,
    Ended,
}

/// What a server says, or sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientStep {
    /// The upgrade is granted: the handshake begins, and then [`after_upgrade`](ClientFraming::after_upgrade) goes through the
    /// upgraded stream.
    Upgrade,
    /// The connection is open.
    Opened,
    /// A message (duplex).
    Envelope(Vec<u8>),
    /// The one answer begins (singleton).
    Begin,
    /// Some octets of it.
    Piece(Vec<u8>),
    /// All of it has come.
    Complete,
    /// The server sends nothing more.
    End,
}

/// Why a connection does not come about, or does not go on: as WCF's client says it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct ClientFailure {
    /// The kind of WCF's exception.
    pub exception: FramingException,
    /// What the server said, where it said something that is known.
    pub fault: Option<FaultCode>,
    /// The text.
    pub text: String,
}

impl ClientFraming {
    /// For a connection in this mode to this address, with messages of this content type, and the stream upgraded if that is
    /// named.
    ///
    /// # Errors
    /// Via or content type are longer than any server takes.
    pub fn new(
        mode: Mode,
        via: &str,
        content_type: &str,
        upgrade: Option<&str>,
        limits: FramingLimits,
    ) -> Result<Self, ClientFailure> {
        let defaults = FramingLimits::default();
        let too_long = |fault: FaultCode| {
            let (exception, text) = fault.exception(via, content_type);
            Err(ClientFailure { exception, fault: None, text })
        };
        if via.len() > defaults.via {
            return too_long(FaultCode::ViaTooLong);
        }
        if content_type.len() > defaults.content_type {
            return too_long(FaultCode::ContentTypeTooLong);
        }
        Ok(Self {
            decoder: RecordDecoder::new(limits),
            state: if upgrade.is_some() { State::Upgrade } else { State::Ack },
            mode,
            via: via.into(),
            content_type: content_type.into(),
            upgrade: upgrade.map(Into::into),
        })
    }

    /// The preamble: what is written first. It ends the preamble where no upgrade is asked for.
    pub fn opening(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 + self.via.len());
        Record::Version { major: 1, minor: 0 }.write(&mut out);
        Record::Mode(self.mode as u8).write(&mut out);
        Record::Via(self.via.to_string()).write(&mut out);
        match known_encoding(&self.content_type) {
            Some(number) => Record::KnownEncoding(number).write(&mut out),
            None => Record::ExtensibleEncoding(self.content_type.to_string()).write(&mut out),
        }
        if self.upgrade.is_none() {
            Record::PreambleEnd.write(&mut out);
        }
        out
    }

    /// What is written then, in a write of its own as WCF does: the request for the upgrade, where one is asked for.
    pub fn upgrade_request(&self) -> Option<Vec<u8>> {
        let name = self.upgrade.as_ref()?;
        Some(Record::UpgradeRequest(name.to_string()).to_octets())
    }

    /// What is written first through the upgraded stream.
    pub fn after_upgrade(&self) -> Vec<u8> {
        Record::PreambleEnd.to_octets()
    }

    /// Whether a record has begun and is not over.
    pub fn is_within_record(&self) -> bool {
        !self.decoder.is_between_records()
    }

    /// The next step; none when more must come. Takes no octet beyond it.
    ///
    /// # Errors
    /// The server refuses, or what it sends is not what the protocol has there.
    pub fn read(&mut self, octets: &mut &[u8]) -> Result<Option<ClientStep>, ClientFailure> {
        if self.state == State::Ended {
            return Ok(None);
        }
        let read = self.decoder.read_one_of(self.expected(), octets);
        let Some(record) = read.map_err(|error| self.failure(&error))? else { return Ok(None) };
        let (state, step) = match record {
            Record::UpgradeResponse => (State::Ack, ClientStep::Upgrade),
            Record::PreambleAck => {
                let is_singleton = self.mode == Mode::Singleton;
                let next = if is_singleton { State::Singleton } else { State::Session };
                (next, ClientStep::Opened)
            }
            Record::SizedEnvelope(octets) => (State::AfterEnvelope, ClientStep::Envelope(octets)),
            Record::UnsizedEnvelope => (State::InChunks, ClientStep::Begin),
            Record::Chunk { octets, .. } | Record::ChunkRest { octets, .. } => {
                (State::InChunks, ClientStep::Piece(octets))
            }
            Record::ChunksEnd => (State::AfterChunks, ClientStep::Complete),
            Record::Fault(uri) => return Err(self.faulted(&uri)),
            // Nothing else is expected anywhere.
            _ => (State::Ended, ClientStep::End),
        };
        self.state = state;
        Ok(Some(step))
    }

    /// The stream has ended. That is the end of what the server sends when it has just said so, or sent a whole message.
    ///
    /// # Errors
    /// The server does not want the connection, or the stream ends in the middle of something.
    pub fn end_of_stream(&self) -> Result<(), ClientFailure> {
        let failed = |exception, text| Err(ClientFailure { exception, fault: None, text });
        match self.state {
            State::Ended => Ok(()),
            State::AfterEnvelope | State::AfterChunks if self.decoder.is_between_records() => {
                Ok(())
            }
            State::Upgrade => failed(
                FramingException::MessageSecurity,
                "The server rejected the upgrade request.".to_owned(),
            ),
            State::Ack => {
                let text = format!(
                    "The server at {} rejected the session-establishment request.",
                    self.via
                );
                failed(FramingException::Protocol, text)
            }
            _ => Err(self.failure(&FramingError {
                position: self.decoder.position(),
                state: match self.state {
                    State::Session | State::Singleton if self.decoder.is_between_records() => {
                        "Start"
                    }
                    _ => self.decoder.state_name(self.expected()),
                },
                problem: FramingProblem::PrematureEnd,
            })),
        }
    }

    fn expected(&self) -> &'static [RecordType] {
        use RecordType as Kind;
        match self.state {
            State::Upgrade => &[Kind::UpgradeResponse, Kind::Fault],
            State::Ack => &[Kind::PreambleAck, Kind::Fault],
            State::Session | State::AfterEnvelope => &[Kind::SizedEnvelope, Kind::End, Kind::Fault],
            // The answer to a one-way message is only the end.
            State::Singleton => &[Kind::UnsizedEnvelope, Kind::End, Kind::Fault],
            State::InChunks => &[Kind::UnsizedEnvelope],
            State::AfterChunks | State::Ended => &[Kind::End],
        }
    }

    fn faulted(&self, uri: &str) -> ClientFailure {
        let fault = FaultCode::of(uri);
        let (exception, text) = match fault {
            Some(fault) => fault.exception(&self.via, &self.content_type),
            None => (FramingException::Protocol, format!("Server faulted with code '{uri}'.")),
        };
        ClientFailure { exception, fault, text }
    }

    fn failure(&self, error: &FramingError) -> ClientFailure {
        let failed = |exception, text| ClientFailure { exception, fault: None, text };
        let no_framing =
            "You have tried to create a channel to a service that does not support .Net Framing.";
        match (&error.problem, self.state) {
            (FramingProblem::EnvelopeTooLarge(_), _) => {
                failed(FramingException::QuotaExceeded, error.problem.to_string())
            }
            (
                FramingProblem::WrongRecord { found: b'H' | b'h', .. },
                State::Ack | State::Upgrade,
            ) => failed(
                FramingException::Protocol,
                format!("{no_framing} It is possible that you are encountering an HTTP endpoint."),
            ),
            (FramingProblem::WrongRecord { .. }, State::Ack) => {
                failed(FramingException::Protocol, format!("{no_framing} ({error})"))
            }
            (FramingProblem::WrongRecord { .. }, State::Upgrade) => failed(
                FramingException::MessageSecurity,
                format!("The server rejected the upgrade request. ({error})"),
            ),
            _ => failed(FramingException::Protocol, error.to_string()),
        }
    }
}
