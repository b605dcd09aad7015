//! An endpoint: what becomes of one message that came in, and of the answer to it.

use std::sync::Arc;

use waxwing_reliable::{
    Action, Body, FaultKind, Identifier, Message, ReliableMessagingVersion, Response, codec,
};
use waxwing_security::conversation::{
    Authentication, Evidence, Incoming, ReplyKind, SecuredMessage, ServiceError, ServiceSecurity,
    Verdict,
};
use waxwing_security::trust::TrustAction;
use waxwing_security::wsse::Dialect;
use waxwing_security::wsse::names::WSSE;
use waxwing_soap::{
    AddressHeader, AddressHeaders, Addressing, Envelope, Fault, MessageVersion, Moment, QName,
};

use super::answer::{Encoded, RefusalKind, ReplyTo, ServiceAnswer};
use super::faults;
use super::filter::AddressFilter;
use super::hints::{Own, Seen, with_hint};
use super::names::Origin;
use super::response::{Said, ServiceResponse};
use super::settings::ServiceSettings;
use super::unverified::UnverifiedMessage;
use super::verified::{Carried, VerifiedMessage, VerifiedRequest};
use crate::diagnosis::is_infrastructure;
use crate::message::ApplicationMessage;

/// An endpoint of a service, without IO.
#[derive(Debug)]
pub struct ServiceEndpoint {
    settings: ServiceSettings,
    /// The headers that belong to the address.
    headers: AddressHeaders,
    filter: AddressFilter,
    security: ServiceSecurity,
}

/// What becomes of a message that came in.
#[derive(Debug)]
pub enum Arrival {
    /// It is answered at once: it was one of the security protocol, or was refused.
    Answer(Box<Encoded>),
    /// Whether its sender is who he says is to be decided: give the verdict to [`ServiceEndpoint::authenticated`].
    Authenticate(Box<UnknownSender>),
    /// It is for the layers above.
    Message(Box<ArrivedMessage>),
}

/// A message that waits for the verdict about its sender. Nobody else knows of it: dropped, it is as if it had not come.
#[derive(Debug)]
pub struct UnknownSender {
    authentication: Box<Authentication>,
    seen: Seen,
    origin: Origin,
}

impl UnknownSender {
    /// What the sender proves himself with.
    pub fn evidence(&self) -> &Evidence {
        self.authentication.evidence()
    }
}

/// A message for the sessions.
#[derive(Debug)]
pub struct ArrivedMessage {
    /// The message, as [`ServiceInput::Arrived`](crate::ServiceInput::Arrived) takes it.
    pub message: VerifiedMessage,
    /// The message as it was verified and decrypted, when traces are wanted.
    pub plain: Option<Envelope>,
    /// How its answer is made.
    pub reply: ReplyTo,
}

impl ServiceEndpoint {
    /// An endpoint with its security.
    pub fn new(settings: ServiceSettings, security: ServiceSecurity) -> Self {
        let filter = AddressFilter::new(settings.address.as_str());
        Self { settings, headers: AddressHeaders::default(), filter, security }
    }

    /// The same, for messages that this filter takes; without it they are for the address of the settings.
    #[must_use]
    pub fn with_address_filter(mut self, filter: AddressFilter) -> Self {
        self.filter = filter;
        self
    }

    /// The same at an address with these headers: a message that lacks one of them is for somebody else. Give them to the
    /// [options](waxwing_security::conversation::ServiceOptions::headers) of the security, too.
    #[must_use]
    pub fn with_address_headers(mut self, headers: AddressHeaders) -> Self {
        self.headers = headers;
        self
    }

    /// Its settings.
    pub fn settings(&self) -> &ServiceSettings {
        &self.settings
    }

    /// Its security.
    pub fn security(&self) -> &ServiceSecurity {
        &self.security
    }

    /// Takes a message that came in from there.
    pub fn receive(
        &self,
        message: impl Into<UnverifiedMessage>,
        origin: impl Into<Origin>,
        at: &mut Moment<'_>,
    ) -> Arrival {
        let UnverifiedMessage { envelope, seen } = message.into();
        let origin = origin.into();
        if envelope.version() != self.settings.version {
            let (fault, problem) =
                faults::version_mismatch(envelope.version(), self.settings.version);
            return answer(Encoded::refusal(fault, problem));
        }
        if let Some(refusal) = self.misdirected(&envelope, &seen) {
            return answer(refusal);
        }
        let incoming = self.security.receive(envelope, origin.peer.link(), at);
        self.secured(incoming, seen, origin, at)
    }

