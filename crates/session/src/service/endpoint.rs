//! An endpoint: what becomes of one message that came in, and of the answer to it.

use std::sync::Arc;

use waxwing_reliable::{Action, Body, Message, ReliableMessagingVersion, codec};
use waxwing_security::conversation::{
    Authentication, Evidence, Incoming, LinkSecurity, ReplyKind, SecuredMessage, SecuritySession,
    ServiceError, ServiceReply, ServiceSecurity, Verdict,
};
use waxwing_security::trust::TrustAction;
use waxwing_security::wsse::Dialect;
use waxwing_security::wsse::names::WSSE;
use waxwing_soap::{
    AddressHeader, AddressHeaders, Addressing, EndpointReference, Envelope, Fault, MessageVersion,
    Moment, QName,
};

use super::answer::{Encoded, RefusalKind, ReplyTo, ServiceAnswer};
use super::faults;
use super::filter::AddressFilter;
use super::hints::{Own, Seen, with_hint};
use super::names::Origin;
use super::settings::ServiceSettings;
use super::unverified::UnverifiedMessage;
use super::verified::{Carried, VerifiedMessage, VerifiedRequest};
use crate::diagnosis::is_infrastructure;
use crate::message::ApplicationMessage;

/// An endpoint of a service, without IO.
#[derive(Debug)]
pub struct ServiceEndpoint {
    pub(super) settings: ServiceSettings,
    /// The headers that belong to the address.
    headers: AddressHeaders,
    filter: AddressFilter,
    pub(super) security: ServiceSecurity,
    /// Whether its messages go over links.
    pub(super) over_links: bool,
    /// Whether they are posted to where its clients listen.
    pub(super) posts: bool,
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
    /// The client sends nothing more in this security session
    /// ([`DuplexInput::SecurityEnded`](crate::DuplexInput::SecurityEnded)). Over links alone.
    Ended(SecuritySession),
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

impl ArrivedMessage {
    /// Composite duplex: where a client listens that asks for a session (`ReplyTo` of CreateSequence).
    pub fn asks_for_session_at(&self) -> Option<&EndpointReference> {
        match &self.message.message.body {
            Body::CreateSequence(create) => create.reply_to.as_ref(),
            _ => None,
        }
    }
}

impl ServiceEndpoint {
    /// An endpoint with its security.
    pub fn new(settings: ServiceSettings, security: ServiceSecurity) -> Self {
        let filter = AddressFilter::new(settings.address.as_str());
        let headers = AddressHeaders::default();
        Self { settings, headers, filter, security, over_links: false, posts: false }
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

    /// The same whose messages go over links: each of them is addressed to the anonymous endpoint, as WCF's framing
    /// channels do, where the answer of an HTTP exchange is addressed to nobody.
    #[must_use]
    pub fn over_links(self) -> Self {
        Self { over_links: true, ..self }
    }

    /// The same whose messages are posted to where its clients listen (composite duplex).
    #[must_use]
    pub fn posting(self) -> Self {
        Self { posts: true, ..self }
    }

    /// Its settings.
    pub fn settings(&self) -> &ServiceSettings {
        &self.settings
    }

    /// Its security.
    pub fn security(&self) -> &ServiceSecurity {
        &self.security
    }

    /// Whether a security context of this name is here. Durable endpoints: one that is not is to be looked for in the store
    /// before a message of it comes in ([`UnverifiedMessage::names`]), since what nobody knows ends the client's session.
    pub fn knows_context(&self, identifier: &str) -> bool {
        self.security.knows(identifier)
    }

    /// Whether reading a message takes an operation with a private key, if it is what it says: better not where others wait.
    pub fn takes_a_private_key(&self, message: &UnverifiedMessage) -> bool {
        self.security.takes_a_private_key(message.action().unwrap_or_default())
    }

    /// Takes a message that came in from there.
    pub fn receive(
        &self,
        message: impl Into<UnverifiedMessage>,
        origin: impl Into<Origin>,
        at: &mut Moment<'_>,
    ) -> Arrival {
        self.take(message.into(), origin.into(), None, at)
    }

    /// The same of a message that came in over a link. `link` is what the security knows of it: one for each link, as long as
    /// that lives.
    pub fn receive_on(
        &self,
        link: &mut LinkSecurity,
        message: impl Into<UnverifiedMessage>,
        origin: impl Into<Origin>,
        at: &mut Moment<'_>,
    ) -> Arrival {
        self.take(message.into(), origin.into(), Some(link), at)
    }

    fn take(
        &self,
        message: UnverifiedMessage,
        origin: Origin,
        link: Option<&mut LinkSecurity>,
        at: &mut Moment<'_>,
    ) -> Arrival {
        let UnverifiedMessage { envelope, seen } = message;
        if envelope.version() != self.settings.version {
            let (fault, problem) =
                faults::version_mismatch(envelope.version(), self.settings.version);
            return answer(Encoded::refusal(self.addressed(fault, None), problem));
        }
        if let Some(refusal) = self.misdirected(&envelope, &seen) {
            return answer(refusal);
        }
        let from = origin.peer.link();
        let Some(link) = link else {
            let incoming = self.security.receive(envelope, from, at);
            return self.secured(incoming, seen, origin, at);
        };
        let carries_session = link.session().is_some();
        let incoming = self.security.receive_on(link, envelope, from, at);
        match &incoming {
            Incoming::Reply(reply) if carries_session && self.is_nobodys(reply) => {
                let problem = reply.error.as_ref().map(ServiceError::to_string);
                answer(Encoded::no_answer(problem.unwrap_or_default()))
            }
            _ => self.secured(incoming, seen, origin, at),
        }
    }

    /// Whether a message on a link whose messages had verified is nobody's word, since it does not or is of something else:
    /// somebody on the way wrote it. A fault would end the client's session, as at WCF; where a reliable session goes on over
    /// another link, that is all that is lost.
    fn is_nobodys(&self, reply: &ServiceReply) -> bool {
        let error = reply.error.as_ref();
        let refused =
            matches!(error, Some(ServiceError::Message(_) | ServiceError::ForeignLink { .. }));
        self.settings.reliable.is_some() && refused
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

    /// The same of a message that came in over a link.
    #[allow(clippy::boxed_local, reason = "it is given back as it was given out")]
    pub fn authenticated_on(
        &self,
        link: &mut LinkSecurity,
        sender: Box<UnknownSender>,
        verdict: Verdict,
        at: &mut Moment<'_>,
    ) -> Arrival {
        let UnknownSender { authentication, seen, origin } = *sender;
        let incoming = self.security.authenticated_on(link, authentication, verdict, at);
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
                    ReplyKind::Unavailable => ServiceAnswer::Unavailable,
                    ReplyKind::Silent => ServiceAnswer::Accepted,
                };
                let mut encoded = Encoded::of(said);
                let problem = reply.error.as_ref().map(ServiceError::to_string);
                encoded.problem = problem.map(|text| with_hint(text, seen.hint(self.own())));
                encoded.refused = reply.error.as_ref().map(RefusalKind::of);
                // Nothing is taken any more over a connection with whose messages something is wrong, as at WCF; an old key is
                // nothing wrong.
                let is_old = matches!(reply.error, Some(ServiceError::KeyExpired(_)));
                encoded.ends_link = reply.error.is_some() && !is_old;
                encoded.to = self.posted_to(&encoded.answer);
                encoded.persist = reply.began.or(reply.renewed);
                encoded.ended = reply.ended;
                answer(encoded)
            }
            Incoming::Message(secured) => self.read(*secured, seen, origin, at),
            Incoming::Ended(session) => Arrival::Ended(session),
        }
    }

