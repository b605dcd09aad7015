//! What a durable service answers at each step while it is not sure, as seen on the wire: 503 with nothing in it, or a closed
//! connection. Anything else kills or poisons the session of an unmodified WCF client.
//!
//! `scene`: a service, and a tap before it that does something to it at a step. `steps`: every step. `room`: more sessions than may
//! wait. `replies`: their numbers. `unknown`: names that nobody knows.

#![allow(clippy::disallowed_methods, missing_docs, unreachable_pub)]

#[path = "../common/mod.rs"]
mod common;
mod replies;
mod room;
mod scene;
mod steps;
mod unknown;
