//! An authority of a test: certificates, revocation lists and OCSP answers, sound or not, as a test wishes.
//!
//! The answers are written octet by octet here, so that what reads them does not read what it wrote itself.

use openssl::asn1::{Asn1Integer, Asn1Object, Asn1OctetString, Asn1Time};
use openssl::bn::BigNum;
use openssl::hash::{MessageDigest, hash};
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Signer;
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
use openssl::x509::{
    X509, X509Builder, X509CrlBuilder, X509Extension, X509Name, X509NameBuilder, X509RevokedBuilder,
};

const DAY: i64 = 86_400;

/// Somebody with a certificate and its key.
#[derive(Clone)]
pub struct Holder {
    /// The certificate.
    pub x509: X509,
    /// Its key.
    pub key: PKey<Private>,
}

/// What a certificate shall say. Times are seconds since 1970.
#[derive(Clone, Debug)]
pub struct Wish {
    name: String,
    serial: u32,
    now: i64,
    is_authority: bool,
    may_sign_lists: bool,
    extended: Vec<&'static str>,
    ocsp: Vec<String>,
    lists: Vec<String>,
    more: Vec<(String, bool, Vec<u8>)>,
    dns: Option<String>,
}

impl Wish {
    /// A certificate of `CN=name` with this serial number, valid for a year around `now`.
    pub fn new(name: &str, serial: u32, now: i64) -> Self {
        Self {
            name: name.to_owned(),
            serial,
            now,
            is_authority: false,
            may_sign_lists: true,
            extended: Vec::new(),
            ocsp: Vec::new(),
            lists: Vec::new(),
            more: Vec::new(),
            dns: None,
        }
    }

    /// One that may issue others.
    #[must_use]
    pub fn authority(mut self) -> Self {
        self.is_authority = true;
        self
    }

    /// An authority that may sign no lists.
    #[must_use]
    pub fn without_lists(mut self) -> Self {
        self.may_sign_lists = false;
        self
    }

    /// With an extended key usage: `OCSPSigning`, `clientAuth`, `serverAuth`.
    #[must_use]
    pub fn for_use(mut self, usage: &'static str) -> Self {
        self.extended.push(usage);
        self
    }

    /// With this DNS name.
    #[must_use]
    pub fn dns(mut self, name: &str) -> Self {
        self.dns = Some(name.to_owned());
        self
    }

    /// Naming an OCSP responder.
    #[must_use]
    pub fn ocsp(mut self, url: impl Into<String>) -> Self {
        self.ocsp.push(url.into());
        self
    }

    /// Naming a distribution point of revocation lists.
    #[must_use]
    pub fn list(mut self, url: impl Into<String>) -> Self {
        self.lists.push(url.into());
        self
    }

    /// With an extension in DER.
    #[must_use]
    pub fn extension(mut self, id: &str, is_critical: bool, value: Vec<u8>) -> Self {
        self.more.push((id.to_owned(), is_critical, value));
        self
    }

    /// Signed by itself.
    pub fn by_itself(self) -> Holder {
        let key = rsa();
        let own = name(&self.name);
        self.signed(key.clone(), own, &key)
    }

    /// Signed by somebody.
    pub fn by(self, issuer: &Holder) -> Holder {
        let of_issuer = issuer.x509.subject_name().to_owned().expect("a name");
        self.signed(rsa(), of_issuer, &issuer.key)
    }

    fn signed(self, key: PKey<Private>, issuer: X509Name, by: &PKey<Private>) -> Holder {
        let mut builder = X509Builder::new().expect("a builder");
        builder.set_version(2).expect("version 3");
        let serial = BigNum::from_u32(self.serial).and_then(|n| Asn1Integer::from_bn(&n));
        builder.set_serial_number(&serial.expect("a number")).expect("a serial number");
        builder.set_subject_name(&name(&self.name)).expect("a subject");
        builder.set_issuer_name(&issuer).expect("an issuer");
        builder.set_not_before(&time(self.now - 180 * DAY)).expect("a beginning");
        builder.set_not_after(&time(self.now + 180 * DAY)).expect("an end");
        builder.set_pubkey(&key).expect("a key");
        for extension in self.extensions() {
            builder.append_extension(extension).expect("an extension");
        }
        builder.sign(by, MessageDigest::sha256()).expect("a signature");
        Holder { x509: builder.build(), key }
    }

