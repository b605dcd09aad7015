//! Port types and their messages, as WCF's `MessageContractExporter` names them.

use super::service::{ContractExport, MessageExport, OperationExport};
use crate::location::At;
use crate::name::QName;
use crate::policy::Attached;
use crate::wsdl::{
    Direction, Message, OperationMessage, Part, PartContent, PortType, PortTypeOperation,
};

/// Which of an operation's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Request,
    Reply,
}

/// The direction of a message in WSDL: what a callback sends first is an output.
pub(super) fn direction(operation: &OperationExport, role: Role) -> Direction {
    match (role, operation.is_callback) {
        (Role::Request, false) | (Role::Reply, true) => Direction::Input,
        (Role::Request, true) | (Role::Reply, false) => Direction::Output,
    }
}

/// The messages of an operation in document order, with their roles.
pub(super) fn messages(
    operation: &OperationExport,
) -> impl Iterator<Item = (Role, &MessageExport)> {
    let reply = operation.reply.iter().map(|message| (Role::Reply, message));
    std::iter::once((Role::Request, &operation.request)).chain(reply)
}

/// The name of a message: that of its message contract, or one of contract, operation and direction.
pub(super) fn message_name(
    contract: &ContractExport,
    operation: &OperationExport,
    role: Role,
    message: &MessageExport,
) -> QName {
    let suffix = match (direction(operation, role), operation.is_callback) {
        (Direction::Input, false) => "InputMessage",
        (Direction::Input, true) => "InputCallbackMessage",
        (_, false) => "OutputMessage",
        (_, true) => "OutputCallbackMessage",
    };
    let local = match &message.name {
        Some(name) => name.clone(),
        None => format!("{}_{}_{suffix}", contract.name.local, operation.name),
    };
    QName::new(contract.name.namespace.clone(), local)
}

/// The message that holds the headers of another one.
pub(super) fn headers_name(message: &QName) -> QName {
    QName::new(message.namespace.clone(), format!("{}_Headers", message.local))
}

pub(super) fn fault_name(contract: &ContractExport, operation: &str, fault: &str) -> QName {
    let local = format!("{}_{operation}_{fault}_FaultMessage", contract.name.local);
    QName::new(contract.name.namespace.clone(), local)
}

/// Adds the port type of a contract with its messages. A message contract that two operations share is there once.
pub(super) fn add(
    contract: &ContractExport,
    messages_of: &mut Vec<Message>,
    port_types: &mut Vec<PortType>,
) {
    let mut operations = Vec::new();
    for operation in &contract.operations {
        let mut own = Vec::new();
        for (role, message) in messages(operation) {
            let name = message_name(contract, operation, role, message);
            own.push(OperationMessage {
                direction: direction(operation, role),
                name: message.name.clone(),
                message: name.clone(),
                action: message.action.clone(),
                policies: Attached::default(),
                at: At::nowhere(),
            });
            push(messages_of, name.clone(), message.parts.clone());
            if !message.headers.is_empty() {
                let parts = message.headers.iter().map(|h| part(&h.element.local, &h.element));
                push(messages_of, headers_name(&name), parts.collect());
            }
        }
        let faults = operation.faults.iter().map(|fault| {
            let name = fault_name(contract, &operation.name, &fault.name);
            push(messages_of, name.clone(), vec![part("detail", &fault.element)]);
            OperationMessage {
                direction: Direction::Fault,
                name: Some(fault.name.clone()),
                message: name,
                action: Some(fault.action.clone()),
                policies: Attached::default(),
                at: At::nowhere(),
            }
        });
        let faults = faults.collect();
        let in_session = contract.using_session == Some(true);
        operations.push(PortTypeOperation {
            name: operation.name.clone(),
            messages: own,
            faults,
            parameter_order: Vec::new(),
            is_initiating: in_session.then_some(operation.is_initiating),
            is_terminating: in_session.then_some(operation.is_terminating),
            policies: Attached::default(),
            documentation: operation.documentation.clone(),
            at: At::nowhere(),
        });
    }
    port_types.push(PortType {
        name: contract.name.clone(),
        operations,
        using_session: contract.using_session,
        policies: Attached::default(),
        documentation: contract.documentation.clone(),
        at: At::nowhere(),
    });
}

fn part(name: &str, element: &QName) -> Part {
    Part {
        name: name.to_owned(),
        content: PartContent::Element(element.clone()),
        at: At::nowhere(),
    }
}

fn push(messages: &mut Vec<Message>, name: QName, parts: Vec<Part>) {
    if messages.iter().any(|known| known.name == name) {
        return;
    }
    messages.push(Message {
        name,
        parts,
        policies: Attached::default(),
        documentation: None,
        at: At::nowhere(),
    });
}
