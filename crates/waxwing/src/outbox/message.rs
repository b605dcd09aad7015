//! Calls and replies as the session has them.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use waxwing_session::{AppMessage, ApplicationMessage};
use waxwing_soap::Envelope;

use super::engine::{NewCall, Verdict};
use super::hooks::Decision;
use crate::contract::{Call, CallError};
use crate::environment::SystemRandom;

/// A call as an outbox takes it: what is known of it, and its message with the `MessageID` that it keeps for ever.
pub(super) fn new_call<T>(key: &str, call: &Call<T>) -> Result<(NewCall, AppMessage), CallError> {
    let envelope = call.message()?;
    let octets = envelope.to_bytes();
    let mut digest = Sha256::new();
    digest.update([u8::from(call.is_one_way())]);
    digest.update((call.action().len() as u64).to_be_bytes());
    digest.update(call.action());
    digest.update(&octets);
    let new = NewCall {
        key: Arc::from(key),
        digest: digest.finalize().into(),
        action: Arc::from(call.action()),
        one_way: call.is_one_way(),
        idempotent: call.is_idempotent(),
        octets: octets.len() as u64,
    };
    let (action, one_way) = (call.action(), call.is_one_way());
    let message = ApplicationMessage::request(action, envelope.clone(), one_way, &mut SystemRandom);
    Ok((new, AppMessage::new(message)))
}

/// A reply that somebody knows.
pub(super) fn reply(envelope: Envelope) -> AppMessage {
    AppMessage::new(ApplicationMessage {
        action: envelope.action().map(|action| action.into_owned()).unwrap_or_default(),
        message_id: None,
        relates_to: None,
        reply_to: None,
        envelope,
    })
}

/// What somebody has decided.
pub(super) fn verdict(decision: Decision) -> Verdict {
    match decision {
        Decision::Delivered(envelope) => Verdict::Delivered(envelope.map(reply)),
        Decision::SendAgain => Verdict::SendAgain,
        Decision::GiveUp(why) => Verdict::GiveUp(why),
    }
}
