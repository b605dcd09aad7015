//! Simple values: the built-in types of XML Schema Part 2 §3 and of the serialization schema, as JSON and as text of XML.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::JsonError;
use super::limits::MAX_NUMBER;
use super::number::{Plain, json_number};
use super::time::{self, Form};
use super::value::Json;
use super::words::shortened;
use crate::name::{QName, namespaces};

/// What kind of value a built-in type has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    Boolean,
    /// An integer of these bounds that a `f64` holds exactly: a JSON number.
    Small(i64, i64),
    /// An integer of these bounds: a JSON string, since readers of JSON keep 53 bits.
    Large(i128, i128),
    /// `xs:decimal`: a JSON string.
    Decimal,
    Float,
    Double,
    Time(Form),
    Base64,
    Hex,
    QName,
    Guid,
    Char,
    /// Text whose white space is kept.
    Text,
    /// Text whose white space means nothing at its ends.
    Token,
}

/// Bounds of what has none on one side. Integers of XML Schema are unbounded; more than 38 digits are not checked.
const MOST: i128 = i128::MAX;

impl Scalar {
    /// That of a built-in type by its name; text for one that is not known.
    pub(super) fn of(name: &QName) -> Self {
        let serialization = *name.namespace == *namespaces::SERIALIZATION;
        match &*name.local {
            "boolean" => Self::Boolean,
            "byte" => Self::Small(i8::MIN.into(), i8::MAX.into()),
            "unsignedByte" => Self::Small(0, u8::MAX.into()),
            "short" => Self::Small(i16::MIN.into(), i16::MAX.into()),
            "unsignedShort" => Self::Small(0, u16::MAX.into()),
            "int" => Self::Small(i32::MIN.into(), i32::MAX.into()),
            "unsignedInt" => Self::Small(0, u32::MAX.into()),
            "long" => Self::Large(i64::MIN.into(), i64::MAX.into()),
            "unsignedLong" => Self::Large(0, u64::MAX.into()),
            "integer" => Self::Large(-MOST, MOST),
            "nonNegativeInteger" => Self::Large(0, MOST),
            "positiveInteger" => Self::Large(1, MOST),
            "nonPositiveInteger" => Self::Large(-MOST, 0),
            "negativeInteger" => Self::Large(-MOST, -1),
            "decimal" => Self::Decimal,
            "float" => Self::Float,
            "double" => Self::Double,
            "base64Binary" => Self::Base64,
            "hexBinary" => Self::Hex,
            "QName" | "NOTATION" => Self::QName,
            "guid" if serialization => Self::Guid,
            "char" if serialization => Self::Char,
            "string" | "normalizedString" | "anySimpleType" => Self::Text,
            local => Form::of(local).map_or(Self::Token, Self::Time),
        }
    }

    /// What is expected in JSON, in words.
    pub(super) fn expected(self) -> String {
        match self {
            Self::Boolean => "true or false".to_owned(),
            Self::Small(least, most) => format!("an integer from {least} to {most}"),
            Self::Large(least, most) if most == MOST || least == -MOST => {
                let bound = match (least, most) {
                    (0, _) => " that is not negative",
                    (1, _) => " above zero",
                    (_, 0) => " that is not positive",
                    (_, -1) => " below zero",
                    _ => "",
                };
                format!("an integer{bound}, as a number or a string")
            }
            Self::Large(least, most) => {
                format!("an integer from {least} to {most}, as a number or a string")
            }
            Self::Decimal => "a decimal number, as a number or a string".to_owned(),
            Self::Float | Self::Double => "a number, or \"NaN\", \"INF\" or \"-INF\"".to_owned(),
            Self::Time(form) => format!("{}, as \"{}\"", form.words(), form.example()),
            Self::Base64 => "octets in Base64".to_owned(),
            Self::Hex => "octets in hexadecimal digits".to_owned(),
            Self::QName => "a name, as \"{namespace}local\"".to_owned(),
            Self::Guid => "a GUID, as \"00000000-0000-0000-0000-000000000000\"".to_owned(),
            Self::Char => "one character, or its number from 0 to 65535".to_owned(),
            Self::Text | Self::Token => "a string".to_owned(),
        }
    }

    /// The text of a JSON value; `prefixed` gives the prefix that a namespace has.
    pub(super) fn to_text(
        self,
        value: &Json,
        prefixed: &mut dyn FnMut(&str) -> String,
    ) -> Result<String, JsonError> {
        let wrong = || {
            let found = match value {
                Json::String(text) => format!("\"{}\"", shortened(text)),
                Json::Number(text) => shortened(text),
                other => other.kind().to_owned(),
            };
            JsonError::new(format!("expected {}, found {found}", self.expected()))
        };
        let written = match (self, value) {
            (Self::Boolean, Json::Bool(value)) => Some(value.to_string()),
            (Self::Boolean, Json::String(text)) => boolean(text).map(|value| value.to_string()),
            (Self::Text | Self::Token, Json::String(text)) => Some(text.clone()),
            // What is text on the wire may hold numbers to those who write JSON.
            (Self::Text | Self::Token, Json::Number(text)) => Some(text.to_string()),
            (Self::Text | Self::Token, Json::Bool(value)) => Some(value.to_string()),
            (Self::Char, Json::Number(text)) => code_unit(text).map(|unit| unit.to_string()),
            (Self::Char, Json::String(text)) => {
                let mut units = text.encode_utf16();
                units.next().filter(|_| units.next().is_none()).map(|unit| unit.to_string())
            }
            (Self::QName, Json::String(text)) => qname(text, prefixed),
            (_, Json::Number(text)) => self.number(text),
            (_, Json::String(text)) => self.number(text.trim()).or_else(|| self.checked(text)),
            _ => None,
        };
        written.ok_or_else(wrong)
    }

