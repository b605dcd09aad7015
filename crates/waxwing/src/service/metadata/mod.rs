//! What a service says of itself: WSDL, schemas and a help page for GET, answers to WS-MetadataExchange, files.
//!
//! Nothing is published unless `<serviceMetadata>` or [`MetadataOptions`] says so. `settings` reads what is published and where,
//! `description` tells the exporter of the endpoints, `pages` answers GET, `mex` the contract `IMetadataExchange`, `seen` finds the
//! addresses as a caller sees them.

mod description;
mod help;
mod mex;
mod of_host;
mod options;
mod pages;
mod seen;
mod settings;

pub use of_host::{MetadataDocument, ServiceMetadata};
pub use options::MetadataOptions;

pub(super) use description::{Described, Description};
pub(super) use mex::{Exchange, ExchangeInstances, METADATA};
pub(super) use pages::Pages;
pub(super) use settings::Settings;
