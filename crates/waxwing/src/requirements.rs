//! What a contract wants signed and encrypted.

use waxwing_security::protection::{
    Direction, MessageProtection, ProtectionLevel, ProtectionRequirements,
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
        match operation.action {
            "*" => found.wildcard(Direction::Request, MessageProtection::body(level)),
            action => found.set(Direction::Request, action, MessageProtection::body(level)),
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
