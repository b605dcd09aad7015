//! The invariants, held after every step.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_reliable::{
    Body, CallId, DuplexListener, DuplexOutput, DuplexSession, Message, Ranges, SequenceState,
    SessionId,
};

use super::plan::{Class, Plan};
use super::world::{Payload, STRANGER};

/// One of the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Client,
    Service,
}

impl End {
    pub fn other(self) -> Self {
        match self {
            Self::Client => Self::Service,
            Self::Service => Self::Client,
        }
    }
}

/// What has been seen of one end.
#[derive(Debug, Default)]
struct Seen {
    /// Messages that it was given.
    delivered: BTreeSet<Payload>,
    /// Their numbers.
    numbers: BTreeSet<u64>,
    /// The number after the last one that was delivered.
    next: u64,
    /// Numbers of the peer's sequence that came in.
    arrived: Ranges,
    /// Messages that it has made.
    made: BTreeSet<Payload>,
    /// Those of them that have no outcome.
    open: BTreeSet<Payload>,
    acknowledged: BTreeSet<Payload>,
    failed: usize,
    has_ended: Option<SequenceState>,
    /// CloseSequence came (1.1).
    was_closed: bool,
}

#[derive(Debug, Default)]
pub struct Checks {
    client: Seen,
    service: Seen,
}

type Checked = Result<(), String>;

impl Checks {
    fn seen(&mut self, end: End) -> &mut Seen {
        match end {
            End::Client => &mut self.client,
            End::Service => &mut self.service,
        }
    }

    /// A message is made. False: it was made before, since the one that caused it came under two numbers.
    pub fn called(&mut self, from: End, payload: Payload) -> bool {
        let seen = self.seen(from);
        let is_new = seen.made.insert(payload);
        if is_new {
            seen.open.insert(payload);
        }
        is_new
    }

    /// It has forgotten everything.
    pub fn service_restarts(&mut self) {
        let delivered = std::mem::take(&mut self.service.delivered);
        self.service = Seen { delivered, ..Seen::default() };
    }

    /// A message of the other end came in.
    pub fn arrived(&mut self, at: End, message: &Message<Payload>) {
        let seen = self.seen(at);
        if let Some(sequence) = &message.headers.sequence {
            seen.arrived.insert(sequence.number);
        }
        seen.was_closed |= matches!(message.body, Body::CloseSequence(_));
        seen.was_closed |= matches!(message.body, Body::TerminateSequence(_));
    }

    /// A connection was adopted.
    pub fn adopted(&self, ours: Option<&SessionId>, session: &SessionId, plan: &Plan) -> Checked {
        ensure!(ours == Some(session), "a session that is not there has adopted a connection");
        let rule = plan.service.links;
        ensure!(rule == waxwing_reliable::Links::Replaced, "a connection was adopted: {rule:?}");
        Ok(())
    }

    /// One output of an end of the session.
    pub fn output(&mut self, end: End, plan: &Plan, output: &DuplexOutput<Payload>) -> Checked {
        let ordered = match end {
            End::Client => plan.client.reliable.ordered,
            End::Service => plan.service.reliable.ordered,
        };
        let window = match end {
            End::Client => plan.client.reliable.max_transfer_window_size,
            End::Service => plan.service.reliable.max_transfer_window_size,
        };
        let lies = plan.class == Class::Lying;
        let (seen, other) = match end {
            End::Client => (&mut self.client, &self.service),
            End::Service => (&mut self.service, &self.client),
        };
        let is_last_word = matches!(output, DuplexOutput::Transmit { .. } | DuplexOutput::Event(_));
        let may_fail = matches!(output, DuplexOutput::CallFailed { .. });
        ensure!(
            seen.has_ended.is_none() || is_last_word || may_fail,
            "{end:?} has ended, and says {output:?}"
        );
        match output {
            DuplexOutput::Deliver { number, message } => {
                ensure!(*message != STRANGER, "a stranger's message was delivered as {number}");
                ensure!(
                    lies || seen.arrived.contains(*number),
                    "{number} was delivered and never came"
                );
                ensure!(seen.numbers.insert(*number), "{number} was delivered twice");
                // Who lies may give a message another number.
                let is_new = seen.delivered.insert(*message);
                ensure!(is_new || lies, "{message} was delivered twice");
                ensure!(
                    !ordered || *number == seen.next + 1,
                    "{number} was delivered after {}",
                    seen.next
                );
                seen.next = *number;
            }
            DuplexOutput::Transmit { message, .. } => {
                acknowledges(end, seen, window, lies, message)?;
            }
            DuplexOutput::Acknowledged { call } => {
                let payload = payload(*call);
                ensure!(seen.open.remove(&payload), "{payload} had two outcomes");
                seen.acknowledged.insert(payload);
            }
            DuplexOutput::CallFailed { call, .. } => {
                ensure!(seen.open.remove(&payload(*call)), "{call:?} had two outcomes");
                seen.failed += 1;
            }
            DuplexOutput::Closed => {
                seen.has_ended = Some(SequenceState::Closed);
                if lies {
                    return Ok(());
                }
                let lost = seen.acknowledged.difference(&other.delivered).next();
                ensure!(
                    lost.is_none(),
                    "{lost:?} is acknowledged to {end:?}, but was never delivered"
                );
                ensure!(seen.open.is_empty(), "{end:?} is closed with {:?} unsent", seen.open);
            }
            DuplexOutput::Faulted(_) => seen.has_ended = Some(SequenceState::Faulted),
            _ => {}
        }
        Ok(())
    }

