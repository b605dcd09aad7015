//! From the tree to text.

use std::borrow::Cow;
use std::cell::Cell;

use base64_simd::STANDARD;
use smallvec::SmallVec;

use crate::arena::Arena;
use crate::chars::first_forbidden_character;
use crate::document::Document;
use crate::element::Element;
use crate::intern::{EMPTY, Names, XML};
use crate::name::NodeId;
use crate::node::{AttributeData, Kind, NONE, NodeData, Text};
use crate::scan;
use crate::values::Form;

/// No binding of a prefix is in scope.
const UNBOUND: u16 = u16::MAX;

/// The bindings that the text written so far has in scope.
///
/// Also canonicalization keeps its account of rendered namespaces so.
pub(crate) struct Rendered {
    /// By index of the prefix.
    bound: Vec<u16>,
    /// What bindings replaced, innermost last: index of the prefix and what it was bound to.
    undo: Vec<(u16, u16)>,
}

/// The lists of an account.
type Lists = (Vec<u16>, Vec<(u16, u16)>);

thread_local! {
    /// Those of one that is over, for the next.
    static KEPT: Cell<Lists> = const { Cell::new((Vec::new(), Vec::new())) };
}

/// The most entries of a list that is kept.
const KEPT_ENTRIES: usize = 64;

impl Rendered {
    pub(crate) fn new(names: &Names) -> Self {
        let (mut bound, undo) = KEPT.try_with(Cell::take).unwrap_or_default();
        bound.resize(names.prefix_count(), UNBOUND);
        bound[EMPTY as usize] = EMPTY;
        bound[XML as usize] = XML;
        Self { bound, undo }
    }

    /// Takes a binding into scope; false when it is in scope already.
    #[inline]
    pub(crate) fn bind(&mut self, names: &Names, binding: u16) -> bool {
        let prefix = names.binding(binding).prefix;
        let bound = &mut self.bound[prefix as usize];
        if *bound == binding {
            return false;
        }
        self.undo.push((prefix, *bound));
        *bound = binding;
        true
    }

    /// How far to [`Rendered::close`] when the element ends whose start tag comes now.
    #[inline]
    pub(crate) fn mark(&self) -> usize {
        self.undo.len()
    }

    #[inline]
    pub(crate) fn close(&mut self, mark: usize) {
        while self.undo.len() > mark {
            if let Some((prefix, old)) = self.undo.pop() {
                self.bound[prefix as usize] = old;
            }
        }
    }
}

impl Drop for Rendered {
    fn drop(&mut self) {
        if self.bound.capacity().max(self.undo.capacity()) <= KEPT_ENTRIES {
            self.bound.clear();
            self.undo.clear();
            let lists = (std::mem::take(&mut self.bound), std::mem::take(&mut self.undo));
            // A thread that ends keeps nothing.
            let _ = KEPT.try_with(|kept| kept.set(lists));
        }
    }
}

