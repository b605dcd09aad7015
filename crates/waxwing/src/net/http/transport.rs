//! HTTP as the clients know it: what an answer means, whatever its status.

use http::header::{CONNECTION, CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use waxwing_session::{TransportCause, TransportFailure};
use waxwing_soap::SoapVersion;

use super::client::{HttpClient, HttpError, HttpResponse};
use super::status::StatusMeaning;
use crate::future::BoxFuture;
use crate::net::transport::{Answer, Outcome, Request, Transport, first_bytes};

/// A pool of connections to any number of services.
pub(crate) struct HttpTransport {
    client: HttpClient,
}

impl HttpTransport {
    /// Without connections yet. Needs a running tokio runtime only when a message is sent.
    pub(crate) fn new() -> Self {
        Self { client: HttpClient::new() }
    }
}

impl Transport for HttpTransport {
    fn schemes(&self) -> &[&str] {
        &["http"]
    }

    fn exchange<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Answer> {
        let headers = headers(&request);
        let Request { to, octets, max_answer, written, .. } = request;
        Box::pin(async move {
            match self.client.post(to, headers, octets, max_answer, written).await {
                Ok(response) => read(response, to),
                Err(error) => Answer::failed(failure_of(&error)),
            }
        })
    }
}

fn headers(request: &Request<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(request.content_type) {
        headers.insert(CONTENT_TYPE, value);
    }
    if !request.keep_alive {
        // The connection is closed behind the answer (RFC 9112 §9.6).
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if request.version == SoapVersion::Soap11
        && let Ok(value) = HeaderValue::from_str(&format!("\"{}\"", request.action))
    {
        headers.insert(HeaderName::from_static("soapaction"), value);
    }
    headers
}

fn read(response: HttpResponse, to: &str) -> Answer {
    let outcome = outcome_of(&response, to);
    let clock = response.date.as_deref().and_then(http_date);
    Answer { outcome, octets: response.body, clock }
}

fn outcome_of(response: &HttpResponse, to: &str) -> Outcome {
    let status = response.status.as_u16();
    let failed = |cause, text: &str| {
        let reason = format!("{text} (HTTP {} from {to})", response.status);
        Outcome::Failed(TransportFailure { cause, reason })
    };
    match StatusMeaning::of(status) {
        StatusMeaning::Message if response.body.is_empty() && status != 500 => Outcome::Empty,
        StatusMeaning::Message => Outcome::Message { content_type: response.content_type.clone() },
        StatusMeaning::AccessDenied => {
            failed(TransportCause::AccessDenied, "The HTTP request was forbidden or unauthorized")
        }
        StatusMeaning::EndpointNotFound => failed(
            TransportCause::NotFound,
            "There was no endpoint listening that could accept the message",
        ),
        StatusMeaning::ServerTooBusy => {
            failed(TransportCause::Busy, "The HTTP service is too busy or unavailable")
        }
        StatusMeaning::GatewayTimeout => {
            failed(TransportCause::Gateway, "A gateway got no answer in time")
        }
        StatusMeaning::UnsupportedMediaType => failed(
            TransportCause::MediaType,
            "The service does not take this content type; the client and service bindings may be mismatched",
        ),
        StatusMeaning::TooLarge => failed(
            TransportCause::RequestTooLarge,
            "The message is larger than the service's maxReceivedMessageSize",
        ),
        StatusMeaning::ProtocolError => {
            let (cause, reason) = (TransportCause::NotSoap, unexpected(response, to));
            Outcome::Failed(TransportFailure { cause, reason })
        }
    }
}

/// What came instead of a message, for a person.
fn unexpected(response: &HttpResponse, to: &str) -> String {
    let mut reason = format!(
        "The remote server returned an unexpected response (HTTP {} from {to})",
        response.status
    );
    if let Some(location) = &response.location {
        let location = first_bytes(location.as_bytes());
        reason += &format!(", which leads to {location}: no redirection is followed");
    }
    if !response.body.is_empty() {
        let beginning = first_bytes(&response.body);
        reason += &format!(". The first bytes of the response were: '{beginning}'");
    }
    reason
}

fn failure_of(error: &HttpError) -> TransportFailure {
    let cause = match error {
        HttpError::Address { .. } => TransportCause::Address,
        HttpError::UnknownHost { .. } => TransportCause::UnknownHost,
        HttpError::Connect { error, .. } => {
            let io = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
            match io {
                Some(std::io::ErrorKind::ConnectionRefused) => TransportCause::Refused,
                _ => TransportCause::Unreachable,
            }
        }
        HttpError::Broken { .. } => TransportCause::Broken,
        HttpError::NotHttp { .. } => TransportCause::NotSoap,
        HttpError::TooLarge { .. } => TransportCause::AnswerTooLarge,
    };
    TransportFailure { cause, reason: error.to_string() }
}

/// The time of a `Date` header (RFC 9110 §5.6.7, the form that everybody writes).
fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}