    /// After every step.
    pub fn bounds(
        &self,
        plan: &Plan,
        client: Option<&DuplexSession<Payload>>,
        service: &DuplexListener<Payload>,
    ) -> Checked {
        let messages = 8 * plan.calls.len() + plan.events.len();
        let most = |window: u32| 8192 + 512 * (window as usize + messages) + 16 * 256;
        if let Some(client) = client {
            let window = plan.client.reliable.max_transfer_window_size;
            let outstanding = client.status().outstanding;
            ensure!(
                outstanding <= window as usize,
                "{outstanding} messages are out, window {window}"
            );
            ensure!(client.memory() <= most(window), "the client holds {} bytes", client.memory());
        }
        for session in service.sessions() {
            let window = plan.service.reliable.max_transfer_window_size;
            let status = service.status(session).ok_or("no status")?;
            let outstanding = status.outstanding;
            ensure!(
                outstanding <= window as usize,
                "{outstanding} messages are out, window {window}"
            );
            let memory = service.session_memory(session).ok_or("no memory")?;
            ensure!(memory <= most(window), "the service's session holds {memory} bytes");
        }
        Ok(())
    }

    /// When nothing happens any more.
    pub fn end(
        &self,
        plan: &Plan,
        client: Option<&DuplexSession<Payload>>,
        service: &DuplexListener<Payload>,
    ) -> Checked {
        ensure!(service.sessions().next().is_none(), "the service's session never ends");
        let is_safe = matches!(plan.class, Class::Patient | Class::Idle);
        if let Some(client) = client {
            let state = client.status().state;
            let has_ended = matches!(state, SequenceState::Closed | SequenceState::Faulted);
            ensure!(has_ended, "the client ends {state:?}");
            ensure!(
                self.client.open.is_empty(),
                "messages without outcome: {:?}",
                self.client.open
            );
            ensure!(!is_safe || state == SequenceState::Closed, "the client faulted for no reason");
        }
        if !is_safe {
            return Ok(());
        }
        let state = self.service.has_ended;
        ensure!(
            state == Some(SequenceState::Closed),
            "the service faulted for no reason: {state:?}"
        );
        for (from, to) in [(&self.client, &self.service), (&self.service, &self.client)] {
            ensure!(from.failed == 0, "{} messages failed for no reason", from.failed);
            let lost: BTreeMap<_, _> =
                from.acknowledged.difference(&to.delivered).map(|p| (p, ())).collect();
            ensure!(lost.is_empty(), "acknowledged and never delivered: {lost:?}");
        }
        Ok(())
    }
}

/// What an end acknowledges in a message of its own.
fn acknowledges(
    end: End,
    seen: &Seen,
    window: u32,
    lies: bool,
    message: &Message<Payload>,
) -> Checked {
    let Some(acknowledgement) = &message.headers.acknowledgement else { return Ok(()) };
    let ranges = &acknowledgement.ranges;
    ensure!(
        seen.arrived.contains_all(ranges),
        "{end:?} acknowledges {ranges}, of which some never came"
    );
    let room = acknowledgement.buffer_remaining.unwrap_or(0);
    ensure!(room <= window, "{end:?} has room for {room}, its window is {window}");
    let is_final = acknowledgement.is_final;
    ensure!(lies || !is_final || seen.was_closed, "{end:?} calls an open sequence final");
    Ok(())
}

fn payload(call: CallId) -> Payload {
    Payload::try_from(call.0).unwrap_or(STRANGER)
}
