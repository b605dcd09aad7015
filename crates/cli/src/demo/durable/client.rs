//! The client as a process of its own: an ordinary one, which knows of no store, or one with an outbox.

use std::future::poll_fn;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use waxwing::contract::{CallError, ContractDescription};
use waxwing::outbox::Outbox;
use waxwing::store::Store;
use waxwing::{ChannelFactory, ClientChannel, ConfigurationFile};

use super::books::{ClientBook, cents};
use super::failure::Failure;
use super::files::LaneFolder;
use super::ledger::{INBOX_CONTRACT, InboxClient, LEDGER_CONTRACT, LedgerClient};
use super::service::say;
use super::stores::Place;

/// What a client is to do.
#[derive(clap::Args)]
pub(super) struct Task {
    /// The account that it books into
    #[arg(long)]
    account: String,
    /// How many calls
    #[arg(long)]
    calls: u64,
    /// Only calls without an answer
    #[arg(long)]
    one_way: bool,
    /// With an outbox: it survives being killed
    #[arg(long)]
    outbox: bool,
}

/// Of the calls of a session with answers one in so many has none.
const ONE_WAY: u64 = 5;
/// How often a channel is opened again.
const OPENINGS: u32 = 50;
/// The pause before that.
const PAUSE: Duration = Duration::from_millis(100);
/// How often the client looks whether it may end.
const LOOK: Duration = Duration::from_millis(20);
/// So many calls of an outbox wait for their results.
const WAITING: usize = 16;

/// Calls until everything was answered.
pub(super) async fn call(folder: &Path, task: &Task, place: &Place) -> Result<(), Failure> {
    let folder = LaneFolder::new(folder);
    let config = ConfigurationFile::load(folder.client_config())?;
    let (endpoint, contract): (_, &'static ContractDescription) = match task.one_way {
        true => ("inbox", &INBOX_CONTRACT),
        false => ("ledger", &LEDGER_CONTRACT),
    };
    let factory = ChannelFactory::from_config(&config, endpoint, contract)?;
    let book = ClientBook::open(&folder.client_book())?;
    match task.outbox {
        true => {
            let store = place.open(&folder, "client", String::new()).await?;
            deliver(&factory, &folder, store.shared(), book, task).await?;
        }
        false => call_at_once(&factory, &folder, &book, task).await?,
    }
    say("DONE");
    Ok(())
}

/// One call after the other over an ordinary channel.
async fn call_at_once(
    factory: &ChannelFactory,
    folder: &LaneFolder,
    book: &ClientBook,
    task: &Task,
) -> Result<(), Failure> {
    let channel = open(factory).await?;
    say("READY");
    for number in 1..=task.calls {
        turn(folder, task, number).await;
        book.decide(number)?;
        let balance = one(&channel, task, number).await?;
        book.answer(number, balance)?;
    }
    channel.close().await?;
    Ok(())
}

/// Waits until a call may be made: the last one not before every kill.
async fn turn(folder: &LaneFolder, task: &Task, number: u64) {
    while number == task.calls && !folder.finale().exists() {
        tokio::time::sleep(LOOK).await;
    }
}

/// Opens a channel. A service that is not there at that moment is tried again, as every program does: nothing has begun.
async fn open(factory: &ChannelFactory) -> Result<ClientChannel, Failure> {
    let mut attempts = OPENINGS;
    loop {
        match factory.open_channel().await {
            Ok(channel) => return Ok(channel),
            Err(error) if attempts == 0 => return Err(error.into()),
            Err(_) => attempts -= 1,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// One call of an ordinary channel. Gives the balance, where it is told.
async fn one(channel: &ClientChannel, task: &Task, number: u64) -> Result<Option<i64>, CallError> {
    let (account, cents) = (task.account.clone(), cents(number));
    let signed = i64::try_from(number).unwrap_or(i64::MAX);
    if task.one_way {
        InboxClient::new(channel).post(account, signed, cents).await?;
        return Ok(None);
    }
    let client = LedgerClient::new(channel);
    if number.is_multiple_of(ONE_WAY) {
        client.send(account, signed, cents).await?;
        return Ok(None);
    }
    client.book(account, signed, cents).await.map(Some)
}

/// The client's book, which several tasks write.
#[derive(Clone)]
struct Book(Arc<Mutex<ClientBook>>);

impl Book {
    fn lock(&self) -> MutexGuard<'_, ClientBook> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls through an outbox. What an earlier life has decided on is enqueued again, under the same keys: whether it was enqueued then
/// nobody needs to know.
async fn deliver(
    factory: &ChannelFactory,
    folder: &LaneFolder,
    store: Arc<dyn Store>,
    book: ClientBook,
    task: &Task,
) -> Result<(), Failure> {
    let outbox = factory.durable(store, "demo").open().await?;
    say("READY");
    let (undone, last) = (book.open_calls()?, book.last()?);
    let book = Book(Arc::new(Mutex::new(book)));
    let places = Arc::new(Semaphore::new(WAITING));
    let mut waiting = JoinSet::new();
    for number in undone.into_iter().chain(last + 1..=task.calls) {
        turn(folder, task, number).await;
        let place = Arc::clone(&places).acquire_owned().await?;
        while let Some(ended) = waiting.try_join_next() {
            ended??;
        }
        book.lock().decide(number)?;
        enqueue(&outbox, &book, task, number, place, &mut waiting).await?;
    }
    while let Some(ended) = waiting.join_next().await {
        ended??;
    }
    let in_doubt = outbox.status().in_doubt;
    book.lock().note("in doubt", i64::try_from(in_doubt)?)?;
    outbox.close().await;
    Ok(())
}

/// Enqueues a call, and lets its result be waited for. Calls are enqueued in the order in which this is called.
async fn enqueue(
    outbox: &Outbox,
    book: &Book,
    task: &Task,
    number: u64,
    place: OwnedSemaphorePermit,
    waiting: &mut JoinSet<Result<(), Failure>>,
) -> Result<(), Failure> {
    let key = format!("{} {number}", task.account);
    let (account, cents) = (task.account.clone(), cents(number));
    let signed = i64::try_from(number)?;
    let keyed = outbox.keyed(key.clone());
    let task_is_one_way = task.one_way;
    let call = async move {
        match (task_is_one_way, number.is_multiple_of(ONE_WAY)) {
            (true, _) => InboxClient::new(keyed).post(account, signed, cents).await.map(|()| None),
            (false, true) => {
                LedgerClient::new(keyed).send(account, signed, cents).await.map(|()| None)
            }
            (false, false) => LedgerClient::new(keyed).book(account, signed, cents).await.map(Some),
        }
    };
    let mut call = Box::pin(call);
    let first = poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await;
    let (outbox, book) = (outbox.clone(), book.clone());
    waiting.spawn(async move {
        let balance = match first {
            Poll::Ready(result) => result?,
            Poll::Pending => call.await?,
        };
        book.lock().answer(number, balance)?;
        // It is in the book: the outbox need not keep it.
        outbox.take(&key).await?;
        drop(place);
        Ok(())
    });
    Ok(())
}
