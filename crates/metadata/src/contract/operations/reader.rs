//! One contract: a port type as one binding has it.

use std::collections::BTreeSet;

use super::actions::{Actions, actions};
use super::body::{Situation, decide_result};
use super::faults::faults;
use super::headers::headers;
use super::outcome::{Budget, Outcome};
use super::pairing::ByName;
use super::parts::Parts;
use super::unaddressed::{addressed_bindings, has_no_action, is_unaddressed, take_actions};
use crate::contract::model::{Body, Contract, Message, Operation, Pattern};
use crate::contract::schema::Types;
use crate::finding::{Finding, Severity};
use crate::name::QName;
use crate::set::MetadataSet;
use crate::wsdl::{
    Binding, BindingMessage, BindingOperation, BindingProtocol, Direction, OperationMessage,
    PortType, PortTypeOperation, Style,
};

/// Reads contracts.
pub(in crate::contract) struct OperationReader<'a> {
    set: &'a MetadataSet,
    types: &'a Types,
    parts: Parts<'a>,
    addressed: BTreeSet<&'a QName>,
    budget: Budget,
    pub(in crate::contract) findings: Vec<Finding>,
}

/// An operation on both sides.
struct Pair<'a> {
    port_type: &'a QName,
    operation: &'a PortTypeOperation,
    bound: &'a BindingOperation,
    style: Style,
}

impl<'a> OperationReader<'a> {
    /// A reader of the contracts of a set, whose types are known.
    pub(in crate::contract) fn new(
        set: &'a MetadataSet,
        types: &'a Types,
        findings: Vec<Finding>,
    ) -> Self {
        Self {
            set,
            types,
            parts: Parts::of(set),
            addressed: addressed_bindings(set),
            budget: Budget::new(),
            findings,
        }
    }

    /// The contract of a binding; none when it, or its port type, is not there, or when it is not SOAP.
    pub(in crate::contract) fn binding(&mut self, name: &QName) -> Option<Contract> {
        match self.set.binding(name) {
            Some(binding) if matches!(binding.protocol, BindingProtocol::NotSoap(_)) => None,
            Some(binding) => self.contract(binding),
            None => {
                let message = format!("the binding {name} is not there");
                self.findings.push(
                    Finding::new("missing-binding", Severity::Error, message)
                        .help("Give the document that declares it as well."),
                );
                None
            }
        }
    }

    fn contract(&mut self, binding: &'a Binding) -> Option<Contract> {
        let Some(port_type) = self.set.port_type(&binding.port_type) else {
            let message = format!(
                "the port type {} of the binding {} is not there",
                binding.port_type, binding.name.local
            );
            self.findings.push(
                Finding::new("missing-port-type", Severity::Error, message)
                    .at(binding.at.clone())
                    .help("Give the document that declares it as well."),
            );
            return None;
        };
        let pairs = self.pairs(port_type, binding);
        let mut operations: Vec<_> = pairs.iter().map(|pair| self.operation(pair)).collect();
        if is_unaddressed(binding, port_type) && !self.addressed.contains(&binding.name) {
            let candidates: Vec<bool> =
                pairs.iter().map(|pair| has_no_action(pair.operation, pair.bound)).collect();
            take_actions(&mut operations, &candidates);
        }
        Some(Contract {
            name: port_type.name.clone(),
            using_session: port_type.using_session,
            operations,
            documentation: port_type.documentation.clone(),
            at: port_type.at.clone(),
        })
    }

