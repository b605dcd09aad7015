//! The model of a schema document (XML Schema 1.0 Part 1), the same for reading and writing.
//!
//! Names are resolved against the prefixes of the document, and qualified by `form` and `elementFormDefault`; references to
//! other components stay names, which a set of schemas looks up.

use waxwing_xml::Document;

use crate::location::{At, Location};
use crate::name::QName;

/// One `xs:schema`, a document of its own or inside `wsdl:types`.
#[derive(Clone, Debug)]
pub struct Schema {
    /// The document that holds it.
    pub at: At,
    /// The target namespace; empty for none. An included schema without one has that of its includer.
    pub target_namespace: String,
    /// `elementFormDefault="qualified"`.
    pub elements_qualified: bool,
    /// `attributeFormDefault="qualified"`.
    pub attributes_qualified: bool,
    /// Imports, includes and redefinitions, in order.
    pub imports: Vec<SchemaImport>,
    /// Global elements, in order.
    pub elements: Vec<ElementDeclaration>,
    /// Global attributes, in order.
    pub attributes: Vec<AttributeDeclaration>,
    /// Global types, in order.
    pub types: Vec<TypeDefinition>,
    /// Global model groups, in order.
    pub groups: Vec<ModelGroup>,
    /// Global attribute groups, in order.
    pub attribute_groups: Vec<AttributeGroup>,
    /// `xs:annotation` of the schema itself.
    pub annotation: Annotation,
}

/// `xs:import`, `xs:include`, `xs:redefine` or `xs:override`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaImport {
    /// Which of them.
    pub kind: SchemaImportKind,
    /// `namespace` of an import; empty for none.
    pub namespace: String,
    /// `schemaLocation` as written.
    pub schema_location: Option<String>,
    /// The absolute location that it was resolved to, when it was loaded.
    pub resolved: Option<Location>,
    /// Where.
    pub at: At,
}

/// The four ways to refer to another schema document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaImportKind {
    /// `xs:import`: another namespace.
    Import,
    /// `xs:include`: the same namespace.
    Include,
    /// `xs:redefine`: the same namespace with changed components.
    Redefine,
    /// `xs:override` of XML Schema 1.1.
    Override,
}

/// A type, named or anonymous.
#[derive(Clone, Debug)]
pub struct TypeDefinition {
    /// Its name; none for an anonymous type.
    pub name: Option<QName>,
    /// Where.
    pub at: At,
    /// Documentation and information for programs.
    pub annotation: Annotation,
    /// Simple or complex.
    pub kind: TypeKind,
}

/// Simple or complex.
#[derive(Clone, Debug)]
pub enum TypeKind {
    /// `xs:simpleType`.
    Simple(SimpleType),
    /// `xs:complexType`.
    Complex(ComplexType),
}

/// A reference to a type, or the type itself where it is used.
#[derive(Clone, Debug)]
pub enum TypeReference {
    /// By name.
    Named(QName),
    /// Anonymous, in place.
    Anonymous(Box<TypeDefinition>),
}

/// `xs:simpleType`.
#[derive(Clone, Debug)]
pub enum SimpleType {
    /// `xs:restriction`.
    Restriction {
        /// The type that is restricted.
        base: TypeReference,
        /// Facets, in order.
        facets: Vec<Facet>,
    },
    /// `xs:list`.
    List {
        /// The type of the items.
        item: TypeReference,
    },
    /// `xs:union`.
    Union {
        /// The member types, in order.
        members: Vec<TypeReference>,
    },
}

/// A facet of a restriction.
#[derive(Clone, Debug)]
pub struct Facet {
    /// Its element's local name: `enumeration`, `pattern`, `maxLength`.
    pub name: String,
    /// The value as written.
    pub value: String,
    /// Documentation, and `EnumerationValue` for programs.
    pub annotation: Annotation,
    /// Where.
    pub at: At,
}

/// `xs:complexType`.
#[derive(Clone, Debug, Default)]
pub struct ComplexType {
    /// `abstract="true"`.
    pub is_abstract: bool,
    /// `mixed="true"`, of the type or of its `complexContent`.
    pub mixed: bool,
    /// What is inside.
    pub content: Content,
    /// Attributes of this type's own, in order.
    pub attributes: Vec<AttributeUse>,
    /// References to attribute groups.
    pub attribute_groups: Vec<QName>,
    /// `xs:anyAttribute`.
    pub any_attribute: Option<Wildcard>,
}

/// The content of a complex type.
#[derive(Clone, Debug)]
pub enum Content {
    /// A particle, or nothing, without derivation.
    Particle(Option<Particle>),
    /// `xs:complexContent`.
    Complex {
        /// How it is derived.
        derivation: Derivation,
        /// From what.
        base: QName,
        /// What an extension adds, or all that a restriction leaves.
        particle: Option<Particle>,
    },
    /// `xs:simpleContent`.
    Simple {
        /// How it is derived.
        derivation: Derivation,
        /// From what.
        base: QName,
        /// Facets of a restriction.
        facets: Vec<Facet>,
    },
}

