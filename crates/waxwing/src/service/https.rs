//! TLS of a service's endpoints: which certificate they show, and what happens when its file changes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::MissedTickBehavior;
use waxwing_binding::{CertificateReference, EffectiveEndpoint, StreamSecurity};
use waxwing_crypto::https::{self, TlsProfile};
use waxwing_crypto::tls::TlsVersion;
use waxwing_crypto::{Certificate, Identity};
use waxwing_soap::Address;

use super::credentials::Credentials;
use super::error::{HostError, incomplete};
use super::watch::{HostEvent, HostEvents};
use crate::authentication::StoreRule;
use crate::certificates::{CertificateError, CertificateStores, Fingerprint};
use crate::environment::Clock;
use crate::log::{Cut, Rate};
use crate::net::ServiceTls;

/// How often the files of certificates are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// How long before its end a certificate is told of, and how often.
const WARN_BEFORE: Duration = Duration::from_secs(30 * 24 * 3600);
const WARN_EVERY: Duration = Duration::from_secs(24 * 3600);

/// The TLS of an endpoint, with where its certificate comes from.
pub(super) struct Https {
    pub(super) tls: ServiceTls,
    address: Arc<str>,
    profile: TlsProfile,
    source: Option<Source>,
    clock: Clock,
    events: Arc<HostEvents>,
    shown: Mutex<Shown>,
}

/// A certificate in a store, which may be another one later.
struct Source {
    stores: CertificateStores,
    reference: CertificateReference,
}

/// What is shown at the moment.
struct Shown {
    certificate: Certificate,
    /// What the files looked like when it was read.
    files: Option<Fingerprint>,
    /// When its end was told of last.
    warned: Option<Timestamp>,
}

impl Credentials {
    /// The TLS of an endpoint that listens at `listen`; none where that is no `https` address, and the binding does not upgrade
    /// its connections. Blocks: files are read.
    ///
    /// # Errors
    /// There is no certificate, or it cannot be used.
    pub(super) fn https(
        &self,
        endpoint: &EffectiveEndpoint,
        listen: &str,
        clock: Clock,
        events: &Arc<HostEvents>,
    ) -> Result<Option<Arc<Https>>, HostError> {
        let is_stream = is_upgraded(endpoint);
        if !Address::of(listen).has_scheme("https") && !is_stream {
            return Ok(None);
        }
        let address = endpoint.address.as_str();
        let profile = match &self.tls_versions {
            Some(versions) => TlsProfile { versions: versions.clone(), ..TlsProfile::default() },
            None => self.stores.tls_profile().map_err(|text| incomplete(address, text))?,
        };
        if *profile.versions.start() < TlsVersion::Tls12 {
            tracing::warn!(address, "broken versions of TLS are allowed");
        }
        let source = self.source(endpoint);
        let files = source.as_ref().map(|source| source.stores.fingerprint());
        let of_https = self.https_certificate.as_ref().filter(|_| !is_stream);
        let identity = match (&source, of_https.or(self.certificate.as_ref())) {
            (Some(source), _) => source
                .read()
                .map_err(|error| HostError::Certificate { address: address.to_owned(), error })?,
            (None, Some(identity)) => identity.clone(),
            (None, None) if is_stream => return Err(incomplete(address, NO_CERTIFICATE_OF_STREAM)),
            (None, None) => return Err(incomplete(address, NO_CERTIFICATE)),
        };
        let asks = endpoint.transport.require_client_certificate;
        let context = https::server(&profile, &identity, asks);
        let context = context.map_err(|error| incomplete(address, error.to_string()))?;
        let origin = format!("{} {profile:?}", identity.certificate.thumbprint_hex());
        let shown = Shown { certificate: identity.certificate, files, warned: None };
        let address: Arc<str> = address.into();
        let tls = ServiceTls::new(origin, context, asks, told(&address, events));
        let (shown, events) = (Mutex::new(shown), Arc::clone(events));
        let https = Https { tls, address, profile, source, clock, events, shown };
        https.tell_of_end();
        Ok(Some(Arc::new(https)))
    }

    /// Where the certificate comes from; none where code gives it, or nobody.
    fn source(&self, endpoint: &EffectiveEndpoint) -> Option<Source> {
        // What is upgraded shows the certificate of messages, and no other.
        if is_upgraded(endpoint) {
            let reference =
                endpoint.service_certificate().filter(|_| self.certificate.is_none())?;
            return Some(Source { stores: self.stores.clone(), reference });
        }
        if self.https_certificate.is_some() {
            return None;
        }
        let of_https = self.stores.https_certificate();
        let reference = match (of_https, &self.certificate) {
            (Some(reference), _) => reference,
            (None, Some(_)) => return None,
            (None, None) => endpoint.service_certificate()?,
        };
        Some(Source { stores: self.stores.clone(), reference })
    }
}

/// Whether TLS begins within connections (net.tcp, `<sslStreamSecurity>`).
fn is_upgraded(endpoint: &EffectiveEndpoint) -> bool {
    matches!(endpoint.transport.stream_security, Some(StreamSecurity::Tls { .. }))
}

