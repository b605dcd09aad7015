//! Enumerations, and flags.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, DataEnum, DeriveInput, Expr, Fields, Ident, LitStr, Result, Type};

use super::container::Container;
use crate::attributes::{Options, documentation, each_option, switch, text};
use crate::names::Case;

const OPTIONS: Options = Options(&["value", "skip", "other"]);

pub(super) struct Variant<'v> {
    pub(super) ident: &'v Ident,
    /// The text on the wire; none of a variant that is no member.
    pub(super) name: Option<String>,
    pub(super) documentation: String,
    /// Whether it holds the texts that no other variant has.
    pub(super) other: bool,
}

pub(super) fn expand(
    input: &DeriveInput,
    container: &Container,
    data: &DataEnum,
) -> Result<TokenStream> {
    container.only("an enumeration", &[])?;
    refuse_parameters(input, "an enumeration")?;
    let variants = variants(input, data)?;
    let ident = &input.ident;
    let contract = container.contract_name();
    let members =
        variants.iter().filter_map(|variant| Some((variant.name.as_ref()?, variant.ident)));
    let (names, idents): (Vec<_>, Vec<_>) = members.unzip();
    let hidden =
        variants.iter().filter(|variant| variant.name.is_none()).map(|variant| variant.ident);
    let all: Vec<_> = variants.iter().map(|variant| variant.ident).collect();
    let members = variants.iter().filter(|variant| variant.name.is_some());
    let documentation = members.map(|variant| &variant.documentation);
    let underlying = underlying(&input.attrs);
    let describe =
        container.describe(&quote!(__MEMBERS.describe(false, #underlying, &[#(#documentation),*])));
    let text = as_text(
        ident,
        &quote! {
            let number = match self {
                #(Self::#idents => Self::#idents as i64,)*
                #(Self::#hidden => {
                    let name = stringify!(#hidden);
                    return ::core::result::Result::Err(__dc::hidden_variant(name, &contract));
                })*
            };
            __MEMBERS.text(number, &contract).map(__dc::Cow::Borrowed)
        },
        &quote!(__of_number(__MEMBERS.number(text, &contract)?)),
    );
    Ok(quote! {
        const __MEMBERS: __dc::EnumMembers =
            __dc::EnumMembers(&[#((#names, #ident::#idents as i64)),*]);

        fn __of_number(number: i64) -> ::core::result::Result<#ident, __dc::ReadError> {
            #(if number == #ident::#idents as i64 {
                return ::core::result::Result::Ok(#ident::#idents);
            })*
            ::core::unreachable!("a number that is read is a member's")
        }

        #text

        #[automatically_derived]
        impl __dc::DataContract for #ident {
            const VALUE_TYPE: bool = true;

            fn contract_name() -> __dc::ContractName {
                #contract
            }

            #describe

            fn write(
                &self,
                writer: &mut __dc::Writer<'_>,
                element: __dc::NodeId,
            ) -> ::core::result::Result<(), __dc::WriteError> {
                let text = __dc::xml::XmlText::write_text(self, writer, element)?;
                writer.text(element, &text)
            }

            fn read(
                reader: &mut __dc::Reader,
                element: __dc::Element<'_>,
            ) -> ::core::result::Result<Self, __dc::ReadError> {
                __of_number(__MEMBERS.read(&Self::contract_name(), reader, element)?)
            }

            fn missing() -> ::core::option::Option<Self> {
                #(if Self::#all as i64 == 0 {
                    return ::core::option::Option::Some(Self::#all);
                })*
                ::core::option::Option::None
            }

            fn is_default(&self) -> bool {
                match self {
                    #(Self::#all => Self::#all as i64 == 0,)*
                }
            }
        }
    })
}

/// The same as text, in an attribute or a list of an XML type: blanks around it are none of it. `contract` is the name.
pub(super) fn as_text(ident: &Ident, write: &TokenStream, read: &TokenStream) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl __dc::xml::XmlText for #ident {
            fn write_text(
                &self,
                writer: &mut __dc::Writer<'_>,
                element: __dc::NodeId,
            ) -> ::core::result::Result<__dc::Cow<'_, str>, __dc::WriteError> {
                let contract = <Self as __dc::DataContract>::contract_name();
                #write
            }

            fn read_text(
                text: &str,
                element: __dc::Element<'_>,
            ) -> ::core::result::Result<Self, __dc::ReadError> {
                let (text, contract) =
                    (__dc::xml::trim(text), <Self as __dc::DataContract>::contract_name());
                #read
            }
        }
    }
}

/// The variants, which are members or hidden.
fn variants<'v>(input: &DeriveInput, data: &'v DataEnum) -> Result<Vec<Variant<'v>>> {
    let variants = data.variants.iter().map(Variant::parse).collect::<Result<Vec<_>>>()?;
    if variants.is_empty() {
        return Err(syn::Error::new_spanned(&input.ident, "an enumeration needs members"));
    }
    refuse_duplicates(&variants)?;
    if let Some(other) = variants.iter().find(|variant| variant.other) {
        let message = "the variant for other texts holds the text: `Other(String)`";
        return Err(syn::Error::new_spanned(other.ident, message));
    }
    Ok(variants)
}

