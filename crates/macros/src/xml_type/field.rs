//! `#[xml(…)]` on a field or a variant: what it is in the document, and its names.

use proc_macro2::Ident;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, LitStr, Result};

use super::container::Container;
use crate::attributes::{Options, documentation, each_option, put, switch, text};
use crate::names::encode;

const OPTIONS: Options = Options(&[
    "name",
    "namespace",
    "qualified",
    "attribute",
    "text",
    "list",
    "array",
    "choice",
    "group",
    "base",
    "any",
    "any_attribute",
    "default",
    "fixed",
    "skip",
]);

/// What a member is in the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Element,
    Attribute,
    Text,
    /// An element whose text is a list.
    List,
    /// An element around elements; holds the name of those.
    Array(String, String),
    /// One of several elements, or several elements that belong together.
    Part,
    /// The base type.
    Base,
    Any,
    AnyAttribute,
    Skip,
}

/// What an absent member means.
#[derive(Clone, Debug)]
pub(super) enum Absent {
    /// What its type says.
    Type,
    /// This value, which is not written.
    Default(String),
    /// This value, which is always written.
    Fixed(String),
}

/// The options of a member.
pub(super) struct MemberOptions {
    pub(super) role: Role,
    pub(super) local: String,
    pub(super) namespace: String,
    pub(super) absent: Absent,
    /// The doc comment.
    pub(super) documentation: String,
}

#[derive(Default)]
struct Given {
    name: Option<LitStr>,
    namespace: Option<LitStr>,
    qualified: Option<bool>,
    role: Option<Role>,
    role_name: String,
    list: Option<bool>,
    default: Option<LitStr>,
    fixed: Option<LitStr>,
}

impl MemberOptions {
    /// The options of a member called `ident`, whose name is `default_name` if none is given.
    pub(super) fn parse(
        attributes: &[Attribute],
        ident: &Ident,
        default_name: String,
        container: &Container,
    ) -> Result<Self> {
        let mut given = Given::default();
        each_option(attributes, "xml", |meta| given.option(&meta, container))?;
        let role = given.role()?;
        given.check(&role, ident)?;
        let name = given.name.as_ref().map_or(default_name, LitStr::value);
        if name.is_empty() {
            return Err(syn::Error::new_spanned(&given.name, "a name cannot be empty"));
        }
        let namespace = match (&given.namespace, &role) {
            (Some(namespace), _) => namespace.value(),
            (None, Role::Attribute) if given.qualified == Some(true) => container.namespace.clone(),
            (None, Role::Attribute) => String::new(),
            (None, _) => container.element_namespace.clone(),
        };
        let absent = match (&given.default, &given.fixed) {
            (Some(_), Some(fixed)) => {
                let message = "`default` and `fixed` exclude each other";
                return Err(syn::Error::new_spanned(fixed, message));
            }
            (Some(default), None) => Absent::Default(default.value()),
            (None, Some(fixed)) => Absent::Fixed(fixed.value()),
            (None, None) => Absent::Type,
        };
        let documentation = documentation(attributes);
        Ok(Self { role, local: encode(&name), namespace, absent, documentation })
    }
}

impl Given {
    fn option(&mut self, meta: &ParseNestedMeta<'_>, container: &Container) -> Result<()> {
        let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        let role = match name.as_str() {
            "name" => return text(meta, &mut self.name),
            "namespace" => return text(meta, &mut self.namespace),
            "qualified" => return switch(meta, &mut self.qualified),
            "list" => return switch(meta, &mut self.list),
            "default" => return text(meta, &mut self.default),
            "fixed" => return text(meta, &mut self.fixed),
            "array" => array(meta, container)?,
            "attribute" => Role::Attribute,
            "text" => Role::Text,
            "choice" | "group" => Role::Part,
            "base" => Role::Base,
            "any" => Role::Any,
            "any_attribute" => Role::AnyAttribute,
            "skip" => Role::Skip,
            _ => return Err(OPTIONS.unknown(meta)),
        };
        if self.role.is_some() {
            let message = format!("`{}` and `{name}` exclude each other", self.role_name);
            return Err(meta.error(message));
        }
        self.role_name = name;
        put(meta, &mut self.role, role)
    }

    fn role(&self) -> Result<Role> {
        let list = self.list == Some(true);
        match &self.role {
            None if list => Ok(Role::List),
            None => Ok(Role::Element),
            // A `Vec` says it already; it does no harm to say it again.
            Some(role @ (Role::Attribute | Role::Text)) => Ok(role.clone()),
            Some(_) if list => {
                Err(self.error("`list` goes with an element, `attribute` or `text`"))
            }
            Some(role) => Ok(role.clone()),
        }
    }

    /// Refuses what means nothing on a role.
    fn check(&self, role: &Role, ident: &Ident) -> Result<()> {
        let has_name =
            matches!(role, Role::Element | Role::Attribute | Role::List | Role::Array(..));
        if !has_name && (self.name.is_some() || self.namespace.is_some()) {
            let message = format!("`{}` has no name in the document", self.role_name);
            return Err(self.error(&message));
        }
        if self.qualified == Some(true) && *role != Role::Attribute {
            let message = "`qualified` is said of an attribute; an element says its `namespace`";
            return Err(syn::Error::new_spanned(ident, message));
        }
        let value = matches!(role, Role::Element | Role::Attribute);
        if !value && (self.default.is_some() || self.fixed.is_some()) {
            return Err(self.error("a default is that of an element or an attribute"));
        }
        Ok(())
    }

    fn error(&self, message: &str) -> syn::Error {
        let given = [&self.name, &self.namespace, &self.default, &self.fixed];
        match given.into_iter().flatten().next() {
            Some(literal) => syn::Error::new_spanned(literal, message),
            None => syn::Error::new(proc_macro2::Span::call_site(), message),
        }
    }
}

/// `array(item = "…", item_namespace = "…")`.
fn array(meta: &ParseNestedMeta<'_>, container: &Container) -> Result<Role> {
    const OPTIONS: Options = Options(&["item", "item_namespace"]);
    let (mut item, mut namespace) = (None::<LitStr>, None::<LitStr>);
    meta.parse_nested_meta(|meta| {
        let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        match name.as_str() {
            "item" => text(&meta, &mut item),
            "item_namespace" => text(&meta, &mut namespace),
            _ => Err(OPTIONS.unknown(&meta)),
        }
    })?;
    let Some(item) = item else {
        return Err(meta.error("an array says what its items are called: `array(item = \"…\")`"));
    };
    let namespace =
        namespace.map_or_else(|| container.element_namespace.clone(), |text| text.value());
    Ok(Role::Array(encode(&item.value()), namespace))
}
