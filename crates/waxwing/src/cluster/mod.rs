//! Nodes that share a store: any of them may be asked, and a message that belongs to another one is handed to it.
//!
//! A host asks its `Cluster` where a message of a negotiation goes, and gives it requests for sessions that another node has.
//! What comes from other nodes the cluster gives to the host by `Inbound`.
//!
//! * [`NodeOptions`]: how a node is set up. `node`: it listens for the others, and hands requests to them by `link`, written as
//!   `wire` says, over TLS with those whom `trust` lets in.
//! * `membership`: who lives, by the store; `rendezvous`: which of them works on what no store knows (legs of negotiations).
//!
//! A request is handed on once: what comes from another node and belongs to a third one by now is answered 503, and the client
//! comes again. Nothing here decides what is written: that is the business of the store's epochs.

mod configured;
mod hook;
mod link;
mod membership;
mod node;
mod options;
mod rendezvous;
#[cfg(test)]
mod tests;
mod trust;
mod wire;

pub(crate) use hook::{Cluster, Forwarded, Inbound, Placement};
pub(crate) use node::Node;
pub use options::{NodeError, NodeOptions};
