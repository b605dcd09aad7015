//! The schemas of a service's messages and data contracts, as WCF's exporter writes them (`MessageContractExporter`,
//! `SchemaExporter`).
//!
//! ```
//! use waxwing_datacontract::DataContract;
//! use waxwing_metadata::QName;
//! use waxwing_metadata::export::{PartExport, SchemaExporter};
//!
//! let mut schemas = SchemaExporter::new();
//! let text = <Option<String>>::describe(schemas.types());
//! let text = PartExport::new(QName::new("urn:echo", "text"), text);
//! schemas.wrapper(&QName::new("urn:echo", "Echo"), &[text]);
//! let exported = schemas.finish();
//! assert_eq!(exported.schemas[0].target_namespace, "urn:echo");
//! let written = waxwing_metadata::schema::write(&exported.schemas[0]).to_string();
//! assert!(written.contains(r#"<xs:element minOccurs="0" name="text" nillable="true" type="xs:string"/>"#));
//! ```

mod annotation;
mod built_in;
mod globals;
mod imports;
mod types;
mod xml;

use std::fmt;

use waxwing_datacontract::{
    ContractName, TypeConflict, TypeDescriptions, TypeKind as Kind, TypeUse,
};

use crate::name::QName;
use crate::name::namespaces::MESSAGE;
use crate::schema::{ElementDeclaration, Schema, Term, TypeKind, TypeReference};

use annotation::documented;
use built_in::{definition, element, empty, message_body, particle, sequence, serialization};
use globals::Globals;
use types::{TypeWriter, name};

/// A part of a message, or a header.
#[derive(Clone, Debug)]
pub struct PartExport {
    /// Its element; without namespace it is local to its wrapper.
    pub element: QName,
    /// How often it is there.
    pub occurrence: Occurrence,
    /// Its type; of a repeated part, that of an item.
    pub value: TypeUse,
    /// Documentation; empty for none.
    pub documentation: String,
}

/// How often a part is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Occurrence {
    /// As WCF writes parts: it may be missing, which is null or zero, and a reference may be nil.
    #[default]
    Once,
    /// Not at all when it is null, and never nil.
    Optional,
    /// As often as there are items.
    Repeated,
}

impl PartExport {
    /// A part that is there once.
    pub fn new(element: QName, value: TypeUse) -> Self {
        Self { element, occurrence: Occurrence::Once, value, documentation: String::new() }
    }

    /// The same, there so often.
    #[must_use]
    pub fn with_occurrence(mut self, occurrence: Occurrence) -> Self {
        self.occurrence = occurrence;
        self
    }

    /// The same with documentation.
    #[must_use]
    pub fn with_documentation(mut self, documentation: impl Into<String>) -> Self {
        self.documentation = documentation.into();
        self
    }
}

/// Collects what messages are made of; [`finish`](Self::finish) makes the schemas.
#[derive(Clone, Debug, Default)]
pub struct SchemaExporter {
    types: TypeDescriptions,
    documentation: bool,
    wrappers: Vec<(QName, Vec<PartExport>)>,
    elements: Vec<PartExport>,
    anything: bool,
    conflicts: Vec<SchemaConflict>,
}

/// The schemas, and what could not be said in them.
#[derive(Clone, Debug)]
pub struct ExportedSchemas {
    /// One schema for each namespace, in the order in which they are numbered: that of the first message first, then the
    /// serialization schema, then the others as they are met. Imports have no location.
    pub schemas: Vec<Schema>,
    /// What two contracts or messages mean by one name. WCF refuses to export such a service.
    pub conflicts: Vec<SchemaConflict>,
}

/// One name with two meanings. The first is exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaConflict {
    /// Two Rust types.
    Types(TypeConflict),
    /// A global element of two types, or with two contents.
    Element(QName),
}

