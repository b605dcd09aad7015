//! XML as it is.

use waxwing_xml::{Limits, NodeId, Passes};

use super::codec::{Decoder, Encoded, Encoder};
use super::error::DecodeError;
use crate::envelope::Envelope;
use crate::http::ContentType;
use crate::random::RandomSource;
use crate::version::SoapVersion;

/// Messages as XML text in UTF-8 (SOAP 1.1 §6, SOAP 1.2 Part 2 §7).
#[derive(Debug, Clone, Copy)]
pub struct Text {
    /// The version whose media type is written and read.
    pub version: SoapVersion,
    /// How large and deep a message may be that is read.
    pub limits: Limits,
}

/// The content type that messages are sent with as text, charset included, as WCF writes it: quotes only where the
/// parameter needs them.
pub fn text_content_type(version: SoapVersion) -> &'static str {
    match version {
        SoapVersion::Soap12 => "application/soap+xml; charset=utf-8",
        SoapVersion::Soap11 => "text/xml; charset=utf-8",
    }
}

impl Encoder for Text {
    fn write(&mut self, envelope: &Envelope, _: &mut dyn RandomSource) -> Encoded {
        let content_type = text_content_type(envelope.version().soap).into();
        Encoded { content_type, octets: envelope.to_bytes() }
    }

    fn write_owned(&mut self, envelope: Envelope, _: &mut dyn RandomSource) -> Encoded {
        let content_type = text_content_type(envelope.version().soap).into();
        Encoded { content_type, octets: envelope.into_bytes() }
    }
}

impl Decoder for Text {
    fn read(&mut self, content_type: &str, octets: &[u8]) -> Result<Envelope, DecodeError> {
        self.read_any(content_type, octets, None)
    }

    fn read_owned(&mut self, content_type: &str, octets: Vec<u8>) -> Result<Envelope, DecodeError> {
        self.read_any(content_type, octets, None)
    }
}

/// The same for an endpoint that knows the content of a header from its text, so that no tree is made of that:
/// [`Envelope::parse_passing`].
#[derive(Debug, Clone, Copy)]
pub struct PassingText {
    /// How messages are read and written.
    pub text: Text,
    /// What is known; nothing where it is none.
    pub passes: Option<Passes>,
}

impl Encoder for PassingText {
    fn write(&mut self, envelope: &Envelope, random: &mut dyn RandomSource) -> Encoded {
        self.text.write(envelope, random)
    }

    fn write_owned(&mut self, envelope: Envelope, random: &mut dyn RandomSource) -> Encoded {
        self.text.write_owned(envelope, random)
    }
}

impl Decoder for PassingText {
    fn read(&mut self, content_type: &str, octets: &[u8]) -> Result<Envelope, DecodeError> {
        self.text.read_any(content_type, octets, self.passes)
    }

    fn read_owned(&mut self, content_type: &str, octets: Vec<u8>) -> Result<Envelope, DecodeError> {
        self.text.read_any(content_type, octets, self.passes)
    }
}

impl Text {
    fn read_any(
        &self,
        content_type: &str,
        octets: impl Into<Vec<u8>>,
        passes: Option<Passes>,
    ) -> Result<Envelope, DecodeError> {
        // What nearly every message has.
        let is_usual = content_type == text_content_type(self.version);
        let of_version = |parsed: ContentType| parsed.soap_version() == Some(self.version);
        match is_usual || ContentType::parse(content_type).is_some_and(of_version) {
            true => Ok(match passes {
                Some(passes) => Envelope::parse_passing(octets, &self.limits, passes)?,
                None => Envelope::parse(octets, &self.limits)?,
            }),
            false => Err(DecodeError::ContentType {
                found: content_type.to_owned(),
                expected: text_content_type(self.version).to_owned(),
            }),
        }
    }
}

/// The text of a message before the content of an empty element, which is the last one, and behind it.
pub(super) fn divided_text(
    mut octets: Vec<u8>,
    envelope: &Envelope,
    element: NodeId,
) -> Option<(Vec<u8>, Vec<u8>)> {
    let element = envelope.document().element(element);
    let end = |name: &str| format!("</{name}>").into_bytes();
    let own = end(&element.qualified_name());
    let around = std::iter::successors(element.parent(), |element| element.parent());
    let around: Vec<u8> = around.flat_map(|element| end(&element.qualified_name())).collect();
    let tail = [own, around.clone()].concat();
    if octets.ends_with(&tail) {
        octets.truncate(octets.len() - tail.len());
        return Some((octets, tail));
    }
    let is_short = octets.strip_suffix(&around[..])?.ends_with(b"/>");
    is_short.then(|| {
        octets.truncate(octets.len() - around.len() - 2);
        octets.push(b'>');
        (octets, tail)
    })
}
