//! Attributes: those with a name, and those that a wildcard keeps.

use waxwing_xml::{Attribute, Element, NodeId};

use super::text::{XmlText, join_list, split_list};
use crate::name::ContractName;
use crate::reader::Reader;
use crate::values::QName;
use crate::writer::Writer;
use crate::{ReadError, WriteError};

/// Reads the value of an attribute if it has this name.
pub fn read_attribute<T: XmlText>(
    slot: &mut Option<T>,
    name: &ContractName,
    reader: &Reader,
    element: Element<'_>,
    attribute: &Attribute<'_>,
) -> Result<bool, ReadError> {
    if slot.is_some() || !attribute.is(&name.namespace, &name.local) {
        return Ok(false);
    }
    reader.check_string(attribute.value())?;
    *slot = Some(T::read_text(attribute.value(), element)?);
    Ok(true)
}

/// The same of a list.
pub fn read_attribute_list<T: XmlText>(
    slot: &mut Option<Vec<T>>,
    name: &ContractName,
    reader: &mut Reader,
    element: Element<'_>,
    attribute: &Attribute<'_>,
) -> Result<bool, ReadError> {
    if slot.is_some() || !attribute.is(&name.namespace, &name.local) {
        return Ok(false);
    }
    reader.check_string(attribute.value())?;
    *slot = Some(split_list(attribute.value(), reader, element)?);
    Ok(true)
}

/// Keeps an attribute that no member names.
pub fn keep_attribute(
    kept: &mut Vec<(QName, String)>,
    reader: &mut Reader,
    attribute: &Attribute<'_>,
) -> Result<bool, ReadError> {
    reader.count()?;
    reader.check_string(attribute.value())?;
    let name = attribute.name();
    kept.push((QName::new(name.namespace, name.local), attribute.value().to_owned()));
    Ok(true)
}

/// Writes an attribute.
pub fn write_attribute<T: XmlText>(
    value: &T,
    name: &ContractName,
    writer: &mut Writer<'_>,
    element: NodeId,
) -> Result<(), WriteError> {
    let text = value
        .write_text(writer, element)
        .and_then(|text| writer.set_attribute(element, name.namespace.clone(), &name.local, &text));
    text.map_err(|error| error.inside(&format!("@{}", name.local)))
}

/// Writes an attribute that is a list.
pub fn write_attribute_list<T: XmlText>(
    items: &[T],
    name: &ContractName,
    writer: &mut Writer<'_>,
    element: NodeId,
) -> Result<(), WriteError> {
    let text = join_list(items, writer, element)
        .and_then(|text| writer.set_attribute(element, name.namespace.clone(), &name.local, &text));
    text.map_err(|error| error.inside(&format!("@{}", name.local)))
}

/// Writes the attributes that a wildcard kept.
pub fn write_attributes(
    kept: &[(QName, String)],
    writer: &mut Writer<'_>,
    element: NodeId,
) -> Result<(), WriteError> {
    for (name, value) in kept {
        writer
            .set_attribute(element, name.namespace.clone().into(), &name.local, value)
            .map_err(|error| error.inside(&format!("@{}", name.local)))?;
    }
    Ok(())
}
