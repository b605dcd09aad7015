//! The keys of one outgoing message and the tokens that introduce them
//! (WS-SecureConversation §7, XML Encryption §3.5.1).

use super::super::ids::Id;
use super::super::key::{Derivation, TokenKey};
use super::super::names::ENCRYPTED_KEY;
use super::super::plan::{Asymmetric, Signer};
use super::super::text::{
    Place, TokenReference, push, push_base64, push_escaped, push_number, push_reference,
};
use super::super::token::{
    ContextToken, DerivedKeyToken, EncryptedKeyToken, SessionKeys, TokenPlacement, encrypted_key,
};
use super::super::{
    Dialect, ProtectionOrder, ProtectionPlan, ProtectionToken, SecuritySettings, Sources,
};
use super::Numbers;
use super::certificates::PrimarySigner;
use super::encryptor::References;
use super::used_key::{KeySource, KeyUse};
use crate::error::{Reason, Result};

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

    fn of_encrypted_key(token: &'a EncryptedKeyToken, dialect: Dialect) -> Self {
        let reference = TokenReference::Local { id: &token.id, value_type: ENCRYPTED_KEY };
        Self { key: &token.key, reference, dialect }
    }

    /// The base token of a plan. `drawn` is the key of a message under certificates.
    fn of_plan(plan: &ProtectionPlan<'a>, drawn: Option<&'a EncryptedKeyToken>) -> Result<Self> {
        let dialect = plan.settings.dialect;
        Ok(match plan.protection {
            ProtectionToken::Session(keys) => Self::of_context(&keys.token, keys.placement),
            ProtectionToken::Context(token, placement) => Self::of_context(token, placement),
            ProtectionToken::EncryptedKey(token) => Self::of_encrypted_key(token, dialect),
            ProtectionToken::Asymmetric(_) => {
                let drawn = drawn.ok_or(Reason::Plan("no key was drawn for the recipient"))?;
                Self::of_encrypted_key(drawn, dialect)
            }
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
        number: Id,
        length: usize,
        settings: &SecuritySettings,
        sources: &mut Sources<'_>,
        text: &mut Vec<u8>,
    ) -> KeyUse<'a> {
        let derivation = Derivation::with_random_nonce(length, sources.random);
        self.push_derived(text, &number, &derivation, settings);
        let source = KeySource::Derived { id: number, dialect: self.dialect };
        KeyUse { key: self.key.derive(&derivation), source }
    }

    /// A derived key token that exists already, and its text.
    pub(super) fn reuse(
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
            for (name, number) in [("Offset", derivation.offset), ("Length", derivation.length)] {
                push(out, &["<", c, ":", name, ">"]);
                push_number(out, number as u64);
                push(out, &["</", c, ":", name, ">"]);
            }
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
    pub(super) signing: PrimarySigner<'a>,
    encryption: Option<KeyUse<'a>>,
    /// The key of a message under certificates, once anything is encrypted: its text comes last, since it may hold the
    /// list of what is.
    drawn: Option<&'a EncryptedKeyToken>,
    tokens: Vec<u8>,
    /// The token of the encryption key, which stands behind the drawn key.
    derived: Vec<u8>,
}

/// The numbers of what is made for one message's keys.
#[derive(Default)]
pub(super) struct KeyNumbers {
    /// A derived key token; none where the keys exist already or nothing is derived.
    derived: Option<Id>,
}

impl KeyNumbers {
    /// Those of the signing key.
    pub(super) fn of_signing(plan: &ProtectionPlan<'_>, numbers: &mut Numbers) -> Self {
        match plan.protection {
            ProtectionToken::Session(_) | ProtectionToken::Asymmetric(_) => Self::default(),
            _ => Self { derived: plan.settings.derived_keys.then(|| numbers.next()) },
        }
    }

    /// Those of the encryption key. Under certificates the key that is encrypted has one, too: `drawn` gets it, and it is
    /// used up where no key is drawn.
    pub(super) fn of_encryption(
        plan: &ProtectionPlan<'_>,
        drawn: Option<&mut EncryptedKeyToken>,
        numbers: &mut Numbers,
    ) -> Self {
        if matches!(plan.protection, ProtectionToken::Session(_)) {
            return Self::default();
        }
        if matches!(plan.protection, ProtectionToken::Asymmetric(_)) {
            let number = numbers.next();
            if let Some(drawn) = drawn {
                drawn.id = (&*number).into();
            }
        }
        Self { derived: plan.settings.derived_keys.then(|| numbers.next()) }
    }
}

impl<'a> MessageKeys<'a> {
    /// Writes the protection token and makes the signing key; the encryption key follows with
    /// [`MessageKeys::add_encryption`], where anything is encrypted.
    pub(super) fn new(
        plan: &ProtectionPlan<'a>,
        numbers: KeyNumbers,
        sources: &mut Sources<'_>,
    ) -> Result<Self> {
        let settings = plan.settings;
        let mut tokens = Vec::with_capacity(1024);
        push_protection_token(&mut tokens, plan);
        let length = settings.suite.signature_key_length();
        let signing = match (plan.protection, numbers.derived) {
            (ProtectionToken::Asymmetric(Asymmetric { signer, .. }), _) => {
                PrimarySigner::Certificate(signer)
            }
            (ProtectionToken::Session(SessionKeys { derived: Some((token, _)), .. }), _) => {
                let base = BaseToken::of_plan(plan, None)?;
                PrimarySigner::Key(base.reuse(token, settings, &mut tokens))
            }
            (_, Some(number)) => {
                let base = BaseToken::of_plan(plan, None)?;
                PrimarySigner::Key(base.derive(number, length, settings, sources, &mut tokens))
            }
            (_, None) => PrimarySigner::Key(BaseToken::of_plan(plan, None)?.direct()),
        };
        Ok(Self { signing, encryption: None, drawn: None, tokens, derived: Vec::new() })
    }

    /// Makes the encryption key.
    pub(super) fn add_encryption(
        &mut self,
        plan: &ProtectionPlan<'a>,
        drawn: Option<&'a EncryptedKeyToken>,
        numbers: KeyNumbers,
        sources: &mut Sources<'_>,
    ) -> Result<()> {
        let settings = plan.settings;
        let base = BaseToken::of_plan(plan, drawn)?;
        let length = settings.suite.encryption_key_length();
        let tokens = match plan.protection {
            ProtectionToken::Asymmetric(_) => &mut self.derived,
            _ => &mut self.tokens,
        };
        self.encryption = Some(match (plan.protection, numbers.derived) {
            (ProtectionToken::Session(SessionKeys { derived: Some((_, token)), .. }), _) => {
                base.reuse(token, settings, tokens)
            }
            (_, Some(number)) => base.derive(number, length, settings, sources, tokens),
            (_, None) => base.direct(),
        });
        self.drawn = drawn;
        Ok(())
    }

    /// The encryption key.
    pub(super) fn encryption(&self) -> Option<&KeyUse<'a>> {
        self.encryption.as_ref()
    }

    /// Whether the list of what is encrypted stands within the key that it is encrypted under, so that nothing encrypted
    /// need say which key: a key that is drawn for the message, serves directly, and is met before the signature.
    pub(super) fn lists_what_is_encrypted(&self, settings: &SecuritySettings) -> bool {
        let is_direct = self.encryption.as_ref().is_some_and(|key| !key.is_derived());
        self.drawn.is_some() && is_direct && settings.order != ProtectionOrder::EncryptBeforeSign
    }

    /// The text of all tokens, when it is known what is encrypted, and the list where it stands by itself.
    pub(super) fn into_text(
        self,
        references: References,
        settings: &SecuritySettings,
    ) -> (Vec<u8>, References) {
        let within = self.lists_what_is_encrypted(settings);
        let mut text = self.tokens;
        if let Some(drawn) = self.drawn.filter(|_| !references.is_empty()) {
            let listed = if within { &references[..] } else { &[] };
            encrypted_key::push(&mut text, drawn, listed, settings);
            text.extend_from_slice(&self.derived);
        }
        (text, if within { References::new() } else { references })
    }
}

fn push_protection_token(out: &mut Vec<u8>, plan: &ProtectionPlan<'_>) {
    match plan.protection {
        ProtectionToken::Session(keys) => push_context(out, &keys.token, keys.placement),
        ProtectionToken::Context(token, placement) => push_context(out, token, placement),
        ProtectionToken::EncryptedKey(token) => encrypted_key::push(out, token, &[], plan.settings),
        ProtectionToken::EncryptedKeyReference(_) | ProtectionToken::Transport => {}
        ProtectionToken::Asymmetric(Asymmetric {
            signer: Signer { certificate, shown, .. },
            ..
        }) => {
            super::certificates::push_carried(out, certificate, shown, plan.settings);
        }
    }
}

fn push_context(out: &mut Vec<u8>, token: &ContextToken, placement: TokenPlacement) {
    match placement {
        TokenPlacement::External => {}
        TokenPlacement::Attached | TokenPlacement::AttachedByInstance => {
            push(out, &[&token.element]);
        }
    }
}
