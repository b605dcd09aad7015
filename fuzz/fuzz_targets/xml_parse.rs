//! Any bytes are read or refused; what is read is written, read again and the same; every span lies
//! in the source. The first byte chooses the limits.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waxwing_xml::{Document, Element, Exclusive, Limits, Position, canonicalize};

fn limits(choice: u8) -> Limits {
    let soap = Limits { allow_processing_instructions: choice & 1 == 1, ..Limits::SOAP };
    match choice & 2 {
        0 => soap,
        _ => Limits {
            max_depth: 3,
            max_attributes: 2,
            max_namespace_declarations: 2,
            max_distinct_names: 4,
            max_name_length: 8,
            max_string_content_length: 16,
            max_nodes: 8,
            ..soap
        },
    }
}

fn canonical(element: Element<'_>) -> Vec<u8> {
    let mut octets = Vec::new();
    let parameters = Exclusive { with_comments: true, ..Exclusive::default() };
    canonicalize(element, &parameters, &mut octets);
    octets
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, bytes)) = data.split_first() else { return };
    let document = match Document::parse(bytes, &limits(*choice)) {
        Ok(document) => document,
        Err(error) => {
            let _ = error.to_string();
            if let Ok(text) = std::str::from_utf8(bytes) {
                let text = text.strip_prefix('\u{feff}').unwrap_or(text);
                assert!(error.offset as usize <= text.len().max(limits(*choice).max_bytes));
                let utf_16 = text.starts_with("\0<") || text.starts_with("<\0");
                assert!(utf_16 || Position::of(text, error.offset as usize) == error.position);
            }
            return;
        }
    };
    for element in document.root().descendants_and_self() {
        let source = document.source_of(element.span());
        assert!(source.starts_with('<') && source.ends_with('>'));
        assert_eq!(document.source_of(element.name_span()), element.qualified_name());
        for attribute in element.attributes() {
            let value = attribute.value_span();
            let quote = document.source().as_bytes()[value.end as usize];
            assert!(matches!(quote, b'"' | b'\''));
            assert_eq!(
                element.attribute_ns(attribute.name().namespace, attribute.name().local),
                Some(attribute.value())
            );
        }
        assert_eq!(element.resolve_prefix(element.prefix()), Some(element.namespace()));
    }
    let generous = Limits { allow_processing_instructions: true, ..Limits::SOAP };
    let written = document.to_xml();
    let again = Document::parse(written.as_str(), &generous).expect("what is written is read");
    assert_eq!(canonical(document.root()), canonical(again.root()));
    assert_eq!(again.to_xml(), written);
    // A copy is the same too.
    let mut copy = Document::new(waxwing_xml::Name::local("copy"));
    let root = copy.root().id();
    let imported = copy.import(root, document.root());
    assert_eq!(canonical(copy.element(imported)), canonical(document.root()));
});
