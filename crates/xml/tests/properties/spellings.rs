//! Canonical forms of what is spelled in many ways.

use waxwing_xml::{Document, Exclusive, Name, NodeId, canonicalize};

use super::{canonical, parse};

/// An element that was read is written as one that was built, however its tags and its text are spelled.
#[test]
fn leaves_of_every_spelling_are_canonicalized() {
    for (spelled, text) in [
        ("<p:b>x</p:b>", "x"),
        (
            "<p:b>a longer text than a short copy takes, with \u{e9} in it</p:b>",
            "a longer text than a short copy takes, with \u{e9} in it",
        ),
        ("<p:b >x</p:b>", "x"),
        ("<p:b>x</p:b\n>", "x"),
        ("<p:b>x<![CDATA[]]></p:b>", "x"),
        ("<p:b><![CDATA[]]>x</p:b>", "x"),
        ("<p:b><![CDATA[x]]></p:b>", "x"),
        ("<p:b>x<!----></p:b>", "x"),
        ("<p:b>&#x78;</p:b>", "x"),
        ("<p:b>x\ry</p:b>", "x\ny"),
        ("<p:b>x>y</p:b>", "x&gt;y"),
        ("<p:b>&gt;</p:b>", "&gt;"),
        ("<p:b></p:b>", ""),
        ("<p:b/>", ""),
    ] {
        let inner = format!("<p:b>{text}</p:b>");
        let mut document = parse(&format!("<p:a xmlns:p='urn:p'>{spelled}{spelled}</p:a>"));
        let of = |document: &Document, element: NodeId| {
            let mut octets = Vec::new();
            canonicalize(document.element(element), &Exclusive::default(), &mut octets);
            String::from_utf8(octets).expect("UTF-8")
        };
        let root = document.root().id();
        assert_eq!(of(&document, root), format!("<p:a xmlns:p=\"urn:p\">{inner}{inner}</p:a>"));
        let first = document.root().first_element().expect("an element").id();
        assert_eq!(of(&document, first), inner.replace("<p:b>", "<p:b xmlns:p=\"urn:p\">"));
        document.append_text(first, "z");
        let longer = inner.replace("</", "z</");
        assert_eq!(of(&document, root), format!("<p:a xmlns:p=\"urn:p\">{longer}{inner}</p:a>"));
        document.clear(first);
        document.append_text(first, "other");
        document.set_attribute(first, Name::local("c"), "<");
        let other = "<p:b c=\"&lt;\">other</p:b>";
        assert_eq!(of(&document, root), format!("<p:a xmlns:p=\"urn:p\">{other}{inner}</p:a>"));
    }
}

/// The same of attributes, which a document that was built has none of as they were spelled.
#[test]
fn attributes_of_every_spelling_are_canonicalized() {
    let tags = [
        "<p:b c=\"1\">",
        "<p:b c='1'>",
        "<p:b c=\"1\" d=\"2\">",
        "<p:b d=\"2\" c=\"1\">",
        "<p:b c=\"1\" p:c=\"2\" q:c=\"3\">",
        "<p:b q:c=\"1\" p:c=\"2\">",
        "<p:b p:c=\"1\" c=\"2\">",
        "<p:b c=\"1\" d='2'>",
        "<p:b  c=\"1\">",
        "<p:b\tc=\"1\">",
        "<p:b c =\"1\">",
        "<p:b c= \"1\">",
        "<p:b c=\"1\"  d=\"2\">",
        "<p:b c=\"1\"\nd=\"2\">",
        "<p:b c=\"1\" >",
        "<p:b c=\"\">",
        "<p:b c=\"&lt;&amp;&gt;&quot;\">",
        "<p:b c=\">'\">",
        "<p:b c='\"'>",
        "<p:b c=\"x\ny\">",
        "<p:b c=\"x&#10;y\" d=\"1\">",
        "<p:b xml:lang=\"de\">",
        "<p:b c=\"1\" xmlns:p=\"urn:p\">",
        "<p:b xmlns:p=\"urn:other\" c=\"1\">",
        "<p:b xmlns:p=\"urn:other\" p:c=\"a value that is longer than what a short copy takes at once\">",
    ];
    for tag in tags {
        for behind in ["x</p:b>", "</p:b>", "&gt;</p:b>", "<p:c/></p:b>", "x</p:b >"] {
            let text = format!("<p:a xmlns:p='urn:p' xmlns:q='urn:q'>{tag}{behind}</p:a>");
            let mut document = parse(&text);
            let mut built = Document::new(Name::local("r"));
            let root = built.root().id();
            let copy = built.import(root, document.root());
            let expected = canonical(built.element(copy));
            assert_eq!(canonical(document.root()), expected, "{text}");
            let (own, copy) =
                (document.root().first_element(), built.element(copy).first_element());
            let (own, copy) = (own.expect("an element").id(), copy.expect("an element").id());
            assert_eq!(canonical(document.element(own)), canonical(built.element(copy)), "{text}");
            for (change, local) in [("other", "c"), ("new", "e")] {
                document.set_attribute(own, Name::local(local), change);
                built.set_attribute(copy, Name::local(local), change);
                assert_eq!(canonical(document.element(own)), canonical(built.element(copy)));
            }
            document.remove_attribute(own, "", "c");
            built.remove_attribute(copy, "", "c");
            document.remove_attribute(own, "", "e");
            built.remove_attribute(copy, "", "e");
            assert_eq!(canonical(document.element(own)), canonical(built.element(copy)), "{text}");
        }
    }
}

/// However many sets of declarations there are, and however long.
#[test]
fn declarations_of_any_number_are_sorted() {
    let long = "x".repeat(900);
    let namespace = |i: usize| format!("urn:{i}:{}", if i.is_multiple_of(3) { &long } else { "" });
    let all: String = (0..12).map(|i| format!(" xmlns:p{i:02}='{}'", namespace(i))).collect();
    let (mut children, mut expected) = (String::new(), String::new());
    for i in 0..12_usize {
        for j in (i + 1)..12 {
            let used: Vec<usize> = (i..=j).collect();
            let attributes = |used: &mut dyn Iterator<Item = &usize>| {
                used.map(|k| format!(" p{k:02}:a=\"{k}\"")).collect::<String>()
            };
            let name = format!("p{j:02}:b");
            children += &format!("<{name}{}/>", attributes(&mut used.iter().rev()));
            let declared = used.iter().map(|k| format!(" xmlns:p{k:02}=\"{}\"", namespace(*k)));
            let mut sorted = used.clone();
            sorted.sort_by_key(|k| namespace(*k));
            let sorted = attributes(&mut sorted.iter());
            expected += &format!("<{name}{}{sorted}></{name}>", declared.collect::<String>());
        }
    }
    let document = parse(&format!("<r{all}>{children}</r>"));
    let mut octets = Vec::new();
    canonicalize(document.root(), &Exclusive::default(), &mut octets);
    assert!(String::from_utf8_lossy(&octets) == format!("<r>{expected}</r>"));
}
