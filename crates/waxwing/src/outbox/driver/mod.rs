//! The task of an outbox: it owns what the outbox decides, and does what that wants done.
//!
//! `place` is the store, `link` the session with the service, `hooks` what the application is asked. Questions of the application
//! come over a channel of limited length, so that nobody waits under a lock.

mod hooks;
mod link;
mod place;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use waxwing_session::AppMessage;
use waxwing_store::{BoxFuture, Epoch, Outcome, StoreError, Version};

use self::link::Link;
pub(super) use self::place::{Owned, Shelf};
use super::engine::{
    Ask, CallState, CommitId, Engine, Input, NewCall, OutboxEvent, Output, Place, Refusal,
    Settings, Stored, Told, Verdict,
};
use super::error::OutboxError;
use super::hooks::{Reconcile, ResultHandler};
use super::look::{KeptCall, OutboxStatus};
use crate::client::ChannelFactory;
use crate::contract::ObjectQuotas;
use crate::environment::{Clock, SystemRandom};
use crate::events::Emitter;

/// So many callers may wait for results.
const MOST_WAITING: usize = 100_000;

/// Messages that were just enqueued, so that they need not be read again at once.
const MOST_FRESH: usize = 64;

/// Those that are larger are read again.
const LARGEST_FRESH: u64 = 64 << 10;

/// What the application asks for.
pub(crate) enum Command {
    Enqueue(NewCall, AppMessage, Reply<Told>),
    Cancel(Arc<str>, Reply<Told>),
    Take(Arc<str>, Reply<Told>),
    Resolve(Arc<str>, Verdict, Reply<Told>),
    Pause(Reply<Told>),
    Resume(Reply<Told>),
    /// The result of a call: when there is one, or as it is.
    Result {
        key: Arc<str>,
        waits: bool,
        reply: Reply<Found>,
    },
    /// Calls after this place.
    List {
        after: u64,
        limit: usize,
        reply: oneshot::Sender<Vec<KeptCall>>,
    },
    Show(Arc<str>, oneshot::Sender<Option<KeptCall>>),
    Close(oneshot::Sender<()>),
}

pub(crate) type Reply<T> = oneshot::Sender<Result<T, Refusal>>;

/// A call with its result, if it has one.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) state: CallState,
    pub(crate) reply: Option<AppMessage>,
}

/// What an outbox is made of. None of it changes.
pub(crate) struct Parts {
    pub(crate) shelf: Shelf,
    /// The store ends with the outbox.
    pub(crate) is_own_store: bool,
    pub(crate) factory: ChannelFactory,
    pub(crate) settings: Settings,
    pub(crate) reconcile: Option<Arc<dyn Reconcile>>,
    pub(crate) handler: Option<Arc<dyn ResultHandler>>,
    pub(crate) clock: Clock,
    pub(crate) quotas: ObjectQuotas,
    pub(crate) events: Arc<Emitter<OutboxEvent>>,
    pub(crate) status: watch::Sender<OutboxStatus>,
}

/// The task of an outbox.
pub(crate) struct Driver {
    parts: Parts,
    engine: Engine,
    epoch: Epoch,
    version: Version,
    commands: mpsc::Receiver<Command>,
    /// What the application's hooks say.
    hooked: (mpsc::Sender<Input>, mpsc::Receiver<Input>),
    asks: HashMap<Ask, Reply<Told>>,
    last_ask: u64,
    fresh: HashMap<Place, AppMessage>,
    waiting: HashMap<Place, Vec<Reply<Found>>>,
    waiters: usize,
    commits: VecDeque<(CommitId, BoxFuture<'static, Outcome>)>,
    link: Link,
    held: Option<String>,
    last_trouble: Option<String>,
    end: Option<End>,
    closing: Vec<oneshot::Sender<()>>,
}

/// What comes after an engine.
enum End {
    Reload(String),
    TakenOver,
    Closed,
}

impl Driver {
    pub(crate) fn new(parts: Parts, owned: Owned, commands: mpsc::Receiver<Command>) -> Self {
        let Owned { epoch, version, kept } = owned;
        let engine = Engine::new(parts.settings.clone(), kept);
        Self {
            parts,
            engine,
            epoch,
            version,
            commands,
            hooked: mpsc::channel(4),
            asks: HashMap::new(),
            last_ask: 0,
            fresh: HashMap::new(),
            waiting: HashMap::new(),
            waiters: 0,
            commits: VecDeque::new(),
            link: Link::default(),
            held: None,
            last_trouble: None,
            end: None,
            closing: Vec::new(),
        }
    }

