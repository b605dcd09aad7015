//! `XmlElement`: XML that no contract describes.

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
        for (prefix, namespace) in declarations_for(element) {
            document.declare_namespace(root, prefix, namespace);
        }
        for attribute in element.attributes() {
            document.set_attribute(root, attribute.name(), attribute.value());
        }
        import_children(&mut document, root, element);
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

/// The declarations on an element, and those above it whose prefix is mentioned in an attribute or in text: a qualified name
/// in content may need them.
fn declarations_for(element: Element<'_>) -> Vec<(&str, &str)> {
    let mut found: Vec<(&str, &str)> = element.namespace_declarations().collect();
    let mut above = element.parent();
    while let Some(ancestor) = above {
        for (prefix, namespace) in ancestor.namespace_declarations() {
            let known = found.iter().any(|(known, _)| *known == prefix);
            if !known && is_mentioned(element, prefix) {
                found.push((prefix, namespace));
            }
        }
        above = ancestor.parent();
    }
    // The name itself says what its prefix stands for.
    found.retain(|&(prefix, _)| prefix != element.prefix() || !prefix.is_empty());
    found
}

/// True when text or an attribute value below `element` may be a qualified name with this prefix.
fn is_mentioned(element: Element<'_>, prefix: &str) -> bool {
    if prefix.is_empty() {
        return true;
    }
    let mention = format!("{prefix}:");
    element.descendants_and_self().any(|element| {
        element.attributes().any(|attribute| attribute.value().contains(&mention))
            || element
                .children()
                .any(|node| matches!(node, Node::Text(text) if text.contains(&mention)))
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

/// Copies the children of `element`, each with the namespace declarations on `element` that it may need.
pub(crate) fn copy_children(document: &mut Document, parent: NodeId, element: Element<'_>) {
    for node in element.children() {
        match node {
            Node::Element(child) => {
                let copy = document.import(parent, child);
                for (prefix, namespace) in element.namespace_declarations() {
                    let known = child.prefix() == prefix
                        || child.namespace_declarations().any(|(known, _)| known == prefix);
                    if !known && is_mentioned(child, prefix) {
                        document.declare_namespace(copy, prefix, namespace);
                    }
                }
            }
            Node::Text(text) => document.append_text(parent, text),
            Node::Comment(_) | Node::ProcessingInstruction(_) => {}
        }
    }
}
