//! Binary XML: what is written is read as the same, on random documents; every record is read; what no writer writes is
//! refused without a large allocation.

#[path = "../common/generate.rs"]
mod generate;
mod values;

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use generate::{Tree, Without, trees};
use proptest::collection::vec;
use proptest::prelude::*;
use waxwing_xml::binary::{
    self, AttributeRule, BinaryError, BinaryErrorKind, Naming, ReceivedStrings, Scope, ScopeRule,
    SentStrings, TextRule, Vocabulary, push_size,
};
use waxwing_xml::{Document, Element, Exclusive, Limits, Name, Node, Value, canonicalize};

const STRINGS: [&str; 8] = ["a", "b", "urn:a", "no name", "urn:b", "octets", "id", "0"];

fn vocabulary() -> &'static Vocabulary {
    static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(new_vocabulary);
    &VOCABULARY
}

fn new_vocabulary() -> Vocabulary {
    let rules = [
        ("a", TextRule::Shared),
        ("octets", TextRule::Octets),
        ("id", TextRule::UniqueId),
        ("b", TextRule::QName),
    ];
    // What changes by what is around it and by what is in it.
    let scopes: [(&str, ScopeRule); 3] = [
        ("a", |element, around| Scope {
            name: around,
            attributes: Naming::Known,
            declarations: Naming::Plain,
            content: if element.is_empty() { around } else { Naming::Shared },
        }),
        ("b", |_, _| Scope::all(Naming::Plain)),
        ("octets", |element, around| match (element.attribute("id"), around) {
            (None, Naming::Plain) => Scope::all(Naming::Known),
            _ => Scope::all(around),
        }),
    ];
    let attributes: [(&str, AttributeRule); 2] = [
        ("a", |_, value| (!value.is_empty()).then_some(TextRule::Named)),
        ("b", |element, _| element.parent().map(|_| TextRule::Known)),
    ];
    Vocabulary::new(&STRINGS, &["urn:a", "urn:b"], &rules)
        .with_attributes(&attributes)
        .with_scopes(&scopes)
}

