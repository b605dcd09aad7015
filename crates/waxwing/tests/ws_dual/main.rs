//! wsDualHttpBinding over loopback: calls, callbacks, both ends close, losses, clients that go away.

#![allow(clippy::disallowed_methods, missing_docs, unreachable_pub, reason = "a test")]

mod attacks;
#[path = "../common/mod.rs"]
mod common;
mod kit;
mod plain;
mod secure;
