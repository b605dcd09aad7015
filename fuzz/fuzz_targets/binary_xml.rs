//! Any octets are read or refused; what is read is written, read again and the same, in binary and in text. The first byte
//! chooses the limits and whether the octets are a message of a session; then some messages follow each other.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waxwing_soap::encoder::binary::vocabulary;
use waxwing_xml::binary::{self, ReceivedStrings, SentStrings};
use waxwing_xml::{Document, Element, Exclusive, Limits, canonicalize};

fn limits(choice: u8) -> Limits {
    match choice & 2 {
        0 => Limits::SOAP,
        _ => Limits {
            max_depth: 3,
            max_attributes: 2,
            max_namespace_declarations: 2,
            max_distinct_names: 4,
            max_name_length: 8,
            max_string_content_length: 16,
            max_nodes: 8,
            ..Limits::SOAP
        },
    }
}

fn canonical(element: Element<'_>) -> Vec<u8> {
    let mut octets = Vec::new();
    let parameters = Exclusive { with_comments: true, ..Exclusive::default() };
    canonicalize(element, &parameters, &mut octets);
    octets
}

/// What is true of every document that was read.
fn check(document: &Document) {
    let expected = canonical(document.root());
    let mut octets = Vec::new();
    binary::write(document, vocabulary(), None, &mut octets);
    let again = binary::read(&octets, vocabulary(), None, &Limits::SOAP);
    let again = again.expect("what is written is read");
    assert_eq!(canonical(again.root()), expected);
    let mut twice = Vec::new();
    binary::write(&again, vocabulary(), None, &mut twice);
    let mut thrice = Vec::new();
    let again = binary::read(&twice, vocabulary(), None, &Limits::SOAP).expect("it is read");
    binary::write(&again, vocabulary(), None, &mut thrice);
    assert_eq!(twice, thrice);
    // By names of a session, some of which have no room.
    let mut sent = SentStrings::new(64);
    let mut records = Vec::new();
    binary::write(document, vocabulary(), Some(&mut sent), &mut records);
    let block = sent.take_block();
    let mut message = Vec::new();
    binary::push_size(&mut message, block.len() as u32);
    message.extend_from_slice(&block);
    message.extend_from_slice(&records);
    let mut received = ReceivedStrings::new(64);
    let records = received.take(&message).expect("the block is read");
    let again = binary::read(records, vocabulary(), Some(&received), &Limits::SOAP);
    assert_eq!(canonical(again.expect("it is read").root()), expected);
    let text = Document::parse(document.to_xml(), &Limits::SOAP).expect("it is text, too");
    assert_eq!(canonical(text.root()), expected);
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, octets)) = data.split_first() else { return };
    let limits = limits(*choice);
    if choice & 1 == 0 {
        match binary::read(octets, vocabulary(), None, &limits) {
            Ok(document) => check(&document),
            Err(error) => assert!(error.offset <= octets.len() && !error.to_string().is_empty()),
        }
        return;
    }
    // Messages of a session, each with its length before it.
    let mut strings = ReceivedStrings::new(2048);
    let mut rest = octets;
    while let Some(([high, low], behind)) = rest.split_first_chunk::<2>() {
        let len = usize::from(u16::from_be_bytes([*high, *low])).min(behind.len());
        let (message, behind) = behind.split_at(len);
        rest = behind;
        let Ok(records) = strings.take(message) else {
            assert!(strings.take(message).is_err(), "a broken session stays broken");
            return;
        };
        if let Ok(document) = binary::read(records, vocabulary(), Some(&strings), &limits) {
            check(&document);
        }
    }
});
