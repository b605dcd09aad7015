//! TLS of a service's ports: the certificate that is shown, which may be another one later.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use openssl::error::ErrorStack;
use openssl::ssl::{Ssl, SslContext};
use waxwing_crypto::{Certificate, Usage};
use waxwing_security::conversation::CertificateEvidence;

use super::caller::TransportCaller;

/// How a service speaks TLS at an address: versions, certificate, whether clients are asked for theirs. Clones are one, and
/// have one certificate, which is replaced in all of them when its file changes.
#[derive(Clone)]
pub struct ServiceTls(Arc<Inner>);

struct Inner {
    context: RwLock<SslContext>,
    is_asking: bool,
    /// Where everything comes from: endpoints that share a port must have it the same.
    origin: String,
    told: Box<Told>,
}

/// Hears of a handshake that failed: whose, and why.
type Told = dyn Fn(SocketAddr, &str) + Send + Sync;

impl ServiceTls {
    /// With this certificate and these settings; `told` hears of handshakes that fail.
    pub(crate) fn new(
        origin: String,
        context: SslContext,
        is_asking: bool,
        told: impl Fn(SocketAddr, &str) + Send + Sync + 'static,
    ) -> Self {
        let (context, told) = (RwLock::new(context), Box::new(told));
        Self(Arc::new(Inner { context, is_asking, origin, told }))
    }

    /// Connections that begin from now on are shown another certificate.
    pub(crate) fn replace(&self, context: SslContext) {
        *self.0.context.write().unwrap_or_else(PoisonError::into_inner) = context;
    }

    /// Whether clients are asked for their certificate. They may come without: what that means is decided with the message.
    pub(crate) fn is_asking(&self) -> bool {
        self.0.is_asking
    }

    /// Whether both show one certificate in one way.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.0.origin == other.0.origin
    }

    /// A connection that is to be shaken hands with.
    pub(super) fn connection(&self) -> Result<Ssl, ErrorStack> {
        Ssl::new(&self.0.context.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A handshake failed.
    pub(super) fn failed(&self, peer: SocketAddr, why: &str) {
        (self.0.told)(peer, why);
    }
}

/// Who has shown these.
pub(super) fn caller(mut shown: Vec<Certificate>) -> TransportCaller {
    if shown.is_empty() {
        return TransportCaller::Anonymous;
    }
    let certificate = shown.remove(0);
    let evidence = CertificateEvidence { certificate, chain: shown, usage: Usage::Client };
    TransportCaller::Certificate(Box::new(evidence))
}

/// The library's words about a handshake that failed, with what they mean.
pub(super) fn advice(words: &str) -> String {
    let has = |part: &str| words.contains(part);
    let meaning = if has("unsupported protocol")
        || has("protocol version")
        || has("version too low")
    {
        "the client speaks no version of TLS that is allowed here (oldestVersion of <https> in the section <waxwing>)"
    } else if has("no shared cipher") {
        "the client has no cipher suite in common with this service"
    } else if has("alert") && (has("certificate") || has("unknown ca")) {
        "the client refuses the service's certificate: it does not trust who issued it, it has expired, or it is of another host; which of them, the client's error says"
    } else {
        "the TLS handshake failed"
    };
    format!("{meaning} ({words})")
}

impl std::fmt::Debug for ServiceTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceTls").field("is_asking", &self.0.is_asking).finish_non_exhaustive()
    }
}
