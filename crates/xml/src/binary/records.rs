//! The codes of records (MC-NBFX §2.3). Public are those of octets that are read and written in parts, by who streams an element.

/// Ends an element.
pub const END_ELEMENT: u8 = 0x01;
/// A comment.
pub const COMMENT: u8 = 0x02;
/// Elements of one name, each with one value.
pub(super) const ARRAY: u8 = 0x03;
/// Attribute without prefix.
pub(super) const SHORT_ATTRIBUTE: u8 = 0x04;
/// Attribute with a prefix.
pub(super) const ATTRIBUTE: u8 = 0x05;
/// Attribute without prefix, its name of a dictionary.
pub(super) const SHORT_DICTIONARY_ATTRIBUTE: u8 = 0x06;
/// Attribute with a prefix, its name of a dictionary.
pub(super) const DICTIONARY_ATTRIBUTE: u8 = 0x07;
/// Declaration of the default namespace.
pub(super) const SHORT_XMLNS: u8 = 0x08;
/// Declaration of a prefix.
pub(super) const XMLNS: u8 = 0x09;
/// Declaration of the default namespace by a string of a dictionary.
pub(super) const SHORT_DICTIONARY_XMLNS: u8 = 0x0A;
/// Declaration of a prefix by a string of a dictionary.
pub(super) const DICTIONARY_XMLNS: u8 = 0x0B;
/// Attribute with the prefix `a`, its name of a dictionary; 25 more follow, to `z`.
pub(super) const PREFIX_DICTIONARY_ATTRIBUTE: u8 = 0x0C;
/// Attribute with the prefix `a`; 25 more follow, to `z`.
pub(super) const PREFIX_ATTRIBUTE: u8 = 0x26;
/// Element without prefix.
pub(super) const SHORT_ELEMENT: u8 = 0x40;
/// Element with a prefix.
pub(super) const ELEMENT: u8 = 0x41;
/// Element without prefix, its name of a dictionary.
pub(super) const SHORT_DICTIONARY_ELEMENT: u8 = 0x42;
/// Element with a prefix, its name of a dictionary.
pub(super) const DICTIONARY_ELEMENT: u8 = 0x43;
/// Element with the prefix `a`, its name of a dictionary; 25 more follow, to `z`.
pub(super) const PREFIX_DICTIONARY_ELEMENT: u8 = 0x44;
/// Element with the prefix `a`; 25 more follow, to `z`.
pub(super) const PREFIX_ELEMENT: u8 = 0x5E;

// Texts: even codes. The same and one: the text, and the end of the element.
pub(super) const ZERO: u8 = 0x80;
pub(super) const ONE: u8 = 0x82;
pub(super) const FALSE: u8 = 0x84;
pub(super) const TRUE: u8 = 0x86;
pub(super) const INT8: u8 = 0x88;
pub(super) const INT16: u8 = 0x8A;
pub(super) const INT32: u8 = 0x8C;
pub(super) const INT64: u8 = 0x8E;
pub(super) const FLOAT: u8 = 0x90;
pub(super) const DOUBLE: u8 = 0x92;
pub(super) const DECIMAL: u8 = 0x94;
pub(super) const DATE_TIME: u8 = 0x96;
/// UTF-8; the next two the same with a length of 16 and of 32 bits.
pub const CHARS8: u8 = 0x98;
/// UTF-8 with a length of 32 bits.
pub const CHARS32: u8 = 0x9C;
/// Octets; the next two the same with a length of 16 and of 32 bits.
pub const BYTES8: u8 = 0x9E;
/// Octets with a length of 16 bits.
pub const BYTES16: u8 = 0xA0;
/// Octets with a length of 32 bits.
pub const BYTES32: u8 = 0xA2;
pub(super) const START_LIST: u8 = 0xA4;
pub(super) const END_LIST: u8 = 0xA6;
/// No text.
pub const EMPTY_TEXT: u8 = 0xA8;
pub(super) const DICTIONARY_TEXT: u8 = 0xAA;
pub(super) const UNIQUE_ID: u8 = 0xAC;
pub(super) const TIME_SPAN: u8 = 0xAE;
pub(super) const UUID: u8 = 0xB0;
pub(super) const UINT64: u8 = 0xB2;
pub(super) const BOOL: u8 = 0xB4;
/// UTF-16, little endian; the next two the same with a length of 16 and of 32 bits.
pub(super) const UNICODE_CHARS8: u8 = 0xB6;
pub(super) const UNICODE_CHARS32: u8 = 0xBA;
pub(super) const QNAME_DICTIONARY: u8 = 0xBC;
/// The last record of all.
pub(super) const LAST: u8 = 0xBD;