    /// Goes on with a message whose sender was judged.
    #[allow(clippy::boxed_local, reason = "it is given back as it was given out")]
    pub fn authenticated(
        &self,
        sender: Box<UnknownSender>,
        verdict: Verdict,
        at: &mut Moment<'_>,
    ) -> Arrival {
        let UnknownSender { authentication, seen, origin } = *sender;
        let incoming = self.security.authenticated(authentication, verdict, at);
        self.secured(incoming, seen, origin, at)
    }

    fn secured(
        &self,
        incoming: Incoming,
        seen: Seen,
        origin: Origin,
        at: &mut Moment<'_>,
    ) -> Arrival {
        match incoming {
            Incoming::Authenticate(authentication) => {
                Arrival::Authenticate(Box::new(UnknownSender { authentication, seen, origin }))
            }
            Incoming::Reply(reply) => {
                let said = match reply.kind {
                    ReplyKind::Answer => ServiceAnswer::Message(reply.envelope),
                    ReplyKind::Fault => ServiceAnswer::Fault(reply.envelope),
                };
                let mut encoded = Encoded::of(said);
                let problem = reply.error.as_ref().map(ServiceError::to_string);
                encoded.problem = problem.map(|text| with_hint(text, seen.hint(self.own())));
                encoded.refused = reply.error.as_ref().map(RefusalKind::of);
                encoded.ended = reply.ended;
                answer(encoded)
            }
            Incoming::Message(secured) => self.read(*secured, origin, at),
        }
    }

    /// Addressing, headers that must be understood, reliable messaging.
    fn read(&self, secured: SecuredMessage, origin: Origin, at: &mut Moment<'_>) -> Arrival {
        let SecuredMessage { received, session, caller, reply } = secured;
        // Where messages are not secured, the transport says who sent them; where they are, it has no say.
        let caller = match self.security.profile() {
            Some(_) => caller,
            None => Arc::clone(origin.caller.identity()),
        };
        let envelope = received.into_envelope();
        let version = envelope.version();
        let addressing = Addressing::read(&envelope);
        let message_id = addressing.as_ref().ok().and_then(|a| a.message_id.clone());
        let action = addressing.as_ref().ok().and_then(|a| a.action.clone()).unwrap_or_default();
        let reply = ReplyTo { security: reply, version, message_id, action };
        let addressing = match addressing {
            Ok(addressing) => addressing,
            Err(error) => {
                let (fault, action) = faults::addressing(&error, version.addressing);
                return self.refuse(&reply, &fault, action, error.to_string(), at);
            }
        };
        if !self.is_for_us(&addressing, &envelope) {
            let to = addressing.to.as_deref().unwrap_or_default();
            let (fault, action) = self.unreachable(to, &reply.action, version);
            let text = self.not_for_us(&fault, &envelope);
            return self.refuse(&reply, &fault, action, text, at);
        }
        let message = match self.settings.reliable {
            None => Ok(Message::new(Body::Application(()))),
            Some((version, ..)) => codec::read_addressed(&envelope, &addressing, version),
        };
        let unknown = self.unknown_header(&envelope);
        match (message, unknown) {
            // One of a sequence is answered in it, and the session goes on.
            (Ok(message), Some(header)) if !message.is_in_sequence() => {
                let fault = faults::must_understand(&header);
                let text = fault.text().to_owned();
                let action = version.addressing.default_fault_action();
                self.refuse(&reply, &fault, action, text, at)
            }
            (Ok(message), unknown) => {
                let plain = self.settings.trace.then(|| envelope.clone());
                let sender = Arc::clone(&caller);
                let request = VerifiedRequest::new(envelope, addressing, sender);
                let request = request.with_peer(origin.peer.address).with_unknown_header(unknown);
                let request = || Arc::new(request);
                let message = message.map(|()| Carried::Request(request()));
                let message = VerifiedMessage::new(message, session, caller);
                Arrival::Message(Box::new(ArrivedMessage { message, plain, reply }))
            }
            (Err(error), _) => {
                let problem = error.to_string();
                match error.fault() {
                    Some(fault) => {
                        let outside = is_outside(&fault.kind);
                        let message = Message::new(Body::Fault(Box::new(fault)));
                        let mut encoded = self.encode_reliable(&reply, message, at);
                        // The encoding knows the fault's hint; the codec knows better what was wrong.
                        let hint = self.hint_of(&reply, outside);
                        encoded.problem = Some(with_hint(problem, hint));
                        encoded.refused = Some(RefusalKind::Sequence);
                        answer(encoded)
                    }
                    // What is malformed cannot be trusted to name its sequence. WCF drops the request, too.
                    None => answer(Encoded::no_answer(problem)),
                }
            }
        }
    }

