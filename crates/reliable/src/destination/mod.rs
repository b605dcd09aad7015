//! The destination of a sequence: what receives one (WS-RM 2005 §2, 1.1 §2).
//!
//! [`Received`] has the numbers that came and acknowledges them.

mod received;

pub(crate) use self::received::Received;
