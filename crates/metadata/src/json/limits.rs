//! What JSON may hold at most.

/// The most octets of a JSON text: what a SOAP message of 64 MiB may become with room for its tags. 16 MiB.
pub const MAX_TEXT: usize = 16 << 20;
/// How deep values may nest, in JSON and in the XML that is made of it. 64: half of what the parser of XML takes, since an
/// item of a list is an element in an element.
pub const MAX_DEPTH: usize = 64;
/// The most octets of a number: integers and decimals of XML Schema have no bound of their own.
pub(super) const MAX_NUMBER: usize = 1024;
/// The most base types of one type: a chain that is longer is one that the schema's author did not write by hand.
pub(super) const MAX_BASES: usize = 64;
/// The most members that a name is compared with for "did you mean".
pub(super) const MAX_COMPARED: usize = 500;
