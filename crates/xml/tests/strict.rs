//! What the parser refuses, with kind and place; every limit at its boundary.

use std::fmt::Write;

use waxwing_xml::ParseErrorKind::{
    Character, Declaration, DuplicateAttribute, EncodingMismatch, EndTag, Entity, Expected,
    Forbidden, Name, StrayEndTag, UnboundPrefix, UnexpectedEnd,
};
use waxwing_xml::{Document, Exclusive, Limits, ParseErrorKind, Position, canonicalize};

/// Every case: the text is refused, for this reason, on this line and column.
fn refused(cases: &[(&str, ParseErrorKind, u32, u32)]) {
    for (text, kind, line, column) in cases {
        let error = Document::parse(*text, &Limits::SOAP).expect_err(text);
        let found = (&error.kind, error.position.line, error.position.column);
        assert_eq!(found, (kind, *line, *column), "{text:?}: {error}");
        // The offset says the same place.
        assert_eq!(Position::of(text, error.offset as usize), error.position, "{text:?}");
    }
}

const DTD: ParseErrorKind = Forbidden("a document type declaration");
const PI: ParseErrorKind = Forbidden("a processing instruction");
const ORDER: ParseErrorKind = Expected("version, encoding and standalone, in this order");

#[test]
fn declarations_entities_and_instructions() {
    refused(&[
        ("<!DOCTYPE a><a/>", DTD, 1, 1),
        ("<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", DTD, 2, 1),
        ("<a><!DOCTYPE a></a>", DTD, 1, 4),
        ("<a><!ELEMENT a ANY></a>", Forbidden("a markup declaration"), 1, 4),
        ("<a>&nbsp;</a>", Entity("nbsp".into()), 1, 4),
        ("<a b='&x;'/>", Entity("x".into()), 1, 7),
        ("<a>&#99999999999;</a>", Entity("#99999999999".into()), 1, 4),
        ("<a>&#X41;</a>", Entity("#X41".into()), 1, 4),
        ("<a>&#x;</a>", Entity("#x".into()), 1, 4),
        ("<a>&#-1;</a>", Entity("#-1".into()), 1, 4),
        ("<a>&#+1;</a>", Entity("#+1".into()), 1, 4),
        ("<a>&amp</a>", Expected("';' after a reference"), 1, 4),
        ("<a>AT&T</a>", Expected("';' after a reference"), 1, 6),
        ("<a>& </a>", Expected("';' after a reference"), 1, 4),
        ("<a><?php echo ?></a>", PI, 1, 4),
        ("<?style x?><a/>", PI, 1, 1),
        ("<a/><?after?>", PI, 1, 5),
    ]);
}

#[test]
fn the_xml_declaration() {
    refused(&[
        ("<?xml version='1.1'?><a/>", Forbidden("an XML version other than 1.0"), 1, 1),
        ("<?xml encoding='utf-8'?><a/>", ORDER, 1, 1),
        ("<?xml version='1.0' standalone='yes' encoding='utf-8'?><a/>", ORDER, 1, 1),
        (
            "<?xml version='1.0' encoding='utf-16'?><a/>",
            EncodingMismatch { found: "UTF-8", declared: "utf-16".into() },
            1,
            1,
        ),
        (
            "<?xml version='1.0' encoding='iso-8859-1'?><a/>",
            Forbidden("an encoding other than UTF-8 and UTF-16"),
            1,
            1,
        ),
        ("<?xml version='1.0' version='1.0'?><a/>", ORDER, 1, 1),
        ("<?xml version='1.0' standalone='maybe'?><a/>", ORDER, 1, 1),
        (
            "<?xml version='1.0'encoding='utf-8'?><a/>",
            Expected("white space in the XML declaration"),
            1,
            1,
        ),
        ("<?xml version=1.0?><a/>", ORDER, 1, 1),
        ("<?xml version='1.0'><a/>", UnexpectedEnd("a declaration"), 1, 1),
        ("<?xml ?><a/>", Expected("the version in the XML declaration"), 1, 1),
        ("<?xml?><a/>", PI, 1, 1),
        (" <?xml version='1.0'?><a/>", PI, 1, 2),
        ("<a><?xml version='1.0'?></a>", PI, 1, 4),
    ]);
}

