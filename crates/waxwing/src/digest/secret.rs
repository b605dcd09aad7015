//! What the owner of a user name and a service both know.

use std::fmt;

use md5::Md5;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

/// The digest algorithms of HTTP Digest (RFC 7616 §6.1) that are spoken here; each also for a session (`-sess`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DigestAlgorithm {
    /// MD5: what WCF and most others speak. Collisions of MD5 are cheap; a digest of this kind is not known to be forged by
    /// them, but whoever listens tries passwords quickly. Use it over TLS.
    Md5,
    /// SHA-256.
    Sha256,
}

impl DigestAlgorithm {
    /// Its name in headers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    /// The digest of these parts with colons between, in small hexadecimal digits.
    pub(super) fn of(self, parts: &[&[u8]]) -> Zeroizing<String> {
        fn hex<D: Digest>(parts: &[&[u8]]) -> Zeroizing<String> {
            let mut digest = D::new();
            for (at, part) in parts.iter().enumerate() {
                if at > 0 {
                    digest.update(b":");
                }
                digest.update(part);
            }
            let mut octets = digest.finalize();
            let mut text = Zeroizing::new(String::with_capacity(2 * octets.len()));
            for octet in octets.iter() {
                for half in [octet >> 4, octet & 15] {
                    text.push(char::from_digit(u32::from(half), 16).unwrap_or('0'));
                }
            }
            octets.as_mut_slice().zeroize();
            text
        }
        match self {
            Self::Md5 => hex::<Md5>(parts),
            Self::Sha256 => hex::<Sha256>(parts),
        }
    }

    const fn hex_len(self) -> usize {
        match self {
            Self::Md5 => 32,
            Self::Sha256 => 64,
        }
    }
}

/// What a service keeps of a user to know him by HTTP Digest: the password, or the digest of it that stands for it in one
/// realm (`H(A1)` of RFC 7616 §3.4.2; the last column of `htdigest`'s files). **Whoever has the digest can log in.**
#[derive(Clone)]
pub struct DigestSecret(Kept);

#[derive(Clone)]
enum Kept {
    Password(Zeroizing<String>),
    Ha1(DigestAlgorithm, Zeroizing<String>),
}

impl DigestSecret {
    /// A password.
    pub fn password(password: impl Into<String>) -> Self {
        Self(Kept::Password(Zeroizing::new(password.into())))
    }

    /// The digest of `user:realm:password` by this algorithm, as hexadecimal digits; none when it is not one. It serves
    /// clients that take this algorithm, and in this realm only.
    pub fn ha1(algorithm: DigestAlgorithm, hex: &str) -> Option<Self> {
        let is_digest =
            hex.len() == algorithm.hex_len() && hex.bytes().all(|octet| octet.is_ascii_hexdigit());
        let kept = || Kept::Ha1(algorithm, Zeroizing::new(hex.to_ascii_lowercase()));
        is_digest.then(|| Self(kept()))
    }

    /// `H(A1)` of a user; none where only the digest of another algorithm is kept.
    pub(crate) fn of(
        &self,
        algorithm: DigestAlgorithm,
        username: &str,
        realm: &str,
    ) -> Option<Zeroizing<String>> {
        match &self.0 {
            Kept::Password(password) => {
                let parts = [username.as_bytes(), realm.as_bytes(), password.as_bytes()];
                Some(algorithm.of(&parts))
            }
            Kept::Ha1(own, digest) => (*own == algorithm).then(|| digest.clone()),
        }
    }
}

impl fmt::Debug for DigestSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestSecret(…)")
    }
}
