//! A link that loses messages below TLS: it sees records, never what is in them.
//!
//! It stands between a client (whose *via* names it) and a service, passes TLS on untouched, and loses what
//! [`lossy_link`](crate::lossy_link) loses, by the same seed: a request (its records never reach the service) or a response (the
//! service has executed, the client never learns). Either cuts the connection, as a broken network does.
//!
//! One exchange is under way in a connection at a time (HTTP/1.1): application data of the client after that of the service begins a
//! request. A client's first record of application data that is no longer than `FINISHED` ends the handshake of TLS 1.3. Session
//! tickets of TLS 1.3 look like a response; where one falls between two records of a request, that request is counted twice.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use crate::lossy_link::{Counters, LinkCounts, Loss};
use crate::relays::Relays;

/// The content type of application data (RFC 8446 §5.1); the encrypted handshake of TLS 1.3 has it too.
const APPLICATION_DATA: u8 = 23;
/// The octets before the content of a record: type, version, length.
const RECORD_HEADER: usize = 5;
/// The longest content of a record (RFC 5246 §6.2.3: 2^14 + 2048).
const LONGEST_RECORD: usize = (1 << 14) + 2048;
/// The longest record with a Finished of TLS 1.3: 48 octets of SHA-384, its header, its inner type and a tag.
const FINISHED: usize = 4 + 48 + 1 + 16;
/// How long a service may be silent while it writes a response that is lost, before nobody listens any more.
const LOST_RESPONSE: Duration = Duration::from_secs(2);

/// A running link. Dropping it stops it, with the connections through it.
#[derive(Debug)]
pub struct LossyTlsLink {
    relays: Relays,
    counters: Arc<Counters>,
}

impl LossyTlsLink {
    /// Starts a link on a free port of the loopback that leads to `service`; the first `calm` exchanges are spared.
    ///
    /// # Errors
    ///
    /// What the operating system says when no port can be had.
    pub async fn start(service: SocketAddr, loss: Loss, calm: u64) -> io::Result<Self> {
        let counters = Arc::new(Counters::new(loss, calm));
        let shared = Arc::clone(&counters);
        let relays = Relays::start(move |client| {
            let counters = Arc::clone(&shared);
            async move { relay(client, service, &counters).await }
        });
        Ok(Self { relays: relays.await?, counters })
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

/// Who speaks in a connection.
enum Turn {
    /// The handshake, or nobody.
    Nobody,
    /// The client asks: the exchange of this number.
    Client(u64),
    /// The service answers.
    Service,
}

async fn relay(client: TcpStream, service: SocketAddr, counters: &Counters) -> io::Result<()> {
    let service = TcpStream::connect(service).await?;
    client.set_nodelay(true)?;
    service.set_nodelay(true)?;
    let (from_client, mut to_client) = client.into_split();
    let (from_service, mut to_service) = service.into_split();
    let (mut from_client, mut from_service) =
        (Records::new(from_client), Records::new(from_service));
    let (mut turn, mut client_begins) = (Turn::Nobody, true);
    loop {
        tokio::select! {
            record = from_client.next() => {
                let Some(record) = record? else { break };
                if record.is_application_data() {
                    let finished = std::mem::take(&mut client_begins) && record.content() <= FINISHED;
                    if !finished && !matches!(turn, Turn::Client(_)) {
                        let number = counters.request();
                        if counters.loses_request(number) {
                            break;
                        }
                        turn = Turn::Client(number);
                    }
                }
                to_service.write_all(&record.0).await?;
            }
            record = from_service.next() => {
                let Some(record) = record? else { break };
                if let (true, Turn::Client(number)) = (record.is_application_data(), &turn) {
                    if counters.loses_response(*number) {
                        drop((from_client, to_client));
                        return unheard(from_service, to_service).await;
                    }
                    turn = Turn::Service;
                }
                to_client.write_all(&record.0).await?;
            }
        }
    }
    Ok(())
}

/// Lets the service end its response, which nobody hears.
async fn unheard(mut from_service: Records, _to_service: OwnedWriteHalf) -> io::Result<()> {
    while let Ok(Some(_)) = timeout(LOST_RESPONSE, from_service.next()).await.unwrap_or(Ok(None)) {}
    Ok(())
}

/// A whole record.
struct Record(Bytes);

impl Record {
    fn is_application_data(&self) -> bool {
        self.0.first() == Some(&APPLICATION_DATA)
    }

    /// The octets of its content.
    fn content(&self) -> usize {
        self.0.len() - RECORD_HEADER
    }
}

/// Reads records.
struct Records {
    from: OwnedReadHalf,
    read: BytesMut,
}

impl Records {
    fn new(from: OwnedReadHalf) -> Self {
        Self { from, read: BytesMut::new() }
    }

    /// The next record, if there is one. May be given up at any time without a loss.
    async fn next(&mut self) -> io::Result<Option<Record>> {
        loop {
            if let Some(mut length) = self.read.get(3..RECORD_HEADER) {
                let length = usize::from(length.get_u16());
                if length > LONGEST_RECORD {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "this is not TLS"));
                }
                if self.read.len() >= RECORD_HEADER + length {
                    return Ok(Some(Record(self.read.split_to(RECORD_HEADER + length).freeze())));
                }
            }
            if self.from.read_buf(&mut self.read).await? == 0 {
                return Ok(None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpListener;

    use super::*;

    /// A record whose content says what it is.
    fn record(kind: u8, content: &[u8]) -> Vec<u8> {
        let mut record = vec![kind, 3, 3];
        record.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
        record.extend(content);
        record
    }

    async fn read(stream: &mut TcpStream) -> Vec<u8> {
        let mut head = [0; RECORD_HEADER];
        if stream.read_exact(&mut head).await.is_err() {
            return Vec::new();
        }
        let mut content = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        stream.read_exact(&mut content).await.unwrap();
        content
    }

    /// A service that shakes hands as TLS 1.3 does, tickets included, and answers every request in two records. Gives what it was asked.
    async fn service() -> (SocketAddr, tokio::sync::mpsc::UnboundedReceiver<Vec<u8>>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, requests) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let asked = asked.clone();
                tokio::spawn(async move {
                    assert_eq!(read(&mut stream).await, b"hello");
                    let mut flight = record(22, b"hello");
                    flight.extend(record(APPLICATION_DATA, &[0; 900]));
                    stream.write_all(&flight).await.unwrap();
                    if read(&mut stream).await.len() != FINISHED {
                        return;
                    }
                    stream.write_all(&record(APPLICATION_DATA, b"ticket")).await.unwrap();
                    loop {
                        let request = read(&mut stream).await;
                        if request.is_empty() {
                            return;
                        }
                        asked.send(request).unwrap();
                        let mut answer = record(APPLICATION_DATA, b"head");
                        answer.extend(record(APPLICATION_DATA, b"body"));
                        let _ = stream.write_all(&answer).await;
                    }
                });
            }
        });
        (address, requests)
    }

