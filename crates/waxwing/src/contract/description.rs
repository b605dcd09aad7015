//! What is known about a contract without its types.

use waxwing_binding::{ContractRequirements, SessionMode};
use waxwing_reliable::Shape;
use waxwing_security::ProtectionLevel;

use super::message::{FaultDescription, MessageDescription};

/// A service contract. The macro makes one of every trait; in code it is made with [`ContractDescription::new`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
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
    /// Whether it needs a session (`ServiceContract.SessionMode`).
    pub session_mode: SessionMode,
    /// The operations: those of the contracts that it inherits from, then its own in the order of the trait.
    pub operations: &'static [OperationDescription],
    /// The trait, by which two contracts of one name are told apart; empty of one made in code.
    pub trait_path: &'static str,
    /// The doc comment of the trait; empty without one.
    pub documentation: &'static str,
}

/// An operation of a service contract.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct OperationDescription {
    /// The name (`Add`).
    pub name: &'static str,
    /// The action of the request; `*` takes every action that no other operation has.
    pub action: &'static str,
    /// The action of the reply; `*` when the operation says it each time, none when it is one-way.
    pub reply_action: Option<&'static str>,
    /// True when nothing answers.
    pub one_way: bool,
    /// Whether it may be the first of a session (`OperationContract.IsInitiating`).
    pub is_initiating: bool,
    /// Whether it is the last of its session (`OperationContract.IsTerminating`).
    pub is_terminating: bool,
    /// How its messages and faults are protected; none: as the contract says.
    pub protection_level: Option<ProtectionLevel>,
    /// The request.
    pub request: MessageDescription,
    /// The reply; [`MessageDescription::EMPTY`] of a one-way operation.
    pub reply: MessageDescription,
    /// The faults that it declares.
    pub faults: &'static [FaultDescription],
    /// The contract that declares it, when that is another one (`OperationDescription.DeclaringContract`).
    pub inherited_from: Option<DeclaringContract>,
    /// The doc comment of the method; empty without one.
    pub documentation: &'static str,
}

/// The contract that an inherited operation comes from. Its names are in the operation's actions, and its protection
/// level goes for what the operation does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeclaringContract {
    /// The contract's name.
    pub name: &'static str,
    /// Its namespace.
    pub namespace: &'static str,
    /// Its protection level.
    pub protection_level: Option<ProtectionLevel>,
    /// Its trait.
    pub trait_path: &'static str,
}

impl OperationDescription {
    /// An operation whose reply has this action; without one it is one-way. It may begin a session and ends none.
    pub const fn new(
        name: &'static str,
        action: &'static str,
        reply_action: Option<&'static str>,
    ) -> Self {
        Self {
            name,
            action,
            reply_action,
            one_way: reply_action.is_none(),
            is_initiating: true,
            is_terminating: false,
            protection_level: None,
            request: MessageDescription::EMPTY,
            reply: MessageDescription::EMPTY,
            faults: &[],
            inherited_from: None,
            documentation: "",
        }
    }

    /// The same with what is known of its messages.
    #[must_use]
    pub const fn with_messages(
        mut self,
        request: MessageDescription,
        reply: MessageDescription,
        faults: &'static [FaultDescription],
    ) -> Self {
        (self.request, self.reply, self.faults) = (request, reply, faults);
        self
    }

    /// The same with a protection level of its own.
    #[must_use]
    pub const fn with_protection_level(mut self, level: Option<ProtectionLevel>) -> Self {
        self.protection_level = level;
        self
    }

    /// The same with documentation.
    #[must_use]
    pub const fn with_documentation(mut self, documentation: &'static str) -> Self {
        self.documentation = documentation;
        self
    }

    /// The same with another place in its session.
    #[must_use]
    pub const fn in_session(mut self, is_initiating: bool, is_terminating: bool) -> Self {
        (self.is_initiating, self.is_terminating) = (is_initiating, is_terminating);
        self
    }
}

impl ContractDescription {
    /// A contract that a configuration file calls by its name, and that says nothing about protection and sessions.
    pub const fn new(
        name: &'static str,
        namespace: &'static str,
        operations: &'static [OperationDescription],
    ) -> Self {
        Self {
            name,
            namespace,
            configuration_name: name,
            protection_level: None,
            session_mode: SessionMode::Allowed,
            operations,
            trait_path: "",
            documentation: "",
        }
    }

    /// The same, called differently in configuration files.
    #[must_use]
    pub const fn with_configuration_name(mut self, name: &'static str) -> Self {
        self.configuration_name = name;
        self
    }

    /// The same with a protection level.
    #[must_use]
    pub const fn with_protection_level(mut self, level: Option<ProtectionLevel>) -> Self {
        self.protection_level = level;
        self
    }

    /// The same that needs a session, or none.
    #[must_use]
    pub const fn with_session_mode(mut self, mode: SessionMode) -> Self {
        self.session_mode = mode;
        self
    }

    /// The same of a trait.
    #[must_use]
    pub const fn of_trait(mut self, path: &'static str) -> Self {
        self.trait_path = path;
        self
    }

    /// The same with documentation.
    #[must_use]
    pub const fn with_documentation(mut self, documentation: &'static str) -> Self {
        self.documentation = documentation;
        self
    }

    /// What it demands of its binding.
    pub fn requirements(&self) -> ContractRequirements {
        ContractRequirements::named(self.configuration_name).session_mode(self.session_mode)
    }

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
