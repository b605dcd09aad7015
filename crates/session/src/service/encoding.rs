//! Answers and messages of conversations, written and protected.

use waxwing_reliable::{Body, Identifier, Message, Response, codec};
use waxwing_security::conversation::ReplyContext;
use waxwing_soap::{Addressing, AddressingVersion, EndpointReference, Envelope, Moment};

use super::answer::{Encoded, RefusalKind, ReplyTo, ServiceAnswer};
use super::endpoint::ServiceEndpoint;
use super::faults::is_outside;
use super::response::{Said, ServiceResponse};
use super::verified::Carried;
use crate::duplex::{DuplexMessage, Outbound};
use crate::message::ApplicationMessage;

/// What is told of an answer of the application.
struct Told {
    is_fault: bool,
    /// Why the infrastructure refuses the request, where it does.
    refusal: Option<String>,
}

impl ServiceEndpoint {
    /// Writes and protects an answer of the [sessions](crate::ServiceSessions).
    pub fn encode(
        &self,
        reply: &ReplyTo,
        response: ServiceResponse,
        at: &mut Moment<'_>,
    ) -> Encoded {
        match response.0 {
            Said::Reliable(response) => match *response {
                Response::Message(message) => self.encode_reliable(reply, message, at),
                Response::Accepted => Encoded::of(ServiceAnswer::Accepted),
            },
            Said::Alone(None) => Encoded::of(ServiceAnswer::Accepted),
            Said::Alone(Some(message)) => {
                let told = self.told_of(reply, &message);
                // It goes once: nothing of it is copied.
                let envelope =
                    ApplicationMessage::dress_once(message, self.recipient(), self.signs_headers());
                self.encode_application(reply, told, envelope, at)
            }
            Said::Unavailable => Encoded::of(ServiceAnswer::Unavailable),
            Said::TooManyWait => Encoded::unavailable(
                "a session was asked for, and as many as may (maxPendingChannels) wait for a place of the service \
                 (maxConcurrentSessions); its client asks again",
            ),
            Said::NoAnswer => Encoded::no_answer("the call was given up"),
        }
    }

    /// Writes and protects a message of a conversation over a link.
    pub fn encode_on_link(&self, message: DuplexMessage, at: &mut Moment<'_>) -> Encoded {
        let DuplexMessage { outbound, to } = message;
        match outbound {
            Outbound::Answer(response, reply) => self.encode(&reply, response, at),
            Outbound::Reliable(message, context) => {
                self.encode_reliable_on_link(*message, to.as_deref(), context.as_ref(), at)
            }
            Outbound::Request(message, context) => {
                let envelope = message.dress(self.recipient(), None, self.signs_headers());
                self.protect_on_link(context.as_ref(), false, envelope, at)
            }
            Outbound::End(session) => {
                let version = self.settings.version;
                match self.security.end_output(&session, version, to.as_deref(), at) {
                    Ok(Some(envelope)) => Encoded::of(ServiceAnswer::Message(envelope)),
                    Ok(None) => Encoded::of(ServiceAnswer::Accepted),
                    Err(error) => {
                        Encoded::failed(format!("the end of the session is not told: {error}"))
                    }
                }
            }
        }
    }

    /// What answers nothing; without a context it goes as it is.
    fn protect_on_link(
        &self,
        context: Option<&ReplyContext>,
        is_fault: bool,
        envelope: Envelope,
        at: &mut Moment<'_>,
    ) -> Encoded {
        match context {
            Some(context) => self.protect_under(context, is_fault, envelope, at),
            None => {
                let plain = self.settings.trace.then(|| envelope.clone());
                let say = if is_fault { ServiceAnswer::Fault } else { ServiceAnswer::Message };
                Encoded { plain, ..Encoded::of(say(envelope)) }
            }
        }
    }

    /// A message of a reliable session over links, which every one of them protects for itself.
    /// `to`: whom they are posted to, in composite duplex.
    fn encode_reliable_on_link(
        &self,
        message: Message<Carried>,
        to: Option<&EndpointReference>,
        context: Option<&ReplyContext>,
        at: &mut Moment<'_>,
    ) -> Encoded {
        let Some((version, ..)) = self.settings.reliable else {
            return Encoded::failed("a message of a reliable session that does not exist");
        };
        let parameters = to.map(EndpointReference::headers);
        let to = to.map_or_else(|| self.recipient(), |to| Some(to.address.as_str()));
        let is_fault = matches!(message.body, Body::Fault(_) | Body::SoapFault(_));
        let envelope = match &message.body {
            Body::Application(Carried::Reply(own)) => {
                let signed =
                    self.signs_headers() && parameters.as_ref().is_none_or(|own| own.is_empty());
                Some(own.dress(to, Some((&message.headers, version)), signed))
            }
            _ => codec::write(&message, version, self.settings.version, to),
        };
        let Some(mut envelope) = envelope else { return Encoded::of(ServiceAnswer::Accepted) };
        if let Some(parameters) = parameters {
            parameters.write(&mut envelope);
        }
        self.protect_on_link(context, is_fault, envelope, at)
    }

