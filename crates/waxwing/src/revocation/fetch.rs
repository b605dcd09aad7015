//! One exchange over HTTP with an authority: bounded in time and size, without redirections.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::options::{CONNECT_TIMEOUT, MAX_LIST, MAX_OCSP};
use super::place::{Place, is_asked, not_asked};

/// The longest request that is sent as GET, which caches between may answer (RFC 5019 §5).
const MAX_GET: usize = 255;
/// The most octets of the head of an answer.
const MAX_HEAD: usize = 16 << 10;

/// Fetches a revocation list.
///
/// # Errors
/// What failed, in words.
pub(super) async fn list(url: &str, most: Duration) -> Result<Vec<u8>, String> {
    let place = Place::of(url)?;
    within(most, exchange(&place, &get(&place, path(&place)), MAX_LIST)).await
}

/// Asks an OCSP responder (RFC 6960 §A.1): by GET where the request is short, by POST where it is not, or where the
/// responder does not know GET.
///
/// # Errors
/// What failed, in words.
pub(super) async fn ocsp(url: &str, request: Vec<u8>, most: Duration) -> Result<Vec<u8>, String> {
    let place = Place::of(url)?;
    let ask = async {
        if let Some(path) = ocsp_path(&place, &request) {
            match exchange(&place, &get(&place, path), MAX_OCSP).await {
                Err(Failed::Status(status))
                    if status.is_client_error() || status.is_server_error() => {}
                other => return other,
            }
        }
        exchange(&place, &post(&place, request), MAX_OCSP).await
    };
    within(most, ask).await
}

/// Why there is no answer.
enum Failed {
    Status(StatusCode),
    Words(String),
}

async fn within(
    most: Duration,
    exchange: impl Future<Output = Result<Vec<u8>, Failed>>,
) -> Result<Vec<u8>, String> {
    match tokio::time::timeout(most, exchange).await {
        Err(_) => Err(format!("there was no whole answer within {most:?}")),
        Ok(Ok(octets)) => Ok(octets),
        Ok(Err(Failed::Words(words))) => Err(words),
        Ok(Err(Failed::Status(status))) if status.is_redirection() => {
            Err(format!("it answered HTTP {status}, and redirections are not followed"))
        }
        Ok(Err(Failed::Status(status))) => Err(format!("it answered HTTP {status}")),
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
    fn request(&self) -> Result<Request<Full<Bytes>>, http::Error> {
        let mut builder = Request::builder()
            .method(self.method.clone())
            .uri(&self.path)
            .header(HOST, &self.host)
            .header(USER_AGENT, "waxwing")
            .header(CONNECTION, "close");
        if self.method == Method::POST {
            builder = builder
                .header(CONTENT_TYPE, "application/ocsp-request")
                .header(ACCEPT, "application/ocsp-response");
        }
        builder.body(Full::new(self.body.clone()))
    }
}

async fn exchange(place: &Place, wanted: &Wanted, limit: usize) -> Result<Vec<u8>, Failed> {
    let broken = |error: hyper::Error| Failed::Words(words(&error));
    let stream = connect(place).await.map_err(Failed::Words)?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let request = wanted.request().map_err(|error| Failed::Words(error.to_string()))?;
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

async fn connect(place: &Place) -> Result<TcpStream, String> {
    let found = tokio::net::lookup_host((place.host.as_str(), place.port)).await;
    let found = found.map_err(|error| format!("{} cannot be found: {error}", place.host))?;
    let mut why = format!("{} has no address", place.host);
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