impl Default for Content {
    fn default() -> Self {
        Self::Particle(None)
    }
}

/// Extension or restriction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivation {
    /// `xs:extension`.
    Extension,
    /// `xs:restriction`.
    Restriction,
}

/// A term that may occur several times.
#[derive(Clone, Debug)]
pub struct Particle {
    /// `minOccurs`.
    pub min_occurs: u32,
    /// `maxOccurs`; none for `unbounded`.
    pub max_occurs: Option<u32>,
    /// What occurs.
    pub term: Term,
    /// Where.
    pub at: At,
}

/// What a particle holds.
#[derive(Clone, Debug)]
pub enum Term {
    /// A local element.
    Element(Box<ElementDeclaration>),
    /// `xs:element ref`.
    ElementReference(QName),
    /// `xs:sequence`.
    Sequence(Vec<Particle>),
    /// `xs:choice`.
    Choice(Vec<Particle>),
    /// `xs:all`.
    All(Vec<Particle>),
    /// `xs:group ref`.
    GroupReference(QName),
    /// `xs:any`.
    Any(Wildcard),
}

/// `xs:any` or `xs:anyAttribute`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wildcard {
    /// `namespace` as written; `##any` when absent.
    pub namespace: String,
    /// Whether the attribute `namespace` was there: WCF takes `xs:any` for an `XmlElement` only without it.
    pub namespace_written: bool,
    /// `processContents`; `strict` when absent.
    pub process_contents: String,
}

/// An element, global or local.
#[derive(Clone, Debug)]
pub struct ElementDeclaration {
    /// Its name on the wire: without namespace when it is local and unqualified.
    pub name: QName,
    /// Its type; `xs:anyType` when none is written and there is no substitution group.
    pub type_reference: TypeReference,
    /// Whether a type was written, by name or in place.
    pub type_written: bool,
    /// `nillable="true"`.
    pub nillable: bool,
    /// `default`.
    pub default: Option<String>,
    /// `fixed`.
    pub fixed: Option<String>,
    /// `abstract="true"`.
    pub is_abstract: bool,
    /// `substitutionGroup`.
    pub substitution_group: Option<QName>,
    /// Documentation and information for programs.
    pub annotation: Annotation,
    /// Where.
    pub at: At,
}

/// An attribute, global or local.
#[derive(Clone, Debug)]
pub struct AttributeDeclaration {
    /// Its name on the wire: without namespace when it is local and unqualified.
    pub name: QName,
    /// Its simple type; `xs:anySimpleType` when none is written.
    pub type_reference: TypeReference,
    /// `default`.
    pub default: Option<String>,
    /// `fixed`.
    pub fixed: Option<String>,
    /// Documentation.
    pub annotation: Annotation,
    /// Where.
    pub at: At,
}

/// An attribute in a type.
#[derive(Clone, Debug)]
pub struct AttributeUse {
    /// Declared in place, or by reference.
    pub attribute: AttributeTerm,
    /// `use`.
    pub usage: AttributeUsage,
    /// `default` of a reference.
    pub default: Option<String>,
    /// `fixed` of a reference.
    pub fixed: Option<String>,
    /// Attributes of other namespaces on the use, as `wsdl:arrayType`, with prefixes of values left as written.
    pub foreign: Vec<(QName, String)>,
    /// Where.
    pub at: At,
}

/// An attribute in place or by reference.
#[derive(Clone, Debug)]
pub enum AttributeTerm {
    /// Declared in place.
    Local(AttributeDeclaration),
    /// `ref`.
    Reference(QName),
}

/// `use` of an attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AttributeUsage {
    /// May be there.
    #[default]
    Optional,
    /// Must be there.
    Required,
    /// Must not be there.
    Prohibited,
}

/// `xs:group`.
#[derive(Clone, Debug)]
pub struct ModelGroup {
    /// Its name.
    pub name: QName,
    /// Its content.
    pub particle: Option<Particle>,
    /// Documentation.
    pub annotation: Annotation,
    /// Where.
    pub at: At,
}

/// `xs:attributeGroup`.
#[derive(Clone, Debug)]
pub struct AttributeGroup {
    /// Its name.
    pub name: QName,
    /// Attributes, in order.
    pub attributes: Vec<AttributeUse>,
    /// References to other groups.
    pub attribute_groups: Vec<QName>,
    /// `xs:anyAttribute`.
    pub any_attribute: Option<Wildcard>,
    /// Documentation.
    pub annotation: Annotation,
    /// Where.
    pub at: At,
}

/// `xs:annotation`, all of a component together.
#[derive(Clone, Debug, Default)]
pub struct Annotation {
    /// The text of `xs:documentation`, joined by blank lines.
    pub documentation: Option<String>,
    /// `xs:appinfo` elements, each a document of its own with `xs:appinfo` as its root. WCF looks into the first only.
    pub application_information: Vec<Document>,
}
