//! Security binding elements: which tokens protect, endorse and bootstrap.
//!
//! The table of authentication modes follows WCF's `SecurityBindingElement.Create…` methods; the
//! names are those of WS-SecurityPolicy 1.2 §8 (supporting tokens) and §7 (bindings).

use crate::bindings::security::{
    IssuedTokenParameters, LocalClientSettings, LocalServiceSettings, SecurityElement,
    SecurityParameters,
};
use crate::{
    AlgorithmSuite, AuthenticationMode, IssuedKeyType, KeyEntropyMode, MessageProtectionOrder,
    MessageSecurityVersion, SecurityHeaderLayout,
};

/// Whether a token is put into messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InclusionMode {
    /// In every message to the service.
    AlwaysToRecipient,
    /// In every message to the client.
    AlwaysToInitiator,
    /// Never: it is referred to.
    Never,
    /// In the first message.
    Once,
}

/// How an X.509 certificate is referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum X509ReferenceStyle {
    /// By its subject key identifier, or by issuer and serial number when it has none.
    Any,
    /// By its SHA-1 thumbprint.
    Thumbprint,
    /// By its subject key identifier. No attribute of a file says so.
    SubjectKeyIdentifier,
    /// By issuer and serial number. No attribute of a file says so.
    IssuerSerial,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub enum TokenKind {
    /// An X.509 certificate.
    X509 {
        /// How it is referred to.
        reference: X509ReferenceStyle,
    },
    /// A security context from a TLS handshake in SOAP (TLSNego).
    Ssl {
        /// Whether the client shows a certificate in it.
        require_client_certificate: bool,
        /// Whether the service keeps the context.
        require_cancellation: bool,
    },
    /// A security context from SPNEGO.
    Sspi {
        /// Whether the service keeps the context.
        require_cancellation: bool,
    },
    /// A Kerberos ticket.
    Kerberos,
    /// User name and password.
    UserName,
    /// A token of a security token service.
    Issued(Box<IssuedTokenParameters>),
    /// A WS-SecureConversation context.
    SecureConversation {
        /// The security under which it is agreed on.
        bootstrap: Box<SecurityBindingElement>,
        /// Whether the service keeps the context.
        require_cancellation: bool,
        /// Whether its key may be renewed.
        can_renew: bool,
    },
}

/// A token and how it is used.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenParameters {
    /// What it is.
    pub kind: TokenKind,
    /// Whether it is put into messages.
    pub inclusion: InclusionMode,
    /// Whether keys are derived from it, instead of using its own.
    pub require_derived_keys: bool,
}

/// Tokens beside the one that protects the message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SupportingTokens {
    /// They sign the message's signature.
    pub endorsing: Vec<TokenParameters>,
    /// They are signed.
    pub signed: Vec<TokenParameters>,
    /// They are signed and encrypted.
    pub signed_encrypted: Vec<TokenParameters>,
    /// They are signed, and sign the message's signature.
    pub signed_endorsing: Vec<TokenParameters>,
}

/// How the message is protected.
#[derive(Debug, Clone, PartialEq)]
pub enum SecurityKind {
    /// One shared key for both directions.
    Symmetric {
        /// The token that carries or agrees on the key.
        protection: TokenParameters,
    },
    /// A certificate for each direction.
    Asymmetric {
        /// The client's.
        initiator: TokenParameters,
        /// The service's.
        recipient: TokenParameters,
        /// Whether a reply may carry the service's signing token.
        allow_serialized_signing_token_on_reply: bool,
    },
    /// The connection protects; the header only carries supporting tokens.
    Transport,
}

/// A security binding element, settings resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct SecurityBindingElement {
    /// The mode that it was made for.
    pub authentication_mode: AuthenticationMode,
    /// How the message is protected.
    pub kind: SecurityKind,
    /// Tokens beside that.
    pub supporting: SupportingTokens,
    /// The algorithms.
    pub default_algorithm_suite: AlgorithmSuite,
    /// The specifications.
    pub message_security_version: MessageSecurityVersion,
    /// Who contributes to the session key.
    pub key_entropy_mode: KeyEntropyMode,
    /// Order of signing and encrypting.
    pub message_protection_order: MessageProtectionOrder,
    /// Order of the header's elements.
    pub security_header_layout: SecurityHeaderLayout,
    /// Whether there is a timestamp.
    pub include_timestamp: bool,
    /// Whether replies confirm the request's signatures.
    pub require_signature_confirmation: bool,
    /// Whether tokens are signed, too.
    pub protect_tokens: bool,
    /// Whether replies may come unsecured.
    pub enable_unsecured_response: bool,
    /// Whether an …OverTransport mode may go over plain HTTP.
    pub allow_insecure_transport: bool,
    /// The client's limits; `detect_replays` is always set.
    pub local_client_settings: LocalClientSettings,
    /// The service's limits; `detect_replays` is always set.
    pub local_service_settings: LocalServiceSettings,
}

