//! Element declarations (XML Schema Part 1 §3.3).

use waxwing_xml::Element;

use super::annotation::annotation;
use super::reader::{Xsd, built_in, owned};
use crate::name::QName;
use crate::schema::model::{ElementDeclaration, TypeReference};

pub(super) fn global_element<'d>(
    xsd: &Xsd<'_, 'd>,
    element: Element<'d>,
) -> Option<ElementDeclaration> {
    Some(declaration(xsd, element, xsd.own_name(element)?))
}

pub(super) fn local_element<'d>(
    xsd: &Xsd<'_, 'd>,
    element: Element<'d>,
) -> Option<ElementDeclaration> {
    let name = xsd.local_name(element, xsd.elements_qualified)?;
    Some(declaration(xsd, element, name))
}

fn declaration<'d>(xsd: &Xsd<'_, 'd>, element: Element<'d>, name: QName) -> ElementDeclaration {
    let named = xsd.reference(element, "type").map(TypeReference::Named);
    let written = named.or_else(|| xsd.anonymous(element));
    // A list of heads is of XML Schema 1.1; the first one is enough to find the element.
    let groups = element.attribute("substitutionGroup").unwrap_or_default();
    let group = groups.split_whitespace().next();
    ElementDeclaration {
        name,
        type_written: written.is_some(),
        type_reference: written.unwrap_or_else(|| built_in("anyType")),
        nillable: xsd.flag(element, "nillable"),
        default: owned(element, "default"),
        fixed: owned(element, "fixed"),
        is_abstract: xsd.flag(element, "abstract"),
        substitution_group: group.map(|t| xsd.reference_of(element, "substitutionGroup", t)),
        annotation: annotation(xsd, element),
        at: xsd.at(element),
    }
}
