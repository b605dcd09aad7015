//! The names of a contract, that those of its operations and faults derive from.

/// The names that operations derive theirs from.
pub(super) struct ContractNames {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) configuration_name: String,
}

impl ContractNames {
    /// The action of an operation or of a fault: namespace, contract and `last`.
    pub(super) fn action(&self, last: &str) -> String {
        let Self { namespace, name, .. } = self;
        match namespace.as_str() {
            "" => format!("urn:{name}/{last}"),
            namespace if namespace.ends_with('/') => format!("{namespace}{name}/{last}"),
            namespace => format!("{namespace}/{name}/{last}"),
        }
    }
}
