//! A service under attack: it runs in a process of its own, whose memory is watched, and an honest client calls beside.
//!
//! Each attack lasts seconds and stays on the loopback. What is asserted: the honest client got every answer, and the
//! memory of the service grew by less than what can be computed from its limits. Times and rates are printed only:
//! `cargo test -p waxwing --test load -- --nocapture`.

#![allow(clippy::disallowed_methods, missing_docs, unreachable_pub)]
#![cfg(target_os = "linux")]

mod attack;
mod bodies;
mod heads;
mod honest;
mod service;
mod sessions;

/// The limits of the service under attack: small, so that an attack is, too.
const MAX_CONNECTIONS: usize = 120;
const MAX_BUFFERED: usize = 4 << 20;
const MAX_MESSAGE: usize = 1 << 20;
const MAX_SESSIONS: usize = 40;

/// What the allocator, the runtime and the honest client's own calls may take whatever the attack.
const SLACK: usize = 12 << 20;

/// One attack at a time: they share the machine.
static ONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The process under attack. As a test it does nothing.
#[test]
fn service_process() {
    service::run_if_asked();
}
