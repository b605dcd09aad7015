//! What a service's fault says by its codes, at the step where it came (WCF's own faults, and those of WS-Security 1.1
//! §12, WS-Trust §9, WS-SecureConversation §8, WS-Addressing 1.0 SOAP Binding §6, WS-RM 1.1 §4).

use waxwing_reliable::ReliableMessagingVersion;
use waxwing_security::conversation::{
    BindingKind, CredentialKind, FaultOrigin, SecurityFaultKind, SecurityProfile,
};
use waxwing_security::wsse::names::WSSE;
use waxwing_soap::{AddressingVersion, Fault, FaultCode};

use super::{Diagnosis, Situation};

/// A fault that the service's security layer, or something before it, answered.
pub(super) fn security(
    fault: &Fault,
    kind: SecurityFaultKind,
    origin: FaultOrigin,
    situation: &Situation,
) -> Option<Diagnosis> {
    use SecurityFaultKind as Kind;
    Some(match kind {
        Kind::ServerTooBusy => Diagnosis::ServerTooBusy,
        Kind::EndpointUnavailable => Diagnosis::ServiceClosing,
        Kind::SecuritySessionAborted => Diagnosis::SecuritySessionForgotten,
        Kind::RenewNeeded => return None,
        Kind::BadContextToken => bad_context(fault, origin, situation),
        Kind::FailedAuthentication => not_authenticated(origin, situation),
        Kind::InvalidRequest if origin == FaultOrigin::Negotiation => {
            match situation.handshake_answers {
                0 => Diagnosis::AlgorithmSuite,
                _ => Diagnosis::NegotiationInterrupted,
            }
        }
        Kind::InvalidRequest => Diagnosis::AlgorithmSuite,
        Kind::InvalidSecurity | Kind::InvalidSecurityToken | Kind::OtherSecurity => {
            not_verified(origin, situation)
        }
        Kind::NotSecurity => return outside(fault, origin, situation),
    })
}

/// The one answer of WCF to a message that no security session claims, in the namespace of its own version.
fn bad_context(fault: &Fault, origin: FaultOrigin, situation: &Situation) -> Diagnosis {
    let Some(profile) = situation.security else { return Diagnosis::SecurityMismatch };
    let ours = profile.dialect.conversation();
    let is_ours = fault.subcode().is_none_or(|subcode| subcode.namespace == ours);
    let fresh = is_first(profile, origin, situation);
    match origin {
        _ if fresh && !is_ours => Diagnosis::OtherSecurityVersion,
        FaultOrigin::Negotiation if situation.handshake_answers == 0 => {
            Diagnosis::NegotiationMismatch
        }
        FaultOrigin::Negotiation => Diagnosis::NegotiationInterrupted,
        FaultOrigin::Issue if profile.negotiates() => Diagnosis::NegotiationInterrupted,
        FaultOrigin::Call if fresh => Diagnosis::SecureConversationRequired,
        _ => Diagnosis::SecuritySessionForgotten,
    }
}

/// Whether the service has accepted nothing of this client yet: a call in a secure conversation comes after its handshake.
fn is_first(profile: SecurityProfile, origin: FaultOrigin, situation: &Situation) -> bool {
    let after_handshake = profile.conversation && origin == FaultOrigin::Call;
    !situation.answered && !after_handshake
}

fn not_authenticated(origin: FaultOrigin, situation: &Situation) -> Diagnosis {
    let credential = situation.security.map(|profile| profile.credential);
    match (origin, credential) {
        (_, None) => Diagnosis::SecurityMismatch,
        (FaultOrigin::Negotiation, _) if situation.handshake_answers == 0 => {
            Diagnosis::TlsNegotiation
        }
        (_, Some(CredentialKind::Certificate)) => Diagnosis::FailedAuthentication,
        // In the handshake only a certificate can be missing.
        (FaultOrigin::Negotiation, _) | (_, Some(CredentialKind::None)) => {
            Diagnosis::CertificateRequired
        }
        (_, Some(CredentialKind::UserName)) => Diagnosis::WrongPassword,
    }
}

fn not_verified(origin: FaultOrigin, situation: &Situation) -> Diagnosis {
    let Some(profile) = situation.security else { return Diagnosis::SecurityMismatch };
    let established = profile.conversation || situation.answered;
    match origin {
        FaultOrigin::Negotiation => Diagnosis::NegotiationMismatch,
        FaultOrigin::Call if established && situation.reliable.is_some() && !situation.opened => {
            Diagnosis::NoReliableSession
        }
        FaultOrigin::Call if established => Diagnosis::OperationRefused,
        _ if situation.clocks_apart => Diagnosis::ClockSkew,
        FaultOrigin::Issue if profile.negotiates() => Diagnosis::SecuritySessionRefused,
        _ if profile.binding == BindingKind::Transport => Diagnosis::InvalidSecurityOverTls,
        _ => Diagnosis::InvalidSecurity,
    }
}

/// A fault in a security exchange that is none of the security protocols': nobody there speaks them, the service failed,
/// or its validator of user names threw a fault of its own. Such a FaultException says Sender where its maker says
/// nothing else; Receiver is what a service says of itself (CXF: a policy that it could not check).
fn outside(fault: &Fault, origin: FaultOrigin, situation: &Situation) -> Option<Diagnosis> {
    let profile = situation.security?;
    let early = is_first(profile, origin, situation);
    let is_handshake = matches!(origin, FaultOrigin::Negotiation | FaultOrigin::Issue);
    match class(fault) {
        Some(Class::ActionNotSupported | Class::WsrmRequired) if is_handshake => {
            Some(Diagnosis::NoMessageSecurity)
        }
        Some(_) => soap(fault, situation),
        None if early && fault.code == FaultCode::Receiver => Some(Diagnosis::ServiceFailed),
        None if early
            && origin != FaultOrigin::Negotiation
            && profile.credential == CredentialKind::UserName =>
        {
            Some(Diagnosis::WrongPassword)
        }
        None => None,
    }
}

