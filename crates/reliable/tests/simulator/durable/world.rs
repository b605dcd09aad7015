//! The clock, the link, the stores' queues, and what befalls the processes.

use std::collections::BTreeMap;

use waxwing_reliable::{
    ClientChange, ContextTag, Identifier, Message, Response, ServiceChange, SessionId, Ticket,
};

use super::checks::Checks;
use super::client::Program;
use super::plan::{Fate, Plan};
use super::service::Node;
use super::store::{Author, Outbox, Outcome, ServiceStore};
use super::{Broken, Payload, Summary};
use crate::plan::{MS, Micros};
use crate::random::Random;
use crate::timeline::{Timeline, micros};

/// Steps after which a run counts as endless.
const STEPS: usize = 500_000;

/// Who waits for a response: a process of the client, and the name of the exchange there.
pub type Origin = (u64, u64);

#[derive(Debug)]
pub enum Happening {
    Call,
    Close,
    Fate,
    Zombie,
    Takeover,
    /// A node that was thought dead is seen to live.
    Seen(usize),
    Arrive {
        origin: Option<Origin>,
        message: Message<Payload>,
    },
    Written(Origin),
    Response(Origin, Option<Message<Payload>>),
    Fail(Origin),
    OperationEnds {
        process: u64,
        session: SessionId,
        life: u64,
        number: u64,
        payload: Payload,
    },
    NodeStarts(usize),
    /// A node looks for messages that nobody executes.
    Sweep(usize),
    ProgramStarts,
    ServiceCommit(Box<ServiceCommit>),
    Removal(Author, SessionId),
    ServiceOutcome {
        process: u64,
        session: SessionId,
        life: u64,
        ticket: Ticket,
        outcome: Outcome,
    },
    ClientCommit(Author, Ticket, Box<ClientChange<Payload>>),
    ClientOutcome {
        process: u64,
        ticket: Ticket,
        outcome: Outcome,
    },
}

#[derive(Debug)]
pub struct ServiceCommit {
    pub author: Author,
    pub life: u64,
    pub ticket: Ticket,
    pub change: ServiceChange<Payload>,
    pub effects: Vec<(u64, Payload)>,
}

pub struct World {
    pub plan: Plan,
    pub broken: Broken,
    pub random: Random,
    /// Draws of identifiers.
    pub names: Random,
    pub timeline: Timeline<Happening>,
    pub nodes: Vec<Node>,
    pub programs: Vec<Program>,
    pub store: ServiceStore,
    pub outbox: Outbox,
    /// When the last commit of a record is done; they stand in a queue.
    queues: BTreeMap<SessionId, Micros>,
    client_queue: Micros,
    pub processes: u64,
    pub exchanges: u64,
    pub lives: u64,
    pub executions: u64,
    /// Calls that are in the outbox.
    pub enqueued: usize,
    pub is_closing: bool,
    client_is_lost: bool,
    crashes_left: u32,
    pub tag: Option<ContextTag>,
    /// `MessageID` of the request of each number, and of each reply.
    pub requests: BTreeMap<(SessionId, u64), Option<Identifier>>,
    pub relates: BTreeMap<Payload, Option<Identifier>>,
    pub checks: Checks,
    pub summary: Summary,
}

type Checked = Result<(), String>;

impl World {
    pub fn new(seed: u64, plan: Plan, broken: Broken, direct: bool) -> Result<Self, String> {
        let mut world = Self {
            broken,
            random: Random::new(seed ^ 0x5EED_D00D),
            names: Random::new(seed ^ 0x4A3E),
            timeline: Timeline::new(),
            nodes: vec![Node::default(), Node::default()],
            programs: Vec::new(),
            store: ServiceStore::default(),
            outbox: Outbox::default(),
            queues: BTreeMap::new(),
            client_queue: 0,
            processes: 0,
            exchanges: 0,
            lives: 0,
            executions: 0,
            enqueued: 0,
            is_closing: false,
            client_is_lost: false,
            crashes_left: plan.crashes,
            tag: plan.secured.then(|| Identifier::new("urn:context")),
            requests: BTreeMap::new(),
            relates: BTreeMap::new(),
            checks: Checks::new(direct),
            summary: Summary::default(),
            plan,
        };
        world.summary.calls = world.plan.calls.len() as u64;
        for node in 0..world.nodes.len() {
            world.start_node(node)?;
        }
        world.timeline.later(0, Happening::ProgramStarts);
        for (at, _) in world.plan.calls.clone() {
            world.timeline.later(at, Happening::Call);
        }
        world.timeline.later(world.plan.close_at, Happening::Close);
        for at in world.plan.zombies.clone() {
            world.timeline.later(at, Happening::Zombie);
        }
        for at in world.plan.takeovers.clone() {
            world.timeline.later(at, Happening::Takeover);
        }
        if let Fate::Aborted(at) | Fate::ClientLost(at) = world.plan.fate {
            world.timeline.later(at, Happening::Fate);
        }
        Ok(world)
    }

