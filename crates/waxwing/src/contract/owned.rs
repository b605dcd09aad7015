//! Contracts that own their texts: what channels and endpoints need to know of a contract, made of a
//! [`ContractDescription`] or at run time, of a WSDL say.

use std::sync::Arc;

use waxwing_binding::{ContractRequirements, SessionMode};
use waxwing_reliable::Shape;
use waxwing_security::ProtectionLevel;

use super::description::{ContractDescription, OperationDescription};
use super::message::{MessageDescription, StreamPlace};

/// A contract without its types, which need not be known before the program runs. Cheap to clone.
///
/// [`ChannelFactory`](crate::ChannelFactory) takes one, or the description that the macro made of a trait.
///
/// ```
/// use waxwing::contract::{OwnedContract, OwnedOperation};
/// let contract = OwnedContract::new("ICalculator", "urn:calc")
///     .operation(OwnedOperation::new("Add", "urn:calc/Add", Some("urn:calc/AddResponse")))
///     .operation(OwnedOperation::new("Clear", "urn:calc/Clear", None));
/// assert_eq!(contract.find("urn:calc/Clear").unwrap().name(), "Clear");
/// ```
#[derive(Clone, Debug)]
pub struct OwnedContract(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    name: Box<str>,
    namespace: Box<str>,
    configuration_name: Box<str>,
    protection_level: Option<ProtectionLevel>,
    session_mode: SessionMode,
    operations: Vec<OwnedOperation>,
    callback: Option<OwnedContract>,
}

/// An operation of an [`OwnedContract`].
#[derive(Clone, Debug)]
pub struct OwnedOperation {
    name: Box<str>,
    action: Box<str>,
    reply_action: Option<Box<str>>,
    one_way: bool,
    is_initiating: bool,
    is_terminating: bool,
    protection_level: Option<ProtectionLevel>,
    /// That of the contract which declares an inherited operation.
    inherited_level: Option<Option<ProtectionLevel>>,
    request: OwnedMessage,
    reply: OwnedMessage,
    faults: Vec<(Box<str>, Option<ProtectionLevel>)>,
}

/// A message of an [`OwnedOperation`], as far as its protection goes.
#[derive(Clone, Debug, Default)]
pub struct OwnedMessage {
    protection_level: Option<ProtectionLevel>,
    parts: Vec<Option<ProtectionLevel>>,
    headers: Vec<OwnedHeader>,
    stream: Option<StreamPlace>,
}

/// A header of an [`OwnedMessage`].
#[derive(Clone, Debug)]
pub(crate) struct OwnedHeader {
    pub(crate) namespace: Box<str>,
    pub(crate) local: Box<str>,
    pub(crate) protection_level: Option<ProtectionLevel>,
}

impl OwnedContract {
    /// A contract that a configuration file calls by its name, without operations.
    pub fn new(name: &str, namespace: &str) -> Self {
        Self(Arc::new(Inner {
            name: name.into(),
            namespace: namespace.into(),
            configuration_name: name.into(),
            protection_level: None,
            session_mode: SessionMode::Allowed,
            operations: Vec::new(),
            callback: None,
        }))
    }

    /// The same, called differently in configuration files.
    #[must_use]
    pub fn with_configuration_name(mut self, name: &str) -> Self {
        Arc::make_mut(&mut self.0).configuration_name = name.into();
        self
    }

    /// The same with a protection level.
    #[must_use]
    pub fn with_protection_level(mut self, level: Option<ProtectionLevel>) -> Self {
        Arc::make_mut(&mut self.0).protection_level = level;
        self
    }

    /// The same that needs a session, or none.
    #[must_use]
    pub fn with_session_mode(mut self, mode: SessionMode) -> Self {
        Arc::make_mut(&mut self.0).session_mode = mode;
        self
    }

    /// The same whose service calls its clients.
    #[must_use]
    pub fn with_callback(mut self, callback: OwnedContract) -> Self {
        Arc::make_mut(&mut self.0).callback = Some(callback);
        self
    }

    /// The same with one more operation.
    #[must_use]
    pub fn operation(mut self, operation: OwnedOperation) -> Self {
        Arc::make_mut(&mut self.0).operations.push(operation);
        self
    }

    /// The name of the port type.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The namespace.
    pub fn namespace(&self) -> &str {
        &self.0.namespace
    }

    /// What `contract="…"` says in a configuration file.
    pub fn configuration_name(&self) -> &str {
        &self.0.configuration_name
    }

    /// The operations, in their order.
    pub fn operations(&self) -> &[OwnedOperation] {
        &self.0.operations
    }

    /// The operation that takes `action`: the one that names it, or else the one for every action.
    pub fn find(&self, action: &str) -> Option<&OwnedOperation> {
        let by = |wanted: &str| self.0.operations.iter().find(|o| *o.action == *wanted);
        by(action).or_else(|| by("*"))
    }

    pub(crate) fn session_mode(&self) -> SessionMode {
        self.0.session_mode
    }

    pub(crate) fn protection_level(&self) -> Option<ProtectionLevel> {
        self.0.protection_level
    }

    /// The contract in which the service calls its clients.
    pub fn callback(&self) -> Option<&OwnedContract> {
        self.0.callback.as_ref()
    }

    /// What it demands of its binding.
    pub(crate) fn requirements(&self) -> ContractRequirements {
        ContractRequirements::named(self.configuration_name())
            .session_mode(self.0.session_mode)
            .duplex(self.0.callback.is_some())
    }

