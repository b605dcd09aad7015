//! Who the ends are: the test PKI, user names, and the security of both ends for a plan.

use std::sync::{Arc, LazyLock};

use jiff::{SignedDuration, Timestamp};
use waxwing_crypto::tls::{TlsConfig, TlsRole, TlsVersion};
use waxwing_crypto::{Certificate, Identity, PrivateKey, Usage};
use waxwing_reliable::ReliableMessagingVersion;
use waxwing_security::ProtectionLevel;
use waxwing_security::conversation::{
    BindingKind, CertificateTokens, ClientBinding, ClientCredential, ClientIdentification,
    ClientOptions, ClientSecurity, CookieKeys, Evidence, Protection, ServiceBinding,
    ServiceOptions, ServiceSecurity, Verdict,
};
use waxwing_security::wsse::Dialect;

use crate::plan::{Credential, Plan};
use crate::random::Random;
use crate::words::{ADDRESS, ECHO, ECHO_RESPONSE, NOTE};

/// A certificate with its key.
struct Holder {
    certificate: Certificate,
    key: PrivateKey,
}

impl Holder {
    fn of(name: &str) -> Self {
        let certificate = Certificate::from_pem(&file(&format!("{name}.cert.pem"))).unwrap();
        let key = PrivateKey::from_pem(&file(&format!("{name}.key.pem"))).unwrap();
        Self { certificate: certificate.into_iter().next().unwrap(), key }
    }

    fn tls(&self, role: TlsRole) -> Arc<TlsConfig> {
        let identity = Identity::of(vec![self.certificate.clone()], self.key.clone()).unwrap();
        Arc::new(TlsConfig::new(role, Some(&identity), TlsVersion::Tls12).unwrap())
    }
}

