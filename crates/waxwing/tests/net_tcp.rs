//! The calculator over links: `netTcpBinding`. A user changes the binding, not the code.

#![allow(clippy::disallowed_methods)]

mod common;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use common::*;
use waxwing::binding::{NetTcpBinding, SecurityMode, ServiceBehavior, TcpClientCredentialType};
use waxwing::contract::{OperationContext, OperationFault};
use waxwing::crypto::{Certificate, Identity};
use waxwing::events::CommunicationState;
use waxwing::jiff::Timestamp;
use waxwing::net::memory::Memory;
use waxwing::security::ExpectedIdentity;
use waxwing::service::ConcurrencyMode;
use waxwing::{
    ChannelFactory, ConfigurationFile, ServiceHost, ServiceHostBuilder, ServiceInstances,
};

const ADDRESS: &str = "net.tcp://calc.example/calc";

fn binding() -> NetTcpBinding {
    NetTcpBinding::new(SecurityMode::None, false)
}

struct Pair {
    host: ServiceHost,
    service: Counting,
    factory: ChannelFactory,
}

/// In memory, and over TCP.
async fn pairs() -> [Pair; 2] {
    let memory = Memory::new();
    let (host, service) = host(ADDRESS, |builder| builder.listener(memory.clone())).await;
    let factory = ChannelFactory::new(binding(), ADDRESS, &CALCULATOR_CONTRACT).unwrap();
    let in_memory = Pair { host, service, factory: factory.dialer(memory) };
    let (host, service) = host_on_tcp().await;
    let address = format!("net.tcp://{}/calc", host.local_addresses()[0]);
    let factory = ChannelFactory::new(binding(), &address, &CALCULATOR_CONTRACT).unwrap();
    [in_memory, Pair { host, service, factory }]
}

async fn host_on_tcp() -> (ServiceHost, Counting) {
    host("net.tcp://127.0.0.1:0/calc", |builder| builder).await
}

async fn host(
    address: &str,
    with: impl FnOnce(ServiceHostBuilder) -> ServiceHostBuilder,
) -> (ServiceHost, Counting) {
    let service = Counting::default();
    let builder = ServiceHostBuilder::new()
        .endpoint(binding(), address, &CALCULATOR_CONTRACT, ServiceBehavior::default())
        .unwrap();
    let instances = ServiceInstances::per_session({
        let service = service.clone();
        move || CalculatorService::new(service.clone())
    });
    (with(builder).open(instances).await.unwrap(), service)
}

#[tokio::test]
async fn calls_and_faults() {
    for Pair { host, service, factory } in pairs().await {
        four_calls(host, &service, &factory).await;
    }
}

async fn four_calls(host: ServiceHost, service: &Counting, factory: &ChannelFactory) {
    let channel = factory.open_channel().await.unwrap();
    let client = CalculatorClient::new(&channel);
    assert_eq!(client.add(100.0, 15.99).await.unwrap(), 115.99);
    assert_eq!(client.divide(22.0, 7.0).await.unwrap(), 22.0 / 7.0);
    let fault = client.divide(1.0, 0.0).await.unwrap_err().to_string();
    assert!(fault.contains("Division by zero"), "{fault}");
    assert_eq!(host.statistics().sessions, 1);
    channel.close().await.unwrap();
    assert_eq!(channel.state(), CommunicationState::Closed);
    assert_eq!(service.executed.load(Ordering::SeqCst), 3);
    assert!(host.close().await, "everything has ended by itself");
}

/// An operation that keeps its thread until another one is there.
#[derive(Clone, Default)]
struct Meeting(Arc<(Mutex<u32>, Condvar)>);

impl Calculator for Meeting {
    async fn add(&self, _: &OperationContext, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        let (here, changed) = &*self.0;
        let mut here = here.lock().unwrap();
        *here += 1;
        changed.notify_all();
        let patience = Duration::from_secs(30);
        let (here, waited) = changed.wait_timeout_while(here, patience, |here| *here < 2).unwrap();
        drop(here);
        match waited.timed_out() {
            true => Err(OperationFault::new("nobody else came")),
            false => Ok(n1 + n2),
        }
    }
    async fn subtract(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        Ok(n1 - n2)
    }
    async fn multiply(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        Ok(n1 * n2)
    }
    async fn divide(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        Ok(n1 / n2)
    }
}

