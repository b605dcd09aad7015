//! What a contract wants signed and encrypted.

use waxwing_security::protection::{
    Direction, HeaderProtection, MessageProtection, ProtectionLevel, ProtectionRequirements,
};

use crate::contract::ContractDescription;

/// Every message of the contract signed and encrypted, its faults as well: the default of WCF's contracts.
pub(crate) fn requirements(
    contract: &ContractDescription,
    reliable: bool,
) -> ProtectionRequirements {
    let mut found = match reliable {
        true => ProtectionRequirements::for_session(),
        false => ProtectionRequirements::for_session_without_reliable_messaging(),
    };
    let level = ProtectionLevel::EncryptAndSign;
    for operation in contract.operations {
        let header = |(namespace, local): &(&str, &str)| HeaderProtection {
            namespace: (*namespace).into(),
            local: (*local).into(),
            level,
        };
        let headers = operation.headers.iter().map(header).collect();
        let request = MessageProtection { headers, ..MessageProtection::body(level) };
        match operation.action {
            "*" => found.wildcard(Direction::Request, request),
            action => found.set(Direction::Request, action, request),
        };
        match operation.reply_action {
            Some("*") => found.wildcard(Direction::Reply, MessageProtection::body(level)),
            Some(action) => found.set(Direction::Reply, action, MessageProtection::body(level)),
            None => &mut found,
        };
        for fault in operation.faults {
            found.set(Direction::Reply, fault.action, MessageProtection::body(level));
        }
    }
    found
}
