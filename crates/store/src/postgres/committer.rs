//! The one task that commits: it takes what stands in the queue, one batch after the other, over one connection. When that is
//! lost, what it was committing is [`Outcome::Unknown`] and all else is refused at once, until there is a new one.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Statement};

use super::batch::{Action, Batch, Job, Request};
use super::connect::Connector;
use super::failure::{Failure, told};
use super::outcome::{self, Answers};
use super::safety::Server;
use super::settings::{Danger, PostgresSettings};
use super::shared::Shared;
use super::sql::{Bound, Parts};
use crate::error::StoreError;
use crate::limits::brings_work;
use crate::store::Outcome;

/// How often a statement is done again that another node disturbed.
const ATTEMPTS: u32 = 5;
/// How long between two attempts to connect: at first, and at most.
const SOON: Duration = Duration::from_millis(50);
const SELDOM: Duration = Duration::from_secs(2);

/// A connection that commits.
pub(super) struct Line {
    client: Client,
    task: JoinHandle<()>,
    statements: HashMap<Parts, Statement>,
    /// Which backend of the server serves it.
    backend: Backend,
}

/// A backend: its process, and when that began (its number is used again).
#[derive(Clone)]
struct Backend(i32, std::time::SystemTime);

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Line {
    /// Connects, and refuses a server that loses what it kept. `again`: not for the first time. Then standbys that nobody waits
    /// for are told loudly: after a failover they may be what is left, and to end the service would not bring back others.
    pub(super) async fn open(
        connector: &Connector,
        settings: &PostgresSettings,
        again: bool,
    ) -> Result<Self, StoreError> {
        let within = settings.connect_timeout + settings.statement_timeout;
        match tokio::time::timeout(within, Self::opened(connector, &settings.dangers, again)).await
        {
            Ok(line) => line,
            Err(_) => {
                Err(StoreError::Unavailable(format!("PostgreSQL did not answer within {within:?}")))
            }
        }
    }

    async fn opened(
        connector: &Connector,
        dangers: &[Danger],
        again: bool,
    ) -> Result<Self, StoreError> {
        let (client, task) = connector.open().await?;
        let mut line = Self {
            client,
            task,
            statements: HashMap::new(),
            backend: Backend(0, std::time::SystemTime::UNIX_EPOCH),
        };
        let server = Server::ask(&line.client).await?;
        if again {
            server.refuse_again(dangers)?
        } else {
            server.refuse(dangers)?
        }
        let asked = "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()";
        if let Some(row) = line.client.query_opt(asked, &[]).await.map_err(|e| told(&e))? {
            line.backend = Backend(row.get(0), row.get(1));
        }
        Ok(line)
    }

    pub(super) fn client_mut(&mut self) -> &mut Client {
        &mut self.client
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Ends a backend that served an earlier connection: one that waits for a lock or a standby does not see that nobody waits
    /// for it.
    async fn end(&self, backend: &Backend) {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE pid = $1 AND backend_start = $2 AND usename = current_user";
        if let Err(error) = self.client.query(end, &[&backend.0, &backend.1]).await {
            tracing::debug!("an earlier backend could not be ended: {error}");
        }
    }

    async fn statement(
        &mut self,
        parts: Parts,
        schema: &str,
    ) -> Result<Statement, tokio_postgres::Error> {
        if let Some(statement) = self.statements.get(&parts) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(&parts.text(schema)).await?;
        self.statements.insert(parts, statement.clone());
        Ok(statement)
    }
}

pub(super) struct Committer {
    shared: Arc<Shared>,
    connector: Connector,
    queue: mpsc::Receiver<Job>,
    /// What waits for the next batch.
    carried: VecDeque<Job>,
}

impl Committer {
    pub(super) fn new(
        shared: Arc<Shared>,
        connector: Connector,
        queue: mpsc::Receiver<Job>,
    ) -> Self {
        Self { shared, connector, queue, carried: VecDeque::new() }
    }

    /// Until nobody asks any more.
    pub(super) async fn run(mut self, line: Line) {
        let mut line = Some(line);
        let mut last = None;
        loop {
            if let Some(connected) = &mut line {
                let batch = tokio::select! {
                    biased;
                    _ = &mut connected.task => None,
                    batch = self.next() => match batch {
                        None => return,
                        batch => batch,
                    },
                };
                let good = match batch {
                    Some(batch) => self.commit(connected, batch).await,
                    None => {
                        let lost = "the connection to PostgreSQL was lost";
                        self.shared.disconnected(Some(StoreError::Unavailable(lost.into())));
                        false
                    }
                };
                if !good {
                    last = line.take().map(|line| line.backend.clone());
                }
            } else {
                match self.reconnect(last.take()).await {
                    Some(connected) => line = Some(connected),
                    None => return,
                }
            }
        }
    }

    /// What is committed next. None: the end. Nothing is lost when nobody waits for it any more.
    async fn next(&mut self) -> Option<Batch> {
        let mut batch = Batch::default();
        let mut kept = VecDeque::new();
        while !batch.is_full()
            && let Some(job) = self.carried.pop_front()
        {
            self.add(&mut batch, job, &mut kept);
        }
        kept.append(&mut self.carried);
        self.carried = kept;
        if batch.is_empty() {
            let job = self.queue.recv().await?;
            self.take(&mut batch, job);
        }
        while !batch.is_full() && self.carried.len() < CARRIED {
            let Ok(job) = self.queue.try_recv() else { break };
            self.take(&mut batch, job);
        }
        Some(batch)
    }

    fn take(&mut self, batch: &mut Batch, job: Job) {
        let mut kept = std::mem::take(&mut self.carried);
        self.add(batch, job, &mut kept);
        self.carried = kept;
    }

    fn add(&self, batch: &mut Batch, job: Job, kept: &mut VecDeque<Job>) {
        if let Err(job) = batch.add(job) {
            kept.push_back(job);
        }
    }

    /// Whether the connection is still good.
    async fn commit(&self, line: &mut Line, batch: Batch) -> bool {
        let mut rest = VecDeque::from([batch]);
        while let Some(batch) = rest.pop_front() {
            match self.attempt(line, &batch).await {
                Ok(answers) => rest.extend(self.settle(batch, answers)),
                Err(Failure::Unknown(error)) => {
                    let trouble = StoreError::Unavailable(error.to_string());
                    self.shared.disconnected(Some(trouble));
                    tracing::warn!("commits to PostgreSQL may be done or not: {error}");
                    self.all(batch, |_| Outcome::Unknown(error.clone()));
                    for batch in rest {
                        self.all(batch, |_| Outcome::Refused(error.clone()));
                    }
                    return false;
                }
                Err(Failure::Again(_) | Failure::One(_)) if !batch.is_single() => {
                    rest.extend(batch.into_jobs().into_iter().map(Batch::single));
                }
                Err(Failure::Again(error) | Failure::One(error) | Failure::Not(error)) => {
                    self.all(batch, |_| Outcome::Refused(error.clone()));
                }
            }
        }
        true
    }

    async fn attempt(&self, line: &mut Line, batch: &Batch) -> Result<Answers, Failure> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let begun = Instant::now();
            let warnings = self.connector.warnings();
            let late = || {
                let after = self.shared.patience();
                Failure::Unknown(StoreError::Unavailable(format!(
                    "PostgreSQL did not answer within {after:?}"
                )))
            };
            let execute = self.execute(line, batch);
            let done = tokio::time::timeout(self.shared.patience(), execute).await;
            let done = done.unwrap_or_else(|_| Err(late()));
            if self.connector.warnings() != warnings && done.is_ok() {
                // A commit that is cancelled while it waits for a standby succeeds, and says so.
                return Err(Failure::Unknown(StoreError::Unavailable(
                    "PostgreSQL warned of the commit: it may not have reached the standby".into(),
                )));
            }
            match done {
                Err(Failure::Again(error)) if attempt < ATTEMPTS => {
                    tracing::debug!("a batch is committed again: {error}");
                    tokio::time::sleep(Duration::from_millis(5) * attempt).await;
                }
                done => {
                    let took = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
                    self.shared.counts.last_commit.store(took, Ordering::Relaxed);
                    return done;
                }
            }
        }
    }

    async fn execute(&self, line: &mut Line, batch: &Batch) -> Result<Answers, Failure> {
        let owner = super::sql::number(self.shared.me.0);
        let bound = Bound::of(batch, &owner, &self.shared.sealer).map_err(Failure::Not)?;
        let schema = &self.shared.settings.schema;
        let statement =
            line.statement(bound.parts, schema).await.map_err(|e| Failure::of_preparing(&e))?;
        let rows = line.client.query(&statement, &bound.parameters()).await;
        let mut answers = Answers::of(&rows.map_err(|e| Failure::of(&e))?, batch.entries.len());
        if answers.has_open(batch) {
            // What is done stays done, whatever comes of this: without an answer only these are unknown.
            let why = outcome::ask_why(&line.client, schema, owner, batch, &mut answers).await;
            if let Err(error) = why {
                tracing::debug!("why units were not done could not be asked: {error}");
            }
        }
        Ok(answers)
    }

    /// Tells everybody what became of a batch; gives back what is to be done one by one.
    fn settle(&self, batch: Batch, answers: Answers) -> Vec<Batch> {
        let counts = &self.shared.counts;
        counts.groups.fetch_add(batch.size().1 as u64, Ordering::Relaxed);
        counts.octets.fetch_sub(answers.gone, Ordering::Relaxed);
        let mut again = Vec::new();
        for (entry, outcome) in batch.entries.into_iter().zip(answers.outcomes) {
            let done = outcome.is_done();
            if !done && entry.jobs.len() > 1 {
                // Each has its own fate.
                again.extend(entry.jobs);
                continue;
            }
            if done {
                match &entry.action {
                    Action::Create(_, state) => {
                        counts.records.fetch_add(1, Ordering::Relaxed);
                        counts.octets.fetch_add(state.len() as i64, Ordering::Relaxed);
                    }
                    Action::Remove if answers.removed.contains(&entry.record) => {
                        counts.records.fetch_sub(1, Ordering::Relaxed);
                    }
                    _ => {}
                }
                let put = entry.messages.last.values().flatten().map(|message| message.body.len());
                counts.octets.fetch_add(put.sum::<usize>() as i64, Ordering::Relaxed);
                counts.units.fetch_add(entry.jobs.len() as u64, Ordering::Relaxed);
            }
            for job in entry.jobs {
                self.answer(job, outcome.clone());
            }
        }
        again.sort_by_key(|job| job.serial);
        again.into_iter().map(Batch::single).collect()
    }

    fn all(&self, batch: Batch, outcome: impl Fn(&Job) -> Outcome) {
        for job in batch.into_jobs() {
            let outcome = outcome(&job);
            self.answer(job, outcome);
        }
    }

    fn answer(&self, job: Job, outcome: Outcome) {
        if matches!(outcome, Outcome::Fenced) {
            self.shared.counts.fenced.fetch_add(1, Ordering::Relaxed);
        }
        self.shared.queued.leave(job.request.group(), job.request.octets());
        // Whoever asked may have gone.
        let _ = job.answer.send(outcome);
    }

    /// A new connection. Whoever asks meanwhile is refused. None: nobody asks any more.
    async fn reconnect(&mut self, last: Option<Backend>) -> Option<Line> {
        let trouble = self.shared.trouble();
        let mut trouble = trouble
            .unwrap_or_else(|| StoreError::Unavailable("PostgreSQL is not connected".into()));
        for job in std::mem::take(&mut self.carried) {
            self.answer(job, Outcome::Refused(trouble.clone()));
        }
        let connector = self.connector.clone();
        let shared = Arc::clone(&self.shared);
        let mut wanted = std::pin::pin!(async move {
            let mut pause = SOON;
            loop {
                match Line::open(&connector, &shared.settings, true).await {
                    Ok(line) => return line,
                    Err(error) => {
                        tracing::warn!("PostgreSQL is not back yet: {error}");
                        shared.disconnected(Some(error));
                    }
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(SELDOM);
            }
        });
        loop {
            tokio::select! {
                line = &mut wanted => {
                    if let Some(last) = &last {
                        line.end(last).await;
                    }
                    self.shared.disconnected(None);
                    tracing::info!("PostgreSQL is connected again");
                    return Some(line);
                }
                job = self.queue.recv() => {
                    trouble = self.shared.trouble().unwrap_or(trouble);
                    self.answer(job?, Outcome::Refused(trouble.clone()));
                }
            }
        }
    }
}

/// How many units may wait for the next batch before no more are taken from the queue.
const CARRIED: usize = 1024;

/// Whether a unit is refused because the store is full.
pub(super) fn full(shared: &Shared, request: &Request) -> Option<StoreError> {
    match request {
        Request::Unit(unit) if brings_work(unit) => shared.is_full(),
        _ => None,
    }
}
