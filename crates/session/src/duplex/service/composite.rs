//! Composite duplex (wsDualHttpBinding): a message comes in by itself, and what is said to a client is posted to where it
//! listens. Which session a message belongs to, its sequence says. To the owner a client's address is a link that never
//! breaks: what is lost on it comes again.

use std::sync::Arc;

use waxwing_reliable::{
    Body, DuplexInput as ReliableInput, DuplexListenerInput, ExchangeId, Failure, Identifier,
    Links, Message, SessionId, SettingsError, Transmission,
};
use waxwing_security::conversation::{ReplyContext, SecuritySession};
use waxwing_soap::{EndpointReference, Moment, RandomSource};

use super::DuplexService;
use super::api::{DuplexArrival, DuplexMessage, DuplexOutput, Outbound};
use super::conversation::{Conversation, Secured};
use crate::client::TransmissionId;
use crate::diagnosis::TransportFailure;
use crate::duplex::link::{LinkDemand, LinkId};
use crate::service::{Carried, ServiceSettings, VerifiedMessage, VerifiedRequest, sender_of};

impl DuplexService {
    /// An endpoint of composite duplex. Its links are named by the engine ([`DuplexOutput::Addressed`]), and messages come in
    /// by [`DuplexInput::Posted`](super::DuplexInput::Posted).
    ///
    /// # Errors
    /// A setting of the reliable session is out of its range, or does nothing in a duplex session.
    pub fn composite(
        settings: &ServiceSettings,
        random: &mut dyn RandomSource,
    ) -> Result<Self, SettingsError> {
        let mut service = Self::with_links(settings, Links::Unseen, random)?;
        service.is_composite = true;
        Ok(service)
    }

    /// Whether messages go to addresses.
    pub(super) fn posts(&self) -> bool {
        self.is_composite
    }

    /// A message came in.
    pub(super) fn posted(&mut self, arrival: DuplexArrival, at: &mut Moment<'_>) {
        self.arriving = self.is_secured.then(|| Secured::of(&arrival));
        let DuplexArrival { message, reply } = arrival;
        let VerifiedMessage { message, tag, caller, .. } = message;
        if let Body::CreateSequence(create) = &message.body
            && create.reply_to.as_ref().is_none_or(|to| !to.can_be_posted_to())
        {
            let text = "a client asked for a session and named no address where it can be answered (its ReplyTo must be an http \
                        address; WCF: The 'To' header on the message is set to Anonymous Uri). It hears nothing";
            return self.outputs.push_back(DuplexOutput::Refused(text.to_owned()));
        }
        let tag = tag.or_else(|| sender_of(&caller));
        self.answers_to = reply.into_address();
        let exchange = ExchangeId(self.number());
        let (link, message) = (None, *message);
        self.sequence(DuplexListenerInput::Message { exchange, link, message, tag }, at);
        (self.answers_to, self.arriving) = (None, None);
    }

    /// The client has said its last in a security session. What it said may have overtaken other messages; sequences that have
    /// not ended lose what protects them, and the client is answered where they sent.
    pub(super) fn posted_end(&mut self, security: SecuritySession, at: &mut Moment<'_>) {
        let context = Identifier::new(security.identifier());
        let of_it = |own: &Conversation| {
            own.secured
                .as_ref()
                .and_then(|secured| secured.session.as_ref())
                .is_some_and(|session| session.identifier() == security.identifier())
        };
        let is_carried = self.conversations.values().any(of_it);
        self.sequence(DuplexListenerInput::ContextLost(context), at);
        if !is_carried {
            self.outputs.push_back(DuplexOutput::ReleaseSecurity(security));
        }
    }

