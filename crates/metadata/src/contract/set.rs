//! Contracts of a set of documents.

use std::collections::BTreeSet;

use super::model::ContractSet;
use super::operations::OperationReader;
use super::schema::Importer;
use crate::name::QName;
use crate::set::MetadataSet;
use crate::wsdl::Port;

impl ContractSet {
    /// The contract of a port, with all types of the documents. There is none when its binding or port type is missing, which
    /// the findings say.
    pub fn of(set: &MetadataSet, port: &Port) -> Self {
        Self::of_bindings(set, [&port.binding])
    }

    /// The contracts of these bindings, in order, with all types of the documents. One binding twice is one contract; one that
    /// is missing is left out.
    pub fn of_bindings<'s>(
        set: &'s MetadataSet,
        bindings: impl IntoIterator<Item = &'s QName>,
    ) -> Self {
        let mut importer = Importer::new(set);
        importer.run();
        let (types, findings) = importer.finish();
        let mut reader = OperationReader::new(set, &types, findings);
        let mut known = BTreeSet::new();
        let mut contracts = Vec::new();
        for name in bindings {
            if known.insert(name) {
                contracts.extend(reader.binding(name));
            }
        }
        let findings = reader.findings;
        Self { contracts, types: types.table, findings }
    }
}