/// The faults that WCF's infrastructure makes outside of the security protocols.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    MustUnderstand,
    VersionMismatch,
    ActionNotSupported,
    DestinationUnreachable,
    EndpointUnavailable,
    WsrmRequired,
    UnknownSequence,
    Security,
    TooBusy,
}

fn class(fault: &Fault) -> Option<Class> {
    match &fault.code {
        FaultCode::MustUnderstand => return Some(Class::MustUnderstand),
        FaultCode::VersionMismatch => return Some(Class::VersionMismatch),
        _ => {}
    }
    // SOAP 1.1 has no subcodes: what would be one is the code itself.
    let name = match (&fault.code, fault.subcode()) {
        (_, Some(subcode)) => subcode,
        (FaultCode::Other(name), None) => name,
        _ => return None,
    };
    let is_addressing = [AddressingVersion::Addressing10, AddressingVersion::August2004]
        .iter()
        .any(|version| version.namespace() == name.namespace);
    let is_reliable = [ReliableMessagingVersion::February2005, ReliableMessagingVersion::V11]
        .iter()
        .any(|version| version.namespace() == name.namespace);
    match name.local.as_str() {
        "ActionNotSupported" if is_addressing => Some(Class::ActionNotSupported),
        "DestinationUnreachable" if is_addressing => Some(Class::DestinationUnreachable),
        "EndpointUnavailable" if is_addressing => Some(Class::EndpointUnavailable),
        "WsrmRequired" if is_reliable => Some(Class::WsrmRequired),
        "UnknownSequence" if is_reliable => Some(Class::UnknownSequence),
        _ => match SecurityFaultKind::of(fault) {
            SecurityFaultKind::NotSecurity => None,
            SecurityFaultKind::ServerTooBusy => Some(Class::TooBusy),
            _ => Some(Class::Security),
        },
    }
}

/// Whether a fault was made by the service's infrastructure, not by its operation: WCF's client tells these as
/// CommunicationException of some kind, not as FaultException.
pub(crate) fn is_infrastructure(fault: &Fault) -> bool {
    class(fault).is_some()
}

/// A fault outside of the security protocols.
pub(super) fn soap(fault: &Fault, situation: &Situation) -> Option<Diagnosis> {
    Some(match class(fault)? {
        Class::MustUnderstand => {
            let names = fault.not_understood.iter().map(|name| name.namespace.as_str());
            not_understood(names, situation)
        }
        Class::VersionMismatch => Diagnosis::SoapVersion,
        Class::ActionNotSupported => action_not_supported(situation),
        Class::DestinationUnreachable => Diagnosis::EndpointNotFound,
        Class::EndpointUnavailable if fault.code == FaultCode::Sender => {
            Diagnosis::EndpointNotFound
        }
        Class::EndpointUnavailable => Diagnosis::ServiceClosing,
        Class::WsrmRequired if situation.reliable.is_none() => Diagnosis::ReliableSessionRequired,
        Class::WsrmRequired => Diagnosis::OtherReliableMessagingVersion,
        Class::UnknownSequence => Diagnosis::SessionForgotten,
        Class::TooBusy => Diagnosis::ServerTooBusy,
        Class::Security if situation.security.is_none() => Diagnosis::SecurityMismatch,
        // The refusal was verified: the service knows who calls.
        Class::Security
            if SecurityFaultKind::of(fault) == SecurityFaultKind::FailedAuthentication =>
        {
            Diagnosis::AccessDenied
        }
        Class::Security => {
            return security(fault, SecurityFaultKind::of(fault), FaultOrigin::Call, situation);
        }
    })
}

/// By what was sent: a CreateSequence while opening, else a message of the application.
pub(super) fn action_not_supported(situation: &Situation) -> Diagnosis {
    match situation.reliable {
        Some(ReliableMessagingVersion::V11) if !situation.opened => {
            Diagnosis::ReliableSessionMismatch
        }
        Some(_) if !situation.opened => Diagnosis::NoReliableSession,
        _ if situation.reliable.is_some() || situation.answered => Diagnosis::UnknownOperation,
        // A secured service refuses actions that it does not know with a fault of security.
        _ if situation.security.is_some() => Diagnosis::ReliableSessionRequired,
        _ => Diagnosis::OperationOrReliableSession,
    }
}

/// By the namespaces of the headers; SOAP 1.1 names none, and then by what was sent.
pub(super) fn not_understood<'a>(
    mut namespaces: impl Iterator<Item = &'a str>,
    situation: &Situation,
) -> Diagnosis {
    let Some(namespace) = namespaces.next() else {
        return match situation.security {
            Some(_) if !situation.answered => Diagnosis::NoMessageSecurity,
            _ => Diagnosis::HeaderNotUnderstood,
        };
    };
    let is_reliable = situation.reliable.is_some_and(|version| version.namespace() == namespace);
    if namespace == WSSE || namespaces.any(|other| other == WSSE) {
        Diagnosis::NoMessageSecurity
    } else if is_reliable && !situation.opened {
        Diagnosis::NoReliableSession
    } else {
        Diagnosis::HeaderNotUnderstood
    }
}
