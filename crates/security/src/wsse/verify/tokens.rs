//! The tokens of a received message, and how references to them are resolved.

use std::borrow::Cow;
use std::sync::Arc;

use smallvec::SmallVec;
use waxwing_crypto::Certificate;
use waxwing_xml::Element;

use super::super::expect::{Expectations, ExpectedSigner, ExpectedToken};
use super::super::ids::Id;
use super::super::key::{MessageKey, TokenKey};
use super::super::known_header::{KnownContext, KnownDerivedKey};
use super::super::limits;
use super::super::names::WSU;
use super::super::read::{at, malformed};
use super::super::reference::TokenRef;
use super::super::resolver::{ContextUse, TokenResolver};
use super::super::token::x509::Certificates;
use super::super::token::{EncryptedKeyReference, TokenKind, context, encrypted_key};
use super::super::verified::{PrimaryToken, ProvenContext};
use super::derived::{self, Derivation};
use crate::error::{Reason, Result};

/// Which token a key goes back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Root {
    /// The protection token.
    Protection,
    /// An endorsing security context.
    Endorsing,
}

/// What a reference was resolved to.
pub(super) enum Resolved {
    /// A symmetric key.
    Key {
        /// The key.
        key: Arc<MessageKey>,
        /// The token that it goes back to.
        root: Root,
        /// Whether it was derived from the token's key.
        derived: bool,
    },
    /// A certificate of the message.
    Certificate(Certificate),
}

/// A token with a key of its own.
struct Base {
    /// Its id in this message.
    id: Option<Id>,
    key: TokenKey,
    kind: BaseKind,
}

enum BaseKind {
    Context { identifier: Arc<str>, instance: Option<Arc<str>> },
    EncryptedKey(EncryptedKeyReference),
}

struct Derived {
    id: Id,
    key: Arc<MessageKey>,
    root: Root,
}

