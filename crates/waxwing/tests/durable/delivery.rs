//! What an operation's `delivery` promises when the process dies in the middle of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use waxwing::binding::{SecurityMode, ServiceBehavior, TimeSpan, WsHttpBinding};
use waxwing::contract::{DELIVERY, OperationContext, OperationFault, service_contract};
use waxwing::net::memory::Memory;
use waxwing::store::MemoryStore;
use waxwing::store::application::{
    ApplicationTransactions, Begun, Mark, SqliteTransaction, SqliteTransactions,
};
use waxwing::{ChannelFactory, ServiceHost, ServiceHostBuilder, ServiceInstances};
use waxwing_store::{BoxFuture, StoreError};

use crate::kit::{Kind, LedgerClient, TapeClient, World, until};

#[tokio::test]
async fn at_least_once_is_executed_again_with_its_key() {
    let mut world = World::ledger(Kind::Plain).await;
    let channel = world.factory().open_channel().await.unwrap();
    let client = LedgerClient::new(channel.clone());
    client.add(1).await.unwrap();
    let slow = tokio::spawn(async move { client.slow(2, 400).await });
    until("it runs", || world.effects.begun.load(Ordering::SeqCst) == 2).await;
    world.restart().await;
    assert_eq!(slow.await.unwrap().unwrap(), 3);
    assert_eq!(world.effects.entries(), [1, 2], "the first time had no effect");
    let keys = world.effects.keys();
    assert_eq!(keys.len(), 3);
    assert_eq!(keys[1].0, keys[2].0, "the same message has the same key: {keys:?}");
    assert_ne!(keys[0].0, keys[1].0);
    channel.close().await.unwrap();
}

