//! The built-in types of XML Schema and of the serialization schema, as WCF's data contracts take them.

use waxwing_metadata::{QName, namespaces};

use super::rust_type::Rust;

/// A built-in type: Rust's, the local name that Rust's type has as a contract, and whether .NET calls it a value type.
pub(super) struct BuiltIn {
    pub(super) rust: Rust,
    pub(super) contract: QName,
    pub(super) is_value: bool,
}

/// A type by its name; other texts of XML Schema are strings, and its whole numbers without limits are `long`, as in WCF.
pub(super) fn built_in(name: &QName) -> BuiltIn {
    use Rust::{Imported, Prelude};
    let of = |rust: Rust, namespace: &str, local: &str, is_value: bool| BuiltIn {
        rust,
        contract: QName::new(namespace, local),
        is_value,
    };
    let value = |rust: Rust| of(rust, &name.namespace, &name.local, true);
    match (&*name.namespace, &*name.local) {
        (namespaces::SERIALIZATION, "char") => value(Imported("Char")),
        (namespaces::SERIALIZATION, "guid") => value(Imported("Guid")),
        (namespaces::SERIALIZATION, "duration") => value(Imported("TimeSpan")),
        (namespaces::XSD, "duration") => {
            of(Imported("TimeSpan"), namespaces::SERIALIZATION, "duration", true)
        }
        (namespaces::XSD, "boolean") => value(Prelude("bool")),
        (namespaces::XSD, "byte") => value(Prelude("i8")),
        (namespaces::XSD, "unsignedByte") => value(Prelude("u8")),
        (namespaces::XSD, "short") => value(Prelude("i16")),
        (namespaces::XSD, "unsignedShort") => value(Prelude("u16")),
        (namespaces::XSD, "int") => value(Prelude("i32")),
        (namespaces::XSD, "unsignedInt") => value(Prelude("u32")),
        (namespaces::XSD, "long") => value(Prelude("i64")),
        (namespaces::XSD, "unsignedLong") => value(Prelude("u64")),
        (
            namespaces::XSD,
            "integer" | "positiveInteger" | "negativeInteger" | "nonPositiveInteger"
            | "nonNegativeInteger",
        ) => of(Prelude("i64"), namespaces::XSD, "long", true),
        (namespaces::XSD, "float") => value(Prelude("f32")),
        (namespaces::XSD, "double") => value(Prelude("f64")),
        (namespaces::XSD, "decimal") => value(Imported("Decimal")),
        (namespaces::XSD, "dateTime") => value(Imported("DateTime")),
        (namespaces::XSD, "base64Binary") => {
            of(Prelude("u8").list(), namespaces::XSD, "base64Binary", false)
        }
        (namespaces::XSD, "anyURI") => of(Imported("Uri"), namespaces::XSD, "anyURI", false),
        (namespaces::XSD, "QName") => of(Imported("QName"), namespaces::XSD, "QName", false),
        (namespaces::XSD, "anyType") => of(Imported("AnyType"), namespaces::XSD, "anyType", false),
        _ => of(Prelude("String"), namespaces::XSD, "string", false),
    }
}
