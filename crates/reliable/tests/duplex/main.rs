//! Duplex sessions: what WCF recorded, and what may go wrong.
#![allow(unreachable_pub, reason = "a test")]

mod any_inputs;
#[path = "../common/mod.rs"]
mod common;
mod ends;
mod harness;
mod hostile;
mod links;
mod opening;
mod recorded;
#[allow(dead_code, reason = "a fuzz target")]
#[path = "../../../../fuzz/src/reliable_duplex.rs"]
mod reliable_duplex;
mod replay;
mod sending;
mod service;
#[allow(dead_code, reason = "a fuzz target")]
#[path = "../../../../fuzz/src/steps.rs"]
mod steps;
mod written;
