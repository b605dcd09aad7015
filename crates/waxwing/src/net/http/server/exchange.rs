//! One exchange: a request with its whole body in, an answer out.

use std::borrow::Cow;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ALLOW, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, COOKIE,
    EXPECT, HOST, PROXY_AUTHORIZATION, WWW_AUTHENTICATE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use waxwing_session::TransportFailure;

use super::answer_body::AnswerBody;
use super::upgrade::{Asked, Upgraded, offer};
use crate::future::{BoxFuture, boxed};
use crate::net::caller::TransportCaller;
use crate::net::http::body::{CollectError, collect};
use crate::net::link::{LinkInput, LinkReceiver};
use crate::net::listener::{Incoming as Message, Receiver};
use crate::net::page::Page;
use crate::net::pieces::{Pieces, drain_refused};
use crate::net::places::{Charge, Connection, ConnectionRoom, End, Places, Stage};
use crate::net::room::Hold;
use crate::net::websocket::{self, Meter};
use crate::panics;

/// One request as it came in.
#[derive(Clone, Debug)]
pub(super) struct HttpRequest {
    /// The request target.
    pub(super) uri: Uri,
    /// The host that is asked for, with its port if it is named.
    pub(super) host: Option<String>,
    /// The method; the server lets GET, HEAD and POST through.
    pub(super) method: Method,
    /// The `Content-Type` header, if it is there and is text.
    pub(super) content_type: Option<String>,
    /// The `SOAPAction` header of SOAP 1.1, if it is there and is text.
    pub(super) soap_action: Option<String>,
    /// All headers.
    pub(super) headers: HeaderMap,
    /// Who sent it.
    pub(super) peer: SocketAddr,
    /// What TLS says of that.
    pub(super) caller: TransportCaller,
    /// Whether it came over TLS.
    pub(super) protected: bool,
    /// The entity body, never longer than the server takes.
    pub(super) body: Bytes,
    /// What holds the memory of the body.
    pub(super) hold: Hold,
}

impl HttpRequest {
    /// The path of the request target, undecoded, e.g. `/calc`.
    pub(super) fn path(&self) -> &str {
        self.uri.path()
    }

    /// The request target as it was written.
    pub(super) fn target(&self) -> &str {
        target(&self.uri)
    }
}

/// What to send back.
#[derive(Debug)]
pub(super) enum HttpReply {
    /// A status with an entity body.
    Message {
        /// The HTTP status code.
        status: StatusCode,
        /// The `Content-Type` of the body.
        content_type: Cow<'static, str>,
        /// The `Content-Encoding`: how the body is compressed.
        coding: Option<&'static str>,
        /// The entity body.
        body: Bytes,
    },
    /// A message whose octets come.
    Pieces {
        /// The `Content-Type`.
        content_type: Cow<'static, str>,
        /// The octets.
        octets: Pieces,
    },
    /// A status without a body, e.g. 202.
    Empty(StatusCode),
    /// What is shown to somebody who looks.
    Page(Page),
    /// 401, with what is asked for.
    Unauthorized(Vec<HeaderValue>),
    /// Close the connection without an answer, as WCF does with a request that it aborts.
    Abort,
}

/// What a request for a link says.
pub(super) struct AskedFor<'a> {
    pub(super) host: Option<&'a str>,
    pub(super) path: &'a str,
    pub(super) target: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) caller: &'a TransportCaller,
}

/// Who takes a link, and who asks for it.
pub(super) struct Admitted {
    pub(super) links: Arc<dyn LinkReceiver>,
    pub(super) caller: TransportCaller,
}

/// A message that was judged by what stands before it.
pub(super) struct Judged {
    pub(super) receiver: Arc<dyn Receiver>,
    pub(super) incoming: Message,
}

