//! What strangers send.

use waxwing_reliable::{Body, ContextTag, Headers, Identifier, Message, Sequence, Shutdown};

use super::plan::Plan;
use super::world::{Payload, STRANGER};

/// A message into a session, with another context than that has.
pub fn message(
    identifier: Identifier,
    number: u64,
    is_question: bool,
    plan: &Plan,
) -> (Message<Payload>, Option<ContextTag>) {
    let body = match (is_question, number) {
        (true, _) => Body::AckRequested,
        (_, 3) => Body::TerminateSequence(Shutdown {
            identifier: identifier.clone(),
            last_message_number: None,
            reply_to: None,
        }),
        _ => Body::Application(STRANGER),
    };
    let mut message = Message::new(body);
    message.message_id = Some("urn:stranger".into());
    message.headers = match &message.body {
        Body::Application(_) => Headers {
            sequence: Some(Sequence { identifier, number, last_message: false }),
            ..Headers::default()
        },
        Body::AckRequested => Headers { ack_requested: Some(identifier), ..Headers::default() },
        _ => Headers::default(),
    };
    let tag = plan.secured.then(|| Identifier::new("urn:another-context"));
    (message, tag)
}
