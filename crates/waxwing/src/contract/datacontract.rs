//! Data contracts: what parameters, results and fault details are made of.
//!
//! This is `waxwing::datacontract`: the crate `waxwing-datacontract` together with its derive macro.
//! `docs/data-contracts.md` shows which C# declaration becomes which Rust type.
//!
//! ```
//! use waxwing::contract::datacontract::{DataContract, from_xml, to_xml};
//!
//! #[derive(Debug, PartialEq, DataContract)]
//! #[data_contract(namespace = "http://example.org/types")]
//! # #[data_contract(crate = "waxwing::contract::datacontract")]
//! struct Person {
//!     name: Option<String>,
//!     #[data_member(required)]
//!     age: i32,
//! }
//!
//! let ann = Person { name: Some("Ann".into()), age: 30 };
//! let xml = to_xml(&ann)?;
//! assert!(xml.ends_with("><Age>30</Age><Name>Ann</Name></Person>"));
//! assert_eq!(from_xml::<Person>(xml.as_bytes())?, ann);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub use waxwing_datacontract::*;
pub use waxwing_macros::DataContract;
