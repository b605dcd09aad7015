//! The connections of a server: what each is doing, how fast, and which makes way when there is no room.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{Notify, watch};

use super::pieces::Pace;
use super::room::{Room, charged};
use crate::log::Rate;

/// How old the work of a connection, or its pause, must be before it makes way.
const MIN_AGE: Duration = Duration::from_secs(1);
/// The same where memory is short: it comes faster than connections.
const MIN_AGE_OF_HOLDERS: Duration = Duration::from_millis(200);
/// How often those who wait for room look again, beside being woken.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// How often the pace of every connection is looked at.
pub(super) const WATCH_INTERVAL: Duration = Duration::from_millis(500);

/// What peers may take of a listener, whatever is spoken there.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlaceLimits {
    /// The most connections at a time.
    pub(super) max_connections: usize,
    /// How long the handshakes at the beginning of a connection may take.
    pub(super) handshake_timeout: Duration,
    /// The most handshakes under way.
    pub(super) max_handshakes: usize,
    /// How long the head of a request may take.
    pub(super) head_timeout: Duration,
    /// How long a connection is kept that has nothing to do.
    pub(super) idle_timeout: Duration,
    /// The slowest that a message may come in, or be taken, in octets per second on average.
    pub(super) min_rate: u32,
    /// How long it may take whatever its rate.
    pub(super) grace: Duration,
    /// How long it may stand still, whatever its rate before.
    pub(super) stall_timeout: Duration,
    /// The most octets of messages that are held for all peers together.
    pub(super) max_buffered: usize,
}

impl Default for PlaceLimits {
    fn default() -> Self {
        Self {
            max_connections: 4096,
            handshake_timeout: Duration::from_secs(15),
            max_handshakes: 512,
            head_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(120),
            min_rate: 240,
            grace: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(120),
            max_buffered: 64 << 20,
        }
    }
}

impl PlaceLimits {
    /// How long a message may have taken when so many octets have passed.
    fn time_for(&self, octets: u64) -> Duration {
        let rate = f64::from(self.min_rate.max(1));
        self.grace + Duration::from_secs_f64(octets as f64 / rate)
    }
}

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It shakes hands for TLS.
    Handshake,
    /// It is to send the head of a request, from its first moment or octet on.
    Head,
    /// It sends a body.
    Body,
    /// Its request is being answered: what it waits for is ours.
    Handling,
    /// It takes the answer.
    Answer,
    /// Its answer is gone, and nothing new has come.
    Idle,
    /// It was opened for a message of which nothing has come. Whoever waits for that has the patience.
    Silent,
}

/// Why a connection is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Others need its place or its memory.
    Evicted,
    /// It has taken too long.
    TooSlow,
}

/// All connections of a server, or of several that share their limits.
pub(super) struct Places {
    limits: PlaceLimits,
    budget: usize,
    connections: Mutex<HashMap<u64, Arc<Connection>>>,
    next: AtomicUsize,
    held: AtomicUsize,
    /// Handshakes under way.
    handshakes: AtomicUsize,
    freed: Notify,
    /// How many lines of the log peers may write.
    log: Rate,
}

/// A handshake under way, until this is dropped.
pub(super) struct Handshake(Arc<Places>);

impl Drop for Handshake {
    fn drop(&mut self) {
        self.0.handshakes.fetch_sub(1, Ordering::Relaxed);
        self.0.freed.notify_waiters();
    }
}

/// One connection. Its place is free when it is [left](Places::leave).
pub(super) struct Connection {
    id: u64,
    source: IpAddr,
    progress: Mutex<Progress>,
    held: AtomicUsize,
    end: watch::Sender<Option<End>>,
    /// Whether it began with TLS where none is spoken.
    spoke_tls: AtomicBool,
}

