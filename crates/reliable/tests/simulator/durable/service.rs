//! The service's hosts: what the owner of a listener does.

use std::collections::{BTreeMap, VecDeque};

use waxwing_reliable::{
    Body, ExchangeId, Listener, ListenerInput, ListenerOutput, Message, Response, SessionId, Ticket,
};

use super::store::{Author, Outcome, Record};
use super::world::{Happening, Origin, ServiceCommit, World};
use super::{Broken, Payload, REQUEST};
use crate::names::moment;
use crate::plan::MS;
use crate::timeline::time;

/// A process that serves; or the place of one that has ended.
#[derive(Default)]
pub struct Node {
    pub process: u64,
    pub listener: Option<Listener<Payload>>,
    /// The other one takes its sessions.
    pub presumed_dead: bool,
    pub exchanges: BTreeMap<u64, Exchange>,
    pub owned: BTreeMap<SessionId, Owned>,
    /// Delivered and not begun.
    queue: VecDeque<Work>,
    running: BTreeMap<SessionId, usize>,
    ending: Vec<SessionId>,
}

/// What is remembered of a request.
pub struct Exchange {
    pub origin: Option<Origin>,
    pub session: Option<SessionId>,
    pub number: Option<u64>,
}

/// A session that the process has.
#[derive(Clone, Copy, Debug)]
pub struct Owned {
    epoch: u64,
    version: u64,
    pub life: u64,
}

struct Work {
    session: SessionId,
    number: u64,
    payload: Payload,
}

type Checked = Result<(), String>;

impl World {
    pub fn node_of(&self, process: u64) -> Option<usize> {
        self.nodes.iter().position(|n| n.process == process && n.listener.is_some())
    }

    pub fn start_node(&mut self, node: usize) -> Checked {
        let process = self.process();
        let plan = &self.plan;
        let listener = Listener::new(plan.version, plan.shape, plan.service.clone());
        self.nodes[node] = Node {
            process,
            listener: Some(listener.map_err(|e| e.to_string())?),
            ..Node::default()
        };
        self.sweep(node)
    }

    /// Sessions with messages that nobody executes are loaded, without waiting for a message that may never come.
    pub fn sweep(&mut self, node: usize) -> Checked {
        for session in self.store.unfinished() {
            let host = &self.nodes[node];
            let may_claim = host.listener.is_some() && !host.owned.contains_key(&session);
            if may_claim && self.owner_of(&session).is_none() {
                self.claim(node, &session)?;
            }
        }
        Ok(())
    }

    pub fn crash_node(&mut self, node: usize) {
        self.timeline.tell(format_args!("node {node} ends"));
        let ended = std::mem::take(&mut self.nodes[node]);
        for exchange in ended.exchanges.into_values() {
            self.respond(exchange.origin, None);
        }
        let downtime = self.downtime();
        self.timeline.later(downtime, Happening::NodeStarts(node));
    }

    pub fn service_tick(&mut self, node: usize) -> Checked {
        self.service(node, ListenerInput::Tick, None)
    }

    pub fn abort_sessions(&mut self) -> Checked {
        for node in 0..self.nodes.len() {
            let sessions = self.nodes[node].listener.iter().flat_map(Listener::sessions);
            for session in sessions.cloned().collect::<Vec<_>>() {
                let reason = "maintenance".to_owned();
                self.service(node, ListenerInput::Abort { session, reason }, None)?;
            }
        }
        Ok(())
    }

    // ---- requests ----

