//! `Option<T>`: `Nullable<T>` of value types, a reference that may be null of others.

use waxwing_xml::{Element, NodeId};

use crate::contract::DataContract;
use crate::describe::{GenericName, TypeDescriptions, TypeUse};
use crate::name::{ContractName, namespaces};
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{ReadError, WriteError};

impl<T: DataContract> DataContract for Option<T> {
    const FOLLOWS_REFERENCES: bool = T::FOLLOWS_REFERENCES;
    const XML_TYPE: bool = T::XML_TYPE;

    fn contract_name() -> ContractName {
        let name = T::contract_name();
        if !T::VALUE_TYPE {
            return name;
        }
        ContractName::owned(ContractName::generic("NullableOf{0}{#}", &[name]), namespaces::SYSTEM)
    }

    fn root_name() -> ContractName {
        T::root_name()
    }

    fn item_name() -> ContractName {
        if !T::VALUE_TYPE {
            return T::item_name();
        }
        ContractName { local: T::contract_name().local, namespace: namespaces::SYSTEM.into() }
    }

    fn describe(types: &mut TypeDescriptions) -> TypeUse {
        T::describe(types).or_null()
    }

    fn as_argument(types: &TypeDescriptions) -> GenericName {
        let argument = T::as_argument(types);
        if !T::VALUE_TYPE {
            return argument;
        }
        GenericName::new("NullableOf{0}{#}", namespaces::SYSTEM, vec![argument])
    }

    fn accepts_type(name: &ContractName) -> bool {
        T::accepts_type(name)
    }

    fn write_out(&mut self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        match self {
            Some(value) => value.write_out(writer, element),
            None => self.write(writer, element),
        }
    }

    fn write(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        match self {
            Some(value) => value.write(writer, element),
            None => {
                writer.nil(element);
                Ok(())
            }
        }
    }

    fn read(reader: &mut Reader, element: Element<'_>) -> Result<Self, ReadError> {
        T::read(reader, element).map(Some)
    }

    fn null() -> Option<Self> {
        Some(None)
    }

    fn is_default(&self) -> bool {
        self.is_none()
    }

    fn is_null(&self) -> bool {
        self.as_ref().is_none_or(T::is_null)
    }

    fn needs_prefix(&self) -> bool {
        self.as_ref().is_some_and(T::needs_prefix)
    }
}

/// A box is written as what is in it: for classes that hold themselves.
impl<T: DataContract> DataContract for Box<T> {
    const VALUE_TYPE: bool = T::VALUE_TYPE;
    const IS_REFERENCE: bool = T::IS_REFERENCE;
    const FOLLOWS_REFERENCES: bool = T::FOLLOWS_REFERENCES;
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
        T::describe(types)
    }

    fn as_argument(types: &TypeDescriptions) -> GenericName {
        T::as_argument(types)
    }

    fn accepts_type(name: &ContractName) -> bool {
        T::accepts_type(name)
    }

    fn write_out(&mut self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        (**self).write_out(writer, element)
    }

    fn write(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        T::write(self, writer, element)
    }

    fn read(reader: &mut Reader, element: Element<'_>) -> Result<Self, ReadError> {
        T::read(reader, element).map(Self::new)
    }

    fn null() -> Option<Self> {
        T::null().map(Self::new)
    }

    fn missing() -> Option<Self> {
        T::missing().map(Self::new)
    }

    fn is_default(&self) -> bool {
        T::is_default(self)
    }

    fn is_null(&self) -> bool {
        T::is_null(self)
    }

    fn needs_prefix(&self) -> bool {
        T::needs_prefix(self)
    }
}
