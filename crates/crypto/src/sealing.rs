//! Sealing state that others carry for us: AES-256-GCM (NIST SP 800-38D) under a ring of keys that several processes can
//! share, so that one opens what another sealed.
//!
//! Each sealed text has a key of its own, made from the ring's key and a salt by HMAC-SHA-256: however many processes seal
//! under one ring key for however long, no two texts share key and nonce.

use std::fmt;

use openssl::base64::decode_block;
use openssl::symm::{Cipher, Crypter, Mode};
use zeroize::Zeroizing;

use crate::digest::{DigestAlgorithm, DigestValue, HmacKey};
use crate::error::{CryptoError, failed};

/// The length of a ring's keys in octets.
const KEY: usize = 32;
/// The octets that make the key of one sealed text.
const SALT: usize = 16;
/// The nonce of GCM.
const NONCE: usize = 12;
/// The tag of GCM.
const TAG: usize = 16;
/// The most keys of a ring: opening looks for one by its name, and a file of more is none of keys.
const MAX_KEYS: usize = 64;

/// The name of a key of a ring: made from the key, and says nothing of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SealingKeyId([u8; Self::LENGTH]);

impl SealingKeyId {
    /// Its length in octets.
    pub const LENGTH: usize = 8;

    /// The octets.
    pub fn octets(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl From<[u8; SealingKeyId::LENGTH]> for SealingKeyId {
    fn from(octets: [u8; SealingKeyId::LENGTH]) -> Self {
        Self(octets)
    }
}

impl fmt::Display for SealingKeyId {
    /// In hexadecimal, for the log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for SealingKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKeyId({self})")
    }
}

/// One key of a ring. Wiped when dropped, and not shown by `Debug`.
#[derive(Clone)]
pub struct SealingKey {
    id: SealingKeyId,
    octets: Zeroizing<[u8; KEY]>,
}

impl SealingKey {
    /// The length of its octets.
    pub const LENGTH: usize = KEY;

    /// A key of these octets, which must be random.
    pub fn new(octets: Zeroizing<[u8; KEY]>) -> Self {
        let mac = HmacKey::new(DigestAlgorithm::Sha256, &octets[..]).sign(b"waxwing key id");
        let mut id = [0; SealingKeyId::LENGTH];
        id.copy_from_slice(&mac[..SealingKeyId::LENGTH]);
        Self { id: SealingKeyId(id), octets }
    }

    /// Its name.
    pub fn id(&self) -> SealingKeyId {
        self.id
    }

    /// The key of one sealed text.
    fn of_text(&self, salt: &[u8]) -> Zeroizing<DigestValue> {
        let mut mac = HmacKey::new(DigestAlgorithm::Sha256, &self.octets[..]).start();
        mac.update(b"waxwing sealed text");
        mac.update(salt);
        Zeroizing::new(mac.finish())
    }

    /// Seals a text: encrypted, and together with `bound`, which is not in it, protected against every change. `random`
    /// fills salt and nonce.
    ///
    /// # Errors
    /// The library refuses AES-GCM.
    pub fn seal(
        &self,
        bound: &[u8],
        plaintext: &[u8],
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Vec<u8>, CryptoError> {
        let mut out = vec![0; SALT + NONCE];
        random(&mut out);
        let (salt, nonce) = out.split_at(SALT);
        let key = self.of_text(salt);
        let failed = failed("sealing");
        let mut tag = [0; TAG];
        let cipher = Cipher::aes_256_gcm();
        let sealed =
            openssl::symm::encrypt_aead(cipher, &key, Some(nonce), bound, plaintext, &mut tag);
        let sealed = sealed.map_err(failed)?;
        out.extend_from_slice(&sealed);
        out.extend_from_slice(&tag);
        Ok(out)
    }

    /// Opens what [`seal`](Self::seal) made with the same `bound`. None when it was not made so: why is not told.
    pub fn open(&self, bound: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let length = sealed.len().checked_sub(SALT + NONCE + TAG)?;
        let (salt, rest) = sealed.split_at(SALT);
        let (nonce, rest) = rest.split_at(NONCE);
        let (text, tag) = rest.split_at(length);
        let key = self.of_text(salt);
        let cipher = Cipher::aes_256_gcm();
        // The library wipes nothing of a text whose tag is wrong.
        let mut out = Zeroizing::new(vec![0; length + cipher.block_size()]);
        let mut open = Crypter::new(cipher, Mode::Decrypt, &key, Some(nonce)).ok()?;
        open.aad_update(bound).ok()?;
        let written = open.update(text, &mut out).ok()?;
        open.set_tag(tag).ok()?;
        let rest = open.finalize(&mut out[written..]).ok()?;
        out.truncate(written + rest);
        Some(out)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({})", self.id)
    }
}

/// Keys that seal and open: the first seals, all open. To change the key, put a new one behind the others in every process,
/// then in front, then take the old one out when nothing that it sealed is in use any more.
#[derive(Debug, Clone)]
pub struct KeyRing {
    first: SealingKey,
    others: Vec<SealingKey>,
}

impl KeyRing {
    /// A ring of one key.
    pub fn new(key: SealingKey) -> Self {
        Self { first: key, others: Vec::new() }
    }

    /// The same ring with one more key that opens.
    #[must_use]
    pub fn with(mut self, key: SealingKey) -> Self {
        if self.find(key.id).is_none() {
            self.others.push(key);
        }
        self
    }

