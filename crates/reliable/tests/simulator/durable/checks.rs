//! What must hold.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_reliable::{
    Body, CallId, Message, MessageNumber, Ranges, SessionError, SessionId, Shape,
};

use super::plan::{Fate, Plan};
use super::service::Exchange;
use super::store::{Outbox, ServiceStore};
use super::world::World;
use super::{Payload, REQUEST};

/// What has been seen so far.
pub struct Checks {
    /// What goes over the wire is compared with what is kept.
    pub direct: bool,
    /// Effects that were looked at.
    seen: usize,
    effects: BTreeSet<Payload>,
    last_effect: BTreeMap<SessionId, MessageNumber>,
    /// By the process: in this life of the session there.
    last_delivery: BTreeMap<(u64, SessionId), MessageNumber>,
    /// What the client said of a number.
    requests: BTreeMap<(SessionId, MessageNumber), Payload>,
    /// Number and body of the answer to each request.
    replies: BTreeMap<(SessionId, MessageNumber), (MessageNumber, Option<Payload>)>,
    /// The call that a reply's number answers.
    answered: BTreeMap<(SessionId, MessageNumber), Payload>,
    /// What the service acknowledged.
    acknowledged: BTreeMap<SessionId, Ranges>,
}

type Checked = Result<(), String>;

impl Checks {
    pub fn new(direct: bool) -> Self {
        Self {
            direct,
            seen: 0,
            effects: BTreeSet::new(),
            last_effect: BTreeMap::new(),
            last_delivery: BTreeMap::new(),
            requests: BTreeMap::new(),
            replies: BTreeMap::new(),
            answered: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
        }
    }

    /// Each effect once, and in order.
    pub fn effects(&mut self, plan: &Plan, store: &ServiceStore) -> Checked {
        for (session, number, payload) in &store.effects[self.seen..] {
            ensure!(self.effects.insert(*payload), "call {payload} was executed twice");
            let last = self.last_effect.insert(session.clone(), *number).unwrap_or(0);
            let in_order = !plan.service.ordered || plan.concurrency > 1 || last < *number;
            ensure!(in_order, "{number} was executed after {last}");
        }
        self.seen = store.effects.len();
        Ok(())
    }

    /// A session goes on from what is kept.
    pub fn begins(&mut self, process: u64, session: &SessionId) {
        self.last_delivery.remove(&(process, session.clone()));
    }

    pub fn delivered(
        &mut self,
        plan: &Plan,
        process: u64,
        session: &SessionId,
        number: MessageNumber,
    ) -> Checked {
        let last = self.last_delivery.insert((process, session.clone()), number).unwrap_or(0);
        ensure!(!plan.service.ordered || last < number, "{number} was delivered after {last}");
        Ok(())
    }

    pub fn requested(
        &mut self,
        session: &SessionId,
        number: MessageNumber,
        body: &Body<Payload>,
    ) -> Checked {
        let Body::Application(payload) = body else { return Ok(()) };
        let first = *self.requests.entry((session.clone(), number)).or_insert(*payload);
        ensure!(first == *payload, "number {number} is of call {first}, then of {payload}");
        Ok(())
    }

    /// The service answers.
    pub fn response(
        &mut self,
        plan: &Plan,
        store: &ServiceStore,
        exchange: &Exchange,
        message: &Message<Payload>,
    ) -> Checked {
        let headers = &message.headers;
        if let Some(acknowledgement) = &headers.acknowledgement {
            let (session, ranges) = (&acknowledgement.identifier, &acknowledgement.ranges);
            let kept = store.records.get(session).map(|record| &record.saved.received);
            let is_kept = kept.is_none_or(|kept| kept.contains_all(ranges));
            ensure!(!self.direct || is_kept, "{ranges} is acknowledged, {kept:?} is kept");
            let known = self.acknowledged.entry(session.clone()).or_default();
            ranges.iter().for_each(|range| known.insert_range(*range.start(), *range.end()));
        }
        let (Some(sequence), Some(session), Some(number)) =
            (&headers.sequence, &exchange.session, exchange.number)
        else {
            return Ok(());
        };
        let body = match message.body {
            Body::Application(reply) => Some(reply),
            _ => None,
        };
        let key = (session.clone(), number);
        let reply = (sequence.number, body);
        let first = *self.replies.entry(key.clone()).or_insert(reply);
        ensure!(first == reply, "the reply to {number} is {first:?}, then {reply:?}");
        if let (Some(payload), Shape::RequestReply) = (self.requests.get(&key), plan.shape) {
            self.answered.insert((session.clone(), sequence.number), *payload);
        }
        Ok(())
    }

