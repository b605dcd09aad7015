//! What a SOAP service says of itself: WSDL 1.1, XML Schema, WS-Policy and WS-MetadataExchange, read, judged and written.
//!
//! Documents are models, the same in both directions: a reader makes them of bytes, a writer makes bytes of them.
//!
//! | module | what |
//! | --- | --- |
//! | [`wsdl`], [`schema`], [`policy`] | models of the three kinds of document |
//! | [`export`] | what a service says of itself: documents of its contracts and bindings, as WCF's exporter writes them |
//! | [`contract`] | what a port offers: operations, messages, faults and types, as a programmer sees them |
//!
//! No module reads a file, a socket or the clock.

pub mod contract;
pub mod export;
mod finding;
mod location;
mod name;
pub mod policy;
pub mod schema;
pub mod wsdl;

pub use finding::{Finding, Severity};
pub use location::{At, Location};
pub use name::{QName, namespaces};