/// What answers requests. Implemented for closures that return a future.
pub(super) trait HttpHandler: Send + Sync + 'static {
    /// Answers one request. The connection waits as long as this takes.
    fn handle(&self, request: HttpRequest) -> impl Future<Output = HttpReply> + Send;

    /// Looks at a request whose body is not there yet, and whose sender waits to be told that he may send it; or what is answered at
    /// once. None: it is [handled](Self::handle) as others are.
    fn judge(
        &self,
        _request: &HttpRequest,
    ) -> impl Future<Output = Result<Option<Judged>, HttpReply>> + Send {
        async { Ok(None) }
    }

    /// Answers a request that was judged, with its body and what holds the memory of that.
    fn handle_judged(
        &self,
        _judged: Judged,
        _body: Bytes,
        _hold: Hold,
    ) -> impl Future<Output = HttpReply> + Send {
        async { HttpReply::Empty(StatusCode::NOT_FOUND) }
    }

    /// Who takes a link that is asked for, with who asks; or what is answered instead. None: nobody has links there.
    fn links(&self, _asked: &AskedFor<'_>) -> Option<Result<Admitted, HttpReply>> {
        None
    }

    /// The most octets of a message for this host and path that is handed over as its octets come; none: it is whole.
    fn streams(&self, _host: Option<&str>, _path: &str) -> Option<usize> {
        None
    }

    /// Answers a request whose body comes.
    fn handle_in_pieces(
        &self,
        _request: HttpRequest,
        _input: Box<dyn LinkInput>,
    ) -> impl Future<Output = HttpReply> + Send {
        async { HttpReply::Empty(StatusCode::NOT_FOUND) }
    }

    /// How long a request for this host and path may take to come in; none: as long as the server's limits have it.
    fn patience(&self, _host: Option<&str>, _path: &str) -> Option<Duration> {
        None
    }
}

impl<F, R> HttpHandler for F
where
    F: Fn(HttpRequest) -> R + Send + Sync + 'static,
    R: Future<Output = HttpReply> + Send,
{
    fn handle(&self, request: HttpRequest) -> impl Future<Output = HttpReply> + Send {
        self(request)
    }
}

/// The header that SOAP 1.1 has (§6.1.1).
static SOAP_ACTION: HeaderName = HeaderName::from_static("soapaction");

/// The reason to give up a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the request was aborted")]
pub(super) struct Aborted;

/// What every exchange of a connection needs.
pub(super) struct Exchange<H> {
    pub(super) handler: Arc<H>,
    pub(super) places: Arc<Places>,
    pub(super) connection: Arc<Connection>,
    pub(super) peer: SocketAddr,
    pub(super) caller: TransportCaller,
    pub(super) protected: bool,
    pub(super) max_body: usize,
    /// What the connection has become, if it was upgraded.
    pub(super) upgraded: Upgraded,
}

