//! Messages with markup beside their tree: whoever looks sees one message.

use base64::Engine as _;
use waxwing_xml::{Limits, Name};

use waxwing_soap::encoder::{Binary, Compression, Decoder, Encoder};
use waxwing_soap::{
    Addressing, AddressingVersion, Envelope, Markup, MessageVersion, RandomSource, SoapVersion,
};

const HEADER: &[u8] = br#"<o:Security s:mustUnderstand="1" xmlns:o="urn:o"><o:b/></o:Security>"#;
const BODY: &[u8] = br#"<e:EncryptedData xmlns:e="urn:e">AAAA</e:EncryptedData>"#;

fn plain() -> Envelope {
    let version =
        MessageVersion { soap: SoapVersion::Soap12, addressing: AddressingVersion::Addressing10 };
    let mut envelope = Envelope::new(version);
    let action = envelope.append_header(Name::new("a", "Action", version.addressing.namespace()));
    envelope.document_mut().append_text(action, "urn:action");
    envelope.append_body_element(Name::new("", "secret", "urn:secret"));
    envelope
}

/// Records need no random octets.
struct NoChance;

impl RandomSource for NoChance {
    fn fill(&mut self, _: &mut [u8]) {
        panic!("nobody asks for them");
    }
}

fn text(envelope: &Envelope) -> String {
    String::from_utf8(envelope.to_bytes()).unwrap()
}

/// What is written is what the tree is, whoever looked at it before.
#[test]
fn text_and_tree_are_one_message() {
    for body in [None, Some(BODY.to_vec())] {
        let mut sealed = plain();
        sealed.seal(HEADER.to_vec(), body.clone().map(Markup::from));
        let written = text(&sealed);
        let read = Envelope::parse(written.as_bytes(), &Limits::SOAP).unwrap();
        assert_eq!(text(&read), written);
        assert_eq!(sealed.document().to_xml(), written);
        assert_eq!(text(&sealed), written, "looking changes nothing");
        assert_eq!(sealed.clone().document_mut().to_xml(), written);
        let mut binary = Binary { limits: Limits::SOAP, compression: Compression::None };
        let records = binary.write(&sealed, &mut NoChance).octets;
        assert_eq!(binary.write_owned(sealed.clone(), &mut NoChance).octets, records);
        let content_type = binary.content_type();
        assert_eq!(text(&binary.read(content_type, &records).unwrap()), written);
        let mut looked_at = sealed.clone();
        assert_eq!(
            looked_at.headers().map(|h| h.local_name()).collect::<Vec<_>>(),
            ["Action", "Security"]
        );
        looked_at.document_mut();
        assert_eq!(text(&looked_at), written);
        assert_eq!(written.contains("secret"), body.is_none(), "{written}");
        assert_eq!(
            sealed.payload().unwrap().local_name(),
            match body {
                Some(_) => "EncryptedData",
                None => "secret",
            }
        );
    }
}

/// Octets beside the markup are their base64 in it, at every length and wherever the pieces end in which it is made.
#[test]
fn octets_of_the_body_are_base64_in_it() {
    const PIECE: usize = 24 << 10;
    for length in [1, 2, 3, 64, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 2, 5 * PIECE] {
        let octets: Vec<u8> = (0..length).map(|at| (at * 7 + at / 251) as u8).collect();
        let text = b"<e:a xmlns:e='urn:e'><e:b/><e:c></e:c></e:a>".to_vec();
        let at = text.len() - b"</e:c></e:a>".len();
        let mut sealed = plain();
        sealed.seal(HEADER.to_vec(), Some(Markup { text, octets: Some((at, octets.clone())) }));
        let written = sealed.to_bytes();
        let read = Envelope::parse(written.clone(), &Limits::SOAP).unwrap();
        let inner = read.payload().unwrap().elements().last().unwrap();
        assert!(base64::engine::general_purpose::STANDARD.encode(&octets) == inner.text());
        assert!(sealed.payload().unwrap().elements().last().unwrap().text() == inner.text());
        assert!(sealed.clone().into_bytes() == written, "{length}");
        sealed.document_mut();
        assert!(sealed.into_bytes().ends_with(&written[written.len() - 100.min(length)..]));
    }
}

/// Who has room for the base64 has it where the octets were.
#[test]
fn octets_become_base64_in_their_own_memory() {
    let mut octets = vec![7; 90_000];
    octets.reserve(40_000);
    let memory = octets.as_ptr();
    let text = b"<e:c xmlns:e='urn:e'></e:c>".to_vec();
    let at = text.len() - b"</e:c>".len();
    let mut sealed = plain();
    sealed.seal(HEADER.to_vec(), Some(Markup { text, octets: Some((at, octets)) }));
    let written = sealed.into_bytes();
    assert!(written.len() > 120_000 && written.as_ptr() == memory);
}

#[test]
fn what_is_known_of_it_stays_known() {
    let mut sealed = plain();
    sealed.seal(HEADER.to_vec(), Some(Markup::from(BODY.to_vec())));
    assert_eq!(sealed.action().as_deref(), Some("urn:action"));
    assert!(!sealed.is_fault() && sealed.header_named("urn:o", "Security").is_some());
    assert!(sealed.header_named("urn:o", "Other").is_none());
    assert_eq!(Addressing::read(&sealed).unwrap().action.as_deref(), Some("urn:action"));
    // What is added afterwards goes behind it.
    sealed.append_header(Name::new("p", "Later", "urn:later"));
    let names: Vec<_> = sealed.headers().map(|h| h.local_name().to_owned()).collect();
    assert_eq!(names, ["Action", "Security", "Later"]);
}

#[test]
fn a_message_without_a_header_gets_one() {
    let version = MessageVersion { soap: SoapVersion::Soap11, addressing: AddressingVersion::None };
    let mut sealed = Envelope::new(version);
    sealed.seal(HEADER.to_vec(), None);
    assert!(sealed.header_named("urn:o", "Security").is_some());
    let read = Envelope::parse(sealed.to_bytes(), &Limits::SOAP).unwrap();
    assert!(read.header_named("urn:o", "Security").is_some());
}

#[test]
fn what_is_no_markup_is_no_message() {
    for (header, body) in [(&b"<o:b/>"[..], None), (HEADER, Some(b"<e>".to_vec()))] {
        let mut sealed = plain();
        sealed.seal(header.to_vec(), body.map(Markup::from));
        assert!(sealed.headers().next().is_none() && sealed.payload().is_none());
    }
}