impl Document {
    /// Writes the whole document as UTF-8, without XML declaration.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        // What was read is about as long as it was; what was built is longer by its end tags.
        out.reserve(self.text_octets());
        self.write_element_to(self.root().id(), out);
    }

    /// The whole document as text.
    pub fn to_xml(&self) -> String {
        let mut out = Vec::new();
        self.write_to(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    /// As [`Document::write_to`], with markup that is not in the tree: what `behind` gives for an element stands in it,
    /// behind its children. That it is well-formed there is the caller's affair.
    pub fn write_with_markup<'m>(
        &self,
        out: &mut Vec<u8>,
        behind: impl Fn(NodeId) -> Option<&'m [u8]>,
    ) {
        let behind = |at| behind(NodeId(at)).unwrap_or_default();
        self.write_node(self.root, &mut Rendered::new(&self.names), out, (&mut no_leaf, &behind));
    }

    /// Writes one element so that the text stands alone: it declares every prefix that its names use.
    pub fn write_element_to(&self, element: NodeId, out: &mut Vec<u8>) {
        if element.0 != self.root && self.holds_unread(element.0) {
            // What is declared around it is used in it.
            return self.whole().write_element_to(element, out);
        }
        let mut scope = Rendered::new(&self.names);
        self.write_node(element.0, &mut scope, out, (&mut no_leaf, &nothing_behind));
    }

    /// As [`Document::write_to`], with octets beside the text (XOP §3): the text of an element that is base64 of at least
    /// `least` octets goes to `part` with its element, and the markup that comes back stands in its place, unless none does.
    /// Octets are what came as a [`Value`](crate::Value) of them, and what is in an element of which `is_octets` says so;
    /// text that octets would not give back exactly stays.
    pub fn write_with_parts<'a>(
        &'a self,
        out: &mut Vec<u8>,
        least: usize,
        is_octets: impl Fn(Element<'_>) -> bool,
        mut part: impl FnMut(Element<'_>, Cow<'a, [u8]>) -> Option<String>,
    ) {
        let mut leaf = |node: &NodeData, out: &mut Vec<u8>| {
            let alone = self.node(node.parent).first == self.node(node.parent).last;
            if node.kind() != Kind::Text || !alone {
                return false;
            }
            let parent = self.element(NodeId(node.parent));
            let octets = match self.form(node) {
                Some(form @ Form::Octets { .. }) => form.octets(&self.octets).map(Cow::Borrowed),
                Some(_) => None,
                None => {
                    let text = self.str(node.content());
                    let long = text.len() / 4 * 3 >= least && text.len().is_multiple_of(4);
                    let octets = long && is_octets(parent);
                    octets.then(|| STANDARD.decode_to_vec(text).ok().map(Cow::Owned)).flatten()
                }
            };
            let octets = octets.filter(|octets| octets.len() >= least);
            let markup = octets.and_then(|octets| part(parent, octets));
            out.extend_from_slice(markup.as_deref().unwrap_or_default().as_bytes());
            markup.is_some()
        };
        let mut scope = Rendered::new(&self.names);
        self.write_node(self.root, &mut scope, out, (&mut leaf, &nothing_behind));
    }

    /// Writes what is between the tags of an element; each top element declares every prefix that
    /// its names use.
    pub fn write_children_to(&self, element: NodeId, out: &mut Vec<u8>) {
        if self.holds_unread(element.0) {
            return self.whole().write_children_to(element, out);
        }
        let mut scope = Rendered::new(&self.names);
        let mut child = self.node(element.0).first;
        while child != NONE {
            self.write_node(child, &mut scope, out, (&mut no_leaf, &nothing_behind));
            child = self.node(child).next;
        }
    }
}

