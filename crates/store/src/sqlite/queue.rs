//! What waits for the writer, and whose turn it is at the file.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::error::StoreError;
use crate::model::{Epoch, Group, Kind, MessageChange, Step, Unit};
use crate::store::Outcome;

/// The most that waits for the writer: more than a second's work, so whoever comes then is refused and comes again.
const WAITING: usize = 65_536;
const WAITING_OCTETS: usize = 512 * 1024 * 1024;
/// The most that one transaction takes: its pages stay in memory until it ends.
const TOGETHER: usize = 1024;
const TOGETHER_OCTETS: usize = 16 * 1024 * 1024;

/// What is written, and who waits for it.
pub(super) enum Job {
    Commit(Unit, oneshot::Sender<Outcome>),
    Release(Group, Epoch, oneshot::Sender<Outcome>),
    Claim(Group, oneshot::Sender<Result<Option<Epoch>, StoreError>>),
    Expire(Vec<Kind>, Timestamp, usize, oneshot::Sender<Result<usize, StoreError>>),
}

impl Job {
    fn octets(&self) -> usize {
        let Self::Commit(unit, _) = self else { return 0 };
        let state = match &unit.step {
            Step::Create(state) | Step::Write(_, state) => state.len(),
            Step::Keep | Step::Remove => 0,
        };
        let body = |change: &MessageChange| match change {
            MessageChange::Put(message) => message.body.len(),
            MessageChange::Remove(..) => 0,
        };
        state + unit.messages.iter().map(body).sum::<usize>()
    }

    /// It was not done.
    pub(super) fn refuse(self, error: StoreError) {
        // Whoever waited may be gone.
        match self {
            Self::Commit(_, answer) | Self::Release(.., answer) => {
                let _ = answer.send(Outcome::Refused(error));
            }
            Self::Claim(_, answer) => drop(answer.send(Err(error))),
            Self::Expire(.., answer) => drop(answer.send(Err(error))),
        }
    }
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    octets: usize,
    closed: bool,
}

/// What waits for the writer.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    came: Condvar,
}

/// Nothing of this panics between two changes.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Queue {
    /// Puts a job behind the others, or refuses it.
    pub(super) fn put(&self, job: Job) {
        let octets = job.octets();
        let mut waiting = lock(&self.waiting);
        let refused = if waiting.closed {
            Some(closed())
        } else if waiting.jobs.len() >= WAITING || waiting.octets + octets > WAITING_OCTETS {
            Some(StoreError::Unavailable("more waits to be written than the disk takes".into()))
        } else {
            None
        };
        if let Some(error) = refused {
            drop(waiting);
            return job.refuse(error);
        }
        waiting.octets += octets;
        waiting.jobs.push_back(job);
        drop(waiting);
        self.came.notify_one();
    }

    /// What is committed together next. Waits for it; none: it is closed, and nothing is left.
    pub(super) fn take(&self) -> Option<Vec<Job>> {
        let mut waiting = lock(&self.waiting);
        while waiting.jobs.is_empty() {
            if waiting.closed {
                return None;
            }
            waiting = self.came.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        let mut octets = 0;
        let mut together = Vec::with_capacity(waiting.jobs.len().min(TOGETHER));
        while together.len() < TOGETHER
            && let Some(job) = waiting.jobs.front()
        {
            octets += job.octets();
            if octets > TOGETHER_OCTETS && !together.is_empty() {
                octets -= job.octets();
                break;
            }
            together.extend(waiting.jobs.pop_front());
        }
        waiting.octets -= octets;
        Some(together)
    }

    /// Nothing is taken any more.
    pub(super) fn close(&self) {
        lock(&self.waiting).closed = true;
        self.came.notify_all();
    }
}

pub(super) fn closed() -> StoreError {
    StoreError::Unavailable("it was closed".into())
}

#[derive(Default)]
struct Turn {
    taken: bool,
    /// The checkpoint comes next.
    wanted: bool,
    /// The checkpoint has failed, and waits before it tries again.
    rests: bool,
    ends: bool,
    /// Pages in the log.
    pages: u32,
    /// From how many on there is a checkpoint.
    from: u32,
}

/// Whose turn it is at the file: the writer's or the checkpoint's.
#[derive(Default)]
pub(super) struct Gate {
    turn: Mutex<Turn>,
    changed: Condvar,
}

impl Gate {
    pub(super) fn new(from: u32) -> Self {
        let turn = Turn { from, ..Turn::default() };
        Self { turn: Mutex::new(turn), changed: Condvar::new() }
    }

    fn wait_while(&self, mut waits: impl FnMut(&mut Turn) -> bool) -> MutexGuard<'_, Turn> {
        let turn = lock(&self.turn);
        self.changed.wait_while(turn, |turn| waits(turn)).unwrap_or_else(PoisonError::into_inner)
    }

    /// The writer's turn begins. It waits for a checkpoint that is due when the log has `most` pages, whether that has begun or its
    /// thread has yet to get a processor.
    pub(super) fn write(&self, most: u32) {
        let comes = |turn: &Turn| turn.pages >= turn.from && !turn.rests && !turn.ends;
        let waits =
            |turn: &mut Turn| turn.taken || turn.wanted || (turn.pages >= most && comes(turn));
        self.wait_while(waits).taken = true;
    }

    /// The writer's turn ends, and the log has so many pages.
    pub(super) fn written(&self, pages: Option<u32>) {
        let mut turn = lock(&self.turn);
        turn.taken = false;
        turn.pages = pages.unwrap_or(turn.pages);
        let tells = turn.wanted || turn.pages >= turn.from;
        drop(turn);
        if tells {
            self.changed.notify_all();
        }
    }

    /// The checkpoint waits until it is due. False: it is over.
    pub(super) fn due(&self) -> bool {
        let turn = self.wait_while(|turn| turn.pages < turn.from && !turn.ends);
        !turn.ends
    }

    /// Pages in the log.
    pub(super) fn pages(&self) -> u32 {
        lock(&self.turn).pages
    }

    /// The checkpoint's turn begins.
    pub(super) fn exclude(&self) {
        lock(&self.turn).wanted = true;
        let mut turn = self.wait_while(|turn| turn.taken);
        (turn.taken, turn.wanted) = (true, false);
    }

    /// The checkpoint's turn ends. The next one is due at so many pages.
    pub(super) fn admit(&self, from: u32) {
        let mut turn = lock(&self.turn);
        (turn.taken, turn.from) = (false, from);
        // The writer begins the log again.
        turn.pages = 0;
        drop(turn);
        self.changed.notify_all();
    }

    /// The checkpoint has failed, and tries again later: the writer does not wait for it meanwhile.
    pub(super) fn rest(&self, time: Duration) {
        lock(&self.turn).rests = true;
        self.changed.notify_all();
        std::thread::sleep(time);
        lock(&self.turn).rests = false;
    }

    /// No more checkpoints.
    pub(super) fn end(&self) {
        lock(&self.turn).ends = true;
        self.changed.notify_all();
    }
}
