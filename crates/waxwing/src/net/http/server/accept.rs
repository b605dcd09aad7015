//! A listening socket and its connections.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::exchange::{Exchange, HttpHandler};
use super::places::{Connection, Handshake, Places, Stage, WATCH_INTERVAL};
use super::secure::{self, Stream};
use super::watched::Watched;
use crate::net::listener::TransportCaller;
use crate::net::tls::ServiceTls;

/// Pause after the operating system refused to accept a connection (out of descriptors).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long a connection that makes way may take its last answer.
const FAREWELL: Duration = Duration::from_secs(1);
/// The least that `hyper` reads a head with.
const MIN_HEAD: usize = 8 << 10;

/// A listening server. Dropping it stops it at once; [`HttpServer::shutdown`] lets requests end.
#[derive(Debug)]
pub(super) struct HttpServer {
    local: SocketAddr,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl HttpServer {
    /// Listens on `address` (port 0 for any free port) and answers with `handler`. Bodies of more than `max_body` octets
    /// are answered with 413; `places` may be shared with other servers; connections begin with a handshake where there is `tls`.
    ///
    /// # Errors
    ///
    /// What the operating system says when it does not let the address be used.
    pub(super) async fn bind(
        address: SocketAddr,
        max_body: usize,
        places: Arc<Places>,
        tls: Option<ServiceTls>,
        handler: impl HttpHandler,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let local = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let server = Server { places, handler: Arc::new(handler), tls, max_body };
        let task = tokio::spawn(server.run(listener, stopped));
        Ok(Self { local, stop, task: Some(task) })
    }

    /// The address that it listens on, with the port that was chosen.
    pub(super) fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Takes no more connections and waits until every request under way is answered,
    /// at most `patience`. Returns whether all ended by themselves.
    pub(super) async fn shutdown(mut self, patience: Duration) -> bool {
        let _ = self.stop.send(true);
        let Some(mut task) = self.task.take() else { return true };
        let ended = tokio::time::timeout(patience, &mut task).await.is_ok();
        if !ended {
            task.abort();
        }
        ended
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// What the accept loop works with.
struct Server<H> {
    places: Arc<Places>,
    handler: Arc<H>,
    tls: Option<ServiceTls>,
    max_body: usize,
}

impl<H: HttpHandler> Server<H> {
    async fn run(self, listener: TcpListener, mut stopped: watch::Receiver<bool>) {
        let graceful = GracefulShutdown::new();
        let mut connections = tokio::task::JoinSet::new();
        let mut watch = tokio::time::interval(WATCH_INTERVAL);
        loop {
            let accepted = tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => break,
                accepted = listener.accept() => accepted,
                _ = watch.tick() => {
                    self.places.watch(Instant::now());
                    continue;
                }
            };
            while connections.try_join_next().is_some() {}
            match accepted {
                Ok((stream, peer)) => {
                    let place = tokio::select! {
                        _ = stopped.wait_for(|stop| *stop) => break,
                        place = self.places.enter(peer.ip(), self.begins()) => place,
                    };
                    let watcher = graceful.watcher();
                    let stopped = stopped.clone();
                    connections.spawn(self.connection(stream, peer, place, watcher, stopped));
                }
                Err(_) => {
                    self.places.make_room();
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        let watching = async {
            loop {
                watch.tick().await;
                self.places.watch(Instant::now());
            }
        };
        tokio::select! {
            () = graceful.shutdown() => {}
            () = watching => {}
        }
    }

    /// What a connection does first.
    fn begins(&self) -> Stage {
        if self.tls.is_some() { Stage::Handshake } else { Stage::Head }
    }

    /// Serves one connection until it ends or has to make way.
    fn connection(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        connection: Arc<Connection>,
        watcher: Watcher,
        mut stopped: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + Send + use<H> {
        let _ = stream.set_nodelay(true);
        let place = Place { places: Arc::clone(&self.places), connection: Arc::clone(&connection) };
        let shaking = self.tls.clone().map(|tls| (tls, self.places.handshake()));
        let (handler, max_body) = (Arc::clone(&self.handler), self.max_body);
        async move {
            let secured = tokio::select! {
                secured = shake(stream, shaking, peer, &connection) => secured,
                _ = connection.ended() => None,
                _ = stopped.wait_for(|stop| *stop) => None,
            };
            let Some((stream, caller)) = secured else { return };
            let places = Arc::clone(&place.places);
            let protected = matches!(stream, Stream::Tls(_));
            let exchange =
                Exchange { handler, places, connection, peer, caller, protected, max_body };
            serve(stream, exchange, place, watcher).await;
        }
    }
}

/// Shakes hands where there is TLS. None: there is no connection.
async fn shake(
    stream: TcpStream,
    shaking: Option<(ServiceTls, Handshake)>,
    peer: SocketAddr,
    connection: &Connection,
) -> Option<(Stream, TransportCaller)> {
    let Some((tls, under_way)) = shaking else {
        return Some((Stream::Plain(stream), TransportCaller::Anonymous));
    };
    let secured = secure::secured(stream, &tls).await;
    connection.enter(Stage::Head);
    drop(under_way);
    match secured {
        Ok(secured) => Some(secured),
        Err(why) => {
            why.iter().for_each(|why| tls.failed(peer, why));
            None
        }
    }
}

/// Serves HTTP.
async fn serve<H: HttpHandler>(
    stream: Stream,
    exchange: Exchange<H>,
    place: Place,
    watcher: Watcher,
) {
    let exchange = Arc::new(exchange);
    let connection = Arc::clone(&place.connection);
    let service = service_fn(move |request| {
        let exchange = Arc::clone(&exchange);
        async move { exchange.run(request).await }
    });
    let head = place.places.limits().max_head.max(MIN_HEAD);
    let served = http1::Builder::new()
        // `Places` watches heads and idle connections, too.
        .header_read_timeout(None)
        .max_buf_size(head)
        .max_header_size(head)
        .serve_connection(TokioIo::new(Watched { stream, connection, begun: false }), service);
    let mut served = pin!(watcher.watch(served));
    tokio::select! {
        // An aborted request and a peer that went away end a connection the same way.
        _ = &mut served => return,
        _ = place.connection.ended() => {}
    }
    if place.connection.stage() == Stage::Body {
        let _ = tokio::time::timeout(FAREWELL, served).await;
    }
}

/// A place that is free again when the connection is gone.
struct Place {
    places: Arc<Places>,
    connection: Arc<Connection>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.leave(&self.connection);
    }
}

#[cfg(test)]
mod tests;
