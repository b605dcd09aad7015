//! Certificates in whatever form `X509Certificate2Collection.Import` takes without a password:
//! one in DER or PEM, a PKCS#7 collection, a serialized certificate, a serialized store.

use openssl::pkcs7::Pkcs7;

use crate::certificate::Certificate;
use crate::error::CryptoError;

/// More certificates than this are in no collection that people write.
const MAX_CERTIFICATES: usize = 64;
/// Largest collection in octets.
const MAX_OCTETS: usize = 1 << 20;

/// The property of a serialized certificate that is the certificate itself, in DER
/// (`CERT_CERT_PROP_ID`). Others, like the SHA-1 hash (3), say something about it.
const CERTIFICATE_PROPERTY: u32 = 32;
/// The encoding of every property (`X509_ASN_ENCODING`).
const X509_ENCODING: u32 = 1;
/// Ends a store.
const END_PROPERTY: u32 = 0;
/// The first octet of every certificate and of every PKCS#7 structure in DER.
const DER_SEQUENCE: u8 = 0x30;
/// A serialized store begins with version 0 and these octets.
const STORE_HEAD: &[u8] = b"\0\0\0\0CERT";

impl Certificate {
    /// Reads certificates in whatever form .NET's `X509Certificate2Collection.Import` takes: DER,
    /// PEM, a PKCS#7 collection (DER or PEM), or what Windows calls a serialized certificate or
    /// store. That is what svcutil and Visual Studio write into `encodedValue`.
    ///
    /// # Errors
    /// The octets are none of these, hold no certificate or one that cannot be read, or are too
    /// large.
    pub fn collection(octets: &[u8]) -> Result<Vec<Certificate>, CryptoError> {
        if octets.len() > MAX_OCTETS {
            return Err(not("it is larger than 1 MiB"));
        }
        if octets.starts_with(b"-----BEGIN PKCS7") {
            return of_der(pkcs7(Pkcs7::from_pem(octets).ok())?);
        }
        if octets.windows(11).any(|window| window == b"-----BEGIN ") {
            return Certificate::from_pem(octets);
        }
        if let Some(elements) = octets.strip_prefix(STORE_HEAD) {
            return of_der(serialized(elements)?);
        }
        if octets.first() != Some(&DER_SEQUENCE) {
            return of_der(serialized(octets)?);
        }
        match Pkcs7::from_der(octets) {
            Ok(collection) => of_der(pkcs7(Some(collection))?),
            Err(_) => Certificate::of_any_key(octets).map(|one| vec![one]),
        }
    }
}

fn not(why: &str) -> CryptoError {
    CryptoError::NotACertificate(why.to_owned())
}

/// The first certificate counts, the others go with it: of those the unreadable ones are left out.
fn of_der(all: Vec<Vec<u8>>) -> Result<Vec<Certificate>, CryptoError> {
    let (first, others) = all.split_first().ok_or_else(|| not("the collection is empty"))?;
    let mut found = vec![Certificate::of_any_key(first)?];
    found.extend(others.iter().filter_map(|der| Certificate::of_any_key(der).ok()));
    Ok(found)
}

/// The certificates of a PKCS#7 structure, in DER.
fn pkcs7(collection: Option<Pkcs7>) -> Result<Vec<Vec<u8>>, CryptoError> {
    let bad = || not("it is no PKCS#7 collection");
    let collection = collection.ok_or_else(bad)?;
    let certificates = collection.signed().and_then(|signed| signed.certificates());
    let certificates = certificates.ok_or_else(bad)?;
    if certificates.len() > MAX_CERTIFICATES {
        return Err(not("the collection has too many certificates"));
    }
    certificates.iter().map(|certificate| certificate.to_der().map_err(|_| bad())).collect()
}

/// The certificates of a serialized certificate or store, in DER: each property is identifier,
/// encoding and length, all four octets in little endian, and its value. The certificate comes last
/// of its properties; a store ends with a property of identifier 0.
fn serialized(mut rest: &[u8]) -> Result<Vec<Vec<u8>>, CryptoError> {
    let bad = || not("it is neither DER nor a serialized certificate");
    let mut found = Vec::new();
    while let Some((head, after)) = rest.split_first_chunk::<12>() {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = *head;
        let identifier = u32::from_le_bytes([a, b, c, d]);
        if identifier == END_PROPERTY {
            return Ok(found);
        }
        let length = usize::try_from(u32::from_le_bytes([i, j, k, l])).map_err(|_| bad())?;
        let (value, after) = after.split_at_checked(length).ok_or_else(bad)?;
        if u32::from_le_bytes([e, f, g, h]) != X509_ENCODING {
            return Err(bad());
        }
        if identifier == CERTIFICATE_PROPERTY {
            found.push(value.to_vec());
        }
        if found.len() > MAX_CERTIFICATES {
            return Err(not("the collection has too many certificates"));
        }
        rest = after;
    }
    if rest.is_empty() { Ok(found) } else { Err(bad()) }
}
