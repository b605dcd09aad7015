//! Faults that a port type declares.

use super::actions::fault_action;
use super::outcome::Outcome;
use crate::contract::model::Fault;
use crate::contract::schema::Types;
use crate::finding::{Finding, Severity};
use crate::name::QName;
use crate::set::MetadataSet;
use crate::wsdl::{OperationMessage, PartContent, PortTypeOperation};

/// The faults of an operation that say what is in their detail.
pub(super) fn faults(
    set: &MetadataSet,
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
        match fault(set, types, port_type, operation, written) {
            Ok(fault) => {
                outcome.take(types, &fault.detail, &format!("fault {}", fault.name));
                faults.push(fault);
            }
            Err(why) => {
                let name = written.name.as_deref().unwrap_or_default();
                let message = format!(
                    "the fault {name} of {} is read without its detail: {why}",
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
    set: &MetadataSet,
    types: &Types,
    port_type: &QName,
    operation: &PortTypeOperation,
    written: &OperationMessage,
) -> Result<Fault, String> {
    let missing = || format!("the message {} is not there", written.message);
    let message = set.message(&written.message).ok_or_else(missing)?;
    let [part] = &message.parts[..] else {
        return Err(format!("the message {} has not just one part", written.message.local));
    };
    let PartContent::Element(name) = &part.content else {
        return Err(format!("its part {} has no element", part.name));
    };
    let missing = || format!("the element {name} is in none of the schemas");
    Ok(Fault {
        name: written.name.clone().unwrap_or_else(|| name.local.to_string()),
        action: fault_action(port_type, operation, written),
        detail: types.element(name).ok_or_else(missing)?.clone(),
        at: written.at.clone(),
    })
}
