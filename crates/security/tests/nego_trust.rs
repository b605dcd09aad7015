//! Bodies of trust messages: what is read with which latitude, what is refused, and that whatever is
//! written is read again.

use jiff::Timestamp;
use proptest::prelude::*;
use waxwing_security::trust::{
    BinaryExchange, BinarySecret, ContextReference, IssuedContextToken, Lifetime, ProofToken,
    RequestSecurityToken, RequestSecurityTokenResponse, RequestType, ResponseBody, SecretKind,
    read_responses, write_collection, write_response,
};
use waxwing_security::wsse::Dialect;
use waxwing_xml::{Document, Limits, Name};
use zeroize::Zeroizing;

const SPACES: &str = r#"xmlns:t="http://schemas.xmlsoap.org/ws/2005/02/trust"
    xmlns:c="http://schemas.xmlsoap.org/ws/2005/02/sc"
    xmlns:o="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
    xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd""#;
const ENCODING: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#";
const ISSUE: &str =
    "<t:RequestType>http://schemas.xmlsoap.org/ws/2005/02/trust/Issue</t:RequestType>";

fn request(content: &str) -> Result<RequestSecurityToken, String> {
    let text = format!("<t:RequestSecurityToken {SPACES}>{content}</t:RequestSecurityToken>");
    let document = Document::parse(text.into_bytes(), &Limits::SOAP).unwrap();
    RequestSecurityToken::read(document.root(), Dialect::February2005).map_err(|e| e.to_string())
}

fn response(content: &str) -> Result<RequestSecurityTokenResponse, String> {
    let name = "RequestSecurityTokenResponse";
    let text = format!("<t:{name} {SPACES}>{content}</t:{name}>");
    let document = Document::parse(text.into_bytes(), &Limits::SOAP).unwrap();
    RequestSecurityTokenResponse::read(document.root(), Dialect::February2005)
        .map_err(|e| e.to_string())
}

#[test]
fn children_may_stand_in_any_order_and_unknown_ones_are_skipped() {
    let found = request(&format!(
        "<!-- x --><t:KeySize> 256 </t:KeySize><x:Other xmlns:x=\"urn:x\"><t:KeySize>1</t:KeySize>\
         </x:Other>\n{ISSUE}<t:Entropy><t:BinarySecret>AAEC\n AwQFBgcICQoLDA0ODw==</t:BinarySecret></t:Entropy>\
         <t:Claims/>"
    ))
    .unwrap();
    assert_eq!((found.request_type, found.key_size), (RequestType::Issue, Some(256)));
    let entropy = found.entropy.unwrap();
    assert_eq!(
        (entropy.octets.as_slice(), entropy.kind),
        (&(0..16).collect::<Vec<u8>>()[..], SecretKind::SymmetricKey)
    );
    assert!(found.context.is_none() && found.binary_exchange.is_none());
}

