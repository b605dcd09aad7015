//! What is dispatched: values that only a [`ServiceEndpoint`](super::ServiceEndpoint) makes, of messages that its security
//! has verified, or that an endpoint without message security takes from everybody.

use std::net::SocketAddr;
use std::sync::Arc;

use waxwing_crypto::{Digest, DigestAlgorithm};
use waxwing_reliable::{Body, Identifier, Message};
use waxwing_security::conversation::{CallerIdentity, SecuritySession};
use waxwing_soap::{Addressing, Envelope, Fault, QName, Time};

use super::faults::must_understand;
use crate::message::{AppMessage, ApplicationMessage};

/// A message that was verified, on its way to the sessions.
#[derive(Debug)]
pub struct VerifiedMessage {
    /// Large, and handed on many times.
    pub(crate) message: Box<Message<Carried>>,
    /// What a sequence is bound to, and a call without one belongs to: the identifier of the security context.
    pub(crate) tag: Option<Identifier>,
    pub(crate) security: Option<SecuritySession>,
    pub(crate) caller: Arc<CallerIdentity>,
    /// When it was begun to look for what it belongs to.
    pub(crate) looked_at: Option<Time>,
}

impl VerifiedMessage {
    pub(super) fn new(
        message: Message<Carried>,
        security: Option<SecuritySession>,
        caller: Arc<CallerIdentity>,
    ) -> Self {
        let tag = security.as_ref().map(|session| Identifier::new(session.identifier()));
        Self { message: Box::new(message), tag, security, caller, looked_at: None }
    }

    /// The same, at a durable endpoint: from this time on the store was asked for what the message
    /// [claims](crate::ClaimedNames) to belong to, so whatever was let go before is here again, or is kept nowhere. Without it nothing is said
    /// to a message of a session that was let go a moment ago.
    #[must_use]
    pub fn looked_for_at(self, time: Time) -> Self {
        Self { looked_at: Some(time), ..self }
    }

    /// Who sent it.
    pub fn caller(&self) -> &Arc<CallerIdentity> {
        &self.caller
    }

    /// The request that it carries for an operation: an [`Execution`](crate::Execution) that comes of it has the same. None:
    /// it is one of the protocols.
    pub fn request(&self) -> Option<&Arc<VerifiedRequest>> {
        match &self.message.body {
            Body::Application(Carried::Request(request)) => Some(request),
            _ => None,
        }
    }

    /// The security session that it came in by.
    pub fn security_session(&self) -> Option<&SecuritySession> {
        self.security.as_ref()
    }
}

/// What a sequence is bound to where every message proves for itself who sent it: the sender. WCF binds such sequences to
/// nothing, so that any client that it trusts can speak in the sequence of another. None of somebody who is not known.
pub(crate) fn sender_of(caller: &CallerIdentity) -> Option<Identifier> {
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
    pub(crate) fn new(
        envelope: Envelope,
        addressing: Addressing,
        caller: Arc<CallerIdentity>,
    ) -> Self {
        Self { envelope, addressing, caller, peer: None, unknown_header: None }
    }

    /// The same from this address.
    pub(crate) fn with_peer(self, peer: Option<SocketAddr>) -> Self {
        Self { peer, ..self }
    }

    /// The same with a header that must be understood, and that nobody here knows.
    pub(crate) fn with_unknown_header(self, unknown_header: Option<QName>) -> Self {
        Self { unknown_header, ..self }
    }

    /// That header.
    pub(crate) fn unknown_header(&self) -> Option<&QName> {
        self.unknown_header.as_ref()
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

    /// The same, which is not a request but the reply to one.
    pub(crate) fn into_reply(this: Arc<Self>) -> AppMessage {
        let (envelope, addressing) = match Arc::try_unwrap(this) {
            Ok(own) => (own.envelope, own.addressing),
            Err(shared) => (shared.envelope.clone(), shared.addressing.clone()),
        };
        AppMessage::new(ApplicationMessage::received(envelope, addressing))
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
pub(crate) enum Carried {
    Request(Arc<VerifiedRequest>),
    Reply(AppMessage),
}
