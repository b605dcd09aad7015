//! What is dispatched: values that only a [`ServiceEndpoint`](super::ServiceEndpoint) makes, of messages that its security
//! has verified, or that an endpoint without message security takes from everybody.

use std::net::SocketAddr;
use std::sync::Arc;

use waxwing_crypto::{Digest, DigestAlgorithm};
use waxwing_reliable::{Identifier, Message};
use waxwing_security::conversation::{CallerIdentity, SecuritySession};
use waxwing_soap::{Addressing, Envelope, Fault, QName};

use super::faults::must_understand;
use crate::message::{AppMessage, ApplicationMessage};

/// A message that was verified, on its way to the sessions.
#[derive(Debug)]
pub struct VerifiedMessage {
    pub(super) message: Message<Carried>,
    /// What a sequence is bound to, and a call without one belongs to: the identifier of the security context.
    pub(super) tag: Option<Identifier>,
    pub(super) security: Option<SecuritySession>,
    pub(super) caller: Arc<CallerIdentity>,
}

impl VerifiedMessage {
    pub(super) fn new(
        message: Message<Carried>,
        security: Option<SecuritySession>,
        caller: Arc<CallerIdentity>,
    ) -> Self {
        let tag = security.as_ref().map(|session| Identifier::new(session.identifier()));
        Self { message, tag, security, caller }
    }

    /// Who sent it.
    pub fn caller(&self) -> &Arc<CallerIdentity> {
        &self.caller
    }

    /// The security session that it came in by.
    pub fn security_session(&self) -> Option<&SecuritySession> {
        self.security.as_ref()
    }
}

/// What a sequence is bound to where every message proves for itself who sent it: the sender. WCF binds such sequences to
/// nothing, so that any client that it trusts can speak in the sequence of another. None of somebody who is not known.
pub(super) fn sender_of(caller: &CallerIdentity) -> Option<Identifier> {
    let (kind, name) = match caller {
        CallerIdentity::Anonymous => return None,
        CallerIdentity::UserName(name) => ("user", name.to_string()),
        CallerIdentity::Certificate(certificate) => ("certificate", hex_digest(certificate.der())),
    };
    Some(Identifier::new(format!("urn:waxwing:sender:{kind}:{name}")))
}

/// SHA-256: two certificates with one SHA-1 can be made.
fn hex_digest(octets: &[u8]) -> String {
    let mut digest = Digest::new(DigestAlgorithm::Sha256);
    digest.update(octets);
    digest.finish().iter().map(|octet| format!("{octet:02x}")).collect()
}

/// A request for an operation: the message as it was verified and decrypted, its addressing headers, and who sent it.
/// Everything is read once, where it was verified.
#[derive(Debug)]
pub struct VerifiedRequest {
    envelope: Envelope,
    addressing: Addressing,
    caller: Arc<CallerIdentity>,
    peer: Option<SocketAddr>,
    unknown_header: Option<QName>,
}

impl VerifiedRequest {
    pub(super) fn new(
        envelope: Envelope,
        addressing: Addressing,
        caller: Arc<CallerIdentity>,
    ) -> Self {
        Self { envelope, addressing, caller, peer: None, unknown_header: None }
    }

    /// The same from this address.
    pub(super) fn with_peer(self, peer: Option<SocketAddr>) -> Self {
        Self { peer, ..self }
    }

    /// The same with a header that must be understood, and that nobody here knows.
    pub(super) fn with_unknown_header(self, unknown_header: Option<QName>) -> Self {
        Self { unknown_header, ..self }
    }

    /// Whether there is no such header.
    pub(super) fn is_understood(&self) -> bool {
        self.unknown_header.is_none()
    }

    /// Why it is not executed, but answered with a fault: it has a header that must be understood (SOAP 1.2 Part 1
    /// §5.2.3), and neither the layers nor the contract know it.
    pub fn not_understood(&self) -> Option<Fault> {
        self.unknown_header.as_ref().map(must_understand)
    }

    /// The address that it came from, where the transport tells. Nothing is proven by it.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// The action; empty when the message has none.
    pub fn action(&self) -> &str {
        self.addressing.action.as_deref().unwrap_or_default()
    }

    /// All its addressing headers.
    pub fn addressing(&self) -> &Addressing {
        &self.addressing
    }

    /// The message.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Who sent it.
    pub fn caller(&self) -> &Arc<CallerIdentity> {
        &self.caller
    }

    /// A reply to it: body and application headers; what the layers below need is added when it goes out.
    pub fn reply(&self, action: impl Into<String>, envelope: Envelope) -> AppMessage {
        AppMessage::new(ApplicationMessage {
            action: action.into(),
            message_id: None,
            relates_to: self.addressing.message_id.clone(),
            reply_to: None,
            envelope,
        })
    }
}

/// What the sequences of a service carry: requests one way, replies the other.
#[derive(Debug, Clone)]
pub(super) enum Carried {
    Request(Arc<VerifiedRequest>),
    Reply(AppMessage),
}
