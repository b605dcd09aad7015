//! The keys of one outgoing message and the tokens that introduce them
//! (WS-SecureConversation §7, XML Encryption §3.5.1).

use std::borrow::Cow;
use std::sync::Arc;

use super::super::key::{Derivation, MessageKey, TokenKey};
use super::super::names::ENCRYPTED_KEY;
use super::super::text::{Place, TokenReference, push, push_base64, push_escaped, push_reference};
use super::super::token::{
    ContextToken, DerivedKeyToken, SessionKeys, TokenPlacement, encrypted_key,
};
use super::super::{Dialect, ProtectionPlan, ProtectionToken, SecuritySettings, Sources};
use super::Numbers;
use crate::error::{Reason, Result};

/// A key in use and how the message refers to it.
pub(super) struct KeyUse<'a> {
    pub(super) key: Arc<MessageKey>,
    source: KeySource<'a>,
}

enum KeySource<'a> {
    Derived { id: Cow<'a, str>, dialect: Dialect },
    Direct(TokenReference<'a>),
}

impl KeyUse<'_> {
    pub(super) fn reference(&self) -> TokenReference<'_> {
        match &self.source {
            KeySource::Derived { id, dialect } => {
                TokenReference::Local { id, value_type: dialect.derived_key_type() }
            }
            KeySource::Direct(reference) => *reference,
        }
    }
}

/// The token that keys are derived from.
#[derive(Clone, Copy)]
pub(super) struct BaseToken<'a> {
    pub(super) key: &'a TokenKey,
    pub(super) reference: TokenReference<'a>,
    /// The dialect of the derived key tokens.
    pub(super) dialect: Dialect,
}

impl<'a> BaseToken<'a> {
    pub(super) fn of_context(token: &'a ContextToken, placement: TokenPlacement) -> Self {
        let reference = token.reference(placement);
        Self { key: &token.key, reference, dialect: token.dialect }
    }

    /// The base token of a plan.
    pub(super) fn of_plan(plan: &ProtectionPlan<'a>) -> Result<Self> {
        let dialect = plan.settings.dialect;
        Ok(match plan.protection {
            ProtectionToken::Session(keys) => Self::of_context(&keys.token, keys.placement),
            ProtectionToken::Context(token, placement) => Self::of_context(token, placement),
            ProtectionToken::EncryptedKey(token) => Self {
                key: &token.key,
                reference: TokenReference::Local { id: &token.id, value_type: ENCRYPTED_KEY },
                dialect,
            },
            ProtectionToken::EncryptedKeyReference(reference) => Self {
                key: &reference.key,
                reference: TokenReference::EncryptedKeySha1(&reference.sha1),
                dialect,
            },
            ProtectionToken::Transport => {
                return Err(Reason::Plan("the transport has no protection token").into());
            }
        })
    }

    /// A new derived key token and its text.
    pub(super) fn derive(
        self,
        number: String,
        length: usize,
        settings: &SecuritySettings,
        sources: &mut Sources<'_>,
        text: &mut Vec<u8>,
    ) -> KeyUse<'a> {
        let derivation = Derivation::with_random_nonce(length, sources.random);
        self.push_derived(text, &number, &derivation, settings);
        let source = KeySource::Derived { id: number.into(), dialect: self.dialect };
        KeyUse { key: self.key.derive(&derivation), source }
    }

    /// A derived key token that exists already, and its text.
    fn reuse(
        self,
        token: &'a DerivedKeyToken,
        settings: &SecuritySettings,
        text: &mut Vec<u8>,
    ) -> KeyUse<'a> {
        self.push_derived(text, &token.id, &token.derivation, settings);
        let source = KeySource::Derived { id: (&*token.id).into(), dialect: self.dialect };
        KeyUse { key: self.key.derive(&token.derivation), source }
    }

    /// The token's own key.
    pub(super) fn direct(self) -> KeyUse<'a> {
        KeyUse { key: self.key.own(), source: KeySource::Direct(self.reference) }
    }

    fn push_derived(
        self,
        out: &mut Vec<u8>,
        id: &str,
        derivation: &Derivation,
        settings: &SecuritySettings,
    ) {
        let c = self.dialect.conversation_prefix();
        push(out, &["<", c, ":DerivedKeyToken u:Id=\""]);
        push_escaped(out, id);
        push(out, &["\" xmlns:", c, "=\"", self.dialect.conversation(), "\">"]);
        push_reference(out, self.reference, settings, Place::Security, true);
        if derivation.length != DEFAULT_LENGTH || derivation.offset != 0 {
            let offset = derivation.offset.to_string();
            let length = derivation.length.to_string();
            push(out, &["<", c, ":Offset>", &offset, "</", c, ":Offset>"]);
            push(out, &["<", c, ":Length>", &length, "</", c, ":Length>"]);
        }
        push(out, &["<", c, ":Nonce>"]);
        push_base64(out, &derivation.nonce);
        push(out, &["</", c, ":Nonce></", c, ":DerivedKeyToken>"]);
    }
}

