//! Simple types (XML Schema Part 1 §3.14, Part 2 §4.1).

use waxwing_xml::Element;

use super::annotation::annotation;
use super::reader::{Xsd, built_in};
use crate::finding::{Finding, Severity};
use crate::name::namespaces::XSD;
use crate::schema::model::{Facet, SimpleType, TypeReference};

pub(super) fn simple_type<'d>(xsd: &Xsd<'_, 'd>, element: Element<'d>) -> SimpleType {
    let children = element.elements().filter(|child| child.namespace() == XSD);
    for child in children {
        match child.local_name() {
            "restriction" => {
                let base = named_or_inside(xsd, child, "base");
                return SimpleType::Restriction { base, facets: facets(xsd, child) };
            }
            "list" => return SimpleType::List { item: named_or_inside(xsd, child, "itemType") },
            "union" => return SimpleType::Union { members: members(xsd, child) },
            _ => {}
        }
    }
    let told = "<simpleType> says neither restriction, list nor union";
    let found = Finding::new("incomplete-type", Severity::Warning, told);
    xsd.reading.found(found.at(xsd.at(element)).help("it is taken for any simple type"));
    SimpleType::Restriction { base: built_in("anySimpleType"), facets: Vec::new() }
}

/// A type by the name in an attribute, or the simple type inside.
fn named_or_inside<'d>(xsd: &Xsd<'_, 'd>, element: Element<'d>, attribute: &str) -> TypeReference {
    if let Some(name) = xsd.reference(element, attribute) {
        return TypeReference::Named(name);
    }
    xsd.anonymous(element).unwrap_or_else(|| {
        xsd.reading.missing(element, attribute);
        built_in("anySimpleType")
    })
}

fn members<'d>(xsd: &Xsd<'_, 'd>, element: Element<'d>) -> Vec<TypeReference> {
    let names = element.attribute("memberTypes").unwrap_or_default().split_whitespace();
    let named = names.map(|text| xsd.reference_of(element, "memberTypes", text));
    let mut found: Vec<_> = named.map(TypeReference::Named).collect();
    for child in element.elements().filter(|child| child.is(XSD, "simpleType")) {
        found.push(TypeReference::Anonymous(Box::new((xsd.define)(xsd, child, None))));
    }
    found
}

/// The facets of a restriction (Part 2 §4.3): every child with a value.
pub(super) fn facets<'d>(xsd: &Xsd<'_, 'd>, element: Element<'d>) -> Vec<Facet> {
    let children = element.elements().filter(|child| child.namespace() == XSD);
    let facets = children.filter_map(|child| {
        Some(Facet {
            name: child.local_name().to_owned(),
            value: child.attribute("value")?.to_owned(),
            annotation: annotation(xsd, child),
            at: xsd.at(child),
        })
    });
    facets.collect()
}
