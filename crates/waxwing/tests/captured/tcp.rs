//! Connections of net.tcp: a peer plays the octets of one end of WCF over loopback, and the other end is ours.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use waxwing::service::ConcurrencyMode;
use waxwing::{
    ChannelFactory, ConfigurationFile, ServiceHost, ServiceHostBuilder, ServiceInstances,
};
use waxwing_reliable::ReliableMessagingVersion;
use waxwing_session::AddressFilterMode;

use crate::capture::{Capture, Side, Step};
use crate::contracts::{
    CALCULATOR_CONTRACT, CalculatorService, DUPLEX_CONTRACT, DuplexService, MIXED_CONTRACT,
    MixedService, NOTIFY_CONTRACT, NotifyService, Service, Telling,
};
use crate::drive::Program;
use crate::names::Names;
use crate::peer::Peer;
use crate::secured::{Security, identity, knows_alice, trusts_alice};

/// A capture, the contract of its programs, and the version of its reliable session.
type Flow = (&'static str, &'static str, Option<ReliableMessagingVersion>);

/// Without a reliable session every octet is the same.
const PLAIN: [Flow; 10] = [
    ("tcp-plain", "calculator", None),
    ("tcp-oneway", "notify", None),
    ("tcp-duplex", "duplex", None),
    ("tcp-bytes", "calculator", None),
    ("tcp-large", "calculator", None),
    ("tcp-two-sessions", "calculator", None),
    ("tcp-two-channels-at-once", "calculator", None),
    ("tcp-tls", "calculator", None),
    ("tcp-tls-cert", "calculator", None),
    ("tcp-tls-two-sessions", "calculator", None),
];

const FEBRUARY: Option<ReliableMessagingVersion> = Some(ReliableMessagingVersion::February2005);

/// With one, which message an acknowledgement rides along with is a race at both ends.
const RELIABLE: [Flow; 7] = [
    ("tcp-rm", "calculator", FEBRUARY),
    ("tcp-rm11", "calculator", Some(ReliableMessagingVersion::V11)),
    ("tcp-rm-oneway", "notify", FEBRUARY),
    ("tcp-rm-mixed-oneway", "mixedc", FEBRUARY),
    ("tcp-rm-large", "calculator", FEBRUARY),
    ("tcp-duplex-rm", "duplex", FEBRUARY),
    ("tcp-tls-rm", "calculator", FEBRUARY),
];

/// The recorder cut the connection, and the session went on over another one.
const CUT: [Flow; 4] = [
    ("tcp-rm-cut-fin", "calculator", FEBRUARY),
    ("tcp-rm-cut-response-lost", "calculator", FEBRUARY),
    ("tcp-duplex-rm-cut", "duplex", FEBRUARY),
    ("tcp-message-rm-cut", "calculator", FEBRUARY),
];

/// With message security, or a credential in the messages and TLS around them: in the clear every message is the same, and its octets are where nothing random stands.
const SECURED: [Flow; 8] = [
    ("tcp-message-cert", "calculator", None),
    ("tcp-message-cert-bytes", "calculator", None),
    ("tcp-message-cert-direct", "calculator", None),
    ("tcp-message-cert-rm", "calculator", FEBRUARY),
    ("tcp-message-cert-direct-rm", "calculator", FEBRUARY),
    ("tcp-duplex-message-cert-rm", "duplex", FEBRUARY),
    ("tcp-mixed-username", "calculator", None),
    ("tcp-mixed-username-rm", "calculator", FEBRUARY),
];

/// Secure conversation under the service's certificate, which is known beforehand.
const DIRECT: &str = r#"<security authenticationMode="SecureConversation" messageSecurityVersion="WSSecurity11WSTrustFebruary2005WSSecureConversationFebruary2005WSSecurityPolicy11"><secureConversationBootstrap authenticationMode="MutualCertificate" messageSecurityVersion="WSSecurity11WSTrustFebruary2005WSSecureConversationFebruary2005WSSecurityPolicy11"/></security>"#;

