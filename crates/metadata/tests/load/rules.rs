//! The rules of loading, one by one.

use std::collections::BTreeMap;

use waxwing_metadata::load::{LoadOptions, Loader, WantKind, folder};
use waxwing_metadata::policy::PolicyReference;
use waxwing_metadata::schema::{Content, TypeKind};
use waxwing_metadata::{Location, MetadataSet, QName, Severity};

const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";
const XSD: &str = "http://www.w3.org/2001/XMLSchema";

fn wsdl(target: &str, inside: &str) -> String {
    format!(
        "<definitions xmlns='{WSDL}' xmlns:t='{target}' targetNamespace='{target}'>{inside}</definitions>"
    )
}

fn xsd(target: &str, inside: &str) -> String {
    let target = match target {
        "" => String::new(),
        text => format!("targetNamespace='{text}' xmlns:t='{text}'"),
    };
    format!("<x:schema xmlns:x='{XSD}' {target}>{inside}</x:schema>")
}

fn load(files: &[(&str, String)]) -> MetadataSet {
    let files: BTreeMap<_, _> =
        files.iter().map(|(n, t)| ((*n).to_owned(), t.clone().into_bytes())).collect();
    folder("", &files, LoadOptions::default())
}

fn codes(set: &MetadataSet) -> Vec<&str> {
    set.findings().iter().map(|f| f.code).collect()
}

fn places(set: &MetadataSet) -> Vec<String> {
    let told = set.findings().iter();
    told.map(|f| format!("{} {}", f.code, f.at.as_ref().expect("a place"))).collect()
}

#[test]
fn references_are_relative_to_the_document_that_holds_them() {
    let files = [
        ("root/a.wsdl", wsdl("urn:a", "<import namespace='urn:b' location='sub/b.wsdl'/>")),
        (
            "root/sub/b.wsdl",
            wsdl("urn:b", "<import namespace='urn:c' location='../other/c.wsdl'/>"),
        ),
        ("root/other/c.wsdl", wsdl("urn:c", "<import namespace='urn:a' location='../a.wsdl'/>")),
    ];
    // Given alone, the first one brings the others; the circle ends.
    let mut loader = Loader::new(LoadOptions::default());
    let all: BTreeMap<_, _> = files.iter().cloned().collect();
    loader.give(Location::new("root/a.wsdl"), files[0].1.clone().into_bytes());
    let mut wanted = Vec::new();
    while let Some(want) = loader.want() {
        assert_eq!(want.kind, WantKind::Document);
        assert!(want.wanted_by.is_some());
        wanted.push(want.location.to_string());
        let octets = all[want.location.as_str()].clone().into_bytes();
        loader.answer(&want, &want.location, octets);
    }
    assert_eq!(wanted, ["root/sub/b.wsdl", "root/other/c.wsdl"]);
    let set = loader.finish();
    assert_eq!(codes(&set), [""; 0]);
    let resolved = set.definitions().iter().map(|d| d.imports[0].resolved.is_some());
    assert!(resolved.eq([true; 3]));
}

/// XML Schema Part 1 §4.2.1: what has no target namespace takes that of each includer.
#[test]
fn a_chameleon_is_read_for_each_includer() {
    let common = xsd(
        "",
        "<x:complexType name='T'><x:sequence><x:element name='n' type='S'/></x:sequence></x:complexType><x:simpleType name='S'><x:restriction base='x:string'/></x:simpleType>",
    );
    let user = |ns: &str| {
        xsd(ns, "<x:include schemaLocation='common.xsd'/><x:element name='e' type='t:T'/>")
    };
    let set =
        load(&[("a.xsd", user("urn:a")), ("b.xsd", user("urn:b")), ("common.xsd", common.clone())]);
    assert_eq!(codes(&set), [""; 0]);
    for namespace in ["urn:a", "urn:b"] {
        let found = set.type_definition(&QName::new(namespace, "T")).expect("the type");
        let TypeKind::Complex(complex) = &found.kind else { panic!() };
        let shown = format!("{:?}", complex.content);
        assert!(shown.contains(&format!("{{{namespace}}}S")), "{shown}");
    }
    // An include in a chameleon is one, too; circles of them end.
    let deeper =
        xsd("", "<x:include schemaLocation='common.xsd'/><x:include schemaLocation='a.xsd'/>");
    let first = xsd("urn:a", "<x:include schemaLocation='deeper.xsd'/>");
    let set = load(&[("a.xsd", first), ("common.xsd", common), ("deeper.xsd", deeper)]);
    assert!(set.type_definition(&QName::new("urn:a", "T")).is_some());
}