    pub fn run(mut self) -> Result<Summary, String> {
        while let Some(at) = self.next() {
            self.timeline.advance(at, STEPS)?;
            self.step()?;
        }
        Checks::end(&self)?;
        let summary = &mut self.summary;
        summary.steps = self.timeline.steps();
        summary.fenced = self.store.fenced + self.outbox.fenced;
        summary.service_commits = self.store.commits;
        summary.client_commits = self.outbox.commits;
        summary.in_doubt = self.outbox.in_doubt.len() as u64;
        Ok(self.summary)
    }

    pub fn process(&mut self) -> u64 {
        self.processes += 1;
        self.processes
    }

    /// The process of the client that wants to wake first, and when.
    fn program_wakes(&self) -> Option<(Micros, u64)> {
        let wake = |p: &Program| Some((micros(p.initiator.wake_at()?), p.process));
        self.programs.iter().filter_map(wake).min()
    }

    /// The node that wants to wake first, and when.
    fn node_wakes(&self) -> Option<(Micros, usize)> {
        let wake = |(i, n): (usize, &Node)| Some((micros(n.listener.as_ref()?.wake_at()?), i));
        self.nodes.iter().enumerate().filter_map(wake).min()
    }

    fn next(&self) -> Option<Micros> {
        let (program, node) = (self.program_wakes(), self.node_wakes());
        self.timeline.next([program.map(|(at, _)| at), node.map(|(at, _)| at)])
    }

    fn step(&mut self) -> Checked {
        let (program, node) = (self.program_wakes(), self.node_wakes());
        if let Some((_, process)) = program.filter(|(at, _)| self.timeline.is_due(Some(*at))) {
            self.client_tick(process)?;
        }
        if let Some((_, node)) = node.filter(|(at, _)| self.timeline.is_due(Some(*at))) {
            self.service_tick(node)?;
        }
        self.timeline.take_due().map_or(Ok(()), |happening| self.happen(happening))
    }

    fn happen(&mut self, happening: Happening) -> Checked {
        match happening {
            Happening::Call => self.call(),
            Happening::Close => self.close(),
            Happening::Fate => self.fate(),
            Happening::Zombie => {
                let node = self.random.between(0, 1) as usize;
                self.nodes[node].presumed_dead = true;
                let while_so = self.random.between(0, 5000 * MS);
                self.timeline.later(while_so, Happening::Seen(node));
                Ok(())
            }
            Happening::Seen(node) => {
                self.nodes[node].presumed_dead = false;
                self.learn_what_is_lost(node)
            }
            Happening::Takeover | Happening::ProgramStarts => match self.client_is_lost {
                true => Ok(()),
                false => self.start_program(),
            },
            Happening::Arrive { origin, message } => self.arrive(origin, message),
            Happening::Written(origin) => self.written(origin),
            Happening::Response(origin, message) => self.response(origin, message),
            Happening::Fail(origin) => self.failed(origin),
            Happening::OperationEnds { process, session, life, number, payload } => {
                self.operation_ends(process, session, life, number, payload)
            }
            Happening::NodeStarts(node) => self.start_node(node),
            Happening::Sweep(node) => self.sweep(node),
            Happening::ServiceCommit(commit) => self.commit(*commit),
            Happening::Removal(author, session) => {
                self.store.remove(author, &session);
                self.removed(author, &session);
                Ok(())
            }
            Happening::ServiceOutcome { process, session, life, ticket, outcome } => {
                self.service_outcome(process, &session, life, ticket, outcome)
            }
            Happening::ClientCommit(author, ticket, change) => {
                self.client_commit(author, ticket, *change)
            }
            Happening::ClientOutcome { process, ticket, outcome } => {
                self.client_outcome(process, ticket, outcome)
            }
        }
    }

    fn fate(&mut self) -> Checked {
        match self.plan.fate {
            Fate::Whole => Ok(()),
            Fate::Aborted(_) => self.abort_sessions(),
            Fate::ClientLost(_) => {
                self.client_is_lost = true;
                self.programs.clear();
                Ok(())
            }
        }
    }

    /// Whether the process that does something now ends before it does.
    pub fn crashes(&mut self, permille: u64) -> bool {
        let crashes = self.crashes_left > 0 && self.random.permille(permille);
        if crashes {
            self.crashes_left -= 1;
            self.summary.crashes += 1;
        }
        crashes
    }

