//! How envelopes become bodies of HTTP messages: as text, or as MIME parts (MTOM).

use bytes::Bytes;
use waxwing_binding::{EffectiveEndpoint, MessageEncoding};
use waxwing_soap::http::{ContentType, text_content_type};
use waxwing_soap::{Envelope, SoapVersion, mtom};
use waxwing_xml::Limits;

use crate::environment::SystemRandom;

/// How an endpoint writes its messages. Both kinds are read by an endpoint that writes MTOM, as in WCF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Text,
    Mtom,
}

/// Why a body is no message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecodeError {
    /// Another content type than the endpoint's.
    #[error("the content type {found} is not the endpoint's ({expected})")]
    ContentType { found: String, expected: String },
    /// The content is malformed.
    #[error("{0}")]
    Content(String),
}

impl Encoding {
    /// That of an endpoint; the binding refuses those that this version does not have.
    pub(crate) fn of(endpoint: &EffectiveEndpoint) -> Self {
        match endpoint.encoding {
            MessageEncoding::Mtom(_) => Self::Mtom,
            _ => Self::Text,
        }
    }

    /// The content type without parameters that differ from message to message.
    pub(crate) fn content_type(self, soap: SoapVersion) -> String {
        match self {
            Self::Text => text_content_type(soap).to_owned(),
            Self::Mtom => "multipart/related; type=\"application/xop+xml\"".to_owned(),
        }
    }

    /// The content type and the body of a message.
    pub(crate) fn write(self, envelope: &Envelope) -> (String, Bytes) {
        match self {
            Self::Text => (
                text_content_type(envelope.version().soap).to_owned(),
                Bytes::from(envelope.to_bytes()),
            ),
            Self::Mtom => {
                let (content_type, body) = mtom::write(envelope, &mut SystemRandom);
                (content_type, Bytes::from(body))
            }
        }
    }

    /// Reads a message of this encoding and SOAP version.
    pub(crate) fn read(
        self,
        content_type: &str,
        body: &Bytes,
        soap: SoapVersion,
        limits: &Limits,
    ) -> Result<Envelope, DecodeError> {
        let content = |error: &dyn std::fmt::Display| DecodeError::Content(error.to_string());
        let parsed = ContentType::parse(content_type);
        match parsed {
            Some(parsed) if parsed.soap_version() == Some(soap) => {
                Envelope::parse(body.to_vec(), limits).map_err(|e| content(&e))
            }
            Some(parsed) if self == Self::Mtom && mtom::is_mtom(&parsed) => {
                mtom::parse(&parsed, body, limits).map_err(|e| content(&e))
            }
            _ => Err(DecodeError::ContentType {
                found: content_type.to_owned(),
                expected: self.content_type(soap),
            }),
        }
    }
}
