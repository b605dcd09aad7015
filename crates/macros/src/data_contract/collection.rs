//! Collections and dictionaries with names of their own.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Fields, LitStr, Result};

use super::bounded;
use super::container::{CollectionNames, Container};
use crate::names::encode;

pub(super) fn expand(
    input: &DeriveInput,
    container: &Container,
    fields: &Fields,
    names: &CollectionNames,
) -> Result<TokenStream> {
    container.only("a collection", &["collection"])?;
    let content = match fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => &fields.unnamed[0].ty,
        _ => {
            return Err(syn::Error::new_spanned(
                &input.ident,
                "a collection is a struct with one unnamed field: `struct Names(Vec<String>)`",
            ));
        }
    };
    let generics = bounded(&input.generics);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = input.generics.split_for_impl();
    let ident = &input.ident;
    let (contract, namespace) = (container.contract_name(), &container.namespace);
    let set = |field: TokenStream, name: &Option<LitStr>, wrap: fn(TokenStream) -> TokenStream| {
        let name = name.as_ref().map(|name| encode(&name.value()))?;
        let value = wrap(quote!(__dc::Cow::Borrowed(#name)));
        Some(quote!(names.#field = #value;))
    };
    let describe = container.describe(&quote! {
        <#content as __dc::CollectionContent>::describe_content(&__names(), types)
    });
    let item = set(quote!(item), &names.item, |name| quote!(::core::option::Option::Some(#name)));
    let key = set(quote!(key), &names.key, |name| name);
    let value = set(quote!(value), &names.value, |name| name);
    Ok(quote! {
        fn __names() -> __dc::CollectionNames {
            let mut names = __dc::CollectionNames::new(#namespace);
            #item
            #key
            #value
            names
        }

        #[automatically_derived]
        impl #impl_generics __dc::DataContract for #ident #type_generics #where_clause {
            fn contract_name() -> __dc::ContractName {
                #contract
            }

            #describe

            fn write(
                &self,
                writer: &mut __dc::Writer<'_>,
                element: __dc::NodeId,
            ) -> ::core::result::Result<(), __dc::WriteError> {
                <#content as __dc::CollectionContent>::write_content(&self.0, &__names(), writer, element)
            }

            fn read(
                reader: &mut __dc::Reader,
                element: __dc::Element<'_>,
            ) -> ::core::result::Result<Self, __dc::ReadError> {
                <#content as __dc::CollectionContent>::read_content(&__names(), reader, element).map(Self)
            }
        }
    })
}