#[test]
fn characters() {
    refused(&[
        ("<a>\u{1}</a>", Character(1), 1, 4),
        ("<a>\n\n x\0</a>", Character(0), 3, 3),
        ("<a b='\u{b}'/>", Character(0xB), 1, 7),
        ("<a>\u{fffe}</a>", Character(0xFFFE), 1, 4),
        ("<a b='é\u{ffff}'/>", Character(0xFFFF), 1, 8),
        ("<a><!-- \u{8} --></a>", Character(8), 1, 9),
        ("<a><![CDATA[\u{1f}]]></a>", Character(0x1F), 1, 13),
        ("<a>&#0;</a>", Character(0), 1, 4),
        ("<a>&#x1F;</a>", Character(0x1F), 1, 4),
        ("<a>&#xD800;</a>", Character(0xD800), 1, 4),
        ("<a>&#xFFFE;</a>", Character(0xFFFE), 1, 4),
        ("<a>&#x110000;</a>", Character(0x11_0000), 1, 4),
        ("<a>]]></a>", Forbidden("']]>' in character data"), 1, 4),
        ("<a b='<'/>", Forbidden("'<' in an attribute value"), 1, 7),
    ]);
}

#[test]
fn names() {
    let name = |name: &str| Name(name.into());
    refused(&[
        ("<1a/>", name("1a"), 1, 2),
        ("< a/>", Expected("a name"), 1, 2),
        ("<-a/>", name("-a"), 1, 2),
        ("<a:b:c xmlns:a='urn:a'/>", name("a:b:c"), 1, 2),
        ("<:a/>", name(":a"), 1, 2),
        ("<a:/>", name("a:"), 1, 2),
        ("<a><a:1 xmlns:a='urn:a'/></a>", name("a:1"), 1, 5),
        ("<é:1 xmlns:é='urn:a'/>", name("é:1"), 1, 2),
        ("<·a/>", name("·a"), 1, 2),
        ("<a×/>", name("a×"), 1, 2),
        ("<a \u{300}b=''/>", name("\u{300}b"), 1, 4),
        ("<a @b=''/>", Expected("a name"), 1, 4),
        ("<a xmlns:='urn:a'/>", name("xmlns:"), 1, 4),
        ("<xmlns:a/>", name("xmlns"), 1, 2),
    ]);
}

#[test]
fn attributes() {
    let twice = |name: &str| DuplicateAttribute(name.into());
    refused(&[
        ("<a b='1' b='2'/>", twice("b"), 1, 10),
        ("<a\n  b='1'\n  b='2'/>", twice("b"), 3, 3),
        ("<a xmlns:p='urn:a' xmlns:q='urn:a' p:b='1' q:b='2'/>", twice("q:b"), 1, 44),
        ("<a xmlns:p='urn:&#97;' p:b='1' xmlns:q='urn:a' q:b='2'/>", twice("q:b"), 1, 48),
        ("<a xmlns='urn:a' xmlns='urn:b'/>", twice("xmlns"), 1, 18),
        ("<a xmlns:p='urn:a' xmlns:p='urn:a'/>", twice("xmlns:p"), 1, 20),
        ("<a xml:lang='' xml:lang=''/>", twice("xml:lang"), 1, 16),
        ("<a b/>", Expected("'=' after an attribute name"), 1, 5),
        ("<a b=c/>", Expected("a quoted attribute value"), 1, 6),
        ("<a b='1'c='2'/>", Expected("white space between attributes"), 1, 9),
        ("<a b =/>", Expected("a quoted attribute value"), 1, 7),
        ("<a / >", Expected("'>' after '/'"), 1, 5),
    ]);
}

#[test]
fn namespaces() {
    let unbound = |prefix: &str| UnboundPrefix(prefix.into());
    let declaration = |prefix: &str| Declaration(prefix.into());
    refused(&[
        ("<p:a/>", unbound("p"), 1, 2),
        ("<a p:b=''/>", unbound("p"), 1, 4),
        ("<a><b xmlns:p='urn:p'/><p:c/></a>", unbound("p"), 1, 25),
        ("<XML:a/>", unbound("XML"), 1, 2),
        ("<a xmlns:p=''/>", declaration("p"), 1, 4),
        ("<a xmlns:p='urn:p'><b xmlns:p=''/></a>", declaration("p"), 1, 23),
        ("<a xmlns:xmlns='urn:a'/>", declaration("xmlns"), 1, 4),
        ("<a xmlns:xmlns='http://www.w3.org/2000/xmlns/'/>", declaration("xmlns"), 1, 4),
        ("<a xmlns:p='http://www.w3.org/2000/xmlns/'/>", declaration("p"), 1, 4),
        ("<a xmlns='http://www.w3.org/2000/xmlns/'/>", declaration(""), 1, 4),
        ("<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>", declaration("p"), 1, 4),
        ("<a xmlns='http://www.w3.org/XML/1998/namespac&#101;'/>", declaration(""), 1, 4),
        ("<a xmlns:xml='urn:a'/>", declaration("xml"), 1, 4),
        ("<a xmlns:xml=''/>", declaration("xml"), 1, 4),
    ]);
}

