//! Data contracts: Rust values to and from the XML of WCF's DataContractSerializer.
//!
//! A type that implements [`DataContract`] has a *contract name* (a local name and a namespace), knows how to write itself
//! as the content of an element and how to read itself back. Primitives, strings, dates, collections and dictionaries are
//! implemented here; structs and enums get theirs from `#[derive(DataContract)]` of `waxwing-macros`.
//!
//! | CLR type | Rust type | element text |
//! |---|---|---|
//! | `bool` | `bool` | `true` |
//! | `sbyte`, `byte`, `short`, … `ulong` | `i8`, `u8`, `i16`, … `u64` | `-5` |
//! | `float`, `double` | `f32`, `f64` | `1.5`, `1E+20`, `INF`, `NaN` |
//! | `decimal` | [`Decimal`] | `1.10` |
//! | `char` | [`Char`] (one UTF-16 code unit) | `65` |
//! | `string` | `String` | text |
//! | `DateTime` | [`DateTime`] | `2026-11-23T10:00:00Z` |
//! | `DateTimeOffset` | [`DateTimeOffset`] | two child elements |
//! | `TimeSpan` | [`TimeSpan`] | `P1DT2H3M4.5S` |
//! | `Guid` | [`Guid`] | `01234567-89ab-cdef-0123-456789abcdef` |
//! | `byte[]` | `Vec<u8>` | base64 |
//! | `Uri`, `XmlQualifiedName`, `XmlElement` | [`Uri`], [`QName`], [`XmlElement`] | |
//! | `T[]`, `List<T>` | `Vec<T>` | one element for each item |
//! | `Dictionary<K, V>` | [`Dictionary`], `BTreeMap`, `HashMap` | `KeyValueOf…` elements |
//! | `KeyValuePair<K, V>` | [`KeyValuePair`] | `key`, `value` |
//! | `int?`, or a reference that may be null | `Option<T>` | `i:nil="true"` |
//! | `object` | [`AnyType`] | content with `i:type` |
//! | `XmlNode[]`, a class with `ISerializable` | [`OpenContent`] | attributes and content as they came |
//! | a class with `IsReference` | [`Shared<T>`] | `z:Id`, `z:Ref` |
//!
//! A class is a struct with `#[derive(DataContract)]`, and so are enumerations (enums), a base class with its known types
//! (an enum that holds them), flags and renamed collections. The macro's page lists the attributes.
//!
//! ```
//! use waxwing_datacontract::{from_xml, to_xml};
//! use waxwing_macros::DataContract;
//!
//! #[derive(Debug, PartialEq, DataContract)]
//! #[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
//! struct Person {
//!     name: Option<String>,
//!     age: i32,
//! }
//!
//! let ann = Person { name: Some("Ann".into()), age: 30 };
//! let text = to_xml(&ann).unwrap();
//! assert!(text.contains("http://schemas.datacontract.org/2004/07/Contoso.Orders"));
//! assert_eq!(from_xml::<Person>(text.as_bytes()).unwrap(), ann);
//! ```
//!
//! A Rust `String`, `Vec` or struct cannot be null. Where a peer may send `i:nil` or leave the element out, declare
//! `Option<T>`; a null for anything else is a [`ReadError`] that says so. A missing value type reads as its zero, as in .NET.
//!
//! ```
//! use waxwing_datacontract::{from_xml, to_xml};
//!
//! let text = to_xml(&vec![1, 2]).unwrap();
//! assert_eq!(from_xml::<Vec<i32>>(text.as_bytes()).unwrap(), [1, 2]);
//! ```
//!
//! # Features
//!
//! Values print and parse as people write them (`Display`, `FromStr`), and convert both ways to the types of other crates
//! behind a feature of the crate's name. What would be lost is an error ([`ValueError::Loss`]).
//!
//! | feature | types |
//! |---|---|
//! | `uuid` | [`Guid`] and `uuid::Uuid` |
//! | `rust_decimal` | [`Decimal`] and `rust_decimal::Decimal` |
//! | `jiff` | [`DateTime`] and `jiff::Timestamp`, `jiff::civil::DateTime`; [`DateTimeOffset`] and `jiff::ZonedDateTime`; [`TimeSpan`] and `jiff::SignedDuration` |
//! | `chrono` | [`DateTime`] and `chrono::DateTime<Utc>`, `NaiveDateTime`; [`DateTimeOffset`] and `chrono::DateTime<FixedOffset>`; [`TimeSpan`] and `chrono::TimeDelta` |
//!
//! Facts: the data contract reference of the .NET Framework and its schema
//! (`http://schemas.microsoft.com/2003/10/Serialization/`); lexical forms of XML Schema Part 2.

mod any_type;
mod class;
mod collections;
mod contract;
mod describe;
mod described;
mod dictionary;
mod enumeration;
mod error;
mod extension_data;
mod graph;
mod lexical;
mod name;
mod nullable;
mod number;
mod open_content;
mod primitives;
mod reader;
mod shared;
mod values;
mod writer;
mod xml_type;

pub use any_type::{AnyType, TypedXml};
pub use class::{ClassContract, Member, MissingMember};
pub use collections::{CollectionContent, CollectionNames};
pub use contract::{DataContract, from_element, from_xml, to_document, to_xml};
pub use describe::{
    ClassDescription, CollectionDescription, DictionaryDescription, EnumerationDescription,
    EnumerationMember, GenericName, MemberDescription, Occurs, TypeConflict, TypeDescription,
    TypeDescriptions, TypeKind, TypeUse, XmlAttributeDescription, XmlElementDescription,
    XmlEnumerationValue, XmlFacts, XmlParticle, XmlSimpleDescription, XmlTypeDescription, XmlValue,
};
pub use dictionary::{Dictionary, KeyValuePair};
pub use enumeration::EnumMembers;
pub use error::{ReadError, ReadErrorKind, WriteError, WriteErrorKind};
pub use extension_data::ExtensionData;
pub use name::{ContractName, encode_local_name, namespaces};
pub use number::{parse_f32, parse_f64};
pub use open_content::OpenContent;
pub use reader::{ReadOptions, Reader};
pub use shared::{Shared, SharedRef};
pub use values::{
    Char, DateTime, DateTimeKind, DateTimeOffset, Decimal, Guid, QName, TimeSpan, Uri, ValueError,
    XmlElement,
};
pub use waxwing_xml::values::{f32_text, f64_text};
pub use writer::{WriteOptions, Writer};
pub use xml_type::{Nullable, Offer, XmlContent, XmlText, xsd};

/// What generated code refers to. Not a public interface: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use std::borrow::Cow;

    pub use crate::class::{
        ClassContract, Member, MissingMember, read_class, take, write_member, write_member_out,
    };
    pub use crate::collections::{CollectionContent, CollectionNames};
    pub use crate::contract::DataContract;
    pub use crate::describe::{
        ClassDescription, GenericName, MemberDescription, Occurs, TypeDescriptions, TypeKind,
        TypeUse, XmlElementDescription, XmlEnumerationValue, XmlFacts, XmlSimpleDescription,
        XmlTypeDescription, XmlValue,
    };
    pub use crate::enumeration::{EnumMembers, hidden_variant};
    pub use crate::extension_data::ExtensionData;
    pub use crate::name::ContractName;
    pub use crate::reader::Reader;
    pub use crate::shared::write_own_id;
    pub use crate::writer::Writer;
    pub use crate::xml_type::private as xml;
    pub use crate::{ReadError, WriteError};
    pub use waxwing_xml::{Element, NodeId};
}
