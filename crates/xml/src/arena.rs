//! What a document consists of: tables of nodes, attributes, names and texts.

use std::sync::atomic::{AtomicBool, Ordering};

use zeroize::Zeroize as _;

use crate::intern::{EMPTY, Names, XML};
use crate::large::{Octets, Texts};
use crate::leaf::Made;
use crate::name::Span;
use crate::node::{
    AttributeData, COMMENT, EXTRA, KNOWN, Kind, LARGE, MAX_TEXT, NONE, NodeData,
    PROCESSING_INSTRUCTION, TEXT, Tag, Text, text_of, with_prefix,
};
use crate::parser::{Noted, Unread};

/// What a document consists of.
#[doc(hidden)]
#[derive(Debug)]
pub struct Arena {
    pub(crate) source: String,
    pub(crate) extra: String,
    /// Texts that copies of the document share.
    pub(crate) large: Texts,
    pub(crate) nodes: Vec<NodeData>,
    /// The first one is shared by all elements without attributes and declarations.
    pub(crate) tags: Vec<Tag>,
    pub(crate) attributes: Vec<AttributeData>,
    /// Indices of bindings.
    pub(crate) declarations: Vec<u16>,
    /// The octets of values that are octets, or of more than eight of them.
    pub(crate) octets: Octets,
    /// The texts of values.
    pub(crate) made: Made,
    /// Strings of dictionaries, which every program has: names and texts.
    pub(crate) known: Vec<&'static str>,
    pub(crate) names: Names,
    pub(crate) root: u32,
    /// The element whose content was passed over.
    pub(crate) unread: Option<Unread>,
    /// What was noted of that.
    pub(crate) noted: Noted,
    /// Something in it is to be wiped.
    pub(crate) secret: AtomicBool,
    /// Whether there is what the source says, and nothing else.
    pub(crate) is_as_read: bool,
}

impl Arena {
    pub(crate) fn new() -> Self {
        Self {
            source: String::new(),
            extra: String::new(),
            large: Texts::default(),
            nodes: Vec::new(),
            tags: Vec::with_capacity(16),
            attributes: Vec::new(),
            declarations: Vec::with_capacity(16),
            octets: Octets::default(),
            made: Made::default(),
            known: Vec::new(),
            names: Names::new(),
            root: NONE,
            unread: None,
            noted: Noted::default(),
            secret: AtomicBool::new(false),
            is_as_read: false,
        }
    }

    /// As it was when it was new, but for the room in it.
    pub(crate) fn clear(&mut self) {
        self.source = String::new();
        self.extra.clear();
        self.large.clear();
        self.nodes.clear();
        self.tags.clear();
        self.attributes.clear();
        self.declarations.clear();
        self.octets.clear();
        self.made.clear();
        self.known.clear();
        self.names.clear();
        self.root = NONE;
        self.unread = None;
        self.noted.clear();
        self.is_as_read = false;
    }

    /// Wipes all texts and octets that it alone holds.
    pub(crate) fn wipe(&mut self) {
        for text in [&mut self.source, &mut self.extra] {
            // What is empty is wiped at once, what is not octet by octet.
            text.clear();
            text.zeroize();
        }
        self.large.wipe();
        self.octets.wipe();
    }

    /// The octets that are held when it is cleared.
    pub(crate) fn capacity(&self) -> usize {
        self.extra.capacity()
            + self.nodes.capacity() * size_of::<NodeData>()
            + self.tags.capacity() * size_of::<Tag>()
            + self.attributes.capacity() * size_of::<AttributeData>()
            + self.declarations.capacity() * size_of::<u16>()
            + self.octets.own.capacity()
            + self.known.capacity() * size_of::<&str>()
            + self.noted.capacity()
    }

