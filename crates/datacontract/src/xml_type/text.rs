//! Simple types: values that are text.

use std::borrow::Cow;

use waxwing_xml::{Element, NodeId};

use crate::contract::DataContract;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{ReadError, WriteError};

/// A value of a simple type: it is text wherever it stands, in an attribute, in a list or in an element.
///
/// Implemented for the built-in types, for those of [`xsd`](super::xsd), and by `#[derive(XmlType)]` for enumerations, unions
/// and structs with one unnamed field.
pub trait XmlText: DataContract {
    /// The text. A qualified name declares its prefix on `element`.
    ///
    /// # Errors
    /// A value that has no text.
    fn write_text(
        &self,
        writer: &mut Writer<'_>,
        element: NodeId,
    ) -> Result<Cow<'_, str>, WriteError>;

    /// The value of a text, with the blanks around it. Qualified names are resolved where `element` stands.
    ///
    /// # Errors
    /// Text that is not of the type.
    fn read_text(text: &str, element: Element<'_>) -> Result<Self, ReadError>;
}

/// The items of a list (XML Schema Part 2 §2.5.1.2): their texts with one blank between them.
pub fn join_list<T: XmlText>(
    items: &[T],
    writer: &mut Writer<'_>,
    element: NodeId,
) -> Result<String, WriteError> {
    let mut text = String::new();
    for item in items {
        let item = item.write_text(writer, element)?;
        if item.is_empty() || item.contains(is_blank) {
            return Err(WriteError::custom(format!(
                "'{item}' cannot stand in a list: blanks separate its items."
            )));
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&item);
    }
    Ok(text)
}

/// The items of a list; each counts as an item of the graph.
pub(super) fn split_list<T: XmlText>(
    text: &str,
    reader: &mut Reader,
    element: Element<'_>,
) -> Result<Vec<T>, ReadError> {
    items(text)
        .map(|item| {
            reader.count()?;
            T::read_text(item, element)
        })
        .collect()
}

/// The items of a list that is a simple type itself: the length of its text is what bounds it.
pub fn list_of_text<T: XmlText>(text: &str, element: Element<'_>) -> Result<Vec<T>, ReadError> {
    items(text).map(|item| T::read_text(item, element)).collect()
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_blank).filter(|item| !item.is_empty())
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}