#[allow(clippy::disallowed_methods, reason = "tests read their data")]
fn file(name: &str) -> Vec<u8> {
    let path = format!("{}/../../testdata/pki/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What outlasts the service.
static COOKIE_KEYS: LazyLock<CookieKeys> =
    LazyLock::new(|| CookieKeys::of_this_process(&mut Random::new(0x21_6C)));
static SERVICE: LazyLock<Holder> = LazyLock::new(|| Holder::of("service"));
static CLIENTS: LazyLock<[Holder; 2]> = LazyLock::new(|| ["alice", "bob"].map(Holder::of));
static MALLORY: LazyLock<Holder> = LazyLock::new(|| Holder::of("mallory"));
static SERVER_TLS: LazyLock<[Arc<TlsConfig>; 2]> = LazyLock::new(|| {
    [false, true].map(|asks| SERVICE.tls(TlsRole::Server { request_certificate: asks }))
});
static ANONYMOUS_TLS: LazyLock<Arc<TlsConfig>> =
    LazyLock::new(|| Arc::new(TlsConfig::new(TlsRole::Client, None, TlsVersion::Tls12).unwrap()));
static CLIENT_TLS: LazyLock<[Arc<TlsConfig>; 2]> =
    LazyLock::new(|| [0, 1].map(|who| CLIENTS[who].tls(TlsRole::Client)));
static MALLORYS_TLS: LazyLock<Arc<TlsConfig>> = LazyLock::new(|| MALLORY.tls(TlsRole::Client));

fn is_service(certificate: &Certificate, _: &[Certificate], _: Timestamp) -> Result<(), String> {
    match certificate.der() == SERVICE.certificate.der() {
        true => Ok(()),
        false => Err("not the service".to_owned()),
    }
}

fn is_client(certificate: &Certificate, _: &[Certificate], _: Timestamp) -> Result<(), String> {
    match CLIENTS.iter().any(|known| known.certificate.der() == certificate.der()) {
        true => Ok(()),
        false => Err("unknown".to_owned()),
    }
}

fn is_password(user: &str, password: Option<&str>) -> Result<(), String> {
    match password == Some(&format!("{user}'s secret")) {
        true => Ok(()),
        false => Err("wrong".to_owned()),
    }
}

/// What either end decides about the other.
pub fn judge(evidence: &Evidence, now: Timestamp) -> Verdict {
    match evidence {
        Evidence::UserName(shown) => {
            is_password(&shown.username, shown.password.as_ref().map(|password| password.as_str()))
        }
        Evidence::Certificate(shown) => match shown.usage {
            Usage::Service => is_service(&shown.certificate, &shown.chain, now),
            Usage::Client => is_client(&shown.certificate, &shown.chain, now),
        },
        other => Err(format!("{other:?}")),
    }
}

/// The name under which the service knows a client.
pub fn name(plan: &Plan, client: usize) -> String {
    match (plan.protection, plan.credential) {
        (Protection::None, _) | (_, Credential::Anonymous) => String::new(),
        (_, Credential::UserName) => format!("user{client}"),
        (_, Credential::Certificate) => CLIENTS[client % 2].certificate.identity_name(),
    }
}

fn dialect(plan: &Plan) -> Dialect {
    match plan.version {
        Some(ReliableMessagingVersion::V11) => Dialect::Version13,
        _ => Dialect::February2005,
    }
}

/// The security of a client.
pub fn client(plan: &Plan, client: usize, random: &mut Random) -> ClientSecurity {
    let mut options = ClientOptions::new(ADDRESS);
    let is_impostor = plan.impostor == Some(client);
    options.protection = plan.protection;
    options.credential = match plan.credential {
        Credential::Anonymous => ClientCredential::None,
        Credential::UserName => ClientCredential::UserName {
            username: format!("user{client}").into(),
            password: Some(match is_impostor {
                true => "a guess".to_owned().into(),
                false => format!("user{client}'s secret").into(),
            }),
        },
        Credential::Certificate => {
            let Holder { certificate, key } =
                if is_impostor { &*MALLORY } else { &CLIENTS[client % 2] };
            ClientCredential::Certificate { certificate: certificate.clone(), key: key.clone() }
        }
    };
    options.binding = Some(match (plan.binding, plan.credential) {
        (BindingKind::Negotiated, Credential::Certificate) if is_impostor => {
            ClientBinding::Negotiated(MALLORYS_TLS.clone())
        }
        (BindingKind::Negotiated, Credential::Certificate) => {
            ClientBinding::Negotiated(CLIENT_TLS[client % 2].clone())
        }
        (BindingKind::Negotiated, _) => ClientBinding::Negotiated(ANONYMOUS_TLS.clone()),
        (BindingKind::Transport, _) => ClientBinding::Transport,
        (BindingKind::Asymmetric, _) => ClientBinding::Asymmetric {
            service: SERVICE.certificate.clone(),
            shown: CertificateTokens::default(),
        },
        (BindingKind::Symmetric, _) => ClientBinding::Symmetric(SERVICE.certificate.clone()),
    });
    for settings in [&mut options.settings, &mut options.bootstrap] {
        settings.derived_keys = !plan.is_by_transport();
    }
    options.settings.dialect = dialect(plan);
    options.bootstrap.dialect = dialect(plan);
    options.renewal_threshold_percent = plan.renewal_percent;
    options.key_rollover = seconds(plan.rollover);
    options.session_signature_confirmation = plan.confirmed;
    operations(&mut options.requirements);
    ClientSecurity::new(options, random).expect("the client's security")
}

/// The security of the service.
pub fn service(plan: &Plan, random: &mut Random) -> ServiceSecurity {
    let clients = match plan.credential {
        Credential::Anonymous => ClientIdentification::None,
        Credential::UserName => ClientIdentification::UserName,
        Credential::Certificate => ClientIdentification::Certificate,
    };
    let mut options = ServiceOptions::new(clients);
    options.protection = plan.protection;
    match plan.binding {
        BindingKind::Transport => {
            options.binding = Some(ServiceBinding::Transport { allow_insecure: false });
            options.detect_replays = false;
        }
        BindingKind::Negotiated => {
            let asks = plan.credential == Credential::Certificate;
            options.binding =
                Some(ServiceBinding::Negotiated(SERVER_TLS[usize::from(asks)].clone()));
        }
        BindingKind::Asymmetric => {
            options.binding = Some(ServiceBinding::Asymmetric {
                certificate: SERVICE.certificate.clone(),
                key: SERVICE.key.clone(),
                shown: CertificateTokens::default(),
            })
        }
        BindingKind::Symmetric => {
            options.binding = Some(ServiceBinding::Symmetric {
                certificate: SERVICE.certificate.clone(),
                key: SERVICE.key.clone(),
            })
        }
    }
    for settings in [&mut options.settings, &mut options.bootstrap] {
        settings.dialect = dialect(plan);
        settings.derived_keys = !plan.is_by_transport();
    }
    options.session_signature_confirmation = plan.confirmed;
    options.durable = plan.reliable.durable;
    options.limits.session_key_lifetime = seconds(plan.key_lifetime);
    options.limits.key_rollover = seconds(plan.rollover);
    options.limits.cookie_lifetime = seconds(plan.key_lifetime);
    options.cookies.keys = plan.ring.then(|| COOKIE_KEYS.clone());
    options.cookies.negotiated = plan.ring;
    operations(&mut options.requirements);
    ServiceSecurity::new(options, random).expect("the service's security")
}

fn seconds(seconds: u64) -> SignedDuration {
    SignedDuration::from_secs(seconds as i64)
}

fn operations(requirements: &mut waxwing_security::ProtectionRequirements) {
    requirements.operation(ECHO, Some(ECHO_RESPONSE), ProtectionLevel::EncryptAndSign);
    requirements.operation(NOTE, None, ProtectionLevel::EncryptAndSign);
}
