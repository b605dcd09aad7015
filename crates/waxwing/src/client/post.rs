//! One exchange: the octets of a message out, an answer in, whatever the transport.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use smallvec::SmallVec;
use waxwing_session::{Answer, TransportCause, TransportFailure};
use waxwing_soap::encoder::{DecodeError, Decoder, Encoded};
use waxwing_soap::{AddressingVersion, MessageVersion, SoapVersion};

use crate::alarms::within;
use crate::encoding::Encoding;
use crate::net::{
    self, HttpCredentials, MOST_FIRST_BYTES, Outcome, Request, Transport, Written, first_bytes,
};

/// How an exchange ended, with the service's idea of the time.
pub(super) struct Posted {
    pub(super) answer: Answer,
    /// The octets of the answer, where somebody wants them: for traces.
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
    /// Whether the octets of an answer are given beside what was read of them.
    pub(super) keeps_octets: bool,
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
        let Some(answer) = within(patience, exchange).await else {
            return Posted::not_answered(self.via, patience);
        };
        let net::Answer { outcome, octets, clock } = answer;
        let answer = match outcome {
            Outcome::Empty => Answer::Empty,
            Outcome::Failed(failure) => Answer::Failed(failure),
            Outcome::Message { content_type } => {
                let kept = if self.keeps_octets { octets.clone() } else { Bytes::new() };
                let answer = self.read(content_type.as_deref(), octets);
                return Posted { answer, octets: kept, clock };
            }
        };
        Posted { answer, octets, clock }
    }

    fn read(&mut self, content_type: Option<&str>, octets: Bytes) -> Answer {
        // As much as is told of it.
        let beginning = &octets[..octets.len().min(MOST_FIRST_BYTES)];
        let beginning = SmallVec::<[u8; MOST_FIRST_BYTES]>::from_slice(beginning);
        let read = self.decoder.read_owned(content_type.unwrap_or("none"), octets.into());
        let reason = match read {
            Ok(envelope) => return Answer::Message(Box::new(envelope)),
            Err(DecodeError::ContentType { found, expected }) => format!(
                "The content type {found} of the response message does not match the content type of the binding \
                 ({expected}). The first bytes of the response were: '{}'",
                first_bytes(&beginning)
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
