//! A folder of broken certificates: each fault is told, marked where the certificate is named, and
//! decides the verdict.

mod transport;

use std::path::Path;

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
};
use openssl::x509::{CrlNumber, X509, X509CrlBuilder, X509Name};
use tempfile::TempDir;
use waxwing::binding::{Configuration, Diagnostic, Severity};
use waxwing::check::{FileCheck, Outcome};

/// The time of every check, and what certificates are dated by.
fn now() -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_800_000_000).unwrap()
}

/// A certificate and its key.
struct Party {
    key: PKey<Private>,
    certificate: X509,
}

/// How a certificate is made.
#[derive(Clone, Copy)]
struct Kind {
    /// Days from now.
    from: i64,
    until: i64,
    authority: bool,
    path_length: Option<u32>,
    client: bool,
    service: bool,
}

const LEAF: Kind =
    Kind { from: -1, until: 365, authority: false, path_length: None, client: true, service: true };
const AUTHORITY: Kind = Kind { authority: true, ..LEAF };

fn name(common: &str) -> X509Name {
    let mut name = X509Name::builder().unwrap();
    name.append_entry_by_text("CN", common).unwrap();
    name.build()
}

fn make(common: &str, kind: Kind, issuer: Option<&Party>) -> Party {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let serial: u32 = common.bytes().fold(7, |sum, b| sum * 31 % 99_991 + u32::from(b));
    let serial = BigNum::from_u32(serial).unwrap().to_asn1_integer().unwrap();
    builder.set_serial_number(&serial).unwrap();
    let day = |days: i64| {
        let seconds = now().as_second() + days * 86_400;
        Asn1Time::from_unix(seconds).unwrap()
    };
    builder.set_not_before(&day(kind.from)).unwrap();
    builder.set_not_after(&day(kind.until)).unwrap();
    builder.set_subject_name(&name(common)).unwrap();
    builder.set_pubkey(&key).unwrap();
    if kind.authority {
        let mut constraints = BasicConstraints::new();
        constraints.critical().ca();
        if let Some(length) = kind.path_length {
            constraints.pathlen(length);
        }
        builder.append_extension(constraints.build().unwrap()).unwrap();
        let usage = KeyUsage::new().critical().key_cert_sign().crl_sign().build().unwrap();
        builder.append_extension(usage).unwrap();
    } else {
        let usage = KeyUsage::new().critical().digital_signature().key_encipherment().build();
        builder.append_extension(usage.unwrap()).unwrap();
        let mut extended = ExtendedKeyUsage::new();
        if kind.client {
            extended.client_auth();
        }
        if kind.service {
            extended.server_auth();
        }
        builder.append_extension(extended.build().unwrap()).unwrap();
    }
    let names = {
        let context = builder.x509v3_context(None, None);
        SubjectAlternativeName::new().dns(common).build(&context).unwrap()
    };
    builder.append_extension(names).unwrap();
    let issuer_name = match issuer {
        Some(issuer) => issuer.certificate.subject_name().to_owned().unwrap(),
        None => name(common),
    };
    builder.set_issuer_name(&issuer_name).unwrap();
    let signer = issuer.map_or(&key, |issuer| &issuer.key);
    builder.sign(signer, MessageDigest::sha256()).unwrap();
    Party { certificate: builder.build(), key }
}

fn list(issuer: &Party, until: i64) -> Vec<u8> {
    let mut builder = X509CrlBuilder::new().unwrap();
    builder.set_issuer_name(issuer.certificate.subject_name()).unwrap();
    let day = |days: i64| Asn1Time::from_unix(now().as_second() + days * 86_400).unwrap();
    builder.set_last_update(&day(-9)).unwrap();
    builder.set_next_update(&day(until)).unwrap();
    let identifier = {
        let nobody = X509::builder().unwrap();
        let context = nobody.x509v3_context(Some(&issuer.certificate), None);
        AuthorityKeyIdentifier::new().issuer(true).build(&context).unwrap()
    };
    builder.append_extension(identifier).unwrap();
    let number = CrlNumber::new(BigNum::from_u32(1).unwrap()).unwrap().build().unwrap();
    builder.append_extension(number).unwrap();
    builder.sign(&issuer.key, MessageDigest::sha256()).unwrap();
    builder.build().unwrap().to_pem().unwrap()
}