    /// What a reliable session must be for it: with a return sequence, unless nothing ever comes back.
    pub(crate) fn shape(&self) -> Shape {
        let is_one_way = self.0.operations.iter().all(|operation| operation.one_way);
        match is_one_way && self.0.callback.is_none() {
            true => Shape::OneWay,
            false => Shape::RequestReply,
        }
    }
}

impl From<&ContractDescription> for OwnedContract {
    fn from(contract: &ContractDescription) -> Self {
        Self(Arc::new(Inner {
            name: contract.name.into(),
            namespace: contract.namespace.into(),
            configuration_name: contract.configuration_name.into(),
            protection_level: contract.protection_level,
            session_mode: contract.session_mode,
            operations: contract.operations.iter().map(OwnedOperation::from).collect(),
            callback: contract.callback.map(OwnedContract::from),
        }))
    }
}

impl OwnedOperation {
    /// An operation whose reply has this action; without one it is one-way. It may begin a session and ends none.
    pub fn new(name: &str, action: &str, reply_action: Option<&str>) -> Self {
        Self {
            name: name.into(),
            action: action.into(),
            reply_action: reply_action.map(Into::into),
            one_way: reply_action.is_none(),
            is_initiating: true,
            is_terminating: false,
            protection_level: None,
            inherited_level: None,
            request: OwnedMessage::default(),
            reply: OwnedMessage::default(),
            faults: Vec::new(),
        }
    }

    /// The same with a protection level of its own.
    #[must_use]
    pub fn with_protection_level(mut self, level: Option<ProtectionLevel>) -> Self {
        self.protection_level = level;
        self
    }

    /// The same with another place in its session.
    #[must_use]
    pub fn in_session(mut self, is_initiating: bool, is_terminating: bool) -> Self {
        (self.is_initiating, self.is_terminating) = (is_initiating, is_terminating);
        self
    }

    /// The same with what is known of its messages.
    #[must_use]
    pub fn with_messages(mut self, request: OwnedMessage, reply: OwnedMessage) -> Self {
        (self.request, self.reply) = (request, reply);
        self
    }

    /// The same with one more fault, by its action; without a level it has the operation's.
    #[must_use]
    pub fn fault(mut self, action: &str, level: Option<ProtectionLevel>) -> Self {
        self.faults.push((action.into(), level));
        self
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The action of the request; `*` takes every action that no other operation has.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The action of the reply; none when it is one-way.
    pub fn reply_action(&self) -> Option<&str> {
        self.reply_action.as_deref()
    }

    pub(crate) fn is_initiating(&self) -> bool {
        self.is_initiating
    }

    pub(crate) fn is_terminating(&self) -> bool {
        self.is_terminating
    }

    pub(crate) fn own_level(&self) -> Option<ProtectionLevel> {
        self.protection_level
    }

    /// The protection level of what says none itself: its own, or that of the contract that declares it, or `contract`.
    pub(crate) fn level(&self, contract: Option<ProtectionLevel>) -> Option<ProtectionLevel> {
        self.protection_level.or(self.inherited_level.unwrap_or(contract))
    }

    pub(crate) fn request(&self) -> &OwnedMessage {
        &self.request
    }

    pub(crate) fn reply(&self) -> &OwnedMessage {
        &self.reply
    }

    /// Action and level of each fault.
    pub(crate) fn faults(&self) -> impl Iterator<Item = (&str, Option<ProtectionLevel>)> {
        self.faults.iter().map(|(action, level)| (&**action, *level))
    }
}

impl From<&OperationDescription> for OwnedOperation {
    fn from(operation: &OperationDescription) -> Self {
        let faults = operation.faults.iter();
        Self {
            one_way: operation.one_way,
            inherited_level: operation.inherited_from.map(|declaring| declaring.protection_level),
            request: OwnedMessage::from(&operation.request),
            reply: OwnedMessage::from(&operation.reply),
            faults: faults.map(|fault| (fault.action.into(), fault.protection_level)).collect(),
            ..Self::new(operation.name, operation.action, operation.reply_action)
                .with_protection_level(operation.protection_level)
                .in_session(operation.is_initiating, operation.is_terminating)
        }
    }
}

impl OwnedMessage {
    /// A message that says nothing of its own.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with a protection level.
    #[must_use]
    pub fn with_protection_level(mut self, level: Option<ProtectionLevel>) -> Self {
        self.protection_level = level;
        self
    }

    /// The same with one more part of the body, by its level. The body as a whole has the highest of them.
    #[must_use]
    pub fn part(mut self, level: Option<ProtectionLevel>) -> Self {
        self.parts.push(level);
        self
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, local: &str, namespace: &str, level: Option<ProtectionLevel>) -> Self {
        let (local, namespace) = (local.into(), namespace.into());
        self.headers.push(OwnedHeader { namespace, local, protection_level: level });
        self
    }

    pub(crate) fn level(&self) -> Option<ProtectionLevel> {
        self.protection_level
    }

    pub(crate) fn parts(&self) -> &[Option<ProtectionLevel>] {
        &self.parts
    }

    pub(crate) fn headers(&self) -> &[OwnedHeader] {
        &self.headers
    }

    /// Where its stream stands; none without one.
    pub(crate) fn stream(&self) -> Option<&StreamPlace> {
        self.stream.as_ref()
    }
}

impl From<&MessageDescription> for OwnedMessage {
    fn from(message: &MessageDescription) -> Self {
        let headers = message.headers.iter().map(|header| OwnedHeader {
            namespace: header.namespace.into(),
            local: header.local.into(),
            protection_level: header.protection_level,
        });
        Self {
            protection_level: message.protection_level,
            parts: message.parts.iter().map(|part| part.protection_level).collect(),
            headers: headers.collect(),
            stream: StreamPlace::of(message),
        }
    }
}
