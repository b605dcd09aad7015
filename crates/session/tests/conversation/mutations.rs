//! Each broken rule makes the simulation fail: `cargo test -p waxwing-session --features mutations --test conversation`.

use crate::world::run;

/// Seeds in which a broken rule has to be noticed.
const SEEDS: u64 = 1500;

/// A rule of any layer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rule {
    Reliable(waxwing_reliable::Mutation),
    Security(waxwing_security::Mutation),
    Session(waxwing_session::Mutation),
}

impl Rule {
    fn all() -> Vec<Self> {
        let reliable = waxwing_reliable::Mutation::ALL.map(Self::Reliable);
        let security = waxwing_security::Mutation::ALL.map(Self::Security);
        let session = waxwing_session::Mutation::ALL.map(Self::Session);
        reliable.into_iter().chain(security).chain(session).collect()
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
    let mut unnoticed = Vec::new();
    for rule in Rule::all() {
        rule.break_it();
        let noticed = (0..SEEDS).find_map(|seed| run(seed).err().map(|failure| (seed, failure)));
        Rule::mend_all();
        match noticed {
            Some((seed, failure)) => {
                let line = failure.lines().next().unwrap_or_default();
                println!("{rule:?}: {}", line.chars().take(180).collect::<String>());
                run(seed).unwrap_or_else(|f| panic!("{rule:?} is no cause: {f}"));
            }
            None => {
                println!("{rule:?}: not noticed");
                unnoticed.push(rule);
            }
        }
    }
    assert!(unnoticed.is_empty(), "not noticed: {unnoticed:?}");
}
