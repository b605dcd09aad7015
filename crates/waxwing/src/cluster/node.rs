//! A node: what it says to the others and hears of them.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use waxwing_crypto::https::{self, TlsProfile};
use waxwing_security::conversation::CookieKeys;
use waxwing_session::ClaimedNames;
use waxwing_store::{NodeAddress, Store, StoreError};

use super::hook::{Cluster, Forwarded, Inbound, Placement};
use super::link::{ARE_YOU_THERE, CONTENT_TYPE, Links, PATH};
use super::membership::Membership;
use super::options::{NodeError, NodeOptions};
use super::trust::NodeTrust;
use super::wire::{self, MAX_HEAD};
use crate::future::BoxFuture;
use crate::net::{
    HostNames, HttpLimits, HttpListener, Incoming, Listener, Listening, Receiver, Refusal, Reply,
    Route, ServiceTls, TransportCaller,
};

/// How long requests of other nodes that are under way may take when the node closes.
const CLOSE_PATIENCE: Duration = Duration::from_secs(10);

/// This node among the others.
pub(crate) struct Node {
    membership: Arc<Membership>,
    links: Links,
    keys: CookieKeys,
    mark: Option<String>,
    door: Arc<Door>,
    listening: Mutex<Vec<Box<dyn Listening>>>,
}

impl Node {
    /// Listens for the other nodes, whose requests are answered 503 until a host is [open](Cluster::open).
    ///
    /// # Errors
    /// Something of the options cannot be used, the store is one process's or knows this node by another address, or the
    /// address cannot be listened on.
    pub(crate) async fn start(
        options: NodeOptions,
        store: Arc<dyn Store>,
    ) -> Result<Arc<Self>, NodeError> {
        options.check()?;
        let membership = Membership::new(store).await?;
        membership.is_known_by(&options.address).map_err(NodeError::Options)?;
        let trust = NodeTrust::new(&options);
        let links = Links::new(&options, trust.clone(), Arc::clone(&membership))?;
        let max_message = options.max_message.saturating_add(MAX_HEAD);
        let door = Arc::new(Door { inbound: RwLock::default(), trust: trust.clone(), max_message });
        let tls = server_tls(&options, trust)?;
        let route = Route {
            address: format!("https://{}{PATH}", options.listen),
            receiver: Arc::clone(&door) as Arc<dyn Receiver>,
            tls: Some(tls),
            hosts: HostNames::StrongWildcard,
        };
        let listener = HttpListener::new(HttpLimits::default());
        let listening = listener.listen(vec![route]).await;
        let listening = listening.map_err(|error| NodeError::Listen(error.to_string()))?;
        let keys = CookieKeys::new(options.keys);
        let mark = options.balancer_cookie.then_some(options.name);
        if let Some(name) = &mark {
            let cookie = BASE64_STANDARD.encode(name);
            tracing::info!(
                node = name,
                cookie,
                "its security contexts carry this for load balancers"
            );
        }
        let listening = Mutex::new(listening);
        Ok(Arc::new(Self { membership, links, keys, mark, door, listening }))
    }
}

/// How TLS is spoken with other nodes.
fn server_tls(options: &NodeOptions, trust: NodeTrust) -> Result<ServiceTls, NodeError> {
    let name: Arc<str> = options.name.as_str().into();
    let told = Arc::clone(&name);
    let judge = move |shown: &[waxwing_crypto::Certificate]| match trust.is_node(shown) {
        Ok(()) => true,
        Err(why) => {
            tracing::warn!(node = &*told, "somebody is not let in as a node: {why}");
            false
        }
    };
    let context = https::closed_server(&TlsProfile::default(), &options.identity, judge)?;
    Ok(ServiceTls::new(format!("node {name}"), context, true, move |peer, why| {
        tracing::info!(node = &*name, %peer, "no connection of another node: {why}");
    }))
}

impl Cluster for Node {
    fn place(&self, names: &ClaimedNames) -> Placement {
        self.membership.place(names)
    }

    fn forward<'a>(
        &'a self,
        to: &'a NodeAddress,
        request: Forwarded,
    ) -> BoxFuture<'a, Option<Reply>> {
        Box::pin(async move {
            match self.links.forward(to, &request).await {
                Ok(reply) => Some(reply),
                Err(why) => {
                    tracing::warn!(node = to.0, "a request could not be handed to its node: {why}");
                    None
                }
            }
        })
    }

    fn cookie_keys(&self) -> CookieKeys {
        self.keys.clone()
    }

    fn mark(&self) -> Option<&str> {
        self.mark.as_deref()
    }

    fn max_message(&self) -> usize {
        self.links.max_message()
    }

    fn elsewhere(&self, name: &str) -> Option<NodeAddress> {
        self.membership.elsewhere(name)
    }

    fn drain(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.membership.drain())
    }

    fn leave(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.membership.leave())
    }

    fn open(&self, inbound: Arc<dyn Inbound>) {
        *self.door.inbound.write().unwrap_or_else(PoisonError::into_inner) = Some(inbound);
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let listening = {
                let mut listening = self.listening.lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::take(&mut *listening)
            };
            for own in listening {
                own.shutdown(CLOSE_PATIENCE).await;
            }
            *self.door.inbound.write().unwrap_or_else(PoisonError::into_inner) = None;
        })
    }
}

/// Where requests of other nodes come in.
struct Door {
    inbound: RwLock<Option<Arc<dyn Inbound>>>,
    trust: NodeTrust,
    max_message: usize,
}

impl Receiver for Door {
    fn max_message(&self) -> usize {
        self.max_message
    }

    fn receive(self: Arc<Self>, incoming: Incoming) -> BoxFuture<'static, Reply> {
        Box::pin(async move {
            // The handshake has let in nobody else; a certificate may have expired since.
            let is_node = match &incoming.caller {
                TransportCaller::Certificate(shown) => {
                    let own = std::iter::once(&shown.certificate);
                    let shown: Vec<_> = own.chain(&shown.chain).cloned().collect();
                    self.trust.is_node(&shown).is_ok()
                }
                _ => false,
            };
            if !is_node || incoming.content_type.as_deref() != Some(CONTENT_TYPE) {
                return Reply::Refused(Refusal::Forbidden);
            }
            if incoming.octets == ARE_YOU_THERE {
                return said(Bytes::from_static(ARE_YOU_THERE));
            }
            let Some(request) = wire::read_request(&incoming.octets) else {
                return Reply::Refused(Refusal::Malformed);
            };
            let inbound = self.inbound.read().unwrap_or_else(PoisonError::into_inner).clone();
            let reply = match inbound {
                Some(inbound) => inbound.receive(request).await,
                None => Reply::Refused(Refusal::Unavailable),
            };
            said(wire::reply(&reply))
        })
    }
}

fn said(octets: Bytes) -> Reply {
    Reply::Message { content_type: CONTENT_TYPE.into(), octets, is_fault: false }
}
