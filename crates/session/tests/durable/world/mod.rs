//! Everything that happens, in virtual time.

mod clients;
mod clock;
mod event;
mod service;

use std::collections::BTreeMap;

use waxwing_session::{ClientInput, ClientSession, Time, TransmissionId};

use self::clock::{micros, time};
use self::event::Event;
use crate::client::Client;
use crate::effects::Effects;
use crate::link::{Link, Outcome};
use crate::node::Node;
use crate::plan::{HOUR, MS, Micros, SECOND};
use crate::random::Random;
use crate::store::Store;
use crate::trouble::{Trouble, When};
use crate::words::CallName;

/// Steps after which a run counts as endless.
const STEPS: usize = 200_000;

/// A node that has stood still for so long is taken for dead.
const PATIENCE: Micros = 500 * MS;

/// A client that has waited for so long is stuck.
const LONGEST: Micros = 6 * HOUR;

pub type Checked = Result<(), String>;

/// A client, its life, and its transmission.
type Asker = (usize, usize, TransmissionId);

struct Host {
    node: Option<Node>,
    life: u32,
    frozen_until: Micros,
    frozen_at: Micros,
    /// It stood still for long, and has not noticed yet.
    was_dead: bool,
    heard: u64,
}

pub type Summary = BTreeMap<&'static str, usize>;

pub struct World {
    trouble: Trouble,
    random: Random,
    now: Micros,
    order: u64,
    events: BTreeMap<(Micros, u64), Event>,
    clients: Vec<Client>,
    hosts: Vec<Host>,
    store: Store,
    /// When the last commit of each group is done.
    queues: BTreeMap<String, Micros>,
    exchanges: u64,
    /// The node of each exchange, and who waits for its answer.
    askers: BTreeMap<u64, (usize, Option<Asker>)>,
    link: Link,
    effects: Effects,
    swept: Micros,
    sent: Vec<u64>,
    summary: Summary,
    trace: bool,
}

/// One run, from its seed.
pub fn run(seed: u64) -> Result<Summary, String> {
    let trouble = Trouble::of(seed);
    let mut world = World::new(seed, trouble.clone());
    world.run().map_err(|error| format!("seed {seed}: {error}\n{trouble:?}"))?;
    Ok(world.summary)
}

impl World {
    fn new(seed: u64, trouble: Trouble) -> Self {
        let mut random = Random::new(seed ^ 0x5EED);
        let plan = &trouble.plan;
        let hosts = (0..trouble.nodes).map(|_| Host {
            node: Some(Node::new(plan, &mut random)),
            life: 1,
            frozen_until: 0,
            frozen_at: 0,
            was_dead: false,
            heard: 0,
        });
        let hosts = hosts.collect();
        let clients: Vec<_> = plan.clients.iter().map(|_| Client::default()).collect();
        let mut world = Self {
            link: Link::new(Random::new(seed ^ 0x11_4B)),
            sent: vec![0; clients.len()],
            now: 0,
            order: 0,
            events: BTreeMap::new(),
            clients,
            hosts,
            store: Store::default(),
            queues: BTreeMap::new(),
            exchanges: 0,
            askers: BTreeMap::new(),
            effects: Effects::default(),
            swept: 0,
            summary: Summary::new(),
            trace: std::env::var_os("WAXWING_TRACE").is_some(),
            random,
            trouble,
        };
        for (client, comes) in world.trouble.plan.clients.clone().into_iter().enumerate() {
            world.later(comes, Event::Comes(client));
        }
        for (node, when, end, down) in world.trouble.ends.clone() {
            if let When::At(at) = when {
                world.later(at, Event::NodeEnds(node, end, down));
            }
        }
        for (client, when, down) in world.trouble.crashes.clone() {
            if let When::At(at) = when {
                world.later(at, Event::Crashes(client, down));
            }
        }
        world
    }

    fn count(&mut self, what: &'static str) {
        *self.summary.entry(what).or_default() += 1;
    }

    fn note(&self, text: impl FnOnce() -> String) {
        if self.trace {
            let text: String = text().chars().take(260).collect();
            println!("{:12} {text}", self.now);
        }
    }

    fn later(&mut self, at: Micros, event: Event) {
        self.order += 1;
        self.events.insert((at.max(self.now), self.order), event);
    }

    fn run(&mut self) -> Checked {
        let mut steps = 0;
        while let Some(at) = self.next() {
            steps += 1;
            let all_done = self.clients.iter().all(|client| client.is_done);
            if all_done && at > self.now + HOUR {
                break;
            }
            if steps > STEPS || at > LONGEST {
                let open = self.clients.iter().position(|client| !client.is_done);
                return Err(format!("client {open:?} is not done after {} s", self.now / SECOND));
            }
            self.step(at)?;
        }
        self.end()
    }

