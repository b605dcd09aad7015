//! Building and changing the tree.

use std::borrow::Cow;

use crate::chars::{first_forbidden_character, is_char, is_ncname};
use crate::document::Document;
use crate::intern::{EMPTY, XML_NAMESPACE, XMLNS_NAMESPACE};
use crate::name::{Name, NodeId, Span};
use crate::node::{AttributeData, EXTRA, Kind, MAX_NAME, MAX_TEXT, NONE, Tag, Text};
use crate::values::{Form, Value};

impl Document {
    /// A new element without parent; to be attached with [`Document::append_node`].
    ///
    /// # Panics
    ///
    /// Here and wherever a [`Name`] is given: when its local part or its prefix is no NCName, when its
    /// namespace holds what XML cannot carry or is that of `xmlns`. A name is a program's, not a
    /// peer's; one that would write other markup than an element must not pass.
    pub fn new_element(&mut self, name: Name<'_>) -> NodeId {
        // What nearly every name has: a prefix that stands for this namespace already, so that both were looked at.
        let (prefix, binding) = match self.names.find(name.prefix, name.namespace) {
            Some(binding) => {
                check_local(name.local);
                (name.prefix, binding)
            }
            None => self.bind_new(name),
        };
        let local = self.store_name(prefix, name.local);
        NodeId(self.push_element(local, binding))
    }