/// A file for both ends.
fn file(folder: &std::path::Path, flow: Flow, address: &str) -> ConfigurationFile {
    let (flow_name, contract, version) = flow;
    let name = match contract {
        "calculator" => "ICalculator",
        "mixedc" => "IMixed",
        "notify" => "INotify",
        _ => "ICalculatorDuplex",
    };
    let quotas = r#"<readerQuotas maxArrayLength="1000000" maxStringContentLength="1000000"/>"#;
    let large = r#"maxReceivedMessageSize="1000000" maxBufferSize="1000000""#;
    let security = match flow_name {
        name if name.contains("message") => {
            r#"<security mode="Message"><message clientCredentialType="Certificate"/></security>"#
        }
        name if name.contains("mixed-username") => {
            r#"<security mode="TransportWithMessageCredential"><message clientCredentialType="UserName"/></security>"#
        }
        "tcp-tls-cert" => {
            r#"<security mode="Transport"><transport clientCredentialType="Certificate"/></security>"#
        }
        name if name.contains("tls") => {
            r#"<security mode="Transport"><transport clientCredentialType="None"/></security>"#
        }
        _ => r#"<security mode="None"/>"#,
    };
    let (section, binding) = match version {
        _ if flow_name.contains("direct") => {
            let reliable = if version.is_some() { "<reliableSession/>" } else { "" };
            let binding = format!(
                r#"<binding name="B">{reliable}{DIRECT}<binaryMessageEncoding/><tcpTransport/></binding>"#
            );
            ("customBinding", binding)
        }
        Some(ReliableMessagingVersion::V11) => (
            "customBinding",
            format!(
                r#"<binding name="B"><reliableSession reliableMessagingVersion="WSReliableMessaging11"/>
                <binaryMessageEncoding>{quotas}</binaryMessageEncoding><tcpTransport {large}/></binding>"#
            ),
        ),
        _ => (
            "netTcpBinding",
            format!(
                r#"<binding name="B" {large}>{quotas}<reliableSession enabled="{}"/>{security}</binding>"#,
                version.is_some()
            ),
        ),
    };
    let text = format!(
        r#"<configuration><system.serviceModel><bindings><{section}>{binding}</{section}></bindings>
        <services><service name="S"><endpoint address="{address}" binding="{section}" bindingConfiguration="B"
          contract="{name}"/></service></services>
        <client><endpoint name="c" address="{address}" binding="{section}" bindingConfiguration="B" contract="{name}"
          behaviorConfiguration="T"/></client>
        <behaviors><endpointBehaviors><behavior name="T"><clientCredentials><serviceCertificate>
          <authentication certificateValidationMode="None" revocationMode="NoCheck"/></serviceCertificate></clientCredentials>
        </behavior></endpointBehaviors></behaviors></system.serviceModel></configuration>"#
    );
    let path = folder.join("app.config");
    std::fs::write(&path, text).unwrap();
    ConfigurationFile::load(&path).unwrap_or_else(|error| panic!("{error}"))
}

/// Our client does what the captured one did; a peer answers with the octets of WCF's service. Gives how many messages were
/// the same to the octet, and all.
async fn as_client(flow: Flow) -> (usize, usize) {
    let (name, contract, _) = flow;
    let capture = Capture::read(name, Side::Client);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let address = format!("net.tcp://localhost:{port}/calc");
    let folder = tempfile::tempdir().unwrap();
    let config = file(folder.path(), flow, &address);
    let operations = capture.operations.clone();
    let own_address = address.clone();
    let service = async {
        if capture.cuts.iter().any(Option::is_some) {
            let accepted = async || listener.accept().await.unwrap().0;
            return play_cut(flow, &capture, Side::Client, (&own_address, port), accepted).await;
        }
        let mut open = JoinSet::new();
        let own = capture.port().to_owned();
        for steps in &capture.connections {
            let (stream, _) = listener.accept().await.unwrap();
            let (own, steps) = (own.clone(), steps.clone());
            let security = security(&capture, name, Side::Client, &own_address);
            open.spawn(async move {
                play_on(flow, stream, Side::Client, (&own, port), &steps, security).await
            });
        }
        sum(open.join_all().await)
    };
    let factory = move || {
        let factory = match contract {
            "calculator" => ChannelFactory::from_config(&config, "c", &CALCULATOR_CONTRACT),
            "mixedc" => ChannelFactory::from_config(&config, "c", &MIXED_CONTRACT),
            "notify" => ChannelFactory::from_config(&config, "c", &NOTIFY_CONTRACT),
            _ => ChannelFactory::from_config(&config, "c", &DUPLEX_CONTRACT),
        };
        let factory = factory.unwrap_or_else(|e| panic!("{e}"));
        match has_credentials(name) {
            true => factory
                .client_certificate(identity("alice"))
                .user_name("alice", "secret")
                .service_certificate(identity("service").certificate),
            false => factory,
        }
    };
    let program = Program::new(factory, contract);
    let (equal, ()) = tokio::join!(service, program.run(&operations));
    equal
}

