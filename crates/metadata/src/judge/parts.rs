//! Protected parts (WS-SecurityPolicy 1.2 §4): what is signed, encrypted, and has to be there.

use waxwing_binding::ProtectionLevel;

use super::class::Class;
use super::draft::Parts;
use super::effect::Effect;
use super::record::Record;
use crate::name::namespaces::{WSA10, WSA2004};
use crate::policy::{Alternative, Assertion, Normal};

/// Namespaces of the headers that every message has, or none has, whatever the contract says.
const OWN_HEADERS: &[&str] = &[
    WSA10,
    WSA2004,
    "http://schemas.xmlsoap.org/ws/2005/02/rm",
    "http://docs.oasis-open.org/ws-rx/wsrm/200702",
];

/// Reads `sp:SignedParts` or `sp:EncryptedParts`. An empty one means the body, and for signing all headers as well.
pub(super) fn read(record: &mut Record<'_>, assertion: &Assertion, signed: bool) -> Parts {
    let mut parts = Parts { any: true, ..Parts::default() };
    if assertion.children.is_empty() && assertion.policy.is_none() {
        parts.body = true;
        if signed {
            parts.headers.push((String::new(), String::new()));
        }
        return parts;
    }
    record.enter(assertion);
    for child in &assertion.children {
        match &*child.name.local {
            "Body" => parts.body = true,
            "Header" => {
                let text = |name| child.attribute("", name).unwrap_or_default().trim().to_owned();
                parts.headers.push((text("Namespace"), text("Name")));
            }
            _ => {
                let normal = Normal { assertion: child, nested: None, binding_side: true };
                if record.rule(&normal).is_some_and(|effect| effect != Effect::Nothing) {
                    record.misplaced(child);
                }
            }
        }
    }
    record.leave();
    parts
}

/// `sp:RequiredParts`: headers that every message has anyway.
pub(super) fn required(record: &mut Record<'_>, assertion: &Assertion) {
    for child in &assertion.children {
        let namespace = child.attribute("", "Namespace").unwrap_or_default().trim();
        let own = [WSA10, WSA2004].contains(&namespace);
        if &*child.name.local != "Header" || !own {
            let text = "it asks for a header that the contract has to send";
            let fix = "describe the header in the contract: [MessageHeader(ProtectionLevel = …)]";
            record.block(assertion, Class::Protection, text, fix);
        }
    }
}

/// What a message policy says: parts, and which of its assertions anybody could not meet.
#[derive(Debug, Default)]
pub(super) struct MessageParts {
    pub(super) signed: Parts,
    pub(super) encrypted: Parts,
}

/// Reads an alternative of a message's or an operation's policy.
pub(super) fn of_alternative(
    alternative: &Alternative<'_>,
    record: &mut Record<'_>,
    flow: &mut bool,
) -> MessageParts {
    let mut found = MessageParts::default();
    for normal in alternative {
        let assertion = normal.assertion;
        match record.rule(normal) {
            Some(Effect::SignedParts) => found.signed.merge(&read(record, assertion, true)),
            Some(Effect::EncryptedParts) => found.encrypted.merge(&read(record, assertion, false)),
            Some(Effect::RequiredParts) => required(record, assertion),
            Some(Effect::TransactionFlow) => *flow = true,
            // It says of a message what holds for all of them.
            Some(Effect::Addressing10 | Effect::Nothing | Effect::HarmlessIfFalse) | None => {}
            Some(_) => {
                let text = "it is demanded of one operation or message; here the endpoint as a whole is secured";
                let fix = "say it for the endpoint: <security mode=\"…\"> in the binding, and ProtectionLevel in the contract";
                record.block(assertion, Class::Protection, text, fix);
            }
        }
    }
    found
}

/// The level of the body, as WCF derives it; None where something is encrypted and not signed.
pub(super) fn level(signed: &Parts, encrypted: &Parts) -> Option<ProtectionLevel> {
    match (signed.body, encrypted.body) {
        (true, true) => Some(ProtectionLevel::EncryptAndSign),
        (true, false) => Some(ProtectionLevel::Sign),
        (false, false) => Some(ProtectionLevel::None),
        (false, true) => None,
    }
}

/// Headers of the contract that are to be protected: those of others are protected anyway, or not there.
pub(super) fn own_headers(parts: &Parts) -> Vec<(String, String)> {
    let of_contract =
        |(namespace, _): &&(String, String)| !OWN_HEADERS.contains(&namespace.as_str());
    parts.headers.iter().filter(of_contract).cloned().collect()
}
