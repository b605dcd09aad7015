//! Rows of WS-SecurityPolicy: bindings, their properties, protected parts (§4, §6, §7, §9, §10).

use waxwing_binding::AlgorithmSuite as Suite;
use waxwing_binding::SecurityHeaderLayout as Layout;

use super::class::Class;
use super::effect::{Effect, Supporting};
use super::row::Row;
use super::row::Rule::{Blocked, Supported};
use crate::name::namespaces::{MSSP, SP11, SP12};

/// Both versions, whose names are the same.
pub(super) const SP: &[&str] = &[SP11, SP12];

const fn met(name: &'static str, effect: Effect, word: &'static str) -> Row {
    Row { namespaces: SP, name, rule: Supported, effect, word, fix: "" }
}

const fn blocked(
    name: &'static str,
    effect: Effect,
    class: Class,
    word: &'static str,
    fix: &'static str,
) -> Row {
    Row { namespaces: SP, name, rule: Blocked(class), effect, word, fix }
}

const fn suite(name: &'static str, suite: Suite) -> Row {
    met(name, Effect::Suite(suite), "an algorithm suite of WS-SecurityPolicy")
}

const XPATH_FIX: &str = "use sp:SignedParts and sp:EncryptedParts: at a service of WCF that is [MessageContract(ProtectionLevel = …)], which never writes XPath";
const TOKENS_FIX: &str = "ask for an endpoint with one credential: <message clientCredentialType=\"Certificate\" /> or \"UserName\" of wsHttpBinding";
const SUITE_FIX: &str =
    "write an algorithmSuite that WCF has: algorithmSuite=\"Basic256Sha256\", for example";

