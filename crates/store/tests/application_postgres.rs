//! Transactions of an application in PostgreSQL: a mark with the effects, or neither.

#![cfg(feature = "postgres")]
#![allow(clippy::disallowed_methods, missing_docs)]

mod database;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use database::{Server, missing, schema};
use jiff::Timestamp;
use waxwing_store::application::postgres::{TransactionError, add, enqueue, find};
use waxwing_store::application::{
    ApplicationOutbox, ApplicationSettings, ApplicationTransaction, ApplicationTransactions, Begun,
    Mark, PostgresTransaction, PostgresTransactions, WaitingCall,
};
use waxwing_store::{Outcome, StoreError};

fn mark(number: u64) -> Mark {
    Mark { session: "urn:session".into(), number }
}

/// A database with a table of effects.
struct Shop {
    server: Arc<Server>,
    address: String,
    all: PostgresTransactions,
}

impl Shop {
    async fn open(server: Arc<Server>) -> Self {
        let name = schema();
        let client = server.client().await;
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        let base = server.address.strip_suffix("/postgres").expect("its database");
        let address = format!("{base}/{name}");
        let all =
            PostgresTransactions::open(ApplicationSettings::new(address.clone())).await.unwrap();
        let shop = Self { server, address, all };
        shop.client()
            .await
            .batch_execute("CREATE TABLE effects (number bigint UNIQUE)")
            .await
            .unwrap();
        shop
    }

