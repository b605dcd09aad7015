//! What is to be done next, and when to look again.

use std::sync::Arc;

use waxwing_reliable::SavedEnd;
use waxwing_session::{Moment, SavedClientSession, Time};

use super::api::{Change, Output, Part, Place};
use super::clock::Heard;
use super::effect::Effect;
use super::entry::{CallState, UnderWay};
use super::state::{Asking, Engine, Link};
use super::told::OutboxEvent;

/// So many calls are forgotten at once: one commit is not to take long.
const FORGOTTEN_AT_ONCE: usize = 256;

/// So long the end of a session may take that an earlier process began to close: calls wait for it, and the service comes to its end
/// without it.
const LEFT_BEHIND: std::time::Duration = std::time::Duration::from_secs(5);

impl Engine {
    /// Whatever the last input has made possible.
    pub(super) fn advance(&mut self, at: &mut Moment<'_>) {
        if self.is_over || self.is_at_a_desk {
            return;
        }
        self.tell_apart(at);
        if let Link::Closing(session, Some(until)) = self.link
            && at.time >= until
            && self.persisting == 0
        {
            self.outputs.push_back(Output::Discard(session));
            self.closed(at);
        }
        if self.is_closing {
            return self.advance_closing();
        }
        self.connect(at);
        self.send(at.time);
        self.rest_when_idle(at.time);
        self.ask(at.time);
    }

    /// Begins a session, or goes on with the one that was kept.
    fn connect(&mut self, at: &Moment<'_>) {
        let (Link::Down { until } | Link::Held { until }) = self.link else { return };
        if at.time < until || self.persisting > 0 {
            return;
        }
        let unanswered = self.unanswered();
        let sends = self.next_to_send().is_some();
        let goes_on = !unanswered.is_empty() || (sends && self.was_heard_lately(at));
        if let Some(saved) = self.conversation.clone().filter(|_| goes_on) {
            let session = self.next_session();
            // Without calls under way there is nothing to ask about: the next ones follow in it.
            self.link = match unanswered.is_empty() {
                true => Link::Up(session, 0, None),
                false => Link::Restored(session, 0),
            };
            self.event(OutboxEvent::Resumed { calls: unanswered.len() });
            self.outputs.push_back(Output::Restore(
                session,
                Box::new((*saved).clone()),
                unanswered,
            ));
        } else if sends {
            // A session without calls under way may be forgotten by now, and nothing is lost with it.
            (self.conversation, self.issued) = (None, None);
            let session = self.next_session();
            self.link = Link::Opening(session);
            self.outputs.push_back(Output::Open(session));
        } else if let Some(saved) = self.was_being_closed() {
            // The service keeps it until it hears of the end, or for minutes.
            let saved = Box::new(SavedClientSession::clone(saved));
            let session = self.next_session();
            self.link = Link::Closing(session, Some(at.time + LEFT_BEHIND));
            self.outputs.push_back(Output::Restore(session, saved, Vec::new()));
            self.outputs.push_back(Output::CloseSession(session));
        }
    }

    /// The session that was being closed when the process before this one ended.
    fn was_being_closed(&self) -> Option<&Arc<SavedClientSession>> {
        let is_closing = |saved: &&Arc<SavedClientSession>| saved.reliable.end != SavedEnd::Open;
        self.conversation.as_ref().filter(is_closing)
    }

    /// Whether the service has the session that is kept, by all that is known: what it acknowledged in it, and may not have
    /// executed yet, is to be executed before what comes next, so a new session would break the order.
    fn was_heard_lately(&self, at: &Moment<'_>) -> bool {
        let is_open = |saved: &SavedClientSession| saved.reliable.end == SavedEnd::Open;
        let Some(heard) = self.heard.filter(|_| self.conversation.as_deref().is_some_and(is_open))
        else {
            return false;
        };
        match heard {
            Heard::At(then) => at.time - then < self.settings.idle,
            Heard::Before(then) => {
                let silence = at.wall.as_millisecond().abs_diff(then.as_millisecond());
                u128::from(silence) < self.settings.idle.as_millis()
            }
        }
    }

    /// Calls that have a number in the session that is kept, and no result.
    fn unanswered(&self) -> Vec<Place> {
        let Some(saved) = &self.conversation else { return Vec::new() };
        let calls = saved.reliable.unanswered.iter().filter_map(|saved| saved.call);
        let places = calls.map(|call| Place(call.0));
        places.filter(|place| self.in_flight.contains(place)).collect()
    }

    /// The next call that may get a number.
    fn next_to_send(&self) -> Option<Place> {
        if self.is_paused || (self.settings.hold_in_doubt && !self.in_doubt.is_empty()) {
            return None;
        }
        if self.in_flight.len() >= self.settings.in_flight as usize {
            return None;
        }
        let place = self.unsent.first().copied()?;
        let is_free =
            self.entries.get(&place).is_some_and(|own| own.under_way == UnderWay::Nothing);
        is_free.then_some(place)
    }

    fn send(&mut self, now: Time) {
        let Link::Up(session, ..) = self.link else { return };
        while let Some(place) = self.next_to_send() {
            self.unsent.remove(&place);
            self.in_flight.insert(place);
            if let Some(entry) = self.entries.get_mut(&place) {
                entry.under_way = UnderWay::Given;
            }
            self.outputs.push_back(Output::Send(session, place));
        }
        if let Link::Up(_, _, idle) = &mut self.link {
            match self.in_flight.is_empty() {
                true => {
                    idle.get_or_insert(now);
                }
                false => *idle = None,
            }
        }
    }

