//! What the service has forgotten: what becomes of calls that had numbers there.

use waxwing_session::{AppMessage, Moment};

use super::api::{Ask, Change, Part, Place, Verdict};
use super::effect::Effect;
use super::entry::{CallState, UnderWay};
use super::state::{Engine, Link};
use super::told::OutboxEvent;

impl Engine {
    /// Tells apart what had numbers, once all that the session had begun is durable: what may be sent twice is sent again,
    /// the rest is in doubt.
    pub(super) fn tell_apart(&mut self, at: &Moment<'_>) {
        let Link::Forgotten { why } = &self.link else { return };
        if self.persisting > 0 {
            return;
        }
        let why = why.clone();
        let (mut again, mut in_doubt, mut parts) = (Vec::new(), Vec::new(), Vec::new());
        for (place, entry) in self
            .in_flight
            .iter()
            .filter_map(|place| self.entries.get(place).map(|entry| (*place, entry)))
        {
            let CallState::Sent { sequence, number } = &entry.state else { continue };
            if entry.idempotent {
                again.push(place);
                continue;
            }
            let (sequence, number) = (sequence.clone(), *number);
            let (since, why) = (at.wall, why.clone());
            let state = CallState::InDoubt { sequence, number, since, why };
            parts.push(Part::Note(place, state.clone(), None));
            parts.push(Part::DeadLetter(place, state.clone()));
            in_doubt.push((place, state));
        }
        self.doubted = None;
        self.issued = None;
        self.link = Link::Marking;
        let change = Change { state: Some(self.state_now()), parts };
        self.commit(change, Effect::Lost { again, in_doubt });
    }

    /// What the application says of a call in doubt.
    pub(super) fn reconciled(
        &mut self,
        place: Place,
        verdict: Result<Verdict, String>,
        at: &mut Moment<'_>,
    ) {
        if self.reconciling.now != Some(place) {
            return;
        }
        self.reconciling.now = None;
        let is_open = self.in_doubt.contains(&place)
            && self.entries.get(&place).is_some_and(|own| own.under_way == UnderWay::Nothing);
        match verdict {
            _ if !is_open => {}
            Ok(verdict) => self.decide(place, verdict, None, at),
            Err(reason) => {
                let times = self.reconciling.later.get(&place).map_or(0, |later| later.1);
                let pause = self.pause_after(times, at);
                self.reconciling.later.insert(place, (at.time + pause, times + 1));
                let key = self.key(place);
                self.event(OutboxEvent::ApplicationFailed { key, reason, again_in: pause });
            }
        }
    }

    /// What the application's handler says of a result.
    pub(super) fn handled(
        &mut self,
        place: Place,
        result: Result<(), String>,
        at: &mut Moment<'_>,
    ) {
        if self.handling.now != Some(place) {
            return;
        }
        self.handling.now = None;
        let is_open = self.answered.contains(&place)
            && self.entries.get(&place).is_some_and(|own| own.under_way == UnderWay::Nothing);
        match result {
            _ if !is_open => {}
            Ok(()) => self.begin_taking(place, None, at),
            Err(reason) => {
                let times = self.handling.later.get(&place).map_or(0, |later| later.1);
                let pause = self.pause_after(times, at);
                self.handling.later.insert(place, (at.time + pause, times + 1));
                let key = self.key(place);
                self.event(OutboxEvent::ApplicationFailed { key, reason, again_in: pause });
            }
        }
    }

    /// A call in doubt is in doubt no more.
    pub(super) fn decide(
        &mut self,
        place: Place,
        verdict: Verdict,
        ask: Option<Ask>,
        at: &Moment<'_>,
    ) {
        let Some(entry) = self.entries.get_mut(&place) else { return };
        entry.under_way = UnderWay::Changing;
        let (state, mut parts) = match verdict {
            Verdict::SendAgain => (CallState::Queued, vec![Part::DropNote(place)]),
            Verdict::Delivered(reply) => {
                let is_fault = reply.as_ref().is_some_and(|reply: &AppMessage| reply.is_fault());
                let state = CallState::Answered { at: at.wall, is_fault, by_decision: true };
                let note = Part::Note(place, state.clone(), reply);
                (state, vec![note, Part::DropMessage(place)])
            }
            Verdict::GiveUp(why) => {
                let state = CallState::GivenUp { at: at.wall, why };
                let note = Part::Note(place, state.clone(), None);
                (state, vec![note, Part::DropMessage(place)])
            }
        };
        parts.push(Part::DropDeadLetter(place));
        self.commit(Change { state: None, parts }, Effect::Changed { place, state, ask });
    }
}
