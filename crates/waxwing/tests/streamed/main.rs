//! Streams (`transferMode`): over net.tcp, and in exchanges of HTTP.

#![allow(clippy::disallowed_methods, missing_docs, unreachable_pub, reason = "a test")]

#[path = "../common/mod.rs"]
mod common;
mod credential;
mod http;
mod kit;
mod silence;
mod tcp;
