//! Sessions that were let go a moment ago.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use waxwing_reliable::{Body, Identifier, Message};
use waxwing_soap::Time;

use crate::mutation::{Mutation, broken};
use crate::service::verified::Carried;

/// How long it is remembered that a session was let go: longer than a message takes from the look into the store to here.
/// Until it is loaded again a message of it is answered with nothing, since a fault would end it for good.
const REMEMBERED: Duration = Duration::from_secs(60);

/// The names of sessions that were let go and are not here again. As many as were let go within a minute, and so were here.
#[derive(Debug, Default)]
pub(super) struct LetGo {
    until: HashMap<Identifier, Time>,
    /// In the order of the times. May hold names that are back.
    order: VecDeque<(Time, Identifier)>,
}

impl LetGo {
    pub(super) fn add(&mut self, names: [Identifier; 2], now: Time) {
        self.expire(now);
        let until = now + REMEMBERED;
        for name in names {
            self.order.push_back((until, name.clone()));
            self.until.insert(name, until);
        }
    }

    /// The session is here again.
    pub(super) fn is_back(&mut self, session: &Identifier, origin: &Identifier) {
        self.until.remove(session);
        self.until.remove(origin);
    }

    /// Whether a message is of such a session: nobody knows what is to be said to it. What was let go before the store was asked
    /// for what the message belongs to (`looked_at`) was loaded then, or is in no store: that of a CreateSequence whose commit
    /// failed is in none, and the same CreateSequence must not wait until this is forgotten.
    pub(super) fn is_named_by(
        &self,
        message: &Message<Carried>,
        looked_at: Option<Time>,
        now: Time,
    ) -> bool {
        if self.until.is_empty() || broken(Mutation::FaultWhenUnsure) {
            return false;
        }
        let since = looked_at.map_or(Time::ZERO, |looked_at| looked_at + REMEMBERED);
        let is_gone = |name: &Identifier| {
            self.until.get(name).is_some_and(|until| *until > now && *until >= since)
        };
        let headers = &message.headers;
        let of_headers = [
            headers.sequence.as_ref().map(|sequence| &sequence.identifier),
            headers.ack_requested.as_ref(),
            headers.acknowledgement.as_ref().map(|acknowledgement| &acknowledgement.identifier),
        ];
        let of_body = match &message.body {
            Body::CreateSequence(create) => {
                let offer = create.offer.as_ref().map(|offer| &offer.identifier);
                offer.or(message.message_id.as_ref())
            }
            Body::CloseSequence(end) | Body::TerminateSequence(end) => Some(&end.identifier),
            Body::CloseSequenceResponse(name) | Body::TerminateSequenceResponse(name) => Some(name),
            Body::Fault(fault) => fault.kind.identifier(),
            _ => None,
        };
        of_headers.into_iter().flatten().chain(of_body).any(is_gone)
    }

    pub(super) fn wake_at(&self) -> Option<Time> {
        self.order.front().map(|(until, _)| *until)
    }

    /// Forgets those of which no message can be under way any more.
    pub(super) fn expire(&mut self, now: Time) {
        while let Some((until, name)) = self.order.front().filter(|(until, _)| *until <= now) {
            if self.until.get(name) == Some(until) {
                self.until.remove(name);
            }
            self.order.pop_front();
        }
    }
}
