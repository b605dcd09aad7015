//! The session of a channel with those who wait for it.

use std::sync::Weak;
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::sync::oneshot;
use waxwing_reliable::Event;
use waxwing_session::{CallId, CallbackId, ClientSession, Time, TransmissionId};
use waxwing_soap::Envelope;

use super::demarcation::Demarcation;
use super::duplex::attached::Links;
use super::duplex::exchange::Handshake;
use super::error::ChannelError;
use super::news::{ChannelNews, Listener};
use super::timer::Timer;
use super::waiting::{CallResult, Waiting};
use super::watch::{ChannelEvent, ChannelStatistics};
use crate::events::{CommunicationState, Emitter};
use crate::future::Shared;

/// How many seconds clocks may differ in WCF.
const SKEW: i64 = 300;

/// Everything of a channel that its lock guards.
pub(super) struct State {
    pub(super) session: ClientSession,
    pub(super) demarcation: Demarcation,
    pub(super) calls: Waiting,
    pub(super) opening: Vec<oneshot::Sender<Result<(), ChannelError>>>,
    pub(super) closing: Vec<oneshot::Sender<Result<(), ChannelError>>>,
    pub(super) phase: Phase,
    pub(super) next_call: u64,
    pub(super) statistics: ChannelStatistics,
    pub(super) events: Emitter<ChannelEvent>,
    /// None before it begins to open and when it has ended.
    pub(super) timer: Option<Timer>,
    /// How far the service's clock is ahead of ours, in seconds, by its last `Date` header.
    pub(super) clock_ahead: Option<i64>,
    /// What is to be told when the lock is released.
    pub(super) lines: Vec<Line>,
    /// Who keeps the session durably, if anybody does.
    pub(super) listener: Option<Listener>,
    /// It is forgotten here, without a word to anybody.
    pub(super) is_discarded: bool,
    pub(super) links: Links,
    /// The link of a negotiation that is under way.
    pub(super) handshake: Option<Handshake>,
    /// An exchange that the next message may have to wait for, and that runs where somebody waits for its answer.
    pub(super) held_up_by: Weak<Shared>,
    /// An opening or an end that runs where somebody waits for it.
    pub(super) step: Weak<Shared>,
    /// Callbacks that wait to go on after they have called the service.
    pub(super) returning: FxHashMap<CallbackId, oneshot::Sender<()>>,
}

/// A line of the log or a trace: who reads it may be code of the user, which may ask the channel something.
pub(super) enum Line {
    Event(Event),
    Warning(String),
    /// A call takes long.
    Long {
        action: Box<str>,
        seconds: u64,
        progress: String,
    },
    /// An exchange brought no answer.
    Lost {
        action: String,
        reason: String,
    },
    /// An answer as it is without security.
    Plain(Option<TransmissionId>, Box<Envelope>),
}

/// The states of a channel, as a user sees them.
#[derive(Debug, Clone)]
pub(super) enum Phase {
    /// Not open yet.
    Created,
    /// Opening, open or closing; the session knows better.
    Active,
    /// Closed as it should.
    Closed,
    /// Failed.
    Faulted(ChannelError),
}

impl State {
    pub(super) fn new(
        session: ClientSession,
        demarcation: Demarcation,
        listener: Option<Listener>,
    ) -> Self {
        Self {
            session,
            demarcation,
            calls: Waiting::default(),
            opening: Vec::new(),
            closing: Vec::new(),
            phase: Phase::Created,
            next_call: 0,
            statistics: ChannelStatistics::default(),
            events: Emitter::new(),
            timer: None,
            clock_ahead: None,
            lines: Vec::new(),
            listener,
            is_discarded: false,
            links: Links::default(),
            handshake: None,
            held_up_by: Weak::new(),
            step: Weak::new(),
            returning: FxHashMap::default(),
        }
    }

