//! The shapes of sessions: how a source and a destination work together at either end.
//!
//! * [`request_reply`]: the service's sequence goes out in the answers of the client's exchanges.
//! * [`one_way`]: there is one sequence, and its acknowledgements are the answers.

mod kind;
#[cfg(test)]
mod link_test;
pub(crate) mod one_way;
pub(crate) mod request_reply;
mod waiter;

pub use self::kind::Shape;
pub(crate) use self::waiter::{Waiter, Waiters};
