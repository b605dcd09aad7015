//! The upgrade to TLS.

use jiff::Timestamp;
use waxwing_crypto::https::{self, TlsProfile};
use waxwing_crypto::tls::TlsVersion;
use waxwing_crypto::{
    Certificate, CertificateValidator, Identity, RevocationMode, Usage, ValidationMode,
};
use waxwing_session::TransportCause;

use super::*;
use crate::net::caller::TransportCaller;
use crate::net::trust::{Distrust, ServerTrust};

fn file(name: &str) -> Vec<u8> {
    let path = format!("{}/../../testdata/pki/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

fn identity(name: &str) -> Identity {
    let both = [file(&format!("{name}.cert")), file(&format!("{name}.key"))].concat();
    Identity::from_pem(&both).unwrap()
}

/// Trusts what an authority has given, asked at once or after a while.
struct Trust {
    authority: &'static str,
    is_quick: bool,
}

impl Trust {
    fn judge(&self, shown: &[Certificate]) -> Result<(), Distrust> {
        let roots = Certificate::from_pem(&file(&format!("{}.cert", self.authority))).unwrap();
        let validator = CertificateValidator::new(
            ValidationMode::ChainTrust,
            RevocationMode::NoCheck,
            Usage::Service,
        );
        let validator = validator.with_roots(roots);
        let judged = validator.validate(&shown[0], &shown[1..], Timestamp::now());
        judged.map(drop).map_err(|error| Distrust::Certificate(error.to_string()))
    }
}

impl ServerTrust for Trust {
    fn quick(&self, shown: &[Certificate], _: &str) -> Option<Result<(), Distrust>> {
        self.is_quick.then(|| self.judge(shown))
    }

    fn ask<'a>(
        &'a self,
        shown: &'a [Certificate],
        _: &'a str,
    ) -> BoxFuture<'a, Result<(), Distrust>> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            self.judge(shown)
        })
    }
}

fn client(authority: &'static str, own: Option<&str>, is_quick: bool) -> TcpDialer {
    client_of(authority, own, is_quick, TlsProfile::default())
}

fn client_of(
    authority: &'static str,
    own: Option<&str>,
    is_quick: bool,
    profile: TlsProfile,
) -> TcpDialer {
    let own = own.map(identity);
    let trust = Arc::new(Trust { authority, is_quick });
    dialer_with(TcpTls::new(profile, own.as_ref(), trust).unwrap())
}

fn service(asks: bool) -> ServiceTls {
    let profile = TlsProfile::default();
    let context = https::server(&profile, &identity("service"), asks).unwrap();
    ServiceTls::new("service".to_owned(), context, asks, |_, _| {})
}

async fn host(asks: bool) -> (Host, Arc<Endpoint>) {
    let endpoint = Endpoint::new(Does::Echo, LinkLimits::default());
    let plain = Endpoint::new(Does::Echo, LinkLimits::default());
    let routes = vec![("calc", Arc::clone(&endpoint), Some(service(asks))), ("plain", plain, None)];
    (Host::open(TcpLimits::default(), routes).await, endpoint)
}

#[tokio::test]
async fn each_session_has_its_own_tls_on_one_connection() {
    for versions in [TlsVersion::Tls12..=TlsVersion::Tls12, TlsVersion::Tls13..=TlsVersion::Tls13] {
        let (host, endpoint) = host(false).await;
        let profile = TlsProfile { versions, ..TlsProfile::default() };
        let dialer = client_of("ca", None, true, profile);
        for _ in 0..3 {
            call(&dialer, &host.via("calc")).await.unwrap();
        }
        let callers = endpoint.callers();
        assert!(callers.iter().all(|about| about.protected && about.peer == callers[0].peer));
        assert_eq!(endpoint.ends(3).await.len(), 3);
        let mut link = dial(&dialer, &host.via("calc")).await.unwrap();
        assert!(link.about.protected);
        for size in [16_384, 65_536, 10] {
            let message = Bytes::from(vec![7; size]);
            link.output.send(message.clone()).await.unwrap();
            assert_eq!(link.input.receive().await.unwrap(), Some(message));
        }
        close(link).await.unwrap();
    }
}

