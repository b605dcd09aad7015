//! Sessions and security contexts.

use serde::{Deserialize, Serialize};
use waxwing_reliable::SavedService;
use waxwing_security::conversation::SavedContext;
use zeroize::Zeroizing;

use super::message::MessageRecord;
use super::octets::{RecordError, RecordKind};
use crate::client::SavedClientSession;
use crate::service::{Course, SavedSession, map_replies};

/// A session of a service.
#[derive(Serialize, Deserialize)]
struct SessionRecord<'a> {
    #[serde(borrow)]
    reliable: SavedService<MessageRecord<'a>>,
    course: Course,
}

/// The record of a reliable session of a service: its state, with the replies that are not acknowledged.
pub fn write_session(saved: &SavedSession) -> Zeroizing<Vec<u8>> {
    // What is copied are names; messages are shared.
    let shared = saved.reliable.clone();
    let Ok::<_, std::convert::Infallible>(reliable) =
        map_replies(shared, |reply| Ok(Some(Kept(reply))));
    RecordKind::Session.write(&Written { reliable, course: saved.course })
}

/// As [`SessionRecord`], of messages that are shared.
#[derive(Serialize)]
struct Written {
    reliable: SavedService<Kept>,
    course: Course,
}

struct Kept(crate::message::AppMessage);

impl Serialize for Kept {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        MessageRecord::of(&self.0).serialize(serializer)
    }
}

/// A reliable session of a service.
///
/// # Errors
/// The octets are no such record.
pub fn read_session(octets: &[u8]) -> Result<SavedSession, RecordError> {
    let SessionRecord { reliable, course } = RecordKind::Session.read(octets)?;
    let reliable = map_replies(reliable, |reply| reply.read().map(Some));
    let reliable = reliable.map_err(|why| RecordKind::Session.damaged(why))?;
    Ok(SavedSession { reliable, course })
}

/// The record of a security context of a service: with its keys.
pub fn write_context(saved: &SavedContext) -> Zeroizing<Vec<u8>> {
    RecordKind::Context.write(saved)
}

/// A security context of a service.
///
/// # Errors
/// The octets are no such record.
pub fn read_context(octets: &[u8]) -> Result<SavedContext, RecordError> {
    RecordKind::Context.read(octets)
}

/// The record of a client's session: with its keys.
pub fn write_client(saved: &SavedClientSession) -> Zeroizing<Vec<u8>> {
    RecordKind::Client.write(saved)
}

/// A client's session.
///
/// # Errors
/// The octets are no such record.
pub fn read_client(octets: &[u8]) -> Result<SavedClientSession, RecordError> {
    RecordKind::Client.read(octets)
}
