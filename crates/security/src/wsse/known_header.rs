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

mod noted;

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
        let (context, mut text) = either(text, "SecurityContextToken", KnownContext::read)?;
        let mut derived = SmallVec::new();
        loop {
            let (next, rest) = either(text, "DerivedKeyToken", KnownDerivedKey::read)?;
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

    /// All identifiers that stand in the header, but for that of what is encrypted: it is announced, and then gone.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        let stamp = self.stamp.iter().map(|stamp| stamp.id);
        stamp.chain(self.token_ids())
    }

    /// Those of tokens.
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
    /// Behind the name.
    fn read((dialect, prefix): (Dialect, &'t str), text: &'t str) -> Option<(Self, &'t str)> {
        let (id, text) = identified(dialect, text)?;
        let (identifier, text) = required(dialect, text, "Identifier", VISIBLE)?;
        let (instance, text) = element(dialect, text, "Instance", VISIBLE)?;
        let text = end(dialect, text, "SecurityContextToken")?;
        Some((Self { dialect, prefix, id, identifier, instance }, text))
    }
}

impl<'t> KnownDerivedKey<'t> {
    /// Behind the name.
    fn read((dialect, prefix): (Dialect, &'t str), text: &'t str) -> Option<(Self, &'t str)> {
        let (id, text) = identified(dialect, text)?;
        let (base, text) = KnownReference::read(text, Some(dialect.conversation_prefix()))?;
        let (offset, text) = element(dialect, text, "Offset", DIGIT)?;
        let (length, text) = element(dialect, text, "Length", DIGIT)?;
        let (nonce, text) = required(dialect, text, "Nonce", BASE64)?;
        let text = end(dialect, text, "DerivedKeyToken")?;
        Some((Self { dialect, prefix, id, base, offset, length, nonce }, text))
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
        let (key, text) = KnownReference::read(after(text, &[DSIG, "\">"])?, None)?;
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

    /// A SecurityTokenReference. `prefix` is that of its dialect, where it is declared around it.
    fn read(text: &'t str, prefix: Option<&str>) -> Option<(Self, &'t str)> {
        let mut text = after(text, &["<o:SecurityTokenReference><o:Reference"])?;
        let (mut uri, mut instance, mut value_type) = (None, None, None);
        while text.starts_with(' ') {
            let (known, begin) = if let Some(value) = text.strip_prefix(" URI=\"") {
                (&mut uri, value)
            } else if let Some(value) = text.strip_prefix(" ValueType=\"") {
                // Only a hint, which is not compared in the tree either.
                (&mut value_type, value)
            } else {
                (&mut instance, after(text, &[" ", prefix?, ":Instance=\""])?)
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
    let (_, behind) = until(value, "</SignatureValue><KeyInfo>", BASE64)?;
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
    let len =
        text.bytes().position(|octet| KINDS[octet as usize] & kind == 0).filter(|len| *len > 0)?;
    let (found, rest) = text.split_at_checked(len)?;
    Some((found, rest.strip_prefix(end)?))
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

/// An element of WS-SecureConversation that may stand here, in either dialect, which is told with its prefix.
fn either<'t, T>(
    text: &'t str,
    local: &str,
    read: impl Fn((Dialect, &'t str), &'t str) -> Option<(T, &'t str)>,
) -> Option<(Option<T>, &'t str)> {
    for dialect in Dialect::ALL {
        let prefix = dialect.conversation_prefix();
        if let Some(behind) = after(text, &["<", prefix, ":", local]) {
            let prefix = &text["<".len()..][..prefix.len()];
            return read((dialect, prefix), behind).map(|(found, text)| (Some(found), text));
        }
    }
    Some((None, text))
}

/// The rest of a start tag with an identifier and the declaration of the dialect.
fn identified(dialect: Dialect, text: &str) -> Option<(&str, &str)> {
    let (id, text) = until(after(text, &[" u:Id=\""])?, "\" xmlns:", PLAIN)?;
    let (prefix, namespace) = (dialect.conversation_prefix(), dialect.conversation());
    Some((id, after(text, &[prefix, "=\"", namespace, "\">"])?))
}

/// An element with text that may stand here.
fn element<'t>(
    dialect: Dialect,
    text: &'t str,
    local: &str,
    kind: u8,
) -> Option<(Option<&'t str>, &'t str)> {
    let prefix = dialect.conversation_prefix();
    let Some(content) = after(text, &["<", prefix, ":", local, ">"]) else {
        return Some((None, text));
    };
    let (content, text) = until(content, "</", kind)?;
    Some((Some(content), after(text, &[prefix, ":", local, ">"])?))
}

/// The same that must stand here.
fn required<'t>(
    dialect: Dialect,
    text: &'t str,
    local: &str,
    kind: u8,
) -> Option<(&'t str, &'t str)> {
    let (content, text) = element(dialect, text, local, kind)?;
    Some((content?, text))
}

/// What is behind an end tag.
fn end<'t>(dialect: Dialect, text: &'t str, local: &str) -> Option<&'t str> {
    after(text, &["</", dialect.conversation_prefix(), ":", local, ">"])
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
