//! What an outbox decides, without IO: inputs in, outputs out, and when to come again.
//!
//! `api` is the shape, `entry` one call, `clock` how late it is, `told` what is watched, `state` what is known, `effect` what is being made durable. What becomes of an input is told by subject: `asks` (questions of the
//! application), `commit` (what the store says), `session` (what happens to the session), `doubt` (what the service has forgotten),
//! `advance` (what is to be done next).
//!
//! **What it relies on.** Commits are done in the order in which they are asked for. A session of the engine below says
//! `Persist` before it sends a number for the first time, so a call that no durable state gives a number was never sent. The
//! reply of a call and the session that has received it are made durable at once; only then is the reply acknowledged. So a
//! crash at any place leaves a state from which the same numbers are sent again.

mod advance;
mod api;
mod asks;
mod clock;
mod commit;
mod doubt;
mod effect;
mod entry;
mod session;
mod state;
mod told;

#[cfg(test)]
mod tests;

pub(crate) use api::{
    Ask, Change, CommitId, Ending, Input, LONGEST_KEY, NewCall, News, Output, Part, Place, Refusal,
    SessionNumber, Settings, StateNow, Stored, Told, Verdict, is_key,
};
pub use entry::CallState;
pub(crate) use entry::{Entry, UnderWay, millis};
pub(crate) use state::{Engine, Kept, Summary};
pub use told::OutboxEvent;