    async fn connect(link: SocketAddr) -> TcpStream {
        let mut stream = TcpStream::connect(link).await.unwrap();
        stream.write_all(&record(22, b"hello")).await.unwrap();
        assert_eq!(read(&mut stream).await, b"hello");
        assert_eq!(read(&mut stream).await.len(), 900);
        stream.write_all(&record(APPLICATION_DATA, &[0; FINISHED])).await.unwrap();
        assert_eq!(read(&mut stream).await, b"ticket");
        stream
    }

    /// Asks 60 times, with a new connection after each cut. Gives which were answered, and what the service was asked.
    async fn sixty(loss: Loss, calm: u64) -> (Vec<bool>, usize, LinkCounts) {
        let (address, mut requests) = service().await;
        let link = LossyTlsLink::start(address, loss, calm).await.unwrap();
        let mut stream = connect(link.local_addr()).await;
        let mut answered = Vec::new();
        for number in 0..60u8 {
            let _ = stream.write_all(&record(APPLICATION_DATA, &[number; 200])).await;
            let got = read(&mut stream).await == b"head" && read(&mut stream).await == b"body";
            answered.push(got);
            if !got {
                stream = connect(link.local_addr()).await;
            }
        }
        let mut asked = 0;
        while let Ok(Some(_)) = timeout(Duration::from_millis(200), requests.recv()).await {
            asked += 1;
        }
        (answered, asked, link.counts())
    }

    #[tokio::test]
    async fn requests_and_responses_are_lost_by_the_seed() {
        let loss = Loss { requests: 0.2, responses: 0.1, seed: 7 };
        let (answered, asked, counts) = sixty(loss, 0).await;
        let lost = answered.iter().filter(|ok| !**ok).count() as u64;
        assert_eq!(counts.requests, 60);
        assert_eq!(counts.lost_requests + counts.lost_responses, lost);
        assert!(counts.lost_requests > 0 && counts.lost_responses > 0, "{counts:?}");
        assert_eq!(asked as u64, 60 - counts.lost_requests, "a lost response was executed");
        assert_eq!(sixty(loss, 0).await.0, answered);
    }

    #[tokio::test]
    async fn the_calm_exchanges_and_every_handshake_pass() {
        let loss = Loss { requests: 1.0, responses: 0.0, seed: 1 };
        let (answered, asked, counts) = sixty(loss, 20).await;
        assert!(answered[..20].iter().all(|ok| *ok) && !answered[20..].iter().any(|ok| *ok));
        assert_eq!((asked, counts.requests, counts.lost_requests), (20, 60, 40));
    }

    #[tokio::test]
    async fn what_is_not_tls_is_cut() {
        let (address, _requests) = service().await;
        let link =
            LossyTlsLink::start(address, Loss { requests: 0.0, responses: 0.0, seed: 1 }, 0).await;
        let mut stream = TcpStream::connect(link.unwrap().local_addr()).await.unwrap();
        let _ = stream.write_all(b"POST / HTTP/1.1\r\n\r\n").await;
        assert_eq!(read(&mut stream).await, b"");
    }
}
