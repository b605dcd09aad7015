//! Every credential, negotiated and not, with and without reliable session.

use waxwing::binding::MessageCredentialType;
use waxwing::events::CommunicationState;

use crate::common::*;
use crate::kit::{CERTIFICATE, Kind, USER, executed, factory, host};

#[tokio::test]
async fn each_runs_from_open_to_close() {
    for kind in Kind::all() {
        let (host, service) = host(kind.binding()).await;
        let factory = factory(kind.binding(), &host);
        for round in 1..=2 {
            let channel =
                factory.open_channel().await.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
            let client = CalculatorClient::new(&channel);
            let sum = client.add(100.0, 15.99).await;
            assert_eq!(sum.unwrap_or_else(|error| panic!("{kind:?}: {error}")), 115.99);
            let caller = service.caller.lock().unwrap().clone();
            match kind.credential {
                CERTIFICATE => assert!(caller.unwrap().starts_with("CN=alice; "), "{kind:?}"),
                USER => assert_eq!(caller.as_deref(), Some("alice"), "{kind:?}"),
                _ => assert_eq!(caller, None, "{kind:?}"),
            }
            let fault = client.divide(1.0, 0.0).await.unwrap_err().to_string();
            assert!(fault.contains("Division by zero"), "{kind:?}: {fault}");
            assert_eq!(client.multiply(3.0, 4.0).await.unwrap(), 12.0);
            assert_eq!(host.statistics().sessions, 1, "{kind:?}");
            assert_eq!(channel.reliable_session().is_some(), kind.reliable);
            channel.close().await.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
            assert_eq!(channel.state(), CommunicationState::Closed);
            assert_eq!(executed(&service), 3 * round);
        }
        assert!(host.close().await, "{kind:?}: everything has ended by itself");
    }
}

/// Calls of one session that are under way together, and sessions beside one another.
#[tokio::test]
async fn many_calls_at_once() {
    for kind in [Kind::message(CERTIFICATE, false), Kind::mixed(USER, true)] {
        let (host, service) = host(kind.binding()).await;
        let factory = factory(kind.binding(), &host);
        let mut all = tokio::task::JoinSet::new();
        for session in 0..4 {
            let factory = factory.clone();
            all.spawn(async move {
                let channel = factory.open_channel().await.unwrap_or_else(|e| panic!("{e}"));
                let mut calls = tokio::task::JoinSet::new();
                for number in 0..20 {
                    let client = CalculatorClient::new(channel.clone());
                    calls.spawn(async move {
                        let (a, b) = (f64::from(session), f64::from(number));
                        assert_eq!(client.add(a, b).await.unwrap(), a + b);
                    });
                }
                while let Some(done) = calls.join_next().await {
                    done.unwrap();
                }
                channel.close().await.unwrap_or_else(|e| panic!("{e}"));
            });
        }
        while let Some(done) = all.join_next().await {
            done.unwrap();
        }
        assert_eq!(executed(&service), 80);
        assert!(host.close().await);
    }
}

/// A channel that is opened and closed without a call; one that is dropped.
#[tokio::test]
async fn nothing_is_left_of_who_says_nothing_or_goes() {
    for kind in [Kind::message(USER, false), Kind::message(USER, true), Kind::mixed(USER, false)] {
        let (host, _) = host(kind.binding()).await;
        let factory = factory(kind.binding(), &host);
        let channel = factory.open_channel().await.unwrap_or_else(|e| panic!("{kind:?}: {e}"));
        channel.close().await.unwrap_or_else(|e| panic!("{kind:?}: {e}"));
        let channel = factory.open_channel().await.unwrap();
        assert_eq!(CalculatorClient::new(&channel).add(1.0, 2.0).await.unwrap(), 3.0);
        channel.abort("enough");
        let gone = async {
            while host.statistics().sessions > 0 {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), gone).await.unwrap();
        assert!(host.close().await, "{kind:?}");
    }
}

/// The key is renewed beside the calls, over a connection of its own.
#[tokio::test]
async fn a_key_is_renewed_meanwhile() {
    let local = "<localClientSettings sessionKeyRenewalInterval=\"00:00:01\"/>";
    for reliable in [false, true] {
        let kind =
            Kind { negotiated: false, ..Kind::message(MessageCredentialType::UserName, reliable) };
        let binding = || kind.custom_with("", local);
        let (host, service) = host(binding()).await;
        let channel = factory(binding(), &host).open_channel().await;
        let channel = channel.unwrap_or_else(|e| panic!("{reliable}: {e}"));
        let client = CalculatorClient::new(&channel);
        for number in 0..8 {
            let sum = client.add(f64::from(number), 1.0).await;
            assert_eq!(sum.unwrap_or_else(|e| panic!("{e}")), f64::from(number) + 1.0);
            tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        }
        assert!(channel.statistics().renewals >= 1, "{reliable}");
        channel.close().await.unwrap_or_else(|e| panic!("{reliable}: {e}"));
        assert_eq!(executed(&service), 8);
        assert!(host.close().await);
    }
}

/// The other version of reliable messaging, and sessions that are not ordered, by custom bindings.
#[tokio::test]
async fn reliable_messaging_of_both_versions() {
    for more in ["reliableMessagingVersion=\"WSReliableMessaging11\"", "ordered=\"false\""] {
        let kind =
            Kind { negotiated: false, ..Kind::message(MessageCredentialType::UserName, true) };
        let (host, service) = host(kind.custom(more)).await;
        let factory = factory(kind.custom(more), &host);
        let channel = factory.open_channel().await.unwrap_or_else(|e| panic!("{more}: {e}"));
        let client = CalculatorClient::new(&channel);
        for number in 0..10 {
            assert_eq!(client.add(f64::from(number), 1.0).await.unwrap(), f64::from(number) + 1.0);
        }
        channel.close().await.unwrap_or_else(|e| panic!("{more}: {e}"));
        assert_eq!(executed(&service), 10);
        assert!(host.close().await);
    }
}