const NO_CERTIFICATE_OF_STREAM: &str = "The service certificate is not provided. Specify a service certificate in ServiceCredentials: \
    TLS over net.tcp needs one in <serviceCredentials><serviceCertificate …/> of the service's behavior, or in code \
    (ServiceHostBuilder::certificate) [service-certificate-missing]";

const NO_CERTIFICATE: &str = "The service certificate is not provided. Specify a service certificate in ServiceCredentials: \
    an https address needs one in <serviceCredentials><serviceCertificate …/> of the service's behavior, in \
    <https><serviceCertificate …/> of the section <waxwing>, or in code (ServiceHostBuilder::https_certificate) [https-certificate-missing]";

/// Failed handshakes are events and lines of the log, as many as the log takes.
fn told(
    address: &Arc<str>,
    events: &Arc<HostEvents>,
) -> impl Fn(SocketAddr, &str) + Send + Sync + 'static {
    let (address, events, rate) = (Arc::clone(address), Arc::clone(events), Rate::new());
    move |peer, why| {
        let reason = || Cut::of(why).to_string();
        events.emit(|| HostEvent::HandshakeFailed {
            address: Arc::clone(&address),
            peer,
            reason: reason(),
        });
        if let Some(left_out) = rate.pass() {
            tracing::info!(address = &*address, %peer, left_out, "no TLS connection: {}", reason());
        }
    }
}

impl Source {
    fn read(&self) -> Result<Identity, CertificateError> {
        self.stores.tls_identity(&self.reference)
    }
}

impl Https {
    fn shown(&self) -> std::sync::MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks whether the files have changed, and shows what they hold from now on. What cannot be used changes nothing, and
    /// is told of once. Blocks.
    fn look(&self) {
        self.tell_of_end();
        let Some(source) = &self.source else { return };
        let files = source.stores.fingerprint();
        if self.shown().files.as_ref() == Some(&files) {
            return;
        }
        let read = source.read().map_err(|error| error.to_string()).and_then(|identity| {
            let context = https::server(&self.profile, &identity, self.tls.is_asking());
            context.map(|context| (identity.certificate, context)).map_err(|e| e.to_string())
        });
        let mut shown = self.shown();
        shown.files = Some(files);
        let address = &*self.address;
        match read {
            Ok((certificate, context)) => {
                // The key may be another one where the certificate is not.
                self.tls.replace(context);
                if certificate != shown.certificate {
                    let (name, end) = (certificate.subject_windows(), certificate.not_after());
                    let thumbprint = certificate.thumbprint_hex();
                    tracing::info!(
                        address,
                        "the certificate '{name}' ({thumbprint}) is shown from now on; it ends at {end}"
                    );
                    *shown = Shown { certificate, files: shown.files.take(), warned: None };
                    self.events.emit(|| HostEvent::CertificateChanged {
                        address: Arc::clone(&self.address),
                        thumbprint,
                    });
                }
            }
            Err(reason) => {
                tracing::error!(
                    address,
                    "the certificate files have changed and cannot be used; the old certificate is shown on: {reason}"
                );
                self.events.emit(|| HostEvent::CertificateRefused {
                    address: Arc::clone(&self.address),
                    reason,
                });
            }
        }
    }

    /// Warns of a certificate that ends soon, once a day.
    fn tell_of_end(&self) {
        let now = self.clock.wall();
        let mut shown = self.shown();
        let end = shown.certificate.not_after();
        let is_soon = end.duration_since(now)
            < jiff::SignedDuration::try_from(WARN_BEFORE).unwrap_or_default();
        let is_told = shown.warned.is_some_and(|last| {
            now.duration_since(last)
                < jiff::SignedDuration::try_from(WARN_EVERY).unwrap_or_default()
        });
        if !is_soon || is_told {
            return;
        }
        shown.warned = Some(now);
        let name = shown.certificate.subject_windows();
        let what = if end < now { "has expired; clients will refuse it" } else { "ends soon" };
        tracing::warn!(
            address = &*self.address,
            "the certificate '{name}' {what}: {end}. Put the new one into its place, it is taken without a restart"
        );
    }
}

/// Looks at the certificates of a host's endpoints, and at those that its callers are judged by, as long as it lives.
pub(super) async fn watch(endpoints: Vec<Weak<Https>>, stores: Vec<Weak<dyn StoreRule>>) {
    let mut interval = tokio::time::interval(LOOK);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let all: Vec<_> = endpoints.iter().filter_map(Weak::upgrade).collect();
        let stores: Vec<_> = stores.iter().filter_map(Weak::upgrade).collect();
        if all.is_empty() && stores.is_empty() {
            return;
        }
        // Files are read: not in a task.
        let looked = tokio::task::spawn_blocking(move || {
            all.iter().for_each(|https| https.look());
            stores.iter().for_each(|stores| stores.look());
        });
        if looked.await.is_err() {
            tracing::error!("the certificate files cannot be looked at");
        }
    }
}
