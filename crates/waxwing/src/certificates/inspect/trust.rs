//! How the other side's certificate is checked: what lies in the stores for it, and whether the
//! certificate that is known beforehand passes.

use std::path::Path;

use waxwing_binding::{
    CertificateReference, Identity as ExpectedIdentity, Severity, StoreName,
    X509CertificateValidationMode as Mode, X509RevocationMode,
};
use waxwing_crypto::revocation::RevocationQuestion;
use waxwing_crypto::{Certificate, CertificateValidator, RevocationList, RevocationMode};

use super::super::StoredCertificate;
use super::super::folder::{self, Survey};
use super::{CertificateUse, Check, Inspection};
use crate::revocation::RevocationError;

impl Inspection<'_> {
    /// The stores that decide whom to trust.
    pub(super) fn trust(&mut self) {
        let check = self.check();
        if check.mode == Mode::Custom {
            return;
        }
        let names = [
            StoreName::Root,
            StoreName::AuthRoot,
            StoreName::CertificateAuthority,
            StoreName::TrustedPeople,
            StoreName::Disallowed,
        ];
        let surveys = names.map(|name| self.stores.survey(check.location, name));
        for problem in surveys.iter().flat_map(|survey| &survey.problems) {
            let fix = "mend the file or take it out of the folder: as long as it lies there, the endpoint does not open";
            let message = problem.to_string();
            self.say(CertificateUse::Check, Severity::Error, "certificate-file", message, fix);
        }
        let [roots, more_roots, authorities, people, _] = surveys;
        let roots: Vec<_> = roots.certificates.into_iter().chain(more_roots.certificates).collect();
        let chain = matches!(check.mode, Mode::ChainTrust | Mode::PeerOrChainTrust);
        let peer = matches!(check.mode, Mode::PeerTrust | Mode::PeerOrChainTrust);
        self.somebody_is_trusted(&check, chain.then_some(&roots[..]), peer.then_some(&people));
        if chain {
            self.in_force(&roots);
            let all: Vec<_> = roots.into_iter().chain(authorities.certificates).collect();
            self.revocation(&check, &all);
        }
    }

    /// With empty stores every certificate is refused.
    fn somebody_is_trusted(
        &mut self,
        check: &Check,
        roots: Option<&[StoredCertificate]>,
        people: Option<&Survey>,
    ) {
        let no_root = roots.is_none_or(<[_]>::is_empty);
        let nobody = people.is_none_or(|people| people.certificates.is_empty());
        if check.mode == Mode::None || !(no_root && nobody) {
            return;
        }
        let folder = |name| self.stores.folder(check.location, name).display().to_string();
        let mut folders = Vec::new();
        folders.extend(roots.map(|_| folder(StoreName::Root)));
        folders.extend(people.map(|_| folder(StoreName::TrustedPeople)));
        let message = format!(
            "with certificateValidationMode=\"{}\" every certificate of the other side is refused: there is none in {}",
            check.mode,
            folders.join(" nor in ")
        );
        let fix = match roots {
            Some(_) => format!(
                "put the certificate of the root that issued the other side's into {}",
                folders[0]
            ),
            None => format!("put the other side's certificate into {}", folders[0]),
        };
        self.say(CertificateUse::Check, Severity::Error, "nobody-trusted", message, fix);
    }

    /// Roots whose time is over trust nobody.
    fn in_force(&mut self, roots: &[StoredCertificate]) {
        for root in roots {
            let (from, until) = (root.certificate.not_before(), root.certificate.not_after());
            if self.now >= from && self.now <= until {
                continue;
            }
            let file = root.file.display();
            let message = format!("the root {root} in {file} is valid from {from} to {until} only");
            let fix = "put the root's new certificate beside it";
            self.say(CertificateUse::Check, Severity::Warning, "certificate-expired", message, fix);
        }
    }

    /// What is fetched cannot be kept where no folder can be.
    fn cache_folder(&mut self) {
        let Some(folder) = self.stores.revocation().folder().cloned() else { return };
        let (nearest, data) =
            folder.ancestors().find_map(|path| Some((path, std::fs::metadata(path).ok()?))).unzip();
        let why = match (nearest, data) {
            (Some(path), Some(data)) if !data.is_dir() => {
                format!("{} is no folder", path.display())
            }
            (Some(path), Some(data)) if data.permissions().readonly() => {
                format!("nobody may write in {}", path.display())
            }
            _ => return,
        };
        let message = format!(
            "what is fetched about revocation cannot be kept in {}: {why}. It is fetched again after every restart",
            folder.display()
        );
        let fix = "write <revocation cacheFolder=\"…\" /> in the section <waxwing> with a folder in which the program may \
                   write, or cacheFolder=\"\" for memory only";
        self.say(CertificateUse::Check, Severity::Warning, "revocation-cache", message, fix);
    }

    /// Without a list of each issuer somebody has to be asked whether a certificate was revoked, or nobody can tell, and it
    /// is refused.
    fn revocation(&mut self, check: &Check, authorities: &[StoredCertificate]) {
        if check.revocation == X509RevocationMode::NoCheck {
            return;
        }
        self.cache_folder();
        let issuers: Vec<_> =
            authorities.iter().filter(|stored| stored.certificate.is_authority()).collect();
        let folders = [StoreName::CertificateAuthority, StoreName::Root]
            .map(|name| self.stores.folder(check.location, name));
        let mut lists: Vec<RevocationList> = Vec::new();
        for folder in &folders {
            match folder::revocation_lists(folder) {
                Ok(found) => lists.extend(found),
                Err(error) => {
                    let fix = "mend the file or take it out of the folder";
                    let message = error.to_string();
                    self.say(
                        CertificateUse::Check,
                        Severity::Error,
                        "certificate-file",
                        message,
                        fix,
                    );
                }
            }
        }
        let mut lacking = Vec::new();
        for issuer in &issuers {
            let mut own = lists.iter().filter(|list| list.is_of(&issuer.certificate)).peekable();
            let name = issuer.certificate.subject_windows();
            if own.peek().is_none() {
                lacking.push(format!("'{name}' has no list"));
            } else if !own.any(|list| list.is_fresh(self.now)) {
                lacking.push(format!("the list of '{name}' is out of date"));
            }
        }
        if lacking.is_empty() {
            return;
        }
        let is_online = check.revocation == X509RevocationMode::Online;
        let kept = self.stores.revocation().folder().cloned();
        let is_kept = kept.as_ref().is_some_and(|folder| {
            std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
        });
        let severity = match lacking.len() == issuers.len() && !is_kept {
            _ if is_online => Severity::Note,
            true => Severity::Error,
            false => Severity::Warning,
        };
        let what = match is_online {
            true => {
                "is asked about over http, at the OCSP responders and lists that each certificate names; one that names none is refused"
            }
            false => "is refused, for nobody can tell whether it was revoked",
        };
        let fetched = match &kept {
            Some(folder) => format!("; what was fetched is in {}", folder.display()),
            None => String::new(),
        };
        let message = format!(
            "with revocationMode=\"{}\" what these issued {what}: {} (looked for *.crl in {} and {}{fetched})",
            check.revocation,
            lacking.join("; "),
            folders[0].display(),
            folders[1].display()
        );
        let (first, code) = match is_online {
            true => ("let this machine reach those places, or ", "revocation-online"),
            false => ("", "revocation-list-missing"),
        };
        let fix = format!(
            "{first}put the issuer's revocation list into {}, or write revocationMode=\"NoCheck\" in <authentication>",
            folders[0].display()
        );
        self.say(CertificateUse::Check, severity, code, message, fix);
    }

    /// Whether a certificate that is known beforehand was revoked, or whom that is asked of. Nobody is asked here.
    fn revoked(
        &mut self,
        question: &RevocationQuestion,
        validator: &CertificateValidator,
        about: CertificateUse,
    ) {
        let (mode, lists) = (validator.revocation(), validator.revocation_lists());
        let known = self.stores.revocation().at_hand(question, lists, mode, self.now);
        let Err(error) = known else { return };
        let urls: Vec<_> = {
            let sources = question.sources();
            sources.ocsp.iter().chain(&sources.lists).map(String::as_str).collect()
        };
        let is_unknown = matches!(error, RevocationError::Unknown { .. });
        if mode != RevocationMode::Online || urls.is_empty() || !is_unknown {
            let fix = "put what is missing into the stores, or change <authentication>";
            let message = format!("the service's certificate does not pass the check: {error}");
            self.say(about, Severity::Error, "certificate-not-trusted", message, fix);
            return;
        }
        let message = format!(
            "whether the certificate '{}' was revoked is asked when it is used: {}",
            question.subject(),
            urls.join(", then ")
        );
        let fix = "let this machine reach one of these places, or write revocationMode=\"NoCheck\" in <authentication>";
        self.say(about, Severity::Note, "revocation-online", message, fix);
    }

    /// The service's certificate that a client has beforehand: found, trusted, of the right name.
    pub(super) fn known(&mut self, reference: &CertificateReference, about: CertificateUse) {
        let found = match self.stores.find(reference) {
            Ok(found) => found,
            Err(error) => return self.not_found(about, reference, error),
        };
        self.passes(&found.certificate, Some(&found.file), about);
        self.is_expected(&found.certificate, about);
    }

    /// Whether the service's certificate, from a file or from the configuration, is good.
    pub(super) fn passes(
        &mut self,
        certificate: &Certificate,
        file: Option<&Path>,
        about: CertificateUse,
    ) {
        let check = self.check();
        let validator =
            self.stores.validator(check.mode, check.revocation, check.location, check.usage);
        // What is wrong with the stores is told of the stores.
        let Ok(validator) = validator else { return };
        let error = match validator.validate_path(certificate, &[], self.now) {
            Ok(questions) => {
                return questions.iter().for_each(|q| self.revoked(q, &validator, about));
            }
            Err(error) => error,
        };
        let at = self.chain_break(certificate, &[]);
        let chain = matches!(check.mode, Mode::ChainTrust | Mode::PeerOrChainTrust);
        let at = at.filter(|_| chain).map(|at| format!("; {}", at.what)).unwrap_or_default();
        let (subject, thumbprint) = (certificate.subject_windows(), certificate.thumbprint_hex());
        let place = file.map(|file| format!(" in {}", file.display())).unwrap_or_default();
        let message = format!(
            "the service's certificate '{subject}' (thumbprint {thumbprint}){place} does not pass the check: {error}{at}"
        );
        let fix = "put what is missing into the stores, or change <authentication>";
        self.say(about, Severity::Error, "certificate-not-trusted", message, fix);
    }

    fn is_expected(&mut self, certificate: &Certificate, about: CertificateUse) {
        let name = match &self.endpoint.identity {
            Some(ExpectedIdentity::Dns(name)) => name.clone(),
            None => match self.endpoint.host() {
                Some(host) => host.to_owned(),
                None => return,
            },
            Some(_) => return,
        };
        let names = certificate.dns_names();
        if names.iter().any(|own| own.eq_ignore_ascii_case(&name)) {
            return;
        }
        let own = names.first().cloned().unwrap_or_default();
        let message = format!(
            "the service is expected to be '{name}', but its certificate is of '{}'",
            names.join("', '")
        );
        let fix = format!(
            "write <identity><dns value=\"{own}\" /></identity> in the endpoint, if that is the service"
        );
        let wcf = format!(
            "Identity check failed for outgoing message. The expected DNS identity of the remote endpoint was '{name}' \
             but the remote endpoint provided DNS claim '{own}'. If this is a legitimate remote endpoint, you can fix \
             the problem by explicitly specifying DNS identity '{own}' as the Identity property of EndpointAddress when \
             creating channel proxy."
        );
        self.say(about, Severity::Error, "certificate-name", message, fix).wcf_text = Some(wcf);
    }
}
