//! Simple types: enumerations, unions, lists, and others as structs with one unnamed field.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DataEnum, DeriveInput, Fields, FieldsUnnamed, Ident, LitStr, Result, Type};

use super::container::{Container, Kind};
use super::shape::Shape;
use crate::attributes::{Options, documentation as documentation_of, each_option, switch, text};
use crate::names::Case;

/// `struct Name(String)`, `struct Days(Vec<Day>)` with `list`.
pub(super) fn expand_newtype(
    input: &DeriveInput,
    container: &Container,
    fields: &FieldsUnnamed,
) -> Result<TokenStream> {
    container.only("a simple type", &["list"])?;
    let [field] = fields.unnamed.iter().collect::<Vec<_>>()[..] else {
        let message = "a struct with one unnamed field is a simple type; name the fields of others";
        return Err(syn::Error::new_spanned(fields, message));
    };
    let ty = &field.ty;
    let (write, read, value_type, missing) = if container.kind == Kind::List {
        let Shape::Many(item) = Shape::of(ty) else {
            return Err(syn::Error::new_spanned(ty, "a list is a `Vec`"));
        };
        (
            quote!(__xt::join_list(&self.0, writer, element).map(__dc::Cow::Owned)),
            quote!(__xt::list_of_text::<#item>(text, element).map(Self)),
            quote!(false),
            quote!(::core::option::Option::None),
        )
    } else {
        (
            quote!(<#ty as __xt::XmlText>::write_text(&self.0, writer, element)),
            quote!(<#ty as __xt::XmlText>::read_text(text, element).map(Self)),
            quote!(<#ty as __dc::DataContract>::VALUE_TYPE),
            quote!(<#ty as __dc::DataContract>::missing().map(Self)),
        )
    };
    let own = match Shape::of(ty) {
        Shape::Many(item) if container.kind == Kind::List => {
            quote!(List(<#item as __dc::DataContract>::describe(types)))
        }
        _ => quote!(Restriction(<#ty as __dc::DataContract>::describe(types))),
    };
    Ok(implementation(input, container, &own, &write, &read, &value_type, &missing))
}

/// An enum of simple types, of which the first that fits is taken.
pub(super) fn expand_union(
    input: &DeriveInput,
    container: &Container,
    data: &DataEnum,
) -> Result<TokenStream> {
    container.only("a union", &["union"])?;
    let mut members: Vec<(&Ident, &Type)> = Vec::new();
    for variant in &data.variants {
        match &variant.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                members.push((&variant.ident, &fields.unnamed[0].ty));
            }
            _ => {
                let message = "a member of a union holds one simple type: `Number(i32)`";
                return Err(syn::Error::new_spanned(variant, message));
            }
        }
    }
    let (idents, types): (Vec<_>, Vec<_>) = members.into_iter().unzip();
    let write = quote! {
        match self {
            #(Self::#idents(value) => <#types as __xt::XmlText>::write_text(value, writer, element),)*
        }
    };
    let read = quote! {
        #(if let ::core::result::Result::Ok(value) = <#types as __xt::XmlText>::read_text(text, element) {
            return ::core::result::Result::Ok(Self::#idents(value));
        })*
        ::core::result::Result::Err(__xt::not_in_union(text, &<Self as __dc::DataContract>::contract_name()))
    };
    let none = quote!(::core::option::Option::None);
    let own = quote! {
        Union(::std::vec::Vec::from([#(<#types as __dc::DataContract>::describe(types)),*]))
    };
    Ok(implementation(input, container, &own, &write, &read, &quote!(false), &none))
}

/// An enum whose variants are values.
pub(super) fn expand_enumeration(
    input: &DeriveInput,
    container: &Container,
    data: &DataEnum,
) -> Result<TokenStream> {
    container.only("an enumeration", &[])?;
    let mut members: Vec<(&Ident, String)> = Vec::new();
    let mut other = None;
    for variant in &data.variants {
        let (value, is_other) = options(variant)?;
        match (&variant.fields, is_other) {
            (Fields::Unit, false) => members.push((&variant.ident, value)),
            (Fields::Unnamed(fields), true) if fields.unnamed.len() == 1 && other.is_none() => {
                other = Some(&variant.ident);
            }
            _ => return Err(syn::Error::new_spanned(variant, SHAPES)),
        }
    }
    for (index, (ident, value)) in members.iter().enumerate() {
        if let Some((before, _)) = members[..index].iter().find(|(_, before)| before == value) {
            let message = format!("`{before}` has the same value in the document");
            return Err(syn::Error::new_spanned(ident, message));
        }
    }
    let Some((first, _)) = members.first() else {
        return Err(syn::Error::new_spanned(&input.ident, "an enumeration needs values"));
    };
    let (idents, values): (Vec<&Ident>, Vec<&String>) =
        members.iter().map(|(ident, value)| (*ident, value)).unzip();
    let write_other =
        other.map(|other| quote!(Self::#other(value) => __dc::Cow::Borrowed(value.as_str()),));
    let read_other = match other {
        Some(other) => quote!(::core::result::Result::Ok(Self::#other(other.into()))),
        None => quote! {
            ::core::result::Result::Err(
                __xt::not_a_member(other, &<Self as __dc::DataContract>::contract_name()),
            )
        },
    };
    let write = quote! {
        ::core::result::Result::Ok(match self {
            #(Self::#idents => __dc::Cow::Borrowed(#values),)*
            #write_other
        })
    };
    let read = quote! {
        let trimmed = __xt::trim(text);
        match trimmed {
            #(#values => ::core::result::Result::Ok(Self::#idents),)*
            other => #read_other,
        }
    };
    let missing = quote!(::core::option::Option::Some(Self::#first));
    let documentation = data.variants.iter().filter(|own| matches!(own.fields, Fields::Unit));
    let documentation = documentation.map(|variant| documentation_of(&variant.attrs));
    let own = quote! {
        Enumeration(::std::vec::Vec::from([#(__dc::XmlEnumerationValue {
            value: __dc::Cow::Borrowed(#values),
            documentation: __dc::Cow::Borrowed(#documentation),
        }),*]))
    };
    Ok(implementation(input, container, &own, &write, &read, &quote!(true), &missing))
}

const SHAPES: &str = "the variants of an enumeration hold nothing, except one `#[xml(other)] Other(String)`; an enum of \
                      other types says what it is: `#[xml(choice)]`, `#[xml(derived)]` or `#[xml(union)]`";

/// The value of a variant, and whether it is the one for values that are not known.
fn options(variant: &syn::Variant) -> Result<(String, bool)> {
    const OPTIONS: Options = Options(&["value", "other"]);
    let (mut value, mut other) = (None::<LitStr>, None);
    each_option(&variant.attrs, "xml", |meta| {
        let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        match name.as_str() {
            "value" => text(&meta, &mut value),
            "other" => switch(&meta, &mut other),
            _ => Err(OPTIONS.unknown(&meta)),
        }
    })?;
    let value = value.map_or_else(|| Case::Same.name(&variant.ident), |value| value.value());
    Ok((value, other == Some(true)))
}

/// A simple type, of what is its own; `own` is its description.
fn implementation(
    input: &DeriveInput,
    container: &Container,
    own: &TokenStream,
    write: &TokenStream,
    read: &TokenStream,
    value_type: &TokenStream,
    missing: &TokenStream,
) -> TokenStream {
    let ident = &input.ident;
    let names = container.names();
    let describe =
        container.describe(&quote!(__dc::TypeKind::XmlSimple(__dc::XmlSimpleDescription::#own)));
    quote! {
        #[automatically_derived]
        impl __dc::DataContract for #ident {
            const VALUE_TYPE: bool = #value_type;
            const XML_TYPE: bool = true;

            #names

            #describe

            fn write(
                &self,
                writer: &mut __dc::Writer<'_>,
                element: __dc::NodeId,
            ) -> ::core::result::Result<(), __dc::WriteError> {
                __xt::write_simple(self, writer, element)
            }

            fn read(
                reader: &mut __dc::Reader,
                element: __dc::Element<'_>,
            ) -> ::core::result::Result<Self, __dc::ReadError> {
                __xt::read_simple(reader, element)
            }

            fn missing() -> ::core::option::Option<Self> {
                #missing
            }
        }

        #[automatically_derived]
        impl __xt::XmlText for #ident {
            fn write_text(
                &self,
                writer: &mut __dc::Writer<'_>,
                element: __dc::NodeId,
            ) -> ::core::result::Result<__dc::Cow<'_, str>, __dc::WriteError> {
                #write
            }

            fn read_text(
                text: &str,
                element: __dc::Element<'_>,
            ) -> ::core::result::Result<Self, __dc::ReadError> {
                #read
            }
        }
    }
}
