//! Building and changing documents: what each step writes.

use waxwing_xml::{Document, Exclusive, Limits, Name, Node, Span, XML_NAMESPACE, canonicalize};

fn parse(text: &str) -> Document {
    Document::parse(text, &Limits::SOAP).expect(text)
}

#[test]
fn declarations_appear_where_prefixes_are_first_used() {
    let mut document = Document::new(Name::new("a", "root", "urn:a"));
    let root = document.root().id();
    let child = document.append_element(root, Name::new("b", "child", "urn:b"));
    document.set_attribute(child, Name::new("a", "x", "urn:a"), "1");
    document.append_text_element(child, Name::new("b", "leaf", "urn:b"), "<&>");
    document.append_element(root, Name::local("plain"));
    assert_eq!(
        document.to_xml(),
        "<a:root xmlns:a=\"urn:a\"><b:child a:x=\"1\" xmlns:b=\"urn:b\"><b:leaf>&lt;&amp;&gt;</b:leaf>\
         </b:child><plain/></a:root>"
    );
}

#[test]
fn the_default_namespace_is_undeclared_for_names_without_namespace() {
    let mut document = Document::new(Name::new("", "a", "urn:a"));
    let root = document.root().id();
    let inner = document.append_element(root, Name::local("b"));
    document.append_element(inner, Name::new("", "c", "urn:a"));
    document.set_attribute(root, Name::local("d"), "");
    assert_eq!(
        document.to_xml(),
        "<a d=\"\" xmlns=\"urn:a\"><b xmlns=\"\"><c xmlns=\"urn:a\"/></b></a>"
    );
}

#[test]
fn a_prefix_bound_otherwise_is_declared_anew() {
    let mut document = parse("<p:a xmlns:p='urn:p'><p:b/></p:a>");
    let inner = document.root().first_element().expect("b").id();
    let other = document.append_element(inner, Name::new("p", "c", "urn:q"));
    document.append_element(other, Name::new("p", "d", "urn:p"));
    assert_eq!(
        document.to_xml(),
        "<p:a xmlns:p=\"urn:p\"><p:b><p:c xmlns:p=\"urn:q\"><p:d xmlns:p=\"urn:p\"/></p:c></p:b></p:a>"
    );
}

#[test]
fn attributes_take_a_free_prefix() {
    let mut document = Document::new(Name::new("p", "a", "urn:p"));
    let root = document.root().id();
    document.set_attribute(root, Name::new("p", "x", "urn:q"), "1");
    document.set_attribute(root, Name::new("", "y", "urn:p"), "2");
    document.set_attribute(root, Name::new("xml", "z", "urn:r"), "3");
    document.set_attribute(root, Name::new("q", "lang", XML_NAMESPACE), "en");
    document.set_attribute(root, Name::new("q", "plain", ""), "4");
    assert_eq!(
        document.to_xml(),
        "<p:a p1:x=\"1\" ns:y=\"2\" ns1:z=\"3\" xml:lang=\"en\" plain=\"4\" xmlns:p=\"urn:p\" \
         xmlns:p1=\"urn:q\" xmlns:ns=\"urn:p\" xmlns:ns1=\"urn:r\"/>"
    );
    document.set_attribute(root, Name::new("other", "x", "urn:q"), "&\"<>\t\n\r'");
    document.remove_attribute(root, "urn:p", "y");
    document.remove_attribute(root, "urn:p", "absent");
    document.remove_attribute(root, XML_NAMESPACE, "lang");
    assert_eq!(
        document.to_xml(),
        "<p:a p1:x=\"&amp;&quot;&lt;>&#x9;&#xA;&#xD;'\" ns1:z=\"3\" plain=\"4\" xmlns:p=\"urn:p\" \
         xmlns:p1=\"urn:q\" xmlns:ns1=\"urn:r\"/>"
    );
}