    /// The keys of a text: one a line, 32 random octets in base64 (`openssl rand -base64 32`). Empty lines and those that
    /// begin with `#` are for people.
    ///
    /// # Errors
    /// There is no key in it, more than 64, or a line that is none.
    pub fn parse(text: &str) -> Result<Self, KeyRingError> {
        let mut ring: Option<Self> = None;
        let lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
        for (number, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let key = Self::key_of(line).ok_or(KeyRingError::Line(number))?;
            if ring.as_ref().is_some_and(|ring| ring.find(key.id).is_some()) {
                return Err(KeyRingError::Twice(number));
            }
            let whole = match ring {
                Some(ring) => ring.with(key),
                None => Self::new(key),
            };
            if whole.len() > MAX_KEYS {
                return Err(KeyRingError::TooMany(MAX_KEYS));
            }
            ring = Some(whole);
        }
        ring.ok_or(KeyRingError::Empty)
    }

    fn key_of(line: &str) -> Option<SealingKey> {
        // 32 octets are 43 digits and one sign of padding.
        (line.len() == 44 && line.ends_with('=')).then_some(())?;
        let octets = Zeroizing::new(decode_block(line).ok()?);
        // Whatever the last digit says beside the last octet is another spelling of the same key.
        let mut key = Zeroizing::new([0; KEY]);
        key.copy_from_slice(octets.get(..KEY)?);
        // All zeros is a line that somebody made up.
        key.iter().any(|octet| *octet != 0).then(|| SealingKey::new(key))
    }

    /// The key that seals.
    pub fn first(&self) -> &SealingKey {
        &self.first
    }

    /// The key of that name.
    pub fn find(&self, id: SealingKeyId) -> Option<&SealingKey> {
        self.keys().find(|key| key.id == id)
    }

    /// All keys, the one that seals first.
    pub fn keys(&self) -> impl Iterator<Item = &SealingKey> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// How many keys there are: one at least.
    #[allow(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        1 + self.others.len()
    }
}

/// Why a text is no ring of keys. Nothing of a key is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRingError {
    /// No key.
    #[error(
        "there is no key in it; put one on a line of its own: 32 random octets in base64, as 'openssl rand -base64 32' \
         writes them"
    )]
    Empty,
    /// A line that is none.
    #[error(
        "line {0} is no key: expected 32 octets in base64 (44 characters), as 'openssl rand -base64 32' writes them"
    )]
    Line(usize),
    /// A key that is there already.
    #[error("line {0} is a key that stands further above already")]
    Twice(usize),
    /// Too many keys.
    #[error(
        "there are more than {0} keys in it; take out those that seal and open nothing any more"
    )]
    TooMany(usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(octet: u8) -> SealingKey {
        SealingKey::new(Zeroizing::new([octet; KEY]))
    }

    fn counting() -> impl FnMut(&mut [u8]) {
        let mut next = 0;
        move |octets| {
            octets.iter_mut().for_each(|octet| {
                *octet = next;
                next = next.wrapping_add(1);
            });
        }
    }

    #[test]
    fn what_was_sealed_opens_with_its_key_and_what_it_is_bound_to() {
        let mut random = counting();
        for text in [&b""[..], b"a", &[7; 16], &[9; 4000]] {
            let sealed = key(1).seal(b"bound", text, &mut random).unwrap();
            assert_eq!(sealed.len(), SALT + NONCE + text.len() + TAG);
            assert_eq!(&key(1).open(b"bound", &sealed).unwrap()[..], text);
            assert!(key(2).open(b"bound", &sealed).is_none());
            assert!(key(1).open(b"other", &sealed).is_none());
        }
    }

    #[test]
    fn every_octet_counts() {
        let sealed = key(1).seal(b"bound", b"the session's key", &mut counting()).unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key(1).open(b"bound", &changed).is_none(), "octet {at}");
            assert!(key(1).open(b"bound", &sealed[..at]).is_none(), "cut at {at}");
        }
    }

    #[test]
    fn no_two_sealed_texts_are_alike() {
        let mut random = counting();
        let first = key(1).seal(b"", b"text", &mut random).unwrap();
        let second = key(1).seal(b"", b"text", &mut random).unwrap();
        assert_ne!(first[SALT + NONCE..], second[SALT + NONCE..]);
    }

    /// The first writes, all read; what a key that is gone has sealed opens no more.
    #[test]
    fn a_ring_changes_its_keys_one_by_one() {
        let ring = KeyRing::new(key(1)).with(key(2));
        assert_eq!(ring.first().id(), key(1).id());
        assert!(ring.find(key(2).id()).is_some() && ring.find(key(3).id()).is_none());
        assert_eq!(ring.clone().with(key(2)).len(), 2);
        assert_ne!(key(1).id(), key(2).id());
        assert_eq!(format!("{:?}", key(1)), format!("SealingKey({})", key(1).id()));
    }

    #[test]
    fn a_file_of_keys() {
        let (a, b) = (
            "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
            "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=",
        );
        let ring = KeyRing::parse(&format!("# new\r\n{a}\n\n  {b}\n# end")).unwrap();
        assert_eq!(ring.len(), 2);
        assert_eq!(ring.first().id(), key(1).id());
        assert_eq!(ring.keys().nth(1).unwrap().id(), key(2).id());
        let error = |text: &str| KeyRing::parse(text).unwrap_err();
        assert_eq!(error("# nothing\n"), KeyRingError::Empty);
        assert_eq!(error(&format!("{a}\n{a}")), KeyRingError::Twice(2));
        assert_eq!(error(&format!("{a}\nsecret")), KeyRingError::Line(2));
        let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert_eq!(error(zeros), KeyRingError::Line(1));
        assert_eq!(error("AQEBAQEBAQEBAQEBAQEBAQ=="), KeyRingError::Line(1));
        assert!(!error(&format!("{a}\n{b}x")).to_string().contains(b));
    }
}
