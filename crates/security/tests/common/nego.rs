//! A client and a service in memory: virtual time, seeded randomness, messages through their octets.
#![allow(dead_code, unreachable_pub, unused_imports)]
#![allow(clippy::disallowed_methods, reason = "tests read their data")]

#[path = "nego_flights.rs"]
mod flights;
#[path = "nego_legs.rs"]
pub mod legs;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use waxwing_crypto::tls::TlsVersion;
use waxwing_crypto::{
    Certificate, CertificateValidator, Identity, PrivateKey, RevocationMode, Usage, ValidationMode,
};
use waxwing_security::conversation::{
    CallerIdentity, ClientBinding, ClientCredential, ClientError, ClientIdentification,
    ClientOptions, ClientSecurity, Correlation, Evidence, Incoming, LinkSecurity, Protection,
    Received, ReplyKind, SecuredMessage, ServiceBinding, ServiceOptions, ServiceReply,
    ServiceSecurity, Step, Verdict,
};
use waxwing_security::negotiation::TlsEngines;
use waxwing_security::wsse::Dialect;
use waxwing_security::{Link, PeerTag, ProtectionLevel, SecurityError};
use waxwing_soap::{Addressing, Envelope, Fault, MessageVersion, Moment, RandomSource, Time};
use waxwing_xml::{Limits, Name};
use zeroize::Zeroizing;

pub use self::flights::{Reshaped, client_tls, cut, merged, record, records, service_tls};

/// The address of the service; its certificate is for `localhost`.
pub const ADDRESS: &str = "http://localhost:8000/calculator";
/// The request action of the contract.
pub const ADD: &str = "http://Microsoft.ServiceModel.Samples/ICalculator/Add";
/// The reply action of the contract.
pub const ADD_RESPONSE: &str = "http://Microsoft.ServiceModel.Samples/ICalculator/AddResponse";

/// Octets that are the same in every run (SplitMix64).
pub struct Seeded(pub u64);

