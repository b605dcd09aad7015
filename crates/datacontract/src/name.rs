//! Contract names: how CLR types are called on the wire, and the names of generic types.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use md5::{Digest, Md5};

/// The namespaces of data contracts.
pub mod namespaces {
    /// XML Schema: the namespace of the built-in types in `i:type`.
    pub const XSD: &str = "http://www.w3.org/2001/XMLSchema";
    /// XML Schema instance: `i:nil` and `i:type`.
    pub const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
    /// Serialization: `char`, `guid`, `duration`, `z:Id`, `z:Ref`, and the root elements of built-in types.
    pub const SERIALIZATION: &str = "http://schemas.microsoft.com/2003/10/Serialization/";
    /// Collections and dictionaries of built-in types.
    pub const ARRAYS: &str = "http://schemas.microsoft.com/2003/10/Serialization/Arrays";
    /// What is put before a CLR namespace to make the default namespace of its contracts.
    pub const DATA_CONTRACT_BASE: &str = "http://schemas.datacontract.org/2004/07/";
    /// Contracts of the CLR namespace `System` (`DateTimeOffset`, `NullableOf…`).
    pub const SYSTEM: &str = "http://schemas.datacontract.org/2004/07/System";
    /// Contracts of the CLR namespace `System.Collections.Generic` (`KeyValuePairOf…`).
    pub const SYSTEM_COLLECTIONS_GENERIC: &str =
        "http://schemas.datacontract.org/2004/07/System.Collections.Generic";
}

/// The name of a contract or of an element: a local name in a namespace (empty for none).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContractName {
    /// The local name, already escaped (see [`encode_local_name`]).
    pub local: Cow<'static, str>,
    /// The namespace name.
    pub namespace: Cow<'static, str>,
}

impl ContractName {
    /// A name known when the program is compiled.
    pub const fn new(local: &'static str, namespace: &'static str) -> Self {
        Self { local: Cow::Borrowed(local), namespace: Cow::Borrowed(namespace) }
    }

    /// A name made at run time.
    pub fn owned(local: impl Into<String>, namespace: impl Into<String>) -> Self {
        Self { local: Cow::Owned(local.into()), namespace: Cow::Owned(namespace.into()) }
    }

    /// True when both parts are equal.
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        self.local == local && self.namespace == namespace
    }

    /// True for names of XML Schema and of the serialization namespace: the built-in types.
    pub fn is_built_in(&self) -> bool {
        self.namespace == namespaces::XSD || self.namespace == namespaces::SERIALIZATION
    }

    /// The namespace of a collection whose items are of this contract.
    pub fn collection_namespace(&self) -> Cow<'static, str> {
        if self.is_built_in() { Cow::Borrowed(namespaces::ARRAYS) } else { self.namespace.clone() }
    }

    /// The name `ArrayOf…` of a collection whose items are of this contract.
    pub fn array_of(&self) -> Self {
        Self {
            local: Cow::Owned(format!("ArrayOf{}", self.local)),
            namespace: self.collection_namespace(),
        }
    }

    /// The local name of a generic type: `pattern` with `{0}`, `{1}`, … replaced by the names of the arguments, and `{#}`
    /// by a digest of their namespaces, which is left out when all arguments are built in.
    pub fn generic(pattern: &str, arguments: &[ContractName]) -> String {
        let mut name = pattern.to_owned();
        for (index, argument) in arguments.iter().enumerate() {
            name = name.replace(&format!("{{{index}}}"), &argument.local);
        }
        let digest = if arguments.iter().all(Self::is_built_in) {
            String::new()
        } else {
            namespaces_digest(arguments)
        };
        name.replace("{#}", &digest)
    }
}

impl fmt::Display for ContractName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}{}", self.namespace, self.local)
    }
}

/// Six bytes of the MD5 of the number of arguments and their namespaces, in base64 that fits a name.
fn namespaces_digest(arguments: &[ContractName]) -> String {
    let mut text = format!(" {}", arguments.len());
    for argument in arguments {
        text.push(' ');
        text.push_str(&argument.namespace);
    }
    let digest = Md5::digest(text.as_bytes());
    let encoded = base64::engine::general_purpose::STANDARD.encode(&digest[..6]);
    encoded.replace('/', "_S").replace('+', "_P")
}

