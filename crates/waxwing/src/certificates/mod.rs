//! Certificate stores as folders: what `storeLocation`, `storeName`, `x509FindType` and `findValue` find.
//!
//! `docs/configuration.md` describes the mapping: `<certificateFiles>` of the section `<waxwing>` first, then the folder
//! `<storeRoot>/<StoreLocation>/<StoreName>`, or `<storeRoot>/<StoreName>` where that does not exist.

mod error;
mod find;
mod fingerprint;
mod folder;
mod inspect;
mod server_roots;
mod store_trust;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use waxwing_binding::{
    CertificatePlace, CertificateReference, Configuration, DefaultProxy, ProxySettings,
    StoreLocation, StoreName, WaxwingSection, X509CertificateValidationMode, X509RevocationMode,
};
use waxwing_crypto::{
    Certificate, CertificateValidator, Identity, RevocationMode, Usage, ValidationMode,
};
use zeroize::Zeroizing;

pub use self::error::CertificateError;
use self::find::Criterion;
pub(crate) use self::fingerprint::Fingerprint;
pub use self::folder::{StoredCertificate, Survey};
pub use self::inspect::{CertificateFinding, CertificateUse};
pub(crate) use self::server_roots::ServerRoots;
use crate::revocation::{ALTOGETHER, Revocation, RevocationOptions};

/// Stores of certificates in folders and files.
#[derive(Debug, Clone)]
pub struct CertificateStores {
    /// What relative names count from.
    base: PathBuf,
    /// The mapping of the configuration file.
    section: WaxwingSection,
    /// What the file says of proxies.
    proxy: Option<DefaultProxy>,
    /// Made when it is needed first.
    revocation: Arc<OnceLock<Revocation>>,
}

/// The certificates of `<identity><certificate encodedValue="…"/>`: base64 of one in DER, of a PKCS#7 collection, or of
/// what svcutil and Visual Studio write, a serialized certificate or store. The first is the identity, the others go with it.
///
/// # Errors
/// It is none of these.
pub fn certificates_of_identity(encoded: &str) -> Result<Vec<Certificate>, CertificateError> {
    let octets = waxwing_binding::decode_base64(encoded);
    let octets = octets.map_err(|e| CertificateError::Encoded(e.to_string()))?;
    Certificate::collection(&octets).map_err(|e| CertificateError::Encoded(e.to_string()))
}

/// The certificate that an identity is, for message security.
pub(crate) fn certificate_of_identity(encoded: &str) -> Result<Certificate, CertificateError> {
    let mut all = certificates_of_identity(encoded)?.into_iter();
    let empty = || CertificateError::Encoded("the collection is empty".to_owned());
    let certificate = all.next().ok_or_else(empty)?;
    let usable = certificate.require_rsa();
    usable.map(|()| certificate).map_err(|e| CertificateError::Encoded(e.to_string()))
}

/// The certificates of one file (PEM, DER, PKCS#7 or PKCS#12, told apart as in a store), with the key that stands in it or
/// beside it. Without a password a file of PKCS#12 is opened as in a store.
///
/// # Errors
/// The file cannot be read or used, or the password is wrong.
pub fn certificates_of_file(
    file: &Path,
    password: Option<Zeroizing<String>>,
) -> Result<Vec<StoredCertificate>, CertificateError> {
    folder::read_file(file, password)
}

/// The certificate of one file with its private key, which stands in the file, beside it as in a store, or in `key` (PEM).
/// Without a password a file of PKCS#12 is opened as in a store.
///
/// # Errors
/// A file cannot be read or used, the password is wrong, there is no key, or it is another one's.
pub fn identity_of_file(
    file: &Path,
    key: Option<&Path>,
    password: Option<Zeroizing<String>>,
) -> Result<Identity, CertificateError> {
    folder::read_own(file, key, password)?.identity()
}

/// Every store that may be named.
pub fn every_store() -> impl Iterator<Item = (StoreLocation, StoreName)> {
    let names = [
        StoreName::My,
        StoreName::TrustedPeople,
        StoreName::Root,
        StoreName::AuthRoot,
        StoreName::CertificateAuthority,
        StoreName::AddressBook,
        StoreName::TrustedPublisher,
    ];
    let locations = [StoreLocation::CurrentUser, StoreLocation::LocalMachine];
    locations.into_iter().flat_map(move |location| names.map(|name| (location, name)))
}

