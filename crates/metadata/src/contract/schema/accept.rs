//! Which complex types are data contracts: the rules of WCF's `SchemaImporter`.

use std::collections::{BTreeMap, BTreeSet};

use super::annotations::{actual_type, emit_default, generic_type, is_dictionary, is_value_type};
use super::importer::{Candidate, Importer, Place, Use};
use crate::contract::built_in::built_in;
use crate::contract::components::type_of;
use crate::contract::types::{Class, Fall, Member, Particle, Shape, Structure};
use crate::location::At;
use crate::name::{QName, namespaces};
use crate::schema::{
    AttributeTerm, AttributeUsage, AttributeUse, ComplexType, Content, Derivation,
    ElementDeclaration, Particle as Written, Term, TypeDefinition, Wildcard,
};

/// The elements of the XML type by their names.
type Elements<'s> = BTreeMap<&'s QName, &'s Member>;

/// The members of a class as they come.
#[derive(Default)]
struct Members<'s> {
    members: Vec<Member>,
    uses: Vec<Use>,
    seen: BTreeSet<&'s QName>,
}

impl<'a> Importer<'a> {
    /// A complex type as a data contract, or why it is none.
    pub(super) fn accept(
        &mut self,
        definition: &'a TypeDefinition,
        complex: &'a ComplexType,
        structure: &Structure,
        place: &Place<'_>,
    ) -> Candidate {
        let accepted = self.accepted(definition, complex, structure, place);
        accepted.unwrap_or_else(|fall| match xml(definition, complex) {
            Some(shape) => Candidate::of(shape),
            None => Candidate::fallen(fall),
        })
    }

    fn accepted(
        &mut self,
        definition: &'a TypeDefinition,
        complex: &'a ComplexType,
        structure: &Structure,
        place: &Place<'_>,
    ) -> Result<Candidate, Fall> {
        let (particle, is_derived) = root(definition, complex)?;
        let is_reference = of_serialization(complex)?;
        let items = match particle {
            None => &[][..],
            Some(particle) => sequence(particle)?,
        };
        let elements = elements(structure);
        let items: Vec<&Written> = items.iter().filter(|item| !is_skipped(item)).collect();
        if let (false, [item]) = (is_derived, &items[..])
            && let Term::Element(element) = &item.term
            && item.max_occurs != Some(1)
        {
            self.named_as_its_element(definition)?;
            return collection(definition, item, element, &elements, place);
        }
        if let [item] = &items[..]
            && let Term::Any(wildcard) = &item.term
            && has_attributes(complex)
        {
            return serializable(item, wildcard, complex);
        }
        self.named_as_its_element(definition)?;
        let mut members = Members::default();
        for item in items {
            self.data_member(item, &elements, place, &mut members)?;
        }
        let Members { members, mut uses, .. } = members;
        if let Some(base) = structure.base {
            uses.push(Use { of: base, role: "base".to_owned() });
        }
        let class = Class {
            base: structure.base,
            members,
            is_reference,
            is_value_type: is_value_type(&definition.annotation),
            generic: generic_type(&definition.annotation),
            derived: Vec::new(),
        };
        Ok(Candidate { shape: Ok(Shape::Class(class)), uses, is_dictionary: false })
    }

    /// A global element of the type's own name must be of that type: WCF finds the element by the name of the contract.
    fn named_as_its_element(&self, definition: &TypeDefinition) -> Result<(), Fall> {
        let Some(name) = &definition.name else { return Ok(()) };
        let Some(element) = self.set.element(name) else { return Ok(()) };
        let crate::schema::TypeReference::Named(of) = type_of(self.set, element) else {
            return Err(fall(format!("element {} has another type", name.local), &element.at));
        };
        if of != name {
            return Err(fall(format!("element {} has another type", name.local), &element.at));
        }
        unsupported(element)
    }

    /// `ImportClassMember`.
    fn data_member(
        &mut self,
        item: &'a Written,
        elements: &Elements<'_>,
        place: &Place<'_>,
        members: &mut Members<'a>,
    ) -> Result<(), Fall> {
        let element = match &item.term {
            Term::Element(element) => element,
            Term::ElementReference(_) => return Err(fall("ref", &item.at)),
            term => return Err(fall(format!("{} in the sequence", term_name(term)), &item.at)),
        };
        let local = &element.name.local;
        if item.max_occurs != Some(1) || item.min_occurs > 1 {
            return Err(fall("repeated element among others", &item.at));
        }
        qualified(element, place)?;
        unsupported(element)?;
        let member = elements.get(&element.name).filter(|_| members.seen.insert(&element.name));
        let Some(mut member) = member.map(|&member| member.clone()) else {
            return Err(fall("repeated element among others", &item.at));
        };
        if let Some(actual) = actual_type(&element.annotation) {
            member.type_id = self.named(&actual, Some(&element.at));
        }
        member.emit_default = emit_default(&element.annotation).unwrap_or(true);
        member.order = order(&members.members, &member);
        members.uses.push(Use { of: member.type_id, role: format!("member {local}") });
        members.members.push(member);
        Ok(())
    }
}