impl Arena {
    /// Without recursion: the depth of a tree may be a peer's choice. What `instead` writes for a leaf (and says so) is
    /// written in its place, and what `behind` gives for an element behind its children.
    fn write_node<'m>(
        &self,
        top: u32,
        scope: &mut Rendered,
        out: &mut Vec<u8>,
        (instead, behind): (
            &mut impl FnMut(&NodeData, &mut Vec<u8>) -> bool,
            &impl Fn(u32) -> &'m [u8],
        ),
    ) {
        // Elements that declare something, each with how far to close when it ends.
        let mut declaring: SmallVec<[(u32, usize); 8]> = SmallVec::new();
        let mut at = top;
        loop {
            let node = self.node(at);
            if node.is_element() {
                let mark = scope.mark();
                self.write_start(node, scope, out);
                if node.first != NONE {
                    out.push(b'>');
                    if scope.mark() != mark {
                        declaring.push((at, mark));
                    }
                    at = node.first;
                    continue;
                }
                let markup = self.unread_of(at).unwrap_or_else(|| behind(at));
                let tag = self.tag(node);
                if tag.pair || tag.end_tag || !markup.is_empty() {
                    out.push(b'>');
                    out.extend_from_slice(markup);
                    self.write_end(node, out);
                } else {
                    out.extend_from_slice(b"/>");
                }
                scope.close(mark);
            } else if !instead(node, out) {
                self.write_leaf(node, out);
            }
            loop {
                if at == top {
                    return;
                }
                let node = self.node(at);
                if node.next != NONE {
                    at = node.next;
                    break;
                }
                at = node.parent;
                out.extend_from_slice(behind(at));
                self.write_end(self.node(at), out);
                if let Some((_, mark)) = declaring.last().filter(|(element, _)| *element == at) {
                    scope.close(*mark);
                    declaring.pop();
                }
            }
        }
    }

    /// The text of content that was passed over. It is written as it is: what is declared around it was written, too.
    fn unread_of(&self, element: u32) -> Option<&[u8]> {
        let unread = self.unread.filter(|unread| unread.node == element)?;
        self.source.as_bytes().get(unread.text.start as usize..unread.text.end as usize)
    }

    /// Everything of a start tag but its end. Attributes come before declarations, as WCF writes.
    fn write_start(&self, node: &NodeData, scope: &mut Rendered, out: &mut Vec<u8>) {
        out.push(b'<');
        self.write_name(node.local(), node.binding, out);
        if node.tag == 0 {
            // What most elements look like: nothing stands in the tag but the name.
            if scope.bind(&self.names, node.binding) {
                self.write_declaration(node.binding, out);
            }
            return;
        }
        let attributes = self.element_attributes(node);
        for attribute in attributes {
            self.write_attribute(attribute, out);
        }
        for declared in self.element_declarations(node) {
            self.write_declaration(*declared, out);
            scope.bind(&self.names, *declared);
        }
        let used = attributes.iter().map(|a| a.binding).filter(|binding| *binding != EMPTY);
        for binding in std::iter::once(node.binding).chain(used) {
            if scope.bind(&self.names, binding) {
                self.write_declaration(binding, out);
            }
        }
    }

    #[inline]
    fn write_name(&self, local: Text, binding: u16, out: &mut Vec<u8>) {
        self.qualified_pieces(local, binding, |piece| piece.append_to(out));
    }

    fn write_attribute(&self, attribute: &AttributeData, out: &mut Vec<u8>) {
        out.push(b' ');
        self.write_name(attribute.local(), attribute.binding, out);
        out.extend_from_slice(b"=\"");
        let value = self.piece(attribute.value);
        match scan::escaped_attribute(value.octets(), 0) == value.len {
            true => value.append_to(out),
            false => escape_attribute(value.octets(), |piece| out.extend_from_slice(piece)),
        }
        out.push(b'"');
    }

    fn write_declaration(&self, binding: u16, out: &mut Vec<u8>) {
        let binding = self.names.binding(binding);
        out.extend_from_slice(b" xmlns");
        if binding.prefix != EMPTY {
            out.push(b':');
            out.extend_from_slice(self.names.prefix(binding.prefix).as_bytes());
        }
        out.extend_from_slice(b"=\"");
        let namespace = self.names.namespace(binding.namespace);
        escape_attribute(namespace.as_bytes(), |piece| out.extend_from_slice(piece));
        out.push(b'"');
    }

    fn write_end(&self, node: &NodeData, out: &mut Vec<u8>) {
        out.extend_from_slice(b"</");
        self.write_name(node.local(), node.binding, out);
        out.push(b'>');
    }

    fn write_leaf(&self, node: &NodeData, out: &mut Vec<u8>) {
        if let Some(form) = self.value_form(node) {
            // The text of a value has nothing to be escaped.
            return match form.octets(&self.octets) {
                Some(octets) => STANDARD.encode_append(octets, out),
                None => out.extend_from_slice(form.short_text().as_bytes()),
            };
        }
        let piece = self.piece(node.content());
        let text = piece.octets();
        let (open, close): (&[u8], &[u8]) = match node.kind() {
            Kind::Text if scan::escaped_text(text, 0) == text.len() => return piece.append_to(out),
            Kind::Comment => (b"<!--", b"-->"),
            Kind::ProcessingInstruction => (b"<?", b"?>"),
            Kind::Text | Kind::Element => {
                return escape_text(text, |piece| out.extend_from_slice(piece));
            }
        };
        out.extend_from_slice(open);
        out.extend_from_slice(text);
        out.extend_from_slice(close);
    }
}

/// Every leaf is written as it is.
fn no_leaf(_: &NodeData, _: &mut Vec<u8>) -> bool {
    false
}

/// Nothing is written but the tree.
fn nothing_behind(_: u32) -> &'static [u8] {
    &[]
}

/// Appends character data to markup, as the writer of a tree and its canonical form have it alike. False, and nothing appended,
/// when the text holds a character that XML 1.0 cannot carry.
pub fn push_text(out: &mut Vec<u8>, text: &str) -> bool {
    if first_forbidden_character(text).is_some() {
        return false;
    }
    let octets = text.as_bytes();
    match scan::escaped_text(octets, 0) == octets.len() {
        true => out.extend_from_slice(octets),
        false => escape_text(octets, |piece| out.extend_from_slice(piece)),
    }
    true
}

/// Escapes character data as Canonical XML 1.0 §2.3 does, which any parser reads back unchanged.
pub(crate) fn escape_text(text: &[u8], write: impl FnMut(&[u8])) {
    escape(text, scan::escaped_text, write);
}

/// Escapes an attribute value between double quotes, also as Canonical XML 1.0 §2.3 does.
pub(crate) fn escape_attribute(text: &[u8], write: impl FnMut(&[u8])) {
    escape(text, scan::escaped_attribute, write);
}

#[inline(always)]
fn escape(bytes: &[u8], next: impl Fn(&[u8], usize) -> usize, mut write: impl FnMut(&[u8])) {
    let mut done = 0;
    loop {
        let stop = next(bytes, done);
        write(&bytes[done..stop]);
        let Some(special) = bytes.get(stop) else { return };
        write(match special {
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            b'"' => b"&quot;",
            b'\t' => b"&#x9;",
            b'\n' => b"&#xA;",
            _ => b"&#xD;",
        });
        done = stop + 1;
    }
}
