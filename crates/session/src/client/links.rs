//! Calls over a link, both ways: the client's and the service's (net.tcp; WCF's duplex channels).

use std::sync::Arc;

use waxwing_reliable::{CallId, DuplexInput, Failure, MessageNumber, Time};
use waxwing_security::conversation::{CallerIdentity, ClientError, Received};
use waxwing_soap::{Addressing, Envelope, Fault, Moment};

use super::answer::understood;
use super::api::{CallbackId, ClientOutput, TransmissionId};
use super::call::DirectCall;
use super::callbacks::{Callback, Reply};
use super::link::{LinkCalls, OwnLink};
use super::state::{Calls, ClientSession, Phase, Way};
use crate::diagnosis::{TransportCause, TransportFailure};
use crate::duplex::{LinkDemand, LinkId, LinkNews, Related, TooMany};
use crate::error::{SessionError, SessionStep};
use crate::message::{AppMessage, ApplicationMessage};
use crate::service::VerifiedRequest;

/// What is said of a call when the service has ended the session.
const ENDED: &str =
    "the service has ended the session: it takes and answers nothing more. Open a new channel";

impl ClientSession {
    pub(super) fn links(&mut self) -> Option<&mut LinkCalls> {
        match &mut self.calls {
            Calls::Links(links) => Some(links),
            Calls::Sequence(_) | Calls::Direct(_) => None,
        }
    }

    fn demand(&mut self, link: LinkId, demand: LinkDemand) {
        self.outputs.push_back(ClientOutput::Link { link, demand });
    }

    /// Security is ready; now the link, and the sequences over it.
    pub(super) fn open_link(&mut self, started: Time, deadline: Time, at: &mut Moment<'_>) {
        match self.has_link_sequence() {
            true => self.create_over_link(started, deadline, at),
            false => self.dial(deadline),
        }
    }

    /// Another link is wanted.
    pub(super) fn dial(&mut self, deadline: Time) {
        if let Some(links) = self.links() {
            let link = links.new_link();
            self.demand(link, LinkDemand::Dial { deadline });
        }
    }

    /// The link is of no use any more, or nothing more is sent over it.
    pub(super) fn leave_link(&mut self, how: LinkDemand) {
        let Some(links) = self.links() else { return };
        let Some(link) = links.link.as_mut().filter(|link| !link.is_closed) else { return };
        let id = link.id;
        link.is_closed = true;
        if how == LinkDemand::Abort {
            links.link = None;
        }
        self.demand(id, how);
        self.end_with_link();
    }

    /// The session has failed: its link is of no use any more. In a reliable session the service is told why before.
    pub(super) fn give_link_up(&mut self, at: &mut Moment<'_>) {
        let is_told = self.say_last_word(at);
        let Some(links) = self.links() else { return };
        let tells = links.sequence.is_some() || is_told;
        let going_on = links.callbacks.forget();
        self.outputs.extend(going_on.into_iter().map(ClientOutput::Resume));
        self.leave_link(if tells { LinkDemand::Close } else { LinkDemand::Abort });
    }

    /// Every call is answered: the sequences end, then the link.
    pub(super) fn close_link(&mut self, at: &mut Moment<'_>) {
        let until = match self.phase {
            Phase::Closing { until } => until,
            _ => return,
        };
        match self.has_link_sequence() {
            true => self.sequence_over_link(DuplexInput::Close { deadline: until }, at),
            false if self.is_conversation() => self.end_security_over_link(at),
            false => self.leave_link(LinkDemand::Close),
        }
    }

    /// The session is over when both sides have ended the link, and what had come is executed.
    fn end_with_link(&mut self) {
        let is_closing = matches!(self.phase, Phase::Closing { .. } | Phase::Cancelling { .. })
            && !self.has_link_sequence();
        let Some(links) = self.links() else { return };
        let is_over = links.link.as_ref().is_some_and(|link| link.is_closed && link.is_ended);
        if is_closing && is_over && !links.callbacks.is_busy() {
            self.end();
        }
    }

