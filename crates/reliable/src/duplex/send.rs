//! Sending messages of our sequence, first and again (WCF's window; WS-RM 2005 §2, 1.1 §2).

use waxwing_soap::Time;

use super::DuplexSession;
use super::api::{DuplexOutput, Purpose, Transmission};
use super::phase::OwnEnd;
use crate::error::{Failure, FailureKind, SessionError, Step};
use crate::message::Body;
use crate::names::CallId;
use crate::ranges::MessageNumber;
use crate::source::{Exceeded, Outgoing, Sending, UsedUp};

impl<M: Clone> DuplexSession<M> {
    pub(super) fn enqueue(&mut self, call: CallId, message: M, deadline: Option<Time>, now: Time) {
        let reason = match (self.has_ended(), self.close.is_some(), &self.own_end) {
            (true, ..) => "the session has ended",
            (_, true, _) => "the session is closing",
            (_, _, OwnEnd::Over) => "the initiator offered no sequence for messages to it",
            _ => "",
        };
        if !reason.is_empty() {
            let error = SessionError::Aborted(reason.to_owned());
            self.outputs.push_back(DuplexOutput::CallFailed { call, number: None, error });
            return;
        }
        let (call, body) = (Some(call), Body::Application(message));
        self.source.enqueue(Outgoing { call, message_id: None, body, deadline });
        self.keep_alive.sent_if_open(self.is_open(), now);
    }

    /// Sends what the window has room for.
    pub(super) fn send_new(&mut self, now: Time) {
        while self.is_open() && matches!(self.own_end, OwnEnd::Open | OwnEnd::Draining) {
            match self.source.begin(now) {
                Ok(Some(sending)) => self.begin(&sending, now),
                Ok(None) => return,
                Err(UsedUp(call)) => {
                    if let Some(call) = call {
                        let error = SessionError::Rollover;
                        self.outputs.push_back(DuplexOutput::CallFailed {
                            call,
                            number: None,
                            error,
                        });
                    }
                    self.post_terminated("the message numbers are used up");
                    self.end(SessionError::Rollover);
                }
            }
        }
    }

    /// A message has got its number. One that fills the window asks for an acknowledgement, now and whenever it is sent.
    pub(super) fn begin(&mut self, sending: &Sending, now: Time) {
        let number = sending.number;
        self.source.ask_if_full(number);
        if let Some(call) = self.source.window.entry(number).and_then(|entry| entry.call) {
            self.outputs.push_back(DuplexOutput::Sent { call, number });
        }
        self.send(sending, now);
    }

    /// Sends again what is to be sent again now.
    pub(super) fn send_again(&mut self, now: Time) {
        while let Some(sending) = self.source.again() {
            self.send(&sending, now);
        }
    }

    fn send(&mut self, sending: &Sending, now: Time) {
        let Some(message) = self.source.message(sending.number) else { return };
        if self.transmit(Purpose::Message(sending.number), message, sending.deadline, true) {
            self.keep_alive.sent(now);
        }
    }

    /// The retransmission timer ran out.
    pub(super) fn resend_expired(&mut self, now: Time) {
        let outputs = &mut self.outputs;
        let expired = self.source.expire(now, &mut |event| {
            outputs.push_back(DuplexOutput::Event(event));
        });
        match expired {
            Ok(()) => self.send_again(now),
            Err(Exceeded { number, attempts }) => {
                self.post_terminated("a message was sent as often as is allowed");
                let last_failure = self.last_failure.clone();
                self.end(SessionError::RetriesExceeded { number, attempts, last_failure });
            }
        }
    }

    /// A message gave up while it waited for the window.
    pub(super) fn queue_timed_out(&mut self, call: Option<CallId>) {
        let Some(call) = call else { return };
        let last_failure = self.last_failure.clone();
        let error = SessionError::TimedOut { step: Step::Call, attempts: 0, last_failure };
        self.outputs.push_back(DuplexOutput::CallFailed { call, number: None, error });
    }

    pub(super) fn on_failed(&mut self, transmission: Transmission, failure: Failure) {
        let Failure { kind, reason } = failure;
        if self.has_ended() {
            return;
        }
        if kind == FailureKind::SecuritySessionLost && transmission.0 != Purpose::Create {
            return self.end(SessionError::SecurityLost(reason));
        }
        match transmission.0 {
            Purpose::Create => self.create_failed(kind, reason),
            Purpose::Close | Purpose::Terminate => {
                self.end_failed(transmission.0 == Purpose::Close, kind, reason);
            }
            Purpose::Message(number) => {
                self.last_failure.clone_from(&reason);
                if kind == FailureKind::Protocol {
                    self.fail_first_attempt(number, reason);
                }
            }
            Purpose::Notice => self.last_failure = reason,
        }
    }

    /// Whoever sent the message gets the error; it stays in the window, is sent again and may be executed.
    fn fail_first_attempt(&mut self, number: MessageNumber, reason: String) {
        let Some(entry) = self.source.window.entry_mut(number).filter(|e| e.retries == 0) else {
            return;
        };
        if let Some(call) = entry.call.take() {
            let error = SessionError::Transport { step: Step::Call, reason };
            let number = Some(number);
            self.outputs.push_back(DuplexOutput::CallFailed { call, number, error });
        }
    }
}