    pub fn downtime(&mut self) -> Micros {
        self.random.between(self.plan.downtime.0, self.plan.downtime.1)
    }

    // ---- the stores ----

    /// A commit stands in the queue of its record.
    pub fn enqueue(&mut self, session: &SessionId, happening: Happening) {
        let delay = self.random.between(self.plan.commit.0, self.plan.commit.1);
        let queue = self.queues.entry(session.clone()).or_default();
        *queue = (*queue).max(self.timeline.now() + delay);
        let delay = *queue - self.timeline.now();
        self.timeline.later(delay, happening);
    }

    pub fn enqueue_client(&mut self, happening: Happening) {
        let delay = self.random.between(self.plan.commit.0, self.plan.commit.1);
        self.client_queue = self.client_queue.max(self.timeline.now() + delay);
        let delay = self.client_queue - self.timeline.now();
        self.timeline.later(delay, happening);
    }

    /// What befalls a commit. Some: it was not written, and this is what its author hears. None with `true`: nobody hears
    /// that it was.
    fn fault(&mut self, author_lives: bool) -> (Option<Outcome>, bool) {
        let faults = self.plan.faults;
        if !author_lives {
            // It was under way when its author ended.
            return (self.random.permille(500).then_some(Outcome::Unknown), true);
        }
        if self.random.permille(faults.refused) {
            (Some(Outcome::Refused), false)
        } else if self.random.permille(faults.unknown_not) {
            (Some(Outcome::Unknown), false)
        } else {
            (None, self.random.permille(faults.unknown_done))
        }
    }

    fn commit(&mut self, commit: ServiceCommit) -> Checked {
        let ServiceCommit { author, life, ticket, change, effects } = commit;
        let node = self.node_of(author.process);
        let (fault, is_unknown) = self.fault(node.is_some());
        let session = change.saved.session.clone();
        let ignores = self.broken == Broken::Fence;
        let outcome = match fault {
            Some(outcome) => outcome,
            None => match self.store.write(author, change, effects, ignores) {
                Outcome::Done if is_unknown => Outcome::Unknown,
                outcome => outcome,
            },
        };
        self.checks.effects(&self.plan, &self.store)?;
        let Some(node) = node else { return Ok(()) };
        if self.crashes(self.plan.crash_after_commit) {
            self.crash_node(node);
            return Ok(());
        }
        let process = author.process;
        let delay = self.random.between(0, MS);
        // What became of them is told in their order.
        let outcome = Happening::ServiceOutcome { process, session, life, ticket, outcome };
        self.timeline.later(delay, outcome);
        Ok(())
    }

    fn client_commit(
        &mut self,
        author: Author,
        ticket: Ticket,
        change: ClientChange<Payload>,
    ) -> Checked {
        let lives = self.programs.iter().any(|p| p.process == author.process);
        let (fault, is_unknown) = self.fault(lives);
        let outcome = match fault {
            Some(outcome) => outcome,
            None => match self.outbox.write(author, change) {
                Outcome::Done if is_unknown => Outcome::Unknown,
                outcome => outcome,
            },
        };
        if !lives {
            return Ok(());
        }
        if self.crashes(self.plan.crash_after_commit) {
            self.crash_program(author.process);
            return Ok(());
        }
        let process = author.process;
        let delay = self.random.between(0, MS);
        self.timeline.later(delay, Happening::ClientOutcome { process, ticket, outcome });
        Ok(())
    }

    // ---- the link ----

    fn delay(&mut self) -> Micros {
        self.random.between(self.plan.delay.0, self.plan.delay.1)
    }

    /// A request goes out.
    pub fn transmit(&mut self, origin: Origin, message: Message<Payload>) {
        self.timeline.later(0, Happening::Written(origin));
        if self.random.permille(self.plan.duplicates) {
            let (delay, message) = (self.delay(), message.clone());
            self.timeline.later(delay, Happening::Arrive { origin: None, message });
        }
        let delay = self.delay();
        if self.random.permille(self.plan.loss) {
            return self.timeline.later(delay, Happening::Fail(origin));
        }
        self.timeline.later(delay, Happening::Arrive { origin: Some(origin), message });
    }

    /// A response goes out. None: the connection is closed.
    pub fn respond(&mut self, origin: Option<Origin>, response: Option<Response<Payload>>) {
        let Some(origin) = origin else { return };
        let delay = self.delay();
        let is_lost = self.random.permille(self.plan.loss);
        let happening = match response {
            Some(Response::Message(message)) if !is_lost => {
                Happening::Response(origin, Some(message))
            }
            Some(Response::Accepted) if !is_lost => Happening::Response(origin, None),
            _ => Happening::Fail(origin),
        };
        self.timeline.later(delay, happening);
    }
}
