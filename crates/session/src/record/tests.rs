use std::sync::Arc;

use proptest::prelude::*;
use waxwing_crypto::Certificate;
use waxwing_reliable::{
    CallId, CreateSequenceResponse, Identifier, Ranges, SavedCall, SavedClient, SavedEnd,
    SavedReply, SavedService,
};
use waxwing_security::conversation::{
    CallerIdentity, Generation, SavedCaller, SavedClientContext, SavedContext, SavedDerivedKey,
    SavedKey,
};
use waxwing_soap::{Addressing, EndpointReference, Envelope, MessageVersion, QName};
use waxwing_xml::{Limits, Name};

use super::*;
use crate::client::SavedClientSession;
use crate::message::{AppMessage, ApplicationMessage};
use crate::service::{Course, SavedSession, VerifiedRequest};

fn message(text: &str) -> AppMessage {
    let version = MessageVersion::SOAP12_ADDRESSING10;
    let mut envelope = Envelope::new(version);
    let element = envelope.append_body_element(Name::local("text"));
    envelope.document_mut().append_text(element, text);
    Arc::new(ApplicationMessage {
        action: "urn:reply".to_owned(),
        message_id: None,
        relates_to: Some("urn:uuid:request".to_owned()),
        reply_to: Some(EndpointReference::anonymous(version.addressing)),
        envelope,
    })
}

fn session(replies: &[Option<&str>]) -> SavedSession {
    let mut received = Ranges::up_to(7);
    received.insert_range(9, 12);
    let reply = |(index, text): (usize, &Option<&str>)| SavedReply {
        request: index as u64 + 1,
        is_last: text.is_none(),
        number: index as u64 + 3,
        reply: text.map(message),
    };
    SavedSession {
        reliable: SavedService {
            session: Identifier::new("urn:uuid:forward"),
            origin: Identifier::new("urn:uuid:back"),
            tag: Some(Identifier::new("urn:uuid:context")),
            reply_to: "http://client".to_owned(),
            response: CreateSequenceResponse {
                identifier: Identifier::new("urn:uuid:forward"),
                expires: None,
                incomplete_sequence_behavior: None,
                accept: Some(EndpointReference::new("http://service")),
            },
            received,
            end: SavedEnd::Closed(Some(12)),
            back: Some(Identifier::new("urn:uuid:back")),
            last_reply: 5,
            replies: replies.iter().enumerate().map(reply).collect(),
            is_closed: true,
            is_over: false,
        },
        course: Course::Begun,
    }
}

fn key(generation: Generation) -> SavedKey {
    SavedKey {
        generation,
        identifier: "urn:uuid:context".to_owned(),
        instance: Some("urn:uuid:2".to_owned()),
        element: "<t/>".to_owned(),
        id: "_1".to_owned(),
        octets: vec![0xA5; 32],
        derived: Some(
            ["_2", "_3"].map(|id| SavedDerivedKey { id: id.to_owned(), nonce: vec![1; 16] }),
        ),
        created: 1,
        expires: i64::MAX,
        received: -1,
    }
}

fn context() -> SavedContext {
    SavedContext {
        identifier: "urn:uuid:context".to_owned(),
        caller: SavedCaller::UserName("alice".to_owned()),
        keys: vec![key(Generation::Current), key(Generation::Former(17))],
        used: true,
    }
}

fn client() -> SavedClientSession {
    SavedClientSession {
        to: "http://service".to_owned(),
        security: Some(SavedClientContext {
            keys: vec![key(Generation::Current)],
            service_certificate: Some(vec![1, 2, 3]),
            accepted: false,
        }),
        reliable: SavedClient {
            sequence: Identifier::new("urn:uuid:forward"),
            back: None,
            last: 9,
            unanswered: vec![SavedCall {
                number: 9,
                call: Some(CallId(77)),
                message_id: Some(Identifier::new("urn:uuid:m")),
            }],
            received: Ranges::up_to(4),
            end: SavedEnd::Last(9),
        },
    }
}

fn certificate() -> Certificate {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/pki/alice.cert.pem");
    #[allow(clippy::disallowed_methods, reason = "tests read their data")]
    let pem = std::fs::read(path).unwrap();
    Certificate::from_pem(&pem).unwrap().remove(0)
}

