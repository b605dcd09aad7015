//! What stands in a store, for people: what records and messages say, without keys. `waxwing store` shows it.

use waxwing_store::{Kind, Record, StoredMessage};

pub use crate::outbox::{OutboxDesk, OutboxLook};
use crate::store::Facts;
use crate::{outbox, service};

/// What the state of a record says. Nothing of it is a key.
///
/// # Errors
/// It has no such state, in words: another version of this program has written it, or somebody else.
pub fn describe_record(record: &Record) -> Result<Facts, String> {
    match record.id.kind {
        Kind::Context | Kind::Sequence | Kind::DeadLetter => service::describe_record(record),
        _ => outbox::describe_record(record),
    }
}

/// What a message beside a record of this kind says, and the message itself as XML in UTF-8, if it is one.
///
/// # Errors
/// As for [`describe_record`].
pub fn describe_message(
    kind: Kind,
    message: &StoredMessage,
) -> Result<(Facts, Option<Vec<u8>>), String> {
    match kind {
        Kind::Context | Kind::Sequence | Kind::DeadLetter => service::describe_message(message),
        _ => outbox::describe_message(message),
    }
}