/// A folder of stores.
struct Stores(TempDir);

impl Stores {
    fn new() -> Stores {
        Stores(tempfile::tempdir().unwrap())
    }

    fn put(&self, store: &str, file: &str, octets: &[u8]) {
        let folder = self.0.path().join("certificates").join(store);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(file), octets).unwrap();
    }

    fn certificate(&self, store: &str, file: &str, party: &Party) {
        self.put(store, &format!("{file}.cert.pem"), &party.certificate.to_pem().unwrap());
    }

    fn identity(&self, store: &str, file: &str, party: &Party) {
        self.certificate(store, file, party);
        let key = party.key.private_key_to_pem_pkcs8().unwrap();
        self.put(store, &format!("{file}.key.pem"), &key);
    }

    fn check(&self, text: &str) -> FileCheck {
        check(text, self.0.path())
    }
}

fn check(text: &str, folder: &Path) -> FileCheck {
    let loaded = Configuration::load(text);
    assert!(!loaded.has_errors(), "{:?}", loaded.diagnostics);
    FileCheck::of(loaded, folder, now())
}

/// What was told: severity, code, and the text that is marked.
fn told<'a>(check: &'a FileCheck, text: &'a str) -> Vec<(Severity, &'static str, &'a str)> {
    let marked = |d: &Diagnostic| &text[d.span.start..d.span.end];
    check.certificates.iter().map(|d| (d.severity, d.code, marked(d))).collect()
}

const CLIENT: &str = r#"<configuration>
  <system.serviceModel>
    <client>
      <endpoint name="calc" address="http://calc/calc" binding="wsHttpBinding" bindingConfiguration="B"
                behaviorConfiguration="Alice" contract="ICalculator" />
    </client>
    <bindings>
      <wsHttpBinding>
        <binding name="B">
          <security mode="Message"><message clientCredentialType="Certificate" negotiateServiceCredential="false" /></security>
        </binding>
      </wsHttpBinding>
    </bindings>
    <behaviors>
      <endpointBehaviors>
        <behavior name="Alice">
          <clientCredentials>
            <clientCertificate findValue="alice" x509FindType="FindBySubjectName" />
            <serviceCertificate>
              <defaultCertificate findValue="calc" storeName="TrustedPeople" x509FindType="FindBySubjectName" />
              <authentication certificateValidationMode="ChainTrust" revocationMode="NoCheck" />
            </serviceCertificate>
          </clientCredentials>
        </behavior>
      </endpointBehaviors>
    </behaviors>
  </system.serviceModel>
</configuration>"#;

/// Everything that the client needs.
fn sound() -> (Stores, Party) {
    let root = make("Root", AUTHORITY, None);
    let stores = Stores::new();
    stores.identity("CurrentUser/My", "alice", &make("alice", LEAF, Some(&root)));
    stores.certificate("CurrentUser/TrustedPeople", "calc", &make("calc", LEAF, Some(&root)));
    stores.certificate("CurrentUser/Root", "root", &root);
    (stores, root)
}

#[test]
fn a_sound_folder_is_good() {
    let (stores, _) = sound();
    let check = stores.check(CLIENT);
    assert_eq!(told(&check, CLIENT), []);
    assert_eq!(check.outcome(), Outcome::AllRun);
}

#[test]
fn what_is_missing_is_named_with_its_folder_and_near_misses() {
    let check = Stores::new().check(CLIENT);
    assert_eq!(check.outcome(), Outcome::NoneRuns);
    let all = told(&check, CLIENT);
    for (code, at) in [
        ("certificate-missing", "clientCertificate"),
        ("certificate-missing", "defaultCertificate"),
        ("nobody-trusted", "authentication"),
    ] {
        assert!(all.contains(&(Severity::Error, code, at)), "{code} at {at}: {all:?}");
    }
    let own = &check.certificates[0];
    assert!(own.message.contains("certificates/My, which does not exist"), "{}", own.message);
    assert!(own.wcf_text.as_ref().unwrap().starts_with("Cannot find the X.509 certificate using"));

    // WCF's sentence is told once.
    assert!(!own.message.contains("Cannot find the X.509 certificate"), "{}", own.message);

    let (stores, root) = sound();
    let folder = stores.0.path().join("certificates/CurrentUser/My");
    std::fs::remove_dir_all(&folder).unwrap();
    stores.identity("CurrentUser/My", "alise", &make("alise", LEAF, Some(&root)));
    let near = stores.check(CLIENT).certificates.remove(0);
    assert_eq!((near.code, near.line), ("certificate-missing", 18));
    assert!(near.message.contains("there is 'CN=alise'"), "{}", near.message);
    assert_eq!(near.fix.as_deref(), Some("did you mean findValue=\"alise\"?"));

    stores.identity("LocalMachine/My", "alice", &make("alice", LEAF, Some(&root)));
    let elsewhere = stores.check(CLIENT).certificates.remove(0);
    assert!(elsewhere.fix.unwrap().starts_with("it lies in LocalMachine/My"));
}

