//! HTTP as a listener: paths, methods and status codes.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, EXPECT};
use http::{HeaderMap, Method, StatusCode};

use super::accept::{self, Most};
use super::exchange::{Admitted, AskedFor, HttpHandler, HttpReply, HttpRequest, Judged};
use super::limits::HttpLimits;
use crate::future::BoxFuture;
use crate::net::accepting::Accepting;
use crate::net::authentication::Shown;
use crate::net::caller::TransportCaller;
use crate::net::http::coding;
use crate::net::link::LinkInput;
use crate::net::listener::{
    Incoming, ListenError, Listener, Listening, Receiver, Refusal, Reply, Route, StreamedReply,
};
use crate::net::page::PageRequest;
use crate::net::paths::Paths;
use crate::net::pieces::drain_refused;
use crate::net::places::Places;
use crate::net::room::Hold;
use crate::net::sockets::{self, Tls};

/// HTTP on the host's ports.
pub(crate) struct HttpListener {
    limits: HttpLimits,
    /// The room of all connections together, once it is known how large messages may be.
    places: OnceLock<Arc<Places>>,
}

impl HttpListener {
    pub(crate) fn new(limits: HttpLimits) -> Self {
        Self { limits, places: OnceLock::new() }
    }
}

impl Listener for HttpListener {
    fn schemes(&self) -> &[&str] {
        &["http", "https"]
    }

    fn listen(
        &self,
        routes: Vec<Route>,
    ) -> BoxFuture<'_, Result<Vec<Box<dyn Listening>>, ListenError>> {
        let largest = routes.iter().map(|route| route.receiver.max_message()).max().unwrap_or(0);
        let places = self.places.get_or_init(|| Places::new(self.limits.places(), largest));
        let head = self.limits.max_head;
        Box::pin(sockets::listen(routes, Tls::OfPort, move |address, paths| {
            bind(address, head, paths, places)
        }))
    }

    fn settled(&self) -> Option<BoxFuture<'_, ()>> {
        let places = self.places.get()?;
        (!places.is_settled()).then(|| Box::pin(places.settled()) as _)
    }
}

async fn bind(
    address: SocketAddr,
    head: usize,
    paths: Arc<Paths>,
    places: &Arc<Places>,
) -> io::Result<Accepting> {
    let (most, tls) = (Most { head, body: paths.max_message() }, paths.tls());
    accept::bind(address, most, Arc::clone(places), tls, Routes(paths)).await
}

/// Gives each request to whom it is for.
struct Routes(Arc<Paths>);

impl HttpHandler for Routes {
    async fn judge(&self, request: &HttpRequest) -> Result<Option<Judged>, HttpReply> {
        let receiver = self.receiver(request.host.as_deref(), request.path());
        let receiver = receiver.ok_or(HttpReply::Empty(StatusCode::NOT_FOUND))?;
        if request.method != Method::POST {
            return Ok(None);
        }
        let incoming = incoming(&*receiver, request.clone())?;
        match Arc::clone(&receiver).judge(incoming).await {
            Ok(incoming) => Ok(Some(Judged { receiver, incoming })),
            Err(refusal) => Err(replied(&*receiver, Reply::Refused(refusal))),
        }
    }

    async fn handle_judged(&self, judged: Judged, body: Bytes, hold: Hold) -> HttpReply {
        let Judged { receiver, incoming } = judged;
        let reply =
            Arc::clone(&receiver).receive(Incoming { octets: body, hold, ..incoming }).await;
        replied(&*receiver, reply)
    }

    async fn handle(&self, request: HttpRequest) -> HttpReply {
        match self.receiver(request.host.as_deref(), request.path()) {
            None => HttpReply::Empty(StatusCode::NOT_FOUND),
            Some(receiver) if request.method != Method::POST => look(&*receiver, &request),
            Some(receiver) => exchange(receiver, request).await,
        }
    }

    fn links(&self, asked: &AskedFor<'_>) -> Option<Result<Admitted, HttpReply>> {
        let receiver = self.0.find(asked.host, asked.path)?;
        let links = Arc::clone(&receiver).links()?;
        let caller = admitted(&*receiver, asked.headers, "GET", asked.target, asked.caller.clone());
        Some(caller.map(|caller| Admitted { links, caller }))
    }

    fn streams(&self, host: Option<&str>, path: &str) -> Option<usize> {
        self.receiver(host, path)?.streamed()
    }

    async fn handle_in_pieces(&self, request: HttpRequest, input: Box<dyn LinkInput>) -> HttpReply {
        match self.receiver(request.host.as_deref(), request.path()) {
            None => HttpReply::Empty(StatusCode::NOT_FOUND),
            Some(receiver) => exchange_in_pieces(receiver, request, input).await,
        }
    }

    fn patience(&self, host: Option<&str>, path: &str) -> Option<Duration> {
        self.0.find(host, path).and_then(|receiver| receiver.request_timeout())
    }
}

