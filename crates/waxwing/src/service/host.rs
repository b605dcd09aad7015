//! The host: sockets, routing, shutdown.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::durable::{Came, Keeper};
use super::endpoint::Endpoint;
use super::error::HostError;
use super::https;
use super::listening;
use super::metadata::ServiceMetadata;
use super::published::{PageRoute, Published};
use super::watch::{HostEvent, HostEvents, HostStatistics};
use crate::cluster::{Cluster, Forwarded, Inbound};
use crate::events::{CommunicationState, Events};
use crate::future::BoxFuture;
use crate::net::{Listener, Listening, Refusal, Reply};
use crate::store::StoreError;
use crate::store::application::ApplicationTransactions;

/// What a host is made of before it listens.
pub(super) struct Opened {
    pub(super) endpoints: Vec<Arc<Endpoint>>,
    pub(super) pages: Vec<PageRoute>,
    pub(super) published: Vec<Published>,
    pub(super) close_timeout: Duration,
    pub(super) keeping: Option<Kept>,
}

/// Where a host keeps its sessions.
pub(super) struct Kept {
    pub(super) keeper: Arc<Keeper>,
    pub(super) cluster: Option<Arc<dyn Cluster>>,
}

/// A service that listens on its endpoints. Ends when it is closed or dropped.
pub struct ServiceHost {
    endpoints: Vec<Arc<Endpoint>>,
    listening: Vec<Box<dyn Listening>>,
    /// What its services say of themselves.
    published: Vec<Published>,
    /// TLS of pages, kept while the host lives.
    _pages: Vec<PageRoute>,
    close_timeout: Duration,
    keeping: Option<Kept>,
    events: Arc<HostEvents>,
    /// Whether the program has closed it.
    is_closed: bool,
}

impl ServiceHost {
    /// Listens on every endpoint's host and port; endpoints that share them are told apart by path.
    pub(super) async fn listen(
        opened: Opened,
        listeners: &[Arc<dyn Listener>],
        events: Arc<HostEvents>,
    ) -> Result<Self, HostError> {
        let Opened { endpoints, pages, published, close_timeout, keeping } = opened;
        let listening = listening::listen(&endpoints, &pages, listeners).await?;
        tell_port(&listening, &published);
        let secure = endpoints.iter().filter_map(|endpoint| endpoint.parts.https.as_ref());
        let secure = secure.chain(pages.iter().filter_map(|own| own.https.as_ref()));
        let secure: Vec<_> = secure.map(Arc::downgrade).collect();
        let stores = endpoints.iter().filter_map(|endpoint| endpoint.parts.judge.stores());
        let stores: Vec<_> = stores.map(Arc::downgrade).collect();
        if !(secure.is_empty() && stores.is_empty()) {
            tokio::spawn(https::watch(secure, stores));
        }
        if let Some(Kept { keeper, cluster }) = &keeping {
            let clock = endpoints.first().map(|endpoint| endpoint.parts.clock).unwrap_or_default();
            keeper.start_expiry(move || clock.wall(), databases(&endpoints));
            keeper.start_recovery();
            keeper.start_watch_of_itself();
            if let Some(cluster) = cluster {
                cluster.open(Arc::new(Nodes::of(&endpoints)));
            }
        }
        events.emit(|| HostEvent::State(CommunicationState::Opened));
        let _pages = pages;
        Ok(Self {
            endpoints,
            listening,
            published,
            _pages,
            close_timeout,
            keeping,
            events,
            is_closed: false,
        })
    }

    /// The addresses that it really listens on; a port 0 of the configuration is some free port here.
    pub fn local_addresses(&self) -> Vec<SocketAddr> {
        self.listening.iter().filter_map(|listening| listening.local_address()).collect()
    }

    /// The addresses of its endpoints.
    pub fn addresses(&self) -> Vec<String> {
        self.endpoints.iter().map(|endpoint| endpoint.address().to_owned()).collect()
    }

    /// What its services say of themselves, whether they publish it or not: to be looked at, or written to files.
    pub fn metadata(&self) -> Vec<ServiceMetadata> {
        let all = self.published.iter().map(|own| {
            ServiceMetadata::new(Arc::clone(&own.description), Arc::clone(&own.settings))
        });
        all.collect()
    }

