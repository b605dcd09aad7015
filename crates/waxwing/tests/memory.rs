//! The calculator over another transport than HTTP: nothing of sessions and security knows what carries its messages.

#![allow(clippy::disallowed_methods)]

mod common;

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;

use common::*;
use tokio::sync::Notify;
use waxwing::contract::BoxFuture;
use waxwing::net::memory::Memory;
use waxwing::net::{Answer, Request, Transport, TransportCause, TransportFailure};
use waxwing::{ChannelFactory, ServiceHost, ServiceHostBuilder, ServiceInstances};

const ADDRESS: &str = "http://calc.example/calc";

/// A host on a network of its own, its service, a client's factory.
struct Pair {
    memory: Memory,
    host: ServiceHost,
    service: Counting,
    factory: ChannelFactory,
    _folders: [tempfile::TempDir; 2],
}

async fn pair(binding: &Binding) -> Pair {
    let folders = [stores("service", "ca", &[]), stores("alice", "ca", &["service"])];
    let (memory, service) = (Memory::new(), Counting::default());
    let config = service_config(binding, folders[0].path());
    let host = ServiceHostBuilder::from_config(&config, "CalculatorService", &CALCULATOR_CONTRACT)
        .unwrap()
        .base_address("http://calc.example")
        .unwrap()
        .listener(memory.clone())
        .open(ServiceInstances::single(CalculatorService::new(service.clone())))
        .await
        .unwrap();
    let config = client_config(binding, folders[1].path(), ADDRESS, "CN=alice", "localhost");
    let factory = ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT).unwrap();
    Pair { factory: factory.transport(memory.clone()), memory, host, service, _folders: folders }
}

#[tokio::test]
async fn the_calculator_needs_no_sockets() {
    let mtom = r#"messageEncoding="Mtom""#;
    let bindings = [
        Binding::certificate(true),
        Binding::certificate(false),
        Binding { section: "ws2007HttpBinding", extra: mtom, ..Binding::certificate(true) },
        Binding { reliable: false, ..Binding::none() },
    ];
    for binding in bindings {
        let Pair { host, service, factory, _folders, .. } = pair(&binding).await;
        assert!(host.local_addresses().is_empty(), "no socket is opened");
        let channel = factory.open_channel().await.unwrap();
        let client = CalculatorClient::new(&channel);
        assert_eq!(client.add(100.0, 15.99).await.unwrap(), 115.99);
        assert_eq!(client.divide(22.0, 7.0).await.unwrap(), 22.0 / 7.0);
        let fault = client.divide(1.0, 0.0).await.unwrap_err().to_string();
        assert!(fault.contains("Division by zero"), "{fault}");
        let caller = service.caller.lock().unwrap().clone();
        assert_eq!(caller.is_some(), binding.security.contains("Certificate"), "{caller:?}");
        channel.close().await.unwrap();
        assert!(host.close().await, "everything has ended by itself");
        assert_eq!(service.executed.load(Ordering::SeqCst), 3);
        let error = factory.open_channel().await.map(|channel| channel.reliable_session());
        match binding.reliable {
            true => assert_eq!(error.unwrap_err().code(), Some("endpoint-not-found")),
            false => assert!(error.unwrap().is_none(), "opening says nothing to the service"),
        }
    }
}

/// Loses every third message on its way there, and every fourth on its way back.
struct Lossy {
    memory: Memory,
    sent: Arc<AtomicU64>,
}

impl Transport for Lossy {
    fn schemes(&self) -> &[&str] {
        self.memory.schemes()
    }

    fn exchange<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Answer> {
        let number = self.sent.fetch_add(1, Ordering::SeqCst) + 1;
        let lost = || {
            let (cause, reason) = (TransportCause::Broken, "lost on purpose".to_owned());
            Answer::failed(TransportFailure { cause, reason })
        };
        Box::pin(async move {
            match number {
                n if n % 3 == 0 => lost(),
                n if n % 4 == 0 => {
                    self.memory.exchange(request).await;
                    lost()
                }
                _ => self.memory.exchange(request).await,
            }
        })
    }
}

