//! Attributes and attribute groups (XML Schema Part 1 §3.2, §3.5, §3.6).

use waxwing_xml::Element;

use super::annotation::annotation;
use super::reader::{Xsd, built_in, owned};
use crate::name::QName;
use crate::name::namespaces::XSD;
use crate::schema::model::{
    AttributeDeclaration, AttributeGroup, AttributeTerm, AttributeUsage, AttributeUse,
    TypeReference, Wildcard,
};

pub(super) fn global_attribute<'d>(
    xsd: &Xsd<'_, 'd>,
    element: Element<'d>,
) -> Option<AttributeDeclaration> {
    Some(declaration(xsd, element, xsd.own_name(element)?))
}

fn declaration<'d>(xsd: &Xsd<'_, 'd>, element: Element<'d>, name: QName) -> AttributeDeclaration {
    let named = xsd.reference(element, "type").map(TypeReference::Named);
    let type_reference = named.or_else(|| xsd.anonymous(element));
    AttributeDeclaration {
        name,
        type_reference: type_reference.unwrap_or_else(|| built_in("anySimpleType")),
        default: owned(element, "default"),
        fixed: owned(element, "fixed"),
        annotation: annotation(xsd, element),
        at: xsd.at(element),
    }
}

pub(super) fn attribute_group<'d>(
    xsd: &Xsd<'_, 'd>,
    element: Element<'d>,
) -> Option<AttributeGroup> {
    let name = xsd.own_name(element)?;
    let Attributes { attributes, attribute_groups, any_attribute } = attributes(xsd, element);
    Some(AttributeGroup {
        name,
        attributes,
        attribute_groups,
        any_attribute,
        annotation: annotation(xsd, element),
        at: xsd.at(element),
    })
}

/// What a type or a group says of attributes.
#[derive(Default)]
pub(super) struct Attributes {
    pub(super) attributes: Vec<AttributeUse>,
    pub(super) attribute_groups: Vec<QName>,
    pub(super) any_attribute: Option<Wildcard>,
}

/// The children of an element that are about attributes.
pub(super) fn attributes<'d>(xsd: &Xsd<'_, 'd>, element: Element<'d>) -> Attributes {
    let mut found = Attributes::default();
    for child in element.elements().filter(|child| child.namespace() == XSD) {
        match child.local_name() {
            "attribute" => found.attributes.extend(attribute_use(xsd, child)),
            "attributeGroup" => match xsd.reference(child, "ref") {
                Some(name) => found.attribute_groups.push(name),
                None => xsd.reading.missing(child, "ref"),
            },
            "anyAttribute" => found.any_attribute = Some(wildcard(child)),
            _ => {}
        }
    }
    found
}

fn attribute_use<'d>(xsd: &Xsd<'_, 'd>, element: Element<'d>) -> Option<AttributeUse> {
    let usage = match element.attribute("use").map(str::trim) {
        Some("required") => AttributeUsage::Required,
        Some("prohibited") => AttributeUsage::Prohibited,
        _ => AttributeUsage::Optional,
    };
    let reference = xsd.reference(element, "ref");
    let is_reference = reference.is_some();
    let attribute = match reference {
        Some(name) => AttributeTerm::Reference(name),
        None => {
            let name = xsd.local_name(element, xsd.attributes_qualified)?;
            AttributeTerm::Local(declaration(xsd, element, name))
        }
    };
    let of_reference = |attribute| owned(element, attribute).filter(|_| is_reference);
    let foreign = element.attributes().filter(|a| !a.name().namespace.is_empty());
    let foreign = foreign.map(|a| {
        let name = a.name();
        (QName::new(xsd.reading.namespace(name.namespace), name.local), a.value().to_owned())
    });
    Some(AttributeUse {
        attribute,
        usage,
        default: of_reference("default"),
        fixed: of_reference("fixed"),
        foreign: foreign.collect(),
        at: xsd.at(element),
    })
}

/// `xs:any` or `xs:anyAttribute` (§3.10).
pub(super) fn wildcard(element: Element<'_>) -> Wildcard {
    let namespace = element.attribute("namespace").map(str::trim);
    let process_contents = element.attribute("processContents").map(str::trim);
    Wildcard {
        namespace: namespace.unwrap_or("##any").to_owned(),
        namespace_written: namespace.is_some(),
        process_contents: process_contents.unwrap_or("strict").to_owned(),
    }
}
