//! `RequestSecurityTokenResponse` and its collection (WS-Trust February 2005 §3.2; 1.3 §3.2, §4.3).

use jiff::Timestamp;
use waxwing_xml::{Document, Element, Name, NodeId};

use super::entropy::BinarySecret;
use super::read::{self, once};
use super::reference::{ContextReference, write_local};
use super::request::{BinaryExchange, read_context, read_entropy, read_key_size};
use super::token::IssuedContextToken;
use crate::error::{Reason, Result};
use crate::wsse::Dialect;
use crate::wsse::names::{WSU, XENC};

/// The most octets of a wrapped proof key: one TLS record.
const MAX_WRAPPED_KEY: usize = 18 * 1024;
/// The most octets of a `CombinedHash`; there are 32.
const MAX_COMBINED_HASH: usize = 64;
/// The most responses of one collection that are read; WCF sends two.
const MAX_RESPONSES: usize = 8;

/// How long a token may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// From when on.
    pub created: Timestamp,
    /// Until when.
    pub expires: Timestamp,
}

/// How the requestor comes by the key (`RequestedProofToken`).
#[derive(Debug, Clone)]
pub enum ProofToken {
    /// It computes it by this algorithm from both entropies.
    ComputedKey(Box<str>),
    /// It unwraps it; the algorithm names how.
    EncryptedKey {
        /// The algorithm of the `EncryptionMethod`.
        algorithm: Box<str>,
        /// The wrapped octets.
        cipher_value: Vec<u8>,
    },
    /// The key itself. A requestor that combines entropies refuses it.
    BinarySecret(BinarySecret),
}

/// A response: the token, or a step towards it.
#[derive(Debug, Clone)]
pub struct RequestSecurityTokenResponse {
    /// The dialect that it is written in.
    pub dialect: Dialect,
    /// The `Context` attribute, which ties the legs of a negotiation together.
    pub context: Option<Box<str>>,
    /// What kind of token it is.
    pub token_type: Option<Box<str>>,
    /// The token. Its references are written along with it.
    pub token: Option<IssuedContextToken>,
    /// How a message refers to the token that it does not carry (`RequestedUnattachedReference`), where the issuer says
    /// it. Only read: what is written follows from the token.
    pub unattached: Option<ContextReference>,
    /// Whether the reference to the token as an element of a message (`RequestedAttachedReference`) says what that is, as the
    /// Basic Security Profile asks for. Only written.
    pub basic_security_profile: bool,
    /// How the requestor comes by the key.
    pub proof: Option<ProofToken>,
    /// The issuer's part of the key.
    pub entropy: Option<BinarySecret>,
    /// How long the token may be used.
    pub lifetime: Option<Lifetime>,
    /// The length of the key in bits.
    pub key_size: Option<u32>,
    /// A flight of a negotiation.
    pub binary_exchange: Option<BinaryExchange>,
    /// The `CombinedHash` that authenticates a negotiation.
    pub authenticator: Option<Vec<u8>>,
    /// The answer to a cancellation (`RequestedTokenCancelled`).
    pub token_cancelled: bool,
}

/// The form of a response body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseBody {
    /// One `RequestSecurityTokenResponse`.
    Bare,
    /// A `RequestSecurityTokenResponseCollection`.
    Collection,
}

