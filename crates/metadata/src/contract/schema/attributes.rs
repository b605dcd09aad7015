//! Attributes of complex types, groups resolved.

use std::collections::BTreeSet;

use super::importer::{Importer, Place};
use crate::contract::built_in::xml_attribute;
use crate::contract::names::decode;
use crate::contract::types::{Attribute, Structure};
use crate::name::QName;
use crate::schema::{AttributeTerm, AttributeUsage, AttributeUse, ComplexType, Wildcard};

/// How deep attribute groups are followed; a circle ends here.
const MAX_DEPTH: usize = 32;

impl<'a> Importer<'a> {
    /// Adds the attributes of a type.
    pub(super) fn attributes(
        &mut self,
        of: &mut Structure,
        complex: &'a ComplexType,
        place: &Place<'_>,
    ) {
        let written = Written {
            attributes: &complex.attributes,
            groups: &complex.attribute_groups,
            any: complex.any_attribute.as_ref(),
        };
        self.add_attributes(of, &written, place, 0);
        let mut known = BTreeSet::new();
        of.attributes.retain(|attribute| known.insert(attribute.name.clone()));
    }

    fn add_attributes(
        &mut self,
        of: &mut Structure,
        written: &Written<'a>,
        place: &Place<'_>,
        depth: usize,
    ) {
        for usage in written.attributes {
            if usage.usage == AttributeUsage::Prohibited {
                continue;
            }
            if depth > 0 && !self.spend() {
                self.too_complex(&usage.at);
                return;
            }
            let attribute = self.attribute(usage, place);
            of.attributes.push(attribute);
        }
        of.any_attribute |= written.any.is_some();
        if depth == MAX_DEPTH {
            return;
        }
        for name in written.groups {
            if !self.spend() {
                return;
            }
            let Some(group) = self.set.attribute_group(name) else { continue };
            let written = Written {
                attributes: &group.attributes,
                groups: &group.attribute_groups,
                any: group.any_attribute.as_ref(),
            };
            self.add_attributes(of, &written, place, depth + 1);
        }
    }

    fn attribute(&mut self, usage: &'a AttributeUse, place: &Place<'_>) -> Attribute {
        let (name, type_id, declared) = match &usage.attribute {
            AttributeTerm::Local(declared) => {
                let title = format!("{}.{}", place.title, decode(&declared.name.local));
                let inside = Place::new(place.namespace, title);
                let id = self.reference(&declared.type_reference, inside, &declared.at);
                (&declared.name, id, Some(declared))
            }
            AttributeTerm::Reference(name) => match self.set.attribute(name) {
                Some(declared) => {
                    let inside = Place::new(&name.namespace, decode(&name.local));
                    let id = self.reference(&declared.type_reference, inside, &declared.at);
                    (name, id, Some(declared))
                }
                None => {
                    let of = xml_attribute(name)
                        .unwrap_or_else(|| crate::contract::built_in::xsd("string"));
                    (name, self.named(&of, None), None)
                }
            },
        };
        let declared_default = declared.and_then(|declared| declared.default.clone());
        let declared_fixed = declared.and_then(|declared| declared.fixed.clone());
        Attribute {
            name: QName::clone(name),
            type_id,
            required: usage.usage == AttributeUsage::Required,
            default: usage.default.clone().or(declared_default),
            fixed: usage.fixed.clone().or(declared_fixed),
            documentation: declared.and_then(|declared| declared.annotation.documentation.clone()),
            at: usage.at.clone(),
        }
    }
}

/// Attributes as a type or a group lists them.
struct Written<'a> {
    attributes: &'a [AttributeUse],
    groups: &'a [QName],
    any: Option<&'a Wildcard>,
}
