//! The reader: its settings, and how sources become a set.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use waxwing_binding::{
    BasicHttpBinding, BasicHttpSecurityMode, BasicHttpsBinding, BasicHttpsSecurityMode, Binding,
};
use waxwing_crypto::{Certificate, Identity};
use waxwing_metadata::load::{LoadOptions, Loader, Want, WantKind};
use waxwing_metadata::{Location, MetadataSet};
use zeroize::Zeroizing;

use super::attempt::Attempt;
use super::discovery::discover;
use super::error::MetadataError;
use super::exchange::exchange;
use super::files;
use super::login::Login;
use super::remote::Remote;
use super::source::Source;
use crate::authentication::CertificateTrust;
use crate::certificates::CertificateStores;
use crate::client::ChannelFactory;
use crate::contract::OwnedContract;
use crate::net::Transport;

/// How long one document may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How long everything may take together: svcutil's own limit.
const WHOLE: Duration = Duration::from_secs(300);

/// Reads metadata: see [the module](super).
#[derive(Clone)]
pub struct MetadataReader {
    load: LoadOptions,
    timeout: Duration,
    whole: Duration,
    stores: Option<CertificateStores>,
    roots: Vec<Certificate>,
    trust: Option<Arc<dyn CertificateTrust>>,
    certificate: Option<Identity>,
    user: Option<(String, Zeroizing<String>)>,
    proxy: Proxy,
    transports: Vec<Arc<dyn Transport>>,
}

/// What connections go through.
#[derive(Clone)]
enum Proxy {
    /// What the environment says.
    Default,
    None,
    Address(String),
}

/// What was read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Metadata {
    /// Everything together. What is wrong with it is in its findings.
    pub set: MetadataSet,
    /// What addresses were asked, in order; empty where all came from files.
    pub attempts: Vec<Attempt>,
}

impl Default for MetadataReader {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for MetadataReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("MetadataReader");
        shown.field("load", &self.load).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl MetadataReader {
    /// A reader with the usual limits: 20 s for a document, 5 minutes for everything.
    pub fn new() -> Self {
        Self {
            load: LoadOptions::default(),
            timeout: TIMEOUT,
            whole: WHOLE,
            stores: None,
            roots: Vec::new(),
            trust: None,
            certificate: None,
            user: None,
            proxy: Proxy::Default,
            transports: Vec::new(),
        }
    }

    /// The same with other limits of what is loaded.
    #[must_use]
    pub fn options(mut self, options: LoadOptions) -> Self {
        self.load = options;
        self
    }

    /// The same, also fetching documents of this host: `host`, `host:port`, `scheme://host:port`, or `*` for every one.
    #[must_use]
    pub fn allow_origin(mut self, host: impl Into<String>) -> Self {
        self.load.allowed_origins.push(host.into());
        self
    }

    /// The same, where files may refer to all that is in this folder and below.
    #[must_use]
    pub fn root(mut self, folder: impl AsRef<Path>) -> Self {
        let root = files::location_of(folder.as_ref());
        self.load.root = Some(root.trim_end_matches('/').to_owned());
        self
    }

    /// The same with another time for one document. 20 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same with another time for everything together. 5 minutes.
    #[must_use]
    pub fn whole_timeout(mut self, timeout: Duration) -> Self {
        self.whole = timeout;
        self
    }

    /// The same, believing HTTPS servers by the folders `Root` of these stores, too.
    #[must_use]
    pub fn certificate_stores(mut self, stores: CertificateStores) -> Self {
        self.stores = Some(stores);
        self
    }

    /// The same, believing HTTPS servers with a certificate of these authorities, too; every other check stays
    /// ([`ChannelFactory::https_roots`]).
    #[must_use]
    pub fn https_roots(mut self, roots: impl IntoIterator<Item = Certificate>) -> Self {
        self.roots.extend(roots);
        self
    }

    /// The same, where this rule decides about the certificates of HTTPS servers, and nothing else does
    /// ([`ChannelFactory::https_trust`]).
    #[must_use]
    pub fn https_trust(mut self, trust: impl CertificateTrust + 'static) -> Self {
        self.trust = Some(Arc::new(trust));
        self
    }

    /// The same, showing this certificate to the HTTPS servers of the addresses that are read, where they ask for one; it is
    /// shown to no other that documents or redirections lead to.
    #[must_use]
    pub fn client_certificate(mut self, identity: Identity) -> Self {
        self.certificate = Some(identity);
        self
    }

    /// The same, with a user name and password for the servers of the addresses that are read, where they ask by HTTP Digest,
    /// or over TLS by Basic. Nobody else is given them, and nobody over plain HTTP a password that can be read.
    #[must_use]
    pub fn user_name(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.user = Some((name.into(), Zeroizing::new(password.into())));
        self
    }

    /// The same through this proxy, whatever the environment says ([`ChannelFactory::proxy_address`]).
    #[must_use]
    pub fn proxy_address(mut self, address: impl Into<String>) -> Self {
        self.proxy = Proxy::Address(address.into());
        self
    }

    /// The same through no proxy.
    #[must_use]
    pub fn no_proxy(mut self) -> Self {
        self.proxy = Proxy::None;
        self
    }

    /// The same with a transport of the program's for metadata exchanges at addresses of its schemes.
    #[must_use]
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transports.push(Arc::new(transport));
        self
    }

