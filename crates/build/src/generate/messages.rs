//! Parameters and results of operations.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;
use waxwing_binding::ProtectionLevel;
use waxwing_metadata::QName;
use waxwing_metadata::contract::names::{self, Scope, Style};
use waxwing_metadata::contract::{Body, Member, Message};

use super::mapping::Mapping;
use super::options::Protection;
use super::rust_type::{Rust, ident};

/// A part of a message, in Rust.
pub(super) struct Part {
    /// The element, as the macros take it: escapes undone.
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) rust: Rust,
    pub(super) header: bool,
    pub(super) optional: bool,
    pub(super) repeated: bool,
    /// Of a header, where it is not that of its message.
    pub(super) protection: Option<ProtectionLevel>,
    pub(super) documentation: Option<String>,
}

/// The content of a message.
pub(super) enum Content {
    /// Parts, perhaps in an element of their own.
    Parts(Option<QName>, Vec<Part>),
    /// The body as XML; the element in it, where the schema says it.
    Raw(Option<QName>),
}

/// What a message holds.
pub(super) fn content(
    mapping: Mapping<'_>,
    message: &Message,
    protection: Option<&Protection>,
) -> Content {
    let level = |header: &Member| {
        let name = (header.name.namespace.to_string(), header.name.local.to_string());
        protection.and_then(|known| known.headers.get(&name)).copied()
    };
    let headers = || {
        let headers = message.headers.iter();
        headers.map(|header| Part { protection: level(header), ..Part::header(mapping, header) })
    };
    let stream = |element: &QName| Part {
        name: names::decode(&element.local),
        namespace: element.namespace.to_string(),
        rust: Rust::Stream,
        header: false,
        optional: false,
        repeated: false,
        protection: None,
        documentation: None,
    };
    let (wrapper, body): (_, Vec<Part>) = match &message.body {
        Body::Raw(element) => return Content::Raw(element.clone()),
        Body::Empty => (None, Vec::new()),
        Body::Bare(member) => (None, vec![Part::bare(mapping, member)]),
        Body::Stream { wrapper, element } => (wrapper.clone(), vec![stream(element)]),
        Body::Wrapped { wrapper, parts, .. } => {
            let parts = parts.iter().map(|part| Part::of_body(mapping, part));
            (Some(wrapper.clone()), parts.collect())
        }
    };
    Content::Parts(wrapper, body.into_iter().chain(headers()).collect())
}

impl Part {
    fn new(member: &Member, rust: Rust) -> Self {
        Self {
            name: names::decode(&member.name.local),
            namespace: member.name.namespace.to_string(),
            rust,
            header: false,
            optional: false,
            repeated: false,
            protection: None,
            documentation: member.documentation.clone(),
        }
    }

    /// A header may always be missing: WSDL cannot say otherwise.
    fn header(mapping: Mapping<'_>, member: &Member) -> Self {
        let rust = mapping.plain(member.type_id).optional();
        Self { header: true, optional: true, ..Self::new(member, rust) }
    }

    /// The one element of a body.
    fn bare(mapping: Mapping<'_>, member: &Member) -> Self {
        let plain = mapping.plain(member.type_id);
        Self::new(member, if member.nillable { plain.optional() } else { plain })
    }

    fn of_body(mapping: Mapping<'_>, member: &Member) -> Self {
        let plain = mapping.plain(member.type_id);
        if member.max_occurs != Some(1) {
            return Self { repeated: true, ..Self::new(member, mapping.item(member).list()) };
        }
        let absent = member.min_occurs == 0 && !mapping.is_value(member.type_id);
        match (member.nillable, absent) {
            (true, _) => Self::new(member, plain.optional()),
            (false, true) => Self { optional: true, ..Self::new(member, plain.optional()) },
            (false, false) => Self::new(member, plain),
        }
    }

    /// The options of `part("…")`, `header("…")` or `#[param(…)]` but for the name.
    fn options(&self, default_namespace: &str) -> Vec<TokenStream> {
        let namespace = &self.namespace;
        let mut options = Vec::new();
        if namespace != default_namespace {
            options.push(quote!(namespace = #namespace));
        }
        if self.optional {
            options.push(quote!(optional));
        }
        if self.repeated {
            options.push(quote!(repeated));
        }
        if let Some(level) = self.protection {
            let level = ident(level.as_str());
            options.push(quote!(protection_level = #level));
        }
        options
    }

    /// `#[param(…)]`, unless all is as the macro has it by default.
    pub(super) fn attribute(&self, field: &str, default_namespace: &str) -> Option<TokenStream> {
        let mut options = Vec::new();
        if self.header {
            options.push(quote!(header));
        }
        if names::default_parameter_name(field) != self.name {
            let name = &self.name;
            options.push(quote!(name = #name));
        }
        options.extend(self.options(default_namespace));
        (!options.is_empty()).then(|| quote!(#[param(#(#options),*)]))
    }

    fn is_plain(&self) -> bool {
        !self.header && !self.optional && !self.repeated
    }

    /// How `results(…)` names it.
    fn result(&self, default_namespace: &str) -> TokenStream {
        let name = &self.name;
        let options = self.options(default_namespace);
        match self.header {
            true => quote!(header(#name #(, #options)*)),
            false if options.is_empty() => quote!(#name),
            false => quote!(part(#name #(, #options)*)),
        }
    }
}

/// The options of `#[operation(…)]` that name the results.
pub(super) fn result_options(parts: &[Part], operation: &str, namespace: &str) -> Vec<TokenStream> {
    match parts {
        [] => Vec::new(),
        [only] if only.is_plain() => {
            let (name, own) = (&only.name, &only.namespace);
            let mut options = Vec::new();
            if *name != format!("{operation}Result") {
                options.push(quote!(result = #name));
            }
            if own != namespace {
                options.push(quote!(result_namespace = #own));
            }
            options
        }
        parts => {
            let results = parts.iter().map(|part| part.result(namespace));
            vec![quote!(results(#(#results),*))]
        }
    }
}

/// Names for the parameters of a method, in order.
pub(super) fn parameter_names(parts: &[Part]) -> Vec<String> {
    let mut scope = Scope::new(Style::Snake);
    parts.iter().map(|part| scope.give(&names::field(&part.name))).collect()
}

/// The paragraphs of documentation of parts that have one: a parameter takes no doc comment.
pub(super) fn part_docs<'p>(parts: impl IntoIterator<Item = (&'p Part, &'p str)>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let documented = parts.into_iter().filter_map(|(part, name)| {
        let text = part.documentation.as_deref().map(str::trim).filter(|text| !text.is_empty())?;
        Some(format!("{}: {text}", name.trim_start_matches("r#")))
    });
    documented.filter(|text| seen.insert(text.clone())).collect()
}
