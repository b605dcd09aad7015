//! Composite duplex (wsDualHttpBinding) at a service: messages come in by themselves and are answered with 202 at once; what
//! the service says is posted to where its clients listen.
//!
//! `take` takes what comes in, `hosts` says where clients may listen, `post` is the task that posts to one client, `outward` the way out: proxies, and how many
//! connections there may be.

pub(in crate::service) mod outward;
pub(super) mod post;
mod take;