#[test]
fn declarations_that_cannot_be_are_not_made() {
    let mut document = Document::new(Name::new("p", "a", "urn:p"));
    let root = document.root().id();
    document.set_attribute(root, Name::new("q", "b", "urn:q"), "");
    for (prefix, namespace) in [
        ("p", "urn:other"),
        ("q", "urn:other"),
        ("r", ""),
        ("xml", "urn:x"),
        ("xmlns", "urn:x"),
        ("r", XML_NAMESPACE),
        ("", XML_NAMESPACE),
        ("r", "http://www.w3.org/2000/xmlns/"),
    ] {
        document.declare_namespace(root, prefix, namespace);
        assert_eq!(document.root().namespace_declarations().count(), 0, "{prefix} {namespace}");
    }
    document.declare_namespace(root, "s", "urn:s");
    document.declare_namespace(root, "s", "urn:t&<\"");
    document.declare_namespace(root, "p", "urn:p");
    document.declare_namespace(root, "", "urn:d");
    document.append_element(root, Name::local("c"));
    assert_eq!(
        document.to_xml(),
        "<p:a q:b=\"\" xmlns:s=\"urn:t&amp;&lt;&quot;\" xmlns:p=\"urn:p\" xmlns=\"urn:d\" xmlns:q=\"urn:q\">\
         <c xmlns=\"\"/></p:a>"
    );
}

#[test]
fn elements_take_a_prefix_that_their_namespace_allows() {
    let written = |name| Document::new(name).to_xml();
    assert_eq!(written(Name::new("p", "a", "")), "<a/>");
    assert_eq!(written(Name::new("p", "a", XML_NAMESPACE)), "<xml:a/>");
    assert_eq!(written(Name::new("xml", "a", "urn:a")), "<ns:a xmlns:ns=\"urn:a\"/>");
    assert_eq!(written(Name::new("xmlns", "a", "urn:a")), "<ns:a xmlns:ns=\"urn:a\"/>");
}

/// A name that would write other markup than an element or attribute is a program's mistake.
#[test]
fn names_that_are_no_names_panic() {
    let panics = |change: fn(&mut Document)| {
        let mut document = Document::new(Name::local("a"));
        let changed = std::panic::AssertUnwindSafe(|| change(&mut document));
        std::panic::catch_unwind(changed).is_err()
    };
    assert!(panics(|d| {
        d.new_element(Name::local("a b"));
    }));
    assert!(panics(|d| {
        d.new_element(Name::local(""));
    }));
    assert!(panics(|d| {
        d.new_element(Name::local("p:a"));
    }));
    assert!(panics(|d| {
        d.new_element(Name::new("a ", "a", "urn:a"));
    }));
    assert!(panics(|d| {
        d.new_element(Name::new("a", "a", "urn:\0"));
    }));
    assert!(panics(|d| {
        d.new_element(Name::new("a", "a", "http://www.w3.org/2000/xmlns/"));
    }));
    assert!(panics(|d| d.set_attribute(d.root().id(), Name::local("a='' b"), "")));
    assert!(panics(|d| d.set_attribute(d.root().id(), Name::local("xmlns"), "urn:a")));
    assert!(panics(|d| d.declare_namespace(d.root().id(), "p q", "urn:a")));
    assert!(panics(|d| d.declare_namespace(d.root().id(), "p", "urn:\u{1}")));
    assert!(panics(|d| d.append_node(d.root().id(), d.root().id())));
    assert!(panics(|d| {
        let inner = d.append_element(d.root().id(), Name::local("b"));
        let leaf = d.append_element(inner, Name::local("c"));
        d.insert_node_before(leaf, inner);
    }));
    assert!(!panics(|d| d.set_attribute(d.root().id(), Name::new("p", "xmlns", "urn:a"), "")));
}

#[test]
fn nodes_are_put_first_last_and_between() {
    let mut document = parse("<r>1<a/>2</r>");
    let root = document.root().id();
    let a = document.root().first_element().expect("a").id();
    let b = document.prepend_element(root, Name::local("b"));
    let c = document.insert_element_before(a, Name::local("c"));
    let d = document.append_element(root, Name::local("d"));
    assert_eq!(document.to_xml(), "<r><b/>1<c/><a/>2<d/></r>");
    document.prepend_node(root, d);
    document.append_node(root, b);
    document.insert_node_before(d, a);
    document.insert_node_before(c, c);
    assert_eq!(document.to_xml(), "<r><a/><d/>1<c/>2<b/></r>");
    let empty = document.append_element(root, Name::local("e"));
    document.prepend_node(empty, a);
    assert_eq!(document.to_xml(), "<r><d/>1<c/>2<b/><e><a/></e></r>");
}

