//! Bodies of trust messages, in both dialects: no panic; what was read is written, read again and the
//! same. The first byte chooses the dialect.

#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use waxwing_security::trust::{
    ContextReference, RequestSecurityToken, RequestSecurityTokenResponse, ResponseBody,
    read_responses, write_collection, write_response,
};
use waxwing_security::wsse::Dialect;
use waxwing_xml::{Document, Element, Limits, Name};

fn empty() -> Document {
    Document::new(Name::new("", "root", ""))
}

/// What is written must be read from the tree and from its text.
fn again(document: &Document, read: impl Fn(Element<'_>) -> String, expected: &str) {
    let child = document.root().first_element().expect("one element was written");
    assert_eq!(read(child), expected, "in the tree");
    let text = document.to_xml();
    let parsed =
        Document::parse(text.into_bytes(), &Limits::SOAP).expect("what is written is read");
    let child = parsed.root().first_element().expect("the same element");
    assert_eq!(read(child), expected, "as text");
}

/// A request's Debug form without what has an identity of its own: secrets show their length only.
fn request_text(element: Element<'_>, dialect: Dialect) -> String {
    format!("{:?}", RequestSecurityToken::read(element, dialect).expect("it was read before"))
}

fn responses_text(element: Element<'_>, dialect: Dialect) -> String {
    let (form, responses) = read_responses(element, dialect).expect("it was read before");
    let responses = responses.into_iter().map(|(_, mut response)| {
        // The element is kept as it was written; the rest of a token must survive.
        if let Some(token) = &mut response.token {
            token.element = "".into();
        }
        format!("{response:?}")
    });
    format!("{form:?} {:?}", responses.collect::<Vec<_>>())
}

fuzz_target!(|data: &[u8]| {
    let [choice, text @ ..] = data else { return };
    let dialect = match choice % 2 {
        0 => Dialect::February2005,
        _ => Dialect::Version13,
    };
    let Ok(document) = Document::parse(text, &Limits::SOAP) else { return };
    for element in document.root().descendants_and_self() {
        if let Some(reference) = ContextReference::read(element, dialect) {
            let mut written = empty();
            let root = written.root().id();
            reference.write(&mut written, root, dialect);
            let child = written.root().first_element().expect("the reference");
            assert_eq!(ContextReference::read(child, dialect), Some(reference));
        }
        if let Ok(request) = RequestSecurityToken::read(element, dialect) {
            let mut written = empty();
            let root = written.root().id();
            request.write(&mut written, root);
            again(&written, |e| request_text(e, dialect), &format!("{request:?}"));
        }
        let Ok((form, responses)) = read_responses(element, dialect) else { continue };
        let responses: Vec<_> = responses.into_iter().map(|(_, response)| response).collect();
        let whole = |response: &RequestSecurityTokenResponse| {
            // The answer to a cancellation is written without what else a response may say, times with
            // milliseconds and years of four digits.
            let times = response.lifetime.map(|lifetime| [lifetime.created, lifetime.expires]);
            let plain = |time: &Timestamp| {
                time.subsec_nanosecond() % 1_000_000 == 0
                    && (0..253_402_300_800).contains(&time.as_second())
            };
            !response.token_cancelled && times.iter().flatten().all(plain)
        };
        if responses.is_empty() || !responses.iter().all(whole) {
            continue;
        }
        let mut written = empty();
        let root = written.root().id();
        match form {
            ResponseBody::Bare => write_response(&mut written, root, &responses[0], form),
            ResponseBody::Collection => drop(write_collection(&mut written, root, &responses)),
        }
        again(&written, |e| responses_text(e, dialect), &responses_text(element, dialect));
    }
});
