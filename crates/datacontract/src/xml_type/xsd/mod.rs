//! Built-in types of XML Schema Part 2 that the CLR has no type for, or no exact one.
//!
//! | XML Schema | here | text |
//! |---|---|---|
//! | `date`, `time` | [`Date`], [`Time`] | `2026-11-23`, `10:00:00.5Z` |
//! | `gYear`, `gYearMonth`, `gMonth`, `gMonthDay`, `gDay` | [`GYear`], [`GYearMonth`], [`GMonth`], [`GMonthDay`], [`GDay`] | `2026`, `2026-11`, `--11`, `--11-23`, `---23` |
//! | `duration` | [`Duration`] | `P1Y2M3DT4H5M6.7S` |
//! | `integer` and those derived from it without a size | [`Integer`] | `-12345678901234567890` |
//! | `hexBinary` | [`HexBinary`] | `0FB7` |
//!
//! `dateTime`, the numbers with a size, `boolean`, `decimal`, `base64Binary` and `QName` are what they are in data contracts.
//! `string`, `token`, `anyURI`, `language` and other texts are `String`; `NMTOKENS`, `IDREFS` and other lists are `Vec<T>`.

mod date;
mod duration;
mod gregorian;
mod hex_binary;
mod integer;
mod time;
mod zone;

pub use date::Date;
pub use duration::Duration;
pub use gregorian::{GDay, GMonth, GMonthDay, GYear, GYearMonth};
pub use hex_binary::HexBinary;
pub use integer::Integer;
pub use time::Time;

use std::borrow::Cow;

use waxwing_xml::{Element, NodeId};

use super::simple::{read_simple, write_simple};
use super::text::XmlText;
use crate::contract::DataContract;
use crate::describe::{TypeDescriptions, TypeUse};
use crate::lexical::trim;
use crate::name::{ContractName, namespaces};
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{ReadError, ReadErrorKind, WriteError};

/// A built-in type whose text is its `Display` and `FromStr`.
macro_rules! built_in {
    ($($type:ty: $local:literal),+ $(,)?) => {
        $(impl DataContract for $type {
            const VALUE_TYPE: bool = true;

            fn contract_name() -> ContractName {
                ContractName::new($local, namespaces::XSD)
            }

            fn root_name() -> ContractName {
                ContractName::new($local, namespaces::SERIALIZATION)
            }

            fn item_name() -> ContractName {
                ContractName::new($local, namespaces::ARRAYS)
            }

            fn describe(_: &mut TypeDescriptions) -> TypeUse {
                TypeUse::of::<Self>()
            }

            fn write(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
                write_simple(self, writer, element)
            }

            fn read(reader: &mut Reader, element: Element<'_>) -> Result<Self, ReadError> {
                read_simple(reader, element)
            }

            fn missing() -> Option<Self> {
                Some(Self::default())
            }

            fn is_default(&self) -> bool {
                *self == Self::default()
            }
        }

        impl XmlText for $type {
            fn write_text(
                &self,
                _: &mut Writer<'_>,
                _: NodeId,
            ) -> Result<Cow<'_, str>, WriteError> {
                Ok(Cow::Owned(self.to_string()))
            }

            fn read_text(text: &str, _: Element<'_>) -> Result<Self, ReadError> {
                let text = trim(text);
                text.parse().map_err(|_| ReadErrorKind::Unparsable(text.to_owned(), $local).into())
            }
        })+
    };
}

built_in!(
    Date: "date",
    Time: "time",
    GYear: "gYear",
    GYearMonth: "gYearMonth",
    GMonth: "gMonth",
    GMonthDay: "gMonthDay",
    GDay: "gDay",
    Duration: "duration",
    Integer: "integer",
    HexBinary: "hexBinary",
);
