//! HTTP as a listener: paths, methods and status codes.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::{Method, StatusCode};

use super::accept::HttpServer;
use super::exchange::{HttpHandler, HttpReply, HttpRequest};
use super::limits::HttpLimits;
use super::places::Places;
use crate::future::BoxFuture;
use crate::net::authentication::Shown;
use crate::net::listener::{
    Incoming, ListenError, Listener, Listening, Receiver, Refusal, Reply, Route, TransportCaller,
};
use crate::net::page::PageRequest;
use crate::net::paths::Paths;
use crate::net::sockets;

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
        let places = self.places.get_or_init(|| Places::new(self.limits, largest));
        Box::pin(sockets::listen(routes, move |address, paths| bind(address, paths, places)))
    }

    fn settled(&self) -> Option<BoxFuture<'_, ()>> {
        let places = self.places.get()?;
        (!places.is_settled()).then(|| Box::pin(places.settled()) as _)
    }
}

impl Listening for HttpServer {
    fn local_address(&self) -> Option<SocketAddr> {
        Some(self.local_addr())
    }

    fn shutdown(self: Box<Self>, patience: Duration) -> BoxFuture<'static, bool> {
        Box::pin(HttpServer::shutdown(*self, patience))
    }
}

async fn bind(
    address: SocketAddr,
    paths: Arc<Paths>,
    places: &Arc<Places>,
) -> io::Result<HttpServer> {
    let (max_body, tls) = (paths.max_message(), paths.tls());
    HttpServer::bind(address, max_body, Arc::clone(places), tls, Routes(paths)).await
}

/// Gives each request to whom it is for.
struct Routes(Arc<Paths>);

impl HttpHandler for Routes {
    async fn handle(&self, request: HttpRequest) -> HttpReply {
        match self.0.find(request.host.as_deref(), &request.path) {
            None => HttpReply::Empty(StatusCode::NOT_FOUND),
            Some(receiver) if request.method != Method::POST => look(&*receiver, &request),
            Some(receiver) => exchange(receiver, request).await,
        }
    }

    fn patience(&self, host: Option<&str>, path: &str) -> Option<Duration> {
        self.0.find(host, path).and_then(|receiver| receiver.request_timeout())
    }
}

/// What somebody sees who only looks.
fn look(receiver: &dyn Receiver, request: &HttpRequest) -> HttpReply {
    let mut asked = PageRequest::new(&request.target, request.host.clone(), request.peer)
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
    let shown = receiver.authentication().map(|asks| {
        let (headers, method) = (&request.headers, request.method.as_str());
        asks.shown(headers, method, &request.target)
    });
    let challenge = |stale| {
        let challenges = receiver.authentication().map(|asks| asks.challenges(stale));
        HttpReply::Unauthorized(challenges.unwrap_or_default())
    };
    let caller = match shown {
        // What TLS knows.
        None => request.caller,
        Some(Shown::Password(evidence)) => TransportCaller::Password(evidence),
        Some(Shown::Digest(claim)) => TransportCaller::Digest(claim),
        Some(Shown::Nothing) => return challenge(false),
        Some(Shown::Stale) => return challenge(true),
    };
    let HttpRequest { content_type, soap_action, peer, protected, body, .. } = request;
    let action = soap_action;
    let incoming = Incoming { peer, content_type, action, caller, protected, octets: body };
    let refused = |refusal| match refusal {
        Refusal::NotFound => StatusCode::NOT_FOUND,
        Refusal::Malformed => StatusCode::BAD_REQUEST,
        Refusal::Unauthorized => StatusCode::UNAUTHORIZED,
        Refusal::Forbidden => StatusCode::FORBIDDEN,
        Refusal::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Refusal::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::Failed => StatusCode::INTERNAL_SERVER_ERROR,
    };
    match Arc::clone(&receiver).receive(incoming).await {
        Reply::Message { content_type, octets, is_fault } => HttpReply::Message {
            status: if is_fault { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK },
            content_type,
            body: octets,
        },
        Reply::Accepted => HttpReply::Empty(StatusCode::ACCEPTED),
        Reply::Refused(Refusal::Unauthorized) => challenge(false),
        Reply::Refused(refusal) => HttpReply::Empty(refused(refusal)),
        Reply::NoAnswer => HttpReply::Abort,
    }
}
