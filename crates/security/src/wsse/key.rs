//! Symmetric keys of tokens and what is derived from them (WS-SecureConversation §7).

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use waxwing_crypto::{
    AlgorithmSuite, BlockCipher, Certificate, CipherKey, Decrypted, Digest, DigestAlgorithm,
    DigestValue, HmacKey, Mac, PrivateKey, p_sha1,
};
use waxwing_soap::RandomSource;
use waxwing_xml::Sink;
use zeroize::Zeroizing;

use super::SecuritySettings;
use crate::error::{Reason, Result};

pub(crate) use waxwing_crypto::sha1;

/// How many derived keys a token remembers: the two of each direction of a session, and as many again
/// for peers that change them, before the oldest is forgotten.
const DERIVED_KEY_CACHE: usize = 8;

/// The label of a derived key without a `Label` element (WS-SecureConversation §7: client label and
/// service label, both of which default to `WS-SecureConversation`).
pub(crate) const DEFAULT_LABEL: &str = "WS-SecureConversationWS-SecureConversation";

/// What the seed of a negotiation's `CombinedHash` begins with. The hash is P_SHA-1 under the token's key, as a
/// derived key is, and goes in clear: a derived key with such a seed would be known to everybody who saw the legs.
pub(crate) const AUTHENTICATOR_LABEL: &[u8] = b"AUTH-HASH";

/// How a key is derived: P_SHA-1 with the label and nonce, the octets `offset..offset + length`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derivation {
    /// The nonce.
    pub nonce: Vec<u8>,
    /// The first octet that is used.
    pub offset: usize,
    /// The length of the key in octets.
    pub length: usize,
    /// The label when it is not the default.
    pub label: Option<Box<str>>,
}

/// How a key is derived, as it is told and before it is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told<'a> {
    pub(crate) nonce: &'a [u8],
    pub(crate) offset: usize,
    pub(crate) length: usize,
    /// When it is not the default.
    pub(crate) label: Option<&'a str>,
}

impl Told<'_> {
    fn label(&self) -> &str {
        self.label.unwrap_or(DEFAULT_LABEL)
    }

    /// Whether the seed (label and nonce) is of the kind that the hash of a negotiation has, wherever it is cut.
    pub(crate) fn is_authenticator(&self) -> bool {
        let seed = self.label().as_bytes().iter().chain(self.nonce);
        seed.take(AUTHENTICATOR_LABEL.len()).eq(AUTHENTICATOR_LABEL)
    }
}

impl Derivation {
    /// The same, borrowed.
    fn told(&self) -> Told<'_> {
        let Self { nonce, offset, length, label } = self;
        Told { nonce, offset: *offset, length: *length, label: label.as_deref() }
    }

    /// A key of `length` octets from offset 0 with the default label and this nonce.
    pub fn new(nonce: Vec<u8>, length: usize) -> Self {
        Self { nonce, offset: 0, length, label: None }
    }

    /// The same with a fresh nonce of 16 octets.
    pub fn with_random_nonce(length: usize, random: &mut dyn RandomSource) -> Self {
        let mut nonce = vec![0; 16];
        random.fill(&mut nonce);
        Self::new(nonce, length)
    }
}

impl From<Told<'_>> for Derivation {
    fn from(told: Told<'_>) -> Self {
        let Told { nonce, offset, length, label } = told;
        Self { nonce: nonce.to_vec(), offset, length, label: label.map(Into::into) }
    }
}

/// The secret key of a token (a security context, an encrypted key), with its derived keys.
///
/// Derivations are remembered, so that the messages of a session derive nothing. Clones share the
/// memory. The octets are wiped when the last clone is dropped and never shown by `Debug`.
#[derive(Clone)]
pub struct TokenKey(Arc<TokenKeyInner>);

struct TokenKeyInner {
    own: Arc<MessageKey>,
    derived: Mutex<Vec<(Derivation, Arc<MessageKey>)>>,
}

impl TokenKey {
    /// A key of the given octets.
    pub fn new(secret: impl Into<Zeroizing<Vec<u8>>>) -> Self {
        let own = Arc::new(MessageKey::new(secret.into(), Origin::Token));
        Self(Arc::new(TokenKeyInner { own, derived: Mutex::new(Vec::new()) }))
    }

    /// The octets of the key.
    pub fn secret(&self) -> &[u8] {
        self.0.own.octets()
    }

    /// The key itself, for messages without derived keys.
    pub fn own(&self) -> Arc<MessageKey> {
        Arc::clone(&self.0.own)
    }

    /// The derived key, from memory or newly derived.
    pub fn derive(&self, derivation: &Derivation) -> Arc<MessageKey> {
        self.derive_as(derivation.told())
    }