#[test]
fn what_is_redefined_is_its_own_base() {
    let original = xsd(
        "urn:a",
        "<x:complexType name='T'><x:sequence><x:element name='n' type='x:int'/></x:sequence></x:complexType>",
    );
    let changed = xsd(
        "urn:a",
        "<x:redefine schemaLocation='original.xsd'><x:complexType name='T'><x:complexContent><x:extension base='t:T'>\
         <x:sequence><x:element name='m' type='x:int'/></x:sequence></x:extension></x:complexContent></x:complexType></x:redefine>",
    );
    let set = load(&[("changed.xsd", changed), ("original.xsd", original.clone())]);
    assert_eq!(codes(&set), [""; 0]);
    let found = set.type_definition(&QName::new("urn:a", "T")).unwrap();
    assert_eq!(found.at.location.as_str(), "changed.xsd");
    let TypeKind::Complex(complex) = &found.kind else { panic!() };
    let Content::Complex { base, .. } = &complex.content else { panic!() };
    let old = set.type_definition(base).expect("what was");
    assert_eq!(old.at.location.as_str(), "original.xsd");
    // Overridden: gone.
    let changed = xsd(
        "urn:a",
        "<x:override schemaLocation='original.xsd'><x:complexType name='T'/></x:override>",
    );
    let set = load(&[("changed.xsd", changed), ("original.xsd", original)]);
    assert_eq!(codes(&set), [""; 0]);
    let found = set.type_definition(&QName::new("urn:a", "T")).unwrap();
    assert_eq!(found.at.location.as_str(), "changed.xsd");
}

#[test]
fn one_name_twice_is_told_with_both_places_unless_it_is_the_same_thing() {
    let one = |content: &str| wsdl("urn:a", &format!("<message name='M'>{content}</message>"));
    let part = "<part name='p' element='t:e'/>";
    let same = "<documentation>other words</documentation><part element='t:e'   name='p'/>";
    let set = load(&[("a.wsdl", one(part)), ("b.wsdl", one(same))]);
    assert_eq!(codes(&set), [""; 0]);
    let set = load(&[("a.wsdl", one(part)), ("b.wsdl", one("<part name='q' element='t:e'/>"))]);
    assert_eq!(codes(&set), ["duplicate-name"]);
    let found = &set.findings()[0];
    let at = found.at.as_ref().unwrap().to_string();
    assert!(at.starts_with("b.wsdl:1:") && found.message.contains("a.wsdl:1:"), "{found:?}");
    assert_eq!(set.message(&QName::new("urn:a", "M")).unwrap().parts[0].name, "p");
}

/// Two documents of one namespace are one symbol space; schemas know each other without an import.
#[test]
fn namespaces_are_one_space() {
    let set = load(&[
        ("a.wsdl", wsdl("urn:a", "<binding name='B' type='t:P'/>")),
        ("b.wsdl", wsdl("urn:a", "<portType name='P'/>")),
        (
            "c.xsd",
            xsd(
                "urn:c",
                "<x:element name='head'/><x:element name='one' substitutionGroup='t:head'/>",
            ),
        ),
        (
            "d.xsd",
            format!(
                "<x:schema xmlns:x='{XSD}' xmlns:c='urn:c' targetNamespace='urn:d'><x:element name='two' substitutionGroup='c:head'/></x:schema>"
            ),
        ),
    ]);
    let binding = set.bindings().next().unwrap();
    assert!(set.port_type(&binding.port_type).is_some());
    let members: Vec<_> =
        set.substitutes(&QName::new("urn:c", "head")).map(|e| e.name.to_string()).collect();
    assert_eq!(members, ["{urn:c}one", "{urn:d}two"]);
}

