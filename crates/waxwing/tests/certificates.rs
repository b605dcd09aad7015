//! Certificate stores as folders: every find type, every kind of file, every mistake.

#![allow(clippy::disallowed_methods, unreachable_pub)]

mod common;

use common::pki;
use waxwing::binding::{CertificateReference, StoreLocation, StoreName, X509FindType};
use waxwing::certificates::{CertificateError, CertificateStores};
use waxwing::crypto::Certificate;

/// A store `My` with files of the test PKI.
fn store(files: &[&str]) -> (CertificateStores, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let my = folder.path().join("CurrentUser/My");
    std::fs::create_dir_all(&my).unwrap();
    for file in files {
        std::fs::copy(pki().join(file), my.join(file)).unwrap();
    }
    (CertificateStores::new(folder.path()), folder)
}

fn reference(kind: X509FindType, value: &str) -> CertificateReference {
    CertificateReference::find(StoreLocation::CurrentUser, StoreName::My, kind, value)
}

fn alice() -> Certificate {
    Certificate::from_pem(&std::fs::read(pki().join("alice.cert.pem")).unwrap()).unwrap().remove(0)
}

#[test]
fn every_find_type_of_the_documentation_finds() {
    use X509FindType as Find;
    let (stores, _folder) =
        store(&["alice.cert.pem", "alice.key.pem", "bob.cert.pem", "bob.key.pem"]);
    let alice = alice();
    let hex =
        |octets: &[u8]| octets.iter().map(|o| format!("{o:02x}")).collect::<Vec<_>>().join(" ");
    let cases = [
        (Find::FindByThumbprint, format!("\u{200e}{}", hex(&alice.thumbprint()))),
        (Find::FindBySubjectName, "ALI".to_owned()),
        (Find::FindBySubjectDistinguishedName, "cn=Alice".to_owned()),
        (Find::FindBySerialNumber, alice.serial_number().to_owned()),
        (Find::FindBySubjectKeyIdentifier, hex(alice.subject_key_identifier().unwrap())),
    ];
    for (kind, value) in cases {
        let found =
            stores.identity(&reference(kind, &value)).unwrap_or_else(|e| panic!("{kind}: {e}"));
        assert_eq!(found.certificate, alice, "{kind}");
    }
    let several = stores.certificate(&reference(Find::FindByIssuerName, "test root")).unwrap_err();
    assert!(matches!(several, CertificateError::Several { .. }), "{several}");
    assert!(several.to_string().contains(
        "Found multiple X.509 certificates using the following search criteria: StoreName 'My'"
    ));
    let unsupported = stores.certificate(&reference(Find::FindByKeyUsage, "x")).unwrap_err();
    assert!(unsupported.to_string().contains("FindByKeyUsage"), "{unsupported}");
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    let (stores, _folder) = store(&["alice.cert.pem"]);
    let find = |value: &str| reference(X509FindType::FindBySubjectName, value);
    let missing = stores.certificate(&find("carol")).unwrap_err().to_string();
    assert!(
        missing.contains("FindValue 'carol'") && missing.contains("there is 'CN=alice'"),
        "{missing}"
    );
    let no_key = stores.identity(&find("alice")).unwrap_err().to_string();
    assert!(no_key.contains("has no private key") && no_key.contains("alice.key.pem"), "{no_key}");
    let empty =
        CertificateStores::new("/nowhere").certificate(&find("alice")).unwrap_err().to_string();
    assert!(empty.contains("which does not exist"), "{empty}");
}

#[test]
fn pkcs12_files_and_broken_files() {
    let (stores, folder) = store(&["alice.p12"]);
    let find = reference(X509FindType::FindBySubjectName, "alice");
    let locked = stores.identity(&find).unwrap_err().to_string();
    assert!(
        locked.contains("alice.p12 cannot be opened without a password")
            && locked.contains("WAXWING_PKCS12_PASSWORD"),
        "{locked}"
    );
    let my = folder.path().join("CurrentUser/My");
    std::fs::remove_file(my.join("alice.p12")).unwrap();
    std::fs::write(my.join("broken.pem"), "no certificate").unwrap();
    let broken = stores.certificate(&find).unwrap_err().to_string();
    assert!(broken.contains("broken.pem cannot be used"), "{broken}");
}

#[test]
fn files_named_in_the_configuration_go_first() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        r#"<configuration><waxwing><certificates><certificateFiles>
  <add findValue="alice" certificate="{0}/alice.p12" passwordVariable="WAXWING_TEST_NO_SUCH_VARIABLE"/>
  <add findValue="bob" certificate="{0}/bob.cert.pem" key="{0}/bob.key.pem"/>
  <add findValue="mixed" certificate="{0}/alice.cert.pem" key="{0}/bob.key.pem"/>
</certificateFiles></certificates></waxwing></configuration>"#,
        pki().display()
    );
    let path = folder.path().join("app.config");
    std::fs::write(&path, text).unwrap();
    let stores = waxwing::ConfigurationFile::load(&path)
        .unwrap_or_else(|e| panic!("{e}"))
        .certificate_stores();
    let find = |value: &str| reference(X509FindType::FindBySubjectName, value);
    let unset = stores.identity(&find("alice")).unwrap_err().to_string();
    assert!(unset.contains("WAXWING_TEST_NO_SUCH_VARIABLE"), "{unset}");
    assert_eq!(stores.identity(&find("BOB")).unwrap().certificate.subject_windows(), "CN=bob");
    let mixed = stores.identity(&find("mixed")).unwrap_err().to_string();
    assert!(
        mixed.contains("the private key does not belong to the certificate 'CN=alice'"),
        "{mixed}"
    );
}