    /// Composite duplex: where an answer of the security is posted. What bears no address is for the exchange that it came in.
    fn posted_to(&self, answer: &ServiceAnswer) -> Option<EndpointReference> {
        let (ServiceAnswer::Message(envelope) | ServiceAnswer::Fault(envelope)) = answer else {
            return None;
        };
        let to = self.posts.then(|| Addressing::read(envelope).ok()).flatten()?.to?;
        Some(EndpointReference::new(to)).filter(EndpointReference::can_be_posted_to)
    }

    /// Composite duplex: whether a message is answered in its exchange all the same, since it claims to be a leg of a
    /// negotiation.
    pub fn answers_in_exchange(&self, message: &UnverifiedMessage) -> bool {
        let is_leg = |dialect| {
            let action = message.action().and_then(|action| TrustAction::of(action, dialect));
            matches!(
                action,
                Some(TrustAction::NegotiationRequest | TrustAction::NegotiationResponse)
            )
        };
        self.posts && Dialect::ALL.into_iter().any(is_leg)
    }

    /// Addressing, headers that must be understood, reliable messaging.
    fn read(
        &self,
        secured: SecuredMessage,
        seen: Seen,
        origin: Origin,
        at: &mut Moment<'_>,
    ) -> Arrival {
        let SecuredMessage { received, session, caller, reply } = secured;
        // Where messages are not secured, the transport says who sent them; where they are, it has no say.
        let caller = match self.security.profile() {
            Some(_) => caller,
            None => Arc::clone(origin.caller.identity()),
        };
        let plain = self.settings.trace.then(|| received.whole());
        let envelope = received.into_envelope();
        let version = envelope.version();
        let addressing = Addressing::read(&envelope);
        let message_id = addressing.as_ref().ok().and_then(|a| a.message_id.clone());
        let action = addressing.as_ref().ok().and_then(|a| a.action.as_deref()).unwrap_or_default();
        let action = seen.into_action_if(action);
        let to = addressing.as_ref().ok().filter(|_| self.posts).and_then(answered_at);
        let reply = ReplyTo { security: reply, version, message_id, to, action };
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
                        let outside = faults::is_outside(&fault.kind);
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
        let envelope = self.addressed(fault.to_envelope(version, action, id), None);
        Some(Encoded::refusal(envelope, problem))
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
    pub(super) fn refusal(&self, reply: &ReplyTo, fault: &str, outside: bool) -> String {
        let hint = self.hint_of(reply, outside);
        with_hint(format!("{fault} (action '{}')", reply.action), hint)
    }

    /// The same of an answer of the application, when it is the infrastructure's refusal.
    pub(super) fn application_refusal(
        &self,
        reply: &ReplyTo,
        answer: &ApplicationMessage,
    ) -> Option<String> {
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
        let mut encoded =
            self.protect(reply, true, self.addressed(envelope, reply.to.as_ref()), at);
        encoded.problem = Some(problem);
        encoded.refused = Some(RefusalKind::Addressing);
        answer(encoded)
    }
}

fn answer(encoded: Encoded) -> Arrival {
    Arrival::Answer(Box::new(encoded))
}

/// Composite duplex: where what is said to a message goes that belongs to no session; none where it wants no answer.
fn answered_at(addressing: &Addressing) -> Option<EndpointReference> {
    let named = [&addressing.fault_to, &addressing.reply_to, &addressing.from];
    named.into_iter().flatten().next().filter(|to| to.can_be_posted_to()).cloned()
}

/// The headers of the layers that a message has passed when the application gets it.
pub(crate) fn is_understood(namespace: &str, local: &str) -> bool {
    const NONE: &str = "http://schemas.microsoft.com/ws/2005/05/addressing/none";
    let reliable = [ReliableMessagingVersion::February2005, ReliableMessagingVersion::V11];
    (namespace == WSSE && local == "Security")
        || namespace == NONE
        || reliable.iter().any(|version| version.namespace() == namespace)
}
