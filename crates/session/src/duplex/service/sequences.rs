//! Reliable sessions over links: two sequences, one each way, which outlive the link that carries them.

use std::sync::Arc;

use waxwing_reliable::{
    Body, CallId, DuplexInput as ReliableInput, DuplexListener, DuplexListenerInput,
    DuplexListenerOutput, DuplexOutput as ReliableOutput, DuplexSettings, ExchangeId, LinkId,
    Links, Message, MessageNumber, SessionId, SettingsError, Shape,
};
use waxwing_soap::{Fault, Moment};

use super::DuplexService;
use super::api::{DuplexArrival, DuplexOutput, Outbound};
use super::conversation::{Asked, Conversation, Secured};
use super::over::{LATE, SessionOver};
use crate::duplex::link::LinkDemand;
use crate::duplex::outstanding::Related;
use crate::error::SessionError;
use crate::service::{
    Carried, Said, ServiceInput, ServiceResponse, ServiceSettings, VerifiedMessage,
    VerifiedRequest, sender_of,
};

/// Names of answers, which nobody waits for, begin here: owners number their calls from 1.
const ANSWERS: u64 = 1 << 63;

/// The sequences of an endpoint; none where it has no reliable sessions.
pub(super) fn of(
    settings: &ServiceSettings,
    links: Links,
) -> Result<Option<DuplexListener<Carried>>, SettingsError> {
    let Some((version, shape, reliable)) = &settings.reliable else { return Ok(None) };
    let own = DuplexSettings {
        reliable: reliable.clone(),
        links,
        two_way: *shape == Shape::RequestReply,
        ..DuplexSettings::default()
    };
    DuplexListener::new(*version, own).map(Some)
}

impl DuplexService {
    /// Gives the sequences an input and does what comes of it.
    pub(super) fn sequence(&mut self, input: DuplexListenerInput<Carried>, at: &mut Moment<'_>) {
        if let Some(sequences) = &mut self.sequences {
            sequences.handle(input, at);
        }
        while let Some(output) = self.sequences.as_mut().and_then(DuplexListener::poll) {
            self.sequences_want(output, at);
        }
    }

    /// The same of one session.
    pub(super) fn of_session(
        &mut self,
        session: SessionId,
        input: ReliableInput<Carried>,
        at: &mut Moment<'_>,
    ) {
        self.sequence(DuplexListenerInput::Session { session, input }, at);
    }

    /// A message: of the protocol, or in a sequence.
    pub(super) fn arrived_reliable(
        &mut self,
        link: LinkId,
        arrival: DuplexArrival,
        at: &mut Moment<'_>,
    ) {
        self.arriving = self.is_secured.then(|| Secured::of(&arrival));
        let VerifiedMessage { message, tag, caller, .. } = arrival.message;
        let tag = tag.or_else(|| sender_of(&caller));
        // By this name what belongs to no session is answered on its link.
        let exchange = ExchangeId(link.0);
        let (link, message) = (Some(link), *message);
        self.sequence(DuplexListenerInput::Message { exchange, link, message, tag }, at);
        self.arriving = None;
    }

    fn sequences_want(&mut self, output: DuplexListenerOutput<Carried>, at: &mut Moment<'_>) {
        match output {
            DuplexListenerOutput::Created { session, link, remote, .. } => {
                let conversation = match link {
                    Some(link) => Conversation::new(link, self.arriving.clone()),
                    None => self.addressed(remote),
                };
                self.links.insert(conversation.link, session.clone());
                self.conversations.insert(session.clone(), conversation);
                self.sessions(ServiceInput::Connected(session));
            }
            DuplexListenerOutput::Adopted { session, link, replaced } => {
                self.links.insert(link, session.clone());
                if let Some(conversation) = self.conversations.get_mut(&session) {
                    conversation.link = link;
                }
                if let Some(replaced) = replaced {
                    self.links.remove(&replaced);
                    self.demand(replaced, LinkDemand::Abort);
                }
            }
            DuplexListenerOutput::Answer { remote, message, .. } if self.posts() => {
                self.post_alone(remote, message);
            }
            DuplexListenerOutput::Answer { exchange, message, .. } => {
                let link = LinkId(exchange.0);
                let context = self.arriving.as_ref().map(|own| own.context.clone());
                self.transmit(link, Outbound::Reliable(Box::new(message), context));
                self.demand(link, LinkDemand::Close);
            }
            DuplexListenerOutput::AbortLink(link) => self.demand(link, LinkDemand::Abort),
            DuplexListenerOutput::Session { session, output } => {
                self.session_wants(session, output, at);
            }
        }
    }

