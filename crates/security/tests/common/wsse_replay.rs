//! Verifies the messages of a captured scenario in their order, as each receiver would.

use super::contracts::requirements;
use super::{Captured, Scenario, Tokens};
use waxwing_security::wsse::{
    EncryptedKeyReference, Expectations, ExpectedToken, PrimaryToken, ProtectionOrder, ReplayCache,
    SecuritySettings, SentSignature, SupportingToken, Verified, names::WSSE, verify,
};
use waxwing_security::{Direction, ProtectionRequirements, Reason, Result};
use waxwing_soap::Envelope;
use waxwing_xml::Limits;

/// Whether the message belongs to the establishment of a session.
pub fn is_bootstrap(action: &str) -> bool {
    ["/RST/SCT", "/RSTR/SCT", "/RST/SCT/Renew", "/RSTR/SCT/Renew"]
        .iter()
        .any(|end| action.ends_with(end))
}

/// What a request leaves behind for its reply.
#[derive(Clone)]
pub struct Asked {
    pub bootstrap: bool,
    pub context: Option<String>,
    pub key: Option<EncryptedKeyReference>,
    pub signatures: Vec<SentSignature>,
}

/// All that a verified message tells.
fn said(verified: &Verified) -> String {
    let envelope = verified.envelope();
    let headers = envelope.headers().map(|header| {
        let (name, protection) = (header.name(), verified.protection(header.id()));
        format!("{name:?} {protection:?} {:?}", envelope.is_for_ultimate_receiver(header))
    });
    format!(
        "{:?}\n{}\n{:?} {:?} {:?} {:?} {:?}\n{:?} {:?}",
        String::from_utf8_lossy(&verified.whole().to_bytes()),
        headers.collect::<Vec<_>>().join("\n"),
        verified.action(),
        verified.body_protection(),
        verified.token(),
        verified.created(),
        verified.username(),
        verified.signatures().iter().map(|s| (&s.value, s.encrypted)).collect::<Vec<_>>(),
        verified.endorsing(),
    )
}

pub struct Replay<'a> {
    pub scenario: &'a Scenario,
    pub settings: SecuritySettings,
    /// Those of messages that establish a session, which keep the usual order.
    pub first: SecuritySettings,
    pub session: ProtectionRequirements,
    pub bootstrap: ProtectionRequirements,
    pub tokens: Tokens<'a>,
    pub asked: Option<Asked>,
    pub cache: Option<ReplayCache>,
}

impl<'a> Replay<'a> {
    pub fn new(scenario: &'a Scenario) -> Self {
        let settings = scenario.settings();
        // The service's contract, where the ends have different ones.
        let contract = match scenario.name.as_str() {
            "protection-mismatch-client-none" => Some("protected"),
            _ => scenario.option("contract"),
        };
        let first = SecuritySettings { order: ProtectionOrder::default(), ..settings.clone() };
        Self {
            scenario,
            settings,
            first,
            session: requirements(contract, scenario.option("prot")),
            bootstrap: ProtectionRequirements::for_bootstrap(),
            tokens: Tokens::new(scenario, &["service"]),
            asked: None,
            cache: None,
        }
    }

    pub fn verify(&mut self, message: &Captured) -> Result<Verified> {
        self.verify_envelope(message, message.envelope())
    }

    /// The same of a text whose Security header may be known from it: in both ways, which must come to the same. Gives what
    /// the tree tells, and whether the header was never made one.
    pub fn verify_both(&mut self, message: &Captured, body: &[u8]) -> (Result<Verified>, bool) {
        let envelope = super::parse_passing(body);
        if envelope.document().unread().is_none() {
            return (self.verify_envelope(message, envelope), false);
        }
        let before = self.asked.clone();
        let passed = self.verify_envelope(message, envelope);
        self.asked = before;
        let read = self.verify_envelope(message, super::parse(body));
        let is_known = match (&read, &passed) {
            (Ok(read), Ok(passed)) => {
                assert_eq!(said(read), said(passed), "{}", message.name);
                let security = passed.envelope().header_named(WSSE, "Security");
                security.is_some_and(|security| security.is_empty())
            }
            (Err(read), Err(passed)) => {
                assert_eq!(format!("{read:?}"), format!("{passed:?}"), "{}", message.name);
                false
            }
            other => panic!("{}: {other:?}", message.name),
        };
        (read, is_known)
    }

