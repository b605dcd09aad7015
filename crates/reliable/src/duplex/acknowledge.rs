//! Acknowledging what came (WCF's rules; WS-RM 2005 §3.2, 1.1 §3.9), and what an acknowledgement of ours says.

use waxwing_soap::Time;

use super::DuplexSession;
use super::api::{DuplexOutput, Purpose};
use crate::fault::{FaultKind, SequenceFault};
use crate::headers::SequenceAcknowledgement;
use crate::message::{Body, Message};
use crate::mutation::{Mutation, broken};
use crate::ranges::MessageNumber;
use crate::shape::one_way;

impl<M: Clone> DuplexSession<M> {
    /// The acknowledgement of this moment; it counts as sent.
    pub(super) fn acknowledgement(&mut self) -> Option<SequenceAcknowledgement> {
        let flow_control = self.settings.reliable.flow_control_enabled;
        self.incoming.as_mut().map(|incoming| incoming.acknowledge(flow_control))
    }

    pub(super) fn final_acknowledgement(&self) -> Option<SequenceAcknowledgement> {
        self.incoming.as_ref().and_then(|incoming| incoming.final_acknowledgement())
    }

    /// An acknowledgement on its own.
    pub(super) fn acknowledge(&mut self) {
        if broken(Mutation::NoAcknowledgement) {
            self.acknowledgement();
            return;
        }
        let message = Message::new(Body::SequenceAcknowledgement);
        self.transmit(Purpose::Notice, message, None, true);
    }

    /// An acknowledgement is due now: it goes out with the next `Tick`, or with a message that is sent before that.
    pub(super) fn acknowledge_now(&mut self, now: Time) {
        if let Some(incoming) = &mut self.incoming {
            incoming.acknowledge_by(now);
        }
    }

    /// The application took a message off its queue. A peer that was told that there is no room hears that there is.
    pub(super) fn taken(&mut self, number: MessageNumber, now: Time) {
        let Some(incoming) = &mut self.incoming else { return };
        incoming.destination.taken(number);
        if incoming.said_full && incoming.destination.room(0) > 0 {
            incoming.acknowledge_by(now);
        }
    }

    /// The rules of an acknowledgement of our sequence; a breach ends the session.
    pub(super) fn check_acknowledgement(
        &self,
        acknowledgement: &SequenceAcknowledgement,
    ) -> Result<(), SequenceFault> {
        let ranges = &acknowledgement.ranges;
        let invalid = |reason: &str| {
            let mut detail = acknowledgement.clone();
            (detail.is_final, detail.buffer_remaining) = (false, None);
            let kind = FaultKind::InvalidAcknowledgement(Box::new(detail));
            Err(SequenceFault::sender(kind, reason))
        };
        if ranges.highest() > self.source.window.highest() {
            return invalid("a message is acknowledged that was never sent");
        }
        if acknowledgement.is_final && !self.own_end.is_closing() {
            let kind = FaultKind::SequenceTerminated(self.name());
            return Err(SequenceFault::sender(kind, "the acknowledgement is final too early"));
        }
        if acknowledgement.is_final && *ranges != self.source.all_sent() {
            return invalid("the final acknowledgement has gaps");
        }
        one_way::breach(&self.source, ranges).map_or(Ok(()), invalid)
    }

    /// The peer has what the ranges name.
    pub(super) fn acknowledged(&mut self, acknowledgement: &SequenceAcknowledgement, now: Time) {
        let (_, calls) = one_way::acknowledged(&mut self.source, &acknowledgement.ranges, now);
        for call in calls {
            self.outputs.push_back(DuplexOutput::Acknowledged { call });
        }
        let outputs = &mut self.outputs;
        self.source.acknowledged(acknowledgement, now, &mut |event| {
            outputs.push_back(DuplexOutput::Event(event));
        });
    }
}
