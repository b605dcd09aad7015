//! Elements as documents of their own.

use std::collections::BTreeSet;

use waxwing_xml::{Document, Element, Node};

/// A copy of an element as a document. Prefixes that names in it use come along by themselves; those that begin a value or a
/// text (`tns:Name`) are declared at its root, since they may be names, too.
pub(crate) fn detached(element: Element<'_>) -> Document {
    let mut document = Document::new(element.name());
    let root = document.root().id();
    for prefix in prefixes_in_content(element) {
        if let Some(namespace) = element.resolve_prefix(prefix)
            && !prefix.is_empty()
        {
            document.declare_namespace(root, prefix, namespace);
        }
    }
    for (prefix, namespace) in element.namespace_declarations() {
        document.declare_namespace(root, prefix, namespace);
    }
    for attribute in element.attributes() {
        document.set_attribute(root, attribute.name(), attribute.value());
    }
    for child in element.children() {
        match child {
            Node::Element(child) => {
                document.import(root, child);
            }
            Node::Text(text) => document.append_text(root, text),
            Node::Comment(_) | Node::ProcessingInstruction(_) => {}
        }
    }
    document
}

fn prefixes_in_content<'a>(element: Element<'a>) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    for inner in element.descendants_and_self() {
        found.extend(inner.attributes().filter_map(|a| prefix(a.value())));
        for child in inner.children() {
            if let Node::Text(text) = child {
                found.extend(prefix(text));
            }
        }
    }
    found
}

/// What stands before a colon, if it may be a prefix.
fn prefix(text: &str) -> Option<&str> {
    let (prefix, rest) = text.trim_start().split_once(':')?;
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    (prefix.chars().all(is_name) && !rest.starts_with("//")).then_some(prefix)
}
