//! Reads records from octets as they come.

use super::error::{FramingError, FramingProblem};
use super::limits::{FramingLimits, MAX_CHUNK};
use super::record::{Record, RecordType};
use super::size::{SizeRead, SizeReader};

/// Reads records from octets as they come, cut anywhere. Holds at most one text or envelope within its limits, and never more
/// of it than has come in: what a peer announces costs nothing.
#[derive(Debug)]
pub struct RecordDecoder {
    limits: FramingLimits,
    state: State,
    position: u64,
    /// The octets of the chunks of the present envelope.
    in_chunks: usize,
}

#[derive(Debug)]
enum State {
    /// The next octet is the type of a record.
    Type,
    Major,
    Minor(u8),
    Value(RecordType),
    Size(RecordType, SizeReader),
    Text(RecordType, Payload),
    Envelope(Payload),
    /// The next octets are the size of a chunk.
    ChunkSize(SizeReader),
    /// Octets of a chunk, of which so many come in further pieces; whether they are its first ones.
    Chunk(Payload, usize, bool),
}

/// Octets of which a number is known.
#[derive(Debug, Default)]
struct Payload {
    octets: Vec<u8>,
    size: usize,
}

/// The most that is reserved for octets that have not come in.
const RESERVE: usize = 8 << 10;

impl Payload {
    fn of(size: usize) -> Self {
        Self { octets: Vec::with_capacity(size.min(RESERVE)), size }
    }

    /// Takes what belongs to it; whether it is complete.
    fn take(&mut self, from: &mut &[u8]) -> bool {
        let (own, rest) = from.split_at(from.len().min(self.size - self.octets.len()));
        self.octets.extend_from_slice(own);
        *from = rest;
        self.octets.len() == self.size
    }
}

impl RecordDecoder {
    /// A decoder at the beginning of a record.
    pub fn new(limits: FramingLimits) -> Self {
        Self { limits, state: State::Type, position: 0, in_chunks: 0 }
    }

    /// Other limits, for what comes from now on.
    pub fn set_limits(&mut self, limits: FramingLimits) {
        self.limits = limits;
    }

    /// The limits.
    pub fn limits(&self) -> FramingLimits {
        self.limits
    }

    /// How many octets were taken since the beginning, or [`restart`](Self::restart).
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Counts positions from here.
    pub fn restart(&mut self) {
        self.position = 0;
    }

    /// Whether everything that was taken belongs to records that were given out.
    pub fn is_between_records(&self) -> bool {
        matches!(self.state, State::Type)
    }

    /// The next record, of whatever type. Takes what belongs to it from the front of `octets`; none when more must come.
    ///
    /// # Errors
    /// What comes is no record, or is larger than the limits have it. Nothing can be read after that.
    pub fn read(&mut self, octets: &mut &[u8]) -> Result<Option<Record>, FramingError> {
        self.read_one_of(&RecordType::ALL, octets)
    }