    fn extensions(&self) -> Vec<X509Extension> {
        let mut all = Vec::new();
        if self.is_authority {
            all.push(BasicConstraints::new().critical().ca().build().expect("constraints"));
            let mut usage = KeyUsage::new();
            usage.critical().key_cert_sign().digital_signature();
            if self.may_sign_lists {
                usage.crl_sign();
            }
            all.push(usage.build().expect("a usage"));
        }
        for usage in &self.extended {
            all.push(ExtendedKeyUsage::new().other(usage).build().expect("a usage"));
        }
        if !self.ocsp.is_empty() {
            let description = |url: &String| {
                let method = der(0x06, &[&[0x2b, 6, 1, 5, 5, 7, 0x30, 1]]);
                der(0x30, &[&method, &der(0x86, &[url.as_bytes()])])
            };
            let all_urls: Vec<_> = self.ocsp.iter().map(description).collect();
            all.push(extension("1.3.6.1.5.5.7.1.1", false, &der(0x30, &[&all_urls.concat()])));
        }
        if !self.lists.is_empty() {
            let all_urls: Vec<_> = self.lists.iter().map(|url| point(url)).collect();
            all.push(extension("2.5.29.31", false, &der(0x30, &[&all_urls.concat()])));
        }
        if let Some(dns) = &self.dns {
            let names = der(0x30, &[&der(0x82, &[dns.as_bytes()])]);
            all.push(extension("2.5.29.17", false, &names));
        }
        all.extend(self.more.iter().map(|(id, critical, value)| extension(id, *critical, value)));
        all
    }
}

impl Holder {
    /// The certificate in DER.
    pub fn der(&self) -> Vec<u8> {
        self.x509.to_der().expect("DER")
    }

    /// Certificate and key as PEM.
    pub fn pem(&self) -> Vec<u8> {
        let key = self.key.private_key_to_pem_pkcs8().expect("PEM");
        [self.x509.to_pem().expect("PEM"), key].concat()
    }

    /// The serial number, as the content of an INTEGER.
    pub fn serial(&self) -> Vec<u8> {
        let number = self.x509.serial_number().to_bn().expect("a number").to_vec();
        match number.first() {
            Some(first) if *first < 0x80 => number,
            _ => [&[0][..], &number].concat(),
        }
    }

    /// The octets of the public key that OCSP takes the hash of.
    fn key_hash(&self) -> Vec<u8> {
        let spki = self.key.public_key_to_der().expect("DER");
        let rsa = self.key.rsa().expect("RSA").public_key_to_der_pkcs1().expect("DER");
        assert!(spki.ends_with(&rsa));
        sha1(&rsa)
    }

    /// A revocation list of these serial numbers, in DER.
    pub fn list(&self, wish: &ListWish) -> Vec<u8> {
        let mut builder = X509CrlBuilder::new().expect("a builder");
        builder.set_issuer_name(self.x509.subject_name()).expect("an issuer");
        builder.set_last_update(&time(wish.this_update)).expect("a time");
        let next = wish.next_update.unwrap_or(wish.this_update);
        builder.set_next_update(&time(next)).expect("a time");
        for serial in &wish.revoked {
            let mut entry = X509RevokedBuilder::new().expect("a builder");
            entry.set_revocation_date(&time(wish.this_update)).expect("a time");
            let number = BigNum::from_u32(*serial).and_then(|n| Asn1Integer::from_bn(&n));
            entry.set_serial_number(&number.expect("a number")).expect("a serial number");
            builder.add_revoked(entry.build()).expect("an entry");
        }
        let key = der(0x30, &[&der(0x80, &[&self.key_hash()])]);
        builder.append_extension(extension("2.5.29.35", false, &key)).expect("an extension");
        builder.append_extension(extension("2.5.29.20", false, &[2, 1, 1])).expect("a number");
        for (id, critical, value) in &wish.extensions {
            builder.append_extension(extension(id, *critical, value)).expect("an extension");
        }
        builder.sort().expect("sorted");
        builder.sign(&self.key, MessageDigest::sha256()).expect("a signature");
        let list = builder.build().expect("a list").to_der().expect("DER");
        if wish.next_update.is_some() { list } else { self.without_next_update(&list) }
    }

