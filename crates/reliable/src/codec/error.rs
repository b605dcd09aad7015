//! Why an envelope is no message of a reliable session, and what is answered to it.

use waxwing_soap::AddressingError;

use crate::fault::{FaultKind, SequenceFault};
use crate::version::ReliableMessagingVersion;

/// Why an envelope is no message of a reliable session.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// An addressing header is repeated or has no address.
    #[error(transparent)]
    Addressing(#[from] AddressingError),
    /// A required addressing header is missing.
    #[error("the required addressing header {0} is missing")]
    MissingHeader(&'static str),
    /// A header of the protocol stands twice.
    #[error("the header {0} stands more than once in one message")]
    RepeatedHeader(&'static str, ReliableMessagingVersion),
    /// A message of the protocol demands that a header be understood that is not.
    #[error("the header {{{namespace}}}{local} must be understood, but is not")]
    NotUnderstood {
        /// The namespace of the header.
        namespace: String,
        /// The local name of the header.
        local: String,
    },
    /// A header or body of the protocol does not follow its grammar.
    #[error("{element} is malformed: {problem}")]
    Malformed {
        /// The local name of the header or body.
        element: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// The body of a CreateSequence does not follow its grammar, which is answered with a refusal.
    #[error("CreateSequence is malformed: {0}")]
    MalformedCreateSequence(String),
    /// Neither a message of the protocol nor one inside a sequence.
    #[error(
        "the message with action {action:?} is outside any reliable session; a reliable session ({}) \
         is required here",
        .version.namespace()
    )]
    NotReliable {
        /// The action of the message.
        action: String,
        /// The version that was expected.
        version: ReliableMessagingVersion,
    },
}

impl ReadError {
    /// The text of the fault: WCF's where it has one that says more than the error.
    fn reason(&self) -> String {
        match self {
            Self::NotReliable { version: ReliableMessagingVersion::V11, .. } => {
                "The RM server requires the use of WS-ReliableMessaging 1.1 protocol. This is likely caused by a \
                 binding mismatch."
                    .to_owned()
            }
            Self::NotReliable { action, .. } => format!(
                "The action {action} is not supported by this endpoint. Only WS-ReliableMessaging February 2005 \
                 messages are processed by this endpoint."
            ),
            _ => self.to_string(),
        }
    }

    /// The fault that a service answers with. None: WCF drops the request without a response, and nothing
    /// better can be said, since what is malformed cannot be trusted to name its sequence.
    pub fn fault(&self) -> Option<SequenceFault> {
        let kind = match self {
            Self::Addressing(
                AddressingError::Cardinality(name) | AddressingError::MissingAddress(name),
            ) => FaultKind::InvalidAddressingHeader(name),
            Self::MissingHeader(name) => FaultKind::AddressingHeaderRequired(name),
            Self::RepeatedHeader(local, version) => FaultKind::MustUnderstand {
                namespace: version.namespace().to_owned(),
                local: (*local).to_owned(),
            },
            Self::NotUnderstood { namespace, local } => {
                FaultKind::MustUnderstand { namespace: namespace.clone(), local: local.clone() }
            }
            Self::Malformed { .. } => return None,
            Self::MalformedCreateSequence(_) => {
                FaultKind::CreateSequenceRefused { connection_limit: false }
            }
            Self::NotReliable { version: ReliableMessagingVersion::V11, .. } => {
                FaultKind::WsrmRequired
            }
            Self::NotReliable { action, .. } => FaultKind::ActionNotSupported(action.clone()),
        };
        Some(SequenceFault::sender(kind, self.reason()))
    }
}

pub(super) fn malformed<T>(
    element: &'static str,
    problem: impl Into<String>,
) -> Result<T, ReadError> {
    Err(ReadError::Malformed { element, problem: problem.into() })
}