/// Its client hears that it is in doubt, the session goes on, and the message is among the dead letters.
#[tokio::test]
async fn at_most_once_is_in_doubt_after_a_crash() {
    for kind in [Kind::Plain, Kind::Negotiated11] {
        let mut world = World::ledger(kind).await;
        let channel = world.factory().open_channel().await.unwrap();
        let client = LedgerClient::new(channel.clone());
        assert_eq!(client.once(1, 0).await.unwrap(), 1);
        let caller = LedgerClient::new(channel.clone());
        let slow = tokio::spawn(async move { caller.once(2, 60_000).await });
        until("it runs", || world.effects.begun.load(Ordering::SeqCst) == 2).await;
        world.restart().await;
        let error = slow.await.unwrap().unwrap_err();
        let code = error.fault().and_then(|fault| fault.subcode()).expect("a fault").clone();
        assert_eq!((&*code.namespace, &*code.local), (DELIVERY, "InDoubt"), "{error}");
        assert_eq!(client.add(3).await.unwrap(), 4, "{kind:?}: the session goes on");
        let kept = world.host().statistics().kept;
        assert_eq!((kept.in_doubt, kept.dead_letters), (1, 1));
        let letters = world.host().dead_letters(None, 10).await.unwrap();
        let [letter] = &letters[..] else { panic!("one: {letters:?}") };
        assert_eq!((letter.number(), letter.action()), (2, "urn:ledger/ILedger/Once"));
        assert_eq!(letter.caller() == "alice", kind.is_secure(), "{letter:?}");
        // A restart keeps it, and somebody deals with it.
        world.restart().await;
        let host = world.host();
        assert_eq!(host.dead_letters(None, 10).await.unwrap().len(), 1);
        assert!(host.settle_dead_letter(letter.id()).await.unwrap());
        assert!(!host.settle_dead_letter(letter.id()).await.unwrap(), "somebody has");
        assert!(host.dead_letters(None, 10).await.unwrap().is_empty());
        channel.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_message_that_kills_the_process_is_given_up() {
    let mut world = World::tape(Kind::Plain11).await;
    let channel = world.factory().open_channel().await.unwrap();
    let client = TapeClient::new(&channel);
    client.slow_put(7, 60_000).await.unwrap();
    client.put(8).await.unwrap();
    // The first time is not recorded; then five are.
    for begun in 1..=6 {
        until("it runs", || world.effects.begun.load(Ordering::SeqCst) == begun).await;
        world.restart().await;
    }
    until("the next one has its turn", || world.effects.entries() == [8]).await;
    let attempts: Vec<_> = world.effects.keys().iter().map(|(_, attempt)| *attempt).collect();
    assert_eq!(attempts[..6], [1, 1, 2, 3, 4, 5]);
    let letters = world.host().dead_letters(None, 10).await.unwrap();
    let [letter] = &letters[..] else { panic!("one: {letters:?}") };
    assert!(letter.reason().contains("5 times"), "{letter:?}");
    channel.close().await.unwrap();
    // It can be executed again when its cause is mended: the program says so.
    let begun = world.effects.begun.load(Ordering::SeqCst);
    let host = world.host.take().unwrap();
    let id = letter.id().to_owned();
    let again = tokio::spawn(async move {
        let done = host.redeliver_dead_letter(&id).await;
        (host, done)
    });
    until("it runs", || world.effects.begun.load(Ordering::SeqCst) == begun + 1).await;
    again.abort();
}

/// That a process ends as it should is not the fault of what runs in it: the message is begun again however often that happens.
#[tokio::test]
async fn an_orderly_end_is_no_death() {
    let mut world = World::tape(Kind::Plain).await;
    let channel = world.factory().open_channel().await.unwrap();
    TapeClient::new(&channel).slow_put(7, 120_000).await.unwrap();
    for begun in 1..=2 {
        until("it runs", || world.effects.begun.load(Ordering::SeqCst) == begun).await;
        assert!(!world.host.take().unwrap().close().await, "it runs even then, and is given up");
        world.store = world.store.restarted();
        let builder = world.builder().max_attempts(1);
        world.host = Some(builder.open(world.instances()).await.unwrap());
    }
    until("it runs", || world.effects.begun.load(Ordering::SeqCst) == 3).await;
    assert!(world.host().dead_letters(None, 10).await.unwrap().is_empty());
    // A death is one.
    world.kill();
    let builder = world.builder().max_attempts(1);
    world.host = Some(builder.open(world.instances()).await.unwrap());
    until("it is given up", || world.host().statistics().kept.dead_letters == 1).await;
    channel.abort("it is over");
}

/// The application's database.
#[service_contract(namespace = "urn:shop", name = "IShop")]
trait Shop {
    #[operation(delivery = "transaction")]
    async fn sell(
        &self,
        ctx: &OperationContext,
        item: i32,
        waits: bool,
    ) -> Result<i64, OperationFault>;
    #[operation(delivery = "transaction")]
    async fn refuse(
        &self,
        ctx: &OperationContext,
        item: i32,
        stands: bool,
    ) -> Result<(), OperationFault>;
}

#[derive(Clone)]
struct Till(Arc<AtomicU64>);

async fn write(ctx: &OperationContext, item: i32) -> Result<i64, OperationFault> {
    let transaction = ctx.transaction::<SqliteTransaction>().expect("a transaction");
    let sum = transaction.run(move |c| {
        c.execute("INSERT INTO sales VALUES (?1)", [item])?;
        c.query_row("SELECT count(*) FROM sales", [], |row| row.get(0))
    });
    Ok(sum.await?)
}

impl Shop for Till {
    async fn sell(
        &self,
        ctx: &OperationContext,
        item: i32,
        waits: bool,
    ) -> Result<i64, OperationFault> {
        let count = write(ctx, item).await?;
        let first = self.0.fetch_add(1, Ordering::SeqCst) == 0;
        if waits && first {
            std::future::pending::<()>().await;
        }
        Ok(count)
    }
    async fn refuse(
        &self,
        ctx: &OperationContext,
        item: i32,
        stands: bool,
    ) -> Result<(), OperationFault> {
        write(ctx, item).await?;
        let fault = OperationFault::new("sold out");
        Err(if stands { fault.committed() } else { fault })
    }
}

struct Store {
    folder: tempfile::TempDir,
    memory: Memory,
    store: MemoryStore,
    begun: Arc<AtomicU64>,
}

fn binding() -> WsHttpBinding {
    WsHttpBinding::new(SecurityMode::None, true).send_timeout(TimeSpan::seconds(30))
}

const SHOP: &str = "http://shop.example/shop";

impl Store {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let connection = rusqlite::Connection::open(folder.path().join("shop.db")).unwrap();
        connection.execute_batch("CREATE TABLE sales (item INTEGER)").unwrap();
        Self { folder, memory: Memory::new(), store: MemoryStore::default(), begun: Arc::default() }
    }

    fn builder(&self) -> ServiceHostBuilder {
        let behavior = ServiceBehavior::default();
        let builder = ServiceHostBuilder::new().endpoint(binding(), SHOP, &SHOP_CONTRACT, behavior);
        builder.unwrap().listener(self.memory.clone())
    }

    async fn open(&self) -> ServiceHost {
        let database = SqliteTransactions::open(self.folder.path().join("shop.db")).unwrap();
        let builder = self.builder().store(self.store.clone()).application_transactions(database);
        builder.open(self.instances()).await.unwrap()
    }

    fn instances(&self) -> ServiceInstances {
        ServiceInstances::single(ShopService::new(Till(Arc::clone(&self.begun))))
    }

    fn count(&self, table: &str) -> i64 {
        let connection = rusqlite::Connection::open(self.folder.path().join("shop.db")).unwrap();
        let sql = format!("SELECT count(*) FROM {table}");
        connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    }
}

#[tokio::test]
async fn a_transaction_is_executed_exactly_once() {
    let mut all = Store::new();
    let host = all.open().await;
    let factory = ChannelFactory::new(binding(), SHOP, &SHOP_CONTRACT).unwrap();
    let channel = factory.transport(all.memory.clone()).open_channel().await.unwrap();
    let client = ShopClient::new(channel.clone());
    // Killed before its commit: nothing of it happened, and it is executed again.
    let caller = client.clone();
    let sold = tokio::spawn(async move { caller.sell(1, true).await });
    let begun = Arc::clone(&all.begun);
    until("it runs", || begun.load(Ordering::SeqCst) == 1).await;
    drop(host);
    all.store = all.store.restarted();
    let host = all.open().await;
    assert_eq!(sold.await.unwrap().unwrap(), 1);
    assert_eq!((all.count("sales"), all.begun.load(Ordering::SeqCst)), (1, 2));
    // Killed between its commit and the store's: it is not executed again, and the same is answered.
    all.store.hold();
    let caller = client.clone();
    let sold = tokio::spawn(async move { caller.sell(2, false).await });
    // After a restart the start of what may have been running is recorded first.
    until("it begins", || all.store.waiting() == 1).await;
    all.store.proceed(1);
    until("it is committed", || all.count("sales") == 2).await;
    drop(host);
    all.store = all.store.restarted();
    all.store.let_go();
    let host = all.open().await;
    assert_eq!(sold.await.unwrap().unwrap(), 2);
    assert_eq!((all.count("sales"), all.begun.load(Ordering::SeqCst)), (2, 3));
    // A fault takes back what was written, unless it is an answer that stands.
    for (stands, sales) in [(false, 2), (true, 3)] {
        let fault = client.refuse(3, stands).await.unwrap_err();
        assert!(fault.to_string().contains("sold out"), "{fault}");
        assert_eq!(all.count("sales"), sales);
    }
    channel.close().await.unwrap();
    assert!(host.close().await);
}

#[tokio::test]
async fn a_transaction_needs_what_it_needs() {
    let all = Store::new();
    let database = || SqliteTransactions::open(all.folder.path().join("shop.db")).unwrap();
    for builder in [
        all.builder(),
        all.builder().store(all.store.clone()),
        all.builder().application_transactions(database()),
    ] {
        let error = builder.open(all.instances()).await.unwrap_err().to_string();
        assert!(error.contains("Sell") && error.contains("application_transactions"), "{error}");
    }
    tokio::time::sleep(Duration::ZERO).await;
}

/// A database that is away for a while, and counts who asks.
struct Away {
    database: SqliteTransactions,
    is_away: Arc<AtomicBool>,
    asked: Arc<AtomicU64>,
}

impl ApplicationTransactions for Away {
    fn begin(&self, mark: &Mark) -> BoxFuture<'_, Result<Begun, StoreError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.is_away.load(Ordering::SeqCst) {
            let text = "the database is away".to_owned();
            return Box::pin(std::future::ready(Err(StoreError::Unavailable(text))));
        }
        self.database.begin(mark)
    }

    fn forget(&self, session: &str, through: u64) -> BoxFuture<'_, Result<(), StoreError>> {
        self.database.forget(session, through)
    }

    fn expire(
        &self,
        before: jiff::Timestamp,
        limit: usize,
    ) -> BoxFuture<'_, Result<usize, StoreError>> {
        self.database.expire(before, limit)
    }
}