#[test]
fn tags_and_the_end() {
    let end_tag = |start: &str, line, column, end: &str| EndTag {
        start: start.into(),
        start_position: Position { line, column },
        end: end.into(),
    };
    let behind = || Expected("the end of the text after the root element");
    refused(&[
        ("", Expected("the root element"), 1, 1),
        ("  \n ", Expected("the root element"), 2, 2),
        ("text", Expected("the root element"), 1, 1),
        ("\u{feff}\u{feff}<a/>", Expected("the root element"), 1, 1),
        ("</a>", StrayEndTag("a".into()), 1, 1),
        ("<a/></a>", StrayEndTag("a".into()), 1, 5),
        ("<a></b>", end_tag("a", 1, 2, "b"), 1, 6),
        ("<a>\n <b>\n </a>", end_tag("b", 2, 3, "a"), 3, 4),
        ("<p:a xmlns:p='urn:a'></q:a>", end_tag("p:a", 1, 2, "q:a"), 1, 24),
        ("<a></a x>", Expected("'>'"), 1, 8),
        ("<a></ a>", Expected("a name"), 1, 6),
        ("<a><!-- -- --></a>", Forbidden("'--' in a comment"), 1, 9),
        ("<a><!-- --->", Forbidden("'--' in a comment"), 1, 9),
        ("<a><![cdata[x]]></a>", Forbidden("a markup declaration"), 1, 4),
        ("<a/><b/>", behind(), 1, 5),
        ("<a/>text", behind(), 1, 5),
        ("<a/>&#32;", behind(), 1, 5),
        ("<a/><![CDATA[]]>", behind(), 1, 5),
        ("<a/>\0", behind(), 1, 5),
    ]);
}

/// Positions in a fragment are those in it, wherever it is added: also that of the tag at fault.
#[test]
fn tags_of_a_fragment() {
    let mut document = Document::parse("<a>\n \n</a>", &Limits::SOAP).unwrap();
    let root = document.root().id();
    let refused = document.append_fragment(root, b"<b/>\n<c></d>", &Limits::SOAP).unwrap_err();
    let start_position = Position { line: 2, column: 2 };
    let kind = EndTag { start: "c".into(), start_position, end: "d".into() };
    assert_eq!((refused.kind, refused.position), (kind, Position { line: 2, column: 6 }));
}

/// A text that has every construct is refused wherever it is cut off.
#[test]
fn truncated_texts() {
    let text = "<?xml version='1.0'?> <!-- c --><p:a xmlns:p='urn:p' p:b = \"1&amp;2\"><p:b />t&#233;&lt;\
                <!-- d --><![CDATA[x]]></p:a>";
    Document::parse(text, &Limits::SOAP).expect("well-formed");
    for end in 0..text.len() {
        let error = Document::parse(&text[..end], &Limits::SOAP).expect_err(&text[..end]);
        assert!(error.offset as usize <= end, "{error}");
    }
    refused(&[
        ("<", UnexpectedEnd("a tag"), 1, 2),
        ("<a", UnexpectedEnd("a start tag"), 1, 3),
        ("<a ", UnexpectedEnd("a start tag"), 1, 4),
        ("<a b", UnexpectedEnd("a tag"), 1, 5),
        ("<a b=", UnexpectedEnd("a start tag"), 1, 6),
        ("<a b='1/>", UnexpectedEnd("an attribute value"), 1, 10),
        ("<a b=\"1'/>", UnexpectedEnd("an attribute value"), 1, 11),
        ("<a>", UnexpectedEnd("an element"), 1, 4),
        ("<a><b></b>", UnexpectedEnd("an element"), 1, 11),
        ("<a>\ntext", UnexpectedEnd("an element"), 2, 5),
        ("<a></", UnexpectedEnd("a tag"), 1, 6),
        ("<a></a", UnexpectedEnd("a tag"), 1, 7),
        ("<a></a ", UnexpectedEnd("a tag"), 1, 8),
        ("<a><!-- ", UnexpectedEnd("a comment"), 1, 4),
        ("<a><![CDATA[ ]]", UnexpectedEnd("a CDATA section"), 1, 4),
    ]);
}

