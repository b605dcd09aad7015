//! Algorithm suites (WS-SecurityPolicy 1.2 §6.1), by WCF's names.

use std::fmt;
use std::str::FromStr;

use crate::digest::DigestAlgorithm;

/// A block cipher, used in CBC mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlockCipher {
    /// AES with keys of 128 bits.
    Aes128,
    /// AES with keys of 192 bits.
    Aes192,
    /// AES with keys of 256 bits.
    Aes256,
    /// Triple DES with keys of 192 bits, parity included.
    TripleDes,
}

impl BlockCipher {
    /// The length of keys in octets.
    pub const fn key_length(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes192 | Self::TripleDes => 24,
            Self::Aes256 => 32,
        }
    }

    /// The length of blocks and initialization vectors in octets.
    pub const fn block_length(self) -> usize {
        match self {
            Self::TripleDes => 8,
            _ => 16,
        }
    }
}

/// How a symmetric key is encrypted for an RSA key (XML Encryption §5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyTransport {
    /// RSA-OAEP with SHA-1 and MGF1 with SHA-1.
    RsaOaep,
    /// RSA PKCS#1 v1.5.
    Rsa15,
}

/// The algorithms of a binding; a message with any other is refused. There is no `Default`: who wants WCF's
/// says [`AlgorithmSuite::BASIC256`], and nothing falls back to it unseen.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AlgorithmSuite {
    /// The cipher of message parts.
    pub cipher: BlockCipher,
    /// How keys are encrypted for a certificate.
    pub key_transport: KeyTransport,
    /// The digest of signed parts, and of HMAC and RSA signatures.
    pub digest: DigestAlgorithm,
}

const CIPHERS: [(&str, BlockCipher); 4] = [
    ("Basic256", BlockCipher::Aes256),
    ("Basic192", BlockCipher::Aes192),
    ("Basic128", BlockCipher::Aes128),
    ("TripleDes", BlockCipher::TripleDes),
];

const VARIANTS: [(&str, DigestAlgorithm, KeyTransport); 4] = [
    ("", DigestAlgorithm::Sha1, KeyTransport::RsaOaep),
    ("Rsa15", DigestAlgorithm::Sha1, KeyTransport::Rsa15),
    ("Sha256", DigestAlgorithm::Sha256, KeyTransport::RsaOaep),
    ("Sha256Rsa15", DigestAlgorithm::Sha256, KeyTransport::Rsa15),
];

impl AlgorithmSuite {
    /// AES-256, RSA-OAEP, SHA-1: WCF's default.
    pub const BASIC256: Self = Self {
        cipher: BlockCipher::Aes256,
        key_transport: KeyTransport::RsaOaep,
        digest: DigestAlgorithm::Sha1,
    };

    /// All sixteen suites.
    pub fn all() -> impl Iterator<Item = Self> {
        CIPHERS.into_iter().flat_map(|(_, cipher)| {
            VARIANTS.into_iter().map(move |(_, digest, key_transport)| Self {
                cipher,
                key_transport,
                digest,
            })
        })
    }

    /// WCF's name, e.g. `Basic256Sha256Rsa15`.
    pub fn name(self) -> String {
        let cipher = CIPHERS.iter().find(|c| c.1 == self.cipher).map_or("", |c| c.0);
        let variant = VARIANTS.iter().find(|v| v.1 == self.digest && v.2 == self.key_transport);
        format!("{cipher}{}", variant.map_or("", |v| v.0))
    }

