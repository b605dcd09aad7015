//! Two ends that know each other's certificates, and messages between them.
#![allow(dead_code, unreachable_pub)]

use jiff::Timestamp;
use waxwing_crypto::{Certificate, PrivateKey};
use waxwing_security::protection::HeaderProtection;
use waxwing_security::wsse::{
    Asymmetric, CertificateReference, ContextUse, Expectations, ExpectedSigner, ExpectedToken,
    HeaderLayout, ProtectionOrder, ProtectionPlan, ProtectionToken, Recipient, ReplayCache,
    SecuritySettings, SentSignature, ShownCertificate, Signer, Sources, TokenKey, TokenResolver,
    UuidIds, Verified, X509ReferenceStyle, protect, verify,
};
use waxwing_security::{
    AlgorithmSuite, Direction, MessageProtection, ProtectionLevel, ProtectionRequirements, Result,
};
use waxwing_soap::{Envelope, MessageVersion, RandomSource};
use waxwing_xml::{Limits, Name};

use super::common::{certificate, private_key};

pub const ACTION: &str = "urn:example:act";
pub const SERVICE: &str = "http://localhost:8000/service";
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";

/// Octets that are the same in every run.
pub struct Counting(pub u8);

impl RandomSource for Counting {
    fn fill(&mut self, octets: &mut [u8]) {
        for octet in octets {
            self.0 = self.0.wrapping_mul(29).wrapping_add(7);
            *octet = self.0;
        }
    }
}

/// The first name calls, the second answers; the private keys of all are known.
pub struct Ends {
    pub identities: Vec<(Certificate, PrivateKey)>,
    pub style: X509ReferenceStyle,
    pub carried_in_replies: bool,
    pub replay: Option<ReplayCache>,
}

impl TokenResolver for Ends {
    fn context_key(&self, _: ContextUse, _: &str, _: Option<&str>) -> Option<TokenKey> {
        None
    }

    fn private_key(&self, reference: &CertificateReference) -> Option<&PrivateKey> {
        self.identities.iter().find(|(c, _)| reference.is_of(c)).map(|(_, key)| key)
    }
}

pub fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

/// A message with addressing headers and one element with a text.
pub fn message(text: &str, relates_to: Option<&str>) -> Envelope {
    let mut envelope = Envelope::new(MessageVersion::SOAP12_ADDRESSING10);
    let headers = [
        Some(("Action", ACTION)),
        relates_to.is_none().then_some(("MessageID", "urn:uuid:1")),
        relates_to.map(|id| ("RelatesTo", id)),
        relates_to.is_none().then_some(("To", SERVICE)),
    ];
    for (local, text) in headers.into_iter().flatten() {
        let header = envelope.append_header(Name::new("a", local, ADDRESSING));
        envelope.document_mut().append_text(header, text);
    }
    let header = envelope.append_header(Name::new("h", "H", "urn:example"));
    envelope.document_mut().declare_namespace(header, "h", "urn:example");
    let element = envelope.append_body_element(Name::new("", "Part", "urn:example"));
    envelope.document_mut().declare_namespace(element, "", "urn:example");
    envelope.document_mut().append_text(element, text);
    envelope
}

pub fn text_of(verified: &Verified) -> String {
    verified.envelope().payload().expect("a body").text().into_owned()
}

pub fn level_of(headers: &[(&str, ProtectionLevel)], body: ProtectionLevel) -> MessageProtection {
    let headers = headers.iter().map(|(local, level)| HeaderProtection {
        namespace: "urn:example".into(),
        local: (*local).into(),
        level: *level,
    });
    MessageProtection { body, headers: headers.collect() }
}

pub fn protected() -> MessageProtection {
    level_of(&[("H", ProtectionLevel::Sign)], ProtectionLevel::EncryptAndSign)
}