#[test]
fn what_is_taken_out_keeps_its_content_and_comes_back() {
    let mut document = parse("<r><a x='1'>t<b/></a><c/></r>");
    let a = document.root().first_element().expect("a").id();
    document.detach(a);
    document.detach(a);
    assert_eq!(document.to_xml(), "<r><c/></r>");
    assert!(document.element(a).parent().is_none());
    let root = document.root().id();
    document.append_node(root, a);
    assert_eq!(document.to_xml(), "<r><c/><a x=\"1\">t<b/></a></r>");
    // The last child goes: what is appended comes after the one before.
    document.detach(a);
    document.append_text(root, "end");
    assert_eq!(document.to_xml(), "<r><c/>end</r>");
    let children: Vec<_> = document.root().child_ids().collect();
    document.clear(root);
    assert_eq!(document.to_xml(), "<r/>");
    for child in children.into_iter().rev() {
        document.append_node(root, child);
    }
    assert_eq!(document.to_xml(), "<r>end<c/></r>");
}

#[test]
fn empty_elements_are_written_as_chosen() {
    let mut document = parse("<a><b></b></a>");
    assert_eq!(document.to_xml(), "<a><b/></a>");
    let b = document.root().first_element().expect("b").id();
    document.set_start_end_pair(b, true);
    assert!(document.element(b).is_start_end_pair());
    assert_eq!(document.to_xml(), "<a><b></b></a>");
    document.set_start_end_pair(b, false);
    document.append_text(b, "");
    assert_eq!(document.to_xml(), "<a><b/></a>");
}

#[test]
fn text_that_cannot_be_carried_is_replaced() {
    let mut document = Document::new(Name::local("a"));
    let root = document.root().id();
    document.append_text(root, "\0é\u{1f}\u{fffe}\r\n\t]]>");
    document.set_attribute(root, Name::local("b"), "\u{b}\u{ffff}x");
    assert_eq!(
        document.to_xml(),
        "<a b=\"\u{fffd}\u{fffd}x\">\u{fffd}é\u{fffd}\u{fffd}&#xD;\n\t]]&gt;</a>"
    );
    assert_eq!(
        waxwing_xml::first_forbidden_character("aé\u{fffd}\u{ef00}\u{b}"),
        Some((9, '\u{b}'))
    );
    assert_eq!(waxwing_xml::first_forbidden_character("aé\u{ffff}"), Some((3, '\u{ffff}')));
    assert_eq!(waxwing_xml::first_forbidden_character("a\t\r\n \u{fffd}\u{10ffff}"), None);
}

#[test]
fn a_fragment_is_read_in_the_context_of_its_place() {
    let mut document =
        parse("<a xmlns='urn:a' xmlns:p='urn:p'><b xmlns:p='urn:q' xmlns:q='urn:q'><c/></b></a>");
    let c = document.root().first_element().and_then(|b| b.first_element()).expect("c").id();
    document
        .replace_with_fragment(c, b"x<d p:e='1'/><!--y--><q:f/>", &Limits::SOAP)
        .expect("well-formed");
    let b = document.root().first_element().expect("b");
    let names: Vec<_> = b.elements().map(|e| e.name()).collect();
    assert_eq!(names, [Name::new("", "d", "urn:a"), Name::new("q", "f", "urn:q")]);
    assert_eq!(b.first_element().expect("d").attribute_ns("urn:q", "e"), Some("1"));
    assert_eq!(b.children().count(), 4);
    assert!(document.element(c).parent().is_none());
    let unbound = document.append_fragment(document.root().id(), b"<q:x/>", &Limits::SOAP);
    let error = unbound.expect_err("q is declared further down only");
    assert_eq!(
        (error.to_string(), error.offset),
        ("the prefix 'q' is not declared. Line 1, position 2.".into(), 1)
    );
}

