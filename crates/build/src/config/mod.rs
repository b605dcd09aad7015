//! Merging what a service's metadata say into a configuration file that somebody may have written by hand.
//!
//! What is not added or replaced stays as it is, octet for octet: comments, blanks, the order of attributes.
//!
//! ```
//! use waxwing_build::config::{Change, merge};
//!
//! let new = r#"<configuration><system.serviceModel><client>
//!   <endpoint address="http://h/calc" binding="basicHttpBinding" contract="ICalculator" name="calc" />
//! </client></system.serviceModel></configuration>"#;
//! let mine = "<configuration>\n  <!-- mine -->\n</configuration>\n";
//! let merged = merge(Some(mine), new, false)?;
//! assert_eq!(merged.changes, [Change::Added("endpoint calc".to_owned())]);
//! assert!(merged.text.starts_with("<configuration>\n  <!-- mine -->\n  <system.serviceModel>\n    <client>\n"));
//! // A second time there is nothing to add.
//! assert_eq!(merge(Some(&merged.text), new, false)?.text, merged.text);
//! # Ok::<(), waxwing_build::config::MergeError>(())
//! ```

mod apart;
mod edit;
mod error;
mod merge;
mod tree;

pub use apart::{Apart, apart};
pub use error::MergeError;
pub use merge::{Change, Merged, merge};
