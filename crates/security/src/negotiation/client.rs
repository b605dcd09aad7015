//! The client's side of a negotiation.

use jiff::Timestamp;
use waxwing_crypto::Certificate;
use waxwing_soap::{
    AddressHeaders, Addressing, Envelope, Fault, MessageVersion, Moment, RandomSource,
};
use waxwing_xml::NodeId;
use zeroize::Zeroizing;

use super::engine::TlsEngine;
use super::error::NegotiationError;
use super::transcript::Transcript;
use super::{MAX_LEGS, MAX_TLS_OCTETS, TLS_WRAP, exchange_value_type};
use crate::error::Reason;
use crate::trust::{
    BinaryExchange, Lifetime, ProofToken, RequestSecurityToken, RequestSecurityTokenResponse,
    RequestType, ResponseBody, TrustAction, read_responses, write_response,
};
use crate::wsse::{ContextToken, Dialect, TokenKey};

/// What a client's negotiation must know.
#[derive(Debug, Clone)]
pub struct NegotiationOptions {
    /// The dialect of the messages.
    pub dialect: Dialect,
    /// Their SOAP and addressing versions.
    pub version: MessageVersion,
    /// The service's address.
    pub address: Box<str>,
    /// The headers that belong to it.
    pub headers: AddressHeaders,
    /// The size of the key in bits, as the algorithm suite has it.
    pub key_size: u32,
}

/// A client's negotiation under way.
pub struct NegotiationClient {
    options: NegotiationOptions,
    engine: Box<dyn TlsEngine>,
    context: Box<str>,
    transcript: Transcript,
    /// The service's certificate, once it is trusted.
    certificate: Option<Certificate>,
    /// What goes on when the service's certificate is trusted.
    held: Option<Held>,
    legs: usize,
    octets: usize,
}

/// A leg that waits for a verdict about the service's certificate. What TLS wants to say next is for the service alone.
struct Held {
    certificate: Certificate,
    next: Next,
}

/// What follows on a flight of the service.
enum Next {
    /// Another flight of ours.
    Flight(Vec<u8>),
    /// The token: the response, the one with the hash, and what TLS still wanted to say.
    Token(Box<(RequestSecurityTokenResponse, RequestSecurityTokenResponse, Vec<u8>)>),
}

impl Next {
    /// What TLS wants to say.
    fn octets(&self) -> &[u8] {
        match self {
            Next::Flight(octets) => octets,
            Next::Token(token) => &token.2,
        }
    }
}

/// What a negotiation needs next.
pub enum NegotiationStep {
    /// Post this and give the answer to [`NegotiationClient::handle_reply`].
    Send(Box<Envelope>),
    /// The service showed this certificate, and what came with it (leaf first). If it is trusted, go on with
    /// [`NegotiationClient::trusted`]; until then nothing is sent that depends on it.
    Authenticate(Vec<Certificate>),
    /// It succeeded.
    Done(Box<NegotiatedContext>),
}

/// The result of a negotiation.
#[derive(Debug)]
pub struct NegotiatedContext {
    /// The token and its key.
    pub token: ContextToken,
    /// How long it may be used, by the service's clock.
    pub lifetime: Lifetime,
    /// The service's certificate; it is trusted.
    pub certificate: Certificate,
}

impl NegotiationClient {
    /// Starts a negotiation under the name `context`; the first message is to be posted.
    ///
    /// # Errors
    /// When TLS cannot start.
    pub fn start(
        options: NegotiationOptions,
        mut engine: Box<dyn TlsEngine>,
        context: &str,
        random: &mut dyn RandomSource,
    ) -> Result<(Self, Envelope), NegotiationError> {
        let octets = engine.advance(&[])?;
        let dialect = options.dialect;
        let request = RequestSecurityToken {
            context: Some(context.into()),
            token_type: Some(dialect.context_token_type().into()),
            key_size: Some(options.key_size),
            binary_exchange: Some(flight(dialect, octets)),
            ..RequestSecurityToken::new(dialect, RequestType::Issue)
        };
        let mut client = Self {
            options,
            engine,
            context: context.into(),
            transcript: Transcript::new(),
            certificate: None,
            held: None,
            legs: 0,
            octets: 0,
        };
        let mut envelope = client.envelope(TrustAction::NegotiationRequest, random);
        let body = envelope.body().id();
        let node = request.write(envelope.document_mut(), body);
        client.transcript.add(envelope.document().element(node));
        Ok((client, envelope))
    }

