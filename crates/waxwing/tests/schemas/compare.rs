//! Schemas as what they mean: without prefixes, order of top-level declarations, locations and attributes that say a default.

use std::collections::{BTreeMap, BTreeSet};

use waxwing::xml::{Document, Element, Limits, Node};
use waxwing_testkit::metadata;

const XSD: &str = "http://www.w3.org/2001/XMLSchema";

/// By target namespace, the declarations.
pub type Meaning = BTreeMap<String, BTreeSet<String>>;

/// What the documents of a folder of captures say, by their names `xsd=…`.
pub fn captured(folder: &str) -> Meaning {
    let folder = metadata::folder(folder);
    let schemas = folder.files.keys().filter(|name| name.starts_with("xsd="));
    schemas
        .map(|name| of(&Document::parse(folder.text(name), &Limits::default()).unwrap()))
        .collect()
}

/// What the schemas inside a WSDL document say, without that which only imports others.
pub fn of_wsdl(document: &Document) -> Meaning {
    let schemas = document.root().descendants_and_self().filter(|own| own.is(XSD, "schema"));
    let meaning = schemas.map(of_schema);
    meaning.filter(|(namespace, _)| !namespace.ends_with("/Imports")).collect()
}

/// The target namespace of a schema, and what it declares.
pub fn of(document: &Document) -> (String, BTreeSet<String>) {
    of_schema(document.root())
}

fn of_schema(root: Element<'_>) -> (String, BTreeSet<String>) {
    assert!(root.is(XSD, "schema"));
    let namespace = root.attribute("targetNamespace").unwrap_or_default().to_owned();
    let mut declarations: BTreeSet<String> = root.elements().map(text).collect();
    for form in ["elementFormDefault", "attributeFormDefault"] {
        declarations.insert(format!("{form} {}", root.attribute(form).unwrap_or("unqualified")));
    }
    (namespace, declarations)
}

/// Lines of what only one of them says: `-` of the first, `+` of the second.
pub fn difference(one: &Meaning, other: &Meaning) -> String {
    let lines = |meaning: &Meaning| -> BTreeSet<String> {
        let lines = meaning.iter().flat_map(|(namespace, declarations)| {
            declarations.iter().map(move |own| format!("{{{namespace}}} {own}"))
        });
        lines.collect()
    };
    let (one, other) = (lines(one), lines(other));
    let less = one.difference(&other).map(|line| format!("- {line}\n"));
    let more = other.difference(&one).map(|line| format!("+ {line}\n"));
    less.chain(more).collect()
}

fn text(element: Element<'_>) -> String {
    let mut attributes = BTreeSet::new();
    for attribute in element.attributes() {
        let (name, value) = (attribute.name().local, attribute.value());
        let default = match (element.local_name(), name) {
            ("import", "schemaLocation") => true,
            ("complexContent" | "complexType", "mixed") => value == "false",
            (_, "minOccurs" | "maxOccurs") => value == "1",
            _ => false,
        };
        if default {
            continue;
        }
        let value = match name {
            "type" | "base" | "ref" | "itemType" => expanded(element, value),
            _ => value.to_owned(),
        };
        attributes.insert(format!(" {name}={value}"));
    }
    let mut inner = String::new();
    for node in element.children() {
        match node {
            Node::Element(child) => inner.push_str(&text(child)),
            Node::Text(text) if !text.trim().is_empty() => inner.push_str(text.trim()),
            _ => {}
        }
    }
    let namespace = if element.namespace() == XSD { "" } else { element.namespace() };
    let attributes: String = attributes.into_iter().collect();
    format!("<{namespace}:{}{attributes}>{inner}</>", element.local_name())
}

fn expanded(element: Element<'_>, name: &str) -> String {
    let (prefix, local) = name.split_once(':').unwrap_or(("", name));
    format!("{{{}}}{local}", element.resolve_prefix(prefix).unwrap_or_default())
}
