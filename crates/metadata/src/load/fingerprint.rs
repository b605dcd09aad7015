//! Whether two things of one name are the same.

use std::hash::{DefaultHasher, Hash, Hasher};

use waxwing_xml::{Element, Node};

use crate::name::namespaces::{WSDL, XSD};
use crate::reading::Reading;
use crate::set::Fingerprints;

/// Attributes whose values are names: a prefix says nothing.
const NAMES: [&str; 9] = [
    "type",
    "element",
    "message",
    "binding",
    "base",
    "ref",
    "itemType",
    "substitutionGroup",
    "memberTypes",
];

/// Fingerprints of the global things of definitions, and of the schemas inside.
pub(super) fn of_definitions(reading: &Reading<'_>, element: Element<'_>, into: &mut Fingerprints) {
    for child in element.elements().filter(|child| child.namespace() == WSDL) {
        if child.local_name() == "types" {
            let schemas = child.elements().filter(|inside| inside.is(XSD, "schema"));
            schemas.for_each(|schema| of_schema(reading, schema, into));
        } else {
            into.insert(reading.at(child), fingerprint(child));
        }
    }
}

/// Fingerprints of the global components of a schema.
pub(super) fn of_schema(reading: &Reading<'_>, element: Element<'_>, into: &mut Fingerprints) {
    for child in element.elements().filter(|child| child.namespace() == XSD) {
        into.insert(reading.at(child), fingerprint(child));
    }
}

/// Names, values and texts, without prefixes, documentation and white space between elements.
fn fingerprint(element: Element<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    hash(element, &mut hasher);
    hasher.finish()
}

/// As deep as the parser allows.
fn hash(element: Element<'_>, hasher: &mut DefaultHasher) {
    (element.namespace(), element.local_name()).hash(hasher);
    let mut attributes: Vec<_> = element.attributes().collect();
    attributes.sort_by_key(|a| (a.name().namespace, a.name().local));
    for attribute in attributes {
        let name = attribute.name();
        (name.namespace, name.local).hash(hasher);
        match element.resolve_qname(attribute.value()) {
            Some(resolved) if NAMES.contains(&name.local) => resolved.hash(hasher),
            _ => attribute.value().hash(hasher),
        }
    }
    for child in element.children() {
        match child {
            Node::Element(child)
                if matches!(child.local_name(), "annotation" | "documentation") => {}
            Node::Element(child) => hash(child, hasher),
            Node::Text(text) if !text.trim().is_empty() => text.trim().hash(hasher),
            Node::Text(_) | Node::Comment(_) | Node::ProcessingInstruction(_) => {}
        }
    }
    0xFFu8.hash(hasher);
}
