//! The keys under which a service seals security contexts that it does not remember: given in code, read of a file, or the
//! process's own.

use std::sync::OnceLock;

use waxwing_binding::EffectiveEndpoint;
use waxwing_security::conversation::CookieKeys;

use super::error::{HostError, incomplete};
use crate::cookie_keys::CookieKeyFile;
use crate::environment::SystemRandom;

/// How many seconds pass between two looks at the file.
pub(super) const SECONDS_BETWEEN_LOOKS: u32 = 5;

/// Where the keys of a service come from. All its endpoints have the same.
#[derive(Default)]
pub(super) struct Cookies {
    file: Option<CookieKeyFile>,
    keys: OnceLock<CookieKeys>,
}

/// A file that is looked at again and again, and the keys that follow it.
#[derive(Clone)]
pub(super) struct WatchedKeys {
    file: CookieKeyFile,
    keys: CookieKeys,
}

impl Cookies {
    /// Of a file, if there is one.
    pub(super) fn of_file(file: Option<CookieKeyFile>) -> Self {
        Self { file, keys: OnceLock::new() }
    }

    /// Given in code.
    pub(super) fn given(keys: CookieKeys) -> Self {
        Self { file: None, keys: OnceLock::from(keys) }
    }

    /// Whether the next process has the same keys.
    pub(super) fn outlive(&self) -> bool {
        self.file.is_some() || self.keys.get().is_some()
    }

    /// The keys, for an endpoint that needs some.
    ///
    /// # Errors
    /// The file cannot be used.
    pub(super) fn of(&self, endpoint: &EffectiveEndpoint) -> Result<Option<CookieKeys>, HostError> {
        if !endpoint.security.as_ref().is_some_and(|security| security.has_cookies()) {
            return Ok(None);
        }
        if let Some(keys) = self.keys.get() {
            return Ok(Some(keys.clone()));
        }
        let keys = match &self.file {
            Some(file) => {
                let ring = file.read();
                let ring = ring.map_err(|e| incomplete(&endpoint.address, e.to_string()))?;
                let (keys, seals) = (ring.len(), ring.first().id());
                tracing::info!(address = endpoint.address, keys, %seals, "cookie keys");
                CookieKeys::new(ring)
            }
            None => {
                tracing::info!(
                    address = endpoint.address,
                    "security contexts are sealed under a key of this process alone: its clients need others when it starts \
                     again, and no other process takes them (give <cookies keyFile=\"…\"/> in the section <waxwing>, or \
                     ServiceHostBuilder::cookie_keys)"
                );
                CookieKeys::of_this_process(&mut SystemRandom)
            }
        };
        Ok(Some(self.keys.get_or_init(|| keys).clone()))
    }

    /// What is to be watched: keys that are in use and come of a file.
    pub(super) fn watched(&self) -> Option<WatchedKeys> {
        let (file, keys) = (self.file.clone()?, self.keys.get()?.clone());
        Some(WatchedKeys { file, keys })
    }
}

impl WatchedKeys {
    /// Takes other keys when the file has others. It reads a file.
    pub(super) fn look(&self) {
        self.file.look(&self.keys);
    }
}
