//! Documents that were read, to be written again: with other places, in another form, with another address.

use std::collections::BTreeSet;

use waxwing_xml::Document;

use super::documents::Documents;
use crate::policy::{Policy, PolicyVersion};
use crate::set::MetadataSet;
use crate::wsdl::{Definitions, Port};

impl Documents {
    /// The documents of a set, those with services first. `address` gives the address of a port, where it is to be another one.
    ///
    /// What the models do not keep is lost: comments, the prefixes, the order of elements of different kinds. Policies that are
    /// documents of their own are not among them.
    pub fn of_set(set: &MetadataSet, address: impl Fn(&Port) -> Option<String>) -> Self {
        let mut wsdl: Vec<Definitions> = set.definitions().to_vec();
        wsdl.sort_by_key(|definitions| definitions.services.is_empty());
        let ports = wsdl.iter_mut().flat_map(|own| &mut own.services).flat_map(|s| &mut s.ports);
        for port in ports {
            if let Some(other) = address(port) {
                readdress(port, &other);
            }
        }
        let inside = set.definitions().iter().map(|own| own.schemas.len()).sum();
        let schemas = set.schemas().skip(inside).cloned().collect();
        let contracts = set.port_types().map(|own| own.name.namespace.to_string());
        let contract_namespaces: BTreeSet<String> = contracts.collect();
        let version = version(&wsdl);
        Self { wsdl, schemas, version, contract_namespaces }
    }
}

fn readdress(port: &mut Port, address: &str) {
    port.address = Some(address.to_owned());
    let Some(reference) = &mut port.endpoint_reference else { return };
    let own = reference.root().elements().find(|child| child.local_name() == "Address");
    if let Some(own) = own.map(|own| own.id()) {
        let document: &mut Document = reference;
        document.clear(own);
        document.append_text(own, address);
    }
}

/// That of the first policy: references have one namespace, and actions are written by it.
fn version(wsdl: &[Definitions]) -> PolicyVersion {
    let mut all = wsdl.iter().flat_map(|own| &own.policies);
    let first: Option<&Policy> = all.next();
    first.map_or(PolicyVersion::Policy12, |policy| policy.version)
}