    fn next(&self) -> Option<Micros> {
        let clients = self.clients.iter().filter_map(|client| client.session.as_ref()?.wake_at());
        let nodes = self.hosts.iter().filter_map(|host| {
            let at = micros(host.node.as_ref()?.wake_at()?);
            Some(at.max(host.frozen_until))
        });
        let wakes = clients.map(micros).chain(nodes);
        wakes.chain(self.events.keys().next().map(|(at, _)| *at)).min()
    }

    fn step(&mut self, at: Micros) -> Checked {
        self.now = self.now.max(at);
        let now = self.now;
        let is_due = |wake: Option<Time>| wake.is_some_and(|wake| micros(wake) <= now);
        if self.swept + SECOND <= now {
            self.swept = now;
            for node in 0..self.hosts.len() {
                self.node(node, |node, at| node.sweep(at))?;
                if self.lives(node) {
                    self.adopt(node)?;
                }
            }
        }
        for client in 0..self.clients.len() {
            if is_due(self.clients[client].session.as_ref().and_then(ClientSession::wake_at)) {
                self.client(client, ClientInput::Tick)?;
            }
        }
        for node in 0..self.hosts.len() {
            if is_due(self.hosts[node].node.as_ref().and_then(Node::wake_at)) {
                self.node(node, |node, at| node.tick(at))?;
            }
        }
        match self.events.first_entry() {
            Some(entry) if entry.key().0 <= now => {
                let event = entry.remove();
                self.happens(event)
            }
            _ => Ok(()),
        }
    }

    fn happens(&mut self, event: Event) -> Checked {
        match event {
            Event::Comes(client) => self.comes(client),
            Event::Call(name, one_way) => self.call(name, one_way),
            Event::Crashes(client, down) => {
                self.crash(client, down);
                Ok(())
            }
            Event::Begins(client, life) if self.clients[client].life == life => self.begin(client),
            Event::Closes(client, life) if self.clients[client].life == life => {
                if self.clients[client].session.is_some() && !self.clients[client].opened {
                    self.later(self.now + SECOND, Event::Closes(client, life));
                    return Ok(());
                }
                let deadline = time(self.now + self.trouble.plan.close_deadline);
                self.client(client, ClientInput::Close { deadline })
            }
            Event::Begins(..) | Event::Closes(..) => Ok(()),
            Event::ClientKeeps(client, life, change, fate) => {
                self.keeps(client, life, change, fate)
            }
            Event::Written(client, life, id) => {
                self.of_life(client, life, ClientInput::Written(id))
            }
            Event::Judged(client, life, id, verdict) => {
                self.of_life(client, life, ClientInput::Authenticated { id, verdict })
            }
            Event::Ends(client, life, id, outcome) => {
                if !self.link.ends((key(client, life), id)) {
                    return Ok(());
                }
                if let Outcome::Failed(_) = outcome {
                    self.abandon(client, life, id)?;
                }
                let answer = outcome.read();
                self.of_life(client, life, ClientInput::Answer { id, answer })
            }
            Event::Arrives { peer, waits, octets } => self.arrives(peer, waits, octets),
            Event::NodeEnds(node, end, down) => self.node_ends(node, end, down),
            Event::NodeComes(node) => self.node_comes(node),
            Event::Beats(node) => self.beats(node),
            other => self.at_node(other),
        }
    }

    /// Nothing happens any more.
    fn end(&mut self) -> Checked {
        let mut executed = 0;
        for (client, calls) in self.trouble.plan.calls.iter().enumerate() {
            let own = &self.clients[client];
            if !own.is_done {
                return Err(format!("client {client} never ends"));
            }
            for index in 0..calls.len() {
                let name = CallName { client, index };
                executed += 1;
                if !own.shelf.results.contains_key(&(index as u64)) {
                    return Err(format!("{name:?} has no result"));
                }
                if !self.effects.was_done(name) {
                    return Err(format!("{name:?} is lost: it has a result, and was not done"));
                }
            }
        }
        self.summary.insert("executed", executed);
        self.summary.insert("marks found", self.effects.repeated);
        self.summary.insert("fenced", self.store.fenced);
        for (number, host) in self.hosts.iter().enumerate() {
            let left = host.node.as_ref().and_then(Node::leftovers);
            if let Some(left) = left.filter(|_| host.frozen_until <= self.now) {
                return Err(format!("left at node {number}: {left}"));
            }
        }
        if let Some((exchange, (node, _))) = self.askers.iter().next() {
            return Err(format!("exchange {exchange} was never answered by node {node}"));
        }
        Ok(())
    }
}

/// Rules of a host that can be broken, beside those of the engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It answers what it does not find while the store does not answer.
    FaultWhenUnsure,
    /// It goes on with sessions that are another's.
    TakeFencedForDone,
}

thread_local! {
    static BROKEN: std::cell::Cell<Option<Broken>> = const { std::cell::Cell::new(None) };
}

pub fn break_host(rule: Option<Broken>) {
    BROKEN.set(rule);
}

fn is_broken(rule: Broken) -> bool {
    BROKEN.get() == Some(rule)
}

/// The lives of a client are apart on the link.
fn key(client: usize, life: usize) -> usize {
    client + 100 * life
}
