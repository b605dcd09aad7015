//! The tree: a flat arena of nodes over the source text.
//!
//! A node is 32 bytes; what only some elements have (attributes, declarations) lies in tables of its
//! own. Names and values are ranges of the source, or of a second buffer when they were decoded or
//! built. Nodes are never freed, so an id stays valid as long as its document.

use std::ops::{Deref, DerefMut};

use crate::arena::{Arena, Lent};
use crate::intern::{EMPTY, XML};
use crate::name::{Name, Position, Span};
use crate::values::Valued;

pub(crate) const NONE: u32 = u32::MAX;
/// Marks a start of text that lies in the extra buffer and not in the source.
pub(crate) const EXTRA: u32 = 1 << 31;
/// From here on a start of text is the number of a string of a dictionary ([`Arena::known`]).
pub(crate) const KNOWN: u32 = 0xFF00_0000;
/// The most bytes of source and of extra text, each: what is left beside the marks.
pub(crate) const MAX_TEXT: usize = (KNOWN & !EXTRA) as usize - 1;
/// The most strings of dictionaries.
pub(crate) const MAX_KNOWN: usize = (u32::MAX - KNOWN) as usize;
/// The most bytes of a name: its length is kept in 16 bits.
pub(crate) const MAX_NAME: usize = u16::MAX as usize;

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

/// Values of [`NodeData::binding`] that say that the node is no element.
const TEXT: u16 = u16::MAX;
const COMMENT: u16 = u16::MAX - 1;
const PROCESSING_INSTRUCTION: u16 = u16::MAX - 2;

#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeData {
    pub(crate) parent: u32,
    pub(crate) next: u32,
    /// The first child; of a leaf: where its text begins in the source.
    pub(crate) first: u32,
    /// The last child; of a leaf: where its text ends in the source.
    pub(crate) last: u32,
    /// Where the local name begins (prefix and colon stand before it); of a leaf: its content.
    pub(crate) start: u32,
    /// Where the element ends in the source, 0 when it was built; of a leaf: the length of its content.
    pub(crate) end: u32,
    /// Index into the tags of the arena; of text: into its values, counted from 1, or 0.
    pub(crate) tag: u32,
    /// The length of the local name.
    pub(crate) local_len: u16,
    /// Prefix and namespace of an element, or what else the node is.
    pub(crate) binding: u16,
}

const _: () = assert!(size_of::<NodeData>() == 32);

impl NodeData {
    #[inline]
    pub(crate) fn is_element(&self) -> bool {
        self.binding < PROCESSING_INSTRUCTION
    }

    #[inline]
    pub(crate) fn kind(&self) -> Kind {
        match self.binding {
            TEXT => Kind::Text,
            COMMENT => Kind::Comment,
            PROCESSING_INSTRUCTION => Kind::ProcessingInstruction,
            _ => Kind::Element,
        }
    }

    #[inline]
    pub(crate) fn local(&self) -> Text {
        Text { start: self.start, len: u32::from(self.local_len) }
    }

    /// The content of a leaf.
    #[inline]
    pub(crate) fn content(&self) -> Text {
        Text { start: self.start, len: self.end }
    }
}

/// What a start tag holds beside the name.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tag {
    pub(crate) attributes: (u32, u32),
    pub(crate) declarations: (u32, u32),
    /// An empty element is written `<a></a>`.
    pub(crate) pair: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct AttributeData {
    /// Where the local name begins (prefix and colon stand before it).
    pub(crate) start: u32,
    pub(crate) local_len: u16,
    /// Prefix and namespace. While a start tag is read: the length of the prefix.
    pub(crate) binding: u16,
    pub(crate) value: Text,
    /// Where the value stood in the source between its quotes; empty at 0 when it was built.
    pub(crate) value_span: Span,
}

impl AttributeData {
    #[inline]
    pub(crate) fn local(&self) -> Text {
        Text { start: self.start, len: u32::from(self.local_len) }
    }
}