    /// The next record, of one of these types, the first of which is what errors say was expected. A record of another type is
    /// an error as soon as its first octet is there. Chunks are expected where an envelope of unknown size has begun.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_one_of(
        &mut self,
        expected: &[RecordType],
        octets: &mut &[u8],
    ) -> Result<Option<Record>, FramingError> {
        let before = octets.len();
        let read = loop {
            if octets.is_empty() {
                break Ok(None);
            }
            match self.step(expected, octets) {
                Ok(None) => {}
                done => break done,
            }
        };
        self.position += (before - octets.len()) as u64;
        read.map_err(|problem| FramingError {
            position: self.position,
            state: self.state_name(expected),
            problem,
        })
    }

    /// One step with octets that are there. What is in error is not taken.
    fn step(
        &mut self,
        expected: &[RecordType],
        octets: &mut &[u8],
    ) -> Result<Option<Record>, FramingProblem> {
        let first = octets[0];
        let mut rest = &octets[1..];
        let (next, record) = match std::mem::replace(&mut self.state, State::Type) {
            State::Type => {
                let kind = RecordType::of(first).filter(|kind| expected.contains(kind));
                let kind = kind.ok_or(FramingProblem::WrongRecord {
                    expected: expected.first().copied().unwrap_or(RecordType::End),
                    found: first,
                })?;
                self.begin(kind)
            }
            State::Major => (State::Minor(first), None),
            State::Minor(major) => (State::Type, Some(Record::Version { major, minor: first })),
            State::Value(RecordType::Mode) => (State::Type, Some(Record::Mode(first))),
            State::Value(_) => (State::Type, Some(Record::KnownEncoding(first))),
            State::Size(kind, mut reader) => match reader.read(first) {
                SizeRead::More => (State::Size(kind, reader), None),
                SizeRead::TooLarge => {
                    self.state = State::Size(kind, reader);
                    return Err(FramingProblem::Size);
                }
                SizeRead::Done(size) => self.sized(kind, size)?,
            },
            State::Text(kind, mut payload) => {
                rest = octets;
                match payload.take(&mut rest) {
                    true => (State::Type, Some(text(kind, payload.octets)?)),
                    false => (State::Text(kind, payload), None),
                }
            }
            State::Envelope(mut payload) => {
                rest = octets;
                match payload.take(&mut rest) {
                    true => (State::Type, Some(Record::SizedEnvelope(payload.octets))),
                    false => (State::Envelope(payload), None),
                }
            }
            State::ChunkSize(mut reader) => match reader.read(first) {
                SizeRead::More => (State::ChunkSize(reader), None),
                SizeRead::TooLarge => {
                    self.state = State::ChunkSize(reader);
                    return Err(FramingProblem::Size);
                }
                SizeRead::Done(0) => (State::Type, Some(Record::ChunksEnd)),
                SizeRead::Done(size) => (self.chunk(size)?, None),
            },
            State::Chunk(mut payload, left, is_first) => {
                rest = octets;
                match payload.take(&mut rest) {
                    true => {
                        let octets = payload.octets;
                        let record = match is_first {
                            true => Record::Chunk { octets, left },
                            false => Record::ChunkRest { octets, left },
                        };
                        (next_piece(left), Some(record))
                    }
                    false => (State::Chunk(payload, left, is_first), None),
                }
            }
        };
        self.state = next;
        *octets = rest;
        Ok(record)
    }

    /// What follows the type of a record.
    fn begin(&mut self, kind: RecordType) -> (State, Option<Record>) {
        let size = |kind| (State::Size(kind, SizeReader::default()), None);
        match kind {
            RecordType::Version => (State::Major, None),
            RecordType::Mode | RecordType::KnownEncoding => (State::Value(kind), None),
            RecordType::Via
            | RecordType::ExtensibleEncoding
            | RecordType::Fault
            | RecordType::UpgradeRequest
            | RecordType::SizedEnvelope => size(kind),
            RecordType::UnsizedEnvelope => {
                self.in_chunks = 0;
                (State::ChunkSize(SizeReader::default()), Some(Record::UnsizedEnvelope))
            }
            RecordType::End => (State::Type, Some(Record::End)),
            RecordType::UpgradeResponse => (State::Type, Some(Record::UpgradeResponse)),
            RecordType::PreambleAck => (State::Type, Some(Record::PreambleAck)),
            RecordType::PreambleEnd => (State::Type, Some(Record::PreambleEnd)),
        }
    }

    /// What follows the size of a record.
    fn sized(
        &mut self,
        kind: RecordType,
        size: usize,
    ) -> Result<(State, Option<Record>), FramingProblem> {
        let limits = &self.limits;
        let (most, problem): (usize, fn(usize) -> FramingProblem) = match kind {
            RecordType::Via => (limits.via, FramingProblem::ViaTooLong),
            RecordType::Fault => (limits.fault, FramingProblem::FaultTooLong),
            RecordType::SizedEnvelope => (limits.envelope, FramingProblem::EnvelopeTooLarge),
            _ => (limits.content_type, FramingProblem::ContentTypeTooLong),
        };
        if size > most {
            // Of a text its own size is told, of an envelope the limit.
            let told = if kind == RecordType::SizedEnvelope { most } else { size };
            self.state = State::Size(kind, SizeReader::default());
            return Err(problem(told));
        }
        Ok(match (kind, size) {
            (RecordType::SizedEnvelope, 0) => {
                (State::Type, Some(Record::SizedEnvelope(Vec::new())))
            }
            (RecordType::SizedEnvelope, size) => (State::Envelope(Payload::of(size)), None),
            (kind, 0) => (State::Type, Some(text(kind, Vec::new())?)),
            (kind, size) => (State::Text(kind, Payload::of(size)), None),
        })
    }

    /// A chunk begins.
    fn chunk(&mut self, size: usize) -> Result<State, FramingProblem> {
        self.in_chunks = self.in_chunks.saturating_add(size);
        if self.in_chunks > self.limits.envelope {
            self.state = State::ChunkSize(SizeReader::default());
            return Err(FramingProblem::EnvelopeTooLarge(self.limits.envelope));
        }
        Ok(piece(size, true))
    }

    /// What is being read, as WCF's decoders name it.
    pub(super) fn state_name(&self, expected: &[RecordType]) -> &'static str {
        use RecordType as Kind;
        match &self.state {
            State::Type => match expected.first() {
                Some(Kind::Version) => "ReadingVersionRecord",
                Some(Kind::Mode) => "ReadingModeRecord",
                Some(Kind::Via) => "ReadingViaRecord",
                Some(Kind::KnownEncoding | Kind::ExtensibleEncoding) => "ReadingContentTypeRecord",
                Some(Kind::PreambleEnd) => "ReadingPreambleEndRecord",
                Some(Kind::UnsizedEnvelope | Kind::SizedEnvelope) => "ReadingEnvelopeRecord",
                Some(Kind::UpgradeRequest | Kind::UpgradeResponse) => "ReadingUpgradeRecord",
                Some(Kind::PreambleAck) => "ReadingAckRecord",
                Some(Kind::Fault) => "ReadingFault",
                Some(Kind::End) | None => "ReadingEndRecord",
            },
            State::Major => "ReadingMajorVersion",
            State::Minor(_) => "ReadingMinorVersion",
            State::Value(Kind::Mode) => "ReadingModeValue",
            State::Value(_) => "ReadingContentTypeByte",
            State::Size(kind, _) | State::Text(kind, _) => match kind {
                Kind::Via => "ReadingViaString",
                Kind::Fault => "ReadingFaultString",
                Kind::UpgradeRequest => "ReadingUpgradeString",
                Kind::SizedEnvelope => "ReadingEnvelopeSize",
                _ => "ReadingContentTypeString",
            },
            State::Envelope(payload) if payload.octets.is_empty() => "EnvelopeStart",
            State::Envelope(_) | State::Chunk(..) => "ReadingEnvelopeBytes",
            State::ChunkSize(_) => "ReadingEnvelopeChunkSize",
        }
    }
}

/// The next piece of a chunk.
fn piece(size: usize, is_first: bool) -> State {
    let own = size.min(MAX_CHUNK);
    State::Chunk(Payload::of(own), size - own, is_first)
}

fn next_piece(left: usize) -> State {
    match left {
        0 => State::ChunkSize(SizeReader::default()),
        left => piece(left, false),
    }
}

fn text(kind: RecordType, octets: Vec<u8>) -> Result<Record, FramingProblem> {
    let text = String::from_utf8(octets).map_err(|_| FramingProblem::NotText)?;
    Ok(match kind {
        RecordType::Via => Record::Via(text),
        RecordType::Fault => Record::Fault(text),
        RecordType::UpgradeRequest => Record::UpgradeRequest(text),
        _ => Record::ExtensibleEncoding(text),
    })
}