    async fn client(&self) -> tokio_postgres::Client {
        let (client, connection) =
            tokio_postgres::connect(&self.address, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// How many effects and marks there are.
    async fn count(&self) -> (i64, i64) {
        let sql = "SELECT (SELECT count(*) FROM effects), (SELECT count(*) FROM waxwing_inbox)";
        let row = self.client().await.query_one(sql, &[]).await.unwrap();
        (row.get(0), row.get(1))
    }

    async fn begin(&self, number: u64) -> Box<dyn ApplicationTransaction> {
        match self.all.begin(&mark(number)).await.unwrap() {
            Begun::Open(open) => open,
            Begun::Executed(_) => panic!("{number} was executed"),
        }
    }
}

fn handle(open: &dyn ApplicationTransaction) -> Arc<PostgresTransaction> {
    open.handle().downcast().unwrap()
}

async fn write(handle: &PostgresTransaction, number: i64) -> Result<u64, TransactionError> {
    handle.execute("INSERT INTO effects VALUES ($1)", &[&number]).await
}

#[tokio::test]
async fn effects_and_mark_are_one() {
    if missing() {
        return;
    }
    let shop = Shop::open(Server::shared()).await;
    let first = shop.begin(1).await;
    let own = handle(&*first);
    write(&own, 1).await.unwrap();
    assert_eq!(shop.count().await, (0, 0), "nobody sees it before the commit");
    assert!(first.commit(Bytes::from_static(b"reply")).await.is_done());
    assert_eq!(shop.count().await, (1, 1));
    assert!(matches!(write(&own, 9).await, Err(TransactionError::Ended)));
    match shop.all.begin(&mark(1)).await.unwrap() {
        Begun::Executed(reply) => assert_eq!(&reply[..], b"reply"),
        Begun::Open(_) => panic!("it was executed"),
    }
    // Rolled back, dropped, given up: nothing is left, and the next one begins.
    let second = shop.begin(2).await;
    write(&handle(&*second), 2).await.unwrap();
    second.rollback().await;
    for _ in 0..40 {
        let third = shop.begin(2).await;
        write(&handle(&*third), 2).await.unwrap();
        drop(third);
    }
    assert_eq!(shop.count().await, (1, 1));
    let again = shop.begin(2).await;
    write(&handle(&*again), 2).await.unwrap();
    assert!(again.commit(Bytes::new()).await.is_done());
    assert_eq!(shop.count().await, (2, 2));
}

#[tokio::test]
async fn two_that_execute_a_message_at_once_do_it_once() {
    if missing() {
        return;
    }
    let shop = Shop::open(Server::shared()).await;
    let (mine, his) = (shop.begin(1).await, shop.begin(1).await);
    write(&handle(&*mine), 1).await.unwrap();
    write(&handle(&*his), 2).await.unwrap();
    let (one, other) =
        tokio::join!(mine.commit(Bytes::from_static(b"a")), his.commit(Bytes::from_static(b"b")));
    let done = [&one, &other].iter().filter(|outcome| outcome.is_done()).count();
    let exists = [&one, &other].iter().filter(|o| matches!(o, Outcome::Exists(1))).count();
    assert_eq!((done, exists), (1, 1), "{one:?} {other:?}");
    assert_eq!(shop.count().await, (1, 1));
}

#[tokio::test]
async fn an_error_of_the_database_or_an_end_by_the_operation_is_no_effect() {
    if missing() {
        return;
    }
    let shop = Shop::open(Server::shared()).await;
    let first = shop.begin(1).await;
    write(&handle(&*first), 1).await.unwrap();
    write(&handle(&*first), 1).await.expect_err("it is unique");
    // The operation did not mind; the database does.
    let outcome = first.commit(Bytes::new()).await;
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    assert_eq!(shop.count().await, (0, 0));
    for end in ["ROLLBACK", "COMMIT", "ROLLBACK; BEGIN"] {
        let second = shop.begin(2).await;
        handle(&*second).batch_execute(end).await.unwrap();
        let outcome = second.commit(Bytes::new()).await;
        let told = matches!(&outcome, Outcome::Refused(StoreError::Configuration(text)) if text.contains("must not execute"));
        assert!(told, "{end}: {outcome:?}");
        assert_eq!(shop.count().await, (0, 0), "{end}");
    }
    let third = shop.begin(1).await;
    write(&handle(&*third), 1).await.unwrap();
    assert!(third.commit(Bytes::new()).await.is_done());
}

#[tokio::test]
async fn a_statement_that_still_runs_is_waited_for() {
    if missing() {
        return;
    }
    let shop = Shop::open(Server::shared()).await;
    let first = shop.begin(1).await;
    let own = handle(&*first);
    let slow = tokio::spawn(async move {
        own.execute("INSERT INTO effects SELECT 1 FROM pg_sleep(0.3)", &[]).await
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(first.commit(Bytes::new()).await.is_done());
    assert_eq!(slow.await.unwrap().unwrap(), 1);
    assert_eq!(shop.count().await, (1, 1));
}

#[tokio::test]
async fn marks_are_forgotten() {
    if missing() {
        return;
    }
    let shop = Shop::open(Server::shared()).await;
    for number in 1..=5 {
        assert!(shop.begin(number).await.commit(Bytes::new()).await.is_done());
    }
    shop.all.forget("urn:session", 2).await.unwrap();
    shop.all.forget("urn:other", 5).await.unwrap();
    assert_eq!(shop.count().await, (0, 3));
    let now = Timestamp::now();
    let past = now - jiff::SignedDuration::from_hours(1);
    assert_eq!(shop.all.expire(past, 10).await.unwrap(), 0);
    let future = now + jiff::SignedDuration::from_hours(1);
    assert_eq!(shop.all.expire(future, 2).await.unwrap(), 2);
    assert_eq!(shop.all.expire(future, 2).await.unwrap(), 1);
    // In a transaction of the application's own.
    let mut client = shop.client().await;
    let transaction = client.transaction().await.unwrap();
    assert_eq!(find(&transaction, &mark(7)).await.unwrap(), None);
    assert!(add(&transaction, &mark(7), b"own").await.unwrap());
    assert!(!add(&transaction, &mark(7), b"own").await.unwrap());
    transaction.commit().await.unwrap();
    assert_eq!(find(&client, &mark(7)).await.unwrap(), Some(Bytes::from_static(b"own")));
}

#[tokio::test]
async fn calls_wait_for_the_transaction_that_enqueued_them() {
    if missing() {
        return;
    }
    let shop = Shop::open(Server::shared()).await;
    let waiting = async |outbox: &str, limit| {
        let waiting = shop.all.waiting(outbox, limit).await.unwrap();
        let place = |call: &WaitingCall| call.place;
        assert!(waiting.is_sorted_by_key(place));
        waiting
    };
    let first = shop.begin(1).await;
    write(&handle(&*first), 1).await.unwrap();
    assert!(handle(&*first).enqueue("bank", "order 1", b"pay").await.unwrap());
    assert_eq!(waiting("bank", 10).await, []);
    assert!(first.commit(Bytes::new()).await.is_done());
    let mut client = shop.client().await;
    let own = client.transaction().await.unwrap();
    assert!(enqueue(&own, "bank", "order 2", b"pay").await.unwrap());
    assert!(!enqueue(&own, "bank", "order 1", b"pay twice").await.unwrap());
    assert!(enqueue(&own, "post", "order 1", b"send").await.unwrap());
    own.commit().await.unwrap();
    let second = shop.begin(2).await;
    assert!(handle(&*second).enqueue("bank", "order 3", b"pay").await.unwrap());
    second.rollback().await;
    let calls = waiting("bank", 10).await;
    let keys: Vec<_> = calls.iter().map(|call| (call.key.as_str(), &call.body[..])).collect();
    assert_eq!(keys, [("order 1", &b"pay"[..]), ("order 2", b"pay")]);
    assert_eq!(waiting("bank", 1).await, calls[..1]);
    shop.all.moved("post", &[calls[0].place]).await.unwrap();
    shop.all.moved("bank", &[calls[0].place]).await.unwrap();
    assert_eq!(waiting("bank", 10).await, calls[1..]);
    assert_eq!(waiting("post", 10).await.len(), 1);
}

#[tokio::test]
async fn a_server_that_crashes_leaves_both_or_neither() {
    if missing() {
        return;
    }
    let shop = Shop::open(Server::start()).await;
    let before = shop.begin(1).await;
    write(&handle(&*before), 1).await.unwrap();
    shop.server.crash();
    let outcome = before.commit(Bytes::new()).await;
    assert!(matches!(outcome, Outcome::Unknown(_) | Outcome::Refused(_)), "{outcome:?}");
    assert!(matches!(shop.all.begin(&mark(1)).await, Err(StoreError::Unavailable(_))));
    shop.server.begin();
    let again = shop.begin(1).await;
    write(&handle(&*again), 1).await.unwrap();
    assert!(again.commit(Bytes::new()).await.is_done());
    assert_eq!(shop.count().await, (1, 1));
}
