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
use tokio::net::{TcpListener, TcpStream};

use super::exchange::{Exchange, HttpHandler};
use super::secure::{self, Stream};
use super::upgrade::Upgraded;
use super::watched::Watched;
use crate::net::accepting::{Accepting, Stopped};
use crate::net::caller::TransportCaller;
use crate::net::places::{Connection, Handshake, Places, Stage, WATCH_INTERVAL};
use crate::net::tls::ServiceTls;
use crate::turns::again;

/// Pause after the operating system refused to accept a connection (out of descriptors).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long a connection that makes way may take its last answer.
const FAREWELL: Duration = Duration::from_secs(1);
/// The least that `hyper` reads a head with.
const MIN_HEAD: usize = 8 << 10;

/// The most octets of what a peer sends at a time.
#[derive(Clone, Copy)]
pub(super) struct Most {
    /// Of the head of a request.
    pub(super) head: usize,
    /// Of its body.
    pub(super) body: usize,
}

/// Listens on `address` (port 0 for any free port) and answers with `handler`. Bodies of more octets than
/// there may be are answered with 413; `places` may be shared with other servers; connections begin with a handshake where there is `tls`.
///
/// # Errors
///
/// What the operating system says when it does not let the address be used.
pub(super) async fn bind(
    address: SocketAddr,
    most: Most,
    places: Arc<Places>,
    tls: Option<ServiceTls>,
    handler: impl HttpHandler,
) -> io::Result<Accepting> {
    let listener = TcpListener::bind(address).await?;
    let local = listener.local_addr()?;
    let server = Server { places, handler: Arc::new(handler), tls, most };
    Ok(Accepting::run(local, |stopped| server.run(listener, stopped)))
}

/// What the accept loop works with.
struct Server<H> {
    places: Arc<Places>,
    handler: Arc<H>,
    tls: Option<ServiceTls>,
    most: Most,
}

impl<H: HttpHandler> Server<H> {
    async fn run(self, listener: TcpListener, mut stopped: Stopped) {
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
                    let stopped = stopped.clone();
                    connections.spawn(self.connection(stream, peer, place, stopped));
                }
                Err(_) => {
                    self.places.make_room();
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        loop {
            tokio::select! {
                ended = connections.join_next() => if ended.is_none() { return },
                _ = watch.tick() => self.places.watch(Instant::now()),
            }
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
        mut stopped: Stopped,
    ) -> impl Future<Output = ()> + Send + use<H> {
        let _ = stream.set_nodelay(true);
        let place = Place { places: Arc::clone(&self.places), connection: Arc::clone(&connection) };
        let shaking = self.tls.clone().map(|tls| (tls, self.places.handshake()));
        let (handler, most) = (Arc::clone(&self.handler), self.most);
        async move {
            let secured = tokio::select! {
                secured = shake(stream, shaking, peer, &connection) => secured,
                _ = connection.ended() => None,
                _ = stopped.wait_for(|stop| *stop) => None,
            };
            let Some((stream, caller)) = secured else { return };
            let places = Arc::clone(&place.places);
            let protected = matches!(stream, Stream::Tls(_));
            let exchange = Exchange {
                handler,
                places,
                connection,
                peer,
                caller,
                protected,
                max_body: most.body,
                upgraded: Upgraded::default(),
            };
            serve(stream, exchange, most.head.max(MIN_HEAD), place, stopped).await;
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
    head: usize,
    place: Place,
    mut stopped: Stopped,
) {
    let exchange = Arc::new(exchange);
    let own = Arc::clone(&exchange);
    let connection = Arc::clone(&place.connection);
    let service = service_fn(move |request| {
        let exchange = Arc::clone(&exchange);
        async move { exchange.run(request).await }
    });
    let served = http1::Builder::new()
        // `Places` watches heads and idle connections, too.
        .header_read_timeout(None)
        .max_buf_size(head)
        .max_header_size(head)
        .serve_connection(TokioIo::new(Watched { stream, connection, begun: false }), service)
        .with_upgrades();
    let mut served = pin!(served);
    let mut is_stopping = false;
    loop {
        let stopping = async { drop(stopped.wait_for(|stop| *stop).await) };
        let is_stop = tokio::select! {
            // An aborted request and a peer that went away end a connection the same way.
            _ = again(served.as_mut()) => break,
            _ = place.connection.ended() => false,
            () = stopping, if !is_stopping => true,
        };
        if is_stop {
            // The request under way is answered, and no other one taken.
            is_stopping = true;
            served.as_mut().graceful_shutdown();
            continue;
        }
        if place.connection.stage() == Stage::Body {
            let _ = tokio::time::timeout(FAREWELL, served).await;
        }
        return;
    }
    // A link has the connection from now on; it keeps its place, and makes way when others need it.
    if let Some(mut link) = own.upgraded.take() {
        place.connection.enter(Stage::Handling);
        tokio::select! {
            () = link.ended() => {}
            _ = place.connection.ended() => {}
        }
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
