//! The types that the samples were written from.

use waxwing_datacontract::{
    AnyType, Char, DateTime, DateTimeOffset, Decimal, Dictionary, ExtensionData, Guid, QName,
    Shared, TimeSpan, Uri, XmlElement,
};
use waxwing_macros::DataContract;

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
pub struct Person {
    pub name: Option<String>,
    pub age: i32,
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", namespace = "http://example.org/types")]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", namespace = "")]
pub struct NoNs {
    pub a: i32,
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract")]
pub struct NoClrNamespace {
    pub a: i32,
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(
    crate = "waxwing_datacontract",
    name = "Renamed",
    namespace = "http://example.org/types"
)]
pub struct OnceCalledOtherwise {
    #[data_member(name = "with space")]
    pub other: String,
    #[data_member(name = "first-name")]
    pub name: String,
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
pub struct Ordered {
    #[data_member(order = 2)]
    pub b2: i32,
    #[data_member(order = 1)]
    pub z1: i32,
    #[data_member(name = "b")]
    pub b: i32,
    pub c: i32,
    #[data_member(name = "a_")]
    pub a: i32,
    #[data_member(order = 2)]
    pub a2: i32,
    #[data_member(name = "_x")]
    pub x: i32,
    #[data_member(order = 0)]
    pub o0: i32,
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
pub struct Animal {
    pub zname: Option<String>,
}

impl Animal {
    pub fn called(name: &str) -> Self {
        Self { zname: Some(name.into()) }
    }
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
pub struct Dog {
    #[data_member(base)]
    pub animal: Animal,
    pub age: i32,
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", namespace = "http://example.org/other")]
pub struct Cat {
    #[data_member(base)]
    pub animal: Animal,
    pub indoor: bool,
}

/// What is declared as `Animal` and may be one of its known types.
#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract")]
pub enum AnyAnimal {
    Animal(Animal),
    Dog(Dog),
    Cat(Cat),
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
pub struct Zoo {
    pub all: Vec<Option<AnyAnimal>>,
    pub one: AnyAnimal,
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
pub struct Emit {
    #[data_member(emit_default = false)]
    pub n: i32,
    #[data_member(emit_default = false)]
    pub s: Option<String>,
    #[data_member(emit_default = false)]
    pub d: DateTime,
    pub shown: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
pub struct Req {
    #[data_member(required)]
    pub needed: i32,
    pub opt: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
pub struct Nulls {
    pub a: Option<i32>,
    pub b: Option<i32>,
    pub c: Option<String>,
    pub d: Option<Vec<i32>>,
}

#[derive(Clone, Copy, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
pub enum Plain {
    One,
    Two,
}

#[derive(Clone, Copy, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
pub enum Color {
    Red,
    #[enum_member(value = "dark-blue")]
    Blue = 5,
    #[enum_member(skip)]
    Hidden = 7,
}

#[derive(Clone, Copy, Debug, PartialEq, DataContract)]
#[data_contract(
    crate = "waxwing_datacontract",
    clr_namespace = "Contoso.Orders",
    flags(None = 0, Read = 1, Write = 2, All = 3, Exec = 4)
)]
pub struct Perm(pub u32);

impl Perm {
    pub const READ: u32 = 1;
    pub const WRITE: u32 = 2;
    pub const EXEC: u32 = 4;
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
pub struct HasEnum {
    pub c: Color,
    pub p: Perm,
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(
    crate = "waxwing_datacontract",
    namespace = "http://example.org/types",
    collection(item = "name")
)]
pub struct Names(pub Vec<String>);

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(
    crate = "waxwing_datacontract",
    namespace = "http://example.org/types",
    collection(item = "price", key = "sku", value = "amount")
)]
pub struct Prices(pub Dictionary<String, Decimal>);

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
pub struct Poco {
    pub b: String,
    pub a: i32,
    #[data_member(skip)]
    pub skipped: i32,
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(
    crate = "waxwing_datacontract",
    clr_namespace = "Contoso.Orders",
    rename_all = "none"
)]
pub struct Ser {
    pub r#pub: i32,
    pub r#priv: i32,
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders", value_type)]
pub struct St {
    pub x: i32,
    pub y: Option<String>,
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
pub struct Gen<T> {
    pub value: T,
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(
    crate = "waxwing_datacontract",
    clr_namespace = "Contoso.Orders",
    name = "Outer.Inner"
)]
pub struct Inner {
    pub i: i32,
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
pub struct Outer {
    pub r#in: Inner,
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
pub struct Nested {
    pub l: Vec<Person>,
    pub p: Person,
    pub q: Point,
}

#[derive(Clone, Debug, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders", is_reference)]
pub struct Node {
    pub id: String,
    pub next: Option<Shared<Node>>,
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
pub struct Holder {
    pub o: Option<AnyType>,
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
pub struct WithXml {
    pub e: Option<XmlElement>,
    pub u: Uri,
    pub bytes: Vec<u8>,
    pub g: Guid,
    pub t: TimeSpan,
    pub ch: Char,
    pub off: DateTimeOffset,
    pub q: QName,
}

/// Version 1, which keeps what it does not know.
#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders", name = "Ext")]
pub struct Ext1 {
    pub known: i32,
    #[data_member(extension_data)]
    pub rest: ExtensionData,
}

/// Version 2.
#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders", name = "Ext")]
pub struct Ext2 {
    pub known: i32,
    pub later: String,
    pub more: Vec<i32>,
}