    pub(crate) fn copy(&mut self, other: &Self) {
        self.source.clone_from(&other.source);
        self.extra.clone_from(&other.extra);
        self.large.clone_from(&other.large);
        self.nodes.clone_from(&other.nodes);
        self.tags.clone_from(&other.tags);
        self.attributes.clone_from(&other.attributes);
        self.declarations.clone_from(&other.declarations);
        self.octets.copy(&other.octets);
        self.made.copy(&other.made);
        self.known.clone_from(&other.known);
        self.names.copy(&other.names);
        self.root = other.root;
        self.unread = other.unread;
        self.noted.copy(&other.noted);
        *self.secret.get_mut() = other.secret.load(Ordering::Relaxed);
        self.is_as_read = other.is_as_read;
    }
}

/// How many octets a copy of fixed length takes.
pub(crate) const SHORT: usize = 32;

/// A piece of a text.
#[derive(Clone, Copy)]
pub(crate) struct Piece<'a> {
    text: &'a [u8],
    start: usize,
    pub(crate) len: usize,
}

impl<'a> Piece<'a> {
    #[inline(always)]
    pub(crate) fn octets(self) -> &'a [u8] {
        &self.text[self.start..self.start + self.len]
    }

    /// Most pieces are short, and there is more of the text behind them: a copy of fixed length, of which what is too much is
    /// taken back, is faster than one of just that length.
    #[inline(always)]
    pub(crate) fn append_to(self, out: &mut Vec<u8>) {
        let rest = self.text.get(self.start..);
        match rest.and_then(|rest| rest.first_chunk::<SHORT>()) {
            Some(more) if self.len <= SHORT => {
                let end = out.len() + self.len;
                out.extend_from_slice(more);
                out.truncate(end);
            }
            _ => out.extend_from_slice(self.octets()),
        }
    }
}

impl Arena {
    #[inline]
    pub(crate) fn str(&self, text: Text) -> &str {
        match text.start {
            ..LARGE => text_of(&self.source, &self.extra, text),
            KNOWN.. => self.known[(text.start - KNOWN) as usize],
            _ => self.large.get(text),
        }
    }

    /// The octets of a text: they need not be asked for the limits of characters.
    #[inline]
    pub(crate) fn bytes(&self, text: Text) -> &[u8] {
        match text.start {
            ..LARGE => {
                let start = (text.start & !EXTRA) as usize;
                let buffer = if text.start & EXTRA == 0 { &self.source } else { &self.extra };
                &buffer.as_bytes()[start..start + text.len as usize]
            }
            KNOWN.. => self.known[(text.start - KNOWN) as usize].as_bytes(),
            _ => self.large.get(text).as_bytes(),
        }
    }

