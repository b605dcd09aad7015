//! `RequestSecurityToken` (WS-Trust §3.1, §5, §6; negotiation §8).

use waxwing_xml::{Document, Element, Name, NodeId};

use super::entropy::BinarySecret;
use super::read::{self, once};
use super::reference::ContextReference;
use crate::error::{Reason, Result};
use crate::wsse::Dialect;
use crate::wsse::names::BASE64_BINARY;

/// The most octets of one BinaryExchange: several TLS flights with long certificate chains.
const MAX_EXCHANGE: usize = 128 * 1024;
/// The most characters of a `Context` attribute; WCF's have 43.
const MAX_CONTEXT: usize = 1024;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestType {
    /// A new token.
    Issue,
    /// A new key for a token.
    Renew,
    /// The end of a token.
    Cancel,
}

impl RequestType {
    const ALL: [(RequestType, &'static str); 3] = [
        (RequestType::Issue, "/Issue"),
        (RequestType::Renew, "/Renew"),
        (RequestType::Cancel, "/Cancel"),
    ];

    fn uri(self, dialect: Dialect) -> String {
        let suffix = Self::ALL.iter().find(|(t, _)| *t == self).map_or("", |(_, suffix)| suffix);
        [dialect.trust(), suffix].concat()
    }

    fn of(uri: &str, dialect: Dialect) -> Option<Self> {
        let suffix = uri.strip_prefix(dialect.trust())?;
        Self::ALL.iter().find(|(_, known)| *known == suffix).map(|(t, _)| *t)
    }
}

/// One flight of a negotiation (`BinaryExchange`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinaryExchange {
    /// What kind of negotiation it is, exactly as written: one value type of WCF starts with a space.
    pub value_type: Box<str>,
    /// The octets.
    pub octets: Vec<u8>,
}

impl BinaryExchange {
    pub(super) fn write(&self, document: &mut Document, parent: NodeId, dialect: Dialect) {
        let exchange = document.append_element(parent, read::trust(dialect, "BinaryExchange"));
        document.set_attribute(exchange, Name::local("ValueType"), &self.value_type);
        document.set_attribute(exchange, Name::local("EncodingType"), BASE64_BINARY);
        document.append_text(exchange, &read::base64(&self.octets));
    }

    pub(super) fn read(element: Element<'_>) -> Result<Self> {
        let missing = |what| Reason::Missing(what);
        let value_type = element
            .attribute("ValueType")
            .ok_or_else(|| missing("the attribute ValueType of a BinaryExchange"))?;
        let encoding = element
            .attribute("EncodingType")
            .ok_or_else(|| missing("the attribute EncodingType of a BinaryExchange"))?;
        let octets = match encoding.rsplit_once('#').map_or(encoding, |(_, kind)| kind) {
            "Base64Binary" => read::octets(element, "a BinaryExchange", MAX_EXCHANGE)?,
            "HexBinary" => from_hex(&element.text())?,
            _ => return Err(Reason::Unsupported("this EncodingType of a BinaryExchange").into()),
        };
        Ok(Self { value_type: value_type.into(), octets })
    }
}

fn from_hex(text: &str) -> Result<Vec<u8>> {
    let malformed =
        || Reason::Malformed { what: "a BinaryExchange", expected: "hexadecimal digits" };
    let digits = text.trim().as_bytes();
    if !digits.len().is_multiple_of(2) || digits.len() / 2 > MAX_EXCHANGE {
        return Err(malformed().into());
    }
    let digit = |byte: u8| (byte as char).to_digit(16).map(|d| d as u8);
    let octets = digits.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?));
    octets.collect::<Option<Vec<u8>>>().ok_or_else(|| malformed().into())
}

/// A request for a security token.
#[derive(Debug, Clone)]
pub struct RequestSecurityToken {
    /// The dialect that it is written in.
    pub dialect: Dialect,
    /// The `Context` attribute, which ties the legs of a negotiation together.
    pub context: Option<Box<str>>,
    /// What kind of token is asked for.
    pub token_type: Option<Box<str>>,
    /// What is asked for.
    pub request_type: RequestType,
    /// The requestor's part of the key.
    pub entropy: Option<BinarySecret>,
    /// The length of the key in bits.
    pub key_size: Option<u32>,
    /// The first flight of a negotiation.
    pub binary_exchange: Option<BinaryExchange>,
    /// The context whose key is to be renewed.
    pub renew_target: Option<ContextReference>,
    /// The context that is to end.
    pub cancel_target: Option<ContextReference>,
}

impl RequestSecurityToken {
    /// A request of the given type with nothing else in it.
    pub fn new(dialect: Dialect, request_type: RequestType) -> Self {
        Self {
            dialect,
            context: None,
            token_type: None,
            request_type,
            entropy: None,
            key_size: None,
            binary_exchange: None,
            renew_target: None,
            cancel_target: None,
        }
    }

    /// A request for a security context with the requestor's entropy
    /// (WS-SecureConversation February 2005 §4).
    pub fn issue_context(dialect: Dialect, entropy: BinarySecret, key_size: u32) -> Self {
        Self {
            token_type: Some(dialect.context_token_type().into()),
            entropy: Some(entropy),
            key_size: Some(key_size),
            ..Self::new(dialect, RequestType::Issue)
        }
    }

