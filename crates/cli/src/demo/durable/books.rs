//! The books of the two applications: what the service has booked, and what the client knows of it. Each is a SQLite file of
//! the application itself, which knows nothing of Waxwing's store.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, params};

/// How long somebody waits for the other process that has the file.
const PATIENCE: Duration = Duration::from_secs(10);

fn open(path: &Path, tables: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(tables)?;
    Ok(connection)
}

/// What the call of a number books: an amount that tells it from its neighbours.
pub(super) fn cents(number: u64) -> i64 {
    i64::try_from(number * 7919 % 997).unwrap_or(0) + 1
}

/// What is in the account after the calls up to a number, each once.
pub(super) fn balance(number: u64) -> i64 {
    (1..=number).map(cents).sum()
}

/// What the service has booked.
pub(super) struct ServiceBook(Connection);

/// No unique index: what is booked twice must show.
const ENTRIES: &str = "
    CREATE TABLE IF NOT EXISTS entries (
        place INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, number INTEGER NOT NULL, cents INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS accounts (account TEXT PRIMARY KEY, balance INTEGER NOT NULL);";

impl ServiceBook {
    pub(super) fn open(path: &Path) -> rusqlite::Result<Self> {
        open(path, ENTRIES).map(Self)
    }

    /// For whoever hands out transactions.
    pub(super) fn into_connection(self) -> Connection {
        self.0
    }

    /// What came of `calls` calls of an account.
    pub(super) fn audit(&self, account: &str, calls: u64) -> rusqlite::Result<Audit> {
        let mut audit = Audit { in_order: true, ..Audit::default() };
        let mut statement =
            self.0.prepare("SELECT number FROM entries WHERE account = ?1 ORDER BY place")?;
        let numbers = statement.query_map([account], |row| row.get::<_, i64>(0))?;
        let mut seen = vec![0_u64; usize::try_from(calls).unwrap_or(0) + 1];
        let mut before = 0;
        for number in numbers {
            let number = number?;
            audit.in_order &= number > before;
            before = number;
            match usize::try_from(number).ok().and_then(|number| seen.get_mut(number)) {
                Some(count) => *count += 1,
                None => audit.strange += 1,
            }
        }
        for count in seen.iter().skip(1) {
            audit.lost += u64::from(*count == 0);
            audit.twice += count.saturating_sub(1);
        }
        Ok(audit)
    }
}

/// What the books say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Audit {
    /// Calls that were never booked.
    pub(super) lost: u64,
    /// Bookings beyond the first of a call.
    pub(super) twice: u64,
    /// Bookings of no call.
    pub(super) strange: u64,
    pub(super) in_order: bool,
}

/// Books a call inside a transaction. Gives the balance after it.
pub(super) fn book(
    transaction: &Connection,
    account: &str,
    number: i64,
    cents: i64,
) -> rusqlite::Result<i64> {
    transaction
        .prepare_cached("INSERT INTO entries (account, number, cents) VALUES (?1, ?2, ?3)")?
        .execute(params![account, number, cents])?;
    transaction
        .prepare_cached(
            "INSERT INTO accounts VALUES (?1, ?2) ON CONFLICT DO UPDATE SET balance = balance + ?2 RETURNING balance",
        )?
        .query_row(params![account, cents], |row| row.get(0))
}

/// What the client knows: which calls it has decided on, and what came back.
pub(super) struct ClientBook(Connection);

const ORDERS: &str = "
    CREATE TABLE IF NOT EXISTS orders (
        number INTEGER PRIMARY KEY, begun INTEGER NOT NULL, ended INTEGER, balance INTEGER
    );";

/// What the client's book says at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Answers {
    pub(super) answered: u64,
    /// Answers that are not the balance after their call.
    pub(super) wrong: u64,
    pub(super) longest: Duration,
}

impl ClientBook {
    pub(super) fn open(path: &Path) -> rusqlite::Result<Self> {
        open(path, ORDERS).map(Self)
    }

    /// The last call that was decided on.
    pub(super) fn last(&self) -> rusqlite::Result<u64> {
        let last = self
            .0
            .query_row("SELECT max(number) FROM orders", [], |row| row.get::<_, Option<i64>>(0))?;
        Ok(last.and_then(|last| u64::try_from(last).ok()).unwrap_or(0))
    }

