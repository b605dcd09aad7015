//! Data contracts: Rust values to and from the XML of WCF's DataContractSerializer.
