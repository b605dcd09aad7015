//! From the tokens of a security element to the authentication mode that has them, and to `<security>`.

use super::security::{ModeSettings, X509ReferenceStyle};
use super::{SecurityBindingElement, SecurityKind, SupportingTokens, TokenKind, TokenParameters};
use crate::bindings::security::{
    IssuedTokenParameters, LocalClientSettings, LocalServiceSettings, SecureConversationBootstrap,
    SecurityElement, SecurityParameters,
};
use crate::{
    AuthenticationMode, KeyEntropyMode, MessageProtectionOrder, MessageSecurityVersion,
    SecurityHeaderLayout, TrustVersion,
};

/// The modes in the order in which WCF looks for them; the conversation is found by its token.
const MODES: &[AuthenticationMode] = &[
    AuthenticationMode::AnonymousForSslNegotiated,
    AuthenticationMode::UserNameForSslNegotiated,
    AuthenticationMode::MutualSslNegotiated,
    AuthenticationMode::SspiNegotiated,
    AuthenticationMode::UserNameForCertificate,
    AuthenticationMode::MutualCertificate,
    AuthenticationMode::MutualCertificateDuplex,
    AuthenticationMode::Kerberos,
    AuthenticationMode::AnonymousForCertificate,
    AuthenticationMode::UserNameOverTransport,
    AuthenticationMode::CertificateOverTransport,
    AuthenticationMode::SspiNegotiatedOverTransport,
    AuthenticationMode::KerberosOverTransport,
    AuthenticationMode::IssuedToken,
    AuthenticationMode::IssuedTokenForCertificate,
    AuthenticationMode::IssuedTokenForSslNegotiated,
    AuthenticationMode::IssuedTokenOverTransport,
];

impl SecurityBindingElement {
    /// Sets the authentication mode that has these tokens, here and in the bootstrap; None when no mode has them.
    pub fn with_mode_of_tokens(mut self) -> Option<SecurityBindingElement> {
        if let Some(bootstrap) = self.bootstrap_mut() {
            *bootstrap = bootstrap.clone().with_mode_of_tokens()?;
            if bootstrap.bootstrap().is_some() || !self.is_plain_conversation() {
                return None;
            }
            self.authentication_mode = AuthenticationMode::SecureConversation;
            return Some(self);
        }
        let settings = self.mode_settings();
        let tokens = self.tokens();
        let has = |mode: &&AuthenticationMode| {
            SecurityBindingElement::of_mode(**mode, &settings).tokens() == tokens
        };
        self.authentication_mode = *MODES.iter().find(has)?;
        Some(self)
    }

    fn bootstrap_mut(&mut self) -> Option<&mut SecurityBindingElement> {
        let token = match &mut self.kind {
            SecurityKind::Symmetric { protection } => protection,
            _ => self.supporting.endorsing.first_mut()?,
        };
        match &mut token.kind {
            TokenKind::SecureConversation { bootstrap, .. } => Some(bootstrap),
            _ => None,
        }
    }

    /// Whether it has the conversation's token and no other.
    fn is_plain_conversation(&self) -> bool {
        let mut others = self.supporting.clone();
        if matches!(self.kind, SecurityKind::Transport) {
            others.endorsing.drain(..1.min(others.endorsing.len()));
        }
        others == SupportingTokens::default()
    }

    fn mode_settings(&self) -> ModeSettings {
        ModeSettings {
            version: self.message_security_version,
            suite: self.default_algorithm_suite,
            require_cancellation: self.keeps_contexts(),
            issued: self.issued().cloned(),
        }
    }

    /// Whether a negotiated context is held by the service, not in a cookie.
    fn keeps_contexts(&self) -> bool {
        self.all_tokens().all(|t| match t.kind {
            TokenKind::Ssl { require_cancellation, .. }
            | TokenKind::Sspi { require_cancellation } => require_cancellation,
            _ => true,
        })
    }

    /// What is said of the issued token, if there is one.
    fn issued(&self) -> Option<&IssuedTokenParameters> {
        self.all_tokens().find_map(|t| match &t.kind {
            TokenKind::Issued(parameters) => Some(parameters.as_ref()),
            _ => None,
        })
    }

