//! The way out of a service of composite duplex. Where to is said by the clients, so what it costs is bounded: connections to
//! one host, connections altogether, what waits for one client, how long each message may take. No redirection is followed,
//! and nothing of an answer is looked at but its status.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use waxwing_binding::{EffectiveEndpoint, ProxyEnvironment, ProxyRoute, ProxyRules};
use waxwing_session::{TransportCause, TransportFailure};
use waxwing_soap::{Address, SoapVersion};

use crate::callback_hosts::CallbackHosts;
use crate::contract::ContractDescription;
use crate::log::{Cut, Rate};
use crate::net::{
    HttpProxy, HttpSettings, HttpTransport, Outcome, ProxyLogin, Request, Transport, Written,
    is_own,
};

/// The most messages that an endpoint has on their way to one host: several clients with a whole window each.
const TO_ONE_HOST: usize = 32;

/// The most that it has on their way altogether.
const ALTOGETHER: usize = 1024;

/// The most answers on their way to messages that belong to no session: anybody can ask for one, to any address. What finds no
/// place is not said.
const TO_STRANGERS: usize = 64;

/// The most octets of what comes back, which nobody reads.
const MOST_BACK: usize = 64 << 10;

/// The way to the clients of an endpoint.
pub(in crate::service) struct Outward {
    /// The contract in which its clients are called.
    pub(in crate::service) callback: Option<&'static ContractDescription>,
    rules: ProxyRules,
    /// Where it may post; none: wherever a client listens.
    allowed: Option<CallbackHosts>,
    /// Of the warnings that it may not.
    log: Rate,
    keep_alive: bool,
    version: SoapVersion,
    direct: HttpTransport,
    /// Those through a proxy, by its address: few, since the operator names them.
    through: Mutex<HashMap<String, Arc<HttpTransport>>>,
    all: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    /// By host and port. Those that nobody uses are forgotten whenever one is looked for.
    hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// A message on its way.
struct Places {
    _host: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Outward {
    /// That of an endpoint.
    ///
    /// # Errors
    /// Its proxy cannot be used, in words for the user.
    pub(in crate::service) fn of(
        endpoint: &EffectiveEndpoint,
        version: SoapVersion,
        callback: Option<&'static ContractDescription>,
        hosts: Option<CallbackHosts>,
    ) -> Result<Self, String> {
        let environment = ProxyEnvironment::read(|name| std::env::var(name).ok());
        Ok(Self {
            callback,
            allowed: hosts,
            log: Rate::new(),
            rules: ProxyRules::of(&endpoint.transport.proxy, &environment)?,
            keep_alive: endpoint.transport.keep_alive,
            version,
            direct: HttpTransport::new(HttpSettings::default()),
            through: Mutex::default(),
            all: Arc::new(Semaphore::new(ALTOGETHER)),
            strangers: Arc::new(Semaphore::new(TO_STRANGERS)),
            hosts: Mutex::default(),
        })
    }

    /// A place for an answer to somebody who has no session; none: it is not said.
    pub(super) fn to_stranger(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.strangers).try_acquire_owned().ok()
    }

    /// Posts a message; done when it was taken.
    ///
    /// # Errors
    /// It was not, or a message came back.
    pub(super) async fn post(
        &self,
        to: &str,
        action: &str,
        content_type: &str,
        octets: Bytes,
    ) -> Result<(), TransportFailure> {
        self.may_post(to)?;
        let way = self.way(to)?;
        let places = self.places(to).await;
        let request = Request {
            action,
            version: self.version,
            max_answer: MOST_BACK,
            keep_alive: self.keep_alive,
            ..Request::new(to, content_type, octets, Written::by_nobody())
        };
        let answer = match &way {
            Some(through) => through.exchange(request).await,
            None => self.direct.exchange(request).await,
        };
        drop(places);
        match answer.outcome {
            Outcome::Empty => Ok(()),
            Outcome::Failed(failure) => Err(failure),
            Outcome::Message { .. } => {
                let cause = TransportCause::NotSoap;
                let reason = "A response was received from a one-way send over the underlying IRequestChannel. Make sure the \
                              remote endpoint has a compatible binding at its endpoint (one that contains \
                              OneWayBindingElement)."
                    .to_owned();
                Err(TransportFailure { cause, reason })
            }
        }
    }

    /// Whether messages may be posted there; the log says so where not.
    ///
    /// # Errors
    /// The host is none of those at which clients are called back.
    pub(super) fn may_post(&self, to: &str) -> Result<(), TransportFailure> {
        let Some(hosts) = self.allowed.as_ref().filter(|hosts| !hosts.allow(to)) else {
            return Ok(());
        };
        let reason = format!(
            "a client wants to be called back at {to}, and this service calls back at {hosts} only (allowedHosts of <callbacks>, \
             ServiceHostBuilder::callback_hosts) [callback-host]"
        );
        if let Some(left_out) = self.log.pass() {
            tracing::warn!(left_out, "{}", Cut::of(&reason));
        }
        Err(TransportFailure { cause: TransportCause::Address, reason })
    }

    /// The proxy on the way to an address, if there is one.
    fn way(&self, to: &str) -> Result<Option<Arc<HttpTransport>>, TransportFailure> {
        let failed = |reason| TransportFailure { cause: TransportCause::Proxy, reason };
        match self.rules.route(to, &is_own).map_err(failed)? {
            ProxyRoute::Direct { .. } => Ok(None),
            ProxyRoute::Through { proxy, .. } if proxy.secure => Err(failed(format!(
                "a service calls back through proxies that are spoken to without TLS only, not through {proxy}: messages to clients \
                 have no TLS either, and .NET's HTTP client, by which WCF calls back, knows no proxies at https addresses. Name the \
                 proxy's http address"
            ))),
            ProxyRoute::Through { proxy, why } => {
                let mut known = self.through.lock().unwrap_or_else(PoisonError::into_inner);
                let transport = known.entry(proxy.to_string()).or_insert_with(|| {
                    let login = ProxyLogin { credentials: None, scheme: None };
                    let proxy = Some(Arc::new(HttpProxy::new(proxy, why, login, None)));
                    let settings = HttpSettings { proxy, ..HttpSettings::default() };
                    Arc::new(HttpTransport::new(settings))
                });
                Ok(Some(Arc::clone(transport)))
            }
        }
    }

    /// Waits for a place among the messages to a host, and among all.
    async fn places(&self, to: &str) -> Option<Places> {
        let host = {
            let place = Address::of(to).place().unwrap_or_default().to_ascii_lowercase();
            let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            hosts.retain(|_, own| Arc::strong_count(own) > 1);
            Arc::clone(hosts.entry(place).or_insert_with(|| Arc::new(Semaphore::new(TO_ONE_HOST))))
        };
        let host = host.acquire_owned().await.ok()?;
        let all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Places { _host: host, _all: all })
    }
}
