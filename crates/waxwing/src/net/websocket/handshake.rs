//! The handshake (RFC 6455 §4) with WCF's headers: what the client asks for, what the service makes of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use sha1::{Digest, Sha1};
use waxwing_session::{TransportCause, TransportFailure};

/// The content type of the messages of a session.
const CONTENT_TYPE: HeaderName = HeaderName::from_static("soap-content-type");
/// Whether binary messages are buffered.
const TRANSFER_MODE: HeaderName = HeaderName::from_static("microsoft-binary-transfer-mode");
/// What is appended to the key (RFC 6455 §1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// What is done with messages: nothing is streamed.
const BUFFERED: &str = "Buffered";
/// The version of the protocol.
const VERSION: &str = "13";
/// Where all of WCF's texts about a failed handshake begin.
const FAILED: &str = "A WebSocket error occurred. WebSocket upgrade request failed.";

/// Whether a request asks for a WebSocket.
pub(in crate::net) fn is_asked(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::GET
        && lists(headers, &UPGRADE, "websocket")
        && lists(headers, &CONNECTION, "upgrade")
}

/// Whether one of the values of a header, which may be a list, is this one.
fn lists(headers: &HeaderMap, name: &HeaderName, value: &str) -> bool {
    let texts = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).any(|own| own.trim().eq_ignore_ascii_case(value))
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

fn is_binary(content_type: &str) -> bool {
    content_type.starts_with("application/soap+msbin")
}

/// What the answer to a key is.
fn answer(key: &str) -> String {
    STANDARD.encode(Sha1::new().chain_update(key).chain_update(GUID).finalize())
}

/// Sixteen octets as they are shown.
pub(in crate::net) fn key(octets: [u8; 16]) -> String {
    STANDARD.encode(octets)
}

/// Why a service does not take a handshake.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::net) struct Refused {
    pub(in crate::net) status: StatusCode,
    pub(in crate::net) headers: HeaderMap,
}

/// What a service answers to a handshake that it takes (RFC 6455 §4.2.2).
#[derive(Debug)]
pub(in crate::net) struct Judged {
    /// The headers of the answer 101.
    pub(in crate::net) headers: HeaderMap,
    /// The content type of the messages.
    pub(in crate::net) content_type: String,
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

/// Judges a handshake in the order that WCF does: version, content type, transfer mode, sub-protocol. `own` is the content type
/// of the endpoint, `takes` which ones it takes.
///
/// # Errors
/// What is answered instead.
pub(in crate::net) fn judge(
    headers: &HeaderMap,
    own: &str,
    takes: impl Fn(&str) -> bool,
    sub_protocol: &str,
) -> Result<Judged, Refused> {
    let refused = |status, told: &[(HeaderName, &str)]| {
        let headers = told.iter().map(|(name, text)| (name.clone(), value(text)));
        Err(Refused { status, headers: headers.collect() })
    };
    if text(headers, &SEC_WEBSOCKET_VERSION) != Some(VERSION) {
        return refused(StatusCode::UPGRADE_REQUIRED, &[(SEC_WEBSOCKET_VERSION, VERSION)]);
    }
    let key = text(headers, &SEC_WEBSOCKET_KEY);
    let is_key = |key: &&str| STANDARD.decode(key).is_ok_and(|octets| octets.len() == 16);
    let Some(key) = key.filter(is_key) else { return refused(StatusCode::BAD_REQUEST, &[]) };
    let mut expected = vec![(CONTENT_TYPE, own)];
    if is_binary(own) {
        expected.push((TRANSFER_MODE, BUFFERED));
    }
    let Some(content_type) = text(headers, &CONTENT_TYPE).filter(|found| takes(found)) else {
        return refused(StatusCode::BAD_REQUEST, &expected);
    };
    let mode = text(headers, &TRANSFER_MODE);
    let is_buffered = mode.is_some_and(|mode| mode.eq_ignore_ascii_case(BUFFERED));
    if is_binary(own) && !is_buffered {
        return refused(StatusCode::BAD_REQUEST, &expected);
    }
    let asked = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    let asked: Vec<_> = asked.map(|value| value.to_str()).collect();
    if asked.iter().any(Result::is_err) {
        return refused(StatusCode::BAD_REQUEST, &[]);
    }
    let mut names = asked.into_iter().flatten().flat_map(|text| text.split(',')).map(str::trim);
    // Its spelling is the client's. An endpoint without one looks at none.
    let chosen = names.find(|name| name.eq_ignore_ascii_case(sub_protocol));
    if chosen.is_none() && !sub_protocol.is_empty() {
        return refused(StatusCode::UPGRADE_REQUIRED, &[(SEC_WEBSOCKET_PROTOCOL, sub_protocol)]);
    }
    let mut answered = HeaderMap::from_iter([
        (UPGRADE, HeaderValue::from_static("websocket")),
        (CONNECTION, HeaderValue::from_static("Upgrade")),
        (SEC_WEBSOCKET_ACCEPT, value(&answer(key))),
    ]);
    if let Some(chosen) = chosen.filter(|_| !sub_protocol.is_empty()) {
        answered.insert(SEC_WEBSOCKET_PROTOCOL, value(chosen));
    }
    Ok(Judged { headers: answered, content_type: content_type.to_owned() })
}

/// The headers of a client's request.
///
/// # Errors
/// Content type or sub-protocol have characters that no header can have.
pub(in crate::net) fn request_headers(
    key: &str,
    content_type: &str,
    sub_protocol: &str,
) -> Result<HeaderMap, TransportFailure> {
    let unusable = |_| {
        let reason = format!("no header can have \"{content_type}\" or \"{sub_protocol}\"");
        TransportFailure { cause: TransportCause::Address, reason }
    };
    let mut headers = HeaderMap::from_iter([
        (UPGRADE, HeaderValue::from_static("websocket")),
        (CONNECTION, HeaderValue::from_static("Upgrade")),
        (SEC_WEBSOCKET_KEY, value(key)),
        (SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION)),
        (CONTENT_TYPE, HeaderValue::from_str(content_type).map_err(unusable)?),
    ]);
    if !sub_protocol.is_empty() {
        let name = HeaderValue::from_str(sub_protocol).map_err(unusable)?;
        headers.insert(SEC_WEBSOCKET_PROTOCOL, name);
    }
    if is_binary(content_type) {
        headers.insert(TRANSFER_MODE, HeaderValue::from_static(BUFFERED));
    }
    Ok(headers)
}