/// The length of a derived key whose token does not say it (WS-SecureConversation §7).
pub(in super::super) const DEFAULT_LENGTH: usize = 32;

/// The keys for the primary signature and the encryption, and the text of their tokens.
pub(super) struct MessageKeys<'a> {
    pub(super) signing: KeyUse<'a>,
    encryption: Option<KeyUse<'a>>,
    pub(super) tokens: Vec<u8>,
}

impl<'a> MessageKeys<'a> {
    /// The identifier of a derived key token that is made for this message; none where the keys exist already or nothing
    /// is derived.
    pub(super) fn number(plan: &ProtectionPlan<'_>, numbers: &mut Numbers) -> Option<String> {
        let is_session = matches!(plan.protection, ProtectionToken::Session(_));
        (!is_session && plan.settings.derived_keys).then(|| numbers.next())
    }

    /// Writes the protection token and makes the signing key; the encryption key follows with
    /// [`MessageKeys::add_encryption`], where anything is encrypted. `number` is one of [`MessageKeys::number`].
    pub(super) fn new(
        plan: &ProtectionPlan<'a>,
        number: Option<String>,
        sources: &mut Sources<'_>,
    ) -> Result<Self> {
        let settings = plan.settings;
        let base = BaseToken::of_plan(plan)?;
        let mut tokens = Vec::with_capacity(1024);
        push_protection_token(&mut tokens, plan);
        let length = settings.suite.signature_key_length();
        let signing = match (plan.protection, number) {
            (ProtectionToken::Session(SessionKeys { derived: Some((token, _)), .. }), _) => {
                base.reuse(token, settings, &mut tokens)
            }
            (_, Some(number)) => base.derive(number, length, settings, sources, &mut tokens),
            (_, None) => base.direct(),
        };
        Ok(Self { signing, encryption: None, tokens })
    }

    /// Makes the encryption key.
    pub(super) fn add_encryption(
        &mut self,
        plan: &ProtectionPlan<'a>,
        number: Option<String>,
        sources: &mut Sources<'_>,
    ) -> Result<()> {
        let settings = plan.settings;
        let base = BaseToken::of_plan(plan)?;
        let length = settings.suite.encryption_key_length();
        let tokens = &mut self.tokens;
        self.encryption = Some(match (plan.protection, number) {
            (ProtectionToken::Session(SessionKeys { derived: Some((_, token)), .. }), _) => {
                base.reuse(token, settings, tokens)
            }
            (_, Some(number)) => base.derive(number, length, settings, sources, tokens),
            (_, None) => base.direct(),
        });
        Ok(())
    }

    /// The encryption key.
    pub(super) fn encryption(&self) -> Option<&KeyUse<'a>> {
        self.encryption.as_ref()
    }
}

fn push_protection_token(out: &mut Vec<u8>, plan: &ProtectionPlan<'_>) {
    match plan.protection {
        ProtectionToken::Session(SessionKeys {
            token,
            placement: TokenPlacement::Attached,
            ..
        })
        | ProtectionToken::Context(token, TokenPlacement::Attached) => push(out, &[&token.element]),
        ProtectionToken::Session(_) | ProtectionToken::Context(..) => {}
        ProtectionToken::EncryptedKey(token) => encrypted_key::push(out, token, plan.settings),
        ProtectionToken::EncryptedKeyReference(_) | ProtectionToken::Transport => {}
    }
}
