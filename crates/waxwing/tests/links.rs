//! Links in memory: what every transport of links promises, shown without sockets.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use waxwing::net::memory::Memory;
use waxwing::net::{
    Dial, HostNames, Incoming, Link, LinkDialer, LinkLimits, LinkReceiver, LinkRefusal, Listener,
    Listening, OfferedLink, Receiver, Reply, Route, TransportCause,
};

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

const BINARY: &str = "application/soap+msbinsession1";
const ADDRESS: &str = "net.tcp://nowhere:808/echo";

/// What the service does with a link.
#[derive(Clone, Copy)]
enum Service {
    /// Sends back what comes, and closes when the client has.
    Echo,
    Refuse(LinkRefusal),
    Abort,
}

impl Receiver for Service {
    fn max_message(&self) -> usize {
        100
    }

    fn links(self: Arc<Self>) -> Option<Arc<dyn LinkReceiver>> {
        Some(self)
    }

    fn receive(self: Arc<Self>, _: Incoming) -> BoxFuture<Reply> {
        Box::pin(async { Reply::NoAnswer })
    }
}

impl LinkReceiver for Service {
    fn content_type(&self) -> &str {
        BINARY
    }

    fn limits(&self) -> LinkLimits {
        let mut limits = LinkLimits::default();
        limits.max_message = 100;
        limits
    }

    fn offered(self: Arc<Self>, link: Box<dyn OfferedLink>) -> BoxFuture<()> {
        Box::pin(async move {
            assert_eq!(link.about().via, ADDRESS);
            match *self {
                Self::Echo => echo(link.accept().await.expect("a link")).await,
                Self::Refuse(why) => link.refuse(why).await,
                Self::Abort => drop(link),
            }
        })
    }
}

async fn echo(mut link: Link) {
    while let Ok(Some(message)) = link.input.receive().await {
        if link.output.send(message).await.is_err() {
            return;
        }
    }
    let _ = link.output.close().await;
}

async fn listening(service: Service) -> (Memory, Vec<Box<dyn Listening>>) {
    let memory = Memory::new();
    let (receiver, hosts) = (Arc::new(service), HostNames::default());
    let route = Route { address: ADDRESS.to_owned(), receiver, tls: None, hosts };
    let listening = memory.listen(vec![route]).await.expect("a place");
    (memory, listening)
}

async fn dial(memory: &Memory) -> Result<Link, TransportCause> {
    let dialed = memory.dial(Dial::new(ADDRESS, BINARY, 1000)).await;
    dialed.map_err(|failure| failure.cause)
}

#[tokio::test]
async fn messages_go_both_ways_and_each_direction_ends_by_itself() {
    let (memory, mut listening) = listening(Service::Echo).await;
    let mut link = dial(&memory).await.expect("a link");
    link.output.send_all(vec!["one".into(), "two".into()]).await.expect("sent");
    link.output.close().await.expect("closed");
    link.output.close().await.expect("closing again does nothing");
    assert!(link.output.send("three".into()).await.is_err());
    assert_eq!(link.input.receive().await.expect("an answer").as_deref(), Some(&b"one"[..]));
    assert_eq!(link.input.receive().await.expect("an answer").as_deref(), Some(&b"two"[..]));
    for _ in 0..2 {
        assert_eq!(link.input.receive().await.expect("the end"), None);
    }
    let seat = listening.pop().expect("one address");
    assert!(seat.shutdown(Duration::from_secs(5)).await);
}

#[tokio::test]
async fn an_abort_ends_both_ways() {
    let (memory, _listening) = listening(Service::Echo).await;
    let mut link = dial(&memory).await.expect("a link");
    let abort = link.abort.clone();
    let waiting = tokio::spawn(async move { link.input.receive().await.map_err(|f| f.cause) });
    abort.abort();
    assert_eq!(waiting.await.expect("no panic"), Err(TransportCause::Broken));
}

#[tokio::test]
async fn a_half_that_is_dropped_before_its_end_aborts() {
    let (memory, _listening) = listening(Service::Echo).await;
    let Link { output, mut input, .. } = dial(&memory).await.expect("a link");
    drop(output);
    let failed = input.receive().await.expect_err("aborted");
    assert_eq!(failed.cause, TransportCause::Broken);
}

#[tokio::test]
async fn a_message_that_is_too_large_ends_the_link() {
    let (memory, _listening) = listening(Service::Echo).await;
    let mut link = dial(&memory).await.expect("a link");
    let failed = link.output.send(vec![0; 101].into()).await.expect_err("too large");
    assert_eq!(failed.cause, TransportCause::RequestTooLarge);
    assert!(link.input.receive().await.is_err());
}

#[tokio::test]
async fn what_is_not_accepted_is_no_link() {
    for (service, cause) in [
        (Service::Refuse(LinkRefusal::Busy), TransportCause::Busy),
        (Service::Refuse(LinkRefusal::NotFound), TransportCause::NotFound),
        (Service::Abort, TransportCause::Broken),
    ] {
        let (memory, _listening) = listening(service).await;
        assert_eq!(dial(&memory).await.err(), Some(cause));
    }
    let (memory, _listening) = listening(Service::Echo).await;
    let other = memory.dial(Dial::new(ADDRESS, "text/xml", 1000)).await;
    assert_eq!(other.err().map(|failure| failure.cause), Some(TransportCause::MediaType));
    let other = memory.dial(Dial::new("net.tcp://elsewhere/x", BINARY, 1000)).await;
    assert_eq!(other.err().map(|failure| failure.cause), Some(TransportCause::NotFound));
}
