//! The protocol's faults (WS-RM 2005 §4, 1.1 §4).

use crate::headers::SequenceAcknowledgement;
use crate::names::Identifier;

/// Who is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The message, or its sender.
    Sender,
    /// The receiver, or the environment.
    Receiver,
}

/// Which fault it is, with its detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The named sequence is not known here.
    UnknownSequence(Identifier),
    /// The session is over; the catch-all.
    SequenceTerminated(Identifier),
    /// An acknowledgement that cannot be.
    InvalidAcknowledgement(Box<SequenceAcknowledgement>),
    /// Numbers are used up.
    MessageNumberRollover(Identifier),
    /// 2005: a number after the last one.
    LastMessageNumberExceeded(Identifier),
    /// 1.1: a new number after CloseSequence.
    SequenceClosed(Identifier),
    /// The service does not make the sequence.
    CreateSequenceRefused {
        /// WCF's nested subcode `ConnectionLimitReached`: too many sessions wait to be accepted.
        connection_limit: bool,
    },
    /// 1.1: a message outside any sequence where only sequences are served.
    WsrmRequired,
    /// A header that must be understood stands twice or is not known: its namespace and local name.
    MustUnderstand {
        /// The namespace of the header.
        namespace: String,
        /// The local name of the header.
        local: String,
    },
    /// WS-Addressing `ActionNotSupported`: what 2005 says to a message outside any sequence.
    ActionNotSupported(String),
    /// WS-Addressing `MessageAddressingHeaderRequired`: the local name of the missing header.
    AddressingHeaderRequired(&'static str),
    /// WS-Addressing `InvalidAddressingHeader`: the local name of the header that is repeated or has no
    /// address.
    InvalidAddressingHeader(&'static str),
    /// WS-Addressing `EndpointUnavailable`: what CreateSequence hears while the service is closing.
    EndpointUnavailable,
    /// A subcode of the version's namespace that is not known; treated as the end of the session.
    Unrecognized(String),
}

/// A fault of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", .kind.local_name())]
pub struct SequenceFault {
    /// Who is to blame.
    pub blame: Blame,
    /// Which one.
    pub kind: FaultKind,
    /// Free text; no peer depends on it.
    pub reason: String,
}

impl FaultKind {
    /// The local name of the subcode.
    pub fn local_name(&self) -> &str {
        match self {
            Self::UnknownSequence(_) => "UnknownSequence",
            Self::SequenceTerminated(_) => "SequenceTerminated",
            Self::InvalidAcknowledgement(_) => "InvalidAcknowledgement",
            Self::MessageNumberRollover(_) => "MessageNumberRollover",
            Self::LastMessageNumberExceeded(_) => "LastMessageNumberExceeded",
            Self::SequenceClosed(_) => "SequenceClosed",
            Self::CreateSequenceRefused { .. } => "CreateSequenceRefused",
            Self::WsrmRequired => "WsrmRequired",
            Self::MustUnderstand { .. } => "MustUnderstand",
            Self::ActionNotSupported(_) => "ActionNotSupported",
            Self::AddressingHeaderRequired(_) => "MessageAddressingHeaderRequired",
            Self::InvalidAddressingHeader(_) => "InvalidAddressingHeader",
            Self::EndpointUnavailable => "EndpointUnavailable",
            Self::Unrecognized(name) => name,
        }
    }

    /// The sequence that the fault names.
    pub fn identifier(&self) -> Option<&Identifier> {
        match self {
            Self::UnknownSequence(id)
            | Self::SequenceTerminated(id)
            | Self::MessageNumberRollover(id)
            | Self::LastMessageNumberExceeded(id)
            | Self::SequenceClosed(id) => Some(id),
            Self::InvalidAcknowledgement(ack) => Some(&ack.identifier),
            _ => None,
        }
    }
}

impl SequenceFault {
    /// A fault that blames the sender.
    pub fn sender(kind: FaultKind, reason: impl Into<String>) -> Self {
        Self { blame: Blame::Sender, kind, reason: reason.into() }
    }

    /// A fault that blames the receiver or the environment.
    pub fn receiver(kind: FaultKind, reason: impl Into<String>) -> Self {
        Self { blame: Blame::Receiver, kind, reason: reason.into() }
    }

    /// Whether the peer has no room for another session at the moment.
    pub fn is_busy(&self) -> bool {
        matches!(self.kind, FaultKind::CreateSequenceRefused { connection_limit: true })
    }

    /// Refusal of a CreateSequence for a reason of the protocol.
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::sender(FaultKind::CreateSequenceRefused { connection_limit: false }, reason)
    }
}
