//! Which endpoints of a host keep their sessions, and what is said of those that do not.

use std::sync::{Arc, Weak};

use waxwing_security::conversation::{Protection, ServiceBinding, ServiceOptions};
use waxwing_session::ServiceSettings;
use waxwing_soap::{Address, Mint};

use super::contracts::Contracts;
use super::durable::{Belongs, Durability, Holder, Terms};
use super::endpoint::Endpoint;
use super::error::{HostError, incomplete};
use super::host::Kept;
use crate::cluster::Cluster;
use crate::contract::Delivery;
use crate::store::application::ApplicationTransactions;

/// The longest name of an endpoint in its records. A longer path is cut, and told apart by a number.
const LONGEST: usize = 400;

/// The endpoints of a host that keep their sessions, as they are set up.
pub(super) struct Keeps<'a> {
    pub(super) kept: Option<&'a Kept>,
    /// Their names so far.
    pub(super) names: Vec<Arc<str>>,
}

impl Keeps<'_> {
    /// # Errors
    /// The endpoint is one of several nodes, and its clients prove themselves by HTTP Digest: what a client is asked for is known to
    /// one node only.
    pub(super) fn check(
        &self,
        address: &str,
        is_digest: bool,
        max_received: u64,
    ) -> Result<(), HostError> {
        let Some(cluster) = self.cluster() else { return Ok(()) };
        let max_message = cluster.max_message();
        if u64::try_from(max_message).is_ok_and(|most| most < max_received) {
            tracing::warn!(
                address,
                max_received,
                max_message,
                "the endpoint takes larger messages (maxReceivedMessageSize) than nodes hand to each other: such a one is executed only \
                 where it comes to the node of its session, and is answered 503 elsewhere (raise NodeOptions::max_message, at all \
                 nodes)"
            );
        }
        match is_digest {
            false => Ok(()),
            true => {
                let text = "clientCredentialType=\"Digest\" of <transport> does not go with several nodes (<node>): the challenge that \
                            one node gives is unknown to the others. Use Basic over TLS, certificates, or message security";
                Err(incomplete(address, text))
            }
        }
    }

    fn cluster(&self) -> Option<&Arc<dyn Cluster>> {
        self.kept.and_then(|kept| kept.cluster.as_ref())
    }

    /// What one node hands out instead of remembering it, all can open: negotiated tokens too, since their next message comes to any
    /// of them.
    fn share_cookies(&self, options: &mut ServiceOptions, shared: bool) -> bool {
        let Some(cluster) = self.cluster() else { return shared };
        if matches!(options.binding, Some(ServiceBinding::Negotiated(_))) {
            options.cookies.negotiated = true;
        }
        if !shared || options.cookies.keys.is_none() {
            options.cookies.keys = Some(cluster.cookie_keys());
        }
        true
    }

    /// Decides whether an endpoint keeps its sessions, and sets its engines up for it. `cookies_outlive`: contexts in cookies can
    /// be opened by the next process.
    ///
    /// # Errors
    /// An operation promises what cannot be kept here.
    pub(super) fn endpoint(
        &mut self,
        settings: &mut ServiceSettings,
        options: &mut ServiceOptions,
        contracts: &Contracts,
        applications: Option<&Arc<dyn ApplicationTransactions>>,
        cookies_outlive: bool,
    ) -> Result<Option<Durability>, HostError> {
        let address = settings.address.as_str();
        let is_durable = self.kept.is_some() && settings.reliable.is_some();
        check(contracts, address, is_durable, applications.is_some())?;
        let Some(kept) = self.kept else { return Ok(None) };
        let Some((_, _, reliable)) = &mut settings.reliable else {
            tracing::info!(
                address,
                "nothing of this endpoint is kept in the store: it has no reliable sessions. A call is lost with the process that \
                 executes it, and its client hears so"
            );
            if kept.cluster.is_some() && options.protection != Protection::None {
                tracing::warn!(
                    address,
                    "this endpoint has no reliable sessions, so its clients must come to one node each: the load balancer must keep \
                     them there"
                );
            }
            return Ok(None);
        };
        reliable.durable = true;
        let is_conversation = options.protection == Protection::Conversation;
        options.durable = is_conversation;
        if let Some(nodes) = kept.keeper.nodes() {
            let mint = Mint::of_node(nodes.me().tag(), kept.keeper.shard_count());
            (options.mint, reliable.mint) = (mint, mint);
        }
        if let Some(mark) = self.cluster().and_then(|cluster| cluster.mark()) {
            match is_conversation {
                true => options.mark = Some(mark.as_bytes().into()),
                false => tracing::info!(
                    address,
                    "its messages carry no name of this node for load balancers (balancerCookie): they have no security session"
                ),
            }
        }
        let cookies_outlive = self.share_cookies(options, cookies_outlive);
        if !cookies_outlive {
            tracing::warn!(
                address,
                "its security contexts are in cookies, and their keys are this process's own: give a file of keys (<cookies keyFile>), \
                 or its sessions do not outlive the process"
            );
        }
        tell_defaults(contracts, address);
        let name = self.name(address);
        self.names.push(Arc::clone(&name));
        Ok(Some(Durability {
            keeper: Arc::clone(&kept.keeper),
            place: self.names.len() - 1,
            name,
            belongs: match is_conversation {
                true => Belongs::ToContext,
                false => Belongs::ToSequence,
            },
            cluster: kept.cluster.clone(),
            applications: applications.cloned(),
        }))
    }

    /// The path of the address: the same at other nodes and after a restart, whatever the port.
    fn name(&self, address: &str) -> Arc<str> {
        let path = Address::of(address).path();
        let end = (0..=LONGEST.min(path.len())).rev().find(|end| path.is_char_boundary(*end));
        let path = &path[..end.unwrap_or(0)];
        let mut name: Arc<str> = path.into();
        let mut number = 1;
        while self.names.contains(&name) {
            number += 1;
            name = format!("{path}#{number}").into();
        }
        name
    }
}

