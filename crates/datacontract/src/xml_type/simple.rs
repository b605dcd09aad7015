//! Simple types in an element of their own, and the errors of enumerations, unions and choices.

use waxwing_xml::{Element, NodeId};

use super::text::XmlText;
use crate::name::ContractName;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{ReadError, WriteError};

/// Writes a simple type as the text of `element`.
pub fn write_simple<T: XmlText>(
    value: &T,
    writer: &mut Writer<'_>,
    element: NodeId,
) -> Result<(), WriteError> {
    let text = value.write_text(writer, element)?;
    if text.is_empty() {
        writer.document().set_start_end_pair(element, true);
    }
    writer.text(element, &text)
}

/// Reads a simple type from the text of `element`.
pub fn read_simple<T: XmlText>(reader: &mut Reader, element: Element<'_>) -> Result<T, ReadError> {
    let text = reader.string(element, "System.String")?;
    T::read_text(&text, element)
}

/// The error of a text that is none of an enumeration's, in XmlSerializer's words.
pub fn not_a_member(text: &str, name: &ContractName) -> ReadError {
    ReadError::custom(format!(
        "Instance validation error: '{text}' is not a valid value for {}.",
        name.local
    ))
}

/// The error of a text that is of none of a union's types.
pub fn not_in_union(text: &str, name: &ContractName) -> ReadError {
    ReadError::custom(format!("'{text}' is of none of the types of the union '{}'.", name.local))
}

/// The error of an element without `xsi:type` whose declared type is abstract, in XmlSerializer's words.
pub fn abstract_type(reader: &Reader, element: Element<'_>, name: &ContractName) -> ReadError {
    let error = ReadError::custom(format!(
        "The specified type is abstract: name='{}', namespace='{}', at {}. An element of it says with xsi:type which \
         derived type its content is of.",
        name.local,
        name.namespace,
        tag(element)
    ));
    error.at(reader.start(element))
}

/// The error of an `xsi:type` that no type here has, in XmlSerializer's words.
pub fn unrecognized_type(reader: &Reader, element: Element<'_>, name: &ContractName) -> ReadError {
    let error = ReadError::custom(format!(
        "The specified type was not recognized: name='{}', namespace='{}', at {}.",
        name.local,
        name.namespace,
        tag(element)
    ));
    error.at(reader.start(element))
}

/// An element as XmlSerializer's errors show it.
fn tag(element: Element<'_>) -> String {
    match element.namespace() {
        "" => format!("<{} xmlns=''>", element.local_name()),
        namespace => format!("<{} xmlns='{namespace}'>", element.local_name()),
    }
}

/// The error of a choice of which nothing is there.
pub fn empty_choice(choice: &str, element: Element<'_>) -> ReadError {
    ReadError::custom(format!(
        "'{}' has none of the elements of the choice '{choice}'. Declare it as Option.",
        element.local_name()
    ))
}
