//! Envelopes, `mustUnderstand`, addressing headers, faults and the HTTP mapping: every version, what is
//! refused, and that what is written is read.

use proptest::prelude::*;
use waxwing_soap::encoder::text_content_type;
use waxwing_soap::http::ContentType;
use waxwing_soap::{
    Addressing, AddressingError, AddressingVersion, EndpointReference, Envelope, EnvelopeError,
    Fault, FaultCode, MessageVersion, QName, RandomSource, SoapVersion, urn_uuid, uuid_v4,
};
use waxwing_xml::{Limits, Name, ParseErrorKind};

const SOAP12: &str = SoapVersion::Soap12.namespace();
const SOAP11: &str = SoapVersion::Soap11.namespace();
const VERSIONS: [MessageVersion; 5] = [
    MessageVersion::SOAP12_ADDRESSING10,
    MessageVersion { soap: SoapVersion::Soap12, addressing: AddressingVersion::August2004 },
    MessageVersion { soap: SoapVersion::Soap11, addressing: AddressingVersion::Addressing10 },
    MessageVersion { soap: SoapVersion::Soap11, addressing: AddressingVersion::August2004 },
    MessageVersion { soap: SoapVersion::Soap11, addressing: AddressingVersion::None },
];

fn parse(text: &str) -> Result<Envelope, EnvelopeError> {
    Envelope::parse(text, &Limits::SOAP)
}

/// An envelope of SOAP 1.2 with this inside; `a` is WS-Addressing 1.0.
fn envelope(inside: &str) -> Envelope {
    let text = format!(
        "<s:Envelope xmlns:s='{SOAP12}' xmlns:a='http://www.w3.org/2005/08/addressing'>{inside}</s:Envelope>"
    );
    parse(&text).expect(inside)
}

#[test]
fn what_is_no_envelope_is_refused() {
    let message = |inside: &str| {
        let text = format!("<s:Envelope xmlns:s='{SOAP12}'>{inside}</s:Envelope>");
        parse(&text).expect_err(inside).to_string()
    };
    let structure = message("");
    assert!(structure.contains("no Body"), "{structure}");
    for (inside, named) in [
        ("<s:Header/>", "no Body"),
        ("<s:Body/><s:Header/>", "s:Header after the Body"),
        ("<s:Body/><s:Body/>", "s:Body after the Body"),
        ("<s:Header/><s:Header/><s:Body/>", "s:Header"),
        ("<Body/>", "Body"),
        ("<x/><s:Body/>", "x"),
    ] {
        let found = message(inside);
        assert!(found.contains(named), "{inside}: {found}");
    }
    let other = parse("<Envelope xmlns='urn:soap-of-tomorrow'/>").expect_err("another version");
    match other {
        EnvelopeError::NotAnEnvelope { namespace, local } => {
            assert_eq!((&*namespace, &*local), ("urn:soap-of-tomorrow", "Envelope"));
        }
        other => panic!("{other}"),
    }
    let html = parse("<html/>").expect_err("a page of a proxy");
    assert!(matches!(html, EnvelopeError::NotAnEnvelope { .. }), "{html}");
    let truncated = parse(&format!("<s:Envelope xmlns:s='{SOAP12}'>")).expect_err("truncated");
    assert!(matches!(truncated, EnvelopeError::Xml(_)), "{truncated}");
}

