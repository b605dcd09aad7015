//! One session at one end that sends and receives, each in a sequence of its own (WS-RM 2005, 1.1; WCF's duplex shapes).
//!
//! Messages are one-way each: there are no exchanges, and nothing is answered but requests of the protocol itself. After
//! the opening the two ends are alike. `open` makes the sequences, `send` sends what we have, `receive` takes what the
//! peer sent, `acknowledge` says so, `close` ends our sequence, `ended` takes the end of the peer's, `link` knows of the
//! connection below. `listener` has the sessions of a service. This file holds the state and what time does to it.

mod acknowledge;
mod api;
mod close;
mod connection;
mod ended;
mod incoming;
mod link;
mod listener;
mod open;
mod phase;
mod receive;
mod send;
mod settings;

use std::collections::VecDeque;

use waxwing_soap::{EndpointReference, Moment, Time};

use self::api::Purpose;
pub use self::api::{DuplexInput, DuplexOpen, DuplexOutput, Links, Transmission};
use self::connection::Connection;
use self::incoming::Incoming;
pub use self::listener::{DuplexListener, DuplexListenerInput, DuplexListenerOutput};
use self::phase::{OwnEnd, Phase, Role};
pub use self::settings::DuplexSettings;
use crate::error::SessionError;
use crate::event::{Counters, Event, SequenceState, Status};
use crate::fault::{FaultKind, SequenceFault};
use crate::keep_alive::KeepAlive;
use crate::message::{Body, Message};
use crate::mutation::{Mutation, broken};
use crate::names::Identifier;
use crate::queue::next_output;
use crate::settings::SettingsError;
use crate::source::Source;
use crate::version::ReliableMessagingVersion;

/// One session at one end. Give an input with its moment, then drain the outputs, then give a `Tick` at
/// [`wake_at`](Self::wake_at), which may be the present: an acknowledgement that is due goes out with the `Tick`, so that a
/// message that the application sends at once carries it. `M` is cloned for every transmission.
#[derive(Debug)]
pub struct DuplexSession<M> {
    version: ReliableMessagingVersion,
    settings: DuplexSettings,
    role: Role,
    phase: Phase,
    /// Where our messages go.
    remote: EndpointReference,
    /// Where the peer's messages go. None: the anonymous endpoint.
    local: Option<EndpointReference>,
    /// Our sequence; named by the peer.
    source: Source<M>,
    own_end: OwnEnd,
    /// The peer's sequence; named by us. None: it sends none.
    incoming: Option<Incoming<M>>,
    connection: Connection,
    keep_alive: KeepAlive,
    /// Close was asked for, with this deadline.
    close: Option<Time>,
    /// What the transport said last.
    last_failure: String,
    counters: Counters,
    outputs: VecDeque<DuplexOutput<M>>,
}

impl<M: Clone> DuplexSession<M> {
    /// The initiator's end of a session that has not begun.
    ///
    /// # Errors
    ///
    /// A setting is out of its range, or does nothing in a duplex session.
    pub fn new(
        version: ReliableMessagingVersion,
        settings: DuplexSettings,
    ) -> Result<Self, SettingsError> {
        settings.validate()?;
        let role = Role::Initiator { token: None };
        let remote = EndpointReference::new("");
        Ok(Self::begun(version, settings, role, remote))
    }

    fn begun(
        version: ReliableMessagingVersion,
        settings: DuplexSettings,
        role: Role,
        remote: EndpointReference,
    ) -> Self {
        Self {
            version,
            role,
            phase: Phase::New,
            remote,
            local: None,
            source: Source::new(&settings.reliable, false),
            own_end: OwnEnd::Open,
            incoming: None,
            connection: Connection::new(settings.links),
            keep_alive: KeepAlive::new(&settings.reliable),
            settings,
            close: None,
            last_failure: String::new(),
            counters: Counters::default(),
            outputs: VecDeque::new(),
        }
    }

