//! A listening socket and its connections.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::input::Guest;
use super::limits::largest;
use super::offered::Offered;
use super::opening::{Opened, Opening};
use super::socket::Socket;
use crate::log::{Cut, Rate};
use crate::net::accepting::{Accepting, Stopped};
use crate::net::link::{LinkAbort, LinkLimits};
use crate::net::paths::Paths;
use crate::net::places::{Places, Stage, WATCH_INTERVAL};
use crate::panics;

/// Pause after the operating system refused to accept a connection (out of descriptors).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Listens on `address` (port 0 for any free port).
///
/// # Errors
/// What the operating system says when it does not let the address be used.
pub(super) fn bind(
    address: SocketAddr,
    paths: Arc<Paths>,
    places: Arc<Places>,
) -> io::Result<Accepting> {
    let links = paths.receivers().filter_map(|receiver| Arc::clone(receiver).links());
    let limits = largest(links.map(|links| links.limits()));
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(limits.backlog.max(1))?;
    let local = listener.local_addr()?;
    let (idle, log) = (AtomicUsize::new(0), Rate::new());
    let port = Arc::new(Port { paths, places, limits, local, idle, log });
    Ok(Accepting::run(local, |stopped| run(port, listener, stopped)))
}

/// What the connections of a port share.
pub(super) struct Port {
    pub(super) paths: Arc<Paths>,
    places: Arc<Places>,
    pub(super) limits: LinkLimits,
    local: SocketAddr,
    /// How many connections wait for a further session.
    idle: AtomicUsize,
    log: Rate,
}

async fn run(port: Arc<Port>, listener: TcpListener, mut stopped: Stopped) {
    let mut connections = JoinSet::new();
    let mut watch = tokio::time::interval(WATCH_INTERVAL);
    loop {
        let accepted = tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => break,
            accepted = listener.accept() => accepted,
            _ = watch.tick() => {
                port.places.watch(Instant::now());
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, peer)) => {
                let place = tokio::select! {
                    _ = stopped.wait_for(|stop| *stop) => break,
                    place = port.places.enter(peer.ip(), Stage::Handshake) => place,
                };
                let guest = Guest { places: Arc::clone(&port.places), connection: place };
                let visit =
                    Visit { port: Arc::clone(&port), peer, guest, stopped: stopped.clone() };
                connections.spawn(visit.run(stream));
            }
            Err(_) => {
                port.places.make_room();
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    loop {
        tokio::select! {
            joined = connections.join_next() => if joined.is_none() { return },
            _ = watch.tick() => port.places.watch(Instant::now()),
        }
    }
}

/// One connection of a port.
struct Visit {
    port: Arc<Port>,
    peer: SocketAddr,
    guest: Guest,
    stopped: Stopped,
}

impl Visit {
    /// Serves one session after the other until the connection ends or has to make way.
    async fn run(mut self, stream: TcpStream) {
        let _place = Place(self.guest.clone());
        let connection = Arc::clone(&self.guest.connection);
        tokio::select! {
            () = self.sessions(Socket::new(stream)) => {}
            _ = connection.ended() => {}
        }
    }

    async fn sessions(&mut self, mut socket: Socket) {
        let mut is_first = true;
        loop {
            if !is_first && !self.next_begins(&socket).await {
                return;
            }
            is_first = false;
            let Some(opened) = self.open(socket).await else { return };
            let Some(after) = self.session(opened).await else { return };
            socket = after;
        }
    }

    /// Waits until a further session begins, where there is room for one more that waits.
    async fn next_begins(&mut self, socket: &Socket) -> bool {
        let port = &self.port;
        let waiting = Waiting::enter(&port.idle, port.limits.max_idle);
        let Some(_waiting) = waiting else { return false };
        self.guest.connection.enter(Stage::Idle);
        tokio::select! {
            begins = socket.begins() => begins,
            () = tokio::time::sleep(port.limits.idle_timeout) => false,
            _ = self.stopped.wait_for(|stop| *stop) => false,
        }
    }

    /// The preamble, with the upgrade of the stream.
    async fn open(&mut self, socket: Socket) -> Option<Opened> {
        self.guest.connection.enter(Stage::Handshake);
        let under_way = self.guest.places.handshake();
        let patience = self.port.limits.initialization_timeout;
        let opening = Opening { paths: &self.port.paths, peer: self.peer };
        let opened = tokio::select! {
            opened = tokio::time::timeout(patience, opening.run(socket)) => opened,
            _ = self.stopped.wait_for(|stop| *stop) => return None,
        };
        drop(under_way);
        self.guest.connection.enter(Stage::Handling);
        match opened {
            Ok(Ok(opened)) => opened,
            Ok(Err(reason)) => {
                self.tell(&reason);
                None
            }
            Err(_) => {
                self.tell(&format!(
                    "The channel initialization (preamble and upgrade) took longer than {patience:?}. To increase this quota, use the \
                     ChannelInitializationTimeout property on the transport binding element."
                ));
                None
            }
        }
    }

    /// Lets the endpoint have the link, and waits until that has ended. Gives the connection when another session may follow.
    async fn session(&mut self, opened: Opened) -> Option<Socket> {
        let (after, ended) = oneshot::channel();
        let receiver = Arc::clone(&opened.receiver);
        let (offered, abort) = Offered::new(opened, self.guest.clone(), after);
        // Whoever ends this task ends the link.
        let _abort = AbortWhenDropped(abort);
        // A task of its own: who takes the link sees how it ends, even when the connection has to make way.
        let peer = self.peer;
        let receiving = tokio::spawn(async move {
            if let Err(panicked) = panics::caught(receiver.offered(Box::new(offered))).await {
                tracing::error!(%peer, "the receiver of a link failed: {panicked}");
            }
        });
        let _ = receiving.await;
        ended.await.ok()
    }

    /// A line of the log, as many as it takes.
    fn tell(&self, reason: &str) {
        if let Some(left_out) = self.port.log.pass() {
            let (peer, local) = (self.peer, self.port.local);
            tracing::info!(%peer, %local, left_out, "no net.tcp session: {}", Cut::of(reason));
        }
    }
}

/// One of the connections that wait for a further session.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    /// Unless there are so many.
    fn enter(waiting: &'a AtomicUsize, most: usize) -> Option<Self> {
        let more = |now: usize| (now < most).then_some(now + 1);
        waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Self(waiting))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A place that is free again when the connection is gone.
struct Place(Guest);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.places.leave(&self.0.connection);
    }
}

/// Ends a link when nobody serves its connection any more.
struct AbortWhenDropped(LinkAbort);

impl Drop for AbortWhenDropped {
    fn drop(&mut self) {
        self.0.abort();
    }
}
