//! The client half of the HTTP transport: POST with connection reuse, and GET for documents.
//!
//! SOAP 1.2 Part 2 §7 (HTTP binding). Every attempt is its own exchange; repeating one is the
//! business of WS-ReliableMessaging, never of the transport.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, LOCATION, PROXY_AUTHORIZATION,
};
use http::uri::Scheme;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use waxwing_soap::Address;

use super::body::{Arriving, CollectError, collect};
use super::coding::{ACCEPTED, CodingError, decompressed};
use super::connect::{Connector, HttpSettings, chain, is_no_http, not_connected, tls_failed};
pub(super) use super::error::HttpError;
use super::pool::{Connection, Pool, Target};
use super::proxy::{self, HttpProxy, ProxyError};
use super::status::StatusMeaning;
use super::told_body::ToldBody;
use crate::net::transport::Written;

/// A pool of connections to any number of services. Cloning shares the pool.
#[derive(Clone)]
pub(super) struct HttpClient {
    pool: Pool,
    /// The address of the last request: most have one.
    last: Arc<Mutex<Option<Arc<Target>>>>,
    settings: HttpSettings,
}

/// What a service answered: status, the two headers that SOAP looks at, and the whole body.
#[derive(Clone, Debug)]
pub(super) struct HttpResponse {
    /// The HTTP status code.
    pub(super) status: StatusCode,
    /// The `Content-Type` header, if it is there and is text.
    pub(super) content_type: Option<String>,
    /// The `Location` header: where a redirection leads.
    pub(super) location: Option<String>,
    /// All headers.
    pub(super) headers: HeaderMap,
    /// The content, decompressed, never longer than the limit that the request gave.
    pub(super) body: Bytes,
}

impl HttpClient {
    /// A client with an empty pool. Needs a running tokio runtime only when a request is made.
    pub(super) fn new(settings: HttpSettings) -> Self {
        Self { pool: Pool::new(Connector::new(&settings)), last: Arc::default(), settings }
    }

    #[cfg(test)]
    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// An address for the texts of errors: with the proxy on the way to it.
    pub(super) fn told<'a>(&self, address: &'a str) -> Cow<'a, str> {
        match &self.settings.proxy {
            Some(proxy) => format!("{address} through {}", proxy.name()).into(),
            None => address.into(),
        }
    }

    /// Sends `body` to `address` and collects the answer, at most `limit` bytes of it. `written` is dropped when the body
    /// is written, or the request has failed before.
    ///
    /// # Errors
    ///
    /// [`HttpError`] when no whole answer came. Any status code is an answer, but that of a proxy which wants credentials.
    pub(super) async fn post(
        &self,
        address: &str,
        headers: HeaderMap,
        body: Bytes,
        limit: usize,
        written: Written,
    ) -> Result<HttpResponse, HttpError> {
        self.exchange(Method::POST, address, headers, body, limit, written).await
    }

    /// Sends `body`, and gives the answer as soon as its head is there, with the connection, which nobody else uses: the answer
    /// comes as long as that is held. `limit` is for the texts of errors. Credentials for a
    /// proxy are those that it has asked for before: a body that is made while it is sent is not sent twice.
    ///
    /// # Errors
    ///
    /// [`HttpError`] when no answer came. Any status code is an answer, but that of a proxy which wants credentials.
    pub(super) async fn post_in_pieces(
        &self,
        address: &str,
        mut headers: HeaderMap,
        body: ToldBody,
        limit: usize,
    ) -> Result<(Connection, Response<Incoming>), HttpError> {
        let target = self.target(address)?;
        let (client, method, uri) = (self, &Method::POST, &target.uri);
        let exchange = Exchange { client, method, address, target: &target, limit };
        let failed = |error: ProxyError| HttpError::ProxyAuthentication { text: error.to_string() };
        let proxy = self.settings.proxy.as_deref();
        let proxy = proxy.filter(|_| uri.scheme() == Some(&Scheme::HTTP));
        let asked = proxy.and_then(|proxy| Some((proxy, proxy.accepted_before()?)));
        if let Some((proxy, asked)) = &asked {
            let shown = proxy.shown(asked, method.as_str(), &uri.to_string()).map_err(failed)?;
            headers.insert(PROXY_AUTHORIZATION, shown);
        }
        if let Some(cookies) = &self.settings.cookies {
            cookies.write(uri, &mut headers);
        }
        let mut request = Request::new(body);
        *request.method_mut() = method.clone();
        *request.headers_mut() = headers;
        // Both bodies may be under way at a time, and whoever reads one takes his time.
        let mut connection = exchange.connection().await?.on_its_own();
        let response = exchange.send(&mut connection, request).await?;
        let by_proxy = response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED;
        if let Some(proxy) = proxy.filter(|_| by_proxy) {
            let asked = proxy.asked(response.headers(), asked.as_ref().map(|(_, asked)| asked));
            let text = match asked {
                Ok(_) => NOT_TWICE.to_owned(),
                Err(error) => error.to_string(),
            };
            return Err(HttpError::ProxyAuthentication { text });
        }
        if let Some(cookies) = &self.settings.cookies {
            cookies.read(uri, response.headers());
        }
        Ok((connection, response))
    }

    /// Gets the document at `address`, at most `limit` bytes of it. No redirection is followed.
    ///
    /// # Errors
    ///
    /// As [`HttpClient::post`].
    pub(super) async fn get(
        &self,
        address: &str,
        headers: HeaderMap,
        limit: usize,
    ) -> Result<HttpResponse, HttpError> {
        let written = Written::by_nobody();
        self.exchange(Method::GET, address, headers, Bytes::new(), limit, written).await
    }

    /// Asks `address` for another protocol by GET. Gives the answer as it is, whatever it says.
    ///
    /// # Errors
    ///
    /// As [`HttpClient::post`].
    pub(super) async fn upgrade(
        &self,
        address: &str,
        mut headers: HeaderMap,
    ) -> Result<Response<Incoming>, HttpError> {
        let (target, method) = (self.target(address)?, Method::GET);
        let exchange =
            Exchange { client: self, method: &method, address, target: &target, limit: 0 };
        if let Some(cookies) = &self.settings.cookies {
            cookies.write(&target.uri, &mut headers);
        }
        let mut request = Request::new(ToldBody::new(Bytes::new(), Written::by_nobody()));
        *request.method_mut() = method.clone();
        *request.headers_mut() = headers;
        let mut connection = exchange.connection().await?.upgradeable();
        exchange.send(&mut connection, request).await
    }

    fn target(&self, address: &str) -> Result<Arc<Target>, HttpError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(target) = last.as_ref().filter(|last| last.is_of(address)) {
            return Ok(Arc::clone(target));
        }
        let uri = target(address, self.settings.tls.is_some())?;
        Ok(Arc::clone(last.insert(Arc::new(self.pool.target(address, uri)))))
    }

    async fn exchange(
        &self,
        method: Method,
        address: &str,
        headers: HeaderMap,
        body: Bytes,
        limit: usize,
        written: Written,
    ) -> Result<HttpResponse, HttpError> {
        let target = self.target(address)?;
        let exchange = Exchange { client: self, method: &method, address, target: &target, limit };
        let proxy = self.settings.proxy.as_deref();
        // In a tunnel there is the server alone.
        match proxy.filter(|_| target.uri.scheme() == Some(&Scheme::HTTP)) {
            None => exchange.run(headers, body, written).await,
            // Large, and not everybody's.
            Some(proxy) => Box::pin(exchange.run_by(proxy, headers, body, written)).await,
        }
    }
}

