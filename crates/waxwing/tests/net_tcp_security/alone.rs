//! TLS with a credential in every message, without a security session: what a custom binding can say and netTcpBinding cannot.
//! Binary, text and MTOM; with and without reliable session, whose two versions end with their connection, as at WCF.

use std::time::Duration;

use waxwing::binding::{Binding, Configuration};
use waxwing::events::CommunicationState;
use waxwing::{ClientChannel, ServiceHost};

use crate::common::*;
use crate::cut::Between;
use crate::kit::{executed, factory, host, identity};

const USER: &str = "UserNameOverTransport";
const CERTIFICATE: &str = "CertificateOverTransport";

const SESSIONS: [&str; 4] = [
    "",
    "<reliableSession/>",
    "<reliableSession ordered=\"false\"/>",
    "<reliableSession reliableMessagingVersion=\"WSReliableMessaging11\"/>",
];

pub fn binding(mode: &str, session: &str, encoding: &str) -> Binding {
    let text = format!(
        "<configuration><system.serviceModel><bindings><customBinding><binding name=\"B\">{session}\
         <security authenticationMode=\"{mode}\"/><{encoding}MessageEncoding/><sslStreamSecurity/><tcpTransport/></binding>\
         </customBinding></bindings></system.serviceModel></configuration>"
    );
    let file = Configuration::parse(&text).unwrap_or_else(|error| panic!("{error:?}"));
    file.binding("customBinding", "B").expect("the binding")
}

#[tokio::test]
async fn each_runs_from_open_to_close() {
    for mode in [USER, CERTIFICATE] {
        for (session, encoding) in SESSIONS
            .map(|session| (session, "binary"))
            .into_iter()
            .chain(SESSIONS[..2].iter().flat_map(|own| [(*own, "text"), (*own, "mtom")]))
        {
            let case = format!("{mode} {session} {encoding}");
            let (host, service) = host(binding(mode, session, encoding)).await;
            let factory = factory(binding(mode, session, encoding), &host);
            for round in 1..=2 {
                let channel = factory.open_channel().await;
                let channel = channel.unwrap_or_else(|error| panic!("{case}: {error}"));
                let client = CalculatorClient::new(&channel);
                let sum = client.add(100.0, 15.99).await;
                assert_eq!(sum.unwrap_or_else(|error| panic!("{case}: {error}")), 115.99);
                let caller = service.caller.lock().unwrap().clone().unwrap_or_default();
                match mode {
                    USER => assert_eq!(caller, "alice", "{case}"),
                    _ => assert!(caller.starts_with("CN=alice; "), "{case}: {caller}"),
                }
                let fault = client.divide(1.0, 0.0).await.unwrap_err().to_string();
                assert!(fault.contains("Division by zero"), "{case}: {fault}");
                assert_eq!(client.multiply(3.0, 4.0).await.unwrap(), 12.0);
                assert_eq!(host.statistics().sessions, 1, "{case}");
                assert_eq!(channel.reliable_session().is_some(), !session.is_empty());
                channel.close().await.unwrap_or_else(|error| panic!("{case}: {error}"));
                assert_eq!(channel.state(), CommunicationState::Closed);
                assert_eq!(executed(&service), 3 * round, "{case}");
            }
            assert!(host.close().await, "{case}: everything has ended by itself");
        }
    }
}

/// The error of whoever is not let in: at once, and in WCF's words.
#[tokio::test]
async fn who_is_not_trusted_is_told_so() {
    for session in &SESSIONS[..2] {
        for mode in [USER, CERTIFICATE] {
            let (host, service) = host(binding(mode, session, "binary")).await;
            let factory = factory(binding(mode, session, "binary"), &host)
                .user_name("alice", "guess")
                .client_certificate(identity("bob"));
            let refused = async {
                // Without a reliable session nothing is said before the first call.
                let channel = factory.open_channel().await?;
                CalculatorClient::new(&channel).add(1.0, 2.0).await.map(|_| ())
            };
            let refused = tokio::time::timeout(Duration::from_secs(30), refused).await;
            let error = refused.expect("an answer at once").expect_err("nobody is let in");
            let error = error.to_string();
            let expected = "At least one security token in the message could not be validated.";
            assert!(error.contains(expected), "{mode} {session}: {error}");
            assert_eq!(executed(&service), 0);
            assert!(host.close().await, "{mode} {session}: nothing is left");
        }
    }
}

async fn through(between: &Between, host: &ServiceHost, session: &str) -> ClientChannel {
    let own = format!("net.tcp://{}/calc", host.local_addresses()[0]);
    let factory = factory(binding(USER, session, "binary"), host);
    let factory = factory.via(format!("net.tcp://{}/calc", between.address)).address(own);
    factory.open_channel().await.unwrap_or_else(|error| panic!("{session}: {error}"))
}

/// A connection with TLS is a security session at WCF: a reliable session above it is over when it breaks.
#[tokio::test]
async fn a_session_ends_with_its_connection() {
    for session in SESSIONS {
        let (host, service) = host(binding(USER, session, "binary")).await;
        let between = Between::before(host.local_addresses()[0]).await;
        let channel = through(&between, &host, session).await;
        let client = CalculatorClient::new(&channel);
        assert_eq!(client.add(1.0, 2.0).await.unwrap(), 3.0);
        between.cut();
        let error = tokio::time::timeout(Duration::from_secs(20), client.add(1.0, 2.0)).await;
        let error = error.expect("it is told at once").unwrap_err().to_string();
        assert!(!error.is_empty() && executed(&service) == 1, "{session}: {error}");
        let gone = async {
            while host.statistics().sessions > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), gone).await.unwrap();
        let again = through(&between, &host, session).await;
        assert_eq!(CalculatorClient::new(&again).add(1.0, 2.0).await.unwrap(), 3.0);
        again.close().await.unwrap_or_else(|error| panic!("{session}: {error}"));
        assert!(host.close().await, "{session}");
    }
}
