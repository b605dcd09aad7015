//! Extension data: elements of a later version of a contract, kept and written back (`IExtensibleDataObject`).

use waxwing_xml::{Element, NodeId};

use crate::values::XmlElement;
use crate::writer::Writer;

/// Members that a class does not know, and where they stood among those that it knows.
///
/// A struct that has a field `#[data_member(extension_data)]` of this type keeps what it does not know when it is read, and
/// writes it back in the same places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtensionData {
    members: Vec<(usize, XmlElement)>,
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
        self.members.iter().map(|(_, element)| element.element())
    }

    /// Keeps an element that comes before the known member number `before`.
    pub(crate) fn keep(&mut self, before: usize, element: Element<'_>) {
        self.members.push((before, XmlElement::copy_of(element)));
    }

    /// Writes what is kept before the known members `from` to `to`.
    #[doc(hidden)]
    pub fn write(&self, from: usize, to: usize, writer: &mut Writer<'_>, element: NodeId) {
        for (before, member) in &self.members {
            if (from..=to).contains(before) {
                writer.document().import(element, member.element());
            }
        }
    }
}
