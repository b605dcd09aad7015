//! A whole check of a configuration file: what is wrong with it, whether its certificates are
//! there, and what becomes of each endpoint.
//!
//! ```no_run
//! use waxwing::binding::Configuration;
//! use waxwing::check::{FileCheck, Outcome};
//!
//! let text = std::fs::read_to_string("client.config")?;
//! let check = FileCheck::of(Configuration::load(&text), ".".as_ref(), waxwing::jiff::Timestamp::now());
//! for endpoint in &check.endpoints {
//!     println!("{}: {}", endpoint.name, endpoint.verdict.as_str());
//! }
//! assert_eq!(check.outcome(), Outcome::AllRun);
//! # Ok::<(), std::io::Error>(())
//! ```

use std::path::Path;

use jiff::Timestamp;
use waxwing_binding::{
    Diagnostic, EffectiveEndpoint, Finding, Loaded, MessageCredentialType, Role, Severity,
    UserNamePasswordType,
};
pub use waxwing_binding::{EndpointVerdict, Outcome, Reason, Verdict};

use crate::certificates::{CertificateFinding, CertificateStores, CertificateUse};
use crate::configuration::ConfigurationFile;
use crate::cookie_keys::CookieKeyFile;

mod keeping;

/// The `encodedValue` of an identity holds no certificate.
const NO_CERTIFICATE: &str = "certificate-identity";

/// Revocation is asked about online.
const ONLINE: &str = "revocation-online";

/// What was found out about a configuration file.
#[derive(Debug, Clone)]
pub struct FileCheck {
    /// The model and the findings about the text.
    pub loaded: Loaded,
    /// What becomes of each endpoint, certificates considered.
    pub endpoints: Vec<EndpointVerdict>,
    /// The findings about certificates and stores, by place in the file.
    pub certificates: Vec<Diagnostic>,
    /// The names of outboxes that do not open, though the endpoints that they go to may run; the findings say why.
    pub closed_outboxes: Vec<String>,
}

impl FileCheck {
    /// Checks a file that was read from `folder`, where relative names in it count from. Only the certificate folders, files
    /// of keys and files of stores are looked at; nothing goes over the network.
    pub fn of(mut loaded: Loaded, folder: &Path, now: Timestamp) -> FileCheck {
        let stores = CertificateStores::of_configuration(&loaded.configuration, folder);
        let keys = loaded.configuration.waxwing.cookies.key_file.as_ref();
        let keys = keys.map(|name| CookieKeyFile::new(folder, name));
        let digests = loaded.configuration.waxwing.user_name.password_type
            == UserNamePasswordType::PasswordDigest;
        let file = ConfigurationFile::of(loaded.configuration.clone(), folder);
        let node = file.node().err().map(|error| error.to_string());
        let mut endpoints = loaded.verdicts();
        let (mut certificates, mut closed_outboxes) = (Vec::new(), Vec::new());
        let effective = endpoints.iter().filter_map(|judged| judged.endpoint.as_ref());
        let calls_back =
            effective.clone().any(|own| own.role == Role::Service && own.composite_duplex);
        for judged in &mut endpoints {
            let Some(endpoint) = &judged.endpoint else { continue };
            if !judged.verdict.runs() {
                continue;
            }
            let cookies = cookie_finding(endpoint, keys.as_ref());
            let passwords = digests.then(|| digest_finding(endpoint)).flatten();
            let node = node_finding(endpoint, node.as_deref());
            let kept = keeping::findings(endpoint, &file, &mut closed_outboxes);
            let hosts = callback_finding(endpoint, &file, calls_back);
            let own = cookies.into_iter().chain(passwords).chain(node).chain(hosts).chain(kept);
            for finding in own.chain(stores.inspect(endpoint, now)) {
                let diagnostic = loaded.diagnostic(to_be_told(&finding, judged, &loaded));
                if !certificates.contains(&diagnostic) {
                    certificates.push(diagnostic);
                }
                match (finding.severity, finding.code) {
                    // What stands in the file itself, WCF refuses as well.
                    (Severity::Error, NO_CERTIFICATE) => {
                        judged.verdict = Verdict::Broken(vec![reason(finding)]);
                        break;
                    }
                    (Severity::Error, _) => judged.verdict.cannot_run(reason(finding)),
                    _ => {}
                }
            }
        }
        EndpointVerdict::all_or_none(&mut endpoints);
        // Whom the certificates at hand name is more than that somebody is asked.
        let is_told = |d: &Diagnostic| {
            d.code == ONLINE && certificates.iter().any(|c| c.code == ONLINE && c.span == d.span)
        };
        loaded.diagnostics.retain(|found| !is_told(found));
        certificates.sort_by_key(|d| (d.span.start, d.severity));
        FileCheck { loaded, endpoints, certificates, closed_outboxes }
    }

