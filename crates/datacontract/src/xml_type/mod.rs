//! XML types: what .NET's XmlSerializer serves, for contracts with `XmlSerializerFormat` and for schemas that no data
//! contract can say: attributes, text, choices, groups, wildcards, mixed content.
//!
//! `#[derive(XmlType)]` of `waxwing-macros` makes them. Two traits stand behind it:
//!
//! * [`XmlText`]: a simple type, which is text: in an attribute, in a list, as the only content of an element.
//! * [`XmlContent`]: what stands inside an element: attributes, elements, text. A struct is the content of an element of its
//!   own, or, as a group or a base type, of part of one; a choice is always a part.
//!
//! Both come with an implementation of [`DataContract`](crate::DataContract), so that an operation takes XML types as parts,
//! headers and details of faults beside data contracts, and an XML type has members of any data contract.
//!
//! Reading follows XmlSerializer: members are found in any order unless the type says `ordered`; what is not known is
//! skipped; a missing member of a value type is its zero. Differences, each on the lenient side: `xsi:nil` on a member that
//! is an `Option` is none, whether the schema says nillable or not; in an `ordered` type an unknown element does not hide
//! what comes after it; white space in mixed content is kept.

mod attributes;
mod content;
mod members;
mod nullable;
mod repeated;
mod simple;
mod text;
mod values;
pub mod xsd;

pub use content::{Offer, XmlContent};
pub use nullable::Nullable;
pub(crate) use simple::unrecognized_type;
pub use text::XmlText;

/// What the derive macro refers to. Not a public interface.
#[doc(hidden)]
pub mod private {
    pub use super::attributes::{
        keep_attribute, read_attribute, read_attribute_list, write_attribute, write_attribute_list,
        write_attributes,
    };
    pub use super::content::{
        Offer, XmlContent, describe_part, each_member, read_type, write_type,
    };
    pub use super::members::{
        Single, Written, collect_text, default_value, finish_list, finish_text, is_default,
        keep_any, mixed_text, required_any, take_any, take_array, take_list, take_many, text_list,
        write_any, write_array, write_empty, write_list, write_text, write_text_list,
    };
    pub use super::nullable::Nullable;
    pub use super::repeated::Repeated;
    pub use super::simple::{
        abstract_type, empty_choice, not_a_member, not_in_union, read_simple, unrecognized_type,
        write_simple,
    };
    pub use super::text::{XmlText, join_list, list_of_text};
    pub use crate::lexical::trim;
    pub use crate::values::{QName, XmlElement};
    pub use waxwing_xml::Attribute;
}
