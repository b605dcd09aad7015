//! Trust in a server of HTTPS: a chain to a root of the system or of the Root folders, and the name of the host.

use std::sync::OnceLock;

use jiff::Timestamp;
use waxwing_binding::{StoreLocation, StoreName, TlsProtocol};
use waxwing_crypto::https::TlsProfile;
use waxwing_crypto::tls::TlsVersion;
use waxwing_crypto::{
    Certificate, CertificateValidator, RevocationMode, TrustError, Usage, ValidationMode,
};

use super::{CertificateError, CertificateStores};

/// The roots of servers of HTTPS.
pub(crate) struct ServerRoots {
    validator: CertificateValidator,
    roots: String,
    authorities: String,
}

impl CertificateStores {
    /// Whether an HTTPS server that shows these certificates (its own first) is believed as `host`: by the system's roots,
    /// the Root folders, and `authorities`. Blocks.
    ///
    /// # Errors
    /// Why it is not, and what to do.
    pub fn https_verdict(
        &self,
        shown: &[Certificate],
        host: &str,
        authorities: impl IntoIterator<Item = Certificate>,
        now: Timestamp,
    ) -> Result<(), String> {
        let Some((own, chain)) = shown.split_first() else {
            return Err("it showed no certificate".to_owned());
        };
        let roots = self.server_roots().map_err(|error| error.to_string())?;
        roots.and(authorities).check(own, chain, host, now)
    }

    /// The system's roots and those of the Root folders. Blocks.
    ///
    /// # Errors
    /// A file cannot be used.
    pub(crate) fn server_roots(&self) -> Result<ServerRoots, CertificateError> {
        let all = |name| -> Result<Vec<Certificate>, CertificateError> {
            let mut found = Vec::new();
            for location in [StoreLocation::CurrentUser, StoreLocation::LocalMachine] {
                let stored = self.all(location, name)?.into_iter();
                found.extend(stored.map(|stored| stored.certificate));
            }
            found.dedup();
            Ok(found)
        };
        // No revocation, unless a program of .NET asks for it (ServicePointManager.CheckCertificateRevocationList).
        let (mode, revocation) = (ValidationMode::ChainTrust, RevocationMode::NoCheck);
        let validator = CertificateValidator::new(mode, revocation, Usage::Service)
            .with_roots(system_roots().iter().cloned())
            .with_roots(all(StoreName::Root)?)
            .with_roots(all(StoreName::AuthRoot)?)
            .with_intermediates(all(StoreName::CertificateAuthority)?)
            .with_disallowed(&all(StoreName::Disallowed)?);
        let folder = |name| self.folder(StoreLocation::CurrentUser, name).display().to_string();
        let (roots, authorities) =
            (folder(StoreName::Root), folder(StoreName::CertificateAuthority));
        Ok(ServerRoots { validator, roots, authorities })
    }

    /// How TLS is spoken below HTTP, as the section `<waxwing>` says.
    ///
    /// # Errors
    /// The oldest version is newer than the newest.
    pub(crate) fn tls_profile(&self) -> Result<TlsProfile, String> {
        let https = &self.section.https;
        let number = |version| match version {
            TlsProtocol::Tls => TlsVersion::Tls10,
            TlsProtocol::Tls11 => TlsVersion::Tls11,
            TlsProtocol::Tls12 => TlsVersion::Tls12,
            TlsProtocol::Tls13 => TlsVersion::Tls13,
        };
        let versions = number(https.oldest_version)..=number(https.newest_version);
        if versions.is_empty() {
            let (oldest, newest) = (https.oldest_version, https.newest_version);
            return Err(format!(
                "<https> of the section <waxwing> has no version of TLS: oldestVersion=\"{oldest}\" is newer than \
                 newestVersion=\"{newest}\""
            ));
        }
        Ok(TlsProfile { versions, suites: https.cipher_suites.clone() })
    }
}

impl ServerRoots {
    /// These, too.
    #[must_use]
    pub(crate) fn and(mut self, more: impl IntoIterator<Item = Certificate>) -> Self {
        self.validator = self.validator.with_roots(more);
        self
    }

    /// # Errors
    /// Why the certificate is not trusted as that of the host, and what to do.
    pub(crate) fn check(
        &self,
        own: &Certificate,
        chain: &[Certificate],
        host: &str,
        now: Timestamp,
    ) -> Result<(), String> {
        self.validator.validate(own, chain, now).map_err(|error| match &error {
            TrustError::Chain { .. } => self.untrusted(own, chain, &error),
            _ => sentence(&error.to_string()),
        })?;
        if own.is_of_host(host) {
            return Ok(());
        }
        let names = own.dns_names();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        Err(format!(
            "The certificate '{}' is not that of the host '{host}': its names are {names}. Write the address with one of \
             them, or have the server show another certificate",
            own.subject_windows()
        ))
    }

    /// What is missing in a chain.
    fn untrusted(&self, own: &Certificate, chain: &[Certificate], error: &TrustError) -> String {
        let mut top = own;
        // No longer than the chain: certificates may have issued each other.
        for _ in 0..chain.len() {
            match chain.iter().find(|issuer| *issuer != top && top.was_issued_by(issuer)) {
                Some(issuer) => top = issuer,
                None => break,
            }
        }
        let roots = format!("{} (in code: ChannelFactory::https_roots)", self.roots);
        let authorities = &self.authorities;
        let todo = if own.is_self_issued() {
            format!(
                "It is self-signed: if it is the right one (thumbprint {}), put it into the folder {roots}",
                own.thumbprint_hex()
            )
        } else if top.is_self_issued() {
            let root = top.subject_windows();
            format!(
                "Its root '{root}' is not trusted here: if it should be, put it into the folder {roots}"
            )
        } else {
            let issuer = top.issuer();
            format!(
                "Its issuer '{issuer}' is not known here, and the server did not send its certificate: if that is an \
                 intermediate authority, have the server send it, or put it into the folder {authorities}; if it is a \
                 root that should be trusted, put it into the folder {roots}"
            )
        };
        sentence(&format!("{error}. {todo}"))
    }
}

/// The text as a sentence of its own.
fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

/// The roots that the operating system trusts, read once. One that cannot be read is left out, as everybody does.
fn system_roots() -> &'static [Certificate] {
    static ROOTS: OnceLock<Vec<Certificate>> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs();
        if found.certs.is_empty() {
            let errors: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
            tracing::info!("the system has no trusted roots for HTTPS: {}", errors.join(", "));
        }
        let read = found.certs.iter().filter_map(|der| Certificate::of_any_key(der).ok());
        read.collect()
    })
}
