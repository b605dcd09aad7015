//! The server half of the HTTP transport: an accept loop of its own over `hyper`, with limits and
//! graceful shutdown.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

/// How long a connection may take to send the head of a request.
///
/// Bounds what a peer that opens connections and stays silent can hold.
pub const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Pause after the operating system refused to accept a connection (out of descriptors).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// One POST as it came in.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// The path of the request target, undecoded, e.g. `/calc`.
    pub path: String,
    /// The query of the request target, without the question mark.
    pub query: Option<String>,
    /// The method; the server lets GET and POST through.
    pub method: Method,
    /// The `Content-Type` header, if it is there and is text.
    pub content_type: Option<String>,
    /// The `SOAPAction` header of SOAP 1.1, if it is there and is text.
    pub soap_action: Option<String>,
    /// Who sent it.
    pub peer: SocketAddr,
    /// The entity body, never longer than [`HttpServerOptions::max_body`].
    pub body: Bytes,
}

/// What to send back.
#[derive(Clone, Debug)]
pub enum HttpReply {
    /// A status with an entity body.
    Message {
        /// The HTTP status code.
        status: StatusCode,
        /// The `Content-Type` of the body.
        content_type: String,
        /// The entity body.
        body: Bytes,
    },
    /// A status without a body, e.g. 202.
    Empty(StatusCode),
    /// Close the connection without an answer, as WCF does with a request that it aborts.
    Abort,
}

/// What answers requests. Implemented for closures that return a future.
pub trait HttpHandler: Send + Sync + 'static {
    /// Answers one request. The connection waits as long as this takes.
    fn handle(&self, request: HttpRequest) -> impl Future<Output = HttpReply> + Send;
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

/// Limits of a server.
#[derive(Clone, Copy, Debug)]
pub struct HttpServerOptions {
    /// The largest entity body in bytes; larger ones are answered with 413.
    pub max_body: usize,
    /// The most connections at a time; further ones wait in the operating system's queue.
    pub max_connections: usize,
}

impl Default for HttpServerOptions {
    /// 64 KiB, the default of WCF's `maxReceivedMessageSize`, and 4096 connections.
    fn default() -> Self {
        Self { max_body: 65_536, max_connections: 4096 }
    }
}

