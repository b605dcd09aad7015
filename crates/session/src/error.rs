//! Why a session failed, in words that a person can act on.

use waxwing_reliable::{Failure, FailureKind, SequenceFault};
use waxwing_security::Reason;
use waxwing_security::conversation::{ClientError, SecurityFaultKind};
use waxwing_soap::Fault;

/// Why a session, or one call of it, failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// Security failed: authentication, identity, a message that cannot be verified.
    #[error("{0}")]
    Security(Box<ClientError>),
    /// The reliable session failed.
    #[error("{0}")]
    Reliable(waxwing_reliable::SessionError),
    /// The message could not be brought to the service.
    #[error("{step} failed: {}", .failure.reason)]
    Transport {
        /// What was being done.
        step: &'static str,
        /// What the transport said.
        failure: Failure,
    },
    /// A step was not over in time.
    #[error("{step} was not done in time, after {attempts} attempts; the last one: {last}")]
    TimedOut {
        /// What was being done.
        step: &'static str,
        /// How often it was tried.
        attempts: u32,
        /// How the last attempt ended.
        last: String,
    },
    /// The service answered a two-way call with an empty response.
    #[error("the service answered with an empty response, but the operation has a reply")]
    NoReply,
    /// The answer does not fit the request.
    #[error("the answer cannot be used: {0}")]
    BadReply(String),
    /// The call does not fit the state of the session.
    #[error("{0}")]
    State(&'static str),
    /// The session was given up here.
    #[error("the session was aborted: {0}")]
    Aborted(String),
}

/// What a failure most probably means and what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advice {
    /// A stable code, for searching.
    pub code: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What to do.
    pub action: &'static str,
}

impl Advice {
    /// Whether it says more than the kind of the fault says: it was found by the fault's text.
    pub fn is_specific(&self) -> bool {
        [NO_RELIABLE_SESSION, NO_MESSAGE_SECURITY, NO_NEGOTIATION].contains(self)
    }
}

impl From<ClientError> for SessionError {
    fn from(error: ClientError) -> Self {
        Self::Security(Box::new(error))
    }
}

impl From<waxwing_reliable::SessionError> for SessionError {
    fn from(error: waxwing_reliable::SessionError) -> Self {
        Self::Reliable(error)
    }
}

impl SessionError {
    /// The fault that the peer sent, when it sent one.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Security(error) => error.fault(),
            Self::Reliable(waxwing_reliable::SessionError::PeerSoapFault(fault)) => Some(fault),
            _ => None,
        }
    }

    /// What the failure most probably means, when more can be said than the error itself says.
    pub fn advice(&self) -> Option<Advice> {
        match self {
            Self::Security(error) => security_advice(error),
            Self::Reliable(error) => reliable_advice(error),
            Self::Transport { failure, .. } => Some(transport_advice(failure)),
            Self::TimedOut { .. } => Some(UNREACHABLE),
            _ => None,
        }
    }
}

const NO_RELIABLE_SESSION: Advice = Advice {
    code: "no-reliable-session",
    meaning: "the service has no reliable session at this address: it does not know the action CreateSequence",
    action: "set <reliableSession enabled=\"false\"/> in the client's binding, or enabled=\"true\" in the service's",
};
const OTHER_VERSION: Advice = Advice {
    code: "other-reliable-messaging-version",
    meaning: "client and service use different versions of WS-ReliableMessaging (wsHttpBinding: February 2005; ws2007HttpBinding: 1.1)",
    action: "use the same binding on both sides",
};
const NO_SECURITY_HERE: Advice = Advice {
    code: "security-mismatch",
    meaning: "the service demands message security and found none, or of another version, or a session that it has forgotten",
    action: "compare <security mode> and the binding (wsHttpBinding or ws2007HttpBinding) of both sides; after a restart of the service open a new channel",
};
const NO_MESSAGE_SECURITY: Advice = Advice {
    code: "no-message-security",
    meaning: "the service has no message security at this address: it does not know the Security header",
    action: "compare <security mode> of both sides; without security the service must be reached over a network that is safe by itself",
};
const NOT_AUTHENTICATED: Advice = Advice {
    code: "failed-authentication",
    meaning: "the service does not accept the client's credential: certificate of an unknown authority, expired or revoked, or a wrong password",
    action: "look into the service's log for its reason; let a certificate authority that the service trusts issue the client's certificate, or check user name and password",
};
const NOT_VERIFIED: Advice = Advice {
    code: "invalid-security",
    meaning: "the service could not verify the message; it does not say why. Usual reasons, in this order: the clocks differ by more than 5 minutes; the client encrypts for another certificate than the service's; another algorithm suite or messageProtectionOrder; a contract with lower protection levels than the service's; the message was altered or sent twice on its way",
    action: "compare the clocks; compare the certificate in the client's <identity> or defaultCertificate with the service's; compare algorithmSuite and messageProtectionOrder; compare the contracts' ProtectionLevel",
};
const BUSY: Advice = Advice {
    code: "server-too-busy",
    meaning: "the service has as many sessions as it allows",
    action: "try again later, close channels that are not used, or raise serviceThrottling maxConcurrentSessions",
};
const REFUSED: Advice = Advice {
    code: "create-sequence-refused",
    meaning: "the service makes no new reliable session: it has as many as it allows, or it takes a CreateSequence that was repeated because its answer was lost for a second one (Metro does)",
    action: "open a new channel, later if the service is busy; close channels that are not used, or raise maxPendingChannels and serviceThrottling maxConcurrentSessions",
};
const NO_NEGOTIATION: Advice = Advice {
    code: "negotiation-mismatch",
    meaning: "the service does not negotiate its certificate (negotiateServiceCredential=\"false\"), or only the service does",
    action: "set negotiateServiceCredential to the service's value; with \"false\" the client must know the service's certificate (identity or defaultCertificate)",
};
const LEVELS_DIFFER: Advice = Advice {
    code: "protection-level-mismatch",
    meaning: "the service protects its answer less than the client's contract says: the protection levels of the two contracts differ",
    action: "give the contract the service's ProtectionLevel: protection_level in #[service_contract], #[operation], faults(…) or #[param], or ChannelFactory::protection_level",
};
const ORDERS_DIFFER: Advice = Advice {
    code: "protection-order-mismatch",
    meaning: "the service leaves its signature in clear where the client wants it encrypted: the two bindings have different orders of signing and encrypting",
    action: "set messageProtectionOrder of <security> to the service's value",
};
const CONFIRMATIONS_DIFFER: Advice = Advice {
    code: "signature-confirmation-mismatch",
    meaning: "one end confirms signatures in its answers and the other does not",
    action: "set requireSignatureConfirmation of <security>, and of <secureConversationBootstrap>, to the same value on both sides",
};
const UNREACHABLE: Advice = Advice {
    code: "unreachable",
    meaning: "the service was not reached or did not answer in time",
    action: "check address, firewall and whether the service runs; raise openTimeout or sendTimeout when it is only slow",
};

