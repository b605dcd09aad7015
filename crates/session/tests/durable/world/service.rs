//! The service: its nodes, the store below them, and what goes between them.

use std::rc::Rc;

use waxwing_security::PeerTag;
use waxwing_session::{
    Encoded, Moment, Peer, ServiceAnswer, TransmissionId, TransportCause, UnverifiedMessage,
};
use waxwing_soap::Envelope;
use waxwing_xml::Limits;

use super::clock::{time, wall};
use super::event::Event;
use super::{Broken, Checked, Host, PATIENCE, World, is_broken, key};
use crate::link::{Octets, Outcome};
use crate::node::{Node, Output};
use crate::plan::{MS, Micros, SECOND};
use crate::store::{Claim, Outcome as Fate, Step, Unit};
use crate::trouble::{End, Faults, When};

impl World {
    pub(super) fn lives(&self, node: usize) -> bool {
        self.hosts[node].node.is_some() && self.hosts[node].frozen_until <= self.now
    }

    fn is_store_down(&self) -> bool {
        self.trouble.outage.is_some_and(|(from, time)| (from..from + time).contains(&self.now))
    }

    /// When a commit that begins now ends, after those before it, and as what.
    pub(super) fn fate(&mut self, faults: Faults, after: Micros) -> (Micros, Fate) {
        let at = (self.now + self.random.between(faults.delay.0, faults.delay.1)).max(after);
        let fate = match self.random.between(0, 999) {
            n if n < faults.refused => Fate::Refused,
            n if n < faults.refused + faults.unknown => Fate::Unknown,
            _ => Fate::Done,
        };
        (at, fate)
    }

    pub(super) fn arrives(
        &mut self,
        peer: usize,
        waits: Option<(usize, TransmissionId)>,
        octets: Octets,
    ) -> Checked {
        let by = waits.map(|(life, id)| (peer, life, id));
        let living: Vec<_> = (0..self.hosts.len()).filter(|node| self.lives(*node)).collect();
        let Some(first) = living.first() else {
            let frozen = self.hosts.iter().find(|host| host.node.is_some());
            if let Some(until) = frozen.map(|host| host.frozen_until) {
                self.later(until, Event::Arrives { peer, waits, octets });
            } else if let Some((client, life, id)) = by {
                let cause = self.random.pick(&[TransportCause::Refused, TransportCause::Busy]);
                self.later(self.now, Event::Ends(client, life, id, Outcome::Failed(cause)));
            }
            return Ok(());
        };
        let node = match self.trouble.spread {
            true => self.random.pick(&living),
            false => *living.iter().find(|node| **node == peer % self.hosts.len()).unwrap_or(first),
        };
        self.exchanges += 1;
        let exchange = self.exchanges;
        self.askers.insert(exchange, (node, by));
        self.hosts[node].heard += 1;
        let heard = self.hosts[node].heard;
        let end = self.trouble.ends.iter().find(|(own, when, ..)| {
            *own == node && matches!(when, When::After(count) if *count == heard)
        });
        if let Some((node, _, end, down)) = end.copied() {
            let after = self.random.between(0, 1) * self.random.between(0, 50 * MS);
            self.later(self.now + after, Event::NodeEnds(node, end, down));
        }
        self.handed(node, exchange, peer, octets)
    }

    /// A message is at a node, which looks for what it names and does not know.
    fn handed(&mut self, node: usize, exchange: u64, peer: usize, octets: Octets) -> Checked {
        self.wakes(node)?;
        let Some(own) = &self.hosts[node].node else { return Ok(()) };
        let Ok(envelope) = Envelope::parse(&octets[..], &Limits::SOAP) else {
            return Err("an envelope cannot be read".to_owned());
        };
        let message = UnverifiedMessage::from(envelope);
        let missing = own.missing(&message.names());
        if own.is_suspended {
            return self.node(node, |node, _| node.refuse(exchange));
        }
        if missing.is_empty() {
            self.repeat(peer, &octets);
            return self.receive(node, exchange, peer, message);
        }
        let takes = self.random.between(self.trouble.service.delay.0, self.trouble.service.delay.1);
        let life = self.hosts[node].life;
        self.later(self.now + takes, Event::Looked { node, life, exchange, peer, octets });
        Ok(())
    }

