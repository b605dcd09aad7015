//! What the two halves of a link share: what it is spoken over, and how it ends.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use waxwing_session::{TransportCause, TransportFailure};

use super::socket::{Socket, Wire};
use crate::net::link::LinkAbort;

/// Takes the connection of a link that ended on both sides, for the next one.
pub(super) type After = Box<dyn FnOnce(Socket) + Send>;

/// A framing session over a connection.
pub(super) struct Line {
    state: Mutex<State>,
    /// Whether it broke or was aborted: wakes those who wait at each half.
    broken: AtomicBool,
    reader: AtomicWaker,
    writer: AtomicWaker,
    /// One writes at a time: what a half sends, or a fault. What is guarded: whether the output is closed.
    pub(super) writing: tokio::sync::Mutex<bool>,
}

struct State {
    /// None when it has ended, whichever way.
    wire: Option<Wire>,
    input_ended: bool,
    output_ended: bool,
    /// None when the connection is not to be used again.
    after: Option<After>,
    /// Why it ended, the first reason.
    failure: Option<TransportFailure>,
}

impl Line {
    /// A session that begins; `after` gets the connection when it ended well.
    pub(super) fn new(wire: Wire, after: After) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                wire: Some(wire),
                input_ended: false,
                output_ended: false,
                after: Some(after),
                failure: None,
            }),
            broken: AtomicBool::new(false),
            reader: AtomicWaker::new(),
            writer: AtomicWaker::new(),
            writing: tokio::sync::Mutex::new(false),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it is spoken over, for the time of one operation: who keeps it keeps the connection from being closed.
    ///
    /// # Errors
    /// It has ended.
    pub(super) fn wire(&self) -> Result<Wire, TransportFailure> {
        let state = self.state();
        state.wire.clone().ok_or_else(|| state.failure.clone().unwrap_or_else(aborted))
    }

    /// Ready when it has broken; otherwise the half that receives is woken when it does.
    pub(super) fn poll_broken_for_reader(&self, context: &Context<'_>) -> Poll<()> {
        self.poll_broken(&self.reader, context)
    }

    /// The same for whoever sends.
    pub(super) fn poll_broken_for_writer(&self, context: &Context<'_>) -> Poll<()> {
        self.poll_broken(&self.writer, context)
    }

    fn poll_broken(&self, half: &AtomicWaker, context: &Context<'_>) -> Poll<()> {
        half.register(context.waker());
        match self.broken.load(Ordering::SeqCst) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    fn tell_broken(&self) {
        self.broken.store(true, Ordering::SeqCst);
        self.reader.wake();
        self.writer.wake();
    }

    /// It ends at once, for this reason if there was none before, and the peer sees a connection that was reset. Gives the
    /// first reason.
    pub(super) fn fail(&self, failure: TransportFailure) -> TransportFailure {
        let (first, wire) = {
            let mut state = self.state();
            state.after = None;
            let first = state.failure.get_or_insert(failure).clone();
            (first, state.wire.take())
        };
        if let Some(wire) = wire {
            wire.socket().reset_when_dropped();
        }
        self.tell_broken();
        first
    }

    /// It will end, for this reason if nobody finds a better one.
    pub(super) fn remember(&self, failure: TransportFailure) {
        self.state().failure.get_or_insert(failure);
    }

    /// It ends at once for what the peer has said, which says more than what came of that.
    pub(super) fn told(&self, failure: TransportFailure) -> TransportFailure {
        self.state().failure = Some(failure.clone());
        self.fail(failure)
    }

    /// It ends for this reason, which the peer was told: nothing is reset.
    pub(super) fn refused(&self, failure: TransportFailure) -> TransportFailure {
        let first = {
            let mut state = self.state();
            state.after = None;
            state.wire = None;
            state.failure.get_or_insert(failure).clone()
        };
        self.tell_broken();
        first
    }

    /// It ends at once, unless it has ended.
    pub(super) fn abort(&self) {
        let is_over = {
            let state = self.state();
            state.wire.is_none() || (state.input_ended && state.output_ended)
        };
        if !is_over {
            self.fail(aborted());
        }
    }

    /// What aborts it from anywhere.
    pub(super) fn aborter(self: &Arc<Self>) -> LinkAbort {
        let line = Arc::clone(self);
        LinkAbort::new(move || line.abort())
    }

    /// The peer sends nothing more. The connection may be used again where the peer has said so, not where it has just ended.
    pub(super) fn input_ended(&self, is_reusable: bool) {
        self.ended(|state| {
            state.input_ended = true;
            if !is_reusable {
                state.after = None;
            }
        });
    }

    /// We send nothing more.
    pub(super) fn output_ended(&self) {
        self.ended(|state| state.output_ended = true);
    }

    /// When both have ended, the connection goes on to the next session, or is closed.
    fn ended(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        if !(state.input_ended && state.output_ended) {
            return;
        }
        let (wire, after) = (state.wire.take(), state.after.take());
        drop(state);
        if let (Some(wire), Some(after)) = (wire, after) {
            let socket = wire.socket().clone();
            // TLS is over before anybody else writes.
            drop(wire);
            after(socket);
        }
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        let mut written = f.debug_struct("Line");
        written.field("input_ended", &state.input_ended).field("output_ended", &state.output_ended);
        written.field("failure", &state.failure).finish_non_exhaustive()
    }
}

/// The text of WCF for what this side has ended.
pub(super) fn aborted() -> TransportFailure {
    let reason = "The socket connection was aborted by your local machine. This could be caused by a channel Abort(), or a \
                  transmission error from another thread using this socket.";
    TransportFailure { cause: TransportCause::Broken, reason: reason.to_owned() }
}

/// A connection that broke, in WCF's words with those of the operating system.
pub(super) fn broken(error: &io::Error) -> TransportFailure {
    let reason = format!(
        "The socket connection was aborted. This could be caused by an error processing your message or a receive timeout \
         being exceeded by the remote host, or an underlying network resource issue. ({error})"
    );
    TransportFailure { cause: TransportCause::Broken, reason }
}
