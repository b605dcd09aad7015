//! What waxwing's tests and demonstration share.
//!
//! Nothing here is waxwing's own: a test that speaks to waxwing through these peers does not speak to itself.
//!
//! * [`authority`]: certificates, revocation lists and OCSP answers, sound or not;
//! * [`http`]: a client that posts whatever it is given, and a server that answers as it is told;
//! * [`lossy_link`]: a link that loses messages by a seed;
//! * [`tls_link`]: the same below TLS, where only connections can be cut;
//! * [`proxy`]: an HTTP proxy that says what it was asked;
//! * [`partition`]: a link that can be cut as a network is;
//! * [`ports`]: ports for those who end and come back;
//! * [`postgres`]: a PostgreSQL of one's own, where it is installed;
//! * [`steps`]: which step of a session a message is, told from outside;
//! * [`killer`]: a link that kills a process at a step, and starts it again;
//! * [`balancer`]: a link that gives each request to any of several nodes;
//! * [`config`]: configuration files that WCF loads;
//! * [`generated`]: a crate made by a test, and built;
//! * [`metadata`]: WSDL, schemas and policies of WCF and of everybody else.

// Sockets are what these peers are for.
#![allow(clippy::disallowed_methods)]

pub mod authority;
pub mod balancer;
pub mod config;
pub mod generated;
pub mod http;
pub mod killer;
pub mod lossy_link;
pub mod metadata;
pub mod partition;
pub mod ports;
pub mod postgres;
pub mod proxy;
mod relays;
pub mod steps;
pub mod tcp_link;
pub mod tls_link;
pub mod waiting;