    /// The prefix that an element of this name gets, and its binding.
    #[inline(never)]
    fn bind_new<'n>(&mut self, name: Name<'n>) -> (&'n str, u16) {
        let namespace = self.check_name(name);
        let prefix = match name.prefix {
            // No namespace cannot have a prefix (Namespaces in XML 1.0 §6.2).
            _ if name.namespace.is_empty() => "",
            _ if name.namespace == XML_NAMESPACE => "xml",
            "xml" | "xmlns" => "ns",
            prefix => prefix,
        };
        (prefix, self.names.bind_to(prefix, namespace))
    }

    /// Adds an element as the last child of `parent`.
    pub fn append_element(&mut self, parent: NodeId, name: Name<'_>) -> NodeId {
        let child = self.new_element(name);
        self.link_last(parent.0, child.0);
        child
    }

    /// Adds an element with text as the last child of `parent`.
    pub fn append_text_element(&mut self, parent: NodeId, name: Name<'_>, text: &str) -> NodeId {
        let child = self.append_element(parent, name);
        self.append_text(child, text);
        child
    }

    /// Adds an element as the first child of `parent`.
    pub fn prepend_element(&mut self, parent: NodeId, name: Name<'_>) -> NodeId {
        let child = self.new_element(name);
        self.prepend_node(parent, child);
        child
    }

    /// Adds an element before `sibling`.
    ///
    /// # Panics
    ///
    /// When `sibling` has no parent.
    pub fn insert_element_before(&mut self, sibling: NodeId, name: Name<'_>) -> NodeId {
        let child = self.new_element(name);
        self.insert_node_before(sibling, child);
        child
    }

    /// Adds character data as the last child of `parent`. Empty text adds nothing.
    ///
    /// A character that XML 1.0 cannot carry (see [`first_forbidden_character`]) becomes U+FFFD;
    /// who must not lose one asks before.
    ///
    /// [`first_forbidden_character`]: crate::first_forbidden_character
    pub fn append_text(&mut self, parent: NodeId, text: &str) {
        if !text.is_empty() {
            let content = self.store_characters(text);
            let child = self.push_leaf(Kind::Text, content, Span::default());
            self.link_last(parent.0, child);
        }
    }

    /// As [`Document::append_text`] of a text that nobody else needs: a long one is not copied.
    pub fn append_owned_text(&mut self, parent: NodeId, text: String) {
        if text.is_empty() || first_forbidden_character(&text).is_some() {
            return self.append_text(parent, &text);
        }
        match self.large.take_owned(text) {
            Ok(content) => {
                let child = self.push_leaf(Kind::Text, content, Span::default());
                self.link_last(parent.0, child);
            }
            Err(small) => self.append_text(parent, &small),
        }
    }

    /// As [`Document::append_text`], for a word of a protocol that many messages say: an encoding with dictionaries makes it
    /// known once in a session, and names it from then on.
    pub fn append_word(&mut self, parent: NodeId, text: &str) {
        if !text.is_empty() {
            let content = self.store_characters(text);
            let child = self.push_marked(content, Form::Dictionary);
            self.link_last(parent.0, child);
        }
    }

    /// Adds a value as the last child of `parent`: its text, which remembers what it was made of. An encoding that has
    /// records for values or parts for octets writes those; every other use sees the text. Octets that are none add
    /// nothing.
    pub fn append_value(&mut self, parent: NodeId, value: Value<'_>) {
        self.append_valued(parent, value, false);
    }

    /// As [`Document::append_value`], for an element that is an item of an array: an encoding that has arrays writes
    /// elements of one name and one kind of value, which follow each other, as one.
    pub fn append_item_value(&mut self, parent: NodeId, value: Value<'_>) {
        self.append_valued(parent, value, true);
    }

    /// As [`Document::append_value`] of octets that nobody else needs: many are not copied.
    pub fn append_octets(&mut self, parent: NodeId, octets: Vec<u8>) {
        if octets.is_empty() {
            return;
        }
        let len = octets.len() as u32;
        let start = self.octets.take(octets);
        let child = self.push_value(Form::Octets { start, len }, false);
        self.link_last(parent.0, child);
    }

    fn append_valued(&mut self, parent: NodeId, value: Value<'_>, item: bool) {
        let form = match value {
            Value::Octets([]) => return,
            Value::Octets(octets) => self.store_octets(octets),
            value => value.form(0),
        };
        let child = self.push_value(form, item);
        self.link_last(parent.0, child);
    }

    /// Keeps octets.
    pub(crate) fn store_octets(&mut self, octets: &[u8]) -> Form {
        let start = self.octets.store(octets);
        Value::Octets(octets).form(start)
    }

    /// Sets an attribute, replacing one of the same expanded name. Characters that XML cannot carry
    /// become U+FFFD as in [`Document::append_text`].
    ///
    /// The prefix is a wish: when the element already binds it to another namespace (a header of a
    /// user that calls something else `s`), a free one is taken.
    ///
    /// # Panics
    ///
    /// As [`Document::new_element`]; also for `xmlns` itself, which [`Document::declare_namespace`]
    /// writes.
    pub fn set_attribute(&mut self, element: NodeId, name: Name<'_>, value: &str) {
        let known = self.free_binding(element, name);
        let namespace = match known {
            Some(binding) => {
                check_local(name.local);
                self.names.binding(binding).namespace
            }
            None => self.check_name(name),
        };
        assert!(name.local != "xmlns" || !name.namespace.is_empty(), "xmlns is no attribute");
        let value = self.store_characters(value);
        let (start, end) = self.tag(self.node(element.0)).attributes;
        let range = start as usize..end as usize;
        let same = range.clone().find(|i| self.is_attribute(*i, namespace, name.local));
        if let Some(same) = same {
            self.attributes[same].value = value;
            return;
        }
        let (local, binding) = match known {
            Some(binding) => (self.store_name(name.prefix, name.local), binding),
            None => {
                let prefix = self.prefix_for_attribute(element, name);
                let local = self.store_name(&prefix, name.local);
                let binding = self.names.find(&prefix, name.namespace);
                (local, binding.unwrap_or_else(|| self.names.bind_to(&prefix, namespace)))
            }
        };
        let attribute = AttributeData {
            start: local.start,
            local_len: local.len as u16,
            binding,
            value,
            value_span: Span::default(),
        };
        // The list of an element is one piece; it moves to the end when something lies behind it.
        let mut start = start;
        if range.end != self.attributes.len() {
            start = self.attributes.len() as u32;
            self.attributes.extend_from_within(range);
        }
        self.attributes.push(attribute);
        let attributes = (start, self.attributes.len() as u32);
        let tag = *self.tag(self.node(element.0));
        self.set_tag(element.0, Tag { attributes, ..tag });
    }

    /// Removes an attribute; nothing happens when it is not there.
    pub fn remove_attribute(&mut self, element: NodeId, namespace: &str, local: &str) {
        // An attribute of a namespace that the document does not know is on no element.
        let Some(namespace) = self.names.find_namespace(namespace) else { return };
        let tag = *self.tag(self.node(element.0));
        let (start, end) = tag.attributes;
        let mut range = start as usize..end as usize;
        if let Some(found) = range.find(|i| self.is_attribute(*i, namespace, local)) {
            self.attributes.copy_within(found + 1..end as usize, found);
            self.set_tag(element.0, Tag { attributes: (start, end - 1), ..tag });
        }
    }

    /// Writes a namespace declaration on an element. Declarations that nothing asks for appear by
    /// themselves where a prefix is first needed; this one stays where it is put.
    ///
    /// A declaration that contradicts the element's own name or one of its attributes (the same
    /// prefix, another namespace), or that Namespaces in XML 1.0 §3 forbids, is not made.
    ///
    /// # Panics
    ///
    /// When the prefix is no NCName or the namespace holds what XML cannot carry.
    pub fn declare_namespace(&mut self, element: NodeId, prefix: &str, namespace: &str) {
        assert!(prefix.is_empty() || is_ncname(prefix), "'{prefix}' is no prefix");
        assert!(first_forbidden_character(namespace).is_none(), "{namespace:?} is no namespace");
        let bound = self.bound_by_names(element, prefix);
        let reserved = matches!(prefix, "xml" | "xmlns")
            || matches!(namespace, XML_NAMESPACE | XMLNS_NAMESPACE);
        let no_namespace = namespace.is_empty() && !prefix.is_empty();
        if reserved || no_namespace || bound.is_some_and(|bound| bound != namespace) {
            return;
        }
        let binding = self.names.bind(prefix, namespace);
        let (mut start, end) = self.tag(self.node(element.0)).declarations;
        let range = start as usize..end as usize;
        let prefix = self.names.binding(binding).prefix;
        let prefix_of = |i: &usize| self.names.binding(self.declarations[*i]).prefix;
        if let Some(same) = range.clone().find(|i| prefix_of(i) == prefix) {
            self.declarations[same] = binding;
            return;
        }
        if range.end != self.declarations.len() {
            start = self.declarations.len() as u32;
            self.declarations.extend_from_within(range);
        }
        self.declarations.push(binding);
        let declarations = (start, self.declarations.len() as u32);
        let tag = *self.tag(self.node(element.0));
        self.set_tag(element.0, Tag { declarations, ..tag });
    }

    /// The same in front of the declaration of another prefix, if the element has that: writers of messages are compared by
    /// the octet, and some have a fixed order.
    ///
    /// # Panics
    ///
    /// As [`declare_namespace`](Self::declare_namespace).
    pub fn declare_namespace_before(
        &mut self,
        element: NodeId,
        prefix: &str,
        namespace: &str,
        before: &str,
    ) {
        self.declare_namespace(element, prefix, namespace);
        let place = |wanted: &str| {
            let mut declared = self.element(element).namespace_declarations();
            declared.position(|(prefix, _)| prefix == wanted)
        };
        if let (Some(first), Some(own)) = (place(before), place(prefix))
            && first < own
        {
            let start = self.tag(self.node(element.0)).declarations.0 as usize;
            self.declarations[start + first..=start + own].rotate_right(1);
        }
    }

    /// Chooses between `<a></a>` (true) and `<a/>` for an element that is empty. In binary the first is one with an empty text
    /// (MC-NBFX §2.2.3.26).
    pub fn set_start_end_pair(&mut self, element: NodeId, pair: bool) {
        let tag = *self.tag(self.node(element.0));
        self.set_tag(element.0, Tag { pair, ..tag });
    }

    /// The same of text alone: an element that is empty has an end tag of its own, and no text in binary.
    pub fn set_end_tag(&mut self, element: NodeId, end_tag: bool) {
        let tag = *self.tag(self.node(element.0));
        self.set_tag(element.0, Tag { end_tag, ..tag });
    }

    /// Takes a node out of its parent. It keeps its content and can be attached again.
    pub fn detach(&mut self, node: NodeId) {
        let parent = self.node(node.0).parent;
        if parent == NONE {
            return;
        }
        let next = self.node(node.0).next;
        let before = self.sibling_before(parent, node.0);
        match before {
            None => self.node_mut(parent).first = next,
            Some(before) => self.node_mut(before).next = next,
        }
        if next == NONE {
            self.node_mut(parent).last = before.unwrap_or(NONE);
        }
        self.node_mut(node.0).parent = NONE;
        self.node_mut(node.0).next = NONE;
    }

    /// Removes every child of an element.
    pub fn clear(&mut self, element: NodeId) {
        let mut child = self.node(element.0).first;
        while child != NONE {
            let next = self.node(child).next;
            self.node_mut(child).parent = NONE;
            self.node_mut(child).next = NONE;
            child = next;
        }
        self.node_mut(element.0).first = NONE;
        self.node_mut(element.0).last = NONE;
        self.unread = self.unread.filter(|unread| unread.node != element.0);
    }

    /// Makes a node the last child of `parent`, wherever it was before.
    ///
    /// # Panics
    ///
    /// When `parent` lies inside `node`.
    pub fn append_node(&mut self, parent: NodeId, node: NodeId) {
        self.check_outside(parent.0, node.0);
        self.detach(node);
        self.link_last(parent.0, node.0);
    }

    /// Makes a node the first child of `parent`, wherever it was before.
    ///
    /// # Panics
    ///
    /// When `parent` lies inside `node`.
    pub fn prepend_node(&mut self, parent: NodeId, node: NodeId) {
        self.check_outside(parent.0, node.0);
        self.detach(node);
        let first = self.node(parent.0).first;
        if first == NONE {
            return self.link_last(parent.0, node.0);
        }
        self.node_mut(node.0).parent = parent.0;
        self.node_mut(node.0).next = first;
        self.node_mut(parent.0).first = node.0;
    }

    /// Puts a node before `sibling`, wherever it was before; nothing happens when it is `sibling`.
    ///
    /// # Panics
    ///
    /// When `sibling` has no parent, or lies inside `node`.
    pub fn insert_node_before(&mut self, sibling: NodeId, node: NodeId) {
        if sibling == node {
            return;
        }
        self.check_outside(sibling.0, node.0);
        self.detach(node);
        let parent = self.node(sibling.0).parent;
        assert_ne!(parent, NONE, "the sibling has no parent");
        match self.sibling_before(parent, sibling.0) {
            None => self.node_mut(parent).first = node.0,
            Some(before) => self.node_mut(before).next = node.0,
        }
        self.node_mut(node.0).next = sibling.0;
        self.node_mut(node.0).parent = parent;
    }

    /// A node inside itself would never end.
    fn check_outside(&self, mut place: u32, node: u32) {
        while place != NONE {
            assert_ne!(place, node, "a node cannot be put into itself");
            place = self.node(place).parent;
        }
    }

    /// Puts a name into the extra buffer, its prefix before it; the range is that of the local part.
    pub(crate) fn store_name(&mut self, prefix: &str, local: &str) -> Text {
        let len = prefix.len() + local.len();
        assert!(len < MAX_NAME, "a name has at most {MAX_NAME} bytes");
        let extra = &mut self.extra;
        assert!(extra.len() + len < MAX_TEXT, "a document holds at most 2 GiB of text");
        extra.reserve(len + 1);
        match prefix.as_bytes() {
            [] => {}
            // What most prefixes are.
            [letter @ 0..128] => {
                extra.push(char::from(*letter));
                extra.push(':');
            }
            _ => extra.extend([prefix, ":"]),
        }
        let start = extra.len() as u32 | EXTRA;
        extra.push_str(local);
        Text { start, len: local.len() as u32 }
    }

    /// Keeps text, without what XML cannot carry.
    fn store_characters(&mut self, text: &str) -> Text {
        match first_forbidden_character(text) {
            None => self.keep(text),
            Some(_) => {
                let carried = |c| if is_char(c) { c } else { char::REPLACEMENT_CHARACTER };
                self.keep(&text.chars().map(carried).collect::<String>())
            }
        }
    }

    /// Refuses what would make the text that is written another document than the tree; gives the namespace. A prefix or a
    /// namespace that the document has was looked at when it came.
    fn check_name(&mut self, name: Name<'_>) -> u16 {
        let Name { prefix, local, namespace } = name;
        check_local(local);
        let is_prefix = self.names.find_prefix(prefix).is_some() || is_ncname(prefix);
        assert!(is_prefix, "'{prefix}' is no prefix");
        assert!(namespace != XMLNS_NAMESPACE, "the namespace of xmlns has no names");
        self.names.find_namespace(namespace).unwrap_or_else(|| {
            assert!(
                first_forbidden_character(namespace).is_none(),
                "{namespace:?} is no namespace"
            );
            self.names.intern_namespace(namespace)
        })
    }

    #[inline]
    fn is_attribute(&self, index: usize, namespace: u16, local: &str) -> bool {
        let attribute = &self.attributes[index];
        let own = self.names.binding(attribute.binding).namespace;
        own == namespace && self.has_name(attribute.local(), local)
    }

    /// The binding of the prefix of an attribute, if it is what nearly every one is: one that the document has, of a prefix
    /// that means nothing else on the element.
    fn free_binding(&self, element: NodeId, name: Name<'_>) -> Option<u16> {
        if name.prefix.is_empty() {
            return name.namespace.is_empty().then_some(EMPTY);
        }
        let binding = self.names.find(name.prefix, name.namespace)?;
        let prefix = self.names.binding(binding).prefix;
        let node = self.node(element.0);
        let is_other = |other: u16| other != binding && self.names.binding(other).prefix == prefix;
        let is_taken = is_other(node.binding)
            || self.element_attributes(node).iter().any(|own| is_other(own.binding))
            || self.element_declarations(node).iter().any(|own| is_other(*own));
        (!is_taken).then_some(binding)
    }

    /// The namespace that the names of an element and of its attributes bind a prefix to.
    fn bound_by_names(&self, element: NodeId, prefix: &str) -> Option<&str> {
        let node = self.node(element.0);
        let attributes = self.element_attributes(node).iter().map(|a| a.binding);
        let attributes = attributes.filter(|binding| *binding != EMPTY);
        let mut bindings = std::iter::once(node.binding).chain(attributes);
        let same = |binding: &u16| self.names.prefix(self.names.binding(*binding).prefix) == prefix;
        let found = bindings.find(same)?;
        Some(self.names.namespace(self.names.binding(found).namespace))
    }

    fn prefix_for_attribute<'n>(&self, element: NodeId, name: Name<'n>) -> Cow<'n, str> {
        if name.namespace.is_empty() || name.namespace == XML_NAMESPACE {
            return if name.namespace.is_empty() { "" } else { "xml" }.into();
        }
        let node = self.node(element.0);
        let free = |prefix: &str| {
            let mut declared = self.element_declarations(node).iter();
            let same = |d: &&u16| self.names.prefix(self.names.binding(**d).prefix) == prefix;
            let declared =
                declared.find(same).map(|d| self.names.namespace(self.names.binding(*d).namespace));
            let bound = self.bound_by_names(element, prefix).or(declared);
            bound.is_none_or(|bound| bound == name.namespace)
        };
        let wish = if matches!(name.prefix, "" | "xml" | "xmlns") { "ns" } else { name.prefix };
        let mut prefix = Cow::Borrowed(wish);
        let mut number = 0;
        while !free(&prefix) {
            number += 1;
            prefix = format!("{wish}{number}").into();
        }
        prefix
    }

    fn sibling_before(&self, parent: u32, node: u32) -> Option<u32> {
        let mut at = self.node(parent).first;
        let mut before = None;
        while at != node {
            before = Some(at);
            at = self.node(at).next;
        }
        before
    }
}

/// # Panics
/// When a local name is none.
#[inline]
fn check_local(local: &str) {
    assert!(is_ncname(local), "'{local}' is no local name");
}
