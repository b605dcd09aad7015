//! How much a host does at a time, all its endpoints together (`serviceThrottling`).
//!
//! One [`Admission`] is for all endpoints of a host. Their [sessions](super::ServiceSessions) want places and give them
//! back; a place that is not free is granted when it becomes so, in the order in which it was wanted. Without time: who
//! waits gives up by giving back. How many may wait is for those who ask: sessions by `maxPendingChannels`, calls by the
//! windows of their sessions and the exchanges of the transport.

use std::collections::VecDeque;

use super::acceptance::Acceptance;
use super::names::{DispatchId, EndpointId, InstanceId, Place};

/// The most of each that a host has at a time; at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdmissionLimits {
    /// `maxConcurrentCalls`.
    pub calls: usize,
    /// `maxConcurrentSessions`.
    pub sessions: usize,
    /// `maxConcurrentInstances`.
    pub instances: usize,
}

/// What an endpoint says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdmissionInput {
    /// It wants a place.
    Want(Place),
    /// It gives a place back, or asks no longer.
    Free(Place),
}

/// The places of a host.
#[derive(Debug)]
pub struct Admission {
    sessions: Acceptance<(EndpointId, u64)>,
    instances: Acceptance<(EndpointId, InstanceId)>,
    calls: Acceptance<(EndpointId, DispatchId)>,
    /// Whose turn it is at the instance that all share. Who waits for it does not take the place of a call.
    turn: Acceptance<(EndpointId, DispatchId)>,
    granted: VecDeque<(EndpointId, Place)>,
}

impl Admission {
    /// All places are free.
    pub fn new(limits: AdmissionLimits) -> Self {
        Self {
            sessions: Acceptance::new(limits.sessions),
            instances: Acceptance::new(limits.instances),
            calls: Acceptance::new(limits.calls),
            turn: Acceptance::new(1),
            granted: VecDeque::new(),
        }
    }

    /// Takes what an endpoint says. Then drain [`poll`](Self::poll).
    pub fn handle(&mut self, endpoint: EndpointId, input: AdmissionInput) {
        match input {
            AdmissionInput::Want(place) => self.want(endpoint, place),
            AdmissionInput::Free(place) => self.free(endpoint, place),
        }
    }

    /// The next place that is granted, and to whom.
    pub fn poll(&mut self) -> Option<(EndpointId, Place)> {
        self.granted.pop_front()
    }

    /// How many sessions have a place, and how many wait for one.
    pub fn sessions(&self) -> (usize, usize) {
        (self.sessions.accepted(), self.sessions.waiting())
    }

    /// The same of instances.
    pub fn instances(&self) -> (usize, usize) {
        (self.instances.accepted(), self.instances.waiting())
    }

    /// The same of calls; those that wait for their turn are not among them.
    pub fn calls(&self) -> (usize, usize) {
        (self.calls.accepted(), self.calls.waiting())
    }

    fn want(&mut self, endpoint: EndpointId, place: Place) {
        let granted = match place {
            Place::Session(number) => self.sessions.created((endpoint, number)),
            Place::Instance(instance) => self.instances.created((endpoint, instance)),
            Place::Call { call, turn } => {
                (!turn || self.turn.created((endpoint, call)))
                    && self.calls.created((endpoint, call))
            }
            // It is wanted with the place.
            Place::Turn(_) => false,
        };
        if granted {
            self.granted.push_back((endpoint, place));
        }
    }

    fn free(&mut self, endpoint: EndpointId, place: Place) {
        match place {
            Place::Session(number) => {
                if let Some((endpoint, number)) = self.sessions.ended(&(endpoint, number)) {
                    self.granted.push_back((endpoint, Place::Session(number)));
                }
            }
            Place::Instance(instance) => {
                if let Some((endpoint, instance)) = self.instances.ended(&(endpoint, instance)) {
                    self.granted.push_back((endpoint, Place::Instance(instance)));
                }
            }
            Place::Call { call, turn } => {
                if let Some(next) = self.calls.ended(&(endpoint, call)) {
                    self.granted_call(next);
                }
                if turn {
                    self.free_turn((endpoint, call));
                }
            }
            Place::Turn(call) => self.free_turn((endpoint, call)),
        }
    }

    fn free_turn(&mut self, call: (EndpointId, DispatchId)) {
        // Whose turn it is now needs a place as every call does; one that comes back has it.
        if let Some(next) = self.turn.ended(&call)
            && self.calls.created(next)
        {
            self.granted_call(next);
        }
    }