#[test]
fn encodings() {
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let mut half = utf_16("\u{feff}<a>é</a>");
    half.pop();
    let mut lone = utf_16("\u{feff}<a>");
    lone.extend([0x00, 0xD8, b'<', 0]);
    let declared_utf_8 = utf_16("\u{feff}<?xml version='1.0' encoding='UTF-8'?><a/>");
    let mismatch = EncodingMismatch { found: "UTF-16", declared: "UTF-8".into() };
    let cases: [(&[u8], ParseErrorKind, u32); 8] = [
        (b"<a>\xFF</a>", ParseErrorKind::Encoding("UTF-8"), 4),
        (b"<a>\xC3\xA9\xC3</a>", ParseErrorKind::Encoding("UTF-8"), 5),
        (b"<a>\xED\xA0\x80</a>", ParseErrorKind::Encoding("UTF-8"), 4),
        (b"<a>\xC0\xBC</a>", ParseErrorKind::Encoding("UTF-8"), 4),
        (&half, ParseErrorKind::Encoding("UTF-16"), 8),
        (&lone, ParseErrorKind::Encoding("UTF-16"), 4),
        (&declared_utf_8, mismatch, 1),
        // UTF-32, which begins like UTF-16 and goes on with zeros.
        (b"\xFF\xFE\0\0<\0\0\0", Expected("the root element"), 1),
    ];
    for (bytes, kind, column) in cases {
        let error = Document::parse(bytes, &Limits::SOAP).expect_err("refused");
        assert_eq!((&error.kind, error.position.column), (&kind, column), "{bytes:?}");
    }
}

/// What looks wrong and is not.
#[test]
fn accepted() {
    for (text, written) in [
        ("\u{feff}<a/>", "<a/>"),
        ("<?xml version = \"1.0\"\tencoding='Utf-8' standalone='no' ?>\n<a/> \n", "<a/>"),
        ("<!-- - --><a></a ><!--x-->", "<a/>"),
        ("<a>]] > ]&gt;</a>", "<a>]] &gt; ]&gt;</a>"),
        ("<a xmlns=''/>", "<a xmlns=\"\"/>"),
        (
            "<a xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:x=''/>",
            "<a xml:x=\"\" xmlns:xml=\"http://www.w3.org/XML/1998/namespace\"/>",
        ),
        (
            "<p:a b='' p:b='' q:b='' xmlns:p='urn:p' xmlns:q='urn:q'/>",
            "<p:a b=\"\" p:b=\"\" q:b=\"\" xmlns:p=\"urn:p\" xmlns:q=\"urn:q\"/>",
        ),
        ("<a xmlnsx='1' xml='2'/>", "<a xmlnsx=\"1\" xml=\"2\"/>"),
        ("<xmlns/>", "<xmlns/>"),
        ("<a·-.9\u{10000}/>", "<a·-.9\u{10000}/>"),
        ("<a>&#x0000000010FFFF;&#9;\u{fffd}\u{7f}</a>", "<a>\u{10ffff}\t\u{fffd}\u{7f}</a>"),
        ("<a b='&lt;&#10;\n\r\n'/>", "<a b=\"&lt;&#xA;  \"/>"),
        ("<a><![CDATA[]]]]><![CDATA[>&amp;]]></a>", "<a>]]&gt;&amp;amp;</a>"),
        ("<a>\r\n\r&#13;\n</a>", "<a>\n\n&#xD;\n</a>"),
        ("<a><![CDATA[]]></a>", "<a/>"),
    ] {
        let document = Document::parse(text, &Limits::SOAP).expect(text);
        assert_eq!(document.to_xml(), written, "{text:?}");
    }
}

