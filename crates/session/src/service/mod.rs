//! The service's end: what becomes of one message that came in, and of the answer to it.
//!
//! [`ServiceEndpoint`] has no state of its own but that of its security, which has locks for each session; it is
//! shared by all threads. The sequences are in a [`Listener`](waxwing_reliable::Listener), which the owner guards.

mod answer;
mod endpoint;
mod faults;
mod hints;

pub use answer::{Encoded, ReplyTo, ServiceAnswer};
pub(crate) use endpoint::is_understood;
pub use endpoint::{Arrival, ArrivedMessage, ServiceEndpoint, ServiceSettings};
