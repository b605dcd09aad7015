//! Durable sessions: what is said to be kept, how a session goes on from it, and how it is dropped.

use std::collections::BTreeSet;

use super::Listener;
use super::api::ListenerOutput;
use super::journal::{Changes, Journal};
use super::session::{Application, CloseAnswer, Session};
use crate::destination::{Destination, End};
use crate::error::SessionError;
use crate::event::Counters;
use crate::headers::SequenceAcknowledgement;
use crate::mutation::{Mutation, broken};
use crate::names::SessionId;
use crate::ranges::MessageNumber;
use crate::saved::{SavedEnd, SavedService, ServiceChange};
use crate::shape::Shape;
use crate::shape::request_reply::Replies;
use waxwing_soap::Time;

impl<M: Clone> Listener<M> {
    /// The journal of a new session.
    pub(super) fn journal(&self) -> Option<Box<Journal<M>>> {
        self.settings.durable.then(|| {
            let mut journal = Journal::new(BTreeSet::new());
            journal.changed();
            Box::new(journal)
        })
    }

    /// What was said since `mark` is of this session, and may be heard when what has changed in it is durable.
    pub(super) fn settle(&mut self, id: &SessionId, mark: usize) {
        if !self.settings.durable {
            return;
        }
        let change = match self.sessions.get_mut(id) {
            Some(session) => session.take_change(),
            None => self.over.take_change(id),
        };
        self.outputs.settle(id, mark, change);
    }

    /// A durable session has ended. What it promised is kept: messages that are to be executed, and, for an initiator that
    /// has not heard of a good end, that there was one (`until`). What waits for messages that never came is given up. Of a
    /// bad end the initiator hears behind a `Persist`, so that only who still has the session can end it.
    pub(super) fn end_durable(&mut self, session: Session<M>, until: Option<Time>, now: Time) {
        let mut saved = session.saved();
        let id = saved.session.clone();
        let Some(mut journal) = session.journal else { return };
        saved.is_over = true;
        if until.is_none() {
            saved.end = SavedEnd::Open;
        }
        saved.replies.clear();
        for number in journal.kept() {
            if session.destination.is_kept(number) {
                journal.executed(number);
            }
        }
        let is_well = until.is_some();
        let until = until.filter(|_| self.lingering.answers_for(&id));
        if is_well && until.is_none() && !journal.keeps_any() {
            return self.outputs.push(ListenerOutput::Forget(id));
        }
        journal.changed();
        self.over.add(*saved, *journal, until.unwrap_or(now));
    }

    /// The operation of a message of a session that has ended was executed.
    pub(super) fn executed_afterwards(&mut self, id: &SessionId, number: MessageNumber, now: Time) {
        if self.over.contains(id) {
            self.over.executed(id, number);
            let mark = self.outputs.mark();
            self.settle(id, mark);
            self.forget_what_is_over(now);
        }
    }

    /// Sessions that have ended, and of which nothing is kept any longer.
    pub(super) fn forget_what_is_over(&mut self, now: Time) {
        while let Some(id) = self.over.next_forgotten(now) {
            let mark = self.outputs.mark();
            self.outputs.push(ListenerOutput::Forget(id.clone()));
            self.settle(&id, mark);
        }
    }

    /// A session that was kept goes on.
    pub(super) fn restore(
        &mut self,
        saved: SavedService<M>,
        mut messages: Vec<(MessageNumber, M)>,
        now: Time,
    ) {
        let id = saved.session.clone();
        if !self.settings.durable || self.sessions.contains_key(&id) || self.over.contains(&id) {
            return;
        }
        let is_reply = self.rules.shape == Shape::RequestReply;
        if saved.back.is_some() != is_reply {
            let reason = "it was kept by an endpoint with another kind of contract (request/reply or only one-way)";
            let error = SessionError::Incomplete(reason.to_owned());
            return self.outputs.push(ListenerOutput::Faulted { session: id, error });
        }
        messages.retain(|(number, _)| saved.received.contains(*number));
        messages.sort_unstable_by_key(|(number, _)| *number);
        messages.dedup_by_key(|(number, _)| *number);
        if broken(Mutation::NoRedelivery) {
            messages.clear();
        }
        if saved.is_over {
            return self.restore_over(saved, messages, now);
        }
        let mut session = self.restored(saved, &messages, now);
        self.origins.insert(session.origin.clone(), id.clone());
        self.contexts.bind(session.tag.as_ref(), &id);
        self.silence.insert((session.silent_from, id.clone()));
        let mark = self.outputs.mark();
        session.redeliver(messages, &mut self.outputs);
        session.tell_end(&mut self.outputs);
        session.answer_last(&mut self.outputs);
        self.sessions.insert(id.clone(), Box::new(session));
        self.settle(&id, mark);
    }

