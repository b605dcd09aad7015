//! Sessions that outlive the process: the service is killed, its store is down, another node has its sessions, and its client never
//! notices.

#![allow(clippy::disallowed_methods, clippy::result_large_err, missing_docs, unreachable_pub)]

mod delivery;
mod described;
mod kit;
mod outbox;
mod patience;
#[cfg(feature = "sqlite")]
mod recovery;
mod restart;
mod strangers;
