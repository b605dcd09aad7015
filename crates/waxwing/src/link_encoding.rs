//! How an endpoint's messages are encoded where they go over links.

use waxwing_binding::{CompressionFormat, EffectiveEndpoint, MessageEncoding};
use waxwing_session::options;
use waxwing_soap::SoapVersion;
use waxwing_soap::encoder::{
    BinarySession, Compression, Decoder, Encoder, Mtom, MtomOverLinks, Text, text_content_type,
};

/// How the messages of links are encoded. Each direction of a link has an encoder or decoder of its own, which may remember
/// what the messages before have said.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LinkEncoding {
    Text(Text),
    Mtom(MtomOverLinks),
    Binary(BinarySession),
}

impl LinkEncoding {
    /// That of an endpoint; the binding refuses those that this version does not have.
    pub(crate) fn of(endpoint: &EffectiveEndpoint, version: SoapVersion) -> Self {
        let limits = options::xml_limits(endpoint);
        match endpoint.encoding {
            MessageEncoding::Binary(binary) => {
                let compression = match binary.compression {
                    CompressionFormat::None => Compression::None,
                    CompressionFormat::GZip => Compression::GZip,
                    CompressionFormat::Deflate => Compression::Deflate,
                };
                let max_session_size = binary.max_session_size as usize;
                Self::Binary(BinarySession { limits, compression, max_session_size })
            }
            MessageEncoding::Mtom(_) => Self::Mtom(MtomOverLinks(Mtom { version, limits })),
            MessageEncoding::Text(_) => Self::Text(Text { version, limits }),
        }
    }

    /// What the transport is told of it.
    pub(crate) fn content_type(&self) -> &'static str {
        match self {
            Self::Text(text) => text_content_type(text.version),
            Self::Mtom(_) => MtomOverLinks::CONTENT_TYPE,
            Self::Binary(binary) => binary.content_type(),
        }
    }

    /// Whether a service takes a link whose messages are of this type: uncompressed ones always.
    pub(crate) fn takes(&self, content_type: &str) -> bool {
        // The known encoding of MIME (MC-NMF §2.2.3.4.1), which WCF does not use.
        let is_mime = matches!(self, Self::Mtom(_)) && content_type == "multipart/related";
        is_mime
            || content_type == self.content_type()
            || content_type == self.plain().content_type()
    }

    /// The same for a link whose client has named this type.
    pub(crate) fn of_link(&self, content_type: &str) -> Self {
        let plain = self.plain();
        if content_type == plain.content_type() { plain } else { *self }
    }

    fn plain(&self) -> Self {
        match self {
            Self::Binary(binary) => {
                Self::Binary(BinarySession { compression: Compression::None, ..*binary })
            }
            other => *other,
        }
    }

    /// The most octets of a message (`maxReceivedMessageSize`).
    pub(crate) fn max_message(&self) -> usize {
        match self {
            Self::Text(Text { limits, .. })
            | Self::Mtom(MtomOverLinks(Mtom { limits, .. }))
            | Self::Binary(BinarySession { limits, .. }) => limits.max_bytes,
        }
    }

    /// For what one end of a new link sends.
    pub(crate) fn encoder(&self) -> Box<dyn Encoder + Send> {
        match self {
            Self::Text(text) => Box::new(*text),
            Self::Mtom(mtom) => Box::new(*mtom),
            Self::Binary(binary) => Box::new(binary.encoder()),
        }
    }

    /// For what it receives.
    pub(crate) fn decoder(&self) -> Box<dyn Decoder + Send> {
        match self {
            Self::Text(text) => Box::new(*text),
            Self::Mtom(mtom) => Box::new(*mtom),
            Self::Binary(binary) => Box::new(binary.decoder()),
        }
    }
}