    /// The same as a message tells it.
    pub(crate) fn derive_as(&self, told: Told<'_>) -> Arc<MessageKey> {
        let mut derived = self.0.derived.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, key)) = derived.iter().find(|(known, _)| known.told() == told) {
            return Arc::clone(key);
        }
        let key = Arc::new(MessageKey::derive(self.secret(), told));
        if derived.len() == DERIVED_KEY_CACHE {
            derived.remove(0);
        }
        derived.push((told.into(), Arc::clone(&key)));
        key
    }

    /// Whether both are the same key object or have the same octets (in constant time).
    pub fn same(&self, other: &TokenKey) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || bool::from(subtle::ConstantTimeEq::ct_eq(self.secret(), other.secret()))
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenKey({} octets)", self.secret().len())
    }
}

/// Where a key comes from, which decides what length it must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// It is a token's own: of a length that the suite allows for symmetric keys.
    Token,
    /// It was derived: of exactly the suite's length for its use, since the peer says how it is derived.
    Derived,
}

/// One symmetric key as a message uses it: for a signature, or for encryption. What is computed from it
/// is kept; with another algorithm (a key that serves both, without derived keys) it is computed anew.
///
/// No MAC is computed and nothing decrypted with a key that does not have the suite's length: an empty or short key
/// is one that anybody can guess.
pub struct MessageKey {
    octets: Zeroizing<Vec<u8>>,
    origin: Origin,
    /// Elsewhere, since a key serves for one of the two, and a session that rests keeps all of its keys.
    hmac: OnceLock<Box<(DigestAlgorithm, HmacKey)>>,
    cipher: OnceLock<Box<CipherKey>>,
}

impl MessageKey {
    /// A key of the given octets.
    fn new(octets: Zeroizing<Vec<u8>>, origin: Origin) -> Self {
        Self { octets, origin, hmac: OnceLock::new(), cipher: OnceLock::new() }
    }

    /// A derived key (WS-SecureConversation §7).
    pub(crate) fn derive(secret: &[u8], told: Told<'_>) -> Self {
        let mut octets = Zeroizing::new(vec![0; told.offset + told.length]);
        p_sha1(secret, &[told.label().as_bytes(), told.nonce], &mut octets);
        octets.drain(..told.offset);
        Self::new(octets, Origin::Derived)
    }

    /// The key must have the suite's length for signatures (WS-SecurityPolicy 1.2 §6.1).
    pub(crate) fn check_signing(&self, suite: AlgorithmSuite) -> Result<()> {
        let expected = suite.signature_key_length();
        let fits = match self.origin {
            Origin::Derived => self.octets.len() == expected,
            Origin::Token => suite.allows_symmetric_key_bits(self.octets.len() * 8),
        };
        self.check(fits, "signatures", expected)
    }

    /// The key must have the suite's length for encryption.
    pub(crate) fn check_encryption(&self, suite: AlgorithmSuite) -> Result<()> {
        let expected = suite.encryption_key_length();
        self.check(self.octets.len() == expected, "encryption", expected)
    }

    fn check(&self, fits: bool, purpose: &'static str, expected: usize) -> Result<()> {
        if fits {
            return Ok(());
        }
        let what = match self.origin {
            Origin::Derived => "derived key",
            Origin::Token => "token's key",
        };
        Err(Reason::KeyLength { what, purpose, found: self.octets.len(), expected }.into())
    }

    /// Whether both have the same octets (in constant time).
    pub(crate) fn same(&self, other: &MessageKey) -> bool {
        bool::from(subtle::ConstantTimeEq::ct_eq(self.octets(), other.octets()))
    }

    pub(crate) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// A MAC by the suite's algorithm, of nothing yet.
    ///
    /// # Errors
    /// [`Reason::KeyLength`] for a key that does not have the suite's length.
    pub(crate) fn mac(&self, settings: &SecuritySettings) -> Result<MacSink> {
        self.check_signing(settings.suite)?;
        #[cfg(test)]
        work::begin(work::MAC);
        let algorithm = settings.suite.digest;
        let make = || Box::new((algorithm, HmacKey::new(algorithm, &self.octets)));
        let (known, key) = &**self.hmac.get_or_init(make);
        Ok(MacSink(match *known == algorithm {
            true => key.start(),
            false => HmacKey::new(algorithm, &self.octets).start(),
        }))
    }

    /// The MAC of some octets by the suite's algorithm.
    pub(crate) fn sign(&self, settings: &SecuritySettings, octets: &[u8]) -> Result<DigestValue> {
        let mut mac = self.mac(settings)?;
        mac.0.update(octets);
        Ok(mac.finish())
    }

    /// Encrypts by the suite's algorithm where it is: `octets` are the initialization vector and the plaintext, and then
    /// the vector and the ciphertext.
    pub(crate) fn encrypt_in_place(
        &self,
        settings: &SecuritySettings,
        octets: &mut Vec<u8>,
    ) -> Result<()> {
        self.check_encryption(settings.suite)?;
        let wrong = Reason::Plan("the encryption key does not have the length of the suite's");
        let encrypt = |key: &CipherKey| key.encrypt_in_place(octets).ok();
        Ok(self.with_cipher(settings.suite.cipher, encrypt).ok_or(wrong)?)
    }

