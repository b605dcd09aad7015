//! The known pitfalls of WCF's reliable sessions, each with the test that it asks for. The numbers are those of
//! the project's list of wire facts.
//!
//! Not here, because this layer has no part in them: 24 to 26 (reconnecting TCP), 28 (what is signed), 31
//! (callback addresses), 33 (HTTP content types), 38 (policy).
#![allow(unreachable_pub, reason = "a test")]

mod answers;
mod client;
mod durable_client;
mod durable_service;
mod ends;
mod grammar;
mod harness;
mod hostile;
mod idle;
mod liberal;
mod line;
#[path = "../common/names.rs"]
mod names;
mod promises;
mod renewal;
mod saved;
mod service;
mod timing;
