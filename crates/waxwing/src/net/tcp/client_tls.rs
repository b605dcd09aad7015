//! TLS of a client's sessions: the upgrade `application/ssl-tls`, and whom it trusts.

use std::pin::Pin;
use std::sync::Arc;

use openssl::ssl::{SslConnector, SslVerifyMode};
use tokio_openssl::SslStream;
use waxwing_crypto::https::{self, TlsProfile};
use waxwing_crypto::{Certificate, CryptoError, Identity};
use waxwing_session::{TransportCause, TransportFailure};

use super::socket::{Socket, Wire};
use crate::net::trust::{Decision, Distrust, Made, ServerTrust, advice};

/// TLS as a client's sessions have it: one certificate, one way to trust. Whoever has other ones gets another dialer.
#[derive(Clone)]
pub(crate) struct TcpTls {
    connector: SslConnector,
    trust: Arc<dyn ServerTrust>,
    profile: Arc<TlsProfile>,
    /// Whether there is a certificate to be shown.
    shows: bool,
}

/// Why a handshake came to nothing.
pub(super) enum NotShaken {
    /// There is no session.
    Failed(TransportFailure),
    /// The rule has to be asked about these before the client's own certificate is shown: then it begins again.
    Postponed(Vec<Certificate>),
}

impl TcpTls {
    /// By these settings; `identity` is shown to servers that ask for it.
    ///
    /// # Errors
    /// The library refuses certificate, key, versions or suites.
    pub(crate) fn new(
        profile: TlsProfile,
        identity: Option<&Identity>,
        trust: Arc<dyn ServerTrust>,
    ) -> Result<Self, CryptoError> {
        let connector = https::client(&profile, identity)?.build();
        Ok(Self { connector, trust, profile: Arc::new(profile), shows: identity.is_some() })
    }

    /// Shakes hands for `host`; `approved` is the certificate that the rule has said yes to a moment ago. No name is sent
    /// (SNI): WCF's client sends none.
    pub(super) async fn shake(
        &self,
        socket: Socket,
        host: &Arc<str>,
        approved: Option<Certificate>,
    ) -> Result<Wire, NotShaken> {
        let decision =
            Decision::new(Arc::clone(&self.trust), Arc::clone(host), self.shows, approved);
        let decision = Arc::new(decision);
        let failed = |error: openssl::error::ErrorStack| {
            let reason = format!("TLS cannot begin: {error}");
            NotShaken::Failed(TransportFailure { cause: TransportCause::Tls, reason })
        };
        let mut stream = self.stream(socket.clone(), &decision).map_err(failed)?;
        let shaken = Pin::new(&mut stream).connect().await;
        let made = decision.take();
        if let Err(error) = shaken {
            return Err(match made {
                Made::Refused(distrust) => NotShaken::Failed(distrusted(host, distrust)),
                Made::Postponed(shown) => NotShaken::Postponed(shown),
                Made::Nothing | Made::Trusted | Made::Later => {
                    NotShaken::Failed(self.words(&error))
                }
            });
        }
        if !matches!(made, Made::Trusted) {
            let shown = https::shown(stream.ssl());
            self.ask(&shown, host).await.map_err(NotShaken::Failed)?;
        }
        Ok(Wire::tls(stream, socket))
    }

    fn stream(
        &self,
        socket: Socket,
        decision: &Arc<Decision>,
    ) -> Result<SslStream<Socket>, openssl::error::ErrorStack> {
        let mut config = self.connector.configure()?;
        // Names are compared with all the rest of the certificate, not by the library alone.
        config.set_verify_hostname(false);
        config.set_use_server_name_indication(false);
        let decision = Arc::clone(decision);
        config.set_verify_callback(SslVerifyMode::PEER, move |_, context| {
            decision.is_to_go_on(|| https::being_shown(context))
        });
        let host = "";
        SslStream::new(config.into_ssl(host)?, socket)
    }

    /// Asks who decides.
    pub(super) async fn ask(
        &self,
        shown: &[Certificate],
        host: &Arc<str>,
    ) -> Result<(), TransportFailure> {
        if shown.is_empty() {
            let text = "the server showed no certificate".to_owned();
            return Err(distrusted(host, Distrust::Certificate(text)));
        }
        let verdict = match self.trust.quick(shown, host) {
            Some(verdict) => verdict,
            None => self.trust.ask(shown, host).await,
        };
        verdict.map_err(|distrust| distrusted(host, distrust))
    }

    fn words(&self, error: &openssl::ssl::Error) -> TransportFailure {
        let words = https::words(error);
        let reason = match error.io_error() {
            Some(io) => format!(
                "Transport security negotiation failed due to an underlying IO error: {io}. Does the service refuse the \
                 client's certificate, or want one?"
            ),
            None => format!(
                "The transport security negotiation failed: {}",
                advice(&words, &self.profile)
            ),
        };
        TransportFailure { cause: TransportCause::Tls, reason }
    }
}

/// The session's own words for a server that is not trusted.
fn distrusted(host: &str, distrust: Distrust) -> TransportFailure {
    let reason = match distrust {
        Distrust::Certificate(text) => {
            format!("The certificate that {host} shows for net.tcp is not trusted: {text}")
        }
        Distrust::Identity(text) => text,
    };
    TransportFailure { cause: TransportCause::Untrusted, reason }
}
