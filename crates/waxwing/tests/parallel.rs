//! Many calls at once on one ordered session: none fails and nothing is sent again, whether the service holds what comes
//! early, as ours does, or refuses it, as WCF's does. How long it takes: `cargo run --release --example parallel_calls`.

#![allow(clippy::disallowed_methods)]

mod common;
#[path = "common/refusing.rs"]
mod refusing;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Waker};

use common::*;
use refusing::Refusing;
use waxwing::binding::{Configuration, ServiceBehavior};
use waxwing::contract::BoxFuture;
use waxwing::net::memory::Memory;
use waxwing::net::{Answer, Request, Transport};
use waxwing::service::HostEvent;
use waxwing::{ChannelFactory, ClientChannel, ServiceHost, ServiceHostBuilder, ServiceInstances};
use waxwing_reliable::{Counters, ReliableMessagingVersion};

const CALLS: usize = 200;

/// A machine that stands still for half a second makes a timer run out, which proves nothing.
const ATTEMPTS: usize = 5;

/// Every call at once; how many had an answer, and the counters.
async fn at_once(channel: &ClientChannel) -> (usize, Counters) {
    let calls: Vec<_> = (0..CALLS)
        .map(|i| {
            let client = CalculatorClient::new(channel.clone());
            tokio::spawn(
                async move { client.add(i as f64, 0.5).await.ok() == Some(i as f64 + 0.5) },
            )
        })
        .collect();
    let mut right = 0;
    for call in calls {
        right += usize::from(call.await.unwrap());
    }
    (right, channel.reliable_session().expect("a reliable session").counters)
}

/// In some attempt every call is answered and nothing is sent again.
async fn nothing_is_sent_again(factory: &ChannelFactory) {
    let mut seen = Vec::new();
    for _ in 0..ATTEMPTS {
        let channel = factory.open_channel().await.unwrap_or_else(|e| panic!("{e}"));
        let (right, counters) = at_once(&channel).await;
        assert_eq!(right, CALLS, "{counters:?}");
        channel.close().await.unwrap_or_else(|e| panic!("{e}"));
        if counters.retransmissions == 0 && counters.timeouts == 0 {
            return;
        }
        seen.push(counters);
    }
    panic!("{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn against_ourselves() {
    for binding in [
        Binding::none(),
        Binding::certificate(false),
        Binding { section: "ws2007HttpBinding", ..Binding::certificate(false) },
    ] {
        let folders = [stores("service", "ca", &[]), stores("alice", "ca", &["service"])];
        let service = Counting::default();
        let config = service_config(&binding, folders[0].path());
        let builder =
            ServiceHostBuilder::from_config(&config, "CalculatorService", &CALCULATOR_CONTRACT);
        let instances = ServiceInstances::single(CalculatorService::new(service.clone()));
        let host = builder.unwrap().open(instances).await.unwrap();
        let address = format!("http://{}/calc", host.local_addresses()[0]);
        let config = client_config(&binding, folders[1].path(), &address, "CN=", "localhost");
        let factory = ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT).unwrap();
        nothing_is_sent_again(&factory).await;
        let executed = service.executed.load(Ordering::SeqCst) as usize;
        assert_eq!(executed % CALLS, 0, "each exactly once");
        host.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn against_a_service_that_refuses_what_comes_early() {
    for (section, version) in [
        ("wsHttpBinding", ReliableMessagingVersion::February2005),
        ("ws2007HttpBinding", ReliableMessagingVersion::V11),
    ] {
        let peer = Refusing::start(version).await;
        let binding = Binding { section, ..Binding::none() };
        let folder = stores("alice", "ca", &["service"]);
        let config = client_config(&binding, folder.path(), &peer.address(), "CN=", "localhost");
        let factory = ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT).unwrap();
        nothing_is_sent_again(&factory).await;
        let executed = peer.counts.executed.load(Ordering::SeqCst) as usize;
        assert_eq!(executed % CALLS, 0, "each exactly once");
    }
}

/// A transport whose exchanges do not go out at once, as those of a connection that is yet to be made.
#[derive(Debug)]
struct NotAtOnce(Memory);

impl Transport for NotAtOnce {
    fn schemes(&self) -> &[&str] {
        Transport::schemes(&self.0)
    }

    fn exchange<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.0.exchange(request).await
        })
    }
}

/// A service in this process, and what makes channels to it whose exchanges do not go out at once.
async fn not_at_once() -> (ServiceHost, ChannelFactory) {
    let text = "<configuration><system.serviceModel><bindings><customBinding><binding><reliableSession/><textMessageEncoding/>\
                <httpTransport/></binding></customBinding></bindings></system.serviceModel></configuration>";
    let binding = || Configuration::parse(text).unwrap().bindings.remove(0);
    let (memory, address) = (Memory::new(), "http://calc.example/calc");
    let host = ServiceHostBuilder::new()
        .endpoint(binding(), address, &CALCULATOR_CONTRACT, ServiceBehavior::default())
        .unwrap()
        .listener(memory.clone())
        .open(ServiceInstances::single(CalculatorService::new(Counting::default())))
        .await
        .unwrap();
    let factory = ChannelFactory::new(binding(), address, &CALCULATOR_CONTRACT).unwrap();
    (host, factory.transport(NotAtOnce(memory)))
}

