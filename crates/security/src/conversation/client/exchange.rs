//! The requests that issue and renew a session and their answers
//! (WS-SecureConversation February 2005 §4, §5; 1.3 §4, §6).

use jiff::{SignedDuration, Timestamp};
use waxwing_crypto::{Certificate, Usage};
use waxwing_soap::{Addressing, Envelope, Fault, Moment, RandomSource};
use zeroize::Zeroizing;

use super::super::error::{ClientError, FaultOrigin};
use super::super::evidence::{Evidence, Verdict};
use super::super::flow::Flow;
use super::bootstrap::{BootstrapCorrelation, BootstrapToken, Purpose};
use super::classify::{failure, visible_fault};
use super::core::Core;
use super::{Correlation, Step, no_exchange, nobody_to_judge};
use crate::error::{Reason, Result, SecurityError};
use crate::negotiation::{NegotiationClient, NegotiationStep};
use crate::trust::{
    BinarySecret, ContextReference, Lifetime, ProofToken, RequestSecurityToken,
    RequestSecurityTokenResponse, TrustAction, combine_entropy, is_key_size_supported,
    read_responses,
};
use crate::wsse::{self, ContextToken, Dialect, IdSource, TokenKey, Verified};

/// What the requested token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The session.
    Issue,
    /// A new key for it.
    Renew,
}

impl Wanted {
    pub(super) fn origin(self) -> FaultOrigin {
        match self {
            Wanted::Issue => FaultOrigin::Issue,
            Wanted::Renew => FaultOrigin::Renew,
        }
    }

    fn actions(self) -> (TrustAction, TrustAction) {
        match self {
            Wanted::Issue => (TrustAction::Issue, TrustAction::IssueResponse),
            Wanted::Renew => (TrustAction::Renew, TrustAction::RenewResponse),
        }
    }
}

/// An exchange under way.
pub(super) enum Exchange {
    /// The service's certificate, known beforehand, waits for a verdict before the request is made.
    Known(Wanted, Certificate),
    /// The same of a certificate that a negotiation brought.
    Shown(Wanted, Box<NegotiationClient>, Certificate),
    /// The legs of a negotiation, whose token the request needs.
    Negotiation(Wanted, Box<NegotiationClient>),
    /// The request for a token.
    Request(Wanted, Box<PendingRequest>),
    /// The cancellation of the session.
    Cancel {
        /// The identifier of the request.
        message_id: Option<String>,
        /// What its reply must show.
        correlation: Correlation,
    },
}

/// A request for a token that waits for its answer.
pub(super) struct PendingRequest {
    entropy: Zeroizing<Vec<u8>>,
    key_size: u32,
    message_id: Option<String>,
    correlation: BootstrapCorrelation,
}

/// The session whose key is renewed.
#[derive(Clone, Copy)]
pub(super) struct Renewed<'a> {
    /// The token in use.
    pub(super) current: &'a ContextToken,
    /// The token that endorses the request: it proves that the session is the client's own.
    pub(super) proof: &'a ContextToken,
}

/// A token that was issued.
pub(super) struct Issued {
    pub(super) token: ContextToken,
    pub(super) lifetime: Lifetime,
    /// The service renewed the key and did not say how its generations are told apart from outside of a message
    /// (`RequestedUnattachedReference`, which WCF always gives). Then references say the generation inside, too, since the
    /// service may look it up by them alone: Eclipse Metro does. It renews nothing but the key that it issued first: that
    /// one endorses the next renewal.
    pub(super) by_instance: bool,
}

/// What an answer came to.
pub(super) enum Outcome {
    /// There is more to do.
    Next(Step),
    /// The token that was asked for.
    Issued(Box<Issued>),
}

