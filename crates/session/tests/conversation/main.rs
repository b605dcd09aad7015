//! Whole conversations simulated: clients and a service with real security and real sequences, in virtual time, over a
//! link that loses, delays, repeats, swaps and alters, with ends that crash. A run follows from its seed, but for what
//! OpenSSL draws by itself (RSA padding, TLS); a seed that fails is printed.
//!
//! `WAXWING_SEED=17 WAXWING_TRACE=1 cargo test -p waxwing-session --test conversation -- --ignored one_seed --nocapture`
#![allow(unreachable_pub, reason = "a test")]

#[cfg(feature = "mutations")]
#[path = "../common/broken.rs"]
mod broken;
mod checks;
mod credentials;
mod keys;
mod link;
#[cfg(feature = "mutations")]
mod mutations;
mod plan;
#[path = "../../../reliable/tests/simulator/random.rs"]
mod random;
mod service;
mod serving;
mod words;
mod world;

use std::collections::BTreeMap;

use crate::plan::Plan;
use crate::world::run;

/// Runs the seeds and prints what they were like.
fn simulate(seeds: impl Iterator<Item = u64>) {
    let mut table: BTreeMap<String, [usize; 7]> = BTreeMap::new();
    for seed in seeds {
        let summary = run(seed).unwrap_or_else(|failure| panic!("{failure}"));
        let plan = Plan::of(seed);
        let over = if plan.is_by_transport() { " over TLS" } else { "" };
        let row = table.entry(format!("{:?} {:?}{over}", plan.class, plan.protection)).or_default();
        let counts = [
            1,
            plan.clients.len(),
            summary.closed,
            summary.faulted,
            summary.messages,
            summary.executed,
            summary.renewals,
        ];
        row.iter_mut().zip(counts).for_each(|(all, one)| *all += one);
    }
    println!("kind: runs, clients, closed, faulted, messages, executed, renewals");
    for (kind, row) in table {
        println!("{kind:35} {row:?}");
    }
}

/// Half of them in each test, so that they run side by side.
#[test]
fn some_hundred_conversations() {
    simulate(0..150);
}

#[test]
fn some_hundred_more_conversations() {
    simulate(150..300);
}

/// A service demands a new key while nothing but keep-alives is sent; the answer to a renewal is lost while the client
/// closes.
#[test]
fn seeds_that_once_failed() {
    simulate([1_002_163, 1_002_927, 1_003_485, 1_002_044, 1_002_541].into_iter());
}

/// `cargo test -p waxwing-session --test conversation thousands -- --ignored --nocapture`
#[test]
#[ignore = "minutes"]
fn thousands_of_conversations() {
    simulate(1_000_000..1_002_600);
}

/// `WAXWING_SEED=17 cargo test -p waxwing-session --test conversation -- --ignored one_seed`
#[test]
#[ignore = "for a person"]
fn one_seed() {
    let seed = std::env::var("WAXWING_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(0);
    println!("{:#?}", run(seed).unwrap_or_else(|failure| panic!("{failure}")));
}

/// All failures among the first so many seeds: `WAXWING_SEEDS=1000 … --ignored survey --nocapture`
#[test]
#[ignore = "for a person"]
fn survey() {
    let most = std::env::var("WAXWING_SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(1000);
    let mut failed = 0;
    let from = std::env::var("WAXWING_FROM").ok().and_then(|s| s.parse().ok()).unwrap_or(0);
    for failure in (from..from + most).filter_map(|seed| run(seed).err()) {
        failed += 1;
        println!("{}", failure.lines().next().unwrap_or_default());
    }
    assert_eq!(failed, 0, "of {most}");
}
