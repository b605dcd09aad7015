//! The whole scenario over loopback: client and service from configuration files.

#![allow(clippy::disallowed_methods)]

mod common;

use std::sync::atomic::Ordering;

use common::*;
use waxwing::contract::CallError;
use waxwing::{ChannelFactory, ServiceHost, ServiceHostBuilder, ServiceInstances};

struct Pair {
    host: ServiceHost,
    service: Counting,
    factory: ChannelFactory,
    _folders: [tempfile::TempDir; 2],
}

async fn pair(service_binding: &Binding, client_binding: &Binding, client: &str) -> Pair {
    let service_folder = stores("service", "ca", &[]);
    let client_folder = stores(client, "ca", &["service"]);
    let service = Counting::default();
    let config = service_config(service_binding, service_folder.path());
    let builder =
        ServiceHostBuilder::from_config(&config, "CalculatorService", &CALCULATOR_CONTRACT)
            .unwrap();
    let host = builder
        .open(ServiceInstances::single(CalculatorService::new(service.clone())))
        .await
        .unwrap();
    let address = format!("http://{}/calc", host.local_addresses()[0]);
    let config = client_config(client_binding, client_folder.path(), &address, "CN=", "localhost");
    let factory = ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT).unwrap();
    Pair { host, service, factory, _folders: [service_folder, client_folder] }
}

async fn four_calls(pair: &Pair) -> Result<(), CallError> {
    let channel = pair.factory.open_channel().await?;
    let client = CalculatorClient::new(channel.clone());
    assert_eq!(client.add(100.0, 15.99).await?, 115.99);
    assert_eq!(client.subtract(145.0, 76.54).await?, 145.0 - 76.54);
    assert_eq!(client.multiply(9.0, 81.25).await?, 731.25);
    assert_eq!(client.divide(22.0, 7.0).await?, 22.0 / 7.0);
    channel.close().await?;
    Ok(())
}

#[tokio::test]
async fn the_seed_scenario_without_negotiation() {
    let binding = Binding::certificate(false);
    let pair = pair(&binding, &binding, "alice").await;
    four_calls(&pair).await.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(pair.service.executed.load(Ordering::SeqCst), 4);
    let caller = pair.service.caller.lock().unwrap().clone();
    assert!(caller.is_some_and(|name| name.starts_with("CN=alice; ")));
    assert!(pair.host.close().await);
}

#[tokio::test]
async fn the_seed_scenario_with_negotiation() {
    let binding = Binding::certificate(true);
    let pair = pair(&binding, &binding, "alice").await;
    four_calls(&pair).await.unwrap_or_else(|e| panic!("{e}"));
    assert!(pair.host.close().await);
}

#[tokio::test]
async fn without_security() {
    let binding = Binding::none();
    let pair = pair(&binding, &binding, "alice").await;
    four_calls(&pair).await.unwrap_or_else(|e| panic!("{e}"));
    assert!(pair.host.close().await);
}

#[tokio::test]
async fn newer_versions_and_without_reliable_session() {
    for negotiate in [false, true] {
        let newer = Binding { section: "ws2007HttpBinding", ..Binding::certificate(negotiate) };
        let plain = Binding { reliable: false, ..Binding::certificate(negotiate) };
        for binding in [newer, plain] {
            let pair = pair(&binding, &binding, "alice").await;
            four_calls(&pair).await.unwrap_or_else(|e| panic!("{e}"));
            assert!(pair.host.close().await);
        }
    }
}

/// Four times as many as may begin at once. `session/tests/busy.rs` has the same in virtual time.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "500 TLS handshakes of unoptimized code: half a minute on two idle cores"]
async fn five_hundred_channels_opened_at_once_all_open() {
    let extra = r#"openTimeout="00:05:00" sendTimeout="00:05:00""#;
    let binding = Binding { reliable: false, extra, ..Binding::certificate(true) };
    let pair = pair(&binding, &binding, "alice").await;
    let mut channels = tokio::task::JoinSet::new();
    for _ in 0..500 {
        let factory = pair.factory.clone();
        channels.spawn(async move {
            let channel = factory.open_channel().await?;
            let sum = CalculatorClient::new(channel.clone()).add(1.0, 2.0).await?;
            Ok::<_, CallError>((channel, sum))
        });
    }
    let mut open = Vec::new();
    while let Some(channel) = channels.join_next().await {
        let (channel, sum) = channel.unwrap().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(sum, 3.0);
        open.push(channel);
    }
    assert_eq!(pair.host.statistics().security_sessions, 500);
    for channel in open {
        channel.close().await.unwrap_or_else(|error| panic!("{error}"));
    }
    assert_eq!(pair.host.statistics().security_sessions, 0);
    assert!(pair.host.close().await);
}

/// A channel that is aborted leaves nothing behind at the service, in both versions of reliable messaging.
#[tokio::test]
async fn an_aborted_channel_frees_its_sessions() {
    for section in ["wsHttpBinding", "ws2007HttpBinding"] {
        let binding = Binding { section, ..Binding::certificate(false) };
        let folders = [stores("service", "ca", &[]), stores("alice", "ca", &["service"])];
        let config = service_config(&binding, folders[0].path());
        let builder =
            ServiceHostBuilder::from_config(&config, "CalculatorService", &CALCULATOR_CONTRACT);
        let service = CalculatorService::new(Counting::default());
        let host = builder.unwrap().open(ServiceInstances::single(service)).await.unwrap();
        let address = format!("http://{}/calc", host.local_addresses()[0]);
        let config = client_config(&binding, folders[1].path(), &address, "CN=", "localhost");
        let factory = ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT).unwrap();
        let channel = factory.open_channel().await.unwrap();
        assert_eq!(CalculatorClient::new(&channel).add(1.0, 2.0).await.unwrap(), 3.0);
        assert_eq!(host.statistics().sessions, 1);
        channel.abort("enough");
        all_freed(&host).await;
    }
}

async fn all_freed(host: &ServiceHost) {
    let freed = async {
        while host.statistics().sessions + host.statistics().security_sessions > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    let freed = tokio::time::timeout(std::time::Duration::from_secs(20), freed).await;
    assert!(freed.is_ok(), "{:?}", host.statistics());
}

/// Whoever drops the future of an opening channel leaves nothing at the service.
#[tokio::test]
async fn an_opening_that_is_given_up_leaves_no_session() {
    let binding = Binding::certificate(true);
    let Pair { host, factory, _folders, .. } = pair(&binding, &binding, "alice").await;
    // Before anything was sent, and when the security handshake is done and the reliable session is not.
    for handshakes in [0, 1] {
        let opening = tokio::spawn({
            let factory = factory.clone();
            async move { factory.open_channel().await.map(|_| ()) }
        });
        tokio::task::yield_now().await;
        while host.statistics().security_sessions < handshakes && !opening.is_finished() {
            tokio::task::yield_now().await;
        }
        opening.abort();
        match opening.await {
            Err(gone) => assert!(gone.is_cancelled()),
            Ok(opened) => panic!("over before it could be given up: {opened:?}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        all_freed(&host).await;
    }
}
