//! Members of a struct: elements, lists, arrays, wildcards and text, by how often they occur.

use waxwing_xml::{Element, NodeId};

use super::content::is_filler;
use super::text::{XmlText, join_list, split_list};
use crate::contract::DataContract;
use crate::name::ContractName;
use crate::reader::{Reader, is_nil};
use crate::values::XmlElement;
use crate::writer::Writer;
use crate::{ReadError, WriteError};

/// The place of a member that occurs once at most.
pub struct Single<T> {
    seen: bool,
    /// What was read; none for nil, and for an empty element that stands for a default.
    pub value: Option<T>,
}

impl<T> Default for Single<T> {
    fn default() -> Self {
        Self { seen: false, value: None }
    }
}

impl<T> Single<T> {
    /// True when the member has its element.
    pub fn is_seen(&self) -> bool {
        self.seen
    }

    fn wants(&self, name: &ContractName, child: Element<'_>) -> bool {
        !self.seen && child.is(&name.namespace, &name.local)
    }

    fn put(&mut self, value: Option<T>) -> bool {
        self.seen = true;
        self.value = value;
        true
    }
}

impl<T: DataContract> Single<T> {
    /// Reads the element if it has this name and is the first one.
    pub fn take(
        &mut self,
        name: &ContractName,
        reader: &mut Reader,
        child: Element<'_>,
    ) -> Result<bool, ReadError> {
        if !self.wants(name, child) {
            return Ok(false);
        }
        Ok(self.put(Some(reader.child(child)?)))
    }

    /// The same of an `Option`: nil is none, unless the type has a null of its own.
    pub fn take_optional(
        &mut self,
        name: &ContractName,
        reader: &mut Reader,
        child: Element<'_>,
    ) -> Result<bool, ReadError> {
        if self.wants(name, child) && is_nil(child) && T::null().is_none() {
            reader.count()?;
            return Ok(self.put(None));
        }
        self.take(name, reader, child)
    }

    /// The same of a member with a default, which an empty element stands for.
    pub fn take_or_default(
        &mut self,
        name: &ContractName,
        reader: &mut Reader,
        child: Element<'_>,
    ) -> Result<bool, ReadError> {
        if self.wants(name, child) && (child.is_empty() || is_nil(child)) {
            reader.count()?;
            return Ok(self.put(None));
        }
        self.take(name, reader, child)
    }

    /// The value, or that of a member that is not there.
    pub fn required(self, reader: &Reader, name: &str) -> Result<T, ReadError> {
        self.value.map_or_else(|| reader.missing(name), Ok)
    }
}

/// The value that the text of a default says.
pub fn default_value<T: XmlText>(
    value: Option<T>,
    default: &str,
    element: Element<'_>,
) -> Result<T, ReadError> {
    value.map_or_else(|| T::read_text(default, element), Ok)
}

/// True for a value whose text is the default's: it is not written.
pub fn is_default<T: XmlText>(
    value: &T,
    default: &str,
    writer: &mut Writer<'_>,
    element: NodeId,
) -> Result<bool, WriteError> {
    Ok(value.write_text(writer, element)? == default)
}

/// Reads the element of a repeated member.
pub fn take_many<T: DataContract>(
    items: &mut Vec<T>,
    name: &ContractName,
    reader: &mut Reader,
    child: Element<'_>,
) -> Result<bool, ReadError> {
    if !child.is(&name.namespace, &name.local) {
        return Ok(false);
    }
    items.push(reader.child(child)?);
    Ok(true)
}

/// Reads an element that holds one element for each item (`XmlArray`, `XmlArrayItem`); other elements in it are skipped.
pub fn take_array<T: DataContract>(
    slot: &mut Single<Vec<T>>,
    [name, item]: [&ContractName; 2],
    reader: &mut Reader,
    child: Element<'_>,
) -> Result<bool, ReadError> {
    if !slot.wants(name, child) {
        return Ok(false);
    }
    reader.count()?;
    if is_nil(child) {
        return Ok(slot.put(None));
    }
    let mut items = Vec::new();
    for element in child.elements() {
        take_many(&mut items, item, reader, element)
            .map_err(|error| error.inside(child.local_name()))?;
    }
    Ok(slot.put(Some(items)))
}

/// Reads an element whose text is a list.
pub fn take_list<T: XmlText>(
    slot: &mut Single<Vec<T>>,
    name: &ContractName,
    reader: &mut Reader,
    child: Element<'_>,
) -> Result<bool, ReadError> {
    if !slot.wants(name, child) {
        return Ok(false);
    }
    reader.count()?;
    if is_nil(child) {
        return Ok(slot.put(None));
    }
    let items = reader
        .string(child, "System.String")
        .and_then(|text| split_list(&text, reader, child))
        .map_err(|error| error.inside(child.local_name()))?;
    Ok(slot.put(Some(items)))
}

