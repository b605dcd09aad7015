//! Exclusive XML Canonicalization 1.0 (<http://www.w3.org/TR/xml-exc-c14n/>).
//!
//! The canonical form goes into a [`Sink`] (a digest, say) in large pieces while the tree is walked;
//! no canonical text is built.

use smallvec::SmallVec;

use crate::document::{AttributeData, Document, EMPTY, Kind, NONE, XML};
use crate::element::Element;
use crate::name::NodeId;
use crate::writer::{escape_attribute, escape_text};

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
    /// Nodes that are left out with everything in them, as if they were not in the tree.
    pub omit: &'a [NodeId],
}

/// How many octets are collected before the sink gets them.
const CHUNK: usize = 4096;

/// Writes the canonical form of an element and everything in it into a sink.
pub fn canonicalize(element: Element<'_>, parameters: &Exclusive<'_>, sink: &mut impl Sink) {
    let document = element.document();
    let mut walk = Walk {
        document,
        parameters,
        rendered: SmallVec::new(),
        inclusive: SmallVec::new(),
        out: Vec::with_capacity(CHUNK + 1024),
    };
    walk.collect_inclusive();
    walk.run(element.id().0, sink);
    sink.write(&walk.out);
}

struct Walk<'a> {
    document: &'a Document,
    parameters: &'a Exclusive<'a>,
    /// Namespaces rendered by the output ancestors, innermost last.
    rendered: SmallVec<[(u16, u16); 16]>,
    /// The indices of the inclusive prefixes that the document knows.
    inclusive: SmallVec<[u16; 4]>,
    out: Vec<u8>,
}

impl Walk<'_> {
    fn collect_inclusive(&mut self) {
        for wanted in self.parameters.inclusive_prefixes {
            let wanted = if *wanted == "#default" { "" } else { wanted };
            let known = 0..self.document.prefixes.len() as u16;
            self.inclusive.extend(known.filter(|i| self.document.prefix(*i) == wanted).take(1));
        }
    }

    fn run(&mut self, top: u32, sink: &mut impl Sink) {
        let mut marks: SmallVec<[usize; 32]> = SmallVec::new();
        let mut at = top;
        loop {
            if self.out.len() >= CHUNK {
                sink.write(&self.out);
                self.out.clear();
            }
            let node = self.document.node(at);
            let left_out = self.parameters.omit.iter().any(|n| n.0 == at);
            if node.kind == Kind::Element && !left_out {
                marks.push(self.rendered.len());
                self.start(at, at == top);
                if node.first != NONE {
                    at = node.first;
                    continue;
                }
                self.end(at, &mut marks);
            } else if !left_out {
                self.leaf(at);
            }
            loop {
                if at == top {
                    return;
                }
                let node = self.document.node(at);
                if node.next != NONE {
                    at = node.next;
                    break;
                }
                at = node.parent;
                self.end(at, &mut marks);
            }
        }
    }

    fn name(&mut self, prefix: u16, local: &str) {
        if prefix != EMPTY {
            self.out.extend_from_slice(self.document.prefix(prefix).as_bytes());
            self.out.push(b':');
        }
        self.out.extend_from_slice(local.as_bytes());
    }

    fn start(&mut self, at: u32, apex: bool) {
        let document = self.document;
        let node = document.node(at);
        let attributes = document.element_attributes(node);
        self.out.push(b'<');
        self.name(node.prefix, document.str(node.content));

        let mut namespaces: SmallVec<[(u16, u16); 8]> = SmallVec::new();
        self.use_namespace(node.prefix, node.namespace, &mut namespaces);
        for attribute in attributes.iter().filter(|a| a.prefix != EMPTY) {
            self.use_namespace(attribute.prefix, attribute.namespace, &mut namespaces);
        }
        self.use_inclusive(at, apex, &mut namespaces);
        namespaces.sort_unstable_by_key(|(prefix, _)| document.prefix(*prefix));
        for (prefix, namespace) in &namespaces {
            self.out.extend_from_slice(b" xmlns");
            if *prefix != EMPTY {
                self.out.push(b':');
                self.out.extend_from_slice(document.prefix(*prefix).as_bytes());
            }
            self.out.extend_from_slice(b"=\"");
            escape_attribute(document.namespace(*namespace), &mut self.out);
            self.out.push(b'"');
        }
        self.attributes(attributes);
        self.out.push(b'>');
    }

    /// A visibly utilized namespace (Exclusive Canonicalization §3).
    fn use_namespace(
        &mut self,
        prefix: u16,
        namespace: u16,
        found: &mut SmallVec<[(u16, u16); 8]>,
    ) {
        if prefix == XML {
            return;
        }
        let rendered = self.rendered.iter().rev().find(|(p, _)| *p == prefix).map(|(_, n)| *n);
        let needed = match rendered {
            Some(rendered) => rendered != namespace,
            None => prefix != EMPTY || namespace != EMPTY,
        };
        if needed {
            self.rendered.push((prefix, namespace));
            found.push((prefix, namespace));
        }
    }

    /// Prefixes of the InclusiveNamespaces list: in scope at the apex, declared further down.
    fn use_inclusive(&mut self, at: u32, apex: bool, found: &mut SmallVec<[(u16, u16); 8]>) {
        let document = self.document;
        for i in 0..self.inclusive.len() {
            let prefix = self.inclusive[i];
            let bound = if apex {
                document.in_scope(at, document.prefix(prefix))
            } else {
                let own = document.element_declarations(document.node(at)).iter();
                own.rev().find(|d| d.prefix == prefix).map(|d| d.namespace)
            };
            if let Some(namespace) = bound {
                self.use_namespace(prefix, namespace, found);
            }
        }
    }

    fn attributes(&mut self, attributes: &[AttributeData]) {
        let document = self.document;
        let mut order: SmallVec<[&AttributeData; 8]> = attributes.iter().collect();
        if order.len() > 1 {
            order.sort_by(|a, b| {
                let namespaces =
                    document.namespace(a.namespace).cmp(document.namespace(b.namespace));
                namespaces.then_with(|| document.str(a.local).cmp(document.str(b.local)))
            });
        }
        for attribute in order {
            self.out.push(b' ');
            self.name(attribute.prefix, document.str(attribute.local));
            self.out.extend_from_slice(b"=\"");
            escape_attribute(document.str(attribute.value), &mut self.out);
            self.out.push(b'"');
        }
    }

    fn end(&mut self, at: u32, marks: &mut SmallVec<[usize; 32]>) {
        let node = self.document.node(at);
        self.out.extend_from_slice(b"</");
        self.name(node.prefix, self.document.str(node.content));
        self.out.push(b'>');
        self.rendered.truncate(marks.pop().unwrap_or_default());
    }

    fn leaf(&mut self, at: u32) {
        let node = self.document.node(at);
        let text = self.document.str(node.content);
        match node.kind {
            Kind::Text => escape_text(text, &mut self.out),
            Kind::Comment if self.parameters.with_comments => {
                self.out.extend_from_slice(b"<!--");
                self.out.extend_from_slice(text.as_bytes());
                self.out.extend_from_slice(b"-->");
            }
            Kind::ProcessingInstruction => {
                self.out.extend_from_slice(b"<?");
                self.out.extend_from_slice(text.as_bytes());
                self.out.extend_from_slice(b"?>");
            }
            _ => {}
        }
    }
}
