//! The initiator: the client's end of one session (RM source of requests, RM destination of replies).
//!
//! `open` makes the sequence, `transfer` sends messages, `answer` reads what comes back (`correlation`: for which
//! request), `postpone` sends again what the peer did not process, `shutdown` ends the sequence, `durable` keeps it. This
//! file holds the state and what time does to it.

mod answer;
mod api;
mod correlation;
mod durable;
mod keeping;
mod open;
mod postpone;
mod shutdown;
mod transfer;

use std::collections::VecDeque;

pub use api::{InitiatorInput, InitiatorOutput, OpenRequest};

use self::keeping::Keeping;
use crate::ascending::Ascending;
use crate::destination::Received;
use crate::error::SessionError;
use crate::event::{Counters, Event, SequenceState, Status};
use crate::fault::{FaultKind, SequenceFault};
use crate::keep_alive::KeepAlive;
use crate::message::{Body, Message, TokenReference};
use crate::mutation::{Mutation, broken};
use crate::names::{ExchangeId, Identifier, Route};
use crate::queue::next_output;
use crate::ranges::MessageNumber;
use crate::settings::{ReliableSessionSettings, SettingsError};
use crate::shape::Shape;
use crate::source::{Due, Opening, Outgoing, Requestor, Source};
use crate::version::ReliableMessagingVersion;
use waxwing_soap::{Moment, Time};

/// The client's end of one session. Calls are numbered in the order in which they are given; `M` is cloned for
/// every transmission.
#[derive(Debug)]
pub struct Initiator<M> {
    version: ReliableMessagingVersion,
    shape: Shape,
    settings: ReliableSessionSettings,
    phase: Phase,
    peer: Peer,
    /// Our sequence; named by the responder.
    source: Source<M>,
    /// The replies' sequence; named by us.
    destination: Option<Received>,
    exchanges: Ascending<ExchangeId, Purpose>,
    last_exchange: u64,
    /// What the transport said last.
    last_failure: String,
    /// Close was asked for, with this deadline.
    close: Option<Time>,
    keep_alive: KeepAlive,
    counters: Counters,
    outputs: VecDeque<InitiatorOutput<M>>,
    /// None: the session lives in memory.
    keeping: Option<Box<Keeping<M>>>,
}

/// Where the session stands. What a phase needs is in it.
#[derive(Debug)]
enum Phase {
    New,
    Creating(Box<Opening>),
    Open,
    /// Close was asked for; calls are still to be answered.
    Draining,
    /// LastMessage is in the window (2005).
    LastMessage,
    /// CloseSequence is under way (1.1).
    Closing(Box<Requestor>),
    /// TerminateSequence is under way.
    Terminating(Box<Requestor>),
    Closed,
    Faulted,
}

/// What is known of the peer.
#[derive(Debug)]
struct Peer {
    to: String,
    token: Option<TokenReference>,
}

/// What an exchange was begun for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Create,
    Message(MessageNumber),
    KeepAlive,
    Close,
    Terminate,
}

impl<M: Clone> Initiator<M> {
    /// An initiator that has not begun.
    ///
    /// # Errors
    ///
    /// A setting is out of its range.
    pub fn new(
        version: ReliableMessagingVersion,
        shape: Shape,
        settings: ReliableSessionSettings,
    ) -> Result<Self, SettingsError> {
        settings.validate()?;
        Ok(Self {
            version,
            shape,
            source: Source::new(&settings, settings.ordered && shape == Shape::RequestReply),
            destination: None,
            keep_alive: KeepAlive::new(&settings),
            keeping: settings.durable.then(|| Box::new(Keeping::new())),
            settings,
            phase: Phase::New,
            peer: Peer { to: String::new(), token: None },
            exchanges: Ascending::default(),
            last_exchange: 0,
            last_failure: String::new(),
            close: None,
            counters: Counters::default(),
            outputs: VecDeque::new(),
        })
    }

    /// Takes one input. Then drain [`poll`](Self::poll). Inputs of a session that has ended are ignored,
    /// except that a `Send` fails.
    pub fn handle(&mut self, input: InitiatorInput<M>, at: &mut Moment<'_>) {
        let now = at.time;
        self.mark();
        match input {
            InitiatorInput::Open(request) => self.open(request, at),
            InitiatorInput::Send { call, message, message_id, deadline } => {
                let body = Body::Application(message);
                self.enqueue(Outgoing { call: Some(call), message_id, body, deadline }, now);
            }
            InitiatorInput::Written { exchange } => self.source.written(exchange),
            InitiatorInput::Progress { exchange } => self.source.progress(exchange, now),
            InitiatorInput::Response { exchange, message } => {
                self.on_response(exchange, message, at);
            }
            InitiatorInput::Failed { exchange, failure } => self.on_failed(exchange, failure),
            InitiatorInput::Postponed { exchange, reason } => self.on_postponed(exchange, reason),
            InitiatorInput::Resume => self.resume(now),
            InitiatorInput::Close { deadline } => self.begin_close(deadline, now),
            InitiatorInput::Abort { reason } => self.abort(reason),
            InitiatorInput::Persisted(ticket) => self.persisted(ticket, now),
            InitiatorInput::Restore { saved, to, messages } => {
                self.restore(*saved, to, messages, now);
            }
            InitiatorInput::Tick => self.on_tick(now),
        }
        self.advance(at);
        self.settle();
    }