impl TokenParameters {
    fn new(kind: TokenKind, inclusion: InclusionMode, derived: bool) -> TokenParameters {
        TokenParameters { kind, inclusion, require_derived_keys: derived }
    }

    fn to_recipient(kind: TokenKind, derived: bool) -> TokenParameters {
        TokenParameters::new(kind, InclusionMode::AlwaysToRecipient, derived)
    }

    fn ssl(require_client_certificate: bool, require_cancellation: bool) -> TokenParameters {
        let kind = TokenKind::Ssl { require_client_certificate, require_cancellation };
        TokenParameters::to_recipient(kind, true)
    }

    fn sspi(require_cancellation: bool, derived: bool) -> TokenParameters {
        TokenParameters::to_recipient(TokenKind::Sspi { require_cancellation }, derived)
    }

    fn service_certificate() -> TokenParameters {
        let kind = TokenKind::X509 { reference: X509ReferenceStyle::Thumbprint };
        TokenParameters::new(kind, InclusionMode::Never, true)
    }

    fn client_certificate(version: MessageSecurityVersion) -> TokenParameters {
        let reference = if version.is_ws_security_11() {
            X509ReferenceStyle::Thumbprint
        } else {
            X509ReferenceStyle::Any
        };
        TokenParameters::to_recipient(TokenKind::X509 { reference }, false)
    }
}

/// What a mode is made from besides its name.
#[derive(Debug, Clone)]
pub(crate) struct ModeSettings {
    pub(crate) version: MessageSecurityVersion,
    pub(crate) suite: AlgorithmSuite,
    pub(crate) require_cancellation: bool,
    pub(crate) issued: Option<IssuedTokenParameters>,
}

impl SecurityBindingElement {
    fn base(
        mode: AuthenticationMode,
        kind: SecurityKind,
        settings: &ModeSettings,
    ) -> SecurityBindingElement {
        let replays = !matches!(kind, SecurityKind::Transport);
        SecurityBindingElement {
            authentication_mode: mode,
            kind,
            supporting: SupportingTokens::default(),
            default_algorithm_suite: settings.suite,
            message_security_version: settings.version,
            key_entropy_mode: KeyEntropyMode::CombinedEntropy,
            message_protection_order: MessageProtectionOrder::SignBeforeEncryptAndEncryptSignature,
            security_header_layout: SecurityHeaderLayout::Strict,
            include_timestamp: true,
            require_signature_confirmation: false,
            protect_tokens: false,
            enable_unsecured_response: false,
            allow_insecure_transport: false,
            local_client_settings: LocalClientSettings::default().detect_replays(replays),
            local_service_settings: LocalServiceSettings::default().detect_replays(replays),
        }
    }

    /// The element of an authentication mode other than SecureConversation.
    pub(crate) fn of_mode(
        mode: AuthenticationMode,
        settings: &ModeSettings,
    ) -> SecurityBindingElement {
        if mode.is_over_transport() {
            return SecurityBindingElement::over_transport(mode, settings);
        }
        if mode == AuthenticationMode::MutualCertificateDuplex
            || (mode == AuthenticationMode::MutualCertificate
                && !settings.version.is_ws_security_11())
        {
            return SecurityBindingElement::asymmetric(mode, settings);
        }
        SecurityBindingElement::symmetric(mode, settings)
    }