    /// Takes one input. Then drain [`poll`](Self::poll). Inputs of a session that has ended are ignored, except that a
    /// `Send` fails and that a message which the peer repeats is answered.
    pub fn handle(&mut self, input: DuplexInput<M>, at: &mut Moment<'_>) {
        let now = at.time;
        match input {
            DuplexInput::Open(request) => self.open(request, at),
            DuplexInput::Message(message) => self.on_message(message, at),
            DuplexInput::Send { call, message, deadline } => {
                self.enqueue(call, message, deadline, now);
            }
            DuplexInput::Taken(number) => self.taken(number, now),
            DuplexInput::Failed { transmission, failure } => self.on_failed(transmission, failure),
            DuplexInput::Close { deadline } => self.begin_close(deadline, now),
            DuplexInput::Abort { reason } => self.abort(reason),
            DuplexInput::Linked => self.linked(now),
            DuplexInput::LinkFailed(failure) => self.link_failed(failure, at),
            DuplexInput::LinkBroken { reason } => self.link_broken(reason, at),
            DuplexInput::LinkEnded => self.link_ended(at),
            DuplexInput::Resend => self.resend(now),
            DuplexInput::SecurityLost { reason } => self.security_lost(reason),
            DuplexInput::Tick => self.on_tick(now),
        }
        self.advance(at);
    }

    /// The next output. None: give the next input, or a `Tick` at [`wake_at`](Self::wake_at).
    pub fn poll(&mut self) -> Option<DuplexOutput<M>> {
        // An idle session holds no more than it needs.
        let output = next_output(&mut self.outputs, 4, 4);
        if output.is_none() {
            self.source.shrink();
        }
        output
    }

    /// The queue of outputs is another, empty one: who has many sessions and drains each at once lends them all the same.
    fn swap_outputs(&mut self, outputs: &mut VecDeque<DuplexOutput<M>>) {
        std::mem::swap(&mut self.outputs, outputs);
    }

    /// When to give a `Tick`. None: not until something else happens.
    pub fn wake_at(&self) -> Option<Time> {
        let phase = match &self.phase {
            Phase::New | Phase::Closed | Phase::Faulted => return None,
            Phase::Creating(opening) => {
                return [Some(opening.requestor.wake_at()), self.source.queue_deadline()]
                    .into_iter()
                    .flatten()
                    .min();
            }
            Phase::Open => self.own_end.requestor().map(|requestor| requestor.wake_at()),
        };
        let acknowledge = self.incoming.as_ref().and_then(|i| i.acknowledge_at);
        let timers = [
            phase,
            // A request of the protocol has the deadline itself.
            self.close.filter(|_| phase.is_none()),
            self.source.queue_deadline(),
            self.source.window.timer(),
            acknowledge.filter(|_| self.may_speak()),
            self.keep_alive.gone_at(),
            self.keep_alive.poll_at().filter(|_| self.polls()),
            self.connection.redial_at(),
        ];
        timers.into_iter().flatten().min()
    }

    /// The session at this moment, for a person.
    pub fn status(&self) -> Status {
        let window = &self.source.window;
        Status {
            state: self.state(),
            counters: self.source.count(self.counters),
            window: window.size(),
            outstanding: window.unanswered().count(),
            waiting: self.source.waiting(),
            round_trip: window.round_trip(),
            retransmission_timeout: window.timeout(),
            highest: window.highest(),
            missing: window.unanswered().count() as u64,
        }
    }

    /// The identifier of the sequence that the responder named, from the initiator to it; which names the session.
    pub fn forward(&self) -> Option<&Identifier> {
        match self.role {
            Role::Initiator { .. } => self.source.identifier(),
            Role::Responder { .. } => self.incoming.as_ref().map(Incoming::identifier),
        }
    }

    /// The identifier of the sequence that the initiator offered, from the responder to it.
    pub fn back(&self) -> Option<&Identifier> {
        match self.role {
            Role::Initiator { .. } => self.incoming.as_ref().map(Incoming::identifier),
            Role::Responder { .. } => self.source.identifier(),
        }
    }