    fn number(self, text: &str) -> Option<String> {
        if text.len() > MAX_NUMBER {
            return None;
        }
        match self {
            Self::Small(least, most) => {
                let value: i64 = Plain::parse(text)?.integer()?.parse().ok()?;
                (least..=most).contains(&value).then(|| value.to_string())
            }
            Self::Large(least, most) => {
                let digits = Plain::parse(text)?.integer()?;
                in_bounds(&digits, least, most).then_some(digits)
            }
            Self::Decimal => Some(Plain::parse(text)?.decimal()),
            Self::Float | Self::Double => {
                if matches!(text, "NaN" | "INF" | "-INF") {
                    return Some(text.to_owned());
                }
                let value: f64 = json_number(text)?.parse().ok()?;
                let fits = match self {
                    Self::Float => value.abs() <= f64::from(f32::MAX),
                    _ => value.is_finite(),
                };
                fits.then(|| text.to_owned())
            }
            _ => None,
        }
    }

    /// Text that has a form.
    fn checked(self, text: &str) -> Option<String> {
        let trimmed = text.trim();
        let is_good = match self {
            Self::Time(form) => time::is_valid(form, trimmed),
            Self::Base64 => STANDARD.decode(trimmed).is_ok(),
            Self::Hex => {
                trimmed.len().is_multiple_of(2) && trimmed.bytes().all(|b| b.is_ascii_hexdigit())
            }
            Self::Guid => is_guid(trimmed),
            _ => false,
        };
        is_good.then(|| trimmed.to_owned())
    }