#[test]
fn policies_are_found_by_id_name_and_document() {
    let wsp = "http://www.w3.org/ns/ws-policy";
    let wsu = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
    let policy =
        |id: &str| format!("<p:Policy xmlns:p='{wsp}' xmlns:u='{wsu}' {id}><p:All/></p:Policy>");
    let inside = policy("u:Id='inner'");
    let set = load(&[
        (
            "dir/a.wsdl",
            wsdl(
                "urn:a",
                &format!(
                    "{}<binding name='B' type='t:P'>{inside}</binding>",
                    policy("xml:id='outer' Name='urn:named'")
                ),
            ),
        ),
        ("dir/p.xml", policy("u:Id='alone'")),
    ]);
    assert_eq!(codes(&set), [""; 0]);
    let from = |file: &str, uri: &str| {
        let mut at = set.definitions()[0].at.clone();
        at.location = Location::new(file);
        set.policy(&PolicyReference { uri: uri.to_owned(), at }).is_some()
    };
    assert!(from("dir/a.wsdl", "#outer") && from("dir/a.wsdl", "#inner"));
    assert!(
        from("x", "urn:named") && from("dir/a.wsdl", "p.xml#alone") && from("dir/a.wsdl", "p.xml")
    );
    assert!(!from("dir/p.xml", "#outer") && !from("dir/a.wsdl", "#nothing"));
}

/// A policy that stands in a document of its own is fetched; the name of one is not.
#[test]
fn documents_of_policies_are_asked_for() {
    let wsp = "http://www.w3.org/ns/ws-policy";
    let uris = [
        "p.xml#id",
        "#own",
        "urn:name",
        "http://stranger/name",
        "http://stranger/p#id",
        "../q.xml#id",
    ];
    let references: String = uris
        .iter()
        .map(|uri| format!("<p:PolicyReference xmlns:p='{wsp}' URI='{uri}'/>"))
        .collect();
    let text = wsdl("urn:a", &format!("<binding name='B' type='t:P'>{references}</binding>"));
    let mut loader = Loader::new(LoadOptions::default());
    loader.give(Location::new("dir/a.wsdl"), text.into_bytes());
    let want = loader.want().expect("a document");
    assert_eq!(want.location.as_str(), "dir/p.xml");
    let id = "xmlns:u='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd' u:Id='id'";
    loader.answer(&want, &want.location, format!("<p:Policy xmlns:p='{wsp}' {id}/>").into_bytes());
    assert_eq!(loader.want(), None);
    let set = loader.finish();
    // What leads out of the folder is told; the others are whoever needs them to tell.
    assert_eq!(codes(&set), ["refused-file"]);
    let attached = &set.bindings().next().unwrap().policies;
    assert!(set.policy(&attached.references[0]).is_some());
}

/// What costs much more memory than octets is counted.
#[test]
fn policies_and_findings_are_bounded() {
    let wsp = "http://www.w3.org/ns/ws-policy";
    let policy = format!("<p:Policy xmlns:p='{wsp}'>{}</p:Policy>", "<a/>".repeat(100_000));
    let set = load(&[("p.xml", policy)]);
    assert_eq!(codes(&set), ["policy-too-large"]);
    let wrong = xsd("urn:a", &"<x:element/>".repeat(10_000));
    assert_eq!(load(&[("a.xsd", wrong)]).findings().len(), 200);
    let missing: String =
        (0..10_000).map(|i| format!("<x:include schemaLocation='{i}.xsd'/>")).collect();
    let twice = "<x:element name='e'/><x:element name='e' nillable='true'/>".repeat(2000);
    let set = load(&[("a.xsd", xsd("urn:a", &missing)), ("b.xsd", xsd("urn:b", &twice))]);
    assert!(set.findings().len() <= 401, "{}", set.findings().len());
}

