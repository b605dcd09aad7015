//! What stands between a client and the network (RFC 9112 §3.2.2, RFC 9110 §9.3.6): messages to `http` addresses go to the
//! proxy with their whole address, those to `https` addresses through a tunnel, in which TLS is with the server itself.

mod challenge;
mod first;
mod hop;
mod tunnel;

use std::error::Error as StdError;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::PROXY_AUTHENTICATE;
use http::{HeaderMap, HeaderValue, Uri};
use hyper_openssl::client::legacy::MaybeHttpsStream;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tower_service::Service;
use waxwing_binding::ProxyAddress;

pub(super) use self::challenge::Asked;
use self::challenge::Challenges;
pub(crate) use self::challenge::ProxyLogin;
pub(super) use self::first::FirstHop;
pub(super) use self::hop::Hop;
use self::hop::Io;
use self::tunnel::TunnelError;
use super::tls::ClientTls;
use crate::net::http::socket::without_tls;

/// How often a proxy is asked for one message at most: unasked, asked, and asked anew because what it was shown is too old.
pub(super) const MOST_ATTEMPTS: usize = 3;
/// How long a proxy may take to answer CONNECT; it connects in the meantime, so it gets as long as a handshake.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

type BoxError = Box<dyn StdError + Send + Sync>;

/// The proxy of a pool of connections.
pub(crate) struct HttpProxy {
    address: ProxyAddress,
    /// What names it.
    why: String,
    login: ProxyLogin,
    /// TLS with the proxy itself.
    tls: Option<ClientTls>,
    /// What it asked for and took: later messages show it at once.
    accepted: Mutex<Option<Asked>>,
    /// What goes through it goes in tunnels, plain HTTP too.
    only_tunnels: bool,
}

/// No way through a proxy. The text says which, and what to do.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProxyError {
    /// It cannot be reached, or does not do its work.
    #[error("{0}")]
    Failed(String),
    /// It wants credentials, and has not got the right ones.
    #[error(
        "The remote server returned an unexpected response: (407) Proxy Authentication Required. {0}"
    )]
    Unauthorized(String),
}

impl HttpProxy {
    /// The proxy at `address`, which `why` names; `tls` for one that is spoken to over TLS.
    pub(crate) fn new(
        address: ProxyAddress,
        why: String,
        login: ProxyLogin,
        tls: Option<ClientTls>,
    ) -> Self {
        let login = ProxyLogin {
            credentials: login.credentials.or_else(|| address.credentials.clone()),
            ..login
        };
        Self { address, why, login, tls, accepted: Mutex::default(), only_tunnels: false }
    }

    /// The same proxy for what it would not pass on: it is asked for a tunnel to every server.
    pub(in crate::net::http) fn with_tunnels_only(&self) -> Self {
        Self {
            address: self.address.clone(),
            why: self.why.clone(),
            login: self.login.clone(),
            tls: self.tls.clone(),
            accepted: Mutex::new(self.accepted().clone()),
            only_tunnels: true,
        }
    }

    /// For the texts of errors: `the proxy http://proxy:3128 (HTTP_PROXY of the environment)`.
    pub(super) fn name(&self) -> String {
        format!("the proxy {} ({})", self.address, self.why)
    }

    fn accepted(&self) -> MutexGuard<'_, Option<Asked>> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be shown with the next message, if the proxy has asked for something before.
    pub(super) fn accepted_before(&self) -> Option<Asked> {
        let mut accepted = self.accepted();
        if let Some(Asked::Digest(challenge)) = &mut *accepted {
            **challenge = challenge.next()?;
        }
        accepted.clone()
    }

    /// The value of `Proxy-Authorization` for a request of this method and target.
    ///
    /// # Errors
    /// User name or password cannot be said in this way.
    pub(super) fn shown(
        &self,
        asked: &Asked,
        method: &str,
        target: &str,
    ) -> Result<HeaderValue, ProxyError> {
        self.login.value(asked, method, target).ok_or_else(|| {
            let why = "the user name or password has characters that HTTP cannot carry (of Basic, a colon in the user name)";
            ProxyError::Unauthorized(format!("{}: {why}", self.name()))
        })
    }

