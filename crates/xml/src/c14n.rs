//! Exclusive XML Canonicalization 1.0 (<http://www.w3.org/TR/xml-exc-c14n/>).
//!
//! The canonical form goes into a [`Sink`] (a digest, say) in large pieces while the tree is walked;
//! no canonical text is built, and for usual messages nothing is allocated.

mod room;

use std::cmp::Ordering;

use smallvec::SmallVec;

use self::room::{Out, Room};
use crate::arena::Arena;
use crate::document::Document;
use crate::element::Element;
use crate::intern::{EMPTY, XML};
use crate::name::NodeId;
use crate::node::{AttributeData, EXTRA, Kind, NONE, NodeData, Text, with_prefix};
use crate::scan;
use crate::writer::{Rendered, escape_attribute, escape_text};

/// Takes canonical octets.
pub trait Sink {
    /// Takes the next octets.
    fn write(&mut self, octets: &[u8]);
}

impl Sink for Vec<u8> {
    fn write(&mut self, octets: &[u8]) {
        self.extend_from_slice(octets);
    }
}

/// The parameters of a canonicalization.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exclusive<'a> {
    /// Whether comments stay: the algorithm `http://www.w3.org/2001/10/xml-exc-c14n#WithComments`.
    pub with_comments: bool,
    /// The `InclusiveNamespaces` PrefixList: prefixes whose declarations are treated as inclusive
    /// canonicalization treats them. `#default` names the default namespace.
    pub inclusive_prefixes: &'a [&'a str],
    /// Nodes that are left out with everything in them, as if they were not in the tree (the
    /// signature of an enveloped signature). Every node is compared with each: keep them few.
    pub omit: &'a [NodeId],
}

/// Writes the canonical form of an element and everything in it into a sink.
///
/// ```
/// use waxwing_xml::{Document, Exclusive, Limits, canonicalize};
///
/// let document = Document::parse("<a xmlns:p='urn:p' xmlns:q='urn:q'><p:b z='1' y='2'/></a>", &Limits::SOAP)?;
/// let mut octets = Vec::new();
/// let b = document.root().first_element().unwrap();
/// canonicalize(b, &Exclusive::default(), &mut octets);
/// assert_eq!(octets, br#"<p:b xmlns:p="urn:p" y="2" z="1"></p:b>"#);
/// # Ok::<(), waxwing_xml::ParseError>(())
/// ```
pub fn canonicalize(element: Element<'_>, parameters: &Exclusive<'_>, sink: &mut impl Sink) {
    Canonicalizer::new(element.document()).write(element, parameters, sink);
}

/// Canonicalizes elements of one document, one after another: what is the same for all of them is made once.
pub struct Canonicalizer<'a> {
    document: &'a Document,
    /// Namespaces rendered by the output ancestors: none, between two elements.
    rendered: Rendered,
    /// There until it is dropped.
    room: Option<Box<Room>>,
}

impl<'a> Canonicalizer<'a> {
    /// Of this document.
    pub fn new(document: &'a Document) -> Self {
        let rendered = Rendered::new(&document.names);
        Self { document, rendered, room: Some(Room::take()) }
    }

    /// Writes the canonical form of an element and everything in it into a sink, as [`canonicalize`] does.
    ///
    /// # Panics
    ///
    /// When the element is of another document.
    pub fn write(
        &mut self,
        element: Element<'_>,
        parameters: &Exclusive<'_>,
        sink: &mut impl Sink,
    ) {
        let own = std::ptr::eq(self.document, element.document());
        assert!(own, "the element is of another document");
        if self.document.holds_unread(element.id().0) {
            let whole = self.document.whole();
            return canonicalize(whole.element(element.id()), parameters, sink);
        }
        let document: &Arena = self.document;
        let room = self.room.get_or_insert_with(Room::take);
        let mut walk = Walk {
            document,
            parameters,
            rendered: &mut self.rendered,
            inclusive: inclusive(document, parameters.inclusive_prefixes),
            out: Out { room, sink },
        };
        walk.run(element.id().0);
        walk.out.flush();
    }
}

impl Drop for Canonicalizer<'_> {
    fn drop(&mut self) {
        self.room.take().into_iter().for_each(Room::give_back);
    }
}

impl std::fmt::Debug for Canonicalizer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Canonicalizer").finish_non_exhaustive()
    }
}

/// The indices of the inclusive prefixes that the document knows, in order, each once; the others
/// are bound nowhere. The list is the peer's: its length must not count for every element.
#[inline]
fn inclusive(document: &Arena, prefixes: &[&str]) -> SmallVec<[u16; 4]> {
    if prefixes.is_empty() {
        return SmallVec::new();
    }
    let prefixes = prefixes.iter().map(|p| if *p == "#default" { "" } else { p });
    let known = prefixes.filter_map(|prefix| document.names.find_prefix(prefix));
    let mut known: SmallVec<[u16; 4]> = known.collect();
    known.sort_unstable();
    known.dedup();
    known
}

