//! One exchange over HTTP: the bytes of a message out, an answer in (WCF's HTTP mapping).

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue};
use waxwing_session::{Answer, Failure, FailureKind};
use waxwing_soap::http::{ContentType, StatusMeaning, text_content_type};
use waxwing_soap::{Envelope, MessageVersion, SoapVersion};
use waxwing_xml::Limits;

use crate::transport::http_client::{HttpClient, HttpError, HttpResponse};

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
    pub(super) limits: &'a Limits,
}

impl Route<'_> {
    /// Posts a message and reads the answer, within `patience`.
    pub(super) async fn post(&self, action: &str, body: Bytes, patience: Duration) -> Posted {
        let limit = self.limits.max_bytes;
        let post = self.http.post(self.via, headers(self.version, action), body, limit);
        let response = match tokio::time::timeout(patience, post).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Posted::failed(failure_of(&error)),
            Err(_) => {
                let reason = format!("{} did not answer within {patience:.1?}", self.via);
                return Posted::failed(Failure { kind: FailureKind::Retryable, reason });
            }
        };
        let answer = self.read(&response);
        Posted { answer, octets: response.body, date: response.date }
    }

    fn read(&self, response: &HttpResponse) -> Answer {
        let status = response.status.as_u16();
        let failed = |kind, text: &str| {
            let reason = format!("{text} (HTTP {} from {})", response.status, self.via);
            Answer::Failed(Failure { kind, reason })
        };
        match StatusMeaning::of(status) {
            StatusMeaning::Message if response.body.is_empty() && status != 500 => Answer::Empty,
            StatusMeaning::Message => self.parse(response),
            StatusMeaning::AccessDenied => {
                failed(FailureKind::Security, "The HTTP request was forbidden or unauthorized")
            }
            StatusMeaning::EndpointNotFound => failed(
                FailureKind::Retryable,
                "There was no endpoint listening that could accept the message",
            ),
            StatusMeaning::ServerTooBusy => {
                failed(FailureKind::Retryable, "The HTTP service is too busy or unavailable")
            }
            StatusMeaning::GatewayTimeout => {
                failed(FailureKind::Retryable, "A gateway got no answer in time")
            }
            StatusMeaning::UnsupportedMediaType => failed(
                FailureKind::Protocol,
                "The service does not take this content type; the client and service bindings may be mismatched",
            ),
            StatusMeaning::TooLarge => failed(
                FailureKind::Protocol,
                "The message is larger than the service's maxReceivedMessageSize",
            ),
            StatusMeaning::ProtocolError => {
                failed(FailureKind::Protocol, "The remote server returned an unexpected response")
            }
        }
    }

    fn parse(&self, response: &HttpResponse) -> Answer {
        let protocol =
            |reason: String| Answer::Failed(Failure { kind: FailureKind::Protocol, reason });
        let content_type = response.content_type.as_deref().unwrap_or("none");
        let soap = ContentType::parse(content_type).and_then(|parsed| parsed.soap_version());
        if soap != Some(self.version.soap) {
            return protocol(format!(
                "The content type {content_type} of the response message does not match the content type of the binding \
                 ({}). The first bytes of the response were: '{}'",
                text_content_type(self.version.soap),
                first_bytes(&response.body)
            ));
        }
        match Envelope::parse(response.body.to_vec(), self.limits) {
            Ok(envelope) => Answer::Message(Box::new(envelope)),
            Err(error) => protocol(format!("the answer is no SOAP message: {error}")),
        }
    }
}

impl Posted {
    fn failed(failure: Failure) -> Self {
        Self { answer: Answer::Failed(failure), octets: Bytes::new(), date: None }
    }
}

fn failure_of(error: &HttpError) -> Failure {
    let kind = match error {
        HttpError::Address { .. } => FailureKind::Protocol,
        HttpError::Connect { .. } | HttpError::Broken { .. } | HttpError::TooLarge { .. } => {
            FailureKind::Retryable
        }
    };
    Failure { kind, reason: error.to_string() }
}

fn headers(version: MessageVersion, action: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(text_content_type(version.soap)));
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