    /// Takes the service's answer. As soon as it brings the service's certificate, that is to be decided on: the
    /// client's own certificate is sent to nobody else.
    ///
    /// # Errors
    /// A fault of the service, a failure of TLS or of the messages around it. The negotiation is over then.
    pub fn handle_reply(
        &mut self,
        reply: Envelope,
        at: &mut Moment<'_>,
    ) -> Result<NegotiationStep, NegotiationError> {
        if self.held.is_some() {
            return Err(NegotiationError::State("the service's certificate is not decided on yet"));
        }
        if let Some(fault) = Fault::read(&reply) {
            return Err(NegotiationError::Fault(Box::new(fault)));
        }
        self.legs += 1;
        if self.legs > MAX_LEGS {
            let (what, limit) = ("legs", MAX_LEGS);
            return Err(NegotiationError::TooLarge { what, limit });
        }
        let dialect = self.options.dialect;
        let missing = Reason::Missing("the RequestSecurityTokenResponse");
        let malformed = NegotiationError::Message;
        let payload = reply.payload().ok_or_else(|| malformed(missing.into()))?;
        let (form, responses) = read_responses(payload, dialect).map_err(malformed)?;
        let next = match form {
            ResponseBody::Bare => self.next_leg(&reply, responses)?,
            ResponseBody::Collection => self.last_leg(&reply, responses)?,
        };
        if self.certificate.is_none() {
            let chain = self.engine.peer_certificates()?;
            if let Some(leaf) = chain.first() {
                self.held = Some(Held { certificate: leaf.clone(), next });
                return Ok(NegotiationStep::Authenticate(chain));
            }
            // Whatever TLS wants to say now would be said to nobody knows whom.
            if self.engine.is_complete() || !next.octets().is_empty() {
                return Err(NegotiationError::NoCertificate);
            }
        }
        self.go_on(next, at)
    }

    /// Goes on after [`NegotiationStep::Authenticate`]: the certificate that the service showed is trusted.
    ///
    /// # Errors
    /// As for [`NegotiationClient::handle_reply`], and when no certificate was to be decided on.
    pub fn trusted(&mut self, at: &mut Moment<'_>) -> Result<NegotiationStep, NegotiationError> {
        let held = self.held.take();
        let held = held.ok_or(NegotiationError::State("no certificate is to be decided on"))?;
        self.certificate = Some(held.certificate);
        self.go_on(held.next, at)
    }

    fn go_on(
        &mut self,
        next: Next,
        at: &mut Moment<'_>,
    ) -> Result<NegotiationStep, NegotiationError> {
        match next {
            Next::Flight(octets) => self.send(octets, at.random),
            Next::Token(token) => {
                let (response, authenticator, rest) = *token;
                self.finish(&response, &authenticator, &rest, at.wall)
            }
        }
    }

    /// An intermediate answer: a flight of the handshake.
    fn next_leg(
        &mut self,
        reply: &Envelope,
        responses: Vec<(NodeId, RequestSecurityTokenResponse)>,
    ) -> Result<Next, NegotiationError> {
        let Some((node, response)) = responses.into_iter().next() else {
            return Err(NegotiationError::OutOfPlace("an answer without response"));
        };
        self.check_context(&response)?;
        let exchange = response.binary_exchange.as_ref();
        let exchange = exchange.ok_or(NegotiationError::OutOfPlace(
            "an answer with neither TLS records nor a token",
        ))?;
        self.transcript.add(reply.document().element(node));
        Ok(Next::Flight(self.advance(exchange)?))
    }

    /// The next flight of ours.
    fn send(
        &mut self,
        octets: Vec<u8>,
        random: &mut dyn RandomSource,
    ) -> Result<NegotiationStep, NegotiationError> {
        if octets.is_empty() {
            let what = "the service waits for records that TLS does not have";
            return Err(NegotiationError::OutOfPlace(what));
        }
        let dialect = self.options.dialect;
        let response = RequestSecurityTokenResponse {
            context: Some(self.context.clone()),
            binary_exchange: Some(flight(dialect, octets)),
            ..RequestSecurityTokenResponse::new(dialect)
        };
        let mut envelope = self.envelope(TrustAction::NegotiationResponse, random);
        let body = envelope.body().id();
        write_response(envelope.document_mut(), body, &response, ResponseBody::Bare);
        if let Some(written) = envelope.payload() {
            self.transcript.add(written);
        }
        Ok(NegotiationStep::Send(Box::new(envelope)))
    }

