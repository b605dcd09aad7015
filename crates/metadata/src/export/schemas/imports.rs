//! Which types and other namespaces a schema refers to: it imports each namespace, and none is imported for it by another
//! schema.

use std::collections::BTreeSet;

use crate::location::At;
use crate::name::QName;
use crate::name::namespaces::{SERIALIZATION, XSD};
use crate::schema::{
    Annotation, AttributeTerm, ComplexType, Content, ElementDeclaration, Particle, Schema,
    SchemaImport, SchemaImportKind, SimpleType, Term, TypeDefinition, TypeKind, TypeReference,
};

/// Adds the imports that a schema needs, in the order in which it refers to them.
pub(super) fn add(schema: &mut Schema) {
    let found = Found::of(schema);
    let imports = found.order.into_iter().map(|namespace| SchemaImport {
        kind: SchemaImportKind::Import,
        namespace,
        schema_location: None,
        resolved: None,
        at: At::nowhere(),
    });
    schema.imports.extend(imports);
}

/// The types that schemas name and none of them defines, in order; not those that everybody knows.
pub(super) fn undefined(schemas: &[Schema]) -> Vec<QName> {
    let defined = schemas.iter().flat_map(|own| &own.types).filter_map(|own| own.name.as_ref());
    let defined: BTreeSet<&QName> = defined.collect();
    let named: BTreeSet<QName> = schemas.iter().flat_map(|own| Found::of(own).types).collect();
    let known = |name: &QName| [XSD, SERIALIZATION].contains(&&*name.namespace);
    named.into_iter().filter(|name| !known(name) && !defined.contains(name)).collect()
}

struct Found {
    order: Vec<String>,
    seen: BTreeSet<String>,
    types: BTreeSet<QName>,
}

impl Found {
    fn of(schema: &Schema) -> Self {
        let seen = [schema.target_namespace.clone(), XSD.to_owned()];
        let (order, types) = (Vec::new(), BTreeSet::new());
        let mut found = Self { order, seen: seen.into(), types };
        schema.elements.iter().for_each(|element| found.element(element));
        schema.types.iter().for_each(|definition| found.definition(definition));
        schema.attributes.iter().for_each(|attribute| found.reference(&attribute.type_reference));
        found
    }

    fn namespace(&mut self, namespace: &str) {
        if self.seen.insert(namespace.to_owned()) {
            self.order.push(namespace.to_owned());
        }
    }

    fn name(&mut self, name: &QName) {
        self.namespace(&name.namespace);
    }

    fn reference(&mut self, reference: &TypeReference) {
        match reference {
            TypeReference::Named(name) => {
                self.name(name);
                self.types.insert(name.clone());
            }
            TypeReference::Anonymous(definition) => self.definition(definition),
        }
    }

    fn element(&mut self, element: &ElementDeclaration) {
        self.reference(&element.type_reference);
    }

    /// WCF imports the serialization schema for these two annotations, and for no other.
    fn annotation(&mut self, annotation: &Annotation) {
        let known = ["IsValueType", "EnumerationValue"];
        let mut elements =
            annotation.application_information.iter().flat_map(|known| known.root().elements());
        if elements.any(|own| known.iter().any(|local| own.is(SERIALIZATION, local))) {
            self.namespace(SERIALIZATION);
        }
    }

    fn definition(&mut self, definition: &TypeDefinition) {
        self.annotation(&definition.annotation);
        match &definition.kind {
            TypeKind::Simple(simple) => self.simple(simple),
            TypeKind::Complex(complex) => self.complex(complex),
        }
    }

    fn simple(&mut self, simple: &SimpleType) {
        match simple {
            SimpleType::Restriction { base, facets } => {
                self.reference(base);
                facets.iter().for_each(|facet| self.annotation(&facet.annotation));
            }
            SimpleType::List { item } => self.reference(item),
            SimpleType::Union { members } => members.iter().for_each(|own| self.reference(own)),
        }
    }

    fn complex(&mut self, complex: &ComplexType) {
        match &complex.content {
            Content::Particle(particle) => particle.iter().for_each(|own| self.particle(own)),
            Content::Complex { base, particle, .. } => {
                self.name(base);
                self.types.insert(base.clone());
                particle.iter().for_each(|own| self.particle(own));
            }
            Content::Simple { base, .. } => {
                self.name(base);
                self.types.insert(base.clone());
            }
        }
        for own in &complex.attributes {
            match &own.attribute {
                AttributeTerm::Reference(name) => self.name(name),
                AttributeTerm::Local(declaration) => self.reference(&declaration.type_reference),
            }
        }
    }

    fn particle(&mut self, particle: &Particle) {
        match &particle.term {
            Term::Element(element) => self.element(element),
            Term::ElementReference(name) | Term::GroupReference(name) => self.name(name),
            Term::Sequence(inner) | Term::Choice(inner) | Term::All(inner) => {
                inner.iter().for_each(|inner| self.particle(inner));
            }
            Term::Any(_) => {}
        }
    }
}