/// The list that was read, or none.
pub fn finish_list<T>(slot: Single<Vec<T>>) -> Vec<T> {
    slot.value.unwrap_or_default()
}

/// Keeps an element that no member names.
pub fn take_any(
    kept: &mut Vec<XmlElement>,
    most: usize,
    reader: &mut Reader,
    child: Element<'_>,
) -> Result<bool, ReadError> {
    if kept.len() >= most {
        return Ok(false);
    }
    kept.push(keep_any(reader, child)?);
    Ok(true)
}

/// Keeps an element as it is.
pub fn keep_any(reader: &mut Reader, child: Element<'_>) -> Result<XmlElement, ReadError> {
    reader.count()?;
    Ok(XmlElement::copy_of(child))
}

/// Writes an element that was kept.
pub fn write_any(
    element: &XmlElement,
    writer: &mut Writer<'_>,
    parent: NodeId,
) -> Result<(), WriteError> {
    writer.count()?;
    writer.document().import(parent, element.element());
    Ok(())
}

/// Puts a piece of text to what was read of a member that is text; white space beside elements is none.
pub fn collect_text(
    text: &mut Option<String>,
    reader: &Reader,
    piece: &str,
    mixed: bool,
) -> Result<bool, ReadError> {
    if is_filler(piece, mixed) {
        return Ok(false);
    }
    let text = text.get_or_insert_default();
    text.push_str(piece);
    reader.check_string(text)?;
    Ok(true)
}

/// The value of a piece of text in mixed content.
pub fn mixed_text<T: XmlText>(
    reader: &mut Reader,
    element: Element<'_>,
    text: &str,
) -> Result<T, ReadError> {
    reader.count()?;
    reader.check_string(text)?;
    T::read_text(text, element)
}

/// The value of a member that is text; nothing there is the empty text.
pub fn finish_text<T: XmlText>(text: Option<String>, element: Element<'_>) -> Result<T, ReadError> {
    T::read_text(&text.unwrap_or_default(), element)
}

/// The value of a member that is text and a list.
pub fn text_list<T: XmlText>(
    text: Option<String>,
    reader: &mut Reader,
    element: Element<'_>,
) -> Result<Vec<T>, ReadError> {
    split_list(&text.unwrap_or_default(), reader, element)
}

/// Writes the value of a member that is text.
pub fn write_text<T: XmlText>(
    value: &T,
    writer: &mut Writer<'_>,
    element: NodeId,
) -> Result<(), WriteError> {
    let text = value.write_text(writer, element)?;
    writer.text(element, &text)
}

/// Writes the value of a member that is text and a list.
pub fn write_text_list<T: XmlText>(
    items: &[T],
    writer: &mut Writer<'_>,
    element: NodeId,
) -> Result<(), WriteError> {
    let text = join_list(items, writer, element)?;
    writer.text(element, &text)
}

/// The element that a wildcard has to have.
pub fn required_any(kept: Vec<XmlElement>, name: &str) -> Result<XmlElement, ReadError> {
    kept.into_iter().next().ok_or_else(|| {
        ReadError::custom(format!("'{name}' has no element. Declare it as Option.")).inside(name)
    })
}

/// Writes elements of which each is counted and named.
pub struct Written;

impl Written {
    /// Writes `value` as an element, unless it is none.
    pub fn optional<T: DataContract>(
        value: &Option<T>,
        name: &ContractName,
        writer: &mut Writer<'_>,
        element: NodeId,
    ) -> Result<(), WriteError> {
        value.iter().try_for_each(|value| writer.child(element, name, value))
    }

    /// Writes one element for each value.
    pub fn many<T: DataContract>(
        values: &[T],
        name: &ContractName,
        writer: &mut Writer<'_>,
        element: NodeId,
    ) -> Result<(), WriteError> {
        values.iter().try_for_each(|value| writer.child(element, name, value))
    }
}

/// Writes an element without content.
pub fn write_empty(
    name: &ContractName,
    writer: &mut Writer<'_>,
    element: NodeId,
) -> Result<(), WriteError> {
    writer.inner(element, name, |_, _| Ok(()))
}

/// Writes an element with one element for each item.
pub fn write_array<T: DataContract>(
    items: &[T],
    [name, item]: [&ContractName; 2],
    writer: &mut Writer<'_>,
    element: NodeId,
) -> Result<(), WriteError> {
    let result = writer.inner(element, name, |writer, array| {
        writer.declare_default(array, &item.namespace);
        Written::many(items, item, writer, array)
    });
    result.map_err(|error| error.inside(&name.local))
}

/// Writes an element whose text is a list.
pub fn write_list<T: XmlText>(
    items: &[T],
    name: &ContractName,
    writer: &mut Writer<'_>,
    element: NodeId,
) -> Result<(), WriteError> {
    let result = writer.inner(element, name, |writer, list| {
        let text = join_list(items, writer, list)?;
        writer.text(list, &text)
    });
    result.map_err(|error| error.inside(&name.local))
}
