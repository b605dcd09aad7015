//! Discovery documents of ASP.NET.

use waxwing_xml::Element;

use super::reference::{Reference, ReferenceKind};
use crate::reading::Reading;

/// The WSDL, the schemas and the further discovery documents that a discovery document names.
pub(super) fn discovery<'d>(reading: &Reading<'d>, root: Element<'d>) -> Vec<Reference> {
    let is_reference = |element: &Element<'_>| {
        matches!(element.local_name(), "contractRef" | "schemaRef" | "discoveryRef")
    };
    let references = root.elements().filter(is_reference).filter_map(|element| {
        Some(Reference {
            kind: ReferenceKind::Discovery,
            written: element.attribute("ref")?.to_owned(),
            namespace: String::new(),
            at: reading.at(element),
        })
    });
    references.collect()
}
