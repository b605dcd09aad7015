//! The buffers of a document. Documents come and go with every message: the buffers of those that are gone serve the next,
//! on the thread where they were dropped.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

use crate::document::{AttributeData, NONE, NodeData, Tag};
use crate::intern::Names;
use crate::values::Valued;

/// What a document consists of.
#[doc(hidden)]
#[derive(Debug)]
pub struct Arena {
    pub(crate) source: String,
    pub(crate) extra: String,
    pub(crate) nodes: Vec<NodeData>,
    /// The first one is shared by all elements without attributes and declarations.
    pub(crate) tags: Vec<Tag>,
    pub(crate) attributes: Vec<AttributeData>,
    /// Indices of bindings.
    pub(crate) declarations: Vec<u16>,
    /// What texts were made of that are not just text.
    pub(crate) values: Vec<Valued>,
    /// The octets of values that are octets.
    pub(crate) octets: Vec<u8>,
    /// Strings of dictionaries, which every program has: names and texts.
    pub(crate) known: Vec<&'static str>,
    pub(crate) names: Names,
    pub(crate) root: u32,
}

impl Arena {
    fn new() -> Self {
        Self {
            source: String::new(),
            extra: String::new(),
            nodes: Vec::new(),
            tags: Vec::with_capacity(16),
            attributes: Vec::new(),
            declarations: Vec::with_capacity(16),
            values: Vec::new(),
            octets: Vec::new(),
            known: Vec::new(),
            names: Names::new(),
            root: NONE,
        }
    }

    /// As it was when it was new, but for the room in it.
    fn clear(&mut self) {
        self.source = String::new();
        self.extra.clear();
        self.nodes.clear();
        self.tags.clear();
        self.attributes.clear();
        self.declarations.clear();
        self.values.clear();
        self.octets.clear();
        self.known.clear();
        self.names.clear();
        self.root = NONE;
    }

    /// The octets that are held when it is cleared.
    fn capacity(&self) -> usize {
        self.extra.capacity()
            + self.nodes.capacity() * size_of::<NodeData>()
            + self.tags.capacity() * size_of::<Tag>()
            + self.attributes.capacity() * size_of::<AttributeData>()
            + self.declarations.capacity() * size_of::<u16>()
            + self.values.capacity() * size_of::<Valued>()
            + self.octets.capacity()
            + self.known.capacity() * size_of::<&str>()
    }

    fn copy(&mut self, other: &Self) {
        self.source.clone_from(&other.source);
        self.extra.clone_from(&other.extra);
        self.nodes.clone_from(&other.nodes);
        self.tags.clone_from(&other.tags);
        self.attributes.clone_from(&other.attributes);
        self.declarations.clone_from(&other.declarations);
        self.values.clone_from(&other.values);
        self.octets.clone_from(&other.octets);
        self.known.clone_from(&other.known);
        self.names.copy(&other.names);
        self.root = other.root;
    }
}

/// How many arenas of each size a thread keeps.
const KEPT: usize = 16;

/// Arenas up to so many octets are kept for small documents, and those up to so many for usual ones. A document that lives
/// long (in a window of retransmissions) is mostly a small one, and must not hold the room of a large one.
const SIZES: [usize; 2] = [4 << 10, 64 << 10];

/// Documents of more nodes than this are not small.
const SMALL: usize = 48;

#[allow(clippy::vec_box, reason = "they are lent as they are kept, and are not moved for it")]
struct Kept([Vec<Box<Arena>>; 2]);

thread_local! {
    static ARENAS: RefCell<Kept> = const { RefCell::new(Kept([Vec::new(), Vec::new()])) };
}

/// An arena, for as long as a document needs it.
pub(crate) struct Lent(Option<Box<Arena>>);

impl Lent {
    /// An empty one, for so many nodes.
    pub(crate) fn new(nodes: usize) -> Self {
        let size = usize::from(nodes > SMALL);
        let kept = ARENAS.try_with(|arenas| arenas.borrow_mut().0[size].pop()).ok().flatten();
        let mut arena = kept.unwrap_or_else(|| Box::new(Arena::new()));
        arena.nodes.reserve(nodes);
        arena.tags.push(Tag::default());
        Self(Some(arena))
    }
}

impl Clone for Lent {
    fn clone(&self) -> Self {
        let mut clone = Self::new(self.nodes.len());
        clone.copy(self);
        clone
    }
}

impl Deref for Lent {
    type Target = Arena;

    fn deref(&self) -> &Arena {
        self.0.as_ref().expect("there until it is dropped")
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut Arena {
        self.0.as_mut().expect("there until it is dropped")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(mut arena) = self.0.take() else { return };
        let capacity = arena.capacity();
        let Some(size) = SIZES.iter().position(|most| capacity <= *most) else { return };
        if !arena.names.is_usual() {
            return;
        }
        arena.clear();
        // A thread that ends keeps nothing.
        let _ = ARENAS.try_with(|arenas| {
            let kept = &mut arenas.borrow_mut().0[size];
            if kept.len() < KEPT {
                kept.push(arena);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::{Document, Limits, Name, Value};

    fn kept() -> [usize; 2] {
        super::ARENAS.with_borrow(|arenas| [arenas.0[0].len(), arenas.0[1].len()])
    }

    fn capacity() -> usize {
        super::ARENAS
            .with_borrow(|arenas| arenas.0.iter().flatten().map(|arena| arena.capacity()).sum())
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
        assert_eq!(kept(), [1, 0]);
        let mut second = Document::new(Name::new("q", "d", "urn:p"));
        assert_eq!(kept(), [0, 0]);
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
    fn a_thread_keeps_a_bounded_number_of_bounded_arenas() {
        let document = |children: usize| {
            let text = format!("<a>{}</a>", "<b c='1'>text</b>".repeat(children));
            Document::parse(text, &Limits::SOAP).expect("well-formed")
        };
        let all: Vec<_> = (0..100).flat_map(|_| [document(3), document(100)]).collect();
        drop(all);
        assert_eq!(kept(), [super::KEPT; 2]);
        let before = capacity();
        assert!(before <= super::KEPT * (super::SIZES[0] + super::SIZES[1]));
        drop(document(10_000));
        assert!(capacity() <= before, "a large one is not kept");
        let names = (0..100).map(|n| format!(" xmlns:p{n}='urn:{n}'")).collect::<String>();
        let many = Document::parse(format!("<a{names}/>"), &Limits::SOAP).expect("well-formed");
        let left: usize = kept().iter().sum();
        drop(many);
        assert_eq!(kept().iter().sum::<usize>(), left, "neither is one with many names");
    }
}