fn request(caller: CallerIdentity) -> VerifiedRequest {
    let mut envelope = Envelope::new(MessageVersion::SOAP12_ADDRESSING10);
    let addressing = Addressing {
        action: Some("urn:action".to_owned()),
        message_id: Some("urn:uuid:1".to_owned()),
        reply_to: Some(EndpointReference {
            address: "http://client".to_owned(),
            reference_parameters: vec!["<p xmlns=\"urn:p\">1</p>".to_owned()],
        }),
        to: Some("http://service".to_owned()),
        ..Addressing::default()
    };
    addressing.write(&mut envelope);
    let read = Addressing::read(&envelope).unwrap();
    VerifiedRequest::new(envelope, read, Arc::new(caller))
}

/// Replies have no comparison; everything else of a session does.
fn texts(saved: &SavedSession) -> (Vec<Option<Vec<u8>>>, String) {
    let reply = |r: &SavedReply<AppMessage>| r.reply.as_ref().map(|m| write_message(m).to_vec());
    let replies = saved.reliable.replies.iter().map(reply).collect();
    (replies, format!("{saved:?}"))
}

#[test]
fn everything_that_is_kept_is_read_again() {
    for replies in [&[][..], &[Some("one"), None, Some("<&>\u{1F98A}")]] {
        let saved = session(replies);
        let octets = write_session(&saved);
        let again = read_session(&octets).unwrap();
        assert_eq!(texts(&again).0, texts(&saved).0);
        assert_eq!(*write_session(&again), *octets);
        let bare = |saved: SavedSession| SavedSession {
            reliable: SavedService { replies: Vec::new(), ..saved.reliable },
            ..saved
        };
        assert_eq!(texts(&bare(again)).1, texts(&bare(saved)).1);
    }
    assert!(read_context(&write_context(&context())).unwrap() == context());
    assert_eq!(read_client(&write_client(&client())).unwrap(), client());
}

#[test]
fn a_request_keeps_who_sent_it() {
    let callers = [
        CallerIdentity::Anonymous,
        CallerIdentity::UserName("alice".into()),
        CallerIdentity::Certificate(certificate()),
    ];
    for caller in callers {
        let peer = "[::1]:8000".parse().ok();
        let header = Some(QName::new("urn:h", "Header"));
        let sent = request(caller).with_peer(peer).with_unknown_header(header);
        let again = read_request(&write_request(&sent)).unwrap();
        assert_eq!(again.caller().name(), sent.caller().name());
        assert!(again.caller().is_same(sent.caller()) || !sent.caller().is_authenticated());
        assert_eq!(again.addressing(), sent.addressing());
        assert_eq!(again.peer(), peer);
        assert_eq!(again.unknown_header(), sent.unknown_header());
        assert_eq!(again.envelope().to_bytes(), sent.envelope().to_bytes());
    }
}

/// A depth that no limit of a reader would let pass: what was written is read.
#[test]
fn no_limit_stands_between_writing_and_reading() {
    let depth = 50_000;
    let text = format!(
        "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body>{}{}</s:Body></s:Envelope>",
        "<a>".repeat(depth),
        "</a>".repeat(depth)
    );
    let deep = Limits { max_depth: usize::MAX, ..Limits::SOAP };
    let envelope = Envelope::parse(text, &deep).unwrap();
    let message = ApplicationMessage::received(envelope, Addressing::default());
    read_message(&write_message(&message)).unwrap();
}

/// Records of this version stay readable: these octets were written by it. A change of the format changes its number.
#[test]
fn the_format_is_what_it_was() {
    let hex = |octets: &[u8]| octets.iter().map(|o| format!("{o:02x}")).collect::<String>();
    assert_eq!(hex(&write_session(&session(&[None]))), SESSION);
    assert_eq!(hex(&write_context(&context())), CONTEXT);
    assert_eq!(hex(&write_client(&client())), CLIENT);
    assert_eq!(hex(&write_message(&message("a"))), MESSAGE);
    assert_eq!(hex(&write_request(&request(CallerIdentity::UserName("a".into())))), REQUEST);
}

const SESSION: &str = "01031075726e3a757569643a666f72776172640d75726e3a757569643a6261636b011075726e3a757569643a636f6e74\
    6578740d687474703a2f2f636c69656e741075726e3a757569643a666f72776172640000010e687474703a2f2f736572\
    7669636500020107090c02010c010d75726e3a757569643a6261636b050101010300010001";
const CONTEXT: &str = "01041075726e3a757569643a636f6e746578740205616c69636502001075726e3a757569643a636f6e74657874010a75\
    726e3a757569643a32043c742f3e025f3120a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5\
    a5a501025f321001010101010101010101010101010101025f33100101010101010101010101010101010102feffffff\
    ffffffffff010102221075726e3a757569643a636f6e74657874010a75726e3a757569643a32043c742f3e025f3120a5\
    a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a501025f3210010101010101010101010101\
    01010101025f33100101010101010101010101010101010102feffffffffffffffff010101";
