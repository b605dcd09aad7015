//! Sessions of a client: over a connection that is kept, or a new one.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};
use waxwing_crypto::Certificate;
use waxwing_session::{TransportCause, TransportFailure};
use waxwing_soap::Address;
use waxwing_soap::framing::{ClientFraming, ClientStep, FramingLimits, Mode, UPGRADE_TLS};

use super::client_tls::{NotShaken, TcpTls};
use super::failure;
use super::input::{Role, TcpInput};
use super::line::{Line, broken};
use super::output::TcpOutput;
use super::pool::{Place, Pooled, TcpPool};
use super::socket::{Socket, Wire};
use crate::future::BoxFuture;
use crate::net::link::{Dial, Link, LinkAbout, LinkDialer};

/// The port of an address that names none.
const DEFAULT_PORT: u16 = 808;
/// How much is read at a time: the answer to a preamble is short.
const READ: usize = 1 << 10;
/// How long a connection that was kept may take to open a session: its peer may be gone without a word, and then a new one
/// is tried.
const KEPT_PATIENCE: Duration = Duration::from_secs(5);
/// How long one address of a host may take, where it has several.
const ADDRESS_PATIENCE: Duration = Duration::from_secs(15);
/// How often a session is begun with a server whose rule has to be asked: another one may answer under the same name.
const ATTEMPTS: usize = 3;

/// Dials net.tcp.
pub(crate) struct TcpDialer {
    pool: Arc<TcpPool>,
    /// Upgrades every session to TLS; none: as it is.
    tls: Option<TcpTls>,
}

/// Where it goes.
struct Target<'a> {
    via: &'a str,
    host: Arc<str>,
    place: Place,
}

impl TcpDialer {
    pub(crate) fn new(pool: Arc<TcpPool>, tls: Option<TcpTls>) -> Self {
        Self { pool, tls }
    }

    async fn link(&self, dial: Dial<'_>) -> Result<Link, TransportFailure> {
        let target = Target::of(dial.via)?;
        while let Some(kept) = self.pool.take(&target.place) {
            let opened = self.open(kept, &dial, &target, None);
            // Whatever else comes of it: the connection was too old, perhaps. A new one says the truth.
            if let Ok(Ok(link)) = tokio::time::timeout(KEPT_PATIENCE, opened).await {
                return Ok(link);
            }
        }
        let mut approved = None;
        for _ in 0..ATTEMPTS {
            let pooled = Pooled { socket: connect(&target).await?, since: None };
            match self.open(pooled, &dial, &target, approved.take()).await {
                Ok(link) => return Ok(link),
                Err(NotShaken::Failed(failure)) => return Err(failure),
                Err(NotShaken::Postponed(shown)) => {
                    let Some(tls) = &self.tls else { break };
                    tls.ask(&shown, &target.host).await?;
                    approved = shown.into_iter().next();
                }
            }
        }
        let reason = "each of several connections brought another certificate".to_owned();
        Err(TransportFailure { cause: TransportCause::Tls, reason })
    }

    /// Opens a session on a connection.
    async fn open(
        &self,
        pooled: Pooled,
        dial: &Dial<'_>,
        target: &Target<'_>,
        approved: Option<Certificate>,
    ) -> Result<Link, NotShaken> {
        let Pooled { socket, since } = pooled;
        let upgrade = self.tls.as_ref().map(|_| UPGRADE_TLS);
        let limits = FramingLimits::default().with_envelope(dial.max_message);
        let mode = if dial.is_streamed { Mode::Singleton } else { Mode::Duplex };
        let framing = ClientFraming::new(mode, dial.via, dial.content_type, upgrade, limits);
        let framing = framing.map_err(|error| NotShaken::Failed(failure::of_client(&error)))?;
        let mut opening = Opening { wire: Wire::Plain(socket), framing, buffer: BytesMut::new() };
        opening.write(&opening.framing.opening()).await?;
        if let (Some(tls), Some(request)) = (&self.tls, opening.framing.upgrade_request()) {
            opening.write(&request).await?;
            opening.wait_for(ClientStep::Upgrade).await?;
            let socket = opening.wire.socket().clone();
            socket.unread(std::mem::take(&mut opening.buffer));
            opening.wire = tls.shake(socket, &target.host, approved).await?;
            opening.write(&opening.framing.after_upgrade()).await?;
        }
        opening.wait_for(ClientStep::Opened).await?;
        Ok(self.opened(opening, dial, target, since))
    }

    fn opened(
        &self,
        opening: Opening,
        dial: &Dial<'_>,
        target: &Target<'_>,
        since: Option<Instant>,
    ) -> Link {
        let Opening { wire, framing, buffer } = opening;
        let mut about = LinkAbout::new(dial.via, dial.content_type);
        (about.peer, about.protected) = (wire.socket().peer(), wire.is_protected());
        let (pool, place) = (Arc::clone(&self.pool), target.place.clone());
        let line =
            Line::new(wire, Box::new(move |socket| pool.put(place, Pooled { socket, since })));
        let input = TcpInput::new(Arc::clone(&line), Role::Client(framing), buffer, None);
        let output = TcpOutput::new(Arc::clone(&line), dial.is_streamed).of_client();
        let (output, abort) = (Box::new(output), line.aborter());
        Link { about, output, input: Box::new(input), abort }
    }
}

