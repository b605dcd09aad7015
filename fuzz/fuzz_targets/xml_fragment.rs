//! A fragment is put into a document in the place of an element (decryption): what comes out is read
//! again and the same; a refused fragment changes nothing. A line with `---` divides the two texts.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waxwing_xml::{Document, Exclusive, Limits, canonicalize};

fn canonical(document: &Document) -> Vec<u8> {
    let mut octets = Vec::new();
    let parameters = Exclusive { with_comments: true, ..Exclusive::default() };
    canonicalize(document.root(), &parameters, &mut octets);
    octets
}

fuzz_target!(|data: &[u8]| {
    let Some(at) = data.windows(5).position(|w| w == b"\n---\n") else { return };
    let limits = Limits { allow_processing_instructions: true, ..Limits::SOAP };
    let Ok(mut document) = Document::parse(&data[..at], &limits) else { return };
    let target = document.root().descendants_and_self().last().expect("the root").id();
    let before = document.to_xml();
    let fragment = &data[at + 5..];
    let placed = match document.element(target).parent() {
        None => document.append_fragment(target, fragment, &limits),
        Some(_) => document.replace_with_fragment(target, fragment, &limits),
    };
    match placed {
        Err(_) => assert_eq!(document.to_xml(), before),
        Ok(()) => {
            let written = document.to_xml();
            let again =
                Document::parse(written.as_str(), &limits).expect("what is written is read");
            assert_eq!(canonical(&document), canonical(&again));
            assert_eq!(again.to_xml(), written);
            for element in document.root().descendants_and_self() {
                assert_eq!(document.source_of(element.name_span()), element.qualified_name());
                assert_eq!(element.resolve_prefix(element.prefix()), Some(element.namespace()));
            }
        }
    }
});
