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
                if turn && let Some(next) = self.turn.ended(&(endpoint, call)) {
                    // Its turn has come; it needs a place as every call does.
                    if self.calls.created(next) {
                        self.granted_call(next);
                    }
                }
            }
        }
    }

    fn granted_call(&mut self, (endpoint, call): (EndpointId, DispatchId)) {
        let turn = self.turn.contains(&(endpoint, call));
        self.granted.push_back((endpoint, Place::Call { call, turn }));
    }
}
