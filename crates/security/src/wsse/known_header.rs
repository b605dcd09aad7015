//! The Security header of a message in a secure conversation (WS-SecureConversation §3, §7; WS-Security 1.1 §6) written as WCF
//! and we write it. Its text says all there is to know, so that no tree of its thirty elements is made, asked and walked.

use base64_simd::STANDARD;
use memchr::memchr;
use smallvec::SmallVec;
use waxwing_soap::SoapVersion;
use waxwing_xml::{Notes, StartTag, UnreadContent};

use super::names::{DSIG, TYPE_ELEMENT, WSSE, WSU, XENC};
use super::reference::TokenRef;
use super::{Dialect, limits, signed_info};

mod form;
mod noted;

pub(super) use self::noted::KnownIds;

use self::form::Form;

/// Derived keys of one message: to sign with, and to encrypt with.
const DERIVED_KEYS: usize = 2;
/// What is announced as encrypted: signature, body, and a few headers.
const REFERENCES: usize = 8;

/// What a Security header says whose last child is the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownHeader<'t> {
    pub(super) stamp: Option<KnownStamp<'t>>,
    pub(super) context: Option<KnownContext<'t>>,
    pub(super) derived: SmallVec<[KnownDerivedKey<'t>; DERIVED_KEYS]>,
    /// The ids of the ReferenceList, each once. None where the signature is in clear.
    pub(super) references: SmallVec<[&'t str; REFERENCES]>,
    pub(super) signature: KnownSignature<'t>,
}

/// A signature under a symmetric key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KnownSignature<'t> {
    /// An encrypted one.
    Encrypted(KnownEncrypted<'t>),
    /// One in clear, in a header that announces nothing as encrypted: its text.
    Clear(&'t str),
}

/// A Timestamp with an identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownStamp<'t> {
    pub(super) id: &'t str,
    pub(super) created: &'t str,
    pub(super) expires: Option<&'t str>,
    /// The element from its first attribute on. Before that its canonical form has a declaration more.
    behind_name: &'t str,
}

/// A SecurityContextToken with an identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownContext<'t> {
    pub(crate) dialect: Dialect,
    /// Its prefix, which tells the dialect.
    prefix: &'t str,
    pub(crate) id: &'t str,
    pub(crate) identifier: &'t str,
    /// The generation of its key.
    pub(crate) instance: Option<&'t str>,
}

/// A DerivedKeyToken whose key is derived by the default algorithm and label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownDerivedKey<'t> {
    pub(super) dialect: Dialect,
    /// Its prefix, which tells the dialect.
    prefix: &'t str,
    pub(super) id: &'t str,
    pub(super) base: KnownReference<'t>,
    /// Decimal digits.
    pub(super) offset: Option<&'t str>,
    /// Decimal digits.
    pub(super) length: Option<&'t str>,
    /// Base64, presumably.
    pub(super) nonce: &'t str,
}

/// An EncryptedData that stands for an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownEncrypted<'t> {
    pub(super) id: &'t str,
    pub(super) algorithm: &'t str,
    pub(super) key: KnownReference<'t>,
    /// Base64.
    pub(super) value: &'t str,
}

/// A reference to a token by its URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KnownReference<'t> {
    pub(super) uri: &'t str,
    /// The generation of its key.
    pub(super) instance: Option<&'t str>,
}

/// Tells the parser that the content of a Security header is known from its text: that of the header for the ultimate
/// receiver, which must understand it.
pub fn passes_security(tag: &StartTag<'_>, text: &str, notes: &mut Notes<'_>) -> Option<usize> {
    let (parent, soap) = tag.parent();
    let is_header = parent == "Header"
        && [SoapVersion::Soap11, SoapVersion::Soap12].iter().any(|v| v.namespace() == soap);
    let is_usual = is_header
        && after(tag.text(), &["o:Security s:mustUnderstand=\"1\" xmlns:o=\"", WSSE, "\""])
            == Some("")
        && tag.namespace_of("u") == Some(WSU);
    if !is_usual {
        return None;
    }
    let (header, behind) = KnownHeader::read(text)?;
    header.note(notes);
    Some(text.len() - behind.len())
}

/// The dialect of the security context token in the content of a header that [`passes_security`] knew, if it has one.
pub fn known_dialect(content: &UnreadContent<'_>) -> Option<Dialect> {
    KnownContext::of(content).map(|token| token.dialect)
}

