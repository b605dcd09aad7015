//! Who is not let in, and is told so at once and in words; who is no part of a session and claims to be.

use std::time::{Duration, Instant};

use waxwing::binding::{Binding, MessageCredentialType};
use waxwing::crypto::Certificate;
use waxwing::environment::Clock;
use waxwing::jiff::{SignedDuration, Timestamp};
use waxwing::security::ExpectedIdentity;
use waxwing::{ChannelFactory, ServiceHost};

use crate::common::*;
use crate::kit::{CERTIFICATE, Kind, NONE, USER, executed, factory, host, identity};

async fn error(factory: ChannelFactory) -> String {
    let began = Instant::now();
    let opened = tokio::time::timeout(Duration::from_secs(30), factory.open_channel()).await;
    let error = opened.expect("an answer at once").expect_err("nobody is let in").to_string();
    assert!(began.elapsed() < Duration::from_secs(20), "{error}");
    error
}

async fn both(kind: Kind) -> (ServiceHost, Counting, ChannelFactory) {
    let (host, service) = host(kind.binding()).await;
    let factory = factory(kind.binding(), &host);
    (host, service, factory)
}

#[tokio::test]
async fn a_wrong_password() {
    for reliable in [false, true] {
        for kind in [
            Kind::message(USER, reliable),
            Kind { negotiated: false, ..Kind::message(USER, reliable) },
            Kind::mixed(USER, reliable),
        ] {
            let (host, service, factory) = both(kind).await;
            let text = error(factory.user_name("alice", "guess")).await;
            assert!(
                text.contains("At least one security token in the message could not be validated."),
                "{kind:?}: {text}"
            );
            assert_eq!(executed(&service), 0);
            assert!(host.close().await, "{kind:?}: nothing is left");
        }
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted() {
    for kind in [
        Kind::message(CERTIFICATE, true),
        Kind { negotiated: false, ..Kind::message(CERTIFICATE, false) },
        Kind::mixed(CERTIFICATE, true),
    ] {
        let (host, service, factory) = both(kind).await;
        let text = error(factory.client_certificate(identity("bob"))).await;
        let expected = match kind.negotiated && kind == Kind::message(CERTIFICATE, true) {
            true => {
                "The request for security token could not be satisfied because authentication failed."
            }
            false => "At least one security token in the message could not be validated.",
        };
        assert!(text.contains(expected), "{kind:?}: {text}");
        assert_eq!(executed(&service), 0);
        assert!(host.close().await);
    }
}

#[tokio::test]
async fn a_service_that_is_not_the_expected_one() {
    for kind in [Kind::message(NONE, true), Kind::mixed(USER, false)] {
        let (host, _, factory) = both(kind).await;
        let other = factory.clone().identity(ExpectedIdentity::Dns("bank.example".into()));
        let text = error(other).await;
        assert!(text.contains("bank.example"), "{kind:?}: {text}");
        let stranger = factory.service_trust(|_: &Certificate, _: &[Certificate], _: Timestamp| {
            Err("nobody issued it".to_owned())
        });
        let text = error(stranger).await;
        assert!(text.contains("nobody issued it"), "{kind:?}: {text}");
        assert!(host.close().await);
    }
}

/// A client whose clock is an hour behind the service's. Its timestamps are too old.
#[tokio::test]
async fn clocks_that_are_apart() {
    let kind = Kind { negotiated: false, ..Kind::message(USER, true) };
    let (host, _, factory) = both(kind).await;
    let text = error(factory.clock(Clock::with_offset(SignedDuration::from_hours(-1)))).await;
    assert!(text.contains("clock"), "{text}");
    assert!(host.close().await);
}

/// Both ends must be secured in the same way; otherwise each says what the other probably is.
#[tokio::test]
async fn ends_that_are_set_to_different_security() {
    use waxwing::binding::{NetTcpBinding, SecurityMode};
    let none = || -> Binding { NetTcpBinding::new(SecurityMode::None, true).into() };
    let secured = || Kind::message(MessageCredentialType::UserName, true).binding();
    for (service, client) in [(none(), secured()), (secured(), none())] {
        let (host, counted) = host(service).await;
        let text = error(factory(client, &host)).await;
        assert!(!text.is_empty() && executed(&counted) == 0, "{text}");
        assert!(host.close().await);
    }
}
