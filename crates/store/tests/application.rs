//! Transactions of an application in SQLite: a mark with the effects, or neither.

#![cfg(feature = "sqlite")]
#![allow(clippy::disallowed_methods, missing_docs)]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use waxwing_store::Outcome;
use waxwing_store::application::{
    ApplicationTransaction, ApplicationTransactions, Begun, Mark, SqliteTransaction,
    SqliteTransactions,
};

fn mark(number: u64) -> Mark {
    Mark { session: "urn:session".into(), number }
}

fn database() -> (tempfile::TempDir, SqliteTransactions) {
    let folder = tempfile::tempdir().unwrap();
    let connection = rusqlite::Connection::open(folder.path().join("shop.db")).unwrap();
    connection.execute_batch("CREATE TABLE effects (number INTEGER)").unwrap();
    (folder, SqliteTransactions::new(connection).unwrap())
}

fn count(folder: &tempfile::TempDir, table: &str) -> i64 {
    let connection = rusqlite::Connection::open(folder.path().join("shop.db")).unwrap();
    let sql = format!("SELECT count(*) FROM {table}");
    connection.query_row(&sql, [], |row| row.get(0)).unwrap()
}

async fn open(all: &SqliteTransactions, number: u64) -> Box<dyn ApplicationTransaction> {
    match all.begin(&mark(number)).await.unwrap() {
        Begun::Open(open) => open,
        Begun::Executed(_) => panic!("{number} was executed"),
    }
}

fn handle(open: &dyn ApplicationTransaction) -> Arc<SqliteTransaction> {
    open.handle().downcast().unwrap()
}

async fn write(handle: &SqliteTransaction, number: i64) -> rusqlite::Result<usize> {
    handle.run(move |c| c.execute("INSERT INTO effects VALUES (?1)", [number])).await
}

#[tokio::test]
async fn effects_and_mark_are_one() {
    let (folder, all) = database();
    let first = open(&all, 1).await;
    let own = handle(&*first);
    write(&own, 1).await.unwrap();
    assert_eq!(count(&folder, "effects"), 0, "nobody sees it before the commit");
    assert!(first.commit(Bytes::from_static(b"reply")).await.is_done());
    assert_eq!((count(&folder, "effects"), count(&folder, "waxwing_inbox")), (1, 1));
    write(&own, 9).await.expect_err("the transaction has ended");
    match all.begin(&mark(1)).await.unwrap() {
        Begun::Executed(reply) => assert_eq!(&reply[..], b"reply"),
        Begun::Open(_) => panic!("it was executed"),
    }
    // Rolled back, dropped, given up: nothing is left, and the next one begins.
    let second = open(&all, 2).await;
    write(&handle(&*second), 2).await.unwrap();
    second.rollback().await;
    let third = open(&all, 2).await;
    write(&handle(&*third), 2).await.unwrap();
    drop(third);
    drop(open(&all, 2).await);
    assert_eq!((count(&folder, "effects"), count(&folder, "waxwing_inbox")), (1, 1));
}

#[tokio::test]
async fn who_gives_up_waiting_leaves_nothing_open() {
    let (folder, all) = database();
    let held = open(&all, 1).await;
    let patience = Duration::from_millis(20);
    tokio::time::timeout(patience, all.begin(&mark(2))).await.expect_err("one at a time");
    write(&handle(&*held), 1).await.unwrap();
    assert!(held.commit(Bytes::new()).await.is_done());
    // Begun, and dropped before it was known.
    for _ in 0..50 {
        let mut begin = all.begin(&mark(2));
        let waker = std::task::Waker::noop();
        let _ = begin.as_mut().poll(&mut std::task::Context::from_waker(waker));
        drop(begin);
    }
    let next = open(&all, 2).await;
    write(&handle(&*next), 2).await.unwrap();
    assert!(next.commit(Bytes::new()).await.is_done());
    assert_eq!(count(&folder, "effects"), 2);
}

#[tokio::test]
async fn a_panic_or_an_end_by_the_operation_is_no_effect() {
    let (folder, all) = database();
    let first = open(&all, 1).await;
    let own = handle(&*first);
    write(&own, 1).await.unwrap();
    own.run(|_| -> rusqlite::Result<()> { panic!("the closure panics") }).await.unwrap_err();
    first.rollback().await;
    let second = open(&all, 1).await;
    handle(&*second).run(|c| c.execute_batch("ROLLBACK")).await.unwrap();
    let outcome = second.commit(Bytes::new()).await;
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    assert_eq!((count(&folder, "effects"), count(&folder, "waxwing_inbox")), (0, 0));
    assert!(open(&all, 1).await.commit(Bytes::new()).await.is_done());
}

#[tokio::test]
async fn two_processes_execute_a_message_once() {
    let (folder, one) = database();
    let other = SqliteTransactions::open(folder.path().join("shop.db")).unwrap();
    let (mine, his) = (open(&one, 1).await, {
        let other = other.clone();
        tokio::spawn(async move { other.begin(&mark(1)).await.unwrap() })
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    write(&handle(&*mine), 1).await.unwrap();
    assert!(mine.commit(Bytes::from_static(b"mine")).await.is_done());
    assert!(matches!(his.await.unwrap(), Begun::Executed(reply) if &reply[..] == b"mine"));
}

#[tokio::test]
async fn marks_are_removed() {
    let (folder, all) = database();
    for number in 1..=5 {
        assert!(open(&all, number).await.commit(Bytes::new()).await.is_done());
    }
    all.forget("urn:session", 2).await.unwrap();
    all.forget("urn:other", u64::MAX).await.unwrap();
    assert_eq!(count(&folder, "waxwing_inbox"), 3);
    let hour = jiff::SignedDuration::from_hours(1);
    assert_eq!(all.expire(jiff::Timestamp::now() - hour, 10).await.unwrap(), 0);
    assert_eq!(all.expire(jiff::Timestamp::now() + hour, 2).await.unwrap(), 2);
    assert_eq!(count(&folder, "waxwing_inbox"), 1);
}