#[test]
fn instructions_where_they_are_allowed() {
    let limits = Limits { allow_processing_instructions: true, ..Limits::SOAP };
    let text = "<?a?><a><?b  c ?d? ?><?xml-x\ty?></a><?c?>";
    let document = Document::parse(text, &limits).expect("well-formed");
    assert_eq!(document.to_xml(), "<a><?b  c ?d? ?><?xml-x\ty?></a>");
    for (text, kind, column) in [
        ("<a><?xml version='1.0'?></a>", Name("xml".into()), 4),
        ("<a><?XmL ?></a>", Name("XmL".into()), 4),
        ("<a><?p:t?></a>", Name("p:t".into()), 4),
        ("<a><? t?></a>", Expected("a name"), 6),
        ("<a><?t+?></a>", Expected("white space after the target"), 7),
        ("<a><?t", UnexpectedEnd("a processing instruction"), 7),
        ("<a><?t \u{2}?></a>", Character(2), 8),
    ] {
        let error = Document::parse(text, &limits).expect_err(text);
        assert_eq!((&error.kind, error.position.column), (&kind, column), "{text}: {error}");
    }
}

/// `exact` is allowed by limits of `value`; one less is refused and names the limit.
fn boundary(limit: &'static str, value: usize, exact: &str, limits: impl Fn(usize) -> Limits) {
    Document::parse(exact, &limits(value)).unwrap_or_else(|e| panic!("{limit}: {e}"));
    let error = Document::parse(exact, &limits(value - 1)).expect_err(limit);
    assert_eq!(error.kind, ParseErrorKind::Limit { limit, value: value - 1 });
    let message = error.to_string();
    assert!(message.contains(limit) && message.contains(&(value - 1).to_string()), "{message}");
}

#[test]
fn every_limit_allows_what_it_says_and_not_one_more() {
    let soap = Limits::SOAP;
    boundary("max_bytes", 9, "<a>12</a>", |n| Limits { max_bytes: n, ..soap });
    boundary("max_depth", 4, "<a><b><c/><c><d/></c></b><b/></a>", |n| Limits {
        max_depth: n,
        ..soap
    });
    let three = "<a xmlns='urn:a' b='' c='' xmlns:p='urn:p' p:c=''><a b='' c=''/></a>";
    boundary("max_attributes", 3, three, |n| Limits { max_attributes: n, ..soap });
    let declared = "<a xmlns='urn:a'><b xmlns:p='urn:p' xmlns='urn:b'/><b xmlns:p='urn:q'/></a>";
    boundary("max_namespace_declarations", 3, declared, |n| Limits {
        max_namespace_declarations: n,
        ..soap
    });
    // "", "xml", p, q, r; "", XML, urn:p.
    let names = "<a xmlns:p='urn:p'><b xmlns:q='urn:p'/><b xmlns:r='urn:p'/></a>";
    boundary("max_distinct_names", 5, names, |n| Limits { max_distinct_names: n, ..soap });
    let namespaces = "<a xmlns:p='urn:p'><b xmlns:p='urn:q'/><b xmlns:p='urn:r'/></a>";
    boundary("max_distinct_names", 5, namespaces, |n| Limits { max_distinct_names: n, ..soap });
    // Bytes of prefix, colon and local name: `xmlns:pé` is the longest.
    let prefixed = "<pé:b xmlns:pé='urn:a'/>";
    boundary("max_name_length", 9, prefixed, |n| Limits { max_name_length: n, ..soap });
    boundary("max_name_length", 4, "<abcd/>", |n| Limits { max_name_length: n, ..soap });
    boundary("max_name_length", 4, "<a abcd=''/>", |n| Limits { max_name_length: n, ..soap });
    let declared = ["<a xmlns='urn:a'/>", "<a xmlns:b='urn:b'/>"];
    for (text, least) in declared.into_iter().zip([5, 7]) {
        boundary("max_name_length", least, text, |n| Limits { max_name_length: n, ..soap });
    }
    for text in [
        "<a>12345</a>",
        "<a b='12345'/>",
        "<a><![CDATA[12345]]></a>",
        "<a><!--12345--></a>",
        "<a xmlns='12345'/>",
    ] {
        boundary("max_string_content_length", 5, text, |n| Limits {
            max_string_content_length: n,
            ..soap
        });
    }
    // Three elements, two texts, a comment.
    let nodes = "<a>1<b/><!----><c>2</c></a>";
    boundary("max_nodes", 6, nodes, |n| Limits { max_nodes: n, ..soap });
}