impl<H: HttpHandler> Exchange<H> {
    /// Answers one request.
    pub(super) async fn run(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<AnswerBody>, Aborted> {
        self.connection.enter(Stage::Body);
        if websocket::is_asked(request.method(), request.headers())
            && let Some(asked) = self.asked_for_link(&request)
        {
            let answered = match asked {
                Ok(admitted) => {
                    self.connection.enter(Stage::Handling);
                    // Large, as what comes in pieces is, and most requests are neither.
                    Box::pin(self.link(request, admitted)).await
                }
                Err(reply) => self.write(Ok(reply)),
            };
            self.connection.enter(Stage::Answer);
            return answered;
        }
        if let Some(most) = self.streams(&request) {
            return Box::pin(self.in_pieces(request, most)).await;
        }
        let answered = match request.headers().contains_key(EXPECT) {
            true => Box::pin(self.held_back(request)).await,
            false => self.whole(request).await,
        };
        self.connection.enter(Stage::Answer);
        answered
    }

    /// Who takes the WebSocket that is asked for, or what is answered instead; none when nobody has any there.
    fn asked_for_link(&self, request: &Request<Incoming>) -> Option<Result<Admitted, HttpReply>> {
        let headers = request.headers();
        if names_several(headers, &HOST) {
            return None;
        }
        let (host, path) = (host(request.uri(), headers), request.uri().path());
        let (target, caller) = (target(request.uri()), &self.caller);
        self.handler.links(&AskedFor { host, path, target, headers, caller })
    }

    /// Offers the connection as a WebSocket.
    async fn link(
        &self,
        mut request: Request<Incoming>,
        admitted: Admitted,
    ) -> Result<Response<AnswerBody>, Aborted> {
        let upgrade = hyper::upgrade::on(&mut request);
        let host = host(request.uri(), request.headers()).unwrap_or_default();
        let scheme = if self.protected { "https" } else { "http" };
        let via = format!("{scheme}://{host}{}", target(request.uri()));
        let (peer, protected) = (self.peer, self.protected);
        let Admitted { links, caller } = admitted;
        let headers = std::mem::take(request.headers_mut());
        let (places, connection) = (Arc::clone(&self.places), Arc::clone(&self.connection));
        let meter = Meter { places, connection };
        let asked = Asked { via, headers, upgrade, peer, caller, protected, meter };
        offer(asked, links, &self.upgraded).await.ok_or(Aborted)
    }

    /// Answers a request whose body is read first.
    async fn whole(&self, request: Request<Incoming>) -> Result<Response<AnswerBody>, Aborted> {
        let (mut head, body) = request.into_parts();
        if let Some(refusal) = looked_at(&mut head) {
            return Ok(refusal);
        }
        let host = host(&head.uri, &head.headers);
        let body = match self.body(body, host, head.uri.path()).await? {
            Ok(body) => body,
            Err(refusal) => return Ok(refusal),
        };
        let host = host.map(str::to_owned);
        let request = self.request(head, host, body);
        self.connection.enter(Stage::Handling);
        let handled = boxed(|| self.handler.handle(request));
        self.write(panics::caught_in_box(handled).await)
    }

    /// The body of a request with what holds its memory, or the answer to one that is refused.
    pub(super) async fn body(
        &self,
        mut body: Incoming,
        host: Option<&str>,
        path: &str,
    ) -> Result<Result<(Bytes, Hold), Response<AnswerBody>>, Aborted> {
        Ok(match self.collected(&mut body, self.handler.patience(host, path)).await {
            Ok(Ok((body, charge))) => Ok((Bytes::from(body), Hold::new(charge))),
            Ok(Err(CollectError::TooLarge)) => {
                read_on(body);
                Err(empty(StatusCode::PAYLOAD_TOO_LARGE))
            }
            Ok(Err(CollectError::Broken(_))) => Err(empty(StatusCode::BAD_REQUEST)),
            Err(End::Evicted) => Err(busy()),
            Err(End::TooSlow) => return Err(Aborted),
        })
    }

    /// A body that was read, unless the connection ends before, or it takes longer than that.
    async fn collected(
        &self,
        body: &mut Incoming,
        patience: Option<Duration>,
    ) -> Result<Result<(Vec<u8>, Charge), CollectError>, End> {
        let room = ConnectionRoom { places: &self.places, connection: &self.connection };
        let mut collected = pin!(collect(body, self.max_body, &room));
        // Most are there with their head: nothing is set up for them that would end it.
        let at_once = poll_fn(|context| Poll::Ready(collected.as_mut().poll(context)));
        if let Poll::Ready(collected) = at_once.await {
            return Ok(collected);
        }
        tokio::select! {
            collected = collected => Ok(collected),
            () = lapsed(patience) => {
                let (peer, patience) = (self.peer, patience.unwrap_or_default());
                tracing::info!(
                    %peer,
                    "The initialization process of the request message timed out after {patience:?}. To increase this quota, \
                     use the 'RequestInitializationTimeout' property on the 'HttpTransportBindingElement'."
                );
                Err(End::TooSlow)
            }
            end = self.connection.ended() => Err(end),
        }
    }

    /// A request as it is handed over.
    pub(super) fn request(
        &self,
        head: Parts,
        host: Option<String>,
        (body, hold): (Bytes, Hold),
    ) -> HttpRequest {
        let text = |name: &HeaderName| {
            head.headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned)
        };
        let (content_type, soap_action) = (text(&CONTENT_TYPE), text(&SOAP_ACTION));
        HttpRequest {
            uri: head.uri,
            host,
            content_type,
            soap_action,
            headers: head.headers,
            method: head.method,
            peer: self.peer,
            caller: self.caller.clone(),
            protected: self.protected,
            body,
            hold,
        }
    }

    pub(super) fn write(
        &self,
        reply: Result<HttpReply, panics::Panicked>,
    ) -> Result<Response<AnswerBody>, Aborted> {
        match reply {
            Ok(HttpReply::Message { status, content_type, coding, body }) => {
                let body = self.places.answer(&self.connection, body);
                let mut response = Response::new(AnswerBody::whole(body));
                *response.status_mut() = status;
                if let Some(value) = header_value(content_type) {
                    response.headers_mut().insert(CONTENT_TYPE, value);
                }
                if let Some(coding) = coding {
                    let coding = HeaderValue::from_static(coding);
                    response.headers_mut().insert(CONTENT_ENCODING, coding);
                }
                Ok(response)
            }
            Ok(HttpReply::Pieces { content_type, octets }) => {
                let body = AnswerBody::pieces(octets, &self.places, &self.connection);
                let mut response = Response::new(body);
                if let Some(value) = header_value(content_type) {
                    response.headers_mut().insert(CONTENT_TYPE, value);
                }
                Ok(response)
            }
            Ok(HttpReply::Page(page)) => Ok(self.page(page)),
            Ok(HttpReply::Empty(status)) => Ok(empty(status)),
            Ok(HttpReply::Unauthorized(challenges)) => {
                let mut response = empty(StatusCode::UNAUTHORIZED);
                for challenge in challenges {
                    response.headers_mut().append(WWW_AUTHENTICATE, challenge);
                }
                Ok(response)
            }
            Ok(HttpReply::Abort) => Err(Aborted),
            Err(panicked) => {
                tracing::error!(peer = %self.peer, "a request could not be answered: {panicked}");
                Ok(empty(StatusCode::INTERNAL_SERVER_ERROR))
            }
        }
    }
}

