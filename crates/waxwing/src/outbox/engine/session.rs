//! What happens to the session.

use std::sync::Arc;

use waxwing_session::{ClientSessionChange, Moment, SavedClientSession, Ticket, Time};

use super::api::{Change, Ending, News, Output, Part, Place, SessionNumber};
use super::clock::Heard;
use super::effect::Effect;
use super::entry::{CallState, UnderWay};
use super::state::{Engine, Link};
use super::told::OutboxEvent;

/// After so many exchanges in a row without an answer the session rests: it doubles its own pauses without end, and the
/// outbox does not.
const LOST_IN_A_ROW: u32 = 5;

/// How often somebody must have said that the service has forgotten the session, beside the patience.
const SAID_OFTEN: u32 = 3;

/// What only a person can mend is tried again after this time: a stranger on the way can say that a password is wrong, and must
/// not hold an outbox for longer than he is there. Seldom enough that no account is locked for wrong passwords.
const HELD_FOR: std::time::Duration = std::time::Duration::from_secs(15 * 60);

impl Engine {
    pub(super) fn news(&mut self, session: SessionNumber, news: News, at: &mut Moment<'_>) {
        if self.session() != Some(session) {
            return;
        }
        match news {
            News::Opened => self.opened(session, at),
            News::Persist(ticket, change) => self.persist(session, ticket, *change, at),
            News::CallFailed(place, why) => self.call_failed(session, place, why, at),
            News::Lost(why) => self.lost(session, why, at),
            News::Heard => {
                if let Link::Up(_, lost, _) | Link::Restored(_, lost) = &mut self.link {
                    *lost = 0;
                }
            }
            News::Ended(ending, why) => self.ended(ending, why, at),
            News::Closed => self.closed(at),
        }
    }

    /// The session of this process.
    pub(super) fn session(&self) -> Option<SessionNumber> {
        match &self.link {
            Link::Opening(session)
            | Link::Restored(session, _)
            | Link::Up(session, ..)
            | Link::Closing(session, _) => Some(*session),
            Link::Down { .. } | Link::Forgotten { .. } | Link::Marking | Link::Held { .. } => None,
        }
    }

    pub(super) fn next_session(&mut self) -> SessionNumber {
        self.last_session.0 += 1;
        self.last_session
    }

    /// A session that was opened is there. One that was restored says so, too, and proves nothing by it.
    fn opened(&mut self, session: SessionNumber, at: &Moment<'_>) {
        if let Link::Opening(_) = self.link {
            self.link = Link::Up(session, 0, None);
            self.is_alive(at);
            self.event(OutboxEvent::Connected);
        }
    }

    /// The service has shown that it has the session.
    pub(super) fn is_alive(&mut self, _: &Moment<'_>) {
        self.failures = 0;
        self.doubted = None;
        if let Link::Restored(session, _) = self.link {
            self.link = Link::Up(session, 0, None);
        }
    }

    /// The session wants to be kept as it is now, with the replies that it has got.
    fn persist(
        &mut self,
        session: SessionNumber,
        ticket: Ticket,
        change: ClientSessionChange,
        at: &Moment<'_>,
    ) {
        let ClientSessionChange { saved, completed } = change;
        let saved = Arc::new(saved);
        let (mut parts, mut answered) = (Vec::new(), Vec::new());
        for (call, reply) in completed {
            let place = Place(call.0);
            let Some(entry) = self.entries.get_mut(&place).filter(|own| !own.state.is_settled())
            else {
                continue;
            };
            entry.under_way = UnderWay::Handing;
            let is_fault = reply.as_ref().is_some_and(|reply| reply.is_fault());
            let state = CallState::Answered { at: at.wall, is_fault, by_decision: false };
            // As long as it is kept, which the driver knows better; a good guess is enough for the quota.
            let octets = reply.as_ref().map_or(0, |reply| reply.envelope.to_bytes().len() as u64);
            parts.push(Part::Note(place, state.clone(), reply));
            parts.push(Part::DropMessage(place));
            answered.push((place, state, octets));
        }
        if !answered.is_empty() {
            self.heard = Some(Heard::At(at.time));
        }
        self.issued = Some(Arc::clone(&saved));
        let change = Change { state: Some(self.state_now()), parts };
        self.commit(change, Effect::Persisted { session, ticket, saved, answered });
    }

    /// The session is kept like this: its calls have these numbers.
    pub(super) fn session_is_kept(&mut self, saved: Arc<SavedClientSession>) {
        for call in &saved.reliable.unanswered {
            let Some(place) = call.call.map(|call| Place(call.0)) else { continue };
            let Some(entry) = self.entries.get_mut(&place) else { continue };
            if matches!(entry.state, CallState::Queued) {
                if entry.under_way == UnderWay::Given {
                    entry.under_way = UnderWay::Nothing;
                }
                let sequence = saved.reliable.sequence.as_str().to_owned();
                self.enter(place, CallState::Sent { sequence, number: call.number });
                let key = self.key(place);
                self.event(OutboxEvent::Sent { key, number: call.number });
            }
        }
        self.conversation = Some(saved);
    }

