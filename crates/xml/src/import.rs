//! Copying elements from one document into another.

use crate::document::Document;
use crate::element::Element;
use crate::name::{NodeId, Span};
use crate::node::{AttributeData, NodeData, Tag};
use crate::values::Form;

impl Document {
    /// Copies an element of another document, with everything in it, as the last child of `parent`.
    ///
    /// Prefixes and the declarations inside are kept. A prefix that only an ancestor of the element
    /// declared comes along where names use it; a QName in content does not bring it.
    pub fn import(&mut self, parent: NodeId, element: Element<'_>) -> NodeId {
        if element.document().holds_unread(element.id().0) {
            return self.import(parent, element.document().whole().element(element.id()));
        }
        if element.document().holds_secret() {
            self.hold_secret();
        }
        let top = self.import_element(element);
        self.link_last(parent.0, top.0);
        // (what is left to copy, where to), without recursion: depth is the peer's choice.
        let source = element.document();
        let mut open = vec![(element.child_ids(), top)];
        while let Some((children, target)) = open.last_mut() {
            let target = *target;
            let Some(id) = children.next() else {
                open.pop();
                continue;
            };
            match source.as_element(id) {
                None => self.import_leaf(target, source, source.node(id.0)),
                Some(child) => {
                    let copy = self.import_element(child);
                    self.link_last(target.0, copy.0);
                    open.push((child.child_ids(), copy));
                }
            }
        }
        top
    }

    fn import_leaf(&mut self, parent: NodeId, source: &Document, leaf: &NodeData) {
        let child = match source.value_form(leaf) {
            Some(mut form) => {
                if let Form::Octets { start, len } = form {
                    form =
                        Form::Octets { start: self.octets.import(&source.octets, start, len), len };
                }
                self.push_value(form, leaf.is_item())
            }
            None => {
                let content = self.keep_of(source, leaf.content());
                match source.form(leaf) {
                    Some(form) => self.push_marked(content, form),
                    None => self.push_leaf(leaf.kind(), content, Span::default()),
                }
            }
        };
        self.link_last(parent.0, child);
    }

    /// Name, attributes and declarations. They agree with each other in their own document, so
    /// nothing has to be looked for here.
    fn import_element(&mut self, element: Element<'_>) -> NodeId {
        let copy = self.new_element(element.name());
        let declared = self.declarations.len() as u32;
        for (prefix, namespace) in element.namespace_declarations() {
            let binding = self.names.bind(prefix, namespace);
            self.declarations.push(binding);
        }
        let first = self.attributes.len() as u32;
        for attribute in element.attributes() {
            let name = attribute.name();
            let local = self.store_name(name.prefix, name.local);
            let data = AttributeData {
                start: local.start,
                local_len: local.len as u16,
                binding: self.names.bind(name.prefix, name.namespace),
                value: self.store(attribute.value()),
                value_span: Span::default(),
            };
            self.attributes.push(data);
        }
        let tag = Tag {
            attributes: (first, self.attributes.len() as u32),
            declarations: (declared, self.declarations.len() as u32),
            pair: element.is_start_end_pair(),
            end_tag: element.has_end_tag(),
        };
        self.set_tag(copy.0, tag);
        copy
    }
}
