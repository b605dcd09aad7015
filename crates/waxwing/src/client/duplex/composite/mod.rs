//! Composite duplex (wsDualHttpBinding) at a client: it posts its messages, and listens for those of the service.
//!
//! `place` is where the channels of a factory are called back and how that address comes about, `listener` hears what comes
//! there and gives it to the channel that it is for, `run` is the task of one channel, `post` posts one message.

mod listener;
pub(in crate::client) mod place;
mod post;
pub(super) mod run;