impl<'t> KnownHeader<'t> {
    /// Reads the content of a Security header, and gives what is behind it. None where it is written in any other way, or
    /// says what may not be said: then the tree is read, which finds out what that is.
    ///
    /// Every octet is compared with what would have been written, but for identifiers, times, numbers and base64. So the
    /// canonical form of the timestamp is known, and nothing can be referred to but what has an identifier here.
    fn read(text: &'t str) -> Option<(Self, &'t str)> {
        let (stamp, text) = optional(text, "<u:Timestamp", KnownStamp::read)?;
        let (context, mut text) = either(text, |form| form.context, KnownContext::read)?;
        let mut derived = SmallVec::new();
        loop {
            let (next, rest) = either(text, |form| form.key, KnownDerivedKey::read)?;
            text = rest;
            match next {
                Some(_) if derived.len() == DERIVED_KEYS => return None,
                Some(next) => derived.push(next),
                None => break,
            }
        }
        let (references, signature, text) = match text.starts_with("<Signature") {
            true => {
                let (signature, text) = clear_signature(text)?;
                (SmallVec::new(), KnownSignature::Clear(signature), text)
            }
            false => {
                let (references, text) = references(text)?;
                let (data, text) = KnownEncrypted::read(text)?;
                (references, KnownSignature::Encrypted(data), text)
            }
        };
        Some((Self { stamp, context, derived, references, signature }, text))
    }

    /// The identifiers of its tokens.
    pub(super) fn token_ids(&self) -> impl Iterator<Item = &str> {
        let context = self.context.iter().map(|context| context.id);
        context.chain(self.derived.iter().map(|derived| derived.id))
    }
}

impl<'t> KnownStamp<'t> {
    /// Behind `<u:Timestamp`.
    fn read(behind_name: &'t str) -> Option<(Self, &'t str)> {
        let (id, text) = until(after(behind_name, &[" u:Id=\""])?, "\"><u:Created>", PLAIN)?;
        let (created, text) = until(text, "</u:Created>", OF_TIME)?;
        let (expires, text) =
            optional(text, "<u:Expires>", |text| until(text, "</u:Expires>", OF_TIME))?;
        let text = after(text, &["</u:Timestamp>"])?;
        let behind_name = &behind_name[..behind_name.len() - text.len()];
        Some((Self { id, created, expires, behind_name }, text))
    }

    /// Its canonical form, in pieces.
    pub(super) fn canonical(&self) -> [&str; 4] {
        ["<u:Timestamp xmlns:u=\"", WSU, "\"", self.behind_name]
    }
}

impl<'t> KnownContext<'t> {
    /// From its id on.
    fn read(form: &Form, prefix: &'t str, text: &'t str) -> Option<(Self, &'t str)> {
        let (id, text) = until(text, form.identifier, PLAIN)?;
        let (identifier, text) = until(text, form.identifier_end, VISIBLE)?;
        let (instance, text) =
            optional(text, form.instance, |text| until(text, form.instance_end, VISIBLE))?;
        let text = text.strip_prefix(form.context_end)?;
        Some((Self { dialect: form.dialect, prefix, id, identifier, instance }, text))
    }
}

impl<'t> KnownDerivedKey<'t> {
    /// From its id on.
    fn read(form: &Form, prefix: &'t str, text: &'t str) -> Option<(Self, &'t str)> {
        let (id, text) = until(text, form.base, PLAIN)?;
        let (base, text) = KnownReference::read(text, Some(form.base_instance))?;
        let (offset, text) =
            optional(text, form.offset, |text| until(text, form.offset_end, DIGIT))?;
        let (length, text) =
            optional(text, form.length, |text| until(text, form.length_end, DIGIT))?;
        let (nonce, text) = until(text.strip_prefix(form.nonce)?, form.key_end, BASE64)?;
        Some((Self { dialect: form.dialect, prefix, id, base, offset, length, nonce }, text))
    }
}

impl<'t> KnownEncrypted<'t> {
    /// What stands behind the value.
    const END: &'static str = "</e:CipherValue></e:CipherData></e:EncryptedData>";

