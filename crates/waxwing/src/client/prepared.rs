//! What the channels of a factory take from certificate files: read once, not for every channel.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use waxwing_crypto::Certificate;
use waxwing_security::conversation::ClientOptions;

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

/// What was read last, with what the files looked like before. Clones remember together.
#[derive(Clone, Default)]
pub(super) struct Prepared {
    last: Arc<Mutex<Last>>,
}

/// What the files looked like, and what they said.
type Last = Option<(Fingerprint, Arc<Read>)>;

impl Prepared {
    fn lock(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was read last; reads when nothing was.
    ///
    /// # Errors
    /// Those of `read`.
    pub(super) fn last<E>(
        &self,
        stores: &CertificateStores,
        read: impl FnOnce() -> Result<Read, E>,
    ) -> Result<Arc<Read>, E> {
        if let Some((_, last)) = &*self.lock() {
            return Ok(Arc::clone(last));
        }
        self.read(stores.fingerprint(), read)
    }

    /// Reads again when a file has changed, or nothing was read. Blocks.
    ///
    /// # Errors
    /// Those of `read`.
    pub(super) fn refresh<E>(
        &self,
        stores: &CertificateStores,
        read: impl FnOnce() -> Result<Read, E>,
    ) -> Result<(), E> {
        let now = stores.fingerprint();
        let is_fresh = matches!(&*self.lock(), Some((then, _)) if *then == now);
        if is_fresh { Ok(()) } else { self.read(now, read).map(drop) }
    }

    /// Nobody waits under the lock for a file.
    fn read<E>(
        &self,
        files: Fingerprint,
        read: impl FnOnce() -> Result<Read, E>,
    ) -> Result<Arc<Read>, E> {
        let read = Arc::new(read()?);
        *self.lock() = Some((files, Arc::clone(&read)));
        Ok(read)
    }
}
