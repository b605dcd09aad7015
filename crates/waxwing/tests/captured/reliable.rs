//! Messages of a reliable session, compared without what rides along of acknowledgements: which message that is, is a race at
//! both ends.

use waxwing_reliable::{Body, Message, ReliableMessagingVersion, codec};
use waxwing_soap::Envelope;

/// A message of a reliable session. What is outside of it, as the last word of a security session, is the application's.
pub fn message(envelope: &Envelope, version: ReliableMessagingVersion) -> Message<()> {
    codec::read(envelope, version).unwrap_or_else(|_| Message::new(Body::Application(())))
}

/// An acknowledgement, or what asks for one: it may ride along.
pub fn is_alone(envelope: &Envelope, version: ReliableMessagingVersion) -> bool {
    matches!(message(envelope, version).body, Body::SequenceAcknowledgement | Body::AckRequested)
}

/// A message without what rides along of acknowledgements.
pub fn bare(envelope: &Envelope, version: ReliableMessagingVersion) -> String {
    let mut envelope = envelope.clone();
    let names = ["SequenceAcknowledgement", "AckRequested"];
    let own = envelope.headers().filter(|header| {
        header.namespace() == version.namespace() && names.contains(&header.local_name())
    });
    for id in own.map(|header| header.id()).collect::<Vec<_>>() {
        envelope.document_mut().detach(id);
    }
    let text = String::from_utf8(envelope.to_bytes()).unwrap();
    // It is declared where something needs it.
    text.replacen(&format!(" xmlns:r=\"{}\"", version.namespace()), "", 1)
}