    /// The same for another envelope in the place of the captured one.
    pub fn verify_envelope(&mut self, message: &Captured, envelope: Envelope) -> Result<Verified> {
        match message.is_request() {
            true => self.request(message, envelope),
            false => self.reply(message, envelope),
        }
    }

    pub fn expectations<'e>(
        &'e self,
        message: &Captured,
        bootstrap: bool,
        protection: ExpectedToken<'e>,
    ) -> Expectations<'e> {
        let direction = match message.is_request() {
            true => Direction::Request,
            false => Direction::Reply,
        };
        Expectations {
            settings: if bootstrap { &self.first } else { &self.settings },
            requirements: if bootstrap { &self.bootstrap } else { &self.session },
            direction,
            protection,
            supporting: &[],
            confirmations: &[],
            now: message.at,
            limits: &Limits::SOAP,
            replay: self.cache.as_ref(),
        }
    }

    pub fn request(&mut self, message: &Captured, envelope: Envelope) -> Result<Verified> {
        let action = message.action();
        let bootstrap = is_bootstrap(&action);
        let by_itself = bootstrap || self.scenario.is_one_shot();
        let negotiated = self.scenario.is_negotiated();
        let transport = self.scenario.is_over_transport();
        let protection = match by_itself && !negotiated {
            _ if transport => ExpectedToken::Transport,
            true => ExpectedToken::EncryptedKey,
            false => ExpectedToken::AttachedContext,
        };
        let mut expect = self.expectations(message, bootstrap, protection);
        let credential = self.scenario.credential();
        // A negotiated certificate was proven within TLS.
        let supporting: Vec<_> = [
            (by_itself && credential == "UserName", SupportingToken::USER_NAME),
            (by_itself && credential == "Certificate" && !negotiated, SupportingToken::CERTIFICATE),
            (action.ends_with("/Renew") || transport && !by_itself, SupportingToken::CONTEXT),
        ]
        .into_iter()
        .filter_map(|(expected, token)| expected.then_some(token))
        .collect();
        expect.supporting = &supporting;
        let verified = self.read(envelope, &action, &expect)?;
        let (context, key) = match verified.token() {
            PrimaryToken::Context(context) => (Some(context.identifier().to_owned()), None),
            PrimaryToken::EncryptedKey(reference) => (None, Some(reference.clone())),
            PrimaryToken::Transport | PrimaryToken::Certificate { .. } => (None, None),
        };
        let confirmed = by_itself && self.scenario.confirms_signatures();
        let signatures = if confirmed { verified.signatures().to_vec() } else { Vec::new() };
        self.asked = Some(Asked { bootstrap, context, key, signatures });
        Ok(verified)
    }

    pub fn reply(&mut self, message: &Captured, envelope: Envelope) -> Result<Verified> {
        let missing = Reason::Missing("the request of this reply");
        let asked = self.asked.as_ref().ok_or(missing)?;
        let protection = match (&asked.context, &asked.key) {
            (Some(identifier), _) => ExpectedToken::ExternalContext { identifier },
            (None, Some(key)) => ExpectedToken::EncryptedKeyReference(key),
            (None, None) => ExpectedToken::Transport,
        };
        let mut expect = self.expectations(message, asked.bootstrap, protection);
        expect.confirmations = &asked.signatures;
        self.read(envelope, &message.action(), &expect)
    }

    /// A binding without addressing names the action beside the message.
    fn read(
        &self,
        envelope: Envelope,
        action: &str,
        expect: &Expectations<'_>,
    ) -> Result<Verified> {
        match action {
            "" => verify(envelope.without_addressing(Some("urn:told")), expect, &self.tokens),
            _ => verify(envelope, expect, &self.tokens),
        }
    }
}