    /// All findings: about the text, then about certificates.
    pub fn findings(&self) -> impl Iterator<Item = &Diagnostic> {
        self.loaded.diagnostics.iter().chain(&self.certificates)
    }

    /// What becomes of the file as a whole.
    pub fn outcome(&self) -> Outcome {
        Outcome::of(&self.endpoints, self.loaded.has_errors())
    }
}

/// What there is to say of the keys under which a service seals security contexts that it does not remember.
/// What is to be said of where a service calls its clients back.
fn callback_finding(
    endpoint: &EffectiveEndpoint,
    file: &ConfigurationFile,
    calls_back: bool,
) -> Option<CertificateFinding> {
    let about = |severity, code, message: String, fix: &str| CertificateFinding {
        about: CertificateUse::Section("callbacks/@allowedHosts"),
        severity,
        code,
        message,
        fix: fix.to_owned(),
        wcf_text: None,
    };
    if endpoint.role != Role::Service {
        return None;
    }
    match file.callback_hosts() {
        Err(error) => {
            let fix = "write names, *.names, addresses or networks with spaces between them: \
                       <callbacks allowedHosts=\"*.clients.example 10.0.0.0/8\" /> in the section <waxwing>";
            Some(about(Severity::Error, "callback-hosts", error.to_string(), fix))
        }
        Ok(Some(_)) if !calls_back => {
            let message = "allowedHosts does nothing: no endpoint of the file calls clients back where they listen \
                           (wsDualHttpBinding)";
            let fix = "leave <callbacks> out";
            Some(about(Severity::Note, "callback-hosts-unused", message.to_owned(), fix))
        }
        Ok(_) => None,
    }
}

fn cookie_finding(
    endpoint: &EffectiveEndpoint,
    file: Option<&CookieKeyFile>,
) -> Option<CertificateFinding> {
    let has_cookies = endpoint.security.as_ref().is_some_and(|security| security.has_cookies());
    if endpoint.role != Role::Service || !has_cookies {
        return None;
    }
    let about = |severity, code, message: String, fix: &str| CertificateFinding {
        about: CertificateUse::Section("cookies/@keyFile"),
        severity,
        code,
        message,
        fix: fix.to_owned(),
        wcf_text: None,
    };
    let Some(file) = file else {
        let message = "security contexts are sealed under a random key of the process: clients need others when it starts again, \
                       and no other process of the service takes them";
        let fix = "give the processes one file: <cookies keyFile=\"cookies.keys\" /> in the section <waxwing>, with \
                   'openssl rand -base64 32' in it";
        return Some(about(Severity::Note, "cookie-keys-of-process", message.to_owned(), fix));
    };
    if let Err(error) = file.read() {
        let fix = "write a key into it with 'openssl rand -base64 32', and let only the service's account read it";
        return Some(about(Severity::Error, "cookie-keys", error.to_string(), fix));
    }
    file.is_open_to_others().then(|| {
        let path = file.path().display();
        let message = format!(
            "others than its owner can read the file of cookie keys {path}: whoever has a key of it can be any client"
        );
        let fix = "chmod 600, and make new keys if somebody may have read them";
        about(Severity::Warning, "cookie-keys-readable", message, fix)
    })
}

/// Why a service of a file does not open that says that it is one of several nodes.
fn node_finding(endpoint: &EffectiveEndpoint, error: Option<&str>) -> Option<CertificateFinding> {
    let message = error.filter(|_| endpoint.role == Role::Service)?.to_owned();
    let fix =
        "complete <node> in the section <waxwing>, or leave it out where the process is alone";
    Some(CertificateFinding {
        about: CertificateUse::Section("node"),
        severity: Severity::Error,
        code: "node",
        message,
        fix: fix.to_owned(),
        wcf_text: None,
    })
}

