//! Each broken rule makes the simulation fail: `cargo test -p waxwing-session --features mutations --test conversation`.

use crate::broken::every_one_is_noticed;
use crate::world::run;

/// Seeds in which a broken rule has to be noticed.
const SEEDS: u64 = 1500;

/// Rules that this simulation does not notice in a few hundred seeds, or not in all: others do.
const ELSEWHERE: [Rule; 11] = {
    use waxwing_reliable::Mutation::{
        CloseEarly, CompleteByExchange, IgnoreContext, IgnoreWindow, RenumberReply,
        UnboundedReplies,
    };
    use waxwing_security::Mutation::{KeepFormerKeys, TakeAnyDemand};
    use waxwing_session::Mutation::{ForgetAccept, IgnoreSender, SendNotesAgain};
    [
        // The simulator of the sequences: it looks into their memories, and lets strangers and liars in.
        Rule::Reliable(UnboundedReplies),
        Rule::Reliable(CloseEarly),
        Rule::Reliable(IgnoreContext),
        Rule::Reliable(IgnoreWindow),
        Rule::Reliable(RenumberReply),
        Rule::Reliable(CompleteByExchange),
        // The tests that hold each step in their hand.
        Rule::Security(KeepFormerKeys),
        Rule::Security(TakeAnyDemand),
        Rule::Session(ForgetAccept),
        Rule::Session(SendNotesAgain),
        Rule::Session(IgnoreSender),
    ]
};

/// A rule of any layer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rule {
    Reliable(waxwing_reliable::Mutation),
    Security(waxwing_security::Mutation),
    Session(waxwing_session::Mutation),
}

impl Rule {
    fn all() -> Vec<Self> {
        let reliable = waxwing_reliable::Mutation::ALL;
        let reliable = reliable.map(Self::Reliable);
        let security = waxwing_security::Mutation::ALL.map(Self::Security);
        let session = waxwing_session::Mutation::ALL.map(Self::Session);
        session
            .into_iter()
            .chain(security)
            .chain(reliable)
            .filter(|rule| !ELSEWHERE.contains(rule))
            .collect()
    }

    fn break_it(self) {
        match self {
            Self::Reliable(mutation) => waxwing_reliable::break_rule(Some(mutation)),
            Self::Security(mutation) => waxwing_security::break_rule(Some(mutation)),
            Self::Session(mutation) => waxwing_session::break_rule(Some(mutation)),
        }
    }

    fn mend_all() {
        waxwing_reliable::break_rule(None);
        waxwing_security::break_rule(None);
        waxwing_session::break_rule(None);
    }
}

#[test]
fn every_broken_rule_is_noticed() {
    every_one_is_noticed(Rule::all(), (Rule::break_it, Rule::mend_all), &(0..SEEDS), run);
}
