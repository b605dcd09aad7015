//! The link: what it loses, delays, duplicates and swaps.

use waxwing_reliable::{Body, ContextTag, ExchangeId, ListenerInput, Message, Response, Time};

use super::{Happening, Payload, ServiceExchange, World};
use crate::lies;
use crate::plan::{Class, Micros};
use crate::timeline::micros;

/// Responses that whoever swaps them remembers.
const SEEN: usize = 16;

/// One of so many messages is large.
const LARGE: u64 = 5;

impl World {
    pub(super) fn delay(&mut self) -> Micros {
        self.random.between(self.plan.delay.0, self.plan.delay.1)
    }

    pub(super) fn is_lost(&mut self) -> bool {
        self.is_cut || self.random.permille(self.plan.loss)
    }

    /// The exchange comes to nothing: noticed now, or when its time is up.
    pub(super) fn lose(&mut self, exchange: u64) {
        let deadline = self.waiting.get(&exchange).copied().unwrap_or(self.timeline.now());
        let delay = if self.random.permille(self.plan.resets) {
            self.delay()
        } else {
            deadline.saturating_sub(self.timeline.now())
        };
        self.timeline.later(delay, Happening::Fail { exchange });
    }

    pub(super) fn transmit(
        &mut self,
        exchange: u64,
        message: Message<Payload>,
        deadline: Option<Time>,
    ) {
        let patience = self.timeline.now() + self.plan.client.send_timeout.as_micros() as u64;
        self.waiting.insert(exchange, deadline.map_or(patience, micros));
        self.timeline.later(0, Happening::Written { exchange });
        // Some are large, and on their way for a while, whatever becomes of them.
        if exchange.is_multiple_of(LARGE) {
            self.timeline.later(self.plan.delay.1, Happening::Progress { exchange });
        }
        let tag = self.tag.clone();
        if self.random.permille(self.plan.duplicates) {
            let (delay, message, tag) = (self.delay(), message.clone(), tag.clone());
            if !self.is_cut {
                self.timeline.later(delay, Happening::Arrive { client: None, message, tag });
            }
        }
        if self.is_lost() {
            self.timeline.tell(format_args!("lost: request {exchange}"));
            return self.lose(exchange);
        }
        let delay = self.delay();
        self.timeline.later(delay, Happening::Arrive { client: Some(exchange), message, tag });
    }

    pub(super) fn arrive(
        &mut self,
        client: Option<u64>,
        message: Message<Payload>,
        tag: Option<ContextTag>,
    ) -> Result<(), String> {
        self.last_exchange += 1;
        let exchange = self.last_exchange;
        let sequence = message.headers.sequence.as_ref();
        let session = match &message.body {
            Body::CloseSequence(shutdown) => Some(shutdown.identifier.clone()),
            _ => sequence.map(|s| s.identifier.clone()),
        };
        let number = sequence.map(|s| s.number);
        self.exchanges.insert(exchange, ServiceExchange { client, session, number });
        let exchange = ExchangeId(exchange);
        self.service_input(ListenerInput::Request { exchange, message, tag })
    }

    pub(super) fn respond(&mut self, exchange: u64, response: Response<Payload>) {
        let lying = self.plan.class == Class::LyingService;
        let message = match response {
            Response::Message(message) if lying => lies::forge(message, &mut self.random),
            Response::Message(message) => Some(message),
            Response::Accepted => None,
        };
        if self.is_lost() {
            return self.lose(exchange);
        }
        let delay = self.delay();
        let message = self.swap(message);
        self.timeline.later(delay, Happening::Response { exchange, message });
    }

    /// Whoever holds the wire gives another response out: swapped, from an earlier exchange, or once more.
    fn swap(&mut self, message: Option<Message<Payload>>) -> Option<Message<Payload>> {
        if self.plan.swaps == 0 {
            return message;
        }
        self.seen.push_back(message.clone());
        if self.seen.len() > SEEN {
            self.seen.pop_front();
        }
        if !self.mischief.permille(self.plan.swaps) {
            return message;
        }
        let place = self.mischief.between(0, self.seen.len() as u64 - 1) as usize;
        self.seen[place].clone()
    }
}