/// What may run side by side does, though it comes over one connection and keeps its threads busy.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_operation_that_keeps_its_thread_keeps_up_nobody_beside_it() {
    let builder = ServiceHostBuilder::new()
        .endpoint(
            binding(),
            "net.tcp://127.0.0.1:0/calc",
            &CALCULATOR_CONTRACT,
            ServiceBehavior::default(),
        )
        .unwrap();
    let instances = ServiceInstances::single(CalculatorService::new(Meeting::default()));
    let instances = instances.concurrency(ConcurrencyMode::Multiple);
    let host = builder.open(instances).await.unwrap();
    let address = format!("net.tcp://{}/calc", host.local_addresses()[0]);
    let factory = ChannelFactory::new(binding(), &address, &CALCULATOR_CONTRACT).unwrap();
    let channel = factory.open_channel().await.unwrap();
    let client = CalculatorClient::new(&channel);
    let (one, two) = tokio::join!(client.add(1.0, 2.0), client.add(3.0, 4.0));
    assert_eq!((one.unwrap(), two.unwrap()), (3.0, 7.0));
    channel.close().await.unwrap();
    assert!(host.close().await);
}

/// Each call is answered although they are under way together; the instance of a session has one at a time.
#[tokio::test]
async fn many_calls_at_once_over_several_channels() {
    for Pair { host, service, factory } in pairs().await {
        many_calls(host, &service, &factory).await;
    }
}

async fn many_calls(host: ServiceHost, service: &Counting, factory: &ChannelFactory) {
    let mut all = tokio::task::JoinSet::new();
    for session in 0..8 {
        let factory = factory.clone();
        all.spawn(async move {
            let channel = factory.open_channel().await.unwrap();
            let mut calls = tokio::task::JoinSet::new();
            for number in 0..50 {
                let client = CalculatorClient::new(channel.clone());
                calls.spawn(async move {
                    let (a, b) = (f64::from(session), f64::from(number));
                    assert_eq!(client.add(a, b).await.unwrap(), a + b);
                });
            }
            while let Some(done) = calls.join_next().await {
                done.unwrap();
            }
            channel.close().await.unwrap();
        });
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
    assert_eq!(service.executed.load(Ordering::SeqCst), 400);
    assert_eq!(host.statistics().sessions, 0);
    assert!(host.close().await);
}

#[tokio::test]
async fn a_client_that_is_gone_leaves_nothing() {
    for Pair { host, factory, .. } in pairs().await {
        gone(host, &factory).await;
    }
}

async fn gone(host: ServiceHost, factory: &ChannelFactory) {
    for aborts in [true, false] {
        let channel = factory.open_channel().await.unwrap();
        assert_eq!(CalculatorClient::new(&channel).add(1.0, 2.0).await.unwrap(), 3.0);
        assert_eq!(host.statistics().sessions, 1);
        if aborts {
            channel.abort("enough");
        }
        drop(channel);
        let gone = async {
            while host.statistics().sessions > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), gone).await.unwrap();
    }
    assert!(host.close().await);
}

#[tokio::test]
async fn a_host_that_closes_ends_its_sessions() {
    for Pair { host, factory, .. } in pairs().await {
        let channel = factory.open_channel().await.unwrap();
        let client = CalculatorClient::new(&channel);
        assert_eq!(client.add(1.0, 2.0).await.unwrap(), 3.0);
        drop(host);
        let error = tokio::time::timeout(Duration::from_secs(20), client.add(1.0, 2.0)).await;
        let error = error.unwrap().unwrap_err().to_string();
        assert!(error.contains("net.tcp://"), "{error}");
    }
}

#[tokio::test]
async fn nobody_there() {
    let factory = ChannelFactory::new(binding(), ADDRESS, &CALCULATOR_CONTRACT).unwrap();
    let error = factory.dialer(Memory::new()).open_channel().await.unwrap_err();
    assert!(error.to_string().contains("nobody takes links there"), "{error}");
}

