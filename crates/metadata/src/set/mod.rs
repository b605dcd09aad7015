//! Everything that was loaded together, with look-ups by name.

mod index;

use std::sync::Arc;

use crate::finding::Finding;
use crate::location::{At, Location};
use crate::name::QName;
use crate::policy::{Policy, PolicyReference};
use crate::schema::{
    AttributeDeclaration, AttributeGroup, ElementDeclaration, ModelGroup, Schema, TypeDefinition,
};
use crate::wsdl::{Binding, Definitions, Message, PortType, Service};

pub(crate) use self::index::Fingerprints;
use self::index::Index;

/// The documents that describe a service, together: all definitions of one namespace are one symbol space, wherever they stand
/// (WSDL 1.1 §2.1, XML Schema Part 1 §2.6).
///
/// Every list is in the order in which documents were given and asked for, and in the order of the documents.
#[derive(Clone, Debug, Default)]
pub struct MetadataSet {
    definitions: Vec<Definitions>,
    schemas: Vec<Schema>,
    policies: Vec<Policy>,
    endpoint_references: Vec<EndpointReference>,
    documents: Vec<LoadedDocument>,
    findings: Vec<Finding>,
    index: Index,
}

/// An endpoint reference that was a document of its own, or stood in an answer of a metadata exchange.
#[derive(Clone, Debug)]
pub struct EndpointReference {
    /// `wsa:Address`.
    pub address: String,
    /// The whole `wsa:EndpointReference`.
    pub element: waxwing_xml::Document,
    /// Where.
    pub at: At,
}

/// A document that was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedDocument {
    /// Its location.
    pub location: Location,
    /// What it is.
    pub kind: DocumentKind,
    /// Its octets.
    pub content: Arc<[u8]>,
    /// SHA-256 of the octets.
    pub sha256: [u8; 32],
    /// Whether it was given, and not asked for by another one.
    pub given: bool,
}

/// What a document is, by its root element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// `wsdl:definitions`.
    Wsdl,
    /// `xs:schema`.
    Schema,
    /// `wsp:Policy`.
    Policy,
    /// `wsx:Metadata`, alone or in a SOAP envelope.
    Metadata,
    /// `wsa:EndpointReference`.
    EndpointReference,
    /// `disco:discovery`.
    Discovery,
    /// Visual Studio's `Reference.svcmap`.
    ServiceMap,
    /// A page for people: WCF's help page, or somebody else's.
    Html,
    /// XML of another kind.
    Other,
    /// No XML, or broken.
    Unreadable,
}

impl DocumentKind {
    /// A word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wsdl => "wsdl",
            Self::Schema => "schema",
            Self::Policy => "policy",
            Self::Metadata => "mex",
            Self::EndpointReference => "endpoint-reference",
            Self::Discovery => "disco",
            Self::ServiceMap => "svcmap",
            Self::Html => "html",
            Self::Other => "other",
            Self::Unreadable => "unreadable",
        }
    }
}

/// What a loader has put together.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) definitions: Vec<Definitions>,
    pub(crate) schemas: Vec<Schema>,
    pub(crate) policies: Vec<Policy>,
    pub(crate) endpoint_references: Vec<EndpointReference>,
    pub(crate) documents: Vec<LoadedDocument>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) fingerprints: Fingerprints,
}

impl MetadataSet {
    /// A set of models, read or made by a program. Things of one name that are there twice are findings.
    pub fn new(definitions: Vec<Definitions>, schemas: Vec<Schema>, policies: Vec<Policy>) -> Self {
        Self::of(Parts { definitions, schemas, policies, ..Parts::default() })
    }

    pub(crate) fn of(parts: Parts) -> Self {
        let Parts { definitions, schemas, policies, fingerprints, mut findings, .. } = parts;
        let index = Index::of(&definitions, &schemas, &policies, &fingerprints, &mut findings);
        let (endpoint_references, documents) = (parts.endpoint_references, parts.documents);
        Self { definitions, schemas, policies, endpoint_references, documents, findings, index }
    }

    /// All `wsdl:definitions`.
    pub fn definitions(&self) -> &[Definitions] {
        &self.definitions
    }

    /// All schemas: those inside definitions, then those that are documents of their own.
    pub fn schemas(&self) -> impl Iterator<Item = &Schema> {
        self.definitions.iter().flat_map(|d| &d.schemas).chain(&self.schemas)
    }

