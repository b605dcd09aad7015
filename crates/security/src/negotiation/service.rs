//! The service's side of negotiations.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use waxwing_crypto::Certificate;
use waxwing_soap::{Addressing, Envelope, MessageVersion, Mint, RandomSource, urn_uuid};
use waxwing_xml::NodeId;
use zeroize::Zeroizing;

use super::engine::{TlsEngine, TlsEngines};
use super::error::NegotiationError;
use super::pool::{Place, Pool};
use super::transcript::Transcript;
use super::{TLS_WRAP, is_tls_exchange};
use crate::delivery::Delivery;
use crate::error::{Reason, SecurityError};
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
    /// Makes the identifier of the token.
    pub(crate) mint: Mint,
    pub(crate) delivery: Delivery,
    /// Puts the state of the token into it, where the service does not keep it.
    pub(crate) seal: Option<&'a Seal<'a>>,
}

/// Puts the state of a token into it.
pub(crate) type Seal<'a> = dyn Fn(
        IssuedContextToken,
        &TokenKey,
        Lifetime,
        &mut dyn RandomSource,
    ) -> Result<IssuedContextToken, SecurityError>
    + 'a;

/// What becomes of a leg.
pub(crate) enum NegotiationOutcome {
    /// It is answered with the next flight.
    Continue(Box<Envelope>),
    /// The handshake is over. Who the client is can be decided now.
    Finished(Box<FinishedHandshake>),
}

/// A handshake that is over, before a token is issued. It keeps its place; dropped, it gives the place back.
pub(crate) struct FinishedHandshake {
    negotiation: Negotiation,
    place: Place<Negotiation>,
    /// What TLS has to say at last.
    flight: Vec<u8>,
    version: MessageVersion,
}

/// The last answer and the token that it brings.
pub(crate) struct IssuedToken {
    pub(crate) envelope: Envelope,
    pub(crate) token: ContextToken,
    pub(crate) lifetime: Lifetime,
}

/// How many negotiations there may be, for how long, and how large.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NegotiationLimits {
    pub(crate) max: usize,
    pub(crate) timeout: Duration,
    pub(crate) max_octets: usize,
}

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
    pub(crate) fn new(limits: NegotiationLimits) -> Self {
        let pool = Pool::new(limits.max, limits.timeout);
        Self { pool, serial: AtomicU64::new(0), max_octets: limits.max_octets }
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
    ) -> Result<NegotiationOutcome, NegotiationError> {
        match leg.action {
            Some(TrustAction::NegotiationRequest) => self.begin(envelope, leg),
            _ => self.go_on(envelope, leg),
        }
    }

    fn begin(
        &self,
        envelope: &Envelope,
        leg: &NegotiationRequest<'_>,
    ) -> Result<NegotiationOutcome, NegotiationError> {
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
        let (mut negotiation, out) = self.first_flight(&request, &context, leg)?;
        negotiation.transcript.add(payload);
        let envelope = negotiation.reply(out, envelope.version(), leg);
        place.put_back(negotiation);
        Ok(NegotiationOutcome::Continue(Box::new(envelope)))
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
    ) -> Result<NegotiationOutcome, NegotiationError> {
        let payload =
            envelope.payload().ok_or_else(|| missing("the RequestSecurityTokenResponse"))?;
        let context = payload.attribute("Context").ok_or(NegotiationError::NoContext)?;
        // Dropped on every error: the negotiation is over then.
        let (place, mut negotiation) = self.pool.take(context, &leg.delivery)?;
        let response = read_leg(payload, leg.settings.dialect)?;
        negotiation.transcript.add(payload);
        let exchange = response.binary_exchange.ok_or_else(|| missing("the BinaryExchange"))?;
        let flight = negotiation.advance(&exchange, self.max_octets)?;
        let version = envelope.version();
        if negotiation.engine.is_complete() {
            let finished = FinishedHandshake { negotiation, place, flight, version };
            return Ok(NegotiationOutcome::Finished(Box::new(finished)));
        }
        if flight.is_empty() {
            let text = "the flight ends before the handshake is complete".to_owned();
            return Err(NegotiationError::Tls(text));
        }
        let envelope = negotiation.reply(flight, version, leg);
        place.put_back(negotiation);
        Ok(NegotiationOutcome::Continue(Box::new(envelope)))
    }

    /// Answers the last leg with a token, once it is known who the client is.
    ///
    /// # Errors
    /// The negotiation lapsed while that was found out, or was begun a second time under its name.
    pub(crate) fn complete(
        &self,
        finished: FinishedHandshake,
        leg: &NegotiationRequest<'_>,
        ids: &mut dyn IdSource,
        random: &mut dyn RandomSource,
    ) -> Result<IssuedToken, NegotiationError> {
        let FinishedHandshake { mut negotiation, place, flight, version } = finished;
        let context: Box<str> = place.context().into();
        self.pool.sweep(leg.delivery.elapsed);
        let issued = negotiation.complete(flight, version, leg, ids, random)?;
        match place.end() {
            true => Ok(issued),
            false => Err(NegotiationError::GivenUp(context)),
        }
    }
}

impl FinishedHandshake {
    /// The client's certificate and what came with it, leaf first; empty when it showed none.
    ///
    /// # Errors
    /// It showed one that cannot be used.
    pub(crate) fn peer_certificates(&self) -> Result<Vec<Certificate>, NegotiationError> {
        self.negotiation.engine.peer_certificates()
    }
}

impl std::fmt::Debug for FinishedHandshake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FinishedHandshake('{}')", self.place.context())
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
    ) -> Result<IssuedToken, NegotiationError> {
        let dialect = leg.settings.dialect;
        let mut key = Zeroizing::new(vec![0; (self.key_size / 8) as usize]);
        random.fill(&mut key);
        let expires = leg.delivery.now.saturating_add(leg.token_lifetime).unwrap_or(Timestamp::MAX);
        let lifetime = Lifetime { created: leg.delivery.now, expires };
        // What every node can open need not say which one made it.
        let identifier = match leg.seal {
            Some(_) => urn_uuid(random),
            None => leg.mint.urn(random),
        };
        let mut token = IssuedContextToken::new(dialect, ids.next_id(), identifier, None);
        let token_key = TokenKey::new(key.clone());
        if let Some(seal) = leg.seal {
            token = seal(token, &token_key, lifetime, random).map_err(NegotiationError::Message)?;
        }
        let cipher_value = self.engine.wrap(&key)?;
        let issued = RequestSecurityTokenResponse {
            context: Some(self.context.clone()),
            token_type: Some(dialect.context_token_type().into()),
            token: Some(token.clone()),
            basic_security_profile: leg.settings.basic_security_profile,
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
        let token = token.with_key(token_key);
        Ok(IssuedToken { envelope, token, lifetime })
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