/// Only deaths of the process count: a database that is away for a while makes no dead letters.
#[tokio::test]
async fn an_outage_of_the_applications_database_gives_no_message_up() {
    let all = Store::new();
    let (is_away, asked) = (Arc::new(AtomicBool::new(true)), Arc::<AtomicU64>::default());
    let database = SqliteTransactions::open(all.folder.path().join("shop.db")).unwrap();
    let away = Away { database, is_away: Arc::clone(&is_away), asked: Arc::clone(&asked) };
    let builder = all.builder().store(all.store.clone()).application_transactions(away);
    let host = builder.max_attempts(1).open(all.instances()).await.unwrap();
    let factory = ChannelFactory::new(binding(), SHOP, &SHOP_CONTRACT).unwrap();
    let channel = factory.transport(all.memory.clone()).open_channel().await.unwrap();
    let client = ShopClient::new(channel.clone());
    let caller = client.clone();
    let sold = tokio::spawn(async move { caller.sell(1, false).await });
    until("it is asked three times", || asked.load(Ordering::SeqCst) >= 3).await;
    is_away.store(false, Ordering::SeqCst);
    assert_eq!(sold.await.unwrap().unwrap(), 1);
    assert!(host.dead_letters(None, 10).await.unwrap().is_empty());
    assert_eq!(all.count("sales"), 1);
    channel.close().await.unwrap();
}
