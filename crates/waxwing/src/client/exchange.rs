//! The exchanges of a channel: one message out, its answer in. Each runs in the task of the call that began it, if there is
//! one, else in a task of its own; what an answer begins goes on in that task.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use waxwing_session::{ClientInput, Time, TransmissionId, Transmit, options};
use waxwing_soap::encoder::Encoder;

use super::channel::Inner;
use super::duplex::exchange::Exchanged;
use super::duplex::parts::LinkParts;
use super::job::Job;
use super::news::{ChannelNews, NEVER};
use super::post::{Posted, Route};
use super::state::{Line, State};
use super::watch::ChannelEvent;
use crate::encoding::Encoding;
use crate::environment::SystemRandom;
use crate::future::{BoxFuture, Keeper, Shared, boxed};
use crate::log::Cut;
use crate::net::{WhenWritten, Written};
use crate::trace::TraceDirection;

impl WhenWritten for Inner {
    /// A message is written: the next one may be begun. Where one waits for that, it is made in a task of its own: whoever says
    /// that this one is written is about to flush it, and must not be held up.
    fn written(self: Arc<Self>, exchange: u64) {
        // Without a runtime nothing of the channel goes on anyway.
        let Ok(runtime) = Handle::try_current() else { return };
        let id = TransmissionId(exchange);
        let mut state = self.lock();
        if state.session.note_written(id) {
            return;
        }
        let input = ClientInput::Written(id);
        if state.session.holds_back() {
            drop(state);
            runtime.spawn(async move { self.give(&mut self.lock(), input) });
        } else {
            self.give(&mut state, input);
        }
    }

    /// Nothing is begun by that: a timer begins again.
    fn goes_on(self: Arc<Self>, exchange: u64) {
        self.give(&mut self.lock(), ClientInput::Progress(TransmissionId(exchange)));
    }
}

impl Keeper for Inner {
    fn is_held_up(&self) -> bool {
        self.lock().session.is_held_up()
    }

    fn keep(&self, work: &Arc<Shared>) {
        let is_waited_for = {
            let mut state = self.lock();
            state.held_up_by = Arc::downgrade(work);
            state.session.holds_back()
        };
        if is_waited_for {
            work.rouse();
        }
    }
}

impl Inner {
    /// What was begun by somebody who may not go on with it must go on, since others wait for it.
    pub(super) fn rouse(held_up_by: Weak<Shared>) {
        if let Some(work) = held_up_by.upgrade() {
            work.rouse();
        }
    }

