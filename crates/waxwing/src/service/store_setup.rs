//! Where a host keeps its sessions, as it is set up and opened.

use std::sync::Arc;

use super::durable::Keeper;
use super::error::{HostError, incomplete};
use super::host::Kept;
use crate::cluster::{Cluster, Node, NodeOptions};
use crate::store::{Configured, NodeName, Store};

/// How often a message may have been begun when the process died, before it is given up.
const MAX_ATTEMPTS: u32 = 5;

/// Where a host keeps its sessions, as it was set up.
#[derive(Default)]
pub(super) struct Keeping {
    /// Given in code.
    pub(super) store: Option<Arc<dyn Store>>,
    pub(super) max_attempts: Option<u32>,
    /// Of a file.
    pub(super) configured: Option<Configured>,
    /// This process among others.
    pub(super) node: Option<NodeOptions>,
    /// The other nodes.
    pub(super) cluster: Option<Arc<dyn Cluster>>,
    /// What two services of the host want each in its own way.
    pub(super) conflict: Option<&'static str>,
}

impl Keeping {
    /// This, and of the other one what is not said here. What both say must be the same.
    pub(super) fn or(self, other: Self) -> Self {
        let conflict = self.conflict.or(other.conflict).or_else(|| self.conflict_with(&other));
        Self {
            store: self.store.or(other.store),
            max_attempts: self.max_attempts.or(other.max_attempts),
            configured: self.configured.or(other.configured),
            node: self.node.or(other.node),
            cluster: self.cluster.or(other.cluster),
            conflict,
        }
    }

    /// What the two want each in its own way. A store in code goes before that of its file.
    fn conflict_with(&self, other: &Self) -> Option<&'static str> {
        let has_store = self.store.is_some() || self.configured.is_some();
        let is_same_store = match (&other.store, &other.configured) {
            (Some(store), _) => self.store.as_ref().is_some_and(|own| Arc::ptr_eq(own, store)),
            (None, Some(of_file)) => self.configured.as_ref() == Some(of_file),
            (None, None) => true,
        };
        let name = |own: &Self| own.node.as_ref().map(|node| node.name.clone());
        let differ =
            |one: Option<String>, two: Option<String>| one.is_some() && two.is_some() && one != two;
        let attempts = |own: &Self| {
            let of_file = || {
                own.configured
                    .as_ref()
                    .filter(|_| own.store.is_none())
                    .map(Configured::max_attempts)
            };
            own.max_attempts.or_else(of_file).map(|most| most.to_string())
        };
        if has_store && !is_same_store {
            Some("a store (<store>, or ServiceHostBuilder::store)")
        } else if differ(name(self), name(other)) {
            Some("a node (<node>, or ServiceHostBuilder::node)")
        } else if differ(attempts(self), attempts(other)) {
            Some("how often a message is begun (maxAttempts, or ServiceHostBuilder::max_attempts)")
        } else {
            None
        }
    }

    /// Opens the store of the file, unless one is given.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(super) async fn open_store(mut self) -> Result<Self, HostError> {
        if let Some(what) = self.conflict {
            let text = format!(
                "two services of the host name each {what} of its own: a host has one for all of them. Give both the same, or a host \
                 each"
            );
            return Err(incomplete("", text));
        }
        if let (None, Some(configured)) = (&self.store, &self.configured) {
            let name = self
                .node
                .as_ref()
                .map(|node| NodeName { name: node.name.clone(), address: node.address.clone() });
            self.store = Some(configured.open(&name.unwrap_or_default()).await?);
        }
        Ok(self)
    }

    /// Listens for the other nodes, if there are any.
    ///
    /// # Errors
    /// There is no store that nodes share, or something of the node's options cannot be used.
    pub(super) async fn join(mut self) -> Result<Self, HostError> {
        let shares = self.store.as_ref().is_some_and(|store| store.nodes().is_some());
        let Some(options) = self.node.take() else {
            if shares && self.cluster.is_none() {
                tracing::warn!(
                    "the store is one of several nodes, and this process is not reached by the others: requests of sessions that \
                     another one has are answered 503 (give <node> in the section <waxwing>, or ServiceHostBuilder::node)"
                );
            }
            return Ok(self);
        };
        let Some(store) = self.store.clone() else {
            let text = "a node needs the store that it shares with the others: give one (ServiceHostBuilder::store, or <store> of \
                        the configuration file), or leave out <node>";
            return Err(incomplete("", text));
        };
        let node = Node::start(options, store).await;
        self.cluster = Some(node.map_err(|error| incomplete("", error.to_string()))?);
        Ok(self)
    }

    pub(super) fn open(self) -> Option<Kept> {
        let of_file = self.configured.as_ref().map(Configured::max_attempts);
        let max_attempts = self.max_attempts.or(of_file).unwrap_or(MAX_ATTEMPTS);
        let keeper = Arc::new(Keeper::new(self.store?, max_attempts));
        Some(Kept { keeper, cluster: self.cluster })
    }
}
