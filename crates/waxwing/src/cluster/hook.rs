//! What a host and its cluster ask of each other.

use std::sync::Arc;

use waxwing_security::conversation::CookieKeys;
use waxwing_session::ClaimedNames;
use waxwing_store::{NodeAddress, StoreError};

use crate::future::BoxFuture;
use crate::net::{Incoming, Reply};

/// A request that came in at a node which does not have its session.
#[derive(Debug)]
pub(crate) struct Forwarded {
    /// The endpoint that it came to, by the name that all nodes know it by.
    pub(crate) endpoint: Arc<str>,
    /// The request as it came in: with the address of its sender, what the transport says of him, and whether it protected the
    /// message.
    pub(crate) incoming: Incoming,
}

/// Where a message of a negotiation goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// To this node.
    Here,
    /// To another one that lives.
    There(NodeAddress),
    /// To one that does not live: 503, and the client begins another negotiation.
    Nowhere,
}

/// The other nodes, as a host sees them.
pub(crate) trait Cluster: Send + Sync + 'static {
    /// Which node goes on with a message of a negotiation (by its `Context`), or one that begins a session with a negotiated token
    /// (by the node that its identifier names). Asked under no lock, for messages that no other node has forwarded.
    fn place(&self, names: &ClaimedNames) -> Placement;

    /// Hands a request to another node, and gives its answer. None: it cannot be reached, or did not answer in time; what became
    /// of the request is not known.
    fn forward<'a>(
        &'a self,
        to: &'a NodeAddress,
        request: Forwarded,
    ) -> BoxFuture<'a, Option<Reply>>;

    /// The keys that every node has: what one of them hands to a client sealed, another one opens.
    fn cookie_keys(&self) -> CookieKeys;

    /// What the security contexts of this node say to a load balancer: its name. None: they say nothing.
    fn mark(&self) -> Option<&str>;

    /// The most octets of a message that is handed to another node.
    fn max_message(&self) -> usize;

    /// Another node, for what this one begins no more: the same for everything with one name. None while there is no other that
    /// takes it.
    fn elsewhere(&self, name: &str) -> Option<NodeAddress>;

    /// This node is about to leave: the others send it nothing new.
    fn drain(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// This node leaves: what it has may be claimed at once.
    fn leave(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// The host is open: requests from other nodes go to it from now on, until it is dropped or [closed](Self::close).
    fn open(&self, inbound: Arc<dyn Inbound>);

    /// Takes no more requests from other nodes, and waits for those under way.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// A host, as other nodes see it.
pub(crate) trait Inbound: Send + Sync {
    /// Answers a request that another node has forwarded. It is not forwarded again: one that belongs to a third node by now is
    /// answered 503.
    fn receive(self: Arc<Self>, request: Forwarded) -> BoxFuture<'static, Reply>;
}
