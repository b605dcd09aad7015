//! One exchange: the octets of a message out, an answer in, whatever the transport.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use waxwing_session::{Answer, TransportCause, TransportFailure};
use waxwing_soap::encoder::{DecodeError, Decoder, Encoded};
use waxwing_soap::{AddressingVersion, MessageVersion, SoapVersion};

use crate::encoding::Encoding;
use crate::net::{self, HttpCredentials, Outcome, Request, Transport, Written, first_bytes};

/// How an exchange ended, with the service's idea of the time.
pub(super) struct Posted {
    pub(super) answer: Answer,
    /// The octets of the answer, for traces.
    pub(super) octets: Bytes,
    /// The service's time of day, where the transport tells it.
    pub(super) clock: Option<Timestamp>,
}

/// Where messages go and how.
pub(super) struct Route<'a> {
    pub(super) transport: &'a dyn Transport,
    pub(super) via: &'a str,
    /// Whether the connection may be used again.
    pub(super) keep_alive: bool,
    /// Who the client is to HTTP.
    pub(super) credentials: Option<&'a HttpCredentials>,
    pub(super) version: MessageVersion,
    /// That of this exchange.
    pub(super) decoder: Encoding,
}

impl Route<'_> {
    /// Posts a message and reads the answer, within `patience`. `written` is dropped when the message is written.
    pub(super) async fn post(
        mut self,
        action: &str,
        message: Encoded,
        patience: Duration,
        written: Written,
    ) -> Posted {
        let content_type = content_type(&message.content_type, self.version, action);
        let octets = Bytes::from(message.octets);
        let request = Request {
            action,
            version: self.version.soap,
            max_answer: self.decoder.max_message(),
            keep_alive: self.keep_alive,
            credentials: self.credentials,
            ..Request::new(self.via, &content_type, octets, written)
        };
        let exchange = self.transport.exchange(request);
        let Ok(answer) = tokio::time::timeout(patience, exchange).await else {
            return Posted::not_answered(self.via, patience);
        };
        let net::Answer { outcome, octets, clock } = answer;
        let answer = match outcome {
            Outcome::Empty => Answer::Empty,
            Outcome::Failed(failure) => Answer::Failed(failure),
            Outcome::Message { content_type } => self.read(content_type.as_deref(), &octets),
        };
        Posted { answer, octets, clock }
    }

    fn read(&mut self, content_type: Option<&str>, octets: &[u8]) -> Answer {
        let reason = match self.decoder.read(content_type.unwrap_or("none"), octets) {
            Ok(envelope) => return Answer::Message(Box::new(envelope)),
            Err(DecodeError::ContentType { found, expected }) => format!(
                "The content type {found} of the response message does not match the content type of the binding \
                 ({expected}). The first bytes of the response were: '{}'",
                first_bytes(octets)
            ),
            Err(error) => format!("the answer is no SOAP message: {error}"),
        };
        Answer::Failed(TransportFailure { cause: TransportCause::NotSoap, reason })
    }
}

/// In SOAP 1.2 without addressing the action stands in the content type (RFC 3902), where WCF writes it, too; in SOAP 1.1 it
/// is a header of HTTP.
pub(super) fn content_type<'m>(
    own: &'m str,
    version: MessageVersion,
    action: &str,
) -> Cow<'m, str> {
    let told = MessageVersion { soap: SoapVersion::Soap12, addressing: AddressingVersion::None };
    if version != told || action.is_empty() {
        return Cow::Borrowed(own);
    }
    let escaped = action.replace('\\', "\\\\").replace('"', "\\\"");
    Cow::Owned(format!("{own}; action=\"{escaped}\""))
}

impl Posted {
    /// Nothing came in time.
    pub(super) fn not_answered(via: &str, patience: Duration) -> Self {
        let reason = format!("{via} did not answer within {patience:.1?}");
        Self::failed(TransportFailure { cause: TransportCause::NoAnswer, reason })
    }

    pub(super) fn failed(failure: TransportFailure) -> Self {
        Self { answer: Answer::Failed(failure), octets: Bytes::new(), clock: None }
    }
}