const CLIENT: &str = "01050e687474703a2f2f736572766963650101001075726e3a757569643a636f6e74657874010a75726e3a757569643a\
    32043c742f3e025f3120a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a501025f321001\
    010101010101010101010101010101025f33100101010101010101010101010101010102feffffffffffffffff010101\
    03010203001075726e3a757569643a666f727761726400090109014d010a75726e3a757569643a6d0101040109";
const MESSAGE: &str = "01010975726e3a7265706c7900011075726e3a757569643a72657175657374012e687474703a2f2f7777772e77332e6f\
    72672f323030352f30382f61646472657373696e672f616e6f6e796d6f7573000200a4013c733a456e76656c6f706520\
    786d6c6e733a733d22687474703a2f2f7777772e77332e6f72672f323030332f30352f736f61702d656e76656c6f7065\
    2220786d6c6e733a613d22687474703a2f2f7777772e77332e6f72672f323030352f30382f61646472657373696e6722\
    3e3c733a4865616465722f3e3c733a426f64793e3c746578743e613c2f746578743e3c2f733a426f64793e3c2f733a45\
    6e76656c6f70653e";
const REQUEST: &str = "010202016100000200a1033c733a456e76656c6f706520786d6c6e733a733d22687474703a2f2f7777772e77332e6f72\
    672f323030332f30352f736f61702d656e76656c6f70652220786d6c6e733a613d22687474703a2f2f7777772e77332e\
    6f72672f323030352f30382f61646472657373696e67223e3c733a4865616465723e3c613a416374696f6e20733a6d75\
    7374556e6465727374616e643d2231223e75726e3a616374696f6e3c2f613a416374696f6e3e3c613a4d657373616765\
    49443e75726e3a757569643a313c2f613a4d65737361676549443e3c613a5265706c79546f3e3c613a41646472657373\
    3e687474703a2f2f636c69656e743c2f613a416464726573733e3c613a5265666572656e6365506172616d6574657273\
    3e3c7020786d6c6e733d2275726e3a70223e313c2f703e3c2f613a5265666572656e6365506172616d65746572733e3c\
    2f613a5265706c79546f3e3c613a546f20733a6d757374556e6465727374616e643d2231223e687474703a2f2f736572\
    766963653c2f613a546f3e3c2f733a4865616465723e3c733a426f64792f3e3c2f733a456e76656c6f70653e";

#[test]
fn what_is_no_record_says_what_it_is() {
    let octets = write_context(&context());
    assert!(matches!(read_client(&octets), Err(RecordError::Kind { found: 4, .. })));
    let mut newer = octets.to_vec();
    newer[0] = 2;
    let error = read_context(&newer).unwrap_err().to_string();
    assert!(error.contains("format 2") && error.contains("newer"), "{error}");
    let mut longer = octets.to_vec();
    longer.push(0);
    assert!(matches!(read_context(&longer), Err(RecordError::Damaged(..))));
    for length in 0..octets.len() {
        assert!(read_context(&octets[..length]).is_err(), "{length}");
    }
}

/// Nothing of a key is in what is shown.
#[test]
fn errors_and_debug_show_no_key() {
    let shown = format!("{:?} {:?} {:?}", context(), client(), session(&[Some("secret")]));
    assert!(!shown.contains("165") && !shown.to_lowercase().contains("a5a5"), "{shown}");
}

fn read_all(octets: &[u8]) {
    let _ = read_session(octets).map(|saved| write_session(&saved));
    let _ = read_context(octets).map(|saved| write_context(&saved));
    let _ = read_client(octets).map(|saved| write_client(&saved));
    let _ = read_message(octets).map(|message| write_message(&message));
    let _ = read_request(octets).map(|request| write_request(&request));
}

proptest! {
    #[test]
    fn any_octets_are_read_or_refused(kind in 1u8..6, rest in prop::collection::vec(any::<u8>(), 0..300)) {
        read_all(&[&[1, kind], &rest[..]].concat());
    }

    #[test]
    fn damaged_records_are_read_or_refused(
        which in 0usize..5,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut octets = match which {
            0 => write_session(&session(&[Some("one"), None])),
            1 => write_context(&context()),
            2 => write_client(&client()),
            3 => write_message(&message("a")),
            _ => write_request(&request(CallerIdentity::Certificate(certificate()))),
        };
        for (at, octet) in changes {
            let at = at.index(octets.len());
            octets[at] = octet;
        }
        read_all(&octets);
    }
}