/// `struct Perm(u32)` with `flags(Read = 1, …)`.
pub(super) fn expand_flags(
    input: &DeriveInput,
    container: &Container,
    fields: &Fields,
    members: &[(String, Expr)],
) -> Result<TokenStream> {
    container.only("flags", &["flags"])?;
    refuse_parameters(input, "an enumeration of flags")?;
    let number = match fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => &fields.unnamed[0].ty,
        _ => {
            return Err(syn::Error::new_spanned(
                &input.ident,
                "flags are a struct with one unnamed field, a whole number: `struct Perm(u32)`",
            ));
        }
    };
    let ident = &input.ident;
    let contract = container.contract_name();
    let underlying = match number {
        Type::Path(path) => path.path.get_ident().map_or("int", number_name),
        _ => "int",
    };
    let describe = container.describe(&quote! {
        <Self as __Members>::MEMBERS.describe(true, #underlying, &[])
    });
    let (names, bits): (Vec<_>, Vec<_>) = members.iter().map(|(name, bits)| (name, bits)).unzip();
    let text = as_text(
        ident,
        &quote!(<Self as __Members>::MEMBERS.flags_text(self.0 as i64, &contract)),
        &quote! {
            let bits = <Self as __Members>::MEMBERS.flags_of(text, &contract)?;
            ::core::result::Result::Ok(Self(bits as #number))
        },
    );
    Ok(quote! {
        #text

        // A trait, so that the bits can be said with `Self`.
        trait __Members {
            const MEMBERS: __dc::EnumMembers;
        }

        impl __Members for #ident {
            const MEMBERS: __dc::EnumMembers =
                __dc::EnumMembers(&[#((#names, (#bits) as i64)),*]);
        }

        #[automatically_derived]
        impl __dc::DataContract for #ident {
            const VALUE_TYPE: bool = true;

            fn contract_name() -> __dc::ContractName {
                #contract
            }

            #describe

            fn write(
                &self,
                writer: &mut __dc::Writer<'_>,
                element: __dc::NodeId,
            ) -> ::core::result::Result<(), __dc::WriteError> {
                <Self as __Members>::MEMBERS.write_flags(self.0 as i64, &Self::contract_name(), writer, element)
            }

            fn read(
                reader: &mut __dc::Reader,
                element: __dc::Element<'_>,
            ) -> ::core::result::Result<Self, __dc::ReadError> {
                let bits = <Self as __Members>::MEMBERS.read_flags(&Self::contract_name(), reader, element)?;
                ::core::result::Result::Ok(Self(bits as #number))
            }

            fn missing() -> ::core::option::Option<Self> {
                ::core::option::Option::Some(Self(0))
            }

            fn is_default(&self) -> bool {
                self.0 == 0
            }
        }
    })
}

/// The built-in type of an enumeration's numbers: `xs:int`, unless `#[repr(u8)]` or the like says another.
pub(super) fn underlying(attributes: &[Attribute]) -> &'static str {
    let mut name = "int";
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("repr")) {
        // What is no number (`C`) says nothing here; what is wrong, the compiler says.
        let _ = attribute.parse_nested_meta(|meta| {
            if let Some(ident) = meta.path.get_ident() {
                name = number_name(ident);
            }
            Ok(())
        });
    }
    name
}

/// What the schema calls a number of Rust.
fn number_name(ident: &Ident) -> &'static str {
    match ident.to_string().as_str() {
        "i8" => "byte",
        "u8" => "unsignedByte",
        "i16" => "short",
        "u16" => "unsignedShort",
        "u32" => "unsignedInt",
        "i64" | "isize" => "long",
        "u64" | "usize" => "unsignedLong",
        _ => "int",
    }
}

impl<'v> Variant<'v> {
    pub(super) fn parse(variant: &'v syn::Variant) -> Result<Self> {
        let (mut value, mut skip, mut other): (Option<LitStr>, _, _) = (None, None, None);
        each_option(&variant.attrs, "enum_member", |meta| {
            let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            match name.as_str() {
                "value" => text(&meta, &mut value),
                "skip" => switch(&meta, &mut skip),
                "other" => switch(&meta, &mut other),
                _ => Err(OPTIONS.unknown(&meta)),
            }
        })?;
        if let (Some(value), true) = (&value, other == Some(true)) {
            let message = "the variant for other texts has no text of its own";
            return Err(syn::Error::new_spanned(value, message));
        }
        if let (Some(value), Some(true)) = (&value, skip) {
            return Err(syn::Error::new_spanned(value, "a variant that is no member has no value"));
        }
        let name = value.map_or_else(|| Case::Same.name(&variant.ident), |value| value.value());
        let documentation = documentation(&variant.attrs);
        let other = other == Some(true);
        let name = (skip != Some(true) && !other).then_some(name);
        Ok(Self { ident: &variant.ident, name, documentation, other })
    }
}

pub(super) fn refuse_duplicates(variants: &[Variant<'_>]) -> Result<()> {
    for (index, variant) in variants.iter().enumerate() {
        let same = |before: &&Variant<'_>| before.name.is_some() && before.name == variant.name;
        if let Some(before) = variants[..index].iter().find(same) {
            let message = format!("`{}` has the same value on the wire", before.ident);
            return Err(syn::Error::new_spanned(variant.ident, message));
        }
    }
    Ok(())
}

pub(super) fn refuse_parameters(input: &DeriveInput, what: &str) -> Result<()> {
    if input.generics.params.is_empty() {
        return Ok(());
    }
    Err(syn::Error::new_spanned(&input.generics, format!("{what} cannot be generic")))
}
