//! What an outbox's record says, for people: never keys.

use waxwing_store::{Queue, Record, StoredMessage};

use super::engine::Entry;
use super::saved::{read_call, read_call_message, read_note, read_reply, read_state};
use crate::store::Facts;

/// What the state of an outbox says.
pub(crate) fn describe_record(kept: &Record) -> Result<Facts, String> {
    let state = read_state(&kept.state).map_err(|error| error.to_string())?;
    let mut facts: Facts = vec![("next place", state.next.to_string())];
    if state.is_paused {
        facts.push(("paused", "nothing is sent until it is resumed".into()));
    }
    if let Some(conversation) = &state.conversation {
        let reliable = &conversation.reliable;
        facts.push(("service at", conversation.to.clone()));
        facts.push(("sequence", reliable.sequence.to_string()));
        facts.push(("last number", reliable.last.to_string()));
        let unanswered: Vec<_> = reliable.unanswered.iter().map(|c| c.number.to_string()).collect();
        if !unanswered.is_empty() {
            facts.push(("numbers without an answer", unanswered.join(", ")));
        }
    }
    Ok(facts)
}

/// What a message of an outbox says, and the message as XML, if it has one.
pub(crate) fn describe_message(
    message: &StoredMessage,
) -> Result<(Facts, Option<Vec<u8>>), String> {
    let said = |error: super::saved::SavedError| error.to_string();
    let body = &message.body;
    match message.queue {
        Queue::Outgoing => {
            let text = read_call_message(body).map_err(said)?.envelope.to_bytes();
            Ok((of_entry(&read_call(body).map_err(said)?), Some(text)))
        }
        _ => {
            let reply = read_reply(body).map_err(said)?;
            let text = reply.map(|reply| reply.envelope.to_bytes());
            Ok((of_entry(&read_note(body).map_err(said)?), text))
        }
    }
}

fn of_entry(entry: &Entry) -> Facts {
    vec![
        ("key", entry.key.as_ref().to_owned()),
        ("action", entry.action.as_ref().to_owned()),
        ("enqueued", entry.enqueued_at.to_string()),
        ("state", entry.state.to_string()),
    ]
}