fn sum(all: Vec<(usize, usize)>) -> (usize, usize) {
    all.into_iter().fold((0, 0), |sum, (same, all)| (sum.0 + same, sum.1 + all))
}

/// Whether somebody proves who he is.
fn has_credentials(name: &str) -> bool {
    ["message", "mixed-username", "tls"].iter().any(|kind| name.contains(kind))
}

/// The security of a peer of this end, where messages have some.
fn security(capture: &Capture, name: &str, ours: Side, address: &str) -> Option<Security> {
    let in_messages = ["message", "mixed-username"].iter().any(|kind| name.contains(kind));
    in_messages.then(|| Security::new(capture, name, ours, address))
}

/// Plays connections one after another, each of which but the last is cut.
async fn play_cut(
    (name, _, version): Flow,
    capture: &Capture,
    ours: Side,
    (address, port): (&str, u16),
    mut connection: impl AsyncFnMut() -> TcpStream,
) -> (usize, usize) {
    let mut names = Names::default();
    let ports = (capture.port(), port);
    let peer = Peer::new(name, connection().await, ours, ports, &mut names, version);
    let mut peer = peer.secured(security(capture, name, ours, address));
    for (steps, cut) in capture.connections.iter().zip(&capture.cuts) {
        peer.play(steps).await;
        if let Some(is_reset) = cut {
            peer.cut(*is_reset).await;
            peer.goes_on_over(connection().await);
        }
    }
    peer.end().await
}

async fn play_on(
    (name, _, version): Flow,
    stream: TcpStream,
    ours: Side,
    ports: (&str, u16),
    steps: &[Step],
    security: Option<Security>,
) -> (usize, usize) {
    let mut names = Names::default();
    let peer = Peer::new(name, stream, ours, ports, &mut names, version);
    let mut peer = peer.secured(security);
    peer.play(steps).await;
    peer.end().await
}

/// Our service, and a peer that is WCF's client.
async fn as_service(flow: Flow) -> (usize, usize) {
    let (name, ..) = flow;
    let capture = Capture::read(name, Side::Service);
    // The address must say where it listens: messages of the service name it.
    let port = waxwing_testkit::ports::free_port().unwrap();
    let address = format!("net.tcp://localhost:{port}/calc");
    let folder = tempfile::tempdir().unwrap();
    let config = file(folder.path(), flow, &address);
    let host = host(flow, &config).await;
    let own = capture.port().to_owned();
    let to = SocketAddr::from(([127, 0, 0, 1], port));
    if capture.cuts.iter().any(Option::is_some) {
        let connected = async || TcpStream::connect(to).await.unwrap();
        let equal = play_cut(flow, &capture, Side::Service, (&address, port), connected).await;
        assert_eq!(host.statistics().sessions, 0, "{name}: its sessions are over");
        assert!(host.close().await, "{name}");
        return equal;
    }
    let mut open = JoinSet::new();
    for steps in &capture.connections {
        let stream = TcpStream::connect(to).await.unwrap();
        let (own, steps) = (own.clone(), steps.clone());
        let security = security(&capture, name, Side::Service, &address);
        open.spawn(async move {
            play_on(flow, stream, Side::Service, (&own, port), &steps, security).await
        });
    }
    let equal = sum(open.join_all().await);
    let statistics = host.statistics();
    assert_eq!(statistics.sessions, 0, "{name}: its sessions are over");
    assert!(host.close().await, "{name}");
    equal
}

