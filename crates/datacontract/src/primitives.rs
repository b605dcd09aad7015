//! Built-in types: their contract names and their text.

use std::borrow::Cow;

use base64_simd::STANDARD;
use waxwing_xml::values::{f32_text, f64_text};
use waxwing_xml::{Element, NodeId, Value};

use crate::class::{ClassContract, Member, MissingMember, read_class, take, write_member};
use crate::contract::DataContract;
use crate::describe::{ClassDescription, MemberDescription, TypeDescriptions, TypeKind, TypeUse};
use crate::lexical::trim;
use crate::name::{ContractName, namespaces};
use crate::number::{parse_f32, parse_f64};
use crate::reader::{Reader, resolve};
use crate::values::{
    Char, DateTime, DateTimeOffset, Decimal, Guid, QName, TimeSpan, Uri, ValueError, XmlElement,
};
use crate::writer::Writer;
use crate::xml_type::XmlText;
use crate::{ReadError, ReadErrorKind, WriteError};

/// A built-in type: the element is named after it, in the serialization namespace, when it stands alone.
macro_rules! built_in {
    ($namespace:expr, $local:literal) => {
        fn contract_name() -> ContractName {
            ContractName::new($local, $namespace)
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
    };
}

/// What a value type is without a value.
macro_rules! value_type {
    () => {
        const VALUE_TYPE: bool = true;

        fn missing() -> Option<Self> {
            Some(Self::default())
        }

        fn is_default(&self) -> bool {
            *self == Self::default()
        }
    };
}

/// A value type whose text has no blanks: `$parse` gets it trimmed. `$value` is what encodings have records for.
macro_rules! simple {
    ($type:ty, $namespace:expr, $local:literal, $clr:literal, $text:expr, $value:expr, $parse:expr) => {
        impl DataContract for $type {
            const IN_ARRAYS: bool = is_in_arrays($local);

            built_in!($namespace, $local);
            value_type!();

            fn write(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
                let value: fn(&$type) -> Option<Value<'static>> = $value;
                match value(self) {
                    Some(value) => writer.scalar(element, value),
                    None => {
                        let text: fn(&$type) -> String = $text;
                        writer.text(element, &text(self))?;
                    }
                }
                Ok(())
            }

            fn read(reader: &mut Reader, element: Element<'_>) -> Result<Self, ReadError> {
                // What came as a value needs no text in between.
                if let Some(value) = element.value().and_then(Self::of_value) {
                    return Ok(value);
                }
                let text = reader.text(element, $clr)?;
                Self::read_text(&text, element)
            }
        }

        impl XmlText for $type {
            fn write_text(
                &self,
                _: &mut Writer<'_>,
                _: NodeId,
            ) -> Result<Cow<'_, str>, WriteError> {
                let text: fn(&$type) -> String = $text;
                Ok(Cow::Owned(text(self)))
            }

            fn read_text(text: &str, _: Element<'_>) -> Result<Self, ReadError> {
                let parse: fn(&str) -> Result<$type, ReadErrorKind> = $parse;
                parse(trim(text)).map_err(ReadError::from)
            }
        }
    };
}

/// Types whose values an encoding may have records for. A value that is not exactly one of the type is read as text.
trait OfValue: Sized {
    fn of_value(value: Value<'_>) -> Option<Self>;
}

macro_rules! integer_of_value {
    ($($type:ty),+) => {
        $(impl OfValue for $type {
            fn of_value(value: Value<'_>) -> Option<Self> {
                match value {
                    Value::Int16(value) => value.try_into().ok(),
                    Value::Int32(value) => value.try_into().ok(),
                    Value::Int64(value) => value.try_into().ok(),
                    Value::UInt64(value) => value.try_into().ok(),
                    _ => None,
                }
            }
        })+
    };
}

integer_of_value!(i8, i16, u16, i32, u32, i64, u64);

impl OfValue for bool {
    fn of_value(value: Value<'_>) -> Option<Self> {
        if let Value::Bool(value) = value { Some(value) } else { None }
    }
}

impl OfValue for f64 {
    fn of_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Double(value) => Some(value),
            Value::Single(value) => Some(value.into()),
            Value::Int64(value) => i32::try_from(value).ok().map(f64::from),
            Value::Int32(value) => Some(value.into()),
            Value::Int16(value) => Some(value.into()),
            _ => None,
        }
    }
}

impl OfValue for f32 {
    fn of_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Single(value) => Some(value),
            Value::Int64(value) => i16::try_from(value).ok().map(f32::from),
            Value::Int16(value) => Some(value.into()),
            _ => None,
        }
    }
}

