//! `#[derive(DataContract)]`.

mod class;
mod collection;
mod container;
mod enumeration;
mod known_types;
mod lenient;
mod members;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields, GenericParam, Generics, Result, parse_quote};

use container::{Container, Kind};

/// The implementation for any type.
pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let container = Container::parse(input)?;
    refuse_generics(&input.generics)?;
    let body = match (&input.data, &container.kind) {
        (Data::Struct(data), Kind::Plain) => match &data.fields {
            Fields::Named(fields) => class::expand(input, &container, fields),
            Fields::Unit => class::expand(input, &container, &parse_quote!({})),
            Fields::Unnamed(fields) => Err(syn::Error::new_spanned(
                fields,
                "a tuple struct is no data contract: name the fields, or say `#[data_contract(collection)]` or \
                 `#[data_contract(flags(…))]`",
            )),
        },
        (Data::Struct(data), Kind::Collection(names)) => {
            collection::expand(input, &container, &data.fields, names)
        }
        (Data::Struct(data), Kind::Flags(members)) => {
            enumeration::expand_flags(input, &container, &data.fields, members)
        }
        (Data::Enum(data), Kind::Plain) => {
            if data.variants.iter().all(|variant| matches!(variant.fields, Fields::Unit)) {
                enumeration::expand(input, &container, data)
            } else if lenient::is_lenient(data) {
                lenient::expand(input, &container, data)
            } else {
                known_types::expand(input, &container, data)
            }
        }
        (Data::Enum(_), _) => {
            let what = "an enum: it belongs on a struct with one unnamed field";
            container.only(what, &[]).map(|()| TokenStream::new())
        }
        (Data::Union(data), _) => {
            Err(syn::Error::new_spanned(data.union_token, "a union is no data contract"))
        }
    }?;
    let crate_path = &container.crate_path;
    Ok(quote! {
        #[doc(hidden)]
        #[allow(unused, unreachable_pub, missing_docs, clippy::all, clippy::pedantic)]
        const _: () = {
            use #crate_path::__private as __dc;
            #body
        };
    })
}

/// The generics of the implementation: every type parameter is a data contract.
fn bounded(generics: &Generics) -> Generics {
    let mut bounded = generics.clone();
    for parameter in bounded.type_params_mut() {
        parameter.bounds.push(parse_quote!(__dc::DataContract));
    }
    bounded
}

fn refuse_generics(generics: &Generics) -> Result<()> {
    for parameter in &generics.params {
        let what = match parameter {
            GenericParam::Type(_) => continue,
            GenericParam::Lifetime(_) => "a data contract owns its data: it cannot have lifetimes",
            _ => "a data contract cannot have constant parameters",
        };
        return Err(syn::Error::new_spanned(parameter, what));
    }
    Ok(())
}
