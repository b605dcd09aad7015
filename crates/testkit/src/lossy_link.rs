//! A link that loses messages on purpose: an HTTP proxy for demonstrations and tests.
//!
//! It stands between a client (whose *via* names it) and a service and, by a seed, loses requests
//! (the service never sees them) and responses (the service has executed, the client never
//! learns). A loss is a connection closed without an answer.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::http::{HttpClient, HttpReply, HttpRequest, HttpServer};

/// How often the link loses what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss {
    /// The share of requests that never arrive, from 0 to 1.
    pub requests: f64,
    /// The share of responses that never come back, from 0 to 1.
    pub responses: f64,
    /// The seed that decides which: the same seed loses the same messages in the same order.
    pub seed: u64,
}

/// What a link has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkCounts {
    /// Requests that came in.
    pub requests: u64,
    /// Requests lost before the service saw them.
    pub lost_requests: u64,
    /// Responses lost after the service had answered.
    pub lost_responses: u64,
}

/// What is lost, by number, and what has been.
#[derive(Debug)]
pub(crate) struct Counters {
    loss: Loss,
    calm: u64,
    requests: AtomicU64,
    lost_requests: AtomicU64,
    lost_responses: AtomicU64,
}

impl Counters {
    /// None of the first `calm` exchanges is lost.
    pub(crate) fn new(loss: Loss, calm: u64) -> Self {
        let [requests, lost_requests, lost_responses] = [const { AtomicU64::new(0) }; 3];
        Self { loss, calm, requests, lost_requests, lost_responses }
    }

    /// A request came in. Gives its number.
    pub(crate) fn request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether the request of this number is lost, which is counted.
    pub(crate) fn loses_request(&self, number: u64) -> bool {
        self.loses(number, 0, self.loss.requests, &self.lost_requests)
    }

    /// Whether the response to the request of this number is lost, which is counted.
    pub(crate) fn loses_response(&self, number: u64) -> bool {
        self.loses(number, 1, self.loss.responses, &self.lost_responses)
    }

    fn loses(&self, number: u64, way: u64, share: f64, lost: &AtomicU64) -> bool {
        let draw = number.checked_sub(self.calm).map(|n| chance(self.loss.seed, n * 2 + way));
        let is_lost = draw.is_some_and(|draw| draw < share);
        if is_lost {
            lost.fetch_add(1, Ordering::Relaxed);
        }
        is_lost
    }

    pub(crate) fn counts(&self) -> LinkCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        LinkCounts {
            requests: read(&self.requests),
            lost_requests: read(&self.lost_requests),
            lost_responses: read(&self.lost_responses),
        }
    }
}

/// A running link. Dropping it stops it.
#[derive(Debug)]
pub struct LossyLink {
    server: HttpServer,
    counters: Arc<Counters>,
}

impl LossyLink {
    /// Starts a link on a free port of the loopback that leads to `service`.
    ///
    /// # Errors
    ///
    /// What the operating system says when no port can be had.
    pub async fn start(service: SocketAddr, loss: Loss) -> io::Result<Self> {
        Self::start_after(service, loss, 0).await
    }

    /// The same, with the first `calm` exchanges spared, so that a session can be opened before the loss begins.
    ///
    /// # Errors
    ///
    /// What the operating system says when no port can be had.
    pub async fn start_after(service: SocketAddr, loss: Loss, calm: u64) -> io::Result<Self> {
        let counters = Arc::new(Counters::new(loss, calm));
        let client = HttpClient::new();
        let shared = Arc::clone(&counters);
        let handler = move |request: HttpRequest| {
            let (client, counters) = (client.clone(), Arc::clone(&shared));
            async move { forward(client, service, &counters, request).await }
        };
        Ok(Self { server: HttpServer::start(handler).await?, counters })
    }

    /// Where the link listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// What it has done so far.
    pub fn counts(&self) -> LinkCounts {
        self.counters.counts()
    }

    /// Stops the link after the exchanges under way, at most `patience`.
    pub async fn shutdown(self, patience: Duration) -> bool {
        self.server.shutdown(patience).await
    }
}

async fn forward(
    client: HttpClient,
    service: SocketAddr,
    counters: &Counters,
    request: HttpRequest,
) -> HttpReply {
    let number = counters.request();
    if counters.loses_request(number) {
        return HttpReply::Abort;
    }
    let query = request.query.map(|q| format!("?{q}")).unwrap_or_default();
    let address = format!("http://{service}{}{query}", request.path);
    let content_type = request.content_type.unwrap_or_default();
    let Ok(answer) = client.post(&address, &content_type, request.body).await else {
        return HttpReply::Abort;
    };
    if counters.loses_response(number) {
        return HttpReply::Abort;
    }
    answer.into()
}

/// A number from 0 to 1 that depends on the seed and the draw only (SplitMix64).
pub(crate) fn chance(seed: u64, draw: u64) -> f64 {
    let mut z = seed.wrapping_add(draw.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::http::StatusCode;
    use bytes::Bytes;

    #[tokio::test]
    async fn the_seed_decides_what_is_lost() {
        let handler = |_: HttpRequest| async { HttpReply::Empty(StatusCode::ACCEPTED) };
        let service = HttpServer::start(handler).await.unwrap();
        let loss = Loss { requests: 0.2, responses: 0.1, seed: 7 };
        let mut outcomes = Vec::new();
        for _ in 0..2 {
            let link = LossyLink::start(service.local_addr(), loss).await.unwrap();
            let address = format!("http://{}/x", link.local_addr());
            let client = HttpClient::new();
            let mut arrived = Vec::new();
            for _ in 0..100 {
                let got = client.post(&address, "", Bytes::new()).await;
                arrived.push(got.is_ok());
            }
            let counts = link.counts();
            let lost = arrived.iter().filter(|ok| !**ok).count() as u64;
            assert_eq!(counts.requests, 100);
            assert_eq!(counts.lost_requests + counts.lost_responses, lost);
            assert!(counts.lost_requests > 0 && counts.lost_responses > 0, "{counts:?}");
            outcomes.push(arrived);
        }
        assert_eq!(outcomes[0], outcomes[1]);
    }

    #[tokio::test]
    async fn the_loss_begins_after_the_calm_exchanges() {
        let handler = |_: HttpRequest| async { HttpReply::Empty(StatusCode::ACCEPTED) };
        let service = HttpServer::start(handler).await.unwrap();
        let loss = Loss { requests: 1.0, responses: 0.0, seed: 1 };
        let link = LossyLink::start_after(service.local_addr(), loss, 3).await.unwrap();
        let address = format!("http://{}/x", link.local_addr());
        let client = HttpClient::new();
        let mut arrived = Vec::new();
        for _ in 0..5 {
            arrived.push(client.post(&address, "", Bytes::new()).await.is_ok());
        }
        assert_eq!(arrived, [true, true, true, false, false]);
        assert_eq!(link.counts(), LinkCounts { requests: 5, lost_requests: 2, lost_responses: 0 });
    }
}
