//! Simulated conversations of `wsDualHttpBinding`, with message security and without: both ends call each other in a reliable
//! session each of whose messages is a post of its own, in virtual time. A run follows from its seed.

mod checks;
mod ends;
mod network;
mod plan;
mod world;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use self::plan::Class;
use self::world::run;

/// How the runs of a class went: runs, those that closed in order, posts, executed calls and callbacks.
type Row = [u64; 5];

fn simulate(seeds: std::ops::Range<u64>, is_secured: bool) {
    let next = AtomicU64::new(seeds.start);
    let (failed, table) = (Mutex::new(Vec::new()), Mutex::new(BTreeMap::<String, Row>::new()));
    let work = || loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= seeds.end {
            break;
        }
        match run(seed, is_secured) {
            Ok(world) => {
                let kind = format!("{:?} {:?}", world.plan.class, world.plan.version);
                let mut table = table.lock().unwrap();
                let row = table.entry(kind).or_default();
                let executed =
                    [&world.calls, &world.callbacks].map(|way| way.executed.len() as u64);
                let closed = u64::from(matches!(world.ended, Some(Ok(()))));
                let now = [1, closed, world.posted.len() as u64, executed[0], executed[1]];
                row.iter_mut().zip(now).for_each(|(all, one)| *all += one);
            }
            Err(error) => failed.lock().unwrap().push(error),
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    for (kind, [runs, closed, posts, calls, callbacks]) in table.into_inner().unwrap() {
        println!(
            "{kind:24} {runs:6} runs {closed:6} closed {posts:8} posts {calls:7} calls {callbacks:7} callbacks"
        );
    }
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} failed: {:#?}", failed.len(), &failed[..failed.len().min(5)]);
}

#[test]
fn hundreds_of_posted_conversations() {
    simulate(0..600, false);
}

#[test]
fn dozens_of_secured_posted_conversations() {
    simulate(0..60, true);
}

/// A one-way message was sent again under a key whose life was over by then, each time, since the pauses had become longer than
/// the lives of keys: nobody is told that such a message was refused.
#[test]
fn a_posted_seed_that_once_failed() {
    run(1_000_057, true).map(drop).unwrap_or_else(|error| panic!("{error}"));
}

/// `cargo test -p waxwing-session --test duplex thousands_of_posted -- --ignored --nocapture`: in a debug build a seed takes
/// 10 ms, a secured one 50 ms, so that these are a quarter of a minute of two cores.
#[test]
#[ignore = "half a minute of one core"]
fn thousands_of_posted_conversations() {
    simulate(1_000_000..1_001_500, false);
    simulate(1_000_000..1_000_300, true);
}

/// `WAXWING_SEED=17 cargo test -p waxwing-session --test duplex one_posted -- --ignored`
#[test]
#[ignore = "for a person"]
fn one_posted_seed() {
    let seed = std::env::var("WAXWING_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(0);
    let only = std::env::var("WAXWING_SECURED").ok();
    let runs =
        [false, true].into_iter().filter(|own| only.as_ref().is_none_or(|o| *o == own.to_string()));
    for is_secured in runs {
        match run(seed, is_secured) {
            Ok(world) => println!("secured: {is_secured}: {:?}", world.ended),
            Err(error) => panic!("secured: {is_secured}: {error}"),
        }
    }
}

/// A simulation that notices nothing proves nothing: each rule is broken on purpose. What keeps a silent session alive, what a
/// peer may do that keeps no window, what
/// links do and what somebody with a session of his own may do, other simulations show.
#[cfg(feature = "mutations")]
#[test]
fn every_broken_rule_of_posted_conversations_is_noticed() {
    use waxwing_reliable::Mutation as Reliable;
    use waxwing_session::Mutation;
    let plain = |seed| run(seed, false).map(drop);
    let secured = |seed| run(seed, true).map(drop);
    let ways =
        (|rule| waxwing_session::break_rule(Some(rule)), || waxwing_session::break_rule(None));
    crate::broken::every_one_is_noticed(Mutation::DUPLEX, ways, &(0..600), plain);
    crate::broken::every_one_is_noticed(Mutation::SECURE_DUPLEX, ways, &(0..200), secured);
    let rules = [
        Reliable::DeliverDuplicates,
        Reliable::DeliverOutOfOrder,
        Reliable::AcknowledgeGaps,
        Reliable::IgnoreWindow,
        Reliable::NeverRetransmit,
        Reliable::CloseWithoutWaiting,
        Reliable::NoInactivity,
        Reliable::NoAcknowledgement,
    ];
    let ways =
        (|rule| waxwing_reliable::break_rule(Some(rule)), || waxwing_reliable::break_rule(None));
    crate::broken::every_one_is_noticed(rules, ways, &(0..600), plain);
}

/// Something happens in the runs: a simulation in which everything fails early proves nothing.
#[test]
fn the_runs_are_what_they_should_be() {
    let mut seen = BTreeMap::<&str, u32>::new();
    for seed in 0..200 {
        let world = run(seed, false).unwrap_or_else(|error| panic!("{error}"));
        let mut saw = |what, is_so: bool| *seen.entry(what).or_default() += u32::from(is_so);
        saw("patient", world.plan.class == Class::Patient);
        saw("called", !world.calls.executed.is_empty());
        saw("called back", !world.callbacks.executed.is_empty());
        saw("failed", matches!(world.ended, Some(Err(_))));
        saw("strangers", world.to_strangers > 0);
    }
    assert!(seen.values().all(|count| *count >= 20), "{seen:?}");
}
