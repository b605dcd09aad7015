//! What the peer did not process, because it demands a new key first: it is sent again when there is one.

use super::{Initiator, InitiatorOutput, Phase, Purpose};
use crate::error::{Failure, FailureKind};
use crate::names::ExchangeId;
use waxwing_soap::Time;

impl<M: Clone> Initiator<M> {
    pub(super) fn on_postponed(&mut self, exchange: ExchangeId, reason: String) {
        let Some(&purpose) = self.exchanges.get(exchange) else {
            return self.source.written(exchange);
        };
        // Where a later transmission is under way, that one's end counts.
        let is_last = !self.exchanges.iter().any(|(own, of)| own > exchange && *of == purpose);
        if is_last && !self.postpone(purpose) {
            let failure = Failure { kind: FailureKind::Retryable, reason };
            return self.on_failed(exchange, failure);
        }
        self.source.written(exchange);
        self.exchanges.remove(exchange);
        self.last_failure = reason;
    }

    /// False when it counts as lost.
    fn postpone(&mut self, purpose: Purpose) -> bool {
        match (purpose, &mut self.phase) {
            (Purpose::Message(number), _) => self.source.postpone(number),
            (Purpose::KeepAlive, _) => self.keep_alive.postponement.postpone(),
            (Purpose::Create, Phase::Creating(opening)) => {
                opening.requestor.postponement.postpone()
            }
            (Purpose::Close, Phase::Closing(requestor))
            | (Purpose::Terminate, Phase::Terminating(requestor)) => {
                requestor.postponement.postpone()
            }
            (Purpose::Create | Purpose::Close | Purpose::Terminate, _) => true,
        }
    }

    pub(super) fn resume(&mut self, now: Time) {
        match &mut self.phase {
            Phase::New | Phase::Closed | Phase::Faulted => return,
            Phase::Creating(opening) => {
                if opening.requestor.resume(now) {
                    self.send_create();
                }
                return;
            }
            Phase::Closing(requestor) | Phase::Terminating(requestor) => {
                if requestor.resume(now) {
                    self.send_step();
                }
            }
            Phase::Open | Phase::Draining | Phase::LastMessage => {
                let outputs = &mut self.outputs;
                self.source.resume(now, &mut |event| {
                    outputs.push_back(InitiatorOutput::Event(event));
                });
            }
        }
        if self.listens() && self.keep_alive.postponement.resume() {
            self.keep_alive.sent(now);
            self.ask_for_acknowledgement();
        }
    }
}
