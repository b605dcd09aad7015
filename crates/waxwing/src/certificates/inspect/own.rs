//! An endpoint's own certificate: found, in time, with its key, fit for its use.

use jiff::SignedDuration;
use waxwing_binding::{CertificateReference, Role, Severity, StoreName};
use waxwing_crypto::{Certificate, Identity, Usage};

use super::super::{CertificateError, CertificateStores, StoredCertificate};
use super::{CertificateUse, Inspection};

/// So long before its end a certificate is worth a word.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Longest chain that is followed; WCF's peers build none longer.
const LONGEST_CHAIN: usize = 10;

impl Inspection<'_> {
    /// Looks at the certificate of a reference, which is taken with its key by `identity`.
    pub(super) fn own(
        &mut self,
        reference: &CertificateReference,
        identity: impl Fn(
            &CertificateStores,
            &CertificateReference,
        ) -> Result<Identity, CertificateError>,
    ) {
        let about = CertificateUse::Own;
        let found = match self.stores.find(reference) {
            Ok(found) => found,
            Err(error) => return self.not_found(about, reference, error),
        };
        if let Err(error) = identity(self.stores, reference) {
            self.not_found(about, reference, error);
        }
        self.in_time(&found);
        self.fit_for_use(&found);
        match self.is_https() {
            true => self.of_its_host(&found.certificate),
            false => self.named_as_addressed(&found.certificate),
        }
        self.issued(&found);
    }

    /// As in WCF, whose time it is, the other side decides: with such a certificate an endpoint opens.
    fn in_time(&mut self, found: &StoredCertificate) {
        let certificate = &found.certificate;
        let (from, until) = (certificate.not_before(), certificate.not_after());
        let file = found.file.display();
        if self.now < from {
            let message = format!("the certificate {found} in {file} is not valid before {from}");
            let fix = "check the clock, or wait: the other side refuses it until then";
            self.say(
                CertificateUse::Own,
                Severity::Warning,
                "certificate-not-yet-valid",
                message,
                fix,
            );
        } else if self.now > until {
            let message = format!("the certificate {found} in {file} has expired on {until}");
            let fix = "have it renewed: the other side refuses it";
            self.say(CertificateUse::Own, Severity::Warning, "certificate-expired", message, fix);
        } else if until.duration_since(self.now) < SOON {
            let message = format!("the certificate {found} in {file} expires on {until}");
            let fix = "have it renewed before";
            self.say(CertificateUse::Own, Severity::Note, "certificate-expires-soon", message, fix);
        }
    }

    fn fit_for_use(&mut self, found: &StoredCertificate) {
        let (usage, whose, key_usage) = match self.endpoint.role {
            Role::Client => (Usage::Client, "a client's", "clientAuth"),
            Role::Service => (Usage::Service, "a service's", "serverAuth"),
        };
        if found.certificate.allows(usage) {
            return;
        }
        let message = format!(
            "the certificate {found} is not for {whose} use: its key usage or extended key usage forbids it"
        );
        let fix = format!(
            "use one whose extended key usage is absent or has {key_usage}, and whose key usage has digitalSignature and \
             keyEncipherment: an other side with ChainTrust refuses this one"
        );
        self.say(CertificateUse::Own, Severity::Warning, "certificate-usage", message, fix);
    }

    /// Clients refuse TLS with a server whose certificate is not its host's, whatever identity they expect.
    fn of_its_host(&mut self, certificate: &Certificate) {
        if !self.endpoint.public_addresses.is_empty() {
            // Clients speak TLS with the front end, and that one knows whom it asks.
            return;
        }
        let host = self.endpoint.host().unwrap_or_default().to_owned();
        let wildcard = matches!(host.as_str(), "" | "+" | "*" | "0.0.0.0" | "[::]" | "localhost");
        if self.endpoint.role == Role::Client || wildcard || certificate.is_of_host(&host) {
            return;
        }
        let names = certificate.dns_names().join(", ");
        let message = format!(
            "clients that know the service as {host} refuse TLS with it: the certificate is of {names}"
        );
        let fix = format!(
            "have a certificate made for {host}, or give clients an address with the certificate's name"
        );
        self.say(CertificateUse::Own, Severity::Warning, "certificate-host", message, fix);
    }

    /// Clients without an identity expect the host of the address among the certificate's names.
    fn named_as_addressed(&mut self, certificate: &Certificate) {
        let host = self.endpoint.host().unwrap_or_default();
        let wildcard = matches!(host, "" | "+" | "*" | "0.0.0.0" | "localhost");
        let names = certificate.dns_names();
        if self.endpoint.role == Role::Client
            || wildcard
            || names.iter().any(|name| name.eq_ignore_ascii_case(host))
        {
            return;
        }
        let names = names.join(", ");
        let message = format!(
            "clients that know the service as {host} expect a certificate of that name; this one is of {names}"
        );
        let fix = "write <identity><dns value=\"…\" /></identity> with the certificate's name at the clients";
        self.say(CertificateUse::Own, Severity::Note, "certificate-name", message, fix);
    }

    /// The other side must be able to follow the chain; what is wrong with it here is wrong there.
    fn issued(&mut self, found: &StoredCertificate) {
        if let Some(Break { is_sure, what }) = self.chain_break(&found.certificate, &found.chain) {
            let severity = if is_sure { Severity::Warning } else { Severity::Note };
            let message =
                format!("the chain of the certificate {found} cannot be followed here: {what}");
            let fix = "make sure that the other side has the issuers' certificates, or give them along in the file";
            self.say(CertificateUse::Own, severity, "certificate-chain", message, fix);
        }
    }

    /// The first link of a chain that does not hold; `None` when it ends at a root.
    pub(super) fn chain_break(
        &self,
        certificate: &Certificate,
        along: &[Certificate],
    ) -> Option<Break> {
        let location = self.check().location;
        let store = |name: StoreName| {
            self.stores.survey(location, name).certificates.into_iter().map(|s| s.certificate)
        };
        let roots: Vec<_> = store(StoreName::Root).chain(store(StoreName::AuthRoot)).collect();
        let others: Vec<_> =
            along.iter().cloned().chain(store(StoreName::CertificateAuthority)).collect();
        let mut current = certificate.clone();
        for depth in 0..LONGEST_CHAIN {
            let name = current.subject_windows();
            if roots.contains(&current) {
                return None;
            }
            if depth > 0 && (self.now < current.not_before() || self.now > current.not_after()) {
                let (from, until) = (current.not_before(), current.not_after());
                return Some(Break::sure(format!("'{name}' is valid from {from} to {until} only")));
            }
            let issuer = current.issuer().to_string();
            if current.is_self_issued() {
                let folder = self.stores.folder(location, StoreName::Root).display().to_string();
                return Some(Break::unsure(format!(
                    "it ends at '{name}', which is not in {folder}"
                )));
            }
            let named =
                || roots.iter().chain(&others).filter(|c| *c.subject() == *current.issuer());
            let Some(next) = named().find(|c| current.was_issued_by(c)) else {
                let folders = [StoreName::Root, StoreName::CertificateAuthority];
                let folders =
                    folders.map(|n| self.stores.folder(location, n).display().to_string());
                return Some(match named().next() {
                    Some(_) => {
                        Break::sure(format!("'{issuer}' as it lies here did not sign '{name}'"))
                    }
                    None => Break::unsure(format!(
                        "the issuer '{issuer}' of '{name}' is not in {}",
                        folders.join(" nor in ")
                    )),
                });
            };
            if !next.is_authority() {
                return Some(Break::sure(format!("'{issuer}' may not issue certificates")));
            }
            current = next.clone();
        }
        Some(Break::sure(format!("it is longer than {LONGEST_CHAIN} certificates")))
    }
}

/// Where a chain breaks.
pub(super) struct Break {
    /// Whether it breaks for everybody, or only for want of a certificate here.
    pub(super) is_sure: bool,
    pub(super) what: String,
}

impl Break {
    fn sure(what: String) -> Break {
        Break { is_sure: true, what }
    }

    fn unsure(what: String) -> Break {
        Break { is_sure: false, what }
    }
}
