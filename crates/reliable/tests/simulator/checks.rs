//! The invariants, held after every step.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_reliable::{
    Body, CallId, Initiator, InitiatorOutput, Listener, ListenerOutput, Response, SequenceState,
    SessionId, Shape,
};

use crate::plan::{Class, Plan};
use crate::world::{Payload, STRANGER, ServiceExchange, reply_to};

/// What has been seen so far.
pub struct Checks {
    delivered: BTreeSet<Payload>,
    next_number: BTreeMap<SessionId, u64>,
    /// Number of the reply to each message of each session.
    replies: BTreeMap<(SessionId, u64), u64>,
    answered: BTreeSet<u64>,
    /// Calls without an outcome: payload and whether it is one-way.
    open: BTreeMap<CallId, (Payload, bool)>,
    completed: BTreeSet<Payload>,
    failed: usize,
    closed_by_app: BTreeSet<SessionId>,
    ended: BTreeSet<SessionId>,
}

type Checked = Result<(), String>;

impl Checks {
    pub fn new() -> Self {
        Self {
            delivered: BTreeSet::new(),
            next_number: BTreeMap::new(),
            replies: BTreeMap::new(),
            answered: BTreeSet::new(),
            open: BTreeMap::new(),
            completed: BTreeSet::new(),
            failed: 0,
            closed_by_app: BTreeSet::new(),
            ended: BTreeSet::new(),
        }
    }

    pub fn called(&mut self, call: CallId, payload: Payload, one_way: bool) {
        self.open.insert(call, (payload, one_way));
    }

    pub fn app_closed(&mut self, session: &SessionId) {
        self.closed_by_app.insert(session.clone());
    }

    /// One output of the service.
    pub fn service(
        &mut self,
        plan: &Plan,
        output: &ListenerOutput<Payload>,
        exchange: Option<&ServiceExchange>,
    ) -> Checked {
        match output {
            ListenerOutput::Deliver { session, number, message } => {
                ensure!(*message != STRANGER, "a stranger's message was delivered as {number}");
                ensure!(self.delivered.insert(*message), "{message} was delivered twice");
                let next = self.next_number.entry(session.clone()).or_insert(1);
                if plan.service.ordered {
                    ensure!(*number == *next, "{number} was delivered before {next}");
                }
                *next = number + 1;
                ensure!(!self.ended.contains(session), "delivery in a session that has ended");
            }
            ListenerOutput::Transmit { route, response } => {
                let id = &route.exchange();
                ensure!(self.answered.insert(id.0), "exchange {} was answered twice", id.0);
                let Some(exchange) = exchange else { return Ok(()) };
                self.response(plan, exchange, response)?;
            }
            ListenerOutput::Closed(session) | ListenerOutput::Faulted { session, .. } => {
                ensure!(self.ended.insert(session.clone()), "a session ended twice");
            }
            _ => {}
        }
        Ok(())
    }

    fn response(
        &mut self,
        plan: &Plan,
        exchange: &ServiceExchange,
        response: &Response<Payload>,
    ) -> Checked {
        let Response::Message(message) = response else { return Ok(()) };
        let is_end = matches!(message.body, Body::LastMessage | Body::CloseSequenceResponse(_));
        if let (true, Shape::RequestReply, Some(session)) = (is_end, plan.shape, &exchange.session)
        {
            let closed = self.closed_by_app.contains(session) || self.ended.contains(session);
            ensure!(closed, "the end was confirmed before the service closed");
        }
        if let (Some(reply), Some(session), Some(number)) =
            (&message.headers.sequence, &exchange.session, exchange.number)
        {
            let first = *self.replies.entry((session.clone(), number)).or_insert(reply.number);
            ensure!(
                first == reply.number,
                "the reply to {number} is {first}, then {}",
                reply.number
            );
        }
        Ok(())
    }

    /// One output of the client.
    pub fn client(&mut self, plan: &Plan, output: &InitiatorOutput<Payload>) -> Checked {
        match output {
            InitiatorOutput::Completed { call, reply } => {
                let Some((payload, one_way)) = self.open.remove(call) else {
                    return Err(format!("{call:?} had two outcomes"));
                };
                self.completed.insert(payload);
                let lies = matches!(plan.class, Class::LyingService | Class::LyingClient);
                if lies || plan.shape == Shape::OneWay {
                    return Ok(());
                }
                let expected = (!one_way).then(|| reply_to(payload));
                ensure!(*reply == expected, "{payload} was answered with {reply:?}");
                ensure!(
                    self.delivered.contains(&payload),
                    "{payload} is acknowledged, not delivered"
                );
            }
            InitiatorOutput::CallFailed { call, .. } => {
                ensure!(self.open.remove(call).is_some(), "{call:?} had two outcomes");
                self.failed += 1;
            }
            InitiatorOutput::Closed
                if !matches!(plan.class, Class::LyingService | Class::LyingClient) =>
            {
                let lost = self.completed.difference(&self.delivered).next();
                ensure!(lost.is_none(), "{lost:?} is acknowledged, but was never delivered");
                ensure!(self.open.is_empty(), "closed with open calls {:?}", self.open);
            }
            _ => {}
        }
        Ok(())
    }

    /// After every step.
    pub fn bounds(
        &self,
        plan: &Plan,
        client: Option<&Initiator<Payload>>,
        service: &Listener<Payload>,
        waiting_calls: usize,
    ) -> Checked {
        if let Some(client) = client {
            let (status, window) = (client.status(), plan.client.max_transfer_window_size);
            ensure!(
                status.outstanding <= window as usize,
                "{} messages are out, the window is {window}",
                status.outstanding
            );
            let most = 4096 + 512 * (window as usize + waiting_calls) + 16 * 128;
            ensure!(client.memory() <= 4 * most, "the client holds {} bytes", client.memory());
        }
        let window = plan.service.max_transfer_window_size as usize;
        for session in service.sessions() {
            let status = service.status(session).ok_or("no status")?;
            let most = 3 * window + plan.concurrency;
            ensure!(status.waiting <= most, "{} replies are kept, window {window}", status.waiting);
            ensure!(
                status.outstanding <= window + plan.concurrency + 1,
                "{} messages are unanswered, window {window}",
                status.outstanding
            );
            let memory = service.session_memory(session).ok_or("no memory")?;
            ensure!(memory <= 8192 + 256 * most, "a session holds {memory} bytes");
        }
        Ok(())
    }

    /// When nothing happens any more.
    pub fn end(
        &self,
        plan: &Plan,
        client: Option<&Initiator<Payload>>,
        service: &Listener<Payload>,
        unanswered: usize,
    ) -> Checked {
        ensure!(service.sessions().next().is_none(), "the service's session never ends");
        ensure!(unanswered == 0, "{unanswered} exchanges were never answered");
        let Some(client) = client else { return Ok(()) };
        let state = client.status().state;
        let has_ended = matches!(state, SequenceState::Closed | SequenceState::Faulted);
        ensure!(has_ended || plan.class == Class::LyingClient, "the client ends {state:?}");
        ensure!(self.open.is_empty(), "calls without outcome: {:?}", self.open);
        if matches!(plan.class, Class::Patient | Class::Idle) {
            ensure!(state == SequenceState::Closed, "the session faulted for no reason");
            ensure!(self.failed == 0, "{} calls failed for no reason", self.failed);
        }
        Ok(())
    }
}
