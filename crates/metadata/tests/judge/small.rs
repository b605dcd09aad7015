//! Alternatives, optional and ignorable assertions, conflicts, limits: small policies.

use waxwing_binding::Binding;
use waxwing_metadata::QName;
use waxwing_metadata::judge::{Class, JudgeOptions, PortVerdict, Ruling, Talk};

use super::Service;

const WSA: &str = "<wsaw:UsingAddressing/>";
const UNKNOWN: &str = r#"<x:Odd xmlns:x="urn:odd"/>"#;

fn ruling(port: &PortVerdict, local: &str) -> Ruling {
    let found = port.assertions.iter().find(|a| &*a.name.local == local);
    found.unwrap_or_else(|| panic!("no {local}: {:?}", port.assertions)).ruling
}

#[test]
fn the_first_alternative_that_can_be_met_is_taken() {
    let policy = format!(
        "<wsp:ExactlyOne><wsp:All>{UNKNOWN}{WSA}</wsp:All><wsp:All>{WSA}<wsrm:RMAssertion/></wsp:All></wsp:ExactlyOne>"
    );
    let port = Service::new(&policy).judged();
    assert_eq!((port.talk, port.alternatives, port.chosen), (Talk::Yes, 2, 1));
    let Some(Binding::WsHttp(binding)) = &port.configuration else { panic!("{port:?}") };
    assert!(binding.reliable_session.enabled);
}

#[test]
fn of_several_that_cannot_be_met_the_nearest_is_told() {
    let policy = format!(
        "<wsp:ExactlyOne><wsp:All>{UNKNOWN}<y:Other xmlns:y='urn:y'/></wsp:All><wsp:All>{UNKNOWN}</wsp:All></wsp:ExactlyOne>"
    );
    let port = Service::new(&policy).judged();
    assert_eq!((port.talk, port.chosen, port.blocking().count()), (Talk::No, 1, 1));
    let ruling = port.blocking().next().unwrap();
    assert_eq!(ruling.class, Some(Class::Unknown));
    assert!(ruling.fix.as_ref().unwrap().contains("--ignore '{urn:odd}Odd'"), "{ruling:?}");
    assert!(ruling.at.line > 0 && ruling.at.location.as_str() == "s.wsdl");
}

