//! The contracts that a contract inherits from: `trait Derived: Base`.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens as _, format_ident};
use syn::punctuated::Punctuated;
use syn::{Path, PathArguments, Result, Token, TypeParamBound};

use crate::names::constant_case;

/// Traits that are no contracts: what every service may be asked to be besides.
const NO_CONTRACTS: &[&str] = &[
    "Send",
    "Sync",
    "Sized",
    "Unpin",
    "UnwindSafe",
    "RefUnwindSafe",
    "Any",
    "Debug",
    "Display",
    "Clone",
    "Default",
];

/// A contract that another one inherits from, by the path of its trait. What the macro made of it stands beside it.
pub(super) struct Base {
    path: Path,
}

impl Base {
    /// That of this trait.
    pub(super) fn of(path: Path) -> Self {
        Self { path }
    }

    /// The path of the trait.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// `path::CalculatorClient`.
    pub(super) fn client(&self) -> Path {
        self.beside(client_of)
    }

    /// `path::CalculatorService`.
    pub(super) fn service(&self) -> Path {
        self.beside(service_of)
    }

    /// `path::CALCULATOR_CONTRACT`.
    pub(super) fn constant(&self) -> Path {
        self.beside(constant_of)
    }

    fn beside(&self, name: impl Fn(&Ident) -> Ident) -> Path {
        let mut path = self.path.clone();
        if let Some(last) = path.segments.last_mut() {
            last.ident = name(&last.ident);
        }
        path
    }
}

/// The supertraits that are contracts: all but lifetimes and the few of [`NO_CONTRACTS`].
pub(super) fn bases(bounds: &Punctuated<TypeParamBound, Token![+]>) -> Result<Vec<Base>> {
    let mut found = Vec::new();
    for bound in bounds {
        let TypeParamBound::Trait(bound) = bound else { continue };
        let Some(last) = bound.path.segments.last() else { continue };
        if NO_CONTRACTS.iter().any(|known| last.ident == known) {
            continue;
        }
        if !matches!(last.arguments, PathArguments::None) {
            let message = "a service contract inherits from service contracts, and those are not generic: bounds of other \
                           kinds belong on the implementation";
            return Err(syn::Error::new_spanned(bound, message));
        }
        found.push(Base { path: bound.path.clone() });
    }
    let text = |base: &Base| base.path.to_token_stream().to_string();
    for (index, base) in found.iter().enumerate() {
        if found[..index].iter().any(|before| text(before) == text(base)) {
            let message = "the contract inherits from this one twice";
            return Err(syn::Error::new_spanned(&base.path, message));
        }
    }
    Ok(found)
}

/// `CalculatorClient`.
pub(super) fn client_of(contract: &Ident) -> Ident {
    format_ident!("{}Client", contract)
}

/// `CalculatorService`.
pub(super) fn service_of(contract: &Ident) -> Ident {
    format_ident!("{}Service", contract)
}

/// `CalculatorCalls`.
pub(super) fn calls_of(contract: &Ident) -> Ident {
    format_ident!("{}Calls", contract)
}

/// `CalculatorReplies`.
pub(super) fn replies_of(contract: &Ident) -> Ident {
    format_ident!("{}Replies", contract)
}

/// `CALCULATOR_CONTRACT`.
pub(super) fn constant_of(contract: &Ident) -> Ident {
    let span = contract.span();
    Ident::new(&format!("{}_CONTRACT", constant_case(contract)), span)
}

/// The clients of the bases one inside the other, around `inner`.
pub(super) fn nested(
    bases: &[Base],
    inner: TokenStream,
    wrap: impl Fn(&Base, TokenStream) -> TokenStream,
) -> TokenStream {
    bases.iter().rev().fold(inner, |inner, base| wrap(base, inner))
}
