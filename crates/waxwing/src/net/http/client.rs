//! The client half of the HTTP transport: POST with connection reuse.
//!
//! SOAP 1.2 Part 2 §7 (HTTP binding). Every attempt is its own exchange; repeating one is the
//! business of WS-ReliableMessaging, never of the transport.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE, LOCATION};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::oneshot;
use waxwing_soap::Address;

use super::body::{CollectError, Unlimited, collect};
use super::told_body::ToldBody;

/// How long an unused connection is kept for the next request.
///
/// Shorter than the 120 s after which HTTP.SYS drops an idle connection, so that a request is
/// seldom sent into a connection that the service is closing.
pub const IDLE_CONNECTION_TIMEOUT: Duration = Duration::from_secs(90);

/// The most octets of the head of an answer: as many as our own server takes of a request's.
pub const MAX_HEAD: usize = 64 << 10;

/// A pool of connections to any number of services. Cloning shares the pool.
#[derive(Clone, Debug)]
pub struct HttpClient {
    inner: Client<HttpConnector, ToldBody>,
}

/// What a service answered: status, the two headers that SOAP looks at, and the whole body.
#[derive(Clone, Debug)]
pub struct HttpResponse {
    /// The HTTP status code.
    pub status: StatusCode,
    /// The `Content-Type` header, if it is there and is text.
    pub content_type: Option<String>,
    /// The `Date` header: the service's idea of the time, for the diagnosis of clocks apart.
    pub date: Option<String>,
    /// The `Location` header: where a redirection leads.
    pub location: Option<String>,
    /// The entity body, never longer than the limit that the request gave.
    pub body: Bytes,
}

/// Why an exchange brought no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The address cannot be asked over this transport.
    #[error("the address {address} cannot be used: {reason}")]
    Address {
        /// The address as it was given.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No connection came about: nobody listens, the name has no address, the network is down.
    #[error("there was no endpoint listening at {address} that could accept the message: {error}")]
    Connect {
        /// The address that was asked.
        address: String,
        /// What the operating system said.
        error: Box<dyn StdError + Send + Sync>,
    },
    /// The name of the host has no address.
    #[error("the remote name '{host}' of {address} could not be resolved: {error}")]
    UnknownHost {
        /// The address that was asked.
        address: String,
        /// Its host.
        host: String,
        /// What the operating system said.
        error: io::Error,
    },
    /// The connection broke before the whole answer was there.
    #[error("the connection to {address} was closed before the answer came: {error}")]
    Broken {
        /// The address that was asked.
        address: String,
        /// What happened to the connection.
        error: Box<dyn StdError + Send + Sync>,
    },
    /// What answers does not speak HTTP: a server with TLS, or of another protocol.
    #[error(
        "what listens at {address} does not answer with HTTP (a port for https, or another service?): {text}"
    )]
    NotHttp {
        /// The address that was asked.
        address: String,
        /// What is wrong with its answer.
        text: String,
    },
    /// The answer is larger than the caller takes.
    #[error(
        "the answer of {address} is larger than {limit} bytes; \
         raise maxReceivedMessageSize of the binding if that is expected"
    )]
    TooLarge {
        /// The address that was asked.
        address: String,
        /// The limit in bytes.
        limit: usize,
    },
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new()
    }
}

impl HttpClient {
    /// A client with an empty pool. Needs a running tokio runtime only when a request is made.
    pub fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let inner = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_CONNECTION_TIMEOUT)
            .http1_max_buf_size(MAX_HEAD)
            // A request that was written to a connection may have been executed:
            // only reliable messaging may repeat it.
            .retry_canceled_requests(false)
            .build(connector);
        Self { inner }
    }

    /// Sends `body` to `address` and collects the answer, at most `limit` bytes of it.
    ///
    /// # Errors
    ///
    /// [`HttpError`] when no whole answer came. Any status code is an answer.
    pub async fn post(
        &self,
        address: &str,
        headers: HeaderMap,
        body: Bytes,
        limit: usize,
    ) -> Result<HttpResponse, HttpError> {
        self.post_telling(address, headers, body, limit, None).await
    }

    /// The same, and tells when the body is written. A request that fails before is told as well.
    ///
    /// # Errors
    ///
    /// As [`HttpClient::post`].
    pub async fn post_telling(
        &self,
        address: &str,
        headers: HeaderMap,
        body: Bytes,
        limit: usize,
        written: Option<oneshot::Sender<()>>,
    ) -> Result<HttpResponse, HttpError> {
        let request = build_request(address, headers, ToldBody::new(body, written))?;
        let uri = request.uri().clone();
        let response = match self.inner.request(request).await {
            Ok(response) => response,
            Err(error) if error.is_connect() => {
                return Err(not_connected(address, &uri, error).await);
            }
            Err(error) => {
                let (address, text) = (address.to_owned(), chain(&error));
                return Err(match is_no_http(&error) {
                    true => HttpError::NotHttp { address, text },
                    false => HttpError::Broken { address, error: text.into() },
                });
            }
        };
        let (head, body) = response.into_parts();
        let text = |name| head.headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let body = collect(body, limit, &Unlimited).await.map_err(|error| {
            let address = address.to_owned();
            match error {
                CollectError::TooLarge => HttpError::TooLarge { address, limit },
                CollectError::Broken(source) => HttpError::Broken { address, error: source },
            }
        })?;
        Ok(HttpResponse {
            status: head.status,
            content_type: text(CONTENT_TYPE),
            date: text(DATE),
            location: text(LOCATION),
            body,
        })
    }
}