    pub fn arrive(&mut self, origin: Option<Origin>, message: Message<Payload>) -> Checked {
        let up: Vec<_> =
            (0..self.nodes.len()).filter(|n| self.nodes[*n].listener.is_some()).collect();
        let Some(first) = up.first().copied() else {
            self.respond(origin, None);
            return Ok(());
        };
        let is_any = self.plan.spread || self.nodes.iter().any(|n| n.presumed_dead);
        let mut node = if is_any { self.random.pick(&up) } else { first };
        let store_is_busy = self.plan.faults.refused > 0 && self.random.permille(30);
        if let Some(session) = self.session_of(&message)
            && !self.nodes[node].owned.contains_key(&session)
        {
            if store_is_busy {
                self.respond(origin, None);
                return Ok(());
            }
            match self.owner_of(&session) {
                Some(other) => node = other,
                None => self.claim(node, &session)?,
            }
        }
        if self.nodes[node].listener.is_none() {
            self.respond(origin, None);
            return Ok(());
        }
        self.exchanges += 1;
        let exchange = self.exchanges;
        let sequence = message.headers.sequence.as_ref();
        let session = sequence.map(|s| s.identifier.clone());
        let number = sequence.map(|s| s.number);
        if let (Some(session), Some(number)) = (&session, number) {
            let id = message.message_id.clone();
            self.requests.entry((session.clone(), number)).or_insert(id);
            self.checks.requested(session, number, &message.body)?;
        }
        self.nodes[node].exchanges.insert(exchange, Exchange { origin, session, number });
        let (exchange, tag) = (ExchangeId(exchange), self.tag.clone());
        self.service(node, ListenerInput::Request { exchange, message, tag }, None)
    }

    /// The session that a message is for, as far as the store knows it.
    fn session_of(&self, message: &Message<Payload>) -> Option<SessionId> {
        let headers = &message.headers;
        let named = match &message.body {
            Body::CreateSequence(create) => {
                let offered = create.offer.as_ref().map(|offer| &offer.identifier);
                return self.store.find(offered.or(message.message_id.as_ref())?);
            }
            Body::CloseSequence(shutdown) | Body::TerminateSequence(shutdown) => {
                Some(&shutdown.identifier)
            }
            _ => headers.sequence.as_ref().map(|s| &s.identifier),
        };
        if let Some(named) = named.or(headers.ack_requested.as_ref()) {
            return self.store.records.contains_key(named).then(|| named.clone());
        }
        let back = headers.acknowledgement.as_ref().map(|a| &a.identifier);
        self.store.find(back?)
    }

    /// The living process that has a session, as the store says.
    fn owner_of(&self, session: &SessionId) -> Option<usize> {
        let owner = self.store.records.get(session)?.owner;
        let node = self.node_of(owner).filter(|n| !self.nodes[*n].presumed_dead)?;
        self.nodes[node].owned.contains_key(session).then_some(node)
    }

    fn claim(&mut self, node: usize, session: &SessionId) -> Checked {
        let process = self.nodes[node].process;
        let Some(record) = self.store.claim(session, process) else { return Ok(()) };
        let Record { epoch, version, saved, messages, .. } = record;
        self.lives += 1;
        let life = self.lives;
        self.nodes[node].owned.insert(session.clone(), Owned { epoch, version, life });
        self.summary.restored += 1;
        self.checks.begins(process, session);
        let messages = messages.into_iter().collect();
        self.service(node, ListenerInput::Restore { saved: Box::new(saved), messages }, None)
    }

    // ---- the engine ----