    /// What it has done so far.
    pub fn statistics(&self) -> HostStatistics {
        let mut sum = HostStatistics::default();
        for endpoint in &self.endpoints {
            endpoint.counters.add_to(&mut sum);
            sum.sessions_waiting += endpoint.sessions.waiting();
            sum.sessions += endpoint.sessions.count();
            sum.security_sessions += endpoint.parts.endpoint.security().session_count();
        }
        if let Some(Kept { keeper, .. }) = &self.keeping {
            keeper.add_to(&mut sum.kept);
        }
        sum
    }

    /// What happens from now on. To hear of its opening as well, ask the builder
    /// ([`ServiceHostBuilder::events`](crate::ServiceHostBuilder::events)).
    pub fn events(&self) -> Events<HostEvent> {
        self.events.subscribe()
    }

    /// Where its sessions are kept.
    ///
    /// # Errors
    /// Nowhere.
    pub(super) fn keeper(&self) -> Result<&Arc<Keeper>, StoreError> {
        let kept = self.keeping.as_ref().map(|kept| &kept.keeper);
        kept.ok_or_else(|| {
            let text = "the host has no store (ServiceHostBuilder::store, or <store>)".to_owned();
            StoreError::Configuration(text)
        })
    }

    /// The endpoint that keeps its sessions under this name.
    pub(super) fn endpoint_named(&self, name: &str) -> Option<&Arc<Endpoint>> {
        let is_it = |own: &&Arc<Endpoint>| {
            own.parts.durability.as_ref().is_some_and(|own| &*own.name == name)
        };
        self.endpoints.iter().find(is_it)
    }

    /// How many sessions there are that end with the host.
    fn sessions(&self) -> usize {
        let mortal = self.endpoints.iter().filter(|endpoint| endpoint.parts.durability.is_none());
        mortal.map(|endpoint| endpoint.sessions.count()).sum()
    }

    /// Whether nothing of the sessions that outlive it is under way.
    fn is_quiet(&self) -> bool {
        let durable = self.endpoints.iter().filter(|endpoint| endpoint.parts.durability.is_some());
        let mut quiet = durable.map(|endpoint| endpoint.sessions.is_quiet());
        let commits = self.keeping.as_ref().map_or(0, |kept| kept.keeper.sizes().1);
        quiet.all(|quiet| quiet) && commits == 0
    }

    /// Drains a node: what it has goes on at the other nodes, and so does what comes here. Calls that run are carried through; what
    /// they did is made durable, and each session is given back when nothing of it runs any more. Clients notice nothing but a moment
    /// in which they hear 503. It waits at most for the close timeout; whether nothing is left here. What is not given back then is
    /// when the host is [closed](Self::close), which is to follow: a node that was drained takes nothing any more.
    ///
    /// Without other nodes everything that comes afterwards is answered 503.
    pub async fn drain(&self) -> bool {
        let until = tokio::time::Instant::now() + self.close_timeout;
        let Some(Kept { keeper, cluster }) = &self.keeping else { return false };
        if let Some(cluster) = cluster
            && let Err(error) = cluster.drain().await
        {
            tracing::warn!("the other nodes do not hear that this one is being drained: {error}");
        }
        self.endpoints.iter().for_each(Endpoint::drain);
        keeper.give_back(until).await
    }

