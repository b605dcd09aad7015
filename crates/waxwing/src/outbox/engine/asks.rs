//! Questions of the application.

use std::sync::Arc;

use waxwing_session::Moment;

use super::api::{Ask, Change, NewCall, Part, Place, Refusal, Told, Verdict, is_key};
use super::effect::Effect;
use super::entry::{CallState, Entry, UnderWay};
use super::state::{Engine, Link};
use super::told::OutboxEvent;

impl Engine {
    pub(super) fn enqueue(&mut self, ask: Ask, call: NewCall, at: &Moment<'_>) {
        if !is_key(&call.key) {
            return self.answer(ask, Err(Refusal::Key));
        }
        if let Some(place) = self.place(&call.key) {
            return self.enqueue_again(ask, place, &call);
        }
        if self.is_closing {
            return self.answer(ask, Err(Refusal::Closing));
        }
        if let Some(text) = self.is_full(call.octets) {
            return self.answer(ask, Err(Refusal::Full(text)));
        }
        let place = Place(self.next);
        self.next += 1;
        self.keys.insert(Arc::clone(&call.key), place);
        self.octets += call.octets;
        let entry = Entry {
            key: call.key,
            digest: call.digest,
            action: call.action,
            one_way: call.one_way,
            idempotent: call.idempotent,
            enqueued_at: at.wall,
            octets: call.octets,
            state: CallState::Queued,
            under_way: UnderWay::Storing,
        };
        self.entries.insert(place, entry);
        let change = Change { state: None, parts: vec![Part::Call(place)] };
        self.commit(change, Effect::Enqueued { place, asks: vec![ask] });
    }

    /// The key is taken: by the same call, or by another one.
    fn enqueue_again(&mut self, ask: Ask, place: Place, call: &NewCall) {
        let Some(entry) = self.entries.get(&place) else { return };
        if entry.digest != call.digest {
            let state = entry.state.clone();
            return self.answer(ask, Err(Refusal::OtherCall(state)));
        }
        if entry.under_way != UnderWay::Storing {
            let state = entry.state.clone();
            return self.answer(ask, Ok(Told::Known(state)));
        }
        // Whoever asks learns what becomes of the first.
        let own = self.commits.iter_mut().find_map(|(_, effect)| match effect {
            Effect::Enqueued { place: stored, asks } if *stored == place => Some(asks),
            _ => None,
        });
        match own {
            Some(asks) => asks.push(ask),
            None => self.answer(ask, Ok(Told::Known(CallState::Queued))),
        }
    }

    /// Why there is no room for another call.
    fn is_full(&self, octets: u64) -> Option<String> {
        let (calls, most) = (self.entries.len(), self.settings.max_calls);
        if calls >= most {
            return Some(format!(
                "it has {calls} calls, and may have {most} (max_calls): {} wait to be sent, {} have results that nobody took, \
                 {} are remembered by their keys",
                self.unsent.len() + self.in_flight.len() + self.in_doubt.len(),
                self.answered.len(),
                calls
                    - self.unsent.len()
                    - self.in_flight.len()
                    - self.in_doubt.len()
                    - self.answered.len(),
            ));
        }
        let (now, most) = (self.octets, self.settings.max_octets);
        (now + octets > most).then(|| {
            format!(
                "its messages have {now} octets, this one {octets}, and there may be {most} (max_octets)"
            )
        })
    }

    pub(super) fn cancel(&mut self, ask: Ask, key: &str, at: &Moment<'_>) {
        let Some(place) = self.place(key) else {
            return self.answer(ask, Err(Refusal::NoSuchKey));
        };
        let has_number = self.has_number(place);
        let Some(entry) = self.entries.get_mut(&place) else { return };
        match (&entry.state, entry.under_way) {
            (CallState::Cancelled { .. }, UnderWay::Nothing) => {
                self.answer(ask, Ok(Told::Done));
            }
            (CallState::Queued, UnderWay::Nothing) if !has_number => {
                entry.under_way = UnderWay::Changing;
                self.unsent.remove(&place);
                let state = CallState::Cancelled { at: at.wall };
                let parts = vec![Part::Note(place, state.clone(), None), Part::DropMessage(place)];
                let effect = Effect::Changed { place, state, ask: Some(ask) };
                self.commit(Change { state: None, parts }, effect);
            }
            (state, _) => {
                let state = state.clone();
                self.answer(ask, Err(Refusal::State(state)));
            }
        }
    }

    /// Whether a number is being made durable for it.
    fn has_number(&self, place: Place) -> bool {
        let calls = self.issued.iter().flat_map(|saved| &saved.reliable.unanswered);
        calls.filter_map(|saved| saved.call).any(|call| Place(call.0) == place)
    }

    pub(super) fn take(&mut self, ask: Ask, key: &str, at: &Moment<'_>) {
        let Some(place) = self.place(key) else {
            return self.answer(ask, Err(Refusal::NoSuchKey));
        };
        let Some(entry) = self.entries.get(&place) else { return };
        match &entry.state {
            CallState::Taken { .. } => self.answer(ask, Ok(Told::Done)),
            state if state.is_settled() => self.begin_taking(place, Some(ask), at),
            state => {
                let state = state.clone();
                self.answer(ask, Err(Refusal::State(state)));
            }
        }
    }

    /// The result is the application's: only the key is kept.
    pub(super) fn begin_taking(&mut self, place: Place, ask: Option<Ask>, at: &Moment<'_>) {
        let Some(entry) = self.entries.get_mut(&place) else { return };
        entry.under_way = UnderWay::Changing;
        let state = CallState::Taken { at: at.wall };
        let parts = vec![Part::Note(place, state.clone(), None)];
        self.commit(Change { state: None, parts }, Effect::Changed { place, state, ask });
    }

    pub(super) fn resolve(&mut self, ask: Ask, key: &str, verdict: Verdict, at: &Moment<'_>) {
        let Some(place) = self.place(key) else {
            return self.answer(ask, Err(Refusal::NoSuchKey));
        };
        let Some(entry) = self.entries.get(&place) else { return };
        match (&entry.state, entry.under_way) {
            (CallState::InDoubt { .. }, UnderWay::Nothing) => {
                self.decide(place, verdict, Some(ask), at);
            }
            (state, _) => {
                let state = state.clone();
                self.answer(ask, Err(Refusal::State(state)));
            }
        }
    }

    pub(super) fn pause(&mut self, ask: Ask, is_paused: bool) {
        if self.is_paused == is_paused {
            return self.answer(ask, Ok(Told::Done));
        }
        self.is_paused = is_paused;
        self.event(if is_paused { OutboxEvent::Paused } else { OutboxEvent::Unpaused });
        let change = Change { state: Some(self.state_now()), parts: Vec::new() };
        self.commit(change, Effect::Told(ask));
    }

    pub(super) fn resume(&mut self, ask: Ask, at: &Moment<'_>) {
        if matches!(self.link, Link::Held { .. } | Link::Down { .. }) {
            self.failures = 0;
            self.link = Link::Down { until: at.time };
        }
        self.reconciling.later.clear();
        self.handling.later.clear();
        self.pause(ask, false);
    }
}
