//! What is known about a contract without its types.

use std::any::TypeId;

use waxwing_reliable::Shape;
use waxwing_security::ProtectionLevel;

/// A service contract.
#[derive(Clone, Copy, Debug)]
pub struct ContractDescription {
    /// The name of the port type (`ICalculator`).
    pub name: &'static str,
    /// The namespace of the contract and of its bodies.
    pub namespace: &'static str,
    /// What `contract="…"` says in a configuration file.
    pub configuration_name: &'static str,
    /// How the messages of operations that say nothing themselves are protected; none: as the binding does, signed and
    /// encrypted by message security.
    pub protection_level: Option<ProtectionLevel>,
    /// The operations in the order of the trait.
    pub operations: &'static [OperationDescription],
}

/// An operation of a service contract.
#[derive(Clone, Copy, Debug)]
pub struct OperationDescription {
    /// The name (`Add`).
    pub name: &'static str,
    /// The action of the request; `*` takes every action that no other operation has.
    pub action: &'static str,
    /// The action of the reply; `*` when the operation says it each time, none when it is one-way.
    pub reply_action: Option<&'static str>,
    /// True when nothing answers.
    pub one_way: bool,
    /// How its messages and faults are protected; none: as the contract says.
    pub protection_level: Option<ProtectionLevel>,
    /// The request.
    pub request: MessageDescription,
    /// The reply; [`MessageDescription::EMPTY`] of a one-way operation.
    pub reply: MessageDescription,
    /// The faults that it declares.
    pub faults: &'static [FaultDescription],
}

/// A message of an operation, as far as its protection goes (`[MessageContract]`).
#[derive(Clone, Copy, Debug)]
pub struct MessageDescription {
    /// How the message is protected; none: as the operation says.
    pub protection_level: Option<ProtectionLevel>,
    /// How the parts of the body are protected (`[MessageBodyMember]`), each by itself; none: as the message. The body as a
    /// whole has the highest of them.
    pub parts: &'static [Option<ProtectionLevel>],
    /// The headers (`[MessageHeader]`).
    pub headers: &'static [HeaderDescription],
}

/// A header that a message of a contract has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderDescription {
    /// Its namespace.
    pub namespace: &'static str,
    /// Its local name.
    pub local: &'static str,
    /// How it is protected; none: as the message.
    pub protection_level: Option<ProtectionLevel>,
}

/// A fault that an operation declares (`FaultContract`).
#[derive(Clone, Copy, Debug)]
pub struct FaultDescription {
    /// The action of the fault.
    pub action: &'static str,
    /// Local name and namespace of the detail element, where it is not called after its data contract.
    pub element: Option<(&'static str, &'static str)>,
    /// The Rust type of the detail.
    pub detail: fn() -> TypeId,
    /// How the fault is protected; none: as the operation says.
    pub protection_level: Option<ProtectionLevel>,
}

impl MessageDescription {
    /// A message that says nothing of its own.
    pub const EMPTY: Self = Self { protection_level: None, parts: &[], headers: &[] };
}

impl ContractDescription {
    /// The position of the operation that takes `action`: the one that names it, or else the one for every action.
    pub fn position(&self, action: &str) -> Option<usize> {
        let named = self.operations.iter().position(|operation| operation.action == action);
        named.or_else(|| self.operations.iter().position(|operation| operation.action == "*"))
    }

    /// What a reliable session must be for it: with a return sequence, unless nothing is ever answered.
    pub(crate) fn shape(&self) -> Shape {
        match self.operations.iter().all(|operation| operation.one_way) {
            true => Shape::OneWay,
            false => Shape::RequestReply,
        }
    }

    /// The operation that takes `action`.
    pub fn operation(&self, action: &str) -> Option<&'static OperationDescription> {
        self.position(action).and_then(|position| self.operations.get(position))
    }
}