    fn session_wants(
        &mut self,
        session: SessionId,
        output: ReliableOutput<Carried>,
        at: &mut Moment<'_>,
    ) {
        match output {
            ReliableOutput::Transmit { transmission, message, .. } => {
                // What cannot be sent now comes again.
                let context = self.context_of(&session);
                let Some(own) = self.conversations.get(&session) else { return };
                match own.to.clone() {
                    None => {
                        let link = own.link;
                        self.transmit(link, Outbound::Reliable(Box::new(message), context));
                    }
                    Some(to) => self.post(&session, to, transmission, message, context),
                }
            }
            ReliableOutput::Sent { call, .. } if call.0 > ANSWERS => {
                self.answer_is_out(&session, call, at);
            }
            ReliableOutput::CallFailed { call, .. } if call.0 > ANSWERS => {
                self.answer_is_out(&session, call, at);
            }
            ReliableOutput::Sent { call, .. } => {
                let outstanding = self.conversations.get(&session).map(|own| &own.outstanding);
                if outstanding.is_none_or(|outstanding| !outstanding.waits(call)) {
                    self.completed(call, None);
                }
            }
            ReliableOutput::CallFailed { call, error, .. } => {
                if self.calls.contains_key(&call) {
                    self.give_up(call);
                    self.failed(call, SessionError::Reliable(error));
                }
            }
            ReliableOutput::Deliver { number, message: Carried::Request(request) } => {
                self.delivered(&session, number, request, at);
            }
            ReliableOutput::EndOfMessages => {
                if let Some(conversation) = self.conversations.get_mut(&session) {
                    conversation.is_ended = true;
                }
                self.no_replies(&session, || SessionOver::ByPeer.error());
                self.sessions(ServiceInput::ContextLost(session));
            }
            ReliableOutput::Closed => self.ended(&session, LinkDemand::Close),
            ReliableOutput::Faulted(error) => {
                if let Some(conversation) = self.conversations.get_mut(&session) {
                    conversation.is_ended = true;
                }
                self.no_replies(&session, || SessionError::Reliable(error.clone()));
                // What was acknowledged is executed; nobody hears of it.
                self.ended(&session, LinkDemand::Close);
                self.sessions(ServiceInput::Faulted { session, error });
            }
            ReliableOutput::Event(event) => {
                self.outputs.push_back(DuplexOutput::Event { session, event });
            }
            ReliableOutput::Deliver { .. }
            | ReliableOutput::Dial
            | ReliableOutput::Opened
            | ReliableOutput::Acknowledged { .. } => {}
        }
    }

    /// A message in its turn: the reply to a call of the service, or a call.
    fn delivered(
        &mut self,
        session: &SessionId,
        number: MessageNumber,
        request: Arc<VerifiedRequest>,
        at: &mut Moment<'_>,
    ) {
        let Some(conversation) = self.conversations.get_mut(session) else { return };
        let mut is_taken = true;
        match conversation.outstanding.take(request.addressing().relates_to.as_deref()) {
            Related::Reply(call) => {
                self.completed(call, Some(VerifiedRequest::into_reply(request)))
            }
            Related::Late => self.warn(session, LATE),
            Related::No if request.envelope().is_fault() => {
                let text = Fault::read(request.envelope()).map(|fault| fault.text().to_owned());
                let text = text.unwrap_or_default();
                self.warn(session, format!("the client sent a fault that answers nothing: {text}"));
            }
            Related::No => {
                is_taken = false;
                let octets = request.envelope().document().memory();
                conversation.asked.take(octets);
                conversation.untaken.insert(number);
                let exchange = ExchangeId(self.number());
                let asked = Asked { session: session.clone(), reply: None, octets };
                self.asked.insert(exchange, asked);
                let caller = Arc::clone(request.caller());
                let message = Message::new(Body::Application(Carried::Request(request)));
                let (tag, security) = (Some(session.clone()), None);
                let message = Box::new(message);
                let message = VerifiedMessage { message, tag, security, caller, looked_at: None };
                self.sessions(ServiceInput::Arrived { exchange, message });
            }
        }
        match is_taken {
            true => self.of_session(session.clone(), ReliableInput::Taken(number), at),
            false => self.take_more(session, at),
        }
    }

    /// The client may send as much more as it may be ahead.
    pub(super) fn take_more(&mut self, session: &SessionId, at: &mut Moment<'_>) {
        while let Some(number) =
            self.conversations.get_mut(session).and_then(Conversation::take_one)
        {
            self.of_session(session.clone(), ReliableInput::Taken(number), at);
        }
    }

    /// An answer has its place in the window of the service's sequence, or will never have one. A client that acknowledges
    /// nothing is executed no further: what waits for it is bounded.
    fn answer_is_out(&mut self, session: &SessionId, call: CallId, at: &mut Moment<'_>) {
        let Some(conversation) = self.conversations.get_mut(session) else { return };
        if let Some(octets) = conversation.queued.remove(&call) {
            conversation.asked.done(octets);
            self.take_more(session, at);
        }
    }

    /// A call of the client, of so many octets, has ended: its answer is a message of the service's sequence.
    pub(super) fn answered_in_sequence(
        &mut self,
        session: &SessionId,
        response: ServiceResponse,
        octets: usize,
        at: &mut Moment<'_>,
    ) {
        let input = match response.0 {
            Said::Alone(Some(reply)) => {
                let call = CallId(ANSWERS + self.number());
                if let Some(conversation) = self.conversations.get_mut(session) {
                    conversation.queued.insert(call, octets);
                }
                let message = Carried::Reply(reply);
                let send = ReliableInput::Send { call, message, deadline: None };
                return self.of_session(session.clone(), send, at);
            }
            Said::Alone(None) | Said::Reliable(_) => None,
            Said::NoAnswer | Said::Unavailable | Said::TooManyWait => {
                let reason = "a call of the client was given up".to_owned();
                Some(ReliableInput::Abort { reason })
            }
        };
        if let Some(conversation) = self.conversations.get_mut(session) {
            conversation.asked.done(octets);
        }
        self.take_more(session, at);
        if let Some(input) = input {
            self.of_session(session.clone(), input, at);
        }
    }
}
