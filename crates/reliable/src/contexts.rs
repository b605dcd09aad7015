//! Which sessions are bound to which secured context: mostly one to each.

use std::collections::BTreeSet;

use crate::names::{ContextTag, SessionId};

/// Sessions by their contexts. Whoever asks for those of one makes nobody look at the others: each end of a context asks, and so
/// does every fault that names no sequence.
#[derive(Debug, Default)]
pub(crate) struct Contexts(BTreeSet<(ContextTag, SessionId)>);

impl Contexts {
    /// A session begins. Without a context it is bound to none.
    pub(crate) fn bind(&mut self, tag: Option<&ContextTag>, session: &SessionId) {
        if let Some(tag) = tag {
            self.0.insert((tag.clone(), session.clone()));
        }
    }

    /// A session is over.
    pub(crate) fn release(&mut self, tag: Option<&ContextTag>, session: &SessionId) {
        if let Some(tag) = tag {
            self.0.remove(&(tag.clone(), session.clone()));
        }
    }

    /// The sessions of a context, in the order of their names.
    pub(crate) fn bound_to(&self, tag: Option<&ContextTag>) -> Vec<SessionId> {
        let Some(tag) = tag else { return Vec::new() };
        let first = (tag.clone(), SessionId::new(""));
        let own = self.0.range(first..).take_while(|(bound, _)| bound == tag);
        own.map(|(_, session)| session.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_sessions_of_a_context_are_given_in_their_order_until_they_are_over() {
        let name = |name: &str| SessionId::new(name);
        let mut contexts = Contexts::default();
        for (tag, session) in [("b", "2"), ("a", "1"), ("b", "1"), ("bb", "3"), ("b", "")] {
            contexts.bind(Some(&name(tag)), &name(session));
        }
        contexts.bind(None, &name("4"));
        let bound = |contexts: &Contexts, tag: &str| contexts.bound_to(Some(&name(tag)));
        assert_eq!(bound(&contexts, "b"), ["", "1", "2"].map(name));
        assert_eq!(bound(&contexts, "a"), [name("1")]);
        assert_eq!(bound(&contexts, "c"), []);
        assert_eq!(contexts.bound_to(None), []);
        contexts.release(Some(&name("b")), &name("1"));
        contexts.release(None, &name("2"));
        assert_eq!(bound(&contexts, "b"), ["", "2"].map(name));
    }
}
