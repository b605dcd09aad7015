//! The service's side of negotiations.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use waxwing_crypto::Certificate;
use waxwing_soap::{Addressing, Envelope, MessageVersion, RandomSource, urn_uuid};
use waxwing_xml::NodeId;
use zeroize::Zeroizing;

use super::engine::{TlsEngine, TlsEngines};
use super::error::NegotiationError;
use super::pool::Pool;
use super::transcript::Transcript;
use super::{TLS_WRAP, is_tls_exchange};
use crate::conversation::{ServiceError, ServiceLimits};
use crate::delivery::Delivery;
use crate::error::Reason;
use crate::trust::{
    BinaryExchange, IssuedContextToken, Lifetime, ProofToken, RequestSecurityToken,
    RequestSecurityTokenResponse, RequestType, ResponseBody, TrustAction, read_responses,
    write_collection, write_response,
};
use crate::wsse::{ContextToken, Dialect, IdSource, SecuritySettings, TokenKey};

/// What comes with a leg.
pub(crate) struct NegotiationRequest<'a> {
    pub(crate) settings: &'a SecuritySettings,
    pub(crate) action: Option<TrustAction>,
    pub(crate) message_id: Option<&'a str>,
    pub(crate) engines: &'a dyn TlsEngines,
    pub(crate) token_lifetime: SignedDuration,
    pub(crate) delivery: Delivery,
}

/// What the service answers to a leg.
pub(crate) enum NegotiationOutcome {
    /// The next flight.
    Continue(Box<Envelope>),
    /// The last answer and the token that it brings.
    Complete { envelope: Box<Envelope>, token: ContextToken, lifetime: Lifetime },
}

/// Decides on the client's certificates (leaf first; empty when it showed none).
pub(crate) type ClientCheck<'a> = &'a mut dyn FnMut(&[Certificate]) -> Result<(), ServiceError>;

/// The negotiations of a service. TLS is worked on outside the lock.
pub(crate) struct NegotiationService {
    pool: Pool<Negotiation>,
    serial: AtomicU64,
    max_octets: usize,
}

struct Negotiation {
    engine: Box<dyn TlsEngine>,
    context: Box<str>,
    transcript: Transcript,
    /// The form in which the client writes the value type; it insists on its own.
    value_type: Box<str>,
    key_size: u32,
    octets: usize,
}

impl NegotiationService {
    pub(crate) fn new(limits: &ServiceLimits) -> Self {
        let max_octets = limits.max_negotiation_octets;
        Self { pool: Pool::new(limits), serial: AtomicU64::new(0), max_octets }
    }

    pub(crate) fn len(&self) -> usize {
        self.pool.len()
    }

    pub(crate) fn sweep(&self, now: Duration) -> usize {
        self.pool.sweep(now)
    }

    /// Takes a leg. Whatever fails under a known context ends that negotiation.
    pub(crate) fn receive(
        &self,
        envelope: &Envelope,
        leg: &NegotiationRequest<'_>,
        check: ClientCheck<'_>,
        ids: &mut dyn IdSource,
        random: &mut dyn RandomSource,
    ) -> Result<NegotiationOutcome, ServiceError> {
        match leg.action {
            Some(TrustAction::NegotiationRequest) => self.begin(envelope, leg),
            _ => self.go_on(envelope, leg, check, ids, random),
        }
    }

    fn begin(
        &self,
        envelope: &Envelope,
        leg: &NegotiationRequest<'_>,
    ) -> Result<NegotiationOutcome, ServiceError> {
        let payload = envelope.payload().ok_or_else(|| missing("the RequestSecurityToken"))?;
        if let Some(context) = payload.attribute("Context")
            && RequestSecurityToken::read(payload, leg.settings.dialect).is_err()
        {
            self.pool.forget(context);
        }
        let request = RequestSecurityToken::read(payload, leg.settings.dialect)
            .map_err(NegotiationError::Message)?;
        let context = request.context.clone().ok_or(NegotiationError::NoContext)?;
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let place = self.pool.begin(&context, &leg.delivery, serial)?;
        let begun = self.first_flight(&request, &context, leg).map(|(mut negotiation, out)| {
            negotiation.transcript.add(payload);
            let envelope = negotiation.reply(out, envelope.version(), leg);
            (negotiation, envelope)
        });
        match begun {
            Ok((negotiation, envelope)) => {
                self.pool.put_back(&context, place, negotiation);
                Ok(NegotiationOutcome::Continue(Box::new(envelope)))
            }
            Err(error) => {
                self.pool.end(&context, place);
                Err(error.into())
            }
        }
    }

