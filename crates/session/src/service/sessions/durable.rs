//! Sessions that survive a crash: what is to be kept of them, how they go on, and how they are let go without a word.
//!
//! The sequences say when something is to be durable, and hold back what depends on it; here is what they do not know: the
//! course of the contract, the security session, and what is executed.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use waxwing_reliable::{
    ListenerInput, MessageNumber, SavedService, ServiceChange, SessionId, Shape, Ticket,
};
use waxwing_security::conversation::SecuritySession;
use waxwing_soap::Moment;

use super::ServiceSessions;
use super::api::ServiceOutput;
use super::state::{Kept, Source, Stage};
use crate::message::AppMessage;
use crate::mutation::{Mutation, broken};
use crate::service::demarcation::{Course, Standing};
use crate::service::names::DispatchId;
use crate::service::saved::{SavedSession, SessionChange, map_replies};
use crate::service::settings::ServiceSettings;
use crate::service::verified::{Carried, VerifiedRequest};

/// What an endpoint does about crashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// Nothing: what is in memory is all there is.
    None,
    /// A message is durable when it was executed.
    Executed,
    /// A message is durable when it was received, and is executed whatever becomes of its session: one-way contracts.
    Received,
}

impl Durability {
    pub(super) fn of(settings: &ServiceSettings) -> Self {
        match &settings.reliable {
            Some((_, Shape::OneWay, reliable)) if reliable.durable => Self::Received,
            Some((_, Shape::RequestReply, reliable)) if reliable.durable => Self::Executed,
            _ => Self::None,
        }
    }
}

impl ServiceSessions {
    /// Whether something of this name is here: a sequence, or the sequence that it was asked for by. Durable endpoints: what is
    /// not is to be looked for in the store before a message of it comes in ([`UnverifiedMessage::names`]).
    ///
    /// [`UnverifiedMessage::names`]: crate::UnverifiedMessage::names
    pub fn knows(&self, name: &str) -> bool {
        self.listener.as_ref().is_some_and(|listener| listener.knows(&name.into()))
    }

    /// The sequences want something made durable.
    pub(super) fn persist(
        &mut self,
        session: SessionId,
        ticket: Ticket,
        change: ServiceChange<Carried>,
        security: Option<&SecuritySession>,
    ) {
        let ServiceChange { saved, received, executed } = change;
        let kept = self.kept.entry(session.clone()).or_insert_with(|| {
            // A new one is of the message that asks for it.
            let tag = saved.tag.as_ref().map(|tag| tag.as_str());
            let security = security.filter(|security| tag == Some(security.identifier()));
            let names = [saved.session.clone(), saved.origin.clone()];
            let security = security.cloned();
            Kept { security, names, course: Course::default(), awaited: None }
        });
        kept.awaited = Some(ticket);
        let received = received.into_iter().filter_map(|(number, message)| match message {
            Carried::Request(request) => Some((number, request)),
            Carried::Reply(_) => None,
        });
        let change = SessionChange {
            session,
            ticket,
            security: kept.security.clone(),
            saved: SavedSession { reliable: with_replies(saved), course: kept.course },
            received: received.collect(),
            executed,
        };
        self.outputs.push_back(ServiceOutput::Persist(Box::new(change)));
    }

    /// Something is durable.
    pub(super) fn persisted(&mut self, session: SessionId, ticket: Ticket, at: &mut Moment<'_>) {
        if let Some(kept) = self.kept.get_mut(&session)
            && kept.awaited.is_some_and(|awaited| awaited <= ticket)
        {
            kept.awaited = None;
        }
        self.sequences(ListenerInput::Persisted { session: session.clone(), ticket }, at);
        self.drain(None, at);
        self.leave_when_suspended(&session, at);
    }

    /// Nothing of a session need be kept.
    pub(super) fn forget(&mut self, session: SessionId) {
        self.kept.remove(&session);
        self.outputs.push_back(ServiceOutput::Forget(session));
    }

    /// A call of a session was executed: what it has moved is kept with it. A call that has only come is executed again
    /// after a crash, and moves its session again.
    pub(super) fn has_moved(
        kept: &mut HashMap<SessionId, Kept>,
        session: &SessionId,
        standing: Standing,
    ) {
        let Some(kept) = kept.get_mut(session) else { return };
        kept.course = match standing {
            Standing::First if kept.course == Course::Unbegun => Course::Begun,
            Standing::Last => Course::Over,
            _ => kept.course,
        };
    }

