//! The requests of one end of a conversation that are not answered yet: which message is the reply to which.

use std::collections::VecDeque;
use std::hash::Hash;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::mutation::{Mutation, broken};

/// How many requests wait at a time in one direction of a conversation: far more than anybody has under way, and some MB.
const MOST: usize = 65_536;

/// Of how many requests whose time was over it is remembered that a reply may still come. The reply to an older one is taken
/// for a request, and refused as one.
const MOST_LATE: usize = 1024;

/// Requests that wait for their replies, by their `MessageID`. `C` is what the owner calls them by.
#[derive(Debug)]
pub(crate) struct Outstanding<C> {
    /// By names that this end has made, of random identifiers. None: nobody waits any more, and the reply is dropped when it
    /// comes.
    requests: FxHashMap<Arc<str>, Option<C>>,
    /// Those that wait, by the owner's names.
    waiting: FxHashMap<C, Arc<str>>,
    /// Those that are late, the oldest first. May hold some whose replies have come.
    late: VecDeque<Arc<str>>,
}

/// What a message that came in is to the requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Related<C> {
    /// The reply to this one, which waits no more.
    Reply(C),
    /// The reply to one whose time was over.
    Late,
    /// None of them: a request.
    No,
}

/// No further request can wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany;

impl TooMany {
    pub(crate) const WORDS: &'static str = "65,536 calls of this session wait for their replies: no further one is sent before one of them has ended";
}

impl<C> Default for Outstanding<C> {
    fn default() -> Self {
        Self {
            requests: FxHashMap::default(),
            waiting: FxHashMap::default(),
            late: VecDeque::new(),
        }
    }
}

impl<C: Copy + Ord + Hash> Outstanding<C> {
    /// A request is about to be sent.
    ///
    /// # Errors
    /// As many as may wait do.
    pub(crate) fn insert(&mut self, message_id: &str, call: C) -> Result<(), TooMany> {
        if self.waiting.len() >= MOST {
            return Err(TooMany);
        }
        let message_id: Arc<str> = message_id.into();
        self.requests.insert(Arc::clone(&message_id), Some(call));
        self.waiting.insert(call, message_id);
        Ok(())
    }

    /// What a message with this `RelatesTo` is; its request waits no more.
    pub(crate) fn take(&mut self, relates_to: Option<&str>) -> Related<C> {
        if broken(Mutation::TakeAnyReply) && relates_to.is_some() {
            return self.first().map_or(Related::No, Related::Reply);
        }
        let found = relates_to.and_then(|id| self.requests.remove(id));
        match found {
            Some(Some(call)) => {
                self.waiting.remove(&call);
                Related::Reply(call)
            }
            Some(None) => Related::Late,
            None => Related::No,
        }
    }

    fn first(&mut self) -> Option<C> {
        let call = self.waiting.keys().min().copied()?;
        let id = self.waiting.remove(&call)?;
        self.requests.remove(&id);
        Some(call)
    }

    /// Nobody waits for the reply of this one any more; it may still come. Gives whether it was waited for.
    pub(crate) fn give_up(&mut self, call: C) -> bool {
        let Some(id) = self.waiting.remove(&call) else { return false };
        if broken(Mutation::ForgetLate) {
            self.requests.remove(&id);
            return true;
        }
        while self.late.len() >= MOST_LATE {
            if let Some(oldest) = self.late.pop_front()
                && matches!(self.requests.get(&oldest), Some(None))
            {
                self.requests.remove(&oldest);
            }
        }
        self.requests.insert(Arc::clone(&id), None);
        self.late.push_back(id);
        true
    }

    /// No reply comes any more: gives those that wait, in the order of their names.
    pub(crate) fn drain(&mut self) -> Vec<C> {
        self.requests.clear();
        self.late.clear();
        let mut waited: Vec<C> = std::mem::take(&mut self.waiting).into_keys().collect();
        waited.sort_unstable();
        waited
    }

    /// Whether this one waits.
    pub(crate) fn waits(&self, call: C) -> bool {
        self.waiting.contains_key(&call)
    }

    /// Whether none waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_finds_its_request_once() {
        let mut outstanding = Outstanding::default();
        outstanding.insert("urn:1", 1).unwrap();
        outstanding.insert("urn:2", 2).unwrap();
        assert_eq!(outstanding.take(Some("urn:2")), Related::Reply(2));
        assert_eq!(outstanding.take(Some("urn:2")), Related::No, "answered already");
        assert_eq!(outstanding.take(Some("urn:3")), Related::No);
        assert_eq!(outstanding.take(None), Related::No);
        assert_eq!(outstanding.drain(), vec![1]);
        assert_eq!(outstanding.take(Some("urn:1")), Related::No, "nothing comes any more");
    }

    #[test]
    fn a_late_reply_is_known_as_one() {
        let mut outstanding = Outstanding::default();
        outstanding.insert("urn:1", 1).unwrap();
        assert!(outstanding.give_up(1) && !outstanding.give_up(1));
        assert!(outstanding.is_empty());
        assert_eq!(outstanding.take(Some("urn:1")), Related::Late);
        assert_eq!(outstanding.take(Some("urn:1")), Related::No);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut outstanding = Outstanding::default();
        for call in 0..3 * MOST_LATE {
            outstanding.insert(&format!("urn:{call}"), call).unwrap();
            outstanding.give_up(call);
        }
        assert!(outstanding.requests.len() <= MOST_LATE && outstanding.late.len() <= MOST_LATE);
        assert_eq!(outstanding.take(Some("urn:0")), Related::No, "too long ago");
        assert_eq!(outstanding.take(Some(&format!("urn:{}", 3 * MOST_LATE - 1))), Related::Late);
        for call in 0..MOST {
            outstanding.insert(&format!("urn:x{call}"), call).unwrap();
        }
        assert_eq!(outstanding.insert("urn:y", MOST), Err(TooMany));
    }
}