/// Fragments count with what is there: bytes, depth, nodes, declarations.
#[test]
fn limits_hold_across_fragments() {
    let parsed = "<a xmlns:p='urn:p'><b/></a>";
    let append = |fragment: &str, limits: &Limits| {
        let mut document = Document::parse(parsed, &Limits::SOAP).expect("well-formed");
        let b = document.root().first_element().expect("b").id();
        let before = document.to_xml();
        let result = document.append_fragment(b, fragment.as_bytes(), limits);
        if result.is_err() {
            assert_eq!(document.to_xml(), before, "a refused fragment changes nothing");
        }
        result.map(|()| document.to_xml()).map_err(|e| e.kind)
    };
    let soap = Limits::SOAP;
    let exceeded = |limit, value| Err(ParseErrorKind::Limit { limit, value });
    let ok = |inside: &str| Ok(format!("<a xmlns:p=\"urn:p\"><b>{inside}</b></a>"));
    let bytes = |max_bytes| Limits { max_bytes, ..soap };
    assert_eq!(append("1234", &bytes(parsed.len() + 4)), ok("1234"));
    assert_eq!(append("1234", &bytes(parsed.len() + 3)), exceeded("max_bytes", parsed.len() + 3));
    let depth = |max_depth| Limits { max_depth, ..soap };
    assert_eq!(append("<c><d/></c>", &depth(4)), ok("<c><d/></c>"));
    assert_eq!(append("<c><d/></c>", &depth(3)), exceeded("max_depth", 3));
    // Two elements are there, one more holds the fragment while it is read.
    let nodes = |max_nodes| Limits { max_nodes, ..soap };
    assert_eq!(append("<c/>1", &nodes(5)), ok("<c/>1"));
    assert_eq!(append("<c/>1", &nodes(4)), exceeded("max_nodes", 4));
    let declarations = |max| Limits { max_namespace_declarations: max, ..soap };
    let written = "<c xmlns:q=\"urn:q\"/>";
    assert_eq!(append("<c xmlns:q='urn:q'/>", &declarations(2)), ok(written));
    let refused = exceeded("max_namespace_declarations", 1);
    assert_eq!(append("<c xmlns:q='urn:q'/>", &declarations(1)), refused);
}

/// What a refused fragment took is given back: refused ones do not use up the limit.
#[test]
fn refused_fragments_do_not_count() {
    let mut document = Document::parse("<a/>", &Limits::SOAP).expect("well-formed");
    let root = document.root().id();
    // The root, the holder while the fragment is read, two elements.
    let limits = Limits { max_nodes: 4, ..Limits::SOAP };
    for _ in 0..10 {
        document
            .append_fragment(root, b"<b c='&lt;'/><b xmlns='urn:b'>", &limits)
            .expect_err("open");
    }
    document.append_fragment(root, b"<b/><c/>", &limits).expect("there is room for two");
    assert_eq!(document.to_xml(), "<a><b/><c/></a>");
}

#[test]
fn the_limits_for_soap_are_those_that_are_documented() {
    let deep = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
    Document::parse(deep(128), &Limits::SOAP).expect("128 deep");
    let error = Document::parse(deep(129), &Limits::default()).expect_err("129 deep");
    assert_eq!(error.kind, ParseErrorKind::Limit { limit: "max_depth", value: 128 });
    assert_eq!(error.position, Position { line: 1, column: 128 * 3 + 2 });
}

/// Depth costs no stack.
#[test]
fn a_million_open_elements_are_no_danger() {
    let text = "<a>".repeat(300_000);
    let limits = Limits { max_depth: usize::MAX, ..Limits::SOAP };
    let error = Document::parse(text.as_str(), &limits).expect_err("truncated");
    assert_eq!(error.kind, UnexpectedEnd("an element"));
    let text = text + &"</a>".repeat(300_000);
    let document = Document::parse(text.as_str(), &limits).expect("well-formed");
    assert_eq!(document.to_xml().len(), text.len() - "<a></a>".len() + "<a/>".len());
    let mut octets = Vec::new();
    canonicalize(document.root(), &Exclusive::default(), &mut octets);
    assert_eq!(octets, text.into_bytes());
    let mut copy = Document::new(waxwing_xml::Name::local("copy"));
    let root = copy.root().id();
    copy.import(root, document.root());
    assert_eq!(copy.root().descendants_and_self().count(), 300_001);
}

