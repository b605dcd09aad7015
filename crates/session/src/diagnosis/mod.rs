//! From a failure to what it most probably is.
//!
//! `catalogue` says of each what it means and what to do, `situation` is what is known beside the failure itself. This
//! file decides. It reads codes, namespaces and steps, never a text: services write in the language of their machine.

mod catalogue;
mod faults;
pub(crate) mod situation;

use waxwing_reliable::{FaultKind, SequenceFault, SessionError as ReliableError};
use waxwing_security::conversation::{ClientError, SecurityFaultKind};
use waxwing_security::negotiation::NegotiationError;
use waxwing_security::{Reason, SecurityError};

pub use self::catalogue::Diagnosis;
pub(crate) use self::faults::is_infrastructure;
pub use self::situation::{Situation, TransportCause, TransportFailure};
use crate::error::SessionError;

impl SessionError {
    /// What the failure most probably is; none when nothing more is known than it says itself.
    pub fn diagnosis(&self, situation: &Situation) -> Option<Diagnosis> {
        match self {
            Self::Security(error) => security(error, situation),
            Self::Reliable(error) => reliable(error, situation),
            Self::Refused(fault) => faults::soap(fault, situation),
            Self::Transport { failure, .. } => Some(transport(failure.cause)),
            Self::TimedOut { .. } => Some(late(situation)),
            Self::NoReply => Some(Diagnosis::EmptyAnswer),
            Self::BadReply(_) | Self::State(_) | Self::Aborted(_) => None,
        }
    }
}

fn transport(cause: TransportCause) -> Diagnosis {
    match cause {
        TransportCause::Refused => Diagnosis::ConnectionRefused,
        TransportCause::UnknownHost => Diagnosis::UnknownHost,
        TransportCause::Unreachable => Diagnosis::Unreachable,
        TransportCause::Broken => Diagnosis::ConnectionBroken,
        TransportCause::NoAnswer | TransportCause::Gateway => Diagnosis::NoAnswer,
        TransportCause::Empty => Diagnosis::EmptyAnswer,
        TransportCause::Address => Diagnosis::AddressUnusable,
        TransportCause::Listening => Diagnosis::ClientBaseAddress,
        TransportCause::Tls => Diagnosis::TlsFailed,
        TransportCause::Untrusted => Diagnosis::TlsCertificate,
        TransportCause::Proxy => Diagnosis::ProxyFailed,
        TransportCause::ProxyAuthentication => Diagnosis::ProxyAuthentication,
        TransportCause::AccessDenied => Diagnosis::HttpAccessDenied,
        TransportCause::NotFound => Diagnosis::EndpointNotFound,
        TransportCause::RequestTooLarge => Diagnosis::RequestTooLarge,
        TransportCause::MediaType => Diagnosis::ContentType,
        TransportCause::Busy => Diagnosis::ServerTooBusy,
        TransportCause::AnswerTooLarge => Diagnosis::AnswerTooLarge,
        TransportCause::NotSoap | TransportCause::Framing => Diagnosis::NoSoapService,
    }
}

/// Time is up: how the last attempt ended says why.
fn late(situation: &Situation) -> Diagnosis {
    situation.transport.map_or(Diagnosis::NoAnswer, transport)
}

fn security(error: &ClientError, situation: &Situation) -> Option<Diagnosis> {
    if let Some(error) = error.disagreement() {
        return local(error);
    }
    match error {
        ClientError::Fault { fault, kind, origin, .. } => {
            faults::security(fault, *kind, *origin, situation)
        }
        ClientError::SecuredFault { fault, origin } => {
            faults::security(fault, SecurityFaultKind::of(fault), *origin, situation)
        }
        ClientError::Unverifiable(error) | ClientError::Response { error, .. } => local(error),
        ClientError::UntrustedService { .. } => Some(Diagnosis::UntrustedService),
        ClientError::Identity(_) => Some(Diagnosis::IdentityMismatch),
        ClientError::Negotiation(NegotiationError::KeySize { .. }) => {
            Some(Diagnosis::AlgorithmSuite)
        }
        ClientError::Negotiation(error) if error.is_tls() => Some(Diagnosis::TlsNegotiation),
        ClientError::Negotiation(NegotiationError::Message(error)) => local(error),
        _ => None,
    }
}

/// What this side found wrong with an answer.
fn local(error: &SecurityError) -> Option<Diagnosis> {
    match error.reason() {
        Reason::Stale(_) => Some(Diagnosis::ClockSkew),
        Reason::Level { .. } => Some(Diagnosis::ProtectionLevel),
        Reason::PlainSignature => Some(Diagnosis::ProtectionOrder),
        Reason::NotConfirmed | Reason::UnexpectedConfirmation => {
            Some(Diagnosis::SignatureConfirmation)
        }
        Reason::NotSigned(_) | Reason::NotEncrypted(_) | Reason::EncryptedNotSigned(_) => {
            Some(Diagnosis::ProtectionLevel)
        }
        Reason::Algorithm { .. } | Reason::OutOfRange { what: "KeySize", .. } => {
            Some(Diagnosis::AlgorithmSuite)
        }
        _ => None,
    }
}

fn reliable(error: &ReliableError, situation: &Situation) -> Option<Diagnosis> {
    match error {
        ReliableError::Peer(fault) => sequence(fault, situation),
        ReliableError::PeerSoapFault(fault) => faults::soap(fault, situation),
        ReliableError::Inactivity(_) => Some(Diagnosis::Inactivity),
        ReliableError::TimedOut { .. }
        | ReliableError::RetriesExceeded { .. }
        | ReliableError::Transport { .. } => Some(late(situation)),
        _ => None,
    }
}

fn sequence(fault: &SequenceFault, situation: &Situation) -> Option<Diagnosis> {
    match &fault.kind {
        FaultKind::WsrmRequired => Some(Diagnosis::OtherReliableMessagingVersion),
        FaultKind::ActionNotSupported(_) => Some(faults::action_not_supported(situation)),
        FaultKind::CreateSequenceRefused { connection_limit: true } => {
            Some(Diagnosis::ServerTooBusy)
        }
        FaultKind::CreateSequenceRefused { .. } => Some(Diagnosis::CreateSequenceRefused),
        FaultKind::UnknownSequence(_) => Some(Diagnosis::SessionForgotten),
        FaultKind::SequenceTerminated(_) => Some(Diagnosis::SessionEnded),
        FaultKind::MustUnderstand { namespace, .. } => {
            Some(faults::not_understood([namespace.as_str()].into_iter(), situation))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Diagnosis;

    #[test]
    fn every_diagnosis_has_a_code_of_its_own_a_meaning_and_an_action() {
        let codes: std::collections::BTreeSet<_> =
            Diagnosis::ALL.iter().map(|diagnosis| diagnosis.code()).collect();
        assert_eq!(codes.len(), Diagnosis::ALL.len(), "no code twice, none forgotten");
        for diagnosis in Diagnosis::ALL.iter().copied() {
            assert!(diagnosis.meaning().len() > 20 && diagnosis.action().len() > 20);
        }
    }
}
