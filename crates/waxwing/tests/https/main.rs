//! HTTPS: mode Transport and reliable sessions over TLS, between both real ends and with odd peers, on loopback.

#![allow(clippy::disallowed_methods, unreachable_pub)]

#[path = "../common/mod.rs"]
mod common;
mod kit;
mod login;
mod metadata;
mod peers;
#[path = "../common/pki.rs"]
mod pki;
mod reload;
mod trust;
mod web_sockets;

use common::Counting;
use kit::{Wire, builder, call, client_file, factory, host, instances, service_file};

#[tokio::test]
async fn calls_go_over_tls() {
    let wires = [
        (Wire::transport("None"), None),
        (Wire::transport("Certificate"), Some("CN=alice")),
        (Wire::reliable("WSReliableMessagingFebruary2005", ""), None),
        (
            Wire::reliable("WSReliableMessaging11", r#"requireClientCertificate="true""#),
            Some("CN=alice"),
        ),
    ];
    for (wire, caller) in wires {
        let (own, peer) =
            (common::stores("service", "ca", &[]), common::stores("alice", "ca", &[]));
        let calculator = Counting::default();
        let host = host(&service_file(&wire, own.path()), &calculator).await;
        let to = host.local_addresses()[0];
        let sum = call(&factory(&client_file(&wire, peer.path(), to, ""))).await;
        assert_eq!(sum.unwrap_or_else(|e| panic!("{}: {e}", wire.binding)), 3.0);
        let seen = calculator.caller.lock().unwrap().clone();
        assert_eq!(seen.as_deref().map(|name| &name[..8]), caller, "{seen:?}");
        assert!(host.close().await);
    }
}

/// Two certificates in one process, in turn: each call is that of its own, so no connection is shared. One that is not
/// trusted, and none, are answered with 403.
#[tokio::test]
async fn every_certificate_has_its_own_connections() {
    let wire = Wire::transport("Certificate");
    let own = common::stores("service", "ca", &[]);
    let calculator = Counting::default();
    let host = host(&service_file(&wire, own.path()), &calculator).await;
    let to = host.local_addresses()[0];
    let folders = ["alice", "bob", "mallory"].map(|name| common::stores(name, "ca", &[]));
    let [alice, bob, mallory] = folders.each_ref().map(|folder| {
        let name = std::fs::read_dir(folder.path().join("certificates/My")).unwrap();
        let name = name.map(|f| f.unwrap().file_name().into_string().unwrap()).min().unwrap();
        // The impostor has the name of another.
        let name = name.split('.').next().unwrap().replace("mallory", "alice");
        let file = client_file(&wire, folder.path(), to, "");
        let text = std::fs::read_to_string(folder.path().join("client.config")).unwrap();
        drop(file);
        let text = text.replace("findValue=\"alice\"", &format!("findValue=\"{name}\""));
        factory(&kit::load(folder.path(), "client.config", &text))
    });
    let seen = || calculator.caller.lock().unwrap().clone().unwrap();
    for _ in 0..3 {
        assert_eq!(call(&alice).await, Ok(3.0));
        assert!(seen().starts_with("CN=alice; "), "{}", seen());
        assert_eq!(call(&bob).await, Ok(3.0));
        assert!(seen().starts_with("CN=bob; "), "{}", seen());
        let refused = call(&mallory).await.unwrap_err();
        assert!(refused.contains("The HTTP request was forbidden"), "{refused}");
    }
    // The same with one factory that is given another certificate.
    let stores =
        waxwing::certificates::CertificateStores::new(folders[1].path().join("certificates"));
    let reference = waxwing::binding::CertificateReference::find(
        waxwing::binding::StoreLocation::CurrentUser,
        waxwing::binding::StoreName::My,
        waxwing::binding::X509FindType::FindBySubjectName,
        "bob",
    );
    let other = alice.clone().client_certificate(stores.identity(&reference).unwrap());
    assert_eq!((call(&alice).await, call(&other).await), (Ok(3.0), Ok(3.0)));
    assert!(seen().starts_with("CN=bob; "), "{}", seen());
    assert_eq!(host.statistics().refusals.logins, 3);
    assert!(host.close().await);
}

/// The service says 403 and no more; the client knows its own certificate.
#[tokio::test]
async fn an_expired_certificate_of_the_client_is_noticed() {
    let wire = Wire::transport("Certificate");
    let (own, peer) = (common::stores("service", "ca", &[]), common::stores("expired", "ca", &[]));
    let host = host(&service_file(&wire, own.path()), &Counting::default()).await;
    client_file(&wire, peer.path(), host.local_addresses()[0], "");
    let text = std::fs::read_to_string(peer.path().join("client.config")).unwrap();
    let text = text.replace("findValue=\"alice\"", "findValue=\"expired\"");
    let refused = call(&factory(&kit::load(peer.path(), "client.config", &text))).await;
    let refused = refused.unwrap_err();
    assert!(refused.contains("The HTTP request was forbidden"), "{refused}");
    assert!(
        refused.contains("noticed: the client's own certificate 'CN=expired' has expired"),
        "{refused}"
    );
    assert!(host.close().await);
}

/// Connections that are closed behind every answer, in the middle of a reliable session: each is resumed.
#[tokio::test]
async fn a_session_outlives_its_connections() {
    let wire = Wire::reliable("WSReliableMessaging11", r#"keepAliveEnabled="false""#);
    let (own, peer) = (common::stores("service", "ca", &[]), common::stores("alice", "ca", &[]));
    let host = host(&service_file(&wire, own.path()), &Counting::default()).await;
    let to = host.local_addresses()[0];
    assert_eq!(call(&factory(&client_file(&wire, peer.path(), to, ""))).await, Ok(3.0));
    assert!(host.close().await);
}

/// Many channels at once.
#[tokio::test(flavor = "multi_thread")]
async fn many_connections_are_served() {
    let wire = Wire::transport("None");
    let (own, peer) = (common::stores("service", "ca", &[]), common::stores("alice", "ca", &[]));
    let calculator = Counting::default();
    let host = host(&service_file(&wire, own.path()), &calculator).await;
    let file = client_file(&wire, peer.path(), host.local_addresses()[0], "");
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..60 {
        // A factory each: nothing is shared.
        let factory = factory(&file);
        calls.spawn(async move { call(&factory).await });
    }
    while let Some(called) = calls.join_next().await {
        assert_eq!(called.unwrap(), Ok(3.0));
    }
    assert_eq!(calculator.executed.load(std::sync::atomic::Ordering::SeqCst), 240);
    assert!(host.close().await);
}

/// What the binding goes over and what the address says must be one.
#[tokio::test]
async fn the_scheme_is_that_of_the_binding() {
    let wire = Wire::transport("None");
    let folder = common::stores("service", "ca", &[]);
    let file = client_file(&wire, folder.path(), ([127, 0, 0, 1], 9).into(), "");
    let refused = factory(&file).address("http://localhost:9/calc").create_channel().unwrap_err();
    let text = "The provided URI scheme 'http' is invalid; expected 'https'.";
    assert!(refused.to_string().contains(text), "{refused}");
    let plain = common::client_config(
        &common::Binding::none(),
        folder.path(),
        "http://localhost:9/calc",
        "x",
        "y",
    );
    let refused = factory(&plain).address("https://localhost:9/calc").create_channel().unwrap_err();
    let text = "The provided URI scheme 'https' is invalid; expected 'http'.";
    assert!(refused.to_string().contains(text), "{refused}");
    let mut service = builder(&service_file(&wire, folder.path()));
    service.endpoints_mut()[0].address = "http://127.0.0.1:0/calc".to_owned();
    let refused = service.open(instances(&Counting::default())).await.unwrap_err();
    let text = "The provided URI scheme 'http' is invalid; expected 'https'.";
    assert!(refused.to_string().contains(text), "{refused}");
}

mod large {
    #![allow(unreachable_pub)]
    use waxwing::contract::{OperationFault, service_contract};

    #[service_contract]
    pub trait Echo {
        async fn echo(&self, text: String) -> Result<String, OperationFault>;
    }

    pub struct Mirror;

    impl Echo for Mirror {
        async fn echo(&self, text: String) -> Result<String, OperationFault> {
            Ok(text)
        }
    }
}

/// Megabytes in both directions, on several connections at once.
#[tokio::test(flavor = "multi_thread")]
async fn large_messages_go_over_tls() {
    use large::{ECHO_CONTRACT, EchoClient, EchoService, Mirror};
    let folder = common::stores("service", "ca", &[]);
    let text = r#"<configuration><system.serviceModel>
      <services><service name="E" behaviorConfiguration="S"><endpoint address="https://127.0.0.1:0/e" binding="wsHttpBinding" bindingConfiguration="B" contract="Echo"/></service></services>
      <client><endpoint name="e" address="https://localhost:1/e" binding="wsHttpBinding" bindingConfiguration="B" contract="Echo"/></client>
      <bindings><wsHttpBinding><binding name="B" maxReceivedMessageSize="20000000"><security mode="Transport"><transport clientCredentialType="None"/></security></binding></wsHttpBinding></bindings>
      <behaviors><serviceBehaviors><behavior name="S"><serviceCredentials><serviceCertificate findValue="localhost" x509FindType="FindBySubjectName"/></serviceCredentials></behavior></serviceBehaviors></behaviors>
      </system.serviceModel></configuration>"#;
    let file = kit::load(folder.path(), "both.config", text);
    let host = waxwing::ServiceHostBuilder::from_config(&file, "E", &ECHO_CONTRACT).unwrap();
    let instances = waxwing::ServiceInstances::single(EchoService::new(Mirror));
    let host = host.open(instances).await.unwrap_or_else(|e| panic!("{e}"));
    let address = format!("https://localhost:{}/e", host.local_addresses()[0].port());
    let factory = waxwing::ChannelFactory::from_config(&file, "e", &ECHO_CONTRACT).unwrap();
    let factory = factory.address(address);
    let mut calls = tokio::task::JoinSet::new();
    for size in [1_000_000, 4_000_001, 8_000_000] {
        let channel = factory.open_channel().await.unwrap();
        calls.spawn(async move {
            let text: String = (0..size).map(|at| char::from(b'a' + (at % 23) as u8)).collect();
            assert_eq!(EchoClient::new(&channel).echo(text.clone()).await.unwrap(), text);
        });
    }
    while let Some(called) = calls.join_next().await {
        called.unwrap();
    }
    assert!(host.close().await);
}