/// What there is to say of an endpoint in a file whose clients show digests of passwords.
fn digest_finding(endpoint: &EffectiveEndpoint) -> Option<CertificateFinding> {
    let credential = endpoint.security.as_ref().map(|security| security.credential);
    let named = credential == Some(MessageCredentialType::UserName);
    let (severity, message, fix) = match (endpoint.role, named) {
        (Role::Client, true) => (
            Severity::Warning,
            "the password is shown as a digest (passwordType=\"PasswordDigest\" of <userName> in the section <waxwing>): a service \
             of WCF refuses it, and one that takes it must keep the password itself",
            "leave passwordType away, unless the service is another one and demands it",
        ),
        (Role::Client, false) => (
            Severity::Note,
            "passwordType=\"PasswordDigest\" does nothing for this endpoint: no user name is in its messages",
            "leave it away if no other client of the file needs it",
        ),
        (Role::Service, true) => (
            Severity::Note,
            "passwordType=\"PasswordDigest\" does nothing for this endpoint: it is for clients, and a service takes digests when its \
             program gives it a store of passwords (ServiceHostBuilder::password_store)",
            "give the store in code where clients of this service show digests",
        ),
        _ => return None,
    };
    Some(CertificateFinding {
        about: CertificateUse::Section("userName/@passwordType"),
        severity,
        code: "password-digest",
        message: message.to_owned(),
        fix: fix.to_owned(),
        wcf_text: None,
    })
}

fn to_be_told(finding: &CertificateFinding, judged: &EndpointVerdict, loaded: &Loaded) -> Finding {
    let spans = &judged.certificates;
    Finding {
        span: match finding.about {
            CertificateUse::Own => spans.own,
            CertificateUse::Known => spans.known,
            CertificateUse::Identity => spans.identity,
            CertificateUse::Check => spans.check,
            CertificateUse::Section(place) => loaded.place_in_section(place).unwrap_or(spans.own),
        },
        severity: finding.severity,
        code: finding.code,
        message: finding.message.clone(),
        fix: finding.fix.clone(),
        wcf_text: finding.wcf_text.clone(),
        wcf_behavior: what_wcf_does(finding.code),
    }
}

/// What WCF does in the same place.
fn what_wcf_does(code: &str) -> &'static str {
    match code {
        NO_CERTIFICATE => "refuses when the service host or channel factory is opened",
        "certificate-missing" | "certificate-ambiguous" => {
            "looks into the certificate stores of Windows, and refuses if it is the same there"
        }
        "https-certificate-missing" => {
            "does not look: Windows has the certificate of the port (netsh http add sslcert)"
        }
        "tls-suites" | "revocation-cache" => {
            "goes by the settings of Windows for the whole machine"
        }
        "certificate-host" => "clients refuse it, too",
        "certificate-name" => "clients expect the name, too, and refuse any other",
        "cookie-keys-of-process" => {
            "seals them for the account of the service on this machine (DPAPI)"
        }
        "cookie-keys" | "cookie-keys-readable" => {
            "asks a .NET class (securityStateEncoderType) or the machine (DPAPI)"
        }
        "node" | "node-store" | "store" | "store-keys" | "store-links" | "store-password"
        | "store-path" | "store-unused" | "outbox-idle" | "outbox-session" => {
            "keeps sessions in memory: they end with the process"
        }
        "password-digest" => "writes and takes passwords in clear only, which are encrypted",
        "certificate-expired"
        | "certificate-not-yet-valid"
        | "certificate-expires-soon"
        | "certificate-usage"
        | "certificate-chain"
        | "certificate-not-trusted" => "checks the other side's certificate in the same way",
        _ => "looks into the certificate stores of Windows",
    }
}

fn reason(finding: CertificateFinding) -> Reason {
    Reason {
        code: finding.code,
        what: finding.message,
        fix: Some(finding.fix),
        wcf_text: finding.wcf_text,
    }
}
