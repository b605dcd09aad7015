//! WS-Security, WS-Trust, WS-SecureConversation and TLS negotiation, client and service.
//!
//! The crate has two halves. [`wsse`] writes and reads the Security header of one message, given its
//! keys: what is signed and encrypted and by which token. On it stand the protocols that establish
//! those keys: trust messages, bootstraps and security context sessions.
//!
//! Everything here is pure: the time, randomness and identifiers come in with the call.

pub mod conversation;
mod crowd;
pub mod delivery;
pub mod error;
#[cfg_attr(not(feature = "mutations"), allow(unreachable_pub, dead_code, reason = "test hooks"))]
mod mutation;
pub mod negotiation;
pub mod protection;
pub mod trust;
pub mod wsse;

pub use delivery::{Delivery, Link, PeerTag};
pub use error::{CookieProblem, Reason, Result, SecurityError, SecurityFault, Staleness};
#[cfg(feature = "mutations")]
pub use mutation::{Mutation, break_rule};
pub use protection::{Direction, MessageProtection, ProtectionLevel, ProtectionRequirements};
pub use waxwing_crypto::AlgorithmSuite;
