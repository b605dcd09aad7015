//! Global components, and the definitions of types.

use waxwing_xml::Element;

use super::annotation::annotation;
use super::attributes::{attribute_group, global_attribute};
use super::complex::complex_type;
use super::elements::global_element;
use super::particles::group;
use super::reader::Xsd;
use super::simple::simple_type;
use crate::name::QName;
use crate::schema::model::{Schema, TypeDefinition, TypeKind};

/// A global component.
pub(super) fn component<'d>(xsd: &Xsd<'_, 'd>, child: Element<'d>, found: &mut Schema) {
    match child.local_name() {
        "element" => found.elements.extend(global_element(xsd, child)),
        "attribute" => found.attributes.extend(global_attribute(xsd, child)),
        "simpleType" | "complexType" => {
            if let Some(name) = xsd.own_name(child) {
                found.types.push(type_definition(xsd, child, Some(name)));
            }
        }
        "group" => found.groups.extend(group(xsd, child)),
        "attributeGroup" => found.attribute_groups.extend(attribute_group(xsd, child)),
        _ => xsd.reading.misplaced(child, "<schema>"),
    }
}

/// `xs:simpleType` or `xs:complexType`.
pub(super) fn type_definition<'d>(
    xsd: &Xsd<'_, 'd>,
    element: Element<'d>,
    name: Option<QName>,
) -> TypeDefinition {
    let kind = match element.local_name() {
        "simpleType" => TypeKind::Simple(simple_type(xsd, element)),
        _ => TypeKind::Complex(complex_type(xsd, element)),
    };
    let annotation = annotation(xsd, element);
    TypeDefinition { name, at: xsd.at(element), annotation, kind }
}