/// Twenty thousand attributes are found twice by a hash set, whose comparisons a unit test of the
/// parser counts; here: they are read, a repeated one is found, and they are sorted.
#[test]
fn twenty_thousand_attributes() {
    let limits = Limits { max_attributes: 20_000, ..Limits::SOAP };
    let mut text = String::from("<a");
    for i in 0..20_000 {
        // Scrambled, so that sorting has something to do.
        write!(text, " a{:05}='{i}'", i * 7_919 % 20_000).expect("a string takes it");
    }
    let document = Document::parse(text.clone() + "/>", &limits).expect("well-formed");
    assert_eq!(document.root().attributes().count(), 20_000);
    assert_eq!(document.root().attribute("a07919"), Some("1"));
    let mut octets = Vec::new();
    canonicalize(document.root(), &Exclusive::default(), &mut octets);
    let canonical = String::from_utf8(octets).expect("UTF-8");
    let names: Vec<_> = canonical.split(' ').skip(1).map(|a| &a[..6]).collect();
    assert!(names.is_sorted() && names.len() == 20_000);

    let limits = Limits { max_attributes: 20_001, ..limits };
    let error = Document::parse(text.clone() + " a19999=''/>", &limits).expect_err("twice");
    assert_eq!(error.kind, DuplicateAttribute("a19999".into()));
    assert_eq!(error.offset as usize, text.len() + 1);
    let error = Document::parse(text + " more=''/>", &Limits::SOAP).expect_err("too many");
    assert_eq!(error.kind, ParseErrorKind::Limit { limit: "max_attributes", value: 1024 });
}

/// The list of inclusive prefixes is the peer's choice too: naming one many times changes nothing.
#[test]
fn a_long_list_of_inclusive_prefixes() {
    let mut text = String::from("<a xmlns:p='urn:p' xmlns:q='urn:q'>");
    text.push_str(&"<b/>".repeat(5_000));
    text.push_str("</a>");
    let document = Document::parse(text, &Limits::SOAP).expect("well-formed");
    let octets = |prefixes: &[&str]| {
        let mut octets = Vec::new();
        let parameters = Exclusive { inclusive_prefixes: prefixes, ..Default::default() };
        canonicalize(document.root(), &parameters, &mut octets);
        octets
    };
    let long: Vec<_> = ["p", "nowhere", "#default"].into_iter().cycle().take(300_000).collect();
    let canonical = octets(&long);
    assert_eq!(canonical, octets(&["p"]));
    assert!(canonical.starts_with(b"<a xmlns:p=\"urn:p\"><b></b>"));
}

/// Limits that say "everything" end where the tree cannot number more: an error, not a panic.
#[test]
fn limits_end_where_the_tree_does() {
    let all = Limits {
        max_bytes: usize::MAX,
        max_depth: usize::MAX,
        max_attributes: usize::MAX,
        max_namespace_declarations: usize::MAX,
        max_distinct_names: usize::MAX,
        max_name_length: usize::MAX,
        max_string_content_length: usize::MAX,
        max_nodes: usize::MAX,
        allow_processing_instructions: true,
    };
    let limit = |text: String| match Document::parse(text, &all) {
        Ok(document) => panic!("{} bytes are read", document.source().len()),
        Err(error) => match error.kind {
            ParseErrorKind::Limit { limit, value } => (limit, value),
            other => panic!("{other}"),
        },
    };
    let most = u16::MAX as usize;
    assert_eq!(limit(format!("<{}/>", "a".repeat(most + 1))), ("max_name_length", most));
    assert_eq!(limit(format!("<a p{}:b=''/>", "q".repeat(most))), ("max_name_length", most));
    let name = format!("<{}/>", "a".repeat(most));
    assert_eq!(Document::parse(name.as_str(), &all).expect("it fits").to_xml(), name);

    let many = |declare: fn(usize) -> String| {
        let mut text = String::from("<a>");
        (0..70_000).for_each(|i| write!(text, "<b {}/>", declare(i)).expect("a string takes it"));
        text + "</a>"
    };
    let (limited, most) = limit(many(|i| format!("xmlns:p{i}='urn:p'")));
    assert!(limited == "max_distinct_names" && most > 65_000, "{most}");
    assert_eq!(limit(many(|i| format!("xmlns='urn:{i}'"))), ("max_distinct_names", most));
    let attributes: String = (0..70_000).map(|i| format!(" a{i}=''")).collect();
    let document = Document::parse(format!("<a{attributes}/>"), &all).expect("no limit");
    assert_eq!(document.root().attributes().count(), 70_000);
}
