//! What can be chosen about generated code.

use std::collections::{BTreeMap, BTreeSet};

/// What can be chosen about generated code. The default is a contract for clients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The modules of namespaces: `urn:orders` → `orders`, `shop::orders`, or nothing for the root.
    pub namespaces: BTreeMap<String, String>,
    /// Items of lists and values of dictionaries that the schema calls nillable are `Option<T>`. WCF calls every item of a
    /// reference type nillable, and few services send null there.
    pub nullable_items: bool,
    /// Enumerations get a variant `Other(String)` for texts that they do not know, instead of an error.
    pub lenient_enums: bool,
    /// Operations whose bodies are XML as it is, by their names.
    pub raw: BTreeSet<String>,
    /// No contracts, only types.
    pub types_only: bool,
    /// A struct that implements each contract, to be filled in.
    pub server: bool,
    /// Which contract, by its name in WSDL; all without one.
    pub contracts: BTreeSet<String>,
}
