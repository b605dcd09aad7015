//! Who is killed when.

use std::time::Duration;

use super::random::Random;

/// Whom a run kills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Victims {
    /// The service, or one of its nodes; the client is an ordinary one that knows of no store
    Service,
    /// The client
    Client,
    /// Both, by turns
    Both,
}

impl Victims {
    pub(super) fn client(self) -> bool {
        self != Self::Service
    }

    fn service(self) -> bool {
        self != Self::Client
    }
}

/// A process of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// A service, by the number of its node.
    Service(usize),
    /// The client.
    Client,
}

/// When somebody is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// Once so many calls were executed, and a moment later.
    Executed(u64),
    /// While it starts again after it was killed: it reads what it has kept.
    Recovering,
}

/// One kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kill {
    pub(super) who: Who,
    pub(super) when: When,
    /// How long it stays away.
    pub(super) away: Duration,
}

/// What share of the kills meets somebody who is recovering, in percent.
const RECOVERING: u64 = 25;
/// How long a victim stays away at most. A peer forgives it longer.
const AWAY: Duration = Duration::from_millis(150);

/// `kills` kills during `calls` calls, in the order of time.
pub(super) fn plan(
    random: &mut Random,
    victims: Victims,
    nodes: usize,
    kills: u64,
    calls: u64,
) -> Vec<Kill> {
    // The last calls are left alone: somebody must be there to be killed.
    let last = calls.saturating_sub(calls / 50 + 1).max(1);
    let recovering = kills * RECOVERING / 100;
    let mut places: Vec<u64> = (recovering..kills).map(|_| random.below(last)).collect();
    places.sort_unstable();
    let mut followers = vec![0_u64; places.len()];
    for _ in 0..recovering {
        let place = random.below(places.len() as u64);
        if let Some(count) = usize::try_from(place).ok().and_then(|place| followers.get_mut(place))
        {
            *count += 1;
        }
    }
    let mut plan = Vec::new();
    for (place, followers) in places.into_iter().zip(followers) {
        let who = victim(random, victims, nodes);
        plan.push(Kill { who, when: When::Executed(place), away: random.time(AWAY) });
        for _ in 0..followers {
            plan.push(Kill { who, when: When::Recovering, away: random.time(AWAY) });
        }
    }
    plan
}

fn victim(random: &mut Random, victims: Victims, nodes: usize) -> Who {
    let client = victims.client() && (!victims.service() || random.happens(50));
    match client {
        true => Who::Client,
        false => Who::Service(usize::try_from(random.below(nodes as u64)).unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kill_has_its_place_and_a_seed_repeats_them() {
        let made = |seed| plan(&mut Random::new(seed), Victims::Both, 2, 400, 2000);
        let one = made(7);
        assert_eq!(one.len(), 400);
        assert_eq!(one, made(7));
        assert_ne!(one, made(8));
        let recovering = one.iter().filter(|kill| kill.when == When::Recovering).count();
        assert_eq!(recovering, 100);
        for who in [Who::Client, Who::Service(0), Who::Service(1)] {
            assert!(one.iter().filter(|kill| kill.who == who).count() > 50, "{who:?}");
        }
        let mut reached = 0;
        let mut before = None;
        for kill in &one {
            match kill.when {
                When::Executed(calls) => {
                    assert!(calls >= reached && calls < 2000);
                    reached = calls;
                }
                // Somebody recovers only after he was killed.
                When::Recovering => assert_eq!(before, Some(kill.who)),
            }
            before = Some(kill.who);
        }
    }

    #[test]
    fn only_those_are_killed_who_should_be() {
        let of = |victims| plan(&mut Random::new(1), victims, 1, 50, 100);
        assert!(of(Victims::Client).iter().all(|kill| kill.who == Who::Client));
        assert!(of(Victims::Service).iter().all(|kill| kill.who == Who::Service(0)));
    }
}
