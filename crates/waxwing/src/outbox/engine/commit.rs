//! What is made durable, and what happens when it is.

use waxwing_session::Moment;

use super::api::{Change, CommitId, Output, Place, Refusal, Stored, Told};
use super::effect::Effect;
use super::entry::{CallState, UnderWay};
use super::state::{Engine, Link};
use super::told::OutboxEvent;

impl Engine {
    pub(super) fn commit(&mut self, change: Change, effect: Effect) {
        self.last_commit += 1;
        let id = CommitId(self.last_commit);
        if matches!(effect, Effect::Persisted { .. }) {
            self.persisting += 1;
        }
        self.commits.push_back((id, effect));
        self.outputs.push_back(Output::Commit(id, change));
    }

    pub(super) fn stored(&mut self, id: CommitId, stored: Stored, at: &Moment<'_>) {
        let Some(index) = self.commits.iter().position(|(own, _)| *own == id) else { return };
        let Some((_, effect)) = self.commits.remove(index) else { return };
        if matches!(effect, Effect::Persisted { .. }) {
            self.persisting -= 1;
        }
        match (stored, effect) {
            (Stored::Done, effect) => self.durable(effect, at),
            (Stored::Refused(error), Effect::Enqueued { place, asks }) => {
                self.forget(place);
                for ask in asks {
                    self.answer(ask, Err(Refusal::Store(error.clone())));
                }
            }
            (Stored::Fenced, effect) => {
                self.fail(effect, &Refusal::TakenOver);
                self.end(Output::Fenced, &Refusal::TakenOver);
            }
            (Stored::Refused(error), effect) => {
                let why = error.to_string();
                self.fail(effect, &Refusal::Store(error));
                self.end(Output::Reload(why.clone()), &Refusal::Uncertain(why));
            }
            (Stored::Uncertain(why), effect) => {
                self.fail(effect, &Refusal::Uncertain(why.clone()));
                self.end(Output::Reload(why.clone()), &Refusal::Uncertain(why));
            }
        }
    }

    /// Nothing that this engine believes is certain any more: the session is forgotten without a word, and whoever waits for
    /// a commit is told why.
    fn end(&mut self, last: Output, refusal: &Refusal) {
        if let Some(session) = self.session() {
            self.outputs.push_back(Output::Discard(session));
        }
        for (_, effect) in std::mem::take(&mut self.commits) {
            self.fail(effect, refusal);
        }
        self.is_over = true;
        self.outputs.push_back(last);
    }

    fn fail(&mut self, effect: Effect, refusal: &Refusal) {
        let asks = match effect {
            Effect::Enqueued { asks, .. } => asks,
            Effect::Changed { ask, .. } => ask.into_iter().collect(),
            Effect::Told(ask) => vec![ask],
            Effect::Persisted { .. }
            | Effect::Lost { .. }
            | Effect::Closed
            | Effect::Forgotten(_) => Vec::new(),
        };
        for ask in asks {
            self.answer(ask, Err(refusal.clone()));
        }
    }

    /// What was to be made durable is.
    fn durable(&mut self, effect: Effect, at: &Moment<'_>) {
        match effect {
            Effect::Enqueued { place, asks } => {
                self.is_idle(place);
                self.enter(place, CallState::Queued);
                for ask in asks {
                    self.answer(ask, Ok(Told::Enqueued));
                }
                let key = self.key(place);
                self.event(OutboxEvent::Enqueued { key });
            }
            Effect::Changed { place, state, ask } => {
                self.changed(place, state);
                if let Some(ask) = ask {
                    self.answer(ask, Ok(Told::Done));
                }
            }
            Effect::Persisted { session, ticket, saved, answered } => {
                self.session_is_kept(saved);
                for (place, state, octets) in answered {
                    self.is_answered(place, state, octets, at);
                }
                self.outputs.push_back(Output::Persisted(session, ticket));
            }
            Effect::Lost { again, in_doubt } => {
                self.conversation = None;
                for place in again {
                    self.is_idle(place);
                    self.enter(place, CallState::Queued);
                }
                for (place, state) in in_doubt {
                    self.is_idle(place);
                    let key = self.key(place);
                    if let CallState::InDoubt { why, .. } = &state {
                        let why = why.clone();
                        self.event(OutboxEvent::InDoubt { key, why });
                    }
                    self.enter(place, state);
                }
                self.link = Link::Down { until: at.time };
            }
            Effect::Told(ask) => self.answer(ask, Ok(Told::Done)),
            Effect::Closed => {}
            Effect::Forgotten(places) => {
                for place in places {
                    let key = self.key(place);
                    let taken = self.entries.get(&place).map(|entry| entry.state.clone());
                    if matches!(taken, Some(CallState::Answered { .. })) {
                        self.event(OutboxEvent::Expired { key });
                    }
                    self.forget(place);
                }
            }
        }
    }

    /// A call is in another state that somebody has asked for.
    fn changed(&mut self, place: Place, state: CallState) {
        self.is_idle(place);
        let key = self.key(place);
        let was_in_doubt = self.in_doubt.contains(&place);
        let event = match &state {
            CallState::Taken { .. } => {
                self.handling.forget(place);
                OutboxEvent::Taken { key }
            }
            CallState::Cancelled { .. } => OutboxEvent::Cancelled { key },
            _ => OutboxEvent::Resolved { key },
        };
        self.event(event);
        let is_settled = state.is_settled() && !matches!(state, CallState::Taken { .. });
        if was_in_doubt {
            self.reconciling.forget(place);
        }
        self.weigh(place, &state);
        self.enter(place, state);
        if is_settled {
            self.outputs.push_back(Output::Settled(place));
        }
    }

    /// What is not kept any more takes no room.
    fn weigh(&mut self, place: Place, state: &CallState) {
        if !matches!(state, CallState::Taken { .. } | CallState::Cancelled { .. }) {
            return;
        }
        if let Some(entry) = self.entries.get_mut(&place) {
            self.octets = self.octets.saturating_sub(entry.octets);
            entry.octets = 0;
        }
    }

    /// A call has its result.
    fn is_answered(&mut self, place: Place, state: CallState, octets: u64, at: &Moment<'_>) {
        let Some(entry) = self.entries.get_mut(&place) else { return };
        self.octets = self.octets.saturating_sub(entry.octets) + octets;
        entry.octets = octets;
        entry.under_way = UnderWay::Nothing;
        let is_fault = matches!(state, CallState::Answered { is_fault: true, .. });
        self.enter(place, state);
        let key = self.key(place);
        self.event(OutboxEvent::Answered { key, is_fault });
        self.outputs.push_back(Output::Settled(place));
        self.is_alive(at);
    }

    /// Nothing is being done about a call.
    fn is_idle(&mut self, place: Place) {
        if let Some(entry) = self.entries.get_mut(&place) {
            entry.under_way = UnderWay::Nothing;
        }
    }
}
