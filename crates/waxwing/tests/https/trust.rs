//! Which servers a client trusts, and what it is told of the others.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use waxwing::crypto::Certificate;
use waxwing::security::CertificateEvidence;
use waxwing::{ChannelFactory, ServiceHost};

use crate::common::{self, Counting};
use crate::kit::{Wire, call, client_file, factory, host, service_file};
use crate::pki::{Made, Wish};

/// A service with a certificate, and a client's folder with what is trusted.
struct Pair {
    host: ServiceHost,
    _service: tempfile::TempDir,
    client: tempfile::TempDir,
    wire: Wire,
}

impl Pair {
    async fn new(certificate: &Made) -> Self {
        Self::with(certificate, Wire::transport("None")).await
    }

    async fn with(certificate: &Made, wire: Wire) -> Self {
        let (service, client) = (tempfile::tempdir().unwrap(), common::stores("alice", "ca", &[]));
        certificate.put(service.path(), "My", "service");
        let ca = service.path().join("certificates/Root");
        std::fs::create_dir_all(&ca).unwrap();
        std::fs::copy(common::pki().join("ca.cert.pem"), ca.join("ca.cert.pem")).unwrap();
        let host = host(&service_file(&wire, service.path()), &Counting::default()).await;
        Self { host, _service: service, client, wire }
    }

    fn folder(&self) -> &Path {
        self.client.path()
    }

    fn factory(&self, extra: &str) -> ChannelFactory {
        let to = self.host.local_addresses()[0];
        factory(&client_file(&self.wire, self.folder(), to, extra))
    }

    async fn call(&self) -> Result<f64, String> {
        call(&self.factory("")).await
    }