/// Begins something, and does not go on with it.
fn begun<F: Future>(work: F) -> Pin<Box<F>> {
    let mut work = Box::pin(work);
    assert!(work.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    work
}

/// Somebody begins to open a channel, or to close it, and does not go on with that: whoever needs it done has it done.
#[tokio::test]
async fn an_opening_or_an_end_that_nobody_goes_on_with_holds_up_nobody() {
    let (host, factory) = not_at_once().await;
    let fine = |error| panic!("{error}");
    // A call, or another opening, waits for an opening; another end for an end.
    let channel = factory.create_channel().unwrap();
    let client = CalculatorClient::new(&channel);
    let kept = begun(channel.open());
    assert_eq!(client.add(1.0, 0.5).await.unwrap(), 1.5);
    kept.await.unwrap_or_else(fine);
    let kept = begun(channel.close());
    channel.close().await.unwrap_or_else(fine);
    kept.await.unwrap_or_else(fine);

    // It is not the timer that sends the message again, in some attempt.
    let mut sent = Vec::new();
    for _ in 0..ATTEMPTS {
        let channel = factory.create_channel().unwrap();
        let kept = begun(channel.open());
        channel.open().await.unwrap_or_else(fine);
        sent.push(channel.statistics().messages_sent);
        kept.await.unwrap_or_else(fine);
        // Nobody waits for it any more: it goes on.
        drop(begun(channel.close()));
        channel.close().await.unwrap_or_else(fine);
    }
    assert!(sent.contains(&1), "{sent:?}");

    // A channel whose opening was given up is closed when it is open.
    let mut events = host.events();
    drop(begun(factory.open_channel()));
    while !matches!(events.next().await, Some(Ok(HostEvent::SessionClosed { .. }))) {}
    // The first call opens the channel.
    let channel = factory.create_channel().unwrap();
    let client = CalculatorClient::new(&channel);
    let kept = begun(client.add(1.0, 0.5));
    assert_eq!(client.add(2.0, 0.5).await.unwrap(), 2.5);
    assert_eq!(kept.await.unwrap(), 1.5);
    channel.close().await.unwrap_or_else(fine);
    assert!(host.close().await);
}

/// Somebody begins a call and does not go on with it: the next one lets it go on, and does not wait until the timer sends it again.
#[tokio::test]
async fn a_call_that_nobody_goes_on_with_holds_up_no_other() {
    let (host, factory) = not_at_once().await;
    let mut seen = Vec::new();
    for _ in 0..ATTEMPTS {
        let channel = factory.open_channel().await.unwrap_or_else(|e| panic!("{e}"));
        let client = CalculatorClient::new(&channel);
        let kept = begun(client.add(1.0, 0.5));
        for n in [2.0, 3.0] {
            assert_eq!(client.add(n, 0.5).await.unwrap(), n + 0.5);
        }
        assert_eq!(kept.await.unwrap(), 1.5);
        let kept = begun(client.add(4.0, 0.5));
        // It is closed when all is answered.
        channel.close().await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(kept.await.unwrap(), 4.5);
        let counters = channel.statistics();
        if counters.retransmissions == 0 {
            assert!(host.close().await);
            return;
        }
        seen.push(counters);
    }
    panic!("{seen:?}");
}

/// What channels wait for is in one table for each runtime; a factory may be used in several.
#[test]
fn channels_that_rest_have_no_task_each_in_any_runtime() {
    const CHANNELS: usize = 20;
    let runtime = || {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        runtime.worker_threads(1).enable_all().build().unwrap()
    };
    let (services, binding) = (runtime(), Binding::none());
    let folders = [stores("service", "ca", &[]), stores("alice", "ca", &["service"])];
    let config = service_config(&binding, folders[0].path());
    let builder =
        ServiceHostBuilder::from_config(&config, "CalculatorService", &CALCULATOR_CONTRACT);
    let instances = ServiceInstances::single(CalculatorService::new(Counting::default()));
    let host = services.block_on(builder.unwrap().open(instances)).unwrap();
    let address = format!("http://{}/calc", host.local_addresses()[0]);
    let config = client_config(&binding, folders[1].path(), &address, "CN=", "localhost");
    let factory = ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT).unwrap();
    for _ in 0..2 {
        runtime().block_on(async {
            let open = async || factory.open_channel().await.unwrap_or_else(|e| panic!("{e}"));
            let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
            let mut channels = vec![open().await];
            let before = tasks();
            for _ in 0..CHANNELS {
                channels.push(open().await);
            }
            // One that has just ended may be counted still.
            for _ in 0..1000 {
                if tasks() < before + CHANNELS {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            assert!(tasks() < before + CHANNELS, "{before} before, {} now", tasks());
            for channel in channels {
                channel.close().await.unwrap_or_else(|e| panic!("{e}"));
            }
        });
    }
    services.block_on(host.close());
}
