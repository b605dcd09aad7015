//! Messages with markup beside their tree: whoever looks sees one message.

use waxwing_xml::{Limits, Name};

use waxwing_soap::{Addressing, AddressingVersion, Envelope, MessageVersion, SoapVersion};

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

fn text(envelope: &Envelope) -> String {
    String::from_utf8(envelope.to_bytes()).unwrap()
}

/// What is written is what the tree is, whoever looked at it before.
#[test]
fn text_and_tree_are_one_message() {
    for body in [None, Some(BODY.to_vec())] {
        let mut sealed = plain();
        sealed.seal(HEADER.to_vec(), body.clone());
        let written = text(&sealed);
        let read = Envelope::parse(written.as_bytes(), &Limits::SOAP).unwrap();
        assert_eq!(text(&read), written);
        assert_eq!(sealed.document().to_xml(), written);
        assert_eq!(text(&sealed), written, "looking changes nothing");
        assert_eq!(sealed.clone().document_mut().to_xml(), written);
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

#[test]
fn what_is_known_of_it_stays_known() {
    let mut sealed = plain();
    sealed.seal(HEADER.to_vec(), Some(BODY.to_vec()));
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
        sealed.seal(header.to_vec(), body);
        assert!(sealed.headers().next().is_none() && sealed.payload().is_none());
    }
}
