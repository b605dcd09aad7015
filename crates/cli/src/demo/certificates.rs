//! Throw-away certificates: an authority, a service and a client.

use std::io::Write;
use std::path::Path;

use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
    SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509Name};

/// The key pair and certificate of somebody.
struct Party {
    key: PKey<Private>,
    certificate: X509,
}

/// Makes certificates and lays them out as the stores of a service and a client in `folder`.
pub(super) fn make(folder: &Path) -> Result<(), super::Failure> {
    let authority = authority("Waxwing demo authority")?;
    let service = leaf("calc-service", "localhost", &authority)?;
    let client = leaf("alice", "alice", &authority)?;
    let stores = folder.join("certificates");
    write(&stores.join("LocalMachine/My"), "calc-service", &service, true)?;
    write(&stores.join("LocalMachine/Root"), "authority", &authority, false)?;
    write(&stores.join("CurrentUser/My"), "alice", &client, true)?;
    write(&stores.join("CurrentUser/Root"), "authority", &authority, false)?;
    Ok(())
}

fn write(folder: &Path, name: &str, party: &Party, with_key: bool) -> Result<(), super::Failure> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join(format!("{name}.cert.pem")), party.certificate.to_pem()?)?;
    if with_key {
        let mut file = waxwing::files::create_private(&folder.join(format!("{name}.key.pem")))?;
        file.write_all(&party.key.private_key_to_pem_pkcs8()?)?;
    }
    Ok(())
}

fn authority(name: &str) -> Result<Party, openssl::error::ErrorStack> {
    let (key, mut builder) = begin(name)?;
    let subject = subject(name)?;
    builder.set_issuer_name(&subject)?;
    builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
    builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
    let identifier = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
    builder.append_extension(identifier)?;
    builder.sign(&key, MessageDigest::sha256())?;
    Ok(Party { key, certificate: builder.build() })
}

fn leaf(name: &str, dns: &str, authority: &Party) -> Result<Party, openssl::error::ErrorStack> {
    let (key, mut builder) = begin(name)?;
    builder.set_issuer_name(authority.certificate.subject_name())?;
    builder.append_extension(BasicConstraints::new().build()?)?;
    builder.append_extension(
        KeyUsage::new()
            .critical()
            .digital_signature()
            .key_encipherment()
            .data_encipherment()
            .build()?,
    )?;
    builder.append_extension(ExtendedKeyUsage::new().server_auth().client_auth().build()?)?;
    let context = builder.x509v3_context(Some(&authority.certificate), None);
    let names = SubjectAlternativeName::new().dns(dns).build(&context)?;
    let identifier = SubjectKeyIdentifier::new().build(&context)?;
    let issuer = AuthorityKeyIdentifier::new().keyid(true).build(&context)?;
    for extension in [names, identifier, issuer] {
        builder.append_extension(extension)?;
    }
    builder.sign(&authority.key, MessageDigest::sha256())?;
    Ok(Party { key, certificate: builder.build() })
}

/// A new key pair and a certificate of it that is valid for a day.
fn begin(name: &str) -> Result<(PKey<Private>, X509Builder), openssl::error::ErrorStack> {
    let key = PKey::from_rsa(Rsa::generate(2048)?)?;
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    let mut serial = BigNum::new()?;
    serial.rand(127, MsbOption::MAYBE_ZERO, false)?;
    let serial = serial.to_asn1_integer()?;
    builder.set_serial_number(&serial)?;
    let (from, until) = (Asn1Time::days_from_now(0)?, Asn1Time::days_from_now(1)?);
    builder.set_not_before(&from)?;
    builder.set_not_after(&until)?;
    let subject = subject(name)?;
    builder.set_subject_name(&subject)?;
    builder.set_pubkey(&key)?;
    Ok((key, builder))
}

fn subject(name: &str) -> Result<X509Name, openssl::error::ErrorStack> {
    let mut builder = X509Name::builder()?;
    builder.append_entry_by_text("CN", name)?;
    Ok(builder.build())
}
