//! CONNECT (RFC 9110 §9.3.6): a proxy becomes a wire to the server, over which TLS is spoken.

use std::time::Duration;

use http::HeaderValue;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::challenge::Challenges;

/// The most octets of the head of its answer; whatever it has to say besides is not read.
const MAX_HEAD: usize = 16 << 10;
/// The most headers in it.
const MAX_HEADERS: usize = 100;

/// Why no tunnel came about.
#[derive(Debug, thiserror::Error)]
pub(super) enum TunnelError {
    /// 407: what it wants.
    #[error("the proxy wants credentials")]
    Unauthorized(Challenges),
    /// Another status than one of success.
    #[error("it answers CONNECT with HTTP {status}{reason}")]
    Refused { status: u16, reason: String },
    /// What it answers is no HTTP.
    #[error("it does not answer CONNECT as a proxy does: {0}")]
    NoProxy(String),
    /// The connection ended.
    #[error("the connection was closed before it had answered CONNECT: {0}")]
    Closed(std::io::Error),
    /// Nothing came.
    #[error("it did not answer CONNECT within {0:?}")]
    TimedOut(Duration),
}

/// Asks the proxy behind `stream` for a tunnel to `place` (host and port), showing `authorization` to it, and waits for its
/// answer for so long. When the tunnel is there, nothing of the other side has been read.
pub(super) async fn open<S>(
    stream: &mut S,
    place: &str,
    authorization: Option<&HeaderValue>,
    patience: Duration,
) -> Result<(), TunnelError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let asked = ask(stream, place, authorization);
    let answered = tokio::time::timeout(patience, asked).await;
    answered.unwrap_or(Err(TunnelError::TimedOut(patience)))
}

async fn ask<S>(
    stream: &mut S,
    place: &str,
    authorization: Option<&HeaderValue>,
) -> Result<(), TunnelError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut request = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n").into_bytes();
    if let Some(authorization) = authorization {
        let line = [b"Proxy-Authorization: ", authorization.as_bytes(), b"\r\n"];
        request.extend(line.concat());
    }
    request.extend(b"Proxy-Connection: Keep-Alive\r\n\r\n");
    stream.write_all(&request).await.map_err(TunnelError::Closed)?;
    stream.flush().await.map_err(TunnelError::Closed)?;
    let mut head = Vec::new();
    loop {
        let begin = head.len();
        head.resize(begin + 2048, 0);
        let read = stream.read(&mut head[begin..]).await.map_err(TunnelError::Closed)?;
        head.truncate(begin + read);
        if read == 0 {
            return Err(TunnelError::Closed(std::io::ErrorKind::UnexpectedEof.into()));
        }
        if let Some(answered) = answer(&head)? {
            return Ok(answered);
        }
        if head.len() > MAX_HEAD {
            let text = format!("the head of its answer is larger than {MAX_HEAD} bytes");
            return Err(TunnelError::NoProxy(text));
        }
    }
}

