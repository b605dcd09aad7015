//! Every element and attribute that the loader knows, by path.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::bindings::custom_binding::describe_elements;
use crate::bindings::describe_bindings;
use crate::config::behaviors::Behaviors;
use crate::config::endpoints::{Client, ProtocolMappings, Services};
use crate::config::net::SystemNet;
use crate::config::waxwing::WaxwingSection;
use crate::settings::{ChildDescription, Description};
use crate::word::Support;

/// The sections beside `<bindings>`.
pub(crate) fn sections() -> Vec<(&'static str, Description)> {
    vec![
        ("services", Description::of(&Services::default())),
        ("client", Description::of(&Client::default())),
        ("protocolMapping", Description::of(&ProtocolMappings::default())),
        ("behaviors", Description::of(&Behaviors::default())),
        ("system.net", Description::of(&SystemNet::default())),
        ("waxwing", Description::of(&WaxwingSection::default())),
    ]
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// An element that only holds others.
    Container,
    /// An element of which nothing is known but the name.
    Opaque,
    /// An attribute and its default; `None` where absence has a meaning of its own.
    Attribute(Option<String>),
}

/// A place of the schema, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) place: Place,
    /// None of an element that only holds others.
    pub(crate) word: Option<Support>,
}

/// Every path of the schema: `wsHttpBinding/binding/@name`, `client/endpoint/headers`.
pub(crate) fn every() -> &'static BTreeMap<String, Setting> {
    static EVERY: OnceLock<BTreeMap<String, Setting>> = OnceLock::new();
    EVERY.get_or_init(|| {
        let mut found = BTreeMap::new();
        for (section, description) in describe_bindings() {
            inside(&format!("{section}/binding"), None, &description, &mut found);
        }
        for ChildDescription { name, word, inner, .. } in describe_elements() {
            inside(&format!("customBinding/binding/{name}"), word, &inner, &mut found);
        }
        for (section, description) in sections() {
            inside(section, None, &description, &mut found);
        }
        found
    })
}

fn inside(
    path: &str,
    word: Option<Support>,
    description: &Description,
    found: &mut BTreeMap<String, Setting>,
) {
    let is_empty = description.attributes.is_empty() && description.children.is_empty();
    let place = if is_empty { Place::Opaque } else { Place::Container };
    found.insert(path.to_owned(), Setting { place, word });
    for attribute in &description.attributes {
        let place = Place::Attribute(attribute.default.clone());
        let word = Some(attribute.word);
        found.insert(format!("{path}/@{}", attribute.name), Setting { place, word });
    }
    for child in &description.children {
        inside(&format!("{path}/{}", child.name), child.word, &child.inner, found);
    }
}
