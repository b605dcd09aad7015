//! Certificate files are read once for a factory, and again when they have changed.

#![allow(clippy::disallowed_methods)]

mod common;

use common::*;
use waxwing::net::memory::Memory;
use waxwing::{ChannelFactory, ServiceHostBuilder, ServiceInstances};

#[tokio::test]
async fn files_are_read_again_when_they_have_changed_and_not_for_every_channel() {
    let (address, binding) = ("http://calc.example/calc", Binding::certificate(true));
    let folders = [stores("service", "ca", &[]), stores("alice", "ca", &["service"])];
    let (memory, service) = (Memory::new(), Counting::default());
    let config = service_config(&binding, folders[0].path());
    let host = ServiceHostBuilder::from_config(&config, "CalculatorService", &CALCULATOR_CONTRACT)
        .unwrap()
        .base_address("http://calc.example")
        .unwrap()
        .listener(memory.clone())
        .open(ServiceInstances::single(CalculatorService::new(service.clone())))
        .await
        .unwrap();
    let config = client_config(&binding, folders[1].path(), address, "CN=", "localhost");
    let factory = ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT).unwrap();
    let factory = factory.transport(memory);
    let call = async |channel: waxwing::ClientChannel| {
        CalculatorClient::new(&channel).add(1.0, 2.0).await.unwrap();
        channel.close().await.unwrap();
        let caller = service.caller.lock().unwrap().clone().unwrap();
        caller.split(';').next().unwrap().to_owned()
    };
    assert_eq!(call(factory.open_channel().await.unwrap()).await, "CN=alice");

    // The host has read its certificate, too. (The roots stay: it looks at them again, as the other test shows.)
    std::fs::remove_dir_all(folders[0].path().join("certificates").join("My")).unwrap();
    let own = folders[1].path().join("certificates").join("My");
    for name in ["alice.cert.pem", "alice.key.pem"] {
        std::fs::remove_file(own.join(name)).unwrap();
    }
    let again = factory.create_channel().expect("no file is read for a further channel");
    assert_eq!(call(again).await, "CN=alice");
    // They are looked at once a second at most.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let missing = factory.open_channel().await.unwrap_err().to_string();
    assert!(missing.contains("Cannot find the X.509 certificate"), "{missing}");
    assert!(factory.create_channel().is_ok(), "what was read last is still there");

    for name in ["bob.cert.pem", "bob.key.pem"] {
        std::fs::copy(pki().join(name), own.join(name)).unwrap();
    }
    assert_eq!(call(factory.open_channel().await.unwrap()).await, "CN=bob");

    // What is set in code holds at once, and for this factory only.
    let set = factory.clone().address("http://calc.example/elsewhere");
    let error = set.open_channel().await.unwrap_err();
    assert_eq!(error.code(), Some("endpoint-not-found"), "{error}");
    assert_eq!(call(factory.create_channel().unwrap()).await, "CN=bob");
    host.close().await;
}

/// A service looks at its stores every five seconds: whoever took a root out of them need not start it again.
#[tokio::test]
async fn a_root_that_was_taken_out_of_a_services_store_is_trusted_no_more() {
    let (address, binding) = ("http://calc.example/calc", Binding::certificate(false));
    let folders = [stores("service", "ca", &[]), stores("alice", "ca", &["service"])];
    let (memory, service) = (Memory::new(), Counting::default());
    let config = service_config(&binding, folders[0].path());
    let host = ServiceHostBuilder::from_config(&config, "CalculatorService", &CALCULATOR_CONTRACT)
        .unwrap()
        .base_address("http://calc.example")
        .unwrap()
        .listener(memory.clone())
        .open(ServiceInstances::single(CalculatorService::new(service)))
        .await
        .unwrap();
    let config = client_config(&binding, folders[1].path(), address, "CN=", "localhost");
    let factory = ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT).unwrap();
    let factory = factory.transport(memory);
    factory.open_channel().await.unwrap().close().await.unwrap();
    let root = folders[0].path().join("certificates").join("Root");
    std::fs::remove_dir_all(&root).unwrap();
    // As long as it takes; it never ends where nobody looks.
    let refused = loop {
        match factory.open_channel().await {
            Ok(channel) => channel.close().await.unwrap(),
            Err(error) => break error,
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    };
    assert!(refused.to_string().contains("security token"), "{refused}");
    host.close().await;
}
