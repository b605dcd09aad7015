//! The values of an object graph, one inside the other: null or content, counted and measured.
//!
//! The reader and the writer know elements, names and limits; here they meet the contracts.

use waxwing_xml::{Element, NodeId};

use crate::contract::DataContract;
use crate::name::{ContractName, clr_name, namespaces};
use crate::reader::{Reader, is_nil};
use crate::writer::Writer;
use crate::xml_type::unrecognized_type;
use crate::{ReadError, ReadErrorKind, WriteError};

impl Reader {
    /// Reads the value of `element`: the null of `T`, or what [`DataContract::read`] makes of it.
    ///
    /// # Errors
    /// See [`DataContract::read`].
    pub fn value<T: DataContract>(&mut self, element: Element<'_>) -> Result<T, ReadError> {
        self.count()?;
        self.enter()?;
        let result = self.null_or_content(element);
        self.leave();
        result
    }

    fn null_or_content<T: DataContract>(&mut self, element: Element<'_>) -> Result<T, ReadError> {
        if element.attributes().next().is_some()
            && let Some(null) = self.attributes::<T>(element)?
        {
            return Ok(null);
        }
        T::read(self, element)
    }

    /// Looks at `i:nil`, `i:type` and `z:Ref`: the null, if the element says so.
    fn attributes<T: DataContract>(&self, element: Element<'_>) -> Result<Option<T>, ReadError> {
        if is_nil(element) {
            return T::null().map(Some).ok_or_else(null_error::<T>);
        }
        if let Some(found) = self.type_name(element)?
            && !T::accepts_type(&found)
        {
            if T::XML_TYPE {
                return Err(unrecognized_type(self, element, &found));
            }
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
}

impl Writer<'_> {
    /// Writes `value` as content of `element`: `i:nil`, or what [`DataContract::write`] makes.
    ///
    /// # Errors
    /// See [`DataContract::write`].
    pub fn value<T: DataContract>(&mut self, element: NodeId, value: &T) -> Result<(), WriteError> {
        self.count()?;
        if value.is_null() {
            self.nil(element);
            return Ok(());
        }
        self.deeper(|writer| value.write(writer, element))
    }

    /// Appends an element called `name` to `parent` and writes `value` into it.
    ///
    /// # Errors
    /// See [`DataContract::write`].
    pub fn child<T: DataContract>(
        &mut self,
        parent: NodeId,
        name: &ContractName,
        value: &T,
    ) -> Result<(), WriteError> {
        let result = self.scoped(|writer| {
            let element = writer.element_for(parent, name, value);
            writer.value(element, value)
        });
        result.map_err(|error| error.inside(&name.local))
    }

    /// The same of a value that nobody needs any more: what is large in it is not copied.
    ///
    /// # Errors
    /// See [`DataContract::write`].
    pub fn owned_child<T: DataContract>(
        &mut self,
        parent: NodeId,
        name: &ContractName,
        mut value: T,
    ) -> Result<(), WriteError> {
        self.child_out(parent, name, &mut value)
    }

    /// The same of a value in another, see [`DataContract::write_out`].
    pub(crate) fn child_out<T: DataContract>(
        &mut self,
        parent: NodeId,
        name: &ContractName,
        value: &mut T,
    ) -> Result<(), WriteError> {
        let result = self.scoped(|writer| {
            let element = writer.element_for(parent, name, value);
            writer.count()?;
            if value.is_null() {
                writer.nil(element);
                return Ok(());
            }
            writer.deeper(|writer| value.write_out(writer, element))
        });
        result.map_err(|error| error.inside(&name.local))
    }

    fn element_for<T: DataContract>(
        &mut self,
        parent: NodeId,
        name: &ContractName,
        value: &T,
    ) -> NodeId {
        match value.needs_prefix() {
            true => self.prefixed_element(parent, name),
            false => self.element(parent, name),
        }
    }
}

fn null_error<T: DataContract>() -> ReadError {
    let name = T::contract_name();
    if T::VALUE_TYPE {
        return ReadErrorKind::NullValueType(clr_name(&name)).into();
    }
    ReadErrorKind::NullNotAllowed(name.local.into_owned()).into()
}