#[tokio::test]
async fn the_client_s_certificate_is_evidence() {
    for is_quick in [true, false] {
        let (host, endpoint) = host(true).await;
        call(&client("ca", Some("alice"), is_quick), &host.via("calc")).await.unwrap();
        let about = endpoint.callers().remove(0);
        let TransportCaller::Certificate(evidence) = about.caller else { panic!("{about:?}") };
        assert_eq!(evidence.certificate, identity("alice").certificate);
        let failed = call(&client("ca", None, is_quick), &host.via("calc")).await.unwrap_err();
        assert!(
            matches!(
                failed.cause,
                TransportCause::Broken | TransportCause::Tls | TransportCause::Framing
            ),
            "{failed:?}"
        );
        assert_eq!(endpoint.callers().len(), 1);
    }
}

#[tokio::test]
async fn a_server_that_is_not_trusted_gets_nothing() {
    for (own, is_quick) in
        [(None, true), (None, false), (Some("alice"), true), (Some("alice"), false)]
    {
        let (host, endpoint) = host(true).await;
        let failed = call(&client("rogue-ca", own, is_quick), &host.via("calc")).await.unwrap_err();
        assert_eq!(failed.cause, TransportCause::Untrusted, "{failed:?}");
        assert!(failed.reason.contains("127.0.0.1"), "{}", failed.reason);
        assert!(endpoint.callers().is_empty());
    }
}

#[tokio::test]
async fn both_sides_must_want_it() {
    let (host, endpoint) = host(false).await;
    // The client does, the endpoint does not.
    let failed = call(&client("ca", None, true), &host.via("plain")).await.unwrap_err();
    assert_eq!(failed.cause, TransportCause::Framing);
    assert!(failed.reason.starts_with("The requested upgrade is not supported by"), "{failed:?}");
    // The endpoint does, the client does not: reset, without a word.
    let failed = call(&dialer(), &host.via("calc")).await.unwrap_err();
    assert!(matches!(failed.cause, TransportCause::Broken | TransportCause::Framing), "{failed:?}");
    call(&dialer(), &host.via("plain")).await.unwrap();
    assert!(endpoint.callers().is_empty());
    // Windows logins are refused by name, and garbage is no handshake.
    let begin = preamble(&host.via("calc"));
    let begin = &begin[..begin.len() - 1];
    let mut stream = host.raw().await;
    write(&mut stream, &[begin, b"\x09\x15application/negotiate"].concat()).await;
    let (came, _) = everything(&mut stream, Duration::from_secs(2)).await;
    let fault = waxwing_soap::framing::FaultCode::UpgradeInvalid.uri();
    assert_eq!(came, waxwing_soap::framing::Record::Fault(fault).to_octets());
    let mut stream = host.raw().await;
    write(&mut stream, &[begin, b"\x09\x13application/ssl-tlshello"].concat()).await;
    let (came, has_ended) = everything(&mut stream, Duration::from_secs(5)).await;
    assert!(has_ended && (came.is_empty() || came[0] == 0x0a), "{came:?}");
    // TLS inside of TLS, or in the middle of a session, is out of turn.
    let mut stream = host.raw().await;
    write(&mut stream, &preamble(&host.via("plain"))).await;
    write(&mut stream, b"\x09\x13application/ssl-tls").await;
    let (came, has_ended) = everything(&mut stream, Duration::from_secs(5)).await;
    assert!(has_ended && (came.is_empty() || came == [0x0b]), "{came:?}");
}

/// One octet after the other in each phase of the upgrade: before it, in the handshake, between that and the end of the preamble.
/// What it all may take together is one time.
#[tokio::test]
async fn who_trickles_in_the_upgrade_is_let_go() {
    let limits =
        LinkLimits { initialization_timeout: Duration::from_millis(500), ..LinkLimits::default() };
    let endpoint = Endpoint::new(Does::Echo, limits);
    let routes = vec![("calc", Arc::clone(&endpoint), Some(service(false)))];
    let host = Host::open(TcpLimits::default(), routes).await;
    let begin = preamble(&host.via("calc"));
    let begin = [&begin[..begin.len() - 1], b"\x09\x13application/ssl-tls"].concat();
    // The beginning of a ClientHello of 512 octets, which never ends.
    let hello = [&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3][..], &[7; 400]].concat();
    let trickled = [(begin.clone(), 0), ([begin.clone(), hello].concat(), begin.len())];
    for (octets, at_once) in trickled {
        let mut stream = host.raw().await;
        write(&mut stream, &octets[..at_once]).await;
        for octet in &octets[at_once..] {
            if stream.write_all(&[*octet]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let (_, has_ended) = everything(&mut stream, Duration::from_secs(5)).await;
        assert!(has_ended, "after {at_once} octets");
    }
    assert!(endpoint.callers().is_empty());
    // Somebody else's link comes about all the same.
    call(&client("ca", None, true), &host.via("calc")).await.unwrap();
}
