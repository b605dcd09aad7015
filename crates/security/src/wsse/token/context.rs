//! Security contexts (WS-SecureConversation §3, §7): their token, which messages repeat as its issuer wrote it, how it is
//! referred to and read, and the keys derived from it. One protects a message, or endorses it.

use std::borrow::Cow;
use std::sync::Arc;

use waxwing_soap::{Envelope, RandomSource};
use waxwing_xml::{Element, Value};

use super::super::key::{Derivation, MessageKey, TokenKey};
use super::super::names::{COOKIE, WSSE, WSU};
use super::super::read::{elements, end, require, take, text};
use super::super::text::TokenReference;
use super::super::{Dialect, IdSource, SecuritySettings};
use crate::error::Result;

/// A security context token together with its key (WS-SecureConversation §3).
#[derive(Debug, Clone)]
pub struct ContextToken {
    /// The dialect of the element.
    pub dialect: Dialect,
    /// The context's identifier, an absolute URI.
    pub identifier: Box<str>,
    /// The generation of the key (`Instance`), present after a renewal.
    pub instance: Option<Box<str>>,
    /// The `u:Id` of the token element.
    pub id: Box<str>,
    /// The token element as the issuer wrote it, self-contained. Messages repeat it octet for octet.
    pub element: Box<str>,
    /// The UUID of the identifier where it came as a value of the binary encoding, hence in clear: it is repeated as one, as WCF
    /// repeats it. (Of a token that was encrypted, or kept over a restart, only the text is known.)
    pub identifier_value: Option<[u8; 16]>,
    /// The key.
    pub key: TokenKey,
}

/// Whether a message carries the context token or refers to it by its URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenPlacement {
    /// The token is in the Security header; derived keys refer to its `u:Id`. Requests do this.
    Attached,
    /// The same, and the references say the generation of the key, too (`Instance`, WS-SecureConversation §8): some
    /// services, Eclipse Metro, look the key up by it and not by what the token says.
    AttachedByInstance,
    /// The token is not in the message; derived keys refer to its URI. Replies do this.
    External,
}

/// A derived key token as it is written: its identifier, nonce and key.
#[derive(Debug, Clone)]
pub struct DerivedKeyToken {
    /// The `u:Id`.
    pub id: Box<str>,
    /// How the key is derived from its base token.
    pub derivation: Derivation,
}

/// The keys of one direction of a session: two derived keys that all messages of that direction
/// share (WS-SecureConversation §7), or the context's own key without derived keys.
#[derive(Debug, Clone)]
pub struct SessionKeys {
    pub(crate) token: ContextToken,
    pub(crate) placement: TokenPlacement,
    pub(crate) derived: Option<(DerivedKeyToken, DerivedKeyToken)>,
}

impl SessionKeys {
    /// Makes the derived keys for one direction: nonces from `random`, identifiers from `ids` (the
    /// signing key's first). Nothing is derived when `settings.derived_keys` is off.
    pub fn new(
        token: ContextToken,
        placement: TokenPlacement,
        settings: &SecuritySettings,
        random: &mut dyn RandomSource,
        ids: &mut dyn IdSource,
    ) -> Self {
        let mut derived = |length: usize| DerivedKeyToken {
            id: ids.next_id().into(),
            derivation: Derivation::with_random_nonce(length, random),
        };
        let derived = settings.derived_keys.then(|| {
            let signing = derived(settings.suite.signature_key_length());
            (signing, derived(settings.suite.encryption_key_length()))
        });
        Self { token, placement, derived }
    }

    /// The keys of a session with the given derived key tokens (signing, encryption), as when a
    /// recorded message is built again.
    pub fn with_derived(
        token: ContextToken,
        placement: TokenPlacement,
        signing: DerivedKeyToken,
        encryption: DerivedKeyToken,
    ) -> Self {
        Self { token, placement, derived: Some((signing, encryption)) }
    }

    /// The derived key that messages are signed with.
    pub(crate) fn signing_key(&self) -> Option<Arc<MessageKey>> {
        let (signing, _) = self.derived.as_ref()?;
        Some(self.token.key.derive(&signing.derivation))
    }

    /// The context token.
    pub fn token(&self) -> &ContextToken {
        &self.token
    }
}

impl ContextToken {
    /// In a message that carries the token: makes the identifier the value that it was.
    pub(in super::super) fn restore_value(&self, envelope: &mut Envelope) {
        let Some(value) = self.identifier_value else { return };
        let is_own = |e: &Element<'_>| {
            e.local_name() == "SecurityContextToken" && e.attribute_ns(WSU, "Id") == Some(&*self.id)
        };
        let security = envelope.header_named(WSSE, "Security");
        let token = security.and_then(|header| header.elements().find(is_own));
        let identifier = token.and_then(|t| t.child(self.dialect.conversation(), "Identifier"));
        let Some(identifier) = identifier.map(|element| element.id()) else { return };
        let document = envelope.document_mut();
        document.clear(identifier);
        document.append_value(identifier, Value::UniqueId(value));
    }

    /// How a message refers to it.
    pub(in super::super) fn reference(&self, placement: TokenPlacement) -> TokenReference<'_> {
        let local =
            TokenReference::Local { id: &self.id, value_type: self.dialect.context_token_type() };
        match placement {
            TokenPlacement::Attached => local,
            TokenPlacement::AttachedByInstance => match &self.instance {
                None => local,
                Some(instance) => {
                    TokenReference::Generation { dialect: self.dialect, id: &self.id, instance }
                }
            },
            TokenPlacement::External => TokenReference::Context {
                dialect: self.dialect,
                identifier: &self.identifier,
                instance: self.instance.as_deref(),
            },
        }
    }
}

/// The context that a SecurityContextToken of a message names.
pub(in super::super) struct Named<'e> {
    pub(in super::super) identifier: Cow<'e, str>,
    pub(in super::super) instance: Option<Cow<'e, str>>,
}

/// Reads a SecurityContextToken.
pub(in super::super) fn read(element: Element<'_>, dialect: Dialect) -> Result<Named<'_>> {
    let namespace = dialect.conversation();
    let children = elements(element)?;
    let mut children = children.iter();
    let identifier = text(require(&mut children, element, namespace, "Identifier")?)?;
    let instance = take(&mut children, namespace, "Instance").map(text).transpose()?;
    // Whoever issued it opens it, before the message is verified.
    take(&mut children, COOKIE, "Cookie");
    end(children)?;
    Ok(Named { identifier, instance })
}
