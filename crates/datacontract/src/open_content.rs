//! XML that no contract describes, inside an element that one does: `XmlNode[]`, and classes that serialize themselves.

use std::fmt;

use waxwing_xml::{Document, Element, Name, NodeId};

use crate::any_type::AnyType;
use crate::contract::DataContract;
use crate::name::{ContractName, encode_local_name, namespaces};
use crate::reader::{ReadOptions, Reader};
use crate::values::{XmlElement, copy_children};
use crate::writer::{WriteOptions, Writer};
use crate::{ReadError, WriteError};

/// Attributes and content of an element, as they came: `XmlNode[]` of .NET, or the members of a class that serializes itself
/// (`ISerializable`), which are elements without namespace with their types in `i:type`.
///
/// ```
/// use waxwing_datacontract::OpenContent;
/// let mut bag = OpenContent::new();
/// bag.add("a", &1)?;
/// bag.add("b", &"text".to_owned())?;
/// assert_eq!(bag.get::<i32>("a")?, Some(1));
/// assert_eq!(bag.get::<i32>("c")?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct OpenContent {
    /// An element of no name that matters.
    element: XmlElement,
}

impl OpenContent {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Attributes and content of an element.
    pub fn of(element: Element<'_>) -> Self {
        Self { element: XmlElement::copy_of(element) }
    }

    /// An element with the attributes and the content; its name says nothing.
    pub fn element(&self) -> Element<'_> {
        self.element.element()
    }

    /// Adds a member, as `SerializationInfo.AddValue` of .NET does: an element without namespace that says its type.
    ///
    /// # Errors
    /// See [`DataContract::write`].
    pub fn add<T: DataContract>(&mut self, name: &str, value: &T) -> Result<(), WriteError> {
        let mut document = self.element.document().clone();
        let root = document.root().id();
        let mut writer = Writer::new(&mut document, root, &WriteOptions::default());
        let member = ContractName::owned(encode_local_name(name), "");
        writer.child(root, &member, &AnyType::of(value)?)?;
        self.element = document.into();
        Ok(())
    }

    /// The value of a member; none without one of this name.
    ///
    /// # Errors
    /// Content that is not of the contract `T`.
    pub fn get<T: DataContract>(&self, name: &str) -> Result<Option<T>, ReadError> {
        let Some(member) = self.element().child("", &encode_local_name(name)) else {
            return Ok(None);
        };
        Reader::new(&ReadOptions::default()).value(member).map(Some)
    }
}

impl Default for OpenContent {
    fn default() -> Self {
        Self { element: Document::new(Name::local("content")).into() }
    }
}

impl fmt::Display for OpenContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.element.fmt(f)
    }
}

impl fmt::Debug for OpenContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenContent({})", self.element)
    }
}

impl From<XmlElement> for OpenContent {
    fn from(element: XmlElement) -> Self {
        Self { element }
    }
}

impl DataContract for OpenContent {
    fn contract_name() -> ContractName {
        ContractName::new("anyType", namespaces::XSD)
    }

    fn accepts_type(_: &ContractName) -> bool {
        true
    }

    fn write(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        let content = self.element();
        let document = writer.document();
        let own = document.element(element).prefix().to_owned();
        for (prefix, namespace) in content.namespace_declarations() {
            if !prefix.is_empty() && prefix != own {
                document.declare_namespace(element, prefix, namespace);
            }
        }
        for attribute in content.attributes() {
            document.set_attribute(element, attribute.name(), attribute.value());
        }
        copy_children(document, element, content);
        Ok(())
    }

    fn read(_: &mut Reader, element: Element<'_>) -> Result<Self, ReadError> {
        Ok(Self::of(element))
    }
}
