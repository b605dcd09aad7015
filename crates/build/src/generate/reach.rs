//! What types are made of.

use std::collections::BTreeSet;

use waxwing_metadata::contract::{ContractSet, Particle, Shape, Type, TypeId};

/// Everything that the roots are made of.
pub(super) fn reached(set: &ContractSet, roots: Vec<TypeId>) -> BTreeSet<TypeId> {
    let mut found: BTreeSet<TypeId> = roots.iter().copied().collect();
    let mut open = roots;
    while let Some(id) = open.pop() {
        for inner in inner_types(set.types.get(id)) {
            if found.insert(inner) {
                open.push(inner);
            }
        }
    }
    found
}

/// The types that one refers to.
pub(super) fn inner_types(of: &Type) -> Vec<TypeId> {
    match &of.shape {
        Shape::Class(class) => {
            let members = class.members.iter().map(|member| member.type_id);
            members.chain(class.base).chain(class.derived.iter().copied()).collect()
        }
        Shape::Collection(item) => vec![item.type_id],
        Shape::Dictionary { key, value, .. } => vec![key.type_id, value.type_id],
        Shape::Simple { base, .. } => vec![*base],
        Shape::List(item) => vec![*item],
        Shape::Union(members) => members.clone(),
        Shape::Structure(structure) => {
            let mut all: Vec<TypeId> = structure.base.into_iter().chain(structure.text).collect();
            all.extend(structure.derived.iter());
            all.extend(structure.attributes.iter().map(|attribute| attribute.type_id));
            particles(&structure.content, &mut all);
            all
        }
        _ => Vec::new(),
    }
}

fn particles(content: &[Particle], all: &mut Vec<TypeId>) {
    let mut open: Vec<&Particle> = content.iter().collect();
    while let Some(particle) = open.pop() {
        match particle {
            Particle::Element(member) => {
                all.push(member.type_id);
                all.extend(member.substitutes.iter().map(|(_, id)| *id));
            }
            Particle::Sequence(inner, _) | Particle::Choice(inner, _) | Particle::All(inner, _) => {
                open.extend(inner);
            }
            Particle::Any { .. } => {}
        }
    }
}
