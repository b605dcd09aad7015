//! The host: sockets, routing, shutdown.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::StatusCode;
use tokio::net::lookup_host;

use super::endpoint::Endpoint;
use super::error::HostError;
use crate::net::http::server::{HttpReply, HttpRequest, HttpServer, Places};
use waxwing_soap::http::percent_decoded;

/// A service that listens on its endpoints. Ends when it is closed or dropped.
pub struct ServiceHost {
    endpoints: Vec<Arc<Endpoint>>,
    servers: Vec<HttpServer>,
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
    /// Reliable sessions at this moment.
    pub sessions: usize,
    /// Security sessions at this moment.
    pub security_sessions: usize,
}

impl ServiceHost {
    /// Listens on every endpoint's host and port; endpoints that share them are told apart by path.
    pub(super) async fn listen(
        endpoints: Vec<Arc<Endpoint>>,
        close_timeout: Duration,
        places: &Arc<Places>,
    ) -> Result<Self, HostError> {
        let mut by_place: BTreeMap<String, Vec<(String, Arc<Endpoint>)>> = BTreeMap::new();
        for endpoint in &endpoints {
            let (place, path) =
                place_of(&endpoint.parts.listen).ok_or_else(|| HostError::Unsupported {
                    address: endpoint.parts.listen.clone(),
                    text: "this version listens on http addresses only".to_owned(),
                })?;
            by_place.entry(place).or_default().push((path, Arc::clone(endpoint)));
        }
        let mut servers = Vec::new();
        for (place, routes) in by_place {
            servers.extend(listen(&place, routes, places).await?);
        }
        Ok(Self { endpoints, servers, close_timeout })
    }

    /// The addresses that it really listens on; a port 0 of the configuration is some free port here.
    pub fn local_addresses(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(HttpServer::local_addr).collect()
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
            sum.sessions += endpoint.reliable.as_ref().map_or(0, |reliable| reliable.count());
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
            if let Some(reliable) = &endpoint.reliable {
                reliable.abort_all(endpoint, "the host was closed");
            }
        }
        let rest = deadline
            .saturating_duration_since(tokio::time::Instant::now())
            .max(Duration::from_secs(1));
        let mut all = graceful;
        let servers = std::mem::take(&mut self.servers);
        let mut closing: tokio::task::JoinSet<bool> =
            servers.into_iter().map(|server| server.shutdown(rest)).collect();
        while let Some(ended) = closing.join_next().await {
            all &= ended.unwrap_or(false);
        }
        // Calls whose callers are gone.
        let direct = || self.endpoints.iter().any(|e| e.direct.load(Ordering::Relaxed) > 0);
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

/// Listens on every address of a host name: `localhost` is often two. One must work, the others may not exist here.
async fn listen(
    place: &str,
    routes: Vec<(String, Arc<Endpoint>)>,
    places: &Arc<Places>,
) -> Result<Vec<HttpServer>, HostError> {
    let failed = |error| HostError::Listen { address: place.to_owned(), error };
    let mut addresses: Vec<SocketAddr> = lookup_host(place).await.map_err(failed)?.collect();
    addresses.sort_by_key(SocketAddr::is_ipv6);
    addresses.dedup();
    let none = || std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address");
    let (first, others) = addresses.split_first().ok_or_else(|| failed(none()))?;
    let max_body = routes.iter().map(|(_, endpoint)| endpoint.parts.limits.max_bytes).max();
    let routes = Arc::new(routes);
    let bind = |address: SocketAddr| {
        let routes = Arc::clone(&routes);
        let handler = move |request: HttpRequest| {
            let endpoint = route(&routes, &request.path);
            async move {
                match endpoint {
                    Some(endpoint) => endpoint.handle(request).await,
                    None => HttpReply::Empty(StatusCode::NOT_FOUND),
                }
            }
        };
        HttpServer::bind_among(address, max_body.unwrap_or(0), Arc::clone(places), handler)
    };
    let mut servers = vec![bind(*first).await.map_err(failed)?];
    let port = servers[0].local_addr().port();
    for other in others {
        match bind(SocketAddr::new(other.ip(), port)).await {
            Ok(server) => servers.push(server),
            Err(error) => {
                tracing::debug!(%other, %error, "not listening on a further address of the name")
            }
        }
    }
    Ok(servers)
}

fn route(routes: &[(String, Arc<Endpoint>)], path: &str) -> Option<Arc<Endpoint>> {
    let path = unescaped(path);
    let found = routes.iter().find(|(own, _)| unescaped(own).eq_ignore_ascii_case(&path));
    found.map(|(_, endpoint)| Arc::clone(endpoint))
}

/// A path as it is compared: without the escapes of RFC 3986 §2.1, which each client uses as it likes, and without a
/// slash at its end.
fn unescaped(path: &str) -> Vec<u8> {
    percent_decoded(path.trim_end_matches('/'))
}

/// Host with port, and path, of an http address.
fn place_of(address: &str) -> Option<(String, String)> {
    let rest = address.strip_prefix("http://")?;
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    // WCF's wildcards stand for every name of the machine.
    let authority = match authority.strip_prefix(['+', '*']) {
        Some(port) => format!("0.0.0.0{port}"),
        None => authority.to_owned(),
    };
    let has_port = authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    let place = if has_port { authority } else { format!("{authority}:80") };
    Some((place, path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{place_of, unescaped};

    #[test]
    fn paths_are_compared_without_escapes() {
        assert_eq!(unescaped("/my%20calc/"), b"/my calc");
        assert_eq!(unescaped("/Gr%C3%bc%C3%9fe"), "/Grüße".as_bytes());
        assert_eq!(unescaped("/100%/%4"), b"/100%/%4");
    }

    #[test]
    fn places_of_addresses() {
        let place = |address| place_of(address).unwrap();
        assert_eq!(place("http://localhost:8000/calc"), ("localhost:8000".into(), "/calc".into()));
        assert_eq!(place("http://example.org"), ("example.org:80".into(), "/".into()));
        assert_eq!(place("http://+:8000/x"), ("0.0.0.0:8000".into(), "/x".into()));
        assert_eq!(place_of("net.tcp://localhost/x"), None);
    }
}
