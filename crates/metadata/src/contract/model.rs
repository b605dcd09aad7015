//! The model of contracts: the one input of code generation, of JSON and of what is shown to people.

use crate::finding::Finding;
use crate::location::At;
use crate::name::QName;
use crate::wsdl::Style;

/// The contracts of one source, with the types that they use.
#[derive(Clone, Debug, Default)]
pub struct ContractSet {
    /// Contracts, in the order of the documents.
    pub contracts: Vec<Contract>,
    /// All types, in an order that depends on the documents only.
    pub types: TypeTable,
    /// What was noticed on the way.
    pub findings: Vec<Finding>,
}

/// A contract: what WSDL calls a port type, with what its binding says of the messages.
#[derive(Clone, Debug)]
pub struct Contract {
    /// The name and namespace of the port type.
    pub name: QName,
    /// `msc:usingSession`: `true` is `SessionMode.Required`, `false` is `NotAllowed`.
    pub using_session: Option<bool>,
    /// Operations, in document order.
    pub operations: Vec<Operation>,
    /// `wsdl:documentation`.
    pub documentation: Option<String>,
    /// Where.
    pub at: At,
}

/// Who calls, and whether there is an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// The client calls and gets an answer.
    RequestResponse,
    /// The client calls, nothing answers.
    OneWay,
    /// The service calls and gets an answer (solicit-response).
    Callback,
    /// The service calls, nothing answers (notification).
    CallbackOneWay,
}

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

/// An operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its name in WSDL.
    pub name: String,
    /// Who calls, and whether there is an answer.
    pub pattern: Pattern,
    /// The action of the request.
    pub action: String,
    /// The action of the reply; none when any is taken.
    pub reply_action: Option<String>,
    /// `soapAction` of the binding, when it differs from the action.
    pub soap_action: Option<String>,
    /// The request (of a callback: what the service sends).
    pub request: Message,
    /// The reply.
    pub reply: Option<Message>,
    /// Faults, in order.
    pub faults: Vec<Fault>,
    /// `msc:isInitiating`; true when not said.
    pub is_initiating: bool,
    /// `msc:isTerminating`; false when not said.
    pub is_terminating: bool,
    /// The tier of the operation: the worst of its messages.
    pub tier: Tier,
    /// Why it is not in the first tier.
    pub fall: Option<Fall>,
    /// Why it cannot be called at all, as rpc/encoded.
    pub blocked: Option<Fall>,
    /// Documentation of the operation.
    pub documentation: Option<String>,
    /// Where.
    pub at: At,
}

/// A request or a reply.
#[derive(Clone, Debug)]
pub struct Message {
    /// How the body is built.
    pub body: Body,
    /// SOAP headers, in order. They may always be absent: WSDL cannot say otherwise.
    pub headers: Vec<Member>,
}

/// The body of a message.
#[derive(Clone, Debug)]
pub enum Body {
    /// Nothing in it.
    Empty,
    /// Parts inside one element.
    Wrapped {
        /// The element around them.
        wrapper: QName,
        /// `document`, or `rpc`, whose parts have no namespace.
        style: Style,
        /// The parts, in order.
        parts: Vec<Member>,
        /// Whether the first part of a reply is what the operation returns, not an `out` parameter.
        returns: bool,
    },
    /// One element, as it is.
    Bare(Box<Member>),
    /// Base64 of a stream, in the element of this name if it is wrapped.
    Stream {
        /// The element around it.
        wrapper: Option<QName>,
        /// The element that holds the octets.
        element: QName,
    },
    /// Any XML: `MessageBody`, or what no tier can write. The element is its name, where the schema says so.
    Raw(Option<QName>),
}

/// A fault that an operation declares.
#[derive(Clone, Debug)]
pub struct Fault {
    /// `name` of `wsdl:fault`.
    pub name: String,
    /// The action.
    pub action: String,
    /// The element in the detail.
    pub detail: Member,
    /// Where.
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
    /// Elements that may stand in its place (substitution group), itself excluded unless it is abstract.
    pub substitutes: Vec<(QName, TypeId)>,
    /// Whether this member closes a circle of types, so that it needs a box.
    pub recursive: bool,
    /// Documentation.
    pub documentation: Option<String>,
    /// Where.
    pub at: At,
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
    /// Data contract or XML type (never [`Tier::Raw`] but for [`Shape::Xml`]).
    pub tier: Tier,
    /// Why it is no data contract.
    pub fall: Option<Fall>,
    /// Documentation.
    pub documentation: Option<String>,
    /// Where.
    pub at: At,
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
    /// The type that it extends.
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
    /// Own content.
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
    /// Any element.
    Any(Occurs),
}

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurs {
    /// At least.
    pub min: u32,
    /// At most; none for unbounded.
    pub max: Option<u32>,
}
