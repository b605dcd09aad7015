//! The trait of everything that can be a data contract, and reading and writing of whole values.

use waxwing_xml::{Document, Element, Limits, Name, NodeId};

use crate::describe::{CollectionDescription, GenericName, TypeDescriptions, TypeKind, TypeUse};
use crate::name::ContractName;
use crate::reader::{ReadOptions, Reader, each_element};
use crate::writer::{WriteOptions, Writer};
use crate::{ReadError, ReadErrorKind, WriteError};

/// A Rust type with the name, the XML form and the reading rules of a data contract.
///
/// `#[derive(DataContract)]` implements it for structs and enums. A hand-written implementation says its
/// [`contract_name`](Self::contract_name), how to [`write`](Self::write) itself into an element that is already there, and
/// how to [`read`](Self::read) itself from one.
pub trait DataContract: Sized {
    /// True for what .NET calls a value type: it cannot be null, reads as zero when missing, and `Option` of it is
    /// `Nullable<T>` with a contract name of its own.
    const VALUE_TYPE: bool = false;

    /// True for a class with `IsReference`: its elements carry `z:Id`, so that others can refer to them.
    const IS_REFERENCE: bool = false;

    /// True for a type that can follow a `z:Ref` to an element that came before; see [`crate::Shared`].
    const FOLLOWS_REFERENCES: bool = false;

    /// True for an XML type, of which XmlSerializer's errors speak.
    #[doc(hidden)]
    const XML_TYPE: bool = false;

    /// True for the types whose lists .NET reads as arrays of values, which [`ReadOptions::max_array_length`] bounds.
    #[doc(hidden)]
    const IN_ARRAYS: bool = false;

    /// The contract's name: the type name in the schema and in `i:type`.
    fn contract_name() -> ContractName;

    /// The name of the document element when a value stands alone.
    fn root_name() -> ContractName {
        Self::contract_name()
    }

    /// The name of the elements of a collection of this type.
    fn item_name() -> ContractName {
        let name = Self::contract_name();
        ContractName { namespace: name.collection_namespace(), local: name.local }
    }

