//! Certificates of an intermediate authority in the handshake: they come with the chain or not at all.

#[path = "common/nego.rs"]
mod nego;

use std::sync::Arc;

use nego::{Credential, Setup, says};
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::{BasicConstraints, KeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509Name, X509NameRef};
use waxwing_crypto::tls::{TlsConfig, TlsRole, TlsVersion};
use waxwing_crypto::{Certificate, Identity, PrivateKey};
use waxwing_security::conversation::{
    ClientBinding, ClientCredential, ClientError, ServiceBinding,
};
use waxwing_security::wsse::Dialect;

struct Issued {
    certificate: X509,
    key: PKey<Private>,
}

/// A certificate for `name`, of an authority or of a leaf.
fn issue(
    name: &str,
    serial: u32,
    authority: bool,
    by: &X509NameRef,
    with: &PKey<Private>,
) -> Issued {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut subject = X509Name::builder().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let serial = BigNum::from_u32(serial).unwrap().to_asn1_integer().unwrap();
    builder.set_serial_number(&serial).unwrap();
    builder.set_subject_name(&subject.build()).unwrap();
    builder.set_issuer_name(by).unwrap();
    builder.set_not_before(&Asn1Time::from_str("20260101000000Z").unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_str("20360101000000Z").unwrap()).unwrap();
    builder.set_pubkey(&key).unwrap();
    let mut constraints = BasicConstraints::new();
    let mut usage = KeyUsage::new();
    match authority {
        true => {
            constraints.critical().ca();
            usage.critical().key_cert_sign();
        }
        false => {
            usage.critical().digital_signature().key_encipherment();
            let context = builder.x509v3_context(None, None);
            let names = SubjectAlternativeName::new().dns(name).build(&context).unwrap();
            builder.append_extension(names).unwrap();
        }
    }
    builder.append_extension(constraints.build().unwrap()).unwrap();
    builder.append_extension(usage.build().unwrap()).unwrap();
    builder.sign(with, MessageDigest::sha256()).unwrap();
    Issued { certificate: builder.build(), key }
}

fn ours(x509: &X509) -> Certificate {
    Certificate::from_der(&x509.to_der().unwrap()).unwrap()
}

fn identity(leaf: &Issued, chain: &[&X509]) -> Identity {
    let key = PrivateKey::from_pem(&leaf.key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    let mut certificates = vec![ours(&leaf.certificate)];
    certificates.extend(chain.iter().map(|x509| ours(x509)));
    Identity::of(certificates, key).unwrap()
}

#[test]
fn intermediate_authorities_come_with_the_handshake() {
    let root = X509::from_pem(&nego::file("ca.cert.pem")).unwrap();
    let root_key = PKey::private_key_from_pem(&nego::file("ca.key.pem")).unwrap();
    let middle = issue("Middle", 100, true, root.subject_name(), &root_key);
    let by = middle.certificate.subject_name();
    let service = issue("localhost", 101, false, by, &middle.key);
    let client = issue("carol", 102, false, by, &middle.key);
    let whole = [&middle.certificate, &root];
    for (service_chain, client_chain) in [(true, true), (false, true), (true, false)] {
        let chain = |with: bool| if with { &whole[..] } else { &[][..] };
        let service = identity(&service, chain(service_chain));
        let client = identity(&client, chain(client_chain));
        let mut setup = Setup::negotiated(Dialect::February2005, Credential::Certificate("alice"));
        let role = TlsRole::Server { request_certificate: true };
        let tls = TlsConfig::new(role, Some(&service), TlsVersion::Tls12).unwrap();
        setup.service.binding = Some(ServiceBinding::Negotiated(Arc::new(tls)));
        let tls = TlsConfig::new(TlsRole::Client, Some(&client), TlsVersion::Tls12).unwrap();
        setup.client.binding = Some(ClientBinding::Negotiated(Arc::new(tls)));
        let (certificate, key) = (client.certificate.clone(), client.key.clone());
        setup.client.credential = ClientCredential::Certificate { certificate, key };
        let mut pair = setup.build();
        match (service_chain, client_chain, pair.open()) {
            (true, true, Ok(_)) => {
                let (request, _) = pair.request("who");
                let message = pair.service.message(&request, pair.now);
                assert!(message.caller.name().starts_with("CN=carol; "));
            }
            (false, _, Err(error @ ClientError::UntrustedService { .. })) => {
                says(&error, &["CN=localhost", "CN=Middle"]);
            }
            (_, false, Err(error @ ClientError::Fault { .. })) => {
                says(&error, &["does not accept the client's credential"]);
            }
            (service_chain, client_chain, outcome) => {
                panic!("{service_chain} {client_chain}: {:?}", outcome.map(|crossed| crossed.len()))
            }
        }
    }
}
