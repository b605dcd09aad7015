//! The trait itself: futures are `Send`, the macro's own attributes are gone.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::{FnArg, ItemTrait, ReturnType, TraitItem, parse_quote};

pub(super) fn expand(mut item: ItemTrait) -> TokenStream {
    item.supertraits.push(parse_quote!(::core::marker::Send));
    item.supertraits.push(parse_quote!(::core::marker::Sync));
    item.colon_token.get_or_insert_with(Default::default);
    for member in &mut item.items {
        let TraitItem::Fn(method) = member else { continue };
        // A body is refused; without it there is no second mistake.
        method.default = None;
        method.semi_token.get_or_insert_with(Default::default);
        method.attrs.retain(|attribute| !attribute.path().is_ident("operation"));
        for argument in &mut method.sig.inputs {
            if let FnArg::Typed(argument) = argument {
                // The compiler takes no doc comments there; they are in the description.
                let own = ["param", "doc"];
                argument.attrs.retain(|known| !own.iter().any(|own| known.path().is_ident(own)));
            }
        }
        if let ReturnType::Type(_, ty) = &mut method.sig.output {
            method.sig.asyncness = None;
            **ty = parse_quote!(
                impl ::core::future::Future<Output = #ty> + ::core::marker::Send
            );
        }
    }
    let item = item.to_token_stream();
    quote!(#item)
}
