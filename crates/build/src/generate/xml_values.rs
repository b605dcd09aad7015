//! Simple types in types beyond data contracts.

use waxwing_metadata::contract::{Shape, TypeId};
use waxwing_metadata::{QName, namespaces};

use super::built_in::built_in;
use super::mapping::Mapping;
use super::rust_type::Rust;

/// The type of a built-in type in an XML type: those of `xsd` where data contracts take a text or a smaller number.
fn xml_built_in(name: &QName) -> Rust {
    if &*name.namespace != namespaces::XSD {
        return built_in(name).rust;
    }
    let schema = match &*name.local {
        "date" => "Date",
        "time" => "Time",
        "gYear" => "GYear",
        "gYearMonth" => "GYearMonth",
        "gMonth" => "GMonth",
        "gMonthDay" => "GMonthDay",
        "gDay" => "GDay",
        "duration" => "Duration",
        "hexBinary" => "HexBinary",
        "integer" | "positiveInteger" | "negativeInteger" | "nonPositiveInteger"
        | "nonNegativeInteger" => "Integer",
        // XmlSerializer takes it for a text, and services send there what is no URI.
        "anyURI" => return Rust::Prelude("String"),
        "NMTOKENS" | "IDREFS" | "ENTITIES" => return Rust::Prelude("String").list(),
        _ => return built_in(name).rust,
    };
    Rust::Schema(schema)
}

/// The type of an element in an XML type, where it cannot be null.
pub(super) fn plain(mapping: Mapping<'_>, id: TypeId) -> Rust {
    let id = mapping.unrestricted(id);
    match &mapping.get(id).shape {
        Shape::BuiltIn(name) => xml_built_in(name),
        _ => mapping.plain(id),
    }
}

/// The type of an attribute, of text, of an item of a list: what nobody declares is text.
pub(super) fn simple(mapping: Mapping<'_>, id: TypeId) -> Rust {
    match plain(mapping, id) {
        Rust::Prelude(name) => Rust::Prelude(name),
        Rust::Schema(name) => Rust::Schema(name),
        Rust::List(inner) if matches!(*inner, Rust::Prelude(_)) => Rust::List(inner),
        Rust::Imported(name) if !matches!(name, "AnyType" | "XmlElement" | "OpenContent") => {
            Rust::Imported(name)
        }
        Rust::Item(id) if is_simple(mapping, id) => Rust::Item(id),
        _ => Rust::Prelude("String"),
    }
}

fn is_simple(mapping: Mapping<'_>, id: TypeId) -> bool {
    matches!(mapping.get(id).shape, Shape::Enumeration(_) | Shape::List(_) | Shape::Union(_))
}

/// Whether a text is a value of the type: a default that is none would be an error at run time.
pub(super) fn is_value(mapping: Mapping<'_>, id: TypeId, text: &str) -> bool {
    let id = mapping.unrestricted(id);
    match &mapping.get(id).shape {
        Shape::Enumeration(known) => {
            !known.flags && known.members.iter().any(|member| member.text == text)
        }
        Shape::BuiltIn(name) => match xml_built_in(name) {
            Rust::Prelude("bool") => matches!(text, "true" | "false" | "1" | "0"),
            Rust::Prelude("String") => true,
            Rust::Prelude("u8" | "u16" | "u32" | "u64") => text.parse::<u8>().is_ok(),
            Rust::Prelude("i8" | "i16" | "i32" | "i64") => text.parse::<i8>().is_ok(),
            Rust::Prelude("f32" | "f64") => text.parse::<f32>().is_ok_and(f32::is_finite),
            Rust::Schema("Integer") => text.parse::<i64>().is_ok(),
            Rust::Imported("Decimal") => text.parse::<i64>().is_ok(),
            _ => false,
        },
        _ => false,
    }
}