    /// A job, to be run by whoever waits for what it brings. What it begins has a task of its own: he has others to wait for.
    pub(super) fn run(self: &Arc<Self>, job: Job) -> BoxFuture<'static, ()> {
        let channel = Arc::clone(self);
        boxed(|| async move {
            if let Some(next) = channel.carry_out(job).await {
                channel.begin(next);
            }
        })
    }

    /// Begins a job in a task of its own, and goes on there with what it begins.
    pub(super) fn begin(self: &Arc<Self>, job: Job) {
        tokio::spawn(Arc::clone(self).carry_through(job));
    }

    /// Carries a job out, and what it begins: an opening is one such chain, and so is an end.
    pub(super) async fn carry_through(self: Arc<Self>, job: Job) {
        let mut next = Some(job);
        while let Some(job) = next {
            next = self.carry_out(job).await;
        }
    }

    /// Gives the next job.
    async fn carry_out(self: &Arc<Self>, job: Job) -> Option<Job> {
        match job {
            Job::Exchange(transmit) => self.transmit(*transmit).await,
            Job::Judgment(id, evidence) => self.judge(id, *evidence).await,
        }
    }

    /// Gives the session an input. What it begins first is given back; more of it has tasks of its own.
    pub(super) fn give_for_next(
        self: &Arc<Self>,
        state: &mut State,
        input: ClientInput,
    ) -> Option<Job> {
        let mut next = None;
        self.give_by(state, input, &mut |job| match next {
            None => next = Some(job),
            Some(_) => self.begin(job),
        });
        next
    }

    /// Posts one message and takes the answer.
    async fn transmit(self: &Arc<Self>, transmit: Transmit) -> Option<Job> {
        let (id, action) = (transmit.id, transmit.action().into_owned());
        let posted = match (&self.parts.links, &self.parts.streamed) {
            (Some(links), _) => self.exchange(links, transmit).await,
            (None, Some(streamed)) => self.in_pieces(streamed, transmit).await,
            (None, None) => self.post(&action, transmit).await,
        };
        if let Some(trace) = &self.parts.trace
            && !posted.octets.is_empty()
        {
            let note = format!("answer to message {}", id.0);
            let read = match &posted.answer {
                waxwing_session::Answer::Message(envelope) => Some(&**envelope),
                _ => None,
            };
            let now = self.parts.clock.wall();
            trace.wire(now, TraceDirection::Received, &note, &posted.octets, read);
        }
        // What was read is about to be decrypted: a large answer is not held twice meanwhile.
        drop(posted.octets);
        let mut state = self.lock();
        match &posted.answer {
            waxwing_session::Answer::Failed(failure) => {
                state.statistics.exchanges_lost += 1;
                let reason = || Cut::own(&failure.reason).to_string();
                state.events.emit(|| ChannelEvent::ExchangeLost { reason: reason() });
                state.lines.push(Line::Lost { action, reason: reason() });
                state.news(|| ChannelNews::Lost(reason()));
            }
            _ => {
                state.statistics.answers_received += 1;
                state.news(|| ChannelNews::Heard);
            }
        }
        if let Some(clock) = posted.clock {
            state.clock_ahead = Some(clock.as_second() - self.parts.clock.wall().as_second());
        }
        self.give_for_next(&mut state, ClientInput::Answer { id, answer: posted.answer })
    }

    pub(super) fn patience(&self, deadline: Time) -> Duration {
        match deadline {
            // The call may take for ever; one exchange of it may not.
            NEVER => options::duration(self.parts.timeouts.send),
            deadline => deadline - self.parts.clock.time(),
        }
    }

    /// An exchange over a link of its own.
    async fn exchange(&self, links: &LinkParts, transmit: Transmit) -> Posted {
        let patience = self.patience(transmit.deadline);
        let via = &self.parts.via;
        let sent = |octets: &[u8]| self.trace_sent(&transmit, octets);
        let kept = self.lock().handshake.take();
        let exchange = links.exchange(via, kept, (transmit.leg, &transmit.envelope), sent);
        match tokio::time::timeout(patience, exchange).await {
            Ok(Exchanged { answer, octets, kept }) => {
                self.lock().handshake = kept;
                Posted { answer, octets, clock: None }
            }
            Err(_) => Posted::not_answered(via, patience),
        }
    }

    /// An exchange of the transport.
    async fn post(self: &Arc<Self>, action: &str, transmit: Transmit) -> Posted {
        let patience = self.patience(transmit.deadline);
        // Each exchange is a link of its own to the encoding.
        let mut encoder = self.parts.encoding;
        let id = transmit.id;
        let message = match self.parts.trace {
            Some(_) => {
                let message = encoder.write(&transmit.envelope, &mut SystemRandom);
                self.trace_sent(&transmit, &message.octets);
                drop(transmit);
                message
            }
            None => encoder.write_owned(transmit.envelope, &mut SystemRandom),
        };
        let Some(route) = self.route(encoder) else {
            return Posted::not_answered(&self.parts.via, Duration::ZERO);
        };
        let channel: Weak<Self> = Arc::downgrade(self);
        route.post(action, message, patience, Written::told(channel, id.0)).await
    }

    /// The way of one exchange of the transport; none where messages go over links.
    pub(super) fn route(&self, decoder: Encoding) -> Option<Route<'_>> {
        Some(Route {
            transport: &**self.parts.transport.as_ref()?,
            keep_alive: self.parts.keep_alive,
            credentials: self.parts.http.as_deref(),
            via: &self.parts.via,
            version: self.parts.version,
            decoder,
            keeps_octets: self.parts.trace.is_some(),
        })
    }

    /// Writes a message that is sent to the trace.
    pub(super) fn trace_sent(&self, transmit: &Transmit, octets: &[u8]) {
        if let Some(trace) = &self.parts.trace {
            let note = format!("message {} {}", transmit.id.0, transmit.action());
            let now = self.parts.clock.wall();
            if let Some(plain) = &transmit.plain {
                trace.plain(now, TraceDirection::Sent, &note, plain);
            }
            trace.wire(now, TraceDirection::Sent, &note, octets, Some(&transmit.envelope));
        }
    }
}
