//! The host: sockets, routing, shutdown.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::endpoint::Endpoint;
use super::error::HostError;
use super::listening;
use crate::net::{Listener, Listening};

/// A service that listens on its endpoints. Ends when it is closed or dropped.
pub struct ServiceHost {
    endpoints: Vec<Arc<Endpoint>>,
    listening: Vec<Box<dyn Listening>>,
    close_timeout: Duration,
}

/// What a host has done so far, all endpoints together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostStatistics {
    /// Messages that came in.
    pub messages: u64,
    /// Messages that were refused.
    pub refused: u64,
    /// Operations that were executed.
    pub executed: u64,
    /// Messages that had come before, and were not executed again.
    pub duplicates: u64,
    /// Sessions at this moment: reliable ones, and at endpoints without them the security sessions that called.
    pub sessions: usize,
    /// Security sessions at this moment.
    pub security_sessions: usize,
}

impl ServiceHost {
    /// Listens on every endpoint's host and port; endpoints that share them are told apart by path.
    pub(super) async fn listen(
        endpoints: Vec<Arc<Endpoint>>,
        close_timeout: Duration,
        listeners: &[Arc<dyn Listener>],
    ) -> Result<Self, HostError> {
        let listening = listening::listen(&endpoints, listeners).await?;
        Ok(Self { endpoints, listening, close_timeout })
    }

    /// The addresses that it really listens on; a port 0 of the configuration is some free port here.
    pub fn local_addresses(&self) -> Vec<SocketAddr> {
        self.listening.iter().filter_map(|listening| listening.local_address()).collect()
    }

    /// The addresses of its endpoints.
    pub fn addresses(&self) -> Vec<String> {
        self.endpoints.iter().map(|endpoint| endpoint.address().to_owned()).collect()
    }

    /// What it has done so far.
    pub fn statistics(&self) -> HostStatistics {
        let mut sum = HostStatistics::default();
        for endpoint in &self.endpoints {
            let counters = &endpoint.counters;
            sum.messages += counters.messages.load(Ordering::Relaxed);
            sum.refused += counters.refused.load(Ordering::Relaxed);
            sum.executed += counters.executed.load(Ordering::Relaxed);
            sum.duplicates += counters.duplicates.load(Ordering::Relaxed);
            sum.sessions += endpoint.sessions.count();
            sum.security_sessions += endpoint.parts.endpoint.security().session_count();
        }
        sum
    }

    /// Closes: takes no new sessions, and no calls outside of sessions (503); waits until the open sessions have ended by
    /// themselves, at most the close timeout (10 seconds by default), then ends those that are left: whoever waits for
    /// an answer hears that his sequence is terminated. Calls under way that stand outside of sessions have the rest of
    /// the time, at least a second. Operations that run even then are given up. Returns whether all had ended.
    pub async fn close(mut self) -> bool {
        let deadline = tokio::time::Instant::now() + self.close_timeout;
        for endpoint in &self.endpoints {
            endpoint.close();
        }
        while self.statistics().sessions > 0 && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let graceful = self.statistics().sessions == 0;
        for endpoint in &self.endpoints {
            endpoint.sessions.abort_all(endpoint, "the host was closed");
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
        all && !direct()
    }
}

impl Drop for ServiceHost {
    fn drop(&mut self) {
        for endpoint in &self.endpoints {
            endpoint.stop();
        }
    }
}

impl std::fmt::Debug for ServiceHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceHost").field("endpoints", &self.addresses()).finish_non_exhaustive()
    }
}