impl CertificateStores {
    /// Stores under a folder.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let mut section = WaxwingSection::default();
        section.certificates.store_root = Some(".".to_owned());
        Self { base: root.into(), section, proxy: None, revocation: Arc::default() }
    }

    /// The stores that a configuration file names; `folder` is where the file is.
    pub fn of_configuration(configuration: &Configuration, folder: &Path) -> Self {
        let section = configuration.waxwing.clone();
        let proxy = configuration.net.default_proxy.clone();
        Self { base: folder.to_owned(), section, proxy, revocation: Arc::default() }
    }

    /// The certificate of a reference with its private key.
    ///
    /// # Errors
    /// There is none, or several, or it has no key, or a file cannot be used.
    pub fn identity(&self, reference: &CertificateReference) -> Result<Identity, CertificateError> {
        let identity = self.tls_identity(reference)?;
        let certificate = identity.certificate.clone();
        self.of_rsa(reference, &certificate).map(|()| identity)
    }

    /// The same, whatever its key: for TLS.
    ///
    /// # Errors
    /// There is none, or several, or it has no key, or a file cannot be used.
    pub(crate) fn tls_identity(
        &self,
        reference: &CertificateReference,
    ) -> Result<Identity, CertificateError> {
        self.find(reference)?.identity()
    }

    /// The certificate of a reference; its private key need not be there.
    ///
    /// # Errors
    /// There is none, or several, or a file cannot be used.
    pub fn certificate(
        &self,
        reference: &CertificateReference,
    ) -> Result<Certificate, CertificateError> {
        let certificate = self.find(reference)?.certificate;
        self.of_rsa(reference, &certificate).map(|()| certificate)
    }

    /// The certificate of a reference, whatever its key: for TLS.
    ///
    /// # Errors
    /// There is none, or several, or a file cannot be used.
    pub(crate) fn tls_certificate(
        &self,
        reference: &CertificateReference,
    ) -> Result<Certificate, CertificateError> {
        Ok(self.find(reference)?.certificate)
    }

    /// # Errors
    /// Message security cannot use it.
    fn of_rsa(
        &self,
        reference: &CertificateReference,
        certificate: &Certificate,
    ) -> Result<(), CertificateError> {
        certificate.require_rsa().map_err(|error| {
            let file = self.find(reference).map(|found| found.file.display().to_string());
            CertificateError::Content { file: file.unwrap_or_default(), error }
        })
    }

    /// Everything in a store.
    ///
    /// # Errors
    /// A file cannot be read or used. A folder that does not exist is an empty store.
    pub fn all(
        &self,
        location: StoreLocation,
        name: StoreName,
    ) -> Result<Vec<StoredCertificate>, CertificateError> {
        folder::read(&self.folder(location, name))
    }

    /// Who asks about revocation, for everybody who has these stores.
    pub(crate) fn revocation(&self) -> &Revocation {
        self.revocation.get_or_init(|| Revocation::new(self.revocation_options()))
    }

    fn revocation_options(&self) -> RevocationOptions {
        let section = &self.section.revocation;
        let proxy = ProxySettings { default: self.proxy.clone(), ..ProxySettings::default() };
        let options = RevocationOptions::default().proxy(proxy);
        let options = match section.timeout.duration() {
            Some(timeout) => options.timeout(timeout),
            None => options.timeout(ALTOGETHER),
        };
        match section.cache_folder.as_deref().map(str::trim) {
            None => options,
            Some("") => options.in_memory(),
            Some(folder) => options.folder(self.base.join(folder)),
        }
    }

    /// A validator by mode, with the stores of a location.
    ///
    /// # Errors
    /// A file cannot be used, or the mode is `Custom`: a validator of one's own is set in code.
    pub fn validator(
        &self,
        mode: X509CertificateValidationMode,
        revocation: X509RevocationMode,
        location: StoreLocation,
        usage: Usage,
    ) -> Result<CertificateValidator, CertificateError> {
        let mode = match mode {
            X509CertificateValidationMode::None => ValidationMode::None,
            X509CertificateValidationMode::PeerTrust => ValidationMode::PeerTrust,
            X509CertificateValidationMode::ChainTrust => ValidationMode::ChainTrust,
            X509CertificateValidationMode::PeerOrChainTrust => ValidationMode::PeerOrChainTrust,
            X509CertificateValidationMode::Custom => {
                let text = "certificateValidationMode=\"Custom\" names a .NET type; give the validator in code";
                return Err(CertificateError::Unsupported(text.to_owned()));
            }
        };
        let revocation = match revocation {
            X509RevocationMode::NoCheck => RevocationMode::NoCheck,
            X509RevocationMode::Online => RevocationMode::Online,
            X509RevocationMode::Offline => RevocationMode::Offline,
        };
        let store = |name| -> Result<Vec<Certificate>, CertificateError> {
            Ok(self.all(location, name)?.into_iter().map(|stored| stored.certificate).collect())
        };
        let mut lists =
            folder::revocation_lists(&self.folder(location, StoreName::CertificateAuthority))?;
        lists.extend(folder::revocation_lists(&self.folder(location, StoreName::Root))?);
        Ok(CertificateValidator::new(mode, revocation, usage)
            .with_roots(store(StoreName::Root)?)
            .with_roots(store(StoreName::AuthRoot)?)
            .with_intermediates(store(StoreName::CertificateAuthority)?)
            .with_trusted_people(&store(StoreName::TrustedPeople)?)
            .with_disallowed(&store(StoreName::Disallowed)?)
            .with_revocation_lists(lists))
    }

    /// The certificate of services at `https` addresses, where the section `<waxwing>` names one.
    pub(crate) fn https_certificate(&self) -> Option<CertificateReference> {
        let named = self.section.https.service_certificate.as_ref()?;
        let mut reference = named.clone();
        reference.store_location.get_or_insert(StoreLocation::LocalMachine);
        Some(reference)
    }

    /// What lies in a store, with what cannot be used of it: one bad file does not hide the others.
    pub fn survey(&self, location: StoreLocation, name: StoreName) -> Survey {
        folder::survey(&self.folder(location, name))
    }

    /// What lies in a folder that is no store, with what cannot be used of it.
    pub fn survey_of_folder(folder: &Path) -> Survey {
        folder::survey(folder)
    }

    /// What to do about a reference that nothing fits: another store where something does, or a
    /// name that is nearly the one looked for.
    fn where_else(&self, reference: &CertificateReference) -> String {
        let own = (reference.store_location, reference.store_name);
        if let Ok(criterion) = Criterion::of(reference) {
            for (location, name) in every_store().filter(|(l, n)| (Some(*l), *n) != own) {
                let there = self.survey(location, name).certificates;
                if there.iter().any(|stored| criterion.fits(&stored.certificate)) {
                    return format!(
                        "it lies in {location}/{name}: write storeLocation=\"{location}\" storeName=\"{name}\", or move it"
                    );
                }
            }
        }
        let location = reference.store_location.unwrap_or(StoreLocation::CurrentUser);
        let folder = self.folder(location, reference.store_name);
        let there = folder::survey(&folder).certificates;
        let near = find::nearest(reference, there.iter().map(|stored| &stored.certificate));
        match near {
            Some(value) => format!("did you mean findValue=\"{value}\"?"),
            None => format!(
                "put the certificate into {}, or name its file in <waxwing><certificates><certificateFiles>",
                folder.display()
            ),
        }
    }

    fn folder(&self, location: StoreLocation, name: StoreName) -> PathBuf {
        self.first_folder(&self.section.store_folders(location, name))
    }

    /// The first that exists; the last when none does.
    fn first_folder(&self, folders: &[String]) -> PathBuf {
        // Without the `.` of a root that is this folder: it stands in errors.
        let paths = folders.iter().map(|folder| self.base.join(folder).components().collect());
        let paths: Vec<PathBuf> = paths.collect();
        let found = paths.iter().find(|folder| folder.is_dir()).or_else(|| paths.last());
        found.cloned().unwrap_or_else(|| self.base.clone())
    }

    /// Everything that fits a reference, as `X509Certificate2Collection.Find` gives it. WCF takes a reference only when this
    /// is exactly one.
    ///
    /// # Errors
    /// A file cannot be used, or the kind of search is not supported.
    pub fn matching(
        &self,
        reference: &CertificateReference,
    ) -> Result<Vec<StoredCertificate>, CertificateError> {
        match self.find(reference) {
            Ok(one) => Ok(vec![one]),
            Err(CertificateError::NotFound { .. }) => Ok(Vec::new()),
            Err(CertificateError::Several { .. }) => {
                let location = reference.store_location.unwrap_or(StoreLocation::CurrentUser);
                let criterion = Criterion::of(reference)?;
                let mut all = self.all(location, reference.store_name)?;
                all.retain(|stored| criterion.fits(&stored.certificate));
                Ok(all)
            }
            Err(error) => Err(error),
        }
    }

    fn find(
        &self,
        reference: &CertificateReference,
    ) -> Result<StoredCertificate, CertificateError> {
        let folder = match self.section.place_of(reference) {
            CertificatePlace::File { certificate, key, password_variable } => {
                let key = key.as_deref();
                return folder::read_named(
                    &self.base,
                    &certificate,
                    key,
                    password_variable.as_deref(),
                );
            }
            CertificatePlace::Folders(folders) => self.first_folder(&folders),
        };
        let criterion = Criterion::of(reference)?;
        let all = folder::read(&folder)?;
        let mut found: Vec<_> =
            all.iter().filter(|stored| criterion.fits(&stored.certificate)).collect();
        found.dedup_by(|a, b| a.certificate == b.certificate);
        match found[..] {
            [one] => Ok(one.clone()),
            [] => Err(CertificateError::NotFound {
                reference: reference.criteria(),
                searched: self.searched(&folder),
                present: folder::describe(&all),
            }),
            _ => Err(CertificateError::Several {
                reference: reference.criteria(),
                found: found.iter().map(|s| s.to_string()).collect::<Vec<_>>().join(", "),
            }),
        }
    }

    fn searched(&self, folder: &Path) -> String {
        let missing = if folder.is_dir() { "" } else { ", which does not exist" };
        let files = &self.section.certificates.certificate_files.add;
        let files = if files.is_empty() { "" } else { " and <certificateFiles>" };
        format!("the folder {}{missing}{files}", folder.display())
    }
}