async fn host(flow: Flow, config: &ConfigurationFile) -> ServiceHost {
    let builder = |contract| {
        let builder = ServiceHostBuilder::from_config(config, "S", contract);
        let builder = builder.unwrap_or_else(|e| panic!("{e}"));
        let builder = builder.address_filter(AddressFilterMode::Any);
        match has_credentials(flow.0) {
            true => builder
                .certificate(identity("service"))
                .client_trust(trusts_alice)
                .user_names(knows_alice),
            false => builder,
        }
    };
    let host = match flow.1 {
        "calculator" => {
            let instances = ServiceInstances::single(CalculatorService::new(Service));
            builder(&CALCULATOR_CONTRACT).open(instances).await
        }
        "mixedc" => {
            let instances = ServiceInstances::single(MixedService::new(Service));
            builder(&MIXED_CONTRACT).open(instances).await
        }
        "notify" => {
            let instances = ServiceInstances::single(NotifyService::new(Service));
            builder(&NOTIFY_CONTRACT).open(instances).await
        }
        _ => {
            let instances =
                ServiceInstances::per_session(|| DuplexService::new(Telling::default()));
            let instances = instances.concurrency(ConcurrencyMode::Reentrant);
            builder(&DUPLEX_CONTRACT).open(instances).await
        }
    };
    host.unwrap_or_else(|e| panic!("{e}"))
}

#[tokio::test]
async fn our_client_and_wcfs_service() {
    for flow in PLAIN {
        let (equal, all) = as_client(flow).await;
        println!("{}: {equal} of {all} to the octet", flow.0);
        assert_eq!(equal, all, "{}", flow.0);
    }
}

#[tokio::test]
async fn our_service_and_wcfs_client() {
    for flow in PLAIN {
        let (equal, all) = as_service(flow).await;
        println!("{}: {equal} of {all} to the octet", flow.0);
        assert_eq!(equal, all, "{}", flow.0);
    }
}

#[tokio::test]
async fn our_client_in_a_reliable_session_of_wcfs_service() {
    for flow in RELIABLE {
        let (equal, all) = as_client(flow).await;
        println!("{}: {equal} of {all} to the octet", flow.0);
        // The first acknowledges nothing.
        assert!(equal > 0, "{}: {equal} of {all}", flow.0);
    }
}

#[tokio::test]
async fn our_service_in_a_reliable_session_of_wcfs_client() {
    for flow in RELIABLE {
        let (equal, all) = as_service(flow).await;
        println!("{}: {equal} of {all} to the octet", flow.0);
        // The first acknowledges nothing.
        assert!(equal > 0, "{}: {equal} of {all}", flow.0);
    }
}

#[tokio::test]
async fn our_client_in_a_protected_session_of_wcfs_service() {
    for flow in SECURED {
        let (equal, all) = as_client(flow).await;
        println!("{}: {equal} of {all} with their Security headers", flow.0);
        match flow.2 {
            None => assert_eq!(equal, all, "{}", flow.0),
            // What opens the session, and the first, which acknowledges nothing.
            Some(_) => assert!(equal > 1, "{}: {equal} of {all}", flow.0),
        }
    }
}

#[tokio::test]
async fn our_service_in_a_protected_session_of_wcfs_client() {
    for flow in SECURED {
        let (equal, all) = as_service(flow).await;
        println!("{}: {equal} of {all} with their Security headers", flow.0);
        match flow.2 {
            None => assert_eq!(equal, all, "{}", flow.0),
            // What opens the session, and the first, which acknowledges nothing.
            Some(_) => assert!(equal > 1, "{}: {equal} of {all}", flow.0),
        }
    }
}

#[tokio::test]
async fn a_session_goes_on_over_another_connection() {
    for flow in CUT {
        for (role, (equal, all)) in
            [("client", as_client(flow).await), ("service", as_service(flow).await)]
        {
            println!("{}, our {role}: {equal} of {all} to the octet", flow.0);
            assert!(equal > 0, "{}, our {role}: {equal} of {all}", flow.0);
        }
    }
}
