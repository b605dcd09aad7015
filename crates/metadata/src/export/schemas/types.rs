//! From the description of a data contract to its type in a schema, as `SchemaExporter` of .NET does.

use waxwing_datacontract::{
    ClassDescription, CollectionDescription, ContractName, DictionaryDescription,
    EnumerationDescription, TypeDescription, TypeDescriptions, TypeKind as Kind, TypeUse,
};

use super::annotation::{Information, documented};
use super::built_in::{definition, particle, sequence, simple};
use super::globals::Globals;
use crate::location::At;
use crate::name::QName;
use crate::name::namespaces::{SERIALIZATION, XSD};
use crate::schema::{
    Annotation, AttributeTerm, AttributeUsage, AttributeUse, ComplexType, Content, Derivation,
    ElementDeclaration, Facet, Particle, SimpleType, Term, TypeDefinition, TypeKind, TypeReference,
    Wildcard,
};

/// What types are made with.
pub(super) struct TypeWriter<'t> {
    pub(super) types: &'t TypeDescriptions,
    /// Whether doc comments are written.
    pub(super) documentation: bool,
}

/// The name of a contract in a schema.
pub(super) fn name(contract: &ContractName) -> QName {
    QName::new(&*contract.namespace, &*contract.local)
}

impl TypeWriter<'_> {
    /// The type, unless it is one without a name.
    ///
    /// What it refers to in other namespaces, and is no type, is added to `globals`.
    pub(super) fn definition(
        &self,
        of: &TypeDescription,
        globals: &mut Globals,
    ) -> Option<TypeDefinition> {
        let mut information = Information::new();
        let name = name(&of.name);
        if let Some(generic) = &of.generic {
            information.generic(generic);
        }
        let kind = match &of.kind {
            Kind::Class(class) => {
                if of.value_type && class.base.is_none() {
                    information.is_value_type();
                }
                TypeKind::Complex(self.class(&name, class))
            }
            Kind::Enumeration(enumeration) => {
                if !enumeration.underlying.is(XSD, "int") {
                    information.actual_type(&enumeration.underlying);
                }
                TypeKind::Simple(self.enumeration(enumeration))
            }
            Kind::Collection(collection) => TypeKind::Complex(self.collection(&name, collection)),
            Kind::Dictionary(dictionary) => {
                information.is_dictionary();
                TypeKind::Complex(self.dictionary(&name, dictionary))
            }
            Kind::Simple(base) => simple(name.clone(), self::name(base), &[]).kind,
            Kind::Serializable => TypeKind::Complex(serializable()),
            Kind::Xml(own) => TypeKind::Complex(self.xml_type(&name, own, globals)),
            Kind::XmlSimple(own) => TypeKind::Simple(self.xml_simple(own)),
            Kind::XmlElement => return None,
            // What this version knows nothing of, too.
            _ => TypeKind::Complex(anything()),
        };
        let mut annotation = documented(&of.documentation, self.documentation);
        information.put(&mut annotation);
        Some(TypeDefinition { annotation, ..definition(Some(name), kind) })
    }

    /// The type of an element.
    pub(super) fn reference(&self, used: &TypeUse) -> TypeReference {
        match self.types.get(&used.contract).map(|known| &known.kind) {
            Some(Kind::XmlElement) => {
                let any = Term::Any(any("lax"));
                let content = TypeKind::Complex(sequence(vec![particle(0, Some(1), any)]));
                TypeReference::Anonymous(Box::new(definition(None, content)))
            }
            _ => TypeReference::Named(name(&used.contract)),
        }
    }

    /// An element of a type.
    pub(super) fn element(&self, name: QName, used: &TypeUse) -> ElementDeclaration {
        ElementDeclaration {
            name,
            type_reference: self.reference(used),
            type_written: true,
            nillable: used.nullable,
            default: None,
            fixed: None,
            is_abstract: false,
            substitution_group: None,
            annotation: Annotation::default(),
            at: At::nowhere(),
        }
    }

    /// A member that cannot be null and is no value type must be there: so a peer learns of it before it calls.
    fn class(&self, own: &QName, class: &ClassDescription) -> ComplexType {
        let members = class.members.iter().map(|member| {
            let value = &member.value;
            let name = QName::new(own.namespace.clone(), &*member.name);
            let mut element = self.element(name, value);
            element.annotation = documented(&member.documentation, self.documentation);
            if !member.emit_default {
                let mut information = Information::new();
                information.emits_no_default();
                information.put(&mut element.annotation);
            }
            let required = member.required || !(value.nullable || value.value_type);
            particle(u32::from(required), Some(1), Term::Element(Box::new(element)))
        });
        let mut content = sequence(members.collect());
        let base = class.base.as_ref();
        let reference_base = base
            .and_then(|base| self.types.get(base))
            .is_some_and(|base| matches!(&base.kind, Kind::Class(base) if base.is_reference));
        if class.is_reference && !reference_base {
            content.attributes = vec![serialization("Id"), serialization("Ref")];
        }
        if let (Some(base), Content::Particle(particle)) = (base, &mut content.content) {
            let (derivation, particle) = (Derivation::Extension, particle.take());
            content.content = Content::Complex { derivation, base: name(base), particle };
        }
        content
    }

    fn enumeration(&self, enumeration: &EnumerationDescription) -> SimpleType {
        let unsigned = enumeration.underlying.is(XSD, "unsignedLong");
        let facets = enumeration.members.iter().zip(0u32..).map(|(member, index)| {
            let expected = match enumeration.flags {
                true => 1i64.checked_shl(index).unwrap_or(0),
                false => i64::from(index),
            };
            let mut annotation = documented(&member.documentation, self.documentation);
            if member.value != expected {
                let mut information = Information::new();
                information.enumeration_value(&match unsigned {
                    // The same bits.
                    true => (member.value as u64).to_string(),
                    false => member.value.to_string(),
                });
                information.put(&mut annotation);
            }
            let (name, value) = ("enumeration".to_owned(), member.name.to_string());
            Facet { name, value, annotation, at: At::nowhere() }
        });
        let base = TypeReference::Named(QName::new(XSD, "string"));
        let restriction = SimpleType::Restriction { base, facets: facets.collect() };
        if !enumeration.flags {
            return restriction;
        }
        let item = definition(None, TypeKind::Simple(restriction));
        SimpleType::List { item: TypeReference::Anonymous(Box::new(item)) }
    }

    fn collection(&self, own: &QName, collection: &CollectionDescription) -> ComplexType {
        let name = QName::new(own.namespace.clone(), &*collection.item_name);
        let element = self.element(name, &collection.item);
        sequence(vec![particle(0, None, Term::Element(Box::new(element)))])
    }

    fn dictionary(&self, own: &QName, dictionary: &DictionaryDescription) -> ComplexType {
        let part = |local: &str, used: &TypeUse| -> Particle {
            let element = self.element(QName::new(own.namespace.clone(), local), used);
            particle(1, Some(1), Term::Element(Box::new(element)))
        };
        let key = part(&dictionary.key_name, &dictionary.key);
        let value = part(&dictionary.value_name, &dictionary.value);
        let entry = definition(None, TypeKind::Complex(sequence(vec![key, value])));
        let entry = ElementDeclaration {
            name: QName::new(own.namespace.clone(), &*dictionary.item_name),
            type_reference: TypeReference::Anonymous(Box::new(entry)),
            type_written: true,
            nillable: false,
            default: None,
            fixed: None,
            is_abstract: false,
            substitution_group: None,
            annotation: Annotation::default(),
            at: At::nowhere(),
        };
        sequence(vec![particle(0, None, Term::Element(Box::new(entry)))])
    }
}

