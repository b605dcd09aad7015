//! What happens in one run, drawn from its seed.

use waxwing_reliable::{ReliableMessagingVersion, Shape};
use waxwing_security::conversation::{BindingKind, Protection};

use crate::plan::{Class, MS, Micros, Plan, SECOND};
use crate::random::Random;

/// How a node ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Like `kill -9`.
    Crash,
    /// The host is closed, and its sessions go on later or elsewhere.
    Suspend,
    /// It stands still, and goes on as if nothing had been.
    Freeze,
}

/// When something ends.
#[derive(Clone, Copy, Debug)]
pub enum When {
    At(Micros),
    /// After so many messages: of a client what it sends, of a node what it gets.
    After(u64),
}

/// What a commit comes to.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    pub delay: (Micros, Micros),
    /// Of a thousand so many are refused; are done or not, and nobody knows.
    pub refused: u64,
    pub unknown: u64,
}

#[derive(Clone, Debug)]
pub struct Trouble {
    pub plan: Plan,
    pub nodes: usize,
    /// Which node ends when and how, and for how long it is gone.
    pub ends: Vec<(usize, When, End, Micros)>,
    /// Which client crashes when, and for how long it is gone.
    pub crashes: Vec<(usize, When, Micros)>,
    pub service: Faults,
    pub client: Faults,
    /// The store of the service answers nothing from then on for so long.
    pub outage: Option<(Micros, Micros)>,
    /// Nodes do not know where their messages belong: any gets any.
    pub spread: bool,
    /// A node that stood still does not notice at once that its groups are another's by now.
    pub late_beat: bool,
    /// Of a thousand messages so many are repeated later.
    pub repeats: u64,
}

impl Trouble {
    pub fn of(seed: u64) -> Self {
        let r = &mut Random::new(seed ^ 0xD0_0AB1E);
        let nodes = r.pick(&[1, 1, 2]);
        let plan = plan(seed, nodes, r);
        let last = plan.calls.iter().filter_map(|calls| calls.last()).map(|call| call.0).max();
        let last = last.unwrap_or(0) + plan.close_after;
        let when = |r: &mut Random, most: u64| match r.permille(500) {
            true => When::At(r.between(0, last + 3 * SECOND)),
            false => When::After(r.between(1, most)),
        };
        let ends = (0..r.between(0, 4)).map(|_| {
            let end = r.pick(&[End::Crash, End::Crash, End::Suspend, End::Freeze]);
            let node = r.between(0, nodes as u64 - 1) as usize;
            (node, when(r, 60), end, r.pick(&[0, SECOND, 30 * SECOND]) + r.between(0, SECOND))
        });
        let ends = ends.collect();
        let clients = plan.clients.len() as u64;
        let crashes = (0..r.between(0, 3)).map(|_| {
            let client = r.between(0, clients - 1) as usize;
            (client, when(r, 30), r.pick(&[0, SECOND, 90 * SECOND]) + r.between(0, SECOND))
        });
        let crashes = crashes.collect();
        let outage =
            r.permille(250).then(|| (r.between(0, last + SECOND), r.between(0, 20 * SECOND)));
        let (service, client) = (faults(r), faults(r));
        // What it acknowledges of a one-way sequence meanwhile may be less than what was acknowledged already.
        let late_beat = r.permille(500) && plan.shape == Shape::RequestReply;
        Self {
            plan,
            nodes,
            ends,
            crashes,
            service,
            client,
            outage,
            late_beat,
            spread: r.permille(500),
            repeats: r.pick(&[0, 100]),
        }
    }
}

fn faults(r: &mut Random) -> Faults {
    Faults {
        delay: r.pick(&[(0, MS), (MS, 20 * MS), (20 * MS, 500 * MS)]),
        refused: r.pick(&[0, 0, 30]),
        unknown: r.pick(&[0, 0, 30]),
    }
}

fn plan(seed: u64, nodes: usize, r: &mut Random) -> Plan {
    let mut plan = Plan::of(seed);
    while plan.class != Class::Patient && plan.class != Class::Idle {
        plan = Plan::of(r.next());
    }
    plan.protection = match r.permille(200) {
        true => Protection::None,
        false => Protection::Conversation,
    };
    if plan.binding == BindingKind::Asymmetric || nodes > 1 {
        // The legs of a negotiation belong to one node: that is for those who route them.
        plan.binding = BindingKind::Symmetric;
    }
    if let Some(impostor) = plan.impostor.take() {
        plan.clients.truncate(impostor);
        plan.calls.truncate(impostor);
    }
    plan.version.get_or_insert(ReliableMessagingVersion::V11);
    if plan.shape == Shape::OneWay {
        plan.calls.iter_mut().flatten().for_each(|call| call.1 = true);
    }
    plan.reliable.durable = true;
    plan.reliable.max_retry_count = u32::MAX;
    plan.reliable.inactivity_timeout = std::time::Duration::from_secs(600);
    (plan.swaps, plan.altered, plan.held, plan.duplicates) = (0, 0, 0, 0);
    plan.accident = None;
    plan.loss = r.pick(&[0, 0, 20, 100]);
    plan.close_after = plan.close_after.max(SECOND);
    plan.open_deadline = 60 * SECOND;
    plan.close_deadline = 60 * SECOND;
    plan.places = 100;
    plan.calls_at_once = 100;
    plan
}
