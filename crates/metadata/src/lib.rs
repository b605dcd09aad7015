//! What a SOAP service says of itself: WSDL 1.1, XML Schema, WS-Policy and WS-MetadataExchange, read, judged and written.
//!
//! Documents are models, the same in both directions: a reader makes them of bytes, a writer makes bytes of them.
//!
//! | module | what |
//! | --- | --- |
//! | [`wsdl`], [`schema`], [`policy`] | models of the three kinds of document |
//! | [`load`] | reading: from octets with their locations to a [`MetadataSet`], in which everything is found by its name |
//! | [`judge`] | what each assertion of a policy is to a client, the binding of WCF that it makes, whether a port can be talked to |
//! | [`export`] | what a service says of itself: documents of its contracts and bindings, as WCF's exporter writes them |
//! | [`mex`] | questions of a metadata exchange |
//! | [`contract`] | what a port offers: operations, messages, faults and types, as a programmer sees them |
//! | [`json`] | JSON ⇄ XML by a contract's types, templates, JSON Schema, OpenAPI |
//!
//! No module reads a file, a socket or the clock.

pub mod contract;
mod digest;
pub mod export;
mod finding;
pub mod json;
pub mod judge;
pub mod load;
mod location;
pub mod mex;
mod name;
pub mod policy;
mod reading;
pub mod schema;
mod set;
pub mod wsdl;

pub use finding::{Finding, Severity};
pub use location::{At, Location};
pub use name::{QName, namespaces};
pub use set::{DocumentKind, EndpointReference, LoadedDocument, MetadataSet};
