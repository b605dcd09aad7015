//! `#[service_contract]`.

use proc_macro2::TokenStream;
use syn::Result;

pub(crate) fn expand(_: TokenStream, item: syn::ItemTrait) -> Result<TokenStream> {
    Err(syn::Error::new_spanned(item, "not yet"))
}