pub(super) const ROWS: &[Row] = &[
    met("TransportBinding", Effect::TransportBinding, "TLS protects the messages"),
    met("SymmetricBinding", Effect::SymmetricBinding, "one key protects both directions"),
    met(
        "AsymmetricBinding",
        Effect::AsymmetricBinding,
        "a certificate of each end protects the messages",
    ),
    met("ProtectionToken", Effect::ProtectionToken, "what the key comes from"),
    met("TransportToken", Effect::TransportToken, "what protects the connection"),
    met("InitiatorToken", Effect::InitiatorToken, "the client's certificate"),
    met("RecipientToken", Effect::RecipientToken, "the service's certificate"),
    blocked(
        "EncryptionToken",
        Effect::Nothing,
        Class::Token,
        "one token encrypts and another signs, in one direction",
        "use one sp:ProtectionToken, as wsHttpBinding with <message clientCredentialType=\"…\" /> does",
    ),
    blocked(
        "SignatureToken",
        Effect::Nothing,
        Class::Token,
        "one token signs and another encrypts, in one direction",
        "use one sp:ProtectionToken, as wsHttpBinding with <message clientCredentialType=\"…\" /> does",
    ),
    blocked(
        "InitiatorSignatureToken",
        Effect::Nothing,
        Class::Token,
        "the client signs with one certificate and is encrypted for with another",
        "use one sp:InitiatorToken, as authenticationMode=\"MutualCertificate\" does",
    ),
    blocked(
        "InitiatorEncryptionToken",
        Effect::Nothing,
        Class::Token,
        "the client signs with one certificate and is encrypted for with another",
        "use one sp:InitiatorToken, as authenticationMode=\"MutualCertificate\" does",
    ),
    blocked(
        "RecipientSignatureToken",
        Effect::Nothing,
        Class::Token,
        "the service signs with one certificate and is encrypted for with another",
        "use one sp:RecipientToken, as authenticationMode=\"MutualCertificate\" does",
    ),
    blocked(
        "RecipientEncryptionToken",
        Effect::Nothing,
        Class::Token,
        "the service signs with one certificate and is encrypted for with another",
        "use one sp:RecipientToken, as authenticationMode=\"MutualCertificate\" does",
    ),
    met("AlgorithmSuite", Effect::AlgorithmSuite, "the algorithms"),
    suite("Basic256", Suite::Basic256),
    suite("Basic192", Suite::Basic192),
    suite("Basic128", Suite::Basic128),
    suite("TripleDes", Suite::TripleDes),
    suite("Basic256Rsa15", Suite::Basic256Rsa15),
    suite("Basic192Rsa15", Suite::Basic192Rsa15),
    suite("Basic128Rsa15", Suite::Basic128Rsa15),
    suite("TripleDesRsa15", Suite::TripleDesRsa15),
    suite("Basic256Sha256", Suite::Basic256Sha256),
    suite("Basic192Sha256", Suite::Basic192Sha256),
    suite("Basic128Sha256", Suite::Basic128Sha256),
    suite("TripleDesSha256", Suite::TripleDesSha256),
    suite("Basic256Sha256Rsa15", Suite::Basic256Sha256Rsa15),
    suite("Basic192Sha256Rsa15", Suite::Basic192Sha256Rsa15),
    suite("Basic128Sha256Rsa15", Suite::Basic128Sha256Rsa15),
    suite("TripleDesSha256Rsa15", Suite::TripleDesSha256Rsa15),
    blocked(
        "InclusiveC14N",
        Effect::Nothing,
        Class::Algorithm,
        "inclusive canonicalization",
        SUITE_FIX,
    ),
    blocked(
        "InclusiveC14N11",
        Effect::Nothing,
        Class::Algorithm,
        "inclusive canonicalization 1.1",
        SUITE_FIX,
    ),
    blocked(
        "SOAPNormalization10",
        Effect::Nothing,
        Class::Algorithm,
        "SOAP message normalization",
        SUITE_FIX,
    ),
    blocked(
        "STRTransform10",
        Effect::Nothing,
        Class::Algorithm,
        "the STR transform for every token",
        "take useStrTransform=\"true\" away, and choose another algorithmSuite=\"…\" at the service",
    ),
    blocked("XPath10", Effect::Nothing, Class::Algorithm, "XPath in signatures", SUITE_FIX),
    blocked(
        "XPathFilter20",
        Effect::Nothing,
        Class::Algorithm,
        "XPath filters in signatures",
        SUITE_FIX,
    ),
    blocked(
        "AbsXPath",
        Effect::Nothing,
        Class::Algorithm,
        "absolute XPath in signatures",
        SUITE_FIX,
    ),
    Row {
        namespaces: &["http://cxf.apache.org/custom/security-policy"],
        name: "*",
        rule: Blocked(Class::Algorithm),
        effect: Effect::Nothing,
        word: "an algorithm suite that only Apache CXF has",
        fix: SUITE_FIX,
    },
    met("Layout", Effect::Layout, "the order of the security header"),
    met(
        "Strict",
        Effect::LayoutOf(Layout::Strict),
        "what is referred to stands before the reference",
    ),
    met("Lax", Effect::LayoutOf(Layout::Lax), "any order"),
    met(
        "LaxTsFirst",
        Effect::LayoutOf(Layout::LaxTimestampFirst),
        "any order, the timestamp first",
    ),
    met("LaxTsLast", Effect::LayoutOf(Layout::LaxTimestampLast), "any order, the timestamp last"),
    met(
        "LaxTimestampFirst",
        Effect::LayoutOf(Layout::LaxTimestampFirst),
        "any order, the timestamp first",
    ),
    met(
        "LaxTimestampLast",
        Effect::LayoutOf(Layout::LaxTimestampLast),
        "any order, the timestamp last",
    ),
    met("IncludeTimestamp", Effect::IncludeTimestamp, "each message says until when it holds"),
    met("EncryptBeforeSigning", Effect::EncryptBeforeSigning, "what is encrypted is signed"),
    // The default, which CXF's tests write although no version of the specification has it.
    met("SignBeforeEncrypting", Effect::Nothing, "what is signed is encrypted (the default)"),
    met("EncryptSignature", Effect::EncryptSignature, "the signature is encrypted, too"),
    met("ProtectTokens", Effect::ProtectTokens, "the signature covers the token that made it"),
    met(
        "OnlySignEntireHeadersAndBody",
        Effect::Nothing,
        "only whole headers and whole bodies are signed",
    ),
    met(
        "EndorsingSupportingTokens",
        Effect::Supporting(Supporting::Endorsing),
        "a token that signs the signature",
    ),
    met(
        "SignedEndorsingSupportingTokens",
        Effect::Supporting(Supporting::SignedEndorsing),
        "a token that is signed and signs the signature",
    ),
    met("SignedSupportingTokens", Effect::Supporting(Supporting::Signed), "a token that is signed"),
    met(
        "SignedEncryptedSupportingTokens",
        Effect::Supporting(Supporting::SignedEncrypted),
        "a token that is signed and encrypted",
    ),
    met("SupportingTokens", Effect::Supporting(Supporting::Plain), "a token beside the others"),
    met(
        "EncryptedSupportingTokens",
        Effect::Supporting(Supporting::Encrypted),
        "a token that is encrypted",
    ),
    blocked(
        "EndorsingEncryptedSupportingTokens",
        Effect::Supporting(Supporting::EndorsingEncrypted),
        Class::Token,
        "a token that is encrypted and signs the signature",
        TOKENS_FIX,
    ),
    blocked(
        "SignedEndorsingEncryptedSupportingTokens",
        Effect::Supporting(Supporting::SignedEndorsingEncrypted),
        Class::Token,
        "a token that is signed, encrypted, and signs the signature",
        TOKENS_FIX,
    ),
    met("Wss10", Effect::Wss10, "WS-Security 1.0"),
    met("Wss11", Effect::Wss11, "WS-Security 1.1"),
    met("MustSupportRefKeyIdentifier", Effect::Nothing, "key identifiers are understood"),
    met("MustSupportRefIssuerSerial", Effect::Nothing, "issuer and serial number are understood"),
    met(
        "MustSupportRefExternalURI",
        Effect::Nothing,
        "references to tokens elsewhere are understood by the service",
    ),
    met(
        "MustSupportRefEmbeddedToken",
        Effect::Nothing,
        "embedded tokens are understood by the service",
    ),
    met("MustSupportRefThumbprint", Effect::Nothing, "thumbprints are understood"),
    met("MustSupportRefEncryptedKey", Effect::Nothing, "hashes of encrypted keys are understood"),
    met(
        "RequireSignatureConfirmation",
        Effect::SignatureConfirmation,
        "answers confirm the signatures of their requests",
    ),
    met("Trust10", Effect::Trust10, "WS-Trust of February 2005"),
    met("Trust13", Effect::Trust13, "WS-Trust 1.3"),
    met("MustSupportIssuedTokens", Effect::Nothing, "issued tokens are understood"),
    met("RequireClientEntropy", Effect::ClientEntropy, "the client contributes to new keys"),
    met("RequireServerEntropy", Effect::ServerEntropy, "the service contributes to new keys"),
    met(
        "RequireRequestSecurityTokenCollection",
        Effect::Nothing,
        "several tokens may be asked for at once",
    ),
    blocked(
        "RequireAppliesTo",
        Effect::Nothing,
        Class::Protection,
        "a request for a token must say what for",
        "take sp:RequireAppliesTo away: WCF's bindings (<message establishSecurityContext=\"true\" />) do without",
    ),
    blocked(
        "MustSupportClientChallenge",
        Effect::Nothing,
        Class::Protection,
        "the client may challenge the service when a token is asked for",
        "take sp:MustSupportClientChallenge away: WCF's bindings (<message negotiateServiceCredential=\"…\" />) have none",
    ),
    blocked(
        "MustSupportServerChallenge",
        Effect::Nothing,
        Class::Protection,
        "the service may challenge the client when a token is asked for",
        "take sp:MustSupportServerChallenge away: WCF's bindings (<message negotiateServiceCredential=\"…\" />) have none",
    ),
    blocked(
        "MustSupportInteractiveChallenge",
        Effect::Nothing,
        Class::Protection,
        "the service may ask a person when a token is asked for",
        "take sp:MustSupportInteractiveChallenge away: WCF's bindings (<message negotiateServiceCredential=\"…\" />) have none",
    ),
    met("SignedParts", Effect::SignedParts, "what is signed"),
    met("EncryptedParts", Effect::EncryptedParts, "what is encrypted"),
    met("Body", Effect::Nothing, "the body"),
    met("Header", Effect::Nothing, "a header"),
    blocked(
        "Attachments",
        Effect::Nothing,
        Class::Attachments,
        "MIME parts that are protected",
        "use MTOM in place of attachments: messageEncoding=\"Mtom\"",
    ),
    blocked(
        "SignedElements",
        Effect::Nothing,
        Class::Protection,
        "elements that are signed by XPath",
        XPATH_FIX,
    ),
    blocked(
        "EncryptedElements",
        Effect::Nothing,
        Class::Protection,
        "elements that are encrypted by XPath",
        XPATH_FIX,
    ),
    blocked(
        "ContentEncryptedElements",
        Effect::Nothing,
        Class::Protection,
        "elements whose content is encrypted by XPath",
        XPATH_FIX,
    ),
    blocked(
        "RequiredElements",
        Effect::Nothing,
        Class::Protection,
        "elements that must be there by XPath",
        XPATH_FIX,
    ),
    blocked("XPath", Effect::Nothing, Class::Protection, "an XPath", XPATH_FIX),
    blocked("XPath2", Effect::Nothing, Class::Protection, "an XPath", XPATH_FIX),
    met("RequiredParts", Effect::RequiredParts, "headers that must be there"),
    Row {
        namespaces: &[MSSP],
        name: "*",
        rule: Blocked(Class::Unknown),
        effect: Effect::Nothing,
        word: "an assertion of Microsoft's security policy that is not known",
        fix: "ask for an endpoint of wsHttpBinding with <message clientCredentialType=\"Certificate\" />",
    },
];