    /// The same as a piece of what it stands in.
    #[inline(always)]
    pub(crate) fn piece(&self, text: Text) -> Piece<'_> {
        match text.start {
            LARGE.. => {
                let text = self.bytes(text);
                Piece { text, start: 0, len: text.len() }
            }
            _ => {
                let buffer = if text.start & EXTRA == 0 { &self.source } else { &self.extra };
                let start = (text.start & !EXTRA) as usize;
                Piece { text: buffer.as_bytes(), start, len: text.len as usize }
            }
        }
    }

    /// Whether a local name is this one. Most names differ in length.
    #[inline]
    pub(crate) fn has_name(&self, local: Text, wanted: &str) -> bool {
        local.len as usize == wanted.len() && self.bytes(local) == wanted.as_bytes()
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
            _ => ["", "", self.str(with_prefix(local, prefix.len() as u32))],
        }
    }

    /// The same for those who write: it is given piece by piece.
    #[inline(always)]
    pub(crate) fn qualified_pieces<'a>(
        &'a self,
        local: Text,
        binding: u16,
        mut write: impl FnMut(Piece<'a>),
    ) {
        match local.start {
            KNOWN.. => self.known_name(local, binding).into_iter().for_each(write),
            _ => write(self.piece(with_prefix(local, self.names.prefix_len(binding)))),
        }
    }

    #[inline(never)]
    fn known_name(&self, local: Text, binding: u16) -> [Piece<'_>; 3] {
        let pieces = self.qualified(local, binding);
        pieces.map(|text| Piece { text: text.as_bytes(), start: 0, len: text.len() })
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

    /// Keeps a text: a large one by itself, others in the extra buffer.
    pub(crate) fn keep(&mut self, text: &str) -> Text {
        self.large.take(text).unwrap_or_else(|| self.store(text))
    }

    /// The same of a text of another document, of which a large one is shared.
    pub(crate) fn keep_of(&mut self, other: &Self, text: Text) -> Text {
        self.large.share(&other.large, text).unwrap_or_else(|| self.keep(other.str(text)))
    }

    /// Puts text into the extra buffer.
    pub(crate) fn store(&mut self, text: &str) -> Text {
        let start = self.extra.len();
        assert!(start + text.len() <= MAX_TEXT, "a document holds at most 2 GiB of text");
        self.extra.push_str(text);
        Text { start: start as u32 | EXTRA, len: text.len() as u32 }
    }

    #[inline(always)]
    pub(crate) fn push_element(&mut self, local: Text, binding: u16) -> u32 {
        self.push(element(local, binding))
    }

    /// An element as the last child of `parent`, if that is not [`NONE`].
    #[inline(always)]
    pub(crate) fn push_child(&mut self, parent: u32, local: Text, binding: u16) -> u32 {
        self.append(NodeData { parent, ..element(local, binding) })
    }

    /// A new node as the last child of its parent, if it has one.
    #[inline(always)]
    pub(crate) fn append(&mut self, node: NodeData) -> u32 {
        let index = self.nodes.len() as u32;
        if let Some(holder) = self.nodes.get_mut(node.parent as usize) {
            match std::mem::replace(&mut holder.last, index) {
                NONE => holder.first = index,
                last => self.node_mut(last).next = index,
            }
        }
        self.nodes.push(node);
        index
    }

    /// Changes what a start tag holds; the element gets a record of its own if it has none.
    pub(crate) fn set_tag(&mut self, element: u32, tag: Tag) {
        match self.node(element).tag {
            0 => {
                self.node_mut(element).tag = self.tags.len() as u32;
                self.tags.push(tag);
            }
            own => self.tags[own as usize] = tag,
        }
    }

    /// `kind` is not [`Kind::Element`].
    #[inline]
    pub(crate) fn push_leaf(&mut self, kind: Kind, content: Text, span: Span) -> u32 {
        self.push(leaf(kind, content, span))
    }

    /// The same as the last child of `parent`.
    #[inline(always)]
    pub(crate) fn append_leaf(&mut self, parent: u32, kind: Kind, content: Text, span: Span) {
        self.append(NodeData { parent, ..leaf(kind, content, span) });
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, node: NodeData) -> u32 {
        let index = self.nodes.len() as u32;
        self.nodes.push(node);
        index
    }

    /// The first child of any node.
    #[inline]
    pub(crate) fn first_child(&self, node: &NodeData) -> u32 {
        if node.is_element() { node.first } else { NONE }
    }

    #[inline(always)]
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

/// An element without parent.
#[inline(always)]
pub(crate) fn element(local: Text, binding: u16) -> NodeData {
    NodeData {
        parent: NONE,
        next: NONE,
        first: NONE,
        last: NONE,
        start: local.start,
        end: 0,
        tag: 0,
        local_len: local.len as u16,
        binding,
    }
}

/// A node without parent; `kind` is not [`Kind::Element`].
#[inline(always)]
fn leaf(kind: Kind, content: Text, span: Span) -> NodeData {
    let binding = match kind {
        Kind::Comment => COMMENT,
        Kind::ProcessingInstruction => PROCESSING_INSTRUCTION,
        Kind::Text | Kind::Element => TEXT,
    };
    NodeData {
        parent: NONE,
        next: NONE,
        first: span.start,
        last: span.end,
        start: content.start,
        end: content.len,
        tag: 0,
        local_len: 0,
        binding,
    }
}