    /// Where our messages go: the service's address, or whatever the initiator named in `ReplyTo`, with the
    /// reference parameters that each message to it carries as headers. The anonymous address of WS-Addressing 1.0
    /// stands for that of every version.
    pub fn remote(&self) -> &EndpointReference {
        &self.remote
    }

    /// Where the peer's messages go, as this end says it. None: the anonymous endpoint.
    pub fn local(&self) -> Option<&EndpointReference> {
        self.local.as_ref()
    }

    /// The protocol version.
    pub fn version(&self) -> ReliableMessagingVersion {
        self.version
    }

    /// Bytes of memory that the engine holds, without those inside the messages.
    pub fn memory(&self) -> usize {
        size_of::<Self>()
            + self.source.heap_size()
            + self.incoming.as_ref().map_or(0, Incoming::heap_size)
            + self.outputs.capacity() * size_of::<DuplexOutput<M>>()
            + self.remote.address.capacity()
            + self.local.as_ref().map_or(0, |local| local.address.capacity())
            + self.last_failure.capacity()
    }

    fn state(&self) -> SequenceState {
        match self.phase {
            Phase::New => SequenceState::New,
            Phase::Creating(_) => SequenceState::Creating,
            Phase::Open if self.close.is_none() => SequenceState::Open,
            Phase::Open => SequenceState::Closing,
            Phase::Closed => SequenceState::Closed,
            Phase::Faulted => SequenceState::Faulted,
        }
    }

    fn is_11(&self) -> bool {
        self.version == ReliableMessagingVersion::V11
    }

    fn is_initiator(&self) -> bool {
        matches!(self.role, Role::Initiator { .. })
    }

