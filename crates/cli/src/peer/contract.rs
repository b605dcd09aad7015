//! The contract of a port, for channels.

use waxwing::binding::ProtectionLevel as Level;
use waxwing::contract::{
    OwnedContract, OwnedMessage, OwnedOperation, ProtectionLevel, SessionMode,
};
use waxwing_metadata::contract::{Contract, Message, Operation, Pattern};
use waxwing_metadata::judge::{OperationProtection, PortVerdict};

/// The contract as channels need it, with the protection that the policy of a port demands.
pub(crate) fn owned(contract: &Contract, port: Option<&PortVerdict>) -> OwnedContract {
    let mode = match contract.using_session {
        Some(true) => SessionMode::Required,
        Some(false) => SessionMode::NotAllowed,
        None => SessionMode::Allowed,
    };
    let all = OwnedContract::new(&contract.name.local, &contract.name.namespace);
    let callable = |o: &&Operation| matches!(o.pattern, Pattern::RequestResponse | Pattern::OneWay);
    contract.operations.iter().filter(callable).fold(
        all.with_session_mode(mode),
        |all, operation| {
            let verdict = port.and_then(|p| p.operations.iter().find(|o| o.name == operation.name));
            all.operation(owned_operation(operation, verdict.map(|verdict| &verdict.protection)))
        },
    )
}

fn owned_operation(
    operation: &Operation,
    protection: Option<&OperationProtection>,
) -> OwnedOperation {
    let none = OperationProtection::default();
    let protection = protection.unwrap_or(&none);
    let reply = match operation.pattern {
        Pattern::RequestResponse => Some(operation.reply_action.as_deref().unwrap_or("*")),
        _ => None,
    };
    let request = message(&operation.request, protection.request, protection);
    let answer = operation.reply.as_ref();
    let answer = answer.map(|answer| message(answer, protection.reply, protection));
    let owned = OwnedOperation::new(&operation.name, &operation.action, reply)
        .in_session(operation.is_initiating, operation.is_terminating)
        .with_messages(request, answer.unwrap_or_default());
    operation.faults.iter().fold(owned, |owned, fault| {
        let level = protection.faults.iter().find(|(name, _)| *name == fault.name);
        owned.fault(&fault.action, level.map(|(_, level)| of(*level)))
    })
}

fn message(
    message: &Message,
    body: Option<Level>,
    protection: &OperationProtection,
) -> OwnedMessage {
    let named = |all: &[(String, String)], namespace: &str, local: &str| {
        all.iter().any(|(ns, name)| ns == namespace && (name.is_empty() || name == local))
    };
    let owned = OwnedMessage::new().with_protection_level(body.map(of));
    message.headers.iter().fold(owned, |owned, header| {
        let (namespace, local) = (&*header.name.namespace, &*header.name.local);
        let encrypted = named(&protection.encrypted_headers, namespace, local);
        let signed = named(&protection.signed_headers, namespace, local);
        let level = match (body, encrypted, signed) {
            // Nothing is said of it: as the message.
            (None, false, false) => None,
            (_, true, _) => Some(ProtectionLevel::EncryptAndSign),
            (_, false, true) => Some(ProtectionLevel::Sign),
            (Some(_), false, false) => Some(ProtectionLevel::None),
        };
        owned.header(local, namespace, level)
    })
}

fn of(level: Level) -> ProtectionLevel {
    match level {
        Level::None => ProtectionLevel::None,
        Level::Sign => ProtectionLevel::Sign,
        Level::EncryptAndSign => ProtectionLevel::EncryptAndSign,
    }
}
