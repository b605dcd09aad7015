//! Symmetric keys of tokens and what is derived from them (WS-SecureConversation §7).

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use waxwing_crypto::Certificate;
use waxwing_soap::RandomSource;
use zeroize::Zeroizing;

use super::SecuritySettings;
use crate::error::{Reason, Result};

/// How many derived keys a token remembers: the two of each direction of a session, and as many again
/// for peers that change them, before the oldest is forgotten.
const DERIVED_KEY_CACHE: usize = 8;

/// The label of a derived key without a `Label` element (WS-SecureConversation §7: client label and
/// service label, both of which default to `WS-SecureConversation`).
pub(crate) const DEFAULT_LABEL: &str = "WS-SecureConversationWS-SecureConversation";

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

impl Derivation {
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
        let own = Arc::new(MessageKey::new(secret.into()));
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
        let mut derived = self.0.derived.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, key)) = derived.iter().find(|(d, _)| d == derivation) {
            return Arc::clone(key);
        }
        let key = Arc::new(MessageKey::derive(self.secret(), derivation));
        if derived.len() == DERIVED_KEY_CACHE {
            derived.remove(0);
        }
        derived.push((derivation.clone(), Arc::clone(&key)));
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
