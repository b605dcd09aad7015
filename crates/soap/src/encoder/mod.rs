//! Encoders: how an envelope becomes octets with a content type, and octets an envelope.
//!
//! * [`Text`]: XML as it is (SOAP 1.1 §6, SOAP 1.2 Part 2 §7);
//! * [`Mtom`]: MIME parts ([`mtom`]);
//! * [`Binary`], [`BinarySession`]: records of XML ([`binary`]);
//! * [`streamed`]: binary messages one element of which is written and read as its octets come.
//!
//! A link has an [`Encoder`] for what it sends and a [`Decoder`] for what it receives, and takes every message through
//! them in order: an encoding may remember what the messages before have said. Over HTTP each message stands by itself,
//! and so does what is written here: an exchange is a link of one message each way.

pub mod binary;
mod codec;
mod error;
pub mod mtom;
pub mod streamed;
mod text;

pub use binary::{Binary, BinarySession, BinarySessionDecoder, BinarySessionEncoder, Compression};
pub use codec::{Decoder, Encoded, Encoder};
pub use error::DecodeError;
pub use mtom::{Mtom, MtomOverLinks};
pub use text::{PassingText, Text, text_content_type};