/// # Errors
/// An operation has `delivery = "transaction"` or `"once"`, and there is nothing that could keep the promise.
fn check(
    contracts: &Contracts,
    address: &str,
    is_durable: bool,
    has_applications: bool,
) -> Result<(), HostError> {
    let operations = contracts.iter().flat_map(|contract| contract.operations);
    for operation in operations {
        let (name, delivery) = (operation.name, operation.delivery);
        match delivery {
            Some(Delivery::Transaction) if !is_durable || !has_applications => {
                let text = format!(
                    "the operation {name} has delivery = \"transaction\", which needs a reliable session, a store \
                     (ServiceHostBuilder::store, or <store> of the configuration file) and the application's database \
                     (ServiceHostBuilder::application_transactions)"
                );
                return Err(incomplete(address, text));
            }
            Some(Delivery::Once) if !is_durable => tracing::info!(
                address,
                operation = name,
                "delivery = \"once\" does nothing here: there is no store, or no reliable session. Within the process a message of a \
                 reliable session is executed once in any case"
            ),
            _ => {}
        }
    }
    Ok(())
}

/// Says what holds for operations that say nothing.
fn tell_defaults(contracts: &Contracts, address: &str) {
    let operations = contracts.iter().flat_map(|contract| contract.operations);
    let silent = operations.filter(|operation| operation.delivery.is_none()).map(|o| o.name);
    let silent: Vec<_> = silent.collect();
    if !silent.is_empty() {
        let operations = silent.join(", ");
        tracing::info!(
            address,
            %operations,
            "these operations do not say how often they may be executed when the process is killed in the middle (delivery = …): they \
             are delivered at least once (\"idempotent\")"
        );
    }
}

impl Endpoint {
    /// What the keeper knows of it, if it keeps its sessions.
    pub(super) fn holding(self: &Arc<Self>) -> Option<(Arc<str>, Weak<dyn Holder>, Terms)> {
        let durability = self.parts.durability.as_ref()?;
        let settings = self.parts.endpoint.settings();
        let (_, _, reliable) = settings.reliable.as_ref()?;
        let (inactivity, window) = (reliable.inactivity_timeout, reliable.max_transfer_window_size);
        let holder: Weak<Self> = Arc::downgrade(self);
        let terms = Terms::of(inactivity, settings.receive_timeout, window);
        Some((Arc::clone(&durability.name), holder as Weak<dyn Holder>, terms))
    }
}
