//! The closed name lists of WCF's configuration: security modes, credential types, encodings…
//!
//! Every enumeration has the .NET type's members; `as_str` gives the name used in a file.

mod credentials;
mod modes;
mod versions;

pub use credentials::*;
pub use modes::*;
pub use versions::*;
