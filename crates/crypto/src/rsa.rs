//! What public and private RSA keys have in common.

use openssl::bn::BigNum;
use openssl::md::{Md, MdRef};
use openssl::pkey::{HasPublic, Id, PKeyRef};
use openssl::rsa::RsaRef;

use crate::digest::DigestAlgorithm;
use crate::error::{CryptoError, failed};

pub(crate) fn message_digest(digest: DigestAlgorithm) -> &'static MdRef {
    match digest {
        DigestAlgorithm::Sha1 => Md::sha1(),
        DigestAlgorithm::Sha256 => Md::sha256(),
    }
}

/// RSA of 1024 to 4096 bits, as in WCF's algorithm suites.
pub(crate) fn check_size<T: HasPublic>(key: &PKeyRef<T>) -> Result<(), CryptoError> {
    if key.id() != Id::RSA {
        return Err(CryptoError::NotRsa);
    }
    match key.bits() {
        1024..=4096 => {}
        bits => return Err(CryptoError::KeySize(bits)),
    }
    let rsa = key.rsa().map_err(failed("reading an RSA key"))?;
    match protects(&rsa) {
        true => Ok(()),
        false => Err(CryptoError::Exponent),
    }
}

/// Whether the public exponent is one: under 1 anybody signs and reads, an even one is none.
pub(crate) fn protects<T: HasPublic>(key: &RsaRef<T>) -> bool {
    let is_one = BigNum::from_u32(1).map_or(true, |one| key.e() <= &one);
    !is_one && key.e().is_odd()
}