/// Whether the answer takes the handshake, in the order in which WCF's client looks.
///
/// # Errors
/// It does not, in WCF's words.
pub(in crate::net) fn accepted(
    status: StatusCode,
    headers: &HeaderMap,
    key: &str,
    sub_protocol: &str,
) -> Result<(), TransportFailure> {
    if status != StatusCode::SWITCHING_PROTOCOLS {
        return Err(refusal(status, headers));
    }
    let wrong = |name: &HeaderName, expected: &str| {
        let reason = match text(headers, name) {
            None => format!("{FAILED} The header '{name}' is missing in the response."),
            Some(found) => format!(
                "{FAILED} The value of header '{name}' is '{found}'. The expected value is '{expected}'."
            ),
        };
        Err(TransportFailure { cause: TransportCause::Framing, reason })
    };
    // Proxies write "keep-alive, Upgrade", of which WCF's client thinks that it is another value.
    if !lists(headers, &CONNECTION, "upgrade") {
        return wrong(&CONNECTION, "Upgrade");
    }
    if !text(headers, &UPGRADE).is_some_and(|found| found.eq_ignore_ascii_case("websocket")) {
        return wrong(&UPGRADE, "websocket");
    }
    let expected = answer(key);
    if text(headers, &SEC_WEBSOCKET_ACCEPT) != Some(&expected) {
        return wrong(&SEC_WEBSOCKET_ACCEPT, &expected);
    }
    let chosen = text(headers, &SEC_WEBSOCKET_PROTOCOL).unwrap_or_default();
    if !chosen.eq_ignore_ascii_case(sub_protocol) {
        return wrong(&SEC_WEBSOCKET_PROTOCOL, sub_protocol);
    }
    Ok(())
}