    fn first_flight(
        &self,
        request: &RequestSecurityToken,
        context: &str,
        leg: &NegotiationRequest<'_>,
    ) -> Result<(Negotiation, Vec<u8>), NegotiationError> {
        let dialect = leg.settings.dialect;
        if request.request_type != RequestType::Issue {
            return Err(NegotiationError::OutOfPlace("a RequestType other than Issue"));
        }
        if request.token_type.as_deref().is_some_and(|t| t != dialect.context_token_type()) {
            return Err(malformed(Reason::Unsupported(
                "a TokenType other than a security context",
            )));
        }
        let expected = leg.settings.suite.default_key_length() as u32 * 8;
        let key_size = request.key_size.unwrap_or(expected);
        if key_size != expected {
            return Err(NegotiationError::KeySize { expected, found: key_size });
        }
        let exchange = request
            .binary_exchange
            .as_ref()
            .ok_or_else(|| malformed(Reason::Missing("the BinaryExchange")))?;
        let mut negotiation = Negotiation {
            engine: leg.engines.engine()?,
            context: context.into(),
            transcript: Transcript::new(),
            value_type: exchange.value_type.clone(),
            key_size,
            octets: 0,
        };
        let out = negotiation.advance(exchange, self.max_octets)?;
        if out.is_empty() {
            return Err(NegotiationError::Tls("the ClientHello is incomplete".to_owned()));
        }
        Ok((negotiation, out))
    }

    fn go_on(
        &self,
        envelope: &Envelope,
        leg: &NegotiationRequest<'_>,
        check: ClientCheck<'_>,
        ids: &mut dyn IdSource,
        random: &mut dyn RandomSource,
    ) -> Result<NegotiationOutcome, ServiceError> {
        let dialect = leg.settings.dialect;
        let payload =
            envelope.payload().ok_or_else(|| missing("the RequestSecurityTokenResponse"))?;
        let context = payload.attribute("Context").ok_or(NegotiationError::NoContext)?;
        let (place, mut negotiation) = self.pool.take(context, &leg.delivery)?;
        let answered =
            read_leg(payload, dialect).map_err(ServiceError::from).and_then(|response| {
                negotiation.transcript.add(payload);
                let exchange =
                    response.binary_exchange.ok_or_else(|| missing("the BinaryExchange"))?;
                let out = negotiation.advance(&exchange, self.max_octets)?;
                if !negotiation.engine.is_complete() {
                    if out.is_empty() {
                        let text = "the flight ends before the handshake is complete".to_owned();
                        return Err(NegotiationError::Tls(text).into());
                    }
                    let envelope = negotiation.reply(out, envelope.version(), leg);
                    return Ok(NegotiationOutcome::Continue(Box::new(envelope)));
                }
                check(&negotiation.engine.peer_certificates()?)?;
                negotiation.complete(out, envelope.version(), leg, ids, random)
            });
        match &answered {
            Ok(NegotiationOutcome::Continue(_)) => {
                self.pool.put_back(context, place, negotiation);
            }
            Ok(NegotiationOutcome::Complete { .. }) => {
                // Given up while it was worked on: a second request under its name came.
                if !self.pool.end(context, place) {
                    return Err(NegotiationError::RepeatedContext(context.into()).into());
                }
            }
            Err(_) => {
                self.pool.end(context, place);
            }
        }
        answered
    }
}

impl Negotiation {
    fn advance(
        &mut self,
        exchange: &BinaryExchange,
        max: usize,
    ) -> Result<Vec<u8>, NegotiationError> {
        if !is_tls_exchange(&exchange.value_type) {
            return Err(NegotiationError::ValueType(exchange.value_type.clone()));
        }
        self.octets += exchange.octets.len();
        if self.octets > max {
            return Err(NegotiationError::TooLarge { what: "octets of TLS records", limit: max });
        }
        self.engine.advance(&exchange.octets)
    }

    fn flight(&self, octets: Vec<u8>) -> BinaryExchange {
        BinaryExchange { value_type: self.value_type.clone(), octets }
    }

