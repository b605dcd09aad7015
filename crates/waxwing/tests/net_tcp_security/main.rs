//! netTcpBinding with message security: secure conversation over net.tcp (`Message`), and with a message credential inside TLS
//! (`TransportWithMessageCredential`). Each credential, negotiated and not, with and without reliable session, with callbacks.
#![allow(clippy::disallowed_methods, missing_docs, unreachable_pub, reason = "a test")]

mod alone;
mod attacks;
mod callbacks;
mod check;
mod combinations;
#[path = "../common/mod.rs"]
mod common;
mod cut;
mod encodings;
mod kit;
mod refused;
mod traces;