    /// A session that was kept goes on.
    pub(super) fn restore(
        &mut self,
        saved: SavedSession,
        security: Option<SecuritySession>,
        messages: Vec<(MessageNumber, Arc<VerifiedRequest>)>,
        at: &mut Moment<'_>,
    ) {
        let SavedSession { reliable, course } = saved;
        let id = reliable.session.clone();
        let is_here = self.kept.contains_key(&id) || self.sessions.contains_key(&id);
        if self.durability == Durability::None || self.is_suspended || is_here {
            return;
        }
        self.let_go.is_back(&id, &reliable.origin);
        let is_over = reliable.is_over;
        let names = [id.clone(), reliable.origin.clone()];
        let kept = Kept { security: security.clone(), names, course, awaited: None };
        self.kept.insert(id.clone(), kept);
        match (is_over && messages.is_empty(), security) {
            // There is nothing to do but to answer its client, which cancels it.
            (true, Some(security)) => {
                self.outputs.push_back(ServiceOutput::ReleaseSecurity(security));
            }
            (true, None) => {}
            (false, security) => {
                self.begin(id.clone(), security, at.time);
                if let Some(session) = self.sessions.get_mut(&id) {
                    session.course = course;
                    session.is_closed = is_over;
                }
                if course == Course::Over && !is_over {
                    self.end_soon(&id, at.time);
                }
                self.outputs.push_back(ServiceOutput::Restored(id.clone()));
            }
        }
        let messages = messages.into_iter();
        let messages = messages.map(|(number, request)| (number, Carried::Request(request)));
        let messages = messages.collect();
        let saved = Box::new(with_carried(reliable));
        self.sequences(ListenerInput::Restore { saved, messages }, at);
    }

    /// Nothing is certain of a session any more: it is as if it had never been here. What runs of it is carried through, and
    /// nobody hears of it.
    pub(super) fn discard(&mut self, id: SessionId, at: &mut Moment<'_>) {
        let Some(kept) = self.kept.remove(&id) else { return };
        self.let_go.add(kept.names, at.time);
        self.sequences(ListenerInput::Discard(id.clone()), at);
        self.drain(None, at);
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let queued = std::mem::take(&mut session.queue);
        let begun = std::mem::take(&mut session.under_way);
        session.security = None;
        for number in queued.into_iter().chain(begun) {
            let Some(call) = self.calls.get_mut(&number) else { continue };
            if call.stage != Stage::Running {
                self.withdraw(number);
            } else if !broken(Mutation::TakeFormerCalls) {
                call.source = Source::Nobody;
                *self.orphans.entry(id.clone()).or_default() += 1;
            }
        }
        self.gone(&id, at);
    }

    /// A call of a former life of a session has ended. The present one waits for the last of them, so that no message is
    /// executed beside itself, and none before one that came earlier.
    pub(super) fn orphan_ended(&mut self, id: &SessionId, at: &mut Moment<'_>) {
        if let Some(count) = self.orphans.get_mut(id) {
            *count -= 1;
            if *count == 0 {
                self.orphans.remove(id);
                self.advance(id, at);
            }
        }
    }

    /// The host ends, and the sessions go on elsewhere or later: nothing new begins, and each session is let go when its calls
    /// that run are executed and what they did is durable.
    pub(super) fn suspend(&mut self, at: &mut Moment<'_>) {
        self.is_shut = true;
        self.sequences(ListenerInput::Shutdown, at);
        if self.durability == Durability::None {
            return;
        }
        self.is_suspended = true;
        let mut all: Vec<_> = self.kept.keys().cloned().collect();
        // The order of a map is not the same in every run.
        all.sort_unstable();
        for session in all {
            self.leave_when_suspended(&session, at);
        }
    }

    pub(super) fn leave_when_suspended(&mut self, id: &SessionId, at: &mut Moment<'_>) {
        if !self.is_suspended || self.kept.get(id).is_none_or(|kept| kept.awaited.is_some()) {
            return;
        }
        let under_way = self.sessions.get(id).map_or(&[][..], |session| &session.under_way);
        let is_running = |call: &DispatchId| {
            self.calls.get(call).is_some_and(|call| call.stage == Stage::Running)
        };
        if !under_way.iter().any(is_running) {
            self.discard(id.clone(), at);
        }
    }

    /// After a [`Suspend`](super::ServiceInput::Suspend): whether nothing of durable sessions is here any more, running calls
    /// of former lives included.
    pub fn is_quiet(&self) -> bool {
        self.kept.is_empty() && self.orphans.is_empty()
    }
}

/// The same with replies as the application makes them.
fn with_replies(saved: SavedService<Carried>) -> SavedService<AppMessage> {
    let Ok::<_, Infallible>(saved) = map_replies(saved, |carried| {
        Ok(match carried {
            Carried::Reply(reply) => Some(reply),
            // Sequences answer with replies.
            Carried::Request(_) => None,
        })
    });
    saved
}

fn with_carried(saved: SavedService<AppMessage>) -> SavedService<Carried> {
    let Ok::<_, Infallible>(saved) = map_replies(saved, |reply| Ok(Some(Carried::Reply(reply))));
    saved
}
