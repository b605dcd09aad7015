//! The tree: a flat arena of nodes over the source text. Nodes are never freed, so an id stays valid
//! as long as its document.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::Ordering;

use crate::arena::Arena;
use crate::lent::Lent;
use crate::name::{Name, Position, Span};
use crate::node::NodeData;

/// An XML document or message: read by [`Document::parse`] or built node by node.
///
/// The tree keeps prefixes, namespace declarations and the place of everything in the source.
/// Nodes are named by [`NodeId`](crate::NodeId); [`Element`](crate::Element) is the comfortable view
/// of one.
///
/// ```
/// use waxwing_xml::{Document, Limits, Name};
///
/// let mut document = Document::parse("<a xmlns='urn:a'><b>1</b></a>", &Limits::SOAP)?;
/// let root = document.root().id();
/// document.append_text_element(root, Name::new("", "b", "urn:a"), "2");
/// assert_eq!(document.to_xml(), r#"<a xmlns="urn:a"><b>1</b><b>2</b></a>"#);
/// # Ok::<(), waxwing_xml::ParseError>(())
/// ```
#[derive(Clone)]
pub struct Document {
    arena: Lent,
}

impl Deref for Document {
    type Target = Arena;

    #[doc(hidden)]
    fn deref(&self) -> &Arena {
        &self.arena
    }
}

impl DerefMut for Document {
    /// Whoever may change the tree comes through here.
    #[doc(hidden)]
    fn deref_mut(&mut self) -> &mut Arena {
        self.arena.is_as_read = false;
        &mut self.arena
    }
}

impl std::fmt::Debug for Document {
    /// Root and sizes, never the text: it may have been encrypted on the way here.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document")
            .field("root", &self.root())
            .field("nodes", &self.nodes.len())
            .field("source_bytes", &self.source.len())
            .finish_non_exhaustive()
    }
}

impl Document {
    /// A document whose root element is `name`, to be built.
    pub fn new(name: Name<'_>) -> Self {
        let mut document = Self::empty(32);
        let root = document.new_element(name);
        document.root = root.0;
        document
    }

    /// A document without root; `nodes` is a guess of how many nodes it will have.
    pub(crate) fn empty(nodes: usize) -> Self {
        Self { arena: Lent::new(nodes) }
    }

    /// Says that a key or a password is in it: all texts and octets are wiped when it is dropped, those of its copies too, and
    /// of the memory nothing serves another document. What an element of it is [imported](Self::import) into is said to hold one
    /// as well.
    pub fn hold_secret(&self) {
        self.secret.store(true, Ordering::Relaxed);
    }

    /// Whether somebody [said](Self::hold_secret) so.
    pub fn holds_secret(&self) -> bool {
        self.secret.load(Ordering::Relaxed)
    }

    /// How many octets of memory it holds, about: what those who keep many documents count.
    pub fn memory(&self) -> usize {
        let texts = self.source.len() + self.extra.len() + self.large.octets() + self.octets.len();
        let known = self.known.len() * size_of::<&str>();
        texts + known + self.nodes.len() * size_of::<NodeData>()
    }

    /// About how many octets of text it holds as it is written, markup left out: how much room its text needs.
    pub fn text_octets(&self) -> usize {
        let texts = self.source.len() + self.extra.len() + self.large.octets();
        texts + self.octets.len().div_ceil(3) * 4
    }

    /// The text that was parsed, fragments appended; empty for a document that was built.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it is as it was parsed: nothing was changed, added or taken out since, so that the text of an element
    /// in the [source](Self::source) and that of the tags around it say all there is to know of it. (What was passed over is
    /// not read for it.)
    pub fn is_as_read(&self) -> bool {
        self.is_as_read
    }

    /// The line and column of a byte offset of the source.
    pub fn position(&self, offset: u32) -> Position {
        Position::of(&self.source, offset as usize)
    }