    /// Every token of the element itself, protecting and supporting.
    pub fn all_tokens(&self) -> impl Iterator<Item = &TokenParameters> {
        let own: Vec<&TokenParameters> = match &self.kind {
            SecurityKind::Symmetric { protection } => vec![protection],
            SecurityKind::Asymmetric { initiator, recipient, .. } => vec![initiator, recipient],
            SecurityKind::Transport => Vec::new(),
        };
        let s = &self.supporting;
        let supporting = s.endorsing.iter().chain(&s.signed);
        own.into_iter().chain(supporting.chain(&s.signed_encrypted).chain(&s.signed_endorsing))
    }

    /// The tokens without what settings of their own say: derived keys, and how a certificate is referred to, of which
    /// WCF's comparison takes no notice either.
    fn tokens(&self) -> (SecurityKind, SupportingTokens) {
        let plain = |token: &TokenParameters| {
            let mut token = token.clone();
            token.require_derived_keys = false;
            if let TokenKind::X509 { reference } = &mut token.kind {
                *reference = X509ReferenceStyle::Any;
            }
            token
        };
        let all = |tokens: &[TokenParameters]| tokens.iter().map(plain).collect();
        let kind = match &self.kind {
            SecurityKind::Symmetric { protection } => {
                SecurityKind::Symmetric { protection: plain(protection) }
            }
            SecurityKind::Asymmetric { initiator, recipient, .. } => SecurityKind::Asymmetric {
                initiator: plain(initiator),
                recipient: plain(recipient),
                allow_serialized_signing_token_on_reply: false,
            },
            SecurityKind::Transport => SecurityKind::Transport,
        };
        let supporting = SupportingTokens {
            endorsing: all(&self.supporting.endorsing),
            signed: all(&self.supporting.signed),
            signed_encrypted: all(&self.supporting.signed_encrypted),
            signed_endorsing: all(&self.supporting.signed_endorsing),
        };
        (kind, supporting)
    }

    /// What a policy says of it: not the limits of one side, not Basic Security Profile attributes, not what a side
    /// allows itself.
    pub(super) fn in_policy(&self) -> SecurityBindingElement {
        use MessageSecurityVersion as V;
        let mut seen = self.clone();
        (seen.kind, seen.supporting) = self.tokens_with_derivation();
        seen.message_security_version =
            match (self.message_security_version.is_ws_security_11(), self.trust()) {
                (true, TrustVersion::February2005) => V::WsSecurity11February2005,
                (true, TrustVersion::Trust13) => V::WsSecurity11Trust13,
                (false, TrustVersion::February2005) => {
                    V::WsSecurity10February2005BasicSecurityProfile10
                }
                (false, TrustVersion::Trust13) => V::WsSecurity10Trust13BasicSecurityProfile10,
            };
        seen.local_client_settings = LocalClientSettings::default();
        seen.local_service_settings = LocalServiceSettings::default();
        seen.enable_unsecured_response = false;
        seen.allow_insecure_transport = false;
        if matches!(seen.kind, SecurityKind::Transport) {
            // The connection signs and encrypts.
            seen.message_protection_order =
                MessageProtectionOrder::SignBeforeEncryptAndEncryptSignature;
        }
        if let Some(bootstrap) = seen.bootstrap_mut() {
            *bootstrap = bootstrap.in_policy();
        }
        seen
    }

    fn trust(&self) -> TrustVersion {
        self.message_security_version.trust()
    }

    /// The tokens, their derived keys as well, but no reference styles and no permission of one side.
    fn tokens_with_derivation(&self) -> (SecurityKind, SupportingTokens) {
        let (mut kind, mut supporting) = self.tokens();
        let derived = |plain: &mut [TokenParameters], own: &[TokenParameters]| {
            for (plain, own) in plain.iter_mut().zip(own) {
                // Of an issued token that supports, policies say it or not, and WCF writes no setting for it.
                let issued = matches!(own.kind, TokenKind::Issued(_));
                plain.require_derived_keys = own.require_derived_keys && !issued;
            }
        };
        derived(&mut supporting.endorsing, &self.supporting.endorsing);
        derived(&mut supporting.signed, &self.supporting.signed);
        derived(&mut supporting.signed_encrypted, &self.supporting.signed_encrypted);
        derived(&mut supporting.signed_endorsing, &self.supporting.signed_endorsing);
        match (&mut kind, &self.kind) {
            (
                SecurityKind::Symmetric { protection },
                SecurityKind::Symmetric { protection: own },
            ) => protection.require_derived_keys = own.require_derived_keys,
            (
                SecurityKind::Asymmetric { initiator, recipient, .. },
                SecurityKind::Asymmetric { initiator: from, recipient: to, .. },
            ) => {
                initiator.require_derived_keys = from.require_derived_keys;
                recipient.require_derived_keys = to.require_derived_keys;
            }
            _ => {}
        }
        (kind, supporting)
    }