    fn granted_call(&mut self, (endpoint, call): (EndpointId, DispatchId)) {
        let turn = self.turn.contains(&(endpoint, call));
        self.granted.push_back((endpoint, Place::Call { call, turn }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// Each call that is not done, and whether it has its place.
    type Calls = Vec<(EndpointId, Place, bool)>;

    fn drain(admission: &mut Admission, calls: &mut Calls) {
        while let Some((endpoint, place)) = admission.poll() {
            let call = calls.iter_mut().find(|(e, p, _)| (*e, *p) == (endpoint, place));
            let (.., granted) = call.expect("it is wanted, and nothing else is granted");
            assert!(!*granted, "granted once");
            *granted = true;
        }
    }

    proptest! {
        /// Calls with and without a turn, of two endpoints: no more than may be, one with its turn, nobody waits without
        /// need, and who comes first is served first among those of his kind.
        #[test]
        fn places_and_turns(
            most in 1usize..4,
            steps in prop::collection::vec((0u8..4, any::<bool>(), any::<prop::sample::Index>()), 0..200),
        ) {
            let limits = AdmissionLimits { calls: most, sessions: 1, instances: 1 };
            let mut admission = Admission::new(limits);
            let mut calls = Calls::new();
            let mut number = 0;
            for (what, turn, index) in steps {
                if what < 2 || calls.is_empty() {
                    number += 1;
                    let (endpoint, place) =
                        (usize::from(what), Place::Call { call: DispatchId(number), turn });
                    calls.push((endpoint, place, false));
                    admission.handle(endpoint, AdmissionInput::Want(place));
                } else {
                    // One that is over, or one that is given up.
                    let (endpoint, place, _) = calls.remove(index.index(calls.len()));
                    admission.handle(endpoint, AdmissionInput::Free(place));
                }
                drain(&mut admission, &mut calls);
                let has_turn = |place: &Place| matches!(place, Place::Call { turn: true, .. });
                let running: Vec<_> = calls.iter().filter(|(.., granted)| *granted).collect();
                prop_assert!(running.len() <= most);
                prop_assert!(running.iter().filter(|(_, place, _)| has_turn(place)).count() <= 1);
                prop_assert_eq!(admission.calls().0, running.len());
                let is_turn_free = !running.iter().any(|(_, place, _)| has_turn(place));
                let may_run = |(_, place, granted): &&(EndpointId, Place, bool)| {
                    !*granted && (is_turn_free || !has_turn(place))
                };
                let waits = calls.iter().any(|call| may_run(&call));
                prop_assert!(running.len() == most || !waits, "a place is free");
                for kind in [true, false] {
                    let mut of_kind = calls.iter().filter(|(_, place, _)| has_turn(place) == kind);
                    let waiting = of_kind.position(|(.., granted)| !*granted);
                    let later = of_kind.any(|(.., granted)| *granted);
                    prop_assert!(waiting.is_none() || !later, "nobody is passed over");
                }
            }
            for (endpoint, place, _) in std::mem::take(&mut calls) {
                admission.handle(endpoint, AdmissionInput::Free(place));
            }
            prop_assert!(admission.calls() == (0, 0) && admission.turn.accepted() == 0);
        }

        /// Sessions and instances do not mix, nor do endpoints.
        #[test]
        fn kinds_are_apart(most in 1usize..4, wanted in 0u64..8) {
            let limits = AdmissionLimits { calls: 1, sessions: most, instances: most };
            let mut admission = Admission::new(limits);
            let mut granted = BTreeSet::new();
            for number in 0..wanted {
                for endpoint in 0..2 {
                    admission.handle(endpoint, AdmissionInput::Want(Place::Session(number)));
                    let instance = Place::Instance(InstanceId(number));
                    admission.handle(endpoint, AdmissionInput::Want(instance));
                }
            }
            while let Some((endpoint, place)) = admission.poll() {
                granted.insert((endpoint, format!("{place:?}")));
            }
            let all = 2 * wanted as usize;
            prop_assert_eq!(granted.len(), 2 * all.min(most));
            prop_assert_eq!(admission.sessions(), (all.min(most), all.saturating_sub(most)));
            prop_assert_eq!(admission.instances(), admission.sessions());
        }
    }
}