#[test]
fn more_can_be_appended_after_a_fragment() {
    for (text, expected) in
        [("<a><b/></a>", "<a>1<c/>23</a>"), ("<a>0<b/><d/></a>", "<a>01<c/><d/>23</a>")]
    {
        let mut document = parse(text);
        let root = document.root().id();
        let b = document.root().first_element().expect("b").id();
        document.replace_with_fragment(b, b"1<c/>", &Limits::SOAP).expect("well-formed");
        document.append_text(root, "2");
        document.append_fragment(root, b"3", &Limits::SOAP).expect("well-formed");
        assert_eq!(document.to_xml(), expected);
        document.append_element(b, Name::local("d"));
        document.append_node(root, b);
        assert!(document.to_xml().ends_with("23<b><d/></b></a>"));
    }
    let mut document = parse("<a/>");
    let root = document.root().id();
    document.append_fragment(root, b"", &Limits::SOAP).expect("nothing is well-formed");
    document.append_fragment(root, b"<b/>1", &Limits::SOAP).expect("well-formed");
    document.append_fragment(root, b"2", &Limits::SOAP).expect("well-formed");
    let b = document.prepend_element(root, Name::local("c"));
    document.append_node(root, b);
    assert_eq!(document.to_xml(), "<a><b/>12<c/></a>");
}

#[test]
fn one_element_takes_the_place_of_another_and_nothing_beside_it() {
    let text = "<a xmlns:p='urn:p'>0<!--y--><b/><c/></a>";
    let replaced = |element: &str| {
        let mut document = parse(text);
        let b = document.root().first_element().expect("b").id();
        let replaced = document.replace_with_element(b, element.as_bytes(), &Limits::SOAP);
        replaced.map(|node| {
            let root = document.root();
            assert_eq!(document.element(b).parent().is_none(), node.is_some());
            assert!(node.is_none_or(|node| Some(node) == root.first_element().map(|e| e.id())));
            document.to_xml()
        })
    };
    let before = parse(text).to_xml();
    for one in ["<p:d/>", "<p:d><e/>1</p:d>", "<![CDATA[]]><p:d/>"] {
        let expected = before.replace("<b/>", one.trim_start_matches("<![CDATA[]]>"));
        assert_eq!(replaced(one).as_deref(), Ok(&*expected));
    }
    for other in ["", "1", "<!----><d/>", "<d/><e/>", " <d/>", "<d/>\n", "<d/><![CDATA[1]]>"] {
        assert_eq!(replaced(other).as_deref(), Ok(&*before), "{other:?}");
    }
    for wrong in ["<d>", "</a>", "<q:d/>"] {
        replaced(wrong).expect_err("refused");
    }
}

#[test]
fn fragments_that_are_refused() {
    let mut document = parse("<a><b/></a>");
    let b = document.root().first_element().expect("b").id();
    for (fragment, message) in [
        (&b"</b>"[..], "the end tag of 'b' closes nothing. Line 1, position 1."),
        (b"</a><a>", "the end tag of 'a' closes nothing. Line 1, position 1."),
        (b"<c></c></b>", "the end tag of 'b' closes nothing. Line 1, position 8."),
        (b"\n<c>", "the text ends inside an element. Line 2, position 4."),
        (b"<!DOCTYPE c>", "a document type declaration is not allowed. Line 1, position 1."),
        (
            b"<?xml version='1.0'?><c/>",
            "a processing instruction is not allowed. Line 1, position 1.",
        ),
        (b"<c>\xff</c>", "the text is not valid UTF-8. Line 1, position 1."),
        (b"]]>", "']]>' in character data is not allowed. Line 1, position 1."),
    ] {
        let error = document.append_fragment(b, fragment, &Limits::SOAP).expect_err("refused");
        assert_eq!(error.to_string(), message);
        let error =
            document.replace_with_fragment(b, fragment, &Limits::SOAP).expect_err("refused");
        assert_eq!(error.to_string(), message);
        assert_eq!(document.to_xml(), "<a><b/></a>");
        assert_eq!(document.source(), "<a><b/></a>");
    }
    document.replace_with_fragment(b, b"", &Limits::SOAP).expect("nothing is well-formed content");
    assert_eq!(document.to_xml(), "<a/>");
}

