//! Compressed answers (RFC 9110 §8.4): WCF's clients ask for gzip and deflate and decompress below the encoder, so signatures
//! are over what comes out.

use std::borrow::Cow;
use std::io::Read;

use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// What a client asks for, in WCF's words.
pub(super) const ACCEPTED: &str = "gzip, deflate";

/// Why an answer could not be decompressed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CodingError {
    /// It has another coding than was asked for.
    Unknown,
    /// It is larger than the limit.
    TooLarge,
    /// It is not what its coding says, or ends too early.
    Broken(String),
}

/// How an answer in binary is labelled whose encoder compressed it: HTTP names the compression, not the type of content. (A
/// request keeps the name of the type; WCF's two ends differ so.)
pub(super) fn labelled(
    content_type: Cow<'static, str>,
) -> (Cow<'static, str>, Option<&'static str>) {
    let coding = match content_type.strip_prefix("application/soap+msbin1+") {
        Some("gzip") => "gzip",
        Some("deflate") => "deflate",
        _ => return (content_type, None),
    };
    ("application/soap+msbin1".into(), Some(coding))
}

/// The content of an answer with these codings, at most `limit` octets of it. Memory grows with what comes out, and ends
/// there: a bomb of a few kilobytes costs as much as an honest answer.
pub(super) fn decompressed(
    coding: Option<&str>,
    body: Bytes,
    limit: usize,
) -> Result<Bytes, CodingError> {
    let coding = coding.unwrap_or_default().trim();
    let is = |name: &str| coding.eq_ignore_ascii_case(name);
    // Of an answer without content nothing is compressed, whatever it says.
    if coding.is_empty() || is("identity") || body.is_empty() {
        return Ok(body);
    }
    if is("gzip") || is("x-gzip") {
        return read(MultiGzDecoder::new(&body[..]), limit);
    }
    if is("deflate") {
        // Meant is zlib's format; some servers send the bare one (RFC 9110 §8.4.1.2), .NET's for one.
        return match is_zlib(&body) {
            true => read(ZlibDecoder::new(&body[..]), limit),
            false => read(DeflateDecoder::new(&body[..]), limit),
        };
    }
    Err(CodingError::Unknown)
}

/// The head of zlib's format: its method, and a number that 31 divides (RFC 1950 §2.2).
fn is_zlib(body: &[u8]) -> bool {
    let [method, flags, ..] = *body else { return false };
    method & 0x0f == 8 && (u16::from(method) << 8 | u16::from(flags)) % 31 == 0
}

fn read(decoder: impl Read, limit: usize) -> Result<Bytes, CodingError> {
    let mut content = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let read = decoder.take(most).read_to_end(&mut content);
    read.map_err(|error| CodingError::Broken(error.to_string()))?;
    if content.len() > limit {
        return Err(CodingError::TooLarge);
    }
    Ok(Bytes::from(content))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    const TEXT: &[u8] = b"<s:Envelope/>";

    fn gzip(content: &[u8]) -> Bytes {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap().into()
    }

    #[test]
    fn every_coding() {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(TEXT).unwrap();
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::default());
        bare.write_all(TEXT).unwrap();
        let mut stored = DeflateEncoder::new(Vec::new(), Compression::none());
        stored.write_all(TEXT).unwrap();
        for (coding, body) in [
            (None, Bytes::from_static(TEXT)),
            (Some("identity"), Bytes::from_static(TEXT)),
            (Some("gzip"), gzip(TEXT)),
            (Some(" GZip "), gzip(TEXT)),
            (Some("x-gzip"), [gzip(&TEXT[..5]), gzip(&TEXT[5..])].concat().into()),
            (Some("deflate"), zlib.finish().unwrap().into()),
            (Some("deflate"), bare.finish().unwrap().into()),
            (Some("deflate"), stored.finish().unwrap().into()),
        ] {
            assert_eq!(decompressed(coding, body, TEXT.len()).unwrap(), TEXT, "{coding:?}");
        }
        assert_eq!(decompressed(Some("gzip"), Bytes::new(), 9).unwrap(), "");
    }

    #[test]
    fn what_is_none() {
        let body = gzip(TEXT);
        for coding in ["br", "gzip, gzip", "deflate, identity"] {
            assert_eq!(decompressed(Some(coding), body.clone(), 99), Err(CodingError::Unknown));
        }
        for (coding, body) in [
            ("gzip", Bytes::from_static(TEXT)),
            ("gzip", body.slice(..body.len() - 9)),
            ("deflate", Bytes::from_static(b"\xff\xff\xff")),
            ("deflate", body.slice(..3)),
        ] {
            let broken = decompressed(Some(coding), body, 99);
            assert!(matches!(broken, Err(CodingError::Broken(_))), "{coding}: {broken:?}");
        }
        assert_eq!(decompressed(Some("gzip"), body, TEXT.len() - 1), Err(CodingError::TooLarge));
    }

    /// A gibibyte of nothing in a mebibyte of octets: what is held is what the limit says.
    #[test]
    fn a_bomb_costs_what_the_limit_says() {
        let limit = 65_536;
        let member = gzip(&vec![0; 16 << 20]);
        let bomb = Bytes::from(member.repeat(64));
        assert!(bomb.len() < 1200 << 10);
        /// Counts what is asked for, as the buffer does.
        struct Counting<R>(R, usize);
        impl<R: Read> Read for Counting<R> {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                let read = self.0.read(buffer)?;
                self.1 += read;
                Ok(read)
            }
        }
        let mut counting = Counting(MultiGzDecoder::new(&bomb[..]), 0);
        assert_eq!(super::read(&mut counting, limit), Err(CodingError::TooLarge));
        assert_eq!(counting.1, limit + 1);
        assert_eq!(decompressed(Some("gzip"), bomb, limit), Err(CodingError::TooLarge));
    }
}
