//! One exchange over HTTP with an authority: bounded in time and size, without redirections.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    ACCEPT, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HOST, PROXY_AUTHORIZATION, USER_AGENT,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use waxwing_binding::{ProxyAddress, ProxyCredentials, ProxyRoute, ProxyRules};
use zeroize::Zeroizing;

use super::options::{CONNECT_TIMEOUT, MAX_LIST, MAX_OCSP};
use super::place::{Place, is_asked, not_asked};

/// The longest request that is sent as GET, which caches between may answer (RFC 5019 §5).
const MAX_GET: usize = 255;
/// The most octets of the head of an answer.
const MAX_HEAD: usize = 16 << 10;

/// How authorities are reached.
#[derive(Debug)]
pub(super) struct Fetcher {
    /// Or why what names a proxy cannot be used.
    pub(super) rules: Result<ProxyRules, String>,
    /// How long a fetch may take.
    pub(super) most: Duration,
}

impl Fetcher {
    /// Fetches a revocation list.
    ///
    /// # Errors
    /// What failed, in words.
    pub(super) async fn list(&self, url: &str) -> Result<Vec<u8>, String> {
        let place = Place::of(url)?;
        let proxy = self.proxy(url)?;
        let wanted = get(&place, path(&place));
        within(self.most, &proxy, exchange(&place, &proxy, &wanted, MAX_LIST)).await
    }

    /// Asks an OCSP responder (RFC 6960 §A.1): by GET where the request is short, by POST where it is not, or where the
    /// responder does not know GET.
    ///
    /// # Errors
    /// What failed, in words.
    pub(super) async fn ocsp(&self, url: &str, request: Vec<u8>) -> Result<Vec<u8>, String> {
        let place = Place::of(url)?;
        let proxy = self.proxy(url)?;
        let ask = async {
            if let Some(path) = ocsp_path(&place, &request) {
                match exchange(&place, &proxy, &get(&place, path), MAX_OCSP).await {
                    Err(Failed::Status(status)) if !status.is_redirection() => {}
                    other => return other,
                }
            }
            exchange(&place, &proxy, &post(&place, request), MAX_OCSP).await
        };
        within(self.most, &proxy, ask).await
    }

    /// The proxy between, if there is one.
    fn proxy(&self, url: &str) -> Result<Option<ProxyAddress>, String> {
        let rules = self.rules.as_ref().map_err(String::clone)?;
        match rules.route(url, &|address| address.is_loopback())? {
            ProxyRoute::Direct { .. } => Ok(None),
            ProxyRoute::Through { proxy, .. } if proxy.secure => Err(format!(
                "the proxy {proxy} is spoken to over TLS, and authorities are asked over http only"
            )),
            ProxyRoute::Through { proxy, .. } => Ok(Some(proxy)),
        }
    }
}

/// Why there is no answer.
enum Failed {
    Status(StatusCode),
    Words(String),
}

async fn within(
    most: Duration,
    proxy: &Option<ProxyAddress>,
    exchange: impl Future<Output = Result<Vec<u8>, Failed>>,
) -> Result<Vec<u8>, String> {
    let words = match tokio::time::timeout(most, exchange).await {
        Ok(Ok(octets)) => return Ok(octets),
        Err(_) => format!("there was no whole answer within {most:?}"),
        Ok(Err(Failed::Words(words))) => words,
        Ok(Err(Failed::Status(status))) if status.is_redirection() => {
            format!("it answered HTTP {status}, and redirections are not followed")
        }
        Ok(Err(Failed::Status(status))) => format!("it answered HTTP {status}"),
    };
    match proxy {
        None => Err(words),
        Some(proxy) => Err(format!("{words} (through the proxy {proxy})")),
    }
}

/// The path with the request in it.
fn ocsp_path(place: &Place, request: &[u8]) -> Option<String> {
    let mut path = path(place);
    if place.uri.query().is_some() {
        return None;
    }
    if !path.ends_with('/') {
        path.push('/');
    }
    let start = path.len();
    for character in STANDARD.encode(request).chars() {
        match character {
            '+' => path.push_str("%2B"),
            '/' => path.push_str("%2F"),
            '=' => path.push_str("%3D"),
            other => path.push(other),
        }
    }
    (path.len() - start <= MAX_GET).then_some(path)
}

fn path(place: &Place) -> String {
    place.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned()
}

/// What a request is made of; it is made anew for each connection.
struct Wanted {
    method: Method,
    path: String,
    host: String,
    body: Bytes,
}

fn get(place: &Place, path: String) -> Wanted {
    let host = place.authority().to_owned();
    Wanted { method: Method::GET, path, host, body: Bytes::new() }
}

fn post(place: &Place, request: Vec<u8>) -> Wanted {
    Wanted { method: Method::POST, body: request.into(), ..get(place, path(place)) }
}

