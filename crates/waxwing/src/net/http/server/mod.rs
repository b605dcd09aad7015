//! The server half: an accept loop of its own over `hyper`, with limits and graceful shutdown.
//!
//! `accept` takes connections, `secure` shakes hands where there is TLS, `limits` says what a peer may take, who makes way when there is no room is
//! `places` of the parent module, `exchange` answers one request (`streamed` while it comes, `held_back` before), `listener` is HTTP as a host knows it.

mod accept;
mod answer_body;
mod exchange;
mod held_back;
mod limits;
mod listener;
mod secure;
mod streamed;
mod upgrade;
mod watched;

pub use self::limits::HttpLimits;
pub(crate) use self::listener::HttpListener;