    /// Runs until it is closed, or nobody has it any more, or another process does.
    pub(crate) async fn run(mut self) {
        self.work().await;
        if self.parts.is_own_store {
            self.parts.shelf.store.close().await;
        }
        for sender in self.closing.drain(..) {
            let _ = sender.send(());
        }
    }

    async fn work(&mut self) {
        self.engine.tell_of_doubts();
        self.give(Input::Tick).await;
        while self.end.is_none() || self.go_on().await {
            let wake = self.engine.wake_at(&self.parts.clock.moment(&mut SystemRandom));
            let ahead = wake.map(|wake| wake - self.parts.clock.time());
            tokio::select! {
                (id, outcome) = front(&mut self.commits) => {
                    self.commits.pop_front();
                    self.give(Input::Stored(id, stored(outcome))).await;
                }
                (session, news) = self.link.next() => {
                    self.give(Input::Session(session, news)).await;
                }
                Some(input) = self.hooked.1.recv() => self.give(input).await,
                command = self.commands.recv() => match command {
                    Some(command) => self.command(command).await,
                    None => {
                        // Nobody has it any more: what is kept is kept.
                        self.link.discard();
                        return;
                    }
                },
                () = sleep(ahead) => self.give(Input::Tick).await,
            }
        }
    }

    /// Gives the engine an input and does what comes of it.
    async fn give(&mut self, input: Input) {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            self.engine.handle(input, &mut self.parts.clock.moment(&mut SystemRandom));
            while let Some(output) = self.engine.poll() {
                if let Some(failed) = self.act(output).await {
                    // What follows belongs to a session that is not there.
                    next.get_or_insert(failed);
                }
            }
        }
        self.tell_status();
    }