#[test]
fn limits_have_names() {
    let refused = |files: &[(&str, String)], options: LoadOptions| {
        let files: BTreeMap<_, _> =
            files.iter().map(|(n, t)| ((*n).to_owned(), t.clone().into_bytes())).collect();
        let set = folder("", &files, options);
        let errors: Vec<_> =
            set.findings().iter().filter(|f| f.severity == Severity::Error).collect();
        assert_eq!(errors.len(), 1, "{:?}", set.findings());
        errors[0].message.clone()
    };
    let defaults = LoadOptions::default;
    // A thousand imports.
    let imports: String =
        (0..1000).map(|i| format!("<import namespace='urn:{i}' location='{i}.wsdl'/>")).collect();
    let mut files = vec![("000.wsdl", wsdl("urn:a", &imports))];
    let names: Vec<_> = (0..1000).map(|i| format!("{i}.wsdl")).collect();
    files.extend(
        names.iter().enumerate().map(|(i, name)| (name.as_str(), wsdl(&format!("urn:{i}"), ""))),
    );
    assert!(refused(&files, defaults()).contains("max_documents = 256"));
    // Ten thousand elements inside each other.
    let deep = format!("{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000));
    assert!(refused(&[("a.wsdl", wsdl("urn:a", &deep))], defaults()).contains("max_depth = 256"));
    let deep = format!("{}{}", "<x:sequence>".repeat(10_000), "</x:sequence>".repeat(10_000));
    assert!(refused(&[("a.xsd", xsd("urn:a", &deep))], defaults()).contains("max_depth = 256"));
    // Too many octets.
    let long = wsdl("urn:a", &" ".repeat(2000));
    let small = LoadOptions { max_octets: 1000, ..defaults() };
    assert!(refused(&[("a.wsdl", long)], small).contains("max_octets = 1000"));
}

/// One document after the other: the chain ends where the limit says.
#[test]
fn a_chain_of_imports_ends() {
    let mut loader = Loader::new(LoadOptions { max_hops: 5, ..LoadOptions::default() });
    let text = |i: usize| {
        wsdl(
            &format!("urn:{i}"),
            &format!("<import namespace='urn:{}' location='{}.wsdl'/>", i + 1, i + 1),
        )
    };
    loader.give(Location::new("0.wsdl"), text(0).into_bytes());
    let mut number = 0;
    while let Some(want) = loader.want() {
        number += 1;
        loader.answer(&want, &want.location, text(number).into_bytes());
    }
    let set = loader.finish();
    assert_eq!((number, codes(&set)), (5, vec!["too-many-hops"]));
    assert!(set.findings()[0].message.contains("max_hops = 5"));
}

#[test]
fn what_is_wrong_has_its_line_and_column() {
    let set = load(&[
        (
            "a.wsdl",
            wsdl(
                "urn:a",
                "\n <message>\n</message>\n <portType name='P'>\n  <operation name='O'>\n    <input message='no:M'/>\n<input/></operation></portType>",
            ),
        ),
        (
            "b.xsd",
            xsd(
                "urn:b",
                "\n<x:element/>\n <x:wrong/>\n<x:element name='e' nillable='maybe'><x:complexType><x:sequence maxOccurs='many'/></x:complexType></x:element>",
            ),
        ),
        ("c.wsdl", "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>".to_owned()),
        ("d.wsdl", "no XML".to_owned()),
        ("e.wsdl", "<html><body>help</body></html>".to_owned()),
    ]);
    let expected = [
        "missing-attribute a.wsdl:2:2",
        "unbound-prefix a.wsdl:6:21",
        "missing-attribute a.wsdl:7:1",
        "missing-attribute b.xsd:2:1",
        "unexpected-element b.xsd:3:2",
        "invalid-value b.xsd:4:31",
        "invalid-value b.xsd:4:76",
        "xml-doctype c.wsdl:1:1",
        "not-xml d.wsdl:1:1",
        "html-page e.wsdl:1:1",
    ];
    let mut found = places(&set);
    found.sort();
    let mut sorted = expected.map(str::to_owned);
    sorted.sort();
    assert_eq!(found, sorted);
}

/// UTF-16 of both kinds gives what UTF-8 gives, place by place.
#[test]
fn encodings_make_no_difference() {
    let told = |number: &str| {
        let of = waxwing_testkit::metadata::folder(number);
        let octets = of.files.values().next().unwrap().clone();
        let set = folder(
            "",
            &BTreeMap::from([("service.wsdl".to_owned(), octets)]),
            LoadOptions::default(),
        );
        format!("{:?} {:?}", set.definitions(), set.findings())
    };
    let expected = told("042");
    assert!(expected.len() > 10_000);
    assert_eq!(told("100"), expected);
    assert_eq!(told("101"), expected);
}

/// Same octets in, same set out.
#[test]
fn loading_is_deterministic() {
    for number in ["060", "084", "099"] {
        let of = waxwing_testkit::metadata::folder(number);
        let told = || {
            let set = folder("", &of.files, LoadOptions::default());
            let schemas: Vec<_> = set.schemas().collect();
            format!("{:?} {schemas:?} {:?}", set.definitions(), set.findings())
        };
        assert_eq!(told(), told());
    }
}
