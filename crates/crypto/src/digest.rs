//! SHA-1, SHA-256, HMAC (RFC 2104) and P_SHA-1 (RFC 2246 §5).

use hmac::{Hmac, KeyInit, Mac as _};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DigestAlgorithm {
    /// SHA-1, 20 octets.
    #[default]
    Sha1,
    /// SHA-256, 32 octets.
    Sha256,
}

/// A hash or a MAC: 20 octets of SHA-1, 32 of SHA-256, without memory of its own. Compare MACs in constant time.
#[derive(Clone, Copy)]
pub struct DigestValue {
    octets: [u8; 32],
    length: u8,
}

impl DigestValue {
    fn new(octets: &[u8]) -> Self {
        let mut value = Self { octets: [0; 32], length: octets.len() as u8 };
        value.octets[..octets.len()].copy_from_slice(octets);
        value
    }
}

impl std::ops::Deref for DigestValue {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.octets[..usize::from(self.length)]
    }
}

impl std::ops::DerefMut for DigestValue {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.octets[..usize::from(self.length)]
    }
}

impl AsRef<[u8]> for DigestValue {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Zeroize for DigestValue {
    fn zeroize(&mut self) {
        self.octets.zeroize();
    }
}

impl std::fmt::Debug for DigestValue {
    /// Never the octets: a MAC may be a key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DigestValue({} octets)", self.length)
    }
}

/// A hash under way.
#[derive(Clone)]
pub enum Digest {
    /// SHA-1.
    Sha1(Sha1),
    /// SHA-256.
    Sha256(Sha256),
}

impl Digest {
    /// The hash of nothing yet.
    pub fn new(algorithm: DigestAlgorithm) -> Self {
        match algorithm {
            DigestAlgorithm::Sha1 => Self::Sha1(Sha1::new()),
            DigestAlgorithm::Sha256 => Self::Sha256(Sha256::new()),
        }
    }

    /// Takes more octets.
    pub fn update(&mut self, octets: &[u8]) {
        match self {
            Self::Sha1(hash) => hash.update(octets),
            Self::Sha256(hash) => hash.update(octets),
        }
    }

    /// The hash.
    pub fn finish(self) -> DigestValue {
        match self {
            Self::Sha1(hash) => DigestValue::new(&hash.finalize()),
            Self::Sha256(hash) => DigestValue::new(&hash.finalize()),
        }
    }
}

/// The SHA-1 of some octets.
pub fn sha1(octets: &[u8]) -> [u8; 20] {
    Sha1::digest(octets).into()
}

/// A key of HMAC with its inner and outer state computed. Not shown by `Debug`; the states, which are as good as the key,
/// are wiped when dropped. The octets of the key itself live with the caller.
#[derive(Clone)]
pub struct HmacKey(Mac);

/// An HMAC under way.
#[derive(Clone)]
pub enum Mac {
    /// HMAC-SHA-1.
    Sha1(Hmac<Sha1>),
    /// HMAC-SHA-256.
    Sha256(Hmac<Sha256>),
}

impl HmacKey {
    /// A key of any length.
    pub fn new(algorithm: DigestAlgorithm, key: &[u8]) -> Self {
        const ANY: &str = "HMAC takes keys of any length";
        Self(match algorithm {
            DigestAlgorithm::Sha1 => Mac::Sha1(Hmac::new_from_slice(key).expect(ANY)),
            DigestAlgorithm::Sha256 => Mac::Sha256(Hmac::new_from_slice(key).expect(ANY)),
        })
    }

    /// The HMAC of nothing yet.
    pub fn start(&self) -> Mac {
        self.0.clone()
    }

    /// The HMAC of some octets.
    pub fn sign(&self, octets: &[u8]) -> DigestValue {
        let mut mac = self.start();
        mac.update(octets);
        mac.finish()
    }
}

impl std::fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HmacKey(…)")
    }
}

impl Mac {
    /// Takes more octets.
    pub fn update(&mut self, octets: &[u8]) {
        match self {
            Self::Sha1(mac) => mac.update(octets),
            Self::Sha256(mac) => mac.update(octets),
        }
    }

    /// The HMAC. Compare it in constant time.
    pub fn finish(self) -> DigestValue {
        match self {
            Self::Sha1(mac) => DigestValue::new(mac.finalize().as_bytes()),
            Self::Sha256(mac) => DigestValue::new(mac.finalize().as_bytes()),
        }
    }
}

/// Fills `out` with P_SHA-1 of a secret and a seed in pieces (RFC 2246 §5): derived keys and keys of
/// combined entropy (WS-SecureConversation §7, WS-Trust §6).
pub fn p_sha1(secret: &[u8], seed: &[&[u8]], out: &mut [u8]) {
    let key = HmacKey::new(DigestAlgorithm::Sha1, secret);
    let with_seed = |mut mac: Mac| {
        seed.iter().for_each(|piece| mac.update(piece));
        mac
    };
    let mut a = Zeroizing::new(with_seed(key.start()).finish());
    for chunk in out.chunks_mut(20) {
        let mut mac = key.start();
        mac.update(&a);
        let block = Zeroizing::new(with_seed(mac).finish());
        chunk.copy_from_slice(&block[..chunk.len()]);
        a = Zeroizing::new(key.sign(&a));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(octets: &[u8]) -> String {
        octets.iter().map(|b| format!("{b:02x}")).collect()
    }

    #[test]
    fn known_hashes() {
        assert_eq!(hex(&sha1(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
        let mut digest = Digest::new(DigestAlgorithm::Sha256);
        digest.update(b"a");
        digest.update(b"bc");
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex(&digest.finish()), expected);
    }

    /// RFC 2202 §3 cases 2 and 6 (a key longer than a block); RFC 4231 case 2.
    #[test]
    fn known_hmacs() {
        let sign =
            |algorithm, key: &[u8], data: &[u8]| hex(&HmacKey::new(algorithm, key).sign(data));
        let question = b"what do ya want for nothing?";
        assert_eq!(
            sign(DigestAlgorithm::Sha1, b"Jefe", question),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
        );
        let long = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(
            sign(DigestAlgorithm::Sha1, &[0xaa; 80], long),
            "aa4ae5e15272d00e95705637ce8a3b55ed402112"
        );
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(sign(DigestAlgorithm::Sha256, b"Jefe", question), expected);
    }

    #[test]
    fn a_longer_p_sha1_begins_with_the_shorter_and_pieces_do_not_matter() {
        let (mut short, mut long) = ([0; 24], [0; 61]);
        p_sha1(b"secret", &[b"label", b"nonce"], &mut short);
        p_sha1(b"secret", &[b"labelnonce"], &mut long);
        assert_eq!(short, long[..24]);
        assert_ne!(long[..20], long[20..40]);
    }
}
