//! The protocol's faults (WS-RM 2005 §4, 1.1 §4) and what ends a session.

use crate::message::{Identifier, SequenceAcknowledgement};

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

/// Why a session ended without being closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The peer sent a fault.
    #[error("the peer ended the reliable session: {0}")]
    Peer(SequenceFault),
    /// The peer sent a fault that is none of the protocol's.
    #[error("the peer answered with a SOAP fault outside the reliable session: {}", .0.text())]
    PeerSoapFault(Box<waxwing_soap::Fault>),
    /// The peer broke a rule. The fault is what it was told.
    #[error("the peer broke the reliable messaging protocol: {0}")]
    Protocol(SequenceFault),
    /// Nothing came from the peer for the inactivity timeout.
    #[error("nothing came from the peer for {0:?} (InactivityTimeout)")]
    Inactivity(std::time::Duration),
    /// One message was sent as often as is allowed.
    #[error(
        "message {number} was sent {attempts} times without an answer (MaxRetryCount); last failure: {last_failure}"
    )]
    RetriesExceeded {
        /// Its number.
        number: u64,
        /// How often it was sent.
        attempts: u32,
        /// What the transport said last; empty when it was silent.
        last_failure: String,
    },
    /// A step took too long.
    #[error("{step} was not answered in time; {attempts} attempts, last failure: {last_failure}")]
    TimedOut {
        /// What was waited for: `CreateSequence`, `LastMessage`, `CloseSequence` or `call`.
        step: &'static str,
        /// How often it was sent.
        attempts: u32,
        /// What the transport said last; empty when it was silent.
        last_failure: String,
    },
    /// The transport reported a failure that no repetition heals.
    #[error("{step} failed: {reason}")]
    Transport {
        /// What was being done.
        step: &'static str,
        /// What the transport said.
        reason: String,
    },
    /// The security session below is gone.
    #[error("the secure session under the reliable session ended: {0}")]
    SecurityLost(String),
    /// The session was aborted here.
    #[error("the session was aborted: {0}")]
    Aborted(String),
    /// The session was closed before all had been delivered.
    #[error("the session was closed with messages missing or undelivered: {0}")]
    Incomplete(String),
    /// The numbers of the sequence are used up.
    #[error("the sequence has no message number left (2^63 - 1 is the last)")]
    Rollover,
}