    fn receive(
        &mut self,
        node: usize,
        exchange: u64,
        peer: usize,
        message: UnverifiedMessage,
    ) -> Checked {
        let peer = Peer::from(PeerTag::new(peer as u64)).over(self.trouble.plan.is_by_transport());
        self.note(|| format!("node {node} gets {exchange}: {:?}", message.action()));
        self.node(node, |node, at| node.receive(exchange, message, peer, at))
    }

    fn looked(&mut self, node: usize, exchange: u64, peer: usize, octets: Octets) -> Checked {
        self.wakes(node)?;
        let Some(own) = &self.hosts[node].node else { return Ok(()) };
        let envelope = Envelope::parse(&octets[..], &Limits::SOAP).expect("read before");
        let message = UnverifiedMessage::from(envelope);
        let missing = own.missing(&message.names());
        if own.is_suspended || (self.is_store_down() && !missing.is_empty()) {
            if is_broken(Broken::FaultWhenUnsure) {
                return self.receive(node, exchange, peer, message);
            }
            self.count("not now");
            return self.node(node, |node, _| node.refuse(exchange));
        }
        for name in missing {
            let Some(group) = self.store.find(&name) else { continue };
            if self.hosts[node].node.as_ref().is_some_and(|own| own.owns(&group)) {
                continue;
            }
            match self.claim(node, &group)? {
                Claim::Others(owner) => {
                    self.count("forwarded");
                    let at = self.now + self.random.between(0, MS);
                    if let Some(asked) = self.askers.get_mut(&exchange) {
                        asked.0 = owner;
                    }
                    self.later(at, Event::Forwarded { node: owner, exchange, peer, octets });
                    return Ok(());
                }
                Claim::Mine | Claim::Unknown => {}
            }
        }
        self.repeat(peer, &octets);
        self.receive(node, exchange, peer, message)
    }

    /// Somebody repeats a message some time after it came, at whichever node. (One who is first draws the answer, and the
    /// message itself is the replay then.)
    fn repeat(&mut self, peer: usize, octets: &Octets) {
        if self.random.permille(self.trouble.repeats) {
            let at = self.now + self.random.between(1, 40 * SECOND);
            let octets = Rc::clone(octets);
            self.later(at, Event::Arrives { peer, waits: None, octets });
        }
    }

    fn claim(&mut self, node: usize, group: &str) -> Result<Claim, String> {
        let is_alive = |host: &Host| {
            let stands_still = host.frozen_until > self.now;
            host.node.is_some() && !(stands_still && self.now >= host.frozen_at + PATIENCE)
        };
        let hosts: Vec<_> = self.hosts.iter().map(is_alive).collect();
        let claim = self.store.claim(group, node, |other| hosts[other]);
        if let Claim::Mine = claim {
            self.note(|| format!("node {node} takes {group}"));
            self.count("loaded");
            let store = std::mem::take(&mut self.store);
            let loaded = self.node(node, |node, at| node.load(group, &store.groups[group], at));
            // Nothing is committed meanwhile.
            self.store = store;
            loaded?;
        }
        Ok(claim)
    }

