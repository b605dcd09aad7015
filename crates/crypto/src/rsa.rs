//! What public and private RSA keys have in common.

use openssl::bn::BigNum;
use openssl::md::{Md, MdRef};
use openssl::pkey::{HasPublic, Id, PKeyRef};

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
    // Under the exponent 1 anybody signs and reads; an even one is none.
    let one = BigNum::from_u32(1).map_err(failed("reading an RSA key"))?;
    let rsa = key.rsa().map_err(failed("reading an RSA key"))?;
    if rsa.e() <= &one || !rsa.e().is_odd() {
        return Err(CryptoError::Exponent);
    }
    Ok(())
}