    /// The refusal of a message of the security protocol that is for another service: the security answers those itself,
    /// and nothing above sees their address. It is signed in those that prove something, and nothing else in them says
    /// for whom they are: whoever a client talks to could hand its request on and would know the key of the session.
    fn misdirected(&self, envelope: &Envelope, seen: &Seen) -> Option<Encoded> {
        let version = envelope.version();
        let action = seen.claimed_action()?;
        let is_trust = |dialect| TrustAction::of(action, dialect).is_some();
        if self.security.profile().is_none() || !Dialect::ALL.into_iter().any(is_trust) {
            return None;
        }
        let addressing = Addressing::read(envelope);
        let id = addressing.as_ref().ok().and_then(|a| a.message_id.as_deref());
        let (fault, action, problem) = match &addressing {
            Err(error) => {
                let (fault, action) = faults::addressing(error, version.addressing);
                let problem = fault.text().to_owned();
                (fault, action, problem)
            }
            Ok(addressing) if self.is_for_us(addressing, envelope) => return None,
            Ok(addressing) => {
                let to = addressing.to.as_deref().unwrap_or_default();
                let fault = faults::destination_unreachable(to, version.addressing);
                let problem = self.not_for_us(&fault, envelope);
                (fault, faults::addressing_action(version.addressing), problem)
            }
        };
        Some(Encoded::refusal(fault.to_envelope(version, action, id), problem))
    }

    fn own(&self) -> Own {
        let reliable = self.settings.reliable.as_ref().map(|(version, ..)| *version);
        Own { security: self.security.profile(), reliable }
    }

