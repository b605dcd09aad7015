//! EncryptedData and ReferenceList (XML Encryption §3.4, §3.6).

use std::ops::Range;
use std::sync::Arc;

use smallvec::SmallVec;
use waxwing_crypto::Decrypted;
use waxwing_xml::{Document, Element, LargeContent, Limits, NodeId};
use zeroize::Zeroizing;

use super::super::SecuritySettings;
use super::super::expect::Expectations;
use super::super::ids::Id;
use super::super::key::MessageKey;
use super::super::known_header::KnownEncrypted;
use super::super::names::{DSIG, TYPE_CONTENT, TYPE_ELEMENT, XENC};
use super::super::read::{
    algorithm, at, base64_content_into, base64_into, decode_in_place, elements, end, label,
    malformed, no_children, require, take,
};
use super::super::reference::key_info;
use super::super::token::encrypted_key::cipher_value;
use super::tokens::{Resolved, Root, Tokens};
use crate::error::{Reason, Result, SecurityError};

/// The ids that a ReferenceList announces, each of which must be met exactly once.
#[derive(Default)]
pub(super) struct DataReferences(SmallVec<[(Id, bool); 4]>);

impl DataReferences {
    /// Reads the list; it may be neither empty nor repeat an id.
    pub(super) fn read(list: Element<'_>) -> Result<Self> {
        let mut ids: SmallVec<[(Id, bool); 4]> = SmallVec::new();
        for child in elements(list)? {
            if !child.is(XENC, "DataReference") {
                return Err(super::super::read::unexpected(child));
            }
            no_children(child)?;
            let id = child
                .attribute("URI")
                .and_then(|uri| uri.strip_prefix('#'))
                .ok_or_else(|| malformed(child, "URI", "a reference within the message"))?;
            if ids.iter().any(|(known, _)| known.is(id)) {
                return Err(at(Reason::DuplicateReference(id.into()), child));
            }
            ids.push((id.into(), false));
            if ids.len() > super::super::limits::SECURITY_CHILDREN {
                let limit = super::super::limits::SECURITY_CHILDREN;
                return Err(at(Reason::TooMany { what: "DataReferences", limit }, list));
            }
        }
        if ids.is_empty() {
            return Err(at(Reason::Missing("a DataReference"), list));
        }
        Ok(Self(ids))
    }

    /// That of a header that is read from its text.
    pub(super) fn known(ids: &[&str]) -> Self {
        Self(ids.iter().map(|id| ((*id).into(), false)).collect())
    }

    /// Whether an element with this identifier is announced and was not met yet.
    pub(super) fn announces(&self, id: &str) -> bool {
        self.0.iter().any(|(own, met)| !met && own.is(id))
    }

    /// Marks what is announced by this identifier as met, at `element`.
    pub(super) fn meet(&mut self, id: &str, element: Element<'_>) -> Result<()> {
        match self.is_met(id) {
            true => Ok(()),
            false => Err(at(Reason::UnresolvedReference(id.into()), element)),
        }
    }

    /// Marks what is announced by this identifier as met, if it is announced and was not met yet.
    pub(super) fn is_met(&mut self, id: &str) -> bool {
        let unmet = self.0.iter_mut().find(|(own, met)| !met && own.is(id));
        unmet.map(|(_, met)| *met = true).is_some()
    }

    /// Fails when an announced element was not in the message.
    pub(super) fn all_met(&self) -> Result<()> {
        match self.0.iter().find(|(_, met)| !met) {
            Some((id, _)) => Err(Reason::UnresolvedReference((&**id).into()).into()),
            None => Ok(()),
        }
    }

    /// All ids, to be told apart from those of the message.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(id, _)| &**id)
    }
}

/// What an EncryptedData stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    /// For an element.
    Element,
    /// For the content of an element.
    Content,
    /// For a header, inside an EncryptedHeader, which says as much: WCF writes no type there.
    Header,
}

/// Where what is encrypted is decrypted, one after the other. Wiped once, when all of the message was.
pub(super) type Octets = Zeroizing<Vec<u8>>;

/// Decrypts an EncryptedData element with a key of the protection token, in `octets`. Of a wrong padding [`badly_padded`] is
/// the error, for which it is early: what comes out is read first, as that of a right one is.
pub(super) fn open<'o>(
    element: Element<'_>,
    stands: Stands,
    tokens: &mut Tokens<'_>,
    settings: &SecuritySettings,
    octets: &'o mut Octets,
) -> Result<Decrypted<'o>> {
    let (key, value) = prepare(element, stands, tokens, settings)?;
    base64_content_into(value, octets)?;
    key.decrypt_in_place(settings, octets).map_err(|e| e.at("EncryptedData"))
}

/// The error of what was decrypted and has a wrong padding.
#[cold]
pub(super) fn badly_padded() -> SecurityError {
    SecurityError::new(Reason::Decryption).at("EncryptedData")
}

