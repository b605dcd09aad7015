//! Which encoder an endpoint has.

use waxwing_binding::{EffectiveEndpoint, MessageEncoding};
use waxwing_session::options;
use waxwing_soap::encoder::{DecodeError, Decoder, Encoded, Encoder, Mtom, Text};
use waxwing_soap::{Envelope, RandomSource, SoapVersion};

/// How an endpoint writes and reads its messages. A copy is the encoder and decoder of a new link; over HTTP an exchange
/// is one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Encoding {
    Text(Text),
    Mtom(Mtom),
}

impl Encoding {
    /// That of an endpoint; the binding refuses those that this version does not have.
    pub(crate) fn of(endpoint: &EffectiveEndpoint, version: SoapVersion) -> Self {
        let limits = options::xml_limits(endpoint);
        match endpoint.encoding {
            MessageEncoding::Mtom(_) => Self::Mtom(Mtom { version, limits }),
            _ => Self::Text(Text { version, limits }),
        }
    }

    /// The most octets of a message (`maxReceivedMessageSize`).
    pub(crate) fn max_message(&self) -> usize {
        match self {
            Self::Text(Text { limits, .. }) | Self::Mtom(Mtom { limits, .. }) => limits.max_bytes,
        }
    }
}

impl Encoder for Encoding {
    fn write(&mut self, envelope: &Envelope, random: &mut dyn RandomSource) -> Encoded {
        match self {
            Self::Text(text) => text.write(envelope, random),
            Self::Mtom(mtom) => mtom.write(envelope, random),
        }
    }
}

impl Decoder for Encoding {
    fn read(&mut self, content_type: &str, octets: &[u8]) -> Result<Envelope, DecodeError> {
        match self {
            Self::Text(text) => text.read(content_type, octets),
            Self::Mtom(mtom) => mtom.read(content_type, octets),
        }
    }
}
