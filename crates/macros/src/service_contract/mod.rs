//! `#[service_contract]`: the trait, its client, its service and its description.

mod base;
mod calls;
mod client;
mod contract;
mod description;
mod faults;
mod names;
mod operation;
mod parts;
mod service;
mod trait_item;

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemTrait;

use contract::Contract;

/// Everything that comes of a trait.
///
/// After a mistake there is the trait at least, so that its implementations are not mistakes, too.
pub(crate) fn expand(arguments: TokenStream, item: ItemTrait) -> TokenStream {
    let contract = Contract::parse(arguments, &item);
    let stripped = trait_item::expand(item);
    let contract = match contract {
        Ok(contract) => contract,
        Err(error) => {
            let error = error.into_compile_error();
            return quote!(#stripped #error);
        }
    };
    let description = description::expand(&contract);
    let client = client::expand(&contract);
    let calls = calls::expand(&contract);
    let service = service::expand(&contract);
    quote! {
        #stripped
        #description
        #client
        #calls
        #service
    }
}
