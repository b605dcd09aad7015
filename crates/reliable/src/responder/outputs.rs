//! What a listener has to say, until it is polled.

use std::collections::VecDeque;

use super::api::ListenerOutput;
use crate::event::Event;
use crate::fault::SequenceFault;
use crate::message::{Body, Message, Response};
use crate::names::{ExchangeId, Route, SessionId};
use crate::shape::Waiter;

/// What waits to be polled.
#[derive(Debug)]
pub(super) struct Outputs<M>(VecDeque<ListenerOutput<M>>);

impl<M> Outputs<M> {
    pub(super) fn new() -> Self {
        Self(VecDeque::new())
    }

    pub(super) fn poll(&mut self) -> Option<ListenerOutput<M>> {
        let output = self.0.pop_front();
        if output.is_none() && self.0.capacity() > 64 {
            self.0.shrink_to(8);
        }
        output
    }

    pub(super) fn push(&mut self, output: ListenerOutput<M>) {
        self.0.push_back(output);
    }

    pub(super) fn event(&mut self, session: &SessionId, event: Event) {
        self.push(ListenerOutput::Event { session: session.clone(), event });
    }

    pub(super) fn respond(&mut self, exchange: ExchangeId, response: Response<M>) {
        self.push(ListenerOutput::Transmit { route: Route::Answer(exchange), response });
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
}
