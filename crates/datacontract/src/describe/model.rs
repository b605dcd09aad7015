//! What a description says.

use std::borrow::Cow;

use super::used::TypeUse;
use super::xml::{XmlSimpleDescription, XmlTypeDescription};
use crate::name::ContractName;

/// The description of one data contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeDescription {
    /// The contract's name.
    pub name: ContractName,
    /// Of a generic type: how its name was made.
    pub generic: Option<GenericName>,
    /// Whether it is a value type (`IsValueType` of a class).
    pub value_type: bool,
    /// The doc comment; empty without one.
    pub documentation: Cow<'static, str>,
    /// What it is.
    pub kind: TypeKind,
}

/// What a data contract is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TypeKind {
    /// Named members in order.
    Class(ClassDescription),
    /// An enumeration, or flags.
    Enumeration(EnumerationDescription),
    /// A list.
    Collection(CollectionDescription),
    /// A dictionary.
    Dictionary(DictionaryDescription),
    /// A built-in type under another name (`StreamBody` is `xs:base64Binary`): the text of the one named.
    Simple(ContractName),
    /// One element of any name: [`XmlElement`](crate::XmlElement). It has no type of its own in a schema.
    XmlElement,
    /// A class that writes itself as named values without namespace (`ISerializable`).
    Serializable,
    /// A complex type that is no data contract: [`XmlContent`](crate::xml_type::XmlContent).
    Xml(XmlTypeDescription),
    /// A simple type that is no data contract: [`XmlText`](crate::xml_type::XmlText).
    XmlSimple(XmlSimpleDescription),
    /// Nothing is known of its content: a hand-written contract that does not describe itself.
    Opaque,
}

/// Members of a class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassDescription {
    /// The base class, whose members come first.
    pub base: Option<ContractName>,
    /// Its own members, in the order of the wire.
    pub members: Vec<MemberDescription>,
    /// Whether its elements carry `z:Id` and `z:Ref`.
    pub is_reference: bool,
}

/// A member of a class: an element in the namespace of the class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberDescription {
    /// The local name, already escaped.
    pub name: Cow<'static, str>,
    /// Its type.
    pub value: TypeUse,
    /// `IsRequired`.
    pub required: bool,
    /// `EmitDefaultValue`.
    pub emit_default: bool,
    /// The doc comment; empty without one.
    pub documentation: Cow<'static, str>,
}

impl MemberDescription {
    /// A member as WCF has it without a word more: it may be missing, and is written whatever its value is.
    pub fn new(name: impl Into<Cow<'static, str>>, value: TypeUse) -> Self {
        let documentation = Cow::Borrowed("");
        Self { name: name.into(), value, required: false, emit_default: true, documentation }
    }

    /// The same, and reading fails without it.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

/// Members of an enumeration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumerationDescription {
    /// The members, in the order of declaration.
    pub members: Vec<EnumerationMember>,
    /// Whether several can be set at once.
    pub flags: bool,
    /// The built-in type of the numbers: `xs:int`, unless `#[repr(…)]` or the number of flags says otherwise.
    pub underlying: ContractName,
}

/// A member of an enumeration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumerationMember {
    /// The text on the wire.
    pub name: Cow<'static, str>,
    /// The number.
    pub value: i64,
    /// The doc comment; empty without one.
    pub documentation: Cow<'static, str>,
}

/// Items of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectionDescription {
    /// The local name of the elements, which are in the namespace of the collection.
    pub item_name: Cow<'static, str>,
    /// Their type.
    pub item: TypeUse,
}

/// Entries of a dictionary. All elements are in the namespace of the dictionary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DictionaryDescription {
    /// The local name of the entries.
    pub item_name: Cow<'static, str>,
    /// The local name of the keys.
    pub key_name: Cow<'static, str>,
    /// The type of the keys.
    pub key: TypeUse,
    /// The local name of the values.
    pub value_name: Cow<'static, str>,
    /// The type of the values.
    pub value: TypeUse,
}

/// How the name of a generic type was made (`GenericType` in a schema).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenericName {
    /// The name; of a generic type with `{0}` for the first argument, and `{#}` for the digest of namespaces.
    pub name: String,
    /// The namespace.
    pub namespace: String,
    /// The arguments; none of a type that is not generic.
    pub parameters: Vec<GenericName>,
}

impl GenericName {
    /// The name of a type that is not generic.
    pub fn plain(name: &ContractName) -> Self {
        Self::new(&name.local, &name.namespace, Vec::new())
    }

    /// A name with arguments.
    pub fn new(name: &str, namespace: &str, parameters: Vec<GenericName>) -> Self {
        Self { name: name.to_owned(), namespace: namespace.to_owned(), parameters }
    }
}

impl TypeKind {
    /// What it refers to, in order; not the base class.
    pub fn uses(&self) -> Vec<&TypeUse> {
        match self {
            Self::Class(class) => class.members.iter().map(|member| &member.value).collect(),
            Self::Collection(collection) => vec![&collection.item],
            Self::Dictionary(dictionary) => vec![&dictionary.key, &dictionary.value],
            Self::Enumeration(_)
            | Self::Simple(_)
            | Self::XmlElement
            | Self::Serializable
            | Self::Xml(_)
            | Self::XmlSimple(_)
            | Self::Opaque => Vec::new(),
        }
    }

    pub(super) fn uses_mut(&mut self) -> Vec<&mut TypeUse> {
        match self {
            Self::Class(class) => {
                class.members.iter_mut().map(|member| &mut member.value).collect()
            }
            Self::Collection(collection) => vec![&mut collection.item],
            Self::Dictionary(dictionary) => vec![&mut dictionary.key, &mut dictionary.value],
            Self::Enumeration(_)
            | Self::Simple(_)
            | Self::XmlElement
            | Self::Serializable
            | Self::Xml(_)
            | Self::XmlSimple(_)
            | Self::Opaque => Vec::new(),
        }
    }
}