    /// What a verified message says, `outside` of a sequence or in one.
    fn hint_of(&self, reply: &ReplyTo, outside: bool) -> Option<&'static str> {
        Seen::verified(&reply.action, !outside, self.own()).hint(self.own())
    }

    /// What the log says of an answer that refuses a message: the fault, and what the client is probably set to.
    fn refusal(&self, reply: &ReplyTo, fault: &str, outside: bool) -> String {
        let hint = self.hint_of(reply, outside);
        with_hint(format!("{fault} (action '{}')", reply.action), hint)
    }

    /// The same of an answer of the application, when it is the infrastructure's refusal.
    fn application_refusal(&self, reply: &ReplyTo, answer: &ApplicationMessage) -> Option<String> {
        let fault = if answer.is_fault() { Fault::read(&answer.envelope)? } else { return None };
        is_infrastructure(&fault).then(|| self.refusal(reply, fault.text(), false))
    }

    fn understands(&self, namespace: &str, local: &str) -> bool {
        let contract = &self.settings.understood;
        is_understood(namespace, local)
            || contract.iter().any(|(n, l)| n == namespace && l == local)
    }

    /// A header that must be understood, and that neither the layers nor the contract know.
    fn unknown_header(&self, envelope: &Envelope) -> Option<QName> {
        let unknown = envelope.not_understood(|ns, local| self.understands(ns, local));
        unknown.first().map(|header| QName::new(header.namespace(), header.local_name()))
    }

    /// Whether a message is for this endpoint, as WCF's address filter has it: by scheme, port and path, and by the headers that
    /// belong to the address. One without `To` is for whoever gets it.
    fn is_for_us(&self, addressing: &Addressing, envelope: &Envelope) -> bool {
        let is_here = |to: &str| self.is_here(to, envelope.version());
        addressing.to.as_deref().is_none_or(is_here) && self.headers.are_in(envelope)
    }

    /// What the log says of a message that is not for this endpoint: the fault, and the headers of the address that it
    /// lacks, which the fault tells nobody.
    fn not_for_us(&self, fault: &Fault, envelope: &Envelope) -> String {
        let name = |h: &AddressHeader| format!("<{} xmlns=\"{}\">", h.local_name(), h.namespace());
        let missing: Vec<String> = self.headers.missing_in(envelope).map(name).collect();
        match missing.is_empty() {
            true => fault.text().to_owned(),
            false => format!(
                "{} (it lacks {}, or carries other content in it: compare the <headers> of both endpoints)",
                fault.text(),
                missing.join(", ")
            ),
        }
    }

    /// Whether an address is this endpoint's.
    fn is_here(&self, to: &str, version: MessageVersion) -> bool {
        to == version.addressing.anonymous() || self.filter.matches(to)
    }

    /// The fault for a message that is for somebody else. One that asks for a sequence hears it from the reliable session, as
    /// in WCF, whose clients know what that means.
    fn unreachable(
        &self,
        to: &str,
        action: &str,
        version: MessageVersion,
    ) -> (Fault, &'static str) {
        let reliable = self.settings.reliable.as_ref().map(|(version, ..)| *version);
        let action = reliable.and_then(|reliable| Action::of(action, reliable));
        if action == Some(Action::CreateSequence) {
            let fault = faults::endpoint_unavailable(to, version.addressing);
            return (fault, version.addressing.default_fault_action());
        }
        let fault = faults::destination_unreachable(to, version.addressing);
        (fault, faults::addressing_action(version.addressing))
    }

    fn refuse(
        &self,
        reply: &ReplyTo,
        fault: &Fault,
        action: &str,
        problem: String,
        at: &mut Moment<'_>,
    ) -> Arrival {
        let envelope = fault.to_envelope(reply.version, action, reply.message_id.as_deref());
        let mut encoded = self.protect(reply, true, envelope, at);
        encoded.problem = Some(problem);
        encoded.refused = Some(RefusalKind::Addressing);
        answer(encoded)
    }

    /// Writes and protects an answer of the [sessions](crate::ServiceSessions).
    pub fn encode(
        &self,
        reply: &ReplyTo,
        response: ServiceResponse,
        at: &mut Moment<'_>,
    ) -> Encoded {
        match response.0 {
            Said::Reliable(Response::Message(message)) => self.encode_reliable(reply, message, at),
            Said::Reliable(Response::Accepted) | Said::Alone(None) => {
                Encoded::of(ServiceAnswer::Accepted)
            }
            Said::Alone(Some(message)) => {
                let envelope = message.dress(None, None);
                self.encode_application(reply, &message, envelope, at)
            }
            Said::Unavailable => Encoded::of(ServiceAnswer::Unavailable),
            Said::NoAnswer => Encoded::no_answer("the call was given up"),
        }
    }

    fn encode_reliable(
        &self,
        reply: &ReplyTo,
        mut message: Message<Carried>,
        at: &mut Moment<'_>,
    ) -> Encoded {
        let Some((version, ..)) = self.settings.reliable else {
            return Encoded::failed("an answer of a reliable session that does not exist");
        };
        if let Body::Application(Carried::Reply(application)) = &message.body {
            let envelope = application.dress(None, Some((&message.headers, version)));
            return self.encode_application(reply, application, envelope, at);
        }
        let is_fault = matches!(message.body, Body::Fault(_) | Body::SoapFault(_));
        if message.relates_to.is_none() && is_fault {
            message.relates_to = reply.message_id.as_deref().map(Identifier::new);
        }
        let Some(envelope) = codec::write(&message, version, reply.version, None) else {
            return Encoded::of(ServiceAnswer::Accepted);
        };
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
        message: &ApplicationMessage,
        envelope: Envelope,
        at: &mut Moment<'_>,
    ) -> Encoded {
        let mut encoded = self.protect(reply, message.is_fault(), envelope, at);
        if encoded.problem.is_none()
            && let Some(problem) = self.application_refusal(reply, message)
        {
            (encoded.problem, encoded.refused) = (Some(problem), Some(RefusalKind::Operation));
        }
        encoded
    }

    fn protect(
        &self,
        reply: &ReplyTo,
        is_fault: bool,
        envelope: Envelope,
        at: &mut Moment<'_>,
    ) -> Encoded {
        let plain = self.settings.trace.then(|| envelope.clone());
        match self.security.protect_reply(&reply.security, envelope, at) {
            Ok(envelope) if is_fault => {
                Encoded { plain, ..Encoded::of(ServiceAnswer::Fault(envelope)) }
            }
            Ok(envelope) => Encoded { plain, ..Encoded::of(ServiceAnswer::Message(envelope)) },
            Err(error) => Encoded::failed(format!("the answer cannot be protected: {error}")),
        }
    }
}

fn answer(encoded: Encoded) -> Arrival {
    Arrival::Answer(Box::new(encoded))
}

/// Whether a fault refuses a message because it is outside of any sequence.
fn is_outside(kind: &FaultKind) -> bool {
    matches!(kind, FaultKind::ActionNotSupported(_) | FaultKind::WsrmRequired)
}

/// The headers of the layers that a message has passed when the application gets it.
pub(crate) fn is_understood(namespace: &str, local: &str) -> bool {
    const NONE: &str = "http://schemas.microsoft.com/ws/2005/05/addressing/none";
    let reliable = [ReliableMessagingVersion::February2005, ReliableMessagingVersion::V11];
    (namespace == WSSE && local == "Security")
        || namespace == NONE
        || reliable.iter().any(|version| version.namespace() == namespace)
}
