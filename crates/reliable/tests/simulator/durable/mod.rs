//! Durable sessions: two engines whose owners crash, lose their stores, are fenced and go on as if they were not.
//!
//! The service's operations take part as transactions do: what an operation does is written together with the record that
//! says that it was executed, or not at all. So every effect can be counted.

mod checks;
mod client;
mod plan;
mod service;
mod store;
mod world;

use std::collections::BTreeMap;

use self::plan::{Fate, Plan};
use self::world::World;

/// A request is the index of its call; a reply has the number of the execution above it.
pub type Payload = u64;

/// The call that a reply answers.
const REQUEST: Payload = 0xFFFF_FFFF;

/// Rules of owners that a run can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// None.
    Nothing,
    /// The store takes what somebody writes who has lost the session.
    Fence,
    /// What an operation of an earlier life of a session says is taken for the present one.
    Lives,
}

/// How a run went.
#[derive(Debug, Default)]
pub struct Summary {
    pub calls: u64,
    pub steps: usize,
    pub crashes: u64,
    pub discarded: u64,
    pub restored: u64,
    pub fenced: u64,
    pub service_commits: u64,
    pub client_commits: u64,
    pub in_doubt: u64,
}

pub fn run(seed: u64) -> Result<Summary, String> {
    run_broken(seed, Broken::Nothing, true)
}

/// `direct`: what goes over the wire is compared with what is kept. Otherwise only what comes of it counts.
pub fn run_broken(seed: u64, broken: Broken, direct: bool) -> Result<Summary, String> {
    let plan = Plan::of(seed);
    let run = World::new(seed, plan.clone(), broken, direct).and_then(World::run);
    run.map_err(|e| format!("durable seed {seed}: {e}\n{plan:?}"))
}

fn simulate(seeds: impl Iterator<Item = u64>) {
    let mut table: BTreeMap<String, (u64, Summary)> = BTreeMap::new();
    for seed in seeds {
        let summary = run(seed).unwrap_or_else(|failure| panic!("{failure}"));
        let plan = Plan::of(seed);
        let fate = match plan.fate {
            Fate::Whole => "whole",
            Fate::Aborted(_) => "aborted",
            Fate::ClientLost(_) => "client lost",
        };
        let kind = format!("{:?} {} {fate}", plan.shape, crate::plan::name(plan.version));
        let (runs, sum) = table.entry(kind).or_default();
        *runs += 1;
        sum.calls += summary.calls;
        sum.crashes += summary.crashes;
        sum.discarded += summary.discarded;
        sum.restored += summary.restored;
        sum.fenced += summary.fenced;
        sum.service_commits += summary.service_commits;
        sum.client_commits += summary.client_commits;
        sum.in_doubt += summary.in_doubt;
    }
    for (kind, (runs, sum)) in table {
        println!("{kind:30} {runs:6} runs {sum:?}");
    }
}

#[test]
fn some_hundred_durable_sessions() {
    simulate(0..1500);
}

/// `cargo test -p waxwing-reliable --test simulator -- --ignored hundred_thousand_durable --nocapture`: 114 s of CPU,
/// unoptimized. `WAXWING_SEED` says where it begins.
#[test]
#[ignore = "minutes"]
fn hundred_thousand_durable_sessions() {
    let first = std::env::var("WAXWING_SEED").ok().and_then(|s| s.parse().ok());
    let first = first.unwrap_or(1_000_000);
    simulate(first..first + 100_000);
}

/// `WAXWING_SEED=17 WAXWING_TRACE=1 cargo test -p waxwing-reliable --test simulator -- --ignored one_durable_seed --nocapture`
#[test]
#[ignore = "for a person"]
fn one_durable_seed() {
    let seed = std::env::var("WAXWING_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(0);
    println!("{:#?}", run(seed).unwrap_or_else(|failure| panic!("{failure}")));
}

/// Each rule of durable sessions that is broken is noticed by what comes of it, but for one that only the comparison with
/// what is kept can show: `cargo test -p waxwing-reliable --features mutations`.
#[cfg(feature = "mutations")]
#[test]
fn every_broken_rule_of_durable_sessions_is_noticed() {
    use waxwing_reliable::{Mutation, break_rule};

    let mut unnoticed = Vec::new();
    for mutation in Mutation::DURABLE {
        // The client of this project waits for the answer to its own message, whatever else is acknowledged; so does WCF's.
        let direct = mutation == Mutation::AcknowledgeRunning;
        break_rule(Some(mutation));
        let noticed = noticed(Broken::Nothing, direct);
        break_rule(None);
        match noticed {
            Some((seed, failure)) => {
                println!("{mutation:?}, seed {seed}: {failure}");
                run(seed).unwrap_or_else(|f| panic!("{mutation:?} is no cause: {f}"));
            }
            None => unnoticed.push(mutation),
        }
    }
    assert!(unnoticed.is_empty(), "not noticed: {unnoticed:?}");
}

/// What the owners of engines must not do is noticed, too.
#[test]
fn every_broken_rule_of_owners_is_noticed() {
    for broken in [Broken::Fence, Broken::Lives] {
        let (seed, failure) = noticed(broken, false).unwrap_or_else(|| panic!("{broken:?}"));
        println!("{broken:?}, seed {seed}: {failure}");
    }
}

/// The first seed that fails, and how.
fn noticed(broken: Broken, direct: bool) -> Option<(u64, String)> {
    (0..5000).find_map(|seed| {
        let failure = run_broken(seed, broken, direct).err()?;
        Some((seed, failure.lines().next()?.chars().take(150).collect()))
    })
}

/// What a call costs in commits, when nothing goes wrong: (of the service, of the client) for a hundred calls and the
/// session around them.
fn commits(shape: waxwing_reliable::Shape, pause: u64) -> (u64, u64) {
    let plan = Plan::smooth(shape, (0..100).map(|i| i * pause).collect());
    let world = World::new(1, plan, Broken::Nothing, true).unwrap();
    let summary = world.run().unwrap();
    (summary.service_commits, summary.client_commits)
}

/// A reply is one commit of the service (a one-way message two: received, executed), beside three for the session: created,
/// closed, over. A call of its own is two of the client (its number, its reply), one among others: what a reply completes and
/// the numbers that it makes room for are kept together.
#[test]
fn a_call_costs_few_commits() {
    use waxwing_reliable::Shape::{OneWay, RequestReply};
    let alone = 10 * crate::plan::SECOND;
    for (shape, pause) in [(RequestReply, alone), (RequestReply, 0), (OneWay, alone), (OneWay, 0)] {
        let (service, client) = commits(shape, pause);
        println!("{shape:?}, a call every {pause} µs: {service} and {client} commits");
        let of_service = if shape == OneWay { 200 } else { 100 };
        let of_client = if pause == 0 { 100 } else { 200 };
        assert!(service <= of_service + 4 && client <= of_client + 4, "{service}, {client}");
    }
}
