//! `#[data_contract(…)]` and what all kinds of contracts make of it.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned as _;
use syn::{DeriveInput, Expr, Ident, LitStr, Path, Result, Token, Type, parse_quote};

use crate::attributes::{Options, documentation, each_option, path, put, switch, text};
use crate::names::{Case, encode};

/// What is put before a CLR namespace to make the namespace of its contracts.
const CLR_BASE: &str = "http://schemas.datacontract.org/2004/07/";

const OPTIONS: Options = Options(&[
    "name",
    "namespace",
    "clr_namespace",
    "rename_all",
    "is_reference",
    "value_type",
    "base",
    "collection",
    "flags",
    "crate",
]);

/// The options of a type.
pub(super) struct Container {
    pub(super) crate_path: Path,
    pub(super) namespace: String,
    pub(super) case: Case,
    pub(super) is_reference: bool,
    pub(super) value_type: bool,
    /// The declared type of known types.
    pub(super) base: Option<Type>,
    pub(super) kind: Kind,
    /// The doc comment of the type.
    pub(super) documentation: String,
    /// Where options stand that not every kind has.
    places: Vec<(&'static str, Span)>,
    name: String,
    /// The names of generic arguments come into the name.
    parameters: Vec<Ident>,
}

/// What the options say about the kind of contract.
pub(super) enum Kind {
    /// What the shape of the type says.
    Plain,
    /// A collection with names of its own.
    Collection(CollectionNames),
    /// Flags: names and bits.
    Flags(Vec<(String, Expr)>),
}

/// Element names of a collection.
#[derive(Default)]
pub(super) struct CollectionNames {
    pub(super) item: Option<LitStr>,
    pub(super) key: Option<LitStr>,
    pub(super) value: Option<LitStr>,
}

#[derive(Default)]
struct Given {
    name: Option<LitStr>,
    namespace: Option<LitStr>,
    clr_namespace: Option<LitStr>,
    rename_all: Option<LitStr>,
    is_reference: Option<bool>,
    value_type: Option<bool>,
    base: Option<Type>,
    crate_path: Option<Path>,
    kind: Option<Kind>,
    places: Vec<(&'static str, Span)>,
}

impl Container {
    pub(super) fn parse(input: &DeriveInput) -> Result<Self> {
        let mut given = Given::default();
        each_option(&input.attrs, "data_contract", |meta| given.option(&meta))?;
        let namespace = match (&given.namespace, &given.clr_namespace) {
            (Some(_), Some(clr)) => {
                return Err(syn::Error::new_spanned(
                    clr,
                    "`namespace` and `clr_namespace` exclude each other",
                ));
            }
            (Some(namespace), None) => namespace.value(),
            (None, clr) => {
                format!("{CLR_BASE}{}", clr.as_ref().map(LitStr::value).unwrap_or_default())
            }
        };
        let case = match given.rename_all.as_ref().map(|case| (case.value(), case)) {
            None => Case::Pascal,
            Some((case, literal)) => match case.as_str() {
                "PascalCase" => Case::Pascal,
                "camelCase" => Case::Camel,
                "none" => Case::Same,
                _ => {
                    return Err(syn::Error::new_spanned(
                        literal,
                        "`rename_all` is \"PascalCase\", \"camelCase\" or \"none\"",
                    ));
                }
            },
        };
        let parameters: Vec<Ident> =
            input.generics.type_params().map(|parameter| parameter.ident.clone()).collect();
        let name = match &given.name {
            Some(name) => name.value(),
            None => default_name(&input.ident, parameters.len()),
        };
        Ok(Self {
            crate_path: given.crate_path.unwrap_or_else(|| parse_quote!(::waxwing::datacontract)),
            namespace,
            case,
            is_reference: given.is_reference.unwrap_or(false),
            value_type: given.value_type.unwrap_or(false),
            base: given.base,
            kind: given.kind.unwrap_or(Kind::Plain),
            documentation: documentation(&input.attrs),
            places: given.places,
            name,
            parameters,
        })
    }

