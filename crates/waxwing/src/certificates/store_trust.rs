//! Trust by the stores of a folder, which says where it looked, and can look again.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use waxwing_binding::{
    StoreLocation, StoreName, X509CertificateValidationMode, X509RevocationMode,
};
use waxwing_crypto::revocation::RevocationQuestion;
use waxwing_crypto::{Certificate, RevocationMode, TrustError, Usage, ValidationMode};
use waxwing_security::conversation::CertificateEvidence;

use super::{CertificateError, CertificateStores, Fingerprint, folder};
use crate::authentication::{AsyncCertificateTrust, CertificateTrust, StoreRule, TrustRule};
use crate::future::BoxFuture;
use crate::revocation::RevocationTrust;

impl CertificateStores {
    /// The rule of [`CertificateStores::validator`], whose refusals name the folders that it looks at. It waits where
    /// revocation has to be asked about.
    pub(crate) fn trust(
        &self,
        mode: X509CertificateValidationMode,
        revocation: X509RevocationMode,
        location: StoreLocation,
        usage: Usage,
    ) -> Result<TrustRule, CertificateError> {
        let wanted = Wanted { stores: self.clone(), mode, revocation, location, usage };
        Ok(TrustRule::Stores(Arc::new(StoreTrust::new(wanted)?)))
    }
}

/// Which stores decide, and how.
struct Wanted {
    stores: CertificateStores,
    mode: X509CertificateValidationMode,
    revocation: X509RevocationMode,
    location: StoreLocation,
    usage: Usage,
}

/// A validator whose refusals name the folders that it looks at, with what is there.
struct StoreTrust {
    wanted: Wanted,
    asks: bool,
    last: Mutex<Last>,
}

/// What was seen last.
struct Last {
    seen: Arc<Seen>,
    /// What the files looked like then, or when they were found to be of no use.
    files: Fingerprint,
}

/// What the stores held at one time.
struct Seen {
    trust: RevocationTrust,
    roots: String,
    people: String,
}

impl Wanted {
    fn see(&self) -> Result<Seen, CertificateError> {
        let (stores, location) = (&self.stores, self.location);
        let validator = stores.validator(self.mode, self.revocation, location, self.usage)?;
        let trust = stores.revocation().trust(validator);
        let describe = |name| looked_at(&stores.folder(location, name));
        let (roots, people) = (describe(StoreName::Root)?, describe(StoreName::TrustedPeople)?);
        Ok(Seen { trust, roots, people })
    }
}

impl StoreTrust {
    fn new(wanted: Wanted) -> Result<Self, CertificateError> {
        // Before they are read: what changes meanwhile is seen the next time.
        let files = wanted.stores.fingerprint();
        let seen = Arc::new(wanted.see()?);
        let validator = seen.trust.validator();
        let has_chain = matches!(
            validator.mode(),
            ValidationMode::ChainTrust | ValidationMode::PeerOrChainTrust
        );
        let asks = has_chain && validator.revocation() != RevocationMode::NoCheck;
        Ok(Self { wanted, asks, last: Mutex::new(Last { seen, files }) })
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self) -> Arc<Seen> {
        Arc::clone(&self.last().seen)
    }
}

impl Seen {
    /// What is to be asked about a certificate that is trusted otherwise.
    fn path(
        &self,
        certificate: &Certificate,
        chain: &[Certificate],
        now: Timestamp,
    ) -> Result<Vec<RevocationQuestion>, String> {
        let path = self.trust.validator().validate_path(certificate, chain, now);
        path.map_err(|error| self.told(&error))
    }

    fn told(&self, error: &TrustError) -> String {
        match error {
            TrustError::Chain { .. } => format!("{error}. Trusted roots: {}", self.roots),
            TrustError::NotAPeer { .. } => format!("{error}. That is {}", self.people),
            _ => error.to_string(),
        }
    }
}

impl StoreRule for StoreTrust {
    fn asks(&self) -> bool {
        self.asks
    }

