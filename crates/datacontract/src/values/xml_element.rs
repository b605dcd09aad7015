//! `XmlElement`: XML that no contract describes.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use waxwing_xml::{Document, Element, Limits, Node, NodeId, ParseError};

/// An element with all its content, as it came: for members of type `XmlElement` and for operations whose body no contract
/// describes. Cloning is cheap; two elements are equal when their text is.
#[derive(Clone)]
pub struct XmlElement {
    document: Arc<Document>,
}

impl XmlElement {
    /// Parses one element.
    ///
    /// # Errors
    /// Text that is not XML, or that exceeds the limits.
    pub fn parse(xml: &[u8], limits: &Limits) -> Result<Self, ParseError> {
        Ok(Document::parse(xml.to_vec(), limits)?.into())
    }

    /// Copies an element out of a document, with the namespace declarations of its surroundings that it may need.
    pub fn copy_of(element: Element<'_>) -> Self {
        let mut document = Document::new(element.name());
        let root = document.root().id();
        for (prefix, namespace) in element.namespace_declarations() {
            document.declare_namespace(root, prefix, namespace);
        }
        for attribute in element.attributes() {
            document.set_attribute(root, attribute.name(), attribute.value());
        }
        import_children(&mut document, root, element);
        declare_mentioned(&mut document, root, element);
        document.into()
    }

    /// The element.
    pub fn element(&self) -> Element<'_> {
        self.document.root()
    }

    /// The document whose root the element is.
    pub fn document(&self) -> &Document {
        &self.document
    }
}

impl From<Document> for XmlElement {
    fn from(document: Document) -> Self {
        Self { document: Arc::new(document) }
    }
}

impl fmt::Display for XmlElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.document.to_string())
    }
}

impl fmt::Debug for XmlElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "XmlElement({self})")
    }
}

impl PartialEq for XmlElement {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for XmlElement {}

/// Declares on `copy` what its original has in scope from above and may need for qualified names in its content. Names of
/// elements and attributes look after themselves.
pub(crate) fn declare_mentioned(document: &mut Document, copy: NodeId, original: Element<'_>) {
    for prefix in mentioned_prefixes(original) {
        let own = original.prefix() == prefix
            || original.namespace_declarations().any(|(known, _)| known == prefix);
        if !own
            && let Some(namespace) = original.resolve_prefix(prefix)
            && !namespace.is_empty()
        {
            document.declare_namespace(copy, prefix, namespace);
        }
    }
}

/// What stands before a colon in text or in an attribute below `element`, and the empty prefix: a name without colon may be
/// a qualified name, too. One pass, whatever a peer declares.
fn mentioned_prefixes(element: Element<'_>) -> BTreeSet<&str> {
    let mut found = BTreeSet::from([""]);
    for element in element.descendants_and_self() {
        for attribute in element.attributes() {
            found.extend(prefixes_in(attribute.value()));
        }
        for node in element.children() {
            if let Node::Text(text) = node {
                found.extend(prefixes_in(text));
            }
        }
    }
    found
}

fn prefixes_in(text: &str) -> impl Iterator<Item = &str> {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '\u{B7}');
    text.match_indices(':').filter_map(move |(at, _)| {
        let before = &text[..at];
        let prefix = before.rsplit(|c| !is_name(c)).next()?;
        (!prefix.is_empty()).then_some(prefix)
    })
}

fn import_children(document: &mut Document, parent: NodeId, element: Element<'_>) {
    for node in element.children() {
        match node {
            Node::Element(child) => {
                document.import(parent, child);
            }
            Node::Text(text) => document.append_text(parent, text),
            // Comments and processing instructions are no data.
            Node::Comment(_) | Node::ProcessingInstruction(_) => {}
        }
    }
}

/// Copies the children of `element`, each with the namespace declarations of its surroundings that it may need.
pub(crate) fn copy_children(document: &mut Document, parent: NodeId, element: Element<'_>) {
    for node in element.children() {
        match node {
            Node::Element(child) => {
                let copy = document.import(parent, child);
                declare_mentioned(document, copy, child);
            }
            Node::Text(text) => document.append_text(parent, text),
            Node::Comment(_) | Node::ProcessingInstruction(_) => {}
        }
    }
}
