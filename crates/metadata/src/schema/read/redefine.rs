//! `xs:redefine` (XML Schema 1.0 Part 1 §4.2.2) and `xs:override` (1.1 Part 1 §4.2.5).

use waxwing_xml::Element;

use super::component::component;
use super::reader::Xsd;
use crate::name::QName;
use crate::name::namespaces::XSD;
use crate::reading::Replaced;
use crate::schema::model::{
    Content, Particle, Schema, SchemaImportKind, SimpleType, Term, TypeDefinition, TypeKind,
    TypeReference,
};

/// What stands inside. A component that is derived from itself is derived from what was.
pub(super) fn redefine<'d>(xsd: &Xsd<'_, 'd>, element: Element<'d>, found: &mut Schema) {
    let (types, groups, sets) =
        (found.types.len(), found.groups.len(), found.attribute_groups.len());
    let elements = found.elements.len();
    let inside =
        element.elements().filter(|c| c.namespace() == XSD && c.local_name() != "annotation");
    for child in inside {
        component(xsd, child, found);
    }
    let is_override = element.local_name() == "override";
    let kind = if is_override { SchemaImportKind::Override } else { SchemaImportKind::Redefine };
    let replaced = |name: &QName| {
        xsd.reading.replaced(Replaced { kind, name: name.clone() });
        !is_override
    };
    for element in found.elements[elements..].iter().filter(|_| is_override) {
        replaced(&element.name);
    }
    for definition in &mut found.types[types..] {
        if let Some(name) = definition.name.clone()
            && replaced(&name)
        {
            derive_from_original(definition, &name);
        }
    }
    for group in &mut found.groups[groups..] {
        if replaced(&group.name)
            && let Some(particle) = &mut group.particle
        {
            refer_to_original(particle, &group.name);
        }
    }
    for set in &mut found.attribute_groups[sets..] {
        if replaced(&set.name) {
            let own = set.attribute_groups.iter_mut().filter(|name| **name == set.name);
            own.for_each(|name| *name = Replaced::original(name));
        }
    }
}

fn derive_from_original(definition: &mut TypeDefinition, name: &QName) {
    let base = match &mut definition.kind {
        TypeKind::Simple(SimpleType::Restriction { base: TypeReference::Named(base), .. }) => base,
        TypeKind::Complex(complex) => match &mut complex.content {
            Content::Complex { base, .. } | Content::Simple { base, .. } => base,
            Content::Particle(_) => return,
        },
        TypeKind::Simple(_) => return,
    };
    if base == name {
        *base = Replaced::original(name);
    }
}

fn refer_to_original(particle: &mut Particle, name: &QName) {
    match &mut particle.term {
        Term::GroupReference(own) if own == name => *own = Replaced::original(name),
        Term::Sequence(inside) | Term::Choice(inside) | Term::All(inside) => {
            inside.iter_mut().for_each(|particle| refer_to_original(particle, name));
        }
        _ => {}
    }
}