    /// Reads sources together: what one refers to may be in another. Documents that are broken or missing are findings of the
    /// set; nothing is silently left out.
    ///
    /// # Errors
    /// A source is not there, or says nothing of itself.
    pub async fn read<S: AsRef<str>>(
        &self,
        sources: impl IntoIterator<Item = S>,
    ) -> Result<Metadata, MetadataError> {
        let mut loader = Loader::new(self.load.clone());
        let mut attempts = Vec::new();
        let sources: Vec<_> = sources.into_iter().map(|text| Source::of(text.as_ref())).collect();
        let named: Vec<_> = sources.iter().filter_map(Source::origin).collect();
        let setup = |address: &str| self.factory(address, &named);
        let times = (self.timeout, self.whole);
        let login = match &self.user {
            Some((name, password)) => Login::new(name, password, named.clone())?,
            None => Login::default(),
        };
        let mut remote = Remote::new(&self.load, times, &setup, &self.transports, &login);
        let mut roots = Vec::new();
        for source in sources {
            match source {
                Source::Input => {
                    let limit = self.load.max_octets;
                    let octets = blocking(move || files::read_input(limit)).await;
                    let octets = octets.map_err(|e| file_error("the standard input", e))?;
                    loader.give(Location::new("stdin"), octets);
                    roots.push(PathBuf::new());
                }
                Source::Address(address) => {
                    discover(&mut remote, &mut loader, &address, &mut attempts).await?;
                }
                Source::Path(path) => roots.push(self.give_path(&mut loader, path).await?),
            }
        }
        if let Some(root) = &self.load.root {
            roots = vec![root.into()];
        }
        while let Some(want) = loader.want() {
            self.fetch(&mut loader, &mut remote, &want, &roots, &mut attempts).await?;
        }
        Ok(Metadata { set: loader.finish(), attempts })
    }

    /// A file or a folder; the folder that others may be in.
    async fn give_path(
        &self,
        loader: &mut Loader,
        path: PathBuf,
    ) -> Result<PathBuf, MetadataError> {
        let limit = self.load.max_octets;
        let shown = path.display().to_string();
        let is_folder = path.is_dir();
        if !is_folder {
            let own = path.clone();
            let octets = blocking(move || files::read(&own, limit)).await;
            let octets = octets.map_err(|e| file_error(&shown, e))?;
            loader.give(Location::new(files::location_of(&path)), octets);
            return Ok(path.parent().map(Path::to_path_buf).unwrap_or_default());
        }
        let own = path.clone();
        let names = blocking(move || files::of_folder(&own)).await;
        let names = names.map_err(|e| file_error(&shown, e))?;
        if names.is_empty() {
            return Err(MetadataError::EmptyFolder(shown));
        }
        let folder = files::location_of(&path);
        let folder = folder.trim_end_matches('/');
        for name in names {
            let own = path.join(&name);
            let octets = blocking(move || files::read(&own, limit)).await;
            let octets = octets.map_err(|e| file_error(&format!("{folder}/{name}"), e))?;
            let location = match folder {
                "" | "." => Location::new(name),
                folder => Location::new(format!("{folder}/{name}")),
            };
            loader.give_of_folder(if folder == "." { "" } else { folder }, location, octets);
        }
        Ok(path)
    }