impl fmt::Display for SchemaConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Types(conflict) => fmt::Display::fmt(conflict, f),
            Self::Element(name) => write!(
                f,
                "Two messages have the element {name} with different content; give one of them another name or namespace \
                 (`wrapper`, `wrapper_namespace`, or `name` and `namespace` of the part)."
            ),
        }
    }
}

impl SchemaExporter {
    /// Of nothing yet, without documentation, as WCF's.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same that writes doc comments as `xs:documentation`.
    #[must_use]
    pub fn with_documentation(mut self, documentation: bool) -> Self {
        self.documentation = documentation;
        self
    }

    /// Whether doc comments are written.
    pub fn documents(&self) -> bool {
        self.documentation
    }

    /// Where the types of parts describe themselves.
    pub fn types(&mut self) -> &mut TypeDescriptions {
        &mut self.types
    }

    /// Adds the element around the parts of a message.
    pub fn wrapper(&mut self, element: &QName, parts: &[PartExport]) {
        match self.wrappers.iter().find(|(known, _)| known == element) {
            None => self.wrappers.push((element.clone(), parts.to_vec())),
            Some((_, known)) if same(known, parts) => {}
            Some(_) => self.conflict(element),
        }
    }

    /// Adds a global element: a part without wrapper, a header, the detail of a fault.
    pub fn element(&mut self, part: &PartExport) {
        match self.elements.iter().find(|known| known.element == part.element) {
            None => self.elements.push(part.clone()),
            Some(known) if known.value.contract == part.value.contract => {}
            Some(_) => self.conflict(&part.element),
        }
    }

    /// The type of a body that may be anything (`MessageBody`).
    pub fn anything(&mut self) -> QName {
        self.anything = true;
        QName::new(MESSAGE, "MessageBody")
    }

    fn conflict(&mut self, element: &QName) {
        let conflict = SchemaConflict::Element(element.clone());
        if !self.conflicts.contains(&conflict) {
            self.conflicts.push(conflict);
        }
    }

    /// Makes the schemas.
    pub fn finish(self) -> ExportedSchemas {
        let mut builder = Builder { schemas: Vec::new(), conflicts: self.conflicts };
        let writer = TypeWriter { types: &self.types, documentation: self.documentation };
        for (wrapper, parts) in &self.wrappers {
            builder.wrapper(&writer, wrapper, parts);
        }
        for part in &self.elements {
            builder.global(declared(&writer, part, false));
        }
        let mut globals = Globals::default();
        for own in self.types.iter() {
            let Some(definition) = writer.definition(own, &mut globals) else { continue };
            let name = name(&own.name);
            // Types of messages and of XmlSerializer have no elements of their own.
            if &*name.namespace != MESSAGE && !is_xml(&own.kind) {
                builder.global(element(name.clone(), name.clone()));
            }
            builder.schema(&name.namespace).types.push(definition);
        }
        globals.elements.into_iter().for_each(|element| builder.global(element));
        for attribute in globals.attributes {
            let attributes = &mut builder.schema(&attribute.name.namespace).attributes;
            if !attributes.iter().any(|known| known.name == attribute.name) {
                attributes.push(attribute);
            }
        }
        if self.anything {
            builder.schema(MESSAGE).types.push(message_body());
        }
        // A hand-written type may name itself and describe nothing.
        for name in imports::undefined(&builder.schemas) {
            builder.schema(&name.namespace).types.push(types::opaque(name));
        }
        let at = builder.schemas.len().min(1);
        builder.schemas.insert(at, serialization());
        builder.schemas.iter_mut().for_each(imports::add);
        let conflicts = self.types.conflicts().iter().cloned().map(SchemaConflict::Types);
        builder.conflicts.extend(conflicts);
        ExportedSchemas { schemas: builder.schemas, conflicts: builder.conflicts }
    }
}

/// Whether two messages have the same parts.
fn same(one: &[PartExport], other: &[PartExport]) -> bool {
    let part = |part: &PartExport| {
        let TypeUse { contract: ContractName { local, namespace }, nullable, .. } = &part.value;
        (part.element.clone(), part.occurrence, local.clone(), namespace.clone(), *nullable)
    };
    one.iter().map(part).eq(other.iter().map(part))
}