    /// The session has no reply for a call and goes on. Its message may be under way and must be answered: the session
    /// goes on from what was kept, where the call is not answered.
    fn call_failed(
        &mut self,
        session: SessionNumber,
        place: Place,
        why: String,
        at: &mut Moment<'_>,
    ) {
        let open = self
            .entries
            .get(&place)
            .is_some_and(|entry| !entry.state.is_settled() && entry.under_way != UnderWay::Handing);
        if open && !matches!(self.link, Link::Opening(_)) {
            self.outputs.push_back(Output::Discard(session));
            self.rest(why, at);
        }
    }

    fn lost(&mut self, session: SessionNumber, why: String, at: &mut Moment<'_>) {
        let (Link::Up(_, lost, _) | Link::Restored(_, lost)) = &mut self.link else { return };
        *lost += 1;
        if *lost >= LOST_IN_A_ROW {
            self.outputs.push_back(Output::Discard(session));
            self.rest(why, at);
        }
    }

    fn ended(&mut self, ending: Ending, why: String, at: &mut Moment<'_>) {
        let was_opening = matches!(self.link, Link::Opening(_));
        let session = self.session();
        self.outputs.extend(session.map(Output::Discard));
        if matches!(self.link, Link::Closing(..)) {
            // Nothing was under way; whether the service has heard of the end is its own affair.
            return self.closed(at);
        }
        match ending {
            // There is none that could have been forgotten.
            Ending::Forgotten | Ending::SaidForgotten if was_opening => self.rest(why, at),
            Ending::Forgotten => self.forgotten(why),
            Ending::SaidForgotten => {
                let (since, times) = self.doubted.unwrap_or((at.time, 0));
                let times = times + 1;
                self.doubted = Some((since, times));
                if times >= SAID_OFTEN && at.time - since >= self.settings.patience {
                    let why = format!(
                        "{why} (not proven, but said for {:.0?} and {times} times)",
                        at.time - since
                    );
                    return self.forgotten(why);
                }
                self.rest(why, at);
            }
            Ending::Away => self.rest(why, at),
            Ending::Refused => {
                self.give_back();
                self.link = Link::Held { until: at.time + HELD_FOR };
                self.event(OutboxEvent::Held { reason: why });
            }
        }
    }

    fn forgotten(&mut self, why: String) {
        self.give_back();
        self.link = Link::Forgotten { why };
    }

    /// There is no session for a while.
    fn rest(&mut self, reason: String, at: &mut Moment<'_>) {
        self.give_back();
        let pause = self.pause_after(self.failures, at);
        self.failures = self.failures.saturating_add(1);
        self.link = Link::Down { until: at.time + pause };
        self.event(OutboxEvent::Disconnected { reason, again_in: pause });
    }

    /// The store did not do what it was asked, and what it has was read again: that is not done in a circle without a pause.
    /// `failures`: of the engine before.
    pub(crate) fn rest_after_reload(&mut self, failures: u32, at: &mut Moment<'_>) {
        self.failures = failures.saturating_add(1);
        self.link = Link::Down { until: at.time + self.pause_after(failures, at) };
    }

    /// How often in a row it was tried in vain.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// The pause after so many failures: it doubles, and is as much as half as long by chance.
    pub(super) fn pause_after(&self, failures: u32, at: &mut Moment<'_>) -> std::time::Duration {
        let doubled = self.settings.first_pause.saturating_mul(1 << failures.min(20));
        let longest = doubled.min(self.settings.longest_pause);
        let mut octets = [0; 2];
        at.random.fill(&mut octets);
        let share = f64::from(u16::from_le_bytes(octets)) / f64::from(u16::MAX);
        longest.mul_f64(0.5 + share / 2.0)
    }

    /// What the session was given without a number was not sent.
    fn give_back(&mut self) {
        let given: Vec<_> = self.in_flight.iter().copied().collect();
        for place in given {
            let Some(entry) = self.entries.get_mut(&place) else { continue };
            if entry.under_way == UnderWay::Given {
                entry.under_way = UnderWay::Nothing;
            }
            if matches!(entry.state, CallState::Queued) {
                self.enter(place, CallState::Queued);
            }
        }
    }

    /// The session was closed as it should: nothing was under way. Its keys are kept no longer.
    pub(super) fn closed(&mut self, at: &Moment<'_>) {
        self.give_back();
        let was_kept = self.conversation.is_some() || self.issued.is_some();
        (self.conversation, self.issued) = (None, None);
        self.link = Link::Down { until: at.time };
        if was_kept {
            let change = Change { state: Some(self.state_now()), parts: Vec::new() };
            self.commit(change, Effect::Closed);
        }
    }

    /// Whether nothing has been under way for as long as a session is kept for that.
    pub(super) fn has_been_idle(&self, since: Time, now: Time) -> bool {
        now - since >= self.settings.idle
    }
}