/// A listening server. Dropping it stops it at once; [`HttpServer::shutdown`] lets requests end.
#[derive(Debug)]
pub struct HttpServer {
    local: SocketAddr,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl HttpServer {
    /// Listens on `address` (port 0 for any free port) and answers with `handler`.
    ///
    /// # Errors
    ///
    /// What the operating system says when it does not let the address be used.
    pub async fn bind(
        address: SocketAddr,
        options: HttpServerOptions,
        handler: impl HttpHandler,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let local = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(accept_loop(listener, options, Arc::new(handler), stopped));
        Ok(Self { local, stop, task: Some(task) })
    }

    /// The address that it listens on, with the port that was chosen.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Takes no more connections and waits until every request under way is answered,
    /// at most `patience`. Returns whether all ended by themselves.
    pub async fn shutdown(mut self, patience: Duration) -> bool {
        let _ = self.stop.send(true);
        let Some(mut task) = self.task.take() else { return true };
        let ended = tokio::time::timeout(patience, &mut task).await.is_ok();
        if !ended {
            task.abort();
        }
        ended
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn accept_loop<H: HttpHandler>(
    listener: TcpListener,
    options: HttpServerOptions,
    handler: Arc<H>,
    mut stopped: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(options.max_connections));
    let graceful = GracefulShutdown::new();
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => break,
            accepted = accept_one(&listener, &places) => accepted,
        };
        while connections.try_join_next().is_some() {}
        let Some((stream, peer, place)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let handler = Arc::clone(&handler);
        let service = service_fn(move |request| {
            answer(Arc::clone(&handler), request, peer, options.max_body)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_READ_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            let _place = place;
            // An aborted request and a peer that went away end a connection the same way.
            let _ = connection.await;
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

async fn accept_one(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    let (stream, peer) = listener.accept().await.ok()?;
    Some((stream, peer, place))
}

/// The reason to give up a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the request was aborted")]
struct Aborted;

async fn answer<H: HttpHandler>(
    handler: Arc<H>,
    request: Request<Incoming>,
    peer: SocketAddr,
    max_body: usize,
) -> Result<Response<Full<Bytes>>, Aborted> {
    let request = match read_request(request, peer, max_body).await {
        Ok(request) => request,
        Err(refusal) => return Ok(refusal),
    };
    match handler.handle(request).await {
        HttpReply::Message { status, content_type, body } => {
            let mut response = Response::new(Full::new(body));
            *response.status_mut() = status;
            if let Ok(value) = HeaderValue::from_str(&content_type) {
                response.headers_mut().insert(CONTENT_TYPE, value);
            }
            Ok(response)
        }
        HttpReply::Empty(status) => Ok(empty(status)),
        HttpReply::Abort => Err(Aborted),
    }
}

async fn read_request(
    request: Request<Incoming>,
    peer: SocketAddr,
    max_body: usize,
) -> Result<HttpRequest, Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    if head.method != Method::POST && head.method != Method::GET {
        let mut refusal = empty(StatusCode::METHOD_NOT_ALLOWED);
        refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
        return Err(refusal);
    }
    let text = |name: &str| head.headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let body = match Limited::new(body, max_body).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return Err(empty(StatusCode::PAYLOAD_TOO_LARGE));
        }
        Err(_) => return Err(empty(StatusCode::BAD_REQUEST)),
    };
    Ok(HttpRequest {
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        method: head.method.clone(),
        content_type: text(CONTENT_TYPE.as_str()),
        soap_action: text("soapaction"),
        peer,
        body,
    })
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::http_client::{HttpClient, HttpError};
    use http::HeaderMap;

    async fn server(options: HttpServerOptions) -> HttpServer {
        let handler = |request: HttpRequest| async move {
            match request.path.as_str() {
                "/abort" => HttpReply::Abort,
                "/empty" => HttpReply::Empty(StatusCode::ACCEPTED),
                _ => HttpReply::Message {
                    status: StatusCode::OK,
                    content_type: request.content_type.unwrap_or_default(),
                    body: request.body,
                },
            }
        };
        HttpServer::bind(([127, 0, 0, 1], 0).into(), options, handler).await.expect("loopback")
    }

    async fn post(
        server: &HttpServer,
        path: &str,
        body: &'static [u8],
    ) -> Result<crate::transport::http_client::HttpResponse, HttpError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        let address = format!("http://{}{path}", server.local_addr());
        HttpClient::new().post(&address, headers, Bytes::from_static(body), 1000).await
    }

    #[tokio::test]
    async fn a_body_goes_there_and_back() {
        let server = server(HttpServerOptions::default()).await;
        let response = post(&server, "/x", b"hello").await.unwrap();
        assert_eq!(response.status, StatusCode::OK);
        assert_eq!(response.content_type.as_deref(), Some("text/plain"));
        assert_eq!(&response.body[..], b"hello");
        let response = post(&server, "/empty", b"hello").await.unwrap();
        assert_eq!((response.status, response.body.len()), (StatusCode::ACCEPTED, 0));
        assert!(server.shutdown(Duration::from_secs(5)).await);
    }

    #[tokio::test]
    async fn an_aborted_request_is_a_broken_connection() {
        let server = server(HttpServerOptions::default()).await;
        let error = post(&server, "/abort", b"x").await.expect_err("no answer");
        assert!(matches!(error, HttpError::Broken { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn bodies_over_the_limit_are_refused_on_both_sides() {
        let server = server(HttpServerOptions { max_body: 3, ..Default::default() }).await;
        let response = post(&server, "/x", b"four").await.unwrap();
        assert_eq!(response.status, StatusCode::PAYLOAD_TOO_LARGE);
        let address = format!("http://{}/x", server.local_addr());
        let error = HttpClient::new()
            .post(&address, HeaderMap::new(), Bytes::from_static(b"abc"), 2)
            .await
            .expect_err("larger than two");
        assert!(matches!(error, HttpError::TooLarge { limit: 2, .. }), "{error:?}");
    }
}