    /// What the loader wants.
    async fn fetch(
        &self,
        loader: &mut Loader,
        remote: &mut Remote<'_>,
        want: &Want,
        roots: &[PathBuf],
        attempts: &mut Vec<Attempt>,
    ) -> Result<(), MetadataError> {
        let address = want.location.as_str();
        if want.kind == WantKind::Exchange {
            match exchange(remote, address, attempts).await? {
                Ok(octets) => loader.answer(want, &want.location, octets),
                Err(failed) => loader.missing(want, failed.reason),
            }
            return Ok(());
        }
        if want.location.scheme().is_some() {
            match remote.get(address).await {
                Ok((actual, octets)) => {
                    attempts.push(Attempt::new("GET", address, Ok("found")));
                    loader.answer(want, &actual, octets);
                }
                Err(failed) => {
                    attempts.push(Attempt::new("GET", address, Err(failed.reason.clone())));
                    loader.missing(want, failed.reason);
                }
            }
            return Ok(());
        }
        let (path, limit) = (PathBuf::from(address), self.load.max_octets);
        let roots = roots.to_vec();
        let read = blocking(move || {
            let mut last = Err(std::io::Error::other("it lies in no folder of a source"));
            for root in &roots {
                last = files::read_below(root, &path, limit);
                if last.is_ok() {
                    break;
                }
            }
            last
        });
        match read.await {
            Ok(octets) => loader.answer(want, &want.location, octets),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                loader.missing(want, "there is no such file");
            }
            Err(error) => loader.missing(want, error.to_string()),
        }
        Ok(())
    }

    /// What connections to an address are set up by: as a client's, with a certificate for those that the user has named.
    fn factory(&self, address: &str, named: &[String]) -> Result<ChannelFactory, MetadataError> {
        let is_https = Location::new(address).scheme().as_deref() == Some("https");
        let binding: Binding = match is_https {
            true => BasicHttpsBinding::new(BasicHttpsSecurityMode::Transport).into(),
            false => BasicHttpBinding::new(BasicHttpSecurityMode::None).into(),
        };
        let contract =
            OwnedContract::new("IMetadataExchange", "http://schemas.microsoft.com/2006/04/mex");
        let made = ChannelFactory::new(binding, address, contract);
        let mut factory = made.map_err(|error| MetadataError::Setup {
            address: address.to_owned(),
            reason: error.to_string(),
        })?;
        if let Some(stores) = &self.stores {
            factory = factory.certificate_stores(stores.clone());
        }
        factory = match &self.trust {
            Some(trust) => {
                let trust = Arc::clone(trust);
                factory.https_trust(move |own: &Certificate, chain: &[Certificate], now| {
                    trust.check(own, chain, now)
                })
            }
            None => factory.https_roots(self.roots.iter().cloned()),
        };
        let origin = Location::new(address).origin();
        if let Some(identity) = &self.certificate
            && is_https
            && origin.is_some_and(|origin| named.contains(&origin))
        {
            factory = factory.client_certificate(identity.clone());
            factory.endpoint_mut().transport.require_client_certificate = true;
        }
        Ok(match &self.proxy {
            Proxy::Default => factory,
            Proxy::None => factory.no_proxy(),
            Proxy::Address(proxy) => factory.proxy_address(proxy),
        })
    }
}

fn file_error(path: &str, error: std::io::Error) -> MetadataError {
    MetadataError::File { path: path.to_owned(), error }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> std::io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|e| Err(std::io::Error::other(e)))
}
