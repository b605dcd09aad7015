//! Faults of the security protocols: recognized and explained at the client, made at the service
//! (WS-Security 1.1 §12, WS-Trust February 2005 §9, WS-SecureConversation February 2005 §8).

use waxwing_soap::{Fault, FaultCode, MessageVersion};

use crate::error::SecurityFault;
use crate::wsse::Dialect;
use crate::wsse::names::WSSE;

/// The namespace of WCF's own security faults.
pub(crate) const DNSE: &str = "http://schemas.microsoft.com/ws/2006/05/security";
/// The action of faults about the session itself.
pub(crate) const SECURE_CONVERSATION_FAULT: &str =
    "http://schemas.microsoft.com/ws/2006/05/security/SecureConversationFault";

/// What a fault of a security protocol says, by its subcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecurityFaultKind {
    /// The message did not verify, or its action is unknown.
    InvalidSecurity,
    /// A token is not trusted, a password wrong.
    FailedAuthentication,
    /// A token is malformed.
    InvalidSecurityToken,
    /// The security context is unknown or expired, or the bindings differ.
    BadContextToken,
    /// The key of the session is too old.
    RenewNeeded,
    /// The request for a token is malformed or out of place.
    InvalidRequest,
    /// Too many negotiations or sessions.
    ServerTooBusy,
    /// The service is closing.
    EndpointUnavailable,
    /// The service gave the session up.
    SecuritySessionAborted,
    /// Another subcode in one of the security namespaces.
    OtherSecurity,
    /// No fault of a security protocol.
    NotSecurity,
}

impl SecurityFaultKind {
    /// What a fault says. `FailedAuthentication` and its like count in the namespaces of WS-Security,
    /// of either dialect, and of WCF's own.
    pub fn of(fault: &Fault) -> Self {
        let Some(subcode) = fault.subcode() else {
            return SecurityFaultKind::NotSecurity;
        };
        let known = subcode.namespace == WSSE
            || subcode.namespace == DNSE
            || Dialect::ALL.iter().any(|d| is_dialect(&subcode.namespace, *d));
        match subcode.local.as_str() {
            "EndpointUnavailable" => SecurityFaultKind::EndpointUnavailable,
            _ if !known => SecurityFaultKind::NotSecurity,
            "InvalidSecurity" => SecurityFaultKind::InvalidSecurity,
            "FailedAuthentication" => SecurityFaultKind::FailedAuthentication,
            "InvalidSecurityToken" => SecurityFaultKind::InvalidSecurityToken,
            "BadContextToken" => SecurityFaultKind::BadContextToken,
            "RenewNeeded" => SecurityFaultKind::RenewNeeded,
            "InvalidRequest" => SecurityFaultKind::InvalidRequest,
            "ServerTooBusy" => SecurityFaultKind::ServerTooBusy,
            "SecuritySessionAborted" => SecurityFaultKind::SecuritySessionAborted,
            _ => SecurityFaultKind::OtherSecurity,
        }
    }

    /// What to look for when the service answers with such a fault.
    pub fn advice(self) -> &'static str {
        match self {
            SecurityFaultKind::InvalidSecurity => {
                "the service could not verify the message. Compare both ends: the service certificate \
                 that the client encrypts for, the algorithm suite, negotiateServiceCredential and \
                 establishSecurityContext, whether the operation's action is in the contract, and the \
                 clocks (more than five minutes apart is too much)"
            }
            SecurityFaultKind::FailedAuthentication => {
                "the service does not accept the client's credential: a certificate that it does not \
                 trust, that has expired or that was not sent, or a wrong user name or password"
            }
            SecurityFaultKind::InvalidSecurityToken => {
                "the service finds the client's token malformed"
            }
            SecurityFaultKind::BadContextToken => {
                "the service does not know the security session: it ended or aborted it, was restarted, \
                 or the bindings differ (security mode, negotiateServiceCredential, \
                 establishSecurityContext, wsHttpBinding against ws2007HttpBinding)"
            }
            SecurityFaultKind::RenewNeeded => "the session key must be renewed",
            SecurityFaultKind::InvalidRequest => {
                "the service refuses the request for a token: another algorithm suite (key size), a \
                 negotiation that took too long, or a leg out of place"
            }
            SecurityFaultKind::ServerTooBusy => {
                "the service has too many negotiations or new sessions at once; try again later"
            }
            SecurityFaultKind::EndpointUnavailable => "the service is shutting down",
            SecurityFaultKind::SecuritySessionAborted => "the service aborted the security session",
            SecurityFaultKind::OtherSecurity | SecurityFaultKind::NotSecurity => {
                "the service answered with a fault that was not secured"
            }
        }
    }
}

