//! Complex types (XML Schema Part 1 §3.4).

use waxwing_xml::Element;

use super::attributes::{Attributes, attributes};
use super::particles::content;
use super::reader::Xsd;
use super::simple::facets;
use crate::name::QName;
use crate::name::namespaces::XSD;
use crate::schema::model::{ComplexType, Content, Derivation};

pub(super) fn complex_type<'d>(xsd: &Xsd<'_, 'd>, element: Element<'d>) -> ComplexType {
    let derived = ["complexContent", "simpleContent"].iter().find_map(|local| {
        let holder = element.child(XSD, local)?;
        let step = holder.elements().find(|child| child.namespace() == XSD && is_step(*child))?;
        Some((holder, step))
    });
    let (holder, body) = derived.unwrap_or((element, element));
    let content = match derived {
        None => Content::Particle(content(xsd, element)),
        Some((holder, step)) => derivation(xsd, holder, step),
    };
    let Attributes { attributes, attribute_groups, any_attribute } = attributes(xsd, body);
    ComplexType {
        is_abstract: xsd.flag(element, "abstract"),
        mixed: xsd.flag(element, "mixed") || xsd.flag(holder, "mixed"),
        content,
        attributes,
        attribute_groups,
        any_attribute,
    }
}

fn is_step(element: Element<'_>) -> bool {
    matches!(element.local_name(), "extension" | "restriction")
}

fn derivation<'d>(xsd: &Xsd<'_, 'd>, holder: Element<'d>, step: Element<'d>) -> Content {
    let derivation = match step.local_name() {
        "extension" => Derivation::Extension,
        _ => Derivation::Restriction,
    };
    let base = xsd.reference(step, "base").unwrap_or_else(|| {
        xsd.reading.missing(step, "base");
        QName::new(XSD, "anyType")
    });
    match holder.local_name() {
        "simpleContent" => Content::Simple { derivation, base, facets: facets(xsd, step) },
        _ => Content::Complex { derivation, base, particle: content(xsd, step) },
    }
}
