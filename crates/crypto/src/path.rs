//! What a certificate in a chain must be beside what the library checks (RFC 5280 §6.1; names, times, usages, path
//! lengths, name constraints and critical extensions are the library's).

use openssl::pkey::Id;
use openssl::x509::{X509, X509Ref};

use crate::der::{self, Elements, OBJECT_IDENTIFIER};
use crate::error::{CryptoError, answered};
use crate::rsa::protects;

/// The shortest RSA key of anybody in a chain: that of WCF's algorithm suites.
const RSA_BITS: u32 = 1024;
/// The shortest key on an elliptic curve.
const CURVE_BITS: u32 = 224;

/// Signature algorithms that are taken, as the octets of their identifiers: RSA PKCS#1 v1.5 with SHA-1 (which .NET
/// Framework takes) and SHA-2, ECDSA with the same, EdDSA. MD2, MD4 and MD5 are not: certificates with the same MD5
/// were made for show (Stevens et al. 2009) and for attack ("Flame", 2012).
const SIGNATURES: [&[u8]; 16] = [
    &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05],
    &[0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1d],
    &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b],
    &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c],
    &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d],
    &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0e],
    &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0f],
    &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x10],
    RSA_PSS,
    &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01],
    &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x01],
    &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
    &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03],
    &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04],
    &[0x06, 0x03, 0x2b, 0x65, 0x70],
    &[0x06, 0x03, 0x2b, 0x65, 0x71],
];
/// RSASSA-PSS, whose parameters name the hash; SHA-1 when they name none (RFC 8017 §A.2.3).
const RSA_PSS: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
/// What the identifiers of MD2, MD4 and MD5 begin with (1.2.840.113549.2); HMACs have higher numbers.
const RSA_DIGESTS: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02];

/// Why a certificate of a path is not taken: whose it is, and what is wrong with it.
pub(crate) struct Weak {
    pub(crate) certificate: String,
    pub(crate) reason: String,
}

/// Looks at every certificate below the anchor of trust, the leaf first, and at the anchor's key. What the anchor says
/// of itself, its own signature included, proves nothing and is not looked at.
pub(crate) fn check(path: &[X509], is_anchor: impl Fn(&X509Ref) -> bool) -> Result<(), Weak> {
    let anchor = path.iter().position(|x509| is_anchor(x509)).unwrap_or(path.len());
    for (place, x509) in path.iter().take(anchor.saturating_add(1)).enumerate() {
        let problem = key_problem(x509).or_else(|| match place < anchor {
            true => problem(x509, place > 0),
            false => None,
        });
        if let Some(reason) = problem {
            let certificate = crate::DistinguishedName::of(x509.subject_name()).to_string();
            return Err(Weak { certificate, reason });
        }
    }
    Ok(())
}

fn problem(x509: &X509Ref, issues: bool) -> Option<String> {
    let der = x509.to_der().unwrap_or_default();
    if !is_signature_taken(&der) {
        let name = x509.signature_algorithm().object().to_string();
        return Some(format!("it is signed with {name}, which can be forged"));
    }
    if issues && !der::is_authority(&der) {
        return Some("it is no certificate of an authority and may issue none".to_owned());
    }
    None
}

fn key_problem(x509: &X509Ref) -> Option<String> {
    let Ok(key) = x509.public_key() else { return Some("its key cannot be read".to_owned()) };
    let least = match key.id() {
        Id::RSA | Id::RSA_PSS => RSA_BITS,
        Id::EC => CURVE_BITS,
        _ => 0,
    };
    if key.bits() < least {
        return Some(format!("its key of {} bits can be broken", key.bits()));
    }
    let is_open = answered(key.rsa()).is_ok_and(|rsa| !protects(&rsa));
    is_open.then(|| CryptoError::Exponent.to_string())
}

/// Whether a certificate or revocation list is signed by an algorithm that is taken.
pub(crate) fn is_signature_taken(der: &[u8]) -> bool {
    let Some(algorithm) = der::signature_algorithm(der) else { return false };
    let Some(identifier) = Elements::of(algorithm).next() else { return false };
    let weak = identifier.whole == RSA_PSS && names_weak_digest(algorithm);
    identifier.tag == OBJECT_IDENTIFIER && SIGNATURES.contains(&identifier.whole) && !weak
}

/// Whether the parameters of RSASSA-PSS name one of RSA's own digests anywhere.
fn names_weak_digest(algorithm: &[u8]) -> bool {
    algorithm.windows(RSA_DIGESTS.len()).any(|w| w == RSA_DIGESTS)
}
