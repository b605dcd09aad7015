//! What stands inside an element: attributes, child elements and text, offered one by one to who may take them.

use waxwing_xml::{Attribute, Element, Node, NodeId};

use crate::describe::{TypeDescriptions, XmlTypeDescription};
use crate::lexical::is_blank;
use crate::name::namespaces;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{ReadError, WriteError};

/// How an attribute or an element is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// False first: members that say its name. True if none took it: wildcards.
    pub wildcard: bool,
    /// Only members from the last one on that took something, in the order of declaration.
    pub in_sequence: bool,
}

/// The content of an element, or, as a group, a base type or a choice, a part of it.
///
/// Implemented by `#[derive(XmlType)]`. Reading offers what is there; what nobody takes is skipped, as XmlSerializer does.
pub trait XmlContent: Sized {
    /// What was read so far.
    type Slots: Default;

    /// Offers an attribute of `element`: whether it was taken.
    ///
    /// # Errors
    /// A value that is not of the attribute's type.
    fn take_attribute(
        _slots: &mut Self::Slots,
        _reader: &mut Reader,
        _element: Element<'_>,
        _attribute: &Attribute<'_>,
        _offer: Offer,
    ) -> Result<bool, ReadError> {
        Ok(false)
    }

    /// Offers a child element: whether it was taken.
    ///
    /// # Errors
    /// Content that is not of the member's type.
    fn take_element(
        slots: &mut Self::Slots,
        reader: &mut Reader,
        child: Element<'_>,
        offer: Offer,
    ) -> Result<bool, ReadError>;

    /// Offers a piece of text; `mixed` when there are elements beside it: whether it was taken.
    ///
    /// # Errors
    /// A limit.
    fn take_text(
        _slots: &mut Self::Slots,
        _reader: &mut Reader,
        _element: Element<'_>,
        _text: &str,
        _mixed: bool,
    ) -> Result<bool, ReadError> {
        Ok(false)
    }

    /// Describes what stands inside; without a word, that may be anything.
    fn describe_content(_types: &mut TypeDescriptions) -> XmlTypeDescription {
        XmlTypeDescription::anything()
    }

    /// True while nothing was taken.
    fn is_untouched(slots: &Self::Slots) -> bool;

    /// Makes the value of what was taken out of `element`.
    ///
    /// # Errors
    /// A missing member of a type that has no default.
    fn finish(
        slots: Self::Slots,
        reader: &mut Reader,
        element: Element<'_>,
    ) -> Result<Self, ReadError>;

    /// Writes the attributes.
    ///
    /// # Errors
    /// See [`write`](crate::DataContract::write).
    fn write_attributes(
        &self,
        _writer: &mut Writer<'_>,
        _element: NodeId,
    ) -> Result<(), WriteError> {
        Ok(())
    }

    /// Writes child elements and text.
    ///
    /// # Errors
    /// See [`write`](crate::DataContract::write).
    fn write_content(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError>;
}

/// Describes a group or a choice that is a part of another type.
pub fn describe_part<T: XmlContent>(types: &mut TypeDescriptions) -> XmlTypeDescription {
    types.deeper(T::describe_content).unwrap_or_else(XmlTypeDescription::anything)
}

/// Reads all of `element` into one value.
pub fn read_type<T: XmlContent>(reader: &mut Reader, element: Element<'_>) -> Result<T, ReadError> {
    let mut slots = T::Slots::default();
    for attribute in element.attributes() {
        if attribute.name().namespace == namespaces::XSI {
            continue;
        }
        for wildcard in [false, true] {
            let offer = Offer { wildcard, in_sequence: false };
            let taken = T::take_attribute(&mut slots, reader, element, &attribute, offer);
            if taken.map_err(|error| error.inside(&format!("@{}", attribute.name().local)))? {
                break;
            }
        }
    }
    let mixed = element.first_element().is_some();
    // A piece of text ends where an element begins; comments and CDATA do not divide it.
    let mut text = String::new();
    for node in element.children() {
        match node {
            Node::Text(piece) => text.push_str(piece),
            Node::Element(child) => {
                flush::<T>(&mut slots, reader, element, &mut text, mixed)?;
                for wildcard in [false, true] {
                    let offer = Offer { wildcard, in_sequence: false };
                    if T::take_element(&mut slots, reader, child, offer)? {
                        break;
                    }
                }
            }
            Node::Comment(_) | Node::ProcessingInstruction(_) => {}
        }
    }
    flush::<T>(&mut slots, reader, element, &mut text, mixed)?;
    T::finish(slots, reader, element)
}

/// Offers the text that came together; what nobody takes is skipped.
fn flush<T: XmlContent>(
    slots: &mut T::Slots,
    reader: &mut Reader,
    element: Element<'_>,
    text: &mut String,
    mixed: bool,
) -> Result<(), ReadError> {
    if !text.is_empty() {
        T::take_text(slots, reader, element, text, mixed)?;
        text.clear();
    }
    Ok(())
}

/// Writes a value as attributes and content of `element`, whose members are in `namespace`.
pub fn write_type<T: XmlContent>(
    value: &T,
    namespace: &'static str,
    writer: &mut Writer<'_>,
    element: NodeId,
) -> Result<(), WriteError> {
    writer.declare_default(element, namespace);
    value.write_attributes(writer, element)?;
    value.write_content(writer, element)
}

/// Offers something to members by their index: from the last one on that took something, then, unless the order counts,
/// those before it.
pub fn each_member(
    last: &mut usize,
    members: usize,
    in_sequence: bool,
    mut take: impl FnMut(usize) -> Result<bool, ReadError>,
) -> Result<bool, ReadError> {
    let first = *last;
    let before = if in_sequence { 0..0 } else { 0..first };
    for index in (first..members).chain(before) {
        if take(index)? {
            *last = index;
            return Ok(true);
        }
    }
    Ok(false)
}

/// True for text between elements that says nothing.
pub(super) fn is_filler(text: &str, mixed: bool) -> bool {
    mixed && is_blank(text)
}