/// What the octets that have come in say; none while the head is not whole.
fn answer(octets: &[u8]) -> Result<Option<()>, TunnelError> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(octets);
    let parsed = parsed.map_err(|error| TunnelError::NoProxy(error.to_string()))?;
    let httparse::Status::Complete(length) = parsed else { return Ok(None) };
    let status = response.code.unwrap_or_default();
    match status {
        // The tunnel begins behind the head, whatever length the proxy claims for a body. TLS begins with the client: what
        // speaks before it is no server.
        200..=299 if octets.len() == length => Ok(Some(())),
        200..=299 => {
            Err(TunnelError::NoProxy("it sends something into the tunnel itself".to_owned()))
        }
        100..=199 => Err(TunnelError::NoProxy(format!("HTTP {status}"))),
        407 => {
            let texts = response
                .headers
                .iter()
                .filter(|header| header.name.eq_ignore_ascii_case("proxy-authenticate"));
            let texts = texts.filter_map(|header| std::str::from_utf8(header.value).ok());
            Err(TunnelError::Unauthorized(Challenges::of(texts)))
        }
        _ => {
            let reason = response.reason.unwrap_or_default();
            let reason: String = reason.chars().filter(|c| !c.is_control()).take(100).collect();
            let reason = if reason.is_empty() { reason } else { format!(" {reason}") };
            Err(TunnelError::Refused { status, reason })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// What becomes of an answer, and what the proxy was asked.
    async fn asked(pieces: &[&[u8]]) -> (Result<(), TunnelError>, String) {
        let (mut client, mut proxy) = tokio::io::duplex(64 << 10);
        let pieces: Vec<Vec<u8>> = pieces.iter().map(|piece| piece.to_vec()).collect();
        let answering = tokio::spawn(async move {
            let mut request = vec![0; 4096];
            let read = proxy.read(&mut request).await.unwrap();
            for piece in pieces {
                let _ = proxy.write_all(&piece).await;
                tokio::task::yield_now().await;
            }
            String::from_utf8(request[..read].to_vec()).unwrap()
        });
        let opened = open(
            &mut client,
            "a.example:443",
            Some(&HeaderValue::from_static("Basic eDp5")),
            PATIENCE,
        )
        .await;
        (opened, answering.await.unwrap())
    }

    #[tokio::test]
    async fn a_tunnel() {
        for answer in [
            &[&b"HTTP/1.1 200 Connection established\r\n\r\n"[..]][..],
            &[b"HTTP/1.0 200 OK\r\nVia: x\r\n", b"\r\n"],
            &[b"HTTP/1.1 204 \r\nContent-Length: 50\r\n\r\n"],
        ] {
            let (opened, request) = asked(answer).await;
            opened.unwrap();
            assert_eq!(
                request,
                "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\nProxy-Authorization: Basic eDp5\r\n\
                 Proxy-Connection: Keep-Alive\r\n\r\n"
            );
        }
    }

    #[tokio::test]
    async fn what_is_no_tunnel() {
        let endless = b"HTTP/1.1 200 OK\r\nX: ".iter().copied().chain([b'x'; 20 << 10]);
        let endless: Vec<u8> = endless.collect();
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(200));
        for (answer, says) in [
            (
                &b"HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\n<s:Body/>"[..],
                "HTTP 403 Forbidden",
            ),
            (b"HTTP/1.1 302 Found\r\nLocation: http://evil/\r\n\r\n", "HTTP 302 Found"),
            (b"HTTP/1.1 503 \r\n\r\n", "HTTP 503"),
            (b"HTTP/1.1 100 Continue\r\n\r\n", "HTTP 100"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "into the tunnel"),
            (b"SSH-2.0-OpenSSH\r\n", "not answer CONNECT as a proxy"),
            (b"\x15\x03\x01\x00\x02\x02\x46", "not answer CONNECT as a proxy"),
            (b"HTTP/1.1 200", "closed before"),
            (b"", "closed before"),
            (&endless, "larger than"),
            (many.as_bytes(), "not answer CONNECT as a proxy"),
        ] {
            let (opened, _) = asked(&[answer]).await;
            let error = opened.expect_err("no tunnel").to_string();
            assert!(error.contains(says), "{says}: {error}");
        }
        let (opened, _) =
            asked(&[b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n"]).await;
        assert!(matches!(opened, Err(TunnelError::Unauthorized(_))), "{opened:?}");
    }

    #[tokio::test]
    async fn a_proxy_that_says_nothing() {
        let (mut client, _proxy) = tokio::io::duplex(1024);
        let opened = open(&mut client, "a.example:443", None, Duration::from_millis(20)).await;
        assert!(matches!(opened, Err(TunnelError::TimedOut(_))));
    }

    proptest! {
        #[test]
        fn no_octets_panic(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = answer(&octets);
            let _ = answer(&[&b"HTTP/1.1 407 x\r\nProxy-Authenticate: "[..], &octets, b"\r\n\r\n"].concat());
        }
    }
}
