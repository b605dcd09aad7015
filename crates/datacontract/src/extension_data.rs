//! Extension data: elements of a later version of a contract, kept and written back (`IExtensibleDataObject`).

use std::fmt;
use std::sync::Arc;

use waxwing_xml::{Document, Element, Name, NodeId};

use crate::values::declare_mentioned;
use crate::writer::Writer;

/// Members that a class does not know, and where they stood among those that it knows.
///
/// A struct that has a field `#[data_member(extension_data)]` of this type keeps what it does not know when it is read, and
/// writes it back in the same places.
#[derive(Clone, Default)]
pub struct ExtensionData {
    /// One document holds them all: a peer can send many small elements.
    holder: Option<Arc<Document>>,
    members: Vec<(usize, NodeId)>,
}

impl ExtensionData {
    /// Number of elements that are kept.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// True when nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The elements that are kept, in the order of the wire.
    pub fn elements(&self) -> impl Iterator<Item = Element<'_>> {
        self.placed().map(|(_, element)| element)
    }

    /// Keeps an element that comes before the known member number `before`.
    pub(crate) fn keep(&mut self, before: usize, element: Element<'_>) {
        let holder = self
            .holder
            .get_or_insert_with(|| Arc::new(Document::new(Name::local("ExtensionData"))));
        let document = Arc::make_mut(holder);
        let root = document.root().id();
        let copy = document.import(root, element);
        declare_mentioned(document, copy, element);
        self.members.push((before, copy));
    }

    /// Writes what is kept before the known members `from` to `to`.
    #[doc(hidden)]
    pub fn write(&self, from: usize, to: usize, writer: &mut Writer<'_>, element: NodeId) {
        for (before, member) in self.placed() {
            if (from..=to).contains(&before) {
                writer.document().import(element, member);
            }
        }
    }

    /// Each element with the number of the known member that it stood before.
    fn placed(&self) -> impl Iterator<Item = (usize, Element<'_>)> {
        let holder = self.holder.iter();
        holder.flat_map(|holder| {
            self.members.iter().map(|(before, id)| (*before, holder.element(*id)))
        })
    }
}

impl fmt::Debug for ExtensionData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.elements().map(|element| element.local_name())).finish()
    }
}

impl PartialEq for ExtensionData {
    fn eq(&self, other: &Self) -> bool {
        let text = |(before, element): (usize, Element<'_>)| {
            let mut text = Vec::new();
            element.document().write_element_to(element.id(), &mut text);
            (before, text)
        };
        self.placed().map(text).eq(other.placed().map(text))
    }
}

impl Eq for ExtensionData {}
