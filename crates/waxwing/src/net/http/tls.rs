//! TLS of a client's connections: who the server is, decided before anything goes over the connection, and before the
//! client's own certificate is shown to anybody.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use hyper::rt::{Read, Write};
use hyper_openssl::client::legacy::{HttpsLayer, MaybeHttpsStream};
use hyper_util::client::legacy::connect::Connection;
use hyper_util::rt::TokioIo;
use openssl::ssl::{ErrorCode, SslVerifyMode};
use tokio::net::TcpStream;
use tower_layer::Layer;
use tower_service::Service;
use waxwing_crypto::https::{self, TlsProfile};
use waxwing_crypto::{CryptoError, Identity};

use super::socket::{Below, BelowTls};
use crate::net::trust::{Decision, Distrust, Made, ServerTrust, advice};

/// How long a handshake may take when nobody waits for it any more, WCF's time to open a channel.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(60);
/// How often a connection is begun to a server whose rule has to be asked: another one may answer under the same name.
const ATTEMPTS: usize = 3;

/// What connections run over before TLS.
pub(super) type Tcp = TokioIo<TcpStream>;
/// A connection with TLS or without, over what `C` connects with.
type Stream<C> = MaybeHttpsStream<Below<<C as Service<Uri>>::Response>>;
type BoxError = Box<dyn StdError + Send + Sync>;

/// TLS as a client's connections have it: one certificate, one way to trust. Whoever has other ones gets other connections.
#[derive(Clone)]
pub(crate) struct ClientTls {
    layer: Arc<HttpsLayer>,
    trust: Arc<dyn ServerTrust>,
    profile: Arc<TlsProfile>,
    /// Whether there is a certificate to be shown.
    shows: bool,
}

impl ClientTls {
    /// By these settings; `identity` is shown to servers that ask for it.
    ///
    /// # Errors
    /// The library refuses certificate, key, versions or suites.
    pub(crate) fn new(
        profile: TlsProfile,
        identity: Option<&Identity>,
        trust: Arc<dyn ServerTrust>,
    ) -> Result<Self, CryptoError> {
        let builder = https::client(&profile, identity)?;
        let layer = HttpsLayer::with_connector(builder).map_err(|error| {
            CryptoError::Operation { what: "setting up TLS", reason: error.to_string() }
        })?;
        let shows = identity.is_some();
        Ok(Self { layer: Arc::new(layer), trust, profile: Arc::new(profile), shows })
    }

    /// A connection to the host of `uri`, over what `below` connects with.
    pub(super) async fn connect<C>(self, below: C, uri: Uri) -> Result<Stream<C>, BoxError>
    where
        C: Service<Uri, Future: Send, Error: Into<BoxError>> + Clone + Send + 'static,
        C::Response: Read + Write + Connection + Unpin + Send + 'static,
        C::Future: 'static,
    {
        let host = uri.host().unwrap_or_default();
        let host: Arc<str> = host.trim_start_matches('[').trim_end_matches(']').into();
        let failed = |reason| -> BoxError { Box::new(TlsError::new(&uri, reason)) };
        let mut approved = None;
        for _ in 0..ATTEMPTS {
            let decision = Arc::new(Decision::new(
                Arc::clone(&self.trust),
                Arc::clone(&host),
                self.shows,
                approved.take(),
            ));
            match self.attempt(below.clone(), &uri, &decision).await {
                Ok(stream) => return self.judged(stream, &decision).await.map_err(failed),
                Err(error) => match decision.take() {
                    Made::Refused(distrust) => return Err(failed(Reason::Distrust(distrust))),
                    Made::Postponed(shown) => {
                        let verdict = self.trust.ask(&shown, &host).await;
                        verdict.map_err(|distrust| failed(Reason::Distrust(distrust)))?;
                        approved = shown.into_iter().next();
                    }
                    Made::Nothing | Made::Trusted | Made::Later => {
                        return Err(self.words(error).map_or_else(|error| error, failed));
                    }
                },
            }
        }
        let text = "each of several connections brought another certificate".to_owned();
        Err(failed(Reason::Channel(text)))
    }

