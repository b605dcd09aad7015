//! net.tcp: links over TCP with message framing (MC-NMF), as WCF's netTcpBinding has them.
//!
//! `socket` is a connection, which outlives the sessions on it; `line`, `input` and `output` are the link that a session is;
//! `dialer` and `pool` are the client's end, `listener`, `port`, `opening` and `offered` the service's. What the octets mean is
//! the business of `waxwing_soap::framing`.

mod client_tls;
mod dialer;
mod failure;
mod farewell;
mod input;
mod limits;
mod line;
mod listener;
mod offered;
mod opening;
mod output;
mod pool;
mod port;
mod socket;

pub(crate) use self::client_tls::TcpTls;
pub(crate) use self::dialer::TcpDialer;
pub use self::limits::{TcpLimits, TcpPoolSettings};
pub(crate) use self::listener::TcpListener;
pub(crate) use self::pool::TcpPool;

#[cfg(test)]
mod tests;
