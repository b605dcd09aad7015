//! What the channels of a factory take from certificate files: read once, not for every channel.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use waxwing_crypto::Certificate;
use waxwing_security::conversation::ClientOptions;
use waxwing_session::Time;

use crate::authentication::TrustRule;
use crate::certificates::{CertificateStores, Fingerprint};
use crate::net::{HttpCredentials, HttpTransport, LinkDialer};

/// What was read.
pub(super) struct Read {
    pub(super) options: ClientOptions,
    /// The client's own certificate, in messages or for TLS.
    pub(super) own_certificate: Option<Certificate>,
    /// Who decides about the service; none without security.
    pub(super) trust: Option<TrustRule>,
    /// Who the client is to HTTP, where the binding says that it says so there. The channels of a factory remember together
    /// where it was asked.
    pub(super) http: Option<Arc<HttpCredentials>>,
    /// What messages go over, with this certificate, this trust, this proxy; none where the program gives something else.
    pub(super) transport: Option<Arc<HttpTransport>>,
    /// What makes links, where the binding has them: net.tcp with the connections that are kept, WebSockets.
    pub(super) dialer: Option<Arc<dyn LinkDialer>>,
}

/// How long a look at the files is good for: whoever opens many sessions looks once a second. A look takes as long as three
/// messages.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// What was read last, with what the files looked like before. Clones remember together.
#[derive(Clone, Default)]
pub(super) struct Prepared {
    last: Arc<Mutex<Option<Last>>>,
}

/// What the files looked like, and what they said.
struct Last {
    files: Fingerprint,
    read: Arc<Read>,
    /// When they were looked at last.
    looked: Time,
}

impl Prepared {
    fn lock(&self) -> MutexGuard<'_, Option<Last>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was read last; reads when nothing was.
    ///
    /// # Errors
    /// Those of `read`.
    pub(super) fn last<E>(
        &self,
        stores: &CertificateStores,
        now: Time,
        read: impl FnOnce() -> Result<Read, E>,
    ) -> Result<Arc<Read>, E> {
        if let Some(last) = &*self.lock() {
            return Ok(Arc::clone(&last.read));
        }
        self.read(stores.fingerprint(), now, read)
    }

    /// Whether the files were looked at a moment ago.
    pub(super) fn is_fresh(&self, now: Time) -> bool {
        self.lock().as_ref().is_some_and(|last| now < last.looked + GOOD_FOR)
    }

    /// Reads again when a file has changed, or nothing was read. Blocks. `now` is before that.
    ///
    /// # Errors
    /// Those of `read`.
    pub(super) fn refresh<E>(
        &self,
        stores: &CertificateStores,
        now: Time,
        read: impl FnOnce() -> Result<Read, E>,
    ) -> Result<(), E> {
        let files = stores.fingerprint();
        match &mut *self.lock() {
            Some(last) if last.files == files => {
                last.looked = last.looked.max(now);
                return Ok(());
            }
            _ => {}
        }
        self.read(files, now, read).map(drop)
    }

    /// Nobody waits under the lock for a file.
    fn read<E>(
        &self,
        files: Fingerprint,
        now: Time,
        read: impl FnOnce() -> Result<Read, E>,
    ) -> Result<Arc<Read>, E> {
        let read = Arc::new(read()?);
        *self.lock() = Some(Last { files, read: Arc::clone(&read), looked: now });
        Ok(read)
    }
}