/// Starts what gets a token: the question whether the known certificate is trusted, a negotiation, or over a protected
/// transport the request itself; `current` is what a renewal is of.
pub(super) fn start(
    core: &mut Core,
    exchange: &mut Option<Exchange>,
    (wanted, current): (Wanted, Option<Renewed<'_>>),
    at: &mut Moment<'_>,
) -> Result<Step, ClientError> {
    if exchange.is_some() {
        return Err(ClientError::State("an exchange of the security protocol is under way"));
    }
    if core.options.is_by_transport() {
        return ask(core, exchange, (wanted, current), &BootstrapToken::Transport, at);
    }
    let known = core.known_certificate().cloned();
    if let Some((certificate, step)) = judge(known.into_iter().collect()) {
        *exchange = Some(Exchange::Known(wanted, certificate));
        return Ok(step);
    }
    let (negotiation, first) = core.negotiate(at.random)?;
    *exchange = Some(Exchange::Negotiation(wanted, Box::new(negotiation)));
    Ok(Step::Send(Box::new(first)))
}

/// Takes the reply that the exchange waits for; `current` is what a renewal is of.
pub(super) fn handle_reply(
    core: &mut Core,
    exchange: &mut Option<Exchange>,
    current: Option<Renewed<'_>>,
    reply: Envelope,
    at: &mut Moment<'_>,
) -> Result<Outcome, ClientError> {
    match exchange.take().ok_or_else(no_exchange)? {
        Exchange::Negotiation(wanted, mut negotiation) => {
            let step = negotiation.handle_reply(reply, at)?;
            negotiated(core, exchange, (wanted, current), negotiation, step, at).map(Outcome::Next)
        }
        Exchange::Request(wanted, pending) => {
            let issued = accept(core, wanted, &pending, current, reply, at.wall)?;
            Ok(Outcome::Issued(Box::new(issued)))
        }
        other @ (Exchange::Known(..) | Exchange::Shown(..) | Exchange::Cancel { .. }) => {
            *exchange = Some(other);
            Err(no_exchange())
        }
    }
}

/// Whether a message that came among those of the session claims to be the answer to the request that waits for one.
pub(super) fn is_answered_by(
    exchange: &Option<Exchange>,
    core: &Core,
    envelope: &Envelope,
) -> bool {
    let Some(Exchange::Request(wanted, pending)) = exchange else { return false };
    let Ok(addressing) = Addressing::read(envelope) else { return false };
    let answer = wanted.actions().1.uri(core.options.settings.dialect);
    let is_answer = addressing.action.as_deref() == Some(&*answer) || envelope.is_fault();
    is_answer && addressing.relates_to.is_some() && addressing.relates_to == pending.message_id
}

/// Takes such an answer. One that does not verify may be anybody's: the exchange waits on for the right one.
pub(super) fn handle_posted(
    core: &mut Core,
    exchange: &mut Option<Exchange>,
    current: Option<Renewed<'_>>,
    answer: Envelope,
    now: Timestamp,
) -> Result<Issued, ClientError> {
    let Some(Exchange::Request(wanted, pending)) = &*exchange else { return Err(no_exchange()) };
    let verified = core
        .verify_alone(answer, Purpose::Trust, &pending.correlation, now)
        .map_err(ClientError::Unverifiable)?;
    let issued = accept_verified(core, *wanted, pending, current, &verified, now);
    *exchange = None;
    issued
}

/// Goes on with the verdict about the service's certificate.
pub(super) fn authenticated(
    core: &mut Core,
    exchange: &mut Option<Exchange>,
    current: Option<Renewed<'_>>,
    verdict: Verdict,
    at: &mut Moment<'_>,
) -> Result<Step, ClientError> {
    match exchange.take() {
        Some(Exchange::Known(wanted, certificate)) => {
            core.judged(&certificate, verdict)?;
            core.service_certificate = Some(certificate.clone());
            let token = core.token_of(certificate);
            ask(core, exchange, (wanted, current), &token, at)
        }
        Some(Exchange::Shown(wanted, mut negotiation, certificate)) => {
            core.judged(&certificate, verdict)?;
            let step = negotiation.trusted(at)?;
            negotiated(core, exchange, (wanted, current), negotiation, step, at)
        }
        other => {
            *exchange = other;
            Err(nobody_to_judge())
        }
    }
}

/// What a negotiation wants next, whose token the request needs.
fn negotiated(
    core: &mut Core,
    exchange: &mut Option<Exchange>,
    (wanted, current): (Wanted, Option<Renewed<'_>>),
    negotiation: Box<NegotiationClient>,
    step: NegotiationStep,
    at: &mut Moment<'_>,
) -> Result<Step, ClientError> {
    match step {
        NegotiationStep::Send(envelope) => {
            *exchange = Some(Exchange::Negotiation(wanted, negotiation));
            Ok(Step::Send(envelope))
        }
        NegotiationStep::Authenticate(chain) => {
            let (certificate, step) = judge(chain).ok_or_else(nobody_to_judge)?;
            *exchange = Some(Exchange::Shown(wanted, negotiation, certificate));
            Ok(step)
        }
        NegotiationStep::Done(done) => {
            core.service_certificate = Some(done.certificate);
            let token = BootstrapToken::Context(done.token);
            ask(core, exchange, (wanted, current), &token, at)
        }
    }
}

fn ask(
    core: &mut Core,
    exchange: &mut Option<Exchange>,
    (wanted, current): (Wanted, Option<Renewed<'_>>),
    token: &BootstrapToken,
    at: &mut Moment<'_>,
) -> Result<Step, ClientError> {
    let (envelope, pending) = request(core, wanted, token, current, at)?;
    *exchange = Some(Exchange::Request(wanted, Box::new(pending)));
    Ok(match core.options.flow {
        Flow::CompositeDuplex => Step::SendInSession(Box::new(envelope)),
        Flow::Exchanges | Flow::DuplexSession => Step::Send(Box::new(envelope)),
    })
}

/// Asks whether a certificate of the service is trusted, leaf first. None without one.
pub(super) fn judge(chain: Vec<Certificate>) -> Option<(Certificate, Step)> {
    let leaf = chain.first()?.clone();
    let evidence = Evidence::of_chain(chain, Usage::Service)?;
    Some((leaf, Step::Authenticate(Box::new(evidence))))
}

/// Makes and protects the request for a session, or for a new key of `current`.
fn request(
    core: &mut Core,
    wanted: Wanted,
    token: &BootstrapToken,
    current: Option<Renewed<'_>>,
    at: &mut Moment<'_>,
) -> Result<(Envelope, PendingRequest), ClientError> {
    let dialect = core.options.settings.dialect;
    let length = core.options.settings.suite.default_key_length();
    let key_size = length as u32 * 8;
    let mut entropy = Zeroizing::new(vec![0; length]);
    at.random.fill(&mut entropy);
    let secret = BinarySecret::nonce(core.ids.next_id(), entropy.clone());
    let body = match current {
        None => RequestSecurityToken::issue_context(dialect, secret, key_size),
        Some(current) => {
            let target = reference(current.current);
            RequestSecurityToken::renew_context(dialect, secret, key_size, target)
        }
    };
    let (envelope, message_id) = trust_message(core, wanted.actions().0, &body, at.random);
    let (envelope, correlation) =
        core.protect_alone(envelope, Purpose::Trust, token, current.map(|c| c.proof), at)?;
    Ok((envelope, PendingRequest { entropy, key_size, message_id, correlation }))
}

/// The addressing headers of a trust message.
pub(super) fn trust_addressing(
    core: &Core,
    action: TrustAction,
    random: &mut dyn RandomSource,
) -> Addressing {
    let action = action.uri(core.options.settings.dialect);
    let version = core.options.version.addressing;
    let addressing = Addressing::request(&action, &core.options.address, version, random);
    let reply_to = core.options.reply_to.clone().or(addressing.reply_to);
    Addressing { reply_to, ..addressing }
}

/// A trust message with its addressing headers, and its identifier.
pub(super) fn trust_message(
    core: &Core,
    action: TrustAction,
    body: &RequestSecurityToken,
    random: &mut dyn RandomSource,
) -> (Envelope, Option<String>) {
    let mut envelope = Envelope::new(core.options.version);
    let addressing = trust_addressing(core, action, random);
    addressing.write(&mut envelope);
    core.options.headers.write(&mut envelope);
    if core.options.is_by_transport() {
        wsse::declare_utility(&mut envelope);
    }
    let parent = envelope.body().id();
    body.write(envelope.document_mut(), parent);
    (envelope, addressing.message_id)
}

/// Verifies the answer to a request and makes the key.
fn accept(
    core: &Core,
    wanted: Wanted,
    pending: &PendingRequest,
    current: Option<Renewed<'_>>,
    reply: Envelope,
    now: Timestamp,
) -> Result<Issued, ClientError> {
    let origin = wanted.origin();
    let fault = visible_fault(&reply);
    let verified = core
        .verify_alone(reply, Purpose::Trust, &pending.correlation, now)
        .map_err(|error| failure(fault, error, origin, core.options.settings.dialect))?;
    accept_verified(core, wanted, pending, current, &verified, now)
}

/// The key of an answer that verified.
fn accept_verified(
    core: &Core,
    wanted: Wanted,
    pending: &PendingRequest,
    current: Option<Renewed<'_>>,
    verified: &Verified,
    now: Timestamp,
) -> Result<Issued, ClientError> {
    let origin = wanted.origin();
    let action = wanted.actions().1;
    let response = response_of(verified, action, pending.message_id.as_deref(), core, origin)?;
    let refused = |error| ClientError::Response { origin, error };
    issued(&response, pending, current, core, now).map_err(refused)
}

/// The one response of a verified reply.
pub(super) fn response_of(
    verified: &Verified,
    action: TrustAction,
    message_id: Option<&str>,
    core: &Core,
    origin: FaultOrigin,
) -> Result<RequestSecurityTokenResponse, ClientError> {
    if let Some(fault) = Fault::read(verified.envelope()) {
        return Err(ClientError::SecuredFault { fault: Box::new(fault), origin });
    }
    let dialect = core.options.settings.dialect;
    single_response(verified, action, message_id, dialect)
        .map_err(|error| ClientError::Response { origin, error })
}

fn single_response(
    verified: &Verified,
    action: TrustAction,
    message_id: Option<&str>,
    dialect: Dialect,
) -> Result<RequestSecurityTokenResponse> {
    if verified.action() != action.uri(dialect) {
        let expected = "the action of the answer";
        return Err(Reason::Malformed { what: "the header Action", expected }.into());
    }
    let relates_to = Addressing::read(verified.envelope()).ok().and_then(|a| a.relates_to);
    if relates_to.is_none() || relates_to.as_deref() != message_id {
        let expected = "the identifier of the request";
        return Err(Reason::Malformed { what: "the header RelatesTo", expected }.into());
    }
    let payload =
        verified.envelope().payload().ok_or(Reason::Missing("the RequestSecurityTokenResponse"))?;
    let (_, mut responses) = read_responses(payload, dialect)?;
    match (responses.pop(), responses.len()) {
        (Some((_, response)), 0) => Ok(response),
        (None, _) => Err(Reason::Missing("the RequestSecurityTokenResponse").into()),
        _ => Err(Reason::TooMany { what: "RequestSecurityTokenResponse", limit: 1 }.into()),
    }
}

/// Checks a response and makes the session key of both entropies.
fn issued(
    response: &RequestSecurityTokenResponse,
    pending: &PendingRequest,
    current: Option<Renewed<'_>>,
    core: &Core,
    now: Timestamp,
) -> Result<Issued> {
    let settings = &core.options.settings;
    let dialect = settings.dialect;
    if response.token_type.as_deref().is_some_and(|t| t != dialect.context_token_type()) {
        return Err(Reason::Unsupported("a TokenType other than a security context").into());
    }
    let token = response.token.as_ref().ok_or(Reason::Missing("the RequestedSecurityToken"))?;
    match &response.proof {
        Some(ProofToken::ComputedKey(algorithm)) if **algorithm == *dialect.computed_key() => {}
        Some(ProofToken::ComputedKey(found)) => {
            let (found, expected) = (found.clone(), dialect.computed_key().into());
            return Err(Reason::Algorithm { what: "the ComputedKey", found, expected }.into());
        }
        Some(_) => {
            return Err(Reason::Unsupported("a session key that the service alone chose").into());
        }
        None => return Err(Reason::Missing("the ComputedKey").into()),
    }
    let entropy = response.entropy.as_ref().ok_or(Reason::Missing("the service's Entropy"))?;
    let bits = response.key_size.unwrap_or(pending.key_size);
    if bits != pending.key_size || !is_key_size_supported(settings, bits) {
        let (value, limit) = (u64::from(bits), u64::from(pending.key_size));
        return Err(Reason::OutOfRange { what: "KeySize", value, limit }.into());
    }
    let renewed = current.map(|current| current.current);
    check_generation(token.identifier.as_ref(), token.instance.as_deref(), renewed)?;
    let key = combine_entropy(&pending.entropy, &entropy.octets, bits);
    let lifetime = response.lifetime.unwrap_or(Lifetime { created: now, expires: Timestamp::MAX });
    if lifetime.expires <= lifetime.created {
        let expected = "Created before Expires";
        return Err(Reason::Malformed { what: "Lifetime", expected }.into());
    }
    let by_instance = renewed.is_some() && response.unattached.is_none();
    Ok(Issued { token: token.with_key(TokenKey::new(key)), lifetime, by_instance })
}

/// A renewal keeps the identifier and names a new generation of the key.
fn check_generation(
    identifier: &str,
    instance: Option<&str>,
    current: Option<&ContextToken>,
) -> Result<(), SecurityError> {
    let Some(current) = current else { return Ok(()) };
    if identifier != &*current.identifier {
        return Err(Reason::ForeignContext.into());
    }
    if instance.is_none() || instance == current.instance.as_deref() {
        return Err(Reason::Missing("a new Instance of the renewed SecurityContextToken").into());
    }
    Ok(())
}

/// The reference to a token and the generation of its key.
pub(super) fn reference(token: &ContextToken) -> ContextReference {
    ContextReference { identifier: token.identifier.clone(), instance: token.instance.clone() }
}

/// How long after a token was received it should be renewed: after a part of its life, or after the
/// longest time that a key should be used.
pub(super) fn renewal_delay(
    lifetime: &Lifetime,
    percent: u8,
    interval: SignedDuration,
) -> SignedDuration {
    let life = lifetime.expires.duration_since(lifetime.created).as_secs();
    let part = SignedDuration::from_secs((i128::from(life) * i128::from(percent) / 100) as i64);
    part.min(interval)
}

/// Whether the life of a token is over that was received then, by the client's own clock.
pub(super) fn is_over(lifetime: &Lifetime, received: Timestamp, now: Timestamp) -> bool {
    now.duration_since(received) >= lifetime.expires.duration_since(lifetime.created)
}
