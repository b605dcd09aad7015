//! A security context in a cookie as WCF issues it, and as its client brings it along.

mod common;

use common::{packed, unbase64};
use waxwing_security::trust::{RequestSecurityTokenResponse, read_responses};
use waxwing_security::wsse::names::COOKIE;
use waxwing_security::wsse::{Dialect, TokenKey};
use waxwing_soap::Envelope;
use waxwing_xml::{Document, Limits};

const DIALECT: Dialect = Dialect::February2005;

fn body(name: &str) -> String {
    let scenario = packed("wcf-cookie", "fed-oneshot-nego");
    let messages = scenario["messages"].as_array().unwrap();
    let found = messages.iter().find(|message| message["name"] == name).unwrap();
    found["body"].as_str().unwrap().to_owned()
}

fn issued() -> RequestSecurityTokenResponse {
    let envelope = Envelope::parse(body("003-response"), &Limits::SOAP).unwrap();
    let (_, responses) = read_responses(envelope.payload().unwrap(), DIALECT).unwrap();
    responses.into_iter().next().unwrap().1
}

/// Every message has the token exactly as it was issued.
#[test]
fn the_token_goes_back_octet_for_octet() {
    let token = issued().token.unwrap();
    let cookie = unbase64(token.cookie.as_deref().unwrap());
    assert!(cookie.len() > 200, "{}", cookie.len());
    let repeated = token.with_key(TokenKey::new(vec![1; 32])).element;
    for name in ["004-request", "005-request"] {
        assert!(body(name).contains(&*repeated), "{name} has not {repeated}");
    }
}

/// What we write of a token is what WCF writes of one.
#[test]
fn a_token_is_written_as_wcf_writes_it() {
    let token = issued().token.unwrap();
    let own = waxwing_security::trust::IssuedContextToken::new(
        DIALECT,
        token.id.clone(),
        token.identifier.clone(),
        None,
    );
    let own = own.with_cookie(&unbase64(token.cookie.as_deref().unwrap()));
    let key = || TokenKey::new(vec![1; 32]);
    assert_eq!(own.with_key(key()).element, token.with_key(key()).element);
    // In a response, too.
    let response = RequestSecurityTokenResponse {
        token: Some(own),
        ..RequestSecurityTokenResponse::new(DIALECT)
    };
    let mut document = Document::new(waxwing_xml::Name::local("body"));
    let root = document.root().id();
    let bare = waxwing_security::trust::ResponseBody::Bare;
    waxwing_security::trust::write_response(&mut document, root, &response, bare);
    let written = document.to_xml();
    let element = &*token.with_key(key()).element;
    assert!(written.contains(element), "{written}\n{element}");
    let read = document.root().first_element().unwrap();
    let read = RequestSecurityTokenResponse::read(read, DIALECT).unwrap().token.unwrap();
    assert_eq!(read.cookie, token.cookie);
    assert!(written.contains(&format!("<dnse:Cookie xmlns:dnse=\"{COOKIE}\">")));
}

/// How long it lasts: ten hours, where no session is.
#[test]
fn it_lasts_ten_hours() {
    let lifetime = issued().lifetime.unwrap();
    assert_eq!(lifetime.expires.duration_since(lifetime.created).as_hours(), 10);
}
