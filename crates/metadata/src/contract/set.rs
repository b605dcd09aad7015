//! Contracts of documents.

use super::components::Components;
use super::model::ContractSet;
use super::operations::OperationReader;
use super::schema::Importer;
use crate::name::QName;
use crate::schema::Schema;
use crate::wsdl::Definitions;

impl ContractSet {
    /// The contracts of these bindings, in order, with all types of the documents. One binding twice is one contract; one that
    /// is not there is left out.
    ///
    /// Schemas inside of `definitions` need not be given again.
    pub fn of_documents<'d>(
        definitions: impl IntoIterator<Item = &'d Definitions>,
        schemas: impl IntoIterator<Item = &'d Schema>,
        bindings: impl IntoIterator<Item = &'d QName>,
    ) -> Self {
        let components = Components::of(definitions, schemas);
        let mut importer = Importer::new(&components);
        importer.run();
        let (types, findings) = importer.finish();
        let mut reader = OperationReader { components: &components, types: &types, findings };
        let mut known = std::collections::BTreeSet::new();
        let mut contracts = Vec::new();
        for name in bindings {
            if let Some(binding) = components.binding(name).filter(|_| known.insert(name)) {
                contracts.extend(reader.contract(binding));
            }
        }
        let findings = reader.findings;
        Self { contracts, types: types.table, findings }
    }
}
