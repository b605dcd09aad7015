//! Calls without reliable session: each goes by itself, and what is lost is lost.

use std::collections::VecDeque;

use waxwing_reliable::{CallId, InitiatorInput, Time};
use waxwing_security::conversation::{ClientError, Correlation, Received};
use waxwing_soap::{AddressingVersion, Moment};

use super::answer::{other_version, read_reply};
use super::api::{Answer, ClientOutput, TransmissionId};
use super::call::DirectCall;
use super::state::{Calls, ClientSession, Pending, Phase};
use crate::error::{SessionError, SessionStep};
use crate::message::AppMessage;
use crate::mutation::{Mutation, broken};

/// What is said of a one-way call that drew a demand for a new key, or was given another's.
const UNRELATED_DEMAND: &str = "the service demands a new session key, for this one-way message or another: nothing says \
     which (RelatesTo), so it is not known whether this one was executed, and it was not sent again";

impl ClientSession {
    /// Sends a call once the session is open. A one-way message waits for a renewal that is under way: a demand to renew
    /// could not be related to it, so that it would not be sent again.
    pub(super) fn send_direct(
        &mut self,
        call: CallId,
        message: AppMessage,
        deadline: Time,
        at: &mut Moment<'_>,
    ) {
        let direct = DirectCall { call, message, deadline };
        if !matches!(self.phase, Phase::Open) {
            return self.wait(direct);
        }
        self.renew_when_due(at);
        let is_one_way = direct.message.message_id.is_none();
        match self.is_renewing() && (is_one_way || self.security.awaits_renewal(at)) {
            true => self.wait(direct),
            false => self.post(direct, at),
        }
    }

    fn wait(&mut self, direct: DirectCall) {
        if let Calls::Direct(calls) = &mut self.calls {
            calls.waiting.push_back(direct);
        }
    }

    /// Calls that waited for the session, or for a new key.
    pub(super) fn send_waiting(&mut self, at: &mut Moment<'_>) {
        let waiting = match &mut self.calls {
            Calls::Sequence(_) => return self.tell(InitiatorInput::Resume, at),
            Calls::Links(_) => return self.send_waiting_over_link(at),
            Calls::Direct(calls) => std::mem::take(&mut calls.waiting),
        };
        for direct in waiting {
            self.post(direct, at);
        }
    }

    /// Whether the headers of a message are signed that has no others than those of addressing and reliable messaging.
    pub(super) fn signs_headers(&self) -> bool {
        self.security.signs_headers() && self.headers.is_empty()
    }

    fn post(&mut self, direct: DirectCall, at: &mut Moment<'_>) {
        let mut envelope =
            direct.message.dress(Some(&self.settings.to), None, self.signs_headers());
        self.headers.write(&mut envelope);
        let plain = self.trace.then(|| envelope.clone());
        match self.security.protect(envelope, at) {
            Ok((envelope, correlation)) => {
                let id = self.transmit(envelope, plain, direct.deadline);
                self.pending.insert(id, Pending::Direct(direct, correlation));
            }
            Err(error) => self.direct_failed(direct.call, error.into()),
        }
    }

    fn direct_failed(&mut self, call: CallId, error: SessionError) {
        self.outputs.push_back(ClientOutput::CallFailed { call, number: None, error });
    }

    pub(super) fn direct_answer(
        &mut self,
        id: TransmissionId,
        direct: DirectCall,
        correlation: &Correlation,
        answer: Answer,
        at: &mut Moment<'_>,
    ) {
        let call = direct.call;
        let is_one_way = direct.message.message_id.is_none();
        let result = match self.in_own_version(answer) {
            Answer::Empty if is_one_way => Ok(None),
            Answer::Empty => Err(SessionError::NoReply),
            Answer::Failed(failure) => {
                Err(SessionError::Transport { step: SessionStep::Call, failure })
            }
            Answer::Message(envelope) if envelope.version() != self.settings.version => {
                let text = other_version(envelope.version(), self.settings.version);
                Err(SessionError::BadReply(text))
            }
            Answer::Message(envelope) => match self.security.verify(*envelope, correlation, at) {
                Ok(received) => {
                    self.trace_plain(Some(id), &received);
                    let is_secured = self.security.is_secured();
                    read_reply(received, &direct.message, is_secured).map(Some)
                }
                Err(ClientError::RenewNeeded) => {
                    self.renew_when_due(at);
                    if !is_one_way || broken(Mutation::SendNotesAgain) {
                        return self.send_again(direct, at);
                    }
                    Err(SessionError::BadReply(UNRELATED_DEMAND.to_owned()))
                }
                Err(error) if error.ends_session() => {
                    let error = SessionError::from(error);
                    self.direct_failed(call, error.clone());
                    return self.fault(error, at);
                }
                Err(error) => Err(error.into()),
            },
        };
        match result {
            Ok(reply) => self.complete(call, reply),
            Err(error) => self.direct_failed(call, error),
        }
        self.finish_closing(at);
    }

    /// Where messages have no addressing, headers of it in an answer mean nothing.
    fn in_own_version(&self, answer: Answer) -> Answer {
        match answer {
            Answer::Message(envelope)
                if self.settings.version.addressing == AddressingVersion::None =>
            {
                Answer::Message(Box::new(envelope.without_addressing(None)))
            }
            answer => answer,
        }
    }

    /// The service did not execute a call, and wants a new key: it goes again with that one. The key may have been renewed
    /// since the call was sent, or may not be renewable.
    fn send_again(&mut self, direct: DirectCall, at: &mut Moment<'_>) {
        match self.is_renewing() {
            true => self.wait(direct),
            false => self.post(direct, at),
        }
    }

    pub(super) fn tick_direct(&mut self, now: Time) {
        let Calls::Direct(calls) = &mut self.calls else { return };
        let (late, rest): (VecDeque<_>, _) =
            std::mem::take(&mut calls.waiting).into_iter().partition(|call| call.deadline <= now);
        calls.waiting = rest;
        for DirectCall { call, .. } in late {
            let last = "the channel was not open yet".to_owned();
            let error = SessionError::TimedOut { step: SessionStep::Call, attempts: 0, last };
            self.direct_failed(call, error);
        }
    }

    /// Whether a call is not answered yet.
    pub(super) fn has_direct_calls(&self) -> bool {
        let waits = match &self.calls {
            Calls::Direct(calls) => !calls.waiting.is_empty(),
            Calls::Sequence(_) | Calls::Links(_) => false,
        };
        waits || self.pending.iter().any(|(_, pending)| matches!(pending, Pending::Direct(..)))
    }

    pub(super) fn trace_plain(&mut self, id: Option<TransmissionId>, received: &Received) {
        if self.trace {
            let envelope = Box::new(received.whole());
            self.outputs.push_back(ClientOutput::Plain(id, envelope));
        }
    }
}