    /// Whether there is something to show when it asks.
    pub(super) fn has_credentials(&self) -> bool {
        self.login.credentials.is_some()
    }

    /// What is to be shown after an answer 407; `before` is what had been.
    ///
    /// # Errors
    /// It is not taken, or there is nothing to show.
    pub(super) fn asked(
        &self,
        headers: &HeaderMap,
        before: Option<&Asked>,
    ) -> Result<Asked, ProxyError> {
        let texts = headers.get_all(PROXY_AUTHENTICATE).iter();
        let texts = texts.filter_map(|value| value.to_str().ok());
        self.answered(&Challenges::of(texts), before)
    }

    fn answered(&self, asked: &Challenges, before: Option<&Asked>) -> Result<Asked, ProxyError> {
        let chosen = self.login.choose(asked, before);
        *self.accepted() = chosen.as_ref().ok().cloned();
        chosen.map_err(|why| ProxyError::Unauthorized(format!("{}: {why}", self.name())))
    }

    /// A connection over which messages to `uri` can go.
    async fn reach(&self, tcp: HttpConnector, uri: Uri) -> Result<Hop, ProxyError> {
        let is_https = uri.scheme_str() == Some("https");
        if !is_https && !self.only_tunnels {
            return Ok(Hop::absolute(self.connect(tcp).await?));
        }
        let place = format!(
            "{}:{}",
            uri.host().unwrap_or_default(),
            uri.port_u16().unwrap_or(if is_https { 443 } else { 80 })
        );
        let mut asked = self.accepted_before();
        for _ in 0..MOST_ATTEMPTS {
            let mut io = TokioIo::new(self.connect(tcp.clone()).await?);
            let shown = asked.as_ref().map(|asked| self.shown(asked, "CONNECT", &place));
            let shown = shown.transpose()?;
            match tunnel::open(&mut io, &place, shown.as_ref(), ANSWER_TIMEOUT).await {
                Ok(()) => return Ok(Hop::direct(io.into_inner())),
                Err(TunnelError::Unauthorized(challenges)) => {
                    asked = Some(self.answered(&challenges, asked.as_ref())?);
                }
                Err(error) => return Err(self.no_tunnel(&place, &error)),
            }
        }
        Err(self.too_often())
    }

    /// It asks again and again.
    pub(super) fn too_often(&self) -> ProxyError {
        ProxyError::Unauthorized(format!("{}: it asks anew for whatever it is shown", self.name()))
    }

    fn no_tunnel(&self, place: &str, error: &TunnelError) -> ProxyError {
        ProxyError::Failed(format!("{} opens no tunnel to {place}: {error}", self.name()))
    }

    /// A connection to the proxy.
    async fn connect(&self, mut tcp: HttpConnector) -> Result<Io, ProxyError> {
        let failed = |error: &dyn std::fmt::Display| {
            ProxyError::Failed(format!("{} cannot be reached: {error}", self.name()))
        };
        let uri: Uri = self.address.to_string().parse().map_err(|error| failed(&error))?;
        let connected: Result<Io, BoxError> = match &self.tls {
            Some(tls) if self.address.secure => tls.clone().connect(tcp, uri).await,
            _ => {
                let connected = tcp.call(uri).await.map_err(Into::into);
                connected.map(|stream| MaybeHttpsStream::Http(without_tls(stream)))
            }
        };
        connected.map_err(|error| failed(&innermost(&*error)))
    }
}

/// The operating system's own words, without the wrappers.
fn innermost(error: &(dyn StdError + 'static)) -> String {
    let layers = std::iter::successors(Some(error), |&error| error.source());
    let io = layers.clone().find_map(|error| error.downcast_ref::<std::io::Error>());
    match (io, layers.last()) {
        (Some(io), _) => io.to_string(),
        (None, Some(last)) => last.to_string(),
        (None, None) => String::new(),
    }
}

impl std::fmt::Debug for HttpProxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name())
    }
}

/// Whether an address is one of this machine's: whoever can listen there has it.
pub(crate) fn is_own(address: std::net::IpAddr) -> bool {
    std::net::UdpSocket::bind((address, 0)).is_ok()
}