    /// The text of a range of the source; empty when the range is not one of this document.
    pub fn source_of(&self, span: Span) -> &str {
        self.source.get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use crate::lent::kept;
    use crate::{Document, Limits, Name, NodeId, Value};

    #[test]
    fn a_document_is_as_it_was_read_until_somebody_changes_it() {
        let read = || Document::parse("<a><b c='1'>text</b></a>", &Limits::SOAP).expect("XML");
        let b = |document: &Document| document.root().first_element().expect("b").id();
        assert!(read().is_as_read() && read().clone().is_as_read());
        assert!(!Document::new(Name::local("a")).is_as_read());
        let changes: [fn(&mut Document, NodeId); 6] = [
            |document, b| document.set_attribute(b, Name::local("c"), "2"),
            |document, b| document.detach(b),
            |document, b| document.clear(b),
            |document, b| document.declare_namespace(b, "p", "urn:p"),
            |document, b| document.append_fragment(b, b"<d/>", &Limits::SOAP).expect("XML"),
            |document, b| drop(document.overwrite(b, b"<d/>")),
        ];
        for change in changes {
            let mut document = read();
            let b = b(&document);
            change(&mut document, b);
            assert!(!document.is_as_read() && !document.clone().is_as_read());
        }
    }

    #[test]
    fn nothing_of_a_document_is_in_the_next() {
        let mut first = Document::parse(
            "<p:a xmlns:p='urn:p' p:b='&amp;1'><q:c xmlns:q='urn:q'>text</q:c></p:a>",
            &Limits::SOAP,
        )
        .expect("well-formed");
        let root = first.root().id();
        first.append_value(root, Value::Octets(&[1, 2, 3]));
        drop(first);
        assert_eq!(kept::count(), [1, 0, 0]);
        let mut second = Document::new(Name::new("q", "d", "urn:p"));
        assert_eq!(kept::count(), [0, 0, 0]);
        let root = second.root().id();
        second.append_element(root, Name::new("p", "e", "urn:q"));
        assert_eq!(second.to_xml(), r#"<q:d xmlns:q="urn:p"><p:e xmlns:p="urn:q"/></q:d>"#);
        assert_eq!(second.source(), "");
        assert!(second.root().attributes().next().is_none() && second.root().value().is_none());
        let clone = second.clone();
        drop(second);
        assert_eq!(clone.to_xml(), r#"<q:d xmlns:q="urn:p"><p:e xmlns:p="urn:q"/></q:d>"#);
    }

    #[test]
    fn what_holds_a_secret_serves_nobody_else_and_neither_do_its_copies() {
        let parse = || Document::parse("<a><b>key</b></a>", &Limits::SOAP).expect("well-formed");
        let (usual, secret) = (parse(), parse());
        drop(usual);
        assert_eq!(kept::count(), [1, 0, 0]);
        secret.hold_secret();
        let (copy, mut other, mut third) =
            (secret.clone(), Document::new(Name::local("c")), Document::new(Name::local("d")));
        assert_eq!(kept::count(), [0; 3]);
        other.import(other.root().id(), secret.root());
        third.import(third.root().id(), other.root());
        let text = "<d><c><a><b>key</b></a></c></d>";
        assert_eq!((third.to_xml().as_str(), copy.to_xml()), (text, secret.to_xml()));
        drop((secret, copy, other, third));
        assert_eq!(kept::count(), [0; 3]);
    }

    #[test]
    fn what_is_wiped_is_gone() {
        let mut document = Document::parse("<a>key&amp;</a>", &Limits::SOAP).expect("well-formed");
        let root = document.root().id();
        document.append_value(root, Value::Octets(b"key"));
        for size in [4, 70_000] {
            document.append_text(root, &"key".repeat(size));
            document.append_value(root, Value::Octets(&b"key".repeat(size)));
        }
        document.wipe();
        let texts = document.source.len() + document.extra.len() + document.large.octets();
        assert_eq!((texts, document.octets.len()), (0, 0));
    }

    #[test]
    fn a_thread_keeps_a_bounded_number_of_bounded_arenas() {
        let document = |children: usize| {
            let text = format!("<a>{}</a>", "<b c='1'>text</b>".repeat(children));
            Document::parse(text, &Limits::SOAP).expect("well-formed")
        };
        let all: Vec<_> =
            (0..100).flat_map(|_| [document(3), document(100), document(2000)]).collect();
        drop(all);
        assert_eq!(kept::count(), kept::most());
        let before = kept::octets();
        assert!(before <= kept::most_octets());
        drop(document(40_000));
        assert!(kept::octets() <= before, "a large one is not kept");
        let names = (0..100).map(|n| format!(" xmlns:p{n}='urn:{n}'")).collect::<String>();
        let many = Document::parse(format!("<a{names}/>"), &Limits::SOAP).expect("well-formed");
        let left: usize = kept::count().iter().sum();
        drop(many);
        assert_eq!(kept::count().iter().sum::<usize>(), left, "neither is one with many names");
    }
}
