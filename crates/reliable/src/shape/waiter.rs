//! Exchanges that wait for their answer, in the shapes that answer exchanges.

use smallvec::SmallVec;

use crate::names::{ExchangeId, Identifier};

/// The most exchanges that are held for one message. An honest initiator repeats it no more often than
/// MaxRetryCount says; who does is answered with nothing and may come again.
const MAX_HELD: usize = 64;

/// An exchange that waits for its answer.
#[derive(Clone, Debug)]
pub(crate) struct Waiter {
    pub(crate) exchange: ExchangeId,
    /// `MessageID` of the request, which a fault or a response relates to.
    pub(crate) message_id: Option<Identifier>,
}

/// The exchanges that wait for one answer.
#[derive(Debug, Default)]
pub(crate) struct Waiters(SmallVec<[Waiter; 1]>);

impl Waiters {
    pub(crate) fn of(waiter: Waiter) -> Self {
        Self([waiter].into_iter().collect())
    }

    /// One more waits. Returned when there are too many.
    pub(crate) fn hold(&mut self, waiter: Waiter) -> Result<(), Waiter> {
        if self.0.len() >= MAX_HELD {
            return Err(waiter);
        }
        self.0.push(waiter);
        Ok(())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Waiter> {
        self.0.iter()
    }
}
