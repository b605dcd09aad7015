//! Reading the tree.

use std::borrow::Cow;

use crate::document::Document;
use crate::intern::{Binding, EMPTY};
use crate::name::{Name, NodeId, Span};
use crate::node::{AttributeData, EXTRA, Kind, NONE, NodeData, Text, with_prefix};
use crate::values::Value;

/// One element of a document. Cheap to copy; borrows the document.
#[derive(Clone, Copy)]
pub struct Element<'a> {
    document: &'a Document,
    index: u32,
}

/// A child of an element.
#[derive(Clone, Copy, Debug)]
pub enum Node<'a> {
    /// An element.
    Element(Element<'a>),
    /// Character data, references resolved; a CDATA section is a node of its own.
    Text(&'a str),
    /// The content of a comment.
    Comment(&'a str),
    /// Target and content of a processing instruction.
    ProcessingInstruction(&'a str),
}

/// An attribute that is no namespace declaration.
#[derive(Clone, Copy)]
pub struct Attribute<'a> {
    document: &'a Document,
    data: &'a AttributeData,
}

impl PartialEq for Element<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && std::ptr::eq(self.document, other.document)
    }
}

impl Eq for Element<'_> {}

impl std::fmt::Debug for Element<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{}> {{{}}}", self.qualified_name(), self.namespace())
    }
}

impl std::fmt::Debug for Attribute<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}={:?}", self.name(), self.value())
    }
}

impl Document {
    /// The root element.
    #[inline]
    pub fn root(&self) -> Element<'_> {
        Element { document: self, index: self.root }
    }

    /// The element of an id.
    ///
    /// # Panics
    ///
    /// When the id is not of an element of this document.
    pub fn element(&self, id: NodeId) -> Element<'_> {
        assert!(self.node(id.0).is_element(), "the node is no element");
        Element { document: self, index: id.0 }
    }

    /// The element of an id; none when the node is text, a comment or a processing instruction.
    pub fn as_element(&self, id: NodeId) -> Option<Element<'_>> {
        let node = self.nodes.get(id.0 as usize)?;
        node.is_element().then_some(Element { document: self, index: id.0 })
    }

    /// Where a node of any kind stands in the source; empty at 0 for one that was built.
    pub fn span(&self, id: NodeId) -> Span {
        let node = self.node(id.0);
        match node.is_element() {
            true => Element { document: self, index: id.0 }.span(),
            false => node.leaf_span(),
        }
    }
}