    /// Refused for these reasons.
    async fn refused(&self, reasons: &[&str]) {
        let text = self.call().await.expect_err("not trusted");
        let port = self.host.local_addresses()[0].port();
        let wcf = format!(
            "Could not establish trust relationship for the SSL/TLS secure channel with authority 'localhost:{port}'."
        );
        for part in reasons.iter().copied().chain([wcf.as_str()]) {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}

#[tokio::test]
async fn every_reason_for_distrust_is_told() {
    let authority = Wish::authority("Own Authority").make(None);
    let authority = &authority;
    let trusted = |made: Made| async move {
        let pair = Pair::new(&made).await;
        authority.put(pair.folder(), "Root", "own");
        pair
    };
    let good = trusted(Wish::default().make(Some(authority))).await;
    assert_eq!(good.call().await, Ok(3.0));

    let wrong = Wish {
        name: "localhost at home",
        hosts: &["elsewhere.example", "*.lan"],
        ..Wish::default()
    };
    let pair = trusted(wrong.make(Some(authority))).await;
    pair.refused(&["is not that of the host 'localhost': its names are elsewhere.example, *.lan"])
        .await;

    let old = Wish { days: (-10, -1), ..Wish::default() }.make(Some(authority));
    trusted(old).await.refused(&["it has expired and must be renewed"]).await;
    let early = Wish { days: (1, 10), ..Wish::default() }.make(Some(authority));
    trusted(early).await.refused(&["it is not valid yet; check the clocks"]).await;

    let stranger = Wish::authority("Nobody Knows").make(None);
    let pair = trusted(Wish::default().make(Some(&stranger))).await;
    pair.refused(&["Its issuer 'CN=Nobody Knows' is not known here", "/Root"]).await;

    let alone = Wish::default().make(None);
    let pair = Pair::new(&alone).await;
    pair.refused(&["It is self-signed", "/Root", "https_roots", "[tls-certificate]"]).await;
    alone.put(pair.folder(), "Root", "self");
    assert_eq!(pair.call().await, Ok(3.0));

    let between = Wish::authority("Between").make(Some(authority));
    let pair = trusted(Wish::default().make(Some(&between))).await;
    pair.refused(&[
        "Its issuer 'CN=Between' is not known here",
        "have the server send it",
        "/CertificateAuthority",
    ])
    .await;
    between.put(pair.folder(), "CertificateAuthority", "between");
    assert_eq!(pair.call().await, Ok(3.0));

    good.host.close().await;
}

/// Opening a reliable session tells at once what trying again does not heal, even where a service that is away is tried
/// again.
#[tokio::test]
async fn distrust_is_told_at_once() {
    let alone = Wish::default().make(None);
    let pair = Pair::with(&alone, Wire::reliable("WSReliableMessaging11", "")).await;
    let begun = std::time::Instant::now();
    let refused = call(&pair.factory("").retry(true)).await.unwrap_err();
    assert!(refused.contains("It is self-signed"), "{refused}");
    assert!(begun.elapsed() < std::time::Duration::from_secs(9), "it was not tried again");
}

/// The identity pins one certificate beside all the rest; a name in it is not compared with the certificate.
#[tokio::test]
async fn an_identity_pins_a_certificate() {
    let authority = Wish::authority("Own Authority").make(None);
    let own = Wish::default().make(Some(&authority));
    let pair = Pair::new(&own).await;
    authority.put(pair.folder(), "Root", "own");
    let of = |made: &Made| Certificate::from_der(&made.certificate.to_der().unwrap()).unwrap();
    let pinned = |made: &Made| {
        let expected = waxwing::security::ExpectedIdentity::Certificate(of(made));
        pair.factory("").identity(expected)
    };
    assert_eq!(call(&pinned(&own)).await, Ok(3.0));
    let other = Wish::default().make(Some(&authority));
    let refused = call(&pinned(&other)).await.unwrap_err();
    let text = format!(
        "The server certificate with name 'CN=localhost' failed identity verification because its thumbprint ('{}') does \
         not match the one specified in the endpoint identity ('{}').  As a result, the current HTTPS request has failed.  \
         Please update the endpoint identity used on the client or the certificate used by the server.",
        of(&own).thumbprint_hex(),
        of(&other).thumbprint_hex()
    );
    assert!(refused.contains(&text), "{refused}");
    let name = waxwing::security::ExpectedIdentity::Dns("another.example".into());
    assert_eq!(call(&pair.factory("").identity(name)).await, Ok(3.0));
    // A pin is no trust.
    let alone = Wish::default().make(None);
    let pair = Pair::new(&alone).await;
    let expected = waxwing::security::ExpectedIdentity::Certificate(of(&alone));
    let refused = call(&pair.factory("").identity(expected)).await.unwrap_err();
    assert!(refused.contains("It is self-signed"), "{refused}");
}

/// `sslCertificateAuthentication` stands in place of everything else, the host's name included.
#[tokio::test]
async fn a_check_of_its_own_replaces_all_others() {
    let other = Wish { name: "localhost?", hosts: &["elsewhere.example"], ..Wish::default() };
    let alone = other.make(None);
    let pair = Pair::new(&alone).await;
    let check = |mode: &str| {
        let check = format!(
            r#"<serviceCertificate><sslCertificateAuthentication certificateValidationMode="{mode}" revocationMode="NoCheck"/></serviceCertificate>"#
        );
        pair.factory(&check)
    };
    assert_eq!(call(&check("None")).await, Ok(3.0));
    let refused = call(&check("PeerTrust")).await.unwrap_err();
    assert!(refused.contains("is not in the TrustedPeople store"), "{refused}");
    alone.put(pair.folder(), "TrustedPeople", "service");
    assert_eq!(call(&check("PeerTrust")).await, Ok(3.0));
    pair.refused(&["It is self-signed"]).await;
}

/// Rules of the program are asked for every connection, before anything goes over it; a client's certificate is shown only
/// to a server that the rule has taken.
#[tokio::test]
async fn a_rule_of_the_program_decides() {
    for credential in ["None", "Certificate"] {
        let alone = Wish::default().make(None);
        let pair = Pair::with(&alone, Wire::transport(credential)).await;
        let asked = Arc::new(AtomicUsize::new(0));
        let own = alone.certificate.to_der().unwrap();
        let (counter, expected) = (Arc::clone(&asked), own.clone());
        let blocking = move |certificate: &Certificate, _: &[Certificate], _| {
            counter.fetch_add(1, Ordering::SeqCst);
            if certificate.der() == expected { Ok(()) } else { Err("another".to_owned()) }
        };
        assert_eq!(call(&pair.factory("").https_trust(blocking)).await, Ok(3.0));
        assert_eq!(asked.load(Ordering::SeqCst), 1, "one connection, one question");
        let counter = Arc::clone(&asked);
        let waiting = move |evidence: CertificateEvidence, _| {
            let (counter, expected) = (Arc::clone(&counter), own.clone());
            async move {
                tokio::task::yield_now().await;
                counter.fetch_add(1, Ordering::SeqCst);
                if evidence.certificate.der() == expected {
                    Ok(())
                } else {
                    Err("another".to_owned())
                }
            }
        };
        assert_eq!(call(&pair.factory("").https_trust_async(waiting)).await, Ok(3.0));
        assert_eq!(asked.load(Ordering::SeqCst), 2);
        let executed = pair.host.statistics().executed;
        let never = |_: &Certificate, _: &[Certificate], _| Err("not today".to_owned());
        let refused = call(&pair.factory("").https_trust(never)).await.unwrap_err();
        assert!(refused.contains("not today"), "{refused}");
        assert_eq!(pair.host.statistics().executed, executed);
    }
}

/// One more authority in code: everything else is checked as without it, the host's name above all.
#[tokio::test]
async fn roots_of_the_program_replace_no_check() {
    let authority = Wish::authority("In Code").make(None);
    let of = |made: &Made| Certificate::from_der(&made.certificate.to_der().unwrap()).unwrap();
    let root = || [of(&authority)];
    let own = Wish::default().make(Some(&authority));
    let good = Pair::new(&own).await;
    good.refused(&["Its issuer 'CN=In Code' is not known here"]).await;
    assert_eq!(call(&good.factory("").https_roots(root())).await, Ok(3.0));
    let stranger = Wish::authority("Nobody Knows").make(None);
    let both = good.factory("").https_roots(root()).https_roots([of(&stranger)]);
    assert_eq!(call(&both).await, Ok(3.0), "they are added");
    let refused = call(&good.factory("").https_roots([of(&stranger)])).await.unwrap_err();
    assert!(refused.contains("Its issuer 'CN=In Code' is not known here"), "{refused}");

    let other = Wish { hosts: &["other.example.org"], ..Wish::default() };
    let wrong = Pair::new(&other.make(Some(&authority))).await;
    let no_host = "is not that of the host 'localhost': its names are other.example.org";
    let refused = call(&wrong.factory("").https_roots(root())).await.unwrap_err();
    assert!(refused.contains(no_host), "{refused}");
    let replaced = r#"<serviceCertificate><sslCertificateAuthentication certificateValidationMode="None"/></serviceCertificate>"#;
    let refused = call(&wrong.factory(replaced).https_roots(root())).await.unwrap_err();
    assert!(refused.contains(no_host), "code goes before the file: {refused}");
    assert_eq!(wrong.host.statistics().executed, 0);

    let old = Wish { days: (-10, -1), ..Wish::default() }.make(Some(&authority));
    let expired = Pair::new(&old).await;
    let refused = call(&expired.factory("").https_roots(root())).await.unwrap_err();
    assert!(refused.contains("it has expired"), "{refused}");
    let pin = waxwing::security::ExpectedIdentity::Certificate(of(&authority));
    let refused = call(&good.factory("").https_roots(root()).identity(pin)).await.unwrap_err();
    assert!(refused.contains("failed identity verification"), "{refused}");
}

/// What no longer checks the host's name says so in the log.
#[tokio::test]
async fn a_rule_in_place_of_the_checks_is_logged() {
    let alone = Wish::default().make(None);
    let pair = Pair::new(&alone).await;
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone());
    let _on = tracing::subscriber::set_default(subscriber.finish());
    let rule = |_: &Certificate, _: &[Certificate], _| Ok(());
    let own = Certificate::from_der(&alone.certificate.to_der().unwrap()).unwrap();
    // Files are read in this thread.
    pair.factory("").https_roots([own.clone()]).create_channel().unwrap();
    assert_eq!(log.text(), "", "nothing to warn of");
    pair.factory("").https_trust(rule).create_channel().unwrap();
    let text = log.text();
    assert!(text.contains("WARN") && text.contains("whether it is the host's is not checked"));
    assert!(text.contains("take https_roots") && !text.contains("does nothing"), "{text}");
    pair.factory("").https_trust(rule).https_roots([own]).create_channel().unwrap();
    assert!(log.text().contains("https_roots does nothing beside it"), "{}", log.text());
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Keys of elliptic curves, as most of the web has them: the server's, and that of a root in a folder. Message security
/// refuses them by name.
#[tokio::test]
async fn keys_of_curves_are_for_tls() {
    let authority = Wish { is_curve: true, ..Wish::authority("Curved") }.make(None);
    let own = Wish { is_curve: true, ..Wish::default() }.make(Some(&authority));
    let pair = Pair::new(&own).await;
    pair.refused(&["Its issuer 'CN=Curved' is not known here"]).await;
    authority.put(pair.folder(), "Root", "curved");
    assert_eq!(pair.call().await, Ok(3.0));
    let binding = common::Binding::certificate(true);
    let folder = common::stores("alice", "ca", &[]);
    own.put(folder.path(), "My", "service");
    let file = common::service_config(&binding, folder.path());
    let refused = crate::kit::builder(&file).open(crate::kit::instances(&Counting::default()));
    let refused = refused.await.unwrap_err().to_string();
    assert!(refused.contains("the key is no RSA key"), "{refused}");
}
