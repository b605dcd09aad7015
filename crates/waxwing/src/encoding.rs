//! Which encoder an endpoint has.

use waxwing_binding::{
    CompressionFormat, EffectiveEndpoint, MessageEncoding, MessageProtectionOrder,
};
use waxwing_security::wsse::passes_security;
use waxwing_session::options;
use waxwing_soap::encoder::{
    Binary, Compression, DecodeError, Decoder, Encoded, Encoder, Mtom, PassingText, Text,
};
use waxwing_soap::{Envelope, RandomSource, SoapVersion};
use waxwing_xml::Passes;

/// How an endpoint writes and reads its messages. A copy is the encoder and decoder of a new link; over HTTP an exchange
/// is one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Encoding {
    Text(PassingText),
    Mtom(Mtom),
    Binary(Binary),
}

impl Encoding {
    /// That of an endpoint; the binding refuses those that this version does not have.
    pub(crate) fn of(endpoint: &EffectiveEndpoint, version: SoapVersion) -> Self {
        let limits = options::xml_limits(endpoint);
        match endpoint.encoding {
            MessageEncoding::Mtom(_) => Self::Mtom(Mtom { version, limits }),
            MessageEncoding::Text(_) => {
                let passes = passes(endpoint);
                Self::Text(PassingText { text: Text { version, limits }, passes })
            }
            MessageEncoding::Binary(binary) => {
                Self::Binary(Binary { limits, compression: compression(binary.compression) })
            }
        }
    }

    /// The same for the answer to a request over HTTP whose `Accept-Encoding` this is: compressed only where the client says
    /// that it reads that, as WCF decides it.
    pub(crate) fn for_answer(mut self, accepted: Option<&str>) -> Self {
        if let Self::Binary(binary) = &mut self {
            let coding = binary.compression.coding().unwrap_or_default();
            let accepted = accepted.map(str::to_ascii_lowercase);
            if !accepted.is_some_and(|accepted| accepted.contains(coding)) {
                binary.compression = Compression::None;
            }
        }
        self
    }

    /// The most octets of a message (`maxReceivedMessageSize`).
    pub(crate) fn max_message(&self) -> usize {
        match self {
            Self::Text(PassingText { text: Text { limits, .. }, .. })
            | Self::Mtom(Mtom { limits, .. })
            | Self::Binary(Binary { limits, .. }) => limits.max_bytes,
        }
    }
}

impl Encoder for Encoding {
    fn write(&mut self, envelope: &Envelope, random: &mut dyn RandomSource) -> Encoded {
        match self {
            Self::Text(text) => text.write(envelope, random),
            Self::Mtom(mtom) => mtom.write(envelope, random),
            Self::Binary(binary) => binary.write(envelope, random),
        }
    }

    fn write_owned(&mut self, envelope: Envelope, random: &mut dyn RandomSource) -> Encoded {
        match self {
            Self::Text(text) => text.write_owned(envelope, random),
            Self::Mtom(mtom) => mtom.write_owned(envelope, random),
            Self::Binary(binary) => binary.write_owned(envelope, random),
        }
    }
}

impl Decoder for Encoding {
    fn read(&mut self, content_type: &str, octets: &[u8]) -> Result<Envelope, DecodeError> {
        match self {
            Self::Text(text) => text.read(content_type, octets),
            Self::Mtom(mtom) => mtom.read(content_type, octets),
            Self::Binary(binary) => binary.read(content_type, octets),
        }
    }

    fn read_owned(&mut self, content_type: &str, octets: Vec<u8>) -> Result<Envelope, DecodeError> {
        match self {
            Self::Text(text) => text.read_owned(content_type, octets),
            Self::Mtom(mtom) => mtom.read_owned(content_type, octets),
            Self::Binary(binary) => binary.read_owned(content_type, octets),
        }
    }
}

/// The Security header of messages that a key protects is mostly known from its text.
fn passes(endpoint: &EffectiveEndpoint) -> Option<Passes> {
    let security = endpoint.security.as_ref().filter(|security| !security.over_transport)?;
    let in_order = security.message_protection_order != MessageProtectionOrder::EncryptBeforeSign;
    in_order.then_some(passes_security as Passes)
}

/// What the binding calls it, as the encoder does.
pub(crate) fn compression(format: CompressionFormat) -> Compression {
    match format {
        CompressionFormat::None => Compression::None,
        CompressionFormat::GZip => Compression::GZip,
        CompressionFormat::Deflate => Compression::Deflate,
    }
}
