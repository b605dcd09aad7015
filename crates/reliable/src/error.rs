//! What ends a session, and what the transport says of exchanges that brought no message.

use crate::fault::SequenceFault;

/// What was being done when a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// CreateSequence was to be answered.
    CreateSequence,
    /// A call was to be answered.
    Call,
    /// LastMessage was to be acknowledged (2005).
    LastMessage,
    /// CloseSequence was to be answered (1.1).
    CloseSequence,
    /// TerminateSequence was to be answered.
    TerminateSequence,
    /// The peer was to end its own sequence, after ours had ended (duplex sessions).
    EndOfMessages,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::CreateSequence => "CreateSequence",
            Self::Call => "call",
            Self::LastMessage => "LastMessage",
            Self::CloseSequence => "CloseSequence",
            Self::TerminateSequence => "TerminateSequence",
            Self::EndOfMessages => "the end of the session",
        })
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
        /// What was waited for.
        step: Step,
        /// How often it was sent.
        attempts: u32,
        /// What the transport said last; empty when it was silent.
        last_failure: String,
    },
    /// The transport reported a failure that no repetition heals.
    #[error("{step} failed: {reason}")]
    Transport {
        /// What was being done.
        step: Step,
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

/// What the transport has to say of an exchange that brought no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What it means.
    pub kind: FailureKind,
    /// What happened, for a person.
    pub reason: String,
}

/// How a failure is treated; the classes are WCF's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The peer was not reached, did not answer in time, or cannot answer now: repeated while opening, masked
    /// afterwards.
    Retryable,
    /// A rejected credential or broken security of one message: ends Open at once (unless the
    /// caller reports it as `Retryable`, which is the option "retry authentication"), masked afterwards.
    Security,
    /// The peer does not take the message as one, or what came back is none: ends Open; later it ends the one call whose first
    /// transmission it was, while the message stays in the window.
    Protocol,
    /// The security session below is gone: ends the session without telling the peer.
    SecuritySessionLost,
}
