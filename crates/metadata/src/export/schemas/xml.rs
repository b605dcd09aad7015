//! From the description of an XML type to its type in a schema, as `XmlSchemaExporter` of .NET does it: named types without
//! global elements, particles as they are.

use waxwing_datacontract::{
    ContractName, Occurs, TypeKind as Kind, XmlElementDescription, XmlFacts, XmlParticle,
    XmlSimpleDescription, XmlTypeDescription, XmlValue,
};

use super::annotation::documented;
use super::built_in::{definition, particle, sequence};
use super::globals::Globals;
use super::types::{TypeWriter, any, name};
use crate::location::At;
use crate::name::QName;
use crate::name::namespaces::XSD;
use crate::schema::{
    Annotation, AttributeDeclaration, AttributeTerm, AttributeUsage, AttributeUse, ComplexType,
    Content, Derivation, ElementDeclaration, Facet, Particle, SimpleType, Term, TypeKind,
    TypeReference,
};

/// The namespace of `xml:lang`: its attributes are known to everybody.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// How many base types are looked through.
const MAX_BASES: usize = 64;

impl TypeWriter<'_> {
    pub(super) fn xml_simple(&self, of: &XmlSimpleDescription) -> SimpleType {
        let restriction = |base, facets| SimpleType::Restriction { base, facets };
        match of {
            XmlSimpleDescription::Restriction(base) => {
                restriction(self.reference(base), Vec::new())
            }
            XmlSimpleDescription::Enumeration(values) => {
                let facets = values.iter().map(|own| Facet {
                    name: "enumeration".to_owned(),
                    value: own.value.to_string(),
                    annotation: documented(&own.documentation, self.documentation),
                    at: At::nowhere(),
                });
                let base = TypeReference::Named(QName::new(XSD, "string"));
                restriction(base, facets.collect())
            }
            XmlSimpleDescription::List(item) => SimpleType::List { item: self.reference(item) },
            XmlSimpleDescription::Union(members) => SimpleType::Union {
                members: members.iter().map(|own| self.reference(own)).collect(),
            },
            // What this version knows nothing of is text.
            _ => restriction(TypeReference::Named(QName::new(XSD, "string")), Vec::new()),
        }
    }

    pub(super) fn xml_type(
        &self,
        own: &QName,
        of: &XmlTypeDescription,
        globals: &mut Globals,
    ) -> ComplexType {
        let attributes = of.attributes.iter().map(|attribute| {
            let (name, facts) = (name(&attribute.name), &attribute.facts);
            let usage = match attribute.required {
                true => AttributeUsage::Required,
                false => AttributeUsage::Optional,
            };
            let declaration = self.attribute(name, &attribute.value, facts);
            let namespace = &declaration.name.namespace;
            let (attribute, facts) = match namespace.is_empty() || *namespace == own.namespace {
                true => (AttributeTerm::Local(declaration), None),
                false => {
                    let name = declaration.name.clone();
                    if &*name.namespace != XML {
                        let (default, fixed) = (None, None);
                        globals.attributes.push(AttributeDeclaration {
                            default,
                            fixed,
                            ..declaration
                        });
                    }
                    (AttributeTerm::Reference(name), Some(facts))
                }
            };
            let text =
                |text: Option<&std::borrow::Cow<'static, str>>| text.map(ToString::to_string);
            AttributeUse {
                attribute,
                usage,
                default: text(facts.and_then(|facts| facts.default.as_ref())),
                fixed: text(facts.and_then(|facts| facts.fixed.as_ref())),
                foreign: Vec::new(),
                at: At::nowhere(),
            }
        });
        let attributes = attributes.collect();
        let particles: Vec<_> =
            of.content.iter().map(|inner| self.particle(own, inner, globals)).collect();
        ComplexType {
            is_abstract: of.is_abstract,
            mixed: of.mixed || (of.text.is_some() && !particles.is_empty()),
            content: self.content(of, particles),
            attributes,
            attribute_groups: Vec::new(),
            any_attribute: of.any_attribute.then(|| any("lax")),
        }
    }

    fn content(&self, of: &XmlTypeDescription, mut particles: Vec<Particle>) -> Content {
        let text = of.text.as_ref().filter(|_| particles.is_empty());
        let model = match (particles.len(), particles.pop()) {
            (_, None) => None,
            // A sequence or a choice that is all there is needs none around it.
            (1, Some(only @ Particle { term: Term::Sequence(_) | Term::Choice(_), .. })) => {
                Some(only)
            }
            (_, Some(last)) => {
                particles.push(last);
                Some(particle(1, Some(1), Term::Sequence(particles)))
            }
        };
        let derivation = Derivation::Extension;
        match (&of.base, text) {
            (None, None) => Content::Particle(model),
            (None, Some(text)) => {
                let base = match text {
                    XmlValue::Type(used) => name(&used.contract),
                    // A list has no name to be extended by.
                    _ => QName::new(XSD, "string"),
                };
                Content::Simple { derivation, base, facets: Vec::new() }
            }
            (Some(base), _) if model.is_none() && self.is_simple_content(base) => {
                Content::Simple { derivation, base: name(base), facets: Vec::new() }
            }
            (Some(base), _) => Content::Complex { derivation, base: name(base), particle: model },
        }
    }

    /// Whether a type is text with attributes.
    fn is_simple_content(&self, of: &ContractName) -> bool {
        let mut next = Some(of);
        for _ in 0..MAX_BASES {
            let Some(kind) = next.and_then(|name| self.types.get(name)).map(|own| &own.kind) else {
                return false;
            };
            match kind {
                Kind::XmlSimple(_) | Kind::Enumeration(_) => return true,
                Kind::Xml(own) if !own.content.is_empty() => return false,
                Kind::Xml(own) if own.text.is_some() => return true,
                Kind::Xml(own) => next = own.base.as_ref(),
                _ => return false,
            }
        }
        false
    }

    fn attribute(&self, name: QName, value: &XmlValue, facts: &XmlFacts) -> AttributeDeclaration {
        let text =
            |text: &Option<std::borrow::Cow<'static, str>>| text.as_ref().map(ToString::to_string);
        AttributeDeclaration {
            name,
            type_reference: self.simple_value(value),
            default: text(&facts.default),
            fixed: text(&facts.fixed),
            annotation: documented(&facts.documentation, self.documentation),
            at: At::nowhere(),
        }
    }

    /// The type of what is text.
    fn simple_value(&self, value: &XmlValue) -> TypeReference {
        match value {
            XmlValue::Type(used) => self.reference(used),
            XmlValue::List(used) => {
                let list = TypeKind::Simple(SimpleType::List { item: self.reference(used) });
                TypeReference::Anonymous(Box::new(definition(None, list)))
            }
            _ => TypeReference::Named(QName::new(XSD, "string")),
        }
    }

    fn particle(&self, own: &QName, of: &XmlParticle, globals: &mut Globals) -> Particle {
        let mut inner = |particles: &[XmlParticle]| -> Vec<Particle> {
            particles.iter().map(|inner| self.particle(own, inner, globals)).collect()
        };
        let (Occurs { min, max }, term) = match of {
            XmlParticle::Element(element) => return self.xml_element(own, element, globals),
            XmlParticle::Sequence(particles, occurs) => (*occurs, Term::Sequence(inner(particles))),
            XmlParticle::Choice(particles, occurs) => (*occurs, Term::Choice(inner(particles))),
            XmlParticle::Any(occurs) => (*occurs, Term::Any(any("lax"))),
            // What this version knows nothing of may be anything.
            _ => (Occurs::ANY, Term::Any(any("lax"))),
        };
        particle(min, max, term)
    }

    fn xml_element(
        &self,
        own: &QName,
        of: &XmlElementDescription,
        globals: &mut Globals,
    ) -> Particle {
        let Occurs { min, max } = of.occurs;
        let element_name = name(&of.name);
        let (type_reference, nillable) = match &of.value {
            XmlValue::Type(used) => (self.reference(used), used.nullable),
            XmlValue::List(_) => (self.simple_value(&of.value), false),
            XmlValue::Array(item) => {
                let content = sequence(vec![self.xml_element(own, item, globals)]);
                let array = definition(None, TypeKind::Complex(content));
                (TypeReference::Anonymous(Box::new(array)), false)
            }
            _ => {
                let nothing = definition(None, TypeKind::Complex(ComplexType::default()));
                (TypeReference::Anonymous(Box::new(nothing)), false)
            }
        };
        let declaration = ElementDeclaration {
            name: element_name.clone(),
            type_reference,
            type_written: true,
            nillable,
            default: of.facts.default.as_ref().map(ToString::to_string),
            fixed: of.facts.fixed.as_ref().map(ToString::to_string),
            is_abstract: false,
            substitution_group: None,
            annotation: match of.facts.documentation.is_empty() {
                true => Annotation::default(),
                false => documented(&of.facts.documentation, self.documentation),
            },
            at: At::nowhere(),
        };
        let namespace = &element_name.namespace;
        if namespace.is_empty() || *namespace == own.namespace {
            return particle(min, max, Term::Element(Box::new(declaration)));
        }
        globals.elements.push(declaration);
        particle(min, max, Term::ElementReference(element_name))
    }
}
