//! Documents that a test writes.

use std::collections::BTreeMap;

use waxwing_metadata::contract::{Class, ContractSet, Operation, Shape, Structure, Tier, Type};
use waxwing_metadata::load::{LoadOptions, folder};
use waxwing_metadata::{MetadataSet, QName};

/// The namespace of schemas that a test writes.
pub(crate) const URN: &str = "urn:t";

fn set(name: &str, text: String) -> MetadataSet {
    let files = BTreeMap::from([(name.to_owned(), text.into_bytes())]);
    let set = folder("test", &files, LoadOptions::default());
    let errors: Vec<_> = set.findings().iter().filter(|f| f.code != "missing-import").collect();
    assert!(errors.is_empty(), "{errors:?}");
    set
}

/// The prefixes of what a test writes.
const PREFIXES: &str = r#"xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t"
    xmlns:ser="http://schemas.microsoft.com/2003/10/Serialization/""#;

/// The types of a schema with qualified elements.
pub(crate) fn types(inside: &str) -> ContractSet {
    let text = format!(
        r#"<xs:schema targetNamespace="urn:t" elementFormDefault="qualified" {PREFIXES}>{inside}</xs:schema>"#
    );
    let set = set("t.xsd", text);
    ContractSet::of_bindings(&set, [])
}

/// A contract: messages, operations of the port type, operations of the binding; with a schema.
pub(crate) fn contract(
    schema: &str,
    messages: &str,
    port_type: &str,
    binding: &str,
) -> ContractSet {
    let text = format!(
        r#"<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" targetNamespace="urn:t" {PREFIXES}
            xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:mime="http://schemas.xmlsoap.org/wsdl/mime/"
            xmlns:wsaw="http://www.w3.org/2006/05/addressing/wsdl"
            xmlns:msc="http://schemas.microsoft.com/ws/2005/12/wsdl/contract">
        <w:types><xs:schema targetNamespace="urn:t" elementFormDefault="qualified">{schema}</xs:schema></w:types>
        {messages}
        <w:portType name="P" msc:usingSession="true">{port_type}</w:portType>
        <w:binding name="B" type="t:P">
        <soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>{binding}</w:binding>
        </w:definitions>"#
    );
    let set = set("t.wsdl", text);
    ContractSet::of_bindings(&set, &[QName::new(URN, "B")])
}

/// The operation of this name.
pub(crate) fn operation<'c>(set: &'c ContractSet, name: &str) -> &'c Operation {
    let all = set.contracts.iter().flat_map(|contract| &contract.operations);
    all.into_iter().find(|operation| operation.name == name).expect("the operation")
}

/// The type of this title.
pub(crate) fn named<'c>(set: &'c ContractSet, title: &str) -> &'c Type {
    let found = set.types.iter().find(|(_, of)| of.title == title);
    found.unwrap_or_else(|| panic!("no type {title}")).1
}

/// The class of this title.
pub(crate) fn class<'c>(set: &'c ContractSet, title: &str) -> &'c Class {
    match &named(set, title).shape {
        Shape::Class(class) => class,
        other => panic!("{title}: {other:?}, {:?}", named(set, title).fall),
    }
}

/// The XML type of this title.
pub(crate) fn structure<'c>(set: &'c ContractSet, title: &str) -> &'c Structure {
    let of = named(set, title);
    assert_eq!(of.tier, Tier::Xml, "{title}");
    of.structure().expect("a complex type")
}

/// Why the type of this title is no data contract.
pub(crate) fn reason(set: &ContractSet, title: &str) -> String {
    let of = named(set, title);
    let fall = of.fall.as_ref().unwrap_or_else(|| panic!("{title} is {:?}", of.shape));
    assert!(fall.at.line > 0, "{title}: {fall:?}");
    fall.reason.clone()
}
