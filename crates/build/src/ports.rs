//! From what is judged of ports to what code needs to know.

use std::collections::BTreeMap;

use waxwing_binding::ProtectionLevel;
use waxwing_metadata::contract::{ContractSet, Operation};
use waxwing_metadata::judge::{OperationProtection, PortVerdict};

use crate::generate::Protection;

/// How the messages of all operations of these ports are protected, for [`Options`](crate::generate::Options). The first port
/// of a port type counts.
pub fn protection<'p>(
    contracts: &ContractSet,
    ports: impl IntoIterator<Item = &'p PortVerdict>,
) -> BTreeMap<(String, String), Protection> {
    let mut all = BTreeMap::new();
    for port in ports {
        let Some(name) = &port.port_type else { continue };
        let contract = contracts.contracts.iter().find(|contract| contract.name == *name);
        let operations = contract.into_iter().flat_map(|contract| &contract.operations);
        for operation in operations {
            let known = port.operations.iter().find(|known| known.name == operation.name);
            let Some(known) = known.filter(|known| known.protection.request.is_some()) else {
                continue;
            };
            let key = (name.local.to_string(), operation.name.clone());
            all.entry(key).or_insert_with(|| of(operation, &known.protection));
        }
    }
    all
}

fn of(operation: &Operation, known: &OperationProtection) -> Protection {
    let mut headers = BTreeMap::new();
    let messages =
        [(Some(&operation.request), known.request), (operation.reply.as_ref(), known.reply)];
    for (message, level) in messages {
        for header in message.into_iter().flat_map(|message| &message.headers) {
            let (namespace, local) = (&*header.name.namespace, &*header.name.local);
            let own = header_level(known, namespace, local);
            if Some(own) != level {
                headers.insert((namespace.to_owned(), local.to_owned()), own);
            }
        }
    }
    Protection {
        request: known.request,
        reply: known.reply,
        faults: known.faults.iter().cloned().collect(),
        headers,
    }
}

fn header_level(known: &OperationProtection, namespace: &str, local: &str) -> ProtectionLevel {
    let covers = |parts: &[(String, String)]| {
        parts.iter().any(|(of, name)| {
            (name.is_empty() || name == local)
                && (of == namespace || of.is_empty() && name.is_empty())
        })
    };
    match (covers(&known.encrypted_headers), covers(&known.signed_headers)) {
        (true, _) => ProtectionLevel::EncryptAndSign,
        (false, true) => ProtectionLevel::Sign,
        (false, false) => ProtectionLevel::None,
    }
}
