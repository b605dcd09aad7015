//! What both ends know before the first message: the static dictionary (MC-NBFS §2.2), and what WCF writes how.

use std::sync::LazyLock;

use waxwing_xml::binary::{AttributeRule, TextRule, Vocabulary};

use super::naming::{SCOPES, algorithm, exchanged, first_octets, referred};
use crate::envelope::Envelope;

/// The strings of the dictionary, one a line, in the order of their identifiers.
static STRINGS: &str = include_str!("strings.txt");

/// The namespaces of protocols: their names are strings of the dictionary in WCF. A name of a contract is one of the session,
/// even where the dictionary has the same word.
const NAMESPACES: [&str; 23] = [
    "http://www.w3.org/2003/05/soap-envelope",
    "http://schemas.xmlsoap.org/soap/envelope/",
    "http://www.w3.org/2005/08/addressing",
    "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "http://schemas.xmlsoap.org/ws/2006/02/addressingidentity",
    "http://schemas.xmlsoap.org/ws/2005/02/rm",
    "http://docs.oasis-open.org/ws-rx/wsrm/200702",
    "http://schemas.microsoft.com/ws/2006/05/rm",
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
    "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd",
    "http://schemas.xmlsoap.org/ws/2005/02/sc",
    "http://docs.oasis-open.org/ws-sx/ws-secureconversation/200512",
    "http://schemas.xmlsoap.org/ws/2005/02/trust",
    "http://docs.oasis-open.org/ws-sx/ws-trust/200512",
    "http://www.w3.org/2000/09/xmldsig#",
    "http://www.w3.org/2001/04/xmlenc#",
    "http://www.w3.org/2001/10/xml-exc-c14n#",
    "urn:oasis:names:tc:SAML:1.0:assertion",
    "http://schemas.microsoft.com/ws/2006/05/security",
    "http://schemas.microsoft.com/ws/2005/02/duplex",
    "http://schemas.microsoft.com/ws/2005/05/routing",
    "http://schemas.microsoft.com/ws/2005/05/addressing/none",
];

/// How the text of elements of protocols is written. What the text of a contract's elements is, the tree knows.
const RULES: [(&str, TextRule); 25] = [
    ("To", TextRule::Shared),
    ("Address", TextRule::Known),
    ("MessageID", TextRule::UniqueId),
    ("RelatesTo", TextRule::UniqueId),
    ("Identifier", TextRule::UniqueId),
    ("MessageNumber", TextRule::Number),
    ("BufferRemaining", TextRule::Number),
    ("KeySize", TextRule::Number),
    ("Offset", TextRule::Number),
    ("Length", TextRule::Number),
    ("Value", TextRule::QName),
    ("CipherValue", TextRule::OctetsBehind(first_octets)),
    ("DigestValue", TextRule::Octets),
    ("SignatureValue", TextRule::Octets),
    ("Nonce", TextRule::Octets),
    ("BinarySecurityToken", TextRule::Octets),
    ("KeyIdentifier", TextRule::Octets),
    ("BinarySecret", TextRule::Octets),
    ("BinaryExchange", TextRule::OctetsBy(COPIED)),
    ("CombinedHash", TextRule::Octets),
    ("Modulus", TextRule::Octets),
    ("Exponent", TextRule::Octets),
    ("SignatureConfirmation", TextRule::Octets),
    ("Cookie", TextRule::Octets),
    ("Action", TextRule::Shared),
];

/// WCF copies what negotiations exchange from a buffer into the message, so many octets at a time.
const COPIED: usize = 384;

/// How values of attributes are written.
const ATTRIBUTE_RULES: [(&str, AttributeRule); 6] = [
    ("Lower", |_, _| Some(TextRule::Number)),
    ("Upper", |_, _| Some(TextRule::Number)),
    ("Algorithm", algorithm),
    ("ValueType", exchanged),
    ("EncodingType", exchanged),
    ("URI", referred),
];

/// The dictionary has this action, but WCF writes it out.
const LAST_MESSAGE: &str = "http://schemas.xmlsoap.org/ws/2005/02/rm/LastMessage";

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| new(&RULES));
/// WCF makes the actions of faults of any strings; those are not worth their room in the table of a session.
static FAULTS: LazyLock<Vocabulary> = LazyLock::new(|| new(&RULES[..RULES.len() - 1]));

fn new(rules: &[(&'static str, TextRule)]) -> Vocabulary {
    let strings: Vec<&'static str> = STRINGS.lines().collect();
    Vocabulary::new(&strings, &NAMESPACES, rules)
        .with_attributes(&ATTRIBUTE_RULES)
        .with_scopes(&SCOPES)
        .with_plain(&[LAST_MESSAGE])
}

/// The dictionary of WCF's messages with WCF's rules of writing.
pub fn vocabulary() -> &'static Vocabulary {
    &VOCABULARY
}

/// The one that a message is written with.
pub(super) fn vocabulary_of(envelope: &Envelope) -> &'static Vocabulary {
    if envelope.is_fault() { &FAULTS } else { &VOCABULARY }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dictionary_is_the_published_one() {
        assert_eq!(STRINGS.lines().count(), 487);
        for (id, text) in [
            (0x00, "mustUnderstand"),
            (0x02, "Envelope"),
            (0x14, "http://www.w3.org/2005/08/addressing/anonymous"),
            (0x29A, "http://schemas.xmlsoap.org/ws/2005/02/rm/CreateSequence"),
            // The blank at its beginning is WCF's.
            (0x1A8, " http://schemas.xmlsoap.org/ws/2005/02/trust/tlsnego"),
            (0x3CC, "detail"),
        ] {
            assert_eq!(vocabulary().text(id / 2), Some(text), "{id:X}");
        }
        assert_eq!(vocabulary().text(487), None);
        let names = RULES.into_iter().map(|(name, _)| name);
        let names = names.chain(ATTRIBUTE_RULES.into_iter().map(|(name, _)| name));
        for name in names.chain(SCOPES.into_iter().map(|(name, _)| name)) {
            assert!(vocabulary().number(name).is_some(), "{name} is no string of the dictionary");
        }
    }
}
