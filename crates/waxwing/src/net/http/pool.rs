//! The connections of a client. One is made when none is idle, is run by whoever uses it, in his own task, and is kept for the next
//! when its answer is there: a call costs no task of its own, and no wake-up of another.
//!
//! All that share a pool share its connections: those that were used last are used first, so that no more stay open than are
//! used at a time.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
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
    /// By addresses that the program gives.
    shelves: Mutex<FxHashMap<Place, Arc<Shelf>>>,
    /// What closes those that were idle for too long, while there are any. Whoever holds this may lock a shelf, not the other way
    /// round.
    watch: Mutex<Option<JoinHandle<()>>>,
}

/// Where connections go.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Place {
    scheme: Scheme,
    authority: Authority,
}

/// Connections to one place that nobody uses, with since when. The one that was used last is the last.
#[derive(Default)]
struct Shelf(Mutex<Vec<(Connection, Instant)>>);

/// Where requests go: found once for many of them.
pub(super) struct Target {
    /// The address as it was given.
    address: Box<str>,
    pub(super) uri: Uri,
    /// The same without scheme and authority.
    path: Uri,
    shelf: Arc<Shelf>,
}

impl Target {
    /// Whether it is that of an address.
    pub(super) fn is_of(&self, address: &str) -> bool {
        *self.address == *address
    }
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

    /// Where an address leads, as it was given and as it was read.
    pub(super) fn target(&self, address: &str, uri: Uri) -> Target {
        let shelf = Place::of(&uri).map(|place| self.idle.shelf(place)).unwrap_or_default();
        Target { address: address.into(), path: path_of(&uri), uri, shelf }
    }