    /// An expression for the contract's name.
    pub(super) fn contract_name(&self) -> TokenStream {
        let namespace = &self.namespace;
        if self.parameters.is_empty() || !self.name.contains('{') {
            let name = encode(&self.name);
            return quote!(__dc::ContractName::new(#name, #namespace));
        }
        let (name, parameters) = (&self.name, &self.parameters);
        quote! {
            __dc::ContractName::owned(
                __dc::ContractName::generic(
                    #name,
                    &[#(<#parameters as __dc::DataContract>::contract_name()),*],
                ),
                #namespace,
            )
        }
    }

    /// A method that describes the contract; `kind` makes a `TypeKind` of `types`.
    pub(super) fn describe(&self, kind: &TokenStream) -> TokenStream {
        let documentation = &self.documentation;
        let add = match self.parameters.is_empty() || !self.name.contains('{') {
            true => quote!(types.add::<Self>(#documentation, |types| #kind)),
            false => {
                let (name, namespace, parameters) = (&self.name, &self.namespace, &self.parameters);
                quote! {
                    #(<#parameters as __dc::DataContract>::describe(types);)*
                    let parameters = ::std::vec::Vec::from(
                        [#(<#parameters as __dc::DataContract>::as_argument(types)),*],
                    );
                    let generic = __dc::GenericName::new(#name, #namespace, parameters);
                    let generic = ::core::option::Option::Some(generic);
                    types.add_generic::<Self>(#documentation, generic, |types| #kind)
                }
            }
        };
        quote! {
            fn describe(types: &mut __dc::TypeDescriptions) -> __dc::TypeUse {
                #add
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

fn default_name(ident: &Ident, parameters: usize) -> String {
    let name = Case::Same.name(ident);
    if parameters == 0 {
        return name;
    }
    let arguments: String = (0..parameters).map(|index| format!("{{{index}}}")).collect();
    format!("{name}Of{arguments}{{#}}")
}

impl Given {
    fn option(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        let special = ["is_reference", "value_type", "base", "collection", "flags"];
        if let Some(special) = special.into_iter().find(|special| *special == name) {
            self.places.push((special, meta.path.span()));
        }
        match name.as_str() {
            "name" => text(meta, &mut self.name),
            "namespace" => text(meta, &mut self.namespace),
            "clr_namespace" => text(meta, &mut self.clr_namespace),
            "rename_all" => text(meta, &mut self.rename_all),
            "is_reference" => switch(meta, &mut self.is_reference),
            "value_type" => switch(meta, &mut self.value_type),
            "crate" => path(meta, &mut self.crate_path),
            "base" => {
                let base: Type = meta.value()?.parse()?;
                put(meta, &mut self.base, base)
            }
            "collection" => {
                let names = collection_names(meta)?;
                put(meta, &mut self.kind, Kind::Collection(names))
            }
            "flags" => {
                let members = flags(meta)?;
                put(meta, &mut self.kind, Kind::Flags(members))
            }
            _ => Err(OPTIONS.unknown(meta)),
        }
    }
}

fn collection_names(meta: &ParseNestedMeta<'_>) -> Result<CollectionNames> {
    const OPTIONS: Options = Options(&["item", "key", "value"]);
    let mut names = CollectionNames::default();
    if !meta.input.peek(syn::token::Paren) {
        return Ok(names);
    }
    meta.parse_nested_meta(|meta| {
        let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        match name.as_str() {
            "item" => text(&meta, &mut names.item),
            "key" => text(&meta, &mut names.key),
            "value" => text(&meta, &mut names.value),
            _ => Err(OPTIONS.unknown(&meta)),
        }
    })?;
    Ok(names)
}

fn flags(meta: &ParseNestedMeta<'_>) -> Result<Vec<(String, Expr)>> {
    let content;
    syn::parenthesized!(content in meta.input);
    let mut members = Vec::new();
    while !content.is_empty() {
        let name = if content.peek(LitStr) {
            content.parse::<LitStr>()?.value()
        } else {
            Case::Same.name(&content.parse()?)
        };
        content.parse::<Token![=]>()?;
        members.push((name, content.parse()?));
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
    }
    Ok(members)
}