fn parse(text: &str) -> Document {
    Document::parse(text, &Limits::SOAP).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// A random document without processing instructions, for which there is no record.
fn document(tree: &Tree) -> Document {
    let limits = Limits { allow_processing_instructions: true, ..Limits::SOAP };
    let mut document = Document::parse(tree.text(Without::Nothing), &limits).expect("well-formed");
    let instructions: Vec<_> = document
        .root()
        .descendants_and_self()
        .flat_map(|e| e.children().zip(e.child_ids()).collect::<Vec<_>>())
        .filter(|(node, _)| matches!(node, Node::ProcessingInstruction(_)))
        .map(|(_, id)| id)
        .collect();
    instructions.into_iter().for_each(|id| document.detach(id));
    document
}

fn canonical(element: Element<'_>) -> String {
    let mut octets = Vec::new();
    let parameters = Exclusive { with_comments: true, ..Exclusive::default() };
    canonicalize(element, &parameters, &mut octets);
    String::from_utf8(octets).expect("UTF-8")
}

/// Canonical form, and the declarations that it leaves out.
fn whole(document: &Document) -> (String, Vec<(String, String)>) {
    let declared = document.root().descendants_and_self().flat_map(|e| {
        e.namespace_declarations().map(|(p, n)| (p.to_owned(), n.to_owned())).collect::<Vec<_>>()
    });
    (canonical(document.root()), declared.collect())
}

fn write(document: &Document) -> Vec<u8> {
    let mut octets = Vec::new();
    binary::write(document, vocabulary(), None, &mut octets);
    octets
}

fn read(octets: &[u8]) -> Result<Document, BinaryError> {
    binary::read(octets, vocabulary(), None, &Limits::SOAP)
}

fn kind(octets: &[u8]) -> BinaryErrorKind {
    read(octets).expect_err("it is refused").kind
}

/// A document of the records inside `<a>`.
fn inside(records: &[u8]) -> Vec<u8> {
    [&[0x40, 1, b'a'][..], records].concat()
}

fn text(records: &[u8]) -> String {
    read(&inside(records)).unwrap_or_else(|e| panic!("{e}")).root().text().into_owned()
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same(tree in trees()) {
        let document = document(&tree);
        let octets = write(&document);
        let again = read(&octets).unwrap_or_else(|e| panic!("{e}\n{octets:02X?}"));
        prop_assert_eq!(whole(&again), whole(&document));
        // And what was read is written as it was, when text that follows text has become one.
        let octets = write(&again);
        prop_assert_eq!(write(&read(&octets).expect("it is read")), octets);
        // Names that are written out are the same, whether the reader knows them or not.
        let none = Vocabulary::new(&[], &[], &[]);
        let mut octets = Vec::new();
        binary::write(&document, &none, None, &mut octets);
        for vocabulary in [&none, vocabulary()] {
            let again = binary::read(&octets, vocabulary, None, &Limits::SOAP);
            prop_assert_eq!(whole(&again.expect("it is read")), whole(&document));
        }
    }

    #[test]
    fn in_a_session_names_are_made_known_once(trees in vec((trees(), any::<prop::sample::Index>()), 1..4)) {
        let mut sent = SentStrings::new(2048);
        // Whether a string that comes is looked for in the vocabulary is of no meaning.
        let received = ReceivedStrings::new(2048);
        let mut received = [received.clone().with_vocabulary(vocabulary()), received];
        for (tree, ahead) in trees {
            let document = document(&tree);
            let mut records = Vec::new();
            // Whichever is written before the others, it says the same.
            let elements: Vec<_> = document.root().descendants_and_self().collect();
            let ahead = Some(elements[ahead.index(elements.len())]);
            binary::write_ahead(&document, vocabulary(), Some(&mut sent), ahead, &mut records);
            let block = sent.take_block();
            let mut octets = Vec::new();
            push_size(&mut octets, block.len() as u32);
            octets.extend_from_slice(&block);
            octets.extend_from_slice(&records);
            for received in &mut received {
                let records = received.take(&octets).expect("the block").to_vec();
                let again = binary::read(&records, vocabulary(), Some(received), &Limits::SOAP);
                prop_assert_eq!(whole(&again.expect("it is read")), whole(&document));
            }
        }
    }

    #[test]
    fn anything_is_read_or_refused(octets in vec(any::<u8>(), 0..200)) {
        if let Ok(document) = read(&octets) {
            let again = read(&write(&document)).expect("what is written is read");
            prop_assert_eq!(whole(&again), whole(&document));
            prop_assert_eq!(canonical(parse(&document.to_xml()).root()), canonical(document.root()));
        }
    }

    /// A single octet is changed, left out or doubled.
    #[test]
    fn what_is_nearly_a_message_is_read_or_refused(tree in trees(), at in any::<prop::sample::Index>(), with in any::<u8>(), how in 0..3) {
        let mut octets = write(&document(&tree));
        let at = at.index(octets.len());
        match how {
            0 => octets[at] = with,
            1 => { octets.remove(at); }
            _ => octets.insert(at, with),
        }
        if let Ok(document) = read(&octets) {
            let again = read(&write(&document)).expect("what is written is read");
            prop_assert_eq!(whole(&again), whole(&document));
        }
    }
}

/// The records of octets: how many each has, by the rule of their element.
fn pieces(rule: TextRule, octets: &[u8]) -> Vec<u8> {
    let vocabulary = Vocabulary::new(&["a", "urn:a"], &["urn:a"], &[("a", rule)]);
    let encoded = STANDARD.encode(octets);
    let as_text = parse(&format!("<a xmlns='urn:a'>{encoded}</a>"));
    let mut as_value = Document::new(Name::new("", "a", "urn:a"));
    let root = as_value.root().id();
    as_value.append_value(root, Value::Octets(octets));
    let written = [as_text, as_value].map(|document| {
        let mut records = Vec::new();
        binary::write(&document, &vocabulary, None, &mut records);
        let read = binary::read(&records, &vocabulary, None, &Limits::SOAP).expect("it is read");
        assert_eq!(read.root().text(), encoded);
        records
    });
    assert_eq!(written[0], written[1], "text and value");
    let (mut left, mut found) = (&written[0][4..], Vec::new());
    while let [0x9E | 0x9F, size, rest @ ..] = left {
        found.push(*size);
        left = &rest[usize::from(*size)..];
    }
    assert!(left.is_empty(), "{left:02X?}");
    found
}

/// An end tag that text has for its own sake is nothing in binary; an empty text is a record.
#[test]
fn an_end_tag_is_no_empty_text() {
    let written = |choose: fn(&mut Document)| {
        let mut document = Document::new(Name::local("a"));
        choose(&mut document);
        (document.to_xml(), write(&document))
    };
    let short = written(|_| {});
    let end_tag = written(|document| document.set_end_tag(document.root().id(), true));
    let empty_text = written(|document| document.set_start_end_pair(document.root().id(), true));
    assert_eq!(short, ("<a/>".to_owned(), inside(&[0x01])));
    assert_eq!(end_tag, ("<a></a>".to_owned(), inside(&[0x01])));
    assert_eq!(empty_text, ("<a></a>".to_owned(), inside(&[0xA9])));
    let mut copy = Document::new(Name::local("r"));
    let mut document = Document::new(Name::local("a"));
    document.set_end_tag(document.root().id(), true);
    copy.import(copy.root().id(), document.root());
    assert_eq!(copy.to_xml(), "<r><a></a></r>");
}

#[test]
fn octets_are_in_the_records_of_their_writes() {
    let octets: Vec<u8> = (0..47).collect();
    let of = |rule, len| pieces(rule, &octets[..len]);
    for (rule, expected) in [
        (TextRule::Octets, [vec![1], vec![2], vec![3], vec![15, 1], vec![30], vec![45, 2]]),
        // What is left of the first write is at the beginning of the second.
        (
            TextRule::OctetsBehind(|_| 16),
            [vec![1], vec![2], vec![3], vec![15, 1], vec![15, 15], vec![15, 30, 2]],
        ),
        (
            TextRule::OctetsBehind(|element| element.local_name().len()),
            [vec![1], vec![2], vec![3], vec![15, 1], vec![30], vec![45, 2]],
        ),
        (
            TextRule::OctetsBy(12),
            [vec![1], vec![2], vec![3], vec![12, 3, 1], vec![12, 12, 6], vec![12, 12, 12, 9, 2]],
        ),
    ] {
        assert_eq!([1, 2, 3, 16, 30, 47].map(|len| of(rule, len)), expected, "{rule:?}");
    }
}

#[test]
fn every_text_record_is_read_with_and_without_the_end() {
    let guid = [
        0x0E, 0x6F, 0x1D, 0x6A, 0xA5, 0x93, 0x5B, 0x4D, 0x8F, 0x2E, 0x2B, 0x9D, 0x3A, 0x4C, 0x5E,
        0x6F,
    ];
    let with = |code: u8, octets: &[u8]| [&[code][..], octets].concat();
    for (record, expected) in [
        (vec![0x80], "0"),
        (vec![0x82], "1"),
        (vec![0x84], "false"),
        (vec![0x86], "true"),
        (vec![0x88, 0xDE], "-34"),
        (vec![0x8A, 0x00, 0x80], "-32768"),
        (vec![0x8C, 0x15, 0xCD, 0x5B, 0x07], "123456789"),
        (with(0x8E, &i64::MAX.to_le_bytes()), "9223372036854775807"),
        (with(0x90, &1.5f32.to_le_bytes()), "1.5"),
        (with(0x92, &15.99f64.to_le_bytes()), "15.99"),
        (with(0x94, &[0, 0, 6, 0, 0, 0, 0, 0, 0x80, 0x2D, 0x4E, 0, 0, 0, 0, 0]), "5.123456"),
        (
            with(0x96, &(0x4000_0000_0000_0000u64 | 633_979_008_000_000_000).to_le_bytes()),
            "2010-01-01T00:00:00Z",
        ),
        (with(0x96, &0x8000_0000_0000_0000u64.to_le_bytes()), "0001-01-01T00:00:00+00:00"),
        (b"\x98\x02\xC3\xA9".to_vec(), "é"),
        (b"\x9A\x01\x00x".to_vec(), "x"),
        (b"\x9C\x01\x00\x00\x00x".to_vec(), "x"),
        (b"\x9E\x02ab".to_vec(), "YWI="),
        (b"\xA0\x03\x00abc".to_vec(), "YWJj"),
        (b"\xA2\x01\x00\x00\x00a".to_vec(), "YQ=="),
        (vec![0xA8], ""),
        (vec![0xAA, 0x04], "urn:a"),
        (with(0xAC, &guid), "urn:uuid:6a1d6f0e-93a5-4d5b-8f2e-2b9d3a4c5e6f"),
        (with(0xAE, &(-15_000_000i64).to_le_bytes()), "-PT1.5S"),
        (with(0xB0, &guid), "6a1d6f0e-93a5-4d5b-8f2e-2b9d3a4c5e6f"),
        (with(0xB2, &u64::MAX.to_le_bytes()), "18446744073709551615"),
        (vec![0xB4, 0x01], "true"),
        (b"\xB6\x04\xE9\x00\x3D\x21".to_vec(), "éℽ"),
        (b"\xB8\x02\x00x\x00".to_vec(), "x"),
        (b"\xBA\x02\x00\x00\x00x\x00".to_vec(), "x"),
        (vec![0xBC, 0x02, 0x02], "c:b"),
    ] {
        let mut closed = record.clone();
        closed[0] |= 1;
        assert_eq!(text(&closed), expected, "{record:02X?}");
        let open = [&record[..], &[0x01]].concat();
        assert_eq!(text(&open), expected, "{record:02X?}");
        // As the value of an attribute, alone and in a list.
        let attribute = |value: &[u8]| {
            let octets = [&[0x40, 1, b'a', 0x04, 1, b'x'][..], value, &[0x01]].concat();
            read(&octets).unwrap_or_else(|e| panic!("{e}")).root().attribute("x").map(str::to_owned)
        };
        assert_eq!(attribute(&record).as_deref(), Some(expected));
        let list = [&[0xA4][..], &record, &record, &[0xA6]].concat();
        if !expected.is_empty() {
            assert_eq!(attribute(&list), Some(format!("{expected} {expected}")));
        }
    }
}

#[test]
fn octets_in_pieces_are_one_text() {
    assert_eq!(text(b"\x9E\x03abc\x9F\x01d"), "YWJjZA==");
    assert_eq!(text(b"\x9E\x03abc\xA0\x03\x00def\x9E\x02gh\x01"), "YWJjZGVmZ2g=");
    assert_eq!(text(b"\x9E\x03abc\x9E\x00\x01"), "YWJj");
    let document = read(&inside(b"\x9E\x03abc\x9F\x01d")).expect("it is read");
    assert_eq!(document.root().children().count(), 1);
    // Text behind text is one node, too, as WCF writes qualified names.
    let document = read(&inside(b"\x98\x01s\x98\x01:\x99\x06Sender")).expect("it is read");
    assert_eq!(document.root().children().count(), 1);
    assert_eq!(document.root().text(), "s:Sender");
}

#[test]
fn elements_and_attributes_have_every_kind_of_name() {
    let octets = [
        &[0x40, 1, b'r'][..],
        // x="" by name, b by the dictionary; declarations of the default and of prefixes, both ways.
        &[
            0x04, 1, b'x', 0xA8, 0x06, 0x02, 0xA8, 0x05, 1, b'p', 1, b'y', 0xA8, 0x07, 1, b'p',
            0x02, 0xA8,
        ],
        &[0x08, 5, b'u', b'r', b'n', b':', b'd', 0x09, 1, b'p', 5, b'u', b'r', b'n', b':', b'p'],
        &[0x0B, 1, b'q', 0x04, 0x1C, 0x02, 0xA8, 0x36, 1, b'z', 0xA8],
        &[0x40, 1, b'e', 0x0A, 0x08, 0x01, 0x41, 1, b'p', 1, b'f', 0x01, 0x42, 0x02, 0x01],
        &[
            0x43, 1, b'p', 0x02, 0x01, 0x54, 0x02, 0x01, 0x6E, 1, b'g', 0x01, 0x02, 3, b'c', b'm',
            b't', 0x01,
        ],
    ]
    .concat();
    let document = read(&octets).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(
        document.to_xml(),
        "<r x=\"\" b=\"\" p:y=\"\" p:b=\"\" q:b=\"\" q:z=\"\" xmlns=\"urn:d\" xmlns:p=\"urn:p\" xmlns:q=\"urn:a\"><e xmlns=\"urn:b\"/><p:f/><b/><p:b/><q:b/><q:g/><!--cmt--></r>"
    );
}

#[test]
fn arrays_are_elements() {
    let array = |type_and_values: &[u8]| {
        let head = [0x03, 0x40, 1, b'i', 0x01];
        inside(&[&head[..], type_and_values, &[0x01]].concat())
    };
    for (octets, expected) in [
        (&[0xB5, 2, 1, 0][..], "<i>true</i><i>false</i>"),
        (&[0x8B, 2, 1, 0, 0xFF, 0xFF], "<i>1</i><i>-1</i>"),
        (&[0x8D, 1, 1, 0, 0, 0], "<i>1</i>"),
        (&[0x97, 1, 0, 0, 0, 0, 0, 0, 0, 0], "<i>0001-01-01T00:00:00</i>"),
    ] {
        let document = read(&array(octets)).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(document.to_xml(), format!("<a>{expected}</a>"));
        assert_eq!(write(&document), array(octets));
    }
    // Attributes are those of every item; each item may be changed by itself.
    let octets = inside(&[0x03, 0x40, 1, b'i', 0x04, 1, b'x', 0x82, 0x01, 0xB5, 2, 1, 1, 0x01]);
    let mut document = read(&octets).unwrap_or_else(|e| panic!("{e}"));
    let first = document.root().first_element().expect("an item").id();
    document.set_attribute(first, Name::local("x"), "2");
    assert_eq!(document.to_xml(), "<a><i x=\"2\">true</i><i x=\"1\">true</i></a>");

    assert_eq!(kind(&array(&[0xB5, 0])), BinaryErrorKind::Value("number of items"));
    assert_eq!(kind(&array(&[0xB5, 1, 2])), BinaryErrorKind::Value("truth value"));
    for wrong in [0xB4, 0x81, 0x99, 0xB3, 0xAD, 0x9F] {
        let place = "as the type of an array";
        assert_eq!(
            kind(&array(&[wrong, 1, 0, 0, 0, 0])),
            BinaryErrorKind::Record { code: wrong, place }
        );
    }
}

#[test]
fn sizes_that_are_only_announced_cost_nothing() {
    let huge = [0xFF, 0xFF, 0xFF, 0xFF, 0x07];
    let max = [0xFF, 0xFF, 0xFF, 0x7F];
    let limit =
        |kind| matches!(kind, BinaryErrorKind::Limit { .. } | BinaryErrorKind::UnexpectedEnd(_));
    for octets in [
        [&[0x40][..], &huge].concat(),
        [&[0x02][..], &huge].concat(),
        inside(&[&[0x9C][..], &max].concat()),
        inside(&[&[0xA2][..], &max].concat()),
        inside(&[&[0xBA][..], &max].concat()),
        inside(&[&[0x03, 0x40, 1, b'i', 0x01, 0xB5][..], &huge].concat()),
        inside(&[&[0x08][..], &huge].concat()),
    ] {
        assert!(limit(kind(&octets)), "{octets:02X?}");
    }
    assert_eq!(kind(&inside(&[0x9C, 0, 0, 0, 0x80])), BinaryErrorKind::Size);
    assert_eq!(kind(&inside(&[0x42, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])), BinaryErrorKind::Size);
}

#[test]
fn attributes_of_arrays_do_not_multiply() {
    let mut element = vec![0x40, 1, b'i'];
    for number in 0..100u8 {
        element.extend_from_slice(&[0x04, 2, b'x' + number / 50, b'0' + number % 10, 0x80]);
        let at = element.len() - 2;
        element[at] = b'a' + number % 25;
        let at = element.len() - 3;
        element[at] = b'a' + number / 25;
    }
    let items = vec![1; 10_000];
    let octets =
        inside(&[&[0x03][..], &element, &[0x01, 0xB5, 0x90, 0x4E], &items, &[0x01]].concat());
    let error = kind(&octets);
    assert!(matches!(error, BinaryErrorKind::Limit { limit: "max_attributes", .. }), "{error}");
}

#[allow(clippy::too_many_lines)] // a table
#[test]
fn what_no_writer_writes_is_refused() {
    type Kind = BinaryErrorKind;
    for (octets, expected) in [
        (&[][..], Kind::UnexpectedEnd("the document")),
        (&[0x01], Kind::Record { code: 0x01, place: "where the root element begins" }),
        (&[0x99, 1, b'x'], Kind::Record { code: 0x99, place: "where the root element begins" }),
        (&[0x40, 1, b'a'], Kind::UnexpectedEnd("an element")),
        (&[0x40, 1, b'a', 0x01, 0x01], Kind::Behind),
        (&[0x40, 1, b'a', 0x01, 0x40, 1, b'a', 0x01], Kind::Behind),
        (&[0x40, 1, b'1', 0x01], Kind::Name("1".into())),
        (&[0x40, 3, b'a', b':', b'b', 0x01], Kind::Name("a:b".into())),
        (&[0x40, 0, 0x01], Kind::Name("".into())),
        (&[0x41, 0, 1, b'a', 0x01], Kind::Name("".into())),
        (&[0x42, 0x04, 0x01], Kind::Name("urn:a".into())),
        (&[0x42, 0x10, 0x01], Kind::UnknownString(0x10)),
        (&[0x42, 0x01, 0x01], Kind::UnknownString(0x01)),
        (&[0x5E, 1, b'x', 0x01], Kind::UnboundPrefix("a".into())),
        (&[0x40, 1, b'a', 0x26, 1, b'x', 0x80, 0x01], Kind::UnboundPrefix("a".into())),
        (
            &[0x40, 1, b'a', 0x05, 5, b'x', b'm', b'l', b'n', b's', 1, b'p', 0x80, 0x01],
            Kind::Name("xmlns".into()),
        ),
        (
            &[0x40, 1, b'a', 0x04, 5, b'x', b'm', b'l', b'n', b's', 0x80, 0x01],
            Kind::Name("xmlns".into()),
        ),
        (&[0x40, 1, b'a', 0x09, 1, b'p', 0, 0x01], Kind::Declaration("p".into())),
        (
            &[0x40, 1, b'a', 0x09, 5, b'x', b'm', b'l', b'n', b's', 1, b'u', 0x01],
            Kind::Declaration("xmlns".into()),
        ),
        (
            &[0x40, 1, b'a', 0x08, 1, b'u', 0x08, 1, b'u', 0x01],
            Kind::DuplicateAttribute("xmlns".into()),
        ),
        (
            &[0x40, 1, b'a', 0x04, 1, b'x', 0x80, 0x04, 1, b'x', 0x80, 0x01],
            Kind::DuplicateAttribute("x".into()),
        ),
        (
            &[0x40, 1, b'a', 0x04, 1, b'x', 0x81, 0x01],
            Kind::Record { code: 0x81, place: "as the value of an attribute" },
        ),
        (
            &[0x40, 1, b'a', 0x04, 1, b'x', 0xA6, 0x01],
            Kind::Record { code: 0xA6, place: "as a value" },
        ),
        (
            &[0x40, 1, b'a', 0x04, 1, b'x', 0xA4, 0xA4, 0xA6, 0xA6, 0x01],
            Kind::Record { code: 0xA4, place: "inside a list of values" },
        ),
        (
            &[0x40, 1, b'a', 0xA4, 0xA6, 0x01],
            Kind::Record { code: 0xA4, place: "in the content of an element" },
        ),
        (
            &[0x40, 1, b'a', 0x04, 1, b'x', 0x80, 0x78, 0x01],
            Kind::Record { code: 0x78, place: "in the content of an element" },
        ),
        (
            &[0x40, 1, b'a', 0x98, 0, 0x04, 1, b'x', 0x80, 0x01],
            Kind::Record { code: 0x04, place: "in the content of an element" },
        ),
        (
            &[0x40, 1, b'a', 0xBE, 0x01],
            Kind::Record { code: 0xBE, place: "in the content of an element" },
        ),
        (&[0x40, 1, b'a', 0x99, 1, 0xFF], Kind::Encoding("UTF-8")),
        (&[0x40, 1, b'a', 0x99, 1, 0], Kind::Character(0)),
        (&[0x40, 1, b'a', 0xB7, 1, b'x'], Kind::Encoding("UTF-16")),
        (&[0x40, 1, b'a', 0xB7, 2, 0, 0xD8], Kind::Encoding("UTF-16")),
        (&[0x40, 1, b'a', 0xB7, 2, 0xFF, 0xFF], Kind::Character(0xFFFF)),
        (&[0x40, 1, b'a', 0xB5, 2], Kind::Value("truth value")),
        (&[0x40, 1, b'a', 0xBD, 26, 0], Kind::Value("prefix")),
        (&[0x40, 1, b'a', 0xBD, 0, 4], Kind::Name("urn:a".into())),
        (&[0x40, 1, b'a', 0x02, 2, b'-', b'-', 0x01], Kind::Value("comment")),
        (
            &[0x40, 1, b'a', 0x97, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x3F],
            Kind::Value("date and time"),
        ),
        (
            &[0x40, 1, b'a', 0x95, 0, 0, 29, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            Kind::Value("decimal number"),
        ),
        (
            &[0x40, 1, b'a', 0x95, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            Kind::Value("decimal number"),
        ),
    ] {
        assert_eq!(kind(octets), expected, "{octets:02X?}");
    }
    let error = read(&[0x40, 1, b'a', 0x40, 1, b'b', 0x99, 1, 0]).expect_err("it is refused");
    assert_eq!(
        error.to_string(),
        "the character U+0000 is not allowed in XML. Octet 8, inside the element 'b'."
    );
}

#[test]
fn limits_hold() {
    let deep = [[0x40, 1, b'a'].repeat(129), vec![0x01; 129]].concat();
    let small = Limits {
        max_depth: 3,
        max_attributes: 1,
        max_namespace_declarations: 1,
        max_distinct_names: 4,
        max_name_length: 8,
        max_string_content_length: 16,
        max_nodes: 8,
        max_bytes: 100,
        ..Limits::SOAP
    };
    let refused = |octets: &[u8], limits: &Limits, expected: &str| match binary::read(
        octets,
        vocabulary(),
        None,
        limits,
    )
    .expect_err("a limit")
    .kind
    {
        BinaryErrorKind::Limit { limit, .. } => assert_eq!(limit, expected),
        other => panic!("{other} and not {expected}"),
    };
    refused(&deep, &Limits::SOAP, "max_depth");
    refused(&[0; 101], &small, "max_bytes");
    refused(&inside(&[0x04, 1, b'x', 0x80, 0x04, 1, b'y', 0x80, 0x01]), &small, "max_attributes");
    refused(
        &inside(&[0x0B, 1, b'x', 0x04, 0x0B, 1, b'y', 0x04, 0x01]),
        &small,
        "max_namespace_declarations",
    );
    refused(
        &inside(&[0x09, 1, b'x', 1, b'u', 0x40, 1, b'a', 0x01, 0x01]),
        &Limits { max_distinct_names: 2, ..small },
        "max_distinct_names",
    );
    refused(&[&[0x40, 9][..], b"123456789"].concat(), &small, "max_name_length");
    refused(&inside(&[&[0x99, 17][..], &[b'x'; 17]].concat()), &small, "max_string_content_length");
    refused(&inside(&[&[0x9F, 13][..], &[0; 13]].concat()), &small, "max_string_content_length");
    refused(&inside(&[&[0xB7, 18][..], &[b'x'; 18]].concat()), &small, "max_string_content_length");
    refused(&inside(&[[0x40, 1, b'a', 0x01].repeat(8), vec![0x01]].concat()), &small, "max_nodes");
    refused(&inside(&[0x03, 0x40, 1, b'i', 0x01, 0xB5, 4, 1, 1, 1, 1, 0x01]), &small, "max_nodes");
}
