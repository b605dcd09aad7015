//! What may be set, and what is limited.

use std::path::PathBuf;
use std::time::Duration;

use waxwing_binding::ProxySettings;

/// How long a connection may take.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long everything may take that one verdict waits for: as in Windows. A rule has
/// [`VERDICT_TIMEOUT`](crate::security::VERDICT_TIMEOUT) altogether.
pub const ALTOGETHER: Duration = Duration::from_secs(20);
/// How many fetches are under way at once; others wait for their turn.
pub const MAX_FETCHES: usize = 8;
/// The most octets of an OCSP answer: most have two thousand.
pub const MAX_OCSP: usize = 64 << 10;
/// The most octets of a revocation list: some hundred thousand entries.
pub const MAX_LIST: usize = 10 << 20;
/// The most octets of lists in memory altogether; those that were not used for longest go first.
pub const MAX_LISTS_IN_MEMORY: usize = 64 << 20;
/// The most octets of files in the cache folder; the oldest go first.
pub const MAX_LISTS_IN_FOLDER: u64 = 256 << 20;
/// How long a fetch that failed is not tried again.
pub const FAILURE_KEPT: Duration = Duration::from_secs(60);

/// How revocation is asked about.
#[derive(Debug, Clone, PartialEq)]
pub struct RevocationOptions {
    pub(super) folder: Option<PathBuf>,
    pub(super) timeout: Duration,
    pub(super) proxy: ProxySettings,
}

impl Default for RevocationOptions {
    /// 10 seconds for a fetch; what was fetched is kept in `waxwing/revocation` below the user's folder for caches
    /// (`XDG_CACHE_HOME` or `~/.cache`, `~/Library/Caches`, `%LOCALAPPDATA%`), where the environment names one; through the
    /// proxy of the environment (`HTTP_PROXY`, `NO_PROXY`), if there is one.
    fn default() -> Self {
        let (folder, timeout) = (cache_folder(), Duration::from_secs(10));
        Self { folder, timeout, proxy: ProxySettings::default() }
    }
}

impl RevocationOptions {
    /// The same, keeping what was fetched in this folder. It is made when it is needed.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// The same, keeping what was fetched in memory only.
    #[must_use]
    pub fn in_memory(mut self) -> Self {
        self.folder = None;
        self
    }

    /// The same, giving a fetch so long, its connection included ([`ALTOGETHER`] at most).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.min(ALTOGETHER);
        self
    }

    /// The same, through the proxy that these settings name.
    #[must_use]
    pub fn proxy(mut self, settings: ProxySettings) -> Self {
        self.proxy = settings;
        self
    }
}

/// The folder for caches, as the platform has it.
fn cache_folder() -> Option<PathBuf> {
    let named = |variable| {
        std::env::var_os(variable).map(PathBuf::from).filter(|folder| folder.is_absolute())
    };
    let caches = if cfg!(windows) {
        named("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        named("HOME").map(|home| home.join("Library/Caches"))
    } else {
        named("XDG_CACHE_HOME").or_else(|| named("HOME").map(|home| home.join(".cache")))
    };
    caches.map(|folder| folder.join("waxwing").join("revocation"))
}