    /// `<security>` of a custom binding that builds it; None without a mode.
    pub(super) fn to_element(&self) -> Option<SecurityElement> {
        let element = self.clone().with_mode_of_tokens()?;
        let bootstrap = element.bootstrap().map(|bootstrap| {
            let parameters = bootstrap.to_parameters();
            SecureConversationBootstrap::default().parameters(parameters)
        });
        Some(SecurityElement {
            parameters: element.to_parameters(),
            secure_conversation_bootstrap: bootstrap,
        })
    }

    /// Without a timestamp nobody can tell a replay: a file has to say that they are not looked for, or both ends of WCF
    /// refuse every message.
    fn replays_of_policy(&self) -> LocalClientSettings {
        let looked_for = !matches!(self.kind, SecurityKind::Transport);
        match looked_for && !self.include_timestamp {
            true => LocalClientSettings::default().detect_replays(false),
            false => LocalClientSettings::default(),
        }
    }

    /// The attributes; those that the mode brings anyway are left out.
    fn to_parameters(&self) -> SecurityParameters {
        fn unless<T: PartialEq + Copy>(value: T, default: T) -> Option<T> {
            (value != default).then_some(value)
        }
        let mode = self.authentication_mode;
        let settings = self.mode_settings();
        let conversation = mode == AuthenticationMode::SecureConversation;
        // A conversation confirms nothing unless told to; its derived keys are those of its own token.
        let plain = SecurityBindingElement::of_mode(mode, &settings);
        let confirms = !conversation && plain.require_signature_confirmation;
        let derived = |element: &SecurityBindingElement| match &element.kind {
            SecurityKind::Symmetric { protection } => protection.require_derived_keys,
            SecurityKind::Asymmetric { initiator, .. } => initiator.require_derived_keys,
            SecurityKind::Transport => true,
        };
        let by_default = conversation || derived(&plain);
        let context = self.all_tokens().find_map(|t| match t.kind {
            TokenKind::SecureConversation { require_cancellation, can_renew, .. } => {
                Some((require_cancellation, can_renew))
            }
            _ => None,
        });
        let (cancels, renews) = context.unwrap_or((self.keeps_contexts(), true));
        SecurityParameters {
            authentication_mode: Some(mode),
            default_algorithm_suite: unless(
                self.default_algorithm_suite,
                crate::AlgorithmSuite::Basic256,
            ),
            message_security_version: unless(
                self.message_security_version,
                MessageSecurityVersion::WsSecurity11February2005,
            ),
            key_entropy_mode: unless(self.key_entropy_mode, KeyEntropyMode::CombinedEntropy),
            message_protection_order: unless(
                self.message_protection_order,
                MessageProtectionOrder::SignBeforeEncryptAndEncryptSignature,
            ),
            require_derived_keys: unless(derived(self), by_default),
            security_header_layout: unless(
                self.security_header_layout,
                SecurityHeaderLayout::Strict,
            ),
            include_timestamp: unless(self.include_timestamp, true),
            require_signature_confirmation: unless(self.require_signature_confirmation, confirms),
            require_security_context_cancellation: unless(cancels, true),
            can_renew_security_context_token: unless(renews, true),
            protect_tokens: unless(self.protect_tokens, false),
            allow_serialized_signing_token_on_reply: match &self.kind {
                SecurityKind::Asymmetric { allow_serialized_signing_token_on_reply, .. } => {
                    unless(*allow_serialized_signing_token_on_reply, false)
                }
                _ => None,
            },
            enable_unsecured_response: unless(self.enable_unsecured_response, false),
            allow_insecure_transport: unless(self.allow_insecure_transport, false),
            issued_token_parameters: self.issued().cloned(),
            local_client_settings: self.replays_of_policy(),
            local_service_settings: LocalServiceSettings::default(),
        }
    }
}
