//! WS-Security, WS-Trust, WS-SecureConversation and TLS negotiation, client and service.
//!
//! The crate has two halves. [`wsse`] writes and reads the Security header of one message, given its
//! keys: what is signed and encrypted and by which token. On it stand the protocols that establish
//! those keys: trust messages, bootstraps and security context sessions.
//!
//! Everything here is pure: the time, randomness and identifiers come in with the call.

pub mod error;
pub mod protection;
// pub mod wsse; (compiles once the soap and crypto crates have their skeletons)

pub use error::{Reason, Result, SecurityError, SecurityFault};
pub use protection::{Direction, MessageProtection, ProtectionLevel, ProtectionRequirements};
