//! The model of contracts: the one input of code generation, of JSON and of what is shown to people.

use crate::finding::Finding;
use crate::location::At;
use crate::name::QName;
use crate::wsdl::Style;

use super::types::{Fall, Member, Tier, TypeId, TypeTable};

/// The contracts of one source, with the types that they use.
#[derive(Clone, Debug, Default)]
pub struct ContractSet {
    /// Contracts, in the order of the documents.
    pub contracts: Vec<Contract>,
    /// All types, in an order that depends on the documents only.
    pub types: TypeTable,
    /// What was noticed on the way.
    pub findings: Vec<Finding>,
}

/// A contract: what WSDL calls a port type, with what its binding says of the messages.
#[derive(Clone, Debug)]
pub struct Contract {
    /// The name and namespace of the port type.
    pub name: QName,
    /// `msc:usingSession`: `true` is `SessionMode.Required`, `false` is `NotAllowed`.
    pub using_session: Option<bool>,
    /// Operations, in document order.
    pub operations: Vec<Operation>,
    /// `wsdl:documentation`.
    pub documentation: Option<String>,
    /// Where.
    pub at: At,
}

/// Who calls, and whether there is an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// The client calls and gets an answer.
    RequestResponse,
    /// The client calls, nothing answers.
    OneWay,
    /// The service calls and gets an answer (solicit-response).
    Callback,
    /// The service calls, nothing answers (notification).
    CallbackOneWay,
}

/// An operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its name in WSDL.
    pub name: String,
    /// Who calls, and whether there is an answer.
    pub pattern: Pattern,
    /// The action of the request. Empty where the service tells its operations apart by the element in the body alone.
    pub action: String,
    /// The action of the reply; none when any is taken.
    pub reply_action: Option<String>,
    /// `soapAction` of the binding, when it differs from the action.
    pub soap_action: Option<String>,
    /// The request (of a callback: what the service sends).
    pub request: Message,
    /// The reply.
    pub reply: Option<Message>,
    /// Faults, in order.
    pub faults: Vec<Fault>,
    /// `msc:isInitiating`; true when not said.
    pub is_initiating: bool,
    /// `msc:isTerminating`; false when not said.
    pub is_terminating: bool,
    /// The tier of the operation: the worst of its messages.
    pub tier: Tier,
    /// Why it is not in the first tier.
    pub fall: Option<Fall>,
    /// Why it cannot be called at all, as rpc/encoded.
    pub blocked: Option<Fall>,
    /// Documentation of the operation.
    pub documentation: Option<String>,
    /// Where.
    pub at: At,
}

/// A request or a reply.
#[derive(Clone, Debug)]
pub struct Message {
    /// How the body is built.
    pub body: Body,
    /// SOAP headers, in order. They may always be absent: WSDL cannot say otherwise.
    pub headers: Vec<Member>,
}

/// The body of a message.
#[derive(Clone, Debug)]
pub enum Body {
    /// Nothing in it.
    Empty,
    /// Parts inside one element.
    Wrapped {
        /// The element around them.
        wrapper: QName,
        /// The type of that element, for who wants the message as one value; none in rpc style, which has no such type.
        type_id: Option<TypeId>,
        /// `document`, or `rpc`, whose parts have no namespace.
        style: Style,
        /// The parts, in order.
        parts: Vec<Member>,
        /// Whether the first part of a reply is what the operation returns, not an `out` parameter.
        returns: bool,
    },
    /// One element, as it is.
    Bare(Box<Member>),
    /// Base64 of a stream, in the element of this name if it is wrapped.
    Stream {
        /// The element around it.
        wrapper: Option<QName>,
        /// The element that holds the octets.
        element: QName,
    },
    /// Any XML: `MessageBody`, or what no tier can write. The element is its name, where the schema says so.
    Raw(Option<QName>),
}

/// A fault that an operation declares.
#[derive(Clone, Debug)]
pub struct Fault {
    /// `name` of `wsdl:fault`.
    pub name: String,
    /// The action.
    pub action: String,
    /// The element in the detail.
    pub detail: Member,
    /// Where.
    pub at: At,
}
