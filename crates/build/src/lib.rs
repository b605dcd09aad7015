//! Rust code and configuration from the metadata of SOAP services: for build scripts, and behind `waxwing import`.
//!
//! In a build script:
//!
//! ```no_run
//! // build.rs; waxwing-build is in [build-dependencies]
//! fn main() -> Result<(), waxwing_build::ImportError> {
//!     waxwing_build::import("metadata/calculator.wsdl")?;
//!     Ok(())
//! }
//! ```
//!
//! and in the program, where `waxwing` is a dependency:
//!
//! ```ignore
//! mod calculator {
//!     #![allow(dead_code)]
//!     waxwing::include_contract!("calculator");
//! }
//! ```
//!
//! Only files are read, never the network: a build gives the same wherever it runs. `waxwing import URL --keep` fetches them.
//!
//! | module | what |
//! | --- | --- |
//! | [`generate`] | from the model of contracts to the text of a file, a pure function |
//! | [`config`] | merging bindings and endpoints into a configuration file |

// Files are read and written here: for build scripts.
#![allow(clippy::disallowed_methods)]

pub mod config;
mod contracts;
mod error;
mod format;
pub mod generate;
mod header;
mod import;
mod ports;

pub use contracts::contracts;
pub use error::ImportError;
pub use format::formatted;
pub use header::header;
pub use import::{Import, import};
pub use ports::protection;