    /// The library makes no list without `nextUpdate`: it is cut out, and the list is signed again.
    fn without_next_update(&self, list: &[u8]) -> Vec<u8> {
        let (signed, rest) = element(contents(list));
        let mut content = contents(signed);
        let mut kept = Vec::new();
        let mut times = 0;
        while !content.is_empty() {
            let (field, after) = element(content);
            times += usize::from(field[0] == 0x17);
            if field[0] != 0x17 || times == 1 {
                kept.push(field);
            }
            content = after;
        }
        let signed = der(0x30, &kept);
        let mut signer = Signer::new(MessageDigest::sha256(), &self.key).expect("a signer");
        let signature = signer.sign_oneshot_to_vec(&signed).expect("a signature");
        der(0x30, &[&signed, element(rest).0, &der(3, &[&[0], &signature])])
    }

    /// An answer of this authority's responder about a certificate that it issued.
    pub fn ocsp(&self, about: &Holder, wish: &OcspWish<'_>) -> Vec<u8> {
        let sha1_id = der(0x30, &[&der(0x06, &[&[0x2b, 0x0e, 3, 2, 0x1a]]), &der(5, &[])]);
        let name = self.x509.subject_name().to_der().expect("DER");
        let id = der(
            0x30,
            &[
                &sha1_id,
                &der(4, &[&sha1(&name)]),
                &der(4, &[&self.key_hash()]),
                &der(2, &[&wish.serial.clone().unwrap_or_else(|| about.serial())]),
            ],
        );
        let status = match wish.status {
            OcspStatus::Good => der(0x80, &[]),
            OcspStatus::Revoked => der(0xa1, &[&generalized(wish.this_update)]),
            OcspStatus::Unknown => der(0x82, &[]),
        };
        let next = wish.next_update.map(|next| der(0xa0, &[&generalized(next)]));
        let own = wish.single_extension.clone().map(|value| der(0xa1, &[&der(0x30, &[&value])]));
        let single = der(
            0x30,
            &[
                &id,
                &status,
                &generalized(wish.this_update),
                &next.unwrap_or_default(),
                &own.unwrap_or_default(),
            ],
        );
        let signer = wish.signer.unwrap_or(self);
        let responder = match wish.by_key {
            true => der(0xa2, &[&der(4, &[&signer.key_hash()])]),
            false => {
                let name = wish.responder.unwrap_or(signer).x509.subject_name().to_der();
                der(0xa1, &[&name.expect("DER")])
            }
        };
        let data = der(0x30, &[&responder, &generalized(wish.this_update), &der(0x30, &[&single])]);
        let mut signature = Signer::new(MessageDigest::sha256(), &signer.key).expect("a signer");
        let signature = signature.sign_oneshot_to_vec(&data).expect("a signature");
        let rsa_sha256 = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 0x0b];
        let algorithm = der(0x30, &[&der(0x06, &[rsa_sha256]), &der(5, &[])]);
        let certificate = wish.signer.map(|signer| der(0xa0, &[&der(0x30, &[&signer.der()])]));
        let basic = der(
            0x30,
            &[&data, &algorithm, &der(3, &[&[0], &signature]), &certificate.unwrap_or_default()],
        );
        let basic_id = der(0x06, &[&[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1]]);
        let bytes = der(0x30, &[&basic_id, &der(4, &[&basic])]);
        der(0x30, &[&der(0x0a, &[&[0]]), &der(0xa0, &[&bytes])])
    }
}

/// What a revocation list shall say. Times are seconds since 1970.
#[derive(Clone, Debug, Default)]
pub struct ListWish {
    /// When it is made.
    pub this_update: i64,
    /// When the next one comes.
    pub next_update: Option<i64>,
    /// The serial numbers of what was revoked.
    pub revoked: Vec<u32>,
    /// Further extensions: identifier, whether critical, value in DER.
    pub extensions: Vec<(&'static str, bool, Vec<u8>)>,
}

impl ListWish {
    /// One that is good for a day from an hour before `now` on, and revokes these.
    pub fn of(now: i64, revoked: &[u32]) -> Self {
        let (this_update, next_update) = (now - 3600, Some(now + DAY));
        Self { this_update, next_update, revoked: revoked.to_vec(), extensions: Vec::new() }
    }
}

/// What an OCSP answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OcspStatus {
    /// It was not revoked.
    Good,
    /// It was.
    Revoked,
    /// The responder does not know it.
    Unknown,
}