/// The answer is the service's own, but protected otherwise than agreed.
fn disagreement_advice(reason: &Reason) -> Option<Advice> {
    Some(match reason {
        Reason::Level { .. } => LEVELS_DIFFER,
        Reason::PlainSignature => ORDERS_DIFFER,
        Reason::NotConfirmed | Reason::UnexpectedConfirmation => CONFIRMATIONS_DIFFER,
        _ => return None,
    })
}

fn security_advice(error: &ClientError) -> Option<Advice> {
    if let Some(error) = error.disagreement() {
        return disagreement_advice(error.reason());
    }
    let ClientError::Fault { fault, kind, .. } = error else { return None };
    let text = fault.text();
    Some(match kind {
        SecurityFaultKind::FailedAuthentication => NOT_AUTHENTICATED,
        SecurityFaultKind::ServerTooBusy => BUSY,
        _ if text.contains("header 'Security'") => NO_MESSAGE_SECURITY,
        _ if text.contains("CreateSequence' is invalid or unrecognized") => NO_RELIABLE_SESSION,
        _ if text.contains("RST/Issue' is") => NO_NEGOTIATION,
        SecurityFaultKind::InvalidSecurity if text.contains("is invalid or unrecognized") => {
            NO_SECURITY_HERE
        }
        SecurityFaultKind::BadContextToken => NO_SECURITY_HERE,
        SecurityFaultKind::InvalidSecurity => NOT_VERIFIED,
        _ => return None,
    })
}

fn reliable_advice(error: &waxwing_reliable::SessionError) -> Option<Advice> {
    use waxwing_reliable::SessionError as Error;
    match error {
        Error::Peer(fault) => sequence_advice(fault),
        Error::PeerSoapFault(fault) => soap_advice(fault),
        Error::TimedOut { .. } | Error::RetriesExceeded { .. } => Some(UNREACHABLE),
        _ => None,
    }
}

fn sequence_advice(fault: &SequenceFault) -> Option<Advice> {
    match fault.kind.local_name() {
        "WsrmRequired" => Some(OTHER_VERSION),
        "ActionNotSupported" => Some(action_advice(&fault.reason)),
        "CreateSequenceRefused" => Some(REFUSED),
        _ => None,
    }
}

fn soap_advice(fault: &Fault) -> Option<Advice> {
    let local = fault.subcode().map_or("", |code| code.local.as_str());
    match local {
        "ActionNotSupported" => Some(action_advice(fault.text())),
        "WsrmRequired" => Some(OTHER_VERSION),
        "BadContextToken" => Some(NO_SECURITY_HERE),
        "InvalidSecurity" => Some(NOT_VERIFIED),
        _ => None,
    }
}

/// A service that knows another version says which messages it processes; one without sessions does not.
fn action_advice(text: &str) -> Advice {
    if text.contains("messages are processed by this endpoint") {
        OTHER_VERSION
    } else {
        NO_RELIABLE_SESSION
    }
}

fn transport_advice(failure: &Failure) -> Advice {
    match failure.kind {
        FailureKind::Security => Advice {
            code: "http-access-denied",
            meaning: "the web server in front of the service refuses the request (HTTP 401 or 403)",
            action: "give the HTTP credentials, client certificate or network access that it wants",
        },
        FailureKind::Protocol => Advice {
            code: "http-protocol",
            meaning: "what answers at this address does not speak SOAP of this version (encoding, SOAP version), or is no service",
            action: "check the address, messageEncoding and the SOAP version",
        },
        _ => UNREACHABLE,
    }
}
