//! WebSockets of a client: a request that is answered with 101, through the proxy and with the TLS of every other.

use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::protocol::Role;
use waxwing_session::{TransportCause, TransportFailure};
use waxwing_soap::Address;

use super::client::HttpClient;
use super::connect::HttpSettings;
use super::transport::failure_of;
use crate::future::BoxFuture;
use crate::net::link::{Dial, Link, LinkAbout, LinkDialer};
use crate::net::websocket::{Shared, Terms, accepted, key, link, request_headers};

/// Dials WebSockets: addresses are those of HTTP, as WCF has them in `To`, or begin with `ws:` and `wss:`.
pub(crate) struct WebSocketDialer {
    client: HttpClient,
    sub_protocol: Box<str>,
    keep_alive: Duration,
}

impl WebSocketDialer {
    /// With these settings of connections, this sub-protocol (`soap`), and a sign of life so often.
    pub(crate) fn new(
        mut settings: HttpSettings,
        sub_protocol: &str,
        keep_alive: Duration,
    ) -> Self {
        // Frames go through a proxy in a tunnel, of plain HTTP too (RFC 6455 §4.1).
        settings.proxy = settings.proxy.map(|proxy| Arc::new(proxy.with_tunnels_only()));
        let client = HttpClient::new(settings);
        Self { client, sub_protocol: sub_protocol.into(), keep_alive }
    }

    async fn link(&self, dial: Dial<'_>) -> Result<Link, TransportFailure> {
        let place = match dial.via.split_once(':') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ws") => format!("http:{rest}"),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("wss") => format!("https:{rest}"),
            _ => dial.via.to_owned(),
        };
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|error| {
            let reason = format!("the system gives no random octets: {error}");
            TransportFailure { cause: TransportCause::Broken, reason }
        })?;
        let key = key(nonce);
        let headers = request_headers(&key, dial.content_type, &self.sub_protocol)?;
        let answered = self.client.upgrade(&place, headers).await;
        let answered = answered.map_err(|error| failure_of(&error))?;
        accepted(answered.status(), answered.headers(), &key, &self.sub_protocol)?;
        let upgraded = hyper::upgrade::on(answered).await.map_err(|error| TransportFailure {
            cause: TransportCause::Broken,
            reason: format!(
                "A WebSocket error occurred. The connection broke after the handshake. ({error})"
            ),
        })?;
        let mut about = LinkAbout::new(dial.via, dial.content_type);
        about.protected = Address::of(&place).has_scheme("https");
        let stream = TokioIo::new(upgraded);
        let (most, keep_alive) = (dial.max_message, self.keep_alive);
        let terms = Terms { role: Role::Client, most, keep_alive, about, held: None };
        Ok(link(stream, terms, Shared::new(), None).await)
    }
}

impl LinkDialer for WebSocketDialer {
    fn schemes(&self) -> &[&str] {
        &["http", "https", "ws", "wss"]
    }

    fn dial<'a>(&'a self, dial: Dial<'a>) -> BoxFuture<'a, Result<Link, TransportFailure>> {
        Box::pin(self.link(dial))
    }
}
