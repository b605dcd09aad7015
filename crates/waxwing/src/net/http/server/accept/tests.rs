//! The server against peers of every kind.

use super::*;
use crate::net::Written;
use crate::net::http::client::{HttpClient, HttpError, HttpResponse};
use crate::net::http::connect::HttpSettings;
use crate::net::http::server::exchange::{HttpReply, HttpRequest};
use crate::net::http::server::limits::HttpLimits;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn bind(limits: HttpLimits, max_body: usize, handler: impl HttpHandler) -> Accepting {
    let places = Places::new(limits.places(), max_body);
    let most = Most { head: limits.max_head, body: max_body };
    let any = ([127, 0, 0, 1], 0).into();
    super::bind(any, most, places, None, handler).await.expect("loopback")
}

async fn server(max_body: usize) -> Accepting {
    let handler = |request: HttpRequest| async move {
        match request.path() {
            "/abort" => HttpReply::Abort,
            "/empty" => HttpReply::Empty(StatusCode::ACCEPTED),
            _ => HttpReply::Message {
                status: StatusCode::OK,
                content_type: request.content_type.unwrap_or_default().into(),
                coding: None,
                body: request.body,
            },
        }
    };
    bind(HttpLimits::default(), max_body, handler).await
}

async fn post(
    server: &Accepting,
    path: &str,
    body: &'static [u8],
) -> Result<HttpResponse, HttpError> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    let address = format!("http://{}{path}", server.local_addr());
    HttpClient::new(HttpSettings::default())
        .post(&address, headers, Bytes::from_static(body), 1000, Written::by_nobody())
        .await
}

#[tokio::test]
async fn a_body_goes_there_and_back() {
    let server = server(65_536).await;
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
    let server = server(65_536).await;
    let error = post(&server, "/abort", b"x").await.expect_err("no answer");
    assert!(matches!(error, HttpError::Broken { .. }), "{error:?}");
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused_on_both_sides() {
    let server = server(3).await;
    let response = post(&server, "/x", b"four").await.unwrap();
    assert_eq!(response.status, StatusCode::PAYLOAD_TOO_LARGE);
    let address = format!("http://{}/x", server.local_addr());
    let error = HttpClient::new(HttpSettings::default())
        .post(&address, HeaderMap::new(), Bytes::from_static(b"abc"), 2, Written::by_nobody())
        .await
        .expect_err("larger than two");
    assert!(matches!(error, HttpError::TooLarge { limit: 2, .. }), "{error:?}");
}

/// A firewall that looks at the first `SOAPAction`, or at the last, must not be shown another one than we are.
#[tokio::test]
async fn a_request_names_one_action() {
    let server = server(65_536).await;
    let (pay, look) = ("SOAPAction: \"urn:pay\"\r\n", "soapaction: \"urn:look\"\r\n");
    for (actions, status) in [(pay.to_owned(), "200"), (format!("{pay}{look}"), "400")] {
        let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
        let head = "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n";
        stream.write_all(format!("{head}{actions}\r\nx").as_bytes()).await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{actions}: {answer}");
    }
}

fn limits() -> HttpLimits {
    let half = Duration::from_millis(500);
    HttpLimits {
        grace: half,
        head_timeout: half,
        idle_timeout: half,
        stall_timeout: half,
        ..HttpLimits::default()
    }
}

/// Reads until the service closes the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut all)).await;
    // A connection that is reset is closed, too.
    let _ = read.expect("the service closes the connection");
    String::from_utf8_lossy(&all).into_owned()
}

/// A head, a body, the taking of an answer and the pause between two requests have their time.
#[tokio::test]
async fn every_stage_of_a_connection_ends() {
    let handler = |request: HttpRequest| async move {
        match request.path() {
            "/large" => HttpReply::Message {
                status: StatusCode::OK,
                content_type: "text/plain".into(),
                coding: None,
                body: vec![b'x'; 16 << 20].into(),
            },
            _ => HttpReply::Empty(StatusCode::ACCEPTED),
        }
    };
    let server = bind(limits(), 65_536, handler).await;
    let to = server.local_addr();
    let requests = [
        ("", ""),
        ("POST / HTTP/1.1\r\nHost: ", ""),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabc", ""),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 202"),
    ];
    for (request, answer) in requests {
        let mut stream = TcpStream::connect(to).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let rest = rest(&mut stream).await;
        assert!(
            rest.starts_with(answer) && rest.is_empty() == answer.is_empty(),
            "{request}: {rest}"
        );
    }
    // One that takes nothing of its answer, and one that takes it.
    let request = "POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    let mut slow = TcpStream::connect(to).await.unwrap();
    slow.write_all(request.as_bytes()).await.unwrap();
    let mut quick = TcpStream::connect(to).await.unwrap();
    quick.write_all(request.as_bytes()).await.unwrap();
    assert!(rest(&mut quick).await.len() > 16 << 20);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(rest(&mut slow).await.len() < 16 << 20, "it was given up in the middle");
}
