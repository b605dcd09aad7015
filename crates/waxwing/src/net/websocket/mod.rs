//! WebSockets as WCF uses them (RFC 6455): what the handshake must say, and the link that frames are. Connections are the
//! business of HTTP.

mod frames;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod handshake;
mod metered;

pub(super) use self::frames::{Shared, Terms, link};
pub(super) use self::handshake::{accepted, is_asked, judge, key, request_headers};
pub(super) use self::metered::{Meter, Metered};

#[cfg(test)]
mod tests;