    fn symmetric(mode: AuthenticationMode, settings: &ModeSettings) -> SecurityBindingElement {
        use AuthenticationMode as M;
        let cancel = settings.require_cancellation;
        let protection = match mode {
            M::AnonymousForSslNegotiated
            | M::UserNameForSslNegotiated
            | M::IssuedTokenForSslNegotiated => TokenParameters::ssl(false, cancel),
            M::MutualSslNegotiated => TokenParameters::ssl(true, cancel),
            M::SspiNegotiated | M::SecureConversation => TokenParameters::sspi(cancel, true),
            M::Kerberos => TokenParameters::new(TokenKind::Kerberos, InclusionMode::Once, true),
            M::IssuedToken => issued_token(settings),
            _ => TokenParameters::service_certificate(),
        };
        let kind = SecurityKind::Symmetric { protection };
        let mut element = SecurityBindingElement::base(mode, kind, settings);
        match mode {
            M::MutualCertificate => {
                element.supporting.endorsing =
                    vec![TokenParameters::client_certificate(settings.version)];
            }
            M::UserNameForCertificate | M::UserNameForSslNegotiated => {
                element.supporting.signed_encrypted = vec![user_name()];
            }
            M::IssuedTokenForCertificate | M::IssuedTokenForSslNegotiated => {
                add_issued_token(&mut element.supporting, settings);
            }
            _ => {}
        }
        element.require_signature_confirmation = settings.version.is_ws_security_11()
            && matches!(
                mode,
                M::MutualCertificate
                    | M::AnonymousForCertificate
                    | M::IssuedTokenForCertificate
                    | M::IssuedTokenForSslNegotiated
                    | M::IssuedToken
            );
        element
    }

    fn asymmetric(mode: AuthenticationMode, settings: &ModeSettings) -> SecurityBindingElement {
        let x509 = |inclusion| {
            let reference = match settings.version.is_ws_security_11() {
                true => X509ReferenceStyle::Thumbprint,
                false => X509ReferenceStyle::Any,
            };
            TokenParameters::new(TokenKind::X509 { reference }, inclusion, false)
        };
        let duplex = mode == AuthenticationMode::MutualCertificateDuplex;
        let recipient =
            if duplex { InclusionMode::AlwaysToInitiator } else { InclusionMode::Never };
        let kind = SecurityKind::Asymmetric {
            initiator: x509(InclusionMode::AlwaysToRecipient),
            recipient: x509(recipient),
            allow_serialized_signing_token_on_reply: false,
        };
        SecurityBindingElement::base(mode, kind, settings)
    }

    fn over_transport(mode: AuthenticationMode, settings: &ModeSettings) -> SecurityBindingElement {
        use AuthenticationMode as M;
        let mut element = SecurityBindingElement::base(mode, SecurityKind::Transport, settings);
        let supporting = &mut element.supporting;
        match mode {
            M::UserNameOverTransport => supporting.signed_encrypted = vec![user_name()],
            M::CertificateOverTransport => {
                supporting.endorsing = vec![TokenParameters::client_certificate(settings.version)];
            }
            M::SspiNegotiatedOverTransport => {
                supporting.endorsing =
                    vec![TokenParameters::sspi(settings.require_cancellation, false)];
            }
            M::KerberosOverTransport => {
                supporting.endorsing =
                    vec![TokenParameters::new(TokenKind::Kerberos, InclusionMode::Once, false)];
            }
            _ => add_issued_token(supporting, settings),
        }
        element
    }

    /// Wraps `bootstrap` into a secure conversation.
    pub(crate) fn conversation(
        bootstrap: SecurityBindingElement,
        require_cancellation: bool,
        can_renew: bool,
    ) -> SecurityBindingElement {
        let settings = ModeSettings {
            version: bootstrap.message_security_version,
            suite: bootstrap.default_algorithm_suite,
            require_cancellation,
            issued: None,
        };
        let over_transport = matches!(bootstrap.kind, SecurityKind::Transport);
        let token = TokenParameters::to_recipient(
            TokenKind::SecureConversation {
                bootstrap: Box::new(bootstrap),
                require_cancellation,
                can_renew,
            },
            !over_transport,
        );
        let mode = AuthenticationMode::SecureConversation;
        if over_transport {
            let mut element =
                SecurityBindingElement::base(mode, SecurityKind::Transport, &settings);
            element.supporting.endorsing = vec![token];
            return element;
        }
        let kind = SecurityKind::Symmetric { protection: token };
        SecurityBindingElement::base(mode, kind, &settings)
    }

    /// What `<security>` of a custom binding builds.
    pub(crate) fn custom(security: &SecurityElement) -> SecurityBindingElement {
        let parameters = &security.parameters;
        if parameters.authentication_mode != Some(AuthenticationMode::SecureConversation) {
            return SecurityBindingElement::from_parameters(parameters);
        }
        let bootstrap = security.secure_conversation_bootstrap.clone().unwrap_or_default();
        let bootstrap = SecurityBindingElement::from_parameters(&bootstrap.parameters);
        let mut element = SecurityBindingElement::conversation(
            bootstrap,
            parameters.require_security_context_cancellation.unwrap_or(true),
            parameters.can_renew_security_context_token.unwrap_or(true),
        );
        element.message_security_version = version_of(parameters);
        element.default_algorithm_suite = suite_of(parameters);
        element.apply(parameters);
        element
    }

