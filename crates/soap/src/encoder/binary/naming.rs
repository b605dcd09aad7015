//! Which of WCF's libraries writes what of a protected message, and hence by which dictionary.
//!
//! Its library of services has the static dictionary. References to tokens, KeyInfo and encrypted data are written by its
//! library of identities, whose strings are another dictionary's, so that they are new to the session; an element that begins in
//! one may go on in the other. Tokens and references that came in a message, or were made before it, were kept as XML, and are
//! copied as text. (Read off captured messages, in both directions; what no capture shows is marked.)

use waxwing_xml::Element;
use waxwing_xml::binary::{Naming, Scope, ScopeRule, TextRule};

use crate::envelope::Envelope;

/// WS-Security 1.0's namespaces: of its header, and of identifiers.
const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const WSU: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

/// Elements that change how names are written.
pub(super) const SCOPES: [(&str, ScopeRule); 9] = [
    ("SecurityContextToken", token),
    // Issued tokens are kept as they came, like the one before (not captured).
    ("Assertion", token),
    ("SecurityTokenReference", token_reference),
    ("Reference", reference),
    ("KeyInfo", key_info),
    ("EncryptedData", encrypted_data),
    ("EncryptedKey", encrypted_key),
    ("ReferenceList", |_, naming| foreign(naming)),
    ("RequestSecurityTokenResponse", response),
];

/// What the library of identities writes: within what is copied it is text all the same.
fn foreign(naming: Naming) -> Scope {
    Scope::all(if naming == Naming::Plain { Naming::Plain } else { Naming::Shared })
}

fn parent_is(element: Element<'_>, local: &str) -> bool {
    element.parent().is_some_and(|parent| parent.local_name() == local)
}

/// A token in a Security header is copied; the one that a response hands out is written.
fn token(element: Element<'_>, naming: Naming) -> Scope {
    Scope::all(if parent_is(element, "Security") { Naming::Plain } else { naming })
}

/// Those in messages of WS-Trust were made before.
fn token_reference(element: Element<'_>, naming: Naming) -> Scope {
    const TRUST: [&str; 4] = [
        "CancelTarget",
        "RenewTarget",
        "RequestedAttachedReference",
        "RequestedUnattachedReference",
    ];
    match TRUST.iter().any(|local| parent_is(element, local)) {
        true => Scope::all(Naming::Plain),
        false => foreign(naming),
    }
}

/// A reference to a security context by its identifier is the library of services', and so are its attributes where only its
/// name was copied.
fn reference(element: Element<'_>, naming: Naming) -> Scope {
    match naming {
        Naming::Shared if is_of_context(element) => Scope::all(Naming::Known),
        Naming::Plain if is_of_context(element) => {
            Scope { attributes: Naming::Known, ..Scope::all(Naming::Plain) }
        }
        _ => Scope::all(naming),
    }
}

fn is_of_context(reference: Element<'_>) -> bool {
    reference.attribute("URI").is_some_and(|uri| !uri.starts_with('#'))
}

/// The one of an endpoint's identity is none of security's.
fn key_info(element: Element<'_>, naming: Naming) -> Scope {
    if parent_is(element, "Identity") { Scope::all(naming) } else { foreign(naming) }
}

/// The library of services begins the element.
fn encrypted_data(_: Element<'_>, naming: Naming) -> Scope {
    Scope { name: naming, ..foreign(naming) }
}

fn encrypted_key(element: Element<'_>, naming: Naming) -> Scope {
    match parent_is(element, "RequestedProofToken") {
        true => Scope::all(Naming::Plain),
        false => foreign(naming),
    }
}

/// The prefix that it declares for its lifetime is declared by text.
fn response(_: Element<'_>, naming: Naming) -> Scope {
    Scope { declarations: Naming::Plain, ..Scope::all(naming) }
}

/// Which algorithms are strings of a dictionary: those of signatures, but for the one that their canonical form has, and those
/// that content is encrypted with, but not keys.
pub(super) fn algorithm(element: Element<'_>, _: &[u8]) -> Option<TextRule> {
    match element.local_name() {
        "SignatureMethod" | "Transform" => Some(TextRule::Known),
        "DigestMethod" => Some(TextRule::Named),
        "EncryptionMethod" if parent_is(element, "EncryptedData") => Some(TextRule::Known),
        _ => None,
    }
}

/// What a negotiation exchanges says what it is by strings of the dictionary.
pub(super) fn exchanged(element: Element<'_>, _: &[u8]) -> Option<TextRule> {
    (element.local_name() == "BinaryExchange").then_some(TextRule::Known)
}

/// The identifier of a security context is a UUID.
pub(super) fn referred(_: Element<'_>, uri: &[u8]) -> Option<TextRule> {
    (!uri.starts_with(b"#")).then_some(TextRule::UniqueId)
}

/// What is encrypted begins with its initialization vector (XML Encryption 1.0 §5.2), which WCF writes by itself: the size of a
/// block. The value of a key is written at once.
pub(super) fn first_octets(value: Element<'_>) -> usize {
    let data = value.parent().and_then(|cipher| cipher.parent());
    let Some(data) = data.filter(|data| data.local_name() == "EncryptedData") else { return 0 };
    let method = data.elements().find(|child| child.local_name() == "EncryptionMethod");
    let algorithm = method.and_then(|method| method.attribute("Algorithm")).unwrap_or_default();
    if algorithm.ends_with("#tripledes-cbc") { 8 } else { 16 }
}

/// The body of a message where it is signed and not encrypted: WCF writes it before the headers, which say its digest.
pub(super) fn signed_in_clear(envelope: &Envelope) -> Option<Element<'_>> {
    envelope.header_named(WSSE, "Security")?;
    let body = envelope.body();
    body.attribute_ns(WSU, "Id")?;
    let encrypted = body.first_element().is_some_and(|e| e.local_name() == "EncryptedData");
    (!encrypted).then_some(body)
}
