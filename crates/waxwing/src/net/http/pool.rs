//! The connections of a client. One is made when none is idle, is run by whoever uses it, in his own task, and is kept for the next
//! when its answer is there: a call costs no task of its own, and no wake-up of another.
//!
//! All that share a pool share its connections: those that were used last are used first, so that no more stay open than are
//! used at a time.

use std::error::Error as StdError;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use http::header::HOST;
use http::uri::{Authority, Parts, Scheme};
use http::{HeaderValue, Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::client::legacy::connect::Connection as _;
use rustc_hash::FxHashMap;
use tokio::task::JoinHandle;
use tower_service::Service;

use super::connect::Connector;
use super::told_body::ToldBody;
use crate::turns::Turn;

/// How long an unused connection is kept for the next request.
///
/// Shorter than the 120 s after which HTTP.SYS drops an idle connection, so that a request is
/// seldom sent into a connection that the service is closing.
const IDLE_CONNECTION_TIMEOUT: Duration = Duration::from_secs(90);

/// The most octets of the head of an answer: as many as our own server takes of a request's.
const MAX_HEAD: usize = 64 << 10;

type Io = <Connector as Service<Uri>>::Response;
type Run = http1::Connection<Io, ToldBody>;

type BoxError = Box<dyn StdError + Send + Sync>;

/// The connections to any number of services. Cloning shares them.
#[derive(Clone)]
pub(super) struct Pool {
    connector: Connector,
    idle: Arc<Idle>,
}

/// Connections that nobody uses.
#[derive(Default)]
struct Idle {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By addresses that the program gives.
    places: FxHashMap<Place, Vec<(Connection, Instant)>>,
    /// What closes those that were idle for too long, while there are any.
    watch: Option<JoinHandle<()>>,
}

/// Where connections go.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    scheme: Scheme,
    authority: Authority,
}

/// One connection, and who uses it.
pub(super) struct Connection {
    sender: SendRequest<ToldBody>,
    /// None: it has ended.
    run: Option<Pin<Box<Run>>>,
    is_proxied: bool,
    /// What the header `Host` says.
    host: Option<HeaderValue>,
    /// That of whoever uses it.
    turn: Turn,
}

impl Pool {
    /// Without connections yet.
    pub(super) fn new(connector: Connector) -> Self {
        Self { connector, idle: Arc::default() }
    }

    /// An idle connection to where the address leads, or a new one.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn connection(&self, uri: &Uri) -> Result<Connection, BoxError> {
        match Place::of(uri).and_then(|place| self.idle.take(&place)) {
            Some(connection) => Ok(connection),
            // Rare, and large.
            None => Box::pin(self.connect(uri)).await,
        }
    }

    /// A new connection.
    async fn connect(&self, uri: &Uri) -> Result<Connection, BoxError> {
        let mut connector = self.connector.clone();
        std::future::poll_fn(|context| connector.poll_ready(context)).await?;
        let io = connector.call(uri.clone()).await?;
        let is_proxied = io.connected().is_proxied();
        let (sender, run) =
            http1::Builder::new().max_buf_size(MAX_HEAD).handshake::<_, ToldBody>(io).await?;
        let (run, host) = (Some(Box::pin(run)), host_of(uri));
        Ok(Connection { sender, run, is_proxied, host, turn: Turn::default() })
    }

    /// Keeps a connection whose answer was read, if it can be used again.
    pub(super) fn put_back(&self, uri: &Uri, mut connection: Connection) {
        // Nothing is kept of the task that had it.
        connection.turn = Turn::default();
        // It has to see itself that the exchange is over.
        if let (true, Some(place)) = (connection.is_idle(), Place::of(uri)) {
            self.idle.put(place, connection);
        }
    }
}

impl Place {
    fn of(uri: &Uri) -> Option<Self> {
        let (scheme, authority) = (uri.scheme()?.clone(), uri.authority()?.clone());
        Some(Self { scheme, authority })
    }
}

impl Connection {
    /// Sends a request and waits for the head of its answer; the connection runs meanwhile.
    ///
    /// # Errors
    /// The connection has ended, or what came is no HTTP.
    pub(super) async fn send(
        &mut self,
        mut request: Request<ToldBody>,
    ) -> Result<Response<Incoming>, hyper::Error> {
        if let Some(host) = &self.host {
            request.headers_mut().entry(HOST).or_insert_with(|| host.clone());
        }
        // A proxy is told where it goes, whoever is there himself the path alone (RFC 9112 §3.2).
        if !self.is_proxied {
            *request.uri_mut() = path_of(request.uri());
        }
        let answer = self.sender.send_request(request);
        self.run_for(answer).await
    }