/// Whether XmlSerializer serves a type.
fn is_xml(kind: &Kind) -> bool {
    matches!(kind, Kind::Xml(_) | Kind::XmlSimple(_))
}

/// The element of a part: a header or another global one is nillable where WCF's is, since nothing else says that it may be
/// missing; in a wrapper, what is left out when it is null is never nil.
fn declared(writer: &TypeWriter<'_>, part: &PartExport, wrapped: bool) -> ElementDeclaration {
    let xml = writer.types.get(&part.value.contract).is_some_and(|known| is_xml(&known.kind));
    // Octets of a stream cannot be null.
    let never = &*part.value.contract.namespace == MESSAGE;
    let nullable = match part.occurrence {
        _ if never => false,
        Occurrence::Optional if wrapped || xml => false,
        Occurrence::Repeated if wrapped => part.value.nullable,
        // XmlSerializer leaves null out unless it is told otherwise.
        _ if xml => part.value.nullable,
        _ => part.value.nullable || !part.value.value_type,
    };
    let value = TypeUse { nullable, ..part.value.clone() };
    let mut element = writer.element(part.element.clone(), &value);
    element.annotation = documented(&part.documentation, writer.documentation);
    element
}

struct Builder {
    schemas: Vec<Schema>,
    conflicts: Vec<SchemaConflict>,
}

impl Builder {
    /// The schema of a namespace.
    fn schema(&mut self, namespace: &str) -> &mut Schema {
        let found = self.schemas.iter().position(|known| known.target_namespace == namespace);
        let at = found.unwrap_or_else(|| {
            self.schemas.push(empty(namespace));
            self.schemas.len() - 1
        });
        &mut self.schemas[at]
    }

    fn global(&mut self, element: ElementDeclaration) {
        let elements = &mut self.schema(&element.name.namespace).elements;
        match elements.iter_mut().find(|known| known.name == element.name) {
            None => elements.push(element),
            // A type's own element may be nil, and a part may be that element.
            Some(known) if is_same(known, &element) => known.nillable |= element.nillable,
            Some(_) => {
                let conflict = SchemaConflict::Element(element.name);
                if !self.conflicts.contains(&conflict) {
                    self.conflicts.push(conflict);
                }
            }
        }
    }

    fn wrapper(&mut self, writer: &TypeWriter<'_>, wrapper: &QName, parts: &[PartExport]) {
        self.schema(&wrapper.namespace);
        let particles = parts.iter().map(|part| {
            let declaration = declared(writer, part, true);
            let (min, max) = match part.occurrence {
                Occurrence::Once if &*part.value.contract.namespace == MESSAGE => (1, Some(1)),
                Occurrence::Once | Occurrence::Optional => (0, Some(1)),
                Occurrence::Repeated => (0, None),
            };
            let local =
                part.element.namespace == wrapper.namespace || part.element.namespace.is_empty();
            if local {
                return particle(min, max, Term::Element(Box::new(declaration)));
            }
            self.global(declaration);
            particle(min, max, Term::ElementReference(part.element.clone()))
        });
        let content = sequence(particles.collect());
        let content = definition(None, TypeKind::Complex(content));
        self.global(ElementDeclaration {
            type_reference: TypeReference::Anonymous(Box::new(content)),
            nillable: false,
            ..element(wrapper.clone(), wrapper.clone())
        });
    }
}

/// Whether two global elements of one name are of one type. Anonymous types are never the same: wrappers that are equal were
/// found before.
fn is_same(one: &ElementDeclaration, other: &ElementDeclaration) -> bool {
    match (&one.type_reference, &other.type_reference) {
        (TypeReference::Named(a), TypeReference::Named(b)) => a == b,
        _ => false,
    }
}
