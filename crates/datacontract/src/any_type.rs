//! `object`: a value whose contract is told by `i:type`.

use waxwing_xml::{Element, NodeId};

use crate::contract::{DataContract, to_document};
use crate::describe::{TypeDescriptions, TypeUse};
use crate::name::{ContractName, namespaces};
use crate::reader::{ReadOptions, Reader};
use crate::values::{
    Char, DateTime, Decimal, Guid, QName, TimeSpan, Uri, XmlElement, copy_children,
};
use crate::writer::Writer;
use crate::{ReadError, WriteError};

/// A value of the CLR type `object`. Null is `Option<AnyType>`.
///
/// Built-in types are values; everything else is [`TypedXml`], which [`AnyType::of`] makes and [`AnyType::to`] reads, so that
/// no list of known types is needed and a value of an unknown type survives.
///
/// ```
/// use waxwing_datacontract::AnyType;
/// let list = AnyType::of(&vec![1, 2]).unwrap();
/// assert_eq!(list.to::<Vec<i32>>().unwrap(), [1, 2]);
/// assert!(list.to::<Vec<String>>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum AnyType {
    /// `new object()`: nothing but its identity.
    Object,
    /// `bool`.
    Boolean(bool),
    /// `sbyte`.
    SByte(i8),
    /// `byte`.
    Byte(u8),
    /// `short`.
    Short(i16),
    /// `ushort`.
    UShort(u16),
    /// `int`.
    Int(i32),
    /// `uint`.
    UInt(u32),
    /// `long`.
    Long(i64),
    /// `ulong`.
    ULong(u64),
    /// `float`.
    Float(f32),
    /// `double`.
    Double(f64),
    /// `decimal`.
    Decimal(Decimal),
    /// `char`.
    Char(Char),
    /// `string`.
    String(String),
    /// `DateTime`.
    DateTime(DateTime),
    /// `TimeSpan`.
    TimeSpan(TimeSpan),
    /// `Guid`.
    Guid(Guid),
    /// `byte[]`.
    Bytes(Vec<u8>),
    /// `Uri`.
    Uri(Uri),
    /// `XmlQualifiedName`.
    QName(QName),
    /// Any other contract, as XML.
    Typed(TypedXml),
}

/// A value of a contract that is named and not read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedXml {
    /// The contract.
    pub contract: ContractName,
    /// An element with the value's content; its own name says nothing.
    pub content: XmlElement,
}

impl AnyType {
    /// Any value as an `object`.
    ///
    /// # Errors
    /// See [`DataContract::write`].
    pub fn of<T: DataContract>(value: &T) -> Result<Self, WriteError> {
        let content = to_document(value)?.into();
        let typed = TypedXml { contract: T::contract_name(), content };
        // A built-in type becomes its own variant, as if it had been read.
        let mut reader = Reader::new(&ReadOptions::default());
        let element = typed.content.element();
        match read_built_in(&typed.contract, &mut reader, element) {
            Some(built_in) => built_in.map_err(|error| WriteError::custom(error.to_string())),
            None => Ok(Self::Typed(typed)),
        }
    }

    /// The value, if it is of contract `T` (or one that `T` knows).
    ///
    /// # Errors
    /// Another contract, or content that is not of the contract.
    pub fn to<T: DataContract>(&self) -> Result<T, ReadError> {
        let owned;
        let typed = match self {
            Self::Typed(typed) => typed,
            _ => {
                owned = self.as_typed_xml()?;
                &owned
            }
        };
        if !T::accepts_type(&typed.contract) {
            return Err(ReadError::custom(format!(
                "The value is of the contract '{}', not of '{}'.",
                typed.contract,
                T::contract_name()
            )));
        }
        Reader::new(&ReadOptions::default()).value(typed.content.element())
    }

    fn as_typed_xml(&self) -> Result<TypedXml, ReadError> {
        let document = to_document(self).map_err(|error| ReadError::custom(error.to_string()))?;
        let content = XmlElement::from(document);
        let contract = Reader::new(&ReadOptions::default()).type_name(content.element())?;
        Ok(TypedXml { contract: contract.unwrap_or_else(Self::contract_name), content })
    }
}

/// One table of built-in contracts: how each variant is written and read.
macro_rules! built_ins {
    ($($variant:ident($type:ty)),* $(,)?) => {
        $(impl From<$type> for AnyType {
            fn from(value: $type) -> Self {
                Self::$variant(value)
            }
        })*

        fn write_built_in(
            value: &AnyType,
            writer: &mut Writer<'_>,
            element: NodeId,
        ) -> Result<(), WriteError> {
            match value {
                AnyType::Object => Ok(()),
                AnyType::Typed(typed) => typed.write(writer, element),
                $(AnyType::$variant(value) => {
                    writer.type_name(element, &<$type>::contract_name())?;
                    value.write(writer, element)
                })*
            }
        }

        fn read_built_in(
            contract: &ContractName,
            reader: &mut Reader,
            element: Element<'_>,
        ) -> Option<Result<AnyType, ReadError>> {
            $(if *contract == <$type>::contract_name() {
                return Some(<$type>::read(reader, element).map(AnyType::$variant));
            })*
            None
        }
    };
}

built_ins!(
    Boolean(bool),
    SByte(i8),
    Byte(u8),
    Short(i16),
    UShort(u16),
    Int(i32),
    UInt(u32),
    Long(i64),
    ULong(u64),
    Float(f32),
    Double(f64),
    Decimal(Decimal),
    Char(Char),
    String(String),
    DateTime(DateTime),
    TimeSpan(TimeSpan),
    Guid(Guid),
    Bytes(Vec<u8>),
    Uri(Uri),
    QName(QName),
);

impl From<&str> for AnyType {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl TypedXml {
    fn write(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        // The place of an object declares that already.
        if self.contract != AnyType::contract_name() {
            writer.type_name(element, &self.contract)?;
        }
        copy_children(writer.document(), element, self.content.element());
        Ok(())
    }
}

impl DataContract for AnyType {
    const FOLLOWS_REFERENCES: bool = true;

    fn contract_name() -> ContractName {
        ContractName::new("anyType", namespaces::XSD)
    }

    fn root_name() -> ContractName {
        ContractName::new("anyType", namespaces::SERIALIZATION)
    }

    fn describe(_: &mut TypeDescriptions) -> TypeUse {
        TypeUse::of::<Self>()
    }

    fn accepts_type(_: &ContractName) -> bool {
        true
    }

    fn needs_prefix(&self) -> bool {
        match self {
            Self::QName(name) => name.needs_prefix(),
            // The type is a qualified name, too.
            Self::Typed(typed) => typed.contract.namespace.is_empty(),
            _ => false,
        }
    }

    fn write(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        write_built_in(self, writer, element)
    }

    fn read(reader: &mut Reader, element: Element<'_>) -> Result<Self, ReadError> {
        let Some(contract) = reader.type_name(element)? else {
            if element.children().next().is_none() {
                return Ok(Self::Object);
            }
            let content = XmlElement::copy_of(element);
            return Ok(Self::Typed(TypedXml { contract: Self::contract_name(), content }));
        };
        read_built_in(&contract, reader, element).unwrap_or_else(|| {
            Ok(Self::Typed(TypedXml { contract, content: XmlElement::copy_of(element) }))
        })
    }
}
