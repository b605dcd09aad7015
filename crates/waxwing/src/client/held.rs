//! The lock of a channel. What is to be told is told when it is released: who reads a log may be code of the user.

use std::ops::{Deref, DerefMut};
use std::sync::MutexGuard;

use super::state::{Line, State};
use crate::environment::Clock;
use crate::log::Cut;
use crate::trace::{Trace, TraceDirection};

/// The state of a channel, for whoever has this.
pub(super) struct Held<'a> {
    /// There until this is dropped.
    state: Option<MutexGuard<'a, State>>,
    teller: Teller<'a>,
}

/// Where lines go.
#[derive(Clone, Copy)]
pub(super) struct Teller<'a> {
    pub(super) address: &'a str,
    pub(super) trace: Option<&'a Trace>,
    pub(super) clock: Clock,
}

impl<'a> Held<'a> {
    pub(super) fn new(state: MutexGuard<'a, State>, teller: Teller<'a>) -> Self {
        Self { state: Some(state), teller }
    }
}

impl Deref for Held<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        self.state.as_deref().expect("held until it is dropped")
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut State {
        self.state.as_deref_mut().expect("held until it is dropped")
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        self.state = None;
        for line in lines {
            self.teller.tell(line);
        }
    }
}

impl Teller<'_> {
    fn tell(&self, line: Line) {
        let address = self.address;
        match line {
            Line::Event(event) => tracing::debug!(address, ?event, "reliable session"),
            Line::Long { action, seconds, progress } => {
                tracing::info!(address, "{action} has taken {seconds} s so far: {progress}");
            }
            Line::Warning(text) => tracing::warn!(address, "{}", Cut::own(text)),
            Line::Lost { action, reason } => {
                tracing::debug!(address, action, reason, "an exchange brought no answer");
            }
            Line::Plain(id, envelope) => {
                if let Some(trace) = self.trace {
                    let note = id.map_or_else(
                        || "message".to_owned(),
                        |id| format!("answer to message {}", id.0),
                    );
                    trace.plain(self.clock.wall(), TraceDirection::Received, &note, &envelope);
                }
            }
        }
    }
}