#[test]
fn what_is_optional_and_cannot_be_met_is_left_out() {
    let policy = format!(r#"{WSA}<x:Odd xmlns:x="urn:odd" wsp:Optional="true"/>"#);
    let port = Service::new(&policy).judged();
    assert_eq!((port.talk, ruling(&port, "Odd")), (Talk::Yes, Ruling::Ignored));
}

#[test]
fn what_is_optional_and_can_be_met_is_taken_as_by_wcf() {
    let policy = format!(r#"{WSA}<wsrm:RMAssertion wsp:Optional="true"/>"#);
    let port = Service::new(&policy).judged();
    assert_eq!((port.talk, port.alternatives, port.chosen), (Talk::Yes, 2, 0));
    assert!(port.effective.unwrap().reliable_session.is_some());
}

#[test]
fn what_is_ignorable_is_ignored() {
    let policy = r#"<w:Policy xmlns:w="http://www.w3.org/ns/ws-policy"><x:Odd xmlns:x="urn:odd" w:Ignorable="true"/></w:Policy>"#;
    let port = Service::new(policy).judged();
    assert_eq!((port.talk, ruling(&port, "Odd")), (Talk::Yes, Ruling::Ignored));
}

#[test]
fn no_alternative_is_no_way_to_call() {
    let port = Service::new("<wsp:ExactlyOne/>").judged();
    assert_eq!((port.talk, port.alternatives), (Talk::No, 0));
    assert_eq!(port.classes(), [Class::Policy]);
    assert!(port.obstacles[0].text.contains("no alternative"), "{:?}", port.obstacles);
}

#[test]
fn a_missing_policy_is_no_way_to_call() {
    let port = Service::new("<wsp:PolicyReference URI='#elsewhere'/>").judged();
    assert_eq!((port.talk, port.classes()), (Talk::No, vec![Class::Policy]));
    assert!(port.obstacles[0].text.contains("\"#elsewhere\""), "{:?}", port.obstacles);
}

#[test]
fn a_circle_of_references_is_told_with_its_chain() {
    let of = waxwing_testkit::metadata::folder("055");
    let port = super::ports(&of).remove(0);
    let text = &port.obstacles[0].text;
    assert!(text.contains("#DummyPolicy → #DummyPolicy1 → #DummyPolicy2 → #DummyPolicy"), "{text}");
    assert_eq!(port.obstacles[0].at.as_ref().unwrap().line, 25);
}

/// Twenty pairs are 2^20 alternatives; so are twenty policies of which each holds the next one twice.
#[test]
fn a_million_alternatives_are_too_complex_at_once() {
    let pair = format!("<wsp:ExactlyOne>{WSA}<wsp:All/></wsp:ExactlyOne>");
    let mut twice = Service::new("<wsp:PolicyReference URI='#d0'/>");
    for i in 0..20 {
        let next = format!("<wsp:PolicyReference URI='#d{}'/>", i + 1);
        twice.more += &format!(
            "<wsp:Policy wsu:Id='d{i}'><wsp:ExactlyOne>{next}{next}</wsp:ExactlyOne></wsp:Policy>"
        );
    }
    twice.more += &format!("<wsp:Policy wsu:Id='d20'>{WSA}</wsp:Policy>");
    let mut wide = Service::new("<wsp:PolicyReference URI='#d0'/>");
    wide.more = twice.more.replace("ExactlyOne", "All");
    let optional = r#"<wsaw:UsingAddressing wsp:Optional="true"/>"#;
    for service in [Service::new(&pair.repeat(20)), twice, wide, Service::new(&optional.repeat(20))]
    {
        // Without the limit this would not end.
        let port = service.judged();
        assert_eq!(port.talk, Talk::No);
        assert!(port.obstacles[0].text.contains("too complex"), "{:?}", port.obstacles);
    }
}

#[test]
fn deep_references_end_at_a_limit() {
    let mut service = Service::new("<wsp:PolicyReference URI='#d0'/>");
    for i in 0..500 {
        let next = i + 1;
        service.more += &format!(
            "<wsp:Policy wsu:Id='d{i}'><wsp:PolicyReference URI='#d{next}'/></wsp:Policy>"
        );
    }
    service.more += "<wsp:Policy wsu:Id='d500'/>";
    let port = service.judged();
    assert!(port.obstacles[0].text.contains("128 levels"), "{:?}", port.obstacles);
}

#[test]
fn what_the_user_says_is_harmless_is_ignored() {
    let options = JudgeOptions { ignore: vec![QName::new("urn:odd", "Odd")], address: None };
    let port = Service::new(UNKNOWN).judged_with(&options);
    assert_eq!((port.talk, ruling(&port, "Odd")), (Talk::Yes, Ruling::Ignored));
}

#[test]
fn what_is_unknown_on_a_port_type_is_a_note() {
    let mut service = Service::new(WSA);
    service.port_type = format!("<wsp:Policy>{UNKNOWN}</wsp:Policy>");
    let port = service.judged();
    assert_eq!((port.talk, ruling(&port, "Odd")), (Talk::Yes, Ruling::Ignored));
}

#[test]
fn what_is_unknown_on_a_message_blocks() {
    let mut service = Service::new(WSA);
    service.input = format!("<wsp:Policy>{UNKNOWN}</wsp:Policy>");
    let port = service.judged();
    assert_eq!((port.talk, ruling(&port, "Odd")), (Talk::No, Ruling::Blocking));
    assert_eq!(port.blocking().next().unwrap().subject.to_string(), "input Do");
}

#[test]
fn both_versions_of_a_thing_exclude_each_other() {
    for policy in [
        format!("{WSA}<wsrm:RMAssertion/><rm11:RMAssertion/>"),
        format!(
            "{WSA}<w:UsingAddressing xmlns:w='http://schemas.xmlsoap.org/ws/2004/08/addressing/policy'/>"
        ),
        format!(
            "{WSA}<m:OptimizedMimeSerialization xmlns:m='http://schemas.xmlsoap.org/ws/2004/09/policy/optimizedmimeserialization'/>\
                 <b:BinaryEncoding xmlns:b='http://schemas.microsoft.com/ws/06/2004/mspolicy/netbinary1'/>"
        ),
    ] {
        let port = Service::new(&policy).judged();
        assert_eq!(port.talk, Talk::No, "{policy}");
        assert!(port.classes().contains(&Class::Conflict), "{policy}: {:?}", port.classes());
    }
}

fn over_tls(more: &str) -> String {
    format!(
        "{WSA}<sp:TransportBinding><wsp:Policy><sp:TransportToken><wsp:Policy><sp:HttpsToken RequireClientCertificate='false'/></wsp:Policy>\
         </sp:TransportToken><sp:AlgorithmSuite><wsp:Policy><sp:Basic256/></wsp:Policy></sp:AlgorithmSuite><sp:Layout><wsp:Policy><sp:Strict/>\
         </wsp:Policy></sp:Layout><sp:IncludeTimestamp/></wsp:Policy></sp:TransportBinding>{more}"
    )
}

fn user_name(around: &str, inside: &str) -> String {
    format!(
        "<{around}><wsp:Policy><sp:UsernameToken><wsp:Policy>{inside}</wsp:Policy></sp:UsernameToken></wsp:Policy></{around}>"
    )
}

/// Over TLS the header has the same user name and password, whatever the policy calls the token: CXF and WebSphere have all
/// four forms.
#[test]
fn a_user_name_over_tls_is_one_thing_by_four_names() {
    for around in [
        "sp:SupportingTokens",
        "sp:SignedSupportingTokens",
        "sp12:EncryptedSupportingTokens",
        "sp12:SignedEncryptedSupportingTokens",
    ] {
        let port =
            Service::https(&over_tls(&user_name(around, "<sp:WssUsernameToken10/>"))).judged();
        assert_eq!(
            port.talk,
            Talk::Yes,
            "{around}: {:?} {:?}",
            port.obstacles,
            port.blocking().next()
        );
        let effective = port.effective.unwrap();
        assert_eq!(
            effective.security.unwrap().authentication.as_str(),
            "UserNameOverTransport",
            "{around}"
        );
    }
}

#[test]
fn passwords_as_digests_are_told_and_none_at_all_blocks() {
    let port =
        Service::https(&over_tls(&user_name("sp:SignedSupportingTokens", "<sp:HashPassword/>")))
            .judged();
    assert_eq!((port.talk, port.hash_password), (Talk::Yes, true));
    let port =
        Service::https(&over_tls(&user_name("sp:SignedSupportingTokens", "<sp12:NoPassword/>")))
            .judged();
    assert_eq!((port.talk, ruling(&port, "NoPassword")), (Talk::No, Ruling::Blocking));
}

#[test]
fn a_timestamp_and_nothing_else_is_what_no_binding_sends() {
    let port = Service::https(&over_tls("")).judged();
    assert_eq!((port.talk, port.classes()), (Talk::No, vec![Class::Protection]));
    let port = Service::https(&over_tls("").replace("<sp:IncludeTimestamp/>", "")).judged();
    assert_eq!(port.talk, Talk::Yes);
    assert_eq!(port.configuration.unwrap().section(), "wsHttpBinding");
}

#[test]
fn an_unknown_assertion_inside_a_security_binding_makes_it_unusable() {
    let port = Service::https(&over_tls("").replace("<sp:IncludeTimestamp/>", UNKNOWN)).judged();
    assert_eq!((port.talk, ruling(&port, "Odd")), (Talk::No, Ruling::Blocking));
    // What is known, and belongs elsewhere.
    let port = Service::https(
        &over_tls("").replace("<sp:IncludeTimestamp/>", "<sp:WssX509V3Token10/><sp:X509Token/>"),
    )
    .judged();
    assert_eq!((port.talk, ruling(&port, "X509Token")), (Talk::No, Ruling::Blocking));
}

#[test]
fn parts_that_nothing_protects_keep_from_calling() {
    let mut service = Service::new(WSA);
    service.input =
        "<wsp:Policy><sp:SignedParts><sp:Body/></sp:SignedParts></wsp:Policy>".to_owned();
    let port = service.judged();
    assert_eq!((port.talk, port.classes()), (Talk::No, vec![Class::Protection]));
    assert!(port.operations[0].obstacles[0].text.contains("no security binding"));
    service.address = "https://example.org/";
    assert_eq!(service.judged().talk, Talk::Yes, "TLS protects all of it");
}

#[test]
fn the_address_is_given_where_there_is_none() {
    let mut service = Service::new(WSA);
    for placeholder in [
        "REPLACE_WITH_ACTUAL_URL",
        "http://@host@:@port@/s",
        "http://host:port",
        "http://${h}/s",
        "",
    ] {
        service.address = placeholder;
        let port = service.judged();
        assert_eq!((port.talk, port.endpoint.unwrap().address), (Talk::Yes, None), "{placeholder}");
        assert!(port.given_in_code.contains(&"an address"), "{:?}", port.given_in_code);
    }
    let options = JudgeOptions { ignore: Vec::new(), address: Some("http://h/x".to_owned()) };
    let endpoint = service.judged_with(&options).endpoint.unwrap();
    assert_eq!(endpoint.address.as_deref(), Some("http://h/x"));
}

/// A client's certificate beside the service's, as WSIT and the first WCF write it: each has its derived keys.
fn by_certificates(timestamp: &str) -> String {
    let x509 = |include: &str, inside: &str| {
        format!(
            r#"<sp:X509Token sp:IncludeToken="http://schemas.xmlsoap.org/ws/2005/07/securitypolicy/IncludeToken/{include}"><wsp:Policy>
<sp:RequireDerivedKeys/>{inside}<sp:WssX509V3Token10/></wsp:Policy></sp:X509Token>"#
        )
    };
    let service = x509("Never", "<sp:RequireThumbprintReference/>");
    let client = x509("AlwaysToRecipient", "<sp:RequireThumbprintReference/>");
    format!(
        "{WSA}<sp:SymmetricBinding><wsp:Policy><sp:ProtectionToken><wsp:Policy>{service}</wsp:Policy></sp:ProtectionToken>
<sp:AlgorithmSuite><wsp:Policy><sp:Basic128/></wsp:Policy></sp:AlgorithmSuite><sp:Layout><wsp:Policy><sp:Strict/></wsp:Policy></sp:Layout>
{timestamp}<sp:OnlySignEntireHeadersAndBody/></wsp:Policy></sp:SymmetricBinding>
<sp:EndorsingSupportingTokens><wsp:Policy>{client}</wsp:Policy></sp:EndorsingSupportingTokens>
<sp:Wss11><wsp:Policy/></sp:Wss11><sp:Trust10><wsp:Policy/></sp:Trust10>
<sp:SignedParts><sp:Body/></sp:SignedParts><sp:EncryptedParts><sp:Body/></sp:EncryptedParts>"
    )
}

#[test]
fn a_certificate_that_endorses_has_no_derived_keys_whatever_is_said() {
    let port = Service::new(&by_certificates("<sp:IncludeTimestamp/>")).judged();
    assert_eq!(port.talk, Talk::Yes, "{:?}", port.obstacles);
    let security = port.effective.as_ref().unwrap().security.as_ref().unwrap().element.clone();
    assert!(!security.supporting.endorsing[0].require_derived_keys);
    assert!(port.binding_xml().is_none_or(|xml| xml.contains("MutualCertificate")));
}

#[test]
fn without_a_timestamp_replays_are_not_looked_for() {
    let port = Service::new(&by_certificates("")).judged();
    assert_eq!(port.talk, Talk::Yes, "{:?}", port.obstacles);
    let xml = port.binding_xml().unwrap();
    assert!(xml.contains(r#"<localClientSettings detectReplays="false" />"#), "{xml}");
}

#[test]
fn an_obstacle_names_no_line_of_a_file_that_nobody_has() {
    let policy = over_tls("").replace("<sp:IncludeTimestamp/>", "");
    let port = Service::new(&policy).judged();
    assert_eq!(port.talk, Talk::No, "HTTPS is demanded at an http address");
    assert!(!port.obstacles[0].text.starts_with("line "), "{:?}", port.obstacles);
}

/// Health authorities of Australia write a transport binding with the token alone.
#[test]
fn tls_has_algorithms_of_its_own() {
    let bare = |more: &str| {
        format!(
            r#"<sp12:TransportBinding><wsp:Policy><sp12:TransportToken><wsp:Policy><sp12:HttpsToken><wsp:Policy>
<sp12:RequireClientCertificate/></wsp:Policy></sp12:HttpsToken></wsp:Policy></sp12:TransportToken></wsp:Policy></sp12:TransportBinding>{more}"#
        )
    };
    let port = Service::https(&bare("")).judged();
    assert_eq!(port.talk, Talk::Yes, "{:?}", port.blocking().collect::<Vec<_>>());
    let xml = port.binding_xml().unwrap();
    assert!(
        xml.contains(r#"clientCredentialType="Certificate""#)
            || xml.contains("requireClientCertificate"),
        "{xml}"
    );
    let signs = r#"<sp12:EndorsingSupportingTokens><wsp:Policy><sp12:X509Token><wsp:Policy><sp12:WssX509V3Token10/></wsp:Policy></sp12:X509Token></wsp:Policy></sp12:EndorsingSupportingTokens>"#;
    let port = Service::https(&bare(signs)).judged();
    assert_eq!(port.talk, Talk::No, "a token that signs, and nothing says how");
}
