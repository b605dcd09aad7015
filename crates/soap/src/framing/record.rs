//! Records: what a connection is made of (MC-NMF §2.2.3 to §2.2.6).

use std::fmt;

use super::size::write_size;

/// The type of a record: its first octet. Their names are those of WCF's errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RecordType {
    /// §2.2.3.1
    Version = 0x00,
    /// §2.2.3.2
    Mode = 0x01,
    /// §2.2.3.3
    Via = 0x02,
    /// §2.2.3.4.1
    KnownEncoding = 0x03,
    /// §2.2.3.4.2
    ExtensibleEncoding = 0x04,
    /// §2.2.4.2
    UnsizedEnvelope = 0x05,
    /// §2.2.4.1
    SizedEnvelope = 0x06,
    /// §2.2.6
    End = 0x07,
    /// §2.2.5
    Fault = 0x08,
    /// §2.2.3.5
    UpgradeRequest = 0x09,
    /// §2.2.3.6
    UpgradeResponse = 0x0a,
    /// §2.2.3.8
    PreambleAck = 0x0b,
    /// §2.2.3.7
    PreambleEnd = 0x0c,
}

impl RecordType {
    /// All of them, each at the place of its number.
    pub const ALL: [Self; 13] = [
        Self::Version,
        Self::Mode,
        Self::Via,
        Self::KnownEncoding,
        Self::ExtensibleEncoding,
        Self::UnsizedEnvelope,
        Self::SizedEnvelope,
        Self::End,
        Self::Fault,
        Self::UpgradeRequest,
        Self::UpgradeResponse,
        Self::PreambleAck,
        Self::PreambleEnd,
    ];

    /// The type of this number.
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// The version of the protocol; there is 1.0.
    Version {
        /// Another one is another protocol.
        major: u8,
        /// Of no consequence.
        minor: u8,
    },
    /// What the connection is used for: a [`Mode`](super::Mode), or another number.
    Mode(u8),
    /// The address that is asked for: an absolute URI.
    Via(String),
    /// How messages are encoded, by a number ([`content_type_of_encoding`](super::content_type_of_encoding)).
    KnownEncoding(u8),
    /// The same by a content type.
    ExtensibleEncoding(String),
    /// The beginning of an envelope of unknown size: [`Chunk`](Self::Chunk)s follow, then [`ChunksEnd`](Self::ChunksEnd).
    UnsizedEnvelope,
    /// Octets of an envelope of unknown size: a whole chunk, or the first piece of one that is larger than
    /// [`MAX_CHUNK`](super::MAX_CHUNK).
    Chunk {
        /// The octets.
        octets: Vec<u8>,
        /// How many octets of the chunk are still to come in further pieces.
        left: usize,
    },
    /// A further piece of a chunk.
    ChunkRest {
        /// The octets.
        octets: Vec<u8>,
        /// How many octets of the chunk are still to come.
        left: usize,
    },
    /// The end of an envelope of unknown size.
    ChunksEnd,
    /// An envelope.
    SizedEnvelope(Vec<u8>),
    /// Nothing more comes from this side.
    End,
    /// Why the server does not go on: a URI, which a [`FaultCode`](super::FaultCode) may have.
    Fault(String),
    /// The stream is to be upgraded: a protocol by its name.
    UpgradeRequest(String),
    /// The upgrade begins with the next octet.
    UpgradeResponse,
    /// The server is ready.
    PreambleAck,
    /// The preamble is over.
    PreambleEnd,
}

impl Record {
    /// Writes it behind what is there. The size of a chunk that comes in pieces stands before the first one.
    ///
    /// # Panics
    /// Something in it has more than 2³¹ − 1 octets.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut text = |kind: RecordType, text: &str| {
            out.push(kind as u8);
            write_size(text.len(), out);
            out.extend_from_slice(text.as_bytes());
        };
        match self {
            Self::Via(via) => text(RecordType::Via, via),
            Self::ExtensibleEncoding(name) => text(RecordType::ExtensibleEncoding, name),
            Self::Fault(uri) => text(RecordType::Fault, uri),
            Self::UpgradeRequest(name) => text(RecordType::UpgradeRequest, name),
            Self::Version { major, minor } => {
                out.extend([RecordType::Version as u8, *major, *minor])
            }
            Self::Mode(mode) => out.extend([RecordType::Mode as u8, *mode]),
            Self::KnownEncoding(number) => out.extend([RecordType::KnownEncoding as u8, *number]),
            Self::Chunk { octets, left } => {
                write_size(octets.len() + left, out);
                out.extend_from_slice(octets);
            }
            Self::ChunkRest { octets, .. } => out.extend_from_slice(octets),
            Self::SizedEnvelope(octets) => {
                out.push(RecordType::SizedEnvelope as u8);
                write_size(octets.len(), out);
                out.extend_from_slice(octets);
            }
            Self::UnsizedEnvelope => out.push(RecordType::UnsizedEnvelope as u8),
            // A chunk of no octets.
            Self::ChunksEnd => out.push(0),
            Self::End => out.push(RecordType::End as u8),
            Self::UpgradeResponse => out.push(RecordType::UpgradeResponse as u8),
            Self::PreambleAck => out.push(RecordType::PreambleAck as u8),
            Self::PreambleEnd => out.push(RecordType::PreambleEnd as u8),
        }
    }

    /// Its octets.
    ///
    /// # Panics
    /// Something in it has more than 2³¹ − 1 octets.
    pub fn to_octets(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }
}
