//! The tokens that a message is protected with.

use std::fmt;
use std::sync::Arc;

use waxwing_crypto::Certificate;
use waxwing_soap::RandomSource;
use zeroize::Zeroizing;

use super::key::{Derivation, MessageKey, TokenKey};
use super::{Dialect, IdSource, SecuritySettings};
use crate::error::Result;

/// A security context token together with its key (WS-SecureConversation §3).
#[derive(Debug, Clone)]
pub struct ContextToken {
    /// The dialect of the element.
    pub dialect: Dialect,
    /// The context's identifier, an absolute URI.
    pub identifier: Box<str>,
    /// The generation of the key (`Instance`), present after a renewal.
    pub instance: Option<Box<str>>,
    /// The `u:Id` of the token element.
    pub id: Box<str>,
    /// The token element as the issuer wrote it, self-contained. Messages repeat it octet for octet.
    pub element: Box<str>,
    /// The key.
    pub key: TokenKey,
}

/// Whether a message carries the context token or refers to it by its URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenPlacement {
    /// The token is in the Security header; derived keys refer to its `u:Id`. Requests do this.
    Attached,
    /// The token is not in the message; derived keys refer to its URI. Replies do this.
    External,
}

/// A derived key token as it is written: its identifier, nonce and key.
#[derive(Debug, Clone)]
pub struct DerivedKeyToken {
    /// The `u:Id`.
    pub id: Box<str>,
    /// How the key is derived from its base token.
    pub derivation: Derivation,
}

/// The keys of one direction of a session: two derived keys that all messages of that direction
/// share (WS-SecureConversation §7), or the context's own key without derived keys.
#[derive(Debug, Clone)]
pub struct SessionKeys {
    pub(crate) token: ContextToken,
    pub(crate) placement: TokenPlacement,
    pub(crate) derived: Option<(DerivedKeyToken, DerivedKeyToken)>,
}

impl SessionKeys {
    /// Makes the derived keys for one direction: nonces from `random`, identifiers from `ids` (the
    /// signing key's first). Nothing is derived when `settings.derived_keys` is off.
    pub fn new(
        token: ContextToken,
        placement: TokenPlacement,
        settings: &SecuritySettings,
        random: &mut dyn RandomSource,
        ids: &mut dyn IdSource,
    ) -> Self {
        let mut derived = |length: usize| DerivedKeyToken {
            id: ids.next_id().into(),
            derivation: Derivation::with_random_nonce(length, random),
        };
        let derived = settings.derived_keys.then(|| {
            let signing = derived(settings.suite.signature_key_length());
            (signing, derived(settings.suite.encryption_key_length()))
        });
        Self { token, placement, derived }
    }

    /// The keys of a session with the given derived key tokens (signing, encryption), as when a
    /// recorded message is built again.
    pub fn with_derived(
        token: ContextToken,
        placement: TokenPlacement,
        signing: DerivedKeyToken,
        encryption: DerivedKeyToken,
    ) -> Self {
        Self { token, placement, derived: Some((signing, encryption)) }
    }

    /// The derived key that messages are signed with.
    pub(crate) fn signing_key(&self) -> Option<Arc<MessageKey>> {
        let (signing, _) = self.derived.as_ref()?;
        Some(self.token.key.derive(&signing.derivation))
    }

    /// The context token.
    pub fn token(&self) -> &ContextToken {
        &self.token
    }
}

/// A key encrypted for the recipient's certificate (XML Encryption §3.5.1), made by the sender of a
/// request.
#[derive(Debug, Clone)]
pub struct EncryptedKeyToken {
    pub(crate) id: Box<str>,
    pub(crate) key: TokenKey,
    pub(crate) cipher_value: Vec<u8>,
    pub(crate) recipient_thumbprint: Vec<u8>,
}

impl EncryptedKeyToken {
    /// Draws a key of the suite's length and encrypts it for `recipient`.
    ///
    /// # Errors
    /// When the certificate's key cannot encrypt.
    pub fn generate(
        settings: &SecuritySettings,
        recipient: &Certificate,
        random: &mut dyn RandomSource,
        ids: &mut dyn IdSource,
    ) -> Result<Self> {
        let mut secret = Zeroizing::new(vec![0; settings.suite.default_key_length()]);
        random.fill(&mut secret);
        let cipher_value = super::key::wrap(settings, recipient, &secret)?;
        Ok(Self::from_parts(ids.next_id(), TokenKey::new(secret), cipher_value, recipient))
    }

    /// A token from its parts, as when a recorded message is built again.
    pub fn from_parts(
        id: impl Into<Box<str>>,
        key: TokenKey,
        cipher_value: Vec<u8>,
        recipient: &Certificate,
    ) -> Self {
        let recipient_thumbprint = recipient.thumbprint().to_vec();
        Self { id: id.into(), key, cipher_value, recipient_thumbprint }
    }

    /// What the reply will refer to.
    pub fn reference(&self) -> EncryptedKeyReference {
        EncryptedKeyReference::new(self.key.clone(), &self.cipher_value)
    }
}

/// An encrypted key of the request, as its reply refers to it (WS-Security 1.1 §7.7:
/// `EncryptedKeySHA1`).
#[derive(Debug, Clone)]
pub struct EncryptedKeyReference {
    pub(crate) key: TokenKey,
    pub(crate) sha1: [u8; 20],
}

impl EncryptedKeyReference {
    /// The reference to the key whose encrypted octets are `cipher_value`.
    pub fn new(key: TokenKey, cipher_value: &[u8]) -> Self {
        Self { key, sha1: super::key::sha1(cipher_value) }
    }

    /// The key.
    pub fn key(&self) -> &TokenKey {
        &self.key
    }

    /// SHA-1 of the octets of the encrypted key.
    pub fn sha1(&self) -> &[u8; 20] {
        &self.sha1
    }
}

/// A user name and password (Username Token Profile 1.0 §3), sent signed and encrypted.
#[derive(Clone)]
pub struct UsernameCredential {
    /// The `u:Id` of the token.
    pub id: Box<str>,
    /// The user name.
    pub username: Box<str>,
    /// The password in clear; without one the element is left out.
    pub password: Option<Zeroizing<String>>,
}

impl fmt::Debug for UsernameCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsernameCredential")
            .field("id", &self.id)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// A signature of a message that was sent or received: what a SignatureConfirmation repeats
/// (WS-Security 1.1 §8.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentSignature {
    /// The signature value.
    pub value: Vec<u8>,
    /// Whether the signature was encrypted.
    pub encrypted: bool,
}
