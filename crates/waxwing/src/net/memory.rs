//! A client and a service in one process, without sockets: to test a service through its whole binding, security and
//! reliable session included.
//!
//! ```
//! # use waxwing::contract::{OperationFault, service_contract};
//! use waxwing::binding::{SecurityMode, ServiceBehavior, WsHttpBinding};
//! use waxwing::net::memory::Memory;
//! use waxwing::{ChannelFactory, ServiceHostBuilder, ServiceInstances};
//! # #[service_contract] trait Clock { async fn hour(&self) -> Result<i32, OperationFault>; }
//! # struct Noon;
//! # impl Clock for Noon { async fn hour(&self) -> Result<i32, OperationFault> { Ok(12) } }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let memory = Memory::new();
//! let binding = WsHttpBinding::new(SecurityMode::None, true);
//! let host = ServiceHostBuilder::new()
//!     .listener(memory.clone())
//!     .endpoint(binding.clone(), "http://nowhere/clock", &CLOCK_CONTRACT, ServiceBehavior::default())?
//!     .open(ServiceInstances::single(ClockService::new(Noon)))
//!     .await?;
//! let factory = ChannelFactory::new(binding, "http://nowhere/clock", &CLOCK_CONTRACT)?;
//! let channel = factory.transport(memory).open_channel().await?;
//! assert_eq!(ClockClient::new(&channel).hour().await?, 12);
//! channel.close().await?;
//! host.close().await;
//! # Ok(()) }
//! ```

mod links;

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use waxwing_session::{TransportCause, TransportFailure};
use waxwing_soap::SoapVersion;

use self::links::Most;
use super::link::{Dial, Link, LinkAbout, LinkDialer, LinkReceiver, LinkRefusal, OfferedLink};
use super::listener::{
    Incoming, ListenError, Listener, Listening, Receiver, Refusal, Reply, Route,
};
use super::place::place_of;
use super::transport::{Answer, Outcome, Request, Transport};
use crate::future::BoxFuture;

/// The schemes of addresses with links; messages in exchanges of their own have those of `http`.
const SCHEMES_OF_LINKS: [&str; 2] = ["http", "net.tcp"];

/// A network of one process: what listens on one is reached over it, and from nowhere else. Clones are the same network.
/// Host names and ports are names only; nothing is resolved and nothing is opened.
#[derive(Clone, Default)]
pub struct Memory {
    places: Arc<Mutex<Places>>,
}

/// Who takes the messages of an address: host with port, and path.
type Places = HashMap<(String, Vec<u8>), Arc<Seat>>;

/// A receiver with those who wait for it.
struct Seat {
    receiver: Arc<dyn Receiver>,
    /// Each exchange under way holds a receiver of it.
    under_way: watch::Sender<()>,
}

impl Memory {
    /// A network where nobody listens.
    pub fn new() -> Self {
        Self::default()
    }

    /// Who takes messages for this place: at its path, or at the nearest one above.
    fn seat(&self, (place, mut path): (String, Vec<u8>)) -> Option<Arc<Seat>> {
        let places = self.lock();
        loop {
            let key = (place.clone(), path.clone());
            if let Some(seat) = places.get(&key) {
                return Some(Arc::clone(seat));
            }
            path.truncate(path.iter().rposition(|octet| *octet == b'/')?);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Memory {
    fn schemes(&self) -> &[&str] {
        &["http"]
    }

    fn exchange<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let to = request.to;
            let failed = |cause, text: &str| {
                Answer::failed(TransportFailure { cause, reason: format!("{text} ({to})") })
            };
            let seat = place_of(to).and_then(|key| self.seat(key));
            let Some(seat) = seat else {
                return failed(TransportCause::NotFound, "nobody listens in memory");
            };
            if request.octets.len() > seat.receiver.max_message() {
                let text = "The message is larger than the service's maxReceivedMessageSize";
                return failed(TransportCause::RequestTooLarge, text);
            }
            let _under_way = seat.under_way.subscribe();
            let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            // Nobody else is on the way.
            let mut incoming = Incoming::new(peer, request.content_type, request.octets).over(true);
            // As HTTP has it: such messages may say nowhere else what they are for.
            let is_beside = request.version == SoapVersion::Soap11;
            incoming.action = is_beside.then(|| request.action.to_owned());
            drop(request.written);
            match Arc::clone(&seat.receiver).receive(incoming).await {
                Reply::Message { octets, .. } if octets.len() > request.max_answer => {
                    failed(TransportCause::AnswerTooLarge, "the answer is larger than the limit")
                }
                Reply::Message { content_type, octets, .. } => {
                    Answer::message(content_type, octets)
                }
                Reply::Accepted => Answer { outcome: Outcome::Empty, ..Answer::empty() },
                Reply::NoAnswer => failed(TransportCause::Broken, "the service gave no answer"),
                Reply::Refused(Refusal::NotFound) => {
                    failed(TransportCause::NotFound, "nobody takes messages there")
                }
                Reply::Refused(Refusal::ContentType) => {
                    failed(TransportCause::MediaType, "the service does not take this content type")
                }
                Reply::Refused(Refusal::TooLarge) => failed(
                    TransportCause::RequestTooLarge,
                    "The message is larger than the receiver's maxReceivedMessageSize",
                ),
                Reply::Refused(Refusal::Unavailable) => {
                    failed(TransportCause::Busy, "the service is too busy or unavailable")
                }
                Reply::Refused(Refusal::Unauthorized | Refusal::Forbidden) => {
                    failed(TransportCause::AccessDenied, "the service does not let the caller in")
                }
                Reply::Refused(Refusal::Malformed | Refusal::Failed) => {
                    failed(TransportCause::NotSoap, "the service refused the message")
                }
            }
        })
    }
}