    /// Whether the sequences exist, and have not both ended.
    fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Closed | Phase::Faulted)
    }

    fn enter(&mut self, phase: Phase) {
        let before = self.state();
        self.phase = phase;
        self.event_if_changed(before);
    }

    fn event_if_changed(&mut self, before: SequenceState) {
        if self.state() != before {
            self.event(Event::State(self.state()));
        }
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(DuplexOutput::Event(event));
    }

    fn on_tick(&mut self, now: Time) {
        for late in self.source.take_late(now) {
            self.queue_timed_out(late.call);
        }
        match self.phase {
            Phase::Creating(_) => self.tick_create(now),
            Phase::Open => self.tick_open(now),
            Phase::New | Phase::Closed | Phase::Faulted => {}
        }
    }

    fn tick_open(&mut self, now: Time) {
        self.tick_close(now);
        if self.is_open() && self.connection.redial_at().is_some_and(|at| now >= at) {
            self.dial();
        }
        if self.is_open() && self.source.window.timer().is_some_and(|at| now >= at) {
            self.resend_expired(now);
        }
        if self.is_open() {
            self.tick_silence(now);
        }
        let is_due =
            self.incoming.as_ref().and_then(|i| i.acknowledge_at).is_some_and(|t| now >= t);
        if self.is_open() && is_due {
            self.acknowledge();
        }
    }

    /// Whether the peer is asked now and then whether it is there: by the initiator, and by whoever waits for room.
    fn polls(&self) -> bool {
        let has_more = self.source.waiting() > 0 || matches!(self.own_end, OwnEnd::Draining);
        let waits = self.source.window.is_blocked_by_peer() && has_more;
        self.is_open()
            && self.may_speak()
            && (self.is_initiator() || waits)
            && self.source.identifier().is_some()
    }

    /// Whether something can be sent that is no message, be it that a connection is asked for.
    fn may_speak(&self) -> bool {
        match self.is_initiator() {
            true => self.connection.is_at_hand(),
            false => self.connection.is_there(),
        }
    }

    fn tick_silence(&mut self, now: Time) {
        if self.keep_alive.is_peer_gone(now) && !broken(Mutation::NoInactivity) {
            if self.lacks_only_the_farewell() {
                return self.closed();
            }
            self.post_terminated("the inactivity timeout has passed without a message");
            let timeout = self.settings.reliable.inactivity_timeout;
            return self.end(SessionError::Inactivity(timeout));
        }
        if self.keep_alive.is_poll_due(now) && self.polls() {
            self.keep_alive.polled(now);
            if broken(Mutation::NoKeepAlive) {
                return;
            }
            self.counters.keep_alives += 1;
            self.event(Event::KeepAlive);
            self.repeat_farewell();
            self.ask_for_acknowledgement();
        }
    }

    /// A stand-alone `AckRequested`, with the acknowledgement that is due.
    fn ask_for_acknowledgement(&mut self) {
        let mut message = Message::new(Body::AckRequested);
        message.headers.ack_requested = self.source.identifier().cloned();
        self.transmit(Purpose::Notice, message, None, true);
    }

    /// Whatever the last input has made possible: messages that wait, the next step of the end.
    fn advance(&mut self, at: &mut Moment<'_>) {
        if !self.is_open() {
            return;
        }
        self.send_again(at.time);
        self.send_new(at.time);
        self.advance_close(at);
        self.check_over(at.time);
    }

    fn abort(&mut self, reason: String) {
        if self.has_ended() {
            return;
        }
        if self.is_open() {
            self.post_terminated(&reason);
        }
        self.end(SessionError::Aborted(reason));
    }

    /// Ends the session: every message fails, then the session.
    fn end(&mut self, error: SessionError) {
        if self.has_ended() {
            return;
        }
        for (call, number) in self.source.drain() {
            let error = error.clone();
            self.outputs.push_back(DuplexOutput::CallFailed { call, number, error });
        }
        self.enter(Phase::Faulted);
        self.outputs.push_back(DuplexOutput::Faulted(error));
    }

    fn closed(&mut self) {
        self.enter(Phase::Closed);
        self.outputs.push_back(DuplexOutput::Closed);
    }

    /// The peer broke a rule: it is told, and the session ends.
    fn protocol_error(&mut self, fault: SequenceFault, trigger: Option<Identifier>) {
        self.post_fault(fault.clone(), trigger);
        self.end(SessionError::Protocol(fault));
    }

    /// `SequenceTerminated` of the peer's fault.
    fn terminated_by_peer(&mut self, reason: &str, trigger: Option<Identifier>) {
        let kind = FaultKind::SequenceTerminated(self.name());
        self.protocol_error(SequenceFault::sender(kind, reason), trigger);
    }

    /// Tells the peer that this end gives up: `SequenceTerminated`, blaming nobody else.
    fn post_terminated(&mut self, reason: &str) {
        let kind = FaultKind::SequenceTerminated(self.name());
        self.post_fault(SequenceFault::receiver(kind, reason), None);
    }

    /// A fault of this end. It carries the final acknowledgement, once CloseSequence has made it final.
    fn post_fault(&mut self, fault: SequenceFault, trigger: Option<Identifier>) {
        let mut message = Message::new(Body::Fault(Box::new(fault)));
        message.relates_to = trigger;
        message.headers.acknowledgement = self.final_acknowledgement();
        self.transmit(Purpose::Notice, message, None, false);
    }

    /// Which of the sequences a fault of this end names: WCF's duplex channels name the one that they receive.
    fn name(&self) -> Identifier {
        let incoming = self.incoming.as_ref().map(Incoming::identifier);
        let named = incoming.or_else(|| self.source.identifier()).cloned();
        named.unwrap_or_else(|| Identifier::new(""))
    }

    /// Sends a message. False: there is no connection. `acknowledges`: the acknowledgement that is due goes with it.
    fn transmit(
        &mut self,
        purpose: Purpose,
        mut message: Message<M>,
        deadline: Option<Time>,
        acknowledges: bool,
    ) -> bool {
        if !self.connection.is_there() {
            self.want_link(purpose != Purpose::Notice);
            return false;
        }
        if acknowledges && self.incoming.as_ref().is_some_and(|i| i.acknowledge_at.is_some()) {
            message.headers.acknowledgement = self.acknowledgement();
        }
        let transmission = Transmission(purpose);
        self.outputs.push_back(DuplexOutput::Transmit { transmission, message, deadline });
        true
    }
}
