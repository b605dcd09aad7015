//! Certificates that are replaced while the service runs.

use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};
use waxwing::events::Events;
use waxwing::service::HostEvent;

use crate::common::Counting;
use crate::kit::{Wire, call, client_file, factory, host, service_file};
use crate::pki::Wish;

async fn next(events: &mut Events<HostEvent>, wanted: impl Fn(&HostEvent) -> bool) -> HostEvent {
    let found = async {
        loop {
            match events.next().await {
                Some(Ok(event)) if wanted(&event) => return event,
                Some(_) => {}
                None => panic!("the host is gone"),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), found).await.expect("it is told")
}

/// The certificate that is shown.
async fn shown(to: std::net::SocketAddr) -> Vec<u8> {
    let shown = tokio::task::spawn_blocking(move || {
        let mut builder = SslConnector::builder(SslMethod::tls_client()).unwrap();
        builder.set_verify(SslVerifyMode::NONE);
        let stream = builder.build().connect("localhost", TcpStream::connect(to).unwrap()).unwrap();
        stream.ssl().peer_certificate().unwrap().to_der().unwrap()
    });
    shown.await.unwrap()
}

#[tokio::test]
async fn a_new_certificate_is_shown_without_a_restart() {
    let authority = Wish::authority("Own Authority").make(None);
    let (first, second) =
        (Wish::default().make(Some(&authority)), Wish::default().make(Some(&authority)));
    let (service, client) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    first.put(service.path(), "My", "service");
    authority.put(client.path(), "Root", "own");
    let wire = Wire::transport("None");
    let host = host(&service_file(&wire, service.path()), &Counting::default()).await;
    let (to, mut events) = (host.local_addresses()[0], host.events());
    let factory = factory(&client_file(&wire, client.path(), to, ""));
    assert_eq!(call(&factory).await, Ok(3.0));
    assert_eq!(shown(to).await, first.certificate.to_der().unwrap());

    // Half of it is there: the old one is shown on, and that is told.
    let place = |kind: &str| {
        service.path().join(Path::new("certificates/My")).join(format!("service.{kind}.pem"))
    };
    std::fs::write(place("cert"), second.certificate.to_pem().unwrap()).unwrap();
    let refused =
        next(&mut events, |event| matches!(event, HostEvent::CertificateRefused { .. })).await;
    let HostEvent::CertificateRefused { reason, .. } = refused else { unreachable!() };
    assert!(reason.contains("the private key does not belong to the certificate"), "{reason}");
    assert_eq!(shown(to).await, first.certificate.to_der().unwrap());
    assert_eq!(call(&factory).await, Ok(3.0));

    std::fs::write(place("key"), second.key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    let changed =
        next(&mut events, |event| matches!(event, HostEvent::CertificateChanged { .. })).await;
    let HostEvent::CertificateChanged { thumbprint, .. } = changed else { unreachable!() };
    let new =
        waxwing::crypto::Certificate::from_der(&second.certificate.to_der().unwrap()).unwrap();
    assert_eq!(thumbprint, new.thumbprint_hex());
    assert_eq!(shown(to).await, new.der());
    assert_eq!(call(&factory).await, Ok(3.0));
    assert!(host.close().await);
}
