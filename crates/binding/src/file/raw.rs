//! XML that the configuration carries without looking into it.

use crate::file::node::{Attribute, Node};
use crate::file::reader::Reader;
use crate::file::writer::OutNode;
use crate::settings::{ChildRead, Description, Settings};

/// The child elements of an element, as text; for reference parameters (`headers`) and token
/// request parameters, which may be anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawXml {
    /// Well-formed elements, one after the other; empty when there are none.
    pub xml: String,
}

impl Settings for RawXml {
    const HOLDS_SETTINGS: bool = false;

    fn read_attribute(&mut self, _: &Attribute, _: &mut Reader) -> bool {
        false
    }

    fn multiplicity(&self, _: &str) -> ChildRead {
        ChildRead::Many
    }

    fn read_child(&mut self, child: &Node, cx: &mut Reader) {
        let text = cx.slice(child.span);
        let after_name = child.name_span.end - child.span.start;
        match cx.default_namespace.filter(|_| child.attribute("xmlns").is_none()) {
            // The text stands alone from here on; it keeps the namespace that it had.
            Some(namespace) => {
                let (name, rest) = text.split_at_checked(after_name).unwrap_or((text, ""));
                self.xml.push_str(&format!("{name} xmlns=\"{namespace}\"{rest}"));
            }
            None => self.xml.push_str(text),
        }
    }

    fn write(&self, _: &Self, out: &mut OutNode) {
        out.raw.clone_from(&self.xml);
    }

    fn describe(&self, _: &mut Description) {}
}

/// An element that is recognised but not modelled: its attributes and its content as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OtherElement {
    /// Name of the element.
    pub name: String,
    /// Names and values of its attributes, in file order.
    pub attributes: Vec<(String, String)>,
    /// Its child elements as text.
    pub content: RawXml,
}

impl OtherElement {
    pub(crate) fn read(node: &Node, cx: &mut Reader) -> OtherElement {
        let mut content = RawXml::default();
        node.children.iter().for_each(|child| content.read_child(child, cx));
        let attributes =
            node.attributes.iter().map(|a| (a.name.clone(), a.value.clone())).collect();
        OtherElement { name: node.name.clone(), attributes, content }
    }

    pub(crate) fn write(&self, out: &mut OutNode) {
        let child = out.child(&self.name);
        child.attributes = self.attributes.clone();
        child.raw.clone_from(&self.content.xml);
    }
}
