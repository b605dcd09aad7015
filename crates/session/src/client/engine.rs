//! The shape of the engine: inputs in, outputs out, and when to come again.

use waxwing_reliable::{CallId, Initiator, Time, next_output};
use waxwing_soap::Moment;

use super::api::{Answer, ClientInput, ClientOutput, TransmissionId};
use super::attempt::Opening;
use super::state::{Calls, ClientSession, Exchange, Pending, Phase};
use crate::diagnosis::{TransportCause, TransportFailure};
use crate::error::SessionError;
use crate::message::AppMessage;

impl ClientSession {
    /// Takes one input. Then drain [`poll`](Self::poll). What comes to a session that has ended is ignored, except that a
    /// call fails.
    pub fn handle(&mut self, input: ClientInput, at: &mut Moment<'_>) {
        match input {
            ClientInput::Call { call, message, deadline } => self.call(call, message, deadline, at),
            ClientInput::Persisted(ticket) => self.persisted(ticket, at),
            // Nobody runs beside it any more.
            ClientInput::Returns(callback) if self.is_ended() => {
                self.outputs.push_back(ClientOutput::Resume(callback));
            }
            _ if self.is_ended() => {}
            ClientInput::Open { deadline } => self.open(deadline, at),
            ClientInput::NotSent { id, failure } => self.not_sent(id, failure, at),
            ClientInput::Written(id) => self.written(id, at),
            ClientInput::Progress(id) => self.goes_on(id, at),
            ClientInput::Answer { id, answer } => self.answer(id, answer, at),
            ClientInput::Authenticated { id, verdict } => {
                if self.exchange == Exchange::Verdict(id) {
                    self.authenticated(verdict, at);
                }
            }
            ClientInput::Close { deadline } => self.close(deadline, at),
            ClientInput::Abort { reason } => self.abort(reason, at),
            ClientInput::Restore { saved, messages } => self.restore(*saved, messages, at),
            ClientInput::Link { link, news } => self.link(link, news, at),
            ClientInput::Executed { callback, reply } => self.executed(callback, reply, at),
            ClientInput::CallsOut(callback) => self.called_in_turn(callback, true, at),
            ClientInput::Returns(callback) => self.called_in_turn(callback, false, at),
            ClientInput::Tick => self.tick(at),
        }
    }

    /// The next output. None: give the next input, or a `Tick` at [`wake_at`](Self::wake_at).
    pub fn poll(&mut self) -> Option<ClientOutput> {
        next_output(&mut self.outputs, 4, 4)
    }

    /// When to give a [`ClientInput::Tick`]. None: not until something else happens.
    pub fn wake_at(&self) -> Option<Time> {
        let own = match &self.phase {
            Phase::Opening(opening) => opening.wake_at(),
            // The sequence watches its deadline itself, and may have said that it has ended when that is durable.
            Phase::Closing { .. } if self.keeping.is_some() => None,
            Phase::Closing { until } | Phase::Cancelling { until } => Some(*until),
            Phase::New | Phase::Open => None,
            Phase::Ended(_) => return None,
        };
        let calls = match &self.calls {
            Calls::Sequence(sequence) => Initiator::wake_at(&sequence.initiator),
            Calls::Direct(direct) => direct.waiting.iter().map(|call| call.deadline).min(),
            Calls::Links(links) => links.wake_at(),
        };
        [own, calls].into_iter().flatten().min()
    }

    fn open(&mut self, deadline: Time, at: &mut Moment<'_>) {
        if matches!(self.phase, Phase::New) {
            self.phase = Phase::Opening(Opening::new(at.time, deadline));
            match self.is_composite() {
                // The service answers nobody whose address it does not know.
                true => self.listen(deadline),
                false => self.secure(at),
            }
        }
    }

    fn call(&mut self, call: CallId, message: AppMessage, deadline: Time, at: &mut Moment<'_>) {
        let refused = match &self.phase {
            Phase::New | Phase::Opening(_) | Phase::Open => None,
            Phase::Ended(Some(error)) => Some(error.clone()),
            _ => Some(SessionError::State("the channel is closed")),
        };
        match (refused, &self.calls) {
            (Some(error), _) => {
                self.outputs.push_back(ClientOutput::CallFailed { call, number: None, error })
            }
            (None, Calls::Sequence(_)) => self.send_in_sequence(call, message, deadline, at),
            (None, Calls::Direct(_)) => self.send_direct(call, message, deadline, at),
            (None, Calls::Links(_)) => self.send_over_link(call, message, deadline, at),
        }
    }

    /// Notes that a message is written, as [`ClientInput::Written`] says it, where nothing waits for that: nothing comes of it then.
    /// False: something may come of it, and the input is to be given.
    pub fn note_written(&mut self, id: TransmissionId) -> bool {
        match (self.pending.get(id), &mut self.calls) {
            (Some(Pending::Sequence(exchange, _)), Calls::Sequence(sequence)) => {
                sequence.initiator.note_written(*exchange)
            }
            _ => false,
        }
    }

    fn written(&mut self, id: TransmissionId, at: &mut Moment<'_>) {
        if let Some(Pending::Sequence(exchange, _)) = self.pending.get(id) {
            return self.written_in_sequence(*exchange, at);
        }
        if self.is_sent(id).is_some() {
            self.reached.transport = None;
            return;
        }
        self.written_to_link(id, at);
    }

    fn goes_on(&mut self, id: TransmissionId, at: &mut Moment<'_>) {
        if let Some(Pending::Sequence(exchange, _)) = self.pending.get(id) {
            self.progress_in_sequence(*exchange, at);
        }
    }

    fn answer(&mut self, id: TransmissionId, answer: Answer, at: &mut Moment<'_>) {
        match &answer {
            Answer::Failed(failure) => self.reached.transport = Some(failure.clone()),
            Answer::Empty if !self.reached.opened => {
                let reason = "an empty response".to_owned();
                let cause = TransportCause::Empty;
                self.reached.transport = Some(TransportFailure { cause, reason });
            }
            _ => self.reached.transport = None,
        }
        if self.exchange == Exchange::Answer(id) {
            return self.trust_answer(answer, at);
        }
        match self.pending.remove(id) {
            Some(Pending::Sequence(exchange, correlation)) => {
                self.sequence_answer(id, exchange, &correlation, answer, at);
            }
            Some(Pending::Direct(direct, correlation)) => {
                self.direct_answer(id, direct, &correlation, answer, at);
            }
            None => {}
        }
    }

    fn tick(&mut self, at: &mut Moment<'_>) {
        match &self.phase {
            Phase::Opening(_) => self.tick_opening(at),
            Phase::Closing { .. } | Phase::Cancelling { .. } => self.tick_closing(at),
            Phase::New | Phase::Open | Phase::Ended(_) => {}
        }
        match &self.calls {
            Calls::Sequence(_) => self.tick_sequence(at),
            Calls::Direct(_) => self.tick_direct(at.time),
            Calls::Links(_) => self.tick_links(at),
        }
    }
}
