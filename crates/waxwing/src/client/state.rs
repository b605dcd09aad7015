//! The session of a channel with those who wait for it.

use std::collections::HashMap;

use tokio::sync::oneshot;
use waxwing_session::{AppMessage, CallId, ClientSession, Time};

use super::channel::ChannelStatistics;
use super::demarcation::Demarcation;
use super::error::ChannelError;

/// How many seconds clocks may differ in WCF.
const SKEW: i64 = 300;

/// What a call ends with.
pub(super) type CallResult = Result<Option<AppMessage>, ChannelError>;

/// Everything of a channel that its lock guards.
pub(super) struct State {
    pub(super) session: ClientSession,
    pub(super) demarcation: Demarcation,
    pub(super) calls: HashMap<CallId, oneshot::Sender<CallResult>>,
    pub(super) opening: Vec<oneshot::Sender<Result<(), ChannelError>>>,
    pub(super) closing: Vec<oneshot::Sender<Result<(), ChannelError>>>,
    pub(super) phase: Phase,
    pub(super) next_call: u64,
    pub(super) statistics: ChannelStatistics,
    /// When the timer will look next.
    pub(super) timer_at: Option<Time>,
    /// How far the service's clock is ahead of ours, in seconds, by its last `Date` header.
    pub(super) clock_ahead: Option<i64>,
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
    pub(super) fn new(session: ClientSession, demarcation: Demarcation) -> Self {
        Self {
            session,
            demarcation,
            calls: HashMap::new(),
            opening: Vec::new(),
            closing: Vec::new(),
            phase: Phase::Created,
            next_call: 0,
            statistics: ChannelStatistics::default(),
            timer_at: None,
            clock_ahead: None,
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
