//! What is kept of an outbox, as octets. A record begins with the version of its format; what follows are values by the format
//! of [postcard](https://postcard.jamesmunns.com/wire-format). Whoever changes them gives the format another number, and
//! reads the old one.
//!
//! | where | what |
//! | --- | --- |
//! | the record's state | [`State`]: the place of the next call, whether it is paused, the conversation with its keys |
//! | `Queue::Outgoing`, by place | [`KeptCall`]: a call with its message, named by its key; as long as it may have to be sent |
//! | `Queue::DeadLetters`, by place | [`KeptNote`] of a call in doubt once more: for people who look |
//! | `Queue::Results`, by place | [`KeptNote`]: what is known of the call, with the reply; named by its key |

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use waxwing_session::{AppMessage, record};
use zeroize::Zeroizing;

use super::engine::{CallState, Entry, StateNow, UnderWay, millis};

/// The version of the format that is written.
const FORMAT: u8 = 1;

/// Why what is kept cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum SavedError {
    /// Another version wrote it.
    #[error(
        "its format is {0}, this version reads format {FORMAT}: a newer version of the program wrote it"
    )]
    Format(u8),
    /// It does not say what it should.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

#[derive(Serialize, Deserialize)]
struct State<'a> {
    next: u64,
    is_paused: bool,
    /// A record of `waxwing_session`.
    #[serde(borrow)]
    conversation: Option<&'a [u8]>,
}

#[derive(Serialize, Deserialize)]
struct Facts {
    key: String,
    digest: [u8; 32],
    action: String,
    one_way: bool,
    idempotent: bool,
    #[serde(with = "millis")]
    enqueued_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct KeptCall<'a> {
    facts: Facts,
    /// A record of `waxwing_session`.
    #[serde(borrow)]
    message: &'a [u8],
}

#[derive(Serialize, Deserialize)]
struct KeptNote<'a> {
    facts: Facts,
    state: CallState,
    /// A record of `waxwing_session`.
    #[serde(borrow)]
    reply: Option<&'a [u8]>,
}

impl Facts {
    fn of(entry: &Entry) -> Self {
        Self {
            key: entry.key.as_ref().to_owned(),
            digest: entry.digest,
            action: entry.action.as_ref().to_owned(),
            one_way: entry.one_way,
            idempotent: entry.idempotent,
            enqueued_at: entry.enqueued_at,
        }
    }

    fn entry(self, state: CallState, octets: usize) -> Entry {
        Entry {
            key: Arc::from(self.key),
            digest: self.digest,
            action: Arc::from(self.action),
            one_way: self.one_way,
            idempotent: self.idempotent,
            enqueued_at: self.enqueued_at,
            octets: octets as u64,
            state,
            under_way: UnderWay::Nothing,
        }
    }
}

/// Octets that are wiped when nobody needs them any more.
fn write(value: &impl Serialize) -> Bytes {
    // Measured first, so that no copy is left behind by a buffer that grows.
    let size = postcard::experimental::serialized_size(value).unwrap_or_default();
    let mut octets = Zeroizing::new(vec![0; size + 1]);
    octets[0] = FORMAT;
    let written = postcard::to_slice(value, &mut octets[1..]).map(|written| written.len());
    // What is kept is plain values, which have octets.
    debug_assert_eq!(written.ok(), Some(size));
    Bytes::from_owner(octets)
}

fn read<'a, T: Deserialize<'a>>(octets: &'a [u8]) -> Result<T, SavedError> {
    match octets {
        [FORMAT, rest @ ..] => match postcard::take_from_bytes(rest) {
            Ok((value, [])) => Ok(value),
            Ok(_) => Err(SavedError::Damaged("octets are left over".into())),
            Err(error) => Err(SavedError::Damaged(error.to_string())),
        },
        [format, ..] => Err(SavedError::Format(*format)),
        [] => Err(SavedError::Damaged("it is empty".into())),
    }
}

pub(crate) fn write_state(state: &StateNow) -> Bytes {
    let conversation = state.conversation.as_ref().map(|saved| record::write_client(saved));
    write(&State {
        next: state.next,
        is_paused: state.is_paused,
        conversation: conversation.as_ref().map(|octets| &octets[..]),
    })
}

pub(crate) fn read_state(octets: &[u8]) -> Result<StateNow, SavedError> {
    let State { next, is_paused, conversation } = read(octets)?;
    let conversation = conversation
        .map(|octets| record::read_client(octets).map(Arc::new))
        .transpose()
        .map_err(|error| SavedError::Damaged(error.to_string()))?;
    Ok(StateNow { next, is_paused, conversation })
}

/// A call: what is known of it, and its message.
pub(crate) fn write_call(entry: &Entry, message: &AppMessage) -> Bytes {
    let message = record::write_message(message);
    write(&KeptCall { facts: Facts::of(entry), message: &message[..] })
}

/// How many octets at the beginning of [`write_call`] tell a call from another one under the same key: the format, the key and the
/// digest.
pub(crate) fn call_identity(entry: &Entry) -> usize {
    let named = (entry.key.as_ref(), entry.digest);
    1 + postcard::experimental::serialized_size(&named).unwrap_or_default()
}

pub(crate) fn read_call(octets: &[u8]) -> Result<Entry, SavedError> {
    let KeptCall { facts, .. } = read(octets)?;
    Ok(facts.entry(CallState::Queued, octets.len()))
}

pub(crate) fn read_call_message(octets: &[u8]) -> Result<AppMessage, SavedError> {
    let KeptCall { message, .. } = read(octets)?;
    record::read_message(message).map_err(|error| SavedError::Damaged(error.to_string()))
}

/// What is known of a call.
pub(crate) fn write_note(entry: &Entry, state: &CallState, reply: Option<&AppMessage>) -> Bytes {
    let reply = reply.map(|reply| record::write_message(reply));
    write(&KeptNote {
        facts: Facts::of(entry),
        state: state.clone(),
        reply: reply.as_ref().map(|octets| &octets[..]),
    })
}

pub(crate) fn read_note(octets: &[u8]) -> Result<Entry, SavedError> {
    let KeptNote { facts, state, .. } = read(octets)?;
    Ok(facts.entry(state, octets.len()))
}

pub(crate) fn read_reply(octets: &[u8]) -> Result<Option<AppMessage>, SavedError> {
    let KeptNote { reply, .. } = read(octets)?;
    let reply = reply.map(record::read_message).transpose();
    reply.map_err(|error| SavedError::Damaged(error.to_string()))
}