    /// Calls that have no answer yet.
    pub(super) fn open_calls(&self) -> rusqlite::Result<Vec<u64>> {
        let mut statement =
            self.0.prepare("SELECT number FROM orders WHERE ended IS NULL ORDER BY number")?;
        let numbers = statement.query_map([], |row| row.get::<_, i64>(0))?;
        numbers.map(|number| Ok(u64::try_from(number?).unwrap_or(0))).collect()
    }

    /// A call is decided on.
    pub(super) fn decide(&self, number: u64) -> rusqlite::Result<()> {
        self.0
            .prepare_cached("INSERT OR IGNORE INTO orders (number, begun) VALUES (?1, ?2)")?
            .execute(params![i64::try_from(number).unwrap_or(0), now()])?;
        Ok(())
    }

    /// A call was answered. What is known stays.
    pub(super) fn answer(&self, number: u64, balance: Option<i64>) -> rusqlite::Result<()> {
        self.0
            .prepare_cached(
                "UPDATE orders SET ended = coalesce(ended, ?2), balance = coalesce(balance, ?3) WHERE number = ?1",
            )?
            .execute(params![i64::try_from(number).unwrap_or(0), now(), balance])?;
        Ok(())
    }

    /// What came of `calls` calls.
    pub(super) fn answers(&self) -> rusqlite::Result<Answers> {
        let mut answers = Answers::default();
        let mut statement = self
            .0
            .prepare("SELECT number, ended - begun, balance FROM orders WHERE ended IS NOT NULL")?;
        let rows = statement.query_map([], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, Option<i64>>(2)?))
        })?;
        for row in rows {
            let (number, took, said) = row?;
            answers.answered += 1;
            let right = balance(u64::try_from(number).unwrap_or(0));
            answers.wrong += u64::from(said.is_some_and(|said| said != right));
            let took = Duration::from_micros(u64::try_from(took).unwrap_or(0));
            answers.longest = answers.longest.max(took);
        }
        Ok(answers)
    }

    /// What somebody has noted of this client under a word.
    pub(super) fn noted(&self, word: &str) -> rusqlite::Result<Option<i64>> {
        self.0.execute_batch(
            "CREATE TABLE IF NOT EXISTS notes (word TEXT PRIMARY KEY, value INTEGER)",
        )?;
        self.0
            .query_row("SELECT value FROM notes WHERE word = ?1", [word], |row| row.get(0))
            .optional()
    }

    pub(super) fn note(&self, word: &str, value: i64) -> rusqlite::Result<()> {
        self.0.execute_batch(
            "CREATE TABLE IF NOT EXISTS notes (word TEXT PRIMARY KEY, value INTEGER)",
        )?;
        self.0.execute("INSERT OR REPLACE INTO notes VALUES (?1, ?2)", params![word, value])?;
        Ok(())
    }
}

/// The time of day in microseconds: a call may outlive its process.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn booked(numbers: &[i64]) -> Audit {
        let folder = tempfile::tempdir().expect("a folder");
        let books = ServiceBook::open(&folder.path().join("service.db")).expect("opened");
        for number in numbers {
            book(&books.0, "a", *number, 1).expect("booked");
        }
        books.audit("a", 4).expect("read")
    }

    #[test]
    fn what_is_wrong_in_the_books_shows() {
        let good = Audit { in_order: true, ..Audit::default() };
        assert_eq!(booked(&[1, 2, 3, 4]), good);
        assert_eq!(booked(&[1, 2, 4]), Audit { lost: 1, ..good });
        assert_eq!(booked(&[1, 2, 2, 3, 4]), Audit { twice: 1, in_order: false, ..good });
        assert_eq!(booked(&[1, 3, 2, 4]), Audit { in_order: false, ..good });
        assert_eq!(booked(&[1, 2, 3, 4, 9]), Audit { strange: 1, ..good });
    }

    #[test]
    fn a_wrong_answer_shows() {
        let folder = tempfile::tempdir().expect("a folder");
        let books = ClientBook::open(&folder.path().join("client.db")).expect("opened");
        for number in 1..=3 {
            books.decide(number).expect("decided");
        }
        books.answer(1, Some(balance(1))).expect("answered");
        books.answer(2, Some(balance(2) + 1)).expect("answered");
        let answers = books.answers().expect("read");
        assert_eq!((answers.answered, answers.wrong), (2, 1));
        assert_eq!(books.open_calls().expect("read"), [3]);
        assert_eq!(books.last().expect("read"), 3);
    }
}
