//! What a listener has to say, until it is polled.

use std::collections::{BTreeMap, VecDeque};

use super::api::ListenerOutput;
use crate::event::Event;
use crate::fault::SequenceFault;
use crate::gate::Gate;
use crate::message::{Body, Message, Response};
use crate::mutation::{Mutation, broken};
use crate::names::{ExchangeId, Route, SessionId};
use crate::queue::next_output;
use crate::saved::{ServiceChange, Ticket};
use crate::shape::Waiter;

/// What waits to be polled.
#[derive(Debug)]
pub(super) struct Outputs<M> {
    ready: VecDeque<ListenerOutput<M>>,
    /// Of durable sessions with a `Persist` under way: what waits for it.
    gates: BTreeMap<SessionId, Gate<ListenerOutput<M>>>,
    last_ticket: Ticket,
}

impl<M> Outputs<M> {
    pub(super) fn new() -> Self {
        Self { ready: VecDeque::new(), gates: BTreeMap::new(), last_ticket: Ticket(0) }
    }

    pub(super) fn poll(&mut self) -> Option<ListenerOutput<M>> {
        next_output(&mut self.ready, 64, 8)
    }

    pub(super) fn push(&mut self, output: ListenerOutput<M>) {
        self.ready.push_back(output);
    }

    pub(super) fn event(&mut self, session: &SessionId, event: Event) {
        self.push(ListenerOutput::Event { session: session.clone(), event });
    }

    pub(super) fn respond(&mut self, exchange: ExchangeId, response: Response<M>) {
        let (route, response) = (Route::Answer(exchange), Box::new(response));
        self.push(ListenerOutput::Transmit { route, response });
    }

    pub(super) fn message(&mut self, waiter: &Waiter, message: Message<M>) {
        self.respond(waiter.exchange, Response::Message(message));
    }

    /// Nothing is to be said on an exchange.
    pub(super) fn accepted(&mut self, waiter: &Waiter) {
        self.respond(waiter.exchange, Response::Accepted);
    }

    pub(super) fn fault(&mut self, waiter: &Waiter, fault: SequenceFault) {
        let mut message = Message::new(Body::Fault(Box::new(fault)));
        message.relates_to.clone_from(&waiter.message_id);
        self.message(waiter, message);
    }

    /// How much there is to say; what comes after that is of the session that is looked at next.
    pub(super) fn mark(&self) -> usize {
        self.ready.len()
    }

    /// What was said since `mark` is of this session. It waits for `change`, and for whatever of the session is under
    /// way.
    pub(super) fn settle(
        &mut self,
        session: &SessionId,
        mark: usize,
        change: Option<Box<ServiceChange<M>>>,
    ) {
        if change.is_none() && !self.gates.contains_key(session) {
            return;
        }
        let said = self.ready.split_off(mark);
        let gate = self.gates.entry(session.clone()).or_default();
        if let Some(change) = change {
            self.last_ticket.0 += 1;
            let ticket = self.last_ticket;
            gate.close(ticket);
            self.ready.push_back(ListenerOutput::Persist {
                session: session.clone(),
                ticket,
                change,
            });
        }
        for output in said {
            self.ready.extend(match passes_early(&output) {
                true => Some(output),
                false => gate.pass(output),
            });
        }
    }

    /// A `Persist` is durable.
    pub(super) fn persisted(&mut self, session: &SessionId, ticket: Ticket) {
        let Some(gate) = self.gates.get_mut(session) else { return };
        while let Some(output) = gate.durable(ticket) {
            self.ready.push_back(output);
        }
        if gate.is_open() {
            self.gates.remove(session);
        }
    }

    /// Nothing that waits is said; the exchanges that it would have answered are abandoned.
    pub(super) fn discard(&mut self, session: &SessionId) {
        let gate = self.gates.remove(session);
        for output in gate.into_iter().flat_map(Gate::into_waiting) {
            if let ListenerOutput::Transmit { route, .. } = output {
                self.push(ListenerOutput::Abandon(route.exchange()));
            }
        }
    }
}

/// Broken rules of the gate.
fn passes_early<M>(output: &ListenerOutput<M>) -> bool {
    let ListenerOutput::Transmit { response, .. } = output else { return false };
    let Response::Message(message) = &**response else { return false };
    match message.body {
        Body::SequenceAcknowledgement => broken(Mutation::AcknowledgeBeforeDurable),
        Body::Application(_) => broken(Mutation::ReplyBeforeDurable),
        _ => false,
    }
}