/// SOAP 1.2 Part 1 §5: neither a document type declaration nor processing instructions.
#[test]
fn what_soap_forbids_is_refused() {
    for (before, forbidden) in
        [("<!DOCTYPE x>", "a document type declaration"), ("<?x y?>", "a processing instruction")]
    {
        let text = format!("{before}<s:Envelope xmlns:s='{SOAP12}'><s:Body/></s:Envelope>");
        match parse(&text) {
            Err(EnvelopeError::Xml(error)) => {
                assert_eq!(error.kind, ParseErrorKind::Forbidden(forbidden));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn versions_are_recognized_from_namespaces() {
    for version in VERSIONS {
        let mut made = Envelope::new(version);
        let addressing = Addressing { action: Some("urn:a".into()), ..Addressing::default() };
        if version.addressing != AddressingVersion::None {
            addressing.write(&mut made);
        }
        made.append_body_element(Name::new("", "op", "urn:op"));
        let read = Envelope::parse(made.to_bytes(), &Limits::SOAP).expect("an envelope");
        assert_eq!(read.version(), version);
        assert!(read.payload().expect("op").is("urn:op", "op"));
        let action = (version.addressing != AddressingVersion::None).then_some("urn:a");
        assert_eq!(Addressing::read(&read).expect("one action").action.as_deref(), action);
    }
}

#[test]
fn headers_are_put_first_and_last() {
    let mut made = Envelope::new(MessageVersion::SOAP12_ADDRESSING10);
    made.append_header(Name::new("h", "b", "urn:h"));
    made.prepend_header(Name::new("h", "a", "urn:h"));
    let c = made.append_header(Name::new("h", "c", "urn:h"));
    made.set_must_understand(c);
    let names: Vec<_> = made.headers().map(|h| h.local_name()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    let required: Vec<_> =
        made.not_understood(|_, _| false).into_iter().map(|h| h.local_name()).collect();
    assert_eq!(required, ["c"]);
    assert!(
        made.not_understood(|namespace, local| (namespace, local) == ("urn:h", "c")).is_empty()
    );
}

#[test]
fn must_understand_is_a_boolean_for_the_ultimate_receiver() {
    let role = |name: &str| format!("s:role='{SOAP12}/role/{name}'");
    let cases = [
        (String::new(), false),
        ("s:mustUnderstand='1'".into(), true),
        ("s:mustUnderstand='true'".into(), true),
        ("s:mustUnderstand=' true '".into(), true),
        ("s:mustUnderstand='0'".into(), false),
        ("s:mustUnderstand='false'".into(), false),
        ("s:mustUnderstand='yes'".into(), false),
        ("mustUnderstand='1'".into(), false),
        (format!("s:mustUnderstand='1' {}", role("ultimateReceiver")), true),
        ("s:mustUnderstand='1' s:role=''".into(), true),
        (format!("s:mustUnderstand='1' {}", role("next")), false),
        (format!("s:mustUnderstand='1' {}", role("none")), false),
        ("s:mustUnderstand='1' role='urn:else'".into(), true),
    ];
    for (attributes, expected) in cases {
        let read = envelope(&format!("<s:Header><h {attributes}/></s:Header><s:Body/>"));
        assert_eq!(read.not_understood(|_, _| false).len() == 1, expected, "{attributes}");
    }
    // Attributes of the other version say nothing.
    let text = format!(
        "<e:Envelope xmlns:e='{SOAP11}' xmlns:s='{SOAP12}'><e:Header><h s:mustUnderstand='1'/>\
         <i e:mustUnderstand='1' e:actor='urn:else'/><j e:mustUnderstand='1'/></e:Header><e:Body/></e:Envelope>"
    );
    let read = parse(&text).expect("an envelope");
    let required: Vec<_> =
        read.not_understood(|_, _| false).into_iter().map(|h| h.local_name()).collect();
    assert_eq!(required, ["j"]);
}

#[test]
fn addressing_headers_that_cannot_be() {
    let read = |headers: &str| {
        Addressing::read(&envelope(&format!("<s:Header>{headers}</s:Header><s:Body/>")))
    };
    for name in ["Action", "MessageID", "To", "RelatesTo"] {
        let twice = format!("<a:{name}>urn:1</a:{name}>").repeat(2);
        assert_eq!(read(&twice), Err(AddressingError::Cardinality(name)));
    }
    for name in ["From", "ReplyTo", "FaultTo"] {
        let one = format!("<a:{name}><a:Address>urn:1</a:Address></a:{name}>");
        assert_eq!(read(&one.repeat(2)), Err(AddressingError::Cardinality(name)));
        let none = format!("<a:{name}><Address>urn:1</Address></a:{name}>");
        assert_eq!(read(&none), Err(AddressingError::MissingAddress(name)));
    }
    // For another node, of another relationship, of another version: not ours.
    let others = format!(
        "<a:Action>urn:1</a:Action><a:Action s:role='{SOAP12}/role/next'>urn:2</a:Action>\
         <a:RelatesTo>urn:3</a:RelatesTo><a:RelatesTo RelationshipType='urn:other'>urn:4</a:RelatesTo>\
         <To xmlns='http://schemas.xmlsoap.org/ws/2004/08/addressing'>urn:5</To><a:Unknown/>"
    );
    let found = read(&others).expect("each once");
    assert_eq!(found.action.as_deref(), Some("urn:1"));
    assert_eq!(found.relates_to.as_deref(), Some("urn:3"));
    assert_eq!(found.to, None);
    assert_eq!(read("").expect("none"), Addressing::default());
    // CXF's answer to a message without MessageID relates to nothing.
    let unspecified = "<a:RelatesTo>http://www.w3.org/2005/08/addressing/unspecified</a:RelatesTo>";
    assert_eq!(read(unspecified).expect("once").relates_to, None);
    assert_eq!(read(&unspecified.repeat(2)), Err(AddressingError::Cardinality("RelatesTo")));
}

struct Counter(u8);

impl RandomSource for Counter {
    fn fill(&mut self, octets: &mut [u8]) {
        for octet in octets {
            self.0 = self.0.wrapping_add(0x1F);
            *octet = self.0;
        }
    }
}

#[test]
fn requests_and_replies_belong_together() {
    let version = AddressingVersion::Addressing10;
    let request = Addressing::request("urn:call", "http://host/x", version, &mut Counter(0));
    assert!(request.reply_to.as_ref().expect("one").is_anonymous(version));
    let id = request.message_id.clone().expect("one");
    assert!(id.starts_with("urn:uuid:") && id.len() == 45, "{id}");
    let reply = Addressing::reply("urn:answer", &request, version);
    assert_eq!((reply.relates_to, reply.to), (Some(id), None));
    let old = Addressing::reply("urn:answer", &request, AddressingVersion::August2004);
    assert_eq!(old.to.as_deref(), Some(AddressingVersion::August2004.anonymous()));
    // Version and variant of RFC 9562 §4.
    let mut random = Counter(9);
    for _ in 0..300 {
        let text = uuid_v4(&mut random).to_string();
        assert_eq!((text.len(), &text[14..15]), (36, "4"));
        assert!("89ab".contains(&text[19..20]), "{text}");
    }
    assert_ne!(urn_uuid(&mut random), urn_uuid(&mut random));
}

/// Text of a header or fault, as XML can carry it.
fn carried() -> impl Strategy<Value = String> {
    "[ -~\t\n\ré名\u{1F600}<>&\"']{0,20}"
}

/// Text that white space at its ends is no part of.
fn trimmed() -> impl Strategy<Value = String> {
    carried().prop_map(|text| text.trim().to_owned())
}

fn endpoint() -> impl Strategy<Value = EndpointReference> {
    let parameter = prop_oneof![
        Just("<p:k xmlns:p=\"urn:p\">1</p:k>".to_owned()),
        Just("<k a=\"&lt;\"/>".to_owned()),
        Just("<k xmlns=\"urn:k\"><l xmlns=\"\">x</l></k>".to_owned()),
    ];
    (trimmed(), prop::collection::vec(parameter, 0..3)).prop_map(
        |(address, reference_parameters)| EndpointReference { address, reference_parameters },
    )
}

fn addressing() -> impl Strategy<Value = Addressing> {
    let text = || prop::option::of(trimmed());
    let reference = || prop::option::of(endpoint());
    (text(), text(), text(), reference(), reference(), reference(), text()).prop_map(
        |(action, message_id, relates_to, from, reply_to, fault_to, to)| Addressing {
            action,
            message_id,
            relates_to,
            from,
            reply_to,
            fault_to,
            to,
        },
    )
}

fn qname() -> impl Strategy<Value = QName> {
    let namespace = prop_oneof![
        Just(String::new()),
        Just(SOAP12.to_owned()),
        Just(SOAP11.to_owned()),
        Just(waxwing_xml::XML_NAMESPACE.to_owned()),
        Just(
            "http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher"
                .to_owned()
        ),
        "urn:[a-z&<\"é]{1,8}",
    ];
    (namespace, "[A-Za-zé][A-Za-z0-9.é-]{0,8}")
        .prop_map(|(namespace, local)| QName { namespace, local })
}

fn fault() -> impl Strategy<Value = Fault> {
    let code = prop_oneof![
        Just(FaultCode::Sender),
        Just(FaultCode::Receiver),
        Just(FaultCode::MustUnderstand),
        Just(FaultCode::VersionMismatch),
        "[a-z]{1,5}".prop_map(|local| FaultCode::Other(QName::new("urn:own", local))),
    ];
    let reason = prop::collection::vec(("[a-z]{2}(-[A-Z]{2})?", carried()), 1..3);
    let detail = prop::option::of(Just("<d xmlns=\"urn:d\"><e>1</e></d>t".to_owned()));
    let text = || prop::option::of(carried());
    (code, prop::collection::vec(qname(), 0..4), reason, text(), text(), detail).prop_map(
        |(code, subcodes, reason, node, role, detail)| Fault {
            code,
            subcodes,
            reason,
            node,
            role,
            detail,
            not_understood: Vec::new(),
        },
    )
}

proptest! {
    #[test]
    fn addressing_headers_are_read_as_they_were_written(headers in addressing(), which in 0..4_usize) {
        let mut made = Envelope::new(VERSIONS[which]);
        headers.write(&mut made);
        prop_assert_eq!(Addressing::read(&made), Ok(headers.clone()));
        let read = Envelope::parse(made.to_bytes(), &Limits::SOAP).expect("an envelope");
        // Without any header nothing tells the version; there is nothing to read then.
        prop_assert_eq!(Addressing::read(&read), Ok(headers));
    }

    #[test]
    fn faults_of_soap_12_are_read_as_they_were_written(fault in fault(), which in 0..2_usize) {
        let made = fault.to_envelope(VERSIONS[which], "urn:action", Some("urn:uuid:1"));
        let read = Envelope::parse(made.to_bytes(), &Limits::SOAP).expect("an envelope");
        prop_assert!(read.is_fault());
        prop_assert_eq!(Fault::read(&read), Some(fault));
        let headers = Addressing::read(&read).expect("each once");
        prop_assert_eq!(headers.relates_to.as_deref(), Some("urn:uuid:1"));
    }

    /// SOAP 1.1 has one code and one text; the first subcode stands for the code (WS-Security and
    /// WS-ReliableMessaging put theirs there).
    #[test]
    fn faults_of_soap_11_keep_what_it_has(fault in fault(), which in 2..4_usize) {
        let made = fault.to_envelope(VERSIONS[which], "urn:action", None);
        let read = Envelope::parse(made.to_bytes(), &Limits::SOAP).expect("an envelope");
        let read = Fault::read(&read).expect("a fault");
        prop_assert_eq!(&read.reason[0], &fault.reason[0]);
        prop_assert_eq!(&read.role, &fault.role);
        prop_assert_eq!(&read.detail, &fault.detail);
        match (&fault.code, fault.subcodes.first()) {
            (FaultCode::Other(_), _) | (_, None) => prop_assert_eq!(&read.code, &fault.code),
            (_, Some(subcode)) if subcode.namespace != SOAP11 => {
                prop_assert_eq!(read.code, FaultCode::Other(subcode.clone()));
            }
            _ => {}
        }
    }

    #[test]
    fn any_bytes_are_an_envelope_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..100), text in any::<String>()) {
        let _ = Envelope::parse(bytes, &Limits::SOAP).map_err(|error| error.to_string());
        if let Some(content_type) = ContentType::parse(&text) {
            let _ = (content_type.soap_version(), content_type.action());
        }
    }
}

#[test]
fn faults_without_what_they_need_are_none() {
    let fault = |inside: &str| {
        let read = envelope(&format!("<s:Body><s:Fault>{inside}</s:Fault></s:Body>"));
        assert!(read.is_fault());
        Fault::read(&read)
    };
    assert_eq!(fault(""), None);
    assert_eq!(fault("<s:Code/>"), None);
    assert_eq!(fault("<s:Code><s:Value>unbound:Sender</s:Value></s:Code>"), None);
    assert_eq!(fault("<s:Code><s:Value>s:Sender</s:Value><s:Subcode/></s:Code>"), None);
    let least = fault("<s:Code><s:Value> s:Sender </s:Value></s:Code>").expect("a code");
    assert_eq!((least.code, least.reason.len()), (FaultCode::Sender, 0));
    let own = fault("<s:Code><s:Value>a:Mine</s:Value></s:Code>").expect("a code");
    let expected = QName::new(AddressingVersion::Addressing10.namespace(), "Mine");
    assert_eq!(own.code, FaultCode::Other(expected));
    // An endless chain of subcodes ends.
    let chain = "<s:Subcode><s:Value>a:x</s:Value>".repeat(40) + &"</s:Subcode>".repeat(40);
    let deep =
        fault(&format!("<s:Code><s:Value>s:Sender</s:Value>{chain}</s:Code>")).expect("a code");
    assert_eq!(deep.subcodes.len(), 16);
    assert!(Fault::read(&envelope("<s:Body><Fault/></s:Body>")).is_none());
    assert!(Fault::read(&envelope("<s:Body/>")).is_none());
}

#[test]
fn a_detail_that_is_no_xml_is_text() {
    let fault = Fault::new(FaultCode::Receiver, "no").with_detail("a < b");
    let made = fault.to_envelope(MessageVersion::SOAP12_ADDRESSING10, "urn:action", None);
    let read = Envelope::parse(made.to_bytes(), &Limits::SOAP).expect("an envelope");
    let detail = Fault::read(&read).expect("a fault").detail;
    assert_eq!(detail.as_deref(), Some("a &lt; b"));
}

#[test]
fn media_types() {
    for version in [SoapVersion::Soap11, SoapVersion::Soap12] {
        let read = ContentType::parse(text_content_type(version)).expect("a media type");
        assert_eq!(read.soap_version(), Some(version));
        assert_eq!(read.parameter("charset"), Some("utf-8"));
    }
    let odd = ContentType::parse("text/html ; a=\"x;\\\"y\" ; B = c;d; action=\"%41%zz%\"")
        .expect("a media type");
    assert_eq!((odd.soap_version(), odd.parameter("a")), (None, Some("x;\"y")));
    assert_eq!((odd.parameter("b"), odd.parameter("d")), (Some("c"), None));
    assert_eq!(odd.action().as_deref(), Some("A%zz%"));
    assert_eq!(ContentType::parse("text/xml;action=\"\"").expect("a media type").action(), None);
    assert_eq!(ContentType::parse(""), None);
}