/// What an OCSP answer shall say. Times are seconds since 1970.
#[derive(Clone)]
pub struct OcspWish<'a> {
    /// Its status.
    pub status: OcspStatus,
    /// When this was known.
    pub this_update: i64,
    /// When there is something newer.
    pub next_update: Option<i64>,
    /// Who signs it, with the certificate added; none: the authority itself.
    pub signer: Option<&'a Holder>,
    /// Who it says has signed it, if not who did.
    pub responder: Option<&'a Holder>,
    /// Whether the responder is named by its key.
    pub by_key: bool,
    /// Another serial number than that of the certificate.
    pub serial: Option<Vec<u8>>,
    /// An extension of the single answer, in DER.
    pub single_extension: Option<Vec<u8>>,
}

impl OcspWish<'_> {
    /// One that is good for a day from an hour before `now` on.
    pub fn of(now: i64, status: OcspStatus) -> Self {
        Self {
            status,
            this_update: now - 3600,
            next_update: Some(now + DAY),
            signer: None,
            responder: None,
            by_key: false,
            serial: None,
            single_extension: None,
        }
    }
}

/// A `DistributionPoint` of an URL.
pub fn point(url: &str) -> Vec<u8> {
    der(0x30, &[&point_name(url)])
}

/// Its field `distributionPoint`, which an `IssuingDistributionPoint` has, too.
pub fn point_name(url: &str) -> Vec<u8> {
    der(0xa0, &[&der(0xa0, &[&der(0x86, &[url.as_bytes()])])])
}

/// The first element of DER, and what follows it.
fn element(octets: &[u8]) -> (&[u8], &[u8]) {
    let content = contents(octets);
    let head = content.as_ptr() as usize - octets.as_ptr() as usize;
    octets.split_at(head + content.len())
}

/// The content of the first element of DER.
fn contents(octets: &[u8]) -> &[u8] {
    let (head, length) = match octets[1] {
        short @ 0..0x80 => (2, usize::from(short)),
        long => {
            let count = usize::from(long & 0x7f);
            let length = &octets[2..2 + count];
            (2 + count, length.iter().fold(0, |sum, o| sum << 8 | usize::from(*o)))
        }
    };
    &octets[head..head + length]
}

/// An element of DER.
pub fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut out = vec![tag];
    match content.len() {
        short @ 0..0x80 => out.push(short as u8),
        long => {
            let length: Vec<u8> = long.to_be_bytes().into_iter().skip_while(|o| *o == 0).collect();
            out.push(0x80 | length.len() as u8);
            out.extend(length);
        }
    }
    out.extend(content);
    out
}

/// A GeneralizedTime: the days of the Gregorian calendar, counted from the first of March of the year 0.
fn generalized(seconds: i64) -> Vec<u8> {
    let (days, rest) = (seconds.div_euclid(DAY) + 719_468, seconds.rem_euclid(DAY));
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    let text = format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
    der(0x18, &[text.as_bytes()])
}

fn rsa() -> PKey<Private> {
    Rsa::generate(2048).and_then(PKey::from_rsa).expect("a key")
}

fn sha1(octets: &[u8]) -> Vec<u8> {
    hash(MessageDigest::sha1(), octets).expect("a digest").to_vec()
}

fn time(seconds: i64) -> Asn1Time {
    Asn1Time::from_unix(seconds).expect("a time")
}

fn name(common: &str) -> X509Name {
    let mut builder = X509NameBuilder::new().expect("a builder");
    builder.append_entry_by_text("CN", common).expect("a name");
    builder.build()
}

fn extension(id: &str, is_critical: bool, value: &[u8]) -> X509Extension {
    let id = Asn1Object::from_str(id).expect("an identifier");
    let value = Asn1OctetString::new_from_bytes(value).expect("octets");
    X509Extension::new_from_der(&id, is_critical, &value).expect("an extension")
}
