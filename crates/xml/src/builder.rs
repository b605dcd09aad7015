//! Building and changing the tree.

use crate::document::{AttributeData, Declaration, Document, Kind, NONE};
use crate::element::{Element, Node};
use crate::name::{Name, NodeId, Span};

impl Document {
    /// A new element without parent; to be attached with [`Document::append_node`].
    pub fn new_element(&mut self, name: Name<'_>) -> NodeId {
        let prefix = self.intern_prefix(name.prefix);
        let namespace = self.intern_namespace(name.namespace);
        let local = self.store(name.local);
        let index = self.push_node(Kind::Element, local);
        self.nodes[index as usize].prefix = prefix;
        self.nodes[index as usize].namespace = namespace;
        NodeId(index)
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
    pub fn append_text(&mut self, parent: NodeId, text: &str) {
        if !text.is_empty() {
            let content = self.store(text);
            let child = self.push_node(Kind::Text, content);
            self.link_last(parent.0, child);
        }
    }

    /// Sets an attribute, replacing one of the same expanded name.
    pub fn set_attribute(&mut self, element: NodeId, name: Name<'_>, value: &str) {
        let value = self.store(value);
        let (start, len) = self.node(element.0).attributes;
        let range = start as usize..start as usize + len as usize;
        let same = range.clone().find(|i| {
            let attribute = self.attributes[*i];
            self.str(attribute.local) == name.local
                && self.namespace(attribute.namespace) == name.namespace
        });
        if let Some(same) = same {
            self.attributes[same].value = value;
            return;
        }
        let attribute = AttributeData {
            prefix: self.intern_prefix(name.prefix),
            namespace: self.intern_namespace(name.namespace),
            local: self.store(name.local),
            value,
            name_span: Span::default(),
            value_span: Span::default(),
        };
        let mut start = start;
        if range.end != self.attributes.len() {
            start = self.attributes.len() as u32;
            self.attributes.extend_from_within(range);
        }
        self.attributes.push(attribute);
        self.nodes[element.0 as usize].attributes = (start, len + 1);
    }

    /// Removes an attribute; nothing happens when it is not there.
    pub fn remove_attribute(&mut self, element: NodeId, namespace: &str, local: &str) {
        let (start, len) = self.node(element.0).attributes;
        let range = start as usize..start as usize + len as usize;
        let found = range.clone().find(|i| {
            let attribute = self.attributes[*i];
            self.str(attribute.local) == local && self.namespace(attribute.namespace) == namespace
        });
        if let Some(found) = found {
            self.attributes.copy_within(found + 1..range.end, found);
            self.nodes[element.0 as usize].attributes = (start, len - 1);
        }
    }

    /// Writes a namespace declaration on an element. Declarations that nothing asks for appear by
    /// themselves where a prefix is first needed; this one stays where it is put.
    pub fn declare_namespace(&mut self, element: NodeId, prefix: &str, namespace: &str) {
        let declaration = Declaration {
            prefix: self.intern_prefix(prefix),
            namespace: self.intern_namespace(namespace),
        };
        let (mut start, len) = self.node(element.0).declarations;
        let range = start as usize..start as usize + len as usize;
        let same = range.clone().find(|i| self.declarations[*i].prefix == declaration.prefix);
        if let Some(same) = same {
            self.declarations[same] = declaration;
            return;
        }
        if range.end != self.declarations.len() {
            start = self.declarations.len() as u32;
            self.declarations.extend_from_within(range);
        }
        self.declarations.push(declaration);
        self.nodes[element.0 as usize].declarations = (start, len + 1);
    }

    /// Chooses between `<a></a>` (true) and `<a/>` for an element that is empty.
    pub fn set_start_end_pair(&mut self, element: NodeId, pair: bool) {
        self.nodes[element.0 as usize].pair = pair;
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
            None => self.nodes[parent as usize].first = next,
            Some(before) => self.nodes[before as usize].next = next,
        }
        if next == NONE {
            self.nodes[parent as usize].last = before.unwrap_or(NONE);
        }
        self.nodes[node.0 as usize].parent = NONE;
        self.nodes[node.0 as usize].next = NONE;
    }

    /// Removes every child of an element.
    pub fn clear(&mut self, element: NodeId) {
        let mut child = self.node(element.0).first;
        while child != NONE {
            let next = self.node(child).next;
            self.nodes[child as usize].parent = NONE;
            self.nodes[child as usize].next = NONE;
            child = next;
        }
        self.nodes[element.0 as usize].first = NONE;
        self.nodes[element.0 as usize].last = NONE;
    }

    /// Makes a detached node the last child of `parent`.
    pub fn append_node(&mut self, parent: NodeId, node: NodeId) {
        self.detach(node);
        self.link_last(parent.0, node.0);
    }

    /// Makes a detached node the first child of `parent`.
    pub fn prepend_node(&mut self, parent: NodeId, node: NodeId) {
        self.detach(node);
        let first = self.node(parent.0).first;
        if first == NONE {
            return self.link_last(parent.0, node.0);
        }
        self.nodes[node.0 as usize].parent = parent.0;
        self.nodes[node.0 as usize].next = first;
        self.nodes[parent.0 as usize].first = node.0;
    }

    /// Puts a detached node before `sibling`.
    ///
    /// # Panics
    ///
    /// When `sibling` has no parent.
    pub fn insert_node_before(&mut self, sibling: NodeId, node: NodeId) {
        self.detach(node);
        let parent = self.node(sibling.0).parent;
        assert_ne!(parent, NONE, "the sibling has no parent");
        match self.sibling_before(parent, sibling.0) {
            None => self.nodes[parent as usize].first = node.0,
            Some(before) => self.nodes[before as usize].next = node.0,
        }
        self.nodes[node.0 as usize].next = sibling.0;
        self.nodes[node.0 as usize].parent = parent;
    }

    /// Copies an element of another document, with everything in it, as the last child of `parent`.
    /// Prefixes are kept; declarations of ancestors come along where a QName in content may need
    /// them only if the copied elements or attributes use their prefix.
    pub fn import(&mut self, parent: NodeId, element: Element<'_>) -> NodeId {
        let top = self.import_one(element);
        self.link_last(parent.0, top.0);
        // (source, where its children go), without recursion: depth is the peer's choice.
        let mut open = vec![(element.children(), top)];
        while let Some((children, target)) = open.last_mut() {
            let target = *target;
            match children.next() {
                None => {
                    open.pop();
                }
                Some(Node::Text(text)) => self.append_text(target, text),
                Some(Node::Comment(text)) => self.append_other(target, Kind::Comment, text),
                Some(Node::ProcessingInstruction(text)) => {
                    self.append_other(target, Kind::ProcessingInstruction, text);
                }
                Some(Node::Element(child)) => {
                    let copy = self.import_one(child);
                    self.link_last(target.0, copy.0);
                    open.push((child.children(), copy));
                }
            }
        }
        top
    }

    fn import_one(&mut self, element: Element<'_>) -> NodeId {
        let copy = self.new_element(element.name());
        for (prefix, namespace) in element.namespace_declarations() {
            self.declare_namespace(copy, prefix, namespace);
        }
        for attribute in element.attributes() {
            self.set_attribute(copy, attribute.name(), attribute.value());
        }
        copy
    }

    fn append_other(&mut self, parent: NodeId, kind: Kind, text: &str) {
        let content = self.store(text);
        let child = self.push_node(kind, content);
        self.link_last(parent.0, child);
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