    /// Gives an input to a listener and does what comes of it. `effect`: of the operation whose end it tells.
    pub fn service(
        &mut self,
        node: usize,
        input: ListenerInput<Payload>,
        mut effect: Option<(u64, Payload)>,
    ) -> Checked {
        let Some(mut listener) = self.nodes[node].listener.take() else { return Ok(()) };
        listener.handle(input, &mut moment(time(self.timeline.now()), &mut self.names));
        let mut accepted = Vec::new();
        while let Some(output) = listener.poll() {
            self.timeline.tell(format_args!("node {node}: {output:?}"));
            if self.crashes(self.plan.crash) {
                self.crash_node(node);
                return Ok(());
            }
            match output {
                ListenerOutput::Transmit { route, response } => {
                    let exchange = self.nodes[node].exchanges.remove(&route.exchange().0);
                    let Some(exchange) = exchange else {
                        return Err(format!(
                            "{route:?} is answered twice, or after it was given up"
                        ));
                    };
                    self.said(&exchange, *response)?;
                }
                ListenerOutput::Abandon(exchange) | ListenerOutput::Busy(exchange) => {
                    let exchange = self.nodes[node].exchanges.remove(&exchange.0);
                    let exchange = exchange.ok_or("an exchange is given up that is not open")?;
                    self.respond(exchange.origin, None);
                }
                ListenerOutput::Created { session, .. } => accepted.push(session),
                ListenerOutput::Persist { session, ticket, change } => {
                    self.persist(node, session, ticket, *change, effect.take())?;
                }
                ListenerOutput::Forget(session) => self.forget(node, session),
                ListenerOutput::Deliver { session, number, message } => {
                    let process = self.nodes[node].process;
                    self.checks.delivered(&self.plan, process, &session, number)?;
                    let work = Work { session, number, payload: message };
                    self.nodes[node].queue.push_back(work);
                }
                ListenerOutput::EndOfMessages(session) => self.nodes[node].ending.push(session),
                ListenerOutput::Faulted { session, error } => {
                    self.checks.faulted(&self.plan, &session, &error)?;
                }
                ListenerOutput::Closed(_) | ListenerOutput::Event { .. } => {}
            }
        }
        self.nodes[node].listener = Some(listener);
        for session in accepted {
            self.service(node, ListenerInput::Accept(session), None)?;
        }
        self.work(node)
    }

    fn said(&mut self, exchange: &Exchange, response: Response<Payload>) -> Checked {
        let response = match response {
            Response::Message(mut message) => {
                if let Body::Application(reply) = message.body {
                    message.relates_to = self.relates.get(&reply).cloned().flatten();
                }
                self.checks.response(&self.plan, &self.store, exchange, &message)?;
                Response::Message(message)
            }
            Response::Accepted => Response::Accepted,
        };
        self.respond(exchange.origin, Some(response));
        Ok(())
    }

    fn persist(
        &mut self,
        node: usize,
        session: SessionId,
        ticket: Ticket,
        change: waxwing_reliable::ServiceChange<Payload>,
        effect: Option<(u64, Payload)>,
    ) -> Checked {
        if let Some((number, _)) = effect {
            let is_told = change.executed.contains(&number)
                || (change.saved.back.is_some() && change.saved.received.contains(number));
            if !is_told {
                return Err(format!("the end of {number} is not kept"));
            }
        }
        let lives = &mut self.lives;
        let process = self.nodes[node].process;
        let owned = self.nodes[node].owned.entry(session.clone()).or_insert_with(|| {
            *lives += 1;
            Owned { epoch: 1, version: 0, life: *lives }
        });
        let author = Author { process, epoch: owned.epoch, version: owned.version };
        owned.version += 1;
        let life = owned.life;
        let effects = effect.into_iter().collect();
        let commit = Box::new(ServiceCommit { author, life, ticket, change, effects });
        self.enqueue(&session, Happening::ServiceCommit(commit));
        Ok(())
    }

    fn forget(&mut self, node: usize, session: SessionId) {
        let process = self.nodes[node].process;
        let Some(owned) = self.nodes[node].owned.get(&session) else { return };
        let author = Author { process, epoch: owned.epoch, version: owned.version };
        self.enqueue(&session.clone(), Happening::Removal(author, session));
    }

    pub fn removed(&mut self, author: Author, session: &SessionId) {
        if let Some(node) = self.node_of(author.process) {
            let is_same = |owned: &Owned| owned.epoch == author.epoch;
            if self.nodes[node].owned.get(session).is_some_and(is_same) {
                self.nodes[node].owned.remove(session);
            }
        }
    }

    pub fn service_outcome(
        &mut self,
        process: u64,
        session: &SessionId,
        life: u64,
        ticket: Ticket,
        outcome: Outcome,
    ) -> Checked {
        let Some(node) = self.node_of(process) else { return Ok(()) };
        if outcome == Outcome::Done {
            // One that comes late, for a life that is over, opens nothing.
            let session = session.clone();
            return self.service(node, ListenerInput::Persisted { session, ticket }, None);
        }
        if self.nodes[node].owned.get(session).is_none_or(|owned| owned.life != life) {
            return Ok(());
        }
        self.discard(node, session)
    }

