//! HTTP peers without manners: they send and answer what a test says.
//!
//! No limits and no deadlines: the other side is what is tested.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Any error of an exchange, in the words of whatever failed.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Posts bodies. Clones share their connections.
#[derive(Clone, Debug)]
pub struct HttpClient {
    inner: Client<HttpConnector, Full<Bytes>>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct HttpResponse {
    /// The status code.
    pub status: StatusCode,
    /// The `Content-Type`, where there is one that is text.
    pub content_type: Option<String>,
    /// The whole body.
    pub body: Bytes,
}

/// One request as it came in.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// The path, undecoded.
    pub path: String,
    /// The query, without the question mark.
    pub query: Option<String>,
    /// The `Content-Type`, where there is one that is text.
    pub content_type: Option<String>,
    /// The whole body.
    pub body: Bytes,
}

/// What to send back.
#[derive(Clone, Debug)]
pub enum HttpReply {
    /// A status with a body.
    Message {
        /// The status code.
        status: StatusCode,
        /// The `Content-Type`; none when it is empty.
        content_type: String,
        /// The body.
        body: Bytes,
    },
    /// A status with nothing.
    Empty(StatusCode),
    /// The connection is closed without an answer.
    Abort,
}

/// A server on a free port of the loopback. Dropping it stops it.
#[derive(Debug)]
pub struct HttpServer {
    local: SocketAddr,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new()
    }
}

impl HttpClient {
    /// A client without connections.
    pub fn new() -> Self {
        let mut builder = Client::builder(TokioExecutor::new());
        Self { inner: builder.retry_canceled_requests(false).build(HttpConnector::new()) }
    }

    /// Posts `body` to `address` and takes whatever comes.
    ///
    /// # Errors
    /// No whole answer came.
    pub async fn post(
        &self,
        address: &str,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> Result<HttpResponse, Failure> {
        let mut request = Request::new(Full::new(body.into()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = address.parse()?;
        if !content_type.is_empty() {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_str(content_type)?);
        }
        let (head, body) = self.inner.request(request).await?.into_parts();
        let content_type = text(&head.headers);
        Ok(HttpResponse {
            status: head.status,
            content_type,
            body: body.collect().await?.to_bytes(),
        })
    }
}

impl From<HttpResponse> for HttpReply {
    /// Passes an answer on.
    fn from(answer: HttpResponse) -> Self {
        match answer.content_type {
            None if answer.body.is_empty() => Self::Empty(answer.status),
            content_type => Self::Message {
                status: answer.status,
                content_type: content_type.unwrap_or_default(),
                body: answer.body,
            },
        }
    }
}

impl HttpServer {
    /// Listens and answers with `handler`.
    ///
    /// # Errors
    /// What the operating system says when no port can be had.
    pub async fn start<F, R>(handler: F) -> io::Result<Self>
    where
        F: Fn(HttpRequest) -> R + Send + Sync + 'static,
        R: Future<Output = HttpReply> + Send + 'static,
    {
        Self::start_at(0, handler).await
    }

    /// The same at a port.
    ///
    /// # Errors
    /// It is taken.
    pub async fn start_at<F, R>(port: u16, handler: F) -> io::Result<Self>
    where
        F: Fn(HttpRequest) -> R + Send + Sync + 'static,
        R: Future<Output = HttpReply> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let local = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(serve(listener, Arc::new(handler), stopped));
        Ok(Self { local, stop, task: Some(task) })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Takes no more connections and waits for the exchanges under way, at most `patience`. Gives whether they ended.
    pub async fn shutdown(mut self, patience: Duration) -> bool {
        let _ = self.stop.send(true);
        let Some(mut task) = self.task.take() else { return true };
        let ended = tokio::time::timeout(patience, &mut task).await.is_ok();
        task.abort();
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

async fn serve<F, R>(listener: TcpListener, handler: Arc<F>, mut stopped: watch::Receiver<bool>)
where
    F: Fn(HttpRequest) -> R + Send + Sync + 'static,
    R: Future<Output = HttpReply> + Send + 'static,
{
    let graceful = GracefulShutdown::new();
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => break,
            accepted = listener.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        if let Ok((stream, _)) = accepted {
            connections.spawn(connection(stream, Arc::clone(&handler), &graceful));
        }
    }
    drop(listener);
    graceful.shutdown().await;
}

fn connection<F, R>(
    stream: TcpStream,
    handler: Arc<F>,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + Send + use<F, R>
where
    F: Fn(HttpRequest) -> R + Send + Sync + 'static,
    R: Future<Output = HttpReply> + Send + 'static,
{
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let handler = Arc::clone(&handler);
        async move { answer(&*handler, request).await }
    });
    let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let served = graceful.watch(served);
    async move {
        // A peer that goes away ends a connection like one that is done.
        let _ = served.await;
    }
}

async fn answer<F, R>(
    handler: &F,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, io::Error>
where
    F: Fn(HttpRequest) -> R,
    R: Future<Output = HttpReply>,
{
    let (head, body) = request.into_parts();
    let request = HttpRequest {
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        content_type: text(&head.headers),
        body: body.collect().await.map_err(io::Error::other)?.to_bytes(),
    };
    let (status, content_type, body) = match handler(request).await {
        HttpReply::Message { status, content_type, body } => (status, content_type, body),
        HttpReply::Empty(status) => (status, String::new(), Bytes::new()),
        HttpReply::Abort => return Err(io::Error::other("the request was aborted")),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    if !content_type.is_empty() {
        let value = HeaderValue::from_str(&content_type).map_err(io::Error::other)?;
        response.headers_mut().insert(CONTENT_TYPE, value);
    }
    Ok(response)
}

fn text(headers: &http::HeaderMap) -> Option<String> {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned)
}
