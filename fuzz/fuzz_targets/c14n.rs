//! The canonical form of any element with any inclusive prefixes is a document whose canonical form
//! it is. The first byte chooses the element, the second the prefixes and whether comments stay.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waxwing_xml::{Document, Element, Exclusive, Limits, Sink, canonicalize};

/// Takes octets in the pieces that canonicalization gives, and counts them.
struct Pieces(Vec<u8>, usize);

impl Sink for Pieces {
    fn write(&mut self, octets: &[u8]) {
        self.0.extend_from_slice(octets);
        self.1 += 1;
    }
}

fn canonical(element: Element<'_>, parameters: &Exclusive<'_>) -> Vec<u8> {
    let mut pieces = Pieces(Vec::new(), 0);
    canonicalize(element, parameters, &mut pieces);
    assert!(pieces.1 <= pieces.0.len() / 1024 + 2, "few large pieces");
    pieces.0
}

fuzz_target!(|data: &[u8]| {
    let [place, choice, text @ ..] = data else { return };
    let limits = Limits { allow_processing_instructions: true, ..Limits::SOAP };
    let Ok(document) = Document::parse(text, &limits) else { return };
    let elements: Vec<_> = document.root().descendants_and_self().collect();
    let apex = elements[*place as usize % elements.len()];
    let mut declared: Vec<_> =
        elements.iter().flat_map(|e| e.namespace_declarations()).map(|d| d.0).collect();
    declared.truncate(6);
    let prefixes: Vec<_> = declared
        .into_iter()
        .map(|prefix| if prefix.is_empty() { "#default" } else { prefix })
        .enumerate()
        .filter(|(i, _)| choice >> (i + 2) & 1 == 1)
        .map(|(_, prefix)| prefix)
        .collect();
    let omitted = apex.elements().nth(1).map(|e| e.id());
    let parameters = Exclusive {
        with_comments: choice & 1 == 1,
        inclusive_prefixes: &prefixes,
        omit: if choice & 2 == 2 { omitted.as_slice() } else { &[] },
    };
    let octets = canonical(apex, &parameters);
    let again = Document::parse(octets.as_slice(), &limits).expect("canonical text is well-formed");
    let parameters = Exclusive { omit: &[], ..parameters };
    let twice = canonical(again.root(), &parameters);
    assert_eq!(String::from_utf8_lossy(&twice), String::from_utf8_lossy(&octets));
});