#[tokio::test]
async fn what_another_transport_loses_is_sent_again() {
    // Losses begin with the calls: the handshake of security is not repeated.
    let binding = Binding::none();
    let Pair { memory, host, service, factory, _folders } = pair(&binding).await;
    let sent = Arc::new(AtomicU64::new(0));
    let factory = factory.transport(Lossy { memory, sent: Arc::clone(&sent) });
    let channel = factory.open_channel().await.unwrap();
    let client = CalculatorClient::new(&channel);
    for number in 0..8 {
        let number = f64::from(number);
        assert_eq!(client.add(number, 1.0).await.unwrap(), number + 1.0);
    }
    channel.close().await.unwrap();
    assert_eq!(service.executed.load(Ordering::SeqCst), 8, "each exactly once");
    assert!(channel.statistics().exchanges_lost >= 4, "{:?}", channel.statistics());
    host.close().await;
}

#[tokio::test]
async fn an_address_has_one_listener_and_no_other_scheme() {
    let Pair { memory, host, .. } = pair(&Binding::none()).await;
    let folder = stores("service", "ca", &[]);
    let config = service_config(&Binding::none(), folder.path());
    let builder = |address| {
        let builder =
            ServiceHostBuilder::from_config(&config, "CalculatorService", &CALCULATOR_CONTRACT);
        builder.unwrap().base_address(address).unwrap().listener(memory.clone())
    };
    let instances = || ServiceInstances::single(CalculatorService::new(Counting::default()));
    let taken = builder("http://CALC.example:80").open(instances()).await.unwrap_err();
    assert!(taken.to_string().contains("cannot listen on"), "{taken}");
    drop(host);
    let host = builder("http://calc.example").open(instances()).await.expect("it is free again");
    let mut other = builder("http://calc.example");
    other.endpoints_mut()[0].address = "mailto://calc.example/calc".to_owned();
    let error = other.open(instances()).await.unwrap_err().to_string();
    assert!(
        error.contains("this version listens on http, net.tcp, https addresses only"),
        "{error}"
    );
    assert!(host.close().await);
}

/// Holds every message back until it is let go, once it is told to.
struct Held {
    memory: Memory,
    holds: Arc<AtomicBool>,
    gate: Arc<Notify>,
}

impl Transport for Held {
    fn schemes(&self) -> &[&str] {
        self.memory.schemes()
    }

    fn exchange<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            if self.holds.load(Ordering::SeqCst) {
                self.gate.notified().await;
            }
            self.memory.exchange(request).await
        })
    }
}

/// Whoever waits for a call may go: what the session needs of its exchange goes on.
#[tokio::test]
async fn a_call_that_nobody_waits_for_is_carried_through() {
    for binding in [Binding::none(), Binding::certificate(false)] {
        let Pair { memory, host, service, factory, _folders } = pair(&binding).await;
        let (holds, gate) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        let held = Held { memory, holds: Arc::clone(&holds), gate: Arc::clone(&gate) };
        let channel = factory.transport(held).open_channel().await.unwrap();
        let client = CalculatorClient::new(&channel);
        holds.store(true, Ordering::SeqCst);
        let mut call = Box::pin(client.add(1.0, 2.0));
        let once = poll_fn(|context| Poll::Ready(call.as_mut().poll(context).is_pending()));
        assert!(once.await, "it is held back");
        drop(call);
        holds.store(false, Ordering::SeqCst);
        gate.notify_one();
        while service.executed.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(client.add(2.0, 3.0).await.unwrap(), 5.0);
        let counters = channel.reliable_session().unwrap().counters;
        assert_eq!((counters.messages_sent, counters.retransmissions), (2, 0));
        assert_eq!(channel.statistics().exchanges_lost, 0);
        channel.close().await.unwrap();
        assert_eq!(service.executed.load(Ordering::SeqCst), 2, "each exactly once");
        assert!(host.close().await);
    }
}