impl RandomSource for Seeded {
    fn fill(&mut self, octets: &mut [u8]) {
        for chunk in octets.chunks_mut(8) {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

pub fn file(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pki").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

pub fn certificate(name: &str) -> Certificate {
    Certificate::from_pem(&file(&format!("{name}.cert.pem"))).unwrap().remove(0)
}

pub fn key(name: &str) -> PrivateKey {
    PrivateKey::from_pem(&file(&format!("{name}.key.pem"))).unwrap()
}

pub fn identity(name: &str) -> Identity {
    Identity::of(vec![certificate(name)], key(name)).unwrap()
}

pub fn noon() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

/// A moment by one clock, which also tells how long something waits.
pub fn moment(now: Timestamp, random: &mut dyn RandomSource) -> Moment<'_> {
    let elapsed = std::time::Duration::from_millis(now.as_millisecond().unsigned_abs());
    Moment::new(now, Time::since_start(elapsed), random)
}

/// The same where nothing is drawn.
pub fn still(now: Timestamp) -> Moment<'static> {
    moment(now, Box::leak(Box::new(Nothing)))
}

/// No randomness. It takes no room, so that nothing is leaked.
struct Nothing;

impl RandomSource for Nothing {
    fn fill(&mut self, _: &mut [u8]) {
        panic!("nothing should be drawn here");
    }
}

/// Whether a certificate is trusted.
pub type Trust =
    Arc<dyn Fn(&Certificate, &[Certificate], Timestamp) -> Result<(), String> + Send + Sync>;

/// Who decides what: the client about its service, the service about its clients.
#[derive(Clone)]
pub struct Rules {
    pub service: Trust,
    pub clients: Trust,
}

impl Default for Rules {
    fn default() -> Self {
        Self { service: chain_trust(Usage::Service), clients: chain_trust(Usage::Client) }
    }
}

impl Rules {
    pub fn judge(&self, evidence: &Evidence, now: Timestamp) -> Verdict {
        match evidence {
            Evidence::UserName(shown) => {
                let password = shown.password.as_ref().map(|password| password.as_str());
                match (&*shown.username, password) {
                    ("alice", Some("secret")) => Ok(()),
                    (user, _) => Err(format!("no user {user} with that password")),
                }
            }
            Evidence::Certificate(shown) => {
                let rule = match shown.usage {
                    Usage::Service => &self.service,
                    Usage::Client => &self.clients,
                };
                rule(&shown.certificate, &shown.chain, now)
            }
            Evidence::PasswordDigest(shown) => {
                match &*shown.username == "alice" && shown.digest.is_of("secret") {
                    true => Ok(()),
                    false => Err("the digest is of another password".to_owned()),
                }
            }
            other => panic!("{other:?}"),
        }
    }

    /// What becomes of a message when its sender is judged at once.
    pub fn receive(
        &self,
        security: &ServiceSecurity,
        envelope: Envelope,
        now: Timestamp,
        random: &mut dyn RandomSource,
    ) -> Incoming {
        let link = Link { peer: PeerTag::UNKNOWN, protected: true };
        let mut incoming = security.receive(envelope, link, &mut moment(now, random));
        while let Incoming::Authenticate(authentication) = incoming {
            let verdict = self.judge(authentication.evidence(), now);
            incoming = security.authenticated(authentication, verdict, &mut moment(now, random));
        }
        incoming
    }

    /// The same of one that came over this connection.
    pub fn receive_on(
        &self,
        security: &ServiceSecurity,
        link: &mut LinkSecurity,
        envelope: Envelope,
        now: Timestamp,
        random: &mut dyn RandomSource,
    ) -> Incoming {
        let from = Link { peer: PeerTag::UNKNOWN, protected: true };
        let mut incoming = security.receive_on(link, envelope, from, &mut moment(now, random));
        while let Incoming::Authenticate(authentication) = incoming {
            let verdict = self.judge(authentication.evidence(), now);
            let at = &mut moment(now, random);
            incoming = security.authenticated_on(link, authentication, verdict, at);
        }
        incoming
    }
}

/// A client whose service is judged at once.
pub struct Client {
    pub security: ClientSecurity,
    pub rules: Rules,
}

impl Client {
    pub fn open(&mut self, at: &mut Moment<'_>) -> Result<Step, ClientError> {
        let step = self.security.open(at)?;
        self.judged(step, at)
    }

    pub fn renew(&mut self, at: &mut Moment<'_>) -> Result<Step, ClientError> {
        let step = self.security.renew(at)?;
        self.judged(step, at)
    }

    pub fn handle_reply(
        &mut self,
        reply: Envelope,
        at: &mut Moment<'_>,
    ) -> Result<Step, ClientError> {
        let step = self.security.handle_reply(reply, at)?;
        self.judged(step, at)
    }

    pub fn judged(&mut self, mut step: Step, at: &mut Moment<'_>) -> Result<Step, ClientError> {
        while let Step::Authenticate(evidence) = step {
            step = self.security.authenticated(self.rules.judge(&evidence, at.wall), at)?;
        }
        Ok(step)
    }
}

impl std::ops::Deref for Client {
    type Target = ClientSecurity;

    fn deref(&self) -> &ClientSecurity {
        &self.security
    }
}

impl std::ops::DerefMut for Client {
    fn deref_mut(&mut self) -> &mut ClientSecurity {
        &mut self.security
    }
}

/// Trust in what the test root signed.
pub fn chain_trust(usage: Usage) -> Trust {
    let validator =
        CertificateValidator::new(ValidationMode::ChainTrust, RevocationMode::NoCheck, usage)
            .with_roots([certificate("ca")]);
    Arc::new(move |leaf: &Certificate, chain: &[Certificate], now: Timestamp| {
        validator.validate(leaf, chain, now).map_err(|e| e.to_string())
    })
}

/// Trust in everything.
pub fn any_trust_rule(_: &Certificate, _: &[Certificate], _: Timestamp) -> Result<(), String> {
    Ok(())
}

/// What a client proves itself with in a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    None,
    UserName(&'static str),
    Certificate(&'static str),
}

impl Credential {
    pub const ALL: [Credential; 3] =
        [Credential::None, Credential::UserName("secret"), Credential::Certificate("alice")];

    pub fn client(self) -> ClientCredential {
        match self {
            Credential::None => ClientCredential::None,
            Credential::UserName(password) => ClientCredential::UserName {
                username: "alice".into(),
                password: Some(Zeroizing::new(password.to_owned())),
            },
            Credential::Certificate(name) => {
                ClientCredential::Certificate { certificate: certificate(name), key: key(name) }
            }
        }
    }

    pub fn service(self) -> ClientIdentification {
        match self {
            Credential::None => ClientIdentification::None,
            Credential::UserName(_) => ClientIdentification::UserName,
            Credential::Certificate(_) => ClientIdentification::Certificate,
        }
    }

    pub fn is_caller(self, caller: &CallerIdentity) -> bool {
        match (self, caller) {
            (Credential::None, CallerIdentity::Anonymous) => true,
            (Credential::UserName(_), CallerIdentity::UserName(name)) => **name == *"alice",
            (Credential::Certificate(name), CallerIdentity::Certificate(found)) => {
                *found == certificate(name)
            }
            _ => false,
        }
    }
}

/// The binding of a service whose certificate is known beforehand.
pub fn by_certificate() -> ServiceBinding {
    ServiceBinding::Symmetric { certificate: certificate("service"), key: key("service") }
}

/// Options of a pair that fits together.
#[derive(Clone)]
pub struct Setup {
    pub client: ClientOptions,
    pub service: ServiceOptions,
    pub rules: Rules,
}

impl Setup {
    /// The service's certificate is known beforehand.
    pub fn by_certificate(dialect: Dialect, credential: Credential) -> Self {
        let mut client = ClientOptions::new(ADDRESS);
        client.binding = Some(ClientBinding::Symmetric(certificate("service")));
        client.credential = credential.client();
        let mut service = ServiceOptions::new(credential.service());
        service.binding = Some(by_certificate());
        Self { client, service, rules: Rules::default() }.finish(dialect)
    }

    /// The key comes from a TLS handshake.
    pub fn negotiated(dialect: Dialect, credential: Credential) -> Self {
        let mut setup = Self::by_certificate(dialect, credential);
        let identity_of_client = match credential {
            Credential::Certificate(name) => Some(identity(name)),
            _ => None,
        };
        let client = client_tls(identity_of_client.as_ref(), TlsVersion::Tls12);
        setup.client.binding = Some(ClientBinding::Negotiated(client));
        let by_certificate = matches!(credential, Credential::Certificate(_));
        setup.service.binding =
            Some(ServiceBinding::Negotiated(service_tls(by_certificate, TlsVersion::Tls12)));
        setup
    }

    /// The transport protects messages (TransportWithMessageCredential).
    pub fn over_transport(dialect: Dialect, credential: Credential) -> Self {
        let mut setup = Self::by_certificate(dialect, credential);
        setup.client.binding = Some(ClientBinding::Transport);
        setup.service.binding = Some(ServiceBinding::Transport { allow_insecure: false });
        setup.service.detect_replays = false;
        for settings in [
            &mut setup.client.settings,
            &mut setup.client.bootstrap,
            &mut setup.service.settings,
            &mut setup.service.bootstrap,
        ] {
            settings.derived_keys = false;
        }
        setup
    }

    pub fn one_shot(mut self) -> Self {
        self.client.protection = Protection::OneShot;
        self.service.protection = Protection::OneShot;
        self
    }

    fn finish(mut self, dialect: Dialect) -> Self {
        for settings in [
            &mut self.client.settings,
            &mut self.client.bootstrap,
            &mut self.service.settings,
            &mut self.service.bootstrap,
        ] {
            settings.dialect = dialect;
        }
        for requirements in [&mut self.client.requirements, &mut self.service.requirements] {
            requirements.operation(ADD, Some(ADD_RESPONSE), ProtectionLevel::EncryptAndSign);
        }
        self
    }

    pub fn build(self) -> Pair {
        self.build_seeded(7)
    }

    pub fn build_seeded(self, seed: u64) -> Pair {
        let mut random = Seeded(seed);
        let service = ServiceSecurity::new(self.service, &mut Seeded(1000 + seed)).unwrap();
        let client = ClientSecurity::new(self.client, &mut random).unwrap();
        let client = Client { security: client, rules: self.rules.clone() };
        Pair { client, service: Service::new(service, self.rules, seed), now: noon(), random }
    }
}

/// Through the octets and back.
pub fn wire(envelope: &Envelope) -> Envelope {
    Envelope::parse(envelope.to_bytes(), &Limits::SOAP).expect("what was written is an envelope")
}

/// The same after a change of its text.
pub fn altered(envelope: &Envelope, change: impl FnOnce(String) -> String) -> Envelope {
    let text = String::from_utf8(envelope.to_bytes()).unwrap();
    let changed = change(text.clone());
    assert_ne!(changed, text, "the change changes something");
    Envelope::parse(changed, &Limits::SOAP).expect("the changed text is an envelope")
}

/// A service and its clock.
pub struct Service {
    pub security: ServiceSecurity,
    pub rules: Rules,
    pub random: Seeded,
    /// How far its clock is ahead of the client's.
    pub ahead: SignedDuration,
}

impl Service {
    pub fn new(security: ServiceSecurity, rules: Rules, seed: u64) -> Self {
        Self { security, rules, random: Seeded(2000 + seed), ahead: SignedDuration::ZERO }
    }

    pub fn now(&self, now: Timestamp) -> Timestamp {
        now + self.ahead
    }

    pub fn receive(&mut self, request: &Envelope, now: Timestamp) -> Incoming {
        let now = self.now(now);
        self.rules.receive(&self.security, wire(request), now, &mut self.random)
    }

    /// The answer of the security layer.
    pub fn answer(&mut self, request: &Envelope, now: Timestamp) -> ServiceReply {
        match self.receive(request, now) {
            Incoming::Reply(reply) => *reply,
            other => panic!("handed up: {other:?}"),
        }
    }

    /// A message that is handed up.
    pub fn message(&mut self, request: &Envelope, now: Timestamp) -> SecuredMessage {
        match self.receive(request, now) {
            Incoming::Message(message) => *message,
            Incoming::Reply(reply) => panic!("answered: {:?}", reply.error),
            Incoming::Authenticate(authentication) => panic!("{authentication:?}"),
            Incoming::Ended(session) => panic!("ended: {session:?}"),
        }
    }
}

/// Both ends.
pub struct Pair {
    pub client: Client,
    pub service: Service,
    pub now: Timestamp,
    pub random: Seeded,
}

impl Pair {
    pub fn pass(&mut self, time: SignedDuration) {
        self.now += time;
    }

    /// Carries an exchange to its end. Gives the messages that crossed.
    pub fn carry(&mut self, mut step: Step) -> Result<Vec<Envelope>, ClientError> {
        let mut seen = Vec::new();
        while let Step::Send(request) = step {
            let reply = self.service.answer(&request, self.now);
            let is_fault = reply.envelope.is_fault() || reply.error.is_some();
            assert_eq!(reply.kind == ReplyKind::Fault, is_fault);
            step = self
                .client
                .handle_reply(wire(&reply.envelope), &mut moment(self.now, &mut self.random))?;
            seen.extend([*request, reply.envelope]);
        }
        Ok(seen)
    }

    pub fn open(&mut self) -> Result<Vec<Envelope>, ClientError> {
        let step = self.client.open(&mut moment(self.now, &mut self.random))?;
        self.carry(step)
    }

    pub fn renew(&mut self) -> Result<Vec<Envelope>, ClientError> {
        let step = self.client.renew(&mut moment(self.now, &mut self.random))?;
        self.carry(step)
    }

    pub fn cancel(&mut self) -> Result<Vec<Envelope>, ClientError> {
        let step = self.client.cancel(&mut moment(self.now, &mut self.random))?;
        self.carry(step)
    }

    /// A request of the application, protected.
    pub fn request(&mut self, text: &str) -> (Envelope, Correlation) {
        let envelope = application_request(text, &mut self.random);
        self.client.protect(envelope, &mut moment(self.now, &mut self.random)).unwrap()
    }

    /// The answer to a message that was handed up: its payload back.
    pub fn echo(&mut self, message: SecuredMessage) -> Envelope {
        let request = message.received.envelope();
        let addressing = Addressing::read(request).unwrap();
        let text = request.payload().expect("a payload").text().into_owned();
        let version = MessageVersion::SOAP12_ADDRESSING10;
        let reply = Addressing::reply(ADD_RESPONSE, &addressing, version.addressing);
        let mut envelope = Envelope::new(version);
        reply.write(&mut envelope);
        payload(&mut envelope, "AddResponse", &text);
        let now = self.service.now(self.now);
        let security = &self.service.security;
        security
            .protect_reply(&message.reply, envelope, &mut moment(now, &mut self.service.random))
            .unwrap()
    }

    /// One call: out, checked at the service, and back.
    pub fn call(&mut self, text: &str) -> Result<Received, ClientError> {
        let (request, correlation) = self.request(text);
        let message = self.service.message(&request, self.now);
        assert_eq!(message.received.envelope().payload().unwrap().text(), text);
        let reply = self.echo(message);
        let received = self.client.verify(wire(&reply), &correlation, &still(self.now))?;
        assert_eq!(received.envelope().payload().unwrap().text(), text);
        Ok(received)
    }

    /// A call that the service refuses: its answer and what the client makes of it.
    pub fn refused_call(&mut self, text: &str) -> (ServiceReply, ClientError) {
        let (request, correlation) = self.request(text);
        self.refused(&request, &correlation)
    }

    pub fn refused(
        &mut self,
        request: &Envelope,
        correlation: &Correlation,
    ) -> (ServiceReply, ClientError) {
        let reply = self.service.answer(request, self.now);
        let error =
            self.client.verify(wire(&reply.envelope), correlation, &still(self.now)).unwrap_err();
        (reply, error)
    }
}

pub fn application_request(text: &str, random: &mut dyn RandomSource) -> Envelope {
    let version = MessageVersion::SOAP12_ADDRESSING10;
    let mut envelope = Envelope::new(version);
    Addressing::request(ADD, ADDRESS, version.addressing, random).write(&mut envelope);
    payload(&mut envelope, "Add", text);
    envelope
}

pub fn payload(envelope: &mut Envelope, local: &str, text: &str) {
    let namespace = "http://Microsoft.ServiceModel.Samples";
    let body = envelope.append_body_element(Name::new("", local, namespace));
    envelope.document_mut().declare_namespace(body, "", namespace);
    envelope.document_mut().append_text(body, text);
}

/// The fault that a reply shows in clear, as `Code/subcode`, and its text.
pub fn fault(envelope: &Envelope) -> (String, String) {
    let fault = Fault::read(&wire(envelope)).expect("a fault in clear");
    let subcode = fault.subcode().map(|s| s.local.clone()).unwrap_or_default();
    (format!("{:?}/{subcode}", fault.code), fault.text().to_owned())
}

/// The text of an error contains all of these.
#[track_caller]
pub fn says(error: &dyn std::fmt::Display, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "'{text}' does not say '{part}'");
    }
}

/// The reason of the security error in a client error.
pub fn reason_of(error: &ClientError) -> &SecurityError {
    match error {
        ClientError::Unverifiable(error) | ClientError::Response { error, .. } => error,
        other => panic!("no security error: {other}"),
    }
}