/// The CLR name of a built-in type for error texts; of others the local name.
pub(crate) fn clr_name(name: &ContractName) -> String {
    let clr = match name.local.as_ref() {
        _ if !name.is_built_in() && name.namespace != namespaces::SYSTEM => None,
        "boolean" => Some("Boolean"),
        "byte" => Some("SByte"),
        "unsignedByte" => Some("Byte"),
        "short" => Some("Int16"),
        "unsignedShort" => Some("UInt16"),
        "int" => Some("Int32"),
        "unsignedInt" => Some("UInt32"),
        "long" => Some("Int64"),
        "unsignedLong" => Some("UInt64"),
        "float" => Some("Single"),
        "double" => Some("Double"),
        "decimal" => Some("Decimal"),
        "char" => Some("Char"),
        "dateTime" => Some("DateTime"),
        "duration" => Some("TimeSpan"),
        "guid" => Some("Guid"),
        "DateTimeOffset" => Some("DateTimeOffset"),
        _ => None,
    };
    clr.map_or_else(|| name.local.to_string(), |clr| format!("System.{clr}"))
}

/// Escapes what an XML name cannot hold: `with space` becomes `with_x0020_space`, as .NET's `XmlConvert.EncodeLocalName`.
pub fn encode_local_name(name: &str) -> Cow<'_, str> {
    let looks_escaped = name.contains("_x");
    let plain = name.char_indices().all(|(at, c)| is_name_char(c, at == 0)) && !looks_escaped;
    if plain && !name.is_empty() {
        return Cow::Borrowed(name);
    }
    let mut escaped = String::with_capacity(name.len() + 8);
    for (at, c) in name.char_indices() {
        let ambiguous = c == '_' && is_escape(&name[at..]);
        if !ambiguous && is_name_char(c, at == 0) {
            escaped.push(c);
        } else if (c as u32) <= 0xFFFF {
            escaped.push_str(&format!("_x{:04X}_", c as u32));
        } else {
            escaped.push_str(&format!("_x{:08X}_", c as u32));
        }
    }
    Cow::Owned(escaped)
}

/// True when `text` starts with what reads as an escape (`_x0020_`), so that its first character must be escaped itself.
fn is_escape(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 7
        && bytes[1] == b'x'
        && bytes[2..6].iter().all(u8::is_ascii_hexdigit)
        && bytes[6] == b'_'
}

/// Name characters of XML 1.0 (Namespaces in XML: no colon).
fn is_name_char(c: char, first: bool) -> bool {
    let start = matches!(c, 'A'..='Z' | 'a'..='z' | '_' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}'
        | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}' | '\u{200D}'
        | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}');
    start
        || (!first
            && matches!(c, '0'..='9' | '-' | '.' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}' | '\u{2040}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INT: ContractName = ContractName::new("int", namespaces::XSD);
    const STRING: ContractName = ContractName::new("string", namespaces::XSD);
    const PERSON: ContractName =
        ContractName::new("Person", "http://schemas.datacontract.org/2004/07/Contoso.Orders");

    #[test]
    fn generic_names_carry_a_digest_of_foreign_namespaces() {
        assert_eq!(ContractName::generic("GenOf{0}{#}", &[INT]), "GenOfint");
        assert_eq!(ContractName::generic("GenOf{0}{#}", &[PERSON]), "GenOfPersonMz8Rgfsd");
        assert_eq!(
            ContractName::generic("KeyValueOf{0}{1}{#}", &[INT, PERSON]),
            "KeyValueOfintPersonGwYtEKou"
        );
        assert_eq!(
            ContractName::generic("KeyValueOf{0}{1}{#}", &[STRING, INT.array_of()]),
            "KeyValueOfstringArrayOfintty7Ep6D1"
        );
    }

    #[test]
    fn names_that_xml_cannot_hold_are_escaped() {
        assert_eq!(encode_local_name("with space"), "with_x0020_space");
        assert_eq!(encode_local_name("first-name"), "first-name");
        assert_eq!(encode_local_name("1st"), "_x0031_st");
        assert_eq!(encode_local_name("a_x0020_b"), "a_x005F_x0020_b");
        assert_eq!(encode_local_name("_x"), "_x");
        assert_eq!(encode_local_name("é"), "é");
    }
}
