//! Types of Rust as generated code names them.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use waxwing_metadata::contract::TypeId;

/// A type of Rust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rust {
    /// Of the prelude: `i32`, `String`.
    Prelude(&'static str),
    /// Of `waxwing::datacontract`: `Guid`.
    Imported(&'static str),
    /// Of `waxwing::datacontract::xsd`: `Date`.
    Schema(&'static str),
    /// What is generated for a type.
    Item(TypeId),
    /// The enum of a class and of those that extend it.
    Polymorphic(TypeId),
    /// A choice or a group of a type, by its place in the type's layout.
    Part(TypeId, usize),
    /// The enum of an element that others may stand in for.
    Head(usize),
    /// `Option<T>`.
    Option(Box<Rust>),
    /// `Nullable<T>`.
    Nullable(Box<Rust>),
    /// `Box<T>`.
    Boxed(Box<Rust>),
    /// `Vec<T>`.
    List(Box<Rust>),
    /// `BTreeMap<K, V>`.
    Map(Box<Rust>, Box<Rust>),
    /// `Dictionary<K, V>`.
    Dictionary(Box<Rust>, Box<Rust>),
    /// `KeyValuePair<K, V>`.
    Pair(Box<Rust>, Box<Rust>),
    /// `Shared<T>`.
    Shared(Box<Rust>),
    /// `MessageStream`: octets that are read as they come.
    Stream,
}

impl Rust {
    pub(super) fn optional(self) -> Self {
        match self {
            Self::Option(_) => self,
            other => Self::Option(Box::new(other)),
        }
    }

    pub(super) fn boxed(self) -> Self {
        match self {
            Self::Option(inner) => Self::Option(Box::new(inner.boxed())),
            Self::Nullable(inner) => Self::Nullable(Box::new(Self::Boxed(inner))),
            other => Self::Boxed(Box::new(other)),
        }
    }

    pub(super) fn nullable(self) -> Self {
        Self::Nullable(Box::new(self))
    }

    pub(super) fn list(self) -> Self {
        Self::List(Box::new(self))
    }

    /// Whether the keys of a `BTreeMap` may be of this type; items are asked for by `item`.
    pub(super) fn is_ordered(&self, item: impl Fn(TypeId) -> bool) -> bool {
        match self {
            Self::Prelude(name) => !matches!(*name, "f32" | "f64"),
            Self::Imported(name) => {
                matches!(
                    *name,
                    "Guid" | "Char" | "DateTime" | "TimeSpan" | "DateTimeOffset" | "QName" | "Uri"
                )
            }
            Self::Item(id) => item(*id),
            _ => false,
        }
    }

    /// The types that a value of this one holds directly, and not behind a pointer.
    pub(super) fn contained(&self) -> Vec<&Rust> {
        match self {
            Self::Item(_) | Self::Polymorphic(_) | Self::Part(..) | Self::Head(_) => vec![self],
            Self::Option(inner) | Self::Nullable(inner) => inner.contained(),
            Self::Pair(key, value) => [key.contained(), value.contained()].concat(),
            _ => Vec::new(),
        }
    }

    /// All types that this one is made of.
    pub(super) fn parts(&self) -> Vec<&Rust> {
        match self {
            Self::Option(inner)
            | Self::Nullable(inner)
            | Self::Boxed(inner)
            | Self::List(inner)
            | Self::Shared(inner) => {
                let mut all = vec![self];
                all.extend(inner.parts());
                all
            }
            Self::Map(key, value) | Self::Dictionary(key, value) | Self::Pair(key, value) => {
                let mut all = vec![self];
                all.extend(key.parts());
                all.extend(value.parts());
                all
            }
            _ => vec![self],
        }
    }

    /// The type's tokens; `path` is asked for generated ones, `uses` takes what is to be imported.
    pub(super) fn tokens(
        &self,
        path: &dyn Fn(&Rust) -> TokenStream,
        uses: &mut BTreeSet<&'static str>,
    ) -> TokenStream {
        let mut two = |name: &'static str, key: &Rust, value: &Rust, import: &'static str| {
            uses.insert(import);
            let (key, value) = (key.tokens(path, uses), value.tokens(path, uses));
            let name = ident(name);
            quote!(#name<#key, #value>)
        };
        match self {
            Self::Map(key, value) => two("BTreeMap", key, value, "std::collections::BTreeMap"),
            Self::Dictionary(key, value) => {
                two("Dictionary", key, value, "waxwing::datacontract::Dictionary")
            }
            Self::Pair(key, value) => {
                two("KeyValuePair", key, value, "waxwing::datacontract::KeyValuePair")
            }
            Self::Prelude(name) => {
                let name = ident(name);
                quote!(#name)
            }
            Self::Stream => {
                uses.insert("waxwing::contract::MessageStream");
                quote!(MessageStream)
            }
            Self::Imported(name) => {
                uses.insert(import_of(name));
                let name = ident(name);
                quote!(#name)
            }
            Self::Schema(name) => {
                uses.insert("waxwing::datacontract::xsd");
                let name = ident(name);
                quote!(xsd::#name)
            }
            Self::Item(_) | Self::Polymorphic(_) | Self::Part(..) | Self::Head(_) => path(self),
            Self::Nullable(inner) => {
                uses.insert("waxwing::datacontract::Nullable");
                let inner = inner.tokens(path, uses);
                quote!(Nullable<#inner>)
            }
            Self::Option(inner) => {
                let inner = inner.tokens(path, uses);
                quote!(Option<#inner>)
            }
            Self::Boxed(inner) => {
                let inner = inner.tokens(path, uses);
                quote!(Box<#inner>)
            }
            Self::List(inner) => {
                let inner = inner.tokens(path, uses);
                quote!(Vec<#inner>)
            }
            Self::Shared(inner) => {
                uses.insert("waxwing::datacontract::Shared");
                let inner = inner.tokens(path, uses);
                quote!(Shared<#inner>)
            }
        }
    }
}

/// What generated code may import, by the last step of the path.
pub(super) const IMPORTS: &[&str] = &[
    "std::collections::BTreeMap",
    "waxwing::DataContract",
    "waxwing::XmlType",
    "waxwing::contract::MessageStream",
    "waxwing::contract::OperationFault",
    "waxwing::contract::RawBody",
    "waxwing::contract::service_contract",
    "waxwing::datacontract::AnyType",
    "waxwing::datacontract::Char",
    "waxwing::datacontract::DateTime",
    "waxwing::datacontract::DateTimeOffset",
    "waxwing::datacontract::Decimal",
    "waxwing::datacontract::Dictionary",
    "waxwing::datacontract::Guid",
    "waxwing::datacontract::KeyValuePair",
    "waxwing::datacontract::Nullable",
    "waxwing::datacontract::QName",
    "waxwing::datacontract::Shared",
    "waxwing::datacontract::TimeSpan",
    "waxwing::datacontract::Uri",
    "waxwing::datacontract::OpenContent",
    "waxwing::datacontract::XmlElement",
];

fn import_of(name: &str) -> &'static str {
    let named = |import: &&&str| import.rsplit("::").next() == Some(name);
    IMPORTS.iter().find(named).copied().unwrap_or("waxwing::DataContract")
}

/// An identifier, `r#` included.
pub(super) fn ident(name: &str) -> Ident {
    match name.strip_prefix("r#") {
        Some(raw) => Ident::new_raw(raw, Span::call_site()),
        None => Ident::new(name, Span::call_site()),
    }
}