/// From a configuration file, as WCF's are; the same service beside HTTP.
#[tokio::test]
async fn from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        ConfigurationFile::load(&path).unwrap_or_else(|error| panic!("{error}"))
    };
    let bindings = r#"<bindings><netTcpBinding><binding name="B" sendTimeout="00:00:20" maxReceivedMessageSize="200000">
        <security mode="None"/></binding></netTcpBinding></bindings>"#;
    let contract = "Microsoft.ServiceModel.Samples.ICalculator";
    let service = file(
        "service.config",
        format!(
            r#"<configuration><system.serviceModel><services><service name="CalculatorService">
            <host><baseAddresses><add baseAddress="net.tcp://127.0.0.1:0/calc"/></baseAddresses></host>
            <endpoint address="" binding="netTcpBinding" bindingConfiguration="B" contract="{contract}"/>
            </service></services>{bindings}</system.serviceModel></configuration>"#
        ),
    );
    let host = ServiceHostBuilder::from_config(&service, "CalculatorService", &CALCULATOR_CONTRACT);
    let instances = ServiceInstances::single(CalculatorService::new(Counting::default()));
    let host = host.unwrap().open(instances).await.unwrap_or_else(|error| panic!("{error}"));
    let address = format!("net.tcp://{}/calc", host.local_addresses()[0]);
    let client = file(
        "client.config",
        format!(
            r#"<configuration><system.serviceModel><client><endpoint name="calc" address="{address}"
            binding="netTcpBinding" bindingConfiguration="B" contract="{contract}"/></client>{bindings}
            </system.serviceModel></configuration>"#
        ),
    );
    let factory = ChannelFactory::from_config(&client, "calc", &CALCULATOR_CONTRACT).unwrap();
    let channel = factory.open_channel().await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(CalculatorClient::new(&channel).add(100.0, 15.99).await.unwrap(), 115.99);
    channel.close().await.unwrap();
    // The connection is kept for the next channel.
    let channel = factory.open_channel().await.unwrap();
    assert_eq!(CalculatorClient::new(&channel).add(1.5, 1.0).await.unwrap(), 2.5);
    channel.close().await.unwrap();
    assert!(host.close().await);
}

/// TLS in the connection (`<security mode="Transport">`): the service is known by its certificate, the client by its own if
/// the binding asks for one.
#[tokio::test]
async fn over_tls() {
    let identity = |name: &str| {
        let read = |kind: &str| std::fs::read(pki().join(format!("{name}.{kind}.pem"))).unwrap();
        Identity::from_pem(&[read("cert"), read("key")].concat()).unwrap()
    };
    for credential in [TcpClientCredentialType::None, TcpClientCredentialType::Certificate] {
        let binding = || {
            let mut binding = NetTcpBinding::new(SecurityMode::Transport, false);
            binding.security.transport.client_credential_type = credential;
            binding
        };
        let service = Counting::default();
        let host = ServiceHostBuilder::new()
            .endpoint(
                binding(),
                "net.tcp://127.0.0.1:0/calc",
                &CALCULATOR_CONTRACT,
                ServiceBehavior::default(),
            )
            .unwrap()
            .certificate(identity("service"))
            .client_trust(|own: &Certificate, _: &[Certificate], _: Timestamp| {
                match own.subject_windows().as_str() {
                    "CN=alice" => Ok(()),
                    other => Err(format!("{other} is a stranger")),
                }
            })
            .open(ServiceInstances::single(CalculatorService::new(service.clone())))
            .await
            .unwrap();
        let address = format!("net.tcp://{}/calc", host.local_addresses()[0]);
        let factory = |own: &str| {
            ChannelFactory::new(binding(), &address, &CALCULATOR_CONTRACT)
                .unwrap()
                .identity(ExpectedIdentity::Dns("localhost".into()))
                .client_certificate(identity(own))
                .service_trust(|_: &Certificate, _: &[Certificate], _: Timestamp| Ok(()))
        };
        let channel = factory("alice").open_channel().await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(CalculatorClient::new(&channel).add(100.0, 15.99).await.unwrap(), 115.99);
        let caller = service.caller.lock().unwrap().clone();
        let is_asked = credential == TcpClientCredentialType::Certificate;
        assert_eq!(caller.is_some_and(|name| name.starts_with("CN=alice; ")), is_asked);
        channel.close().await.unwrap();
        if is_asked {
            let error = factory("bob").open_channel().await.unwrap_err().to_string();
            assert!(error.contains("net.tcp://"), "{error}");
        }
        let stranger = factory("alice").identity(ExpectedIdentity::Dns("bank.example".into()));
        let error = stranger.open_channel().await.unwrap_err().to_string();
        assert!(error.contains("The expected DNS identity of the remote endpoint was"), "{error}");
        assert!(host.close().await);
    }
}

