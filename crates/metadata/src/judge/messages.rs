//! Operations and messages of a port: what their policies say, and what WSDL says of them.

use waxwing_binding::{ProtectionLevel, Stack};

use super::class::{Class, Ruling};
use super::draft::{Draft, Parts};
use super::known::{Known, expands, of_error};
use super::parts::{self, MessageParts};
use super::record::{AssertionRuling, Record, Subject};
use super::verdict::{Obstacle, OperationProtection, OperationVerdict, PortVerdict};
use super::wire;
use crate::policy::{Alternative, Attached, alternatives};
use crate::wsdl::{BindingOperation, Direction, OperationMessage, PortTypeOperation};

/// Judges every operation of a port. Without a draft only what WSDL says is looked at.
pub(super) fn judge(
    known: &Known<'_>,
    endpoint: Option<(&mut Draft, &Stack)>,
    verdict: &mut PortVerdict,
) -> Vec<OperationVerdict> {
    let mut found = Vec::new();
    let mut flow = false;
    let (security, layer) = match &endpoint {
        Some((draft, stack)) => (
            draft.security.kind.is_some() || stack.scheme() == "https",
            (draft.security.signed.clone(), draft.security.encrypted.clone()),
        ),
        None => (true, (Parts::default(), Parts::default())),
    };
    let messages = Messages { known, signed: layer.0, encrypted: layer.1, secured: security };
    for operation in &known.binding.operations {
        let described = known.port_type.and_then(|port_type| described(port_type, operation));
        let mut one = OperationVerdict {
            name: operation.name.clone(),
            obstacles: Vec::new(),
            protection: OperationProtection::default(),
        };
        if known.port_type.is_some() {
            one.obstacles = wire::operation(known.set, known.binding, operation, described);
        }
        if endpoint.is_some() {
            messages.policies(operation, described, &mut one, verdict, &mut flow);
        }
        found.push(one);
    }
    if let Some((draft, _)) = endpoint {
        draft.transaction_flow |= flow;
    }
    found
}

/// The operation of the port type that an operation of the binding stands for: of its name; of several with that name the one
/// whose input has the same name (WSDL 1.1 §2.4.5).
fn described<'a>(
    port_type: &'a crate::wsdl::PortType,
    operation: &BindingOperation,
) -> Option<&'a PortTypeOperation> {
    let mut of_name = port_type.operations.iter().filter(|o| o.name == operation.name);
    let first = of_name.clone().next();
    let input = operation.input.as_ref().and_then(|input| input.name.as_deref());
    let same = |o: &&PortTypeOperation| {
        input.is_some() && o.messages.iter().any(|message| message.name.as_deref() == input)
    };
    of_name.find(same).or(first)
}

struct Messages<'k, 'a> {
    known: &'k Known<'a>,
    /// Parts that the endpoint's policy names, for every message.
    signed: Parts,
    encrypted: Parts,
    /// Whether anything protects messages.
    secured: bool,
}

impl Messages<'_, '_> {
    fn policies(
        &self,
        operation: &BindingOperation,
        described: Option<&PortTypeOperation>,
        one: &mut OperationVerdict,
        verdict: &mut PortVerdict,
        flow: &mut bool,
    ) {
        let mut attached = Vec::new();
        if self.known.shared_by_operations().is_none() {
            attached.push((true, &operation.policies));
        }
        attached.extend(described.map(|described| (false, &described.policies)));
        let subject = Subject::Operation(operation.name.clone());
        let of_operation = self.read(&attached, subject, one, verdict, flow);
        let faults: Vec<(&str, &Attached)> =
            operation.faults.iter().map(|fault| (fault.name.as_str(), &fault.policies)).collect();
        let ways = [(Direction::Input, &operation.input), (Direction::Output, &operation.output)];
        for (direction, bound) in ways {
            let described =
                described.and_then(|d| d.messages.iter().find(|m| m.direction == direction));
            if bound.is_none() && described.is_none() {
                continue;
            }
            let mut attached: Vec<(bool, &Attached)> =
                bound.iter().map(|bound| (true, &bound.policies)).collect();
            self.of_message(described, &mut attached);
            let name = operation.name.clone();
            let subject = Subject::Message { operation: name, direction, fault: None };
            let parts = self.read(&attached, subject, one, verdict, flow);
            let level = self.level(&of_operation, &parts, one, &operation.at);
            match direction {
                Direction::Input => one.protection.request = level,
                _ => one.protection.reply = level,
            }
        }
        for (fault, policies) in faults {
            let subject = Subject::Message {
                operation: operation.name.clone(),
                direction: Direction::Fault,
                fault: Some(fault.to_owned()),
            };
            let parts = self.read(&[(true, policies)], subject, one, verdict, flow);
            let level = self.level(&of_operation, &parts, one, &operation.at);
            one.protection.faults.extend(level.map(|level| (fault.to_owned(), level)));
        }
    }

