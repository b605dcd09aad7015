//! SOAP envelopes, faults, WS-Addressing and the HTTP mapping.
//!
//! [`Envelope`] is a [`Document`](waxwing_xml::Document) that is known to be a message. It is read and
//! built in place; what of it can be trusted is the business of the security layer.

mod address;
mod address_headers;
pub mod addressing;
pub mod encoder;
mod envelope;
mod fault;
pub mod framing;
pub mod http;
mod mint;
mod moment;
mod plain;
mod posted;
mod random;
mod sealed;
mod version;

pub use address::{Address, AddressError, percent_decoded};
pub use address_headers::{AddressHeader, AddressHeaders};
pub use addressing::{Addressing, AddressingError, AddressingHeaders, EndpointReference};
pub use envelope::{Envelope, EnvelopeError};
pub use fault::{Fault, FaultCode, QName};
pub use mint::{Mint, Origin};
pub use moment::{Moment, Time};
pub use plain::{PlainContent, PlainHeader, PlainHeaders};
pub use random::{RandomSource, Uuid, urn_uuid, uuid_v4};
pub use sealed::Markup;
pub use version::{AddressingVersion, MessageVersion, SoapVersion};