/// Loses connections under a reliable session: the calls go on over others, each is executed once.
#[tokio::test]
async fn a_reliable_session_outlives_its_connections() {
    let binding = || NetTcpBinding::new(SecurityMode::None, true);
    let service = Counting::default();
    let host = ServiceHostBuilder::new()
        .endpoint(
            binding(),
            "net.tcp://127.0.0.1:0/calc",
            &CALCULATOR_CONTRACT,
            ServiceBehavior::default(),
        )
        .unwrap()
        .open(ServiceInstances::per_session({
            let service = service.clone();
            move || CalculatorService::new(service.clone())
        }))
        .await
        .unwrap();
    let behind = host.local_addresses()[0];
    let cut = tokio::sync::broadcast::Sender::<()>::new(1);
    let front = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("net.tcp://{}/calc", front.local_addr().unwrap());
    let forwarding = tokio::spawn({
        let cut = cut.clone();
        async move {
            loop {
                let (mut client, _) = front.accept().await.unwrap();
                let mut cut = cut.subscribe();
                tokio::spawn(async move {
                    let mut server = tokio::net::TcpStream::connect(behind).await.unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                        _ = cut.recv() => {}
                    }
                });
            }
        }
    });
    let factory = ChannelFactory::new(binding(), &address, &CALCULATOR_CONTRACT).unwrap();
    // The messages say where they go, and the host listens elsewhere.
    let channel = factory.via(address.clone()).address(format!("net.tcp://{behind}/calc"));
    let channel = channel.open_channel().await.unwrap_or_else(|error| panic!("{error}"));
    let client = CalculatorClient::new(&channel);
    for number in 0..20 {
        if number % 5 == 3 {
            cut.send(()).unwrap();
        }
        assert_eq!(client.add(f64::from(number), 1.0).await.unwrap(), f64::from(number) + 1.0);
    }
    assert_eq!(service.executed.load(Ordering::SeqCst), 20);
    assert!(channel.reliable_session().is_some());
    channel.close().await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(host.statistics().sessions, 0);
    assert!(host.close().await);
    forwarding.abort();
}

/// What is not built is refused by name at both ends, and before anything is kept.
#[tokio::test]
async fn sessions_over_connections_are_not_kept_and_say_so() {
    let binding = || NetTcpBinding::new(SecurityMode::None, true);
    let service = ServiceHostBuilder::new()
        .endpoint(binding(), ADDRESS, &CALCULATOR_CONTRACT, ServiceBehavior::default())
        .unwrap()
        .listener(Memory::new())
        .store(waxwing_store::MemoryStore::default());
    let instances = ServiceInstances::per_session(|| CalculatorService::new(Counting::default()));
    let refused = service.open(instances).await.expect_err("refused").to_string();
    assert!(refused.contains("not kept in a store yet"), "{refused}");
    let factory = ChannelFactory::new(binding(), ADDRESS, &CALCULATOR_CONTRACT).unwrap();
    let store = std::sync::Arc::new(waxwing_store::MemoryStore::default());
    let refused = factory.durable(store, "sums").open().await.expect_err("refused").to_string();
    assert!(refused.contains("not kept in a store yet"), "{refused}");
}
