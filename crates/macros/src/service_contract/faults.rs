//! The faults that an operation declares.

use syn::meta::ParseNestedMeta;
use syn::{LitStr, Path, Result, Token};

use super::names::ContractNames;
use crate::attributes::{Level, Options};
use crate::names::{Case, encode};

/// A fault by the type of its detail.
pub(super) struct DeclaredFault {
    pub(super) detail: Path,
    /// Its name in metadata, filled by [`DeclaredFault::resolved`].
    pub(super) name: String,
    /// Filled by [`DeclaredFault::resolved`].
    pub(super) action: String,
    /// Local name and namespace, where the contract of the operation names the element.
    pub(super) element: Option<(String, String)>,
    pub(super) protection_level: Option<Level>,
    given: Given,
}

#[derive(Default)]
struct Given {
    action: Option<LitStr>,
    name: Option<LitStr>,
    namespace: Option<LitStr>,
    protection_level: Option<Level>,
}

impl DeclaredFault {
    /// The same with WCF's defaults for what is not given.
    pub(super) fn resolved(mut self, contract: &ContractNames, operation: &str) -> Self {
        let value = |text: &Option<LitStr>| text.as_ref().map(LitStr::value);
        let name = value(&self.given.name);
        self.name = encode(&name.unwrap_or_else(|| format!("{}Fault", clr_name(&self.detail))));
        self.action = value(&self.given.action).unwrap_or_else(|| {
            contract.action(&format!("{operation}{}Fault", clr_name(&self.detail)))
        });
        let namespace = value(&self.given.namespace).unwrap_or_else(|| contract.namespace.clone());
        self.element = value(&self.given.name).map(|name| (encode(&name), namespace));
        self
    }
}

/// `faults(MathFault, Trouble(action = "…"))`.
pub(super) fn faults(meta: &ParseNestedMeta<'_>) -> Result<Vec<DeclaredFault>> {
    let content;
    syn::parenthesized!(content in meta.input);
    let mut faults = Vec::new();
    while !content.is_empty() {
        let detail: Path = content.call(path)?;
        let mut given = Given::default();
        if content.peek(syn::token::Paren) {
            let options;
            syn::parenthesized!(options in content);
            given = parse_options(&options)?;
        }
        let (name, action, element) = (String::new(), String::new(), None);
        let protection_level = given.protection_level;
        faults.push(DeclaredFault { detail, name, action, element, protection_level, given });
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
    }
    Ok(faults)
}

/// A path, but not `Fn(…) -> …`: parentheses are the options.
fn path(input: syn::parse::ParseStream<'_>) -> Result<Path> {
    let mut path = Path { leading_colon: input.parse()?, segments: Default::default() };
    loop {
        let ident: syn::Ident = input.parse()?;
        let mut segment = syn::PathSegment::from(ident);
        if input.peek(Token![<]) {
            segment.arguments = syn::PathArguments::AngleBracketed(input.parse()?);
        }
        path.segments.push_value(segment);
        if !input.peek(Token![::]) {
            return Ok(path);
        }
        path.segments.push_punct(input.parse()?);
    }
}

fn parse_options(input: syn::parse::ParseStream<'_>) -> Result<Given> {
    const OPTIONS: Options = Options(&["action", "name", "namespace", "protection_level"]);
    let mut given = Given::default();
    let parser = syn::meta::parser(|meta| {
        let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        match name.as_str() {
            "action" => crate::attributes::text(&meta, &mut given.action),
            "name" => crate::attributes::text(&meta, &mut given.name),
            "namespace" => crate::attributes::text(&meta, &mut given.namespace),
            "protection_level" => crate::attributes::level(&meta, &mut given.protection_level),
            _ => Err(OPTIONS.unknown(&meta)),
        }
    });
    syn::parse::Parser::parse2(parser, input.parse()?)?;
    if let (Some(namespace), None) = (&given.namespace, &given.name) {
        return Err(syn::Error::new_spanned(
            namespace,
            "without `name` the element is called after its data contract, and `namespace` means nothing",
        ));
    }
    Ok(given)
}

/// The CLR name of a detail's type, which WCF puts into the default action.
fn clr_name(path: &Path) -> String {
    let name = path.segments.last().map(|segment| Case::Same.name(&segment.ident));
    let name = name.unwrap_or_default();
    let clr = match name.as_str() {
        "bool" => "Boolean",
        "i8" => "SByte",
        "u8" => "Byte",
        "i16" => "Int16",
        "u16" => "UInt16",
        "i32" => "Int32",
        "u32" => "UInt32",
        "i64" => "Int64",
        "u64" => "UInt64",
        "f32" => "Single",
        "f64" => "Double",
        _ => return name,
    };
    clr.to_owned()
}