    /// A process that was thought dead asks what it has lost.
    pub fn learn_what_is_lost(&mut self, node: usize) -> Checked {
        let is_lost = |(session, owned): &(&SessionId, &Owned)| {
            let record = self.store.records.get(*session);
            self.store.removed.contains(*session)
                || record.is_some_and(|record| record.epoch != owned.epoch)
        };
        let owned = self.nodes[node].owned.iter().filter(is_lost);
        for session in owned.map(|(session, _)| session.clone()).collect::<Vec<_>>() {
            self.discard(node, &session)?;
        }
        Ok(())
    }

    fn discard(&mut self, node: usize, session: &SessionId) -> Checked {
        self.summary.discarded += 1;
        let host = &mut self.nodes[node];
        let process = host.process;
        host.owned.remove(session);
        host.queue.retain(|work| work.session != *session);
        host.running.remove(session);
        host.ending.retain(|ending| ending != session);
        self.timeline.later(1000 * MS, Happening::Sweep(node));
        self.service(node, ListenerInput::Discard(session.clone()), None)?;
        if let Some(node) = self.node_of(process)
            && let Some(open) = self.open_exchange(node, session)
        {
            return Err(format!("exchange {open} of a discarded session is left open"));
        }
        Ok(())
    }

    fn open_exchange(&self, node: usize, session: &SessionId) -> Option<u64> {
        let is_of = |e: &Exchange| e.session.as_ref() == Some(session);
        self.nodes[node].exchanges.iter().find(|(_, e)| is_of(e)).map(|(id, _)| *id)
    }

    // ---- the application ----

    /// Begins what there is room for, and closes sessions that have nothing left to do.
    fn work(&mut self, node: usize) -> Checked {
        let concurrency = self.plan.concurrency;
        let host = &mut self.nodes[node];
        if host.listener.is_none() {
            return Ok(());
        }
        let running =
            |host: &Node, session: &SessionId| host.running.get(session).copied().unwrap_or(0);
        let place =
            (0..host.queue.len()).find(|i| running(host, &host.queue[*i].session) < concurrency);
        if let Some(Work { session, number, payload }) = place.and_then(|i| host.queue.remove(i)) {
            *host.running.entry(session.clone()).or_default() += 1;
            let (process, life) = (host.process, host.owned.get(&session).map_or(0, |o| o.life));
            let took = self.random.between(self.plan.operation.0, self.plan.operation.1);
            let ends = Happening::OperationEnds {
                process,
                session: session.clone(),
                life,
                number,
                payload,
            };
            self.timeline.later(took, ends);
            return self.service(node, ListenerInput::Taken { session, number }, None);
        }
        let is_idle =
            |s: &SessionId| running(host, s) == 0 && !host.queue.iter().any(|w| w.session == *s);
        if let Some(place) = host.ending.iter().position(is_idle) {
            let session = host.ending.remove(place);
            return self.service(node, ListenerInput::Close(session), None);
        }
        Ok(())
    }

    pub fn operation_ends(
        &mut self,
        process: u64,
        session: SessionId,
        life: u64,
        number: u64,
        payload: Payload,
    ) -> Checked {
        let Some(node) = self.node_of(process) else { return Ok(()) };
        let now_living = self.nodes[node].owned.get(&session).map(|owned| owned.life);
        if now_living != Some(life) && self.broken != Broken::Lives {
            return Ok(());
        }
        if let Some(running) = self.nodes[node].running.get_mut(&session) {
            *running = running.saturating_sub(1);
        }
        self.executions += 1;
        let one_way = self.plan.is_one_way(payload);
        let reply = (payload & REQUEST) | (self.executions << 32);
        let id = self.requests.get(&(session.clone(), number)).cloned().flatten();
        self.relates.insert(reply, id);
        let reply = (!one_way).then_some(reply);
        let done = ListenerInput::Done { session, number, reply };
        self.service(node, done, Some((number, payload)))
    }
}
