//! The keys that cookies are sealed under.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use waxwing_crypto::{KeyRing, SealingKey};
use waxwing_soap::RandomSource;
use zeroize::Zeroizing;

/// The keys under which a service seals what it does not want to remember of a security context, as its owner holds them:
/// clones are the same keys. Processes that have the same ring open each other's cookies.
///
/// Whoever has a key of the ring can make contexts for any caller. It belongs where the private key of the service's
/// certificate belongs.
#[derive(Clone)]
pub struct CookieKeys(Arc<RwLock<Arc<KeyRing>>>);

impl CookieKeys {
    /// These keys: the first seals, all open.
    pub fn new(ring: KeyRing) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(ring))))
    }

    /// A key of this process alone: cookies are good until it ends.
    pub fn of_this_process(random: &mut dyn RandomSource) -> Self {
        let mut octets = Zeroizing::new([0; SealingKey::LENGTH]);
        random.fill(&mut octets[..]);
        Self::new(KeyRing::new(SealingKey::new(octets)))
    }

    /// Other keys from now on. What was sealed under a key that is not among them is refused at once, also what was opened
    /// and remembered.
    pub fn replace(&self, ring: KeyRing) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }

    /// The keys that are in use now.
    pub fn current(&self) -> Arc<KeyRing> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for CookieKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CookieKeys({:?})", self.current())
    }
}
