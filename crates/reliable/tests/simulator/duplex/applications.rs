//! The applications of both ends: calls, callbacks, events, and their answers.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_reliable::{CallId, DuplexInput, SequenceState};

use super::checks::End;
use super::plan::Kind;
use super::world::{Happening, Payload, World};
use crate::plan::{MS, Micros, SECOND};
use crate::timeline::time;

const KINDS: Payload = 24;

/// Kinds of messages.
pub const CALL: Payload = 1 << KINDS;
pub const NOTE: Payload = 2 << KINDS;
pub const REPLY: Payload = 3 << KINDS;
pub const CALLBACK: Payload = 4 << KINDS;
pub const EVENT: Payload = 5 << KINDS;
pub const ANSWER: Payload = 6 << KINDS;

fn kind(payload: Payload) -> Payload {
    payload >> KINDS << KINDS
}

fn index(payload: Payload) -> Payload {
    payload & (CALL - 1)
}

/// A callback's index: of which call, and which of its callbacks.
fn callback(call: Payload, which: u32) -> Payload {
    CALLBACK | (call << 3) | which
}

#[derive(Debug, Default)]
pub struct Applications {
    /// The client's calls whose reply has not come.
    awaited: BTreeSet<Payload>,
    /// Messages that the client has still to make.
    to_come: usize,
    /// Delivered to the client and not done.
    client_works: usize,
    client_closed: bool,
    /// How long the client waited until it looked again whether it is done.
    pause: Micros,
    /// Delivered to the service and not done.
    service_works: usize,
    /// Calls that wait for the answers of so many callbacks.
    calling_back: BTreeMap<Payload, u32>,
    service_told: bool,
    service_closed: bool,
}

impl Applications {
    pub fn service_restarts(&mut self) {
        self.service_works = 0;
        self.calling_back.clear();
        (self.service_told, self.service_closed) = (false, false);
    }
}

impl World {
    fn send(&mut self, from: End, payload: Payload) -> Result<(), String> {
        let call = CallId(payload.into());
        if !self.checks.called(from, payload) {
            return Ok(());
        }
        let deadline = self.plan.call_deadline.map(|d| time(self.timeline.now() + d));
        self.input(from, DuplexInput::Send { call, message: payload, deadline })
    }

    // ---- the client's ----

    pub fn call(&mut self, i: usize) -> Result<(), String> {
        self.apps.to_come += 1;
        if self.client.is_none() || self.apps.client_closed {
            return Ok(());
        }
        let payload = match self.plan.calls[i].1 {
            Kind::Note => NOTE | i as Payload,
            Kind::Call { .. } => {
                self.apps.awaited.insert(i as Payload);
                CALL | i as Payload
            }
        };
        self.send(End::Client, payload)
    }

    /// The client closes when it has made its calls, has their replies and has answered the service.
    pub fn client_may_close(&mut self, force: bool) -> Result<(), String> {
        let Some(client) = &self.client else { return Ok(()) };
        let state = client.status().state;
        if matches!(state, SequenceState::Closed | SequenceState::Faulted)
            || self.apps.client_closed
        {
            return Ok(());
        }
        let is_done = self.apps.awaited.is_empty()
            && self.apps.client_works == 0
            && self.apps.to_come == self.plan.calls.len();
        if !is_done && !force {
            // A timer that has doubled often enough runs for days.
            let pause = (2 * self.apps.pause).clamp(500 * MS, 3600 * SECOND);
            self.apps.pause = pause;
            self.timeline.later(pause, Happening::Close { force: false });
            return Ok(());
        }
        self.apps.client_closed = true;
        let deadline = time(self.timeline.now().saturating_add(self.plan.close_deadline));
        self.client_input(DuplexInput::Close { deadline })
    }

    // ---- the service's ----

    pub fn event(&mut self, i: usize) -> Result<(), String> {
        match (&self.session, self.apps.service_closed) {
            (Some(_), false) => self.send(End::Service, EVENT | i as Payload),
            _ => Ok(()),
        }
    }

    pub fn service_closes(&mut self) -> Result<(), String> {
        if self.apps.service_closed || self.session.is_none() {
            return Ok(());
        }
        self.apps.service_closed = true;
        let deadline = time(self.timeline.now().saturating_add(self.plan.close_deadline));
        self.input(End::Service, DuplexInput::Close { deadline })
    }

    /// The service closes when the client has, and it has done what it was told.
    fn service_may_close(&mut self) -> Result<(), String> {
        if !self.apps.service_told || self.apps.service_works > 0 {
            return Ok(());
        }
        // Nobody answers callbacks any more.
        let waiting = std::mem::take(&mut self.apps.calling_back);
        for call in waiting.into_keys() {
            self.send(End::Service, REPLY | call)?;
        }
        self.service_closes()
    }

    // ---- both ----

    pub fn end_of_messages(&mut self, at: End) -> Result<(), String> {
        match at {
            End::Client if !self.plan.service_closes_first => self.client_may_close(true),
            End::Client => Ok(()),
            End::Service => {
                self.apps.service_told = true;
                // What was delivered before is still on its way through the queue.
                let delay: Micros = self.plan.queueing.1 + 1;
                self.timeline.later(delay, Happening::Done { at, epoch: self.epoch, payload: 0 });
                self.apps.service_works += 1;
                Ok(())
            }
        }
    }

    /// A message is taken off the queue, and done a while later.
    pub fn taken(
        &mut self,
        at: End,
        epoch: u32,
        number: u64,
        payload: Payload,
    ) -> Result<(), String> {
        if at == End::Service && epoch != self.epoch {
            return Ok(());
        }
        match at {
            End::Client => self.apps.client_works += 1,
            End::Service => self.apps.service_works += 1,
        }
        let delay = self.random.between(self.plan.operation.0, self.plan.operation.1);
        self.timeline.later(delay, Happening::Done { at, epoch, payload });
        self.input(at, DuplexInput::Taken(number))
    }

    pub fn done(&mut self, at: End, epoch: u32, payload: Payload) -> Result<(), String> {
        match at {
            End::Client => {
                self.apps.client_works -= 1;
                self.client_does(payload)
            }
            End::Service if epoch == self.epoch => {
                self.apps.service_works -= 1;
                self.service_does(payload)?;
                self.service_may_close()
            }
            End::Service => Ok(()),
        }
    }

    fn client_does(&mut self, payload: Payload) -> Result<(), String> {
        match kind(payload) {
            REPLY => {
                self.apps.awaited.remove(&index(payload));
                Ok(())
            }
            CALLBACK if !self.apps.client_closed => self.send(End::Client, ANSWER | index(payload)),
            _ => Ok(()),
        }
    }

    fn service_does(&mut self, payload: Payload) -> Result<(), String> {
        if self.apps.service_closed {
            return Ok(());
        }
        let call = index(payload);
        match kind(payload) {
            CALL => {
                let callbacks = match self.plan.calls.get(call as usize) {
                    Some((_, Kind::Call { callbacks })) => *callbacks,
                    _ => 0,
                };
                if callbacks == 0 {
                    return self.send(End::Service, REPLY | call);
                }
                self.apps.calling_back.insert(call, callbacks);
                (0..callbacks).try_for_each(|which| self.send(End::Service, callback(call, which)))
            }
            ANSWER => {
                let call = call >> 3;
                let Some(left) = self.apps.calling_back.get_mut(&call) else { return Ok(()) };
                *left -= 1;
                if *left > 0 {
                    return Ok(());
                }
                self.apps.calling_back.remove(&call);
                self.send(End::Service, REPLY | call)
            }
            _ => Ok(()),
        }
    }
}