/// Orders, suites, layouts and keys.
pub fn all_settings() -> Vec<SecuritySettings> {
    let orders = [
        ProtectionOrder::SignBeforeEncrypt,
        ProtectionOrder::SignBeforeEncryptAndEncryptSignature,
        ProtectionOrder::EncryptBeforeSign,
    ];
    let layouts = [HeaderLayout::Strict, HeaderLayout::LaxTimestampLast];
    let mut all = Vec::new();
    for suite in AlgorithmSuite::all() {
        for order in orders {
            for derived_keys in [false, true] {
                let layout = layouts[all.len() % 2];
                let protect_tokens = all.len() % 3 == 0;
                let usual = SecuritySettings::default();
                all.push(SecuritySettings {
                    suite,
                    order,
                    layout,
                    derived_keys,
                    protect_tokens,
                    ..usual
                });
            }
        }
    }
    all
}

impl Ends {
    pub fn new(names: &[&str]) -> Self {
        let identities = names.iter().map(|n| (certificate(n), private_key(n))).collect();
        Self { identities, style: X509ReferenceStyle::Any, carried_in_replies: false, replay: None }
    }

    fn protect(
        &self,
        mut envelope: Envelope,
        (from, to): (usize, usize),
        (settings, parts): (&SecuritySettings, &MessageProtection),
        confirmations: &[SentSignature],
    ) -> Result<(Envelope, Vec<SentSignature>)> {
        let (certificate, key) = &self.identities[from];
        let reference = CertificateReference::to(certificate, self.style);
        let shown = match from == 0 || self.carried_in_replies {
            true => ShownCertificate::Carried("cert"),
            false => ShownCertificate::Referred(&reference),
        };
        let signer = Signer { certificate, key, shown };
        let recipient = Recipient::Certificate(&self.identities[to].0, self.style);
        let token = ProtectionToken::Asymmetric(Asymmetric { signer, recipient });
        let mut plan = ProtectionPlan::new(settings, parts, token);
        plan.confirmations = confirmations;
        let mut random = Counting(from as u8 + 1);
        let mut ids = UuidIds::new(&mut Counting(9));
        let mut sources = Sources { now: now(), random: &mut random, ids: &mut ids };
        let sent = protect(&mut envelope, &plan, &mut sources)?;
        let bytes = envelope.to_bytes();
        Ok((super::common::parse(&bytes), sent))
    }

    pub fn request(
        &self,
        text: &str,
        settings: &SecuritySettings,
        parts: &MessageProtection,
    ) -> Result<(Envelope, Vec<SentSignature>)> {
        self.protect(message(text, None), (0, 1), (settings, parts), &[])
    }

    pub fn reply(
        &self,
        text: &str,
        settings: &SecuritySettings,
        parts: &MessageProtection,
        confirmations: &[SentSignature],
    ) -> Result<Envelope> {
        let envelope = message(text, Some("urn:uuid:1"));
        Ok(self.protect(envelope, (1, 0), (settings, parts), confirmations)?.0)
    }

    fn verify(
        &self,
        envelope: &Envelope,
        settings: &SecuritySettings,
        parts: &MessageProtection,
        (direction, signer): (Direction, ExpectedSigner<'_>),
        confirmations: &[SentSignature],
    ) -> Result<Verified> {
        let mut requirements = ProtectionRequirements::new();
        requirements.set(direction, ACTION, parts.clone());
        let expect = Expectations {
            settings,
            requirements: &requirements,
            direction,
            protection: ExpectedToken::Asymmetric(signer),
            supporting: &[],
            confirmations,
            now: now(),
            limits: &Limits::SOAP,
            replay: self.replay.as_ref(),
        };
        verify(super::common::parse(&envelope.to_bytes()), &expect, self)
    }

    pub fn receive(
        &self,
        envelope: &Envelope,
        settings: &SecuritySettings,
        parts: &MessageProtection,
    ) -> Result<Verified> {
        let expected = (Direction::Request, ExpectedSigner::Carried);
        self.verify(envelope, settings, parts, expected, &[])
    }

    pub fn receive_reply(
        &self,
        envelope: &Envelope,
        settings: &SecuritySettings,
        parts: &MessageProtection,
        confirmations: &[SentSignature],
    ) -> Result<Verified> {
        let signer = ExpectedSigner::Known(&self.identities[1].0);
        self.verify(envelope, settings, parts, (Direction::Reply, signer), confirmations)
    }
}
