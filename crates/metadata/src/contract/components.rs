//! Everything that documents declare, found by name.

use std::collections::BTreeMap;

use crate::name::QName;
use crate::schema::{
    AttributeDeclaration, AttributeGroup, Content, ElementDeclaration, ModelGroup, Schema,
    TypeDefinition, TypeKind, TypeReference,
};
use crate::wsdl::{Binding, Definitions, Message, PortType};

/// How many heads of substitution groups may stand above each other; a circle ends here.
const MAX_SUBSTITUTION_DEPTH: usize = 32;

/// The components of a set of documents. Where several have one name, the first counts; of types the others are kept, since
/// `xs:redefine` derives a type from its namesake.
#[derive(Debug, Default)]
pub(super) struct Components<'a> {
    types: BTreeMap<&'a QName, Vec<&'a TypeDefinition>>,
    types_in_order: Vec<&'a TypeDefinition>,
    elements: BTreeMap<&'a QName, &'a ElementDeclaration>,
    elements_in_order: Vec<&'a ElementDeclaration>,
    attributes: BTreeMap<&'a QName, &'a AttributeDeclaration>,
    groups: BTreeMap<&'a QName, &'a ModelGroup>,
    attribute_groups: BTreeMap<&'a QName, &'a AttributeGroup>,
    /// Members of substitution groups by their heads, directly.
    substitutes: BTreeMap<&'a QName, Vec<&'a ElementDeclaration>>,
    messages: BTreeMap<&'a QName, &'a Message>,
    port_types: BTreeMap<&'a QName, &'a PortType>,
    bindings: BTreeMap<&'a QName, &'a Binding>,
}

impl<'a> Components<'a> {
    /// The components of these documents; schemas inside WSDL documents are found by themselves.
    pub(super) fn of(
        definitions: impl IntoIterator<Item = &'a Definitions>,
        schemas: impl IntoIterator<Item = &'a Schema>,
    ) -> Self {
        let mut all = Self::default();
        for document in definitions {
            document.schemas.iter().for_each(|schema| all.add_schema(schema));
            document.messages.iter().for_each(|m| insert(&mut all.messages, &m.name, m));
            document.port_types.iter().for_each(|p| insert(&mut all.port_types, &p.name, p));
            document.bindings.iter().for_each(|b| insert(&mut all.bindings, &b.name, b));
        }
        schemas.into_iter().for_each(|schema| all.add_schema(schema));
        all
    }

    fn add_schema(&mut self, schema: &'a Schema) {
        for definition in &schema.types {
            let Some(name) = &definition.name else { continue };
            let namesakes = self.types.entry(name).or_default();
            if namesakes.is_empty() {
                self.types_in_order.push(definition);
            }
            namesakes.push(definition);
        }
        for element in &schema.elements {
            if self.elements.contains_key(&element.name) {
                continue;
            }
            self.elements.insert(&element.name, element);
            self.elements_in_order.push(element);
            if let Some(head) = &element.substitution_group {
                self.substitutes.entry(head).or_default().push(element);
            }
        }
        schema.attributes.iter().for_each(|a| insert(&mut self.attributes, &a.name, a));
        schema.groups.iter().for_each(|g| insert(&mut self.groups, &g.name, g));
        schema.attribute_groups.iter().for_each(|g| insert(&mut self.attribute_groups, &g.name, g));
    }

    /// The type of a name. Of namesakes the one that redefines the others, else the first.
    pub(super) fn type_definition(&self, name: &QName) -> Option<&'a TypeDefinition> {
        let namesakes = self.types.get(name)?;
        namesakes.iter().find(|t| is_redefinition(t)).or(namesakes.first()).copied()
    }

    /// What a type that redefines its namesake derives from.
    pub(super) fn redefined(&self, name: &QName) -> Option<&'a TypeDefinition> {
        self.types.get(name)?.iter().find(|t| !is_redefinition(t)).copied()
    }

    /// Named types, each name once, in order.
    pub(super) fn types(&self) -> impl Iterator<Item = &'a TypeDefinition> + '_ {
        let names = self.types_in_order.iter().filter_map(|t| t.name.as_ref());
        names.filter_map(|name| self.type_definition(name))
    }

    /// A global element.
    pub(super) fn element(&self, name: &QName) -> Option<&'a ElementDeclaration> {
        self.elements.get(name).copied()
    }

    /// Global elements, in order.
    pub(super) fn elements(&self) -> impl Iterator<Item = &'a ElementDeclaration> + '_ {
        self.elements_in_order.iter().copied()
    }

    /// A global attribute.
    pub(super) fn attribute(&self, name: &QName) -> Option<&'a AttributeDeclaration> {
        self.attributes.get(name).copied()
    }

    /// A model group.
    pub(super) fn group(&self, name: &QName) -> Option<&'a ModelGroup> {
        self.groups.get(name).copied()
    }

    /// An attribute group.
    pub(super) fn attribute_group(&self, name: &QName) -> Option<&'a AttributeGroup> {
        self.attribute_groups.get(name).copied()
    }

    /// A message.
    pub(super) fn message(&self, name: &QName) -> Option<&'a Message> {
        self.messages.get(name).copied()
    }

    /// All messages, by name.
    pub(super) fn messages(&self) -> impl Iterator<Item = &'a Message> + '_ {
        self.messages.values().copied()
    }

    /// A port type.
    pub(super) fn port_type(&self, name: &QName) -> Option<&'a PortType> {
        self.port_types.get(name).copied()
    }

    /// A binding.
    pub(super) fn binding(&self, name: &QName) -> Option<&'a Binding> {
        self.bindings.get(name).copied()
    }

    /// The elements that may stand in the place of `head`, directly or not, in order, without itself.
    pub(super) fn substitutes(&self, head: &QName) -> Vec<&'a ElementDeclaration> {
        let mut found: Vec<&'a ElementDeclaration> = Vec::new();
        let mut known = std::collections::BTreeSet::from([head]);
        let mut heads = vec![head];
        while let Some(head) = heads.pop() {
            let direct = self.substitutes.get(head).map_or(&[][..], Vec::as_slice);
            for &element in direct {
                if known.insert(&element.name) {
                    found.push(element);
                    heads.push(&element.name);
                }
            }
        }
        found
    }

    /// The type of an element: its own, or without one that of the head of its substitution group.
    pub(super) fn type_of(&self, element: &'a ElementDeclaration) -> &'a TypeReference {
        let mut element = element;
        for _ in 0..MAX_SUBSTITUTION_DEPTH {
            let head = element.substitution_group.as_ref().filter(|_| !element.type_written);
            match head.and_then(|head| self.element(head)) {
                Some(head) => element = head,
                None => break,
            }
        }
        &element.type_reference
    }
}

fn insert<'a, T>(map: &mut BTreeMap<&'a QName, &'a T>, name: &'a QName, value: &'a T) {
    map.entry(name).or_insert(value);
}

/// A type that is derived from its own name.
pub(super) fn is_redefinition(definition: &TypeDefinition) -> bool {
    let TypeKind::Complex(complex) = &definition.kind else { return false };
    match &complex.content {
        Content::Complex { base, .. } | Content::Simple { base, .. } => {
            definition.name.as_ref() == Some(base)
        }
        Content::Particle(_) => false,
    }
}
