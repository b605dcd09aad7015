//! One message as the engines see it: typed headers and a typed body, no XML.

use serde::{Deserialize, Serialize};
use waxwing_soap::EndpointReference;

use crate::fault::SequenceFault;
use crate::headers::Headers;
use crate::names::Identifier;
use crate::ranges::MessageNumber;

/// What a receiver may do with an incomplete sequence (1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum IncompleteSequenceBehavior {
    /// `DiscardEntireSequence`.
    DiscardEntireSequence,
    /// `DiscardFollowingFirstGap`: what WCF writes for ordered sessions.
    DiscardFollowingFirstGap,
    /// `NoDiscard`: what WCF writes for unordered sessions.
    NoDiscard,
}

impl IncompleteSequenceBehavior {
    pub(crate) const ALL: [Self; 3] =
        [Self::DiscardEntireSequence, Self::DiscardFollowingFirstGap, Self::NoDiscard];

    /// The text on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DiscardEntireSequence => "DiscardEntireSequence",
            Self::DiscardFollowingFirstGap => "DiscardFollowingFirstGap",
            Self::NoDiscard => "NoDiscard",
        }
    }
}

/// The offer of a return sequence inside CreateSequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The identifier of the return sequence, chosen by the initiator.
    pub identifier: Identifier,
    /// 1.1, required there: where its messages go.
    pub endpoint: Option<EndpointReference>,
    /// `xs:duration` text. Read and ignored.
    pub expires: Option<String>,
    /// 1.1.
    pub incomplete_sequence_behavior: Option<IncompleteSequenceBehavior>,
}

/// A reference to the security context that protects a sequence (`SecurityTokenReference` by URI).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenReference {
    /// The identifier of the security context token.
    pub identifier: Identifier,
    /// The token's type, a URI.
    pub value_type: String,
}

/// `CreateSequence` with what its receiver needs of the addressing headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateSequence {
    /// Where acknowledgements go.
    pub acks_to: EndpointReference,
    /// `xs:duration` text, echoed into the response.
    pub expires: Option<String>,
    /// The return sequence.
    pub offer: Option<Offer>,
    /// Security contexts that it names; WCF writes at most one.
    pub tokens: Vec<TokenReference>,
    /// The `ReplyTo` header. None when absent.
    pub reply_to: Option<EndpointReference>,
    /// The `To` header. None when absent.
    pub to: Option<String>,
}

/// `CreateSequenceResponse`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateSequenceResponse {
    /// The new sequence, chosen by the responder.
    pub identifier: Identifier,
    /// Echo of the request's.
    pub expires: Option<String>,
    /// 1.1.
    pub incomplete_sequence_behavior: Option<IncompleteSequenceBehavior>,
    /// `Accept/AcksTo`, there when the offer was accepted.
    pub accept: Option<EndpointReference>,
}

/// `CloseSequence` (1.1) or `TerminateSequence`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shutdown {
    /// The sequence.
    pub identifier: Identifier,
    /// 1.1 `LastMsgNumber`; absent for an empty sequence.
    pub last_message_number: Option<MessageNumber>,
    /// The `ReplyTo` header. None when absent.
    pub reply_to: Option<EndpointReference>,
}

/// What a message is, by action and body. `M` is the caller's application message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body<M> {
    /// A message of the application; with a `Sequence` header even a SOAP fault is one.
    Application(M),
    /// 2005: the empty message that ends a sequence.
    LastMessage,
    /// An empty message that asks for an acknowledgement: keep-alive.
    AckRequested,
    /// An empty message that only carries an acknowledgement.
    SequenceAcknowledgement,
    /// `CreateSequence`.
    CreateSequence(Box<CreateSequence>),
    /// `CreateSequenceResponse`.
    CreateSequenceResponse(Box<CreateSequenceResponse>),
    /// `CloseSequence`.
    CloseSequence(Shutdown),
    /// `CloseSequenceResponse`.
    CloseSequenceResponse(Identifier),
    /// `TerminateSequence`.
    TerminateSequence(Shutdown),
    /// `TerminateSequenceResponse`.
    TerminateSequenceResponse(Identifier),
    /// A fault of the protocol, outside any sequence.
    Fault(Box<SequenceFault>),
    /// Any other SOAP fault outside a sequence.
    SoapFault(Box<waxwing_soap::Fault>),
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<M> {
    /// The protocol's headers.
    pub headers: Headers,
    /// What it is.
    pub body: Body<M>,
    /// `MessageID` of the protocol's own requests (the application's messages keep theirs).
    pub message_id: Option<Identifier>,
    /// `RelatesTo` of the protocol's own responses.
    pub relates_to: Option<Identifier>,
}

impl<M> Message<M> {
    /// A message without headers and addressing.
    pub fn new(body: Body<M>) -> Self {
        Self { headers: Headers::default(), body, message_id: None, relates_to: None }
    }

    /// Whether it is an application message with a number in a sequence.
    pub fn is_in_sequence(&self) -> bool {
        matches!(self.body, Body::Application(_)) && self.headers.sequence.is_some()
    }

    /// The same with another application message.
    pub fn map<N>(self, f: impl FnOnce(M) -> N) -> Message<N> {
        let body = match self.body {
            Body::Application(m) => Body::Application(f(m)),
            Body::LastMessage => Body::LastMessage,
            Body::AckRequested => Body::AckRequested,
            Body::SequenceAcknowledgement => Body::SequenceAcknowledgement,
            Body::CreateSequence(b) => Body::CreateSequence(b),
            Body::CreateSequenceResponse(b) => Body::CreateSequenceResponse(b),
            Body::CloseSequence(b) => Body::CloseSequence(b),
            Body::CloseSequenceResponse(b) => Body::CloseSequenceResponse(b),
            Body::TerminateSequence(b) => Body::TerminateSequence(b),
            Body::TerminateSequenceResponse(b) => Body::TerminateSequenceResponse(b),
            Body::Fault(b) => Body::Fault(b),
            Body::SoapFault(b) => Body::SoapFault(b),
        };
        let Self { headers, message_id, relates_to, .. } = self;
        Message { headers, body, message_id, relates_to }
    }
}

/// What an exchange is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "messages are the common case")]
pub enum Response<M> {
    /// A message.
    Message(Message<M>),
    /// Nothing: the message has arrived, and there is no more to say of it. In request/reply sessions it is not
    /// acknowledged, so that it comes again; a notification is done with.
    Accepted,
}

impl<M> Response<M> {
    /// Whether the response is a fault outside the sequence. A fault of the application is one too, which only the
    /// owner of `M` can know.
    pub fn is_fault(&self) -> bool {
        let Self::Message(message) = self else { return false };
        matches!(message.body, Body::Fault(_) | Body::SoapFault(_))
    }
}
