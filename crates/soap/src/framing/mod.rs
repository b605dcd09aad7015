//! .NET Message Framing (MC-NMF): how whole messages travel over a stream of octets (net.tcp). No IO: octets go in, records
//! come out, and the other way.
//!
//! * [`Record`], [`RecordDecoder`]: the records, read incrementally and in bounded memory, written;
//! * [`ServerFraming`], [`ClientFraming`]: the two roles of one connection, which take octets and say what comes next;
//! * [`FaultCode`]: what a server says when it refuses, and what WCF's client makes of it.
//!
//! A connection begins with a preamble (version, mode, via, encoding), perhaps with an upgrade of the stream to TLS in it,
//! which the server acknowledges; envelopes follow both ways, and each side says when it has no more. Then the connection may
//! begin again with a preamble.

mod client;
mod decoder;
mod error;
mod exception;
mod fault;
mod limits;
mod mode;
mod record;
mod server;
mod size;
mod sized;

pub use client::{ClientFailure, ClientFraming, ClientStep};
pub use decoder::RecordDecoder;
pub use error::{FramingError, FramingProblem};
pub use exception::FramingException;
pub use fault::FaultCode;
pub use limits::{FramingLimits, MAX_CHUNK, MAX_DRAIN, MAX_PREAMBLE_DRAIN};
pub use mode::{Mode, content_type_of_encoding, known_encoding};
pub use record::{Record, RecordType};
pub use server::{Refusal, ServerFraming, ServerStep};
pub use size::{chunk_header, sized_header};
pub use sized::{read_singleton_sized, write_singleton_sized};

/// The upgrade of the stream to TLS (MC-NMF §2.2.3.5).
pub const UPGRADE_TLS: &str = "application/ssl-tls";
/// The upgrade of the stream to Negotiate ([MS-NNS]).
pub const UPGRADE_NEGOTIATE: &str = "application/negotiate";