    /// A service ends sessions that are silent for minutes: one without calls is closed before that, so that no call gets a
    /// number in a session that is gone.
    fn rest_when_idle(&mut self, now: Time) {
        let Link::Up(session, _, Some(since)) = self.link else { return };
        if self.has_been_idle(since, now) && self.persisting == 0 {
            self.link = Link::Closing(session, None);
            self.outputs.push_back(Output::CloseSession(session));
        }
    }

    /// Closing: what has a number stays as it is kept, for the next time.
    fn advance_closing(&mut self) {
        if !self.commits.is_empty() {
            return;
        }
        match self.link {
            Link::Up(session, ..) if self.in_flight.is_empty() => {
                self.link = Link::Closing(session, None);
                self.outputs.push_back(Output::CloseSession(session));
            }
            Link::Closing(..) => {}
            Link::Forgotten { .. } | Link::Marking => {}
            _ => {
                self.outputs.extend(self.session().map(Output::Discard));
                self.is_over = true;
                self.outputs.push_back(Output::Ended);
            }
        }
    }

    /// Asks the application, one thing of a kind at a time.
    fn ask(&mut self, now: Time) {
        let is_free = |place: &Place| {
            self.entries.get(place).is_some_and(|own| own.under_way == UnderWay::Nothing)
        };
        if self.settings.reconciles {
            let free = self.in_doubt.iter().copied().filter(is_free);
            if let Some(place) = self.reconciling.next(free, now) {
                self.reconciling.now = Some(place);
                self.outputs.push_back(Output::Reconcile(place));
            }
        }
        if self.settings.handles {
            let free = self.answered.iter().copied().filter(is_free);
            if let Some(place) = self.handling.next(free, now) {
                self.handling.now = Some(place);
                self.outputs.push_back(Output::Handle(place));
            }
        }
    }

    /// Forgets what was kept for its whole time.
    pub(super) fn sweep(&mut self, at: &Moment<'_>) {
        let now = self.believed.at(at);
        let due = self.forgetting.range(..=(now, Place(u64::MAX)));
        let due = due.map(|(_, place)| *place).filter(|place| {
            self.entries.get(place).is_some_and(|own| own.under_way == UnderWay::Nothing)
        });
        let due: Vec<_> = due.take(FORGOTTEN_AT_ONCE).collect();
        if due.is_empty() {
            return;
        }
        for place in &due {
            if let Some(entry) = self.entries.get_mut(place) {
                entry.under_way = UnderWay::Changing;
            }
        }
        let parts = due.iter().map(|place| Part::DropNote(*place)).collect();
        self.commit(Change { state: Some(self.state_now()), parts }, Effect::Forgotten(due));
    }

    /// When to give a `Tick`. None: not until something else happens.
    pub(crate) fn wake_at(&self, at: &Moment<'_>) -> Option<Time> {
        if self.is_over {
            return None;
        }
        let link = match &self.link {
            // What is being made durable comes first, and is told when it is.
            _ if self.persisting > 0 => None,
            Link::Down { until } | Link::Held { until } if self.wants_a_session() => Some(*until),
            Link::Up(_, _, Some(since)) => Some(*since + self.settings.idle),
            Link::Closing(_, until) => *until,
            _ => None,
        };
        let is_quiet = self.commits.is_empty();
        let sweep = self.forgetting.first().filter(|_| is_quiet).map(|(when, _)| {
            let ahead = when.saturating_sub(self.believed.at(at));
            // The time of day may be set: look again at least every hour.
            at.time + std::time::Duration::from_millis(ahead.clamp(0, 3_600_000) as u64)
        });
        let reconcile = self.reconciling.wake_at(self.settings.reconciles && is_quiet);
        let handle = self.handling.wake_at(self.settings.handles && is_quiet);
        [link, sweep, reconcile, handle].into_iter().flatten().min()
    }

    fn wants_a_session(&self) -> bool {
        !self.unanswered().is_empty()
            || self.next_to_send().is_some()
            || self.was_being_closed().is_some()
    }

    /// What holds the queue, for a person.
    pub(crate) fn held_by_doubt(&self) -> bool {
        self.settings.hold_in_doubt && !self.in_doubt.is_empty()
    }

    /// Tells what is in doubt from before, once.
    pub(crate) fn tell_of_doubts(&mut self) {
        let doubts: Vec<_> = self.in_doubt.iter().copied().collect();
        for place in doubts {
            if let Some(CallState::InDoubt { why, .. }) =
                self.entries.get(&place).map(|entry| &entry.state)
            {
                let why = why.clone();
                let key = self.key(place);
                self.event(OutboxEvent::InDoubt { key, why });
            }
        }
    }
}

impl Asking {
    /// The next place to ask about, if none is being asked about.
    fn next(&self, mut places: impl Iterator<Item = Place>, now: Time) -> Option<Place> {
        if self.now.is_some() {
            return None;
        }
        places.find(|place| self.later.get(place).is_none_or(|(when, _)| *when <= now))
    }

    fn wake_at(&self, is_on: bool) -> Option<Time> {
        if !is_on || self.now.is_some() {
            return None;
        }
        self.later.values().map(|(when, _)| *when).min()
    }
}