/// The tokens that were declared so far.
pub(super) struct Tokens<'a> {
    expect: &'a Expectations<'a>,
    resolver: &'a dyn TokenResolver,
    protection: Option<Base>,
    endorsing: Option<Base>,
    certificates: Certificates,
    derived: SmallVec<[Derived; 2]>,
    /// Who made the primary signature of a message under certificates.
    signer: Option<Certificate>,
    /// Whether the protection token itself lists what is encrypted under it.
    lists: bool,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(expect: &'a Expectations<'a>, resolver: &'a dyn TokenResolver) -> Self {
        let (protection, endorsing, certificates, derived, signer) = Default::default();
        let lists = false;
        Self { expect, resolver, protection, endorsing, certificates, derived, signer, lists }
    }

    /// Whether the message is signed with a certificate's key.
    fn is_asymmetric(&self) -> bool {
        matches!(self.expect.protection, ExpectedToken::Asymmetric(_))
    }

    /// An EncryptedKey element, whose key is decrypted with a private key of ours. Gives the list of what is encrypted
    /// under it, which only a message under certificates may have there.
    pub(super) fn encrypted_key<'e>(
        &mut self,
        element: Element<'e>,
    ) -> Result<Option<Element<'e>>> {
        if !self.is_asymmetric() && !matches!(self.expect.protection, ExpectedToken::EncryptedKey) {
            return Err(super::super::read::unexpected(element));
        }
        if self.protection.is_some() {
            return Err(at(Reason::TooMany { what: "EncryptedKey", limit: 1 }, element));
        }
        let (settings, certificates) = (self.expect.settings, &mut self.certificates);
        let (reference, list) =
            encrypted_key::open(element, settings, self.resolver, certificates)?;
        if let Some(list) = list.filter(|_| !self.is_asymmetric()) {
            return Err(super::super::read::unexpected(list));
        }
        self.lists = list.is_some();
        let id = element.attribute("Id").map(Into::into);
        let key = reference.key.clone();
        self.protection = Some(Base { id, key, kind: BaseKind::EncryptedKey(reference) });
        Ok(list)
    }

    /// The key of what is encrypted and names none: that of the token which lists it.
    pub(super) fn implied(&self) -> Option<Resolved> {
        let base = self.protection.as_ref().filter(|_| self.lists)?;
        Some(Resolved::Key { key: base.key.own(), root: Root::Protection, derived: false })
    }

    /// The certificate that the primary signature of a message under certificates names, if it may make it.
    pub(super) fn signer(&mut self, reference: &TokenRef<'_>) -> Result<Certificate> {
        let ExpectedToken::Asymmetric(expected) = self.expect.protection else {
            return Err(missing());
        };
        // A key of this message is not a certificate, and whoever can read it may have made it.
        if let TokenRef::Local(id) = reference
            && (is_named(self.protection.as_ref(), id)
                || self.derived.iter().any(|derived| derived.id.is(id)))
        {
            let (what, expected) = ("the primary signature", "the sender's certificate");
            return Err(Reason::WrongToken { what, expected }.into());
        }
        let known = match expected {
            ExpectedSigner::Carried => None,
            ExpectedSigner::Known(known) => Some(known),
        };
        // What stands in the message cannot take the place of the one that is known.
        if let (Some(known), TokenRef::Certificate(reference)) = (known, reference)
            && reference.is_of(known)
        {
            return Ok(known.clone());
        }
        let found = self.certificates.find(reference)?.cloned();
        let found = found.ok_or_else(|| Reason::UnresolvedToken(reference.describe()))?;
        match known {
            Some(known) if found != *known => Err(foreign_signer(&found, known)),
            _ => Ok(found),
        }
    }

    /// This certificate's key made the primary signature.
    pub(super) fn signed_by(&mut self, signer: Certificate) {
        self.signer = Some(signer);
    }

    /// A SecurityContextToken element: the protection token of a request, or an endorsing token.
    pub(super) fn context(&mut self, element: Element<'_>) -> Result<()> {
        let protects = matches!(self.expect.protection, ExpectedToken::AttachedContext)
            && self.protection.is_none();
        let endorses = self.expect.is_supported_by(TokenKind::Context) && self.endorsing.is_none();
        if !protects && !endorses {
            return Err(super::super::read::unexpected(element));
        }
        let named = context::read(element, self.expect.settings.dialect)?;
        let id = element.attribute_ns(WSU, "Id");
        self.named_context(named, id, protects).map_err(|reason| at(reason, element))
    }

    /// The same of one that is read from its text.
    pub(super) fn known_context(&mut self, token: &KnownContext<'_>) -> Option<()> {
        let protects = matches!(self.expect.protection, ExpectedToken::AttachedContext);
        if !protects || token.dialect != self.expect.settings.dialect {
            return None;
        }
        let identifier = Cow::Borrowed(token.identifier);
        let named = context::Named { identifier, instance: token.instance.map(Cow::Borrowed) };
        self.named_context(named, Some(token.id), protects).ok()
    }

    fn named_context(
        &mut self,
        named: context::Named<'_>,
        id: Option<&str>,
        protects: bool,
    ) -> std::result::Result<(), Reason> {
        let context::Named { identifier, instance } = named;
        let wanted = if protects { ContextUse::Protection } else { ContextUse::Endorsing };
        let key = self
            .resolver
            .context_key(wanted, &identifier, instance.as_deref())
            .ok_or_else(|| Reason::UnknownContext((&*identifier).into()))?;
        let id = id.map(Into::into);
        let (identifier, instance) = (identifier.into(), instance.map(Into::into));
        let base = Base { id, key, kind: BaseKind::Context { identifier, instance } };
        *(if protects { &mut self.protection } else { &mut self.endorsing }) = Some(base);
        Ok(())
    }

    /// A BinarySecurityToken element with a certificate that signs or endorses, or with ours, which a key is encrypted for.
    pub(super) fn certificate(&mut self, element: Element<'_>) -> Result<()> {
        let recipient = matches!(self.expect.protection, ExpectedToken::EncryptedKey);
        let signs_or_receives = recipient || self.is_asymmetric();
        if !self.expect.is_supported_by(TokenKind::Certificate) && !signs_or_receives {
            return Err(super::super::read::unexpected(element));
        }
        self.certificates.declare(element)
    }

    /// A DerivedKeyToken element; its base token must be known.
    pub(super) fn derived_key(&mut self, element: Element<'_>) -> Result<()> {
        let more = usize::from(self.expect.is_supported_by(TokenKind::Context))
            * limits::DERIVED_KEYS_ENDORSING;
        let limit = limits::DERIVED_KEYS + more;
        if self.derived.len() >= limit {
            return Err(at(Reason::TooMany { what: "DerivedKeyTokens", limit }, element));
        }
        let (reference, derivation) = derived::read(element, self.expect.settings)?;
        let (key, root) = self.derive(&reference, &derivation)?;
        let id = element
            .attribute_ns(WSU, "Id")
            .ok_or_else(|| malformed(element, "u:Id", "an identifier"))?;
        self.derived.push(Derived { id: id.into(), key, root });
        Ok(())
    }

    /// The same of one that is read from its text. There are fewer than may be.
    pub(super) fn known_derived_key(&mut self, token: &KnownDerivedKey<'_>) -> Option<()> {
        if token.dialect != self.expect.settings.dialect {
            return None;
        }
        let derivation = derived::known(token, self.expect.settings)?;
        let (key, root) = self.derive(&token.base.token(), &derivation).ok()?;
        self.derived.push(Derived { id: token.id.into(), key, root });
        Some(())
    }

    fn derive(
        &mut self,
        reference: &TokenRef<'_>,
        derivation: &Derivation<'_>,
    ) -> Result<(Arc<MessageKey>, Root)> {
        let root = self.base(reference).map_err(|e| e.at("DerivedKeyToken"))?;
        let base = match root {
            Root::Protection => self.protection.as_ref(),
            Root::Endorsing => self.endorsing.as_ref(),
        };
        let base = base.ok_or_else(|| Reason::UnresolvedToken(reference.describe()))?;
        Ok((base.key.derive_as(derivation.told()), root))
    }

    /// Resolves the reference of a signature or of encrypted data.
    pub(super) fn resolve(&mut self, reference: &TokenRef<'_>) -> Result<Resolved> {
        if let TokenRef::Local(id) = reference
            && let Some(derived) = self.derived.iter().find(|d| d.id.is(id))
        {
            let (key, root) = (Arc::clone(&derived.key), derived.root);
            return Ok(Resolved::Key { key, root, derived: true });
        }
        if self.expect.is_supported_by(TokenKind::Certificate)
            && let Some(certificate) = self.certificates.find(reference)?
        {
            return Ok(Resolved::Certificate(certificate.clone()));
        }
        let root = self.base(reference)?;
        let base = match root {
            Root::Protection => self.protection.as_ref(),
            Root::Endorsing => self.endorsing.as_ref(),
        };
        let base = base.ok_or_else(|| Reason::UnresolvedToken(reference.describe()))?;
        Ok(Resolved::Key { key: base.key.own(), root, derived: false })
    }

    /// The keys of the message that a primary signature could be made with.
    pub(super) fn signing_keys(&self) -> impl Iterator<Item = Arc<MessageKey>> {
        let derived = self.derived.iter().map(|derived| Arc::clone(&derived.key));
        derived.chain(self.protection.iter().map(|base| base.key.own()))
    }

    /// The token with a key of its own that is referred to.
    fn base(&mut self, reference: &TokenRef<'_>) -> Result<Root> {
        match reference {
            TokenRef::Local(id) => {
                if is_named(self.protection.as_ref(), id) {
                    return Ok(Root::Protection);
                }
                if is_named(self.endorsing.as_ref(), id) {
                    return Ok(Root::Endorsing);
                }
            }
            TokenRef::External { uri, instance } => return self.external(uri, *instance),
            TokenRef::EncryptedKeySha1(sha1) => {
                if let Some(Base { kind: BaseKind::EncryptedKey(own), .. }) = &self.protection
                    && own.sha1[..] == sha1[..]
                {
                    return Ok(Root::Protection);
                }
                if let ExpectedToken::EncryptedKeyReference(expected) = self.expect.protection
                    && expected.sha1[..] == sha1[..]
                {
                    self.protection.get_or_insert_with(|| Base {
                        id: None,
                        key: expected.key.clone(),
                        kind: BaseKind::EncryptedKey(expected.clone()),
                    });
                    return Ok(Root::Protection);
                }
            }
            TokenRef::Certificate(_) | TokenRef::Embedded(_) => {}
        }
        Err(Reason::UnresolvedToken(reference.describe()).into())
    }

    /// A security context by its URI: that of the message, or the one expected.
    fn external(&mut self, uri: &str, instance: Option<&str>) -> Result<Root> {
        for (base, root) in
            [(&self.protection, Root::Protection), (&self.endorsing, Root::Endorsing)]
        {
            if let Some(Base { kind: BaseKind::Context { identifier, instance: own }, .. }) = base
                && &**identifier == uri
            {
                let same = instance.is_none() && root_is_attached(self.expect)
                    || instance == own.as_deref();
                return if same { Ok(root) } else { Err(Reason::ForeignContext.into()) };
            }
        }
        let ExpectedToken::ExternalContext { identifier } = self.expect.protection else {
            return Err(Reason::UnresolvedToken(uri.into()).into());
        };
        if identifier != uri || self.protection.is_some() {
            return Err(Reason::ForeignContext.into());
        }
        let key = self
            .resolver
            .context_key(ContextUse::Protection, uri, instance)
            .ok_or_else(|| Reason::UnknownContext(uri.into()))?;
        let (identifier, instance) = (uri.into(), instance.map(Into::into));
        let kind = BaseKind::Context { identifier, instance };
        self.protection = Some(Base { id: None, key, kind });
        Ok(Root::Protection)
    }

    /// The protection token for the layers above.
    pub(super) fn primary(&self) -> Result<PrimaryToken> {
        if self.is_asymmetric() {
            let signer = self.signer.clone().ok_or_else(missing)?;
            let key = match &self.protection {
                Some(Base { kind: BaseKind::EncryptedKey(key), .. }) => Some(key.clone()),
                _ => None,
            };
            return Ok(PrimaryToken::Certificate { signer, key });
        }
        match &self.protection {
            Some(base) => Ok(match &base.kind {
                BaseKind::Context { identifier, instance } => {
                    PrimaryToken::Context(ProvenContext::new(identifier.clone(), instance.clone()))
                }
                BaseKind::EncryptedKey(reference) => PrimaryToken::EncryptedKey(reference.clone()),
            }),
            None => Err(missing()),
        }
    }

    /// The endorsing security context, whose signature was verified.
    pub(super) fn endorsing_context(&self) -> Option<ProvenContext> {
        match &self.endorsing.as_ref()?.kind {
            BaseKind::Context { identifier, instance } => {
                Some(ProvenContext::new(identifier.clone(), instance.clone()))
            }
            BaseKind::EncryptedKey(_) => None,
        }
    }
}

fn is_named(base: Option<&Base>, id: &str) -> bool {
    base.is_some_and(|base| base.id.as_deref() == Some(id))
}

fn foreign_signer(found: &Certificate, expected: &Certificate) -> crate::error::SecurityError {
    let name = |c: &Certificate| c.identity_name().into();
    Reason::ForeignSigner { found: name(found), expected: name(expected) }.into()
}

fn root_is_attached(expect: &Expectations<'_>) -> bool {
    !matches!(expect.protection, ExpectedToken::ExternalContext { .. })
}

fn missing() -> crate::error::SecurityError {
    Reason::Missing("the protection token").into()
}
