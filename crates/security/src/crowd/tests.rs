//! Floods in virtual time: whoever fills a table, an honest peer gets in.

use proptest::prelude::*;

use super::*;

const MAX: usize = 128;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn peer(n: u64) -> Holder {
    Holder::of_peer(PeerTag::new(n))
}

fn caller(peer: u64, name: &str) -> Holder {
    Holder::new(PeerTag::new(peer), &CallerIdentity::UserName(name.into()))
}

fn filled(holders: &[(Holder, usize)], since: Duration) -> Vec<Place> {
    let all = holders.iter().flat_map(|(holder, n)| std::iter::repeat_n(*holder, *n));
    all.map(|holder| Place { holder, since }).collect()
}

fn ask(places: &[Place], who: Holder, now: Duration) -> Admission {
    let patience = Patience { fewer: seconds(1), anybody: seconds(5) };
    admit(places, who, MAX, patience, now)
}

#[test]
fn one_peer_fills_its_share_only() {
    let mut places = Vec::new();
    while ask(&places, peer(1), seconds(0)) == Admission::Free {
        places.push(Place { holder: peer(1), since: seconds(0) });
    }
    assert_eq!(places.len(), 96);
    assert_eq!(ask(&places, peer(2), seconds(0)), Admission::Free);
    // Its own that stand still make way for its new ones.
    assert_eq!(ask(&places, peer(1), seconds(5)), Admission::Full);
    assert!(matches!(ask(&places, peer(1), seconds(6)), Admission::Instead(_)));
    // Whom nobody can tell apart may take all, as with WCF.
    let unknown = Holder::of_peer(PeerTag::UNKNOWN);
    let places = filled(&[(unknown, 127)], seconds(0));
    assert_eq!(ask(&places, unknown, seconds(0)), Admission::Free);
    let places = filled(&[(unknown, 128)], seconds(0));
    assert_eq!(ask(&places, unknown, seconds(1)), Admission::Full);
    assert!(matches!(ask(&places, unknown, seconds(6)), Admission::Instead(_)));
}

#[test]
fn spellings_of_a_name_are_one_credential() {
    let places = filled(&[(caller(1, "mallory"), 48), (caller(2, "MALLORY "), 48)], seconds(0));
    assert_eq!(ask(&places, caller(3, "Mallory"), seconds(0)), Admission::Full);
    assert_eq!(ask(&places, caller(3, "alice"), seconds(0)), Admission::Free);
}

#[test]
fn the_oldest_of_the_greatest_crowd_makes_way() {
    let mut places = filled(&[(peer(1), 96), (peer(2), 32)], seconds(10));
    places[40].since = seconds(9);
    assert_eq!(ask(&places, peer(3), seconds(12)), Admission::Instead(40));
    // Not so early that an honest one had no time for its next step.
    places.iter_mut().for_each(|place| place.since = seconds(10));
    assert_eq!(ask(&places, peer(3), seconds(11)), Admission::Full);
}

/// Behind a proxy all have one address: then the credential tells them apart.
#[test]
fn a_credential_has_its_share_as_well() {
    let places = filled(&[(caller(1, "mallory"), 96)], seconds(0));
    assert_eq!(ask(&places, caller(2, "mallory"), seconds(1)), Admission::Full);
    assert_eq!(ask(&places, caller(2, "alice"), seconds(1)), Admission::Free);
    assert_eq!(ask(&places, caller(1, "alice"), seconds(1)), Admission::Full);
    assert!(matches!(ask(&places, caller(1, "alice"), seconds(2)), Admission::Instead(_)));
    assert_eq!(ask(&places, caller(1, "mallory"), seconds(2)), Admission::Full);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Attackers (fewer than there are places) ask as often as they like and never get on; honest peers come now and
    /// then, ask again after a second when told to, and need half a second for their next step.
    #[test]
    fn an_honest_peer_always_gets_in(
        attackers in 1u64..40,
        every in 1u64..40,
        names in 1u64..5,
        seed in any::<u64>(),
    ) {
        let mut places: Vec<(Place, u64)> = Vec::new();
        let mut honest: Vec<(u64, u64)> = Vec::new(); // (number, asks at)
        let mut random = seed;
        let mut draw = move |n: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % n
        };
        let mut begun = std::collections::HashMap::new();
        for milli in (0..15_000u64).step_by(5) {
            let now = Duration::from_millis(milli);
            if milli % 700 == 0 {
                honest.push((1_000_000 + milli, milli));
                begun.insert(1_000_000 + milli, milli);
            }
            // An honest peer that has a place makes its next step and is out of the table.
            places.retain(|(place, number)| *number == 0 || now.saturating_sub(place.since) < Duration::from_millis(500));
            let mut enter = |holder: Holder, number: u64| {
                let table: Vec<Place> = places.iter().map(|(place, _)| *place).collect();
                let new = (Place { holder, since: now }, number);
                match ask(&table, holder, now) {
                    Admission::Free => places.push(new),
                    Admission::Instead(at) => {
                        assert!(places[at].1 == 0, "an honest peer was put out");
                        places[at] = new;
                    }
                    Admission::Full => return false,
                }
                true
            };
            if milli % every == 0 {
                for _ in 0..4 {
                    let who = draw(attackers);
                    enter(caller(who, &draw(names).to_string()), 0);
                }
            }
            for (number, asks) in &mut honest {
                if *asks != milli { continue }
                if enter(peer(*number), *number) {
                    let waited = milli - begun[number];
                    prop_assert!(waited <= 3_000, "waited {waited} ms");
                    *asks = u64::MAX;
                } else {
                    *asks = milli + 1000;
                }
            }
            prop_assert!(places.len() <= MAX);
        }
    }
}
