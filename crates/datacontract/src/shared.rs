//! Shared objects: one object at several places of a graph (`IsReference`).

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock, Weak};

use waxwing_xml::{Element, NodeId};

use crate::contract::DataContract;
use crate::describe::{GenericName, TypeDescriptions, TypeUse};
use crate::name::{ContractName, namespaces};
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{ReadError, ReadErrorKind, WriteError, WriteErrorKind};

/// An object of a class with `IsReference` that several places of a graph may hold, even itself.
///
/// Clones are the same object: it is written once, with `z:Id`, and then as `z:Ref`. When read, a place that refers to an
/// object around itself holds it *weakly*, so that a circle goes away with its outermost object, and the peer cannot make the
/// reader leak; every other place holds it strongly.
///
/// ```
/// use waxwing_datacontract::Shared;
/// let circle: Shared<Vec<Shared<u8>>> = Shared::empty();
/// assert!(circle.set(vec![]).is_ok());
/// assert_eq!(circle.get().unwrap().len(), 0);
/// ```
pub struct Shared<T> {
    strong: Option<Arc<OnceLock<T>>>,
    weak: Weak<OnceLock<T>>,
}

/// A borrowed [`Shared`] object, which lives at least as long as this.
pub struct SharedRef<T>(Arc<OnceLock<T>>);

impl<T> Shared<T> {
    /// A new object.
    pub fn new(value: T) -> Self {
        Self::strong(Arc::new(OnceLock::from(value)))
    }

    /// An object without value yet, to be put into others before [`Self::set`] closes the circle.
    pub fn empty() -> Self {
        Self::strong(Arc::new(OnceLock::new()))
    }

    /// Gives an empty object its value, for all clones.
    ///
    /// # Errors
    /// The value, if the object has one or its owner is gone.
    pub fn set(&self, value: T) -> Result<(), T> {
        match self.weak.upgrade() {
            Some(object) => object.set(value),
            None => Err(value),
        }
    }

    /// The object, unless it is empty or (held weakly) gone.
    pub fn get(&self) -> Option<SharedRef<T>> {
        let object = self.weak.upgrade()?;
        object.get().is_some().then_some(SharedRef(object))
    }

    /// The same object, held weakly: for the place that closes a circle.
    #[must_use]
    pub fn downgrade(&self) -> Self {
        Self { strong: None, weak: self.weak.clone() }
    }

    /// True when both are the same object.
    pub fn is_same(&self, other: &Self) -> bool {
        self.weak.ptr_eq(&other.weak)
    }

    fn strong(object: Arc<OnceLock<T>>) -> Self {
        Self { weak: Arc::downgrade(&object), strong: Some(object) }
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self { strong: self.strong.clone(), weak: self.weak.clone() }
    }
}

/// The content is left out: it may hold the object itself.
impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hold = if self.strong.is_some() { "strong" } else { "weak" };
        write!(f, "Shared({hold}, {:p})", self.weak.as_ptr())
    }
}

impl<T> Deref for SharedRef<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // Only made of an object that has its value, which is never taken back.
        self.0.get().unwrap_or_else(|| unreachable!("a SharedRef always has a value"))
    }
}

impl<T: DataContract + Send + Sync + 'static> DataContract for Shared<T> {
    const VALUE_TYPE: bool = T::VALUE_TYPE;
    const IS_REFERENCE: bool = T::IS_REFERENCE;
    const FOLLOWS_REFERENCES: bool = true;

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

    fn write(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        let object = self.get().ok_or_else(|| {
            WriteError::from(WriteErrorKind::EmptyReference(T::contract_name().local.into_owned()))
        })?;
        if T::IS_REFERENCE {
            let (number, seen) = writer.reference(Arc::as_ptr(&object.0) as usize);
            let attribute = if seen { "Ref" } else { "Id" };
            let value = format!("i{number}");
            writer.attribute(element, namespaces::SERIALIZATION, attribute, &value);
            if seen {
                return Ok(());
            }
        }
        object.write(writer, element)
    }

    fn read(reader: &mut Reader, element: Element<'_>) -> Result<Self, ReadError> {
        if let Some(id) = element.attribute_ns(namespaces::SERIALIZATION, "Ref") {
            let known = reader.recall::<Arc<OnceLock<T>>>(id);
            let object = known.ok_or_else(|| ReadErrorKind::DanglingReference(id.to_owned()))?;
            let shared = Self::strong(Arc::clone(object));
            // Without a value the object is being read: it is around this place.
            return Ok(if object.get().is_some() { shared } else { shared.downgrade() });
        }
        let object = Arc::new(OnceLock::new());
        if let Some(id) = element.attribute_ns(namespaces::SERIALIZATION, "Id") {
            reader.remember(id, Box::new(Arc::clone(&object)));
        }
        let value = T::read(reader, element)?;
        // The lock is empty: nothing but this function sets it.
        let _ = object.set(value);
        Ok(Self::strong(object))
    }
}

/// What `#[derive(DataContract)]` writes for a class with `IsReference` that is not in a [`Shared`]: an id of its own.
#[doc(hidden)]
pub fn write_own_id(writer: &mut Writer<'_>, element: NodeId) {
    let known = writer.document().element(element);
    if known.attribute_ns(namespaces::SERIALIZATION, "Id").is_none() {
        let value = format!("i{}", writer.new_reference());
        writer.attribute(element, namespaces::SERIALIZATION, "Id", &value);
    }
}
