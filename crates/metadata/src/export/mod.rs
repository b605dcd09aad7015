//! What a service says of itself, with the names and in the order that WCF's exporter has (`WsdlExporter`).
//!
//! A [`ServiceExport`] is what a host knows of its service; [`Documents`] are the models made of it, which are written in one of
//! several [forms](Form): split, in one document, as sections of an answer to WS-MetadataExchange, or as files.

mod again;
mod binding;
mod documents;
mod form;
pub mod policy;
mod port_type;
mod reference;
mod schemas;
mod service;

pub use documents::Documents;
pub use form::{Form, SingleError, Written};
pub use schemas::{ExportedSchemas, Occurrence, PartExport, SchemaConflict, SchemaExporter};
pub use service::{
    ContractExport, EndpointExport, FaultExport, HeaderExport, IdentityExport, MessageExport,
    OperationExport, ServiceExport,
};