/// An XML document or message: read by [`Document::parse`] or built node by node.
///
/// The tree keeps prefixes, namespace declarations and the place of everything in the source.
/// Nodes are named by [`NodeId`](crate::NodeId); [`Element`](crate::Element) is the comfortable view
/// of one.
///
/// ```
/// use waxwing_xml::{Document, Limits, Name};
///
/// let mut document = Document::parse("<a xmlns='urn:a'><b>1</b></a>", &Limits::SOAP)?;
/// let root = document.root().id();
/// document.append_text_element(root, Name::new("", "b", "urn:a"), "2");
/// assert_eq!(document.to_xml(), r#"<a xmlns="urn:a"><b>1</b><b>2</b></a>"#);
/// # Ok::<(), waxwing_xml::ParseError>(())
/// ```
#[derive(Clone)]
pub struct Document {
    arena: Lent,
}

impl Deref for Document {
    type Target = Arena;

    #[doc(hidden)]
    fn deref(&self) -> &Arena {
        &self.arena
    }
}

impl DerefMut for Document {
    #[doc(hidden)]
    fn deref_mut(&mut self) -> &mut Arena {
        &mut self.arena
    }
}

impl std::fmt::Debug for Document {
    /// Root and sizes, never the text: it may have been encrypted on the way here.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document")
            .field("root", &self.root())
            .field("nodes", &self.nodes.len())
            .field("source_bytes", &self.source.len())
            .finish_non_exhaustive()
    }
}

impl Document {
    /// A document whose root element is `name`, to be built.
    pub fn new(name: Name<'_>) -> Self {
        let mut document = Self::empty(32);
        let root = document.new_element(name);
        document.root = root.0;
        document
    }

    /// A document without root; `nodes` is a guess of how many nodes it will have.
    pub(crate) fn empty(nodes: usize) -> Self {
        Self { arena: Lent::new(nodes) }
    }

    /// How many octets of memory it holds, about: what those who keep many documents count.
    pub fn memory(&self) -> usize {
        let values = self.values.len() * size_of::<Valued>() + self.octets.len();
        self.source.len() + self.extra.len() + self.nodes.len() * size_of::<NodeData>() + values
    }

    /// The text that was parsed, fragments appended; empty for a document that was built.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The line and column of a byte offset of the source.
    pub fn position(&self, offset: u32) -> Position {
        Position::of(&self.source, offset as usize)
    }

