//! Durable conversations simulated: clients with outboxes and a service of one or two nodes over one store, all with real
//! security and real sequences, in virtual time. Ends crash, freeze and are closed at any point; commits are late, are
//! refused, or nobody knows what became of them. A run follows from its seed, but for what OpenSSL draws by itself.
//!
//! `WAXWING_SEED=17 WAXWING_TRACE=1 cargo test -p waxwing-session --test durable -- --ignored one_seed --nocapture`
#![allow(unreachable_pub, dead_code, reason = "a test, which shares its parts with another")]

#[cfg(feature = "mutations")]
#[path = "../common/broken.rs"]
mod broken;
mod client;
#[path = "../conversation/credentials.rs"]
mod credentials;
mod effects;
#[path = "../conversation/link.rs"]
mod link;
#[cfg(feature = "mutations")]
mod mutations;
mod node;
#[path = "../conversation/plan.rs"]
mod plan;
#[path = "../../../reliable/tests/simulator/random.rs"]
mod random;
mod store;
mod trouble;
#[path = "../conversation/words.rs"]
mod words;
mod world;

use std::collections::BTreeMap;

use crate::trouble::Trouble;
use crate::world::run;

/// Runs the seeds and prints what they were like.
fn simulate(seeds: impl Iterator<Item = u64>) {
    let mut table: BTreeMap<String, BTreeMap<&'static str, usize>> = BTreeMap::new();
    for seed in seeds {
        let summary = run(seed).unwrap_or_else(|failure| panic!("{failure}"));
        let trouble = Trouble::of(seed);
        let shape = format!("{:?} {:?}", trouble.plan.shape, trouble.plan.protection);
        let row = table.entry(format!("{shape} {} nodes", trouble.nodes)).or_default();
        *row.entry("runs").or_default() += 1;
        for (what, count) in summary {
            *row.entry(what).or_default() += count;
        }
    }
    for (kind, row) in table {
        println!("{kind}: {row:?}");
    }
}

/// Half of them in each test, so that they run side by side.
#[test]
fn some_hundred_durable_conversations() {
    simulate(0..150);
}

#[test]
fn some_hundred_more_durable_conversations() {
    simulate(150..300);
}

/// `cargo test -p waxwing-session --test durable thousands -- --ignored --nocapture`
#[test]
#[ignore = "minutes"]
fn thousands_of_durable_conversations() {
    simulate(1_000_000..1_002_000);
}

/// `WAXWING_SEED=17 cargo test -p waxwing-session --test durable -- --ignored one_seed`
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
    let of = |name: &str| std::env::var(name).ok().and_then(|s| s.parse::<u64>().ok());
    let (from, most) = (of("WAXWING_FROM").unwrap_or(0), of("WAXWING_SEEDS").unwrap_or(1000));
    let mut failed = 0;
    let mut all: BTreeMap<&'static str, usize> = BTreeMap::new();
    for seed in from..from + most {
        match run(seed) {
            Ok(summary) => {
                summary
                    .into_iter()
                    .for_each(|(what, count)| *all.entry(what).or_default() += count);
            }
            Err(failure) => {
                failed += 1;
                println!("{}", failure.lines().next().unwrap_or_default());
            }
        }
    }
    println!("{all:?}");
    assert_eq!(failed, 0, "of {most}");
}