    /// An idle connection to there, or a new one.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn connection(&self, target: &Target) -> Result<Connection, BoxError> {
        match target.shelf.take() {
            Some(connection) => Ok(connection),
            // Rare, and large.
            None => Box::pin(self.connect(&target.uri)).await,
        }
    }

    /// A new connection.
    async fn connect(&self, uri: &Uri) -> Result<Connection, BoxError> {
        let mut connector = self.connector.clone();
        poll_fn(|context| connector.poll_ready(context)).await?;
        let io = connector.call(uri.clone()).await?;
        let is_proxied = io.connected().is_proxied();
        let (sender, run) =
            http1::Builder::new().max_buf_size(MAX_HEAD).handshake::<_, ToldBody>(io).await?;
        let (run, host) = (Some(Box::pin(run)), host_of(uri));
        Ok(Connection { sender, run, is_proxied, host, turn: Turn::default() })
    }

    /// Keeps a connection whose answer was read, if it can be used again.
    pub(super) fn put_back(&self, target: &Target, mut connection: Connection) {
        // Nothing is kept of the task that had it.
        connection.turn = Turn::default();
        // Where it has not seen itself that the exchange is over, it has to.
        if connection.is_ready() || connection.is_idle() {
            self.idle.put(&target.shelf, connection);
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
        target: &Target,
        mut request: Request<ToldBody>,
    ) -> Result<Response<Incoming>, hyper::Error> {
        if let Some(host) = &self.host {
            request.headers_mut().entry(HOST).or_insert_with(|| host.clone());
        }
        // A proxy is told where it goes, whoever is there himself the path alone (RFC 9112 §3.2).
        let to = if self.is_proxied { &target.uri } else { &target.path };
        *request.uri_mut() = to.clone();
        let mut answer = pin!(self.sender.send_request(request));
        let mut turn = std::mem::take(&mut self.turn);
        let answer = poll_fn(|context| {
            turn.poll(context, |context| {
                self.poll_run(context);
                answer.as_mut().poll(context)
            })
        })
        .await;
        self.turn = turn;
        answer
    }

    /// Waits for what comes behind the head of an answer while the connection runs, which gives it when it is asked for.
    pub(super) async fn run_for<F: Future>(&mut self, wanted: F) -> F::Output {
        let mut wanted = pin!(wanted);
        let mut turn = std::mem::take(&mut self.turn);
        let output = poll_fn(|context| {
            // What is wanted asks for more, and is woken by what came.
            turn.poll(context, |context| match wanted.as_mut().poll(context) {
                Poll::Ready(output) => Poll::Ready(output),
                Poll::Pending => {
                    self.poll_run(context);
                    Poll::Pending
                }
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

    /// Whether nothing is under way, as far as it has seen.
    fn is_ready(&self) -> bool {
        self.run.is_some() && self.sender.is_ready()
    }

    /// Whether nothing is under way, and the other side has not closed it.
    fn is_idle(&mut self) -> bool {
        self.poll_run(&mut Context::from_waker(Waker::noop()));
        self.is_ready()
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

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shelf {
    /// The one that was used last and is still open.
    fn take(&self) -> Option<Connection> {
        loop {
            let (mut connection, since) = locked(&self.0).pop()?;
            if since.elapsed() < IDLE_CONNECTION_TIMEOUT && connection.is_idle() {
                return Some(connection);
            }
        }
    }

    fn is_empty(&self) -> bool {
        locked(&self.0).is_empty()
    }

    /// Takes those out that were idle for too long. Gives since when the oldest of the others is.
    fn take_old(&self, now: Instant, closed: &mut Vec<(Connection, Instant)>) -> Option<Instant> {
        let mut idle = locked(&self.0);
        let age = |since: Instant| now.saturating_duration_since(since);
        let old = idle.partition_point(|(_, since)| age(*since) >= IDLE_CONNECTION_TIMEOUT);
        closed.extend(idle.drain(..old));
        idle.shrink_to_fit();
        idle.first().map(|(_, since)| *since)
    }
}

impl Idle {
    fn shelf(&self, place: Place) -> Arc<Shelf> {
        let mut shelves = locked(&self.shelves);
        if let Some(shelf) = shelves.get(&place) {
            return Arc::clone(shelf);
        }
        // Of places that were tried in vain nothing stays.
        shelves.retain(|_, shelf| Arc::strong_count(shelf) > 1 || !shelf.is_empty());
        Arc::clone(shelves.entry(place).or_default())
    }

    fn put(self: &Arc<Self>, shelf: &Shelf, connection: Connection) {
        locked(&shelf.0).push((connection, Instant::now()));
        // Behind that: who ends the watch has seen it, or is seen here.
        let mut watched = locked(&self.watch);
        // One of a runtime that is gone watches no more.
        if watched.as_ref().is_none_or(JoinHandle::is_finished) {
            *watched = Some(tokio::spawn(watch(Arc::downgrade(self))));
        }
    }

    /// Closes those that were idle for too long. Gives when to look again; none: there are no more.
    fn close_old(&self, now: Instant) -> Option<Instant> {
        let mut closed = Vec::new();
        let mut watched = locked(&self.watch);
        let mut shelves = locked(&self.shelves);
        let mut first = None::<Instant>;
        shelves.retain(|_, shelf| {
            let oldest = shelf.take_old(now, &mut closed);
            first = first.into_iter().chain(oldest).min();
            // Whoever knows it may put some there again.
            oldest.is_some() || Arc::strong_count(shelf) > 1
        });
        drop(shelves);
        let next = first.map(|since| since + IDLE_CONNECTION_TIMEOUT);
        if next.is_none() {
            *watched = None;
        }
        drop(watched);
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use http::HeaderMap;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::net::http::client::HttpClient;
    use crate::net::http::connect::HttpSettings;

    /// Answers every request on a connection; one for `/last` is its last.
    async fn serve(mut stream: TcpStream) {
        let mut head = Vec::new();
        while stream.read_buf(&mut head).await.is_ok_and(|octets| octets > 0) {
            if !head.ends_with(b"\r\n\r\n") {
                continue;
            }
            let is_last = head.starts_with(b"GET /last ");
            let connection = if is_last { "Connection: close\r\n" } else { "" };
            let answer = format!("HTTP/1.1 200 OK\r\n{connection}Content-Length: 2\r\n\r\nhi");
            if stream.write_all(answer.as_bytes()).await.is_err() || is_last {
                return;
            }
            head.clear();
        }
    }

    #[tokio::test]
    async fn a_connection_is_used_again_for_its_place_as_long_as_it_may() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = format!("http://{}", listener.local_addr().unwrap());
        let made = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&made);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream));
            }
        });
        let client = HttpClient::new(HttpSettings::default());
        let ask = async |path: &str| {
            let answer = client.get(&format!("{place}{path}"), HeaderMap::new(), 10).await;
            assert_eq!(&answer.unwrap().body[..], b"hi");
            made.load(Ordering::SeqCst)
        };
        // Addresses in turn, which the client does not remember.
        for path in ["/a", "/b", "/a", "/a"] {
            assert_eq!(ask(path).await, 1, "{path}");
        }
        assert_eq!(ask("/last").await, 1);
        assert_eq!(ask("/a").await, 2, "the other one said that it was over");
        let idle = &client.pool().idle;
        let later = Instant::now() + IDLE_CONNECTION_TIMEOUT / 2;
        assert!(idle.close_old(later).is_some(), "there is one, and it is not old");
        assert_eq!(ask("/a").await, 2);
        assert_eq!(idle.close_old(later + IDLE_CONNECTION_TIMEOUT), None);
        assert_eq!(ask("/a").await, 3);
        // Nothing stays of places that nobody asks any more.
        let elsewhere = client.get("http://127.0.0.1:1/", HeaderMap::new(), 10).await;
        assert!(elsewhere.is_err());
        assert_eq!(idle.close_old(Instant::now() + 2 * IDLE_CONNECTION_TIMEOUT), None);
        assert_eq!(locked(&idle.shelves).len(), 1, "that of the last address");
    }
}