    /// The client sends.
    pub fn request(&mut self, plan: &Plan, outbox: &Outbox, message: &Message<Payload>) -> Checked {
        let headers = &message.headers;
        let Some(saved) = outbox.saved.as_ref().filter(|_| self.direct) else { return Ok(()) };
        if let Some(sequence) = &headers.sequence
            && sequence.identifier == saved.sequence
        {
            let number = sequence.number;
            ensure!(number <= saved.last, "{number} is sent, kept is {}", saved.last);
            let kept = saved.unanswered.iter().find(|call| call.number == number);
            if let (Body::Application(payload), Some(kept)) = (&message.body, kept) {
                ensure!(kept.call == Some(CallId(*payload)), "{number} is kept for {kept:?}");
            }
        }
        let Some(acknowledgement) = &headers.acknowledgement else { return Ok(()) };
        if plan.shape == Shape::OneWay || saved.back.as_ref() != Some(&acknowledgement.identifier) {
            return Ok(());
        }
        for number in acknowledgement.ranges.iter().flatten() {
            let answered = self.answered.get(&(saved.sequence.clone(), number));
            let is_kept = answered.is_none_or(|p| outbox.results.contains_key(&CallId(*p)));
            ensure!(is_kept, "the reply {number} is acknowledged, and not kept");
        }
        Ok(())
    }

    pub fn faulted(&self, plan: &Plan, session: &SessionId, error: &SessionError) -> Checked {
        // A session that nobody came to know, or whose client is lost, goes silent.
        let silent = matches!(error, SessionError::Inactivity(_));
        let fits = silent || matches!(plan.fate, Fate::Aborted(_));
        ensure!(fits, "the service's session {session} ends: {error}");
        Ok(())
    }

    pub fn client_faulted(&self, plan: &Plan, error: &SessionError) -> Checked {
        let fits = matches!(plan.fate, Fate::Aborted(_));
        ensure!(fits, "the client's session ends: {error}");
        Ok(())
    }

    /// When nothing happens any more.
    pub fn end(world: &World) -> Checked {
        let (plan, checks, outbox) = (&world.plan, &world.checks, &world.outbox);
        for node in &world.nodes {
            ensure!(node.listener.is_some(), "a node never comes back");
            let open = node.exchanges.len();
            ensure!(open == 0, "{open} exchanges are never answered");
            ensure!(node.owned.is_empty(), "{:?} is never forgotten", node.owned);
        }
        checks.acknowledged_is_executed(plan)?;
        let behind_gaps = checks.behind_gaps(plan);
        for (call, reply) in &outbox.results {
            let is_executed = checks.effects.contains(&call.0) || behind_gaps.contains(&call.0);
            ensure!(is_executed, "{call:?} is answered, and not executed");
            let expected = (!plan.is_one_way(call.0)).then_some(call.0);
            ensure!(reply.map(|r| r & REQUEST) == expected, "{call:?} is answered by {reply:?}");
        }
        if matches!(plan.fate, Fate::ClientLost(_)) {
            return Ok(());
        }
        ensure!(world.programs.is_empty(), "a program never ends");
        ensure!(outbox.is_closed, "the outbox is not closed");
        for index in 0..plan.calls.len() {
            let call = CallId(index as u64);
            let doubt = outbox.in_doubt.contains(&call);
            ensure!(outbox.results.contains_key(&call) || doubt, "{call:?} has no outcome");
        }
        let doubts = outbox.in_doubt.len();
        ensure!(doubts == 0 || plan.fate != Fate::Whole, "{doubts} calls are in doubt");
        Ok(())
    }

    /// What the service has acknowledged was executed; of an ordered one-way session that ended early, what no gap held up.
    fn acknowledged_is_executed(&self, plan: &Plan) -> Checked {
        let behind_gaps = self.behind_gaps(plan);
        for ((session, number), payload) in &self.requests {
            let acknowledged = self.acknowledged.get(session);
            let counts = acknowledged.is_some_and(|ranges| ranges.contains(*number));
            let is_executed = self.effects.contains(payload) || behind_gaps.contains(payload);
            ensure!(!counts || is_executed, "{number} is acknowledged, and was not executed");
        }
        Ok(())
    }

    /// Calls of ordered one-way sessions that ended early whose messages had to wait for one that never came.
    fn behind_gaps(&self, plan: &Plan) -> BTreeSet<Payload> {
        if plan.shape != Shape::OneWay || plan.fate == Fate::Whole || !plan.service.ordered {
            return BTreeSet::new();
        }
        let is_behind = |session: &SessionId, number: MessageNumber| {
            self.acknowledged.get(session).is_none_or(|ranges| number > ranges.contiguous())
        };
        let behind = self.requests.iter().filter(|((s, number), _)| is_behind(s, *number));
        behind.map(|(_, payload)| *payload).collect()
    }
}
