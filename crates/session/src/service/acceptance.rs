//! Who has one of a number of places, and who waits for one: in the order in which they came.
//!
//! Pure, and without time: what ends a wait is for the owner.

use std::collections::VecDeque;
use std::hash::Hash;

use rustc_hash::FxHashMap;

/// Those who have a place and those who wait, by names that are the owner's: nobody else chooses them.
#[derive(Debug)]
pub(super) struct Acceptance<K> {
    most: usize,
    accepted: usize,
    sessions: FxHashMap<K, Standing>,
    /// May hold names of sessions that have ended or were accepted; they are passed over.
    queue: VecDeque<(u64, K)>,
    tickets: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Accepted,
    /// With the number of its entry in the queue.
    Waiting(u64),
}

impl<K: Hash + Eq + Clone> Acceptance<K> {
    /// Nobody; at most `most` are accepted at a time (at least one).
    pub(super) fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            accepted: 0,
            sessions: FxHashMap::default(),
            queue: VecDeque::new(),
            tickets: 0,
        }
    }

    /// One more comes. Gives whether it is accepted at once; otherwise it waits.
    pub(super) fn created(&mut self, session: K) -> bool {
        if let Some(standing) = self.sessions.get(&session) {
            return *standing == Standing::Accepted;
        }
        let accepted = self.accepted < self.most;
        if accepted {
            self.accepted += 1;
            self.sessions.insert(session, Standing::Accepted);
        } else {
            self.tickets += 1;
            self.queue.push_back((self.tickets, session.clone()));
            self.sessions.insert(session, Standing::Waiting(self.tickets));
        }
        accepted
    }

    /// One goes, accepted or not. Gives the one that takes its place.
    pub(super) fn ended(&mut self, session: &K) -> Option<K> {
        match self.sessions.remove(session)? {
            Standing::Accepted => self.accepted -= 1,
            Standing::Waiting(_) => {
                self.forget_gone();
                return None;
            }
        }
        while let Some((ticket, next)) = self.queue.pop_front() {
            if let Some(standing) = self.sessions.get_mut(&next)
                && *standing == Standing::Waiting(ticket)
            {
                *standing = Standing::Accepted;
                self.accepted += 1;
                return Some(next);
            }
        }
        None
    }

    /// Whether one is accepted or waits.
    pub(super) fn contains(&self, name: &K) -> bool {
        self.sessions.contains_key(name)
    }

    /// How many are accepted.
    pub(super) fn accepted(&self) -> usize {
        self.accepted
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.sessions.len() - self.accepted
    }

    /// The queue holds at most as many names of sessions that are gone as of sessions that wait.
    fn forget_gone(&mut self) {
        if self.queue.len() > 2 * self.waiting() + 8 {
            let sessions = &self.sessions;
            let waits = |(ticket, session): &(u64, K)| {
                sessions.get(session) == Some(&Standing::Waiting(*ticket))
            };
            self.queue.retain(waits);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    #[test]
    fn sessions_wait_in_order() {
        let mut acceptance = Acceptance::new(1);
        assert!(acceptance.created("a"));
        assert!(!acceptance.created("b") && !acceptance.created("c") && !acceptance.created("b"));
        assert_eq!(acceptance.ended(&"b"), None, "one that waits leaves the queue");
        assert_eq!(acceptance.ended(&"a"), Some("c"));
        assert_eq!((acceptance.accepted(), acceptance.waiting()), (1, 0));
        assert_eq!(acceptance.ended(&"c"), None);
        assert_eq!(acceptance.ended(&"c"), None);
        assert!(acceptance.created("b"), "a name may be used again");
    }

    proptest! {
        /// Against the obvious model: a list of those accepted, a list of those that wait.
        #[test]
        fn as_two_lists(most in 1usize..5, steps in prop::collection::vec((any::<bool>(), 0u8..12), 0..400)) {
            let mut acceptance = Acceptance::new(most);
            let (mut accepted, mut waiting) = (Vec::new(), VecDeque::new());
            for (create, name) in steps {
                let known = accepted.contains(&name) || waiting.contains(&name);
                if create {
                    let at_once = acceptance.created(name);
                    if !known && accepted.len() < most {
                        accepted.push(name);
                    } else if !known {
                        waiting.push_back(name);
                    }
                    prop_assert_eq!(at_once, accepted.contains(&name));
                } else {
                    let next = acceptance.ended(&name);
                    waiting.retain(|other| *other != name);
                    let mut expected = None;
                    if let Some(at) = accepted.iter().position(|other| *other == name) {
                        accepted.remove(at);
                        expected = waiting.pop_front();
                        accepted.extend(expected);
                    }
                    prop_assert_eq!(next, expected);
                }
                prop_assert_eq!(acceptance.accepted(), accepted.len());
                prop_assert_eq!(acceptance.waiting(), waiting.len());
                prop_assert!(acceptance.queue.len() <= 2 * waiting.len() + 9, "no leftovers");
            }
        }
    }
}
