//! Both ends over loopback, against each other, captured octets, and strangers.

mod sessions;
mod strangers;
mod tls;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use waxwing_session::TransportFailure;

use super::{TcpDialer, TcpLimits, TcpListener, TcpPool, TcpPoolSettings, TcpTls};
use crate::future::BoxFuture;
use crate::net::link::{
    Dial, Link, LinkAbout, LinkDialer, LinkLimits, LinkReceiver, LinkRefusal, OfferedLink,
};
use crate::net::listener::{HostNames, Incoming, Listener, Listening, Receiver, Reply, Route};
use crate::net::tls::ServiceTls;

const BINARY: &str = "application/soap+msbinsession1";

/// What an endpoint does with its links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    /// Sends back what comes, and closes when the client has.
    Echo,
    /// Aborts at the first message, as who cannot read it.
    Abort,
    /// Accepts nothing.
    Refuse(LinkRefusal),
    /// Closes its output first, and takes what still comes.
    CloseFirst,
    /// Takes one message in pieces, and pauses after each.
    Stream(Duration),
}

/// An endpoint of the tests.
struct Endpoint {
    does: Does,
    limits: LinkLimits,
    /// Those who came.
    callers: Mutex<Vec<LinkAbout>>,
    /// How links ended that did not end well, and how many messages came over each.
    ends: Mutex<Vec<Result<usize, TransportFailure>>>,
}

impl Endpoint {
    fn new(does: Does, limits: LinkLimits) -> Arc<Self> {
        Arc::new(Self { does, limits, callers: Mutex::default(), ends: Mutex::default() })
    }

    fn callers(&self) -> Vec<LinkAbout> {
        self.callers.lock().unwrap().clone()
    }

    /// Waits until so many links have ended.
    async fn ends(&self, count: usize) -> Vec<Result<usize, TransportFailure>> {
        for _ in 0..400 {
            let ends = self.ends.lock().unwrap().clone();
            if ends.len() >= count {
                return ends;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("no {count} links ended: {:?}", self.ends.lock().unwrap());
    }

    async fn serve(&self, mut link: Link) -> Result<usize, TransportFailure> {
        let mut count = 0;
        if self.does == Does::CloseFirst {
            link.output.close().await?;
        }
        while let Some(message) = link.input.receive().await? {
            count += 1;
            match self.does {
                Does::Echo => link.output.send(message).await?,
                Does::Abort => {
                    link.abort.abort();
                    break;
                }
                Does::Stream(pause) => tokio::time::sleep(pause).await,
                _ => {}
            }
        }
        link.output.close().await?;
        Ok(count)
    }
}

impl Receiver for Endpoint {
    fn max_message(&self) -> usize {
        self.limits.max_message
    }

    fn links(self: Arc<Self>) -> Option<Arc<dyn LinkReceiver>> {
        Some(self)
    }

    fn receive(self: Arc<Self>, _: Incoming) -> BoxFuture<'static, Reply> {
        Box::pin(async { Reply::NoAnswer })
    }
}

impl LinkReceiver for Endpoint {
    fn content_type(&self) -> &str {
        BINARY
    }

    fn streamed(&self) -> Option<usize> {
        matches!(self.does, Does::Stream(_)).then_some(1 << 20)
    }

    fn limits(&self) -> LinkLimits {
        self.limits
    }

    fn offered(self: Arc<Self>, link: Box<dyn OfferedLink>) -> BoxFuture<'static, ()> {
        self.callers.lock().unwrap().push(link.about().clone());
        Box::pin(async move {
            if let Does::Refuse(why) = self.does {
                return link.refuse(why).await;
            }
            let ended = match link.accept().await {
                Ok(link) => self.serve(link).await,
                Err(failure) => Err(failure),
            };
            self.ends.lock().unwrap().push(ended);
        })
    }
}

/// A host that listens on one free port.
struct Host {
    port: u16,
    listening: Vec<Box<dyn Listening>>,
}

impl Host {
    async fn open(
        limits: TcpLimits,
        routes: Vec<(&str, Arc<Endpoint>, Option<ServiceTls>)>,
    ) -> Self {
        let listener = TcpListener::new(limits);
        let route = |(path, receiver, tls): (&str, Arc<Endpoint>, _)| Route {
            address: format!("net.tcp://127.0.0.1:0/{path}"),
            receiver,
            tls,
            hosts: HostNames::default(),
        };
        let listening = listener.listen(routes.into_iter().map(route).collect()).await.unwrap();
        let port = listening[0].local_address().unwrap().port();
        Self { port, listening }
    }

    /// With one endpoint at `/calc`.
    async fn of(endpoint: &Arc<Endpoint>) -> Self {
        Self::open(TcpLimits::default(), vec![("calc", Arc::clone(endpoint), None)]).await
    }

    fn via(&self, path: &str) -> String {
        format!("net.tcp://127.0.0.1:{}/{path}", self.port)
    }

    async fn raw(&self) -> TcpStream {
        TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], self.port))).await.unwrap()
    }
}

fn dialer() -> TcpDialer {
    TcpDialer::new(TcpPool::new(TcpPoolSettings::default()), None)
}

fn dialer_with(tls: TcpTls) -> TcpDialer {
    TcpDialer::new(TcpPool::new(TcpPoolSettings::default()), Some(tls))
}

async fn dial(dialer: &TcpDialer, via: &str) -> Result<Link, TransportFailure> {
    dialer.dial(Dial::new(via, BINARY, 1 << 20)).await
}

/// One session with one message.
async fn call(dialer: &TcpDialer, via: &str) -> Result<(), TransportFailure> {
    let mut link = dial(dialer, via).await?;
    exchange(&mut link, b"hello").await?;
    close(link).await
}

async fn exchange(link: &mut Link, message: &'static [u8]) -> Result<(), TransportFailure> {
    link.output.send(Bytes::from_static(message)).await?;
    let answer = link.input.receive().await?;
    assert_eq!(answer.as_deref(), Some(message));
    Ok(())
}

async fn close(mut link: Link) -> Result<(), TransportFailure> {
    link.output.close().await?;
    assert_eq!(link.input.receive().await?, None);
    Ok(())
}

/// Everything that comes until the end, a reset, or silence.
async fn everything(stream: &mut TcpStream, silence: Duration) -> (Vec<u8>, bool) {
    let mut all = Vec::new();
    loop {
        match tokio::time::timeout(silence, stream.read_buf(&mut all)).await {
            Ok(Ok(0) | Err(_)) => return (all, true),
            Ok(Ok(_)) => {}
            Err(_) => return (all, false),
        }
    }
}

/// A preamble for this address, up to its end.
fn preamble(via: &str) -> Vec<u8> {
    let length = u8::try_from(via.len()).unwrap();
    [&[0, 1, 0, 1, 2, 2, length], via.as_bytes(), &[3, 8, 0x0c]].concat()
}

async fn write(stream: &mut TcpStream, octets: &[u8]) {
    stream.write_all(octets).await.unwrap();
}
