//! The client half of the HTTP transport: POST with connection reuse.
//!
//! SOAP 1.2 Part 2 §7 (HTTP binding). Every attempt is its own exchange; repeating one is the
//! business of WS-ReliableMessaging, never of the transport.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE, LOCATION};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use waxwing_soap::Address;

use super::body::{CollectError, Unlimited, collect};
use super::connect::{Connector, HttpSettings, chain, is_no_http, not_connected, tls_failed};
pub(super) use super::error::HttpError;
use super::told_body::ToldBody;
use crate::net::transport::Written;

/// How long an unused connection is kept for the next request.
///
/// Shorter than the 120 s after which HTTP.SYS drops an idle connection, so that a request is
/// seldom sent into a connection that the service is closing.
const IDLE_CONNECTION_TIMEOUT: Duration = Duration::from_secs(90);

/// The most octets of the head of an answer: as many as our own server takes of a request's.
const MAX_HEAD: usize = 64 << 10;

/// A pool of connections to any number of services. Cloning shares the pool.
#[derive(Clone)]
pub(super) struct HttpClient {
    inner: Client<Connector, ToldBody>,
    /// Whether `https` can be spoken.
    tls: bool,
}

/// What a service answered: status, the two headers that SOAP looks at, and the whole body.
#[derive(Clone, Debug)]
pub(super) struct HttpResponse {
    /// The HTTP status code.
    pub(super) status: StatusCode,
    /// The `Content-Type` header, if it is there and is text.
    pub(super) content_type: Option<String>,
    /// The `Date` header: the service's idea of the time, for the diagnosis of clocks apart.
    pub(super) date: Option<String>,
    /// The `Location` header: where a redirection leads.
    pub(super) location: Option<String>,
    /// All headers.
    pub(super) headers: HeaderMap,
    /// The entity body, never longer than the limit that the request gave.
    pub(super) body: Bytes,
}

impl HttpClient {
    /// A client with an empty pool. Needs a running tokio runtime only when a request is made.
    pub(super) fn new(settings: HttpSettings) -> Self {
        let tls = settings.tls.is_some();
        let inner = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_CONNECTION_TIMEOUT)
            .http1_max_buf_size(MAX_HEAD)
            // A request that was written to a connection may have been executed:
            // only reliable messaging may repeat it.
            .retry_canceled_requests(false)
            .build(Connector::new(settings));
        Self { inner, tls }
    }

    /// Sends `body` to `address` and collects the answer, at most `limit` bytes of it. `written` is dropped when the body
    /// is written, or the request has failed before.
    ///
    /// # Errors
    ///
    /// [`HttpError`] when no whole answer came. Any status code is an answer.
    pub(super) async fn post(
        &self,
        address: &str,
        headers: HeaderMap,
        body: Bytes,
        limit: usize,
        written: Written,
    ) -> Result<HttpResponse, HttpError> {
        let body = ToldBody::new(body, written);
        let request = build_request(address, headers, body, self.tls)?;
        let uri = request.uri().clone();
        let response = match self.inner.request(request).await {
            Ok(response) => response,
            Err(error) if error.is_connect() => {
                return Err(not_connected(address, &uri, error).await);
            }
            Err(error) => {
                if let Some(failed) = tls_failed(&error, &uri) {
                    return Err(failed);
                }
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
            headers: head.headers,
            body,
        })
    }
}

fn build_request(
    address: &str,
    headers: HeaderMap,
    body: ToldBody,
    tls: bool,
) -> Result<Request<ToldBody>, HttpError> {
    let refuse = |reason: String| HttpError::Address { address: address.to_owned(), reason };
    let uri: Uri = Address::of(address)
        .escaped()
        .parse()
        .map_err(|e: http::uri::InvalidUri| refuse(e.to_string()))?;
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") if tls => {}
        Some("https") => {
            return Err(refuse("the binding has no security of the transport".to_owned()));
        }
        Some(other) => {
            return Err(refuse(format!(
                "the scheme is {other}, and this version sends over http and https only"
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::written;

    #[tokio::test]
    async fn a_port_without_listener_is_a_connect_error() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/x", listener.local_addr().unwrap());
        drop(listener);
        let error = HttpClient::new(HttpSettings::default())
            .post(&address, HeaderMap::new(), Bytes::new(), 10, written().0)
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
            let post = HttpClient::new(HttpSettings::default())
                .post(&address, HeaderMap::new(), Bytes::new(), 10, written().0)
                .await;
            let error = post.expect_err("no HTTP");
            assert!(matches!(error, HttpError::NotHttp { .. }), "{error:?}");
        }
    }

    #[tokio::test]
    async fn other_schemes_are_refused_by_name() {
        let error = HttpClient::new(HttpSettings::default())
            .post("net.tcp://localhost/x", HeaderMap::new(), Bytes::new(), 10, written().0)
            .await
            .expect_err("not http");
        assert!(error.to_string().contains("net.tcp"), "{error}");
    }
}
