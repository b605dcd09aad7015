//! `xs:annotation` (XML Schema Part 1 §3.13).

use waxwing_xml::Element;

use super::reader::Xsd;
use crate::name::namespaces::XSD;
use crate::reading::{detached, documentation};
use crate::schema::model::Annotation;

/// The most `xs:appinfo` kept of a component: WCF looks into the first only, and each costs a document.
const MAX_APPLICATION_INFORMATION: usize = 4;

pub(super) fn annotation<'d>(_: &Xsd<'_, 'd>, element: Element<'d>) -> Annotation {
    let mut found = Annotation::default();
    let mut texts = Vec::new();
    let annotations = element.elements().filter(|child| child.is(XSD, "annotation"));
    for child in annotations.flat_map(|annotation| annotation.elements()) {
        if child.is(XSD, "documentation") {
            texts.extend(documentation(&whole_text(child)));
        } else if child.is(XSD, "appinfo")
            && child.first_element().is_some()
            && found.application_information.len() < MAX_APPLICATION_INFORMATION
        {
            found.application_information.push(detached(child));
        }
    }
    if !texts.is_empty() {
        found.documentation = Some(texts.join("\n\n"));
    }
    found
}

/// The text with that of elements inside: some write HTML.
fn whole_text(element: Element<'_>) -> String {
    match element.first_element() {
        None => element.text().into_owned(),
        Some(_) => element.descendants_and_self().map(|e| e.text().into_owned()).collect(),
    }
}
