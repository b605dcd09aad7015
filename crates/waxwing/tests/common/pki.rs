//! Certificates made for one test: authorities, names, times and keys as it needs them.
#![allow(dead_code, unreachable_pub)]

use std::path::Path;

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};

/// A certificate with its key.
#[derive(Clone)]
pub struct Made {
    pub certificate: X509,
    pub key: PKey<Private>,
}

/// What a certificate is to be.
pub struct Wish<'a> {
    pub name: &'a str,
    /// Its DNS names, or addresses.
    pub hosts: &'a [&'a str],
    pub is_authority: bool,
    /// From and until, in days from now.
    pub days: (i64, i64),
    pub is_curve: bool,
}

impl Default for Wish<'_> {
    fn default() -> Self {
        Self {
            name: "localhost",
            hosts: &["localhost"],
            is_authority: false,
            days: (-1, 100),
            is_curve: false,
        }
    }
}

impl Wish<'_> {
    pub fn authority(name: &str) -> Wish<'_> {
        Wish { name, hosts: &[], is_authority: true, ..Wish::default() }
    }

    /// Makes it, issued by `issuer`; by itself without one.
    pub fn make(&self, issuer: Option<&Made>) -> Made {
        let key = match self.is_curve {
            true => {
                let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
                PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
            }
            false => PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap(),
        };
        let mut name = X509NameBuilder::new().unwrap();
        name.append_entry_by_text("CN", self.name).unwrap();
        let name = name.build();
        let mut builder = X509::builder().unwrap();
        builder.set_version(2).unwrap();
        let serial = BigNum::from_u32(u32::from(self.is_authority) + 17).unwrap();
        builder.set_serial_number(&serial.to_asn1_integer().unwrap()).unwrap();
        builder.set_subject_name(&name).unwrap();
        builder.set_issuer_name(issuer.map_or(&name, |i| i.certificate.subject_name())).unwrap();
        let now =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
                as i64;
        let at = |days: i64| Asn1Time::from_unix(now + days * 86_400).unwrap();
        builder.set_not_before(&at(self.days.0)).unwrap();
        builder.set_not_after(&at(self.days.1)).unwrap();
        builder.set_pubkey(&key).unwrap();
        let mut constraints = BasicConstraints::new();
        if self.is_authority {
            constraints.critical().ca();
        } else {
            let usage = ExtendedKeyUsage::new().server_auth().client_auth().build().unwrap();
            builder.append_extension(usage).unwrap();
        }
        builder.append_extension(constraints.build().unwrap()).unwrap();
        if !self.hosts.is_empty() {
            let mut names = SubjectAlternativeName::new();
            for host in self.hosts {
                match host.parse::<std::net::IpAddr>() {
                    Ok(_) => names.ip(host),
                    Err(_) => names.dns(host),
                };
            }
            let context = builder.x509v3_context(issuer.map(|i| &*i.certificate), None);
            let names = names.build(&context).unwrap();
            builder.append_extension(names).unwrap();
        }
        builder.sign(issuer.map_or(&key, |i| &i.key), MessageDigest::sha256()).unwrap();
        Made { certificate: builder.build(), key }
    }
}

impl Made {
    /// Puts certificate and key into a store.
    pub fn put(&self, folder: &Path, store: &str, name: &str) {
        let to = folder.join("certificates").join(store);
        std::fs::create_dir_all(&to).unwrap();
        std::fs::write(to.join(format!("{name}.cert.pem")), self.certificate.to_pem().unwrap())
            .unwrap();
        if store == "My" {
            let key = self.key.private_key_to_pem_pkcs8().unwrap();
            std::fs::write(to.join(format!("{name}.key.pem")), key).unwrap();
        }
    }
}
