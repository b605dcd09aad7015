//! What peers may send that are no peers: compressed bombs, endless tables, wrong types.

use std::io::Write as _;

use flate2::write::{DeflateEncoder, GzEncoder};
use waxwing_soap::encoder::{Binary, BinarySession, Compression, DecodeError, Decoder, Encoder};
use waxwing_xml::Limits;

use super::{NoRandom, from_text};

const SMALL: Limits = Limits { max_bytes: 65_536, ..Limits::SOAP };

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(octets).expect("memory");
    encoder.finish().expect("memory")
}

fn deflate(octets: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(octets).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn a_compressed_bomb_is_refused_at_the_limit_of_messages() {
    let bomb = vec![0; 100 << 20];
    for (compression, content_type, octets) in [
        (Compression::GZip, "application/soap+msbin1+gzip", gzip(&bomb)),
        (Compression::Deflate, "application/soap+msbin1+deflate", deflate(&bomb)),
    ] {
        assert!(octets.len() < 200_000);
        let mut binary = Binary { limits: SMALL, compression };
        let error = binary.read(content_type, &octets).expect_err("it is too large");
        assert!(error.to_string().contains("(65536)"), "{error}");
    }
}

#[test]
fn what_is_no_stream_of_its_coding_is_refused() {
    for (compression, content_type) in [
        (Compression::GZip, "application/soap+msbin1+gzip"),
        (Compression::Deflate, "application/soap+msbin1+deflate"),
    ] {
        let mut binary = Binary { limits: SMALL, compression };
        for octets in [&b"no stream at all"[..], &gzip(b"cut off")[..12], &[]] {
            let error = binary.read(content_type, octets);
            assert!(
                matches!(error, Err(DecodeError::Compression(_) | DecodeError::Binary(_))),
                "{error:?}"
            );
        }
    }
}

#[test]
fn content_types_are_those_of_the_setting() {
    let envelope = from_text(
        "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body/></s:Envelope>",
    );
    let of = |compression| Binary { limits: SMALL, compression };
    let all = [Compression::None, Compression::GZip, Compression::Deflate];
    for writes in all {
        let encoded = of(writes).write(&envelope, &mut NoRandom);
        for reads in all {
            // A reader with compression takes plain messages, too; one without takes nothing else.
            let takes = writes == Compression::None || writes == reads;
            let read = of(reads).read(&encoded.content_type, &encoded.octets);
            assert_eq!(read.is_ok(), takes, "{writes:?} {reads:?}");
        }
    }
    for other in [
        "application/soap+xml",
        "application/soap+msbin1; charset=utf-8",
        "application/soap+msbinsession1",
    ] {
        let read = of(Compression::None).read(other, &[]);
        assert!(matches!(read, Err(DecodeError::ContentType { .. })), "{other}");
    }
}

#[test]
fn a_table_of_strings_ends_at_its_limit() {
    let settings =
        BinarySession { limits: SMALL, compression: Compression::None, max_session_size: 2048 };
    let mut decoder = settings.decoder();
    let message = [0x56, 0x02, 0x0B, 1, b's', 0x04, 0x56, 0x0E, 0x01, 0x01];
    let mut strings = Vec::new();
    for number in 0..100 {
        strings.extend_from_slice(&[19]);
        strings.extend_from_slice(format!("string number {number:05}").as_bytes());
    }
    // 2000 octets of strings are taken, 2000 more are not.
    let octets = [&[0xD0, 0x0F][..], &strings, &message].concat();
    decoder.read("", &octets).expect("there is room");
    let error = decoder.read("", &octets).expect_err("there is none");
    assert!(error.to_string().contains("exceeded the maximum size quota (2048)"), "{error}");
}

#[test]
fn a_writer_stops_at_the_limit_of_its_reader() {
    let settings =
        BinarySession { limits: SMALL, compression: Compression::None, max_session_size: 2048 };
    let (mut encoder, mut decoder) = (settings.encoder(), settings.decoder());
    for message in 0..400 {
        let text = format!(
            "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body><e{message} xmlns='urn:example:{message}'/></s:Body></s:Envelope>"
        );
        let encoded = encoder.write(&from_text(&text), &mut NoRandom);
        let read = decoder.read(&encoded.content_type, &encoded.octets).expect("it fits");
        assert_eq!(read.payload().expect("a payload").local_name(), format!("e{message}"));
    }
}
