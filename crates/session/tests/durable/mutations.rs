//! Each broken rule makes the simulation fail:
//! `cargo test -p waxwing-session --features mutations --test durable every_broken -- --nocapture`

use crate::broken::every_one_is_noticed;
use crate::world::{Broken, break_host, run};

/// Seeds in which a broken rule has to be noticed.
const SEEDS: u64 = 300;

/// Rules that this simulation does not notice, since the marks of the application and the epochs of the store make good what
/// comes of them. Others do: the simulator of the sequences the first, `sessions/durable_tests.rs` the last two; that a host
/// takes a refused change for kept shows where nothing marks what was done.
const ELSEWHERE: [Rule; 4] = [
    Rule::Reliable(waxwing_reliable::Mutation::AcknowledgeRunning),
    Rule::Host(Broken::TakeFencedForDone),
    Rule::Session(waxwing_session::Mutation::TakeFormerCalls),
    Rule::Session(waxwing_session::Mutation::FaultWhenUnsure),
];

/// A rule of any layer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rule {
    Reliable(waxwing_reliable::Mutation),
    Session(waxwing_session::Mutation),
    Host(Broken),
}

impl Rule {
    fn all() -> Vec<Self> {
        let host = [Broken::FaultWhenUnsure, Broken::TakeFencedForDone].map(Self::Host);
        let session = waxwing_session::Mutation::DURABLE.map(Self::Session);
        let reliable = waxwing_reliable::Mutation::DURABLE.map(Self::Reliable);
        let all = host.into_iter().chain(session).chain(reliable);
        all.filter(|rule| !ELSEWHERE.contains(rule)).collect()
    }

    fn break_it(self) {
        match self {
            Self::Reliable(mutation) => waxwing_reliable::break_rule(Some(mutation)),
            Self::Session(mutation) => waxwing_session::break_rule(Some(mutation)),
            Self::Host(rule) => break_host(Some(rule)),
        }
    }

    fn mend_all() {
        waxwing_reliable::break_rule(None);
        waxwing_session::break_rule(None);
        break_host(None);
    }
}

#[test]
fn every_broken_rule_of_durable_conversations_is_noticed() {
    every_one_is_noticed(Rule::all(), (Rule::break_it, Rule::mend_all), &(0..SEEDS), run);
}
