//! What can be chosen about generated code.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_binding::ProtectionLevel;

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
    /// How the messages of operations are protected by message security, by the names of port type and operation; without
    /// a word everything is signed and encrypted.
    pub protection: BTreeMap<(String, String), Protection>,
}

/// How the messages of an operation are protected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protection {
    /// The request.
    pub request: Option<ProtectionLevel>,
    /// The reply.
    pub reply: Option<ProtectionLevel>,
    /// Faults, by their names in WSDL.
    pub faults: BTreeMap<String, ProtectionLevel>,
    /// Headers, by namespace and local name, where it is not that of their message.
    pub headers: BTreeMap<(String, String), ProtectionLevel>,
}
