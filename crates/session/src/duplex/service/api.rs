//! What goes into the conversations of an endpoint and what comes out.

use std::sync::Arc;

use waxwing_reliable::{Body, CallId, Event, ExchangeId, Message, SessionId};
use waxwing_security::conversation::{ReplyContext, SecuritySession};
use waxwing_soap::{EndpointReference, Time};

use crate::client::TransmissionId;
use crate::diagnosis::TransportFailure;
use crate::duplex::link::{LinkDemand, LinkId};
use crate::error::SessionError;
use crate::message::AppMessage;
use crate::service::{Carried, ReplyTo, Said, ServiceInput, ServiceResponse, VerifiedMessage};

/// A message that came in over a link and was verified.
#[derive(Debug)]
pub struct DuplexArrival {
    /// The message.
    pub message: VerifiedMessage,
    /// How its answer is made.
    pub reply: ReplyTo,
}

/// Input of the conversations of an endpoint.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "messages are the common case")]
pub enum DuplexInput {
    /// A link is there, and waits to be [accepted](LinkDemand::Accept).
    Offered(LinkId),
    /// A message came in over a link.
    Arrived {
        /// Which.
        link: LinkId,
        /// The message.
        arrival: DuplexArrival,
    },
    /// The client sends nothing more in its security session; it said so over this link.
    SecurityEnded {
        /// The link.
        link: LinkId,
        /// The security session.
        security: SecuritySession,
    },
    /// A message came in by itself (composite duplex).
    Posted(DuplexArrival),
    /// The client sends nothing more in its security session (composite duplex).
    PostedEnd(SecuritySession),
    /// A message that was handed out was not delivered (composite duplex).
    NotSent {
        /// The link.
        link: LinkId,
        /// Which message.
        id: TransmissionId,
        /// Why.
        failure: TransportFailure,
    },
    /// The peer sends nothing more on a link.
    End(LinkId),
    /// A link broke.
    Lost {
        /// Which.
        link: LinkId,
        /// How.
        failure: TransportFailure,
    },
    /// A message that was handed out is written to its link.
    Written {
        /// The link.
        link: LinkId,
        /// Which message.
        id: TransmissionId,
    },
    /// What [`ServiceSessions`](crate::ServiceSessions) answer to a call of a conversation.
    Answer {
        /// As it was named when the call was given to them.
        exchange: ExchangeId,
        /// With what.
        response: ServiceResponse,
    },
    /// They have accepted a session.
    Accepted(SessionId),
    /// A session of them has failed.
    Failed(SessionId),
    /// Nothing is left of a session of them.
    Gone(SessionId),
    /// The service calls its client. Ends with [`DuplexOutput::Completed`] or `CallFailed`.
    Call {
        /// The conversation.
        session: SessionId,
        /// The call, by a name of the owner that is used once.
        call: CallId,
        /// Its message.
        message: AppMessage,
        /// When it gives up.
        deadline: Time,
    },
    /// No new reliable sessions are taken any more; those that there are go on.
    Shutdown,
    /// Nobody waits for this call any more.
    GivenUp(CallId),
    /// Time has passed.
    Tick,
}

/// Output of the conversations of an endpoint.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "messages are the common case")]
pub enum DuplexOutput {
    /// Give this to the endpoint's [`ServiceSessions`](crate::ServiceSessions).
    Sessions(ServiceInput),
    /// Composite duplex: what is handed out for this link from now on is posted to this address, each message by itself.
    Addressed {
        /// The link, by a name of the engine.
        link: LinkId,
        /// Where to.
        to: Arc<EndpointReference>,
        /// Whether it is a session's; otherwise one answer to somebody who has none.
        of_session: bool,
    },
    /// Something is wanted of a link.
    Link {
        /// Of which.
        link: LinkId,
        /// What.
        demand: LinkDemand,
    },
    /// Send a message; [`ServiceEndpoint::encode_on_link`](crate::ServiceEndpoint::encode_on_link) makes it. Messages of a
    /// link are sent in the order in which they are handed out.
    Transmit {
        /// Over which link.
        link: LinkId,
        /// Say [`DuplexInput::Written`] under this name when it is written.
        id: TransmissionId,
        /// The message.
        message: DuplexMessage,
    },
    /// A call of the service has ended well. The reply may be a fault of the client's operation; a one-way call has none.
    Completed {
        /// Which.
        call: CallId,
        /// Its reply.
        reply: Option<AppMessage>,
    },
    /// A call of the service has failed.
    CallFailed {
        /// Which.
        call: CallId,
        /// Why.
        error: SessionError,
    },
    /// For a person to watch.
    Event {
        /// Of which conversation.
        session: SessionId,
        /// What happened in its reliable session.
        event: Event,
    },
    /// The conversation in a security session is over in order: its client ends that, or it ends by itself soon
    /// ([`ServiceSecurity::release_session`](waxwing_security::conversation::ServiceSecurity::release_session)).
    ReleaseSecurity(SecuritySession),
    /// The security session ends now
    /// ([`ServiceSecurity::end_session`](waxwing_security::conversation::ServiceSecurity::end_session)).
    EndSecurity(SecuritySession),
    /// A message was dropped, and its sender hears nothing: for the log.
    Refused(String),
    /// Something that did not stop the conversation but should be known.
    Warning {
        /// Of which conversation.
        session: SessionId,
        /// What.
        text: String,
    },
}

/// A message of a conversation on its way out, before it is protected and written.
#[derive(Debug)]
pub struct DuplexMessage {
    pub(crate) outbound: Outbound,
    /// Composite duplex: whom it is for.
    pub(crate) to: Option<Arc<EndpointReference>>,
}

impl DuplexMessage {
    /// Whether it answers a message of the peer: that it is written ([`DuplexInput::Written`]) lets the peer send more, and is of
    /// use before the peer's next message only where that waits ([`LinkDemand::Hold`]).
    pub fn is_answer(&self) -> bool {
        matches!(self.outbound, Outbound::Answer(..))
    }

    /// How many octets of memory it holds, about.
    pub fn memory(&self) -> usize {
        let envelope = match &self.outbound {
            Outbound::Answer(ServiceResponse(Said::Alone(Some(reply))), _)
            | Outbound::Request(reply, _) => Some(&reply.envelope),
            Outbound::Reliable(message, _) => match &message.body {
                Body::Application(Carried::Reply(reply)) => Some(&reply.envelope),
                Body::Application(Carried::Request(request)) => Some(request.envelope()),
                _ => None,
            },
            Outbound::Answer(..) | Outbound::End(_) => None,
        };
        size_of::<Outbound>() + envelope.map_or(0, |envelope| envelope.document().memory())
    }
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "answers are the common case")]
pub(crate) enum Outbound {
    /// The answer to a message that came in.
    Answer(ServiceResponse, ReplyTo),
    /// A message of a reliable session, and what protects it.
    Reliable(Box<Message<Carried>>, Option<ReplyContext>),
    /// A call of the service, and what protects it.
    Request(AppMessage, Option<ReplyContext>),
    /// The last word of the service in a security session.
    End(SecuritySession),
}
