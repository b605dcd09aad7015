//! What the assertions of an endpoint ask for, put together.

use waxwing_binding::{
    AlgorithmSuite, AuthenticationSchemes, ProtectionLevel, ReliableMessagingVersion,
    SecurityHeaderLayout, SupportingTokens, TimeSpan, TokenParameters,
};

use crate::policy::Assertion;

/// A reliable session.
#[derive(Clone, Debug)]
pub(super) struct Reliable {
    pub(super) version: ReliableMessagingVersion,
    pub(super) ordered: bool,
    pub(super) inactivity: Option<TimeSpan>,
    pub(super) acknowledgement: Option<TimeSpan>,
}

/// WS-Addressing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Addressing {
    Version10,
    August2004,
}

/// The encoding of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Encoding {
    #[default]
    Text,
    Mtom,
    Binary,
}

/// What protects the connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Connection {
    Https,
    Ssl,
    Windows(ProtectionLevel),
}

/// Which version of WS-SecurityPolicy a layer speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PolicyDialect {
    Sp11,
    Sp12,
}

/// The binding assertion of a layer.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Transport,
    Symmetric(Option<TokenParameters>),
    Asymmetric { initiator: Option<TokenParameters>, recipient: Option<TokenParameters> },
}

/// What is signed or encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// Whether any assertion was there.
    pub(super) any: bool,
    /// The body.
    pub(super) body: bool,
    /// Namespace and name of headers; an empty name stands for all of the namespace.
    pub(super) headers: Vec<(String, String)>,
}

impl Parts {
    /// These and those.
    pub(super) fn merge(&mut self, other: &Parts) {
        self.any |= other.any;
        self.body |= other.body;
        self.headers.extend(other.headers.iter().cloned());
    }
}

/// The security of an endpoint, or of the bootstrap of a conversation.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    pub(super) dialect: Option<PolicyDialect>,
    pub(super) kind: Option<Kind>,
    /// The assertion of the kind: who is blamed for what does not fit.
    pub(super) binding: Option<Assertion>,
    pub(super) suite: Option<AlgorithmSuite>,
    pub(super) layout: Option<SecurityHeaderLayout>,
    pub(super) timestamp: bool,
    pub(super) encrypt_before_signing: bool,
    pub(super) encrypt_signature: bool,
    pub(super) protect_tokens: bool,
    pub(super) supporting: SupportingTokens,
    pub(super) wss: Option<(u8, bool)>,
    pub(super) trust: Option<TrustOptions>,
    pub(super) signed: Parts,
    pub(super) encrypted: Parts,
}

/// `sp:Trust10`, `sp:Trust13`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TrustOptions {
    pub(super) version_13: bool,
    pub(super) client_entropy: bool,
    pub(super) server_entropy: bool,
}

/// Everything of an endpoint.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) reliable: Option<Reliable>,
    /// Times that WCF writes beside the assertion of version 1.1.
    pub(super) inactivity: Option<TimeSpan>,
    pub(super) acknowledgement: Option<TimeSpan>,
    pub(super) addressing: Option<Addressing>,
    pub(super) encoding: Encoding,
    pub(super) cookies: bool,
    pub(super) schemes: AuthenticationSchemes,
    pub(super) connection: Option<Connection>,
    pub(super) client_certificate: bool,
    pub(super) streamed: bool,
    pub(super) composite_duplex: bool,
    pub(super) one_way: bool,
    pub(super) transaction_flow: bool,
    /// The password goes as a digest.
    pub(super) hash_password: bool,
    pub(super) security: Layer,
}

impl Default for Draft {
    fn default() -> Draft {
        Draft {
            reliable: None,
            inactivity: None,
            acknowledgement: None,
            addressing: None,
            encoding: Encoding::Text,
            cookies: false,
            schemes: AuthenticationSchemes::ANONYMOUS,
            connection: None,
            client_certificate: false,
            streamed: false,
            composite_duplex: false,
            one_way: false,
            transaction_flow: false,
            hash_password: false,
            security: Layer::default(),
        }
    }
}