    /// Whom its messages are addressed to; nobody in an exchange, where there is one peer only, but WS-Addressing of August
    /// 2004 §3.1 demands `To` of every message.
    fn recipient(&self) -> Option<&'static str> {
        self.recipient_in(self.settings.version.addressing)
    }

    fn recipient_in(&self, addressing: AddressingVersion) -> Option<&'static str> {
        let is_demanded = addressing == AddressingVersion::August2004;
        (self.over_links || is_demanded).then(|| addressing.anonymous())
    }

    /// Whether the headers of what it sends are signed.
    fn signs_headers(&self) -> bool {
        self.security.signs_headers()
    }

    /// A fault, addressed as all its messages are.
    pub(super) fn addressed(
        &self,
        mut envelope: Envelope,
        to: Option<&EndpointReference>,
    ) -> Envelope {
        let link = self.recipient_in(envelope.version().addressing).map(str::to_owned);
        let named = to.map(|to| to.address.clone());
        Addressing { to: named.or(link), ..Addressing::default() }.write(&mut envelope);
        if let Some(to) = to {
            to.headers().write(&mut envelope);
        }
        envelope
    }

    pub(super) fn encode_reliable(
        &self,
        reply: &ReplyTo,
        mut message: Message<Carried>,
        at: &mut Moment<'_>,
    ) -> Encoded {
        let Some((version, ..)) = self.settings.reliable else {
            return Encoded::failed("an answer of a reliable session that does not exist");
        };
        if let Body::Application(Carried::Reply(application)) = &message.body {
            let envelope = application.dress(
                self.recipient(),
                Some((&message.headers, version)),
                self.signs_headers(),
            );
            let told = self.told_of(reply, application);
            return self.encode_application(reply, told, envelope, at);
        }
        let is_fault = matches!(message.body, Body::Fault(_) | Body::SoapFault(_));
        if message.relates_to.is_none() && is_fault {
            message.relates_to = reply.message_id.as_deref().map(Identifier::new);
        }
        let to = reply.to.as_ref().map(|to| to.address.as_str()).or_else(|| self.recipient());
        let Some(mut envelope) = codec::write(&message, version, reply.version, to) else {
            return Encoded::of(ServiceAnswer::Accepted);
        };
        if let Some(to) = &reply.to {
            to.headers().write(&mut envelope);
        }
        let mut encoded = self.protect(reply, is_fault, envelope, at);
        if let (Body::Fault(fault), None) = (&message.body, &encoded.problem) {
            let text = fault.to_string();
            encoded.problem = Some(self.refusal(reply, &text, is_outside(&fault.kind)));
            encoded.refused = Some(RefusalKind::Sequence);
        }
        encoded
    }

    fn encode_application(
        &self,
        reply: &ReplyTo,
        Told { is_fault, refusal }: Told,
        envelope: Envelope,
        at: &mut Moment<'_>,
    ) -> Encoded {
        let mut encoded = self.protect(reply, is_fault, envelope, at);
        if encoded.problem.is_none()
            && let Some(problem) = refusal
        {
            (encoded.problem, encoded.refused) = (Some(problem), Some(RefusalKind::Operation));
        }
        encoded
    }

    fn told_of(&self, reply: &ReplyTo, message: &ApplicationMessage) -> Told {
        let is_fault = message.is_fault();
        Told { is_fault, refusal: self.application_refusal(reply, message) }
    }

    pub(super) fn protect(
        &self,
        reply: &ReplyTo,
        is_fault: bool,
        envelope: Envelope,
        at: &mut Moment<'_>,
    ) -> Encoded {
        let encoded = self.protect_under(&reply.security, is_fault, envelope, at);
        Encoded { to: reply.to.clone(), ..encoded }
    }

    fn protect_under(
        &self,
        context: &ReplyContext,
        is_fault: bool,
        envelope: Envelope,
        at: &mut Moment<'_>,
    ) -> Encoded {
        let plain = self.settings.trace.then(|| envelope.clone());
        match self.security.protect_reply(context, envelope, at) {
            Ok(envelope) if is_fault => {
                Encoded { plain, ..Encoded::of(ServiceAnswer::Fault(envelope)) }
            }
            Ok(envelope) => Encoded { plain, ..Encoded::of(ServiceAnswer::Message(envelope)) },
            Err(error) => Encoded::failed(format!("the answer cannot be protected: {error}")),
        }
    }
}
