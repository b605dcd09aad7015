//! The reader: `i:nil`, `i:type`, references, limits, and errors with a place.

use std::any::Any;
use std::collections::HashMap;

use waxwing_xml::{Element, Node};

use crate::lexical::{is_blank, trim};
use crate::name::{ContractName, namespaces};
use crate::{ReadError, ReadErrorKind};

/// WCF's services and clients do not count the items of a graph; a message is bounded by its size.
pub(crate) const DEFAULT_MAX_ITEMS: u32 = i32::MAX as u32;
/// Reading recurses once for each level, so the depth is what the stack must bear. Generated classes are seldom ten deep.
pub(crate) const DEFAULT_MAX_DEPTH: u32 = 128;

/// Limits and habits of reading.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// Most values in one object graph, as WCF's `MaxItemsInObjectGraph`.
    pub max_items: u32,
    /// Most octets of one `base64Binary`, and most items of one list of `bool`, `i32`, `i64`, `f32`, `f64`, `Decimal` or
    /// `DateTime`: those that .NET's reader reads as arrays (`MaxArrayLength` of `XmlDictionaryReaderQuotas`). Items of other
    /// lists are bounded by [`max_items`](Self::max_items) alone.
    pub max_array_length: u32,
    /// Most UTF-16 units of one string or URI (`MaxStringContentLength` of `XmlDictionaryReaderQuotas`). Base64 is bounded by
    /// [`max_array_length`](Self::max_array_length) instead.
    pub max_string_length: u32,
    /// Most elements inside each other.
    pub max_depth: u32,
    /// Accepts the members of a class in any order. .NET does not: a member that comes too early is read, and those that
    /// should have come before it count as missing.
    pub any_member_order: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            max_items: DEFAULT_MAX_ITEMS,
            max_array_length: DEFAULT_MAX_ITEMS,
            max_string_length: DEFAULT_MAX_ITEMS,
            max_depth: DEFAULT_MAX_DEPTH,
            any_member_order: false,
        }
    }
}

/// Reads values from elements.
pub struct Reader {
    options: ReadOptions,
    references: HashMap<String, Box<dyn Any + Send>>,
    items: u32,
    depth: u32,
}

impl Reader {
    /// A reader of one object graph. All parameters of a message share it and its references; see [`Self::begin_graph`].
    pub fn new(options: &ReadOptions) -> Self {
        Self { options: options.clone(), references: HashMap::new(), items: 0, depth: 0 }
    }

    /// Limits and habits of this reader.
    pub fn options(&self) -> &ReadOptions {
        &self.options
    }

    /// Counts from nothing again: what is read next is an object graph of its own, as each part of a message is.
    pub fn begin_graph(&mut self) {
        self.items = 0;
    }

    /// Counts an item of the graph.
    pub(crate) fn count(&mut self) -> Result<(), ReadError> {
        self.items += 1;
        if self.items > self.options.max_items {
            return Err(ReadErrorKind::TooManyItems(self.options.max_items).into());
        }
        Ok(())
    }

    /// Goes one element deeper.
    pub(crate) fn enter(&mut self) -> Result<(), ReadError> {
        if self.depth >= self.options.max_depth {
            return Err(ReadErrorKind::TooDeep(self.options.max_depth).into());
        }
        self.depth += 1;
        Ok(())
    }

    /// Comes back out of an element.
    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// The contract that `i:type` names, if the attribute is there.
    ///
    /// # Errors
    /// A prefix that is not declared.
    pub fn type_name(&self, element: Element<'_>) -> Result<Option<ContractName>, ReadError> {
        let Some(text) = element.attribute_ns(namespaces::XSI, "type") else { return Ok(None) };
        resolve(element, text).map(Some)
    }

    /// The error for an `i:type` that nothing is known about.
    pub fn unknown_type(&self, element: Element<'_>, found: ContractName) -> ReadError {
        let name = ContractName::owned(element.local_name(), element.namespace());
        ReadError::from(ReadErrorKind::UnknownType(Box::new([name, found]))).at(self.start(element))
    }

    /// The text of an element of simple content; `clr` is the CLR type for the error text.
    ///
    /// # Errors
    /// An element where text is expected.
    pub fn text<'e>(
        &self,
        element: Element<'e>,
        clr: &'static str,
    ) -> Result<std::borrow::Cow<'e, str>, ReadError> {
        if element.elements().next().is_some() {
            return Err(ReadErrorKind::ElementInContent(clr).into());
        }
        Ok(element.text())
    }

    /// The same of a string, which has a longest length.
    ///
    /// # Errors
    /// An element where text is expected; a string longer than [`ReadOptions::max_string_length`].
    pub(crate) fn string<'e>(
        &self,
        element: Element<'e>,
        clr: &'static str,
    ) -> Result<std::borrow::Cow<'e, str>, ReadError> {
        let text = self.text(element, clr)?;
        self.check_string(&text)?;
        Ok(text)
    }

    /// Refuses a string longer than [`ReadOptions::max_string_length`].
    pub(crate) fn check_string(&self, text: &str) -> Result<(), ReadError> {
        let most = self.options.max_string_length;
        // Octets are never fewer than UTF-16 units.
        if text.len() > most as usize && text.encode_utf16().count() > most as usize {
            return Err(ReadErrorKind::StringTooLong(most).into());
        }
        Ok(())
    }

    /// The error for another document element than the expected one.
    pub fn wrong_root(&self, expected: &ContractName, found: Element<'_>) -> ReadError {
        let name = ContractName::owned(found.local_name(), found.namespace());
        ReadError::from(ReadErrorKind::WrongRoot(Box::new([expected.clone(), name])))
            .at(self.start(found))
    }

    /// Line and column of the name in the start tag.
    pub(crate) fn start(&self, element: Element<'_>) -> (u32, u32) {
        let position = element.document().position(element.name_span().start);
        (position.line, position.column)
    }

    /// Remembers an object under its `z:Id`.
    pub(crate) fn remember(&mut self, id: &str, object: Box<dyn Any + Send>) {
        self.references.insert(id.to_owned(), object);
    }

    /// The object with this `z:Id`, if it came before and is a `T`.
    pub(crate) fn recall<T: Any>(&self, id: &str) -> Option<&T> {
        self.references.get(id)?.downcast_ref()
    }
}

/// Calls `each` with every child element; text other than white space between them is an error.
pub(crate) fn each_element<'e>(
    reader: &mut Reader,
    element: Element<'e>,
    mut each: impl FnMut(&mut Reader, Element<'e>) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    for node in element.children() {
        match node {
            Node::Element(child) => each(reader, child)?,
            Node::Text(text) if !is_blank(text) => {
                return Err(ReadErrorKind::TextBetweenMembers.into());
            }
            _ => {}
        }
    }
    Ok(())
}

/// True when the element says that its value is null.
pub(crate) fn is_nil(element: Element<'_>) -> bool {
    element
        .attribute_ns(namespaces::XSI, "nil")
        .is_some_and(|value| matches!(trim(value), "true" | "1"))
}

/// A qualified name in the scope of `element`.
pub(crate) fn resolve(element: Element<'_>, text: &str) -> Result<ContractName, ReadError> {
    let (namespace, local) = element
        .resolve_qname(trim(text))
        // A second colon, or nothing behind the only one, would be read as another name when it is written.
        .filter(|(_, local)| !(local.contains(':') || local.is_empty() && text.contains(':')))
        .ok_or_else(|| ReadErrorKind::UndeclaredPrefix(text.to_owned()))?;
    Ok(ContractName::owned(local, namespace))
}