    /// An intermediate answer.
    fn reply(
        &mut self,
        octets: Vec<u8>,
        version: MessageVersion,
        leg: &NegotiationRequest<'_>,
    ) -> Envelope {
        let dialect = leg.settings.dialect;
        let response = RequestSecurityTokenResponse {
            context: Some(self.context.clone()),
            binary_exchange: Some(self.flight(octets)),
            ..RequestSecurityTokenResponse::new(dialect)
        };
        let mut envelope = answer(TrustAction::NegotiationResponse, version, leg);
        let body = envelope.body().id();
        write_response(envelope.document_mut(), body, &response, ResponseBody::Bare);
        if let Some(written) = envelope.payload() {
            self.transcript.add(written);
        }
        envelope
    }

    /// The last answer: the rest of the handshake, the token with its wrapped key, and the hash.
    fn complete(
        &mut self,
        octets: Vec<u8>,
        version: MessageVersion,
        leg: &NegotiationRequest<'_>,
        ids: &mut dyn IdSource,
        random: &mut dyn RandomSource,
    ) -> Result<NegotiationOutcome, ServiceError> {
        let dialect = leg.settings.dialect;
        let mut key = Zeroizing::new(vec![0; (self.key_size / 8) as usize]);
        random.fill(&mut key);
        let expires = leg.delivery.now.saturating_add(leg.token_lifetime).unwrap_or(Timestamp::MAX);
        let lifetime = Lifetime { created: leg.delivery.now, expires };
        let token = IssuedContextToken::new(dialect, ids.next_id(), urn_uuid(random), None);
        let cipher_value = self.engine.wrap(&key)?;
        let issued = RequestSecurityTokenResponse {
            context: Some(self.context.clone()),
            token_type: Some(dialect.context_token_type().into()),
            token: Some(token.clone()),
            proof: Some(ProofToken::EncryptedKey { algorithm: TLS_WRAP.into(), cipher_value }),
            lifetime: Some(lifetime),
            key_size: Some(self.key_size),
            binary_exchange: (!octets.is_empty()).then(|| self.flight(octets)),
            ..RequestSecurityTokenResponse::new(dialect)
        };
        let first = self.final_envelope(std::slice::from_ref(&issued), version, leg);
        if let Some((envelope, nodes)) = first
            && let Some(node) = nodes.first()
        {
            self.transcript.add_final(envelope.document().element(*node), dialect);
        }
        let authenticator = RequestSecurityTokenResponse {
            context: Some(self.context.clone()),
            authenticator: Some(self.transcript.combined_hash(&key).to_vec()),
            ..RequestSecurityTokenResponse::new(dialect)
        };
        let (envelope, _) = self
            .final_envelope(&[issued, authenticator], version, leg)
            .ok_or(NegotiationError::OutOfPlace("an answer without response"))?;
        let token = token.with_key(TokenKey::new(key));
        Ok(NegotiationOutcome::Complete { envelope: Box::new(envelope), token, lifetime })
    }

    fn final_envelope(
        &self,
        responses: &[RequestSecurityTokenResponse],
        version: MessageVersion,
        leg: &NegotiationRequest<'_>,
    ) -> Option<(Envelope, Vec<NodeId>)> {
        let action = TrustAction::negotiation_final(leg.settings.dialect);
        let mut envelope = answer(action, version, leg);
        let body = envelope.body().id();
        let nodes = write_collection(envelope.document_mut(), body, responses);
        (!nodes.is_empty()).then_some((envelope, nodes))
    }
}

fn answer(action: TrustAction, version: MessageVersion, leg: &NegotiationRequest<'_>) -> Envelope {
    let mut envelope = Envelope::new(version);
    let addressing = Addressing {
        action: Some(action.uri(leg.settings.dialect)),
        relates_to: leg.message_id.map(str::to_owned),
        ..Addressing::default()
    };
    addressing.write(&mut envelope);
    envelope
}

fn read_leg(
    payload: waxwing_xml::Element<'_>,
    dialect: Dialect,
) -> Result<RequestSecurityTokenResponse, NegotiationError> {
    let (form, mut responses) =
        read_responses(payload, dialect).map_err(NegotiationError::Message)?;
    match (form, responses.pop()) {
        (ResponseBody::Bare, Some((_, response))) => Ok(response),
        _ => Err(NegotiationError::OutOfPlace("a collection from the client")),
    }
}

fn malformed(reason: Reason) -> NegotiationError {
    NegotiationError::Message(reason.into())
}

fn missing(what: &'static str) -> NegotiationError {
    malformed(Reason::Missing(what))
}
