//! Documents from the network.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;
use waxwing_metadata::Location;
use waxwing_metadata::load::LoadOptions;

use super::error::MetadataError;
use super::login::Login;
use crate::client::ChannelFactory;
use crate::net::{Fetched, HTTP_SCHEMES, HttpTransport, Transport};

/// How many redirections are followed for one document.
const MAX_REDIRECTIONS: usize = 5;

/// Makes what connections of an address are set up by.
pub(super) type Setup<'a> =
    dyn Fn(&str) -> Result<ChannelFactory, MetadataError> + Send + Sync + 'a;

/// What documents are fetched with: connections to each origin, and the time that is left.
pub(super) struct Remote<'a> {
    pub(super) load: &'a LoadOptions,
    /// For one document.
    pub(super) timeout: Duration,
    /// For everything.
    pub(super) until: Instant,
    pub(super) setup: &'a Setup<'a>,
    /// Transports of the program.
    pub(super) transports: &'a [Arc<dyn Transport>],
    /// Who the user is.
    pub(super) login: &'a Login,
    pools: HashMap<String, Arc<HttpTransport>>,
}

/// Why a document did not come.
#[derive(Debug)]
pub(super) struct Failed {
    /// For people.
    pub(super) reason: String,
    /// Nobody is there: other questions have no better chance.
    pub(super) is_unreachable: bool,
}

impl Failed {
    pub(super) fn answer(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_unreachable: false }
    }
}

impl<'a> Remote<'a> {
    pub(super) fn new(
        load: &'a LoadOptions,
        (timeout, whole): (Duration, Duration),
        setup: &'a Setup<'a>,
        transports: &'a [Arc<dyn Transport>],
        login: &'a Login,
    ) -> Self {
        let until = Instant::now() + whole;
        Self { load, timeout, until, setup, transports, login, pools: HashMap::new() }
    }

    /// What sends messages to an address; none for a scheme that nobody has.
    pub(super) async fn transport(
        &mut self,
        address: &str,
    ) -> Result<Option<Arc<dyn Transport>>, MetadataError> {
        let scheme = Location::new(address).scheme().unwrap_or_default();
        let given = self.transports.iter().find(|t| t.schemes().contains(&scheme.as_str()));
        if let Some(given) = given {
            return Ok(Some(Arc::clone(given)));
        }
        match HTTP_SCHEMES.contains(&scheme.as_str()) {
            true => Ok(Some(self.http(address).await?)),
            false => Ok(None),
        }
    }

    async fn http(&mut self, address: &str) -> Result<Arc<HttpTransport>, MetadataError> {
        let origin = Location::new(address).origin().unwrap_or_default();
        if let Some(pool) = self.pools.get(&origin) {
            return Ok(Arc::clone(pool));
        }
        let factory = (self.setup)(address)?;
        let failed = |reason: String| MetadataError::Setup { address: address.to_owned(), reason };
        // Certificate files are read.
        let made = tokio::task::spawn_blocking(move || factory.built_in()).await;
        let pool = made.map_err(|e| failed(e.to_string()))?.map_err(|e| failed(e.to_string()))?;
        self.pools.insert(origin, Arc::clone(&pool));
        Ok(pool)
    }

    /// The time for the next question.
    pub(super) fn time(&self) -> Duration {
        self.timeout.min(self.until.saturating_duration_since(Instant::now()))
    }

    /// Gets a document, and where it was in the end.
    pub(super) async fn get(&mut self, address: &str) -> Result<(Location, Vec<u8>), Failed> {
        let first = Location::new(address);
        let mut at = first.clone();
        for _ in 0..=MAX_REDIRECTIONS {
            let fetched = self.fetch(&at).await?;
            let status = fetched.status;
            if status.is_success() {
                return Ok((at, fetched.octets.to_vec()));
            }
            let leads = fetched.location.as_deref().filter(|_| status.is_redirection());
            let Some(leads) = leads else {
                // A password that is wrong once is wrong every time, and accounts are locked for it.
                let is_unreachable = fetched.is_shown && status == StatusCode::UNAUTHORIZED;
                return Err(Failed { reason: self.refused(&at, &fetched), is_unreachable });
            };
            let next = at.join(leads);
            self.check_redirection(&first, &next).map_err(Failed::answer)?;
            at = next;
        }
        Err(Failed::answer(format!("more than {MAX_REDIRECTIONS} redirections")))
    }

    async fn fetch(&mut self, at: &Location) -> Result<Fetched, Failed> {
        let unreachable = |reason: String| Failed { reason, is_unreachable: true };
        let http = self.http(at.as_str()).await.map_err(|e| unreachable(e.to_string()))?;
        let (time, limit) = (self.time(), self.load.max_octets);
        match tokio::time::timeout(time, http.get(at.as_str(), limit, self.login.at(at))).await {
            Ok(fetched) => fetched.map_err(|failure| unreachable(failure.reason)),
            Err(_) => Err(unreachable(format!("no answer within {} s", time.as_secs()))),
        }
    }

    /// A redirection stays with its origin, may go to the same host over TLS, or where the user allows it.
    fn check_redirection(&self, first: &Location, next: &Location) -> Result<(), String> {
        let is_web = matches!(next.scheme().as_deref(), Some("http" | "https"));
        let is_upgrade = next.scheme().as_deref() == Some("https") && first.host() == next.host();
        let is_allowed = next.origin().is_some_and(|origin| self.load.allows_origin(&origin));
        if is_web && (first.origin() == next.origin() || is_upgrade || is_allowed) {
            return Ok(());
        }
        Err(format!(
            "it redirects to {next}, which is of another origin (--allow-origin {} allows it)",
            next.host().unwrap_or_default()
        ))
    }

    /// What a status says, and what would help.
    fn refused(&self, at: &Location, fetched: &Fetched) -> String {
        let status = fetched.status;
        let more = match status {
            StatusCode::UNAUTHORIZED => self.wanted(at, &fetched.asked),
            StatusCode::FORBIDDEN => {
                ": it wants a client certificate (--client-certificate FILE), or shows its metadata to others or to nobody"
                    .to_owned()
            }
            _ => String::new(),
        };
        format!("HTTP {status}{more}")
    }

    /// Of an answer 401.
    fn wanted(&self, at: &Location, asked: &[String]) -> String {
        let has = |name: &str| asked.iter().any(|own| own.eq_ignore_ascii_case(name));
        let (is_basic, is_digest) = (has("Basic"), has("Digest"));
        let names = asked.join(", ");
        let is_plain = at.scheme().as_deref() != Some("https");
        if !is_basic && !is_digest {
            let names = if names.is_empty() { "a credential over HTTP".to_owned() } else { names };
            return format!(
                ": it wants {names}, and this version proves who it is by Basic and Digest alone. Save the metadata with \
                 svcutil /t:metadata or a browser, and give the files"
            );
        }
        if is_plain && !is_digest {
            return
                ": it wants the password as text (Basic) over plain HTTP, where others read it, too. Take its https \
                 address, or save the metadata with a browser and give the files".to_owned();
        }
        if !self.login.is_given() {
            return format!(
                ": it wants a user name and a password ({names}): --user NAME, and the password by --password-file, \
                 --password-env or WAXWING_PASSWORD"
            );
        }
        if self.login.at(at).is_empty() {
            let origin = at.origin().unwrap_or_default();
            return format!(
                ": it wants a user name and a password ({names}), which go to the servers of the sources alone; give an \
                 address at {origin} as a source, too"
            );
        }
        format!(": it does not take this user name and password ({names})")
    }
}