    /// One handshake.
    async fn attempt<C>(
        &self,
        below: C,
        uri: &Uri,
        decision: &Arc<Decision>,
    ) -> Result<Stream<C>, BoxError>
    where
        C: Service<Uri, Future: Send, Error: Into<BoxError>> + Clone + Send + 'static,
        C::Response: Read + Write + Connection + Unpin + Send + 'static,
        C::Future: 'static,
    {
        let mut connector = self.layer.layer(BelowTls(below));
        let decision = Arc::clone(decision);
        connector.set_callback(move |config, _| {
            // Names are compared with all the rest of the certificate, not by the library alone.
            config.set_verify_hostname(false);
            if decision.host().parse::<std::net::IpAddr>().is_ok() {
                config.set_use_server_name_indication(false);
            }
            let decision = Arc::clone(&decision);
            config.set_verify_callback(SslVerifyMode::PEER, move |_, context| {
                decision.is_to_go_on(|| https::being_shown(context))
            });
            Ok(())
        });
        let connected = connector.call(uri.clone());
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, connected).await {
            Ok(connected) => connected,
            Err(_) => {
                let text = format!("the handshake took longer than {HANDSHAKE_TIMEOUT:?}");
                Err(Box::new(TlsError::new(uri, Reason::Channel(text))))
            }
        }
    }

    /// What the handshake left open: a rule that has to be asked, and a session that was resumed, whose certificate was
    /// not shown again.
    async fn judged<S>(
        &self,
        stream: MaybeHttpsStream<S>,
        decision: &Decision,
    ) -> Result<MaybeHttpsStream<S>, Reason> {
        let (shown, reused) = match &stream {
            MaybeHttpsStream::Https(stream) => {
                (https::shown(stream.ssl()), stream.ssl().session_reused())
            }
            MaybeHttpsStream::Http(_) => return Ok(stream),
        };
        let decided = matches!(decision.take(), Made::Trusted);
        if decided && !reused {
            return Ok(stream);
        }
        if shown.is_empty() {
            let text = "the server showed no certificate".to_owned();
            return Err(Reason::Distrust(Distrust::Certificate(text)));
        }
        let verdict = match self.trust.quick(&shown, decision.host()) {
            Some(verdict) => verdict,
            None => self.trust.ask(&shown, decision.host()).await,
        };
        verdict.map(|()| stream).map_err(Reason::Distrust)
    }

    /// What a failure of the handshake means. What is none of TLS (nobody listens, the connection broke) is given back.
    fn words(&self, error: BoxError) -> Result<Reason, BoxError> {
        let outermost: &(dyn StdError + 'static) = &*error;
        let mut layers = std::iter::successors(Some(outermost), |&error| error.source());
        let Some(ssl) = layers.find_map(|error| error.downcast_ref::<openssl::ssl::Error>()) else {
            return Err(error);
        };
        let words = https::words(ssl);
        if ssl.io_error().is_some() || ssl.code() == ErrorCode::ZERO_RETURN || is_eof(&words) {
            return Err(Box::new(ClosedInHandshake(words)));
        }
        Ok(Reason::Channel(advice(&words, &self.profile)))
    }
}

/// Whether it is the library's word for a connection that ended without saying so.
fn is_eof(words: &str) -> bool {
    words.contains("unexpected eof")
}

/// The words for an alert of the server that came behind the handshake: TLS 1.3 refuses a client's certificate so.
pub(super) fn alert(error: &openssl::ssl::Error, uri: &Uri) -> Option<TlsError> {
    let words = https::words(error);
    let is_alert = error.code() == ErrorCode::SSL && words.contains("alert");
    is_alert.then(|| TlsError::new(uri, Reason::Channel(advice(&words, &TlsProfile::default()))))
}

/// No connection with TLS came about. The texts begin with WCF's.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    /// Because of the server's certificate.
    #[error("{0}")]
    Untrusted(String),
    /// Because of anything else.
    #[error("{0}")]
    Failed(String),
}

enum Reason {
    Distrust(Distrust),
    Channel(String),
}

impl TlsError {
    fn new(uri: &Uri, reason: Reason) -> Self {
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        match reason {
            Reason::Distrust(Distrust::Certificate(text)) => Self::Untrusted(format!(
                "Could not establish trust relationship for the SSL/TLS secure channel with authority '{authority}'. {text}"
            )),
            Reason::Distrust(Distrust::Identity(text)) => Self::Untrusted(text),
            Reason::Channel(text) => Self::Failed(format!(
                "Could not establish secure channel for SSL/TLS with authority '{authority}': {text}"
            )),
        }
    }
}

/// The server closed the connection in the middle of a handshake. That may be an outage as well.
#[derive(Debug, thiserror::Error)]
#[error("the connection was closed in the middle of the TLS handshake ({0})")]
pub(super) struct ClosedInHandshake(String);