    /// Waits for something while the connection runs, which brings it.
    pub(super) async fn run_for<F: Future>(&mut self, wanted: F) -> F::Output {
        let mut wanted = pin!(wanted);
        let mut turn = std::mem::take(&mut self.turn);
        let output = std::future::poll_fn(|context| {
            // What is wanted may ask for more, and be woken by what came.
            turn.poll(context, |context| {
                self.poll_run(context);
                wanted.as_mut().poll(context)
            })
        })
        .await;
        self.turn = turn;
        output
    }

    /// Runs the connection as far as it goes. What it fails of is told where its answer is waited for.
    fn poll_run(&mut self, context: &mut Context<'_>) {
        if let Some(run) = &mut self.run
            && run.as_mut().poll(context).is_ready()
        {
            self.run = None;
        }
    }

    /// Whether nothing is under way, and the other side has not closed it.
    fn is_idle(&mut self) -> bool {
        self.poll_run(&mut Context::from_waker(Waker::noop()));
        self.run.is_some() && self.sender.is_ready()
    }

    /// The same in a task of its own from now on: it is not kept.
    pub(super) fn on_its_own(mut self) -> Self {
        if let Some(run) = self.run.take() {
            tokio::spawn(run);
        }
        self
    }

    /// The same that may come to speak another protocol: it runs in a task of its own from now on, and is not kept.
    pub(super) fn upgradeable(mut self) -> Self {
        if let Some(run) = self.run.take() {
            tokio::spawn(Pin::into_inner(run).with_upgrades());
        }
        self
    }
}

impl Idle {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one that was used last and is still open.
    fn take(&self, place: &Place) -> Option<Connection> {
        loop {
            let (mut connection, since) = {
                let mut state = self.lock();
                state.places.get_mut(place)?.pop()?
            };
            if since.elapsed() < IDLE_CONNECTION_TIMEOUT && connection.is_idle() {
                return Some(connection);
            }
        }
    }

    fn put(self: &Arc<Self>, place: Place, connection: Connection) {
        let mut state = self.lock();
        state.places.entry(place).or_default().push((connection, Instant::now()));
        // One of a runtime that is gone watches no more.
        if state.watch.as_ref().is_none_or(JoinHandle::is_finished) {
            state.watch = Some(tokio::spawn(watch(Arc::downgrade(self))));
        }
    }

    /// Closes those that were idle for too long. Gives when to look again; none: there are no more.
    fn close_old(&self, now: Instant) -> Option<Instant> {
        let mut closed = Vec::new();
        let mut state = self.lock();
        for idle in state.places.values_mut() {
            let age = |since: Instant| now.saturating_duration_since(since);
            let old = idle.partition_point(|(_, since)| age(*since) >= IDLE_CONNECTION_TIMEOUT);
            closed.extend(idle.drain(..old));
            idle.shrink_to_fit();
        }
        state.places.retain(|_, idle| !idle.is_empty());
        let first = state.places.values().filter_map(|idle| idle.first()).map(|(_, since)| *since);
        let next = first.min().map(|since| since + IDLE_CONNECTION_TIMEOUT);
        if next.is_none() {
            state.watch = None;
        }
        drop(state);
        // Under no lock: what they are made of may be code of others.
        drop(closed);
        next
    }
}

/// Whose request this is (RFC 9110 §7.2): with the port, if it is not that of the scheme.
fn host_of(uri: &Uri) -> Option<HeaderValue> {
    let host = uri.host()?;
    let usual = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
    let text = match uri.port_u16().filter(|port| *port != usual) {
        Some(port) => HeaderValue::from_str(&format!("{host}:{port}")),
        None => HeaderValue::from_str(host),
    };
    text.ok()
}

/// The target without scheme and authority.
fn path_of(uri: &Uri) -> Uri {
    let mut parts = Parts::default();
    parts.path_and_query = uri.path_and_query().cloned();
    Uri::from_parts(parts).unwrap_or_default()
}

/// Looks after idle connections as long as there are any, and the pool.
async fn watch(idle: Weak<Idle>) {
    let mut next = Instant::now() + IDLE_CONNECTION_TIMEOUT;
    loop {
        tokio::time::sleep_until(next.into()).await;
        let Some(idle) = idle.upgrade() else { return };
        match idle.close_old(Instant::now()) {
            Some(then) => next = then,
            None => return,
        }
    }
}