#[test]
fn exchanges_come_as_base64_or_hexadecimal() {
    let exchange = |encoding: &str, text: &str| {
        request(&format!(
            "{ISSUE}<t:BinaryExchange ValueType=\" v\" EncodingType=\"{encoding}\">{text}\
             </t:BinaryExchange>"
        ))
    };
    let expected = BinaryExchange { value_type: " v".into(), octets: vec![0xAB, 0xCD, 0x01] };
    for (encoding, text) in
        [("Base64Binary", "q80B"), ("Base64Binary", " q8\n0B "), ("HexBinary", "abCD01")]
    {
        let found = exchange(&format!("{ENCODING}{encoding}"), text).unwrap();
        assert_eq!(found.binary_exchange, Some(expected.clone()), "{encoding}");
    }
    for (encoding, text, words) in [
        ("HexBinary", "abc", "hexadecimal"),
        ("HexBinary", "zz", "hexadecimal"),
        ("Base64Binary", "q80", "base64"),
        ("Base64Binary", "q8\u{e9}B", "base64"),
        ("Octets", "q80B", "EncodingType"),
    ] {
        let error = exchange(&format!("{ENCODING}{encoding}"), text).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
    let long = "A".repeat(400_000);
    assert!(exchange(&format!("{ENCODING}Base64Binary"), &long).is_err());
}

#[test]
fn what_is_malformed_is_refused_in_words() {
    let cases = [
        ("", "the RequestType is missing"),
        ("<t:RequestType>Issue</t:RequestType>", "this RequestType"),
        (
            "<t:RequestType>http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue</t:RequestType>",
            "this RequestType",
        ),
        ("<t:KeySize>-1</t:KeySize>", "a number of bits"),
        ("<t:KeySize>99999999999</t:KeySize>", "a number of bits"),
        ("<t:KeySize>1</t:KeySize><t:KeySize>1</t:KeySize>", "more than 1 KeySize"),
        ("<t:Entropy/>", "entropy other than a BinarySecret"),
        ("<t:Entropy><t:BinarySecret/></t:Entropy>", "the value of a BinarySecret is missing"),
        ("<t:Entropy><t:BinarySecret>AA==</t:BinarySecret></t:Entropy>", "16 octets or more"),
        (
            "<t:Entropy><t:BinarySecret Type=\"urn:x\">AA==</t:BinarySecret></t:Entropy>",
            "this Type",
        ),
        ("<t:CancelTarget/>", "a SecurityTokenReference to a security context"),
        (
            "<t:CancelTarget><o:SecurityTokenReference><o:Reference URI=\"#here\"/>\
             </o:SecurityTokenReference></t:CancelTarget>",
            "a SecurityTokenReference to a security context",
        ),
        ("<t:BinaryExchange EncodingType=\"x\"/>", "ValueType"),
    ];
    for (content, words) in cases {
        let error = request(content).unwrap_err();
        assert!(error.contains(words), "{error} / {words}");
    }
    let cases = [
        ("<t:RequestedSecurityToken/>", "the token in RequestedSecurityToken is missing"),
        ("<t:RequestedSecurityToken><t:Other/></t:RequestedSecurityToken>", "SecurityContextToken"),
        (
            "<t:RequestedSecurityToken><c:SecurityContextToken u:Id=\"i\"/></t:RequestedSecurityToken>",
            "the Identifier of a SecurityContextToken is missing",
        ),
        (
            "<t:RequestedSecurityToken><c:SecurityContextToken><c:Identifier>urn:x</c:Identifier>\
             </c:SecurityContextToken></t:RequestedSecurityToken>",
            "the Id of a SecurityContextToken is missing",
        ),
        ("<t:RequestedProofToken/>", "the proof token is missing"),
        ("<t:RequestedProofToken><t:Other/></t:RequestedProofToken>", "unexpected element"),
        ("<t:Lifetime><u:Created>2026-01-01T00:00:00Z</u:Created></t:Lifetime>", "Lifetime"),
        (
            "<t:Lifetime><u:Created>soon</u:Created><u:Expires>later</u:Expires></t:Lifetime>",
            "Lifetime",
        ),
        ("<t:Authenticator/>", "the CombinedHash of the Authenticator is missing"),
    ];
    for (content, words) in cases {
        let error = response(content).unwrap_err();
        assert!(error.contains(words), "{error} / {words}");
    }
}

#[test]
fn a_collection_of_thousands_is_not_read_to_its_end() {
    let one = "<t:RequestSecurityTokenResponse/>".repeat(5_000);
    let name = "RequestSecurityTokenResponseCollection";
    let text = format!("<t:{name} {SPACES}>{one}</t:{name}>");
    let document = Document::parse(text.into_bytes(), &Limits::SOAP).unwrap();
    let (form, found) = read_responses(document.root(), Dialect::February2005).unwrap();
    assert_eq!(form, ResponseBody::Collection);
    assert!(found.len() <= 8, "{}", found.len());
}

#[test]
fn a_cookie_in_a_token_is_kept_as_it_is() {
    let token = "<c:SecurityContextToken u:Id=\"i\"><c:Identifier>urn:x</c:Identifier>\
                 <d:Cookie xmlns:d=\"http://schemas.microsoft.com/ws/2006/05/security\">AQID</d:Cookie>\
                 </c:SecurityContextToken>";
    let found =
        response(&format!("<t:RequestedSecurityToken>{token}</t:RequestedSecurityToken>")).unwrap();
    let token = found.token.unwrap();
    assert_eq!((&*token.identifier, &*token.id), ("urn:x", "i"));
    assert!(token.element.contains(">AQID</d:Cookie>"), "{}", token.element);
    // It stands alone.
    Document::parse(token.element.as_bytes().to_vec(), &Limits::SOAP).unwrap();
}

fn text() -> impl Strategy<Value = Box<str>> {
    "[a-zA-Z0-9:/<>&\"' \u{e4}\u{4e2d}-]{0,20}[a-z]".prop_map(|s| s.trim().into())
}

fn reference() -> impl Strategy<Value = ContextReference> {
    (text(), proptest::option::of(text())).prop_filter_map("a URI", |(identifier, instance)| {
        (!identifier.starts_with('#')).then_some(ContextReference { identifier, instance })
    })
}

fn secret() -> impl Strategy<Value = BinarySecret> {
    (proptest::option::of(text()), any::<bool>(), proptest::collection::vec(any::<u8>(), 16..100))
        .prop_map(|(id, nonce, octets)| BinarySecret {
            id,
            kind: if nonce { SecretKind::Nonce } else { SecretKind::SymmetricKey },
            octets: Zeroizing::new(octets),
        })
}

fn exchange() -> impl Strategy<Value = BinaryExchange> {
    (text(), proptest::collection::vec(any::<u8>(), 0..200))
        .prop_map(|(value_type, octets)| BinaryExchange { value_type, octets })
}

fn proof() -> impl Strategy<Value = ProofToken> {
    prop_oneof![
        text().prop_map(ProofToken::ComputedKey),
        secret().prop_map(ProofToken::BinarySecret),
        (text(), proptest::collection::vec(any::<u8>(), 0..80)).prop_map(
            |(algorithm, cipher_value)| ProofToken::EncryptedKey { algorithm, cipher_value }
        ),
    ]
}

fn dialect() -> impl Strategy<Value = Dialect> {
    prop_oneof![Just(Dialect::February2005), Just(Dialect::Version13)]
}

fn lifetime() -> impl Strategy<Value = Lifetime> {
    (0_i64..250_000_000_000_000, 0_i64..250_000_000_000_000).prop_map(|(created, expires)| {
        let time = |milliseconds| Timestamp::from_millisecond(milliseconds).unwrap();
        Lifetime { created: time(created), expires: time(expires) }
    })
}

prop_compose! {
    fn any_request()(
        dialect in dialect(),
        request_type in prop_oneof![
            Just(RequestType::Issue), Just(RequestType::Renew), Just(RequestType::Cancel)
        ],
        context in proptest::option::of(text()),
        token_type in proptest::option::of(text()),
        entropy in proptest::option::of(secret()),
        key_size in proptest::option::of(any::<u32>()),
        binary_exchange in proptest::option::of(exchange()),
        renew_target in proptest::option::of(reference()),
        cancel_target in proptest::option::of(reference()),
    ) -> RequestSecurityToken {
        RequestSecurityToken {
            dialect, context, token_type, request_type, entropy, key_size, binary_exchange,
            renew_target, cancel_target,
        }
    }
}

prop_compose! {
    fn any_response()(
        dialect in dialect(),
        context in proptest::option::of(text()),
        token in proptest::option::of((text(), reference())),
        proof in proptest::option::of(proof()),
        entropy in proptest::option::of(secret()),
        lifetime in proptest::option::of(lifetime()),
        key_size in proptest::option::of(any::<u32>()),
        binary_exchange in proptest::option::of(exchange()),
        authenticator in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..60)),
    ) -> RequestSecurityTokenResponse {
        let token = token.map(|(id, reference)| {
            IssuedContextToken::new(dialect, id, reference.identifier, reference.instance)
        });
        let unattached = token.as_ref().map(|token| ContextReference {
            identifier: token.identifier.clone(), instance: token.instance.clone(),
        });
        // A reference to something in the same message is none of these.
        let unattached = unattached.filter(|reference| !reference.identifier.starts_with('#'));
        RequestSecurityTokenResponse {
            context, token, unattached, proof, entropy, lifetime, key_size, binary_exchange,
            authenticator,
            ..RequestSecurityTokenResponse::new(dialect)
        }
    }
}