/// How far something had come that does not go on for a while.
#[derive(Debug)]
pub(super) struct Pause {
    was: Progress,
    begun: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Progress {
    stage: Stage,
    since: Instant,
    octets: u64,
    /// When the last of them passed.
    moved: Instant,
}

impl Places {
    /// Room for the connections of servers whose largest body has `max_body` octets.
    pub(super) fn new(limits: PlaceLimits, max_body: usize) -> Arc<Self> {
        Arc::new(Self {
            limits,
            budget: limits.max_buffered.max(max_body.saturating_mul(2)),
            connections: Mutex::default(),
            next: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
            handshakes: AtomicUsize::new(0),
            freed: Notify::new(),
            log: Rate::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection from `peer`, which begins with this; waits until there is one.
    pub(super) async fn enter(&self, peer: IpAddr, begins: Stage) -> Arc<Connection> {
        loop {
            let freed = self.freed.notified();
            if let Some(connection) = self.try_enter(peer, begins, Instant::now()) {
                return connection;
            }
            let _ = tokio::time::timeout(LOOK_AGAIN, freed).await;
        }
    }

    /// A place, or none; then one connection is told to make way.
    fn try_enter(&self, peer: IpAddr, begins: Stage, now: Instant) -> Option<Arc<Connection>> {
        let mut connections = self.lock();
        if connections.len() >= self.limits.max_connections.max(1) {
            make_way(&connections, now, self.limits.max_connections);
            return None;
        }
        let shakes = begins == Stage::Handshake;
        let under_way = self.handshakes.load(Ordering::Relaxed);
        if shakes && under_way >= self.limits.max_handshakes.max(1) {
            make_way_for_handshake(&connections, now);
            return None;
        }
        let id = self.next.fetch_add(1, Ordering::Relaxed) as u64;
        let connection = Arc::new(Connection {
            id,
            source: source_of(peer),
            progress: Mutex::new(Progress::new(begins, now)),
            held: AtomicUsize::new(0),
            end: watch::Sender::new(None),
            spoke_tls: AtomicBool::new(false),
        });
        connections.insert(id, Arc::clone(&connection));
        Some(connection)
    }

    /// What a connection that has begun with its handshake holds until that is over.
    pub(super) fn handshake(self: &Arc<Self>) -> Handshake {
        self.handshakes.fetch_add(1, Ordering::Relaxed);
        Handshake(Arc::clone(self))
    }

    /// The operating system has no descriptor left: somebody makes way.
    pub(super) fn make_room(&self) {
        make_way(&self.lock(), Instant::now(), 0);
    }

    /// The connection is closed.
    pub(super) fn leave(&self, connection: &Connection) {
        if connection.spoke_tls.load(Ordering::Relaxed)
            && let Some(left_out) = self.log.pass()
        {
            let peer = connection.source;
            tracing::info!(%peer, left_out, "a client speaks TLS at a port for http: its address begins with https");
        }
        self.lock().remove(&connection.id);
        self.freed.notify_waiters();
    }

    /// Ends every connection that has taken too long.
    pub(super) fn watch(&self, now: Instant) {
        for connection in self.lock().values() {
            if connection.progress().is_overdue(&self.limits, now) {
                connection.finish(End::TooSlow);
            }
        }
    }

    /// Whether no more than the limit is held.
    pub(super) fn is_settled(&self) -> bool {
        self.held.load(Ordering::Relaxed) <= self.budget
    }

    /// How fast a message must come in that is read as it comes.
    pub(super) fn pace(&self) -> Pace {
        let PlaceLimits { stall_timeout, grace, min_rate, .. } = self.limits;
        Pace::new(stall_timeout, grace, min_rate)
    }

    /// Waits until no more than the limit is held: before something is executed that makes another answer.
    pub(super) async fn settled(&self) {
        loop {
            let freed = self.freed.notified();
            if self.is_settled() {
                return;
            }
            make_memory(&self.lock(), None, Instant::now());
            let _ = tokio::time::timeout(LOOK_AGAIN, freed).await;
        }
    }

    /// Octets of answers are held without waiting: they exist already. Who takes his too slowly makes way.
    pub(super) fn answer(self: &Arc<Self>, connection: &Arc<Connection>, body: Bytes) -> Bytes {
        if body.is_empty() {
            return body;
        }
        let mut charge = Charge::new(self, connection);
        charge.add(body.len());
        if self.held.load(Ordering::Relaxed) > self.budget {
            make_memory(&self.lock(), Some(connection), Instant::now());
        }
        charged(body, charge)
    }
}

impl Connection {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It begins something else.
    pub(super) fn enter(&self, stage: Stage) {
        *self.progress() = Progress::new(stage, Instant::now());
    }

    pub(super) fn stage(&self) -> Stage {
        self.progress().stage
    }

    /// What its peer does takes no time until it [goes on](Self::go_on): nobody asks for more of it.
    pub(super) fn pause(&self) -> Pause {
        let (begun, mut progress) = (Instant::now(), self.progress());
        let was = std::mem::replace(&mut *progress, Progress::new(Stage::Handling, begun));
        Pause { was, begun }
    }

    /// More of it is asked for.
    pub(super) fn go_on(&self, Pause { was, begun }: Pause) {
        let waited = begun.elapsed();
        let (since, moved) = (was.since + waited, was.moved + waited);
        *self.progress() = Progress { since, moved, ..was };
    }

    /// Octets came in over the connection.
    pub(super) fn came_in(&self, octets: usize) {
        let mut progress = self.progress();
        match progress.stage {
            Stage::Idle if octets > 0 => {
                *progress = Progress::new(Stage::Head, Instant::now());
                progress.octets = octets as u64;
            }
            Stage::Head => progress.octets += octets as u64,
            _ => {}
        }
    }

    /// It begins with TLS, and none is spoken here.
    pub(super) fn speaks_tls(&self) {
        self.spoke_tls.store(true, Ordering::Relaxed);
    }

    /// Octets of an answer went out.
    pub(super) fn went_out(&self, octets: usize) {
        let mut progress = self.progress();
        if progress.stage == Stage::Answer {
            progress.moved(octets);
        }
    }

    /// Everything that was to be written is written.
    pub(super) fn flushed(&self) {
        let mut progress = self.progress();
        if progress.stage == Stage::Answer {
            *progress = Progress::new(Stage::Idle, Instant::now());
        }
    }

    /// Waits until the connection is to be ended.
    pub(super) async fn ended(&self) -> End {
        let mut end = self.end.subscribe();
        match end.wait_for(Option::is_some).await.map(|end| *end) {
            Ok(Some(end)) => end,
            _ => End::Evicted,
        }
    }

    fn finish(&self, end: End) {
        self.end.send_if_modified(|is| is.is_none() && is.replace(end).is_none());
    }

    fn is_ending(&self) -> bool {
        self.end.borrow().is_some()
    }
}

impl Progress {
    fn new(stage: Stage, now: Instant) -> Self {
        Self { stage, since: now, octets: 0, moved: now }
    }

    fn moved(&mut self, octets: usize) {
        self.octets += octets as u64;
        self.moved = Instant::now();
    }

    fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since)
    }

    fn is_overdue(&self, limits: &PlaceLimits, now: Instant) -> bool {
        let most = match self.stage {
            Stage::Handshake => limits.handshake_timeout,
            Stage::Head => limits.head_timeout,
            Stage::Idle => limits.idle_timeout,
            Stage::Body | Stage::Answer => {
                let still = now.saturating_duration_since(self.moved);
                if still > limits.stall_timeout {
                    return true;
                }
                limits.time_for(self.octets)
            }
            Stage::Handling | Stage::Silent => return false,
        };
        self.age(now) > most
    }

    /// Octets per second so far.
    fn rate(&self, now: Instant) -> u64 {
        (self.octets as f64 / self.age(now).as_secs_f64().max(0.001)) as u64
    }

    /// Who goes first among those of one address: the longest idle, then the slowest, then, where `handling` may go,
    /// the one whose answer is awaited longest. None: it stays.
    fn rank(
        &self,
        handling: bool,
        least: Duration,
        now: Instant,
    ) -> Option<(u8, u64, Reverse<Duration>)> {
        let age = self.age(now);
        match self.stage {
            // A client that calls all the time is idle for moments only.
            Stage::Idle | Stage::Silent => (age >= MIN_AGE).then_some((0, 0, Reverse(age))),
            Stage::Handling => handling.then_some((2, 0, Reverse(age))),
            Stage::Handshake | Stage::Head | Stage::Body | Stage::Answer => {
                (age >= least).then(|| (1, self.rate(now), Reverse(age)))
            }
        }
    }
}

/// Tells one connection to make way, unless one is about to. Of the address that holds the most; whose answer is
/// awaited only goes when its address holds more than half of all `places`.
fn make_way(connections: &HashMap<u64, Arc<Connection>>, now: Instant, places: usize) {
    let mut share: HashMap<IpAddr, usize> = HashMap::new();
    for connection in connections.values() {
        *share.entry(connection.source).or_default() += 1;
    }
    let rank = |connection: &Arc<Connection>| {
        let share = share[&connection.source];
        let progress = *connection.progress();
        let handling = places > 1 && share > places / 2 && progress.age(now) >= MIN_AGE;
        Some((Reverse(share), progress.rank(handling, MIN_AGE, now)?))
    };
    if connections.values().any(|connection| connection.is_ending()) {
        return;
    }
    let ranked = connections.values().filter_map(|c| Some((rank(c)?, c)));
    if let Some((_, victim)) = ranked.min_by_key(|(rank, _)| *rank) {
        victim.finish(End::Evicted);
    }
}

/// Tells one handshake to make way, unless one is about to: of the address that has the most, the oldest.
fn make_way_for_handshake(connections: &HashMap<u64, Arc<Connection>>, now: Instant) {
    let shaking = || connections.values().filter(|c| c.stage() == Stage::Handshake);
    if shaking().any(|connection| connection.is_ending()) {
        return;
    }
    let mut share: HashMap<IpAddr, usize> = HashMap::new();
    for connection in shaking() {
        *share.entry(connection.source).or_default() += 1;
    }
    let old = shaking().filter(|connection| connection.progress().age(now) >= MIN_AGE);
    let rank = |c: &&Arc<Connection>| (share[&c.source], c.progress().age(now));
    if let Some(victim) = old.max_by_key(rank) {
        victim.finish(End::Evicted);
    }
}

/// Tells one connection that holds memory to make way, unless one is about to: the slowest of the address that holds
/// the most. `own` needs the memory and stays.
fn make_memory(
    connections: &HashMap<u64, Arc<Connection>>,
    own: Option<&Arc<Connection>>,
    now: Instant,
) {
    let own = own.map(|own| own.id);
    let mut share: HashMap<IpAddr, usize> = HashMap::new();
    for connection in connections.values() {
        *share.entry(connection.source).or_default() += connection.held.load(Ordering::Relaxed);
    }
    let holders =
        || connections.values().filter(|c| Some(c.id) != own && c.held.load(Ordering::Relaxed) > 0);
    if holders().any(|connection| connection.is_ending()) {
        return;
    }
    let ranked = holders().filter_map(|c| {
        let rank = c.progress().rank(false, MIN_AGE_OF_HOLDERS, now)?;
        Some(((Reverse(share[&c.source]), rank), c))
    });
    if let Some((_, victim)) = ranked.min_by_key(|(rank, _)| *rank) {
        victim.finish(End::Evicted);
    }
}

/// Whom an address stands for: of IPv6 the network of a subscriber, since one has as many addresses as he likes.
fn source_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let network = u128::from(v6) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        v4 => v4,
    }
}

