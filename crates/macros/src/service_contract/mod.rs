//! `#[service_contract]`: the trait, its client, its service and its description.

mod client;
mod contract;
mod description;
mod faults;
mod operation;
mod parts;
mod service;
mod trait_item;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{ItemTrait, Result};

use contract::Contract;

/// Everything that comes of a trait.
pub(crate) fn expand(arguments: TokenStream, item: ItemTrait) -> Result<TokenStream> {
    let contract = Contract::parse(arguments, &item)?;
    let stripped = trait_item::expand(item);
    let description = description::expand(&contract);
    let client = client::expand(&contract);
    let service = service::expand(&contract);
    Ok(quote! {
        #stripped
        #description
        #client
        #service
    })
}