impl LinkDialer for Memory {
    fn schemes(&self) -> &[&str] {
        &SCHEMES_OF_LINKS
    }

    fn dial<'a>(&'a self, dial: Dial<'a>) -> BoxFuture<'a, Result<Link, TransportFailure>> {
        Box::pin(async move {
            let via = dial.via;
            let failed =
                |cause, text: &str| TransportFailure { cause, reason: format!("{text} ({via})") };
            let seat = place_of(via).and_then(|key| self.seat(key));
            let taken = seat.and_then(|seat| Some((Arc::clone(&seat.receiver).links()?, seat)));
            let Some((receiver, seat)) = taken else {
                return Err(failed(TransportCause::NotFound, "nobody takes links there in memory"));
            };
            if !receiver.takes(dial.content_type) {
                let text = format!(
                    "Content Type {} was not supported by service {via}.  The client and service bindings may be mismatched.",
                    dial.content_type
                );
                return Err(TransportFailure { cause: TransportCause::MediaType, reason: text });
            }
            if receiver.streamed().is_some() != dial.is_streamed {
                let text = "one end has whole messages, the other one has them in pieces: compare transferMode of the two bindings";
                return Err(failed(TransportCause::Framing, text));
            }
            let peer = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
            let about =
                LinkAbout { peer, protected: true, ..LinkAbout::new(via, dial.content_type) };
            let (answer, answered) = oneshot::channel();
            let up = receiver.streamed().unwrap_or(receiver.limits().max_message);
            let most = Most { up, down: dial.max_message, is_streamed: dial.is_streamed };
            let offered = Box::new(Offered { about, most, answer });
            tokio::spawn(offer(receiver, offered, seat));
            match answered.await {
                Ok(Ok(link)) => Ok(link),
                Ok(Err(LinkRefusal::Busy)) => {
                    Err(failed(TransportCause::Busy, "the service is too busy or unavailable"))
                }
                Ok(Err(LinkRefusal::NotFound)) => {
                    Err(failed(TransportCause::NotFound, "nobody takes links there"))
                }
                Ok(Err(LinkRefusal::Forbidden)) => Err(failed(
                    TransportCause::AccessDenied,
                    "the service does not let the caller in",
                )),
                Err(_) => Err(failed(TransportCause::Broken, "the service aborted the link")),
            }
        })
    }
}

/// Lets a service have a link.
async fn offer(receiver: Arc<dyn LinkReceiver>, offered: Box<Offered>, seat: Arc<Seat>) {
    let _under_way = seat.under_way.subscribe();
    drop(seat);
    receiver.offered(offered).await;
}

/// A link in memory that waits to be accepted.
struct Offered {
    about: LinkAbout,
    most: Most,
    answer: oneshot::Sender<Result<Link, LinkRefusal>>,
}

impl OfferedLink for Offered {
    fn about(&self) -> &LinkAbout {
        &self.about
    }

    fn accept(self: Box<Self>) -> BoxFuture<'static, Result<Link, TransportFailure>> {
        let (dialed, accepted) = links::pair(self.about, &self.most);
        let sent = self.answer.send(Ok(dialed));
        let reason = || "the client did not wait for the link".to_owned();
        let gone = |_| TransportFailure { cause: TransportCause::Broken, reason: reason() };
        let accepted = sent.map_err(gone).map(|()| accepted);
        Box::pin(async move { accepted })
    }

    fn refuse(self: Box<Self>, why: LinkRefusal) -> BoxFuture<'static, ()> {
        let _ = self.answer.send(Err(why));
        Box::pin(async {})
    }
}

impl Listener for Memory {
    fn schemes(&self) -> &[&str] {
        &SCHEMES_OF_LINKS
    }

    fn listen(
        &self,
        routes: Vec<Route>,
    ) -> BoxFuture<'_, Result<Vec<Box<dyn Listening>>, ListenError>> {
        Box::pin(async move {
            let mut seats = Vec::new();
            // Let go before the seats: those that were taken in vain are given back under the same lock.
            let mut places = self.lock();
            for Route { address, receiver, .. } in routes {
                let taken = place_of(&address).filter(|key| !places.contains_key(key));
                let Some(key) = taken else {
                    let error = io::Error::from(io::ErrorKind::AddrInUse);
                    return Err(ListenError { address, error });
                };
                let seat = Arc::new(Seat { receiver, under_way: watch::Sender::new(()) });
                places.insert(key.clone(), Arc::clone(&seat));
                let (places, seat) = (Arc::downgrade(&self.places), Arc::downgrade(&seat));
                seats.push(Box::new(Taken { places, key, seat }) as Box<dyn Listening>);
            }
            Ok(seats)
        })
    }
}

/// An address that is listened on until this is dropped.
struct Taken {
    places: Weak<Mutex<Places>>,
    key: (String, Vec<u8>),
    seat: Weak<Seat>,
}

impl Listening for Taken {
    fn local_address(&self) -> Option<SocketAddr> {
        None
    }

    fn shutdown(self: Box<Self>, patience: Duration) -> BoxFuture<'static, bool> {
        let seat = self.seat.upgrade();
        drop(self);
        Box::pin(async move {
            let Some(seat) = seat else { return true };
            tokio::time::timeout(patience, seat.under_way.closed()).await.is_ok()
        })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(places) = self.places.upgrade() {
            places.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
        }
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}
