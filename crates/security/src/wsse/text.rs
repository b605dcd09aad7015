//! Text of the Security header: escaping, base64, token references and encrypted data as WCF writes
//! them (WS-Security 1.1 §7, XML Encryption §3).

use base64_simd::STANDARD;

use super::ids::Id;
use super::names::{
    BASE64_BINARY, DSIG, ENCRYPTED_KEY, ENCRYPTED_KEY_SHA1, THUMBPRINT_SHA1, WSSE, WSSE11,
    X509_SUBJECT_KEY_IDENTIFIER, X509_V3, XENC,
};
use super::resolver::CertificateReference;
use super::{Dialect, SecuritySettings};

/// Appends pieces of text that need no escaping. (In place, so that pieces which are known are copied without a loop.)
#[inline(always)]
pub(super) fn push(out: &mut Vec<u8>, pieces: &[&str]) {
    for piece in pieces {
        out.extend_from_slice(piece.as_bytes());
    }
}

/// Octets that stand in no text, or in no value of an attribute, as they are.
const SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let all = b"&<>\"\t\n\r";
    let mut at = 0;
    while at < all.len() {
        special[all[at] as usize] = true;
        at += 1;
    }
    special
};

/// Whether any octet is special. Mostly none is, which is found out many octets at a time where there are many.
#[inline]
fn any_special(octets: &[u8]) -> bool {
    const BLOCK: usize = 16;
    // What is special is made 0: compared one by one, few small numbers become a test of bits, which vector instructions are
    // poor at.
    let one = |b: u8| {
        let white = (b ^ b'\t').min(b ^ b'\n').min(b ^ b'\r');
        (b ^ b'&').min(b ^ b'<').min(b ^ b'>').min(b ^ b'"').min(white)
    };
    let any = |block: &[u8; BLOCK]| block.iter().fold(false, |any, octet| any | (one(*octet) == 0));
    match octets.last_chunk() {
        // The last ones once more: they overlap.
        Some(last) => octets.as_chunks().0.iter().any(any) || any(last),
        None => octets.iter().any(|octet| SPECIAL[usize::from(*octet)]),
    }
}

/// Appends character data or the value of an attribute, escaped for either place.
pub(super) fn push_escaped(out: &mut Vec<u8>, text: &str) {
    let octets = text.as_bytes();
    if !any_special(octets) {
        return out.extend_from_slice(octets);
    }
    let mut done = 0;
    while let Some(next) = octets[done..].iter().position(|octet| SPECIAL[usize::from(*octet)]) {
        let special = done + next;
        out.extend_from_slice(&octets[done..special]);
        let escaped = match octets[special] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\t' => "&#x9;",
            b'\n' => "&#xA;",
            _ => "&#xD;",
        };
        push(out, &[escaped]);
        done = special + 1;
    }
    out.extend_from_slice(&octets[done..]);
}

/// Appends a number in decimal.
pub(super) fn push_number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends the base64 form of `octets`.
pub(super) fn push_base64(out: &mut Vec<u8>, octets: &[u8]) {
    STANDARD.encode_append(octets, out);
}

/// Where a fragment stands, hence which prefixes are declared around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Directly in the Security header, which declares `o`.
    Security,
    /// Anywhere else: the fragment declares what it uses.
    Elsewhere,
}

/// A reference to a token as it stands in a SecurityTokenReference.
#[derive(Debug, Clone, Copy)]
pub(super) enum TokenReference<'a> {
    /// A token of this message by its id.
    Local {
        /// Its id.
        id: &'a str,
        /// What kind of token it is.
        value_type: &'static str,
    },
    /// A security context of this message by its id, and the generation of its key.
    Generation {
        /// The dialect of the context.
        dialect: Dialect,
        /// Its id.
        id: &'a str,
        /// The generation.
        instance: &'a str,
    },
    /// A security context by its URI.
    Context {
        /// The dialect of the context.
        dialect: Dialect,
        /// Its identifier.
        identifier: &'a str,
        /// The generation of its key.
        instance: Option<&'a str>,
    },
    /// The encrypted key of the request.
    EncryptedKeySha1(&'a [u8; 20]),
    /// A certificate that the message does not carry.
    Certificate(&'a CertificateReference),
}

impl TokenReference<'_> {
    /// Whether the reference says that the token is an encrypted key: always when it refers by hash,
    /// for local references when the Basic Security Profile is on.
    fn token_type(&self, settings: &SecuritySettings) -> bool {
        match self {
            TokenReference::Local { value_type, .. } => {
                *value_type == ENCRYPTED_KEY && settings.basic_security_profile
            }
            TokenReference::EncryptedKeySha1(_) => true,
            TokenReference::Generation { .. }
            | TokenReference::Context { .. }
            | TokenReference::Certificate(_) => false,
        }
    }
}