    fn look(&self) {
        let files = self.wanted.stores.fingerprint();
        if self.last().files == files {
            return;
        }
        // Nobody waits under the lock for a file.
        let seen = self.wanted.see();
        let mut last = self.last();
        last.files = files;
        match seen {
            Ok(seen) => {
                tracing::info!(
                    "the certificate stores have changed; certificates are judged by what they hold now: {}",
                    seen.roots
                );
                last.seen = Arc::new(seen);
            }
            Err(reason) => tracing::error!(
                "the certificate stores have changed and cannot be used; certificates are judged on by what they held: {reason}"
            ),
        }
    }
}

/// With the lists of the folders alone.
impl CertificateTrust for StoreTrust {
    fn check(
        &self,
        certificate: &Certificate,
        chain: &[Certificate],
        now: Timestamp,
    ) -> Result<(), String> {
        let seen = self.seen();
        let verdict = seen.trust.validator().validate(certificate, chain, now);
        verdict.map_err(|error| seen.told(&error))
    }
}

/// With what is fetched, as `revocationMode` says.
impl AsyncCertificateTrust for StoreTrust {
    fn check<'a>(
        &'a self,
        evidence: &'a CertificateEvidence,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), String>> {
        let seen = self.seen();
        let path = seen.path(&evidence.certificate, &evidence.chain, now);
        Box::pin(async move { seen.trust.ask(path?, now).await.map_err(|error| error.to_string()) })
    }
}

fn looked_at(path: &Path) -> Result<String, CertificateError> {
    let missing = if path.is_dir() { "" } else { ", which does not exist" };
    let found = folder::describe(&folder::read(path)?);
    Ok(format!("the folder {}{missing}; {found}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn pki(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pki").join(name)
    }

    /// Stores of a service that trusts who was certified by `ca`, as they are at first.
    fn trust(root: &Path) -> StoreTrust {
        std::fs::create_dir_all(root.join("Root")).unwrap();
        std::fs::copy(pki("ca.cert.pem"), root.join("Root/ca.cert.pem")).unwrap();
        let wanted = Wanted {
            stores: CertificateStores::new(root),
            mode: X509CertificateValidationMode::ChainTrust,
            revocation: X509RevocationMode::NoCheck,
            location: StoreLocation::LocalMachine,
            usage: Usage::Client,
        };
        StoreTrust::new(wanted).unwrap()
    }

    #[test]
    fn what_is_taken_out_of_a_store_or_put_into_it_counts_when_it_was_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let trust = trust(folder.path());
        let alice = std::fs::read(pki("alice.cert.pem")).unwrap();
        let alice = Certificate::from_pem(&alice).unwrap().remove(0);
        let check = || CertificateTrust::check(&trust, &alice, &[], Timestamp::now());
        check().unwrap();
        let (root, disallowed) =
            (folder.path().join("Root/ca.cert.pem"), folder.path().join("Disallowed"));
        // What was proven before does not hold without the root.
        std::fs::remove_file(&root).unwrap();
        check().unwrap();
        trust.look();
        let why = check().unwrap_err();
        assert!(
            why.contains("no chain to a trusted root") && why.contains("no certificate"),
            "{why}"
        );
        std::fs::copy(pki("ca.cert.pem"), &root).unwrap();
        trust.look();
        check().unwrap();
        std::fs::create_dir(&disallowed).unwrap();
        std::fs::copy(pki("alice.cert.pem"), disallowed.join("alice.crt")).unwrap();
        trust.look();
        assert!(check().unwrap_err().contains("Disallowed"));
        // What cannot be used changes nothing; neither does what is right beside it.
        std::fs::write(disallowed.join("broken.pem"), "no certificate").unwrap();
        std::fs::remove_file(disallowed.join("alice.crt")).unwrap();
        for _ in 0..2 {
            trust.look();
            assert!(check().unwrap_err().contains("Disallowed"));
        }
        std::fs::remove_file(disallowed.join("broken.pem")).unwrap();
        trust.look();
        check().unwrap();
    }
}
