//! One exchange over HTTP: the bytes of a message out, an answer in (WCF's HTTP mapping).

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue};
use tokio::sync::oneshot;
use waxwing_session::{Answer, TransportCause, TransportFailure};
use waxwing_soap::http::StatusMeaning;
use waxwing_soap::{MessageVersion, SoapVersion};
use waxwing_xml::Limits;

use crate::encoding::{DecodeError, Encoding};
use crate::net::http::client::{HttpClient, HttpError, HttpResponse};

/// How an exchange ended, with the service's idea of the time.
pub(super) struct Posted {
    pub(super) answer: Answer,
    /// The octets of the answer, for traces.
    pub(super) octets: Bytes,
    /// The `Date` header.
    pub(super) date: Option<String>,
}

/// Where messages go and how.
pub(super) struct Route<'a> {
    pub(super) http: &'a HttpClient,
    pub(super) via: &'a str,
    pub(super) version: MessageVersion,
    pub(super) encoding: Encoding,
    pub(super) limits: &'a Limits,
}

/// A message as it is posted.
pub(super) struct Written {
    pub(super) content_type: String,
    pub(super) body: Bytes,
}

impl Route<'_> {
    /// Posts a message and reads the answer, within `patience`.
    /// `written` hears when the message is written.
    pub(super) async fn post(
        &self,
        action: &str,
        message: Written,
        patience: Duration,
        written: oneshot::Sender<()>,
    ) -> Posted {
        let limit = self.limits.max_bytes;
        let post = self.http.post_telling(
            self.via,
            headers(self.version, &message.content_type, action),
            message.body,
            limit,
            Some(written),
        );
        let response = match tokio::time::timeout(patience, post).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Posted::failed(failure_of(&error)),
            Err(_) => {
                let reason = format!("{} did not answer within {patience:.1?}", self.via);
                let cause = TransportCause::NoAnswer;
                return Posted::failed(TransportFailure { cause, reason });
            }
        };
        let answer = self.read(&response);
        Posted { answer, octets: response.body, date: response.date }
    }

    fn read(&self, response: &HttpResponse) -> Answer {
        let status = response.status.as_u16();
        let failed = |cause, text: &str| {
            let reason = format!("{text} (HTTP {} from {})", response.status, self.via);
            Answer::Failed(TransportFailure { cause, reason })
        };
        match StatusMeaning::of(status) {
            StatusMeaning::Message if response.body.is_empty() && status != 500 => Answer::Empty,
            StatusMeaning::Message => self.parse(response),
            StatusMeaning::AccessDenied => failed(
                TransportCause::AccessDenied,
                "The HTTP request was forbidden or unauthorized",
            ),
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
                let mut reason = format!(
                    "The remote server returned an unexpected response (HTTP {} from {})",
                    response.status, self.via
                );
                if let Some(location) = &response.location {
                    let location = first_bytes(location.as_bytes());
                    reason += &format!(", which leads to {location}: no redirection is followed");
                }
                if !response.body.is_empty() {
                    let beginning = first_bytes(&response.body);
                    reason += &format!(". The first bytes of the response were: '{beginning}'");
                }
                Answer::Failed(TransportFailure { cause: TransportCause::NotSoap, reason })
            }
        }
    }

    fn parse(&self, response: &HttpResponse) -> Answer {
        let content_type = response.content_type.as_deref().unwrap_or("none");
        let read = self.encoding.read(content_type, &response.body, self.version.soap, self.limits);
        let reason = match read {
            Ok(envelope) => return Answer::Message(Box::new(envelope)),
            Err(DecodeError::ContentType { found, expected }) => format!(
                "The content type {found} of the response message does not match the content type of the binding \
                 ({expected}). The first bytes of the response were: '{}'",
                first_bytes(&response.body)
            ),
            Err(error) => format!("the answer is no SOAP message: {error}"),
        };
        Answer::Failed(TransportFailure { cause: TransportCause::NotSoap, reason })
    }
}

impl Posted {
    fn failed(failure: TransportFailure) -> Self {
        Self { answer: Answer::Failed(failure), octets: Bytes::new(), date: None }
    }
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

fn headers(version: MessageVersion, content_type: &str, action: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(content_type) {
        headers.insert(CONTENT_TYPE, value);
    }
    if version.soap == SoapVersion::Soap11
        && let Ok(value) = HeaderValue::from_str(&format!("\"{action}\""))
    {
        headers.insert(HeaderName::from_static("soapaction"), value);
    }
    headers
}

/// The beginning of what is no message, for a person.
fn first_bytes(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(200)]).escape_debug().to_string()
}
