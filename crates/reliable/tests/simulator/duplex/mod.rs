//! Simulated duplex sessions: a real engine at each end, callbacks, datagrams that get lost and connections that break.

mod applications;
mod checks;
mod links;
mod plan;
mod strangers;
mod world;

use std::collections::BTreeMap;

use waxwing_reliable::SequenceState;

use self::plan::Plan;
use self::world::run;

/// Seeds that once failed.
const REGRESSIONS: [u64; 13] =
    [59, 113, 195, 290, 370, 846, 1322, 2440, 21_641, 38_862, 1_022_282, 1_046_270, 1_059_527];

fn simulate(seeds: impl Iterator<Item = u64>) {
    let mut table: BTreeMap<String, (u64, u64, u64, u64)> = BTreeMap::new();
    for seed in seeds {
        let summary = run(seed).unwrap_or_else(|failure| panic!("{failure}"));
        assert!(summary.links < 2_000, "seed {seed} made {} connections", summary.links);
        let plan = Plan::of(seed);
        let kind =
            format!("{:?} {:?} {}", plan.class, plan.client.links, crate::plan::name(plan.version));
        let row = table.entry(kind).or_default();
        row.0 += 1;
        row.1 += u64::from(summary.state == SequenceState::Closed);
        row.2 += summary.counters.retransmissions;
        row.3 += summary.links;
    }
    for (kind, (runs, closed, retransmissions, links)) in table {
        println!(
            "{kind:24} {runs:7} runs {closed:7} closed {retransmissions:8} retransmissions {links:7} connections"
        );
    }
}

#[test]
fn seeds_that_once_failed() {
    simulate(REGRESSIONS.into_iter());
}

#[test]
fn some_thousand_duplex_sessions() {
    simulate(0..3_000);
}

/// `cargo test --release -p waxwing-reliable --test simulator -- --ignored hundred_thousand_duplex_sessions --nocapture`
#[test]
#[ignore = "minutes"]
fn hundred_thousand_duplex_sessions() {
    simulate(1_000_000..1_100_000);
}

/// Each broken rule makes the simulation fail: `cargo test -p waxwing-reliable --features mutations`.
#[cfg(feature = "mutations")]
#[test]
fn every_broken_rule_of_duplex_sessions_is_noticed() {
    crate::noticed_each(&waxwing_reliable::Mutation::DUPLEX, 2000, |seed| run(seed).map(|_| ()));
}

/// `WAXWING_SEEDS=3000..9000 cargo test -p waxwing-reliable --test simulator -- --ignored other_duplex_sessions`
#[test]
#[ignore = "for a person"]
fn other_duplex_sessions() {
    let text = std::env::var("WAXWING_SEEDS").unwrap_or_default();
    let bounds = text.split_once("..").and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    let (from, to): (u64, u64) = bounds.unwrap_or((3_000, 6_000));
    simulate(from..to);
}

/// `WAXWING_SEED=17 cargo test -p waxwing-reliable --test simulator -- --ignored one_duplex_seed`
#[test]
#[ignore = "for a person"]
fn one_duplex_seed() {
    let seed = std::env::var("WAXWING_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(0);
    println!("{:#?}", run(seed).unwrap_or_else(|failure| panic!("{failure}")));
}