    /// The next output. None: give the next input, or a `Tick` at [`wake_at`](Self::wake_at).
    pub fn poll(&mut self) -> Option<InitiatorOutput<M>> {
        // An idle session holds no more than it needs.
        let output = next_output(&mut self.outputs, 4, 4);
        if output.is_none() {
            self.source.shrink();
        }
        output
    }

    /// When to give a `Tick`. None: not until something else happens.
    pub fn wake_at(&self) -> Option<Time> {
        let phase = match &self.phase {
            Phase::New | Phase::Closed | Phase::Faulted => return None,
            Phase::Creating(opening) => Some(opening.requestor.wake_at()),
            Phase::Closing(requestor) | Phase::Terminating(requestor) => Some(requestor.wake_at()),
            Phase::Draining | Phase::LastMessage => self.close,
            Phase::Open => None,
        };
        let calls = match self.settings.durable {
            true => self.source.queue_deadline(),
            false => self.source.first_deadline(),
        };
        let silence = self.keep_alive.wake_at().filter(|_| self.listens());
        let window = self.source.window.timer();
        let window = window.filter(|_| self.is_established() && self.is_unhindered());
        [silence, window, phase, calls].into_iter().flatten().min()
    }

    /// The session at this moment, for a person.
    pub fn status(&self) -> Status {
        Status {
            state: self.state(),
            counters: self.source.count(self.counters),
            window: self.source.window.size(),
            outstanding: self.source.window.unanswered().count(),
            waiting: self.source.waiting(),
            round_trip: self.source.window.round_trip(),
            retransmission_timeout: self.source.window.timeout(),
            highest: self.source.window.highest(),
            missing: self.source.window.unanswered().count() as u64,
        }
    }

    /// Notes that the request of an exchange is written, as [`InitiatorInput::Written`] says it, where nothing waits for that: nothing
    /// comes of it then, and nobody need look at a clock for it. False: something waits, and the input is to be given.
    pub fn note_written(&mut self, exchange: ExchangeId) -> bool {
        // One that closes may wait for it, too: its last message comes behind this one.
        let waits = self.holds_back() || !matches!(self.phase, Phase::Open);
        if !waits {
            self.source.written(exchange);
        }
        !waits
    }

    /// Whether messages wait that [`InitiatorInput::Written`] may let go.
    pub fn holds_back(&self) -> bool {
        self.source.holds_back()
    }

    /// Whether the next message of an ordered session would wait for the one that was handed out last: until it is written, or, to a
    /// responder that has refused one for coming early, until it is answered.
    pub fn is_held_up(&self) -> bool {
        self.source.is_held_up()
    }

    /// The identifier of the forward sequence, once the responder has named it.
    pub fn sequence(&self) -> Option<&Identifier> {
        self.source.identifier()
    }

    /// The protocol version.
    pub fn version(&self) -> ReliableMessagingVersion {
        self.version
    }

    /// Bytes of memory that the engine holds, without those inside the messages.
    pub fn memory(&self) -> usize {
        size_of::<Self>()
            + self.source.heap_size()
            + self.outputs.capacity() * size_of::<InitiatorOutput<M>>()
            + self.destination.as_ref().map_or(0, Received::heap_size)
            + self.exchanges.heap_size()
            + self.peer.to.capacity()
    }

    fn state(&self) -> SequenceState {
        match self.phase {
            Phase::New => SequenceState::New,
            Phase::Creating(_) => SequenceState::Creating,
            Phase::Open => SequenceState::Open,
            Phase::Draining | Phase::LastMessage | Phase::Closing(_) | Phase::Terminating(_) => {
                SequenceState::Closing
            }
            Phase::Closed => SequenceState::Closed,
            Phase::Faulted => SequenceState::Faulted,
        }
    }

    /// Whether both sequences exist and messages may flow.
    fn is_established(&self) -> bool {
        matches!(self.state(), SequenceState::Open | SequenceState::Closing)
    }

    /// Whether the peer's silence matters: once TerminateSequence is under way everything has arrived, and
    /// the peer may have forgotten the session.
    fn listens(&self) -> bool {
        self.is_established() && !matches!(self.phase, Phase::Terminating(_))
    }

    fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Closed | Phase::Faulted)
    }

    fn enter(&mut self, phase: Phase) {
        let before = self.state();
        self.phase = phase;
        if self.state() != before {
            self.event(Event::State(self.state()));
        }
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(InitiatorOutput::Event(event));
    }

    fn on_tick(&mut self, now: Time) {
        match &self.phase {
            Phase::Creating(opening) => match opening.requestor.due(now) {
                Due::Nothing => {}
                Due::Attempt => self.attempt_create(now),
                Due::TimedOut => self.create_timed_out(),
            },
            Phase::Closing(_) | Phase::Terminating(_) => self.tick_shutdown(now),
            Phase::Draining | Phase::LastMessage => self.tick_draining(now),
            _ => {}
        }
        if self.is_established() {
            self.tick_calls(now);
        }
        let is_due = self.source.window.timer().is_some_and(|at| now >= at);
        if is_due && self.is_established() && self.is_unhindered() {
            self.retransmit_expired(now);
        }
        if self.listens() {
            self.tick_keep_alive(now);
        }
        if matches!(self.phase, Phase::Creating(_)) {
            self.tick_queue(now);
        }
    }

    /// Whatever the last input has made possible: queued calls, the next step of the shutdown.
    fn advance(&mut self, at: &mut Moment<'_>) {
        self.send_again(at.time);
        self.send_new(at.time);
        self.advance_shutdown(at);
    }

    fn abort(&mut self, reason: String) {
        if self.has_ended() {
            return;
        }
        if self.is_established() {
            self.post_terminated(&reason);
        }
        self.end(SessionError::Aborted(reason));
    }

    /// Ends the session: every call fails, then the session.
    fn end(&mut self, error: SessionError) {
        if self.has_ended() {
            return;
        }
        // What was completed, and which calls have numbers, is kept before these are gone. Only who still has the session
        // may end it: the peer is told behind that.
        self.changed();
        self.settle();
        for (call, number) in self.source.drain() {
            let error = error.clone();
            self.outputs.push_back(InitiatorOutput::CallFailed { call, number, error });
        }
        self.exchanges.clear();
        self.enter(Phase::Faulted);
        self.outputs.push_back(InitiatorOutput::Faulted(error));
    }

    /// The peer broke a rule: it is told, and the session ends.
    fn protocol_error(&mut self, fault: SequenceFault) {
        self.post_fault(fault.clone());
        self.end(SessionError::Protocol(fault));
    }

    /// `SequenceTerminated` of the sender's fault, on the forward sequence.
    fn terminated_by_peer(&mut self, reason: &str) {
        let kind = FaultKind::SequenceTerminated(self.forward());
        self.protocol_error(SequenceFault::sender(kind, reason));
    }

    /// Tells the peer that this end gives up: `SequenceTerminated`, blaming nobody else.
    fn post_terminated(&mut self, reason: &str) {
        let kind = FaultKind::SequenceTerminated(self.forward());
        self.post_fault(SequenceFault::receiver(kind, reason));
    }

    /// The same when time or attempts are up. A durable session says nothing then: it is for its owner to go on with it.
    fn post_given_up(&mut self, reason: &str) {
        if !self.settings.durable {
            self.post_terminated(reason);
        }
    }

    /// A fault begins an exchange of its own; whatever comes back is of no interest.
    fn post_fault(&mut self, fault: SequenceFault) {
        let exchange = self.new_exchange();
        let message = Message::new(Body::Fault(Box::new(fault)));
        let route = Route::New(exchange);
        self.outputs.push_back(InitiatorOutput::Transmit { route, message, deadline: None });
    }

    fn new_exchange(&mut self) -> ExchangeId {
        self.last_exchange += 1;
        ExchangeId(self.last_exchange)
    }

    fn transmit(
        &mut self,
        purpose: Purpose,
        message: Message<M>,
        deadline: Option<Time>,
    ) -> ExchangeId {
        let exchange = self.new_exchange();
        self.exchanges.insert(exchange, purpose);
        let route = Route::New(exchange);
        self.outputs.push_back(InitiatorOutput::Transmit { route, message, deadline });
        exchange
    }

    /// The forward sequence; empty before there is one.
    fn forward(&self) -> Identifier {
        self.source.identifier().cloned().unwrap_or_else(|| Identifier::new(""))
    }

    fn tick_keep_alive(&mut self, now: Time) {
        if self.keep_alive.is_peer_gone(now) && !broken(Mutation::NoInactivity) {
            self.post_given_up("the inactivity timeout has passed without a message");
            return self.end(SessionError::Inactivity(self.settings.inactivity_timeout));
        }
        if self.keep_alive.is_poll_due(now) {
            self.keep_alive.polled(now);
            if broken(Mutation::NoKeepAlive) {
                return;
            }
            self.counters.keep_alives += 1;
            self.event(Event::KeepAlive);
            self.ask_for_acknowledgement();
        }
    }

    /// A stand-alone `AckRequested`.
    fn ask_for_acknowledgement(&mut self) {
        let mut message = Message::new(Body::AckRequested);
        message.headers.ack_requested = self.source.identifier().cloned();
        message.headers.acknowledgement = self.reply_acknowledgement();
        self.transmit(Purpose::KeepAlive, message, None);
    }
}