impl RequestSecurityTokenResponse {
    /// A response with nothing in it.
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            context: None,
            token_type: None,
            token: None,
            unattached: None,
            basic_security_profile: true,
            proof: None,
            entropy: None,
            lifetime: None,
            key_size: None,
            binary_exchange: None,
            authenticator: None,
            token_cancelled: false,
        }
    }

    /// The answer to a cancellation.
    pub fn cancelled(dialect: Dialect) -> Self {
        Self { token_cancelled: true, ..Self::new(dialect) }
    }

    fn write(&self, document: &mut Document, parent: NodeId, declare_trust: bool) -> NodeId {
        let dialect = self.dialect;
        let name = read::trust(dialect, "RequestSecurityTokenResponse");
        let response = document.append_element(parent, name);
        if let Some(context) = &self.context {
            document.set_attribute(response, Name::local("Context"), context);
        }
        if declare_trust {
            document.declare_namespace(response, dialect.trust_prefix(), dialect.trust());
        }
        if !self.token_cancelled {
            read::declare_utility(document, response);
        }
        if let Some(token_type) = &self.token_type {
            document.append_text_element(response, read::trust(dialect, "TokenType"), token_type);
        }
        if let Some(token) = &self.token {
            write_token(document, response, token, self.basic_security_profile);
        }
        if let Some(proof) = &self.proof {
            proof.write(document, response, dialect);
        }
        if let Some(entropy) = &self.entropy {
            let holder = document.append_element(response, read::trust(dialect, "Entropy"));
            entropy.write(document, holder, dialect);
        }
        if let Some(lifetime) = &self.lifetime {
            let holder = document.append_element(response, read::trust(dialect, "Lifetime"));
            for (local, time) in [("Created", lifetime.created), ("Expires", lifetime.expires)] {
                document.append_text_element(
                    holder,
                    Name::new("u", local, WSU),
                    &format_time(time),
                );
            }
        }
        if let Some(bits) = self.key_size {
            let name = read::trust(dialect, "KeySize");
            document.append_text_element(response, name, &bits.to_string());
        }
        if let Some(exchange) = &self.binary_exchange {
            exchange.write(document, response, dialect);
        }
        if let Some(hash) = &self.authenticator {
            let holder = document.append_element(response, read::trust(dialect, "Authenticator"));
            let name = read::trust(dialect, "CombinedHash");
            document.append_text_element(holder, name, &read::base64(hash));
        }
        if self.token_cancelled {
            let name = read::trust(dialect, "RequestedTokenCancelled");
            let cancelled = document.append_element(response, name);
            document.set_end_tag(cancelled, true);
        }
        response
    }

    /// Reads a `RequestSecurityTokenResponse` element, children in any order, unknown ones skipped.
    ///
    /// # Errors
    /// When it is another element, of another dialect, or a child that matters is malformed.
    pub fn read(element: Element<'_>, dialect: Dialect) -> Result<Self> {
        if !element.is(dialect.trust(), "RequestSecurityTokenResponse") {
            return Err(unexpected(element));
        }
        let mut found = Self::new(dialect);
        found.context = read_context(element)?;
        for child in element.elements().filter(|c| c.namespace() == dialect.trust()) {
            found.read_child(child)?;
        }
        Ok(found)
    }

    fn read_child(&mut self, child: Element<'_>) -> Result<()> {
        let dialect = self.dialect;
        match child.local_name() {
            "TokenType" => once(&mut self.token_type, read::text(child), "TokenType"),
            "RequestedSecurityToken" => {
                let token = child
                    .first_element()
                    .ok_or(Reason::Missing("the token in RequestedSecurityToken"))?;
                let token = IssuedContextToken::read(token, dialect)?;
                once(&mut self.token, token, "RequestedSecurityToken")
            }
            "RequestedUnattachedReference" => {
                self.unattached = ContextReference::find_in(child, dialect);
                Ok(())
            }
            "RequestedProofToken" => {
                once(&mut self.proof, ProofToken::read(child, dialect)?, "RequestedProofToken")
            }
            "Entropy" => once(&mut self.entropy, read_entropy(child, dialect)?, "Entropy"),
            "Lifetime" => once(&mut self.lifetime, read_lifetime(child)?, "Lifetime"),
            "KeySize" => once(&mut self.key_size, read_key_size(child)?, "KeySize"),
            "BinaryExchange" => {
                once(&mut self.binary_exchange, BinaryExchange::read(child)?, "BinaryExchange")
            }
            "Authenticator" => {
                let hash = child
                    .child(dialect.trust(), "CombinedHash")
                    .ok_or(Reason::Missing("the CombinedHash of the Authenticator"))?;
                let hash = read::octets(hash, "CombinedHash", MAX_COMBINED_HASH)?;
                once(&mut self.authenticator, hash, "Authenticator")
            }
            "RequestedTokenCancelled" => {
                self.token_cancelled = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl ProofToken {
    fn write(&self, document: &mut Document, response: NodeId, dialect: Dialect) {
        let holder = document.append_element(response, read::trust(dialect, "RequestedProofToken"));
        match self {
            ProofToken::ComputedKey(algorithm) => {
                let name = read::trust(dialect, "ComputedKey");
                document.append_text_element(holder, name, algorithm);
            }
            ProofToken::EncryptedKey { algorithm, cipher_value } => {
                let name = |local| Name::new("e", local, XENC);
                let key = document.append_element(holder, name("EncryptedKey"));
                let method = document.append_element(key, name("EncryptionMethod"));
                document.set_attribute(method, Name::local("Algorithm"), algorithm);
                document.set_end_tag(method, true);
                let data = document.append_element(key, name("CipherData"));
                let value = read::base64(cipher_value);
                document.append_text_element(data, name("CipherValue"), &value);
            }
            ProofToken::BinarySecret(secret) => secret.write(document, holder, dialect),
        }
    }

    fn read(element: Element<'_>, dialect: Dialect) -> Result<Self> {
        let child = element.first_element().ok_or(Reason::Missing("the proof token"))?;
        if child.is(dialect.trust(), "ComputedKey") {
            return Ok(ProofToken::ComputedKey(read::text(child)));
        }
        if child.is(dialect.trust(), "BinarySecret") {
            return BinarySecret::read(child, dialect).map(ProofToken::BinarySecret);
        }
        if !child.is(XENC, "EncryptedKey") {
            return Err(unexpected(child));
        }
        let algorithm = child
            .child(XENC, "EncryptionMethod")
            .and_then(|method| method.attribute("Algorithm"))
            .ok_or(Reason::Missing("the EncryptionMethod of the proof token"))?;
        let value = child
            .child(XENC, "CipherData")
            .and_then(|data| data.child(XENC, "CipherValue"))
            .ok_or(Reason::Missing("the CipherValue of the proof token"))?;
        let cipher_value =
            read::octets(value, "the CipherValue of the proof token", MAX_WRAPPED_KEY)?;
        Ok(ProofToken::EncryptedKey { algorithm: algorithm.into(), cipher_value })
    }
}

/// Writes one response as the last child of `parent` (the Body): bare, or alone in a collection.
pub fn write_response(
    document: &mut Document,
    parent: NodeId,
    response: &RequestSecurityTokenResponse,
    body: ResponseBody,
) {
    match body {
        ResponseBody::Bare => {
            response.write(document, parent, true);
        }
        ResponseBody::Collection => {
            write_collection(document, parent, std::slice::from_ref(response));
        }
    }
}

/// Writes a collection of responses as the last child of `parent`; returns the nodes of the responses.
pub fn write_collection(
    document: &mut Document,
    parent: NodeId,
    responses: &[RequestSecurityTokenResponse],
) -> Vec<NodeId> {
    let Some(dialect) = responses.first().map(|response| response.dialect) else {
        return Vec::new();
    };
    let name = read::trust(dialect, "RequestSecurityTokenResponseCollection");
    let collection = document.append_element(parent, name);
    document.declare_namespace(collection, dialect.trust_prefix(), dialect.trust());
    responses.iter().map(|response| response.write(document, collection, false)).collect()
}

/// Reads the responses of a body's first element, each with its node: a bare response or a collection.
///
/// # Errors
/// When it is neither, or when a response is malformed.
pub fn read_responses(
    element: Element<'_>,
    dialect: Dialect,
) -> Result<(ResponseBody, Vec<(NodeId, RequestSecurityTokenResponse)>)> {
    let read = |element: Element<'_>| {
        Ok((element.id(), RequestSecurityTokenResponse::read(element, dialect)?))
    };
    if element.is(dialect.trust(), "RequestSecurityTokenResponse") {
        return Ok((ResponseBody::Bare, vec![read(element)?]));
    }
    if !element.is(dialect.trust(), "RequestSecurityTokenResponseCollection") {
        return Err(unexpected(element));
    }
    let responses: Vec<_> =
        element.elements().take(MAX_RESPONSES).map(read).collect::<Result<_>>()?;
    Ok((ResponseBody::Collection, responses))
}

fn write_token(
    document: &mut Document,
    response: NodeId,
    token: &IssuedContextToken,
    basic_security_profile: bool,
) {
    let dialect = token.dialect;
    let holder = document.append_element(response, read::trust(dialect, "RequestedSecurityToken"));
    token.write(document, holder);
    let holder =
        document.append_element(response, read::trust(dialect, "RequestedAttachedReference"));
    let value_type = basic_security_profile.then(|| dialect.context_token_type());
    write_local(document, holder, &token.id, value_type);
    let holder =
        document.append_element(response, read::trust(dialect, "RequestedUnattachedReference"));
    let reference =
        ContextReference { identifier: token.identifier.clone(), instance: token.instance.clone() };
    reference.write(document, holder, dialect);
}

/// Milliseconds and `Z`, as WCF writes times.
fn format_time(time: Timestamp) -> String {
    format!("{time:.3}")
}

fn read_lifetime(element: Element<'_>) -> Result<Lifetime> {
    let time = |local: &str| -> Result<Timestamp> {
        let malformed = Reason::Malformed { what: "Lifetime", expected: "Created and Expires" };
        let child = element.child(WSU, local).ok_or_else(|| malformed.clone())?;
        read::text(child).parse().map_err(|_| malformed.into())
    };
    Ok(Lifetime { created: time("Created")?, expires: time("Expires")? })
}

fn unexpected(element: Element<'_>) -> crate::error::SecurityError {
    let (namespace, local) = (element.namespace().into(), element.local_name().into());
    Reason::UnexpectedElement { namespace, local }.into()
}