fn build_request(
    address: &str,
    headers: HeaderMap,
    body: ToldBody,
) -> Result<Request<ToldBody>, HttpError> {
    let refuse = |reason: String| HttpError::Address { address: address.to_owned(), reason };
    let uri: Uri = Address::of(address)
        .escaped()
        .parse()
        .map_err(|e: http::uri::InvalidUri| refuse(e.to_string()))?;
    match uri.scheme_str() {
        Some("http") => {}
        Some(other) => {
            return Err(refuse(format!(
                "the scheme is {other}, and this version sends over http only"
            )));
        }
        None => return Err(refuse("it is not absolute".to_owned())),
    }
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Ok(request)
}

/// An error and what it came from, outermost first.
fn layers<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// What a connection failed of, in all its layers.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut texts: Vec<_> = layers(error).map(ToString::to_string).collect();
    texts.dedup();
    texts.join(": ")
}

/// Whether what came is no HTTP: TLS, another protocol.
fn is_no_http(error: &(dyn StdError + 'static)) -> bool {
    layers(error)
        .any(|error| error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse))
}

/// Nobody listens, or the name of the host has no address: the resolver is asked once more, since the connector does not
/// tell the two apart.
async fn not_connected(
    address: &str,
    uri: &Uri,
    error: hyper_util::client::legacy::Error,
) -> HttpError {
    let (host, port) = (uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(80));
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let resolved = tokio::net::lookup_host((host, port)).await.map(drop);
    let (address, host) = (address.to_owned(), host.to_owned());
    match resolved {
        Ok(()) => HttpError::Connect { address, error: innermost_io(error) },
        Err(error) => HttpError::UnknownHost { address, host, error },
    }
}

/// The operating system's own words ("Connection refused") instead of three layers of wrappers.
fn innermost_io(
    error: hyper_util::client::legacy::Error,
) -> Box<dyn StdError + Send + Sync + 'static> {
    let io = layers(&error).find_map(|error| error.downcast_ref::<io::Error>());
    if let Some(io) = io.map(|io| io::Error::new(io.kind(), io.to_string())) {
        return Box::new(io);
    }
    Box::new(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_without_listener_is_a_connect_error() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/x", listener.local_addr().unwrap());
        drop(listener);
        let error = HttpClient::new()
            .post(&address, HeaderMap::new(), Bytes::new(), 10)
            .await
            .expect_err("nobody listens");
        assert!(matches!(error, HttpError::Connect { .. }), "{error:?}");
        assert!(error.to_string().contains("refused"), "{error}");
    }

    /// A server with TLS answers HTTP with an alert, others begin with a banner.
    #[tokio::test]
    async fn what_is_no_http_is_told_as_such() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        for answer in [&b"\x15\x03\x01\x00\x02\x02\x46"[..], b"-ERR unknown command\r\n"] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = format!("http://{}/x", listener.local_addr().unwrap());
            tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(answer).await;
                std::future::pending::<()>().await
            });
            let post = HttpClient::new().post(&address, HeaderMap::new(), Bytes::new(), 10).await;
            let error = post.expect_err("no HTTP");
            assert!(matches!(error, HttpError::NotHttp { .. }), "{error:?}");
        }
    }

    #[tokio::test]
    async fn other_schemes_are_refused_by_name() {
        let error = HttpClient::new()
            .post("net.tcp://localhost/x", HeaderMap::new(), Bytes::new(), 10)
            .await
            .expect_err("not http");
        assert!(error.to_string().contains("net.tcp"), "{error}");
    }
}