    fn restored(
        &self,
        saved: SavedService<M>,
        messages: &[(MessageNumber, M)],
        now: Time,
    ) -> Session<M> {
        let SavedService { session: id, origin, tag, reply_to, response, received, .. } = saved;
        let end = match saved.end {
            SavedEnd::Open => End::Open,
            SavedEnd::Last(last) => End::Last(last),
            SavedEnd::Closed(last) => End::Closed(last),
        };
        let (ordered, window) = (self.settings.ordered, self.settings.max_transfer_window_size);
        let back = saved.back;
        let (last_reply, replies) = (saved.last_reply, saved.replies);
        Session {
            rules: self.rules,
            origin,
            tag,
            reply_to: reply_to.into(),
            response: Box::new(response),
            heard_at: now,
            silent_from: now + self.settings.inactivity_timeout,
            destination: Destination::restored(id, ordered, window, received, end),
            replies: back.map(|back| Replies::restored(back, last_reply, replies)),
            close: CloseAnswer::Unasked,
            application: match saved.is_closed {
                true => Application::Closed,
                false => Application::Listening,
            },
            counters: Counters::default(),
            journal: Some(Box::new(Journal::new(messages.iter().map(|(n, _)| *n).collect()))),
        }
    }

    /// A session that has ended: its messages are delivered, and its initiator may ask for the end.
    fn restore_over(
        &mut self,
        saved: SavedService<M>,
        messages: Vec<(MessageNumber, M)>,
        now: Time,
    ) {
        let id = saved.session.clone();
        let mut until = now;
        if saved.end != SavedEnd::Open {
            let mut acknowledgement =
                SequenceAcknowledgement::new(id.clone(), saved.received.clone());
            acknowledgement.is_final = matches!(saved.end, SavedEnd::Closed(_));
            let (tag, back) = (saved.tag.clone(), saved.back.clone());
            let lingers = now + self.settings.inactivity_timeout;
            self.lingering.remember(self.rules.is_11(), tag, back, acknowledgement, lingers);
            if self.lingering.answers_for(&id) {
                until = lingers;
            }
        }
        let journal = Journal::new(messages.iter().map(|(number, _)| *number).collect());
        self.over.add(saved, journal, until);
        for (number, message) in messages {
            self.outputs.push(ListenerOutput::Deliver { session: id.clone(), number, message });
        }
        self.outputs.push(ListenerOutput::Closed(id));
        self.forget_what_is_over(now);
    }

    /// Nothing is certain of a session any more.
    pub(super) fn discard(&mut self, id: &SessionId) {
        if broken(Mutation::IgnoreDiscard) {
            return;
        }
        self.outputs.discard(id);
        self.lingering.discard(id);
        self.over.remove(id);
        self.pending.remove(id);
        let Some(session) = self.sessions.remove(id) else { return };
        self.origins.remove(&session.origin);
        self.contexts.release(session.tag.as_ref(), id);
        self.silence.remove(&(session.silent_from, id.clone()));
        for waiter in session.waiters() {
            self.outputs.push(ListenerOutput::Abandon(waiter.exchange));
        }
    }
}

impl<M: Clone> Session<M> {
    /// What is to be made durable since it was asked last.
    fn take_change(&mut self) -> Option<Box<ServiceChange<M>>> {
        let Changes { received, executed } = self.journal.as_mut()?.take()?;
        Some(Box::new(ServiceChange { saved: *self.saved(), received, executed }))
    }

    /// The session at this moment, as it is kept.
    pub(super) fn saved(&self) -> Box<SavedService<M>> {
        let received = self.acknowledged().ranges;
        let end = match self.destination.end() {
            // The last one comes again, and says so again.
            End::Last(last) if !received.contains(last) => SavedEnd::Open,
            End::Last(last) => SavedEnd::Last(last),
            // So does whoever closes before every message is answered.
            End::Closed(_) if self.is_busy() => SavedEnd::Open,
            End::Closed(last) => SavedEnd::Closed(last),
            End::Open => SavedEnd::Open,
        };
        Box::new(SavedService {
            session: self.id().clone(),
            origin: self.origin.clone(),
            tag: self.tag.clone(),
            reply_to: self.reply_to.to_string(),
            response: (*self.response).clone(),
            received,
            end,
            back: self.back().cloned(),
            last_reply: self.replies.as_ref().map_or(0, Replies::highest),
            replies: self.replies.as_ref().map_or_else(Vec::new, Replies::saved),
            is_closed: self.application == Application::Closed,
            is_over: false,
        })
    }

    /// Messages that were received before a crash, and not executed.
    fn redeliver(
        &mut self,
        messages: Vec<(MessageNumber, M)>,
        out: &mut super::outputs::Outputs<M>,
    ) {
        let Some(&(last, _)) = messages.last() else { return };
        for (number, message) in messages {
            self.destination.keep(number, Some(message));
        }
        self.deliver_in_order(last, out);
    }
}