    pub(super) fn node(
        &mut self,
        node: usize,
        input: impl FnOnce(&mut Node, &mut Moment<'_>),
    ) -> Checked {
        if self.hosts[node].frozen_until > self.now {
            return Ok(());
        }
        self.wakes(node)?;
        let Some(mut own) = self.hosts[node].node.take() else { return Ok(()) };
        input(&mut own, &mut Moment::new(wall(self.now, 0), time(self.now), &mut self.random));
        let mut outputs = Vec::new();
        while let Some(output) = own.poll() {
            outputs.push(output);
        }
        let is_over = own.is_suspended && own.is_quiet();
        self.hosts[node].node = Some(own);
        for output in outputs {
            self.of_node(node, output)?;
        }
        if is_over {
            self.stop(node);
        }
        Ok(())
    }

    fn of_node(&mut self, node: usize, output: Output) -> Checked {
        let life = self.hosts[node].life;
        match output {
            Output::Answer { exchange, encoded } => self.answer(exchange, outcome_of(encoded)),
            Output::Abandon(exchange) => {
                let cause = self.random.pick(&[TransportCause::Busy, TransportCause::Broken]);
                self.count("abandoned");
                self.answer(exchange, Outcome::Failed(cause))
            }
            Output::Execute { job, key, request } => {
                let (short, long) = self.trouble.plan.operation;
                let ends = self.now + self.random.between(short, long);
                let at = self.random.between(self.now, ends);
                self.note(|| format!("node {node} executes {key:?} in {job:?}"));
                self.later(at, Event::Transacts { node, life, job, key, request, ends });
                Ok(())
            }
            Output::Commit { id, group, epoch, step } => {
                let after = self.queues.get(&group).copied().unwrap_or(0);
                let (at, fate) = self.fate(self.trouble.service, after);
                self.queues.insert(group.clone(), at);
                self.count("commits");
                let unit = Unit { group, node, epoch, step };
                self.later(at, Event::Applies { node, life, id, unit, fate });
                Ok(())
            }
        }
    }

    /// What happens at a node. One that stands still does it later, one that is gone never.
    pub(super) fn at_node(&mut self, event: Event) -> Checked {
        let (node, life) = match &event {
            Event::Forwarded { node, .. } => (*node, self.hosts[*node].life),
            Event::Looked { node, life, .. }
            | Event::Applies { node, life, .. }
            | Event::Committed { node, life, .. }
            | Event::Transacts { node, life, .. }
            | Event::JobEnds { node, life, .. } => (*node, *life),
            _ => return Ok(()),
        };
        if let Event::Applies { node, life, id, unit, fate } = event {
            return self.applies(node, life, id, unit, fate);
        }
        let frozen_until = self.hosts[node].frozen_until;
        if frozen_until > self.now {
            self.later(frozen_until, event);
            return Ok(());
        }
        if self.hosts[node].life != life || self.hosts[node].node.is_none() {
            if let Event::Forwarded { exchange, .. } = event {
                return self.answer(exchange, Outcome::Failed(TransportCause::Busy));
            }
            return Ok(());
        }
        match event {
            Event::Forwarded { node, exchange, peer, octets } => {
                self.handed(node, exchange, peer, octets)
            }
            Event::Looked { node, exchange, peer, octets, .. } => {
                self.looked(node, exchange, peer, octets)
            }
            Event::Committed { id, fate, .. } => {
                let fate = match fate {
                    Fate::Fenced if is_broken(Broken::TakeFencedForDone) => Fate::Done,
                    fate => fate,
                };
                self.node(node, |node, at| node.committed(id, fate, at))
            }
            Event::Transacts { job, key, request, ends, .. } => {
                let reply = self.effects.transaction(&self.trouble.plan, key, &request)?;
                self.later(ends, Event::JobEnds { node, life, job, reply });
                Ok(())
            }
            Event::JobEnds { job, reply, .. } => {
                self.node(node, |node, at| node.done(job, reply, at))
            }
            _ => Ok(()),
        }
    }

    /// A commit reaches the disk, whatever its author does meanwhile.
    fn applies(&mut self, node: usize, life: u32, id: u64, unit: Unit, fate: Fate) -> Checked {
        let is_dead = self.hosts[node].life != life;
        let fate = match fate {
            Fate::Done if self.is_store_down() => self.random.pick(&[Fate::Refused, Fate::Unknown]),
            fate => fate,
        };
        let is_written = match fate {
            Fate::Refused => false,
            // The process died before, or after.
            Fate::Done if is_dead => self.random.permille(500),
            Fate::Unknown => self.random.permille(500),
            _ => true,
        };
        let is_removal = matches!(unit.step, Step::End | Step::Forget(_));
        let written = if is_written { self.store.commit(unit) } else { Fate::Refused };
        let fate = match (fate, is_removal) {
            (Fate::Done, _) => written,
            (fate, _) => fate,
        };
        if fate != Fate::Done {
            self.count("commits failed");
            self.note(|| format!("commit {id} of node {node}: {fate:?}, written: {written:?}"));
        }
        self.at_node(Event::Committed { node, life, id, fate })
    }

    pub(super) fn node_ends(&mut self, node: usize, end: End, down: Micros) -> Checked {
        if !self.lives(node) {
            return Ok(());
        }
        self.note(|| format!("node {node}: {end:?} for {} ms", down / MS));
        match end {
            End::Crash => {
                self.count("crashes of nodes");
                self.stop(node);
            }
            End::Freeze => {
                self.count("frozen nodes");
                let host = &mut self.hosts[node];
                (host.frozen_at, host.frozen_until) = (self.now, self.now + down);
                host.was_dead = down >= PATIENCE;
                let late =
                    if self.trouble.late_beat { self.random.between(0, 5 * SECOND) } else { 0 };
                self.later(self.now + down + late, Event::Beats(node));
                if self.hosts.len() > 1 {
                    self.break_exchanges(node);
                }
            }
            End::Suspend => {
                self.count("suspended nodes");
                self.node(node, |node, at| node.suspend(at))?;
            }
        }
        if end != End::Freeze {
            // The host waits for what runs, for a while.
            self.later(self.now + down + 5 * SECOND, Event::NodeComes(node));
        }
        Ok(())
    }

    fn stop(&mut self, node: usize) {
        self.hosts[node].node = None;
        self.hosts[node].life += 1;
        self.break_exchanges(node);
    }

    pub(super) fn node_comes(&mut self, node: usize) -> Checked {
        if self.hosts[node].node.as_ref().is_some_and(|own| own.is_suspended) {
            self.stop(node);
        }
        if self.hosts[node].node.is_some() {
            return Ok(());
        }
        let own = Node::new(&self.trouble.plan, &mut self.random);
        self.hosts[node].node = Some(own);
        self.adopt(node)
    }

    /// Takes up what was received and is not executed, and nobody else does.
    pub(super) fn adopt(&mut self, node: usize) -> Checked {
        for group in self.store.unfinished() {
            let is_own = self.hosts[node].node.as_ref().is_none_or(|own| own.owns(&group));
            if !is_own && !self.is_store_down() {
                self.claim(node, &group)?;
            }
        }
        Ok(())
    }

    /// One that knows how long it stood still looks before it does anything.
    fn wakes(&mut self, node: usize) -> Checked {
        match self.trouble.late_beat {
            true => Ok(()),
            false => self.beats(node),
        }
    }

    pub(super) fn beats(&mut self, node: usize) -> Checked {
        if self.hosts[node].frozen_until <= self.now && self.hosts[node].was_dead {
            self.hosts[node].was_dead = false;
            self.node(node, |node, at| node.drop_all(at))?;
        }
        Ok(())
    }

    fn break_exchanges(&mut self, node: usize) {
        let of_node = |(_, (own, _)): &(&u64, &(usize, _))| *own == node;
        let broken: Vec<u64> = self.askers.iter().filter(of_node).map(|(id, _)| *id).collect();
        for exchange in broken {
            let Some((_, by)) = self.askers.remove(&exchange) else { continue };
            if let Some((client, life, id)) = by {
                let outcome = Outcome::Failed(TransportCause::Broken);
                self.later(self.now, Event::Ends(client, life, id, outcome));
            }
        }
    }

    pub(super) fn abandon(&mut self, client: usize, life: usize, id: TransmissionId) -> Checked {
        let by = Some((client, life, id));
        let asked = self.askers.iter().find(|(_, (_, own))| *own == by);
        let Some((exchange, node)) = asked.map(|(exchange, (node, _))| (*exchange, *node)) else {
            return Ok(());
        };
        self.askers.remove(&exchange);
        self.node(node, |node, at| node.abandoned(exchange, at))
    }

    fn answer(&mut self, exchange: u64, outcome: Outcome) -> Checked {
        self.note(|| format!("{exchange} is answered: {}", brief(&outcome)));
        let Some((_, by)) = self.askers.remove(&exchange) else { return Ok(()) };
        let Some((client, life, id)) = by else { return Ok(()) };
        let plan = self.trouble.plan.clone();
        let exchange = (key(client, life), id);
        let (at, outcome) = self.link.answer(&plan, exchange, outcome, self.now, false);
        self.later(at, Event::Ends(client, life, id, outcome));
        Ok(())
    }
}

fn outcome_of(encoded: Encoded) -> Outcome {
    match encoded.answer {
        ServiceAnswer::Message(envelope) | ServiceAnswer::Fault(envelope) => {
            Outcome::Message(Rc::from(envelope.to_bytes()))
        }
        ServiceAnswer::Accepted => Outcome::Empty,
        ServiceAnswer::NoAnswer => Outcome::Failed(TransportCause::Broken),
        ServiceAnswer::Unavailable => Outcome::Failed(TransportCause::Busy),
        ServiceAnswer::Refused | ServiceAnswer::Failed => Outcome::Failed(TransportCause::NotSoap),
    }
}

fn brief(outcome: &Outcome) -> String {
    let Outcome::Message(octets) = outcome else { return format!("{outcome:?}") };
    let text = String::from_utf8_lossy(octets);
    let from = text.find("Action").unwrap_or(0);
    let shown: String = text.chars().skip(from).take(160).collect();
    format!("{} octets …{shown}", octets.len())
}
