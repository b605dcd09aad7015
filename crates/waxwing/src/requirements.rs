//! What a contract wants signed and encrypted, by WCF's rules.
//!
//! A level that is set goes before the one around it: contract, operation, message, header or part of the body; a fault
//! takes the operation's. What says nothing is signed and encrypted. The messages of the protocols have levels of their
//! own, whatever the contract says.

use waxwing_binding::EffectiveEndpoint;
use waxwing_security::protection::{
    Direction, HeaderProtection, MessageProtection, ProtectionLevel, ProtectionRequirements,
};

use crate::contract::{OwnedContract, OwnedMessage, OwnedOperation};

/// What every message of the contracts needs. `level` goes before what they say themselves.
pub(crate) fn requirements<'a>(
    contracts: impl IntoIterator<Item = &'a OwnedContract>,
    level: Option<ProtectionLevel>,
    reliable: bool,
) -> ProtectionRequirements {
    let mut found = match reliable {
        true => ProtectionRequirements::for_session(),
        false => ProtectionRequirements::for_session_without_reliable_messaging(),
    };
    for contract in contracts {
        operations(contract, level, Direction::Request, Direction::Reply, &mut found);
        // What the service sends first there is a reply by the direction it takes.
        if let Some(callback) = contract.callback() {
            operations(callback, level, Direction::Reply, Direction::Request, &mut found);
        }
    }
    found
}

/// The operations of one contract, whose requests go in the direction `there`.
fn operations(
    contract: &OwnedContract,
    level: Option<ProtectionLevel>,
    there: Direction,
    back: Direction,
    found: &mut ProtectionRequirements,
) {
    for operation in contract.operations() {
        let level = level_of(operation, contract, level).unwrap_or_default();
        add(found, there, operation.action(), message(operation.request(), level));
        if let Some(action) = operation.reply_action() {
            found.answer(operation.action(), action);
            add(found, back, action, message(operation.reply(), level));
        }
        for (action, own) in operation.faults() {
            let level = own.unwrap_or(level);
            add(found, back, action, MessageProtection::body(level));
        }
    }
}

/// Why WCF would not open an endpoint with this contract, in its words: it needs a session, and the binding has none.
pub(crate) fn refused(contract: &OwnedContract, endpoint: &EffectiveEndpoint) -> Option<String> {
    let refusals = endpoint.contract_refusals(&contract.requirements());
    let first = refusals.into_iter().next()?;
    Some(format!("{} ({}): {}", first.wcf_text, first.message, first.fix))
}

/// Why an endpoint without security cannot have this contract: an operation asks for protection by name. WCF refuses to
/// open it, in the words that come first.
pub(crate) fn unmet(
    contract: &OwnedContract,
    level: Option<ProtectionLevel>,
    endpoint: &EffectiveEndpoint,
) -> Option<String> {
    let callbacks = contract.callback().map_or(&[][..], OwnedContract::operations);
    let operation = contract.operations().iter().chain(callbacks).find(|operation| {
        let own = level_of(operation, contract, level);
        let messages = [operation.request(), operation.reply()].into_iter().flat_map(|message| {
            let headers = message.headers().iter().map(|header| header.protection_level);
            let own = std::iter::once(message.level().or(own));
            own.chain(headers).chain(message.parts().iter().copied())
        });
        let faults = operation.faults().map(|(_, level)| level);
        messages.chain(faults).flatten().any(|level| level > ProtectionLevel::None)
    })?;
    let (name, namespace) = (contract.name(), contract.namespace());
    Some(format!(
        "The request message must be protected. This is required by an operation of the contract ('{name}','{namespace}'). \
         The protection must be provided by the binding ('{}'): the operation {} has a protection level, and the binding \
         has no security; set <security mode=\"Message\">, or take the protection level away",
        endpoint.binding_section,
        operation.name()
    ))
}

/// The level of an operation's messages: its own, or `level`, or that of the contract that declares it.
fn level_of(
    operation: &OwnedOperation,
    contract: &OwnedContract,
    level: Option<ProtectionLevel>,
) -> Option<ProtectionLevel> {
    match level {
        Some(level) => operation.own_level().or(Some(level)),
        None => operation.level(contract.protection_level()),
    }
}

fn add(
    found: &mut ProtectionRequirements,
    direction: Direction,
    action: &str,
    protection: MessageProtection,
) {
    match action {
        "*" => found.wildcard(direction, protection),
        action => found.raise(direction, action, protection),
    };
}

fn message(message: &OwnedMessage, level: ProtectionLevel) -> MessageProtection {
    let level = message.level().unwrap_or(level);
    let headers = message.headers().iter().map(|header| HeaderProtection {
        namespace: header.namespace.clone(),
        local: header.local.clone(),
        level: header.protection_level.unwrap_or(level),
    });
    let parts = message.parts().iter().map(|part| part.unwrap_or(level));
    MessageProtection { body: parts.max().unwrap_or(level), headers: headers.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{OperationFault, service_contract};

    mod base {
        use super::*;

        #[service_contract(crate = "crate", namespace = "urn:b", name = "IBase", protection_level = Sign)]
        pub(super) trait Base {
            async fn read(&self) -> Result<(), OperationFault>;
            #[operation(protection_level = None)]
            async fn open(&self) -> Result<(), OperationFault>;
        }
    }

    #[service_contract(crate = "crate", namespace = "urn:d", name = "IDerived")]
    trait Derived: base::Base {
        async fn write(&self) -> Result<(), OperationFault>;
    }

    #[test]
    fn inherited_operations_keep_the_level_of_their_contract() {
        use ProtectionLevel::{EncryptAndSign, None as Open, Sign};
        let body = |level, action: &str| {
            let found = requirements([&OwnedContract::from(&DERIVED_CONTRACT)], level, true);
            found.find(Direction::Request, action).expect("an action of the contract").body
        };
        let actions = ["urn:b/IBase/Read", "urn:b/IBase/Open", "urn:d/IDerived/Write"];
        for (level, levels) in [
            (None, [Sign, Open, EncryptAndSign]),
            (Some(Open), [Open; 3]),
            (Some(Sign), [Sign, Open, Sign]),
        ] {
            assert_eq!(actions.map(|action| body(level, action)), levels, "{level:?}");
        }
    }
}
