//! The contracts of ports, each port type once.

use std::collections::BTreeSet;

use waxwing_metadata::MetadataSet;
use waxwing_metadata::QName;
use waxwing_metadata::contract::ContractSet;

/// The contracts of these bindings with all types of the set. A port type that several bindings have is the contract of the
/// first of them.
pub fn contracts<'s>(
    set: &'s MetadataSet,
    bindings: impl IntoIterator<Item = &'s QName>,
) -> ContractSet {
    let mut contracts = ContractSet::of_bindings(set, bindings);
    let mut known = BTreeSet::new();
    contracts.contracts.retain(|contract| known.insert(contract.name.clone()));
    contracts
}