/// What is said where a stream would have to be sent again.
pub(super) const NOT_TWICE: &str = "This request requires buffering data for authentication or redirection to be sucessful. A \
     stream is sent once, and credentials were asked for when it was under way: write transferMode=\"StreamedResponse\", or \
     call an operation without stream first";

/// One request and its answer.
struct Exchange<'a> {
    client: &'a HttpClient,
    method: &'a Method,
    address: &'a str,
    target: &'a Target,
    limit: usize,
}

impl Exchange<'_> {
    /// The same by a proxy, which may ask for credentials.
    async fn run_by(
        &self,
        proxy: &HttpProxy,
        headers: HeaderMap,
        body: Bytes,
        written: Written,
    ) -> Result<HttpResponse, HttpError> {
        let failed = |error: ProxyError| HttpError::ProxyAuthentication { text: error.to_string() };
        let (mut written, mut asked) = (Some(written), proxy.accepted_before());
        let target = self.target.uri.to_string();
        for _ in 0..proxy::MOST_ATTEMPTS {
            let mut headers = headers.clone();
            if let Some(asked) = &asked {
                let shown = proxy.shown(asked, self.method.as_str(), &target).map_err(failed)?;
                headers.insert(PROXY_AUTHORIZATION, shown);
            }
            // Whoever sends the next message of the session waits while this one may have to go again.
            let may_repeat = asked.is_none() && proxy.has_credentials();
            let own = written.take_if(|_| !may_repeat).unwrap_or_else(Written::by_nobody);
            let response = self.run(headers, body.clone(), own).await?;
            if response.status != StatusCode::PROXY_AUTHENTICATION_REQUIRED {
                return Ok(response);
            }
            // What a proxy refuses for want of credentials has gone no further.
            asked = Some(proxy.asked(&response.headers, asked.as_ref()).map_err(failed)?);
        }
        Err(failed(proxy.too_often()))
    }

    async fn run(
        &self,
        mut headers: HeaderMap,
        body: Bytes,
        written: Written,
    ) -> Result<HttpResponse, HttpError> {
        let HttpSettings { cookies, decompression, .. } = &self.client.settings;
        if let Some(cookies) = cookies {
            cookies.write(&self.target.uri, &mut headers);
        }
        if *decompression {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED));
        }
        let progress = Arriving::new(written.progress());
        let mut request = Request::new(ToldBody::new(body, written));
        *request.method_mut() = self.method.clone();
        *request.headers_mut() = headers;
        let mut connection = self.connection().await?;
        let (head, body) = self.send(&mut connection, request).await?.into_parts();
        let is_message = StatusMeaning::of(head.status.as_u16()) == StatusMeaning::Message;
        let body = match connection.run_for(collect(body, self.limit, &progress)).await {
            Ok((body, ())) => {
                self.client.pool.put_back(self.target, connection);
                Bytes::from(body)
            }
            Err(CollectError::TooLarge) => return Err(self.too_large()),
            // Some proxies cut the connection behind the head of a refusal, since they have not read the message. Its status
            // says enough.
            Err(CollectError::Broken(_)) if !is_message => Bytes::new(),
            Err(CollectError::Broken(error)) => {
                return Err(HttpError::Broken { address: self.told(), error });
            }
        };
        let by_proxy = head.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED;
        if let Some(cookies) = cookies.as_ref().filter(|_| !by_proxy) {
            cookies.read(&self.target.uri, &head.headers);
        }
        let body = match self.content(&head.headers, body) {
            Err(_) if !is_message => Bytes::new(),
            content => content?,
        };
        let text = |name| head.headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        Ok(HttpResponse {
            status: head.status,
            content_type: text(CONTENT_TYPE),
            location: text(LOCATION),
            body,
            headers: head.headers,
        })
    }

    async fn connection(&self) -> Result<Connection, HttpError> {
        let uri = &self.target.uri;
        match self.client.pool.connection(self.target).await {
            Ok(connection) => Ok(connection),
            Err(error) => Err(Box::pin(not_connected(self.address, uri, error)).await),
        }
    }

    async fn send(
        &self,
        connection: &mut Connection,
        request: Request<ToldBody>,
    ) -> Result<Response<Incoming>, HttpError> {
        // A request that was written to a connection may have been executed: only reliable messaging may repeat it.
        connection.send(self.target, request).await.map_err(|error| {
            if let Some(failed) = tls_failed(&error, &self.target.uri) {
                return failed;
            }
            let (address, text) = (self.told(), chain(&error));
            match is_no_http(&error) {
                true => HttpError::NotHttp { address, text },
                false => HttpError::Broken { address, error: text.into() },
            }
        })
    }

    /// The content of an answer.
    fn content(&self, headers: &HeaderMap, body: Bytes) -> Result<Bytes, HttpError> {
        // Several headers are one list (RFC 9110 §5.3).
        let codings: Vec<_> = headers
            .get_all(CONTENT_ENCODING)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        let coding = (!codings.is_empty()).then(|| codings.join(", "));
        let failed = |text: String| HttpError::Coding { address: self.told(), text };
        let is_coded = coding.as_deref().is_some_and(|own| !own.eq_ignore_ascii_case("identity"));
        if is_coded && !body.is_empty() && !self.client.settings.decompression {
            let coding = coding.unwrap_or_default().escape_debug().to_string();
            return Err(failed(format!(
                "it is in '{coding}', and decompressionEnabled of the binding is false"
            )));
        }
        decompressed(coding.as_deref(), body, self.limit).map_err(|error| match error {
            CodingError::TooLarge => self.too_large(),
            CodingError::Broken(text) => failed(text),
            CodingError::Unknown => {
                let coding = coding.as_deref().unwrap_or_default().escape_debug();
                failed(format!("it is in '{coding}', and {ACCEPTED} were asked for"))
            }
        })
    }

    fn told(&self) -> String {
        self.client.told(self.address).into_owned()
    }

    fn too_large(&self) -> HttpError {
        HttpError::TooLarge { address: self.told(), limit: self.limit }
    }
}

