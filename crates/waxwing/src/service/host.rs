//! The host: sockets, routing, shutdown.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::endpoint::Endpoint;
use super::error::HostError;
use super::https;
use super::listening;
use super::metadata::ServiceMetadata;
use super::published::{PageRoute, Published};
use super::watch::{HostEvent, HostEvents, HostStatistics};
use crate::events::{CommunicationState, Events};
use crate::net::{Listener, Listening};

/// What a host is made of before it listens.
pub(super) struct Opened {
    pub(super) endpoints: Vec<Arc<Endpoint>>,
    pub(super) pages: Vec<PageRoute>,
    pub(super) published: Vec<Published>,
    pub(super) close_timeout: Duration,
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
        let Opened { endpoints, pages, published, close_timeout } = opened;
        let listening = listening::listen(&endpoints, &pages, listeners).await?;
        tell_port(&listening, &published);
        let secure = endpoints.iter().filter_map(|endpoint| endpoint.parts.https.as_ref());
        let secure = secure.chain(pages.iter().filter_map(|own| own.https.as_ref()));
        let secure: Vec<_> = secure.map(Arc::downgrade).collect();
        if !secure.is_empty() {
            tokio::spawn(https::watch(secure));
        }
        events.emit(|| HostEvent::State(CommunicationState::Opened));
        let _pages = pages;
        Ok(Self {
            endpoints,
            listening,
            published,
            _pages,
            close_timeout,
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
        sum
    }

    /// What happens from now on. To hear of its opening as well, ask the builder
    /// ([`ServiceHostBuilder::events`](crate::ServiceHostBuilder::events)).
    pub fn events(&self) -> Events<HostEvent> {
        self.events.subscribe()
    }

    /// How many sessions there are.
    fn sessions(&self) -> usize {
        self.endpoints.iter().map(|endpoint| endpoint.sessions.count()).sum()
    }

    /// Closes: takes no new sessions, and no calls outside of sessions (503); waits until the open sessions have ended by
    /// themselves, at most the close timeout (10 seconds by default), then ends those that are left: whoever waits for
    /// an answer hears that his sequence is terminated. Calls under way that stand outside of sessions have the rest of
    /// the time, at least a second. Operations that run even then are given up. Returns whether all had ended.
    pub async fn close(mut self) -> bool {
        let deadline = tokio::time::Instant::now() + self.close_timeout;
        self.events.emit(|| HostEvent::State(CommunicationState::Closing));
        for endpoint in &self.endpoints {
            endpoint.close();
        }
        while self.sessions() > 0 && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let graceful = self.sessions() == 0;
        for endpoint in &self.endpoints {
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
        self.is_closed = true;
        self.events.emit(|| HostEvent::State(CommunicationState::Closed));
        all
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