    /// The JSON of a text of XML; `resolved` finds the name that a QName means.
    pub(super) fn to_json(
        self,
        text: &str,
        resolved: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Json, JsonError> {
        if self == Self::Text {
            return Ok(Json::from(text));
        }
        let trimmed = text.trim_matches([' ', '\t', '\r', '\n']);
        let string = |text: String| Json::String(text);
        let value = match self {
            Self::Boolean => boolean(trimmed).map(Json::Bool),
            Self::Small(..) => self.number(trimmed).map(|text| Json::Number(text.into())),
            Self::Large(..) => self.number(trimmed).map(string),
            Self::Decimal => Plain::parse(trimmed).map(|plain| string(plain.decimal())),
            Self::Float | Self::Double => match trimmed {
                "NaN" | "INF" | "-INF" => Some(Json::from(trimmed)),
                "+INF" => Some(Json::from("INF")),
                _ => json_number(trimmed).map(|text| Json::Number(text.into())),
            },
            Self::Base64 => {
                let octets: String = trimmed.split_ascii_whitespace().collect();
                STANDARD.decode(&octets).is_ok().then(|| string(octets))
            }
            Self::Char => code_unit(trimmed).map(|unit| match char::from_u32(unit.into()) {
                Some(c) => string(c.to_string()),
                // Half of a pair is no character.
                None => Json::from(u32::from(unit)),
            }),
            Self::QName => resolved(trimmed).map(string),
            Self::Hex | Self::Guid | Self::Time(_) => self.checked(trimmed).map(string),
            Self::Text | Self::Token => Some(Json::from(trimmed)),
        };
        value.ok_or_else(|| {
            let expected = self.expected();
            JsonError::new(format!(
                "the service sent \"{}\", which is not {expected}",
                shortened(trimmed)
            ))
        })
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.trim() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn code_unit(text: &str) -> Option<u16> {
    Plain::parse(text)?.integer()?.parse().ok()
}

fn is_guid(text: &str) -> bool {
    let mut groups = text.split('-');
    [8, 4, 4, 4, 12].iter().all(|length| {
        groups.next().is_some_and(|group| {
            group.len() == *length && group.bytes().all(|b| b.is_ascii_hexdigit())
        })
    }) && groups.next().is_none()
}

/// Whether an integer is in its bounds; of what is larger than 38 digits the sign decides.
fn in_bounds(digits: &str, least: i128, most: i128) -> bool {
    match digits.parse::<i128>() {
        Ok(value) => (least..=most).contains(&value),
        Err(_) if digits.starts_with('-') => least == -MOST,
        Err(_) => most == MOST,
    }
}

/// `{namespace}local` as a QName with a prefix.
fn qname(text: &str, prefixed: &mut dyn FnMut(&str) -> String) -> Option<String> {
    let (namespace, local) = clark(text.trim())?;
    let can_be = waxwing_xml::first_forbidden_character(namespace).is_none()
        && namespace != "http://www.w3.org/2000/xmlns/";
    if !waxwing_xml::is_ncname(local) || !can_be {
        return None;
    }
    match namespace {
        // This prefix is bound to it, and no other may be (Namespaces in XML 1.0 §3).
        waxwing_xml::XML_NAMESPACE => Some(format!("xml:{local}")),
        "" => Some(local.to_owned()),
        namespace => Some(format!("{}:{local}", prefixed(namespace))),
    }
}

/// Namespace and local part of `{namespace}local`, or of `local` alone.
pub(super) fn clark(text: &str) -> Option<(&str, &str)> {
    match text.strip_prefix('{') {
        Some(rest) => rest.rsplit_once('}'),
        None => Some(("", text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, json: &str) -> Result<String, JsonError> {
        let namespace = if matches!(name, "guid" | "char") {
            namespaces::SERIALIZATION
        } else {
            namespaces::XSD
        };
        let scalar = Scalar::of(&QName::new(namespace, name));
        scalar.to_text(&Json::parse(json).unwrap(), &mut |_| "q".to_owned())
    }

    fn json(name: &str, text: &str) -> String {
        let namespace = if matches!(name, "guid" | "char") {
            namespaces::SERIALIZATION
        } else {
            namespaces::XSD
        };
        let scalar = Scalar::of(&QName::new(namespace, name));
        let resolved = |text: &str| Some(format!("{{urn:x}}{}", text.rsplit(':').next()?));
        scalar.to_json(text, &resolved).unwrap().to_string()
    }

    #[test]
    fn values_become_text() {
        for (name, value, expected) in [
            ("long", "9007199254740993", "9007199254740993"),
            ("long", "\"-9223372036854775808\"", "-9223372036854775808"),
            ("int", "1e3", "1000"),
            ("int", "5.0", "5"),
            ("decimal", "0.10", "0.10"),
            ("decimal", "\"79228162514264337593543950335\"", "79228162514264337593543950335"),
            ("decimal", "1.5e2", "150"),
            ("decimal", "1e-3", "0.001"),
            ("double", "115.99", "115.99"),
            ("double", "\"INF\"", "INF"),
            ("boolean", "\"1\"", "true"),
            ("string", "5", "5"),
            ("char", "\"A\"", "65"),
            ("char", "\"😀\"", "x"),
            (
                "guid",
                "\"e21e1dc6-f0eb-4a2c-9f58-3e2e6b1a2b3c\"",
                "e21e1dc6-f0eb-4a2c-9f58-3e2e6b1a2b3c",
            ),
            ("dateTime", "\"2026-02-28T10:00:00.5+01:00\"", "2026-02-28T10:00:00.5+01:00"),
            ("QName", "\"{urn:x}a\"", "q:a"),
            ("base64Binary", "\"AQID\"", "AQID"),
        ] {
            match text(name, value) {
                Ok(found) => assert_eq!(found, expected, "{name} {value}"),
                Err(error) => assert_eq!(expected, "x", "{name} {value}: {error}"),
            }
        }
    }

    #[test]
    fn what_does_not_fit_says_what_would() {
        for (name, value, said) in [
            (
                "int",
                "2147483648",
                "expected an integer from -2147483648 to 2147483647, found 2147483648",
            ),
            ("unsignedByte", "-1", "from 0 to 255"),
            ("int", "\"seven\"", "found \"seven\""),
            ("int", "1.5", "an integer"),
            ("int", "true", "found a boolean"),
            ("boolean", "2", "expected true or false"),
            ("positiveInteger", "0", "above zero"),
            ("double", "1e999", "a number"),
            ("float", "1e39", "a number"),
            ("dateTime", "\"2026-13-01T00:00:00\"", "2026-01-31T12:00:00Z"),
            ("date", "\"1.1.2026\"", "2026-01-31"),
            ("base64Binary", "\"a\"", "Base64"),
            ("string", "{}", "expected a string, found an object"),
            ("long", "1e9999999999", "an integer"),
        ] {
            let error = text(name, value).unwrap_err().to_string();
            assert!(error.contains(said), "{name} {value}: {error}");
        }
    }

    #[test]
    fn text_becomes_values() {
        for (name, text, expected) in [
            ("long", "9007199254740993", "\"9007199254740993\""),
            ("decimal", " 1.50 ", "\"1.50\""),
            ("decimal", "-.5", "\"-0.5\""),
            ("int", "+007", "7"),
            ("double", "1E+20", "1E+20"),
            ("double", "+.5", "0.5"),
            ("double", "5.", "5"),
            ("double", "007.5", "7.5"),
            ("float", "-INF", "\"-INF\""),
            ("boolean", "1", "true"),
            ("string", " a ", "\" a \""),
            ("token", " a ", "\"a\""),
            ("char", "65", "\"A\""),
            ("char", "55357", "55357"),
            ("base64Binary", "AQ\n ID", "\"AQID\""),
            ("QName", "p:a", "\"{urn:x}a\""),
        ] {
            assert_eq!(json(name, text), expected, "{name} {text}");
        }
    }
}