impl<'a> Element<'a> {
    #[inline]
    fn data(&self) -> &'a NodeData {
        self.document.node(self.index)
    }

    #[inline]
    fn binding(&self) -> Binding {
        self.document.names.binding(self.data().binding)
    }

    /// The id of the element in its document.
    #[inline]
    pub fn id(&self) -> NodeId {
        NodeId(self.index)
    }

    /// The document that it belongs to.
    #[inline]
    pub fn document(&self) -> &'a Document {
        self.document
    }

    /// The prefix as written.
    #[inline]
    pub fn prefix(&self) -> &'a str {
        self.document.names.prefix(self.binding().prefix)
    }

    /// The local name.
    #[inline]
    pub fn local_name(&self) -> &'a str {
        self.document.str(self.data().local())
    }

    /// The namespace name; empty for none.
    #[inline]
    pub fn namespace(&self) -> &'a str {
        self.document.names.namespace(self.binding().namespace)
    }

    /// Prefix, local name and namespace.
    pub fn name(&self) -> Name<'a> {
        Name { prefix: self.prefix(), local: self.local_name(), namespace: self.namespace() }
    }

    /// `prefix:local` or `local`, as written.
    pub fn qualified_name(&self) -> Cow<'a, str> {
        match self.document.qualified(self.data().local(), self.data().binding) {
            ["", "", name] => Cow::Borrowed(name),
            pieces => Cow::Owned(pieces.concat()),
        }
    }

    /// Whether the element has this expanded name.
    #[inline]
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        let data = self.data();
        self.document.has_name(data.local(), local)
            && self.document.names.is_in(data.binding, namespace)
    }

    /// The value of an attribute in no namespace.
    pub fn attribute(&self, local: &str) -> Option<&'a str> {
        let attributes = self.document.element_attributes(self.data());
        let mut plain = attributes.iter().filter(|a| a.binding == EMPTY);
        let found = plain.find(|a| self.document.has_name(a.local(), local))?;
        Some(self.document.str(found.value))
    }

    /// The value of an attribute in a namespace.
    pub fn attribute_ns(&self, namespace: &str, local: &str) -> Option<&'a str> {
        let document = self.document;
        let is_wanted = |a: &&AttributeData| {
            document.has_name(a.local(), local) && document.names.is_in(a.binding, namespace)
        };
        let found = document.element_attributes(self.data()).iter().find(is_wanted)?;
        Some(document.str(found.value))
    }

    /// The attributes in document order, namespace declarations left out.
    #[inline]
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        let document = self.document;
        document
            .element_attributes(self.data())
            .iter()
            .map(move |data| Attribute { document, data })
    }

    /// The namespace declarations written on this element: prefix and namespace name.
    pub fn namespace_declarations(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let document = self.document;
        let declarations = document.element_declarations(self.data()).iter();
        declarations.map(move |declared| {
            let binding = document.names.binding(*declared);
            (document.names.prefix(binding.prefix), document.names.namespace(binding.namespace))
        })
    }

    /// The children in document order.
    #[inline]
    pub fn children(&self) -> Children<'a> {
        self.debug_assert_read();
        Children { document: self.document, next: self.data().first }
    }

    /// The ids of the children of any kind, in document order.
    pub fn child_ids(&self) -> impl Iterator<Item = NodeId> + use<'a> {
        self.debug_assert_read();
        let document = self.document;
        let some = |index: u32| (index != NONE).then_some(index);
        let ids = std::iter::successors(some(self.data().first), move |index| {
            some(document.node(*index).next)
        });
        ids.map(NodeId)
    }

    /// The child elements in document order.
    pub fn elements(&self) -> impl Iterator<Item = Element<'a>> + use<'a> {
        self.debug_assert_read();
        elements_from(self.document, self.data().first)
    }

    /// Whoever looks at content that was passed over sees nothing, and must not take that for empty.
    #[inline]
    fn debug_assert_read(&self) {
        debug_assert!(
            self.document.unread.is_none_or(|unread| unread.node != self.index),
            "the content of {self:?} was passed over: read it before"
        );
    }

    /// The first child element.
    pub fn first_element(&self) -> Option<Element<'a>> {
        self.elements().next()
    }

    /// The first child element of this expanded name.
    pub fn child(&self, namespace: &str, local: &str) -> Option<Element<'a>> {
        self.elements().find(|e| e.is(namespace, local))
    }

    /// The next element with the same parent.
    pub fn next_element(&self) -> Option<Element<'a>> {
        elements_from(self.document, self.data().next).next()
    }

    /// The parent; none for the root and for a detached element.
    pub fn parent(&self) -> Option<Element<'a>> {
        let parent = self.data().parent;
        (parent != NONE).then_some(Element { document: self.document, index: parent })
    }

    /// Whether there is nothing between the tags.
    pub fn is_empty(&self) -> bool {
        self.debug_assert_read();
        self.data().first == NONE
    }

    /// Whether it is written `<a></a>` when empty; see
    /// [`Document::set_start_end_pair`](crate::Document::set_start_end_pair).
    pub fn is_start_end_pair(&self) -> bool {
        self.document.tag(self.data()).pair
    }

    /// Whether it is written `<a></a>` when empty, as text alone; see [`Document::set_end_tag`](crate::Document::set_end_tag).
    pub fn has_end_tag(&self) -> bool {
        self.document.tag(self.data()).end_tag
    }

    /// The text directly inside the element, comments left out; child elements do not contribute.
    pub fn text(&self) -> Cow<'a, str> {
        let mut found = Cow::Borrowed("");
        for node in self.children() {
            if let Node::Text(text) = node {
                if found.is_empty() {
                    found = Cow::Borrowed(text);
                } else {
                    found.to_mut().push_str(text);
                }
            }
        }
        found
    }

    /// The same without blanks at its ends.
    pub fn trimmed_text(&self) -> Cow<'a, str> {
        match self.text() {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        }
    }

    /// The value that its only content was made of; see [`Document::append_value`](crate::Document::append_value). Text that
    /// came as text has none.
    #[inline]
    pub fn value(&self) -> Option<Value<'a>> {
        let only = self.data().first;
        if only == NONE || only != self.data().last {
            return None;
        }
        let leaf = self.document.node(only);
        // (Elements and their tags have numbers, too.)
        let form = self.document.form(leaf).filter(|_| leaf.kind() == Kind::Text)?;
        form.value(&self.document.octets)
    }

    /// The element and everything below it, in document order.
    pub fn descendants_and_self(&self) -> impl Iterator<Item = Element<'a>> + use<'a> {
        debug_assert!(
            !self.document.holds_unread(self.index),
            "what is in {self:?} was passed over: read it before"
        );
        self.descendants_but_unread()
    }

    /// The same without what was [passed over](Document::parse_passing).
    pub fn descendants_but_unread(&self) -> impl Iterator<Item = Element<'a>> + use<'a> {
        let document = self.document;
        let top = self.index;
        let mut next = Some(top);
        let steps = std::iter::from_fn(move || {
            let current = next?;
            next = document.following(current, top);
            Some(current)
        });
        steps
            .filter(move |i| document.node(*i).is_element())
            .map(move |index| Element { document, index })
    }

    /// Shows each attribute of the element, and of what is in it but what was [passed over](Document::parse_passing), whose local
    /// name has so many octets, in document order, with the element that it stands in. Nearly all others are left out by
    /// that.
    pub fn each_attribute_of_length(
        &self,
        octets: usize,
        mut show: impl FnMut(Element<'a>, Attribute<'a>),
    ) {
        let document = self.document;
        let mut next = Some(self.index);
        while let Some(index) = next {
            let node = document.node(index);
            // Of what is no element the tag says something else.
            if node.tag != 0 && node.is_element() {
                for data in document.element_attributes(node) {
                    if usize::from(data.local_len) == octets {
                        show(Element { document, index }, Attribute { document, data });
                    }
                }
            }
            next = document.following(index, self.index);
        }
    }

    /// Where the element stands in the source, tags included; empty for a built one.
    pub fn span(&self) -> Span {
        match self.name_span() {
            Span { end: 0, .. } => Span::default(),
            name => Span { start: name.start - 1, end: self.data().end },
        }
    }

    /// Where the name stands in the start tag; empty for a built element.
    pub fn name_span(&self) -> Span {
        span_of_name(self.data().local(), self.prefix())
    }

    /// Where the text directly inside the element stands in the source, from its first to its last
    /// piece; empty when there is none or when it was built.
    pub fn text_span(&self) -> Span {
        let texts = self.child_ids().filter(|id| self.document.node(id.0).kind() == Kind::Text);
        let spans = texts.map(|id| self.document.span(id)).filter(|span| span.end != 0);
        spans.reduce(|first, last| Span { start: first.start, end: last.end }).unwrap_or_default()
    }

    /// The namespace that a prefix is bound to here; the empty prefix is the default namespace.
    pub fn resolve_prefix(&self, prefix: &str) -> Option<&'a str> {
        let names = &self.document.names;
        let binding = self.document.in_scope(self.index, prefix)?;
        Some(names.namespace(names.binding(binding).namespace))
    }

    /// Resolves a QName in content: namespace name and local part. None for an unbound prefix.
    pub fn resolve_qname<'t>(&self, text: &'t str) -> Option<(&'a str, &'t str)> {
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        let (prefix, local) = text.split_once(':').unwrap_or(("", text));
        Some((self.resolve_prefix(prefix)?, local))
    }
}

