//! The one thread that writes: it takes all that waits, and commits it as one transaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Result;

use super::options::OnFailedSync;
use super::queue::{Gate, Job, Queue, lock};
use super::trouble::Failure;
use super::unit::{Tables, octets_used};
use crate::error::StoreError;
use crate::model::Epoch;
use crate::store::{Health, Outcome};

/// How often the octets of the file are counted for `health`.
const COUNTED_EVERY: Duration = Duration::from_secs(1);

/// What all threads of a store know of each other.
pub(super) struct Shared {
    pub(super) queue: Queue,
    pub(super) gate: Gate,
    pub(super) health: std::sync::Mutex<Health>,
    /// Why nothing is certain any more.
    pub(super) broken: std::sync::Mutex<Option<StoreError>>,
    pub(super) on_failed_sync: OnFailedSync,
    /// The most pages in the log.
    pub(super) most_pages: u32,
}

impl Shared {
    pub(super) fn broken(&self) -> Option<StoreError> {
        lock(&self.broken).clone()
    }

    /// Told of every failure; after a failed sync it may not come back.
    pub(super) fn failed(&self, error: &StoreError) {
        tracing::error!(%error, "the store did not write");
        lock(&self.health).trouble = Some(error.clone());
        if matches!(error, StoreError::Broken(_)) {
            if self.on_failed_sync == OnFailedSync::EndProcess {
                // The log may not come out any more.
                eprintln!(
                    "waxwing: {error}. The process ends, so that nothing is said that is not on the disk."
                );
                std::process::abort();
            }
            *lock(&self.broken) = Some(error.clone());
        }
    }
}

/// The thread.
pub(super) struct Writer {
    tables: Tables,
    shared: Arc<Shared>,
    /// Pages in the log after the last commit.
    pages: Arc<AtomicU32>,
    counted_at: Option<Instant>,
}

impl Writer {
    pub(super) fn new(tables: Tables, shared: Arc<Shared>) -> Result<Self> {
        let mut tables = tables;
        let pages = Arc::new(AtomicU32::new(0));
        let told = pages.clone();
        tables.connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages: i32| {
            told.store(pages.cast_unsigned(), Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self { tables, shared, pages, counted_at: None })
    }

    /// Works until the queue is closed and empty.
    pub(super) fn work(mut self) -> Tables {
        while let Some(jobs) = self.shared.queue.take() {
            self.together(jobs);
        }
        self.tables
    }

    /// Commits jobs in one transaction; if that fails for something in one of them, each by itself.
    fn together(&mut self, jobs: Vec<Job>) {
        if let Some(error) = self.shared.broken() {
            jobs.into_iter().for_each(|job| job.refuse(error.clone()));
            return;
        }
        let begun = Instant::now();
        let records = self.tables.records;
        self.shared.gate.write(self.shared.most_pages);
        let result = self.transaction(&jobs);
        if result.is_err() {
            self.tables.roll_back(records);
        }
        self.shared.gate.written(Some(self.pages.load(Ordering::Relaxed)));
        match result {
            Ok(outcomes) => {
                self.tell_health(&outcomes, begun);
                jobs.into_iter().zip(outcomes).for_each(|(job, outcome)| say(job, outcome));
            }
            Err(failure) if failure.of_data && jobs.len() > 1 => {
                // Something in one of them cannot be done: it must not take the others along.
                jobs.into_iter().for_each(|job| self.together(vec![job]));
            }
            Err(failure) => {
                self.shared.failed(&failure.error);
                jobs.into_iter().for_each(|job| fail(job, &failure));
            }
        }
    }

    fn transaction(&mut self, jobs: &[Job]) -> Result<Vec<Made>, Failure> {
        let failed = |error: rusqlite::Error| Failure::before_commit(&error);
        self.tables.begin().map_err(failed)?;
        let made: Result<Vec<_>> = jobs.iter().map(|job| self.make(job)).collect();
        let made = made.map_err(failed)?;
        self.tables.commit().map_err(|error| Failure::at_commit(&error))?;
        Ok(made)
    }

    fn make(&mut self, job: &Job) -> Result<Made> {
        Ok(match job {
            Job::Commit(unit, _) => Made::Outcome(self.tables.unit(unit)?),
            Job::Release(group, epoch, _) => Made::Outcome(self.tables.release(group, *epoch)?),
            Job::Claim(group, _) => Made::Claimed(self.tables.claim(group)?),
            Job::Expire(kinds, before, limit, _) => {
                Made::Expired(self.tables.expire(kinds, *before, *limit)?)
            }
        })
    }

    fn tell_health(&mut self, outcomes: &[Made], begun: Instant) {
        let count = |is: fn(&Outcome) -> bool| {
            let some = outcomes.iter().filter(|made| matches!(made, Made::Outcome(o) if is(o)));
            some.count() as u64
        };
        let done = count(Outcome::is_done);
        let fenced = count(|outcome| matches!(outcome, Outcome::Fenced));
        let octets = if self.counted_at.is_none_or(|at| at.elapsed() > COUNTED_EVERY) {
            self.counted_at = Some(begun);
            octets_used(&self.tables.connection).ok()
        } else {
            None
        };
        let mut health = lock(&self.shared.health);
        health.trouble = None;
        health.records = self.tables.records;
        health.octets.0 = octets.unwrap_or(health.octets.0);
        health.last_commit = begun.elapsed();
        health.committed.0 += done;
        health.committed.1 += u64::from(done > 0);
        health.committed.2 += fenced;
    }
}

/// What a job came to.
enum Made {
    Outcome(Outcome),
    Claimed(Option<Epoch>),
    Expired(usize),
}

/// Whoever waited may be gone.
fn say(job: Job, made: Made) {
    match (job, made) {
        (Job::Commit(_, answer) | Job::Release(.., answer), Made::Outcome(outcome)) => {
            let _ = answer.send(outcome);
        }
        (Job::Claim(_, answer), Made::Claimed(epoch)) => drop(answer.send(Ok(epoch))),
        (Job::Expire(.., answer), Made::Expired(count)) => drop(answer.send(Ok(count))),
        // Each job is made into its own kind.
        (job, _) => job.refuse(StoreError::Unavailable("the writer lost track".into())),
    }
}

fn fail(job: Job, failure: &Failure) {
    match job {
        Job::Commit(_, answer) | Job::Release(.., answer) if failure.unknown => {
            let _ = answer.send(Outcome::Unknown(failure.error.clone()));
        }
        job => job.refuse(failure.error.clone()),
    }
}
