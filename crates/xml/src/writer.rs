//! From the tree to text.

use crate::document::{Document, EMPTY, Kind, NONE, XML};
use crate::name::NodeId;

/// Prefix and namespace of declarations that the text written so far has in scope.
type Scope = Vec<(u16, u16)>;

impl Document {
    /// Writes the whole document as UTF-8, without XML declaration.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        self.write_element_to(self.root().id(), out);
    }

    /// The whole document as text.
    pub fn to_xml(&self) -> String {
        let mut out = Vec::with_capacity(self.source.len() + self.extra.len());
        self.write_to(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    /// Writes one element so that the text stands alone: it declares every prefix that its names use.
    pub fn write_element_to(&self, element: NodeId, out: &mut Vec<u8>) {
        let mut scope = vec![(EMPTY, EMPTY), (XML, XML)];
        self.write_node(element.0, &mut scope, out);
    }

    /// Writes what is between the tags of an element; each top element declares every prefix that
    /// its names use.
    pub fn write_children_to(&self, element: NodeId, out: &mut Vec<u8>) {
        let mut child = self.node(element.0).first;
        while child != NONE {
            let mut scope = vec![(EMPTY, EMPTY), (XML, XML)];
            self.write_node(child, &mut scope, out);
            child = self.node(child).next;
        }
    }

    /// Without recursion: the depth of a tree may be a peer's choice.
    fn write_node(&self, top: u32, scope: &mut Scope, out: &mut Vec<u8>) {
        let mut marks = Vec::new();
        let mut at = top;
        loop {
            let node = self.node(at);
            if node.kind == Kind::Element {
                let mark = scope.len();
                self.write_start(at, scope, out);
                if node.first != NONE {
                    out.push(b'>');
                    marks.push(mark);
                    at = node.first;
                    continue;
                }
                if node.pair {
                    out.push(b'>');
                    self.write_end(at, out);
                } else {
                    out.extend_from_slice(b"/>");
                }
                scope.truncate(mark);
            } else {
                self.write_leaf(at, out);
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
                self.write_end(at, out);
                scope.truncate(marks.pop().unwrap_or_default());
            }
        }
    }

    fn write_name(&self, prefix: u16, local: &str, out: &mut Vec<u8>) {
        if prefix != EMPTY {
            out.extend_from_slice(self.prefix(prefix).as_bytes());
            out.push(b':');
        }
        out.extend_from_slice(local.as_bytes());
    }

    /// Everything of a start tag but its end.
    fn write_start(&self, at: u32, scope: &mut Scope, out: &mut Vec<u8>) {
        let node = self.node(at);
        out.push(b'<');
        self.write_name(node.prefix, self.str(node.content), out);
        let declarations = self.element_declarations(node);
        let attributes = self.element_attributes(node);
        for attribute in attributes {
            out.push(b' ');
            self.write_name(attribute.prefix, self.str(attribute.local), out);
            out.extend_from_slice(b"=\"");
            escape_attribute(self.str(attribute.value), out);
            out.push(b'"');
        }
        for declaration in declarations {
            self.write_declaration(declaration.prefix, declaration.namespace, out);
            scope.push((declaration.prefix, declaration.namespace));
        }
        let used = attributes.iter().filter(|a| a.prefix != EMPTY);
        let used = used.map(|a| (a.prefix, a.namespace));
        for (prefix, namespace) in std::iter::once((node.prefix, node.namespace)).chain(used) {
            let bound = scope.iter().rev().find(|(p, _)| *p == prefix);
            if bound.is_none_or(|(_, bound)| *bound != namespace) {
                self.write_declaration(prefix, namespace, out);
                scope.push((prefix, namespace));
            }
        }
    }

    fn write_declaration(&self, prefix: u16, namespace: u16, out: &mut Vec<u8>) {
        out.extend_from_slice(b" xmlns");
        if prefix != EMPTY {
            out.push(b':');
            out.extend_from_slice(self.prefix(prefix).as_bytes());
        }
        out.extend_from_slice(b"=\"");
        escape_attribute(self.namespace(namespace), out);
        out.push(b'"');
    }

    fn write_end(&self, at: u32, out: &mut Vec<u8>) {
        let node = self.node(at);
        out.extend_from_slice(b"</");
        self.write_name(node.prefix, self.str(node.content), out);
        out.push(b'>');
    }

    fn write_leaf(&self, at: u32, out: &mut Vec<u8>) {
        let node = self.node(at);
        let text = self.str(node.content);
        match node.kind {
            Kind::Text => escape_text(text, out),
            Kind::Comment => {
                out.extend_from_slice(b"<!--");
                out.extend_from_slice(text.as_bytes());
                out.extend_from_slice(b"-->");
            }
            Kind::ProcessingInstruction => {
                out.extend_from_slice(b"<?");
                out.extend_from_slice(text.as_bytes());
                out.extend_from_slice(b"?>");
            }
            Kind::Element => {}
        }
    }
}

/// Escapes character data as Canonical XML 1.0 §2.3 does, which any parser reads back unchanged.
pub(crate) fn escape_text(text: &str, out: &mut Vec<u8>) {
    escape(text, out, |b| match b {
        b'&' => Some(b"&amp;".as_slice()),
        b'<' => Some(b"&lt;"),
        b'>' => Some(b"&gt;"),
        b'\r' => Some(b"&#xD;"),
        _ => None,
    });
}

/// Escapes an attribute value between double quotes.
pub(crate) fn escape_attribute(text: &str, out: &mut Vec<u8>) {
    escape(text, out, |b| match b {
        b'&' => Some(b"&amp;".as_slice()),
        b'<' => Some(b"&lt;"),
        b'"' => Some(b"&quot;"),
        b'\t' => Some(b"&#x9;"),
        b'\n' => Some(b"&#xA;"),
        b'\r' => Some(b"&#xD;"),
        _ => None,
    });
}

fn escape(text: &str, out: &mut Vec<u8>, replace: impl Fn(u8) -> Option<&'static [u8]>) {
    let bytes = text.as_bytes();
    let mut done = 0;
    for (i, b) in bytes.iter().enumerate() {
        if *b <= b'>'
            && let Some(escaped) = replace(*b)
        {
            out.extend_from_slice(&bytes[done..i]);
            out.extend_from_slice(escaped);
            done = i + 1;
        }
    }
    out.extend_from_slice(&bytes[done..]);
}
