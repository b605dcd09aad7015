//! A load balancer without any memory: each request goes to a node at random.
//!
//! That is the worst that a balancer in front of several nodes does, short of losing messages: no two messages of a session
//! need reach the same node.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::StatusCode;

use crate::http::{HttpClient, HttpReply, HttpRequest, HttpServer};
use crate::lossy_link::chance;

/// A running balancer. Dropping it stops it.
#[derive(Debug)]
pub struct Balancer {
    server: HttpServer,
    counts: Arc<Counts>,
}

#[derive(Debug)]
struct Counts {
    requests: AtomicU64,
    /// Requests that no node took.
    refused: AtomicU64,
    passed: Vec<AtomicU64>,
}

impl Balancer {
    /// Starts one in front of these nodes; `seed` decides who gets which request.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(nodes: Vec<SocketAddr>, seed: u64) -> io::Result<Self> {
        let passed = nodes.iter().map(|_| AtomicU64::new(0)).collect();
        let counts = Counts { requests: AtomicU64::new(0), refused: AtomicU64::new(0), passed };
        let counts = Arc::new(counts);
        let (client, own, nodes) = (HttpClient::new(), Arc::clone(&counts), Arc::new(nodes));
        let handler = move |request: HttpRequest| {
            let (client, counts, nodes) = (client.clone(), Arc::clone(&own), Arc::clone(&nodes));
            async move { balance(&client, &nodes, seed, &counts, request).await }
        };
        Ok(Self { server: HttpServer::start(handler).await?, counts })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// How many requests each node has answered, and how many none of them took.
    pub fn counts(&self) -> (Vec<u64>, u64) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (self.counts.passed.iter().map(read).collect(), read(&self.counts.refused))
    }
}

/// Tries the nodes in an order that begins anywhere. One that cannot be reached is passed over, since it cannot have seen the
/// request; one that breaks off in the middle may have executed it, and the client decides what to do.
async fn balance(
    client: &HttpClient,
    nodes: &[SocketAddr],
    seed: u64,
    counts: &Counts,
    request: HttpRequest,
) -> HttpReply {
    let number = counts.requests.fetch_add(1, Ordering::Relaxed);
    let first = (chance(seed, number) * nodes.len() as f64) as usize;
    for turn in 0..nodes.len() {
        let place = (first + turn) % nodes.len();
        let (Some(node), Some(passed)) = (nodes.get(place), counts.passed.get(place)) else {
            continue;
        };
        let query = request.query.as_deref().map(|query| format!("?{query}")).unwrap_or_default();
        let address = format!("http://{node}{}{query}", request.path);
        let content_type = request.content_type.clone().unwrap_or_default();
        match client.post(&address, &content_type, request.body.clone()).await {
            Ok(answer) => {
                passed.fetch_add(1, Ordering::Relaxed);
                return answer.into();
            }
            Err(error) if was_refused(&*error) => {}
            Err(_) => return HttpReply::Abort,
        }
    }
    counts.refused.fetch_add(1, Ordering::Relaxed);
    HttpReply::Empty(StatusCode::SERVICE_UNAVAILABLE)
}

/// Whether no connection was made, so that nobody has seen the request.
fn was_refused(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut error = Some(error);
    while let Some(reason) = error {
        if let Some(reason) = reason.downcast_ref::<io::Error>() {
            return reason.kind() == io::ErrorKind::ConnectionRefused;
        }
        error = reason.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn node(name: &'static str) -> HttpServer {
        let handler = move |_| async move {
            HttpReply::Message {
                status: StatusCode::OK,
                content_type: "text/plain".to_owned(),
                body: name.into(),
            }
        };
        HttpServer::start(handler).await.expect("a port")
    }

    #[tokio::test]
    async fn every_node_gets_its_share_and_a_dead_one_is_passed_over() {
        let (one, other) = (node("one").await, node("other").await);
        let balancer = Balancer::start(vec![one.local_addr(), other.local_addr()], 1).await;
        let balancer = balancer.expect("a port");
        let client = HttpClient::new();
        let address = format!("http://{}/x?y", balancer.local_addr());
        for _ in 0..60 {
            client.post(&address, "text/plain", "a").await.expect("answered");
        }
        let (passed, _) = balancer.counts();
        assert!(passed.iter().all(|count| *count > 10), "{passed:?}");
        one.shutdown(std::time::Duration::from_secs(5)).await;
        // Connections that were kept may break once; then nothing reaches the dead one.
        let mut answers = Vec::new();
        for _ in 0..40 {
            if let Ok(answer) = client.post(&address, "text/plain", "a").await {
                answers.push(answer.body);
            }
        }
        assert!(answers.len() > 10 && answers.iter().all(|body| body == "other"));
        other.shutdown(std::time::Duration::from_secs(5)).await;
        let mut statuses = Vec::new();
        for _ in 0..20 {
            if let Ok(answer) = client.post(&address, "text/plain", "a").await {
                statuses.push(answer.status);
            }
        }
        assert!(statuses.contains(&StatusCode::SERVICE_UNAVAILABLE));
    }
}