    /// Closes: takes no new sessions, and no calls outside of sessions (503); waits until the open sessions have ended by
    /// themselves, at most the close timeout (10 seconds by default), then ends those that are left: whoever waits for
    /// an answer hears that his sequence is terminated. Calls under way that stand outside of sessions have the rest of
    /// the time, at least a second. Operations that run even then are given up. Returns whether all had ended.
    ///
    /// Sessions that are kept in a store are not ended but let go: what comes is answered 503 from now on, calls that run are carried
    /// through and what they did is made durable, and the sessions go on when the host opens again, or at another node. The store
    /// is closed last.
    pub async fn close(mut self) -> bool {
        let deadline = tokio::time::Instant::now() + self.close_timeout;
        self.events.emit(|| HostEvent::State(CommunicationState::Closing));
        for endpoint in &self.endpoints {
            endpoint.close();
        }
        let is_over = || self.sessions() == 0 && self.is_quiet();
        while !is_over() && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let graceful = is_over();
        for endpoint in self.endpoints.iter().filter(|e| e.parts.durability.is_none()) {
            endpoint.abort_all("the host was closed");
        }
        let rest = deadline
            .saturating_duration_since(tokio::time::Instant::now())
            .max(Duration::from_secs(1));
        let mut all = graceful;
        let listening = std::mem::take(&mut self.listening);
        let mut closing: tokio::task::JoinSet<bool> =
            listening.into_iter().map(|listening| listening.shutdown(rest)).collect();
        while let Some(ended) = closing.join_next().await {
            all &= ended.unwrap_or(false);
        }
        // Calls whose callers are gone.
        let direct = || self.endpoints.iter().any(|e| e.sessions.running_alone() > 0);
        while direct() && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let all = all && !direct();
        if let Some(Kept { keeper, cluster }) = &self.keeping {
            if let Some(cluster) = cluster {
                cluster.close().await;
            }
            keeper.release().await;
            if let Some(cluster) = cluster
                && let Err(error) = cluster.leave().await
            {
                tracing::info!("the other nodes miss this one a little later: {error}");
            }
            keeper.close().await;
        }
        self.is_closed = true;
        self.events.emit(|| HostEvent::State(CommunicationState::Closed));
        all
    }
}

/// The databases of applications that have marks, each once.
fn databases(endpoints: &[Arc<Endpoint>]) -> Vec<Arc<dyn ApplicationTransactions>> {
    let mut all: Vec<Arc<dyn ApplicationTransactions>> = Vec::new();
    for endpoint in endpoints {
        let own = endpoint.parts.durability.as_ref().and_then(|own| own.applications.as_ref());
        if let Some(own) = own.filter(|own| !all.iter().any(|known| Arc::ptr_eq(known, own))) {
            all.push(Arc::clone(own));
        }
    }
    all
}

/// The endpoints that keep their sessions, as other nodes see them.
struct Nodes(Vec<(Arc<str>, std::sync::Weak<Endpoint>)>);

impl Nodes {
    fn of(endpoints: &[Arc<Endpoint>]) -> Self {
        let named = endpoints.iter().filter_map(|endpoint| {
            let durability = endpoint.parts.durability.as_ref()?;
            Some((Arc::clone(&durability.name), Arc::downgrade(endpoint)))
        });
        Self(named.collect())
    }
}

impl Inbound for Nodes {
    fn receive(self: Arc<Self>, request: Forwarded) -> BoxFuture<'static, Reply> {
        let Forwarded { endpoint, incoming } = request;
        let found = self.0.iter().find(|(name, _)| *name == endpoint);
        let found = found.and_then(|(_, endpoint)| endpoint.upgrade());
        Box::pin(async move {
            match found {
                Some(endpoint) => endpoint.handle(incoming, Came::FromANode).await,
                // The nodes are not set up alike, for a moment perhaps.
                None => Reply::Refused(Refusal::Unavailable),
            }
        })
    }
}

/// Addresses that name no port (`:0`) are told with the one that was chosen, where there is one only.
fn tell_port(listening: &[Box<dyn Listening>], published: &[Published]) {
    let ports = listening.iter().filter_map(|own| own.local_address()).map(|own| own.port());
    let ports: std::collections::BTreeSet<u16> = ports.collect();
    if let (Some(port), 1) = (ports.first(), ports.len()) {
        published.iter().for_each(|own| own.description.listens_at(*port));
    }
}

impl Drop for ServiceHost {
    fn drop(&mut self) {
        for endpoint in &self.endpoints {
            endpoint.stop();
        }
        if !self.is_closed {
            // It was dropped: what had begun is given up.
            self.events.emit(|| HostEvent::State(CommunicationState::Faulted));
        }
    }
}

impl std::fmt::Debug for ServiceHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceHost").field("endpoints", &self.addresses()).finish_non_exhaustive()
    }
}
