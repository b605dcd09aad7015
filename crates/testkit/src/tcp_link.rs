//! A link that loses messages of a TCP connection: it sees octets, never what is in them.
//!
//! It stands between a client (whose *via* names it) and a service, and loses what [`lossy_link`](crate::lossy_link) loses, by the
//! same seed: what the client sends after the service has spoken (it never reaches the service), or what the service answers to it
//! (the service has executed, the client never learns). Either cuts the connection, as a broken network does. The first words of a
//! connection, which are no message but the preamble of net.tcp and the handshake of TLS, are spared.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::lossy_link::{Counters, LinkCounts, Loss};
use crate::relays::Relays;

/// Octets passed on at once.
const CHUNK: usize = 16 * 1024;

/// A running link. Dropping it stops it, with the connections through it.
#[derive(Debug)]
pub struct LossyTcpLink {
    relays: Relays,
    counters: Arc<Counters>,
    is_calm: Arc<AtomicBool>,
}

impl LossyTcpLink {
    /// Starts a link on a free port of the loopback that leads to `service`; the first `calm` exchanges are spared.
    ///
    /// # Errors
    ///
    /// What the operating system says when no port can be had.
    pub async fn start(service: SocketAddr, loss: Loss, calm: u64) -> io::Result<Self> {
        let link = Self::begun(service, loss, calm, 1).await?;
        link.begin();
        Ok(link)
    }

    /// The same, which loses nothing until it is told to [begin](Self::begin). In each connection so many exchanges are spared
    /// as `opening` takes: one for a preamble; with an upgrade to TLS two more, and one for what the service says of its own.
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start).
    pub async fn start_calm(service: SocketAddr, loss: Loss, opening: u32) -> io::Result<Self> {
        Self::begun(service, loss, 0, opening).await
    }

    /// From now on something is lost.
    pub fn begin(&self) {
        self.is_calm.store(false, Ordering::Relaxed);
    }

    async fn begun(service: SocketAddr, loss: Loss, calm: u64, opening: u32) -> io::Result<Self> {
        let counters = Arc::new(Counters::new(loss, calm));
        let is_calm = Arc::new(AtomicBool::new(true));
        let shared = (Arc::clone(&counters), Arc::clone(&is_calm));
        let relays = Relays::start(move |client| {
            let (counters, is_calm) = shared.clone();
            async move { relay(client, service, &counters, &is_calm, opening).await }
        });
        Ok(Self { relays: relays.await?, counters, is_calm })
    }

    /// Where the link listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.relays.local_addr()
    }

    /// What it has done so far.
    pub fn counts(&self) -> LinkCounts {
        self.counters.counts()
    }
}

async fn relay(
    mut client: TcpStream,
    service: SocketAddr,
    counters: &Counters,
    is_calm: &AtomicBool,
    opening: u32,
) -> io::Result<()> {
    let mut service = TcpStream::connect(service).await?;
    client.set_nodelay(true)?;
    service.set_nodelay(true)?;
    let (mut asked, mut answered) = (vec![0; CHUNK], vec![0; CHUNK]);
    // The exchange that the client has begun and the service has not answered.
    let mut under_way = None;
    // What is still to be spared; who spoke last.
    let (mut spared, mut asks) = (opening, false);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let read = read?;
                if read == 0 {
                    return Ok(());
                }
                asks = true;
                if under_way.is_none() && spared == 0 && !is_calm.load(Ordering::Relaxed) {
                    let number = counters.request();
                    if counters.loses_request(number) {
                        return Ok(());
                    }
                    under_way = Some(number);
                }
                service.write_all(&asked[..read]).await?;
            }
            read = service.read(&mut answered) => {
                let read = read?;
                if read == 0 || under_way.take().is_some_and(|number| counters.loses_response(number)) {
                    return Ok(());
                }
                spared = spared.saturating_sub(u32::from(std::mem::take(&mut asks)));
                client.write_all(&answered[..read]).await?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpListener;

    use super::*;

    /// What begins a connection.
    const GREETING: u8 = 255;

    /// A service that answers each octet with the same one, and counts them.
    async fn echo() -> (SocketAddr, tokio::sync::mpsc::UnboundedReceiver<u8>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (heard, octets) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                while let Ok(octet) = stream.read_u8().await {
                    heard.send(octet).unwrap();
                    let _ = stream.write_u8(octet).await;
                }
            }
        });
        (address, octets)
    }

    #[tokio::test]
    async fn what_is_lost_is_cut_off() {
        let (address, mut heard) = echo().await;
        let loss = Loss { requests: 0.2, responses: 0.2, seed: 3 };
        let link = LossyTcpLink::start(address, loss, 1).await.unwrap();
        let (mut answered, mut stream) = (0_u64, None::<TcpStream>);
        for number in 0..40_u8 {
            let open = match stream.take() {
                Some(open) => open,
                None => {
                    let mut open = TcpStream::connect(link.local_addr()).await.unwrap();
                    open.write_u8(GREETING).await.unwrap();
                    assert_eq!(open.read_u8().await.unwrap(), GREETING);
                    open
                }
            };
            let mut open = open;
            open.write_u8(number).await.unwrap();
            if open.read_u8().await.is_ok_and(|octet| octet == number) {
                answered += 1;
                stream = Some(open);
            }
        }
        let counts = link.counts();
        assert_eq!(counts.requests, 40);
        assert!(counts.lost_requests > 0 && counts.lost_responses > 0, "{counts:?}");
        assert_eq!(answered, 40 - counts.lost_requests - counts.lost_responses);
        let mut executed = 0;
        while let Ok(octet) = heard.try_recv() {
            executed += u64::from(octet != GREETING);
        }
        assert_eq!(executed, 40 - counts.lost_requests, "a lost response was executed");
    }
}
