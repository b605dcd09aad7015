//! The model of types: data contracts, XML types, and what is left as XML.

use crate::location::At;
use crate::name::QName;

/// How an operation's types are written in code, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tier {
    /// All is of data contracts.
    DataContract,
    /// Something needs attributes, choices and the like: XML types.
    Xml,
    /// XML as it is.
    Raw,
}

/// Why something is not in a better tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fall {
    /// The reason, for people.
    pub reason: String,
    /// What caused it.
    pub at: At,
}

/// An element with its type and how often it occurs: a member, a part, a header, an item.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name on the wire; without namespace when it is unqualified.
    pub name: QName,
    /// Its type.
    pub type_id: TypeId,
    /// `nillable`.
    pub nillable: bool,
    /// `minOccurs`.
    pub min_occurs: u32,
    /// `maxOccurs`; none for `unbounded`.
    pub max_occurs: Option<u32>,
    /// `default` as written.
    pub default: Option<String>,
    /// `fixed` as written.
    pub fixed: Option<String>,
    /// `<DefaultValue EmitDefaultValue="false">`, or what has the same meaning by the rules of data contracts.
    pub emit_default: bool,
    /// The `Order` that a data member needs to keep the place of the schema.
    pub order: Option<i32>,
    /// Elements that may stand in its place (substitution group), directly or not; never itself.
    pub substitutes: Vec<(QName, TypeId)>,
    /// The element is abstract: only its [`substitutes`](Self::substitutes) occur.
    pub is_abstract: bool,
    /// Whether this member closes a circle of types, so that it needs a box.
    pub recursive: bool,
    /// Documentation.
    pub documentation: Option<String>,
    /// Where.
    pub at: At,
}

impl Member {
    /// An element that occurs once, is not null and has no default.
    pub fn new(name: QName, type_id: TypeId) -> Self {
        Self {
            name,
            type_id,
            nillable: false,
            min_occurs: 1,
            max_occurs: Some(1),
            default: None,
            fixed: None,
            emit_default: true,
            order: None,
            substitutes: Vec::new(),
            is_abstract: false,
            recursive: false,
            documentation: None,
            at: At::nowhere(),
        }
    }

    /// Whether it may occur more than once.
    pub fn is_repeated(&self) -> bool {
        self.max_occurs != Some(1)
    }
}

/// A type of a [`TypeTable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub(crate) u32);

/// All types of a source, each once.
#[derive(Clone, Debug, Default)]
pub struct TypeTable {
    types: Vec<Type>,
}

impl TypeTable {
    /// Adds a type.
    pub fn add(&mut self, of: Type) -> TypeId {
        self.types.push(of);
        TypeId(u32::try_from(self.types.len() - 1).expect("fewer types than bytes of a document"))
    }

    /// The type of an id of this table.
    ///
    /// # Panics
    /// For an id of another table.
    pub fn get(&self, id: TypeId) -> &Type {
        &self.types[id.0 as usize]
    }

    /// The type of an id of this table, to be changed.
    ///
    /// # Panics
    /// For an id of another table.
    pub fn get_mut(&mut self, id: TypeId) -> &mut Type {
        &mut self.types[id.0 as usize]
    }

    /// All of them with their ids, in order.
    pub fn iter(&self) -> impl Iterator<Item = (TypeId, &Type)> {
        (0u32..).map(TypeId).zip(&self.types)
    }

    /// The named type.
    pub fn find(&self, name: &QName) -> Option<TypeId> {
        self.iter().find(|(_, t)| t.name.as_ref() == Some(name)).map(|(id, _)| id)
    }
}

/// A type.
#[derive(Clone, Debug)]
pub struct Type {
    /// Its name in the schema; none for an anonymous type.
    pub name: Option<QName>,
    /// What code calls it before it is made an identifier: the name, or for an anonymous type one by its place.
    pub title: String,
    /// The namespace that its code belongs to.
    pub namespace: String,
    /// What it is.
    pub shape: Shape,
    /// The same as a complex type beyond data contracts, where [`shape`](Self::shape) is something else: for code that needs a
    /// data contract as the base or as a member of such a type. See [`Type::structure`].
    pub as_structure: Option<Box<Structure>>,
    /// Data contract or XML type; never [`Tier::Raw`].
    pub tier: Tier,
    /// Why it is no data contract.
    pub fall: Option<Fall>,
    /// Documentation.
    pub documentation: Option<String>,
    /// Where.
    pub at: At,
}

impl Type {
    /// A type of this name that is a data contract, or for an XML type [`Tier::Xml`] by its shape.
    pub fn new(name: QName, shape: Shape) -> Self {
        let tier = match shape {
            Shape::Structure(_) | Shape::List(_) | Shape::Union(_) => Tier::Xml,
            _ => Tier::DataContract,
        };
        Self {
            title: name.local.to_string(),
            namespace: name.namespace.to_string(),
            name: Some(name),
            shape,
            as_structure: None,
            tier,
            fall: None,
            documentation: None,
            at: At::nowhere(),
        }
    }

