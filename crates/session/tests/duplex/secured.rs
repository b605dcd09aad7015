//! The security of both ends.

use std::sync::LazyLock;

use jiff::SignedDuration;
use waxwing_crypto::{Certificate, PrivateKey};
use waxwing_security::conversation::{
    ClientBinding, ClientCredential, ClientIdentification, ClientOptions, ClientSecurity, Flow,
    Protection, ServiceBinding, ServiceOptions, ServiceSecurity,
};
use waxwing_security::{Direction, MessageProtection, ProtectionLevel, ProtectionRequirements};
use waxwing_session::Moment;
use waxwing_soap::{EndpointReference, Envelope, RandomSource};

use crate::kit::{ADDRESS, ECHO, NOTE};

struct Holder {
    certificate: Certificate,
    key: PrivateKey,
}

#[allow(clippy::disallowed_methods, reason = "tests read their data")]
static SERVICE: LazyLock<Holder> = LazyLock::new(|| {
    let read = |kind: &str| {
        let path = format!("{}/../../testdata/pki/service.{kind}.pem", env!("CARGO_MANIFEST_DIR"));
        std::fs::read(path).unwrap()
    };
    let certificate = Certificate::from_pem(&read("cert")).unwrap().into_iter().next().unwrap();
    Holder { certificate, key: PrivateKey::from_pem(&read("key")).unwrap() }
});

/// A secure conversation of somebody with a user name.
#[derive(Clone, Copy, Debug)]
pub struct Secured {
    /// How long a key lives, in seconds.
    pub key_lifetime: i64,
    /// After how much of that the client renews it. 100: the service demands it first.
    pub renewal_percent: u8,
    /// Whether connections protect messages (TLS), and the context only proves who sends them.
    pub by_transport: bool,
    /// Whether every message proves for itself who sends it: there is no context.
    pub alone: bool,
}

impl Default for Secured {
    fn default() -> Self {
        Self { key_lifetime: 36_000, renewal_percent: 60, by_transport: false, alone: false }
    }
}

impl Secured {
    fn protection(&self) -> Protection {
        if self.alone { Protection::OneShot } else { Protection::Conversation }
    }

    pub fn client(&self, name: &str, random: &mut dyn RandomSource) -> ClientSecurity {
        self.client_of((Flow::DuplexSession, ADDRESS), name, random)
    }

    /// The same of messages that travel so, to this address.
    pub fn client_of(
        &self,
        (flow, address): (Flow, &str),
        name: &str,
        random: &mut dyn RandomSource,
    ) -> ClientSecurity {
        let mut options = ClientOptions::new(address);
        (options.protection, options.flow) = (self.protection(), flow);
        options.credential = ClientCredential::UserName {
            username: name.into(),
            password: Some(format!("{name}'s secret").into()),
        };
        options.binding = Some(match self.by_transport {
            true => ClientBinding::Transport,
            false => ClientBinding::Symmetric(SERVICE.certificate.clone()),
        });
        for settings in [&mut options.settings, &mut options.bootstrap] {
            settings.derived_keys = !self.by_transport;
        }
        options.detect_replays = !self.by_transport;
        options.renewal_threshold_percent = self.renewal_percent;
        operations(&mut options.requirements);
        ClientSecurity::new(options, random).expect("the client's security")
    }

    pub fn service(&self, random: &mut dyn RandomSource) -> ServiceSecurity {
        self.service_of(Flow::DuplexSession, random)
    }

    /// The same of messages that travel so.
    pub fn service_of(&self, flow: Flow, random: &mut dyn RandomSource) -> ServiceSecurity {
        let mut options = ServiceOptions::new(ClientIdentification::UserName);
        (options.protection, options.flow) = (self.protection(), flow);
        options.reply_to = (flow == Flow::DuplexSession).then(|| EndpointReference::new(ADDRESS));
        options.binding = Some(match self.by_transport {
            true => ServiceBinding::Transport { allow_insecure: false },
            false => ServiceBinding::Symmetric {
                certificate: SERVICE.certificate.clone(),
                key: SERVICE.key.clone(),
            },
        });
        for settings in [&mut options.settings, &mut options.bootstrap] {
            settings.derived_keys = !self.by_transport;
        }
        options.detect_replays = !self.by_transport;
        options.limits.session_key_lifetime = SignedDuration::from_secs(self.key_lifetime);
        operations(&mut options.requirements);
        ServiceSecurity::new(options, random).expect("the service's security")
    }
}

pub fn unsecured(random: &mut dyn RandomSource) -> ServiceSecurity {
    unsecured_of(Flow::Exchanges, random)
}

/// The same of messages that travel so.
pub fn unsecured_of(flow: Flow, random: &mut dyn RandomSource) -> ServiceSecurity {
    let mut options = ServiceOptions::new(ClientIdentification::None);
    (options.protection, options.flow) = (Protection::None, flow);
    ServiceSecurity::new(options, random).unwrap()
}

/// Both ends call each other by the same names.
fn operations(requirements: &mut ProtectionRequirements) {
    let body = || MessageProtection::body(ProtectionLevel::EncryptAndSign);
    for direction in [Direction::Request, Direction::Reply] {
        for action in [ECHO, NOTE, "urn:IEcho/EchoResponse", "urn:r"] {
            requirements.set(direction, action, body());
        }
    }
}

/// Somebody with a session of his own, by hand.
pub struct Stranger(pub ClientSecurity);

impl Stranger {
    /// Protects a message as his.
    pub fn protect(&mut self, envelope: Envelope, at: &mut Moment<'_>) -> Envelope {
        self.0.protect(envelope, at).expect("a session").0
    }
}