    fn of_message<'m>(
        &'m self,
        described: Option<&'m OperationMessage>,
        attached: &mut Vec<(bool, &'m Attached)>,
    ) {
        let Some(described) = described else { return };
        attached.push((false, &described.policies));
        let message = self.known.set.message(&described.message);
        attached.extend(message.map(|message| (false, &message.policies)));
    }

    /// The first alternative without a blocker, or the one with the fewest.
    fn read(
        &self,
        attached: &[(bool, &Attached)],
        subject: Subject,
        one: &mut OperationVerdict,
        verdict: &mut PortVerdict,
        flow: &mut bool,
    ) -> MessageParts {
        let all = match alternatives(attached, self.known.set, &expands) {
            Ok(all) => all,
            Err(error) => {
                one.obstacles.push(of_error(&error));
                verdict.obstacles.push(of_error(&error));
                return MessageParts::default();
            }
        };
        let attempt = |alternative: &Alternative<'_>| {
            let mut record = Record::new(&self.known.options.ignore, subject.clone());
            let mut flows = false;
            let parts = parts::of_alternative(alternative, &mut record, &mut flows);
            (record.rulings, parts, flows)
        };
        let blockers = |rulings: &[AssertionRuling]| {
            rulings.iter().filter(|r| r.ruling == Ruling::Blocking).count()
        };
        let best = all.iter().map(attempt).min_by_key(|(rulings, ..)| blockers(rulings));
        let Some((rulings, parts, flows)) = best else {
            let none = Obstacle {
                class: Class::Policy,
                text: format!("no alternative of the policy of {subject} can be met"),
                fix: "ask the service to mend its policy; binding=\"wsHttpBinding\" writes one that can be met".to_owned(),
                at: None,
            };
            one.obstacles.push(none.clone());
            verdict.obstacles.push(none);
            return MessageParts::default();
        };
        *flow |= flows;
        verdict.assertions.extend(rulings);
        parts
    }

    /// The level of the body of a message: of the parts of endpoint, operation and message together.
    fn level(
        &self,
        of_operation: &MessageParts,
        of_message: &MessageParts,
        one: &mut OperationVerdict,
        at: &crate::location::At,
    ) -> Option<ProtectionLevel> {
        let (mut signed, mut encrypted) = (self.signed.clone(), self.encrypted.clone());
        for parts in [of_operation, of_message] {
            signed.merge(&parts.signed);
            encrypted.merge(&parts.encrypted);
        }
        let protection = &mut one.protection;
        for (found, parts) in [
            (&mut protection.signed_headers, &signed),
            (&mut protection.encrypted_headers, &encrypted),
        ] {
            for header in parts::own_headers(parts) {
                if !found.contains(&header) {
                    found.push(header);
                }
            }
        }
        let level = parts::level(&signed, &encrypted);
        let asks = signed.any || encrypted.any;
        let obstacle = |text: &str, fix: &str| Obstacle {
            class: Class::Protection,
            text: text.to_owned(),
            fix: fix.to_owned(),
            at: Some(at.clone()),
        };
        if asks && !self.secured {
            one.obstacles.push(obstacle(
                "parts are to be signed or encrypted, and no security binding says how",
                "<security mode=\"Message\"> of wsHttpBinding, whose policy says it",
            ));
        } else if level.is_none() {
            one.obstacles.push(obstacle(
                "the body is to be encrypted and not signed, which WCF refuses, too",
                "ProtectionLevel = ProtectionLevel.EncryptAndSign in the contract, or protectionLevel=\"Sign\"",
            ));
        }
        level.filter(|_| self.secured)
    }
}
