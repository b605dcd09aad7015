//! Conversations over links: both ends, the captures of WCF in both roles, the rules of correlation one by one, and many
//! conversations in virtual time.
#![allow(unreachable_pub, clippy::disallowed_methods, reason = "a test")]

mod any_inputs;
#[cfg(feature = "mutations")]
#[path = "../common/broken.rs"]
mod broken;
mod captured;
mod kit;
mod posted;
mod protected;
#[path = "../../../reliable/tests/simulator/random.rs"]
mod random;
mod recorded;
mod reliable;
mod replay;
mod replay_reliable;
mod replay_secured;
mod rules;
mod secured;
mod secured_alone;
mod secured_rules;
#[allow(dead_code, reason = "a fuzz target")]
#[path = "../../../../fuzz/src/session_duplex.rs"]
mod session_duplex;
mod simulation;
#[allow(dead_code, reason = "a fuzz target")]
#[path = "../../../../fuzz/src/steps.rs"]
mod steps;