/// What an answer other than 101 means.
fn refusal(status: StatusCode, headers: &HeaderMap) -> TransportFailure {
    let number = status.as_u16();
    let words = status.canonical_reason().unwrap_or("?");
    let general = format!(
        "{FAILED} Received response status code '{number} ({words})', expected: '101 (SwitchingProtocols)'."
    );
    let theirs = |name: &HeaderName| text(headers, name).map(str::to_owned);
    let (cause, advice) = match number {
        400 => match theirs(&CONTENT_TYPE) {
            Some(expected) => {
                let reason = format!(
                    "The server didn't accept the connection request. It is possible that the client side message encoding \
                     format or message transfer mode doesn't match the setting on the server side. Please check your binding \
                     settings. (The server takes '{expected}'.)"
                );
                return TransportFailure { cause: TransportCause::MediaType, reason };
            }
            None => (TransportCause::Framing, String::new()),
        },
        426 => (TransportCause::Framing, match (theirs(&SEC_WEBSOCKET_PROTOCOL), theirs(&SEC_WEBSOCKET_VERSION)) {
            (Some(protocol), _) => format!(" The server has the sub-protocol '{protocol}': write it as subProtocol of webSocketSettings."),
            (None, Some(version)) => format!(" The server speaks version {version} of WebSocket."),
            (None, None) => String::new(),
        }),
        401 | 403 => (TransportCause::AccessDenied, String::new()),
        404 => (TransportCause::NotFound, String::new()),
        407 => (TransportCause::ProxyAuthentication, String::new()),
        503 => (TransportCause::Busy, String::new()),
        502 | 504 => (TransportCause::Gateway, String::new()),
        _ => (
            TransportCause::Framing,
            " Does the service have WebSockets at this address, and does whatever stands before it let them through?".to_owned(),
        ),
    };
    TransportFailure { cause, reason: general + &advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BINARY: &str = "application/soap+msbinsession1";
    /// The example of RFC 6455 §1.3.
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    fn asked(change: impl FnOnce(&mut HeaderMap)) -> Result<Judged, Refused> {
        let mut headers = request_headers(KEY, BINARY, "Soap").unwrap();
        change(&mut headers);
        judge(&headers, BINARY, |found| found == BINARY, "soap")
    }

    #[test]
    fn what_is_asked_for_is_granted() {
        let headers = request_headers(KEY, BINARY, "soap").unwrap();
        assert!(is_asked(&Method::GET, &headers) && !is_asked(&Method::POST, &headers));
        let judged = asked(|_| {}).unwrap();
        assert_eq!(judged.headers["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(judged.headers["sec-websocket-protocol"], "Soap");
        accepted(StatusCode::SWITCHING_PROTOCOLS, &judged.headers, KEY, "soap").unwrap();
    }

    #[test]
    fn what_is_refused_says_why() {
        let put = |name: &'static str, text: &'static str| {
            asked(move |headers| {
                headers.insert(name, HeaderValue::from_static(text));
            })
            .unwrap_err()
        };
        let refused = put("sec-websocket-version", "8");
        assert_eq!(
            (refused.status.as_u16(), &refused.headers["sec-websocket-version"]),
            (426, &value("13"))
        );
        for refused in [
            put("soap-content-type", "application/soap+xml; charset=utf-8"),
            put("microsoft-binary-transfer-mode", "Streamed"),
            asked(|headers| drop(headers.remove("soap-content-type"))).unwrap_err(),
        ] {
            assert_eq!(refused.status.as_u16(), 400);
            assert_eq!(refused.headers["soap-content-type"], BINARY);
            assert_eq!(refused.headers["microsoft-binary-transfer-mode"], "Buffered");
            let told = refusal(refused.status, &refused.headers);
            assert_eq!(told.cause, TransportCause::MediaType);
            assert!(told.reason.starts_with("The server didn't accept the connection request."));
        }
        for refused in [
            put("sec-websocket-protocol", "other, soap2"),
            asked(|headers| drop(headers.remove("sec-websocket-protocol"))).unwrap_err(),
        ] {
            assert_eq!(
                (refused.status.as_u16(), &refused.headers["sec-websocket-protocol"]),
                (426, &value("soap"))
            );
            assert!(
                refusal(refused.status, &refused.headers).reason.contains("sub-protocol 'soap'")
            );
        }
        assert_eq!(put("sec-websocket-key", "short").status.as_u16(), 400);
        assert!(
            asked(|h| drop(
                h.insert("sec-websocket-protocol", HeaderValue::from_static("x, SOAP"))
            ))
            .is_ok()
        );
    }

    #[test]
    fn without_a_sub_protocol_none_may_come() {
        let asked = request_headers(KEY, BINARY, "").unwrap();
        assert!(!asked.contains_key("sec-websocket-protocol"));
        let judged = judge(&asked, BINARY, |_| true, "").unwrap();
        assert!(!judged.headers.contains_key("sec-websocket-protocol"));
        accepted(StatusCode::SWITCHING_PROTOCOLS, &judged.headers, KEY, "").unwrap();
        let mut other = judged.headers;
        other.insert("sec-websocket-protocol", HeaderValue::from_static("soap"));
        assert!(accepted(StatusCode::SWITCHING_PROTOCOLS, &other, KEY, "").is_err());
    }

    #[test]
    fn an_answer_is_looked_at() {
        let good = asked(|_| {}).unwrap().headers;
        let with = |name: &'static str, text: &'static str| {
            let mut headers = good.clone();
            headers.insert(name, HeaderValue::from_static(text));
            accepted(StatusCode::SWITCHING_PROTOCOLS, &headers, KEY, "soap")
        };
        assert!(with("connection", "keep-alive, Upgrade").is_ok());
        for (name, text) in [
            ("connection", "keep-alive"),
            ("upgrade", "h2c"),
            ("sec-websocket-accept", "AAAA"),
            ("sec-websocket-protocol", "other"),
        ] {
            let failed = with(name, text).unwrap_err();
            assert!(
                failed.reason.contains(&format!("The value of header '{name}' is '{text}'.")),
                "{failed:?}"
            );
        }
        let failed = accepted(StatusCode::OK, &good, KEY, "soap").unwrap_err();
        assert!(failed.reason.contains(
            "Received response status code '200 (OK)', expected: '101 (SwitchingProtocols)'."
        ));
    }
}
