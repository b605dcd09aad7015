//! `#[xml(…)]` on the type.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned as _;
use syn::{DeriveInput, LitStr, Path, Result, Type, parse_quote};

use crate::attributes::{Options, documentation, each_option, path, put, switch, text};
use crate::names::{Case, encode};

const OPTIONS: Options = Options(&[
    "name",
    "namespace",
    "root",
    "root_namespace",
    "rename_all",
    "unqualified",
    "ordered",
    "choice",
    "derived",
    "base",
    "union",
    "list",
    "crate",
]);

/// What the options say about the kind of type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What the shape of the type says.
    Plain,
    /// One of several elements.
    Choice,
    /// A base type and those derived from it.
    Derived,
    /// One of several simple types.
    Union,
    /// Several values of a simple type.
    List,
}

/// The options of a type.
pub(super) struct Container {
    pub(super) crate_path: Path,
    pub(super) namespace: String,
    /// The namespace of elements whose own is not given.
    pub(super) element_namespace: String,
    pub(super) case: Case,
    pub(super) ordered: bool,
    pub(super) kind: Kind,
    /// The declared type of derived ones.
    pub(super) base: Option<Type>,
    /// The doc comment of the type.
    pub(super) documentation: String,
    places: Vec<(&'static str, Span)>,
    name: String,
    root: Option<(String, String)>,
}

#[derive(Default)]
struct Given {
    name: Option<LitStr>,
    namespace: Option<LitStr>,
    root: Option<LitStr>,
    root_namespace: Option<LitStr>,
    rename_all: Option<LitStr>,
    unqualified: Option<bool>,
    ordered: Option<bool>,
    kind: Option<Kind>,
    base: Option<Type>,
    crate_path: Option<Path>,
    places: Vec<(&'static str, Span)>,
}

impl Container {
    pub(super) fn parse(input: &DeriveInput) -> Result<Self> {
        let mut given = Given::default();
        each_option(&input.attrs, "xml", |meta| given.option(&meta))?;
        let value = |text: &Option<LitStr>| text.as_ref().map(LitStr::value);
        let namespace = value(&given.namespace).unwrap_or_default();
        let name = value(&given.name).unwrap_or_else(|| Case::Same.name(&input.ident));
        if let (None, Some(stray)) = (&given.root, &given.root_namespace) {
            return Err(syn::Error::new_spanned(
                stray,
                "`root_namespace` goes with `root`, the name of the element",
            ));
        }
        let root = value(&given.root).map(|root| {
            (encode(&root), value(&given.root_namespace).unwrap_or_else(|| namespace.clone()))
        });
        let unqualified = given.unqualified.unwrap_or(false);
        Ok(Self {
            crate_path: given.crate_path.unwrap_or_else(|| parse_quote!(::waxwing::datacontract)),
            element_namespace: if unqualified { String::new() } else { namespace.clone() },
            namespace,
            case: case(given.rename_all.as_ref())?,
            ordered: given.ordered.unwrap_or(false),
            kind: given.kind.unwrap_or(Kind::Plain),
            base: given.base,
            documentation: documentation(&input.attrs),
            places: given.places,
            name: encode(&name),
            root,
        })
    }

    /// An expression for the type's name in the schema.
    pub(super) fn type_name(&self) -> TokenStream {
        let (name, namespace) = (&self.name, &self.namespace);
        quote!(__dc::ContractName::new(#name, #namespace))
    }

    /// The name of the type and that of the element when a value stands alone.
    pub(super) fn names(&self) -> TokenStream {
        let name = self.type_name();
        let root = self.root.as_ref().map(|(local, namespace)| {
            quote! {
                fn root_name() -> __dc::ContractName {
                    __dc::ContractName::new(#local, #namespace)
                }
            }
        });
        quote! {
            fn contract_name() -> __dc::ContractName {
                #name
            }

            #root
        }
    }

    /// A method that describes the type; `kind` makes a `TypeKind` of `types`.
    pub(super) fn describe(&self, kind: &TokenStream) -> TokenStream {
        let documentation = &self.documentation;
        quote! {
            fn describe(types: &mut __dc::TypeDescriptions) -> __dc::TypeUse {
                types.add::<Self>(#documentation, |types| #kind)
            }
        }
    }

    /// Refuses the options of other kinds.
    pub(super) fn only(&self, what: &str, allowed: &[&str]) -> Result<()> {
        match self.places.iter().find(|(name, _)| !allowed.contains(name)) {
            None => Ok(()),
            Some((name, place)) => {
                Err(syn::Error::new(*place, format!("`{name}` means nothing on {what}")))
            }
        }
    }
}

fn case(given: Option<&LitStr>) -> Result<Case> {
    let Some(literal) = given else { return Ok(Case::Pascal) };
    match literal.value().as_str() {
        "PascalCase" => Ok(Case::Pascal),
        "camelCase" => Ok(Case::Camel),
        "none" => Ok(Case::Same),
        _ => Err(syn::Error::new_spanned(
            literal,
            "`rename_all` is \"PascalCase\", \"camelCase\" or \"none\"",
        )),
    }
}

impl Given {
    fn option(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        let special = ["unqualified", "ordered", "choice", "derived", "base", "union", "list"];
        if let Some(special) = special.into_iter().find(|special| *special == name) {
            self.places.push((special, meta.path.span()));
        }
        match name.as_str() {
            "name" => text(meta, &mut self.name),
            "namespace" => text(meta, &mut self.namespace),
            "root" => text(meta, &mut self.root),
            "root_namespace" => text(meta, &mut self.root_namespace),
            "rename_all" => text(meta, &mut self.rename_all),
            "unqualified" => switch(meta, &mut self.unqualified),
            "ordered" => switch(meta, &mut self.ordered),
            "crate" => path(meta, &mut self.crate_path),
            "choice" => put(meta, &mut self.kind, Kind::Choice),
            "derived" => put(meta, &mut self.kind, Kind::Derived),
            "union" => put(meta, &mut self.kind, Kind::Union),
            "list" => put(meta, &mut self.kind, Kind::List),
            "base" => {
                let base: Type = meta.value()?.parse()?;
                put(meta, &mut self.base, base)
            }
            _ => Err(OPTIONS.unknown(meta)),
        }
    }
}
