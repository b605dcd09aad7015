//! What the service calls of its clients.

use std::sync::Arc;

use waxwing_reliable::{CallId, DuplexInput as ReliableInput, SessionId};
use waxwing_soap::{EndpointReference, Moment, Time};

use super::DuplexService;
use super::api::{DuplexOutput, Outbound};
use super::conversation::{Calling, Unwritten};
use super::over::{GONE, SessionOver};
use crate::client::TransmissionId;
use crate::duplex::link::LinkId;
use crate::duplex::outstanding::TooMany;
use crate::error::{SessionError, SessionStep};
use crate::message::{AppMessage, ApplicationMessage};
use crate::service::Carried;

impl DuplexService {
    /// Calls the client of a conversation.
    pub(super) fn call(
        &mut self,
        session: SessionId,
        call: CallId,
        message: AppMessage,
        deadline: Time,
        at: &mut Moment<'_>,
    ) {
        let Some(conversation) = self.conversations.get_mut(&session) else {
            return self.failed(call, SessionError::State(GONE));
        };
        if conversation.is_lost {
            return self.failed(call, SessionError::State(GONE));
        }
        let link = conversation.link;
        let message = match &message.message_id {
            None => message,
            Some(_) if conversation.is_ended => {
                return self.failed(call, SessionOver::ByPeer.error());
            }
            Some(id) => {
                if conversation.outstanding.insert(id, call).is_err() {
                    return self.failed(call, SessionError::State(TooMany::WORDS));
                }
                self.answered_at_own_address(message)
            }
        };
        let is_note = message.message_id.is_none();
        self.deadlines.insert((deadline, call));
        self.calls.insert(call, Calling { session: session.clone(), deadline, note: None });
        if self.sequences.is_some() {
            // The reply stands behind what the client is ahead by.
            self.take_more(&session, at);
            let message = Carried::Reply(message);
            let deadline = Some(deadline);
            let send = ReliableInput::Send { call, message, deadline };
            return self.of_session(session, send, at);
        }
        let context = self.context_of(&session);
        let id = self.transmit(link, Outbound::Request(message, context));
        if is_note && let Some(calling) = self.calls.get_mut(&call) {
            calling.note = Some(id);
            self.await_writing(&session, id, Unwritten::Note(call));
        }
        self.hold_or_resume(&session);
    }

    /// The same, which says that it is answered at the service's address, as WCF's proxies do on a duplex channel. The reply
    /// comes on the session regardless.
    fn answered_at_own_address(&self, message: AppMessage) -> AppMessage {
        let mut message: ApplicationMessage = Arc::unwrap_or_clone(message);
        message.reply_to = Some(EndpointReference::new(&*self.address));
        AppMessage::new(message)
    }

    /// A message is written: a one-way call has ended, or the peer may send another message.
    pub(super) fn written(&mut self, link: LinkId, id: TransmissionId) {
        let Some(session) = self.links.get(&link).cloned() else { return };
        let Some(conversation) = self.conversations.get_mut(&session) else { return };
        match conversation.unwritten.remove(&id) {
            Some(Unwritten::Answer(octets)) => conversation.asked.done(octets),
            Some(Unwritten::Note(call)) => self.completed(call, None),
            None => {}
        }
        self.hold_or_resume(&session);
    }

    /// The session ends in order: what was handed out is written before its link is closed.
    pub(super) fn write_notes(&mut self, session: &SessionId) {
        let Some(conversation) = self.conversations.get_mut(session) else { return };
        for unwritten in std::mem::take(&mut conversation.unwritten).into_values() {
            if let Unwritten::Note(call) = unwritten {
                self.completed(call, None);
            }
        }
    }

    pub(super) fn completed(&mut self, call: CallId, reply: Option<AppMessage>) {
        if self.over(call).is_some() {
            self.outputs.push_back(DuplexOutput::Completed { call, reply });
        }
    }

    pub(super) fn failed(&mut self, call: CallId, error: SessionError) {
        self.over(call);
        self.outputs.push_back(DuplexOutput::CallFailed { call, error });
    }

    /// A call is not waited for any more. Gives its session.
    fn over(&mut self, call: CallId) -> Option<SessionId> {
        let Calling { session, deadline, note } = self.calls.remove(&call)?;
        self.deadlines.remove(&(deadline, call));
        if let (Some(id), Some(conversation)) = (note, self.conversations.get_mut(&session)) {
            conversation.unwritten.remove(&id);
        }
        Some(session)
    }

    /// Nobody waits for a call. Its reply may still come, and is dropped then.
    pub(super) fn give_up(&mut self, call: CallId) {
        let Some(session) = self.over(call) else { return };
        if let Some(conversation) = self.conversations.get_mut(&session) {
            conversation.outstanding.give_up(call);
        }
        self.hold_or_resume(&session);
    }

    /// Fails the calls whose time is over.
    pub(super) fn expire(&mut self, now: Time) {
        while let Some((_, call)) = self.deadlines.first().filter(|(due, _)| *due <= now).copied() {
            self.give_up(call);
            let last = NO_REPLY.to_owned();
            let error = SessionError::TimedOut { step: SessionStep::Call, attempts: 1, last };
            self.outputs.push_back(DuplexOutput::CallFailed { call, error });
        }
    }

    /// No reply of the client of this conversation comes any more.
    pub(super) fn no_replies(&mut self, session: &SessionId, error: impl Fn() -> SessionError) {
        let Some(conversation) = self.conversations.get_mut(session) else { return };
        let mut calls = conversation.outstanding.drain();
        if conversation.is_lost {
            for unwritten in std::mem::take(&mut conversation.unwritten).into_values() {
                match unwritten {
                    Unwritten::Answer(octets) => conversation.asked.done(octets),
                    Unwritten::Note(call) => calls.push(call),
                }
            }
        }
        for call in calls {
            self.failed(call, error());
        }
    }
}

/// How a call ended whose time was over.
const NO_REPLY: &str = "the message was sent, and no reply to it came";
