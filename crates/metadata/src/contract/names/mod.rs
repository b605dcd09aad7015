//! Names of Rust, made of names of XML: pure functions, the same for the same input.
//!
//! | XML | Rust |
//! |---|---|
//! | type `XMLData`, `a-b`, `_x0031_st` | `XmlData`, `AB`, `_1st` ([`type_name`]) |
//! | member `IPAddress`, `type`, `self` | `ip_address`, `r#type`, `self_` ([`field`]) |
//! | operation `New` | `new_`: the client has a function of that name itself ([`method`]) |
//! | contract `ICalculator` | `Calculator` ([`trait_name`]) |
//! | namespace `http://schemas.datacontract.org/2004/07/Contoso.Orders` | `contoso::orders` ([`module_path()`]) |
//!
//! What becomes the same name gets a number, in the order in which it is asked for ([`Scope`]): `Name`, `Name2`; `name`, `name_2`.
//! The name on the wire is given explicitly wherever the macros would derive another one ([`default_wire_name`]).

mod case;
mod modules;
mod scope;
mod words;

pub use case::{
    constant, default_parameter_name, default_wire_name, field, method, module, trait_name,
    type_name, variant,
};
pub use modules::{Modules, module_path};
pub use scope::{Scope, Style};
pub use words::{decode, words};
