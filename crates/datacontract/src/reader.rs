//! The reader: `i:nil`, `i:type`, references, limits, and errors with a place.

use std::any::Any;
use std::collections::HashMap;

use waxwing_xml::{Element, Node};

use crate::contract::DataContract;
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
    /// Most elements inside each other.
    pub max_depth: u32,
    /// Accepts the members of a class in any order. .NET does not: a member that comes too early is read, and those that
    /// should have come before it count as missing.
    pub any_member_order: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { max_items: DEFAULT_MAX_ITEMS, max_depth: DEFAULT_MAX_DEPTH, any_member_order: false }
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
    /// A reader of one object graph: all parameters of a message share it.
    pub fn new(options: &ReadOptions) -> Self {
        Self { options: options.clone(), references: HashMap::new(), items: 0, depth: 0 }
    }

    /// Limits and habits of this reader.
    pub fn options(&self) -> &ReadOptions {
        &self.options
    }

    /// Reads the value of `element`: the null of `T`, or what [`DataContract::read`] makes of it.
    ///
    /// # Errors
    /// See [`DataContract::read`].
    pub fn value<T: DataContract>(&mut self, element: Element<'_>) -> Result<T, ReadError> {
        self.count()?;
        if self.depth >= self.options.max_depth {
            return Err(ReadErrorKind::TooDeep(self.options.max_depth).into());
        }
        if element.attributes().next().is_some()
            && let Some(null) = self.attributes::<T>(element)?
        {
            return Ok(null);
        }
        self.depth += 1;
        let result = T::read(self, element);
        self.depth -= 1;
        result
    }

    /// Counts an item of the graph.
    pub(crate) fn count(&mut self) -> Result<(), ReadError> {
        self.items += 1;
        if self.items > self.options.max_items {
            return Err(ReadErrorKind::TooManyItems(self.options.max_items).into());
        }
        Ok(())
    }

    /// Looks at `i:nil`, `i:type` and `z:Ref`: the null, if the element says so.
    fn attributes<T: DataContract>(&self, element: Element<'_>) -> Result<Option<T>, ReadError> {
        if is_nil(element) {
            return T::null().map(Some).ok_or_else(null_error::<T>);
        }
        if let Some(found) = self.type_name(element)?
            && !T::accepts_type(&found)
        {
            return Err(self.unknown_type(element, found));
        }
        if !T::FOLLOWS_REFERENCES
            && element.attribute_ns(namespaces::SERIALIZATION, "Ref").is_some()
        {
            return Err(ReadError::custom(format!(
                "A value of '{}' is written as a reference to another. Declare it as Shared.",
                T::contract_name().local
            )));
        }
        Ok(None)
    }

    /// As [`Self::value`], with the element's name in the path of an error.
    ///
    /// # Errors
    /// See [`DataContract::read`].
    pub fn child<T: DataContract>(&mut self, element: Element<'_>) -> Result<T, ReadError> {
        self.value(element).map_err(|error| error.inside(element.local_name()))
    }

    /// The value of a member or parameter that is not there.
    ///
    /// # Errors
    /// A type that has neither null nor zero.
    pub fn missing<T: DataContract>(&self, name: &str) -> Result<T, ReadError> {
        T::missing().ok_or_else(|| null_error::<T>().inside(name))
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
        .ok_or_else(|| ReadErrorKind::UndeclaredPrefix(text.to_owned()))?;
    Ok(ContractName::owned(local, namespace))
}

fn null_error<T: DataContract>() -> ReadError {
    let name = T::contract_name();
    if T::VALUE_TYPE {
        return ReadErrorKind::NullValueType(crate::primitives::clr_name(&name)).into();
    }
    ReadErrorKind::NullNotAllowed(name.local.into_owned()).into()
}

/// XML's white space; Rust's `trim` would take more.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

fn is_blank(text: &str) -> bool {
    trim(text).is_empty()
}
