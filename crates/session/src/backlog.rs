//! What an endpoint has to execute: the messages of its sessions, one after another in each (`ConcurrencyMode.Single`).
//!
//! The engine's shape is that of the others: [`Backlog::handle`], then drain [`Backlog::poll`]. A session that waits to be
//! accepted ([`Acceptance`](crate::Acceptance)) keeps its messages; one that was closed, which a one-way session may be
//! before its messages are executed, is gone only when they are: they were acknowledged.

use std::collections::{HashMap, VecDeque};

use waxwing_reliable::{MessageNumber, SessionId};

/// The messages that wait, by session.
#[derive(Debug)]
pub struct Backlog<M> {
    sessions: HashMap<SessionId, Queue<M>>,
    outputs: VecDeque<BacklogOutput<M>>,
}

#[derive(Debug)]
struct Queue<M> {
    is_accepted: bool,
    is_running: bool,
    is_closed: bool,
    messages: VecDeque<(MessageNumber, M)>,
}

/// What happened to a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BacklogInput<M> {
    /// It was created, and waits to be accepted.
    Created(SessionId),
    /// It was accepted.
    Accepted(SessionId),
    /// A message was delivered.
    Delivered {
        /// The session.
        session: SessionId,
        /// The message's number.
        number: MessageNumber,
        /// The message.
        message: M,
    },
    /// What was to be executed has been.
    Finished(SessionId),
    /// No more messages come; those that there are will be executed.
    Closed(SessionId),
    /// It has failed: its messages are not executed any more.
    Faulted(SessionId),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BacklogOutput<M> {
    /// Execute a message, then say [`BacklogInput::Finished`].
    Execute {
        /// The session.
        session: SessionId,
        /// The message's number.
        number: MessageNumber,
        /// The message.
        message: M,
    },
    /// Nothing is left of the session: its instance and its place are free. Last output of the session.
    Gone(SessionId),
}

impl<M> Default for Backlog<M> {
    fn default() -> Self {
        Self { sessions: HashMap::new(), outputs: VecDeque::new() }
    }
}

impl<M> Backlog<M> {
    /// Takes one input. Inputs for sessions that are gone are ignored.
    pub fn handle(&mut self, input: BacklogInput<M>) {
        let id = match input {
            BacklogInput::Created(id) => {
                let queue = Queue {
                    is_accepted: false,
                    is_running: false,
                    is_closed: false,
                    messages: VecDeque::new(),
                };
                self.sessions.entry(id).or_insert(queue);
                return;
            }
            BacklogInput::Faulted(id) => {
                if self.sessions.remove(&id).is_some() {
                    self.outputs.push_back(BacklogOutput::Gone(id));
                }
                return;
            }
            BacklogInput::Accepted(id) => self.change(id, |queue| queue.is_accepted = true),
            BacklogInput::Finished(id) => self.change(id, |queue| queue.is_running = false),
            BacklogInput::Closed(id) => self.change(id, |queue| queue.is_closed = true),
            BacklogInput::Delivered { session, number, message } => {
                self.change(session, |queue| queue.messages.push_back((number, message)))
            }
        };
        self.advance(id);
    }

    /// The next output.
    pub fn poll(&mut self) -> Option<BacklogOutput<M>> {
        self.outputs.pop_front()
    }

    /// The sessions that are not gone.
    pub fn sessions(&self) -> impl Iterator<Item = &SessionId> {
        self.sessions.keys()
    }

    /// How many sessions are not gone.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there is no session.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    fn change(&mut self, id: SessionId, change: impl FnOnce(&mut Queue<M>)) -> SessionId {
        if let Some(queue) = self.sessions.get_mut(&id) {
            change(queue);
        }
        id
    }

    /// Begins the next message of a session that is at rest, or ends the session.
    fn advance(&mut self, id: SessionId) {
        let Some(queue) = self.sessions.get_mut(&id).filter(|queue| !queue.is_running) else {
            return;
        };
        if queue.messages.is_empty() && queue.is_closed {
            self.sessions.remove(&id);
            self.outputs.push_back(BacklogOutput::Gone(id));
        } else if queue.is_accepted
            && let Some((number, message)) = queue.messages.pop_front()
        {
            queue.is_running = true;
            self.outputs.push_back(BacklogOutput::Execute { session: id, number, message });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use BacklogInput::{Accepted, Closed, Created, Delivered, Faulted, Finished};

    fn id(text: &str) -> SessionId {
        SessionId::new(text)
    }

    fn give(backlog: &mut Backlog<u32>, input: BacklogInput<u32>) -> Vec<BacklogOutput<u32>> {
        backlog.handle(input);
        std::iter::from_fn(|| backlog.poll()).collect()
    }

    fn message(number: u64) -> BacklogInput<u32> {
        Delivered { session: id("a"), number, message: 7 }
    }

    fn execute(number: u64) -> BacklogOutput<u32> {
        BacklogOutput::Execute { session: id("a"), number, message: 7 }
    }

    #[test]
    fn one_after_another_and_none_before_the_session_is_accepted() {
        let mut backlog = Backlog::default();
        assert!(give(&mut backlog, Created(id("a"))).is_empty());
        assert!(give(&mut backlog, message(1)).is_empty());
        assert!(give(&mut backlog, message(2)).is_empty());
        assert_eq!(give(&mut backlog, Accepted(id("a"))), [execute(1)]);
        assert!(give(&mut backlog, message(3)).is_empty());
        assert_eq!(give(&mut backlog, Finished(id("a"))), [execute(2)]);
        assert_eq!(give(&mut backlog, Faulted(id("a"))), [BacklogOutput::Gone(id("a"))]);
        assert!(give(&mut backlog, Finished(id("a"))).is_empty());
        assert!(backlog.is_empty());
    }

    #[test]
    fn a_closed_session_is_gone_when_its_messages_are_executed() {
        let mut backlog = Backlog::default();
        give(&mut backlog, Created(id("a")));
        give(&mut backlog, message(1));
        assert!(give(&mut backlog, Closed(id("a"))).is_empty(), "it waits");
        assert_eq!(give(&mut backlog, Accepted(id("a"))), [execute(1)]);
        assert_eq!(give(&mut backlog, Finished(id("a"))), [BacklogOutput::Gone(id("a"))]);
        give(&mut backlog, Created(id("b")));
        assert_eq!(give(&mut backlog, Closed(id("b"))), [BacklogOutput::Gone(id("b"))]);
    }
}