    /// What closing waits for when its time is up.
    pub(super) fn still_open(&self) -> &'static str {
        match &self.calls {
            Calls::Links(links) if !links.has_calls() => {
                "the service has not ended its side of the connection"
            }
            Calls::Links(links) if links.callbacks.is_busy() => {
                "not every call was answered, or a callback was not over"
            }
            _ => "not every call was answered",
        }
    }

    /// Something happened at a link.
    pub(super) fn link(&mut self, id: LinkId, news: LinkNews, at: &mut Moment<'_>) {
        let has_sequence = self.has_link_sequence();
        let is_reliable = self.links().is_some_and(|links| links.sequence.is_some());
        let is_composite = self.is_composite();
        let Some(link) = self.links().and_then(|links| links.link_of(id)) else {
            // It was given up before it was open.
            if matches!(news, LinkNews::Open) {
                self.demand(id, LinkDemand::Abort);
            }
            return;
        };
        match news {
            LinkNews::Open if has_sequence => {
                self.linked(id);
                self.sequence_over_link(DuplexInput::Linked, at);
            }
            LinkNews::Open => {
                self.linked(id);
                self.opened();
                self.send_waiting(at);
            }
            LinkNews::Listening(address) => self.listening(id, address, at),
            LinkNews::Unreachable(failure) => self.not_linked(failure, at),
            LinkNews::Message(envelope) => self.came_over_link(*envelope, at),
            LinkNews::End => {
                link.is_ended = true;
                let waits_for_word = link.is_last_said && !link.is_closed;
                match has_sequence {
                    true => self.link_ended(at),
                    false => self.service_ended(at),
                }
                if waits_for_word {
                    self.leave_link(LinkDemand::Close);
                }
            }
            LinkNews::Lost(failure) if has_sequence && !is_composite => {
                self.link_broken(failure, at);
            }
            // Both sequences have ended: nothing is lost with it.
            LinkNews::Lost(_) if link.is_closed && is_reliable => self.end(),
            LinkNews::Lost(failure) if link.is_last_said => {
                let reason = failure.reason;
                self.warn(format!(
                    "the security session was not seen to end at the service: {reason}"
                ));
                self.end();
            }
            LinkNews::Lost(failure) => {
                if let Some(links) = self.links() {
                    links.link = None;
                }
                self.reached.transport = Some(failure.clone());
                let error = SessionError::Transport { step: SessionStep::Call, failure };
                self.fault(error, at);
            }
        }
    }

    pub(super) fn linked(&mut self, id: LinkId) {
        if let Some(link) = self.links().and_then(|links| links.link_of(id)) {
            link.is_open = true;
        }
    }

    fn not_linked(&mut self, failure: TransportFailure, at: &mut Moment<'_>) {
        if let Some(links) = self.links() {
            links.link = None;
        }
        self.reached.transport = Some(failure.clone());
        if self.has_link_sequence() && !self.is_composite() {
            let kind = failure.cause.kind(self.is_opening(), self.settings.retry);
            let failure = Failure { kind, reason: failure.reason };
            return self.sequence_over_link(DuplexInput::LinkFailed(failure), at);
        }
        let step = SessionStep::Opening;
        self.attempt_failed(SessionError::Transport { step, failure }, false, at);
    }

    /// The service sends nothing more.
    pub(super) fn service_ended(&mut self, at: &mut Moment<'_>) {
        let Some(links) = self.links() else { return };
        let lost = links.lose_replies();
        for call in lost {
            self.link_call_failed(call, no_more_replies());
        }
        self.finish_closing(at);
        self.end_with_link();
    }

    // ---- calls of the client ----

    /// Sends a call once the session is open.
    pub(super) fn send_over_link(
        &mut self,
        call: CallId,
        message: AppMessage,
        deadline: Time,
        at: &mut Moment<'_>,
    ) {
        let is_open = matches!(self.phase, Phase::Open);
        let Some(links) = self.links() else { return };
        let direct = DirectCall { call, message, deadline };
        match is_open {
            true => self.post_over_link(direct, at),
            false => links.waiting.push_back(direct),
        }
    }

    /// Calls that waited for the session.
    pub(super) fn send_waiting_over_link(&mut self, at: &mut Moment<'_>) {
        let waiting = self.links().map(|links| std::mem::take(&mut links.waiting));
        for direct in waiting.into_iter().flatten() {
            self.post_over_link(direct, at);
        }
    }

    fn post_over_link(&mut self, direct: DirectCall, at: &mut Moment<'_>) {
        let DirectCall { call, message, deadline } = direct;
        if self.has_link_sequence() {
            return self.send_in_link_sequence(call, message, deadline, at);
        }
        let is_conversation = self.is_conversation();
        let Some(links) = self.links() else { return };
        let goes_on = |link: &&OwnLink| !link.is_ended;
        let open = links.open_link().filter(goes_on).filter(|_| !links.is_over_at_service);
        let Some(link) = open.map(|link| link.id) else {
            return self.link_call_failed(call, SessionError::State(ENDED));
        };
        let is_note = message.message_id.is_none();
        if is_conversation {
            self.renew_when_due(at);
            // A demand for a new key could not be related to it, so that it would not be sent again.
            if is_note && self.is_renewing() {
                let waiting = DirectCall { call, message, deadline };
                return self.links().into_iter().for_each(|l| l.waiting.push_back(waiting.clone()));
            }
        }
        let Some(links) = self.links() else { return };
        if let Some(id) = &message.message_id
            && links.await_reply(id, call, deadline).is_err()
        {
            return self.link_call_failed(call, SessionError::State(TooMany::WORDS));
        }
        let again = is_conversation.then(|| Arc::clone(&message));
        match self.send_message(link, message, deadline, at) {
            Ok(id) if is_note => self.links().into_iter().for_each(|l| l.await_writing(id, call)),
            Ok(_) => {
                let sent = again.map(|message| DirectCall { call, message, deadline });
                if let (Some(sent), Some(links)) = (sent, self.links()) {
                    links.keep(sent);
                }
            }
            Err(error) => {
                self.links().map(|links| links.give_up(call));
                self.link_call_failed(call, error.into());
            }
        }
    }

    /// Hands out a message of the application.
    ///
    /// # Errors
    /// It cannot be protected.
    fn send_message(
        &mut self,
        link: LinkId,
        message: AppMessage,
        deadline: Time,
        at: &mut Moment<'_>,
    ) -> Result<TransmissionId, ClientError> {
        let is_answer = message.relates_to.is_some();
        // A one-way call is over then, and further callbacks begin.
        let is_awaited = is_answer || message.message_id.is_none();
        let mut envelope =
            ApplicationMessage::dress_once(message, Some(&self.settings.to), self.signs_headers());
        self.headers.write(&mut envelope);
        let plain = self.trace.then(|| envelope.clone());
        let envelope = self.protect_on_link(envelope, at)?;
        let way = Way::Link { link, is_answer, is_awaited };
        Ok(self.transmit_over(way, envelope, plain, deadline))
    }

    /// A message is written to its link: a one-way call is done.
    pub(super) fn written_to_link(&mut self, id: TransmissionId, at: &mut Moment<'_>) {
        if let Some(call) = self.links().and_then(|links| links.written(id)) {
            self.complete(call, None);
            self.finish_closing(at);
        }
        self.reply_is_out(Reply::Written(id), at);
    }

    pub(super) fn link_call_failed(&mut self, call: CallId, error: SessionError) {
        self.outputs.push_back(ClientOutput::CallFailed { call, number: None, error });
    }

    /// Fails the calls whose time is over. A reply that comes after that is dropped.
    pub(super) fn tick_links(&mut self, at: &mut Moment<'_>) {
        self.tick_answer(at);
        if self.has_link_sequence() {
            self.sequence_over_link(DuplexInput::Tick, at);
        }
        let Some(links) = self.links() else { return };
        let (sent, unsent) = links.expired(at.time);
        let ended = !(sent.is_empty() && unsent.is_empty());
        let late = |attempts, last: &str| {
            let last = last.to_owned();
            SessionError::TimedOut { step: SessionStep::Call, attempts, last }
        };
        for call in sent {
            self.link_call_failed(call, late(1, "the message was sent, and no reply to it came"));
        }
        for call in unsent {
            self.link_call_failed(call, late(0, "the channel was not open yet"));
        }
        if ended {
            self.finish_closing(at);
            self.hold_or_resume();
        }
    }

    // ---- what the service sends ----

    /// A message: the reply to a call, or a call of the service.
    pub(super) fn received(&mut self, received: Received, at: &mut Moment<'_>) {
        let envelope = received.into_envelope();
        let addressing = match Addressing::read(&envelope) {
            Ok(addressing) => addressing,
            Err(error) => return self.unusable(error.to_string(), at),
        };
        self.dispatch(envelope, addressing, None, at);
    }

    /// The rule of dispatch.
    pub(super) fn dispatch(
        &mut self,
        envelope: Envelope,
        addressing: Addressing,
        number: Option<MessageNumber>,
        at: &mut Moment<'_>,
    ) {
        let Some(links) = self.links() else { return };
        match links.related(addressing.relates_to.as_deref()) {
            Related::Reply(call) => {
                match understood(&envelope) {
                    Ok(()) => {
                        let reply = ApplicationMessage::received(envelope, addressing);
                        self.complete(call, Some(AppMessage::new(reply)));
                    }
                    Err(text) => self.link_call_failed(call, SessionError::BadReply(text)),
                }
                self.finish_closing(at);
            }
            Related::Late => self.warn("a reply came after its call had given up; it was dropped"),
            Related::No => self.called_back(envelope, addressing, number),
        }
        self.begin_callbacks(at);
        self.hold_or_resume();
    }

    /// What comes is no message of this binding: nothing on this link can be believed.
    pub(super) fn unusable(&mut self, text: String, at: &mut Moment<'_>) {
        // Anybody may post to the client's address.
        if self.is_composite() {
            return self.warn(format!("a message that came in was dropped: {text}"));
        }
        let failure = TransportFailure { cause: TransportCause::NotSoap, reason: text };
        self.fault(SessionError::Transport { step: SessionStep::Call, failure }, at);
    }

    /// A message that answers nothing: a callback, if the contract has them.
    fn called_back(
        &mut self,
        envelope: Envelope,
        addressing: Addressing,
        number: Option<MessageNumber>,
    ) {
        let action = addressing.action.clone().unwrap_or_default();
        if let Some(fault) = Fault::read(&envelope) {
            // No fault is answered with a fault.
            let text = fault.text();
            return self.warn(format!("the service sent a fault that answers nothing: {text}"));
        }
        let Some(links) = self.links() else { return };
        if !links.callbacks.settings.callbacks {
            return self.warn(format!(
                "a message of the service was dropped that answers nothing (action '{action}'): the contract has no callbacks"
            ));
        }
        let unknown = envelope.not_understood(crate::service::is_understood);
        let unknown =
            unknown.first().map(|h| waxwing_soap::QName::new(h.namespace(), h.local_name()));
        let service = self.service_identity().unwrap_or(CallerIdentity::Anonymous);
        let request = VerifiedRequest::new(envelope, addressing, Arc::new(service));
        let request = Arc::new(request.with_unknown_header(unknown));
        if let Some(links) = self.links() {
            links.callbacks.take(request, number);
        }
    }

    fn begin_callbacks(&mut self, at: &mut Moment<'_>) {
        while let Some(callback) = self.links().and_then(|links| links.callbacks.resumes()) {
            self.outputs.push_back(ClientOutput::Resume(callback));
        }
        while let Some(next) = self.links().and_then(|links| links.callbacks.next()) {
            let Callback { id: callback, request, number } = next;
            self.outputs.push_back(ClientOutput::Execute { callback, request });
            if let Some(number) = number {
                self.sequence_over_link(DuplexInput::Taken(number), at);
            }
        }
    }

    /// A callback waits for the service, which it calls, or waits no more.
    pub(super) fn called_in_turn(
        &mut self,
        callback: CallbackId,
        is_out: bool,
        at: &mut Moment<'_>,
    ) {
        let Some(links) = self.links() else { return };
        match is_out {
            true => links.callbacks.calls_out(callback),
            false => links.callbacks.returns(callback),
        }
        self.begin_callbacks(at);
    }

    /// A callback was executed. Its reply goes out, if its message has asked for one and can still be answered.
    pub(super) fn executed(
        &mut self,
        callback: CallbackId,
        reply: Option<AppMessage>,
        at: &mut Moment<'_>,
    ) {
        let deadline = at.time + self.settings.send_timeout;
        let Some(links) = self.links() else { return };
        if !links.callbacks.executed(callback) {
            return;
        }
        let link = links.open_link().map(|link| link.id);
        if self.has_link_sequence() {
            if let Some(reply) = reply {
                self.reply_in_link_sequence(reply, at);
            }
        } else if let (Some(link), Some(reply)) = (link, reply) {
            match self.send_message(link, reply, deadline, at) {
                Ok(id) => self.replies(Reply::Written(id)),
                Err(error) => self.warn(format!("the reply to a callback cannot be sent: {error}")),
            }
        }
        self.begin_callbacks(at);
        self.hold_or_resume();
        self.finish_closing(at);
        self.end_with_link();
    }

    /// The reply to a callback is on its way out.
    pub(super) fn replies(&mut self, reply: Reply) {
        if let Some(links) = self.links() {
            links.callbacks.replies(reply);
        }
    }

    /// It is out, or will never be: further ones may be made.
    pub(super) fn reply_is_out(&mut self, reply: Reply, at: &mut Moment<'_>) {
        if self.links().is_some_and(|links| links.callbacks.is_out(reply)) {
            self.begin_callbacks(at);
        }
    }

    /// Whether the service must wait before its next message is read. In a reliable session the window says so, and
    /// acknowledgements must be read.
    fn hold_or_resume(&mut self) {
        let Some(links) = self.links().filter(|links| links.sequence.is_none()) else { return };
        let awaits_replies = links.awaits_replies();
        let turns = links.callbacks.turns(awaits_replies);
        let link = links.link.as_ref().map(|link| link.id);
        if let (Some(hold), Some(link)) = (turns, link) {
            self.demand(link, if hold { LinkDemand::Hold } else { LinkDemand::Resume });
        }
    }
}

/// What a call is told that waits for a reply when the service has ended the session.
fn no_more_replies() -> SessionError {
    let reason = "the service has ended the session, and no reply comes any more".to_owned();
    let failure = TransportFailure { cause: TransportCause::Broken, reason };
    SessionError::Transport { step: SessionStep::Call, failure }
}
