//! XML to JSON: elements by their types.

mod any;
mod complex;
mod content;

use std::collections::HashMap;

use waxwing_datacontract::XmlElement;
use waxwing_xml::{Element, Node as XmlNode};

use super::codec::Codec;
use super::error::JsonError;
use super::limits::MAX_DEPTH;
use super::plan::Field;
use super::value::Json;
use crate::contract::{Member, Shape, TypeId};

/// The namespace of `xsi:nil` and `xsi:type`.
pub(super) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Reads values out of elements.
#[derive(Clone, Copy)]
pub(super) struct Reader<'c> {
    pub(super) codec: &'c Codec,
    /// How deep elements may still nest.
    left: usize,
}

impl Codec {
    /// The value of an element of this type.
    ///
    /// # Errors
    /// The content is not of the type.
    pub fn read_element(&self, member: &Member, element: Element<'_>) -> Result<Json, JsonError> {
        Reader::new(self).one(&Field::of(member), element)
    }
}

impl<'c> Reader<'c> {
    pub(super) fn new(codec: &'c Codec) -> Self {
        Self { codec, left: MAX_DEPTH }
    }

    /// One element, which may be null.
    pub(super) fn one(self, field: &Field, element: Element<'_>) -> Result<Json, JsonError> {
        if is_nil(element) {
            return Ok(Json::Null);
        }
        if let Some(fixed) = &field.fixed
            && element.child_ids().next().is_none()
        {
            // An empty element has the value of the schema (XML Schema Part 1 §3.3.1).
            return self.simple(field.type_id, fixed, element);
        }
        self.value(field.type_id, element)
    }

    /// The content of an element.
    pub(super) fn value(self, id: TypeId, element: Element<'_>) -> Result<Json, JsonError> {
        let left = self.left.checked_sub(1);
        let left = left.ok_or_else(|| {
            JsonError::new(format!("elements are nested deeper than {MAX_DEPTH}"))
        })?;
        let inside = Self { left, ..self };
        match self.codec.shape(id) {
            Shape::Any => inside.any(element),
            Shape::Xml { .. } => Ok(xml(element)),
            Shape::Class(_) | Shape::Structure(_) => inside.complex(id, element),
            Shape::Collection(item) => inside.items(&Field::of(item), element),
            Shape::Dictionary { key, value, .. } => {
                inside.dictionary(&Field::of(key), &Field::of(value), element)
            }
            Shape::Serializable { .. } => inside.serializable(element),
            _ => self.simple(id, &element.text(), element),
        }
    }

    fn simple(self, id: TypeId, text: &str, element: Element<'_>) -> Result<Json, JsonError> {
        self.codec.simple().to_json(id, text, &|name| resolved(element, name))
    }

    /// Every element is an item.
    fn items(self, item: &Field, element: Element<'_>) -> Result<Json, JsonError> {
        let items = element.elements().enumerate();
        let items = items.map(|(i, child)| self.one(item, child).map_err(|e| e.at_index(i)));
        Ok(Json::Array(items.collect::<Result<_, _>>()?))
    }

    /// By the texts of the keys, where each occurs once and is simple; else a list of entries.
    fn dictionary(
        self,
        key: &Field,
        value: &Field,
        element: Element<'_>,
    ) -> Result<Json, JsonError> {
        let mut entries = Vec::new();
        for (i, entry) in element.elements().enumerate() {
            let part = |field: &Field| match child(entry, field) {
                Some(found) => self.one(field, found).map_err(|e| e.at_member(&field.key)),
                None => Ok(Json::Null),
            };
            let read = part(key).and_then(|key| Ok((key, part(value)?)));
            entries.push(read.map_err(|error| error.at_index(i))?);
        }
        let mut texts = HashMap::with_capacity(entries.len());
        let is_map = entries.iter().all(|(key, _)| match key {
            Json::String(text) => texts.insert(text.clone(), ()).is_none(),
            Json::Number(text) => texts.insert(text.to_string(), ()).is_none(),
            Json::Bool(value) => texts.insert(value.to_string(), ()).is_none(),
            _ => false,
        });
        if is_map {
            let text = |key| match key {
                Json::String(text) => text,
                Json::Number(text) => text.into(),
                other => other.to_string(),
            };
            return Ok(Json::object(entries.into_iter().map(|(key, value)| (text(key), value))));
        }
        let entry = |(k, v)| Json::object([(key.key.as_str(), k), (value.key.as_str(), v)]);
        Ok(Json::Array(entries.into_iter().map(entry).collect()))
    }
}

fn child<'a>(element: Element<'a>, field: &Field) -> Option<Element<'a>> {
    element.child(&field.name.namespace, &field.name.local)
}

/// Whether an element is null.
pub(super) fn is_nil(element: Element<'_>) -> bool {
    element.attribute_ns(XSI, "nil").is_some_and(|nil| matches!(nil.trim(), "true" | "1"))
}

/// The name that a QName in content means, as `{namespace}local`.
pub(super) fn resolved(element: Element<'_>, name: &str) -> Option<String> {
    let (namespace, local) = match (element.resolve_qname(name), name.contains(':')) {
        (Some(resolved), _) => resolved,
        (None, false) => ("", name),
        (None, true) => return None,
    };
    Some(if namespace.is_empty() { local.to_owned() } else { format!("{{{namespace}}}{local}") })
}

/// Content as XML in a string; with attributes, the element as a whole.
pub(super) fn xml(element: Element<'_>) -> Json {
    let bare = element.attributes().all(|attribute| *attribute.name().namespace == *XSI);
    if bare {
        Json::String(inner(element))
    } else {
        Json::object([("#xml", Json::String(outer(element)))])
    }
}

/// An element as XML that stands alone.
pub(super) fn outer(element: Element<'_>) -> String {
    XmlElement::copy_of(element).document().to_xml()
}

/// The content of an element as XML; each element of it stands alone.
pub(super) fn inner(element: Element<'_>) -> String {
    let mut out = String::new();
    for child in element.children() {
        match child {
            XmlNode::Element(child) => out.push_str(&outer(child)),
            XmlNode::Text(text) => escape(text, &mut out),
            _ => {}
        }
    }
    out
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\r' => out.push_str("&#xD;"),
            c => out.push(c),
        }
    }
}
