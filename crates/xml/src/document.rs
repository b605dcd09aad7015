//! The tree: a flat arena of nodes over the source text.

use crate::name::{Name, Position, Span};

pub(crate) const NONE: u32 = u32::MAX;
/// Marks a [`Text`] that lies in the extra buffer (decoded or built text) and not in the source.
const EXTRA: u32 = 1 << 31;

/// A piece of text, in the source or in the extra buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Element,
    Text,
    Comment,
    ProcessingInstruction,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeData {
    pub(crate) kind: Kind,
    /// An empty element is written `<a></a>`.
    pub(crate) pair: bool,
    pub(crate) prefix: u16,
    pub(crate) namespace: u16,
    pub(crate) parent: u32,
    pub(crate) next: u32,
    pub(crate) first: u32,
    pub(crate) last: u32,
    /// The local name of an element, the content of the others.
    pub(crate) content: Text,
    pub(crate) span: Span,
    pub(crate) name_span: Span,
    pub(crate) attributes: (u32, u16),
    pub(crate) declarations: (u32, u16),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct AttributeData {
    pub(crate) prefix: u16,
    pub(crate) namespace: u16,
    pub(crate) local: Text,
    pub(crate) value: Text,
    pub(crate) name_span: Span,
    pub(crate) value_span: Span,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Declaration {
    pub(crate) prefix: u16,
    pub(crate) namespace: u16,
}

/// An XML document or message: read by [`Document::parse`] or built node by node.
///
/// The tree keeps prefixes, namespace declarations and the place of everything in the source.
/// Nodes are named by [`NodeId`]; [`Element`](crate::Element) is the comfortable view of one.
#[derive(Clone, Debug)]
pub struct Document {
    pub(crate) source: String,
    pub(crate) extra: String,
    pub(crate) nodes: Vec<NodeData>,
    pub(crate) attributes: Vec<AttributeData>,
    pub(crate) declarations: Vec<Declaration>,
    pub(crate) prefixes: Vec<Text>,
    pub(crate) namespaces: Vec<Text>,
    pub(crate) root: u32,
}

/// The index of the empty string in both tables of names.
pub(crate) const EMPTY: u16 = 0;
/// The index of `xml` and its namespace in both tables of names.
pub(crate) const XML: u16 = 1;
/// The namespace that the prefix `xml` is always bound to.
pub const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

impl Document {
    /// A document whose root element is `name`, to be built.
    pub fn new(name: Name<'_>) -> Self {
        let mut document = Self::empty(String::new());
        let root = document.new_element(name);
        document.root = root.0;
        document
    }

    pub(crate) fn empty(source: String) -> Self {
        let mut document = Self {
            source,
            extra: String::new(),
            nodes: Vec::with_capacity(64),
            attributes: Vec::with_capacity(32),
            declarations: Vec::with_capacity(16),
            prefixes: Vec::with_capacity(8),
            namespaces: Vec::with_capacity(8),
            root: NONE,
        };
        document.prefixes.push(Text::default());
        document.namespaces.push(Text::default());
        let xml = document.store("xml");
        document.prefixes.push(xml);
        let xml = document.store(XML_NAMESPACE);
        document.namespaces.push(xml);
        document
    }

    /// The text that was parsed, fragments appended; empty for a document that was built.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The line and column of a byte offset of the source.
    pub fn position(&self, offset: u32) -> Position {
        Position::of(&self.source, offset as usize)
    }

    pub(crate) fn str(&self, text: Text) -> &str {
        if text.start & EXTRA != 0 {
            let start = (text.start & !EXTRA) as usize;
            &self.extra[start..start + text.len as usize]
        } else {
            &self.source[text.start as usize..(text.start + text.len) as usize]
        }
    }

    pub(crate) fn prefix(&self, index: u16) -> &str {
        self.str(self.prefixes[index as usize])
    }

    pub(crate) fn namespace(&self, index: u16) -> &str {
        self.str(self.namespaces[index as usize])
    }

    pub(crate) fn node(&self, index: u32) -> &NodeData {
        &self.nodes[index as usize]
    }

    /// Puts text into the extra buffer.
    pub(crate) fn store(&mut self, text: &str) -> Text {
        let start = self.extra.len() as u32 | EXTRA;
        self.extra.push_str(text);
        Text { start, len: text.len() as u32 }
    }

    pub(crate) fn intern_prefix(&mut self, prefix: &str) -> u16 {
        match (0..self.prefixes.len()).find(|i| self.str(self.prefixes[*i]) == prefix) {
            Some(found) => found as u16,
            None => {
                let text = self.store(prefix);
                self.prefixes.push(text);
                (self.prefixes.len() - 1) as u16
            }
        }
    }

    pub(crate) fn intern_namespace(&mut self, namespace: &str) -> u16 {
        match (0..self.namespaces.len()).find(|i| self.str(self.namespaces[*i]) == namespace) {
            Some(found) => found as u16,
            None => {
                let text = self.store(namespace);
                self.namespaces.push(text);
                (self.namespaces.len() - 1) as u16
            }
        }
    }

    pub(crate) fn push_node(&mut self, kind: Kind, content: Text) -> u32 {
        self.nodes.push(NodeData {
            kind,
            pair: false,
            prefix: EMPTY,
            namespace: EMPTY,
            parent: NONE,
            next: NONE,
            first: NONE,
            last: NONE,
            content,
            span: Span::default(),
            name_span: Span::default(),
            attributes: (0, 0),
            declarations: (0, 0),
        });
        (self.nodes.len() - 1) as u32
    }

    pub(crate) fn link_last(&mut self, parent: u32, child: u32) {
        self.nodes[child as usize].parent = parent;
        self.nodes[child as usize].next = NONE;
        let last = self.nodes[parent as usize].last;
        if last == NONE {
            self.nodes[parent as usize].first = child;
        } else {
            self.nodes[last as usize].next = child;
        }
        self.nodes[parent as usize].last = child;
    }

    pub(crate) fn element_attributes(&self, node: &NodeData) -> &[AttributeData] {
        let (start, len) = node.attributes;
        &self.attributes[start as usize..start as usize + len as usize]
    }

    pub(crate) fn element_declarations(&self, node: &NodeData) -> &[Declaration] {
        let (start, len) = node.declarations;
        &self.declarations[start as usize..start as usize + len as usize]
    }

    /// The namespace that `prefix` is bound to at an element by declarations, or by names in use
    /// where a tree was built without declarations.
    pub(crate) fn in_scope(&self, mut index: u32, prefix: &str) -> Option<u16> {
        if prefix == "xml" {
            return Some(XML);
        }
        while index != NONE {
            let node = self.node(index);
            let declared =
                self.element_declarations(node).iter().find(|d| self.prefix(d.prefix) == prefix);
            if let Some(declaration) = declared {
                return Some(declaration.namespace);
            }
            if node.kind == Kind::Element && self.prefix(node.prefix) == prefix {
                return Some(node.namespace);
            }
            if !prefix.is_empty() {
                let used = self.element_attributes(node).iter();
                let mut used = used.filter(|a| self.prefix(a.prefix) == prefix);
                if let Some(attribute) = used.next() {
                    return Some(attribute.namespace);
                }
            }
            index = node.parent;
        }
        prefix.is_empty().then_some(EMPTY)
    }
}
