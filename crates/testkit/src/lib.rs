//! What waxwing's tests and demonstration share.
//!
//! Nothing here is waxwing's own: a test that speaks to waxwing through these peers does not speak to itself.
//!
//! * [`authority`]: certificates, revocation lists and OCSP answers, sound or not;
//! * [`http`]: a client that posts whatever it is given, and a server that answers as it is told;
//! * [`lossy_link`]: a link that loses messages by a seed;
//! * [`tls_link`]: the same below TLS, where only connections can be cut;
//! * [`proxy`]: an HTTP proxy that says what it was asked;
//! * [`config`]: configuration files that WCF loads;
//! * [`metadata`]: WSDL, schemas and policies of WCF and of everybody else.

// Sockets are what these peers are for.
#![allow(clippy::disallowed_methods)]

pub mod authority;
pub mod config;
pub mod http;
pub mod lossy_link;
pub mod metadata;
pub mod proxy;
pub mod tls_link;
