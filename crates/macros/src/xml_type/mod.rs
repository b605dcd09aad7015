//! `#[derive(XmlType)]`.

mod choice;
mod class;
mod container;
mod derived;
mod description;
mod field;
mod member;
mod shape;
mod simple;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields, Result, parse_quote};

use container::{Container, Kind};

/// The implementation for any type.
pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let container = Container::parse(input)?;
    if !input.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(
            &input.generics,
            "an XML type cannot be generic: a schema has no generic types",
        ));
    }
    let body = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => class::expand(input, &container, fields),
            Fields::Unit => class::expand(input, &container, &parse_quote!({})),
            Fields::Unnamed(fields) => simple::expand_newtype(input, &container, fields),
        },
        Data::Enum(data) => match &container.kind {
            Kind::Choice => choice::expand(input, &container, data),
            Kind::Derived => derived::expand(input, &container, data),
            Kind::Union => simple::expand_union(input, &container, data),
            Kind::Plain => simple::expand_enumeration(input, &container, data),
            Kind::List => Err(syn::Error::new_spanned(
                &input.ident,
                "`list` belongs on a struct with one unnamed field: `struct Days(Vec<Day>)`",
            )),
        },
        Data::Union(data) => {
            Err(syn::Error::new_spanned(data.union_token, "a union is no XML type"))
        }
    }?;
    let crate_path = &container.crate_path;
    Ok(quote! {
        #[doc(hidden)]
        #[allow(unused, unreachable_pub, missing_docs, clippy::all, clippy::pedantic)]
        const _: () = {
            use #crate_path::__private as __dc;
            use __dc::xml as __xt;
            #body
        };
    })
}