/// The address of a request.
fn target(address: &str, tls: bool) -> Result<Uri, HttpError> {
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
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_without_listener_is_a_connect_error() {
        let nobody = waxwing_testkit::ports::free_port().unwrap();
        let address = format!("http://127.0.0.1:{nobody}/x");
        let error = HttpClient::new(HttpSettings::default())
            .post(&address, HeaderMap::new(), Bytes::new(), 10, Written::by_nobody())
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
                .post(&address, HeaderMap::new(), Bytes::new(), 10, Written::by_nobody())
                .await;
            let error = post.expect_err("no HTTP");
            assert!(matches!(error, HttpError::NotHttp { .. }), "{error:?}");
        }
    }

    /// A refusal is one, in whatever coding its page is.
    #[tokio::test]
    async fn a_status_goes_before_the_coding_of_its_page() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/x", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            let answer = b"HTTP/1.1 401 No\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nhi";
            let _ = stream.write_all(answer).await;
            std::future::pending::<()>().await
        });
        let post = HttpClient::new(HttpSettings::default())
            .post(&address, HeaderMap::new(), Bytes::new(), 10, Written::by_nobody())
            .await;
        let response = post.expect("an answer");
        assert_eq!((response.status.as_u16(), &response.body[..]), (401, &b""[..]));
    }

    #[tokio::test]
    async fn other_schemes_are_refused_by_name() {
        let error = HttpClient::new(HttpSettings::default())
            .post("net.tcp://localhost/x", HeaderMap::new(), Bytes::new(), 10, Written::by_nobody())
            .await
            .expect_err("not http");
        assert!(error.to_string().contains("net.tcp"), "{error}");
    }
}
