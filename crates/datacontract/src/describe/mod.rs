//! Descriptions of data contracts at run time: what a schema, a form or a page of help is made of.
//!
//! [`DataContract::describe`](crate::DataContract::describe) puts the description of a type, and of all types that it
//! refers to, into [`TypeDescriptions`]. Nothing is made before somebody asks.
//!
//! ```
//! use waxwing_datacontract::{TypeDescriptions, TypeKind};
//!
//! let (types, list) = TypeDescriptions::of::<Vec<Option<i32>>>();
//! let description = types.get(&list.contract).unwrap();
//! let TypeKind::Collection(collection) = &description.kind else { panic!() };
//! assert_eq!((&*collection.item_name, &*collection.item.contract.local), ("int", "int"));
//! assert!(collection.item.nullable);
//! ```

mod model;
mod types;
mod used;
mod xml;

pub use model::*;
pub use types::{TypeConflict, TypeDescriptions};
pub use used::TypeUse;
pub use xml::*;