    /// Writes the value as attributes and content of `element`.
    ///
    /// # Errors
    /// A value that has no XML form (a control character in a string, an enum value that is not a member), or a limit.
    fn write(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError>;

    /// As [`write`](Self::write) of a value that nobody needs any more: texts and octets in it may be taken out, so that what is large
    /// is not copied. What is left of it is worth nothing.
    #[doc(hidden)]
    fn write_out(&mut self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        self.write(writer, element)
    }

    /// Reads the content of `element`, which is known not to be `i:nil` and to have an acceptable `i:type`.
    ///
    /// # Errors
    /// Content that is not of this contract.
    fn read(reader: &mut Reader, element: Element<'_>) -> Result<Self, ReadError>;

    /// Describes the contract, and what it refers to, for a schema: adds it to `types`, and gives it as it is used.
    ///
    /// The derive writes it. A hand-written implementation without it is described by its name, with content that may be
    /// any XML; [`TypeDescriptions::add`] says more.
    fn describe(types: &mut TypeDescriptions) -> TypeUse {
        types.add::<Self>("", |_| TypeKind::Opaque)
    }

    /// True when an element whose `i:type` is `name` can be read as this type.
    fn accepts_type(name: &ContractName) -> bool {
        *name == Self::contract_name()
    }

    /// The value that `i:nil="true"` stands for, if there is one.
    fn null() -> Option<Self> {
        None
    }

    /// The value of a member or parameter that is not there: null, or the zero of a value type.
    fn missing() -> Option<Self> {
        Self::null()
    }

    /// True for the value that `EmitDefaultValue=false` leaves out: null, or the zero of a value type.
    fn is_default(&self) -> bool {
        false
    }

    /// True for a value that is written as `i:nil`.
    fn is_null(&self) -> bool {
        false
    }

    /// True for a value whose element needs a prefix: a qualified name without namespace cannot stand in an element that has
    /// none and takes its namespace from the default.
    #[doc(hidden)]
    fn needs_prefix(&self) -> bool {
        false
    }

    /// The contract name of `Vec<Self>`; bytes are not a list but base64.
    #[doc(hidden)]
    fn list_name() -> ContractName {
        Self::item_contract_name().array_of()
    }

    /// The contract name that a list of this type is named after.
    #[doc(hidden)]
    fn item_contract_name() -> ContractName {
        Self::contract_name()
    }

    /// The document element of `Vec<Self>`.
    #[doc(hidden)]
    fn list_root_name() -> ContractName {
        Self::list_name()
    }

    /// Describes `Vec<Self>`; bytes are not a list but base64.
    #[doc(hidden)]
    fn describe_list(types: &mut TypeDescriptions) -> TypeUse {
        types.add::<Vec<Self>>("", |types| {
            let item = Self::describe(types).as_dot_net();
            TypeKind::Collection(CollectionDescription { item_name: Self::item_name().local, item })
        })
    }

    /// The name as an argument of a generic type; `types` has the description of it.
    #[doc(hidden)]
    fn as_argument(types: &TypeDescriptions) -> GenericName {
        types.argument(&Self::contract_name())
    }

    /// Writes the items of a list; bytes are not a list but base64.
    #[doc(hidden)]
    fn write_list(
        items: &[Self],
        writer: &mut Writer<'_>,
        element: NodeId,
    ) -> Result<(), WriteError> {
        write_items(items, &Self::item_name(), writer, element)
    }

    /// As [`write_list`](Self::write_list) of items that nobody needs any more.
    #[doc(hidden)]
    fn write_list_out(
        items: &mut Vec<Self>,
        writer: &mut Writer<'_>,
        element: NodeId,
    ) -> Result<(), WriteError> {
        let name = Self::item_name();
        writer.begin(element, name.namespace.clone());
        writer.items(Self::IN_ARRAYS, |writer| {
            items.iter_mut().try_for_each(|item| writer.child_out(element, &name, item))
        })
    }

    /// Reads the items of a list; bytes are not a list but base64.
    #[doc(hidden)]
    fn read_list(reader: &mut Reader, element: Element<'_>) -> Result<Vec<Self>, ReadError> {
        let longest = if Self::IN_ARRAYS { reader.options().max_array_length } else { u32::MAX };
        read_items(&Self::item_name(), longest, reader, element)
    }
}

/// Writes items as children of `element`, all with the same name.
pub(crate) fn write_items<'a, T: DataContract + 'a>(
    items: impl IntoIterator<Item = &'a T>,
    name: &ContractName,
    writer: &mut Writer<'_>,
    element: NodeId,
) -> Result<(), WriteError> {
    writer.begin(element, name.namespace.clone());
    writer.items(T::IN_ARRAYS, |writer| {
        items.into_iter().try_for_each(|item| writer.child(element, name, item))
    })
}

/// Reads every child of this name, `longest` at most; others are skipped, as .NET skips them.
pub(crate) fn read_items<T: DataContract>(
    name: &ContractName,
    longest: u32,
    reader: &mut Reader,
    element: Element<'_>,
) -> Result<Vec<T>, ReadError> {
    let mut items = Vec::new();
    each_element(reader, element, |reader, child| {
        if child.is(&name.namespace, &name.local) {
            if items.len() >= longest as usize {
                return Err(ReadErrorKind::ArrayTooLong(longest).into());
            }
            items.push(reader.child(child)?);
        }
        Ok(())
    })?;
    Ok(items)
}

/// Writes a value as a document of its own, with [`DataContract::root_name`] as document element.
///
/// # Errors
/// See [`DataContract::write`].
pub fn to_document<T: DataContract>(value: &T) -> Result<Document, WriteError> {
    let name = T::root_name();
    let prefix = if value.needs_prefix() { "q" } else { "" };
    let mut document = Document::new(Name::new(prefix, &name.local, &name.namespace));
    let root = document.root().id();
    let mut writer = Writer::new(&mut document, root, &WriteOptions::default());
    writer.value(root, value).map_err(|error| error.inside(&name.local))?;
    Ok(document)
}

/// Writes a value as XML text, with [`DataContract::root_name`] as document element and without XML declaration.
///
/// # Errors
/// See [`DataContract::write`].
pub fn to_xml<T: DataContract>(value: &T) -> Result<String, WriteError> {
    Ok(to_document(value)?.to_string())
}

/// Reads the value that `element` holds, checking the element's name against [`DataContract::root_name`].
///
/// # Errors
/// Another name, or content that is not of this contract.
pub fn from_element<T: DataContract>(
    element: Element<'_>,
    options: &ReadOptions,
) -> Result<T, ReadError> {
    let mut reader = Reader::new(options);
    let expected = T::root_name();
    if !element.is(&expected.namespace, &expected.local) {
        return Err(reader.wrong_root(&expected, element));
    }
    reader.value(element).map_err(|error| error.inside(&expected.local))
}

/// Reads a document of one value, with the default limits of the XML reader and of [`ReadOptions`].
///
/// # Errors
/// Text that is not XML, another document element, or content that is not of this contract.
pub fn from_xml<T: DataContract>(xml: &[u8]) -> Result<T, ReadError> {
    let document = Document::parse(xml.to_vec(), &Limits::default())
        .map_err(|error| ReadError::custom(error.to_string()))?;
    from_element(document.root(), &ReadOptions::default())
}
