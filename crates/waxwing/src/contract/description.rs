//! What is known about a contract without its types.

use waxwing_binding::{ContractRequirements, SessionMode};
use waxwing_reliable::Shape;
use waxwing_security::ProtectionLevel;

use super::delivery::Delivery;
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
    /// The contract in which the service calls its clients (`ServiceContract.CallbackContract`).
    pub callback: Option<&'static ContractDescription>,
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
    /// What a durable endpoint promises of its execution; none: as [`Delivery::Idempotent`], and the host says so.
    pub delivery: Option<Delivery>,
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
            delivery: None,
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

    /// The same whose execution is promised this across crashes.
    #[must_use]
    pub const fn with_delivery(mut self, delivery: Delivery) -> Self {
        self.delivery = Some(delivery);
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
            callback: None,
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

    /// The same whose service calls its clients.
    #[must_use]
    pub const fn with_callback(mut self, callback: &'static ContractDescription) -> Self {
        self.callback = Some(callback);
        self
    }

    /// The same with the callback contract of a contract that it inherits from, if it names none itself.
    ///
    /// # Panics
    /// Several have one, and it has none that has all of their operations: what the macro made does not compile then.
    #[must_use]
    pub const fn with_inherited_callback(mut self, bases: &[&ContractDescription]) -> Self {
        let mut at = 0;
        while at < bases.len() {
            if let Some(inherited) = bases[at].callback {
                match self.callback {
                    None => self.callback = Some(inherited),
                    Some(own) => assert!(
                        has_operations_of(own, inherited),
                        "the callback contract must inherit from those of the contracts that the service contract inherits from"
                    ),
                }
            }
            at += 1;
        }
        self
    }

    /// What it demands of its binding.
    pub fn requirements(&self) -> ContractRequirements {
        ContractRequirements::named(self.configuration_name)
            .session_mode(self.session_mode)
            .duplex(self.callback.is_some())
    }

    /// The position of the operation that takes `action`: the one that names it, or else the one for every action.
    pub fn position(&self, action: &str) -> Option<usize> {
        let named = self.operations.iter().position(|operation| operation.action == action);
        named.or_else(|| self.operations.iter().position(|operation| operation.action == "*"))
    }

    /// What a reliable session must be for it: with a return sequence, unless nothing ever comes back.
    pub(crate) fn shape(&self) -> Shape {
        let is_one_way = self.operations.iter().all(|operation| operation.one_way);
        match is_one_way && self.callback.is_none() {
            true => Shape::OneWay,
            false => Shape::RequestReply,
        }
    }

    /// The operation that takes `action`.
    pub fn operation(&self, action: &str) -> Option<&'static OperationDescription> {
        self.position(action).and_then(|position| self.operations.get(position))
    }
}

/// Whether `callback` can be the callback contract of `contract`: of what the macro made, when it compiles.
///
/// # Panics
/// It cannot: a constant that calls this does not compile.
pub const fn check_callback(contract: &ContractDescription, callback: &ContractDescription) {
    assert!(
        is_equal(contract.name, callback.name) && is_equal(contract.namespace, callback.namespace),
        "a callback contract needs the `name` and the `namespace` of the service contract: the actions of its operations are \
         made of them"
    );
    assert!(callback.callback.is_none(), "a callback contract has no callback contract of its own");
    assert!(!callback.operations.is_empty(), "a callback contract needs an operation");
    let mut at = 0;
    while at < callback.operations.len() {
        let operation = &callback.operations[at];
        assert!(
            operation.is_initiating && !operation.is_terminating,
            "an operation of a callback contract neither begins nor ends a session: those are the service's"
        );
        at += 1;
    }
}

const fn has_operations_of(own: &ContractDescription, other: &ContractDescription) -> bool {
    let mut at = 0;
    while at < other.operations.len() {
        let (mut known, mut found) = (0, false);
        while known < own.operations.len() {
            found = found || is_equal(own.operations[known].action, other.operations[at].action);
            known += 1;
        }
        if !found {
            return false;
        }
        at += 1;
    }
    true
}

const fn is_equal(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}
