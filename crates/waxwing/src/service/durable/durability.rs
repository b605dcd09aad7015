//! What an endpoint knows of the keeper of its host.

use std::sync::Arc;

use waxwing_store::NodeAddress;
use waxwing_store::application::ApplicationTransactions;

use super::claims::Belongs;
use super::keeper::Keeper;
use super::registry::Pass;
use crate::cluster::Cluster;

/// What an endpoint knows that keeps its sessions.
#[derive(Clone)]
pub(in crate::service) struct Durability {
    pub(in crate::service) keeper: Arc<Keeper>,
    /// The place of the endpoint among those that do.
    pub(in crate::service) place: usize,
    /// By this its records are known, here and at other nodes.
    pub(in crate::service) name: Arc<str>,
    pub(in crate::service) belongs: Belongs,
    /// The other nodes, if there are any.
    pub(in crate::service) cluster: Option<Arc<dyn Cluster>>,
    /// The database of the application, if its operations take part with it.
    pub(in crate::service) applications: Option<Arc<dyn ApplicationTransactions>>,
}

/// How a message came here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) enum Came {
    FromAClient,
    /// It is not handed over again.
    FromANode,
}

/// Where a message is judged.
pub(in crate::service) enum Claimed {
    Here(Pass),
    There(NodeAddress),
    /// 503.
    Later,
}
