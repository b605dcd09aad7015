//! What the certificates of a path say that is needed here and that the library does not tell.

use crate::der::{self, Extension, Fields, INTEGER, Malformed, SEQUENCE, id};
use crate::digest::sha1;

/// What is read of a certificate (RFC 5280 §4.1).
pub(super) struct Facts<'a> {
    pub(super) serial: &'a [u8],
    /// The whole `Name`.
    pub(super) issuer_name: &'a [u8],
    /// The octets of its public key, without the count of unused bits.
    pub(super) key: &'a [u8],
    pub(super) extensions: Vec<Extension<'a>>,
}

impl<'a> Facts<'a> {
    pub(super) fn read(der: &'a [u8]) -> Result<Self, Malformed> {
        let mut signed = Fields::only(SEQUENCE, der)?.fields(SEQUENCE)?;
        signed.optional(0xa0)?;
        let serial = signed.content(INTEGER)?;
        signed.content(SEQUENCE)?;
        let issuer_name = signed.element(SEQUENCE)?.whole;
        signed.content(SEQUENCE)?;
        signed.content(SEQUENCE)?;
        let mut key = signed.fields(SEQUENCE)?;
        key.content(SEQUENCE)?;
        let key = key.content(der::BIT_STRING)?.get(1..).ok_or(Malformed)?;
        signed.optional(0x81)?;
        signed.optional(0x82)?;
        let extensions = match signed.optional(0xa3)? {
            Some(all) => der::extensions(all)?,
            None => Vec::new(),
        };
        signed.end()?;
        Ok(Self { serial, issuer_name, key, extensions })
    }
}

/// The octets of a certificate's public key, of which OCSP takes the hash.
pub(super) fn key_hash(der: &[u8]) -> Result<[u8; 20], Malformed> {
    Ok(sha1(Facts::read(der)?.key))
}

/// The first octet of keyUsage (RFC 5280 §4.2.1.3), where a certificate has it.
pub(super) fn key_usage(der: &[u8]) -> Result<Option<u8>, Malformed> {
    let facts = Facts::read(der)?;
    let Some(usage) = facts.extensions.iter().find(|e| e.id == id::KEY_USAGE) else {
        return Ok(None);
    };
    let bits = Fields::of(usage.value).content(der::BIT_STRING)?;
    Ok(Some(bits.get(1).copied().unwrap_or(0)))
}

/// Whether a certificate names a use of its key in extKeyUsage (RFC 5280 §4.2.1.12).
pub(super) fn has_extended_usage(der: &[u8], wanted: &[u8]) -> Result<bool, Malformed> {
    let facts = Facts::read(der)?;
    let Some(usage) = facts.extensions.iter().find(|e| e.id == id::EXTENDED_KEY_USAGE) else {
        return Ok(false);
    };
    let mut all = Fields::only(SEQUENCE, usage.value)?;
    let mut found = false;
    while all.tag().is_some() {
        found |= all.content(der::OBJECT_IDENTIFIER)? == wanted;
    }
    Ok(found)
}
