//! The client: its calls are in an outbox, and the answers in a database of its own.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use waxwing::contract::{Call, CallError};
use waxwing::outbox::{Outbox, OutboxEvent, Queued};
use waxwing::store::Store;
use waxwing::store::sqlite::{SqliteOptions, SqliteStore};
use waxwing::{ChannelFactory, ConfigurationFile};

use crate::Failure;
use crate::contract::{CALCULATOR_CONTRACT, CalculatorCalls};

/// The first operand of the first call.
const FIRST: u32 = 100;
/// The second operand of all.
const SECOND: f64 = 15.99;

/// What a client is to do.
#[derive(Clone, Copy)]
pub(crate) struct Work {
    calls: u32,
    /// So many calls in a session.
    round: u32,
    /// Before each call.
    pause: Duration,
    /// So many are under way at a time.
    in_flight: u32,
}

impl Work {
    pub(crate) fn of(words: &[&str]) -> Result<Self, Failure> {
        let [calls, others @ ..] = words else { return Err(crate::USAGE.into()) };
        let number = |place: usize, default: u32| match others.get(place) {
            None => Ok(default),
            Some(word) => word.parse::<u32>(),
        };
        let calls = calls.parse()?;
        let (round, pause) = (number(0, calls)?.max(1), number(1, 0)?);
        let pause = Duration::from_millis(pause.into());
        Ok(Self { calls, round, pause, in_flight: number(2, 8)? })
    }
}

/// What the program knows: it outlives the process, as the outbox does.
struct Book(Connection);

impl Book {
    fn open(path: &str) -> rusqlite::Result<Self> {
        let database = Connection::open(path)?;
        database.execute_batch(
            "PRAGMA journal_mode = WAL;
             CREATE TABLE IF NOT EXISTS answers (call INTEGER PRIMARY KEY, answer REAL);
             CREATE TABLE IF NOT EXISTS rounds (first INTEGER PRIMARY KEY);",
        )?;
        Ok(Self(database))
    }

    /// Whether a call was answered, and with what.
    fn answer(&self, call: u32) -> rusqlite::Result<Option<Option<f64>>> {
        let mut statement = self.0.prepare_cached("SELECT answer FROM answers WHERE call = ?1")?;
        statement.query_row([call], |row| row.get(0)).optional()
    }

    fn note_answer(&self, call: u32, answer: Option<f64>) -> rusqlite::Result<()> {
        let sql = "INSERT OR IGNORE INTO answers VALUES (?1, ?2)";
        self.0.execute(sql, params![call, answer]).map(drop)
    }

    /// Whether a round was ended.
    fn is_over(&self, first: u32) -> rusqlite::Result<bool> {
        let sql = "SELECT 1 FROM rounds WHERE first = ?1";
        Ok(self.0.query_row(sql, [first], |_| Ok(())).optional()?.is_some())
    }

    fn note_over(&self, first: u32) -> rusqlite::Result<()> {
        self.0.execute("INSERT OR IGNORE INTO rounds VALUES (?1)", [first]).map(drop)
    }
}

/// Ends when nobody is there any more who started it: its input ends then.
fn end_with_the_input() {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        std::process::exit(3);
    });
}

/// Makes the calls that have no answer yet. Gives whether every answer is right.
pub(crate) async fn call(
    config: &str,
    database: &str,
    store: &str,
    work: Work,
) -> Result<bool, Failure> {
    end_with_the_input();
    let config = ConfigurationFile::load(config)?;
    let factory = ChannelFactory::from_config(&config, "*", &CALCULATOR_CONTRACT)?;
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&SqliteOptions::new(store))?);
    let book = Book::open(database)?;
    let end = FIRST + work.calls;
    let mut first = FIRST;
    while first < end {
        let behind = end.min(first.saturating_add(work.round));
        if !book.is_over(first)? {
            if !round(&factory, &store, &book, first..behind, work).await? {
                return Ok(false);
            }
            book.note_over(first)?;
        }
        first = behind;
    }
    let mut wrong = 0;
    for call in FIRST..end {
        let answer = book.answer(call)?;
        if answer != Some(expected(call)) {
            eprintln!("call {call}: {answer:?} instead of {:?}", expected(call));
            wrong += 1;
        }
    }
    println!("DONE {} calls, {wrong} wrong", work.calls);
    Ok(wrong == 0)
}

/// One session, if nothing goes wrong with it.
async fn round(
    factory: &ChannelFactory,
    store: &Arc<dyn Store>,
    book: &Book,
    calls: std::ops::Range<u32>,
    work: Work,
) -> Result<bool, Failure> {
    let outbox = factory
        .durable(Arc::clone(store), "calculator")
        .pauses(Duration::from_millis(100), Duration::from_secs(2))
        .in_flight(work.in_flight)
        .open()
        .await?;
    tell(&outbox);
    println!("READY");
    let mut under_way = Vec::new();
    for call in calls {
        if book.answer(call)?.is_none() {
            tokio::time::sleep(work.pause).await;
            under_way.push((call, enqueue(&outbox, call).await?));
        }
    }
    for (call, queued) in under_way {
        let in_doubt = outbox.wait_for(|status| status.in_doubt > 0 || status.held.is_some());
        let answer = tokio::select! {
            answer = queued.result() => answer?,
            status = in_doubt => {
                eprintln!("in doubt {}, held: {:?}", status.in_doubt, status.held);
                return Ok(false);
            }
        };
        book.note_answer(call, answer)?;
        // It is in the book: the outbox need not keep it.
        outbox.take(&key(call)).await?;
    }
    outbox.close().await;
    Ok(true)
}

fn key(call: u32) -> String {
    format!("call {call}")
}

/// What is to be answered.
fn expected(call: u32) -> Option<f64> {
    let n1 = f64::from(call);
    match call % 5 {
        0 => Some(n1 + SECOND),
        1 => Some(n1 - SECOND),
        2 => Some(n1 * SECOND),
        3 => Some(n1 / SECOND),
        _ => None,
    }
}

/// A call that is kept, with or without an answer.
enum Kept {
    TwoWay(Queued<f64>),
    OneWay(Queued<()>),
}

impl Kept {
    async fn result(&self) -> Result<Option<f64>, CallError> {
        match self {
            Self::TwoWay(queued) => queued.result().await.map(Some),
            Self::OneWay(queued) => queued.result().await.map(|()| None),
        }
    }
}

async fn enqueue(outbox: &Outbox, call: u32) -> Result<Kept, Failure> {
    let (calls, n1) = (CalculatorCalls::new(outbox), f64::from(call));
    let two_way: Call<f64> = match call % 5 {
        0 => calls.add(n1, SECOND),
        1 => calls.subtract(n1, SECOND),
        2 => calls.multiply(n1, SECOND),
        3 => calls.divide(n1, SECOND),
        _ => {
            let queued = outbox.enqueue(&key(call), calls.note(n1)).await?;
            return Ok(Kept::OneWay(queued));
        }
    };
    Ok(Kept::TwoWay(outbox.enqueue(&key(call), two_way).await?))
}

/// Tells what happens to the session.
fn tell(outbox: &Outbox) {
    let mut events = outbox.events();
    tokio::spawn(async move {
        while let Some(event) = events.next().await {
            if let Ok(
                event @ (OutboxEvent::Connected
                | OutboxEvent::Resumed { .. }
                | OutboxEvent::Disconnected { .. }
                | OutboxEvent::Held { .. }
                | OutboxEvent::InDoubt { .. }
                | OutboxEvent::Reloaded { .. }),
            ) = event
            {
                println!("{event:?}");
            }
        }
    });
}
