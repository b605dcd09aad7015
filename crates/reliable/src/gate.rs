//! What waits until something is durable (the barrier of a session).

use std::collections::VecDeque;

use crate::saved::Ticket;

/// The outputs of one session that come after a `Persist`. They pass in their order, each when whatever was to be made
/// durable before it is.
#[derive(Debug)]
pub(crate) struct Gate<O> {
    /// The last `Persist` that is under way. None: the gate is open.
    awaited: Option<Ticket>,
    /// What each waits for. In ascending order of the tickets.
    waiting: VecDeque<(Ticket, O)>,
}

impl<O> Default for Gate<O> {
    fn default() -> Self {
        Self { awaited: None, waiting: VecDeque::new() }
    }
}

impl<O> Gate<O> {
    /// Whether everything passes at once.
    pub(crate) fn is_open(&self) -> bool {
        self.awaited.is_none()
    }

    /// Whatever comes from now on waits for this one too.
    pub(crate) fn close(&mut self, ticket: Ticket) {
        self.awaited = Some(ticket);
    }

    /// An output that comes now. Some: it may pass.
    pub(crate) fn pass(&mut self, output: O) -> Option<O> {
        match self.awaited {
            None => Some(output),
            Some(ticket) => {
                self.waiting.push_back((ticket, output));
                None
            }
        }
    }

    /// This one is durable, and so are those before it: the next that may pass now. A ticket that was never given, or
    /// before the last restoration, opens nothing.
    pub(crate) fn durable(&mut self, ticket: Ticket) -> Option<O> {
        let awaited = self.awaited.filter(|awaited| ticket <= *awaited)?;
        if self.waiting.front().is_some_and(|(of, _)| *of <= ticket) {
            return self.waiting.pop_front().map(|(_, output)| output);
        }
        if ticket == awaited {
            self.awaited = None;
        }
        None
    }

    /// Everything that waits, when nothing is certain any more.
    pub(crate) fn into_waiting(self) -> impl Iterator<Item = O> {
        self.waiting.into_iter().map(|(_, output)| output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(gate: &mut Gate<u32>, ticket: u64) -> Vec<u32> {
        std::iter::from_fn(|| gate.durable(Ticket(ticket))).collect()
    }

    #[test]
    fn each_waits_for_what_came_before_it_and_for_no_more() {
        let mut gate = Gate::default();
        assert_eq!(gate.pass(0), Some(0));
        gate.close(Ticket(4));
        assert_eq!((gate.pass(1), gate.pass(2)), (None, None));
        gate.close(Ticket(7));
        assert_eq!(gate.pass(3), None);
        assert_eq!((open(&mut gate, 3), open(&mut gate, 8)), (vec![], vec![]));
        assert_eq!(open(&mut gate, 4), [1, 2]);
        assert!(!gate.is_open());
        assert_eq!(gate.pass(4), None);
        assert_eq!(open(&mut gate, 7), [3, 4]);
        assert!(gate.is_open());
        assert_eq!(gate.pass(5), Some(5));
        assert_eq!(open(&mut gate, 7), []);
    }

    #[test]
    fn a_later_one_that_is_durable_says_the_same_of_those_before_it() {
        let mut gate = Gate::default();
        gate.close(Ticket(1));
        assert_eq!(gate.pass(1), None);
        gate.close(Ticket(2));
        assert_eq!(gate.pass(2), None);
        assert_eq!(open(&mut gate, 2), [1, 2]);
        assert!(gate.is_open());
    }
}
