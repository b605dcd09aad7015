//! Request/reply: two sequences, of which the service's goes out in the answers of the client's exchanges.
//!
//! The client's end is a source and what is [received](crate::destination::Received) of replies; [`client`] says what an
//! answer completes. The service's end is a destination and the [`Replies`], a source without window and timer: what
//! was not acknowledged is sent again when the request is.

pub(crate) mod client;
mod service;

pub(crate) use self::service::{Answer, Done, Held, Repeat, Replies};
