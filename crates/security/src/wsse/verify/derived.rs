//! DerivedKeyToken (WS-SecureConversation February 2005 §7, 1.3 §7).

use std::borrow::Cow;

use waxwing_xml::Element;

use super::super::key::Told;
use super::super::known_header::KnownDerivedKey;
use super::super::limits;
use super::super::names::WSSE;
use super::super::protect::DEFAULT_LENGTH;
use super::super::read::{
    Short, at, elements, end, number, require, short_base64, short_base64_content, take, text,
    wrong_algorithm,
};
use super::super::reference::{TokenRef, token_reference};
use super::super::{Dialect, SecuritySettings};
use crate::error::{Reason, Result};

/// How a DerivedKeyToken says that its key is derived.
pub(super) struct Derivation<'e> {
    nonce: Short,
    offset: usize,
    length: usize,
    /// When it is not the default.
    label: Option<Cow<'e, str>>,
}

impl Derivation<'_> {
    pub(super) fn told(&self) -> Told<'_> {
        let Self { nonce, offset, length, label } = self;
        Told { nonce, offset: *offset, length: *length, label: label.as_deref() }
    }
}

/// Reads the token: what it is derived from, and how.
pub(super) fn read<'e>(
    element: Element<'e>,
    settings: &SecuritySettings,
) -> Result<(TokenRef<'e>, Derivation<'e>)> {
    check_algorithm(element, settings)?;
    let namespace = settings.dialect.conversation();
    let children = elements(element)?;
    let mut children = children.iter();
    let reference =
        token_reference(require(&mut children, element, WSSE, "SecurityTokenReference")?)?;
    let generation = take(&mut children, namespace, "Generation").map(number).transpose()?;
    let offset = match generation {
        Some(_) => None,
        None => take(&mut children, namespace, "Offset").map(number).transpose()?,
    };
    let length = take(&mut children, namespace, "Length").map(number).transpose()?;
    let label = take(&mut children, namespace, "Label").map(text).transpose()?;
    let nonce = short_base64_content(require(&mut children, element, namespace, "Nonce")?)?;
    end(children)?;
    let offset = match generation {
        Some(generation) => generation.saturating_mul(length.unwrap_or(DEFAULT_LENGTH as u64)),
        None => offset.unwrap_or(0),
    };
    let derivation = judge((offset, length), label, nonce, settings);
    Ok((reference, derivation.map_err(|reason| at(reason, element))?))
}

/// The same of a token that is read from its text.
pub(super) fn known<'e>(
    token: &KnownDerivedKey<'e>,
    settings: &SecuritySettings,
) -> Option<Derivation<'e>> {
    let number = |text: Option<&str>| match text {
        Some(text) => text.parse().ok().map(Some),
        None => Some(None),
    };
    let offset = number(token.offset)?.unwrap_or(0);
    let nonce = short_base64(token.nonce)?;
    judge((offset, number(token.length)?), None, nonce, settings).ok()
}

fn judge<'e>(
    (offset, length): (u64, Option<u64>),
    label: Option<Cow<'e, str>>,
    nonce: Short,
    settings: &SecuritySettings,
) -> std::result::Result<Derivation<'e>, Reason> {
    let length = length.unwrap_or(DEFAULT_LENGTH as u64);
    let longest =
        settings.suite.signature_key_length().max(settings.suite.encryption_key_length()) as u64;
    check("the Length of a derived key", length, longest)?;
    check("the Offset of a derived key", offset, limits::DERIVED_KEY_OFFSET)?;
    if label.as_ref().is_some_and(|l| l.chars().count() > limits::LABEL_CHARACTERS) {
        return Err(Reason::Malformed { what: "Label", expected: "at most 128 characters" });
    }
    if nonce.is_empty() || nonce.len() > limits::NONCE_OCTETS {
        return Err(Reason::Malformed { what: "Nonce", expected: "1 to 128 octets" });
    }
    let label = label.filter(|l| l != super::super::key::DEFAULT_LABEL);
    let derivation = Derivation { nonce, offset: offset as usize, length: length as usize, label };
    if derivation.told().is_authenticator() {
        return Err(Reason::ReservedSeed);
    }
    Ok(derivation)
}

fn check_algorithm(element: Element<'_>, settings: &SecuritySettings) -> Result<()> {
    match element.attribute("Algorithm") {
        Some(uri) if !Dialect::ALL.iter().any(|d| d.p_sha1() == uri) => {
            Err(wrong_algorithm(element, "DerivedKeyToken", uri, settings.dialect.p_sha1()))
        }
        _ => Ok(()),
    }
}

fn check(what: &'static str, value: u64, limit: u64) -> std::result::Result<(), Reason> {
    if value > limit {
        return Err(Reason::OutOfRange { what, value, limit });
    }
    Ok(())
}
