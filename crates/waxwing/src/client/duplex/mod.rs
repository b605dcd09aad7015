//! Channels over links (net.tcp): each link has one task, which dials it, writes what the session hands out and reads what
//! comes, and ends with it. The session decides about everything else.
//!
//! `demand` does what the session wants of a link, `link` is the task of one, `attached` what the channel knows of them,
//! `callbacks` executes what the service calls, `reentrance` lets others run while one calls the service, `exchange` makes exchanges of links, for the handshakes of message security;
//! `composite` is what there is instead where messages are posted both ways.

pub(super) mod attached;
mod callbacks;
pub(super) mod composite;
mod demand;
pub(super) mod exchange;
mod link;
pub(super) mod parts;
pub(super) mod reentrance;
