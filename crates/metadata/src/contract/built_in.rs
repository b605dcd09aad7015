//! Types that no document has to declare.

use crate::name::{QName, namespaces};

/// Types of XML Schema with a value in .NET that cannot be null.
const VALUES: [&str; 16] = [
    "boolean",
    "byte",
    "unsignedByte",
    "short",
    "unsignedShort",
    "int",
    "unsignedInt",
    "long",
    "unsignedLong",
    "float",
    "double",
    "decimal",
    "dateTime",
    "duration",
    "char",
    "guid",
];

/// Types of XML Schema that are text for .NET's data contracts, or something else that may be null.
const REFERENCES: [&str; 32] = [
    "string",
    "normalizedString",
    "token",
    "language",
    "Name",
    "NCName",
    "NMTOKEN",
    "NMTOKENS",
    "ID",
    "IDREF",
    "IDREFS",
    "ENTITY",
    "ENTITIES",
    "QName",
    "NOTATION",
    "anyURI",
    "base64Binary",
    "hexBinary",
    "integer",
    "positiveInteger",
    "negativeInteger",
    "nonPositiveInteger",
    "nonNegativeInteger",
    "date",
    "time",
    "gYear",
    "gYearMonth",
    "gMonth",
    "gMonthDay",
    "gDay",
    "anySimpleType",
    "anyType",
];

/// Types whose values are text, so that an enumeration of them is one of names.
const TEXTS: [&str; 13] = [
    "string",
    "normalizedString",
    "token",
    "language",
    "Name",
    "NCName",
    "NMTOKEN",
    "ID",
    "IDREF",
    "ENTITY",
    "anyURI",
    "anySimpleType",
    "QName",
];

/// Types of the serialization schema that are their own.
const OF_SERIALIZATION: [&str; 3] = ["char", "duration", "guid"];

/// The namespace of the attributes `xml:lang`, `xml:space`, `xml:base` and `xml:id`.
pub(super) const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// Types of SOAP encoding, which are those of XML Schema with attributes, in SOAP 1.1 and 1.2.
pub(super) const SOAP_ENCODINGS: [&str; 2] =
    ["http://schemas.xmlsoap.org/soap/encoding/", "http://www.w3.org/2003/05/soap-encoding"];

/// Namespaces of specifications whose schemas are at known places and are seldom given along: what they declare is taken as
/// any XML without a word.
const WELL_KNOWN: [&str; 5] = [
    namespaces::WSA10,
    namespaces::WSA2004,
    "http://www.w3.org/2000/09/xmldsig#",
    SOAP_ENCODINGS[0],
    SOAP_ENCODINGS[1],
];

/// Whether what a namespace declares is known to be missing often.
pub(super) fn is_well_known(namespace: &str) -> bool {
    WELL_KNOWN.contains(&namespace)
}

/// `xs:` and a local name.
pub(super) fn xsd(local: &str) -> QName {
    QName::new(namespaces::XSD, local)
}

/// The built-in type of a name: one of XML Schema, of the serialization schema, or what SOAP encoding makes of the first.
pub(super) fn built_in(name: &QName) -> Option<QName> {
    let local = &*name.local;
    match &*name.namespace {
        namespaces::XSD => is_of_xsd(local).then(|| name.clone()),
        namespaces::SERIALIZATION if OF_SERIALIZATION.contains(&local) => Some(name.clone()),
        namespaces::SERIALIZATION => is_of_xsd(local).then(|| xsd(local)),
        encoding if SOAP_ENCODINGS.contains(&encoding) => match local {
            "base64" => Some(xsd("base64Binary")),
            _ => is_of_xsd(local).then(|| xsd(local)),
        },
        _ => None,
    }
}

fn is_of_xsd(local: &str) -> bool {
    REFERENCES.contains(&local) || VALUES.contains(&local) && !matches!(local, "char" | "guid")
}

/// Whether a built-in type is a value in .NET: it cannot be null.
pub(super) fn is_value(name: &QName) -> bool {
    VALUES.contains(&&*name.local)
}

/// Whether the values of a built-in type are text.
pub(super) fn is_text(name: &QName) -> bool {
    &*name.namespace == namespaces::XSD && TEXTS.contains(&&*name.local)
}

/// The item type of `ArrayOf…` in the namespace of arrays, whose schema need not be there.
pub(super) fn item_of_array(name: &QName) -> Option<QName> {
    let item =
        (&*name.namespace == namespaces::ARRAYS).then(|| name.local.strip_prefix("ArrayOf"))??;
    if item.starts_with("ArrayOf") {
        return Some(QName::new(namespaces::ARRAYS, item));
    }
    match OF_SERIALIZATION.contains(&item) {
        true => Some(QName::new(namespaces::SERIALIZATION, item)),
        false => is_of_xsd(item).then(|| xsd(item)),
    }
}

/// The type of an attribute of the namespace `xml`.
pub(super) fn xml_attribute(name: &QName) -> Option<QName> {
    let local = (&*name.namespace == XML).then_some(&*name.local)?;
    match local {
        "lang" => Some(xsd("language")),
        "space" => Some(xsd("NCName")),
        "base" => Some(xsd("anyURI")),
        "id" => Some(xsd("ID")),
        _ => None,
    }
}