struct Walk<'a, S> {
    document: &'a Arena,
    parameters: &'a Exclusive<'a>,
    /// Namespaces rendered by the output ancestors.
    rendered: &'a mut Rendered,
    inclusive: SmallVec<[u16; 4]>,
    out: Out<'a, S>,
}

/// Bindings to be rendered by one start tag.
type Found = SmallVec<[u16; 8]>;

impl<S: Sink> Walk<'_, S> {
    fn run(&mut self, top: u32) {
        let document = self.document;
        let mut marks: SmallVec<[usize; 32]> = SmallVec::new();
        let mut at = top;
        loop {
            let node = document.node(at);
            let omit = self.parameters.omit;
            if omit.is_empty() || !omit.contains(&NodeId(at)) {
                if !node.is_element() {
                    self.leaf(node);
                } else if !self.as_it_stands(node) {
                    let mark = self.rendered.mark();
                    self.start(at, at == top);
                    if node.first != NONE {
                        marks.push(mark);
                        at = node.first;
                        continue;
                    }
                    self.end(node, mark);
                }
            }
            loop {
                if at == top {
                    return;
                }
                let node = document.node(at);
                if node.next != NONE {
                    at = node.next;
                    break;
                }
                at = node.parent;
                self.end(document.node(at), marks.pop().unwrap_or_default());
            }
        }
    }

    /// Writes an element that has nothing but text, of which everything behind the name and what its start tag holds is in
    /// canonical form as it was read: most elements of most bodies are such, and most headers.
    #[inline(always)]
    fn as_it_stands(&mut self, node: &NodeData) -> bool {
        // (What was built is not in the source.)
        let is_read = node.end != 0 && node.start < EXTRA;
        let omit = self.parameters.omit;
        let is_one = node.first == node.last && node.first != NONE;
        if !is_read || !is_one || !self.inclusive.is_empty() || !omit.is_empty() {
            return false;
        }
        let document = self.document;
        let name = with_prefix(node.local(), document.names.prefix_len(node.binding));
        let leaf = document.node(node.first);
        let (start, end) = (leaf.start, leaf.start.wrapping_add(leaf.end));
        // `>` stands in front of the text, `</`, name and `>` behind it.
        let closed = start.wrapping_sub(1);
        let is_closed = document.source.as_bytes().get(closed as usize) == Some(&b'>');
        let is_text = leaf.tag == 0 && leaf.kind() == Kind::Text && start < EXTRA;
        if !is_text || !is_closed || end + name.len + 3 != node.end {
            return false;
        }
        let text = document.piece(leaf.content());
        if scan::escaped_text(text.octets(), 0) != text.len {
            return false;
        }
        let mark = self.rendered.mark();
        let mut found = Found::new();
        self.use_bindings(node, &mut found);
        let (first, named) = (name.start - 1, name.start + name.len);
        if node.tag == 0 && found.is_empty() && named == closed {
            self.out.write_piece(document.piece(Text { start: first, len: node.end - first }));
            return true;
        }
        self.out.write_piece(document.piece(Text { start: first, len: named - first }));
        self.out.declare_all(&document.names, &mut found);
        self.rendered.close(mark);
        self.attributes(document.element_attributes(node));
        self.out.write_piece(document.piece(Text { start: closed, len: node.end - closed }));
        true
    }

    /// The namespaces that the names of a start tag visibly utilize, if they are to be declared.
    #[inline(always)]
    fn use_bindings(&mut self, node: &NodeData, found: &mut Found) {
        self.use_binding(node.binding, found);
        if node.tag != 0 {
            let attributes = self.document.element_attributes(node).iter();
            for attribute in attributes.filter(|a| a.binding != EMPTY) {
                self.use_binding(attribute.binding, found);
            }
        }
    }

    fn start(&mut self, at: u32, apex: bool) {
        let document = self.document;
        let node = document.node(at);
        self.out.push(b'<');
        self.name(node.local(), node.binding);
        if node.tag == 0 && self.inclusive.is_empty() {
            // What most elements look like: nothing stands in the tag but the name.
            if node.binding != XML && self.rendered.bind(&document.names, node.binding) {
                self.out.declare(&document.names, node.binding);
            }
            return self.out.push(b'>');
        }
        let attributes = document.element_attributes(node);
        let mut found = Found::new();
        self.use_bindings(node, &mut found);
        if !self.inclusive.is_empty() {
            self.use_inclusive(at, apex, &mut found);
        }
        self.out.declare_all(&document.names, &mut found);
        self.attributes(attributes);
        self.out.push(b'>');
    }

    #[inline]
    fn name(&mut self, local: Text, binding: u16) {
        self.document.qualified_pieces(local, binding, |piece| self.out.write_piece(piece));
    }

    /// A visibly utilized namespace (Exclusive Canonicalization §3).
    fn use_binding(&mut self, binding: u16, found: &mut Found) {
        if binding != XML && self.rendered.bind(&self.document.names, binding) {
            found.push(binding);
        }
    }

    /// Prefixes of the InclusiveNamespaces list: in scope at the apex, declared further down.
    fn use_inclusive(&mut self, at: u32, apex: bool, found: &mut Found) {
        let document = self.document;
        let names = &document.names;
        let listed = |inclusive: &[u16], binding: u16| {
            inclusive.binary_search(&names.binding(binding).prefix)
        };
        for declared in document.element_declarations(document.node(at)) {
            if listed(&self.inclusive, *declared).is_ok() {
                self.use_binding(*declared, found);
            }
        }
        if !apex {
            return;
        }
        // Once for the whole walk: outwards from the apex, the innermost binding of a prefix counts.
        let mut open = self.inclusive.clone();
        for binding in document.bindings_outwards(at) {
            if let Ok(i) = listed(&open, binding) {
                open.remove(i);
                self.use_binding(binding, found);
            }
        }
    }

    fn attributes(&mut self, attributes: &[AttributeData]) {
        match attributes {
            [] => {}
            [one] => self.attribute(one),
            [first, second] => {
                let (first, second) = match self.in_order(first, second) {
                    Ordering::Greater => (second, first),
                    _ => (first, second),
                };
                self.attribute(first);
                self.attribute(second);
            }
            several => {
                let mut order: SmallVec<[&AttributeData; 8]> = several.iter().collect();
                order.sort_unstable_by(|a, b| self.in_order(a, b));
                order.into_iter().for_each(|attribute| self.attribute(attribute));
            }
        }
    }

    /// Attributes are sorted by namespace name, then by local name (Canonical XML 1.0 §2.2).
    fn in_order(&self, a: &AttributeData, b: &AttributeData) -> Ordering {
        let document = self.document;
        let namespace = |a: &AttributeData| {
            document.names.namespace(document.names.binding(a.binding).namespace)
        };
        let namespaces = match a.binding == b.binding {
            true => Ordering::Equal,
            false => namespace(a).cmp(namespace(b)),
        };
        namespaces.then_with(|| document.str(a.local()).cmp(document.str(b.local())))
    }

    fn attribute(&mut self, attribute: &AttributeData) {
        let document = self.document;
        self.out.push(b' ');
        self.name(attribute.local(), attribute.binding);
        self.out.write(b"=\"");
        let value = document.piece(attribute.value);
        match scan::escaped_attribute(value.octets(), 0) == value.len {
            true => self.out.write_piece(value),
            false => escape_attribute(value.octets(), |piece| self.out.write(piece)),
        }
        self.out.push(b'"');
    }

    fn end(&mut self, node: &NodeData, mark: usize) {
        self.out.write(b"</");
        self.name(node.local(), node.binding);
        self.out.push(b'>');
        self.rendered.close(mark);
    }

    fn leaf(&mut self, node: &NodeData) {
        if let Some(form) = self.document.value_form(node) {
            // The text of a value has nothing to be escaped.
            return form.write_text(&self.document.octets, |piece| self.out.write(piece));
        }
        let piece = self.document.piece(node.content());
        let text = piece.octets();
        match node.kind() {
            Kind::Text if scan::escaped_text(text, 0) == text.len() => self.out.write_piece(piece),
            Kind::Text => escape_text(text, |piece| self.out.write(piece)),
            Kind::Comment if self.parameters.with_comments => {
                self.out.write(b"<!--");
                self.out.write(text);
                self.out.write(b"-->");
            }
            Kind::ProcessingInstruction => {
                self.processing_instruction(self.document.str(node.content()));
            }
            Kind::Comment | Kind::Element => {}
        }
    }

    /// One space between target and data, none after a target alone (Canonical XML 1.0 §2.3).
    fn processing_instruction(&mut self, text: &str) {
        let space = [' ', '\t', '\r', '\n'];
        let (target, data) = text.split_once(space).unwrap_or((text, ""));
        let data = data.trim_start_matches(space);
        self.out.write(b"<?");
        self.out.write(target.as_bytes());
        if !data.is_empty() {
            self.out.write(b" ");
            self.out.write(data.as_bytes());
        }
        self.out.write(b"?>");
    }
}