    /// The policies that are documents of their own. Those of definitions stand there.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// Endpoint references that were documents of their own: whom to ask for metadata.
    pub fn endpoint_references(&self) -> &[EndpointReference] {
        &self.endpoint_references
    }

    /// The documents that were loaded, in order; empty for a set that a program made.
    pub fn documents(&self) -> &[LoadedDocument] {
        &self.documents
    }

    /// What is wrong or noteworthy, in the order of the documents.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// All services.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.definitions.iter().flat_map(|d| &d.services)
    }

    /// All bindings.
    pub fn bindings(&self) -> impl Iterator<Item = &Binding> {
        self.definitions.iter().flat_map(|d| &d.bindings)
    }

    /// All port types.
    pub fn port_types(&self) -> impl Iterator<Item = &PortType> {
        self.definitions.iter().flat_map(|d| &d.port_types)
    }

    /// A message by its name.
    pub fn message(&self, name: &QName) -> Option<&Message> {
        let (document, item) = *self.index.messages.get(name)?;
        self.definitions[document].messages.get(item)
    }

    /// A port type by its name.
    pub fn port_type(&self, name: &QName) -> Option<&PortType> {
        let (document, item) = *self.index.port_types.get(name)?;
        self.definitions[document].port_types.get(item)
    }

    /// A binding by its name.
    pub fn binding(&self, name: &QName) -> Option<&Binding> {
        let (document, item) = *self.index.bindings.get(name)?;
        self.definitions[document].bindings.get(item)
    }

    /// A global element by its name.
    pub fn element(&self, name: &QName) -> Option<&ElementDeclaration> {
        let place = self.index.elements.get(name)?;
        self.schema_at(place.0).elements.get(place.1)
    }

    /// A global attribute by its name.
    pub fn attribute(&self, name: &QName) -> Option<&AttributeDeclaration> {
        let place = self.index.attributes.get(name)?;
        self.schema_at(place.0).attributes.get(place.1)
    }

    /// A global type by its name. Those that XML Schema has itself are in no set.
    pub fn type_definition(&self, name: &QName) -> Option<&TypeDefinition> {
        let place = self.index.types.get(name)?;
        self.schema_at(place.0).types.get(place.1)
    }

    /// A global model group by its name.
    pub fn group(&self, name: &QName) -> Option<&ModelGroup> {
        let place = self.index.groups.get(name)?;
        self.schema_at(place.0).groups.get(place.1)
    }

    /// A global attribute group by its name.
    pub fn attribute_group(&self, name: &QName) -> Option<&AttributeGroup> {
        let place = self.index.attribute_groups.get(name)?;
        self.schema_at(place.0).attribute_groups.get(place.1)
    }

    /// The elements whose `substitutionGroup` is this element, directly, in order.
    pub fn substitutes(&self, head: &QName) -> impl Iterator<Item = &ElementDeclaration> {
        let places = self.index.substitutes.get(head).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|(schema, item)| self.schema_at(*schema).elements.get(*item))
    }

    /// The named types that are derived from this one, directly, in order.
    pub fn derived_types(&self, base: &QName) -> impl Iterator<Item = &TypeDefinition> {
        let places = self.index.derived.get(base).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|(schema, item)| self.schema_at(*schema).types.get(*item))
    }

    /// Whether any schema has this target namespace.
    pub fn has_namespace(&self, namespace: &str) -> bool {
        self.index.namespaces.contains(namespace)
    }

    /// The policy that a reference means (WS-PolicyAttachment §3.4): `#id` in the document of the reference, a document and its
    /// `#id`, a document, or a policy's `Name`.
    pub fn policy(&self, reference: &PolicyReference) -> Option<&Policy> {
        let place = self.index.policy(&reference.uri, &reference.at.location)?;
        Some(match place {
            index::PolicyPlace::Definitions(document, item) => {
                &self.definitions[document].policies[item]
            }
            index::PolicyPlace::Alone(item) => &self.policies[item],
            index::PolicyPlace::Embedded(item) => &self.index.embedded[item],
        })
    }

    fn schema_at(&self, home: index::Home) -> &Schema {
        match home {
            index::Home::Inside(document, schema) => &self.definitions[document].schemas[schema],
            index::Home::Alone(schema) => &self.schemas[schema],
        }
    }
}
