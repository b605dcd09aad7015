//! A reliable session over links: two sequences, one each way (WCF's duplex shapes). The link may be replaced while the
//! session goes on.

use std::sync::Arc;

use waxwing_reliable::{
    Body, CallId, DuplexInput, DuplexOpen, DuplexOutput, Message, Time, Transmission, codec,
};
use waxwing_security::conversation::{ClientError, Received};
use waxwing_soap::{Addressing, Moment};

use super::answer::{Unreadable, read_reliable};
use super::api::ClientOutput;
use super::callbacks::Reply;
use super::link::LinkSequence;
use super::state::{ClientSession, Phase, Way};
use crate::diagnosis::TransportFailure;
use crate::duplex::{LinkDemand, TooMany};
use crate::error::SessionError;
use crate::message::{AppMessage, ApplicationMessage};

/// Names of replies to callbacks, which nobody waits for, begin here: owners number their calls from 1.
const REPLIES: u64 = 1 << 63;

/// What is said of a call of the service that is not taken.
const TOO_MUCH: &str =
    "the service calls faster than its calls are executed here: one was not taken, and comes again";

/// Why another link is wanted.
const ENDED_EARLY: &str = "the service ended the connection before it had answered every call";

impl ClientSession {
    fn link_sequence(&mut self) -> Option<&mut LinkSequence> {
        self.links().and_then(|links| links.sequence.as_deref_mut())
    }

    /// Whether there is a reliable session over links that has not said its last.
    pub(super) fn has_link_sequence(&mut self) -> bool {
        self.link_sequence().is_some_and(|own| !own.is_over)
    }

    /// CreateSequence, as soon as there is a link.
    pub(super) fn create_over_link(&mut self, started: Time, deadline: Time, at: &mut Moment<'_>) {
        let to = self.settings.to.clone();
        let token = self.token_reference();
        let from = self.links().and_then(|links| links.own_address.clone());
        let open = DuplexOpen { to, from, token, started, deadline };
        self.sequence_over_link(DuplexInput::Open(open), at);
    }

    /// The session has failed: so do the sequences, if they have not, with each of their calls.
    pub(super) fn abort_link_sequence(&mut self, error: &SessionError, at: &mut Moment<'_>) {
        if self.has_link_sequence() {
            self.sequence_over_link(DuplexInput::Abort { reason: error.to_string() }, at);
        }
    }

    pub(super) fn send_in_link_sequence(
        &mut self,
        call: CallId,
        message: AppMessage,
        deadline: Time,
        at: &mut Moment<'_>,
    ) {
        let Some(links) = self.links() else { return };
        let message = links.answered_at_own_address(message);
        match &message.message_id {
            None => links.await_number(call),
            Some(id) => {
                if links.await_reply(id, call, deadline).is_err() {
                    return self.link_call_failed(call, SessionError::State(TooMany::WORDS));
                }
            }
        }
        let deadline = Some(deadline);
        self.sequence_over_link(DuplexInput::Send { call, message, deadline }, at);
    }

    pub(super) fn reply_in_link_sequence(&mut self, reply: AppMessage, at: &mut Moment<'_>) {
        let Some(sequence) = self.link_sequence() else { return };
        sequence.replies += 1;
        let call = CallId(REPLIES + sequence.replies);
        self.replies(Reply::Numbered(call));
        self.sequence_over_link(DuplexInput::Send { call, message: reply, deadline: None }, at);
    }

    /// The link broke; in a session that outlives it another one is asked for.
    pub(super) fn link_broken(&mut self, failure: TransportFailure, at: &mut Moment<'_>) {
        if let Some(links) = self.links() {
            links.link = None;
        }
        let reason = failure.reason.clone();
        self.reached.transport = Some(failure);
        self.sequence_over_link(DuplexInput::LinkBroken { reason }, at);
    }

    /// The service has ended the connection. Where it owes replies, that was too early: they may be lost with it, and it cannot
    /// dial.
    pub(super) fn link_ended(&mut self, at: &mut Moment<'_>) {
        self.leave_link(LinkDemand::Close);
        let Some(links) = self.links() else { return };
        links.link = None;
        let input = match links.awaits_replies() {
            true => DuplexInput::LinkBroken { reason: ENDED_EARLY.to_owned() },
            false => DuplexInput::LinkEnded,
        };
        self.sequence_over_link(input, at);
    }

    /// A message came in: one of the protocol, or of the application in the service's sequence.
    pub(super) fn received_reliable(&mut self, received: Received, at: &mut Moment<'_>) {
        let Some(version) = self.link_sequence().map(|own| own.version) else { return };
        match read_reliable(received, Some(version)) {
            // It is as if it were lost: it is not acknowledged, and comes again when there may be room.
            Ok(message) if self.is_too_much(&message) => self.warn(TOO_MUCH),
            Ok(message) => self.sequence_over_link(DuplexInput::Message(message), at),
            Err(Unreadable { reason, .. }) => self.unusable(reason, at),
        }
    }

    /// Whether a message is a call of the service while so much of such waits that no more is taken. The window counts messages,
    /// and a service that sends large ones would have the client hold a whole window of them.
    fn is_too_much(&mut self, message: &Message<AppMessage>) -> bool {
        let is_callback =
            matches!(&message.body, Body::Application(own) if own.relates_to.is_none());
        is_callback && self.links().is_some_and(|links| links.callbacks.are_too_much())
    }

    /// Gives the reliable session an input and does what comes of it.
    pub(super) fn sequence_over_link(
        &mut self,
        input: DuplexInput<AppMessage>,
        at: &mut Moment<'_>,
    ) {
        if let Some(sequence) = self.link_sequence() {
            sequence.session.handle(input, at);
        }
        while let Some(output) = self.link_sequence().and_then(|own| own.session.poll()) {
            self.sequence_wants(output, at);
        }
    }

