//! Lists and named collections.

use std::borrow::Cow;

use waxwing_xml::{Element, NodeId};

use crate::contract::{DataContract, read_items, write_items};
use crate::describe::{CollectionDescription, GenericName, TypeDescriptions, TypeKind, TypeUse};
use crate::name::ContractName;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{ReadError, WriteError};

impl<T: DataContract> DataContract for Vec<T> {
    fn contract_name() -> ContractName {
        T::list_name()
    }

    fn root_name() -> ContractName {
        T::list_root_name()
    }

    fn describe(types: &mut TypeDescriptions) -> TypeUse {
        T::describe_list(types)
    }

    fn as_argument(types: &TypeDescriptions) -> GenericName {
        let name = T::list_name();
        if name.is_built_in() {
            return GenericName::plain(&name);
        }
        let item = T::as_argument(types);
        GenericName::new(&format!("ArrayOf{}", item.name), &name.namespace, item.parameters)
    }

    fn write(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        T::write_list(self, writer, element)
    }

    fn write_out(&mut self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        T::write_list_out(self, writer, element)
    }

    fn read(reader: &mut Reader, element: Element<'_>) -> Result<Self, ReadError> {
        T::read_list(reader, element)
    }
}

/// The element names of a collection that has names of its own (`CollectionDataContract`).
#[derive(Clone, Debug)]
pub struct CollectionNames {
    /// The namespace of all elements.
    pub namespace: Cow<'static, str>,
    /// `ItemName`; by default that of the item's contract, or of its key and value.
    pub item: Option<Cow<'static, str>>,
    /// `KeyName` of a dictionary.
    pub key: Cow<'static, str>,
    /// `ValueName` of a dictionary.
    pub value: Cow<'static, str>,
}

impl CollectionNames {
    /// Default names in `namespace`.
    pub fn new(namespace: impl Into<Cow<'static, str>>) -> Self {
        Self {
            namespace: namespace.into(),
            item: None,
            key: Cow::Borrowed("Key"),
            value: Cow::Borrowed("Value"),
        }
    }

    pub(crate) fn item_name(&self, default: impl FnOnce() -> ContractName) -> ContractName {
        let local = self.item.clone().unwrap_or_else(|| default().local);
        ContractName { local, namespace: self.namespace.clone() }
    }
}

/// What `#[collection_data_contract]` can give names of its own: lists and dictionaries.
pub trait CollectionContent: Sized {
    /// Writes the items with these names.
    ///
    /// # Errors
    /// See [`DataContract::write`].
    fn write_content(
        &self,
        names: &CollectionNames,
        writer: &mut Writer<'_>,
        element: NodeId,
    ) -> Result<(), WriteError>;

    /// Reads the items with these names.
    ///
    /// # Errors
    /// See [`DataContract::read`].
    fn read_content(
        names: &CollectionNames,
        reader: &mut Reader,
        element: Element<'_>,
    ) -> Result<Self, ReadError>;

    /// Describes the items with these names; without a word, they may be any XML.
    fn describe_content(_names: &CollectionNames, _types: &mut TypeDescriptions) -> TypeKind {
        TypeKind::Opaque
    }
}

impl<T: DataContract> CollectionContent for Vec<T> {
    fn write_content(
        &self,
        names: &CollectionNames,
        writer: &mut Writer<'_>,
        element: NodeId,
    ) -> Result<(), WriteError> {
        write_items(self, &names.item_name(T::item_name), writer, element)
    }

    fn read_content(
        names: &CollectionNames,
        reader: &mut Reader,
        element: Element<'_>,
    ) -> Result<Self, ReadError> {
        read_items(&names.item_name(T::item_name), u32::MAX, reader, element)
    }

    fn describe_content(names: &CollectionNames, types: &mut TypeDescriptions) -> TypeKind {
        let item_name = names.item_name(T::item_name).local;
        let item = T::describe(types).as_dot_net();
        TypeKind::Collection(CollectionDescription { item_name, item })
    }
}