/// Appends a SecurityTokenReference (WS-Security 1.1 §7.1). `declared` tells whether the prefix of the
/// reference's dialect is declared around it.
pub(super) fn push_reference(
    out: &mut Vec<u8>,
    reference: TokenReference<'_>,
    settings: &SecuritySettings,
    place: Place,
    declared: bool,
) {
    push(out, &["<o:SecurityTokenReference"]);
    if reference.token_type(settings) {
        push(out, &[" k:TokenType=\"", ENCRYPTED_KEY, "\" xmlns:k=\"", WSSE11, "\""]);
    }
    if place == Place::Elsewhere {
        push(out, &[" xmlns:o=\"", WSSE, "\""]);
    }
    push(out, &[">"]);
    match reference {
        TokenReference::Local { id, value_type } => push_local(out, id, value_type, settings),
        TokenReference::Generation { dialect, id, instance } => {
            push_context(out, dialect, &["#", id], Some(instance), declared);
        }
        TokenReference::Context { dialect, identifier, instance } => {
            push_context(out, dialect, &[identifier], instance, declared);
        }
        TokenReference::EncryptedKeySha1(sha1) => {
            push_key_identifier(out, ENCRYPTED_KEY_SHA1, sha1, settings);
        }
        TokenReference::Certificate(reference) => push_certificate(out, reference, settings),
    }
    push(out, &["</o:SecurityTokenReference>"]);
}

fn push_local(out: &mut Vec<u8>, id: &str, value_type: &str, settings: &SecuritySettings) {
    push(out, &["<o:Reference"]);
    if settings.basic_security_profile {
        push(out, &[" ValueType=\"", value_type, "\""]);
    }
    push(out, &[" URI=\"#"]);
    push_escaped(out, id);
    push(out, &["\"/>"]);
}

fn push_context(
    out: &mut Vec<u8>,
    dialect: Dialect,
    uri: &[&str],
    instance: Option<&str>,
    declared: bool,
) {
    let prefix = dialect.conversation_prefix();
    push(out, &["<o:Reference URI=\""]);
    uri.iter().for_each(|part| push_escaped(out, part));
    if let Some(instance) = instance {
        push(out, &["\" ", prefix, ":Instance=\""]);
        push_escaped(out, instance);
    }
    push(out, &["\" ValueType=\"", dialect.context_token_type(), "\""]);
    if instance.is_some() && !declared {
        push(out, &[" xmlns:", prefix, "=\"", dialect.conversation(), "\""]);
    }
    push(out, &["/>"]);
}

/// The reference to a certificate (X.509 Token Profile 1.1 §3.2), within a KeyInfo, whose namespace is the default one.
fn push_certificate(
    out: &mut Vec<u8>,
    reference: &CertificateReference,
    settings: &SecuritySettings,
) {
    match reference {
        CertificateReference::Thumbprint(sha1) => {
            push_key_identifier(out, THUMBPRINT_SHA1, sha1, settings);
        }
        CertificateReference::SubjectKeyIdentifier(id) => {
            push_key_identifier(out, X509_SUBJECT_KEY_IDENTIFIER, id, settings);
        }
        CertificateReference::Certificate(der) => push_key_identifier(out, X509_V3, der, settings),
        CertificateReference::IssuerSerial { issuer, serial } => {
            push(out, &["<X509Data><X509IssuerSerial><X509IssuerName>"]);
            push_escaped(out, issuer);
            push(out, &["</X509IssuerName><X509SerialNumber>", serial]);
            push(out, &["</X509SerialNumber></X509IssuerSerial></X509Data>"]);
        }
    }
}

fn push_key_identifier(
    out: &mut Vec<u8>,
    value_type: &str,
    octets: &[u8],
    settings: &SecuritySettings,
) {
    push(out, &["<o:KeyIdentifier ValueType=\"", value_type, "\""]);
    push_encoding_type(out, settings);
    push(out, &[">"]);
    push_base64(out, octets);
    push(out, &["</o:KeyIdentifier>"]);
}