    /// The complex type with attributes and content, whether it is a data contract or not; none for a simple type.
    pub fn structure(&self) -> Option<&Structure> {
        match &self.shape {
            Shape::Structure(structure) => Some(structure),
            _ => self.as_structure.as_deref(),
        }
    }
}

/// What a type is.
#[derive(Clone, Debug)]
pub enum Shape {
    /// A type of XML Schema or of the serialization schema, by its name: `xs:int`, `ser:guid`.
    BuiltIn(QName),
    /// `xs:anyType`.
    Any,
    /// One element of any name (`XmlElement`), or with `nodes` several and attributes (`XmlNode[]`).
    Xml {
        /// Whether there may be several.
        nodes: bool,
    },
    /// An enumeration.
    Enumeration(Enumeration),
    /// A class of data contracts.
    Class(Class),
    /// A list of data contracts.
    Collection(Box<Member>),
    /// A dictionary of data contracts.
    Dictionary {
        /// The element of each entry.
        entry: QName,
        /// Its key.
        key: Box<Member>,
        /// Its value.
        value: Box<Member>,
    },
    /// A class that serializes itself (`ISerializable`, `ser:FactoryType`).
    Serializable {
        /// The members beside the factory type are any elements without namespace.
        factory_type: Option<QName>,
    },
    /// A complex type beyond data contracts.
    Structure(Structure),
    /// A simple type with facets beyond an enumeration.
    Simple {
        /// The type that is restricted.
        base: TypeId,
        /// Facets as name and value, in order.
        facets: Vec<(String, String)>,
    },
    /// `xs:list`.
    List(TypeId),
    /// `xs:union`.
    Union(Vec<TypeId>),
}

/// An enumeration.
#[derive(Clone, Debug, Default)]
pub struct Enumeration {
    /// Members, in order.
    pub members: Vec<EnumerationMember>,
    /// Whether several can be set at once (`[Flags]`, `xs:list`).
    pub flags: bool,
    /// The underlying type by `ActualType`: `xs:unsignedByte`; none for `xs:int`.
    pub underlying: Option<QName>,
}

/// A member of an enumeration.
#[derive(Clone, Debug)]
pub struct EnumerationMember {
    /// The text on the wire.
    pub text: String,
    /// The number in .NET: by `EnumerationValue`, else by its place.
    pub value: i64,
    /// Documentation.
    pub documentation: Option<String>,
}

/// A class of data contracts.
#[derive(Clone, Debug, Default)]
pub struct Class {
    /// The base class.
    pub base: Option<TypeId>,
    /// Own members, in the order of the schema.
    pub members: Vec<Member>,
    /// `ser:Id` and `ser:Ref`.
    pub is_reference: bool,
    /// `IsValueType`.
    pub is_value_type: bool,
    /// `GenericType`: the name with `{0}` and `{#}`, and the arguments.
    pub generic: Option<(String, Vec<QName>)>,
    /// Classes that extend this one directly.
    pub derived: Vec<TypeId>,
}

/// A complex type beyond data contracts, groups resolved.
#[derive(Clone, Debug, Default)]
pub struct Structure {
    /// The type that it extends or restricts; its attributes and content come first.
    pub base: Option<TypeId>,
    /// Whether only derived types occur.
    pub is_abstract: bool,
    /// Whether text stands between the elements.
    pub mixed: bool,
    /// The type of the text (simple content).
    pub text: Option<TypeId>,
    /// Own attributes, in order.
    pub attributes: Vec<Attribute>,
    /// Whether others may be there.
    pub any_attribute: bool,
    /// Own content, in order. A type that restricts another adds only attributes that the other does not have.
    pub content: Vec<Particle>,
    /// Types that extend this one directly.
    pub derived: Vec<TypeId>,
}

/// An attribute of a [`Structure`].
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name on the wire.
    pub name: QName,
    /// Its type.
    pub type_id: TypeId,
    /// `use="required"`.
    pub required: bool,
    /// `default` as written.
    pub default: Option<String>,
    /// `fixed` as written.
    pub fixed: Option<String>,
    /// Documentation.
    pub documentation: Option<String>,
    /// Where.
    pub at: At,
}

/// Content of a [`Structure`].
#[derive(Clone, Debug)]
pub enum Particle {
    /// An element.
    Element(Member),
    /// Several in order, together as often as said.
    Sequence(Vec<Particle>, Occurs),
    /// One of several, as often as said.
    Choice(Vec<Particle>, Occurs),
    /// Several in any order.
    All(Vec<Particle>, Occurs),
    /// Any element of these namespaces, as `xs:any` writes them: `##any`, `##other`, or names.
    Any {
        /// `namespace`.
        namespaces: String,
        /// How many.
        occurs: Occurs,
    },
}

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurs {
    /// At least.
    pub min: u32,
    /// At most; none for unbounded.
    pub max: Option<u32>,
}