    fn from_parameters(parameters: &SecurityParameters) -> SecurityBindingElement {
        let mode = parameters.authentication_mode.unwrap_or(AuthenticationMode::SspiNegotiated);
        let settings = ModeSettings {
            version: version_of(parameters),
            suite: suite_of(parameters),
            require_cancellation: parameters.require_security_context_cancellation.unwrap_or(true),
            issued: parameters.issued_token_parameters.clone(),
        };
        let mut element = SecurityBindingElement::of_mode(mode, &settings);
        element.apply(parameters);
        element
    }

    /// Applies the attributes that are present, as WCF does.
    fn apply(&mut self, p: &SecurityParameters) {
        fn set<T: Copy>(target: &mut T, written: Option<T>) {
            if let Some(value) = written {
                *target = value;
            }
        }
        set(&mut self.key_entropy_mode, p.key_entropy_mode);
        set(&mut self.message_protection_order, p.message_protection_order);
        set(&mut self.security_header_layout, p.security_header_layout);
        set(&mut self.include_timestamp, p.include_timestamp);
        set(&mut self.require_signature_confirmation, p.require_signature_confirmation);
        set(&mut self.protect_tokens, p.protect_tokens);
        set(&mut self.enable_unsecured_response, p.enable_unsecured_response);
        set(&mut self.allow_insecure_transport, p.allow_insecure_transport);
        match &mut self.kind {
            SecurityKind::Symmetric { protection } => {
                set(&mut protection.require_derived_keys, p.require_derived_keys);
            }
            SecurityKind::Asymmetric {
                initiator,
                recipient,
                allow_serialized_signing_token_on_reply,
            } => {
                set(&mut initiator.require_derived_keys, p.require_derived_keys);
                set(&mut recipient.require_derived_keys, p.require_derived_keys);
                set(
                    allow_serialized_signing_token_on_reply,
                    p.allow_serialized_signing_token_on_reply,
                );
            }
            SecurityKind::Transport => {}
        }
        let client_replays = self.local_client_settings.detect_replays;
        let service_replays = self.local_service_settings.detect_replays;
        self.local_client_settings = p.local_client_settings.clone();
        self.local_service_settings = p.local_service_settings.clone();
        let client = &mut self.local_client_settings.detect_replays;
        *client = client.or(client_replays);
        let service = &mut self.local_service_settings.detect_replays;
        *service = service.or(service_replays);
    }

    /// Whether each side signs with its own certificate (WS-SecurityPolicy 1.2 §7.5).
    pub fn is_asymmetric(&self) -> bool {
        matches!(self.kind, SecurityKind::Asymmetric { .. })
    }

    /// The security under which the secure conversation is agreed on, if there is one.
    pub fn bootstrap(&self) -> Option<&SecurityBindingElement> {
        let token = match &self.kind {
            SecurityKind::Symmetric { protection } => protection,
            _ => self.supporting.endorsing.first()?,
        };
        match &token.kind {
            TokenKind::SecureConversation { bootstrap, .. } => Some(bootstrap),
            _ => None,
        }
    }
}

fn version_of(parameters: &SecurityParameters) -> MessageSecurityVersion {
    parameters.message_security_version.unwrap_or(MessageSecurityVersion::WsSecurity11February2005)
}

fn suite_of(parameters: &SecurityParameters) -> AlgorithmSuite {
    let kerberos = parameters.authentication_mode == Some(AuthenticationMode::Kerberos);
    let default = if kerberos { AlgorithmSuite::Basic128 } else { AlgorithmSuite::Basic256 };
    parameters.default_algorithm_suite.unwrap_or(default)
}

fn user_name() -> TokenParameters {
    TokenParameters::to_recipient(TokenKind::UserName, false)
}

fn issued_token(settings: &ModeSettings) -> TokenParameters {
    let parameters = settings.issued.clone().unwrap_or_default();
    TokenParameters::to_recipient(TokenKind::Issued(Box::new(parameters)), true)
}

/// A token without a key cannot endorse: it is only signed and encrypted (signed over transport).
fn add_issued_token(supporting: &mut SupportingTokens, settings: &ModeSettings) {
    let token = issued_token(settings);
    let bearer = settings.issued.as_ref().is_some_and(|p| p.key_type == IssuedKeyType::BearerKey);
    if bearer {
        supporting.signed_encrypted.push(token);
    } else {
        supporting.endorsing.push(token);
    }
}