/// Memory that is held for a connection.
pub(super) struct Charge {
    places: Arc<Places>,
    connection: Arc<Connection>,
    octets: usize,
}

impl Charge {
    fn new(places: &Arc<Places>, connection: &Arc<Connection>) -> Self {
        Self { places: Arc::clone(places), connection: Arc::clone(connection), octets: 0 }
    }

    fn add(&mut self, octets: usize) {
        self.octets += octets;
        self.places.held.fetch_add(octets, Ordering::Relaxed);
        self.connection.held.fetch_add(octets, Ordering::Relaxed);
    }

    /// Holds so much more if there is room. A first piece is granted to a connection that finds nothing held.
    fn try_add(&mut self, octets: usize) -> bool {
        let places = &self.places;
        let fits = |held: usize| held == 0 || held + octets <= places.budget;
        let more = |held| fits(held).then_some(held + octets);
        let granted = places.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok();
        if granted {
            self.octets += octets;
            self.connection.held.fetch_add(octets, Ordering::Relaxed);
        }
        granted
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.places.held.fetch_sub(self.octets, Ordering::Relaxed);
        self.connection.held.fetch_sub(self.octets, Ordering::Relaxed);
        self.places.freed.notify_waiters();
    }
}

/// The memory that one connection may hold.
pub(super) struct ConnectionRoom<'a> {
    pub(super) places: &'a Arc<Places>,
    pub(super) connection: &'a Arc<Connection>,
}

impl Room for ConnectionRoom<'_> {
    type Charge = Charge;

    fn charge(&self) -> Charge {
        Charge::new(self.places, self.connection)
    }

    /// The time that a body waits for memory is ours, not the peer's.
    async fn more(&self, charge: &mut Charge, octets: usize) {
        if charge.try_add(octets) {
            return;
        }
        let mut pause = Some(self.connection.pause());
        loop {
            let freed = self.places.freed.notified();
            if charge.try_add(octets) {
                return pause.take().map_or((), |pause| self.connection.go_on(pause));
            }
            make_memory(&self.places.lock(), Some(self.connection), Instant::now());
            let _ = tokio::time::timeout(LOOK_AGAIN, freed).await;
        }
    }

    fn progress(&self, octets: usize) {
        self.connection.progress().moved(octets);
    }
}

#[cfg(test)]
mod tests;