impl LinkDialer for TcpDialer {
    fn schemes(&self) -> &[&str] {
        &["net.tcp"]
    }

    fn dial<'a>(&'a self, dial: Dial<'a>) -> BoxFuture<'a, Result<Link, TransportFailure>> {
        Box::pin(self.link(dial))
    }
}

/// A session that is being opened. What is dropped before it is open is closed.
struct Opening {
    wire: Wire,
    framing: ClientFraming,
    buffer: BytesMut,
}

impl Opening {
    async fn write(&mut self, octets: &[u8]) -> Result<(), NotShaken> {
        let written = async {
            self.wire.write_all(octets).await?;
            self.wire.flush().await
        };
        written.await.map_err(|error| self.lost(&error))
    }

    /// Waits for this step, the only good one.
    async fn wait_for(&mut self, step: ClientStep) -> Result<(), NotShaken> {
        let failed = |error| NotShaken::Failed(failure::of_client(&error));
        loop {
            let mut left = &self.buffer[..];
            let read = self.framing.read(&mut left);
            let taken = self.buffer.len() - left.len();
            self.buffer.advance(taken);
            match read.map_err(failed)? {
                Some(found) if found == step => return Ok(()),
                _ => {}
            }
            self.buffer.reserve(READ);
            let read = self.wire.read_buf(&mut self.buffer).await;
            if read.map_err(|error| self.lost(&error))? == 0 {
                return self.framing.end_of_stream().map_err(failed);
            }
        }
    }

    /// The connection broke. Within TLS it may be that the server refuses the client's certificate (TLS 1.3 says so late).
    fn lost(&self, error: &io::Error) -> NotShaken {
        let mut failure = broken(error);
        if self.wire.is_protected() && error.raw_os_error().is_none() {
            failure.cause = TransportCause::Tls;
            failure.reason = format!(
                "Transport security negotiation failed due to an underlying IO error: {error}. Does the service refuse the \
                 client's certificate, or want one?"
            );
        }
        NotShaken::Failed(failure)
    }
}

impl<'a> Target<'a> {
    fn of(via: &'a str) -> Result<Self, TransportFailure> {
        let address = Address::of(via);
        let unusable = |text: &str| {
            let reason = format!("no session can be opened to {via}: {text}");
            TransportFailure { cause: TransportCause::Address, reason }
        };
        if !address.has_scheme("net.tcp") {
            return Err(unusable("an address of this binding begins with net.tcp://"));
        }
        let host = address.host().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| unusable("it names no host"))?;
        let port = address.port().unwrap_or(DEFAULT_PORT);
        let place = Place { host: host.to_uppercase(), port };
        Ok(Self { via, host: host.into(), place })
    }
}

/// A new connection: to the first address of the host that takes one.
async fn connect(target: &Target<'_>) -> Result<Socket, TransportFailure> {
    let (via, host, port) = (target.via, &*target.host, target.place.port);
    let resolved = lookup_host((host, port)).await;
    let unknown = |words: String| {
        let reason = format!("No DNS entries exist for host {host}. ({via}: {words})");
        TransportFailure { cause: TransportCause::UnknownHost, reason }
    };
    let addresses: Vec<_> = resolved.map_err(|error| unknown(error.to_string()))?.collect();
    let mut last = None;
    for address in &addresses {
        let connecting = TcpStream::connect(*address);
        let connected = match addresses.len() {
            1 => connecting.await,
            _ => match tokio::time::timeout(ADDRESS_PATIENCE, connecting).await {
                Ok(connected) => connected,
                Err(_) => Err(io::ErrorKind::TimedOut.into()),
            },
        };
        match connected {
            Ok(stream) => return Ok(Socket::new(stream)),
            Err(error) => last = Some((*address, error)),
        }
    }
    let Some((address, error)) = last else { return Err(unknown("no address".to_owned())) };
    let (cause, words) = match error.kind() {
        io::ErrorKind::ConnectionRefused => (
            TransportCause::Refused,
            format!(
                "TCP error code 10061: No connection could be made because the target machine actively refused it {address}. \
                 Is the service running, and is {port} its port?"
            ),
        ),
        io::ErrorKind::TimedOut => (
            TransportCause::Unreachable,
            format!(
                "TCP error code 10060: A connection attempt failed because the connected party did not properly respond after a \
                 period of time, or established connection failed because connected host has failed to respond {address}. Is \
                 there a firewall in between?"
            ),
        ),
        _ => (TransportCause::Unreachable, format!("{error} ({address}).")),
    };
    let reason = format!("Could not connect to {via}. {words}");
    Err(TransportFailure { cause, reason })
}