/// Debug text with what secrets do not show.
fn shown(response: &RequestSecurityTokenResponse) -> String {
    let octets = |secret: &BinarySecret| secret.octets.to_vec();
    let entropy = response.entropy.as_ref().map(octets);
    let proof = match &response.proof {
        Some(ProofToken::BinarySecret(secret)) => Some(octets(secret)),
        _ => None,
    };
    let mut plain = response.clone();
    if let Some(token) = &mut plain.token {
        token.element = "".into();
    }
    format!("{plain:?} {entropy:?} {proof:?}")
}

proptest! {
    #[test]
    fn a_request_is_read_as_it_was_written(request in any_request()) {
        let mut document = Document::new(Name::new("", "root", ""));
        let root = document.root().id();
        request.write(&mut document, root);
        let text = document.to_xml();
        let parsed = Document::parse(text.into_bytes(), &Limits::SOAP).unwrap();
        let element = parsed.root().first_element().unwrap();
        let found = RequestSecurityToken::read(element, request.dialect).unwrap();
        prop_assert_eq!(format!("{found:?}"), format!("{request:?}"));
        prop_assert_eq!(found.entropy.map(|e| e.octets), request.entropy.map(|e| e.octets));
        let other = Dialect::ALL.into_iter().find(|d| *d != request.dialect).unwrap();
        prop_assert!(RequestSecurityToken::read(element, other).is_err());
    }

    #[test]
    fn responses_are_read_as_they_were_written(
        one in any_response(),
        two in any_response(),
        bare in any::<bool>(),
    ) {
        let mut document = Document::new(Name::new("", "root", ""));
        let root = document.root().id();
        let (token, unattached) = (None, None);
        let two =
            RequestSecurityTokenResponse { dialect: one.dialect, token, unattached, ..two };
        let written = if bare { vec![one] } else { vec![one, two] };
        if bare {
            write_response(&mut document, root, &written[0], ResponseBody::Bare);
        } else {
            let nodes = write_collection(&mut document, root, &written);
            prop_assert_eq!(nodes.len(), 2);
        }
        let text = document.to_xml();
        let parsed = Document::parse(text.into_bytes(), &Limits::SOAP).unwrap();
        let element = parsed.root().first_element().unwrap();
        let (form, found) = read_responses(element, written[0].dialect).unwrap();
        prop_assert_eq!(form == ResponseBody::Bare, bare);
        prop_assert_eq!(found.len(), written.len());
        for ((_, found), written) in found.iter().zip(&written) {
            prop_assert_eq!(shown(found), shown(written));
        }
    }
}
