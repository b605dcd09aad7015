//! Complex types as XML types: groups resolved, references followed.

use super::importer::{Importer, Place};
use crate::contract::built_in::{SOAP_ENCODINGS, built_in, is_well_known, xsd};
use crate::contract::components::{substitutes, type_of};
use crate::contract::types::{Member, Occurs, Particle, Structure, TypeId};
use crate::finding::{Finding, Severity};
use crate::location::At;
use crate::name::{QName, namespaces};
use crate::schema::{
    ComplexType, Content, Derivation, ElementDeclaration, Particle as Written, Term,
    TypeDefinition, TypeKind,
};

/// How deep particles are followed through groups. A document is at most 256 elements deep; a circle of groups ends here.
const MAX_DEPTH: usize = 256;

impl<'a> Importer<'a> {
    /// A complex type with all that it may hold.
    pub(super) fn structure(
        &mut self,
        id: TypeId,
        definition: &'a TypeDefinition,
        complex: &'a ComplexType,
        place: &Place<'_>,
    ) -> Structure {
        let mut of = Structure {
            is_abstract: complex.is_abstract,
            mixed: complex.mixed,
            ..Structure::default()
        };
        match &complex.content {
            Content::Particle(particle) => of.content = self.root(particle.as_ref(), place),
            Content::Complex { derivation, base, particle } => {
                of.base = self.base(base, definition);
                let replaces = *derivation == Derivation::Restriction && of.base.is_some();
                if !replaces {
                    of.content = self.root(particle.as_ref(), place);
                }
                if of.base.is_none() && is_array(base) {
                    of.content = vec![any(0, None)];
                }
            }
            Content::Simple { base, .. } => match self.is_complex(base) {
                true => of.base = self.base(base, definition),
                false => of.text = Some(self.named(base, Some(&definition.at))),
            },
        }
        // A type that extends itself is none; longer circles are cut when all types are known.
        of.base = of.base.filter(|base| *base != id);
        self.attributes(&mut of, complex, place);
        of
    }

    /// The type that another derives from, if it has attributes and content to hand down.
    fn base(&mut self, base: &QName, definition: &'a TypeDefinition) -> Option<TypeId> {
        if *base == xsd("anyType") || is_array(base) {
            return None;
        }
        // A base that nobody declares is told of; the type is read without what it would add.
        let id = self.named(base, Some(&definition.at));
        self.is_complex(base).then_some(id)
    }

    fn is_complex(&self, name: &QName) -> bool {
        let definition = self.set.type_definition(name);
        definition.is_some_and(|definition| matches!(definition.kind, TypeKind::Complex(_)))
    }

    /// The content of a type: the items of a sequence that occurs once, or what it is otherwise.
    fn root(&mut self, particle: Option<&'a Written>, place: &Place<'_>) -> Vec<Particle> {
        let Some(particle) = particle else { return Vec::new() };
        match &particle.term {
            Term::Sequence(items) if occurs(particle) == ONCE => self.items(items, place, 0),
            _ => self.particle(particle, place, 0).into_iter().collect(),
        }
    }

    fn items(&mut self, items: &'a [Written], place: &Place<'_>, depth: usize) -> Vec<Particle> {
        let mut found: Vec<Particle> = Vec::with_capacity(items.len());
        for item in items {
            let Some(particle) = self.particle(item, place, depth) else { continue };
            match (found.last_mut(), particle) {
                // Nothing tells where one of two wildcards ends and the other begins.
                (
                    Some(Particle::Any { namespaces, occurs }),
                    Particle::Any { namespaces: more, occurs: others },
                ) => {
                    if *namespaces != more {
                        "##any".clone_into(namespaces);
                    }
                    occurs.min = occurs.min.saturating_add(others.min);
                    occurs.max = occurs.max.zip(others.max).map(|(a, b)| a.saturating_add(b));
                }
                (_, particle) => found.push(particle),
            }
        }
        found
    }

    fn alternatives(
        &mut self,
        items: &'a [Written],
        place: &Place<'_>,
        depth: usize,
    ) -> Vec<Particle> {
        items.iter().filter_map(|item| self.particle(item, place, depth)).collect()
    }

    /// A particle; nothing for one that occurs never.
    fn particle(
        &mut self,
        written: &'a Written,
        place: &Place<'_>,
        depth: usize,
    ) -> Option<Particle> {
        let occurs = occurs(written);
        if occurs.max == Some(0) {
            return None;
        }
        if depth == MAX_DEPTH || place.in_group && !self.spend() {
            self.too_complex(&written.at);
            return Some(any(0, None));
        }
        let depth = depth + 1;
        Some(match &written.term {
            Term::Element(element) => Particle::Element(self.member(element, occurs, place)),
            Term::ElementReference(name) => self.element_reference(name, occurs, &written.at),
            Term::Sequence(items) => Particle::Sequence(self.items(items, place, depth), occurs),
            Term::Choice(items) => Particle::Choice(self.alternatives(items, place, depth), occurs),
            Term::All(items) => Particle::All(self.alternatives(items, place, depth), occurs),
            Term::GroupReference(name) => {
                return self.group(name, occurs, place, depth, &written.at);
            }
            Term::Any(wildcard) => Particle::Any { namespaces: wildcard.namespace.clone(), occurs },
        })
    }