    /// Operations of the port type, in its order, with what the binding says of each.
    fn pairs(&mut self, port_type: &'a PortType, binding: &'a Binding) -> Vec<Pair<'a>> {
        let style = match &binding.protocol {
            BindingProtocol::Soap { style, .. } => style.unwrap_or(Style::Document),
            BindingProtocol::NotSoap(_) => Style::Document,
        };
        let mut bound: Vec<Option<&'a BindingOperation>> = vec![None; port_type.operations.len()];
        let by_name = ByName::of(&port_type.operations);
        for operation in &binding.operations {
            match by_name.find(operation) {
                Some(index) => {
                    bound[index].get_or_insert(operation);
                }
                None => {
                    let message = format!(
                        "the binding {} has an operation {} that its port type {} has not, or not with these messages",
                        binding.name.local, operation.name, port_type.name.local
                    );
                    self.findings.push(
                        Finding::new("unknown-operation", Severity::Error, message)
                            .at(operation.at.clone()),
                    );
                }
            }
        }
        let (mut pairs, mut missing) = (Vec::new(), Vec::new());
        for (operation, bound) in port_type.operations.iter().zip(bound) {
            match bound {
                Some(bound) => pairs.push(Pair {
                    port_type: &port_type.name,
                    operation,
                    bound,
                    style: bound.style.unwrap_or(style),
                }),
                None => missing.push(operation),
            }
        }
        self.findings.extend(unbound(binding, &missing));
        pairs
    }

    fn operation(&mut self, pair: &Pair<'a>) -> Operation {
        let Pair { port_type, operation, bound, .. } = *pair;
        let mut outcome = Outcome::new();
        let mut messages = operation.messages.iter();
        let name = operation.name.clone();
        let request = match messages.next() {
            Some(message) => self.message(pair, message, name, &mut outcome),
            None => {
                outcome.block("the operation has no message", &operation.at);
                Message { body: Body::Empty, headers: Vec::new() }
            }
        };
        let mut reply = messages.next().map(|message| {
            self.message(pair, message, format!("{}Response", operation.name), &mut outcome)
        });
        if let Some(reply) = &mut reply {
            decide_result(&request.body, &mut reply.body);
        }
        let soap_action = bound.soap_action.as_deref();
        let Actions { request: action, reply: reply_action } =
            actions(port_type, operation, soap_action);
        let faults =
            faults(self.set, self.types, port_type, operation, &mut outcome, &mut self.findings);
        Operation {
            name: operation.name.clone(),
            pattern: pattern(operation),
            soap_action: bound.soap_action.clone().filter(|of_binding| *of_binding != action),
            action,
            reply_action,
            request,
            reply,
            faults,
            is_initiating: operation.is_initiating.unwrap_or(true),
            is_terminating: operation.is_terminating.unwrap_or(false),
            tier: outcome.tier,
            fall: outcome.fall,
            blocked: outcome.blocked,
            documentation: operation.documentation.clone(),
            at: operation.at.clone(),
        }
    }

    fn message(
        &mut self,
        pair: &Pair<'a>,
        written: &OperationMessage,
        wrapper: String,
        outcome: &mut Outcome,
    ) -> Message {
        let bound = bound_message(pair.bound, written.direction);
        let headers = headers(&self.parts, self.types, bound, outcome, &mut self.findings);
        let Some(message) = self.set.message(&written.message) else {
            let reason = format!("the message {} is not there", written.message);
            outcome.block(reason.clone(), &written.at);
            let finding =
                Finding::new("missing-message", Severity::Error, reason).at(written.at.clone());
            self.findings.push(finding);
            return Message { body: Body::Raw(None), headers };
        };
        let situation = Situation { types: self.types, message, bound, style: pair.style, wrapper };
        Message { body: situation.body(&mut self.budget, outcome), headers }
    }
}

/// One word on the operations that a binding does not have.
fn unbound(binding: &Binding, missing: &[&PortTypeOperation]) -> Option<Finding> {
    const MAX_NAMES: usize = 5;
    let first = missing.first()?;
    let mut names: Vec<&str> =
        missing.iter().take(MAX_NAMES).map(|operation| operation.name.as_str()).collect();
    let more = missing.len().saturating_sub(MAX_NAMES);
    let more_text = format!("{more} more");
    if more > 0 {
        names.push(&more_text);
    }
    let message = format!(
        "the binding {} does not have all operations of its port type: {} cannot be called there",
        binding.name.local,
        names.join(", ")
    );
    Some(Finding::new("unbound-operation", Severity::Warning, message).at(first.at.clone()))
}

fn bound_message(bound: &BindingOperation, direction: Direction) -> Option<&BindingMessage> {
    match direction {
        Direction::Input => bound.input.as_ref(),
        Direction::Output => bound.output.as_ref(),
        Direction::Fault => None,
    }
}

fn pattern(operation: &PortTypeOperation) -> Pattern {
    let first = operation.messages.first().map(|message| message.direction);
    match (first, operation.messages.len() > 1) {
        (Some(Direction::Output), true) => Pattern::Callback,
        (Some(Direction::Output), false) => Pattern::CallbackOneWay,
        (_, true) => Pattern::RequestResponse,
        (_, false) => Pattern::OneWay,
    }
}