/// `ImportCollection`.
fn collection(
    definition: &TypeDefinition,
    item: &Written,
    element: &ElementDeclaration,
    elements: &Elements<'_>,
    place: &Place<'_>,
) -> Result<Candidate, Fall> {
    qualified(element, place)?;
    unsupported(element)?;
    let Some(&member) = elements.get(&element.name) else {
        return Err(fall("collection without items", &item.at));
    };
    Ok(Candidate {
        shape: Ok(Shape::Collection(Box::new(member.clone()))),
        uses: vec![Use { of: member.type_id, role: "item".to_owned() }],
        is_dictionary: is_dictionary(&definition.annotation),
    })
}

fn elements(structure: &Structure) -> Elements<'_> {
    let members = structure.content.iter().rev().filter_map(|particle| match particle {
        Particle::Element(member) => Some((&member.name, member)),
        _ => None,
    });
    members.collect()
}

/// `XmlElement` and `XmlNode[]`, which WCF knows as anonymous types only; and the body of a message that is any XML.
fn xml(definition: &TypeDefinition, complex: &ComplexType) -> Option<Shape> {
    if let Some(name) = &definition.name {
        return name.is(namespaces::MESSAGE, "MessageBody").then_some(Shape::Xml { nodes: true });
    }
    if complex.is_abstract || complex.mixed || has_attributes(complex) {
        return None;
    }
    let Content::Particle(Some(particle)) = &complex.content else { return None };
    let Term::Sequence(items) = &particle.term else { return None };
    let [item] = &items[..] else { return None };
    let Term::Any(wildcard) = &item.term else { return None };
    if wildcard.namespace_written {
        return None;
    }
    match (item.max_occurs, &complex.any_attribute) {
        (Some(1), None) => Some(Shape::Xml { nodes: false }),
        (None, Some(_)) => Some(Shape::Xml { nodes: true }),
        _ => None,
    }
}

/// The particle of a type, and whether it has a base class.
fn root<'a>(
    definition: &TypeDefinition,
    complex: &'a ComplexType,
) -> Result<(Option<&'a Written>, bool), Fall> {
    let at = &definition.at;
    let found = match &complex.content {
        Content::Simple { .. } => return Err(fall("simpleContent", at)),
        Content::Particle(_) if complex.is_abstract => return Err(fall("abstract", at)),
        Content::Particle(particle) => (particle.as_ref(), false),
        // WCF asks only types without a base whether they are abstract.
        Content::Complex { derivation, base, particle } => {
            if is_redefined(base) {
                return Err(fall("redefine", at));
            }
            let of_any = base.is(namespaces::XSD, "anyType");
            if *derivation == Derivation::Restriction && !of_any {
                return Err(fall("restriction of a complex type", at));
            }
            (particle.as_ref(), !of_any)
        }
    };
    if complex.mixed {
        return Err(fall("mixed", at));
    }
    Ok(found)
}

/// The name that a type has which another document redefines.
fn is_redefined(base: &QName) -> bool {
    base.local.ends_with(".redefined")
}

/// `ImportAttributes`: none but those of the serialization schema. Whether `ser:Id` and `ser:Ref` are among them.
fn of_serialization(complex: &ComplexType) -> Result<bool, Fall> {
    if complex.any_attribute.is_some() {
        return Err(fall("anyAttribute", &place_of(complex)));
    }
    let (mut id, mut reference) = (false, false);
    for usage in &complex.attributes {
        if usage.usage == AttributeUsage::Prohibited {
            continue;
        }
        match serialization_attribute(usage) {
            Some("Id") => id = true,
            Some("Ref") => reference = true,
            Some(_) if usage.usage != AttributeUsage::Required => {}
            _ => return Err(fall(format!("attribute {}", attribute_name(usage)), &usage.at)),
        }
    }
    // WCF does not notice them, and would lose what they hold.
    if let Some(group) = complex.attribute_groups.first() {
        return Err(fall(format!("attributeGroup {}", group.local), &place_of(complex)));
    }
    Ok(id && reference)
}