    /// A request for a new key of a context (WS-SecureConversation February 2005 §5, 1.3 §6).
    pub fn renew_context(
        dialect: Dialect,
        entropy: BinarySecret,
        key_size: u32,
        target: ContextReference,
    ) -> Self {
        Self {
            request_type: RequestType::Renew,
            renew_target: Some(target),
            ..Self::issue_context(dialect, entropy, key_size)
        }
    }

    /// A request to end a context (WS-SecureConversation February 2005 §6, 1.3 §7).
    pub fn cancel_context(dialect: Dialect, target: ContextReference) -> Self {
        Self { cancel_target: Some(target), ..Self::new(dialect, RequestType::Cancel) }
    }

    /// Writes the request as the last child of `parent` (the Body).
    pub fn write(&self, document: &mut Document, parent: NodeId) -> NodeId {
        let dialect = self.dialect;
        let request = document.append_element(parent, read::trust(dialect, "RequestSecurityToken"));
        if let Some(context) = &self.context {
            document.set_attribute(request, Name::local("Context"), context);
        }
        document.declare_namespace(request, dialect.trust_prefix(), dialect.trust());
        if let Some(token_type) = &self.token_type {
            document.append_text_element(request, read::trust(dialect, "TokenType"), token_type);
        }
        let request_type = self.request_type.uri(dialect);
        document.append_text_element(request, read::trust(dialect, "RequestType"), &request_type);
        if let Some(entropy) = &self.entropy {
            let holder = document.append_element(request, read::trust(dialect, "Entropy"));
            entropy.write(document, holder, dialect);
            // WCF declares the prefix here once more, so that the secret stands alone.
            let secret = document.element(holder).first_element().map(|secret| secret.id());
            secret.into_iter().for_each(|secret| read::declare_utility(document, secret));
        }
        if let Some(bits) = self.key_size {
            let bits = bits.to_string();
            document.append_text_element(request, read::trust(dialect, "KeySize"), &bits);
        }
        if let Some(exchange) = &self.binary_exchange {
            exchange.write(document, request, dialect);
        }
        for (local, target) in
            [("RenewTarget", &self.renew_target), ("CancelTarget", &self.cancel_target)]
        {
            if let Some(target) = target {
                let holder = document.append_element(request, read::trust(dialect, local));
                target.write(document, holder, dialect);
            }
        }
        request
    }

    /// Reads a `RequestSecurityToken` element, children in any order, unknown ones skipped.
    ///
    /// # Errors
    /// When it is another element, of another dialect, or a child that matters is malformed.
    pub fn read(element: Element<'_>, dialect: Dialect) -> Result<Self> {
        if !element.is(dialect.trust(), "RequestSecurityToken") {
            let (namespace, local) = (element.namespace().into(), element.local_name().into());
            return Err(Reason::UnexpectedElement { namespace, local }.into());
        }
        let mut request_type = None;
        let mut found = Self::new(dialect, RequestType::Issue);
        found.context = read_context(element)?;
        for child in element.elements().filter(|c| c.namespace() == dialect.trust()) {
            match child.local_name() {
                "TokenType" => once(&mut found.token_type, read::text(child), "TokenType")?,
                "RequestType" => {
                    let value = RequestType::of(&read::text(child), dialect)
                        .ok_or(Reason::Unsupported("this RequestType"))?;
                    once(&mut request_type, value, "RequestType")?;
                }
                "Entropy" => once(&mut found.entropy, read_entropy(child, dialect)?, "Entropy")?,
                "KeySize" => once(&mut found.key_size, read_key_size(child)?, "KeySize")?,
                "BinaryExchange" => {
                    let exchange = BinaryExchange::read(child)?;
                    once(&mut found.binary_exchange, exchange, "BinaryExchange")?;
                }
                "RenewTarget" => {
                    once(&mut found.renew_target, read_target(child, dialect)?, "RenewTarget")?;
                }
                "CancelTarget" => {
                    once(&mut found.cancel_target, read_target(child, dialect)?, "CancelTarget")?;
                }
                _ => {}
            }
        }
        found.request_type = request_type.ok_or(Reason::Missing("the RequestType"))?;
        Ok(found)
    }
}

pub(super) fn read_context(element: Element<'_>) -> Result<Option<Box<str>>> {
    match element.attribute("Context") {
        Some(context) if context.len() > MAX_CONTEXT => {
            let (value, limit) = (context.len() as u64, MAX_CONTEXT as u64);
            Err(Reason::OutOfRange { what: "the length of Context", value, limit }.into())
        }
        context => Ok(context.map(Into::into)),
    }
}

/// The secret inside `Entropy`.
pub(super) fn read_entropy(element: Element<'_>, dialect: Dialect) -> Result<BinarySecret> {
    match element.child(dialect.trust(), "BinarySecret") {
        Some(secret) => BinarySecret::read_entropy(secret, dialect),
        None => Err(Reason::Unsupported("entropy other than a BinarySecret").into()),
    }
}

pub(super) fn read_key_size(element: Element<'_>) -> Result<u32> {
    let malformed = Reason::Malformed { what: "KeySize", expected: "a number of bits" };
    read::text(element).parse().map_err(|_| malformed.into())
}

fn read_target(element: Element<'_>, dialect: Dialect) -> Result<ContextReference> {
    let malformed = Reason::Malformed {
        what: "the target",
        expected: "a SecurityTokenReference to a security context by its identifier",
    };
    ContextReference::find_in(element, dialect).ok_or_else(|| malformed.into())
}
