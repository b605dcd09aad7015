//! One service from several sources is one contract.

use std::collections::BTreeMap;

use waxwing_metadata::contract::{ContractSet, Shape};
use waxwing_metadata::load::{LoadOptions, folder};
use waxwing_testkit::metadata;

use crate::corpus::contracts;
use crate::written::{class, named, operation, types};

/// A contract without its places, types by their names.
fn text(set: &ContractSet) -> Vec<String> {
    let mut lines: Vec<String> = set
        .contracts
        .iter()
        .flat_map(|contract| &contract.operations)
        .map(|o| {
            format!("{} {:?} {} {:?}", o.signature(&set.types), o.tier, o.action, o.reply_action)
        })
        .collect();
    let mut types: Vec<String> = set
        .types
        .iter()
        .map(|(_, of)| {
            let members = match &of.shape {
                Shape::Class(class) => class
                    .members
                    .iter()
                    .map(|m| format!("{} {:?} {} {}", m.name, m.order, m.nillable, m.emit_default))
                    .collect(),
                _ => Vec::new(),
            };
            format!("{:?} {} {:?} {members:?}", of.name, of.title, of.tier)
        })
        .collect();
    types.sort();
    lines.append(&mut types);
    lines
}

/// The contracts of some files of a capture, whose addresses of each other become relative ones.
fn captured(of: &metadata::Folder, keep: impl Fn(&str) -> bool) -> ContractSet {
    let mut files = BTreeMap::new();
    for (path, octets) in of.files.iter().filter(|(path, _)| keep(path)) {
        let mut text = String::from_utf8(octets.clone()).expect("UTF-8");
        while let Some(at) = text.find("=\"http://localhost") {
            let Some((start, end)) = query(&text, at + 2) else { break };
            let page = text[start..end].to_owned();
            let kind = if page.starts_with("xsd") { "xsd" } else { "wsdl" };
            text.replace_range(at + 2..end, &format!("{page}.{kind}.xml"));
        }
        files.insert(path.clone(), text.into_bytes());
    }
    let set = folder(&of.name, &files, LoadOptions::default());
    let bindings: Vec<_> = set.bindings().map(|binding| binding.name.clone()).collect();
    assert!(!bindings.is_empty(), "{}", of.name);
    ContractSet::of_bindings(&set, &bindings)
}

/// Where the query of an address stands.
fn query(text: &str, from: usize) -> Option<(usize, usize)> {
    let end = from + text[from..].find('"')?;
    let start = from + text[from..end].find('?')? + 1;
    Some((start, end))
}

#[test]
fn one_page_many_pages_and_the_exchange_are_the_same() {
    let mut compared = 0;
    for of in metadata::wcf() {
        let has = |part: &str| of.files.keys().any(|path| path.contains(part));
        if !has("singleWsdl") {
            continue;
        }
        let single = text(&captured(&of, |path| path.contains("singleWsdl")));
        if has("xsd=xsd0") {
            let split = |path: &str| path.starts_with("wsdl") || path.starts_with("xsd");
            assert_eq!(text(&captured(&of, split)), single, "{} in many pages", of.name);
            compared += 1;
        }
        if has("mex-response") {
            let exchange = |path: &str| path.contains("mex-response") && path.ends_with(".xml");
            assert_eq!(text(&captured(&of, exchange)), single, "{} by metadata exchange", of.name);
            compared += 1;
        }
    }
    assert!(compared > 4, "{compared}");
}

#[test]
fn encodings_make_no_difference() {
    let [utf8, little, big] =
        ["042", "100", "101"].map(|number| text(&contracts(&metadata::folder(number)).1));
    assert_eq!(utf8, little);
    assert_eq!(utf8, big);
}

#[test]
fn documentation_is_carried_along() {
    let note = |text: &str| {
        format!("<xs:annotation><xs:documentation>{text}</xs:documentation></xs:annotation>")
    };
    let (of_type, of_member) = (note("A type."), note("A member."));
    let (of_enum, of_value, of_attribute) =
        (note("An enumeration."), note("A value."), note("An attribute."));
    let set = types(&format!(
        r#"<xs:complexType name="T">{of_type}<xs:sequence><xs:element name="a" type="xs:int">{of_member}</xs:element></xs:sequence></xs:complexType>
           <xs:simpleType name="E">{of_enum}<xs:restriction base="xs:string"><xs:enumeration value="x">{of_value}</xs:enumeration></xs:restriction></xs:simpleType>
           <xs:complexType name="A"><xs:attribute name="x">{of_attribute}</xs:attribute></xs:complexType>"#
    ));
    assert_eq!(named(&set, "T").documentation.as_deref(), Some("A type."));
    assert_eq!(class(&set, "T").members[0].documentation.as_deref(), Some("A member."));
    let Shape::Enumeration(of) = &named(&set, "E").shape else { panic!() };
    assert_eq!(of.members[0].documentation.as_deref(), Some("A value."));
    assert_eq!(
        crate::written::structure(&set, "A").attributes[0].documentation.as_deref(),
        Some("An attribute.")
    );
    let described = crate::written::contract(
        "",
        r#"<w:message name="In"/>"#,
        r#"<w:operation name="Do"><w:documentation>Does it.</w:documentation><w:input message="t:In"/></w:operation>"#,
        r#"<w:operation name="Do"><w:input><soap:body use="literal"/></w:input></w:operation>"#,
    );
    assert_eq!(operation(&described, "Do").documentation.as_deref(), Some("Does it."));
}
