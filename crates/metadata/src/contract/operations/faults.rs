//! Faults that a port type declares.

use super::actions::fault_action;
use super::outcome::Outcome;
use crate::contract::components::Components;
use crate::contract::model::Fault;
use crate::contract::schema::Types;
use crate::finding::{Finding, Severity};
use crate::name::QName;
use crate::wsdl::{OperationMessage, PartContent, PortTypeOperation};

/// The faults of an operation that say what is in their detail.
pub(super) fn faults(
    components: &Components<'_>,
    types: &Types,
    port_type: &QName,
    operation: &PortTypeOperation,
    outcome: &mut Outcome,
    findings: &mut Vec<Finding>,
) -> Vec<Fault> {
    if let ([_], Some(fault)) = (&operation.messages[..], operation.faults.first()) {
        let message = format!(
            "the one-way operation {} declares a fault, which nobody could send",
            operation.name
        );
        findings.push(Finding::new("one-way-fault", Severity::Note, message).at(fault.at.clone()));
        return Vec::new();
    }
    let mut faults = Vec::new();
    for written in &operation.faults {
        match fault(components, types, port_type, operation, written) {
            Some(fault) => {
                outcome.take(types, &fault.detail, &format!("fault {}", fault.name));
                faults.push(fault);
            }
            None => {
                let name = written.name.as_deref().unwrap_or_default();
                let message = format!(
                    "the fault {name} of {} has no message of one part with an element: what it says is not read",
                    operation.name
                );
                findings.push(
                    Finding::new("fault-without-detail", Severity::Warning, message)
                        .at(written.at.clone()),
                );
            }
        }
    }
    faults
}

fn fault(
    components: &Components<'_>,
    types: &Types,
    port_type: &QName,
    operation: &PortTypeOperation,
    written: &OperationMessage,
) -> Option<Fault> {
    let message = components.message(&written.message)?;
    let [part] = &message.parts[..] else { return None };
    let PartContent::Element(name) = &part.content else { return None };
    Some(Fault {
        name: written.name.clone().unwrap_or_else(|| name.local.to_string()),
        action: fault_action(port_type, operation, written),
        detail: types.element(name)?.clone(),
        at: written.at.clone(),
    })
}
