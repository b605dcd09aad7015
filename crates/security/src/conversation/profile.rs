//! What kind of security an end has, for those who judge its failures.

use super::binding::{BindingKind, ClientBinding, ServiceBinding};
use super::credentials::{ClientCredential, ClientIdentification};
use super::options::{ClientOptions, Protection, ServiceOptions};
use crate::wsse::Dialect;

/// What an end's message security is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecurityProfile {
    /// The versions of WS-Trust and WS-SecureConversation.
    pub dialect: Dialect,
    /// Whether a security context is asked for first (`establishSecurityContext`), with or without a session.
    pub conversation: bool,
    /// How messages that stand alone are protected.
    pub binding: BindingKind,
    /// What clients prove themselves with (`clientCredentialType`).
    pub credential: CredentialKind,
}

/// What a client proves itself with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// Nothing.
    None,
    /// A user name and password.
    UserName,
    /// A certificate.
    Certificate,
}

impl SecurityProfile {
    /// Whether the service's certificate is negotiated (`negotiateServiceCredential`).
    pub fn negotiates(&self) -> bool {
        self.binding == BindingKind::Negotiated
    }

    /// The profile of a client; none without message security.
    pub(super) fn of(options: &ClientOptions) -> Option<Self> {
        let conversation = is_conversation(options.protection)?;
        Some(Self {
            dialect: options.settings.dialect,
            conversation,
            binding: options.binding.as_ref().map(ClientBinding::kind)?,
            credential: match options.credential {
                ClientCredential::None => CredentialKind::None,
                ClientCredential::UserName { .. } => CredentialKind::UserName,
                ClientCredential::Certificate { .. } => CredentialKind::Certificate,
            },
        })
    }

    /// The profile of a service; none without message security.
    pub(super) fn of_service(options: &ServiceOptions) -> Option<Self> {
        let conversation = is_conversation(options.protection)?;
        Some(Self {
            dialect: options.settings.dialect,
            conversation,
            binding: options.binding.as_ref().map(ServiceBinding::kind)?,
            credential: match options.clients {
                ClientIdentification::None => CredentialKind::None,
                ClientIdentification::UserName => CredentialKind::UserName,
                ClientIdentification::Certificate => CredentialKind::Certificate,
            },
        })
    }
}

/// Whether messages go in a secure conversation; none without message security.
fn is_conversation(protection: Protection) -> Option<bool> {
    match protection {
        Protection::None => None,
        Protection::OneShot => Some(false),
        Protection::Conversation | Protection::Cookie => Some(true),
    }
}