    fn read(text: &'t str) -> Option<(Self, &'t str)> {
        let text = after(text, &["<e:EncryptedData Id=\""])?;
        let (id, text) = until(text, "\" Type=\"", PLAIN)?;
        let text = after(text, &[TYPE_ELEMENT, "\" xmlns:e=\"", XENC, "\">"])?;
        let text = after(text, &["<e:EncryptionMethod Algorithm=\""])?;
        let (algorithm, text) = until(text, "\"/><KeyInfo xmlns=\"", PLAIN)?;
        let text = after(text, &[DSIG, "\"><o:SecurityTokenReference><o:Reference"])?;
        let (key, text) = KnownReference::read(text, None)?;
        let text = after(text, &["</KeyInfo><e:CipherData><e:CipherValue>"])?;
        let (value, text) = text.split_at_checked(memchr(b'<', text.as_bytes())?)?;
        STANDARD.check(value.as_bytes()).ok()?;
        Some((Self { id, algorithm, key, value }, text.strip_prefix(Self::END)?))
    }
}

impl<'t> KnownReference<'t> {
    /// What it refers to.
    pub(super) fn token(&self) -> TokenRef<'t> {
        match self.uri.strip_prefix('#') {
            Some(id) => TokenRef::Local(id),
            None => TokenRef::External { uri: self.uri, instance: self.instance },
        }
    }

    /// The attributes of the Reference in a SecurityTokenReference, and the rest of both. `before_instance` is what stands
    /// before the generation of the key, where the prefix of the dialect is declared around it.
    fn read(mut text: &'t str, before_instance: Option<&str>) -> Option<(Self, &'t str)> {
        let (mut uri, mut instance, mut value_type) = (None, None, None);
        while text.starts_with(' ') {
            let (known, begin) = if let Some(value) = text.strip_prefix(" URI=\"") {
                (&mut uri, value)
            } else if let Some(value) = text.strip_prefix(" ValueType=\"") {
                // Only a hint, which is not compared in the tree either.
                (&mut value_type, value)
            } else {
                (&mut instance, text.strip_prefix(before_instance?)?)
            };
            let value;
            (value, text) = until(begin, "\"", PLAIN)?;
            if known.replace(value).is_some() {
                return None;
            }
        }
        let text = after(text, &["/></o:SecurityTokenReference>"])?;
        Some((Self { uri: uri?, instance }, text))
    }
}

/// A Signature element under a symmetric key, and what is behind it. What it says is read with the settings: here it is only
/// well-formed, and has no identifier.
fn clear_signature(text: &str) -> Option<(&str, &str)> {
    let info = after(text, &["<Signature xmlns=\"", DSIG, "\">"])?;
    let is =
        |octets: &[u8], kind| octets.iter().all(|octet| KINDS[usize::from(*octet)] & kind != 0);
    let value = signed_info::pass(info.as_bytes(), limits::REFERENCES, |id, digest| {
        (is(id, PLAIN) && is(digest, BASE64)).then_some(())
    })?;
    let value = after(info.get(info.len() - value.len()..)?, &["<SignatureValue>"])?;
    let end = "</SignatureValue><KeyInfo><o:SecurityTokenReference><o:Reference";
    let (_, behind) = until(value, end, BASE64)?;
    let (_, behind) = KnownReference::read(behind, None)?;
    let behind = after(behind, &["</KeyInfo></Signature>"])?;
    Some((&text[..text.len() - behind.len()], behind))
}

/// A ReferenceList: the ids in it.
fn references(text: &str) -> Option<(SmallVec<[&str; REFERENCES]>, &str)> {
    let mut text = after(text, &["<e:ReferenceList xmlns:e=\"", XENC, "\">"])?;
    let mut ids = SmallVec::new();
    while let Some(rest) = text.strip_prefix("<e:DataReference URI=\"#") {
        let id;
        (id, text) = until(rest, "\"/>", PLAIN)?;
        if ids.len() == REFERENCES || ids.contains(&id) {
            return None;
        }
        ids.push(id);
    }
    let text = after(text, &["</e:ReferenceList>"])?;
    (!ids.is_empty()).then_some((ids, text))
}

/// What is behind these pieces.
fn after<'t>(text: &'t str, pieces: &[&str]) -> Option<&'t str> {
    pieces.iter().try_fold(text, |text, piece| text.strip_prefix(piece))
}

/// What stands before `end`, one octet at least and all of them of a kind, and what is behind it.
fn until<'t>(text: &'t str, end: &str, kind: u8) -> Option<(&'t str, &'t str)> {
    let len = length_of(text.as_bytes(), kind);
    let (found, rest) = text.split_at_checked(len).filter(|_| len > 0)?;
    Some((found, rest.strip_prefix(end)?))
}

