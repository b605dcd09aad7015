//! What of a reliable session of a service must survive a crash.

use std::sync::Arc;

use waxwing_reliable::{MessageNumber, SavedReply, SavedService, SessionId, Ticket};
use waxwing_security::conversation::SecuritySession;

use super::demarcation::Course;
use super::verified::VerifiedRequest;
use crate::message::AppMessage;

/// What is to be made durable of a session, at once.
#[derive(Debug, Clone)]
pub struct SessionChange {
    /// The session.
    pub session: SessionId,
    /// By which [`ServiceInput::Persisted`](super::ServiceInput::Persisted) names it.
    pub ticket: Ticket,
    /// The security session that it is in, with which it is owned.
    pub security: Option<SecuritySession>,
    /// The session from now on.
    pub saved: SavedSession,
    /// Messages that were received, are acknowledged from now on, and are not executed.
    pub received: Vec<(MessageNumber, Arc<VerifiedRequest>)>,
    /// Of those that were kept: executed.
    pub executed: Vec<MessageNumber>,
}

/// A reliable session of a service, as it is kept.
#[derive(Debug, Clone)]
pub struct SavedSession {
    /// Its sequences.
    pub reliable: SavedService<AppMessage>,
    /// How far it has come in its contract.
    pub course: Course,
}

/// The same session with its replies in another form.
pub(crate) fn map_replies<M, N, E>(
    saved: SavedService<M>,
    mut f: impl FnMut(M) -> Result<Option<N>, E>,
) -> Result<SavedService<N>, E> {
    let reply = |kept: SavedReply<M>| {
        let reply = kept.reply.map(&mut f).transpose()?.flatten();
        Ok(SavedReply { request: kept.request, is_last: kept.is_last, number: kept.number, reply })
    };
    Ok(SavedService {
        session: saved.session,
        origin: saved.origin,
        tag: saved.tag,
        reply_to: saved.reply_to,
        response: saved.response,
        received: saved.received,
        end: saved.end,
        back: saved.back,
        last_reply: saved.last_reply,
        replies: saved.replies.into_iter().map(reply).collect::<Result<_, E>>()?,
        is_closed: saved.is_closed,
        is_over: saved.is_over,
    })
}