impl Routes {
    /// Who takes what is for this host and path.
    fn receiver(&self, host: Option<&str>, path: &str) -> Option<Arc<dyn Receiver>> {
        let receiver = self.0.find(host, path)?;
        match receiver.below(path) {
            None => Some(receiver),
            Some(below) => below,
        }
    }
}

/// What somebody sees who only looks.
fn look(receiver: &dyn Receiver, request: &HttpRequest) -> HttpReply {
    let mut asked = PageRequest::new(request.target(), request.host.clone(), request.peer)
        .over(request.protected);
    for (name, value) in &request.headers {
        // What says who somebody is is nobody's business here.
        if let (false, Ok(value)) = (value.is_sensitive(), value.to_str()) {
            asked = asked.with_header(name.as_str(), value);
        }
    }
    match receiver.page(&asked) {
        Some(page) => HttpReply::Page(page),
        None => HttpReply::Empty(StatusCode::METHOD_NOT_ALLOWED),
    }
}

async fn exchange(receiver: Arc<dyn Receiver>, request: HttpRequest) -> HttpReply {
    let incoming = match incoming(&*receiver, request) {
        Ok(incoming) => incoming,
        Err(reply) => return reply,
    };
    let reply = Arc::clone(&receiver).receive(incoming).await;
    replied(&*receiver, reply)
}

async fn exchange_in_pieces(
    receiver: Arc<dyn Receiver>,
    request: HttpRequest,
    input: Box<dyn LinkInput>,
) -> HttpReply {
    let is_held_back = request.headers.contains_key(EXPECT);
    let incoming = match incoming(&*receiver, request) {
        Ok(incoming) => incoming,
        Err(reply) => {
            // Whoever is asked who he is must hear it, though he is still sending. Who waits to be told to send is not told so (RFC
            // 9110 §10.1.1).
            if !is_held_back {
                drain_refused(input);
            }
            return reply;
        }
    };
    match Arc::clone(&receiver).receive_in_pieces(incoming, input).await {
        StreamedReply::Whole(reply) => replied(&*receiver, reply),
        StreamedReply::Pieces { content_type, octets } => {
            HttpReply::Pieces { content_type, octets }
        }
    }
}

/// A message, if who sends it is let in by HTTP.
fn incoming(receiver: &dyn Receiver, mut request: HttpRequest) -> Result<Incoming, HttpReply> {
    let of_tls = std::mem::take(&mut request.caller);
    let (headers, method) = (&request.headers, request.method.as_str());
    let caller = admitted(receiver, headers, method, request.target(), of_tls)?;
    let accepted = request.headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let accepted = accepted.map(str::to_owned);
    let HttpRequest { content_type, soap_action, peer, protected, body, hold, .. } = request;
    Ok(Incoming {
        peer,
        content_type,
        action: soap_action,
        accepted_codings: accepted,
        caller,
        protected,
        octets: body,
        hold,
        proven: None,
    })
}

fn replied(receiver: &dyn Receiver, reply: Reply) -> HttpReply {
    let refused = |refusal| match refusal {
        Refusal::NotFound => StatusCode::NOT_FOUND,
        Refusal::Malformed => StatusCode::BAD_REQUEST,
        Refusal::Unauthorized => StatusCode::UNAUTHORIZED,
        Refusal::Forbidden => StatusCode::FORBIDDEN,
        Refusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Refusal::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::Failed => StatusCode::INTERNAL_SERVER_ERROR,
    };
    match reply {
        Reply::Message { content_type, octets, is_fault } => {
            let (content_type, coding) = coding::labelled(content_type);
            let status = if is_fault { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
            HttpReply::Message { status, content_type, coding, body: octets }
        }
        Reply::Accepted => HttpReply::Empty(StatusCode::ACCEPTED),
        Reply::Refused(Refusal::Unauthorized) => challenged(receiver, false),
        Reply::Refused(refusal) => HttpReply::Empty(refused(refusal)),
        Reply::NoAnswer => HttpReply::Abort,
    }
}

/// Who asks, as TLS or HTTP says it; or what is answered to somebody who does not say it in the way that is asked for.
fn admitted(
    receiver: &dyn Receiver,
    headers: &HeaderMap,
    method: &str,
    target: &str,
    of_tls: TransportCaller,
) -> Result<TransportCaller, HttpReply> {
    let shown = receiver.authentication().map(|asks| asks.shown(headers, method, target));
    match shown {
        // What TLS knows.
        None => Ok(of_tls),
        Some(Shown::Password(evidence)) => Ok(TransportCaller::Password(evidence)),
        Some(Shown::Digest(claim)) => Ok(TransportCaller::Digest(claim)),
        Some(Shown::Nothing) => Err(challenged(receiver, false)),
        Some(Shown::Stale) => Err(challenged(receiver, true)),
    }
}

fn challenged(receiver: &dyn Receiver, stale: bool) -> HttpReply {
    let challenges = receiver.authentication().map(|asks| asks.challenges(stale));
    HttpReply::Unauthorized(challenges.unwrap_or_default())
}
