//! Whom a client's connections trust: what a server shows in a TLS handshake is judged before anything of the client goes over
//! the connection, its own certificate included.

use std::sync::{Arc, Mutex, PoisonError};

use waxwing_crypto::Certificate;
use waxwing_crypto::https::TlsProfile;

use crate::future::BoxFuture;

/// Decides whether a server is trusted, by the certificates that it has shown (its own first) and the host that was asked.
pub(crate) trait ServerTrust: Send + Sync {
    /// The verdict, where it only has to be computed; none where somebody must be asked.
    fn quick(&self, shown: &[Certificate], host: &str) -> Option<Result<(), Distrust>>;

    /// The verdict, which may take its time.
    fn ask<'a>(
        &'a self,
        shown: &'a [Certificate],
        host: &'a str,
    ) -> BoxFuture<'a, Result<(), Distrust>>;
}

/// Why a server is not trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Distrust {
    /// Its certificate is not: why, and what to do.
    Certificate(String),
    /// It is not the one that the endpoint's identity pins: the whole text.
    Identity(String),
}

/// What one handshake is judged by, and what came of it.
pub(super) struct Decision {
    trust: Arc<dyn ServerTrust>,
    host: Arc<str>,
    shows: bool,
    /// What the rule has said of this certificate a moment ago.
    approved: Option<Certificate>,
    made: Mutex<Made>,
}

#[derive(Default)]
pub(super) enum Made {
    #[default]
    Nothing,
    Trusted,
    /// The rule is asked when the handshake is over: nothing of the client goes out before.
    Later,
    /// The rule is asked, and the handshake begun again: it would show the client's certificate.
    Postponed(Vec<Certificate>),
    Refused(Distrust),
}

impl Decision {
    /// By `trust` for this host; `shows` when a certificate of the client's would be shown, `approved` what the rule has said
    /// yes to a moment ago.
    pub(super) fn new(
        trust: Arc<dyn ServerTrust>,
        host: Arc<str>,
        shows: bool,
        approved: Option<Certificate>,
    ) -> Self {
        Self { trust, host, shows, approved, made: Mutex::default() }
    }

    /// The host that is asked.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// What came of it; nothing from then on.
    pub(super) fn take(&self) -> Made {
        std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the handshake goes on. Asked for every certificate of a chain; the first time decides.
    pub(super) fn is_to_go_on(&self, shown: impl FnOnce() -> Vec<Certificate>) -> bool {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*made, Made::Nothing) {
            *made = self.of(shown());
        }
        matches!(*made, Made::Trusted | Made::Later)
    }

    fn of(&self, shown: Vec<Certificate>) -> Made {
        if shown.is_empty() {
            let text = "the server's certificate cannot be read".to_owned();
            return Made::Refused(Distrust::Certificate(text));
        }
        match self.trust.quick(&shown, &self.host) {
            Some(Ok(())) => Made::Trusted,
            Some(Err(distrust)) => Made::Refused(distrust),
            None if self.approved.as_ref() == shown.first() => Made::Trusted,
            None if self.shows => Made::Postponed(shown),
            None => Made::Later,
        }
    }
}

/// The library's words, with what to do.
pub(super) fn advice(words: &str, profile: &TlsProfile) -> String {
    let has = |part: &str| words.contains(part);
    if has("wrong version number") || has("packet length too long") || has("http request") {
        return format!(
            "what listens there does not speak TLS; is it an address for http://? ({words})"
        );
    }
    if has("protocol version") || has("unsupported protocol") || has("no protocols") {
        let (oldest, newest) = (profile.versions.start(), profile.versions.end());
        return format!(
            "the two sides have no version of TLS in common, and this one speaks {oldest} to {newest}: update the other \
             one, or name older versions (oldestVersion of <https> in the section <waxwing>, or ChannelFactory::tls_versions) ({words})"
        );
    }
    if has("handshake failure") || has("no shared cipher") {
        return format!(
            "the two sides have no cipher suite in common, or the server wants a certificate of the client ({words})"
        );
    }
    if has("certificate") || has("unknown ca") || has("access denied") {
        return format!(
            "the server does not take the client's certificate, or wants one ({words})"
        );
    }
    words.to_owned()
}
