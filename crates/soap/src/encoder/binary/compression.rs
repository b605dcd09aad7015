//! Messages in gzip (RFC 1952) or deflate (RFC 1951, as .NET's `DeflateStream`).

use std::borrow::Cow;
use std::io::{Read, Write};

use flate2::read::{DeflateDecoder, MultiGzDecoder};
use flate2::write::{DeflateEncoder, GzEncoder};
use waxwing_xml::Limits;

use crate::encoder::error::{CompressionError, DecodeError};

/// How messages are compressed (`compressionFormat`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compression {
    /// They are not.
    #[default]
    None,
    /// Each is a stream of gzip.
    GZip,
    /// Each is a stream of deflate, without the head of zlib.
    Deflate,
}

impl Compression {
    /// The name of the content coding in HTTP; none where nothing is compressed.
    pub fn coding(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::GZip => Some("gzip"),
            Self::Deflate => Some("deflate"),
        }
    }

    /// The octets of a message as they travel.
    pub(super) fn compress(self, octets: Vec<u8>) -> Vec<u8> {
        if self == Self::None {
            return octets;
        }
        let level = flate2::Compression::default();
        let room = Vec::with_capacity(octets.len() / 2 + 64);
        // Writing into memory cannot fail.
        match self {
            Self::None => octets,
            Self::GZip => {
                let mut encoder = GzEncoder::new(room, level);
                let _ = encoder.write_all(&octets);
                encoder.finish().unwrap_or_default()
            }
            Self::Deflate => {
                let mut encoder = DeflateEncoder::new(room, level);
                let _ = encoder.write_all(&octets);
                encoder.finish().unwrap_or_default()
            }
        }
    }

    /// The octets of a message of a content type: the plain one, or the one that is written (`own`). An empty content type
    /// is that of a peer that names none: what is written is what is read.
    pub(super) fn read<'o>(
        self,
        content_type: &str,
        plain: &str,
        own: &str,
        octets: &'o [u8],
        limits: &Limits,
    ) -> Result<Cow<'o, [u8]>, DecodeError> {
        let is = |expected: &str| {
            // What nearly every content type looks like.
            content_type == expected || content_type.trim().eq_ignore_ascii_case(expected)
        };
        let limit = limits.max_bytes;
        match self {
            _ if is(plain) => Ok(Cow::Borrowed(octets)),
            _ if !is(own) && !content_type.is_empty() => Err(DecodeError::ContentType {
                found: content_type.to_owned(),
                expected: own.to_owned(),
            }),
            Self::None => Ok(Cow::Borrowed(octets)),
            Self::GZip => decompressed(MultiGzDecoder::new(octets), "gzip", limit),
            Self::Deflate => decompressed(DeflateDecoder::new(octets), "deflate", limit),
        }
    }
}

/// What comes out, at most `limit` octets of it. Memory grows with what comes out, and ends there: a bomb of a few kilobytes
/// costs as much as an honest message.
fn decompressed(
    decoder: impl Read,
    name: &'static str,
    limit: usize,
) -> Result<Cow<'static, [u8]>, DecodeError> {
    let mut content = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let read = decoder.take(most).read_to_end(&mut content);
    read.map_err(|error| CompressionError::Broken(name, error.to_string().into()))?;
    match content.len() > limit {
        true => Err(CompressionError::TooLarge(limit).into()),
        false => Ok(Cow::Owned(content)),
    }
}