impl OfValue for Decimal {
    fn of_value(value: Value<'_>) -> Option<Self> {
        if let Value::Decimal(value) = value { Self::of(value) } else { None }
    }
}

impl OfValue for Char {
    fn of_value(value: Value<'_>) -> Option<Self> {
        u16::of_value(value).map(Char)
    }
}

impl OfValue for DateTime {
    fn of_value(value: Value<'_>) -> Option<Self> {
        if let Value::DateTime(value) = value { Self::of(value) } else { None }
    }
}

impl OfValue for TimeSpan {
    fn of_value(value: Value<'_>) -> Option<Self> {
        if let Value::TimeSpan(ticks) = value { Some(Self::from_ticks(ticks)) } else { None }
    }
}

impl OfValue for Guid {
    fn of_value(value: Value<'_>) -> Option<Self> {
        if let Value::Uuid(octets) = value { Some(Self(octets)) } else { None }
    }
}

/// Whether .NET reads a list of this type of the schema as an array of values.
const fn is_in_arrays(local: &str) -> bool {
    matches!(
        local.as_bytes(),
        b"boolean" | b"dateTime" | b"decimal" | b"int" | b"long" | b"float" | b"double"
    )
}

/// The error of a text that is no number, or of one that is too large.
fn content(error: ValueError, clr: &'static str, short: &'static str) -> ReadErrorKind {
    match error {
        ValueError::Range(what) => ReadErrorKind::Overflow(what),
        ValueError::Form(_) | ValueError::Loss(_) => ReadErrorKind::Content(clr, short),
    }
}

simple!(
    bool,
    namespaces::XSD,
    "boolean",
    "System.Boolean",
    |value| value.to_string(),
    |value| Some(Value::Bool(*value)),
    |text| {
        match text {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(ReadErrorKind::Content("System.Boolean", "Boolean")),
        }
    }
);

/// The whole numbers but `u8`, whose lists are base64.
macro_rules! integer {
    ($type:ty, $variant:ident, $local:literal, $clr:literal, $short:literal, $article:literal) => {
        simple!(
            $type,
            namespaces::XSD,
            $local,
            $clr,
            |value| value.to_string(),
            |value| Some(Value::$variant((*value).into())),
            |text| parse_integer(text, $clr, $short, $article)
        );
    };
}

integer!(i8, Int16, "byte", "System.SByte", "SByte", "an SByte");
integer!(i16, Int16, "short", "System.Int16", "Short", "an Int16");
integer!(u16, Int32, "unsignedShort", "System.UInt16", "UShort", "a UInt16");
integer!(i32, Int32, "int", "System.Int32", "Int", "an Int32");
integer!(u32, Int64, "unsignedInt", "System.UInt32", "UInt", "a UInt32");
integer!(i64, Int64, "long", "System.Int64", "Long", "an Int64");
integer!(u64, UInt64, "unsignedLong", "System.UInt64", "ULong", "a UInt64");

/// Sign and digits; a leading plus is allowed, and so is minus zero of an unsigned type.
fn parse_integer<T: std::str::FromStr>(
    text: &str,
    clr: &'static str,
    short: &'static str,
    article: &'static str,
) -> Result<T, ReadErrorKind> {
    if let Ok(value) = text.parse() {
        return Ok(value);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ReadErrorKind::Content(clr, short));
    }
    if digits.bytes().all(|b| b == b'0') {
        return digits.parse().map_err(|_| ReadErrorKind::Overflow(article));
    }
    Err(ReadErrorKind::Overflow(article))
}