#[test]
fn fragments_in_built_documents_know_the_prefixes_in_use() {
    let mut document = Document::new(Name::new("s", "Envelope", "urn:s"));
    let root = document.root().id();
    let body = document.append_element(root, Name::new("s", "Body", "urn:s"));
    document.set_attribute(body, Name::new("u", "Id", "urn:u"), "_1");
    document.append_fragment(body, b"<s:x u:y=''/>", &Limits::SOAP).expect("both are bound");
    assert_eq!(
        document.to_xml(),
        "<s:Envelope xmlns:s=\"urn:s\"><s:Body u:Id=\"_1\" xmlns:u=\"urn:u\"><s:x u:y=\"\"/></s:Body></s:Envelope>"
    );
}

#[test]
fn spans_say_where_things_stand() {
    let document = parse("<a b = 'c&amp;' >t<!--d--><e/>&#65;</a>");
    let root = document.root();
    assert_eq!(document.source_of(root.span()), document.source());
    assert_eq!(document.source_of(root.name_span()), "a");
    assert_eq!(document.source_of(root.text_span()), "t<!--d--><e/>&#65;");
    let attribute = root.attributes().next().expect("b");
    assert_eq!(document.source_of(attribute.name_span()), "b");
    assert_eq!(document.source_of(attribute.value_span()), "c&amp;");
    assert_eq!(attribute.value(), "c&");
    let spans: Vec<_> = root.child_ids().map(|id| document.source_of(document.span(id))).collect();
    assert_eq!(spans, ["t", "<!--d-->", "<e/>", "&#65;"]);
    assert_eq!(root.text(), "tA");
    let mut built = Document::new(Name::local("a"));
    let id = built.root().id();
    built.set_attribute(id, Name::local("b"), "c");
    built.append_text(id, "d");
    let root = built.root();
    assert_eq!((root.span(), root.name_span(), root.text_span()), Default::default());
    let attribute = root.attributes().next().expect("b");
    assert_eq!((attribute.name_span(), attribute.value_span()), Default::default());
    assert_eq!(built.source_of(Span { start: 5, end: 2 }), "");
}

#[test]
fn names_in_content_are_resolved_where_they_stand() {
    let document =
        parse("<a xmlns='urn:a' xmlns:p='urn:p'><b xmlns='' xmlns:q='urn:q'> p:x\n</b></a>");
    let b = document.root().first_element().expect("b");
    assert_eq!(b.resolve_qname(&b.text()), Some(("urn:p", "x")));
    assert_eq!(b.resolve_qname("y"), Some(("", "y")));
    assert_eq!(b.resolve_qname("xml:y"), Some((XML_NAMESPACE, "y")));
    assert_eq!(b.resolve_qname("r:y"), None);
    assert_eq!(document.root().resolve_qname("y"), Some(("urn:a", "y")));
    assert_eq!(document.root().resolve_qname("q:y"), None);
}

#[test]
fn inclusive_prefixes_of_built_trees_are_those_in_use() {
    let mut document = Document::new(Name::new("s", "a", "urn:s"));
    let root = document.root().id();
    document.set_attribute(root, Name::new("u", "b", "urn:u"), "");
    let inner = document.append_element(root, Name::local("c"));
    let mut octets = Vec::new();
    let inclusive_prefixes = ["u", "s", "#default", "none"];
    let parameters = Exclusive { inclusive_prefixes: &inclusive_prefixes, ..Default::default() };
    canonicalize(document.element(inner), &parameters, &mut octets);
    assert_eq!(octets, b"<c xmlns:s=\"urn:s\" xmlns:u=\"urn:u\"></c>");
}

#[test]
fn debug_shows_names_and_no_text() {
    let document = parse("<a b='secret'>secret<!--secret--></a>");
    let shown = format!("{document:?} {:?}", document.root());
    assert!(shown.contains("<a>") && !shown.contains("secret"), "{shown}");
    assert_eq!(document.root().children().filter(|n| matches!(n, Node::Text(_))).count(), 1);
}
