//! An authority of one's own, and the certificates that it issues: for trying out, and for tests.

use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
    SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509Name};
use waxwing::security::Zeroizing;

/// Why no certificate could be made or written.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The key pair and certificate of somebody.
pub(crate) struct Party {
    key: PKey<Private>,
    certificate: X509,
}

impl Party {
    /// A new authority.
    pub(crate) fn authority(name: &str, days: u32) -> Result<Self, ErrorStack> {
        let (key, mut builder) = begin(name, days)?;
        let subject = subject(name)?;
        builder.set_issuer_name(&subject)?;
        builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
        builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
        let identifier = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
        builder.append_extension(identifier)?;
        builder.sign(&key, MessageDigest::sha256())?;
        Ok(Self { key, certificate: builder.build() })
    }

    /// An authority that was written by [`Party::write`].
    pub(crate) fn read(folder: &Path, name: &str) -> Result<Self, Failure> {
        let key = Zeroizing::new(std::fs::read(key_file(folder, name))?);
        // The callback keeps the library from asking for a password at the terminal.
        let key = PKey::private_key_from_pem_callback(&key, |_| Ok(0))?;
        let certificate = X509::from_pem(&std::fs::read(certificate_file(folder, name))?)?;
        if !key.public_eq(&*certificate.public_key()?) {
            let file = key_file(folder, name);
            return Err(format!(
                "{} is not the key of the authority's certificate",
                file.display()
            )
            .into());
        }
        Ok(Self { key, certificate })
    }

    /// The common name.
    pub(crate) fn name(&self) -> Option<String> {
        let mut names = self.certificate.subject_name().entries_by_nid(Nid::COMMONNAME);
        names.next()?.data().to_string().ok()
    }

    /// A certificate for somebody with these host names or addresses, good for both sides of TLS and of message security.
    pub(crate) fn issue(
        &self,
        name: &str,
        hosts: &[String],
        days: u32,
    ) -> Result<Self, ErrorStack> {
        let (key, mut builder) = begin(name, days)?;
        builder.set_issuer_name(self.certificate.subject_name())?;
        builder.append_extension(BasicConstraints::new().build()?)?;
        let mut usage = KeyUsage::new();
        usage.critical().digital_signature().key_encipherment().data_encipherment();
        builder.append_extension(usage.build()?)?;
        builder.append_extension(ExtendedKeyUsage::new().server_auth().client_auth().build()?)?;
        let context = builder.x509v3_context(Some(&self.certificate), None);
        let mut names = SubjectAlternativeName::new();
        for host in hosts {
            match host.parse::<IpAddr>() {
                Ok(_) => names.ip(host),
                Err(_) => names.dns(host),
            };
        }
        let mut extensions = vec![
            SubjectKeyIdentifier::new().build(&context)?,
            AuthorityKeyIdentifier::new().keyid(true).build(&context)?,
        ];
        if !hosts.is_empty() {
            extensions.push(names.build(&context)?);
        }
        for extension in extensions {
            builder.append_extension(extension)?;
        }
        builder.sign(&self.key, MessageDigest::sha256())?;
        Ok(Self { key, certificate: builder.build() })
    }

    /// Writes `NAME.cert.pem`, and with the key `NAME.key.pem`, which only the user can read. Gives the names of the files.
    pub(crate) fn write(
        &self,
        folder: &Path,
        name: &str,
        with_key: bool,
    ) -> Result<Vec<PathBuf>, Failure> {
        std::fs::create_dir_all(folder)?;
        let certificate = certificate_file(folder, name);
        std::fs::write(&certificate, self.certificate.to_pem()?)?;
        let mut written = vec![certificate];
        if with_key {
            let path = key_file(folder, name);
            let key = Zeroizing::new(self.key.private_key_to_pem_pkcs8()?);
            waxwing::files::create_private(&path)?.write_all(&key)?;
            written.push(path);
        }
        Ok(written)
    }
}

/// Where the certificate of `name` lies in `folder`.
pub(crate) fn certificate_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.cert.pem"))
}

/// Where the private key of `name` lies in `folder`.
pub(crate) fn key_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.key.pem"))
}

/// A new key pair and a certificate of it that is valid for some days.
fn begin(name: &str, days: u32) -> Result<(PKey<Private>, X509Builder), ErrorStack> {
    let key = PKey::from_rsa(Rsa::generate(2048)?)?;
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    let mut serial = BigNum::new()?;
    serial.rand(127, MsbOption::MAYBE_ZERO, false)?;
    let serial = serial.to_asn1_integer()?;
    builder.set_serial_number(&serial)?;
    let (from, until) = (Asn1Time::days_from_now(0)?, Asn1Time::days_from_now(days)?);
    builder.set_not_before(&from)?;
    builder.set_not_after(&until)?;
    let subject = subject(name)?;
    builder.set_subject_name(&subject)?;
    builder.set_pubkey(&key)?;
    Ok((key, builder))
}

fn subject(name: &str) -> Result<X509Name, ErrorStack> {
    let mut builder = X509Name::builder()?;
    builder.append_entry_by_text("CN", name)?;
    Ok(builder.build())
}