    /// Decrypts by the suite's algorithm where it is. The padding is not judged: whoever refuses a message for it does so when
    /// all else was done that a right one brings about.
    ///
    /// # Errors
    /// [`Reason::KeyLength`] for a key that does not have the suite's length, [`Reason::Decryption`] for what is no whole
    /// blocks.
    pub(crate) fn decrypt_in_place<'o>(
        &self,
        settings: &SecuritySettings,
        octets: &'o mut [u8],
    ) -> Result<Decrypted<'o>> {
        self.check_encryption(settings.suite)?;
        let cipher = settings.suite.cipher;
        let decrypted = self.with_cipher(cipher, |key| key.decrypt_in_place(octets));
        Ok(decrypted.ok_or(Reason::Decryption)?)
    }

    fn with_cipher<T>(
        &self,
        cipher: BlockCipher,
        run: impl FnOnce(&CipherKey) -> Option<T>,
    ) -> Option<T> {
        if let Some(key) = self.cipher.get()
            && key.cipher() == cipher
        {
            return run(key);
        }
        let key = Box::new(CipherKey::new(cipher, &self.octets)?);
        run(self.cipher.get_or_init(|| key))
            .filter(|_| self.cipher.get().map(|key| key.cipher()) == Some(cipher))
    }
}

impl fmt::Debug for MessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageKey({} octets)", self.octets.len())
    }
}

/// A MAC that canonical XML can be written into.
pub(crate) struct MacSink(Mac);

impl MacSink {
    pub(crate) fn finish(self) -> DigestValue {
        self.0.finish()
    }
}

impl Sink for MacSink {
    fn write(&mut self, octets: &[u8]) {
        self.0.update(octets);
    }
}

/// A digest by the suite's algorithm that canonical XML can be written into.
pub(crate) struct Digester(Digest);

impl Digester {
    pub(crate) fn new(settings: &SecuritySettings) -> Self {
        #[cfg(test)]
        work::begin(work::DIGEST);
        Self(Digest::new(settings.suite.digest))
    }

    pub(crate) fn digest(settings: &SecuritySettings, octets: &[u8]) -> DigestValue {
        let mut digest = Digest::new(settings.suite.digest);
        digest.update(octets);
        digest.finish()
    }

    pub(crate) fn finish(self) -> DigestValue {
        self.0.finish()
    }
}

impl Sink for Digester {
    fn write(&mut self, octets: &[u8]) {
        self.0.update(octets);
    }
}

/// An RSA signature by the suite's algorithm.
pub(crate) fn sign_with(
    settings: &SecuritySettings,
    key: &PrivateKey,
    octets: &[u8],
) -> Result<Vec<u8>> {
    Ok(key.sign(settings.suite.digest, octets).map_err(Reason::Crypto)?)
}

/// Whether an RSA signature by the suite's algorithm is good.
pub(crate) fn verify_with(
    settings: &SecuritySettings,
    certificate: &Certificate,
    octets: &[u8],
    value: &[u8],
) -> bool {
    certificate.verify(settings.suite.digest, octets, value)
}

/// A key encrypted for a certificate by the suite's algorithm.
pub(crate) fn wrap(
    settings: &SecuritySettings,
    recipient: &Certificate,
    key: &[u8],
) -> Result<Vec<u8>> {
    Ok(recipient.encrypt_key(settings.suite.key_transport, key).map_err(Reason::Crypto)?)
}

/// The key that was encrypted for us. A wrong one comes out when it cannot be decrypted or has a size that
/// the suite does not allow: the signature fails then.
pub(crate) fn unwrap(
    settings: &SecuritySettings,
    key: &PrivateKey,
    encrypted: &[u8],
) -> Zeroizing<Vec<u8>> {
    let length = settings.suite.default_key_length();
    let secret = key.decrypt_key(settings.suite.key_transport, encrypted, length);
    match settings.suite.allows_symmetric_key_bits(secret.len() * 8) {
        true => secret,
        false => key.decrypt_key(settings.suite.key_transport, &[], length),
    }
}

/// The MACs and digests that a thread began: what tests compare where somebody else would have a clock.
#[cfg(test)]
pub(super) mod work {
    use std::cell::Cell;

    pub(in super::super) const MAC: usize = 0;
    pub(in super::super) const DIGEST: usize = 1;

    thread_local! {
        static BEGUN: Cell<[usize; 2]> = const { Cell::new([0; 2]) };
    }

    pub(super) fn begin(what: usize) {
        let mut begun = BEGUN.get();
        begun[what] += 1;
        BEGUN.set(begun);
    }

    /// How many since it was asked the last time.
    pub(in super::super) fn take() -> [usize; 2] {
        BEGUN.take()
    }
}