impl Document {
    /// The node after `current` in document order below `top`.
    pub(crate) fn following(&self, current: u32, top: u32) -> Option<u32> {
        let first = self.first_child(self.node(current));
        if first != NONE {
            return Some(first);
        }
        let mut at = current;
        while at != top {
            let node = self.node(at);
            if node.next != NONE {
                return Some(node.next);
            }
            at = node.parent;
        }
        None
    }
}

/// The elements among a node and those behind it. The texts between are not looked at: that of a value is made when somebody
/// asks for it.
fn elements_from<'a>(
    document: &'a Document,
    first: u32,
) -> impl Iterator<Item = Element<'a>> + use<'a> {
    let mut next = first;
    std::iter::from_fn(move || {
        while next != NONE {
            let index = next;
            let node = document.node(index);
            next = node.next;
            if node.is_element() {
                return Some(Element { document, index });
            }
        }
        None
    })
}

/// Iterates over the children of an element.
#[derive(Clone, Debug)]
pub struct Children<'a> {
    document: &'a Document,
    next: u32,
}

impl<'a> Iterator for Children<'a> {
    type Item = Node<'a>;

    #[inline]
    fn next(&mut self) -> Option<Node<'a>> {
        if self.next == NONE {
            return None;
        }
        let index = self.next;
        let node = self.document.node(index);
        self.next = node.next;
        let text = || self.document.leaf(node);
        Some(match node.kind() {
            Kind::Element => Node::Element(Element { document: self.document, index }),
            Kind::Text => Node::Text(text()),
            Kind::Comment => Node::Comment(text()),
            Kind::ProcessingInstruction => Node::ProcessingInstruction(text()),
        })
    }
}

impl<'a> Attribute<'a> {
    #[inline]
    fn binding(&self) -> Binding {
        self.document.names.binding(self.data.binding)
    }

    /// Prefix, local name and namespace.
    pub fn name(&self) -> Name<'a> {
        let Binding { prefix, namespace } = self.binding();
        let names = &self.document.names;
        Name {
            prefix: names.prefix(prefix),
            local: self.document.str(self.data.local()),
            namespace: names.namespace(namespace),
        }
    }

    /// Whether the attribute has this expanded name.
    #[inline]
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        self.document.has_name(self.data.local(), local)
            && self.document.names.is_in(self.data.binding, namespace)
    }

    /// The local name.
    #[inline]
    pub fn local_name(&self) -> &'a str {
        self.document.str(self.data.local())
    }

    /// The namespace name; empty for none.
    #[inline]
    pub fn namespace(&self) -> &'a str {
        self.document.names.namespace(self.binding().namespace)
    }

    /// The value, references resolved and white space normalized.
    #[inline]
    pub fn value(&self) -> &'a str {
        self.document.str(self.data.value)
    }

    /// Where the name stands in the source; empty for a built attribute.
    pub fn name_span(&self) -> Span {
        span_of_name(self.data.local(), self.name().prefix)
    }

    /// Where the value stands in the source, between the quotes; empty for a built attribute.
    pub fn value_span(&self) -> Span {
        self.data.value_span
    }
}

fn span_of_name(local: Text, prefix: &str) -> Span {
    match with_prefix(local, prefix.len() as u32) {
        Text { start, .. } if start & EXTRA != 0 => Span::default(),
        Text { start, len } => Span { start, end: start + len },
    }
}