simple!(
    f64,
    namespaces::XSD,
    "double",
    "System.Double",
    |value| f64_text(*value),
    |value| Some(Value::Double(*value)),
    |text| parse_f64(text).map_err(|error| content(error, "System.Double", "Double"))
);
simple!(
    f32,
    namespaces::XSD,
    "float",
    "System.Single",
    |value| f32_text(*value),
    |value| Some(Value::Single(*value)),
    |text| parse_f32(text).map_err(|error| content(error, "System.Single", "Single"))
);
simple!(
    Decimal,
    namespaces::XSD,
    "decimal",
    "System.Decimal",
    |value| value.to_string(),
    |value| Some(Value::Decimal(value.value())),
    |text| {
        text.parse().map_err(|error| match error {
            ValueError::Range(_) => ReadErrorKind::Overflow("a Decimal"),
            ValueError::Form(_) | ValueError::Loss(_) => {
                ReadErrorKind::Content("System.Decimal", "Decimal")
            }
        })
    }
);
simple!(
    Char,
    namespaces::SERIALIZATION,
    "char",
    "System.Char",
    |value| value.0.to_string(),
    |value| Some(Value::Int32(value.0.into())),
    |text| parse_integer(text, "System.Char", "Int", "a character").map(Char)
);
simple!(
    DateTime,
    namespaces::XSD,
    "dateTime",
    "System.DateTime",
    |value| value.to_string(),
    |value| value.value().map(Value::DateTime),
    |text| text.parse().map_err(|_| ReadErrorKind::Content("System.DateTime", "DateTime"))
);
simple!(
    TimeSpan,
    namespaces::SERIALIZATION,
    "duration",
    "System.TimeSpan",
    |value| value.to_string(),
    |value| Some(Value::TimeSpan(value.ticks())),
    |text| text.parse().map_err(|_| ReadErrorKind::Unparsable(text.to_owned(), "TimeSpan"))
);
simple!(
    Guid,
    namespaces::SERIALIZATION,
    "guid",
    "System.Guid",
    |value| value.to_string(),
    |value| Some(Value::Uuid(value.0)),
    |text| text.parse().map_err(|_| ReadErrorKind::Unparsable(text.to_owned(), "Guid"))
);

impl DataContract for u8 {
    built_in!(namespaces::XSD, "unsignedByte");
    value_type!();

    fn write(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        writer.scalar(element, Value::Int16((*self).into()));
        Ok(())
    }

    fn read(reader: &mut Reader, element: Element<'_>) -> Result<Self, ReadError> {
        let text = reader.text(element, "System.Byte")?;
        Self::read_text(&text, element)
    }

    fn list_name() -> ContractName {
        ContractName::new("base64Binary", namespaces::XSD)
    }

    fn list_root_name() -> ContractName {
        ContractName::new("base64Binary", namespaces::SERIALIZATION)
    }

    fn describe_list(_: &mut TypeDescriptions) -> TypeUse {
        TypeUse::of::<Vec<Self>>()
    }

    fn write_list(
        items: &[Self],
        writer: &mut Writer<'_>,
        element: NodeId,
    ) -> Result<(), WriteError> {
        writer.scalar(element, Value::Octets(items));
        Ok(())
    }

    fn write_list_out(
        items: &mut Vec<Self>,
        writer: &mut Writer<'_>,
        element: NodeId,
    ) -> Result<(), WriteError> {
        writer.owned_octets(element, std::mem::take(items));
        Ok(())
    }

    fn read_list(reader: &mut Reader, element: Element<'_>) -> Result<Vec<Self>, ReadError> {
        if let Some(Value::Octets(octets)) = element.value() {
            let longest = reader.options().max_array_length;
            return match octets.len() > longest as usize {
                true => Err(ReadErrorKind::TooManyOctets(longest).into()),
                false => Ok(octets.to_vec()),
            };
        }
        let text = reader.text(element, "System.Byte[]")?;
        let longest = reader.options().max_array_length;
        let fits = |text: &[u8]| {
            let padding = text.iter().rev().take_while(|b| **b == b'=').count();
            text.len() / 4 * 3 <= (longest as usize).saturating_add(padding)
        };
        // In one pass, where there is nothing between them.
        if fits(text.as_bytes())
            && let Ok(octets) = STANDARD.decode_to_vec(text.as_bytes())
        {
            return Ok(octets);
        }
        let blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
        let dense: Vec<u8> = text.bytes().filter(|b| !blank(b)).collect();
        if !fits(&dense) {
            return Err(ReadErrorKind::TooManyOctets(longest).into());
        }
        STANDARD
            .decode_to_vec(&dense)
            .map_err(|_| ReadErrorKind::Content("System.Byte[]", "Base64").into())
    }
}

impl XmlText for u8 {
    fn write_text(&self, _: &mut Writer<'_>, _: NodeId) -> Result<Cow<'_, str>, WriteError> {
        Ok(Cow::Owned(self.to_string()))
    }

    fn read_text(text: &str, _: Element<'_>) -> Result<Self, ReadError> {
        Ok(parse_integer(trim(text), "System.Byte", "Byte", "an unsigned byte")?)
    }
}

impl DataContract for String {
    built_in!(namespaces::XSD, "string");

    fn write(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        if self.is_empty() {
            writer.document().set_start_end_pair(element, true);
        }
        writer.text(element, self)
    }

    fn write_out(&mut self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        match self.is_empty() {
            true => self.write(writer, element),
            false => writer.owned_text(element, std::mem::take(self)),
        }
    }