/// Decrypts the content of a body, an EncryptedData element, and puts what it was in its place. Where it is large that is
/// done in the memory of the message: the ciphertext is gone then.
///
/// What has a wrong padding is put there, too, and then an error.
pub(super) fn open_body(
    document: &mut Document,
    (body, data): (NodeId, NodeId),
    tokens: &mut Tokens<'_>,
    (expect, octets): (&Expectations<'_>, &mut Octets),
) -> Result<()> {
    let settings = expect.settings;
    let (key, value) = prepare(document.element(data), Stands::Content, tokens, settings)?;
    let value = value.id();
    let mut is_padded = true;
    let opened = document.open_large(value, |content| {
        let opened = open_large(content, &key, settings)?;
        is_padded = opened.1;
        Ok(opened.0)
    });
    let put = match opened {
        Some(opened) => {
            let opened = opened.map_err(|e: SecurityError| e.at("EncryptedData"))?;
            document.clear(body);
            document.append_opened(body, opened, expect.limits)
        }
        None => {
            base64_content_into(document.element(value), octets)?;
            let plain = key.decrypt_in_place(settings, octets);
            let plain = plain.map_err(|e| e.at("EncryptedData"))?;
            is_padded = plain.is_padded;
            document.clear(body);
            // It is shorter than its base64, so that the message need not grow for it.
            match document.overwrite(value, plain.octets) {
                Some(opened) => document.append_opened(body, opened, expect.limits),
                None => document.append_fragment(body, plain.octets, expect.limits),
            }
        }
    };
    match put {
        _ if !is_padded => Err(badly_padded()),
        Ok(()) => Ok(()),
        Err(error) => Err(Reason::DecryptedContent(error.to_string().into()).into()),
    }
}

/// Decrypts where the ciphertext is; gives where the plaintext is then, and whether its padding is right.
fn open_large(
    content: LargeContent<'_>,
    key: &MessageKey,
    settings: &SecuritySettings,
) -> Result<(Range<usize>, bool)> {
    let octets = match content {
        LargeContent::Octets(octets) => octets,
        LargeContent::Text(text) => decode_in_place(text)
            .ok_or(Reason::Malformed { what: "the content", expected: "base64" })?,
    };
    let Decrypted { octets: plain, is_padded } = key.decrypt_in_place(settings, octets)?;
    let start = settings.suite.cipher.block_length();
    Ok((start..start + plain.len(), is_padded))
}

/// What decrypts an EncryptedData element, a key of the protection token, and the element whose content is to be decrypted.
fn prepare<'e>(
    element: Element<'e>,
    stands: Stands,
    tokens: &mut Tokens<'_>,
    settings: &SecuritySettings,
) -> Result<(Arc<MessageKey>, Element<'e>)> {
    let kind = match stands {
        Stands::Element | Stands::Header => TYPE_ELEMENT,
        Stands::Content => TYPE_CONTENT,
    };
    match (element.attribute("Type"), stands) {
        (None, Stands::Header) => {}
        (Some(found), _) if found == kind => {}
        _ => return Err(malformed(element, "Type", kind)),
    }
    let children = elements(element)?;
    let mut children = children.iter();
    let method = require(&mut children, element, XENC, "EncryptionMethod")?;
    algorithm(method, "EncryptedData", settings.suite.encryption_uri())?;
    no_children(method)?;
    let info = take(&mut children, DSIG, "KeyInfo");
    let data = require(&mut children, element, XENC, "CipherData")?;
    end(children)?;
    let resolved = match info {
        Some(info) => {
            tokens.resolve(&key_info(info)?).map_err(|e| e.at("EncryptedData/KeyInfo"))?
        }
        None => {
            tokens.implied().ok_or_else(|| malformed(element, "an EncryptedData", "a KeyInfo"))?
        }
    };
    let key = judge(resolved, settings).map_err(|error| error.at(label(element)))?;
    Ok((key, cipher_value(data)?))
}

/// The key that was found for an EncryptedData, where it is one of the protection token's.
fn judge(resolved: Resolved, settings: &SecuritySettings) -> Result<Arc<MessageKey>> {
    let Resolved::Key { key, root: Root::Protection, derived } = resolved else {
        let expected = "a key of the protection token";
        return Err(Reason::WrongToken { what: "EncryptedData", expected }.into());
    };
    if settings.derived_keys && !derived {
        return Err(Reason::DerivedKeyRequired("EncryptedData").into());
    }
    key.check_encryption(settings.suite).map_err(|e| e.at("EncryptedData/KeyInfo"))?;
    Ok(key)
}

/// Decrypts what a header has that is read from its text, as [`open`] does.
pub(super) fn open_known<'o>(
    encrypted: &KnownEncrypted<'_>,
    tokens: &mut Tokens<'_>,
    settings: &SecuritySettings,
    octets: &'o mut Octets,
) -> Option<Decrypted<'o>> {
    if encrypted.algorithm != settings.suite.encryption_uri() {
        return None;
    }
    let key = judge(tokens.resolve(&encrypted.key.token()).ok()?, settings).ok()?;
    base64_into(encrypted.value, octets)?;
    key.decrypt_in_place(settings, octets).ok()
}

/// Puts a decrypted element in the place of its EncryptedData, and returns it. The plain text must be
/// that one element: nothing else may slip in beside it.
pub(super) fn replace(
    document: &mut Document,
    node: NodeId,
    plaintext: &[u8],
    limits: &Limits,
) -> Result<NodeId> {
    let replaced = document.replace_with_element(node, plaintext, limits);
    let replaced = replaced.map_err(|e| Reason::DecryptedContent(e.to_string().into()))?;
    replaced.ok_or_else(|| Reason::DecryptedContent("it is not exactly one element".into()).into())
}
