//! What a service says of itself, fetched: from files, folders and addresses to a [`MetadataSet`].
//!
//! ```no_run
//! # async fn read() -> Result<(), Box<dyn std::error::Error>> {
//! use waxwing::metadata::MetadataReader;
//!
//! let metadata = MetadataReader::new().read(["http://localhost:8000/calculator"]).await?;
//! for service in metadata.set.services() {
//!     println!("{}", service.name);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A source is a file, a folder (also Visual Studio's with `Reference.svcmap`), `-` for the standard input, or an address.
//! Documents and schemas that they refer to are fetched, too, within the [limits](waxwing_metadata::load::LoadOptions):
//! from the folder of a file, or from the origin of an address, and nowhere else unless it is allowed.
//!
//! An address is asked in this order, until it says something: GET of the address itself; with `?singleWsdl`; with `?wsdl`;
//! a metadata exchange (WS-MetadataExchange over SOAP 1.2, then 1.1) at the address; and at the address with `/mex`. Then the
//! paths above it are asked in the same ways (before the exchange, where the address takes only messages, HTTP 405), for
//! services publish at their base address: what is found there counts if it has a port with the address. What was tried is in [`Metadata::attempts`].

mod attempt;
mod discovery;
mod error;
mod exchange;
mod files;
mod link;
mod login;
mod page;
mod reader;
mod remote;
mod source;

pub use self::attempt::Attempt;
pub use self::error::MetadataError;
pub use self::reader::{Metadata, MetadataReader};
pub use waxwing_metadata::load::LoadOptions;
pub use waxwing_metadata::{Finding, Location, MetadataSet, Severity};
