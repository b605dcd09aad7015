//! The headers of WS-ReliableMessaging, typed (WS-RM 2005 §3, 1.1 §3).

use crate::names::Identifier;
use crate::ranges::{MessageNumber, Ranges};

/// The `Sequence` header (WS-RM 2005 §3.1, 1.1 §3.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// The sequence that the message belongs to.
    pub identifier: Identifier,
    /// Its place, from 1.
    pub number: MessageNumber,
    /// 2005 only: no later number will follow.
    pub last_message: bool,
}

/// The `SequenceAcknowledgement` header (WS-RM 2005 §3.2, 1.1 §3.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceAcknowledgement {
    /// The sequence that is acknowledged.
    pub identifier: Identifier,
    /// Everything received. Empty: written as the range 0–0 (2005) or `None` (1.1).
    pub ranges: Ranges,
    /// 1.1: the receiver takes no more (`Final`).
    pub is_final: bool,
    /// Numbers that the receiver misses. Read and ignored, never written.
    pub nacks: Vec<MessageNumber>,
    /// WCF's extension: how many more messages the receiver can take; 0 to 2^31 − 1.
    pub buffer_remaining: Option<u32>,
}

impl SequenceAcknowledgement {
    /// An acknowledgement of these numbers, not final, without flow control.
    pub fn new(identifier: Identifier, ranges: Ranges) -> Self {
        Self { identifier, ranges, is_final: false, nacks: Vec::new(), buffer_remaining: None }
    }
}

/// The headers of WS-ReliableMessaging that one message carries: at most one of each name, since WCF refuses
/// two of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// `Sequence`.
    pub sequence: Option<Sequence>,
    /// `SequenceAcknowledgement`.
    pub acknowledgement: Option<SequenceAcknowledgement>,
    /// `AckRequested`: the sequence whose acknowledgement is wanted.
    pub ack_requested: Option<Identifier>,
    /// `UsesSequenceSTR` (1.1, CreateSequence only).
    pub uses_sequence_str: bool,
    /// `UsesSequenceSSL` (1.1, CreateSequence only). Never written; refused when read.
    pub uses_sequence_ssl: bool,
}

impl Headers {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        let Self { sequence, acknowledgement, ack_requested, uses_sequence_str, uses_sequence_ssl } =
            self;
        sequence.is_none()
            && acknowledgement.is_none()
            && ack_requested.is_none()
            && !(*uses_sequence_str || *uses_sequence_ssl)
    }
}
