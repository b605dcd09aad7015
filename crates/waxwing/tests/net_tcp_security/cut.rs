//! Connections that break in the middle.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;

use crate::common::*;
use crate::kit::{CERTIFICATE, Kind, USER, executed, factory, host};

/// What stands between client and service, and cuts what goes through it.
pub struct Between {
    pub address: SocketAddr,
    cut: broadcast::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

impl Between {
    pub async fn before(service: SocketAddr) -> Self {
        let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, cut) = (front.local_addr().unwrap(), broadcast::Sender::new(1));
        let cuts = cut.clone();
        let task = tokio::spawn(async move {
            loop {
                let (mut client, _) = front.accept().await.unwrap();
                let mut cut = cuts.subscribe();
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(service).await.unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                        _ = cut.recv() => {}
                    }
                });
            }
        });
        Self { address, cut, task }
    }

    pub fn cut(&self) {
        let _ = self.cut.send(());
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The session goes on over other connections, each call is executed once.
#[tokio::test]
async fn a_reliable_session_outlives_its_connections() {
    for kind in [Kind::message(CERTIFICATE, true), Kind::mixed(USER, true)] {
        let (host, service) = host(kind.binding()).await;
        let between = Between::before(host.local_addresses()[0]).await;
        let own = format!("net.tcp://{}/calc", host.local_addresses()[0]);
        let factory = factory(kind.binding(), &host);
        let factory = factory.via(format!("net.tcp://{}/calc", between.address)).address(own);
        let channel = factory.open_channel().await.unwrap_or_else(|e| panic!("{kind:?}: {e}"));
        let client = CalculatorClient::new(&channel);
        for number in 0..20 {
            if number % 5 == 3 {
                between.cut();
            }
            let sum = client.add(f64::from(number), 1.0).await;
            assert_eq!(sum.unwrap_or_else(|e| panic!("{kind:?}: {e}")), f64::from(number) + 1.0);
        }
        assert_eq!(executed(&service), 20);
        // Once more, just before the end.
        between.cut();
        channel.close().await.unwrap_or_else(|e| panic!("{kind:?}: {e}"));
        assert_eq!(host.statistics().sessions, 0);
        assert!(host.close().await);
    }
}

/// Without a reliable session what breaks is over, and the next channel has a session of its own.
#[tokio::test]
async fn a_session_without_one_ends_with_its_connection() {
    let kind = Kind::message(USER, false);
    let (host, _) = host(kind.binding()).await;
    let between = Between::before(host.local_addresses()[0]).await;
    let own = format!("net.tcp://{}/calc", host.local_addresses()[0]);
    let factory = factory(kind.binding(), &host);
    let factory = factory.via(format!("net.tcp://{}/calc", between.address)).address(own);
    let channel = factory.open_channel().await.unwrap_or_else(|e| panic!("{e}"));
    let client = CalculatorClient::new(&channel);
    assert_eq!(client.add(1.0, 2.0).await.unwrap(), 3.0);
    between.cut();
    let error = tokio::time::timeout(Duration::from_secs(20), client.add(1.0, 2.0)).await;
    let error = error.unwrap().unwrap_err().to_string();
    assert!(error.contains("net.tcp://"), "{error}");
    let gone = async {
        while host.statistics().sessions > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.unwrap();
    let again = factory.open_channel().await.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(CalculatorClient::new(&again).add(1.0, 2.0).await.unwrap(), 3.0);
    again.close().await.unwrap();
    assert!(host.close().await);
}

/// The handshake goes over the connection that the session goes over then: each step ends its link, and begins the next.
#[tokio::test]
async fn the_steps_of_a_handshake_share_a_connection() {
    let kind = Kind::message(CERTIFICATE, true);
    let (host, _) = host(kind.binding()).await;
    let service = host.local_addresses()[0];
    let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = front.local_addr().unwrap();
    // One connection is taken, and no other.
    let sent = tokio::spawn(async move {
        let (client, _) = front.accept().await.unwrap();
        let server = TcpStream::connect(service).await.unwrap();
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
        let mut all = Vec::new();
        let mut octets = [0; 4096];
        while let Ok(count) = from_client.read(&mut octets).await
            && count > 0
        {
            all.extend_from_slice(&octets[..count]);
            to_server.write_all(&octets[..count]).await.unwrap();
        }
        all
    });
    let own = format!("net.tcp://{service}/calc");
    let factory = factory(kind.binding(), &host).via(format!("net.tcp://{address}/calc"));
    let channel = factory.address(own).open_channel().await.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(CalculatorClient::new(&channel).add(1.0, 2.0).await.unwrap(), 3.0);
    channel.close().await.unwrap_or_else(|e| panic!("{e}"));
    drop((channel, host));
    let sent = tokio::time::timeout(Duration::from_secs(20), sent).await.unwrap().unwrap();
    // Version 1.0, mode duplex, via: as WCF does, a negotiation, a request for a session, the session.
    let preamble = [0, 1, 0, 1, 2, 2];
    let links = sent.windows(preamble.len()).filter(|octets| *octets == preamble).count();
    assert_eq!(links, 3);
}