    /// Why the reply to a request cannot be made, in WCF's words: the request wants it (or a fault) somewhere else than where its
    /// session is answered. Who knows a session could have the service send to whom he likes otherwise.
    pub fn answered_elsewhere(
        &self,
        session: &SessionId,
        request: &VerifiedRequest,
    ) -> Option<String> {
        let own = self.conversations.get(session)?.to.as_deref()?;
        let addressing = request.addressing();
        addressing.message_id.as_ref()?;
        let version = request.envelope().version().addressing;
        let goes_elsewhere =
            |to: &EndpointReference| !to.is_anonymous(version) && !to.is_same_place(own);
        let named = [("ReplyTo", &addressing.reply_to), ("FaultTo", &addressing.fault_to)];
        let (header, other) = named.into_iter().find_map(|(header, to)| {
            to.as_ref().filter(|to| goes_elsewhere(to)).map(|to| (header, &to.address))
        })?;
        Some(format!(
            "The request message has {header}='{other}' but IContextChannel.RemoteAddress is '{}'.  When ManualAddressing is \
             false, these values must be the same, null, or EndpointAddress.AnonymousAddress because sending a reply to a \
             different address than the original sender can create a security risk.  If you want to process such messages, \
             enable ManualAddressing.",
            own.address
        ))
    }

    /// A session whose messages go to an address.
    pub(super) fn addressed(&mut self, remote: EndpointReference) -> Conversation {
        let (link, to) = (LinkId(self.number()), Arc::new(remote));
        self.outputs.push_back(DuplexOutput::Addressed {
            link,
            to: Arc::clone(&to),
            of_session: true,
        });
        Conversation { to: Some(to), ..Conversation::new(link, self.arriving.clone()) }
    }

    /// Posts a message of a session.
    pub(super) fn post(
        &mut self,
        session: &SessionId,
        to: Arc<EndpointReference>,
        transmission: Transmission,
        message: Message<Carried>,
        context: Option<ReplyContext>,
    ) {
        let id = TransmissionId(self.number());
        let Some(conversation) = self.conversations.get_mut(session) else { return };
        conversation.under_way.insert(id, transmission);
        let link = conversation.link;
        self.hand_out((link, id), to, message, context);
    }

    /// Posts what is said to a message that belongs to no session; to nobody where no address is known.
    pub(super) fn post_alone(
        &mut self,
        remote: Option<EndpointReference>,
        message: Message<Carried>,
    ) {
        let to =
            remote.or_else(|| self.answers_to.take()).filter(EndpointReference::can_be_posted_to);
        let Some(to) = to else { return };
        let (link, to) = (LinkId(self.number()), Arc::new(to));
        self.outputs.push_back(DuplexOutput::Addressed {
            link,
            to: Arc::clone(&to),
            of_session: false,
        });
        let id = TransmissionId(self.number());
        let context = self.arriving.as_ref().map(|own| own.context.clone());
        self.hand_out((link, id), to, message, context);
        self.demand(link, LinkDemand::Close);
    }

    fn hand_out(
        &mut self,
        (link, id): (LinkId, TransmissionId),
        to: Arc<EndpointReference>,
        message: Message<Carried>,
        context: Option<ReplyContext>,
    ) {
        let outbound = Outbound::Reliable(Box::new(message), context);
        let message = DuplexMessage { outbound, to: Some(to) };
        self.outputs.push_back(DuplexOutput::Transmit { link, id, message });
    }

    /// A message was taken by whoever listens there.
    pub(super) fn is_sent(&mut self, link: LinkId, id: TransmissionId) {
        self.arrived_there(link, id);
    }

    fn arrived_there(
        &mut self,
        link: LinkId,
        id: TransmissionId,
    ) -> Option<(SessionId, Transmission)> {
        let session = self.links.get(&link)?;
        let transmission = self.conversations.get_mut(session)?.under_way.remove(&id)?;
        Some((session.clone(), transmission))
    }

    /// A message was not delivered: the sequence decides whether that matters.
    pub(super) fn not_sent(
        &mut self,
        link: LinkId,
        id: TransmissionId,
        failure: TransportFailure,
        at: &mut Moment<'_>,
    ) {
        let Some((session, transmission)) = self.arrived_there(link, id) else { return };
        let kind = failure.cause.kind(false, true);
        let failure = Failure { kind, reason: failure.reason };
        self.of_session(session, ReliableInput::Failed { transmission, failure }, at);
    }
}