    /// `EncryptionMethod` of message parts.
    pub const fn encryption_uri(self) -> &'static str {
        match self.cipher {
            BlockCipher::Aes128 => "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
            BlockCipher::Aes192 => "http://www.w3.org/2001/04/xmlenc#aes192-cbc",
            BlockCipher::Aes256 => "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
            BlockCipher::TripleDes => "http://www.w3.org/2001/04/xmlenc#tripledes-cbc",
        }
    }

    /// `EncryptionMethod` of a key that is wrapped by a symmetric key.
    pub const fn key_wrap_uri(self) -> &'static str {
        match self.cipher {
            BlockCipher::Aes128 => "http://www.w3.org/2001/04/xmlenc#kw-aes128",
            BlockCipher::Aes192 => "http://www.w3.org/2001/04/xmlenc#kw-aes192",
            BlockCipher::Aes256 => "http://www.w3.org/2001/04/xmlenc#kw-aes256",
            BlockCipher::TripleDes => "http://www.w3.org/2001/04/xmlenc#kw-tripledes",
        }
    }

    /// `EncryptionMethod` of a key that is encrypted for a certificate.
    pub const fn key_transport_uri(self) -> &'static str {
        match self.key_transport {
            KeyTransport::RsaOaep => "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
            KeyTransport::Rsa15 => "http://www.w3.org/2001/04/xmlenc#rsa-1_5",
        }
    }

    /// Whether the key transport is OAEP, whose `EncryptionMethod` names a digest.
    pub const fn key_transport_is_oaep(self) -> bool {
        matches!(self.key_transport, KeyTransport::RsaOaep)
    }

    /// `DigestMethod` of references.
    pub const fn digest_uri(self) -> &'static str {
        match self.digest {
            DigestAlgorithm::Sha1 => "http://www.w3.org/2000/09/xmldsig#sha1",
            DigestAlgorithm::Sha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
        }
    }

    /// `SignatureMethod` under a symmetric key.
    pub const fn symmetric_signature_uri(self) -> &'static str {
        match self.digest {
            DigestAlgorithm::Sha1 => "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
            DigestAlgorithm::Sha256 => "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        }
    }

    /// `SignatureMethod` under a certificate.
    pub const fn asymmetric_signature_uri(self) -> &'static str {
        match self.digest {
            DigestAlgorithm::Sha1 => "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
            DigestAlgorithm::Sha256 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        }
    }

    /// The length in octets of a derived key for signatures: 24, but 16 for Basic128.
    pub const fn signature_key_length(self) -> usize {
        match self.cipher {
            BlockCipher::Aes128 => 16,
            _ => 24,
        }
    }

    /// The length in octets of a derived key for encryption.
    pub const fn encryption_key_length(self) -> usize {
        self.cipher.key_length()
    }

    /// The length in octets of a new symmetric key.
    pub const fn default_key_length(self) -> usize {
        self.cipher.key_length()
    }

    /// Whether a symmetric key of so many bits is accepted.
    pub const fn allows_symmetric_key_bits(self, bits: usize) -> bool {
        match self.cipher {
            BlockCipher::Aes256 => bits == 256,
            BlockCipher::Aes192 | BlockCipher::TripleDes => bits >= 192 && bits <= 256,
            BlockCipher::Aes128 => bits >= 128 && bits <= 256,
        }
    }
}

impl fmt::Display for AlgorithmSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl fmt::Debug for AlgorithmSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// A name that is no suite's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is no algorithm suite; expected Default, or one of Basic256, Basic192, Basic128, TripleDes, each alone or with Rsa15, Sha256 or Sha256Rsa15 behind it"
)]
pub struct UnknownSuite(pub String);

impl FromStr for AlgorithmSuite {
    type Err = UnknownSuite;

    fn from_str(name: &str) -> Result<Self, UnknownSuite> {
        if name == "Default" {
            return Ok(Self::BASIC256);
        }
        Self::all().find(|s| s.name() == name).ok_or_else(|| UnknownSuite(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_names_and_the_default() {
        let names: std::collections::BTreeSet<_> =
            AlgorithmSuite::all().map(|s| s.name()).collect();
        assert_eq!(names.len(), 16);
        for name in &names {
            assert_eq!(name.parse::<AlgorithmSuite>().unwrap().name(), *name);
        }
        assert_eq!("Default".parse(), Ok(AlgorithmSuite::BASIC256));
        assert_eq!(
            "Basic256Sha256".parse::<AlgorithmSuite>().unwrap().digest,
            DigestAlgorithm::Sha256
        );
        assert!("basic256".parse::<AlgorithmSuite>().is_err());
    }

    #[test]
    fn key_lengths_are_those_that_wcf_writes() {
        let lengths = |name: &str| {
            let suite: AlgorithmSuite = name.parse().unwrap();
            (suite.signature_key_length(), suite.encryption_key_length())
        };
        assert_eq!(lengths("Basic256"), (24, 32));
        assert_eq!(lengths("Basic192"), (24, 24));
        assert_eq!(lengths("Basic128Rsa15"), (16, 16));
        assert_eq!(lengths("TripleDesSha256"), (24, 24));
        let accepted = |name: &str, bits| {
            name.parse::<AlgorithmSuite>().unwrap().allows_symmetric_key_bits(bits)
        };
        assert!(accepted("Basic256", 256) && !accepted("Basic256", 192));
        assert!(accepted("Basic128", 128) && !accepted("Basic128", 264));
    }
}