    /// What a group holds, in its place, as often as the reference says.
    fn group(
        &mut self,
        name: &QName,
        occurs: Occurs,
        place: &Place<'_>,
        depth: usize,
        at: &At,
    ) -> Option<Particle> {
        let Some(group) = self.set.group(name) else {
            self.missing("group", name, at);
            return Some(any(0, None));
        };
        let inside =
            Place { namespace: place.namespace, title: place.title.clone(), in_group: true };
        let particle = self.particle(group.particle.as_ref()?, &inside, depth)?;
        Some(match (particle, occurs) {
            (particle, ONCE) => particle,
            (Particle::Sequence(items, ONCE), occurs) => Particle::Sequence(items, occurs),
            (Particle::Choice(items, ONCE), occurs) => Particle::Choice(items, occurs),
            (particle, occurs) => Particle::Sequence(vec![particle], occurs),
        })
    }

    fn element_reference(&mut self, name: &QName, occurs: Occurs, at: &At) -> Particle {
        // A DataSet holds its own schema.
        if name.is(namespaces::XSD, "schema") {
            return Particle::Any { namespaces: namespaces::XSD.to_owned(), occurs };
        }
        match self.set.element(name) {
            Some(element) => Particle::Element(self.global(element, occurs)),
            None if built_in(name).is_some() => {
                let mut member = self.built_in_element(name);
                (member.min_occurs, member.max_occurs) = (occurs.min, occurs.max);
                Particle::Element(member)
            }
            None => {
                self.missing("element", name, at);
                Particle::Any { namespaces: name.namespace.to_string(), occurs }
            }
        }
    }

    /// A local element.
    pub(super) fn member(
        &mut self,
        element: &'a ElementDeclaration,
        occurs: Occurs,
        place: &Place<'_>,
    ) -> Member {
        let title =
            format!("{}.{}", place.title, crate::contract::names::decode(&element.name.local));
        let inside = Place { namespace: place.namespace, title, in_group: place.in_group };
        let reference = type_of(self.set, element);
        let type_id = self.reference(reference, inside, &element.at);
        described(element, type_id, occurs)
    }

    /// A global element, with those that may stand in its place.
    pub(in crate::contract) fn global(
        &mut self,
        element: &'a ElementDeclaration,
        occurs: Occurs,
    ) -> Member {
        let mut member = described(element, self.of_element(element), occurs);
        for other in substitutes(self.set, &element.name) {
            if !self.spend() {
                self.too_complex(&element.at);
                break;
            }
            if !other.is_abstract {
                member.substitutes.push((other.name.clone(), self.of_element(other)));
            }
        }
        member
    }

    /// Takes one component of what references together may have.
    pub(super) fn spend(&mut self) -> bool {
        let left = self.budget.checked_sub(1);
        self.budget = left.unwrap_or(0);
        left.is_some()
    }

    pub(super) fn too_complex(&mut self, at: &At) {
        if !self.told.insert(QName::new("", "")) {
            return;
        }
        let message = "groups hold each other, or make more than 100,000 elements together";
        let finding = Finding::new("schema-too-complex", Severity::Warning, message)
            .at(at.clone())
            .help("What goes beyond is taken as any XML.");
        self.findings.push(finding);
    }

    pub(super) fn missing(&mut self, what: &str, name: &QName, at: &At) {
        if is_well_known(&name.namespace) {
            return;
        }
        if !self.told.insert(name.clone()) {
            return;
        }
        let message = format!("the {what} {name} is in none of the schemas");
        let finding = Finding::new("missing-component", Severity::Warning, message)
            .at(at.clone())
            .help("Give the schema that declares it as well. Until then it is taken as any XML.");
        self.findings.push(finding);
    }
}

/// Once and not optional.
const ONCE: Occurs = Occurs { min: 1, max: Some(1) };

fn occurs(written: &Written) -> Occurs {
    Occurs { min: written.min_occurs, max: written.max_occurs }
}

fn any(min: u32, max: Option<u32>) -> Particle {
    Particle::Any { namespaces: "##any".to_owned(), occurs: Occurs { min, max } }
}

/// Arrays of SOAP encoding, whose content no schema tells.
fn is_array(base: &QName) -> bool {
    SOAP_ENCODINGS.iter().any(|namespace| base.is(namespace, "Array"))
}

fn described(element: &ElementDeclaration, type_id: TypeId, occurs: Occurs) -> Member {
    let mut member = Member::new(element.name.clone(), type_id);
    member.nillable = element.nillable;
    member.min_occurs = occurs.min;
    member.max_occurs = occurs.max;
    member.default.clone_from(&element.default);
    member.fixed.clone_from(&element.fixed);
    member.is_abstract = element.is_abstract;
    member.documentation.clone_from(&element.annotation.documentation);
    member.at = element.at.clone();
    member
}
