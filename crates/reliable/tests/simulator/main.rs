//! Simulated sessions: two real engines under every fault, the invariants held in every step. A run follows
//! from its seed; one that fails prints it, and belongs into `REGRESSIONS` when its bug is mended.
#![allow(unreachable_pub, reason = "a test")]

/// Ends a check with what is wrong, unless it holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)*) => {
        if !$condition {
            return Err(format!($($message)*));
        }
    };
}

mod checks;
mod duplex;
mod durable;
mod goodput;
mod lies;
#[path = "../common/names.rs"]
mod names;
mod parallel;
mod plan;
mod random;
mod timeline;
mod wire;
mod world;

use std::collections::BTreeMap;

use crate::plan::Plan;
use crate::world::run;

/// Seeds that once failed.
const REGRESSIONS: [u64; 7] = [497, 1617, 2369, 4271, 7741, 1_096_797, 5_021_269];

fn simulate(seeds: impl Iterator<Item = u64>) {
    let mut table: BTreeMap<String, (u64, u64, u64)> = BTreeMap::new();
    for seed in seeds {
        let summary = run(seed).unwrap_or_else(|failure| panic!("{failure}"));
        let plan = Plan::of(seed);
        let kind = format!("{:?} {}", plan.class, plan::name(plan.version));
        let row = table.entry(kind).or_default();
        row.0 += 1;
        row.1 += u64::from(summary.state == waxwing_reliable::SequenceState::Closed);
        row.2 += summary.counters.retransmissions;
    }
    for (kind, (runs, closed, retransmissions)) in table {
        println!("{kind:20} {runs:7} runs {closed:7} closed {retransmissions:8} retransmissions");
    }
}

#[test]
fn seeds_that_once_failed() {
    simulate(REGRESSIONS.into_iter());
}

#[test]
fn some_thousand_sessions() {
    simulate(0..20_000);
}

/// `cargo test --release -p waxwing-reliable --test simulator -- --ignored hundred_thousand_sessions --nocapture`
#[test]
#[ignore = "minutes"]
fn hundred_thousand_sessions() {
    simulate(1_000_000..1_100_000);
}

/// `WAXWING_SEED=17 cargo test -p waxwing-reliable --test simulator -- --ignored one_seed`
#[test]
#[ignore = "for a person"]
fn one_seed() {
    let seed = std::env::var("WAXWING_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(0);
    println!("{:#?}", run(seed).unwrap_or_else(|failure| panic!("{failure}")));
}

/// Each broken rule makes the simulation fail: `cargo test -p waxwing-reliable --features mutations`.
#[cfg(feature = "mutations")]
#[test]
fn every_broken_rule_is_noticed() {
    noticed_each(&waxwing_reliable::Mutation::ALL, 5000, |seed| run(seed).map(|_| ()));
}

/// Each of these rules, when it is broken, makes one of so many runs fail, and that run is well when it is not.
#[cfg(feature = "mutations")]
fn noticed_each(
    mutations: &[waxwing_reliable::Mutation],
    seeds: u64,
    run: impl Fn(u64) -> Result<(), String>,
) {
    use waxwing_reliable::break_rule;

    let mut unnoticed = Vec::new();
    for &mutation in mutations {
        break_rule(Some(mutation));
        let noticed = (0..seeds).find_map(|seed| run(seed).err().map(|failure| (seed, failure)));
        break_rule(None);
        match noticed {
            Some((seed, failure)) => {
                let line = failure.lines().next().unwrap_or_default();
                println!("{mutation:?}: {}", line.chars().take(150).collect::<String>());
                run(seed).unwrap_or_else(|f| panic!("{mutation:?} is no cause: {f}"));
            }
            None => unnoticed.push(mutation),
        }
    }
    assert!(unnoticed.is_empty(), "not noticed: {unnoticed:?}");
}
