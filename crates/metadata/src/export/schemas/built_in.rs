//! Schemas that WCF has built in: the serialization schema, and that of messages that may hold anything.

use crate::location::At;
use crate::name::QName;
use crate::name::namespaces::{MESSAGE, SERIALIZATION, XSD};
use crate::schema::{
    Annotation, AttributeDeclaration, ComplexType, Content, ElementDeclaration, Facet, Particle,
    Schema, SimpleType, Term, TypeDefinition, TypeKind, TypeReference, Wildcard,
};

/// The types of XML Schema that have a global element in the serialization schema.
const ELEMENTS: &[&str] = &[
    "anyType",
    "anyURI",
    "base64Binary",
    "boolean",
    "byte",
    "dateTime",
    "decimal",
    "double",
    "float",
    "int",
    "long",
    "QName",
    "short",
    "string",
    "unsignedByte",
    "unsignedInt",
    "unsignedLong",
    "unsignedShort",
];

/// What .NET takes for a `duration`: days, and what a `TimeSpan` can hold.
const DURATION: &[(&str, &str)] = &[
    ("pattern", r"\-?P(\d*D)?(T(\d*H)?(\d*M)?(\d*(\.\d*)?S)?)?"),
    ("minInclusive", "-P10675199DT2H48M5.4775808S"),
    ("maxInclusive", "P10675199DT2H48M5.4775807S"),
];

const GUID: &[(&str, &str)] =
    &[("pattern", r"[\da-fA-F]{8}-[\da-fA-F]{4}-[\da-fA-F]{4}-[\da-fA-F]{4}-[\da-fA-F]{12}")];

/// A schema without anything in it.
pub(super) fn empty(target_namespace: &str) -> Schema {
    Schema {
        at: At::nowhere(),
        target_namespace: target_namespace.to_owned(),
        elements_qualified: true,
        attributes_qualified: false,
        imports: Vec::new(),
        elements: Vec::new(),
        attributes: Vec::new(),
        types: Vec::new(),
        groups: Vec::new(),
        attribute_groups: Vec::new(),
        annotation: Annotation::default(),
    }
}

/// A global element that may be nil, of a type that has a name.
pub(super) fn element(name: QName, type_name: QName) -> ElementDeclaration {
    ElementDeclaration {
        name,
        type_reference: TypeReference::Named(type_name),
        type_written: true,
        nillable: true,
        default: None,
        fixed: None,
        is_abstract: false,
        substitution_group: None,
        annotation: Annotation::default(),
        at: At::nowhere(),
    }
}

/// A restriction of a simple type that has a name.
pub(super) fn simple(name: QName, base: QName, facets: &[(&str, &str)]) -> TypeDefinition {
    let facets = facets.iter().map(|(name, value)| Facet {
        name: (*name).to_owned(),
        value: (*value).to_owned(),
        annotation: Annotation::default(),
        at: At::nowhere(),
    });
    let base = TypeReference::Named(base);
    definition(
        Some(name),
        TypeKind::Simple(SimpleType::Restriction { base, facets: facets.collect() }),
    )
}

/// A type without annotation.
pub(super) fn definition(name: Option<QName>, kind: TypeKind) -> TypeDefinition {
    TypeDefinition { name, at: At::nowhere(), annotation: Annotation::default(), kind }
}

/// A term that occurs so often; without a highest number, as often as it wants.
pub(super) fn particle(min_occurs: u32, max_occurs: Option<u32>, term: Term) -> Particle {
    Particle { min_occurs, max_occurs, term, at: At::nowhere() }
}

/// A complex type with a sequence.
pub(super) fn sequence(particles: Vec<Particle>) -> ComplexType {
    let sequence = particle(1, Some(1), Term::Sequence(particles));
    ComplexType { content: Content::Particle(Some(sequence)), ..ComplexType::default() }
}

/// `http://schemas.microsoft.com/2003/10/Serialization/`.
pub(super) fn serialization() -> Schema {
    let own = |local: &str| QName::new(SERIALIZATION, local);
    let xsd = |local: &str| QName::new(XSD, local);
    let mut schema = empty(SERIALIZATION);
    schema.attributes_qualified = true;
    schema.elements.extend(ELEMENTS.iter().map(|local| element(own(local), xsd(local))));
    let simple_types: [(_, _, &[_]); 3] =
        [("char", "int", &[]), ("duration", "duration", DURATION), ("guid", "string", GUID)];
    for (local, base, facets) in simple_types {
        schema.elements.push(element(own(local), own(local)));
        schema.types.push(simple(own(local), xsd(base), facets));
    }
    for (local, of) in [("FactoryType", "QName"), ("Id", "ID"), ("Ref", "IDREF")] {
        schema.attributes.push(AttributeDeclaration {
            name: own(local),
            type_reference: TypeReference::Named(xsd(of)),
            default: None,
            fixed: None,
            annotation: Annotation::default(),
            at: At::nowhere(),
        });
    }
    schema
}

/// `MessageBody`: a body that may be anything.
pub(super) fn message_body() -> TypeDefinition {
    let any = Wildcard {
        namespace: "##any".to_owned(),
        namespace_written: true,
        process_contents: "strict".to_owned(),
    };
    let content = sequence(vec![particle(0, None, Term::Any(any))]);
    definition(Some(QName::new(MESSAGE, "MessageBody")), TypeKind::Complex(content))
}