    fn read(reader: &mut Reader, element: Element<'_>) -> Result<Self, ReadError> {
        Ok(reader.string(element, "System.String")?.into_owned())
    }
}

impl DataContract for Uri {
    built_in!(namespaces::XSD, "anyURI");

    fn write(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        writer.text(element, self.as_str())
    }

    fn read(reader: &mut Reader, element: Element<'_>) -> Result<Self, ReadError> {
        let text = reader.string(element, "System.Uri")?;
        text.parse().map_err(|_| ReadErrorKind::Content("System.Uri", "Uri").into())
    }
}

impl DataContract for QName {
    built_in!(namespaces::XSD, "QName");

    fn needs_prefix(&self) -> bool {
        self.namespace.is_empty()
    }

    fn write(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        let name = ContractName::owned(self.local.as_str(), self.namespace.as_str());
        let text = writer.qualified_name(element, &name)?;
        writer.text(element, &text)
    }

    fn read(reader: &mut Reader, element: Element<'_>) -> Result<Self, ReadError> {
        let text = reader.text(element, "System.Xml.XmlQualifiedName")?;
        let name = resolve(element, &text)?;
        Ok(Self { namespace: name.namespace.into_owned(), local: name.local.into_owned() })
    }
}

impl DataContract for XmlElement {
    fn contract_name() -> ContractName {
        ContractName::new("XmlElement", "http://schemas.datacontract.org/2004/07/System.Xml")
    }

    fn describe(types: &mut TypeDescriptions) -> TypeUse {
        types.add::<Self>("", |_| TypeKind::XmlElement)
    }

    fn accepts_type(_: &ContractName) -> bool {
        true
    }

    fn write(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        writer.document().import(element, self.element());
        Ok(())
    }

    fn read(_: &mut Reader, element: Element<'_>) -> Result<Self, ReadError> {
        let mut elements = element.elements();
        match (elements.next(), elements.next()) {
            (Some(content), None) => Ok(Self::copy_of(content)),
            (None, _) => Err(ReadErrorKind::NullNotAllowed("XmlElement".to_owned()).into()),
            (Some(_), Some(_)) => {
                Err(ReadError::custom("An XmlElement holds one element; here are several."))
            }
        }
    }
}

const UTC: ContractName = ContractName::new("DateTime", namespaces::SYSTEM);
const OFFSET: ContractName = ContractName::new("OffsetMinutes", namespaces::SYSTEM);

impl DataContract for DateTimeOffset {
    value_type!();

    fn contract_name() -> ContractName {
        ContractName::new("DateTimeOffset", namespaces::SYSTEM)
    }

    fn describe(types: &mut TypeDescriptions) -> TypeUse {
        types.add::<Self>("", |_| {
            let utc = MemberDescription::new(UTC.local, TypeUse::of::<DateTime>());
            let offset = MemberDescription::new(OFFSET.local, TypeUse::of::<i16>());
            let members = vec![utc.required(), offset.required()];
            TypeKind::Class(ClassDescription { members, ..ClassDescription::default() })
        })
    }

    fn write(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        writer.begin(element, Cow::Borrowed(namespaces::SYSTEM));
        self.write_members(writer, element)
    }

    fn read(reader: &mut Reader, element: Element<'_>) -> Result<Self, ReadError> {
        read_class(reader, element)
    }
}

impl ClassContract for DateTimeOffset {
    type Slots = (Option<DateTime>, Option<i16>);
    const MEMBERS: usize = 2;

    fn member(index: usize) -> Member {
        Member { name: if index == 0 { UTC } else { OFFSET }, missing: MissingMember::Required }
    }

    fn write_members(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        write_member(writer, element, &UTC, &self.utc(), true)?;
        write_member(writer, element, &OFFSET, &self.offset(), true)
    }

    fn read_member(
        slots: &mut Self::Slots,
        index: usize,
        reader: &mut Reader,
        element: Element<'_>,
    ) -> Result<(), ReadError> {
        match index {
            0 => slots.0 = Some(reader.value(element)?),
            _ => slots.1 = Some(reader.value(element)?),
        }
        Ok(())
    }

    fn finish(slots: Self::Slots, reader: &Reader) -> Result<Self, ReadError> {
        let (moment, offset) =
            (take(slots.0, reader, "DateTime")?, take(slots.1, reader, "OffsetMinutes")?);
        Self::new(moment, offset).map_err(|error| ReadError::custom(error.to_string()))
    }
}