    /// Tells who keeps the session. What is told is not made when nobody does.
    pub(super) fn news(&self, news: impl FnOnce() -> ChannelNews) {
        if let Some(listener) = &self.listener {
            // Whoever listened has ended: the session is of no use to anybody.
            let _ = listener.send(news());
        }
    }

    /// Tells those who watch the channel of another state.
    pub(super) fn tell(&self, state: CommunicationState) {
        self.events.emit(|| ChannelEvent::State(state));
    }

    pub(super) fn communication_state(&self) -> CommunicationState {
        match &self.phase {
            Phase::Created => CommunicationState::Created,
            Phase::Closed => CommunicationState::Closed,
            Phase::Faulted(_) => CommunicationState::Faulted,
            Phase::Active if !self.closing.is_empty() => CommunicationState::Closing,
            Phase::Active if self.session.is_open() => CommunicationState::Opened,
            Phase::Active => CommunicationState::Opening,
        }
    }

    /// Something happened in the reliable session.
    pub(super) fn happened(&mut self, event: &Event) {
        match event {
            Event::Retransmitted { .. } => self.statistics.retransmissions += 1,
            Event::Misplaced { .. } => self.statistics.misplaced += 1,
            _ => {}
        }
        if let Some(event) = ChannelEvent::of(event) {
            self.events.emit(|| event);
        }
    }

    /// A call has ended after this time.
    pub(super) fn called(&mut self, took: Duration, result: &CallResult) {
        let statistics = &mut self.statistics;
        statistics.time_calling += took;
        statistics.longest_call = statistics.longest_call.max(took);
        match result {
            Ok(Some(reply)) if reply.is_fault() => statistics.faults += 1,
            Ok(_) => {}
            Err(_) => statistics.calls_failed += 1,
        }
    }

    /// When the timer is to look.
    pub(super) fn wake_at(&self) -> Option<Time> {
        self.session.wake_at().into_iter().chain(self.calls.wake_at()).min()
    }

    /// Tells of the calls that take long, and what they wait for.
    pub(super) fn tell_late(&mut self, now: Time) {
        for (action, took) in self.calls.late(now) {
            let (seconds, progress) = (took.as_secs(), self.session.progress().to_string());
            self.lines.push(Line::Long { action, seconds, progress });
        }
    }

    /// The opening or the end that is under way, if it runs where somebody waits for it, who may be polled no more.
    pub(super) fn take_step(&mut self) -> Weak<Shared> {
        std::mem::take(&mut self.step)
    }

    /// What others wait for, where they wait for an exchange that somebody has begun.
    pub(super) fn what_holds_up(&mut self) -> Weak<Shared> {
        match self.session.holds_back() {
            true => std::mem::take(&mut self.held_up_by),
            false => Weak::new(),
        }
    }

    pub(super) fn next_call(&mut self) -> CallId {
        self.next_call += 1;
        CallId(self.next_call)
    }

    /// Whether the service's clock differs by more than WCF tolerates.
    pub(super) fn clocks_apart(&self) -> bool {
        self.clock_ahead.is_some_and(|ahead| ahead.abs() >= SKEW)
    }

    /// What is worth telling with a failure.
    pub(super) fn notes(&self) -> Vec<String> {
        match self.clock_ahead {
            Some(ahead) if ahead.abs() >= SKEW => {
                let word = if ahead > 0 { "ahead of" } else { "behind" };
                vec![format!(
                    "the service's clock is {} minutes {word} this machine's (by the Date of its HTTP answer)",
                    ahead.abs() / 60
                )]
            }
            _ => Vec::new(),
        }
    }

    /// Ends with success or failure everybody who waits for it.
    pub(super) fn opened(&mut self, result: &Result<(), ChannelError>) {
        for waiting in self.opening.drain(..) {
            let _ = waiting.send(result.clone());
        }
    }

    pub(super) fn closed(&mut self, result: &Result<(), ChannelError>) {
        for waiting in self.closing.drain(..) {
            let _ = waiting.send(result.clone());
        }
    }
}
