//! What the options of all attributes have in common.

use syn::meta::ParseNestedMeta;
use syn::{Attribute, LitBool, LitStr, Path, Result, Token};

/// The options that an attribute may have, for errors.
pub(crate) struct Options(pub(crate) &'static [&'static str]);

impl Options {
    /// The error for another option.
    pub(crate) fn unknown(&self, meta: &ParseNestedMeta<'_>) -> syn::Error {
        let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        let near = self.0.iter().find(|known| distance(known, &name) <= 2);
        let hint = near.map_or_else(
            || format!("the options are {}", self.0.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        meta.error(format!("unknown option `{name}`; {hint}"))
    }
}

/// A text option: `name = "…"`.
pub(crate) fn text(meta: &ParseNestedMeta<'_>, slot: &mut Option<LitStr>) -> Result<()> {
    let value: LitStr = meta.value()?.parse()?;
    put(meta, slot, value)
}

/// A switch: `required` or `required = true`.
pub(crate) fn switch(meta: &ParseNestedMeta<'_>, slot: &mut Option<bool>) -> Result<()> {
    let value =
        if meta.input.peek(Token![=]) { meta.value()?.parse::<LitBool>()?.value } else { true };
    put(meta, slot, value)
}

/// A path as text: `crate = "…"`.
pub(crate) fn path(meta: &ParseNestedMeta<'_>, slot: &mut Option<Path>) -> Result<()> {
    let value: LitStr = meta.value()?.parse()?;
    let value = value.parse_with(Path::parse_mod_style)?;
    put(meta, slot, value)
}

/// The trait of another contract: `callback = Listener`.
pub(crate) fn contract_path(meta: &ParseNestedMeta<'_>, slot: &mut Option<Path>) -> Result<()> {
    let value = meta.value()?;
    if value.peek(syn::Lit) {
        return Err(
            value.error("write the path of the trait, without quotes: `callback = Listener`")
        );
    }
    let value: Path = value.parse()?;
    if value.segments.iter().any(|segment| !segment.arguments.is_none()) {
        let message = "a service contract is not generic: write the path of the trait alone";
        return Err(syn::Error::new_spanned(value, message));
    }
    put(meta, slot, value)
}

/// How a message or a part of it is protected, as a variant of `ProtectionLevel`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    None,
    Sign,
    EncryptAndSign,
}

/// A protection level: `protection_level = Sign`.
pub(crate) fn level(meta: &ParseNestedMeta<'_>, slot: &mut Option<Level>) -> Result<()> {
    let value: syn::Ident = meta.value()?.parse()?;
    let level = match value.to_string().as_str() {
        "None" => Level::None,
        "Sign" => Level::Sign,
        "EncryptAndSign" => Level::EncryptAndSign,
        _ => {
            let message = "a protection level is `None`, `Sign` or `EncryptAndSign`";
            return Err(syn::Error::new_spanned(value, message));
        }
    };
    put(meta, slot, level)
}

/// Whether a contract needs a session, as a variant of `SessionMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Allowed,
    Required,
    NotAllowed,
}

/// A session mode: `session_mode = Required`.
pub(crate) fn session_mode(meta: &ParseNestedMeta<'_>, slot: &mut Option<Mode>) -> Result<()> {
    let value: syn::Ident = meta.value()?.parse()?;
    let mode = match value.to_string().as_str() {
        "Allowed" => Mode::Allowed,
        "Required" => Mode::Required,
        "NotAllowed" => Mode::NotAllowed,
        _ => {
            let message = "a session mode is `Allowed`, `Required` or `NotAllowed`";
            return Err(syn::Error::new_spanned(value, message));
        }
    };
    put(meta, slot, mode)
}

/// How often an operation is executed at a durable endpoint, as a variant of `Delivery`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guarantee {
    Transaction,
    Idempotent,
    Once,
}

/// What a durable endpoint promises of an operation: `delivery = "once"`.
pub(crate) fn delivery(meta: &ParseNestedMeta<'_>, slot: &mut Option<Guarantee>) -> Result<()> {
    let value: LitStr = meta.value()?.parse()?;
    let guarantee = match value.value().as_str() {
        "transaction" => Guarantee::Transaction,
        "idempotent" => Guarantee::Idempotent,
        "once" => Guarantee::Once,
        _ => {
            let message = "a delivery is \"transaction\", \"idempotent\" or \"once\"";
            return Err(syn::Error::new_spanned(value, message));
        }
    };
    put(meta, slot, guarantee)
}

/// Fills an option that may stand once.
pub(crate) fn put<T>(meta: &ParseNestedMeta<'_>, slot: &mut Option<T>, value: T) -> Result<()> {
    if slot.is_some() {
        let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        return Err(meta.error(format!("the option `{name}` is given twice")));
    }
    *slot = Some(value);
    Ok(())
}

/// Calls `each` with every option in the attributes of this name.
pub(crate) fn each_option(
    attributes: &[Attribute],
    name: &str,
    mut each: impl FnMut(ParseNestedMeta<'_>) -> Result<()>,
) -> Result<()> {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(name)) {
        attribute.parse_nested_meta(&mut each)?;
    }
    Ok(())
}

/// The text of the doc comments, as people wrote it: without the blank after the slashes, and without empty lines around it.
pub(crate) fn documentation(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
        let syn::Meta::NameValue(pair) = &attribute.meta else { continue };
        // `#[doc = include_str!(…)]` is not known here.
        let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &pair.value else {
            continue;
        };
        let text = text.value();
        lines.extend(
            text.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()),
        );
        if text.is_empty() {
            lines.push(String::new());
        }
    }
    lines.join("\n").trim_matches('\n').to_owned()
}

/// The number of letters to add, remove or change (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}
