//! Simple types.

use super::annotations::{actual_type, enumeration_value};
use super::importer::{Candidate, Importer, Place, Use};
use crate::contract::built_in::is_text;
use crate::contract::types::{Enumeration, EnumerationMember, Fall, Shape};
use crate::name::QName;
use crate::schema::{Annotation, Facet, SimpleType, TypeDefinition, TypeKind, TypeReference};

/// How many restrictions are followed to see whether an enumeration is one of names.
const MAX_RESTRICTIONS: usize = 64;

impl<'a> Importer<'a> {
    /// A simple type: an enumeration, the type that it restricts with facets, a list, a union.
    pub(super) fn simple(
        &mut self,
        definition: &'a TypeDefinition,
        simple: &'a SimpleType,
        place: &Place<'_>,
    ) -> (Candidate, Shape) {
        match simple {
            SimpleType::Restriction { base, facets } => {
                if let Some(of) = self.enumeration(definition, simple, false) {
                    return (Candidate::of(of.clone()), of);
                }
                self.restriction(definition, base, facets, place)
            }
            SimpleType::List { item } => {
                if let Some(flags) = self.flags(definition, item) {
                    return (Candidate::of(flags.clone()), flags);
                }
                let reason = "list that is not of an anonymous enumeration";
                let id = self.reference(item, inside(place, "Item"), &definition.at);
                (fallen(reason, definition), Shape::List(id))
            }
            SimpleType::Union { members } => {
                let members = members.iter().enumerate().map(|(index, member)| {
                    let place = inside(place, &format!("Member{}", index + 1));
                    self.reference(member, place, &definition.at)
                });
                let members = members.collect();
                (fallen("union", definition), Shape::Union(members))
            }
        }
    }

    fn restriction(
        &mut self,
        definition: &'a TypeDefinition,
        base: &'a TypeReference,
        facets: &[Facet],
        place: &Place<'_>,
    ) -> (Candidate, Shape) {
        let base = self.reference(base, inside(place, "Base"), &definition.at);
        let facets = facets.iter().map(|facet| (facet.name.clone(), facet.value.clone()));
        let shape = Shape::Simple { base, facets: facets.collect() };
        let mut candidate = Candidate::of(shape.clone());
        candidate.uses.push(Use { of: base, role: "base".to_owned() });
        (candidate, shape)
    }

    /// An enumeration of names: a restriction of a text, or of another enumeration, that lists values.
    ///
    /// WCF takes only `xs:string` with nothing but values, and drops the values of others; here all are kept, since they are
    /// the same on the wire.
    fn enumeration(
        &self,
        definition: &TypeDefinition,
        simple: &SimpleType,
        flags: bool,
    ) -> Option<Shape> {
        let SimpleType::Restriction { base, facets } = simple else { return None };
        if !facets.iter().any(is_value) || !self.is_text(base) {
            return None;
        }
        let members = facets.iter().filter(|facet| is_value(facet)).enumerate();
        let members = members.map(|(index, facet)| EnumerationMember {
            text: facet.value.clone(),
            value: enumeration_value(&facet.annotation)
                .unwrap_or_else(|| default_value(flags, index)),
            documentation: facet.annotation.documentation.clone(),
        });
        let underlying = underlying(&definition.annotation);
        Some(Shape::Enumeration(Enumeration { members: members.collect(), flags, underlying }))
    }

    /// `[Flags]`: a list of an enumeration in place. (A list of a named one is a list of single values.)
    fn flags(&self, definition: &TypeDefinition, item: &TypeReference) -> Option<Shape> {
        let TypeReference::Anonymous(item) = item else { return None };
        let TypeKind::Simple(simple) = &item.kind else { return None };
        self.enumeration(definition, simple, true)
    }

    /// Whether a type's values are text.
    fn is_text(&self, reference: &TypeReference) -> bool {
        let mut reference = reference;
        for _ in 0..MAX_RESTRICTIONS {
            let definition = match reference {
                TypeReference::Named(name) if is_text(name) => return true,
                TypeReference::Named(name) => match self.set.type_definition(name) {
                    Some(definition) => definition,
                    None => return false,
                },
                TypeReference::Anonymous(definition) => definition,
            };
            match &definition.kind {
                TypeKind::Simple(SimpleType::Restriction { base, .. }) => reference = base,
                _ => return false,
            }
        }
        false
    }
}

/// The numbers that members have which are not told any: their place, of flags a bit.
fn default_value(flags: bool, index: usize) -> i64 {
    let index = i64::try_from(index).unwrap_or(i64::MAX);
    match flags {
        true => u32::try_from(index).ok().and_then(|bit| 1i64.checked_shl(bit)).unwrap_or(0),
        false => index,
    }
}

fn is_value(facet: &Facet) -> bool {
    facet.name == "enumeration"
}

/// `ActualType` of an enumeration.
fn underlying(annotation: &Annotation) -> Option<QName> {
    actual_type(annotation)
}

fn inside<'p>(place: &Place<'p>, part: &str) -> Place<'p> {
    Place::new(place.namespace, format!("{}.{part}", place.title))
}

fn fallen(reason: &str, definition: &TypeDefinition) -> Candidate {
    Candidate::fallen(Fall { reason: reason.to_owned(), at: definition.at.clone() })
}