#[test]
fn several_hits_are_an_error() {
    let (stores, root) = sound();
    stores.identity("CurrentUser/My", "alice2", &make("malice", LEAF, Some(&root)));
    let check = stores.check(CLIENT);
    let found = told(&check, CLIENT);
    assert_eq!(found, [(Severity::Error, "certificate-ambiguous", "clientCertificate")]);
    let wcf = check.certificates[0].wcf_text.as_ref().unwrap();
    assert!(
        wcf.starts_with("Found multiple X.509 certificates using the following search criteria")
    );
}

/// What is told of alice when she has this certificate.
fn of_alice(kind: Kind) -> (Vec<(Severity, &'static str)>, Outcome) {
    let (stores, root) = sound();
    stores.identity("CurrentUser/My", "alice", &make("alice", kind, Some(&root)));
    let check = stores.check(CLIENT);
    let codes = check.certificates.iter().map(|d| (d.severity, d.code)).collect();
    (codes, check.outcome())
}

#[test]
fn time_and_usage_of_the_own_certificate() {
    let expired = of_alice(Kind { from: -9, until: -2, ..LEAF });
    assert_eq!(expired, (vec![(Severity::Warning, "certificate-expired")], Outcome::AllRun));
    let early = of_alice(Kind { from: 3, ..LEAF });
    assert_eq!(early, (vec![(Severity::Warning, "certificate-not-yet-valid")], Outcome::AllRun));
    let soon = of_alice(Kind { until: 9, ..LEAF });
    assert_eq!(soon, (vec![(Severity::Note, "certificate-expires-soon")], Outcome::AllRun));
    let services = of_alice(Kind { client: false, ..LEAF });
    assert_eq!(services, (vec![(Severity::Warning, "certificate-usage")], Outcome::AllRun));
}

#[test]
fn keys_and_passwords() {
    let (stores, root) = sound();
    let my = stores.0.path().join("certificates/CurrentUser/My");
    std::fs::remove_file(my.join("alice.key.pem")).unwrap();
    let check = stores.check(CLIENT);
    assert_eq!(
        told(&check, CLIENT),
        [(Severity::Error, "certificate-key-missing", "clientCertificate")]
    );

    let other = make("other", LEAF, Some(&root));
    stores.put("CurrentUser/My", "alice.key.pem", &other.key.private_key_to_pem_pkcs8().unwrap());
    let check = stores.check(CLIENT);
    assert_eq!(told(&check, CLIENT), [(Severity::Error, "certificate-file", "clientCertificate")]);
    assert!(check.certificates[0].message.contains("does not belong to the certificate"));

    std::fs::remove_dir_all(&my).unwrap();
    let alice = make("alice", LEAF, Some(&root));
    let mut builder = Pkcs12::builder();
    builder.name("alice").pkey(&alice.key).cert(&alice.certificate);
    let locked = builder.build2("secret").unwrap().to_der().unwrap();
    stores.put("CurrentUser/My", "alice.p12", &locked);
    let check = stores.check(CLIENT);
    assert_eq!(
        told(&check, CLIENT),
        [(Severity::Error, "certificate-password", "clientCertificate")]
    );
    let message = &check.certificates[0].message;
    assert!(
        message.contains("alice.p12") && message.contains("WAXWING_PKCS12_PASSWORD"),
        "{message}"
    );

    let files = r#"<waxwing><certificates><certificateFiles>
      <add findValue="alice" certificate="certificates/CurrentUser/My/alice.p12" passwordVariable="WAXWING_TEST_UNSET" />
    </certificateFiles></certificates></waxwing></configuration>"#;
    let named = CLIENT.replace("</configuration>", files);
    let check = stores.check(&named);
    assert_eq!(
        told(&check, &named),
        [(Severity::Error, "certificate-password", "clientCertificate")]
    );
    assert!(check.certificates[0].message.contains("WAXWING_TEST_UNSET"));
}

/// What stands in the file is no matter of this machine: WCF refuses it as well.
#[test]
fn an_identity_that_holds_no_certificate_is_broken() {
    let (stores, _) = sound();
    let identity = "contract=\"ICalculator\">\
        <identity><certificate encodedValue=\"AwAAAAEAAAAUAAAA\" /></identity></endpoint>";
    let text = CLIENT.replace("contract=\"ICalculator\" />", identity);
    let check = stores.check(&text);
    assert_eq!(check.outcome(), Outcome::Broken);
    let finding = &check.certificates[0];
    assert_eq!(finding.code, "certificate-identity");
    assert_eq!(finding.wcf_behavior, "refuses when the service host or channel factory is opened");
    let fix = finding.fix.as_deref().unwrap();
    assert!(!finding.message.contains(fix), "told twice: {}", finding.message);
}

#[test]
fn files_that_cannot_be_read_are_named_each() {
    let (stores, _) = sound();
    stores.put("CurrentUser/Root", "one.pem", b"nothing");
    stores.put("CurrentUser/CertificateAuthority", "two.cer", b"nothing either");
    let check = stores.check(CLIENT);
    let messages: Vec<&str> = check.certificates.iter().map(|d| d.message.as_str()).collect();
    for file in ["one.pem", "two.cer"] {
        assert!(messages.iter().any(|m| m.contains(file)), "{file}: {messages:?}");
    }
    assert_eq!(check.outcome(), Outcome::NoneRuns);
}

#[test]
fn chains_are_tried_link_by_link() {
    let (stores, root) = sound();
    let middle = make("Middle", Kind { path_length: Some(0), ..AUTHORITY }, Some(&root));
    let deep = make("Deep", AUTHORITY, Some(&middle));
    let told_of = |stores: &Stores, calc: &Party| {
        stores.certificate("CurrentUser/TrustedPeople", "calc", calc);
        let check = stores.check(CLIENT);
        let found: Vec<_> =
            check.certificates.iter().map(|d| (d.code, d.message.clone())).collect();
        (found, check.outcome())
    };
    // The issuer is not there.
    let calc = make("calc", LEAF, Some(&middle));
    let (found, outcome) = told_of(&stores, &calc);
    assert_eq!((found[0].0, outcome), ("certificate-not-trusted", Outcome::NoneRuns));
    assert!(found[0].1.contains("the issuer 'CN=Middle' of 'CN=calc' is not in"), "{found:?}");
    // It is.
    stores.certificate("CurrentUser/CertificateAuthority", "middle", &middle);
    assert_eq!(told_of(&stores, &calc), (vec![], Outcome::AllRun));
    // Longer than an authority allows.
    stores.certificate("CurrentUser/CertificateAuthority", "deep", &deep);
    let (found, _) = told_of(&stores, &make("calc", LEAF, Some(&deep)));
    assert!(found[0].1.contains("path length constraint exceeded"), "{found:?}");
    // Signed by another of the same name.
    let impostor = make("Middle", AUTHORITY, None);
    let (found, _) = told_of(&stores, &make("calc", LEAF, Some(&impostor)));
    assert!(found[0].1.contains("'CN=Middle' as it lies here did not sign 'CN=calc'"), "{found:?}");
    // For the own certificate the other side decides; a note is enough.
    let strange = make("Strange", AUTHORITY, None);
    told_of(&stores, &calc);
    stores.identity("CurrentUser/My", "alice", &make("alice", LEAF, Some(&strange)));
    let check = stores.check(CLIENT);
    assert_eq!(told(&check, CLIENT), [(Severity::Note, "certificate-chain", "clientCertificate")]);
}

#[test]
fn the_name_of_the_known_certificate() {
    let (stores, _) = sound();
    let text = CLIENT.replace("http://calc/calc", "http://elsewhere/calc");
    let check = stores.check(&text);
    assert_eq!(told(&check, &text), [(Severity::Error, "certificate-name", "defaultCertificate")]);
    let finding = &check.certificates[0];
    assert_eq!(
        finding.fix.as_deref(),
        Some(
            "write <identity><dns value=\"calc\" /></identity> in the endpoint, if that is the service"
        )
    );
    assert!(
        finding
            .wcf_text
            .as_ref()
            .unwrap()
            .starts_with("Identity check failed for outgoing message.")
    );
}

#[test]
fn peer_trust_asks_for_the_very_certificate() {
    let (stores, root) = sound();
    let text = CLIENT.replace("\"ChainTrust\"", "\"PeerTrust\"");
    assert_eq!(stores.check(&text).outcome(), Outcome::AllRun);
    // The certificate that is known beforehand lies in another store than the trusted people.
    let text = text.replace("storeName=\"TrustedPeople\"", "storeName=\"AddressBook\"");
    stores.certificate("CurrentUser/AddressBook", "calc", &make("calc", LEAF, Some(&root)));
    let check = stores.check(&text);
    assert_eq!(
        told(&check, &text),
        [(Severity::Error, "certificate-not-trusted", "defaultCertificate")]
    );
    assert!(check.certificates[0].message.contains("is not in the TrustedPeople store"));
    let people = stores.0.path().join("certificates/CurrentUser/TrustedPeople");
    std::fs::remove_dir_all(people).unwrap();
    let check = stores.check(&text);
    let found = told(&check, &text);
    assert!(found.contains(&(Severity::Error, "nobody-trusted", "authentication")), "{found:?}");
}

const SERVICE: &str = r#"<configuration>
  <system.serviceModel>
    <services>
      <service name="Calculator" behaviorConfiguration="S">
        <endpoint address="http://localhost:8000/calc" binding="wsHttpBinding" bindingConfiguration="B" contract="ICalculator" />
      </service>
    </services>
    <bindings>
      <wsHttpBinding>
        <binding name="B"><security><message clientCredentialType="Certificate" /></security></binding>
      </wsHttpBinding>
    </bindings>
    <behaviors>
      <serviceBehaviors>
        <behavior name="S">
          <serviceCredentials>
            <serviceCertificate findValue="calc" x509FindType="FindBySubjectName" />
            <clientCertificate><authentication revocationMode="Offline" /></clientCertificate>
          </serviceCredentials>
        </behavior>
      </serviceBehaviors>
    </behaviors>
  </system.serviceModel>
</configuration>"#;

#[test]
fn revocation_lists_are_there_where_they_are_asked_for() {
    let root = make("Root", AUTHORITY, None);
    let stores = Stores::new();
    stores.identity("LocalMachine/My", "calc", &make("calc", LEAF, Some(&root)));
    stores.certificate("LocalMachine/Root", "root", &root);
    let missing = (Severity::Error, "revocation-list-missing", "authentication");
    let check = stores.check(SERVICE);
    assert_eq!(told(&check, SERVICE), [missing]);
    assert_eq!(check.outcome(), Outcome::NoneRuns);
    assert!(check.certificates[0].message.contains("'CN=Root' has no list"));

    stores.put("LocalMachine/CertificateAuthority", "root.crl", &list(&root, -3));
    let check = stores.check(SERVICE);
    assert_eq!(told(&check, SERVICE), [missing]);
    assert!(check.certificates[0].message.contains("the list of 'CN=Root' is out of date"));

    stores.put("LocalMachine/CertificateAuthority", "root.crl", &list(&root, 30));
    let check = stores.check(SERVICE);
    assert_eq!((told(&check, SERVICE), check.outcome()), (vec![], Outcome::AllRun));

    // One authority more, without a list: what the first issued still passes.
    stores.certificate("LocalMachine/Root", "second", &make("Second", AUTHORITY, None));
    let check = stores.check(SERVICE);
    let partly = (Severity::Warning, "revocation-list-missing", "authentication");
    assert_eq!((told(&check, SERVICE), check.outcome()), (vec![partly], Outcome::AllRun));
}