/// Whether an unsecured fault speaks for the security layer of the service, in the namespaces that a
/// client of this dialect listens to; such a fault ends the session.
pub(crate) fn ends_session(fault: &Fault, dialect: Dialect) -> bool {
    let subcode = match (&fault.code, fault.subcode()) {
        (FaultCode::Sender, Some(subcode)) => subcode,
        _ => return false,
    };
    let namespace = subcode.namespace.as_str();
    namespace == WSSE || namespace == DNSE || is_dialect(namespace, dialect)
}

fn is_dialect(namespace: &str, dialect: Dialect) -> bool {
    namespace == dialect.trust() || namespace == dialect.conversation()
}

/// The namespace of the faults of a negotiation, in both dialects.
const NEGOTIATION: &str = Dialect::February2005.trust();

/// The faults that the service makes, with WCF's texts.
pub(crate) mod make {
    use super::*;

    /// The fault for a message that did not verify.
    pub(crate) fn of_error(fault: SecurityFault, action: &str, dialect: Dialect) -> Fault {
        let sender = |namespace, local, text: &str| {
            Fault::new(FaultCode::Sender, text).with_subcode(namespace, local)
        };
        match fault {
            SecurityFault::InvalidSecurity => sender(
                WSSE,
                "InvalidSecurity",
                "An error occurred when verifying security for the message.",
            ),
            SecurityFault::FailedAuthentication => sender(
                WSSE,
                "FailedAuthentication",
                "At least one security token in the message could not be validated.",
            ),
            SecurityFault::InvalidSecurityToken => sender(
                WSSE,
                "InvalidSecurityToken",
                "An error occurred when processing the security tokens in the message.",
            ),
            SecurityFault::BadContextToken => sender(
                dialect.conversation(),
                "BadContextToken",
                "The security context token is expired or is not valid. The message was not processed.",
            ),
            SecurityFault::UnknownAction => {
                let text = format!(
                    "The message could not be processed because the action '{action}' is invalid or unrecognized."
                );
                sender(WSSE, "InvalidSecurity", &text)
            }
        }
    }

    /// The one answer to a message that no session claims.
    pub(crate) fn no_session(action: &str, dialect: Dialect) -> Fault {
        let text = format!(
            "The message could not be processed. This is most likely because the action '{action}' is \
             incorrect or because the message contains an invalid or expired security context token or \
             because there is a mismatch between bindings. The security context token would be invalid \
             if the service aborted the channel due to inactivity. To prevent the service from aborting \
             idle sessions prematurely increase the Receive timeout on the service endpoint's binding."
        );
        Fault::new(FaultCode::Sender, text).with_subcode(dialect.conversation(), "BadContextToken")
    }

    /// The session's key has expired.
    pub(crate) fn renew_needed(dialect: Dialect) -> Fault {
        let text = "The SecurityContextSecurityToken's key needs to be renewed.";
        let mut fault =
            Fault::new(FaultCode::Sender, text).with_subcode(dialect.conversation(), "RenewNeeded");
        fault.reason[0].0.clear();
        fault
    }

    /// A request for a token that cannot be answered.
    pub(crate) fn invalid_request() -> Fault {
        let text = "The request for security token has invalid or malformed elements.";
        Fault::new(FaultCode::Sender, text).with_subcode(NEGOTIATION, "InvalidRequest")
    }

    /// The peer of a negotiation is not trusted, or TLS failed.
    pub(crate) fn negotiation_failed() -> Fault {
        let text =
            "The request for security token could not be satisfied because authentication failed.";
        Fault::new(FaultCode::Sender, text).with_subcode(NEGOTIATION, "FailedAuthentication")
    }

    /// Too much at once.
    pub(crate) fn too_busy() -> Fault {
        let text = "There are too many active security negotiations or secure conversations at the \
                    service. Please retry later.";
        Fault::new(FaultCode::Receiver, text).with_subcode(DNSE, "ServerTooBusy")
    }

    /// The service is closing.
    pub(crate) fn closing(version: MessageVersion) -> Fault {
        let text = "The service is closing and takes no new security sessions.";
        Fault::new(FaultCode::Receiver, text)
            .with_subcode(version.addressing.namespace(), "EndpointUnavailable")
    }

    /// A secured message at a service without message security (SOAP 1.2 Part 1 §5.4.8).
    pub(crate) fn security_not_understood() -> Fault {
        let text = format!(
            "The header 'Security' from the namespace '{WSSE}' was not understood by the recipient of \
             this message, causing the message to not be processed.  This error typically indicates \
             that the sender of this message has enabled a communication protocol that the receiver \
             cannot process.  Please ensure that the configuration of the client's binding is \
             consistent with the service's binding. "
        );
        Fault::new(FaultCode::MustUnderstand, text).with_not_understood(WSSE, "Security")
    }
}
