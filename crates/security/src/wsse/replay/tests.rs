//! The memory in virtual time, with clocks that jump.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

const SECOND: i64 = 1000;

/// A point in time, in milliseconds from an arbitrary begin.
fn at(milli: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + milli).unwrap()
}

fn value(n: u64) -> Vec<u8> {
    let mut value = vec![0; 20];
    value[..8].copy_from_slice(&n.to_be_bytes());
    value
}

fn cache(capacity: usize) -> ReplayCache {
    ReplayCache::with_capacity(&SecuritySettings::default(), capacity)
}

fn reason(cache: &ReplayCache, n: u64, created: i64, now: i64) -> Reason {
    cache.insert(&value(n), at(created), at(now)).unwrap_err().reason().clone()
}

/// Whether the check of the timestamp, which comes before, lets a message through.
fn is_fresh(created: i64, now: i64) -> bool {
    created < now + 300 * SECOND && created > now - 600 * SECOND
}

#[test]
fn a_message_is_known_while_its_timestamp_is_acceptable() {
    let cache = cache(1000);
    cache.insert(&value(1), at(0), at(0)).unwrap();
    for second in [0, 1, 300, 599] {
        assert_eq!(reason(&cache, 1, 0, second * SECOND), Reason::Replay, "after {second} s");
    }
    // Created five minutes ahead of our clock: acceptable, hence known, for a quarter of an hour.
    cache.insert(&value(2), at(299 * SECOND), at(0)).unwrap();
    assert_eq!(reason(&cache, 2, 299 * SECOND, 898 * SECOND), Reason::Replay);
}

#[test]
fn lapsed_messages_make_room() {
    let cache = cache(100);
    for n in 0..100 {
        cache.insert(&value(n), at(0), at(0)).unwrap();
    }
    cache.insert(&value(100), at(760 * SECOND), at(760 * SECOND)).unwrap();
    assert_eq!(cache.len(), 1);
}

/// A full memory shut the endpoint for everybody.
#[test]
fn a_full_memory_accepts_a_shorter_time() {
    let cache = cache(100);
    for n in 0..1000 {
        cache.insert(&value(n), at(n as i64), at(n as i64)).unwrap();
        assert!(cache.len() <= 100);
    }
    // What is remembered is a replay; what is forgotten is refused, whoever sends it.
    assert_eq!(reason(&cache, 950, 950, 1000), Reason::Replay);
    let old = reason(&cache, 17, 17, 1000);
    assert_eq!(old, Reason::OlderThanMemory { created: at(17), oldest: at(899) });
    assert!(old.to_string().contains("may have been received before"), "{old}");
    cache.insert(&value(5000), at(1000), at(1000)).unwrap();
}

/// The cache forgot by the wall clock alone: a clock set forward and back made it accept a message twice.
#[test]
fn a_clock_that_jumps_forward_and_back_brings_nothing_back() {
    let cache = cache(1000);
    cache.insert(&value(1), at(0), at(0)).unwrap();
    cache.insert(&value(2), at(3600 * SECOND), at(3600 * SECOND)).unwrap();
    assert_eq!(cache.len(), 1, "the first has lapsed");
    let again = reason(&cache, 1, 0, SECOND);
    assert!(matches!(again, Reason::OlderThanMemory { .. }), "{again}");
    // Honest messages of now are accepted all the same.
    cache.insert(&value(3), at(SECOND), at(SECOND)).unwrap();
}

#[test]
fn messages_from_ahead_take_a_part_of_the_room() {
    let cache = cache(100);
    for n in 0..1000 {
        let ahead = 299 * SECOND + n as i64;
        let entered = cache.insert(&value(n), at(ahead), at(0));
        assert_eq!(entered.is_ok(), n < 25, "{n}: {entered:?}");
    }
    for n in 1000..1050 {
        cache.insert(&value(n), at(0), at(0)).unwrap();
    }
    let refused = reason(&cache, 2000, 200 * SECOND, 0);
    assert!(matches!(refused, Reason::AheadOfMemory { .. }));
    // They are still known when their time has come, and then make way like any others.
    assert_eq!(reason(&cache, 24, 299 * SECOND + 24, 299 * SECOND), Reason::Replay);
    cache.insert(&value(3000), at(299 * SECOND), at(299 * SECOND)).unwrap();
}

#[test]
fn memories_of_a_pool_have_their_due_although_another_takes_all() {
    let settings = SecuritySettings::default();
    let pool = ReplayPool::new(20_000);
    let memory = || ReplayCache::in_pool(&settings, 65_536, pool.clone());
    let (noisy, quiet) = (memory(), memory());
    for n in 0..30_000 {
        noisy.insert(&value(n), at(n as i64), at(n as i64)).unwrap();
    }
    assert!(pool.used() <= 20_001, "{}", pool.used());
    for n in 0..2_000 {
        quiet.insert(&value(n), at(n as i64), at(30_000)).unwrap();
    }
    assert!((GUARANTEED..=2_000).contains(&quiet.len()), "{}", quiet.len());
    for n in 2_000 - GUARANTEED as u64..2_000 {
        assert_eq!(reason(&quiet, n, n as i64, 30_000), Reason::Replay);
    }
    let held = pool.used();
    let rest = held - noisy.len();
    drop(noisy);
    assert_eq!(pool.used(), rest);
    drop(quiet);
    assert_eq!(pool.used(), 0);
}

/// One step of a simulation: the clock moves (seldom far, in either direction), and a message comes, new or one that
/// was sent before.
#[derive(Debug, Clone)]
enum Step {
    Clock(i64),
    New { behind: i64 },
    Again(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..30 * SECOND).prop_map(Step::Clock),
        1 => (-2_000 * SECOND..2_000 * SECOND).prop_map(Step::Clock),
        8 => (-310 * SECOND..620 * SECOND).prop_map(|behind| Step::New { behind }),
        6 => any::<prop::sample::Index>().prop_map(Step::Again),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever the clock does and however small the memory is: no message is accepted twice, and no memory grows.
    #[test]
    fn nothing_is_accepted_twice(
        steps in prop::collection::vec(step(), 1..400),
        capacity in 1usize..40,
        pool in 1usize..40,
    ) {
        let settings = SecuritySettings::default();
        let cache = ReplayCache::in_pool(&settings, capacity, ReplayPool::new(pool));
        let mut sent: Vec<(u64, i64)> = Vec::new();
        let mut accepted = HashSet::new();
        let mut now = 0;
        for step in steps {
            let (n, created) = match step {
                Step::Clock(by) => { now += by; cache.lapse(at(now)); continue }
                Step::New { behind } => {
                    sent.push((sent.len() as u64, now - behind));
                    sent[sent.len() - 1]
                }
                Step::Again(_) if sent.is_empty() => continue,
                Step::Again(index) => *index.get(&sent),
            };
            if is_fresh(created, now) && cache.insert(&value(n), at(created), at(now)).is_ok() {
                prop_assert!(accepted.insert(n), "message {} accepted twice", n);
            }
            prop_assert!(cache.len() <= capacity);
        }
    }

    /// A sender whose messages come in the order in which they were made is never refused, at any rate.
    #[test]
    fn an_orderly_sender_is_never_refused(
        gaps in prop::collection::vec((1i64..20 * SECOND, -5 * SECOND..290 * SECOND), 1..300),
        capacity in 1usize..20,
    ) {
        let cache = cache(capacity);
        let offset = gaps[0].1;
        let mut now = 0;
        for (n, (gap, _)) in gaps.iter().enumerate() {
            now += gap;
            prop_assert!(cache.insert(&value(n as u64), at(now - offset), at(now)).is_ok());
        }
    }
}
