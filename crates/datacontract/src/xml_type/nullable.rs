//! `Nullable<T>`: an element that is there and may be nil.

use waxwing_xml::{Element, NodeId};

use crate::contract::DataContract;
use crate::describe::{TypeDescriptions, TypeUse};
use crate::name::ContractName;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{ReadError, WriteError};

/// An element that is there, with a value or with `xsi:nil="true"`.
///
/// `Option<Nullable<T>>` has the three states of an element that is both optional and nillable: absent, nil, a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Nullable<T> {
    /// `xsi:nil="true"`.
    #[default]
    Nil,
    /// A value.
    Value(T),
}

impl<T> Nullable<T> {
    /// The value, or none for nil.
    pub fn value(self) -> Option<T> {
        self.into()
    }

    /// A reference to the value, or none for nil.
    pub fn as_value(&self) -> Option<&T> {
        match self {
            Self::Nil => None,
            Self::Value(value) => Some(value),
        }
    }
}

impl<T> From<T> for Nullable<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

impl<T> From<Option<T>> for Nullable<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nil, Self::Value)
    }
}

impl<T> From<Nullable<T>> for Option<T> {
    fn from(value: Nullable<T>) -> Self {
        match value {
            Nullable::Nil => None,
            Nullable::Value(value) => Some(value),
        }
    }
}

impl<T: DataContract> DataContract for Nullable<T> {
    const XML_TYPE: bool = T::XML_TYPE;

    fn contract_name() -> ContractName {
        T::contract_name()
    }

    fn root_name() -> ContractName {
        T::root_name()
    }

    fn item_name() -> ContractName {
        T::item_name()
    }

    fn describe(types: &mut TypeDescriptions) -> TypeUse {
        T::describe(types).or_null()
    }

    fn accepts_type(name: &ContractName) -> bool {
        T::accepts_type(name)
    }

    fn write(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        match self {
            Self::Nil => {
                writer.nil(element);
                Ok(())
            }
            Self::Value(value) => value.write(writer, element),
        }
    }

    fn read(reader: &mut Reader, element: Element<'_>) -> Result<Self, ReadError> {
        T::read(reader, element).map(Self::Value)
    }

    fn null() -> Option<Self> {
        Some(Self::Nil)
    }

    fn is_default(&self) -> bool {
        self.is_null()
    }

    fn is_null(&self) -> bool {
        self.as_value().is_none_or(T::is_null)
    }

    fn needs_prefix(&self) -> bool {
        self.as_value().is_some_and(T::needs_prefix)
    }
}