/// Appends the attribute that says that the content is base64, which the Basic Security Profile
/// demands.
pub(super) fn push_encoding_type(out: &mut Vec<u8>, settings: &SecuritySettings) {
    if settings.basic_security_profile {
        push(out, &[" EncodingType=\"", BASE64_BINARY, "\""]);
    }
}

/// What an EncryptedData element replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EncryptedType {
    /// A whole element.
    Element,
    /// The content of an element.
    Content,
    /// The header that stands for it, an EncryptedHeader, bears the identifier; WCF writes no type then.
    Header,
}

/// Appends an EncryptedData element whose cipher value is `octets` (XML Encryption §3.4). Without a reference it is the
/// EncryptedKey that lists it which says the key.
pub(super) fn push_encrypted_data(
    out: &mut Vec<u8>,
    id: &str,
    kind: EncryptedType,
    octets: &[u8],
    reference: Option<TokenReference<'_>>,
    settings: &SecuritySettings,
    place: Place,
) {
    begin_encrypted_data(out, id, kind, reference, settings, place);
    push_base64(out, octets);
    push(out, &[END_OF_DATA]);
}

/// The same without the octets, whose base64 stands at the place that is given.
pub(super) fn push_encrypted_octets(
    out: &mut Vec<u8>,
    id: &str,
    kind: EncryptedType,
    reference: Option<TokenReference<'_>>,
    settings: &SecuritySettings,
    place: Place,
) -> usize {
    begin_encrypted_data(out, id, kind, reference, settings, place);
    let at = out.len();
    push(out, &[END_OF_DATA]);
    at
}

/// What stands behind the octets.
const END_OF_DATA: &str = "</e:CipherValue></e:CipherData></e:EncryptedData>";

/// Everything before the octets.
fn begin_encrypted_data(
    out: &mut Vec<u8>,
    id: &str,
    kind: EncryptedType,
    reference: Option<TokenReference<'_>>,
    settings: &SecuritySettings,
    place: Place,
) {
    push(out, &["<e:EncryptedData"]);
    match kind {
        EncryptedType::Element => push(out, &[" Id=\"", id, "\" Type=\"", XENC, "Element\""]),
        EncryptedType::Content => push(out, &[" Id=\"", id, "\" Type=\"", XENC, "Content\""]),
        EncryptedType::Header => {}
    }
    let algorithm = settings.suite.encryption_uri();
    push(out, &[" xmlns:e=\"", XENC, "\"><e:EncryptionMethod Algorithm=\"", algorithm]);
    push(out, &["\"/>"]);
    if let Some(reference) = reference {
        push(out, &["<KeyInfo xmlns=\"", DSIG, "\">"]);
        push_reference(out, reference, settings, place, false);
        push(out, &["</KeyInfo>"]);
    }
    push(out, &["<e:CipherData><e:CipherValue>"]);
}

/// Appends a ReferenceList of those EncryptedData elements, unless there are none (XML Encryption §3.6). `declare` tells
/// whether the prefix is to be declared.
pub(super) fn push_reference_list(out: &mut Vec<u8>, references: &[Id], declare: bool) {
    if references.is_empty() {
        return;
    }
    push(out, &["<e:ReferenceList"]);
    if declare {
        push(out, &[" xmlns:e=\"", XENC, "\""]);
    }
    push(out, &[">"]);
    for id in references {
        push(out, &["<e:DataReference URI=\"#", id, "\"/>"]);
    }
    push(out, &["</e:ReferenceList>"]);
}

#[cfg(test)]
mod tests {
    use super::push_escaped;

    #[test]
    fn what_is_special_is_escaped_wherever_it_stands() {
        let all = [
            ("&", "&amp;"),
            ("<", "&lt;"),
            (">", "&gt;"),
            ("\"", "&quot;"),
            ("\t", "&#x9;"),
            ("\n", "&#xA;"),
            ("\r", "&#xD;"),
            ("'", "'"),
            ("\u{e9}", "\u{e9}"),
            ("\u{7f}", "\u{7f}"),
        ];
        for length in 0..40 {
            for at in 0..=length {
                for (special, escaped) in all {
                    let text = |piece: &str| "x".repeat(at) + piece + &"y".repeat(length - at);
                    let mut out = Vec::new();
                    push_escaped(&mut out, &text(special));
                    assert_eq!(String::from_utf8(out).unwrap(), text(escaped));
                }
            }
        }
    }
}