impl Wanted {
    fn request(&self, proxy: Option<&ProxyAddress>) -> Result<Request<Full<Bytes>>, http::Error> {
        let uri = match proxy {
            None => self.path.clone(),
            Some(_) => format!("http://{}{}", self.host, self.path),
        };
        let mut builder = Request::builder()
            .method(self.method.clone())
            .uri(uri)
            .header(HOST, &self.host)
            .header(USER_AGENT, "waxwing")
            .header(CONNECTION, "close");
        if self.method == Method::POST {
            builder = builder
                .header(CONTENT_TYPE, "application/ocsp-request")
                .header(ACCEPT, "application/ocsp-response");
        }
        if let Some(credentials) = proxy.and_then(|proxy| proxy.credentials.as_ref()) {
            builder = builder.header(PROXY_AUTHORIZATION, basic(credentials)?);
        }
        builder.body(Full::new(self.body.clone()))
    }
}

/// RFC 7617.
fn basic(credentials: &ProxyCredentials) -> Result<HeaderValue, http::Error> {
    let ProxyCredentials { user_name, password } = credentials;
    let both = Zeroizing::new(format!("{user_name}:{}", password.as_str()));
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(both.as_bytes())))?;
    value.set_sensitive(true);
    Ok(value)
}

async fn exchange(
    place: &Place,
    proxy: &Option<ProxyAddress>,
    wanted: &Wanted,
    limit: usize,
) -> Result<Vec<u8>, Failed> {
    let broken = |error: hyper::Error| Failed::Words(words(&error));
    let stream = match proxy {
        // It looks the name up itself, and whoever named it allows what it does.
        Some(proxy) => connect(&proxy.host, proxy.port, |_| true).await,
        None => connect(&place.host, place.port, is_asked).await,
    };
    let stream = stream.map_err(Failed::Words)?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let request =
        wanted.request(proxy.as_ref()).map_err(|error| Failed::Words(error.to_string()))?;
    let answered = pin!(async {
        let response = sender.send_request(request).await.map_err(broken)?;
        collect(response, limit).await
    });
    // The connection is driven beside the exchange, and ends with it.
    let driven = pin!(async {
        let _ = connection.await;
        std::future::pending::<()>().await;
    });
    tokio::select! {
        answer = answered => answer,
        () = driven => Err(Failed::Words("the connection ended".to_owned())),
    }
}

async fn connect(
    host: &str,
    port: u16,
    is_asked: impl Fn(IpAddr) -> bool,
) -> Result<TcpStream, String> {
    let found = tokio::net::lookup_host((host, port)).await;
    let found = found.map_err(|error| format!("{host} cannot be found: {error}"))?;
    let mut why = format!("{host} has no address");
    for address in found {
        if !is_asked(address.ip()) {
            why = not_asked(address.ip());
            continue;
        }
        match connect_to(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => why = error,
        }
    }
    Err(why)
}

async fn connect_to(address: SocketAddr) -> Result<TcpStream, String> {
    match tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(format!("there is no connection to {address}: {error}")),
        Err(_) => {
            Err(format!("there is no connection to {address}: none within {CONNECT_TIMEOUT:?}"))
        }
    }
}

async fn collect(response: Response<Incoming>, limit: usize) -> Result<Vec<u8>, Failed> {
    let (head, mut body) = response.into_parts();
    if head.status != StatusCode::OK {
        return Err(Failed::Status(head.status));
    }
    let is_plain = |encoding: &HeaderValue| encoding.as_bytes().eq_ignore_ascii_case(b"identity");
    if !head.headers.get_all(CONTENT_ENCODING).iter().all(is_plain) {
        return Err(Failed::Words(
            "it answered in a content encoding that nobody asked for".to_owned(),
        ));
    }
    let too_large = || Failed::Words(format!("its answer is larger than {limit} octets"));
    let mut octets = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Failed::Words(words(&error)))?;
        let Some(data) = frame.data_ref() else { continue };
        if data.len() > limit - octets.len() {
            return Err(too_large());
        }
        octets.extend_from_slice(data);
    }
    Ok(octets)
}

/// An error with what it came from.
fn words(error: &dyn std::error::Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut inner = error.source();
    while let Some(error) = inner {
        texts.push(error.to_string());
        inner = error.source();
    }
    texts.dedup();
    format!("the exchange broke: {}", texts.join(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_requests_stand_in_the_path() {
        let place = Place::of("http://ca.example/ocsp").unwrap();
        assert_eq!(ocsp_path(&place, &[0xff, 0xfb]).unwrap(), "/ocsp/%2F%2Fs%3D");
        assert!(ocsp_path(&place, &[0; 192]).is_none());
        assert!(ocsp_path(&Place::of("http://ca.example/?q").unwrap(), &[0]).is_none());
        assert_eq!(ocsp_path(&Place::of("http://ca.example").unwrap(), &[0; 3]).unwrap(), "/AAAA");
    }
}