/// How many octets at the beginning are of a kind.
#[inline(never)]
fn length_of(octets: &[u8], kind: u8) -> usize {
    let mut len = 0;
    if kind == PLAIN || kind == VISIBLE {
        // What is long is looked at in blocks, of which the compiler makes vectors: all that is 0 is of another kind.
        let others = if kind == PLAIN { 0x1F } else { b' ' };
        let is_other = |b: u8| {
            let is_between = b.saturating_sub(others).min(0x7F_u8.saturating_sub(b));
            is_between.min(b ^ b'&').min(b ^ b'<').min(b ^ b'>').min(b ^ b'"') == 0
        };
        for block in octets.as_chunks::<16>().0 {
            let mut stops = [0; 16];
            for (stop, octet) in stops.iter_mut().zip(block) {
                *stop = if is_other(*octet) { u8::MAX } else { 0 };
            }
            let stops = u128::from_le_bytes(stops);
            if stops != 0 {
                return len + stops.trailing_zeros() as usize / 8;
            }
            len += block.len();
        }
    }
    let rest = octets[len..].iter();
    len + rest.take_while(|octet| KINDS[usize::from(**octet)] & kind != 0).count()
}

/// What may stand here, behind its begin.
fn optional<'t, T>(
    text: &'t str,
    begin: &str,
    read: impl Fn(&'t str) -> Option<(T, &'t str)>,
) -> Option<(Option<T>, &'t str)> {
    match text.strip_prefix(begin) {
        Some(behind) => read(behind).map(|(found, text)| (Some(found), text)),
        None => Some((None, text)),
    }
}

/// An element of WS-SecureConversation that may stand here, in either dialect. It is read from what is behind its begin on.
fn either<'t, T>(
    text: &'t str,
    begin: impl Fn(&'static Form) -> &'static str,
    read: impl Fn(&'static Form, &'t str, &'t str) -> Option<(T, &'t str)>,
) -> Option<(Option<T>, &'t str)> {
    const FORMS: &[Form; 2] = &Form::ALL;
    for form in FORMS {
        if let Some(behind) = text.strip_prefix(begin(form)) {
            let (found, text) = read(form, form.prefix(text), behind)?;
            return Some((Some(found), text));
        }
    }
    Some((None, text))
}

/// Whether an octet is the same in text, in the tree and in canonical form, as one of the value of an attribute: it is not
/// escaped, and XML can hold it.
pub(super) fn is_plain(octet: u8) -> bool {
    KINDS[octet as usize] & PLAIN != 0
}

/// What [`is_plain`] says.
const PLAIN: u8 = 1;
/// The same as the text of an element, of which white space at the ends is no part.
const VISIBLE: u8 = 2;
const DIGIT: u8 = 4;
const OF_TIME: u8 = 8;
const BASE64: u8 = 16;

/// Of which kinds each octet is.
const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut octet = b' ';
    while octet <= b'~' {
        let is_escaped = matches!(octet, b'&' | b'<' | b'>' | b'"');
        let mut kind = if is_escaped { 0 } else { PLAIN };
        if !is_escaped && octet != b' ' {
            kind |= VISIBLE;
        }
        if octet.is_ascii_digit() {
            kind |= DIGIT;
        }
        if octet.is_ascii_digit() || matches!(octet, b'-' | b':' | b'.' | b'T' | b'Z') {
            kind |= OF_TIME;
        }
        if octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'=') {
            kind |= BASE64;
        }
        kinds[octet as usize] = kind;
        octet += 1;
    }
    kinds
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_are_of_their_kinds_in_blocks_and_one_by_one() {
        for kind in [PLAIN, VISIBLE, DIGIT, OF_TIME, BASE64] {
            for octet in 0..=u8::MAX {
                for len in [1, 15, 16, 17, 40] {
                    let mut octets = vec![b'0'; len];
                    for at in 0..len {
                        octets[at] = octet;
                        let is_of_kind = KINDS[usize::from(octet)] & kind != 0;
                        let expected = if is_of_kind { len } else { at };
                        assert_eq!(length_of(&octets, kind), expected, "{kind} {octet} {len} {at}");
                        octets[at] = b'0';
                    }
                }
            }
        }
    }
}