/// The usual values are words of the program, and are not copied.
fn header_value(value: Cow<'static, str>) -> Option<HeaderValue> {
    let octets = match value {
        Cow::Borrowed(value) => Bytes::from_static(value.as_bytes()),
        Cow::Owned(value) => value.into(),
    };
    HeaderValue::from_maybe_shared(octets).ok()
}

impl<H> Exchange<H> {
    /// The content is left out by `hyper` where HEAD asks.
    fn page(&self, page: Page) -> Response<AnswerBody> {
        let content = self.places.answer(&self.connection, page.content);
        let mut response = Response::new(AnswerBody::whole(content));
        let status = StatusCode::from_u16(page.status);
        *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = (CONTENT_TYPE.as_str(), page.content_type.to_owned());
        let kind = Some(kind).filter(|(_, kind)| !kind.is_empty());
        for (name, value) in kind.into_iter().chain(page.headers) {
            let named = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (named, HeaderValue::from_str(&value)) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

/// Looks at the head of a request. Gives the answer to one that is refused for it.
pub(super) fn looked_at(head: &mut Parts) -> Option<Response<AnswerBody>> {
    veil(&mut head.headers);
    if ![Method::POST, Method::GET, Method::HEAD].contains(&head.method) {
        let mut refusal = empty(StatusCode::METHOD_NOT_ALLOWED);
        refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
        return Some(refusal);
    }
    let is_unclear =
        names_several(&head.headers, &SOAP_ACTION) || names_several(&head.headers, &HOST);
    is_unclear.then(|| empty(StatusCode::BAD_REQUEST))
}

/// Who is refused hears it, though he is still sending.
pub(super) fn read_on(body: Incoming) {
    drain_refused(Box::new(Unwanted(body)));
}

/// A body that nobody reads.
#[derive(Debug)]
struct Unwanted(Incoming);

impl LinkInput for Unwanted {
    fn receive(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportFailure>> {
        Box::pin(async {
            let piece = self.0.frame().await.and_then(Result::ok);
            Ok(piece.map(|frame| frame.into_data().unwrap_or_default()))
        })
    }
}

/// Passwords are not for logs: whoever prints headers does not see them.
fn veil(headers: &mut HeaderMap) {
    let secret = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE];
    for (name, value) in headers.iter_mut() {
        if secret.contains(name) {
            value.set_sensitive(true);
        }
    }
}

/// Whether there is more than one header of this name: whoever looks at the transport alone may see another one than we do.
fn names_several(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers.get_all(name).iter().nth(1).is_some()
}

/// The target as it was written.
fn target(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |target| target.as_str())
}

/// Whose request this is: what the target names goes before the header (RFC 9112 §3.2.2).
pub(super) fn host<'r>(target: &'r Uri, headers: &'r HeaderMap) -> Option<&'r str> {
    let of_target = target.authority().map(|authority| authority.as_str());
    let of_header = || headers.get(HOST).and_then(|host| host.to_str().ok());
    of_target.or_else(of_header)
}

/// Ends when the time is over; never without one.
async fn lapsed(patience: Option<Duration>) {
    match patience {
        Some(patience) => tokio::time::sleep(patience).await,
        None => std::future::pending().await,
    }
}

/// Others need the room: the peer may come again (WCF's client does after a 503).
fn busy() -> Response<AnswerBody> {
    let mut response = empty(StatusCode::SERVICE_UNAVAILABLE);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

pub(super) fn empty(status: StatusCode) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::whole(Bytes::new()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_printed() {
        let mut headers = HeaderMap::new();
        for name in [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE] {
            headers.append(&name, HeaderValue::from_static("secret"));
            headers.append(name, HeaderValue::from_static("secret too"));
        }
        headers.insert(HOST, HeaderValue::from_static("x"));
        assert!(format!("{headers:?}").contains("secret"));
        veil(&mut headers);
        let printed = format!("{headers:?}");
        assert!(!printed.contains("secret") && printed.contains("\"x\""), "{printed}");
    }
}