    fn sequence_wants(&mut self, output: DuplexOutput<AppMessage>, at: &mut Moment<'_>) {
        match output {
            DuplexOutput::Transmit { transmission, message, deadline } => {
                self.transmit_in_sequence(transmission, &message, deadline, at);
            }
            DuplexOutput::Dial => {
                let deadline = match &self.phase {
                    Phase::Opening(opening) => opening.deadline,
                    _ => at.time + self.settings.send_timeout,
                };
                self.dial(deadline);
            }
            DuplexOutput::Opened => {
                self.opened();
                self.send_waiting(at);
            }
            DuplexOutput::Sent { call, .. } if call.0 > REPLIES => {
                self.reply_is_out(Reply::Numbered(call), at);
            }
            DuplexOutput::CallFailed { call, .. } if call.0 > REPLIES => {
                self.reply_is_out(Reply::Numbered(call), at);
            }
            DuplexOutput::Sent { call, .. } => {
                if self.links().is_some_and(|links| links.numbered(call)) {
                    self.complete(call, None);
                    self.finish_closing(at);
                }
            }
            DuplexOutput::Acknowledged { .. } => {}
            DuplexOutput::CallFailed { call, number, error } => {
                if self.links().is_some_and(|links| links.give_up(call)) {
                    let error = SessionError::Reliable(error);
                    self.outputs.push_back(ClientOutput::CallFailed { call, number, error });
                    self.finish_closing(at);
                }
            }
            DuplexOutput::Deliver { number, message } => self.delivered(number, message, at),
            DuplexOutput::EndOfMessages => self.service_ended(at),
            DuplexOutput::Closed => {
                self.sequence_is_over();
                if self.is_conversation() {
                    return self.end_security_over_link(at);
                }
                self.leave_link(LinkDemand::Close);
                if self.links().is_none_or(|links| links.link.is_none()) {
                    self.end();
                }
            }
            DuplexOutput::Faulted(error) => {
                let error = self.why_faulted(error);
                self.fault(error, at);
                self.sequence_is_over();
            }
            DuplexOutput::Event(event) => self.outputs.push_back(ClientOutput::Event(event)),
        }
    }

    fn sequence_is_over(&mut self) {
        if let Some(sequence) = self.link_sequence() {
            sequence.is_over = true;
        }
    }

    /// What could not be reached says more than that time was up.
    fn why_faulted(&self, error: waxwing_reliable::SessionError) -> SessionError {
        match (&self.reached.transport, self.is_opening()) {
            (Some(failure), true) => SessionError::Transport {
                step: crate::error::SessionStep::Opening,
                failure: failure.clone(),
            },
            _ => SessionError::Reliable(error),
        }
    }

    fn delivered(&mut self, number: u64, message: AppMessage, at: &mut Moment<'_>) {
        let message: ApplicationMessage = Arc::unwrap_or_clone(message);
        let envelope = message.envelope;
        // It was read without an error when it came in.
        let addressing = Addressing::read(&envelope).unwrap_or_default();
        let is_reply = addressing.relates_to.is_some();
        self.dispatch(envelope, addressing, Some(number).filter(|_| !is_reply), at);
        if is_reply {
            self.sequence_over_link(DuplexInput::Taken(number), at);
        }
    }

    fn transmit_in_sequence(
        &mut self,
        transmission: Transmission,
        message: &Message<AppMessage>,
        deadline: Option<Time>,
        at: &mut Moment<'_>,
    ) {
        let Some(links) = self.links() else { return };
        let link = links.open_link().map(|link| link.id);
        let Some(version) = links.sequence.as_ref().map(|own| own.version) else { return };
        // What is lost with a link comes again.
        let Some(link) = link else { return };
        let to = Some(self.settings.to.as_str());
        let envelope = match &message.body {
            Body::Application(application) => {
                Some(application.dress(to, Some((&message.headers, version)), self.signs_headers()))
            }
            _ => codec::write(message, version, self.settings.version, to),
        };
        let Some(mut envelope) = envelope else { return };
        self.headers.write(&mut envelope);
        let plain = self.trace.then(|| envelope.clone());
        let deadline = deadline.unwrap_or(at.time + self.settings.send_timeout);
        // The service has as many acknowledgements and replies made as it likes.
        let is_answer = match &message.body {
            Body::Application(application) => application.relates_to.is_some(),
            _ => true,
        };
        // Whether it was taken is known of two one-way directions only.
        let way = Way::Link { link, is_answer, is_awaited: self.is_composite() };
        match self.protect_on_link(envelope, at) {
            Ok(envelope) => {
                let id = self.transmit_over(way, envelope, plain, deadline);
                self.is_under_way(id, transmission);
            }
            Err(error) => self.not_protected(&message.body, error, at),
        }
    }

    /// A message of the session cannot be protected: it would not be the next time, either. Nobody waits for a fault.
    fn not_protected(&mut self, body: &Body<AppMessage>, error: ClientError, at: &mut Moment<'_>) {
        match body {
            Body::Fault(_) | Body::SoapFault(_) => {
                self.warn(format!("the service was not told that the session ended: {error}"));
            }
            _ => self.fault(error.into(), at),
        }
    }

    /// What the service did not take goes again as soon as there is a new key.
    pub(super) fn resend_after_renewal(&mut self) {
        if let Some(sequence) = self.link_sequence() {
            sequence.resends = true;
        }
    }

    /// There is a new key.
    pub(super) fn renewed_over_link(&mut self, at: &mut Moment<'_>) {
        let resends = self.link_sequence().map(|own| std::mem::take(&mut own.resends));
        if resends == Some(true) {
            self.sequence_over_link(DuplexInput::Resend, at);
        }
    }
}