/// An attribute of the serialization schema.
fn serialization(local: &str) -> AttributeUse {
    AttributeUse {
        attribute: AttributeTerm::Reference(QName::new(SERIALIZATION, local)),
        usage: AttributeUsage::Optional,
        default: None,
        fixed: None,
        foreign: Vec::new(),
        at: At::nowhere(),
    }
}

/// Any element, or any attribute.
pub(super) fn any(process_contents: &str) -> Wildcard {
    Wildcard {
        namespace: "##any".to_owned(),
        namespace_written: false,
        process_contents: process_contents.to_owned(),
    }
}

/// `ISerializable`: elements without namespace.
fn serializable() -> ComplexType {
    let any = Wildcard {
        namespace: "##local".to_owned(),
        namespace_written: true,
        process_contents: "skip".to_owned(),
    };
    let mut content = sequence(vec![particle(0, None, Term::Any(any))]);
    content.attributes = vec![serialization("FactoryType")];
    content
}

/// A type of which only the name is known.
pub(super) fn opaque(name: QName) -> TypeDefinition {
    definition(Some(name), TypeKind::Complex(anything()))
}

/// What .NET takes for `XmlNode[]`.
fn anything() -> ComplexType {
    let mut content = sequence(vec![particle(0, None, Term::Any(any("lax")))]);
    content.any_attribute = Some(any("lax"));
    content
}