    /// The last answer: the rest of the handshake, the token with its wrapped key, the hash.
    fn last_leg(
        &mut self,
        reply: &Envelope,
        responses: Vec<(NodeId, RequestSecurityTokenResponse)>,
    ) -> Result<Next, NegotiationError> {
        let mut responses = responses.into_iter();
        let (Some((node, response)), Some((_, authenticator))) =
            (responses.next(), responses.next())
        else {
            return Err(NegotiationError::Authenticator("missing"));
        };
        self.check_context(&response)?;
        self.check_context(&authenticator)?;
        self.transcript.add_final(reply.document().element(node), self.options.dialect);
        // The records come before the proof token, which is wrapped by the session that they complete.
        let rest = match &response.binary_exchange {
            Some(exchange) => self.advance(exchange)?,
            None => Vec::new(),
        };
        Ok(Next::Token(Box::new((response, authenticator, rest))))
    }

    fn finish(
        &mut self,
        response: &RequestSecurityTokenResponse,
        authenticator: &RequestSecurityTokenResponse,
        rest: &[u8],
        now: Timestamp,
    ) -> Result<NegotiationStep, NegotiationError> {
        if !rest.is_empty() || !self.engine.is_complete() {
            let what = "the service answers with a token before the handshake is complete";
            return Err(NegotiationError::OutOfPlace(what));
        }
        let dialect = self.options.dialect;
        let key = self.unwrap_key(response)?;
        let found = authenticator.authenticator.as_deref();
        self.transcript.check(&key, found.ok_or(NegotiationError::Authenticator("missing"))?)?;
        let malformed = |reason: Reason| NegotiationError::Message(reason.into());
        if response.token_type.as_deref().is_some_and(|t| t != dialect.context_token_type()) {
            let what = "a TokenType other than a security context";
            return Err(malformed(Reason::Unsupported(what)));
        }
        let missing = || malformed(Reason::Missing("the RequestedSecurityToken"));
        let token = response.token.as_ref().ok_or_else(missing)?;
        let forever = Lifetime { created: now, expires: Timestamp::MAX };
        Ok(NegotiationStep::Done(Box::new(NegotiatedContext {
            token: token.with_key(TokenKey::new(key)),
            lifetime: response.lifetime.unwrap_or(forever),
            certificate: self.certificate.clone().ok_or(NegotiationError::NoCertificate)?,
        })))
    }

    fn unwrap_key(
        &mut self,
        response: &RequestSecurityTokenResponse,
    ) -> Result<Zeroizing<Vec<u8>>, NegotiationError> {
        let expected = self.options.key_size;
        let bits = response.key_size.unwrap_or(expected);
        if bits != expected {
            return Err(NegotiationError::KeySize { expected, found: bits });
        }
        let Some(ProofToken::EncryptedKey { algorithm, cipher_value }) = &response.proof else {
            return Err(NegotiationError::ProofToken { expected });
        };
        if **algorithm != *TLS_WRAP {
            return Err(NegotiationError::Message(
                Reason::Algorithm {
                    what: "the proof token",
                    found: algorithm.clone(),
                    expected: TLS_WRAP.into(),
                }
                .into(),
            ));
        }
        let key = Zeroizing::new(self.engine.unwrap(cipher_value)?);
        if key.len() * 8 != expected as usize {
            return Err(NegotiationError::ProofToken { expected });
        }
        Ok(key)
    }

    /// Feeds a flight to TLS.
    fn advance(&mut self, exchange: &BinaryExchange) -> Result<Vec<u8>, NegotiationError> {
        // The service answers in the form that it was asked in; another one is not what was sent.
        if *exchange.value_type != *exchange_value_type(self.options.dialect) {
            return Err(NegotiationError::ValueType(exchange.value_type.clone()));
        }
        self.octets += exchange.octets.len();
        if self.octets > MAX_TLS_OCTETS {
            let (what, limit) = ("octets of TLS records", MAX_TLS_OCTETS);
            return Err(NegotiationError::TooLarge { what, limit });
        }
        self.engine.advance(&exchange.octets)
    }

    fn check_context(
        &self,
        response: &RequestSecurityTokenResponse,
    ) -> Result<(), NegotiationError> {
        let found = response.context.clone().ok_or(NegotiationError::NoContext)?;
        if found != self.context {
            let expected = self.context.clone();
            return Err(NegotiationError::ForeignContext { expected, found });
        }
        Ok(())
    }

    fn envelope(&self, action: TrustAction, random: &mut dyn RandomSource) -> Envelope {
        let mut envelope = Envelope::new(self.options.version);
        let action = action.uri(self.options.dialect);
        let version = self.options.version.addressing;
        Addressing::request(&action, &self.options.address, version, random).write(&mut envelope);
        self.options.headers.write(&mut envelope);
        envelope
    }
}

impl std::fmt::Debug for NegotiationClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NegotiationClient('{}', {} legs)", self.context, self.legs)
    }
}

fn flight(dialect: Dialect, octets: Vec<u8>) -> BinaryExchange {
    BinaryExchange { value_type: exchange_value_type(dialect).into(), octets }
}
