//! WebSockets of a service: a request that asks for one becomes a link, which has the connection from then on.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::protocol::Role;
use waxwing_session::{TransportCause, TransportFailure};

use super::answer_body::AnswerBody;
use crate::future::BoxFuture;
use crate::net::caller::TransportCaller;
use crate::net::link::{Link, LinkAbout, LinkLimits, LinkReceiver, LinkRefusal, OfferedLink};
use crate::net::websocket::{Meter, Metered, Shared, Terms, judge, link};
use crate::panics;

/// The link that a connection has become, until it has ended.
#[derive(Default)]
pub(super) struct Upgraded(Mutex<Option<Life>>);

/// A link that has the connection of a server.
pub(super) struct Life {
    ended: oneshot::Receiver<()>,
    shared: Arc<Shared>,
}

impl Upgraded {
    fn put(&self, life: Life) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(life);
    }

    /// What the connection has become, once.
    pub(super) fn take(&self) -> Option<Life> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Life {
    /// Waits until the link has ended.
    pub(super) async fn ended(&mut self) {
        // Nothing is ever sent.
        let _ = (&mut self.ended).await;
    }
}

impl Drop for Life {
    /// Whoever does not wait ends it.
    fn drop(&mut self) {
        self.shared.abort();
    }
}

/// A request for a WebSocket, with who sent it.
pub(super) struct Asked {
    pub(super) via: String,
    pub(super) headers: HeaderMap,
    pub(super) upgrade: OnUpgrade,
    pub(super) peer: SocketAddr,
    pub(super) caller: TransportCaller,
    pub(super) protected: bool,
    /// Its place among the connections of the service.
    pub(super) meter: Meter,
}

/// Offers a link to the endpoint and gives what is answered; none: the connection is aborted.
pub(super) async fn offer(
    asked: Asked,
    receiver: Arc<dyn LinkReceiver>,
    upgraded: &Upgraded,
) -> Option<Response<AnswerBody>> {
    let Asked { via, headers, upgrade, peer, caller, protected, meter } = asked;
    let (own, protocol) = (receiver.content_type(), receiver.sub_protocol());
    let judged = match judge(&headers, own, |found| receiver.takes(found), protocol) {
        Ok(judged) => judged,
        Err(refused) => return Some(answer(refused.status, refused.headers)),
    };
    let about = LinkAbout {
        peer: Some(peer),
        caller,
        protected,
        ..LinkAbout::new(via, judged.content_type)
    };
    let (verdict, decided) = oneshot::channel();
    let (alive, ended) = oneshot::channel();
    let shared = Shared::new();
    upgraded.put(Life { ended, shared: Arc::clone(&shared) });
    let LinkLimits { max_message: most, keep_alive, .. } = receiver.limits();
    let parts = Some(Parts { upgrade, verdict, alive, meter });
    let offered = Offered { about, most, keep_alive, shared, parts };
    tokio::spawn(async move {
        if let Err(panicked) = panics::caught(receiver.offered(Box::new(offered))).await {
            tracing::error!(%peer, "the receiver of a link failed: {panicked}");
        }
    });
    let refused = |status| Some(answer(status, HeaderMap::new()));
    let refusal = match decided.await {
        Ok(None) => return Some(answer(StatusCode::SWITCHING_PROTOCOLS, judged.headers)),
        Ok(Some(why)) => refused(match why {
            LinkRefusal::Busy => StatusCode::SERVICE_UNAVAILABLE,
            LinkRefusal::NotFound => StatusCode::NOT_FOUND,
            LinkRefusal::Forbidden => StatusCode::FORBIDDEN,
        }),
        Err(_) => None,
    };
    drop(upgraded.take());
    refusal
}

fn answer(status: StatusCode, headers: HeaderMap) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::whole(Bytes::new()));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    if status != StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    response
}

/// A WebSocket whose handshake is not answered yet.
struct Offered {
    about: LinkAbout,
    most: usize,
    keep_alive: Duration,
    shared: Arc<Shared>,
    /// None when it was accepted or refused.
    parts: Option<Parts>,
}

struct Parts {
    upgrade: OnUpgrade,
    /// Why not, or nothing when it is accepted.
    verdict: oneshot::Sender<Option<LinkRefusal>>,
    alive: oneshot::Sender<()>,
    meter: Meter,
}

impl OfferedLink for Offered {
    fn about(&self) -> &LinkAbout {
        &self.about
    }

    fn accept(mut self: Box<Self>) -> BoxFuture<'static, Result<Link, TransportFailure>> {
        Box::pin(async move {
            let gone =
                |text: String| TransportFailure { cause: TransportCause::Broken, reason: text };
            let parts = self.parts.take();
            let Some(Parts { upgrade, verdict, alive, meter }) = parts else {
                return Err(gone("the WebSocket was refused".to_owned()));
            };
            verdict
                .send(None)
                .map_err(|_| gone("the client did not wait for the WebSocket".to_owned()))?;
            let upgraded = upgrade.await;
            let upgraded = upgraded.map_err(|error| {
                gone(format!("the connection broke in the handshake of the WebSocket: {error}"))
            })?;
            let (about, shared) = (self.about.clone(), Arc::clone(&self.shared));
            let (stream, held) = Metered::new(TokioIo::new(upgraded), meter);
            let (most, keep_alive, held) = (self.most, self.keep_alive, Some(held));
            let terms = Terms { role: Role::Server, most, keep_alive, about, held };
            Ok(link(stream, terms, shared, Some(alive)).await)
        })
    }

    fn refuse(mut self: Box<Self>, why: LinkRefusal) -> BoxFuture<'static, ()> {
        if let Some(parts) = self.parts.take() {
            let _ = parts.verdict.send(Some(why));
        }
        Box::pin(async {})
    }
}