    /// The text of a range of the source; empty when the range is not one of this document.
    pub fn source_of(&self, span: Span) -> &str {
        self.source.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn str(&self, text: Text) -> &str {
        match text.start.checked_sub(KNOWN) {
            Some(known) => self.known[known as usize],
            None => text_of(&self.source, &self.extra, text),
        }
    }

    #[inline]
    pub(crate) fn node(&self, index: u32) -> &NodeData {
        &self.nodes[index as usize]
    }

    #[inline]
    pub(crate) fn node_mut(&mut self, index: u32) -> &mut NodeData {
        &mut self.nodes[index as usize]
    }

    #[inline]
    pub(crate) fn tag(&self, node: &NodeData) -> &Tag {
        &self.tags[node.tag as usize]
    }

    /// Prefix, colon and local name in one piece, as they always lie; or, of a name of a dictionary, prefix, colon and local
    /// name apart.
    #[inline]
    pub(crate) fn qualified(&self, local: Text, binding: u16) -> [&str; 3] {
        let prefix = self.names.prefix(self.names.binding(binding).prefix);
        match local.start {
            KNOWN.. => [prefix, if prefix.is_empty() { "" } else { ":" }, self.str(local)],
            _ => ["", "", self.str(with_prefix(local, prefix))],
        }
    }

    /// A string of a dictionary.
    pub(crate) fn know(&mut self, text: &'static str) -> Text {
        let start = KNOWN + self.known.len() as u32;
        self.known.push(text);
        Text { start, len: text.len() as u32 }
    }

    #[inline]
    pub(crate) fn element_attributes(&self, node: &NodeData) -> &[AttributeData] {
        let (start, end) = self.tag(node).attributes;
        &self.attributes[start as usize..end as usize]
    }

    #[inline]
    pub(crate) fn element_declarations(&self, node: &NodeData) -> &[u16] {
        let (start, end) = self.tag(node).declarations;
        &self.declarations[start as usize..end as usize]
    }

    /// Puts text into the extra buffer.
    pub(crate) fn store(&mut self, text: &str) -> Text {
        let start = self.extra.len();
        assert!(start + text.len() <= MAX_TEXT, "a document holds at most 2 GiB of text");
        self.extra.push_str(text);
        Text { start: start as u32 | EXTRA, len: text.len() as u32 }
    }

    #[inline]
    pub(crate) fn push_element(&mut self, local: Text, binding: u16) -> u32 {
        self.push(NodeData {
            parent: NONE,
            next: NONE,
            first: NONE,
            last: NONE,
            start: local.start,
            end: 0,
            tag: 0,
            local_len: local.len as u16,
            binding,
        })
    }

    /// `kind` is not [`Kind::Element`].
    #[inline]
    pub(crate) fn push_leaf(&mut self, kind: Kind, content: Text, span: Span) -> u32 {
        let binding = match kind {
            Kind::Comment => COMMENT,
            Kind::ProcessingInstruction => PROCESSING_INSTRUCTION,
            Kind::Text | Kind::Element => TEXT,
        };
        self.push(NodeData {
            parent: NONE,
            next: NONE,
            first: span.start,
            last: span.end,
            start: content.start,
            end: content.len,
            tag: 0,
            local_len: 0,
            binding,
        })
    }

    /// Text that was made of a value.
    #[inline]
    pub(crate) fn push_valued(&mut self, content: Text, valued: Valued) -> u32 {
        self.values.push(valued);
        let leaf = self.push_leaf(Kind::Text, content, Span::default());
        self.node_mut(leaf).tag = self.values.len() as u32;
        leaf
    }

    /// What a text was made of.
    #[inline]
    pub(crate) fn valued(&self, leaf: &NodeData) -> Option<&Valued> {
        let index = leaf.tag.checked_sub(1)?;
        self.values.get(index as usize)
    }

    /// The content of a leaf.
    #[inline]
    pub(crate) fn leaf(&self, leaf: &NodeData) -> &str {
        match self.valued(leaf) {
            Some(valued) if leaf.content().len == 0 => {
                valued.text.get_or_init(|| valued.form.text(&self.octets))
            }
            _ => self.str(leaf.content()),
        }
    }

    #[inline]
    fn push(&mut self, node: NodeData) -> u32 {
        let index = self.nodes.len() as u32;
        self.nodes.push(node);
        index
    }

    /// The first child of any node.
    #[inline]
    pub(crate) fn first_child(&self, node: &NodeData) -> u32 {
        if node.is_element() { node.first } else { NONE }
    }

    #[inline]
    pub(crate) fn link_last(&mut self, parent: u32, child: u32) {
        let node = self.node_mut(child);
        node.parent = parent;
        node.next = NONE;
        let holder = self.node_mut(parent);
        let last = std::mem::replace(&mut holder.last, child);
        if last == NONE {
            holder.first = child;
        } else {
            self.node_mut(last).next = child;
        }
    }

    /// What prefixes are bound to at an element, the innermost binding of each first: by names and
    /// declarations, and by names alone where a tree was built without declarations.
    pub(crate) fn bindings_outwards(&self, element: u32) -> impl Iterator<Item = u16> {
        let node = |index: u32| (index != NONE).then(|| self.node(index));
        let path = std::iter::successors(node(element), move |inner| node(inner.parent));
        path.flat_map(|node| {
            let declared = self.element_declarations(node).iter().copied();
            let used = self.element_attributes(node).iter().map(|a| a.binding);
            let used = used.filter(|binding| *binding != EMPTY);
            std::iter::once(node.binding).chain(declared).chain(used)
        })
    }

    /// The binding of a prefix at an element; none when it is bound to nothing.
    pub(crate) fn in_scope(&self, element: u32, prefix: &str) -> Option<u16> {
        if prefix == "xml" {
            return Some(XML);
        }
        // A prefix that the document does not know is bound nowhere.
        let prefix = self.names.find_prefix(prefix)?;
        let found = self
            .bindings_outwards(element)
            .find(|binding| self.names.binding(*binding).prefix == prefix);
        found.or((prefix == EMPTY).then_some(EMPTY))
    }
}

/// A piece of text that may lie in either buffer.
#[inline]
pub(crate) fn text_of<'a>(source: &'a str, extra: &'a str, text: Text) -> &'a str {
    let start = (text.start & !EXTRA) as usize;
    let buffer = if text.start & EXTRA == 0 { source } else { extra };
    &buffer[start..start + text.len as usize]
}

/// Extends a local name by the prefix that stands before it.
#[inline]
pub(crate) fn with_prefix(local: Text, prefix: &str) -> Text {
    match prefix.len() as u32 {
        0 => local,
        len => Text { start: local.start - len - 1, len: local.len + len + 1 },
    }
}