/// Where something of the type is written that has no place of its own.
fn place_of(complex: &ComplexType) -> At {
    match (&complex.content, complex.attributes.first()) {
        (Content::Particle(Some(p)) | Content::Complex { particle: Some(p), .. }, _) => {
            p.at.clone()
        }
        (_, Some(usage)) => usage.at.clone(),
        _ => At::nowhere(),
    }
}

fn serialization_attribute(usage: &AttributeUse) -> Option<&str> {
    match &usage.attribute {
        AttributeTerm::Reference(name) if *name.namespace == *namespaces::SERIALIZATION => {
            Some(&name.local)
        }
        _ => None,
    }
}

fn attribute_name(usage: &AttributeUse) -> &str {
    match &usage.attribute {
        AttributeTerm::Reference(name) => &name.local,
        AttributeTerm::Local(declared) => &declared.name.local,
    }
}

/// Attributes that are there, of any kind but prohibited.
fn has_attributes(complex: &ComplexType) -> bool {
    !complex.attribute_groups.is_empty()
        || complex.attributes.iter().any(|usage| usage.usage != AttributeUsage::Prohibited)
}

/// The items of the sequence at the root.
fn sequence(particle: &Written) -> Result<&[Written], Fall> {
    match &particle.term {
        Term::Sequence(items) if particle.min_occurs == 1 && particle.max_occurs == Some(1) => {
            Ok(items)
        }
        Term::Sequence(_) => Err(fall("sequence minOccurs/maxOccurs", &particle.at)),
        term => Err(fall(format!("{} instead of sequence", term_name(term)), &particle.at)),
    }
}

/// Optional references to elements of the serialization namespace that are not in its schema, which WCF skips.
fn is_skipped(item: &Written) -> bool {
    let Term::ElementReference(name) = &item.term else { return false };
    let is_known = || built_in(name).is_some();
    item.min_occurs == 0 && *name.namespace == *namespaces::SERIALIZATION && !is_known()
}

/// `ISerializable`: elements of no namespace, whose type the attribute `ser:FactoryType` tells.
fn serializable(
    item: &Written,
    wildcard: &Wildcard,
    complex: &ComplexType,
) -> Result<Candidate, Fall> {
    let any = item.min_occurs == 0
        && item.max_occurs.is_none()
        && wildcard.namespace == "##local"
        && wildcard.process_contents == "skip";
    let factory = complex
        .attributes
        .iter()
        .any(|usage| serialization_attribute(usage) == Some("FactoryType"));
    match any && factory {
        true => Ok(Candidate::of(Shape::Serializable { factory_type: None })),
        false => Err(fall("any in the sequence", &item.at)),
    }
}

fn qualified(element: &ElementDeclaration, place: &Place<'_>) -> Result<(), Fall> {
    match element.name.namespace.is_empty() && !place.namespace.is_empty() {
        true => Err(fall("unqualified element", &element.at)),
        false => Ok(()),
    }
}

/// `CheckIfElementUsesUnsupportedConstructs`.
fn unsupported(element: &ElementDeclaration) -> Result<(), Fall> {
    let local = &element.name.local;
    let reason = if element.is_abstract {
        "abstract"
    } else if element.default.is_some() {
        "default"
    } else if element.fixed.is_some() {
        "fixed"
    } else if element.substitution_group.is_some() {
        "substitutionGroup"
    } else {
        return Ok(());
    };
    Err(fall(format!("member {local}: {reason}"), &element.at))
}

/// The `Order` of the next member: its place, from the first one on that would not come last by its name.
fn order(before: &[Member], member: &Member) -> Option<i32> {
    let last = before.last()?;
    let sorted = || last.name.local.encode_utf16().lt(member.name.local.encode_utf16());
    let natural = last.order.is_none() && sorted();
    (!natural).then(|| i32::try_from(before.len()).unwrap_or(i32::MAX))
}

fn term_name(term: &Term) -> &'static str {
    match term {
        Term::Element(_) => "element",
        Term::ElementReference(_) => "ref",
        Term::Sequence(_) => "sequence",
        Term::Choice(_) => "choice",
        Term::All(_) => "all",
        Term::GroupReference(_) => "group",
        Term::Any(_) => "any",
    }
}

fn fall(reason: impl Into<String>, at: &At) -> Fall {
    Fall { reason: reason.into(), at: at.clone() }
}
