//! Descriptions of XML types: attributes, elements, choices, wildcards, text.

use std::borrow::Cow;

use super::used::TypeUse;
use crate::name::ContractName;

/// The content of a complex type that is no data contract, or a part of it (a group, a choice).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct XmlTypeDescription {
    /// The type that it extends.
    pub base: Option<ContractName>,
    /// Whether only types derived from it occur.
    pub is_abstract: bool,
    /// Own attributes, in order.
    pub attributes: Vec<XmlAttributeDescription>,
    /// Whether others may be there.
    pub any_attribute: bool,
    /// Own elements, in order.
    pub content: Vec<XmlParticle>,
    /// The type of the text; beside elements the content is mixed.
    pub text: Option<XmlValue>,
    /// Whether text stands between the elements.
    pub mixed: bool,
}

/// An attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XmlAttributeDescription {
    /// Its name, most often without namespace.
    pub name: ContractName,
    /// Its type.
    pub value: XmlValue,
    /// Whether it must be there.
    pub required: bool,
    /// What it says.
    pub facts: XmlFacts,
}

/// An element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XmlElementDescription {
    /// Its name; without namespace when it is unqualified.
    pub name: ContractName,
    /// Its type.
    pub value: XmlValue,
    /// How often it is there.
    pub occurs: Occurs,
    /// What it says.
    pub facts: XmlFacts,
}

/// What attributes and elements say besides their types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct XmlFacts {
    /// The value when it is absent.
    pub default: Option<Cow<'static, str>>,
    /// The only value.
    pub fixed: Option<Cow<'static, str>>,
    /// The doc comment; empty without one.
    pub documentation: Cow<'static, str>,
}

/// The type of an attribute, an element or a text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum XmlValue {
    /// A type.
    Type(TypeUse),
    /// Several values of a simple type, with blanks between them.
    List(TypeUse),
    /// Elements in an element.
    Array(Box<XmlElementDescription>),
    /// Nothing.
    Empty,
}

/// How often something is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurs {
    /// At least.
    pub min: u32,
    /// At most; none for any number.
    pub max: Option<u32>,
}

impl Occurs {
    /// Once.
    pub const ONCE: Self = Self { min: 1, max: Some(1) };
    /// Once at most.
    pub const OPTIONAL: Self = Self { min: 0, max: Some(1) };
    /// Any number.
    pub const ANY: Self = Self { min: 0, max: None };
}

/// A piece of content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum XmlParticle {
    /// An element.
    Element(XmlElementDescription),
    /// Several in order.
    Sequence(Vec<XmlParticle>, Occurs),
    /// One of several.
    Choice(Vec<XmlParticle>, Occurs),
    /// Any element.
    Any(Occurs),
}

/// A simple type with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum XmlSimpleDescription {
    /// Another simple type under this name.
    Restriction(TypeUse),
    /// One of several texts.
    Enumeration(Vec<XmlEnumerationValue>),
    /// Several values with blanks between them.
    List(TypeUse),
    /// A value of one of several types.
    Union(Vec<TypeUse>),
}

/// A value of an enumeration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XmlEnumerationValue {
    /// The text.
    pub value: Cow<'static, str>,
    /// The doc comment; empty without one.
    pub documentation: Cow<'static, str>,
}

/// What the derive calls, one for each member.
#[doc(hidden)]
impl XmlTypeDescription {
    /// What may hold anything.
    pub fn anything() -> Self {
        let content = vec![XmlParticle::Any(Occurs::ANY)];
        Self { content, any_attribute: true, mixed: true, ..Self::default() }
    }

    /// Adds an attribute.
    pub fn attribute(
        &mut self,
        name: ContractName,
        value: XmlValue,
        required: bool,
        facts: XmlFacts,
    ) {
        self.attributes.push(XmlAttributeDescription { name, value, required, facts });
    }

    /// Adds an element.
    pub fn element(
        &mut self,
        name: ContractName,
        value: XmlValue,
        occurs: Occurs,
        facts: XmlFacts,
    ) {
        let element = XmlElementDescription { name, value, occurs, facts };
        self.content.push(XmlParticle::Element(element));
    }

    /// Adds the elements and attributes of a group or a choice.
    pub fn part(&mut self, part: Self, occurs: Occurs) {
        let Self { attributes, any_attribute, mut content, text, mixed, .. } = part;
        let optional = occurs.min == 0;
        self.attributes.extend(attributes.into_iter().map(|mut own| {
            own.required &= !optional;
            own
        }));
        self.any_attribute |= any_attribute;
        self.mixed |= mixed;
        if self.text.is_none() {
            self.text = text;
        }
        let particle = match (content.len(), content.pop()) {
            (_, None) => return,
            (1, Some(XmlParticle::Choice(inner, Occurs::ONCE))) => {
                XmlParticle::Choice(inner, occurs)
            }
            (1, Some(XmlParticle::Sequence(inner, Occurs::ONCE))) => {
                XmlParticle::Sequence(inner, occurs)
            }
            (_, Some(last)) => {
                content.push(last);
                XmlParticle::Sequence(content, occurs)
            }
        };
        self.content.push(particle);
    }

    /// Makes all that was added one sequence: a group that is there once is no more than its elements.
    #[must_use]
    pub fn into_sequence(mut self) -> Self {
        let content = std::mem::take(&mut self.content);
        for particle in content {
            match particle {
                XmlParticle::Sequence(inner, Occurs::ONCE) => self.content.extend(inner),
                other => self.content.push(other),
            }
        }
        self
    }

    /// Adds a wildcard.
    pub fn any(&mut self, occurs: Occurs) {
        self.content.push(XmlParticle::Any(occurs));
    }

    /// Makes all that was added one choice.
    #[must_use]
    pub fn into_choice(mut self) -> Self {
        self.mixed |= self.text.take().is_some();
        let alternatives = std::mem::take(&mut self.content);
        self.content.push(XmlParticle::Choice(alternatives, Occurs::ONCE));
        self
    }
}

#[doc(hidden)]
impl XmlFacts {
    /// Facts as the derive knows them.
    pub fn new(
        default: Option<&'static str>,
        fixed: Option<&'static str>,
        documentation: &'static str,
    ) -> Self {
        Self {
            default: default.map(Cow::Borrowed),
            fixed: fixed.map(Cow::Borrowed),
            documentation: documentation.into(),
        }
    }
}