    /// Does one thing. Gives what is to be said of it at once.
    async fn act(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::Commit(id, change) => {
                let owned = (self.epoch, &mut self.version);
                let unit = self.parts.shelf.unit(owned, change, &self.engine, &self.fresh);
                self.commits.push_back((id, self.parts.shelf.store.commit(unit)));
            }
            Output::Answer(ask, answer) => {
                if let Some(reply) = self.asks.remove(&ask) {
                    let _ = reply.send(answer);
                }
            }
            Output::Open(session) => return self.link.open(session, &self.parts.factory).await,
            Output::Restore(session, saved, places) => {
                let Parts { factory, shelf, .. } = &self.parts;
                return self.link.restore(session, (saved, places), factory, shelf).await;
            }
            Output::Send(session, place) => {
                let fresh = self.fresh.remove(&place);
                return self.link.send(session, place, fresh, &self.parts.shelf).await;
            }
            Output::Persisted(session, ticket) => self.link.persisted(session, ticket),
            Output::CloseSession(session) => self.link.close(session),
            Output::Discard(session) => self.link.discard_one(session),
            Output::Settled(place) => self.settled(place),
            Output::Reconcile(place) => self.reconcile(place),
            Output::Handle(place) => self.hand_over(place),
            Output::Event(event) => self.tell(event),
            Output::Reload(why) => self.end = Some(End::Reload(why)),
            Output::Fenced => self.end = Some(End::TakenOver),
            Output::Ended => self.end = Some(End::Closed),
        }
        None
    }

    async fn command(&mut self, command: Command) {
        match command {
            Command::Enqueue(call, message, reply) => {
                let ask = self.ask(reply);
                let key = Arc::clone(&call.key);
                let is_new = self.engine.place(&key).is_none();
                let is_large = call.octets > LARGEST_FRESH;
                let input = Input::Enqueue(ask, call);
                self.engine.handle(input, &mut self.parts.clock.moment(&mut SystemRandom));
                if let Some(place) = self.engine.place(&key).filter(|_| is_new) {
                    self.fresh.insert(place, message);
                }
                self.drain().await;
                if let Some(place) = self.engine.place(&key).filter(|_| is_large) {
                    self.fresh.remove(&place);
                }
                self.forget_fresh();
            }
            Command::Cancel(key, reply) => {
                let ask = self.ask(reply);
                self.give(Input::Cancel(ask, key)).await;
            }
            Command::Take(key, reply) => {
                let ask = self.ask(reply);
                self.give(Input::Take(ask, key)).await;
            }
            Command::Resolve(key, verdict, reply) => {
                let ask = self.ask(reply);
                self.give(Input::Resolve(ask, key, verdict)).await;
            }
            Command::Pause(reply) => {
                let ask = self.ask(reply);
                self.give(Input::Pause(ask)).await;
            }
            Command::Resume(reply) => {
                let ask = self.ask(reply);
                self.held = None;
                self.give(Input::Resume(ask)).await;
            }
            Command::Result { key, waits, reply } => self.find(&key, waits, reply),
            looks @ (Command::List { .. } | Command::Show(..)) => self.look(looks),
            Command::Close(done) => {
                self.closing.push(done);
                self.give(Input::Close).await;
            }
        }
    }

    /// Shows what is known.
    fn look(&self, command: Command) {
        match command {
            Command::List { after, limit, reply } => {
                let after = self.engine.entries().filter(|(place, _)| place.0 > after);
                let calls = after.take(limit).map(|(place, own)| KeptCall::of(place.0, own));
                let _ = reply.send(calls.collect());
            }
            Command::Show(key, reply) => {
                let place = self.engine.place(&key);
                let found = place.and_then(|place| Some((place, self.engine.entry(place)?)));
                let _ = reply.send(found.map(|(place, own)| KeptCall::of(place.0, own)));
            }
            _ => {}
        }
    }

    /// Does what the engine wants done.
    async fn drain(&mut self) {
        while let Some(output) = self.engine.poll() {
            if let Some(failed) = self.act(output).await {
                self.engine.handle(failed, &mut self.parts.clock.moment(&mut SystemRandom));
            }
        }
        self.tell_status();
    }

    fn ask(&mut self, reply: Reply<Told>) -> Ask {
        self.last_ask += 1;
        let ask = Ask(self.last_ask);
        self.asks.insert(ask, reply);
        ask
    }

    /// Messages of calls that wait for long are read again when their turn comes.
    fn forget_fresh(&mut self) {
        if self.fresh.len() > MOST_FRESH {
            self.fresh.clear();
        }
    }

    /// Gives the result of a call, now or when there is one.
    fn find(&mut self, key: &str, waits: bool, reply: Reply<Found>) {
        let Some(place) = self.engine.place(key) else {
            let _ = reply.send(Err(Refusal::NoSuchKey));
            return;
        };
        let state = self.engine.entry(place).map(|entry| entry.state.clone());
        match state {
            Some(state) if state.is_settled() => self.read(place, state, vec![reply]),
            Some(state) if !waits => {
                let _ = reply.send(Ok(Found { state, reply: None }));
            }
            _ => {
                self.waiters += 1;
                self.waiting.entry(place).or_default().push(reply);
                if self.waiters > MOST_WAITING {
                    self.forget_waiters();
                }
            }
        }
    }

    /// Those who have given up waiting are forgotten; if all do wait, the last one is told so.
    fn forget_waiters(&mut self) {
        for replies in self.waiting.values_mut() {
            replies.retain(|reply| !reply.is_closed());
        }
        self.waiting.retain(|_, replies| !replies.is_empty());
        self.waiters = self.waiting.values().map(Vec::len).sum();
        if self.waiters > MOST_WAITING
            && let Some(reply) = self.waiting.values_mut().find_map(Vec::pop)
        {
            let text = format!("{MOST_WAITING} callers wait for results already");
            let _ = reply.send(Err(Refusal::Store(StoreError::Unavailable(text))));
        }
    }

    fn settled(&mut self, place: Place) {
        self.fresh.remove(&place);
        let Some(replies) = self.waiting.remove(&place) else { return };
        self.waiters = self.waiters.saturating_sub(replies.len());
        if let Some(entry) = self.engine.entry(place) {
            self.read(place, entry.state.clone(), replies);
        }
    }

    /// Reads a result for those who want it, in a task of its own.
    fn read(&self, place: Place, state: CallState, replies: Vec<Reply<Found>>) {
        let shelf = self.parts.shelf.clone();
        tokio::spawn(async move {
            let found = match state {
                CallState::Answered { .. } => shelf.reply(place).await,
                _ => Ok(None),
            };
            for reply in replies {
                let found = match &found {
                    Ok(message) => Ok(Found { state: state.clone(), reply: message.clone() }),
                    Err(why) => Err(Refusal::Store(StoreError::Unreadable(why.clone()))),
                };
                let _ = reply.send(found);
            }
        });
    }

    /// What comes after the engine: another one, or nothing.
    async fn go_on(&mut self) -> bool {
        self.link.discard();
        self.commits.clear();
        match self.end.take() {
            Some(End::Reload(why)) => self.reload(why).await,
            Some(End::TakenOver) => {
                let outbox = &self.parts.shelf.name;
                tracing::error!(
                    outbox = outbox.as_ref(),
                    "another process has the outbox now: this one has stopped"
                );
                self.refuse_all(&Refusal::TakenOver).await;
                false
            }
            Some(End::Closed) | None => false,
        }
    }

    /// Everything is refused from now on, until nobody asks any more.
    async fn refuse_all(&mut self, refusal: &Refusal) {
        for reply in std::mem::take(&mut self.waiting).into_values().flatten() {
            let _ = reply.send(Err(refusal.clone()));
        }
        while let Some(command) = self.commands.recv().await {
            self.refuse(command, refusal);
        }
    }

    fn refuse(&mut self, command: Command, refusal: &Refusal) {
        match command {
            Command::Enqueue(_, _, reply)
            | Command::Cancel(_, reply)
            | Command::Take(_, reply)
            | Command::Resolve(_, _, reply)
            | Command::Pause(reply)
            | Command::Resume(reply) => {
                let _ = reply.send(Err(refusal.clone()));
            }
            Command::Result { reply, .. } => {
                let _ = reply.send(Err(refusal.clone()));
            }
            // As it was last known: that there is nothing would be false.
            looks @ (Command::List { .. } | Command::Show(..)) => self.look(looks),
            Command::Close(done) => {
                let _ = done.send(());
            }
        }
    }

    /// Reads everything again; until that works, whoever asks is told that the store does not answer.
    async fn reload(&mut self, why: String) -> bool {
        let mut pause = self.parts.settings.first_pause;
        loop {
            let shelf = self.parts.shelf.clone();
            let opening = shelf.open();
            tokio::pin!(opening);
            let opened = loop {
                tokio::select! {
                    opened = &mut opening => break opened,
                    command = self.commands.recv() => match command {
                        Some(command) if !matches!(command, Command::Close(_)) => {
                            self.refuse(command, &Refusal::Uncertain(why.clone()));
                        }
                        _ => return false,
                    },
                }
            };
            match opened {
                Ok(owned) => {
                    self.replace(owned, why).await;
                    return true;
                }
                Err(error @ (OutboxError::TakenOver { .. } | OutboxError::InUse { .. })) => {
                    tracing::error!(outbox = shelf.name.as_ref(), "{error}");
                    self.refuse_all(&Refusal::TakenOver).await;
                    return false;
                }
                Err(error) => {
                    let outbox = shelf.name.as_ref();
                    tracing::warn!(outbox, ?pause, "the outbox cannot be read again yet: {error}");
                    if !self.rest(pause, &why).await {
                        return false;
                    }
                    pause = (pause * 2).min(self.parts.settings.longest_pause);
                }
            }
        }
    }

    /// Waits; whoever asks meanwhile is refused. False: nobody is there any more.
    async fn rest(&mut self, pause: Duration, why: &str) -> bool {
        let until = tokio::time::Instant::now() + pause;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(until) => return true,
                command = self.commands.recv() => match command {
                    Some(command) if !matches!(command, Command::Close(_)) => {
                        self.refuse(command, &Refusal::Uncertain(why.to_owned()));
                    }
                    _ => return false,
                },
            }
        }
    }

    async fn replace(&mut self, owned: Owned, why: String) {
        let Owned { epoch, version, kept } = owned;
        (self.epoch, self.version) = (epoch, version);
        let failures = self.engine.failures();
        self.engine = Engine::new(self.parts.settings.clone(), kept);
        self.engine.rest_after_reload(failures, &mut self.parts.clock.moment(&mut SystemRandom));
        // What a hook of the former one says is nobody's.
        self.hooked = mpsc::channel(4);
        self.fresh.clear();
        self.tell(OutboxEvent::Reloaded { reason: why });
        let places: Vec<_> = self.waiting.keys().copied().collect();
        for place in places {
            match self.engine.entry(place).map(|entry| entry.state.is_settled()) {
                Some(false) => {}
                Some(true) => self.settled(place),
                None => {
                    for reply in self.waiting.remove(&place).into_iter().flatten() {
                        let _ = reply.send(Err(Refusal::NoSuchKey));
                    }
                }
            }
        }
        self.give(Input::Tick).await;
    }
}

/// The outcome of the first commit: the others stand behind it.
async fn front(
    commits: &mut VecDeque<(CommitId, BoxFuture<'static, Outcome>)>,
) -> (CommitId, Outcome) {
    match commits.front_mut() {
        Some((id, outcome)) => (*id, outcome.as_mut().await),
        None => std::future::pending().await,
    }
}

async fn sleep(ahead: Option<Duration>) {
    match ahead {
        Some(ahead) => tokio::time::sleep(ahead).await,
        None => std::future::pending().await,
    }
}

/// What an outcome of the store says to the engine.
pub(crate) fn stored(outcome: Outcome) -> Stored {
    match outcome {
        Outcome::Done => Stored::Done,
        Outcome::Refused(error) => Stored::Refused(error),
        Outcome::Fenced => Stored::Fenced,
        Outcome::Unknown(error) => Stored::Uncertain(error.to_string()),
        Outcome::Stale => Stored::Uncertain("the store has another state than this process".into()),
        Outcome::Exists(_) => Stored::Uncertain("the store has the key already".into()),
    }
}
