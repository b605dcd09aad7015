//! Messages over a protected transport as an attacker writes them who has no library of ours: every octet of the
//! Security header, each digest and each signature computed anew under whatever key he has.
#![allow(dead_code, unreachable_pub)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use waxwing_crypto::{Certificate, DigestAlgorithm, HmacKey, PrivateKey, sha1};
use waxwing_soap::Envelope;
use waxwing_xml::{Document, Element, Exclusive, Limits, canonicalize};

pub const CONVERSATION: &str = "http://schemas.xmlsoap.org/ws/2005/02/sc";
pub const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
pub const WSU: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const X509: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3";

/// What somebody signs with.
#[derive(Clone)]
pub enum Signer {
    Hmac(Vec<u8>),
    Rsa(PrivateKey),
}

impl Signer {
    fn sign(&self, octets: &[u8]) -> Vec<u8> {
        match self {
            Signer::Hmac(key) => HmacKey::new(DigestAlgorithm::Sha1, key).sign(octets).to_vec(),
            Signer::Rsa(key) => key.sign(DigestAlgorithm::Sha1, octets).unwrap(),
        }
    }

    fn method(&self) -> &'static str {
        match self {
            Signer::Hmac(_) => "hmac-sha1",
            Signer::Rsa(_) => "rsa-sha1",
        }
    }
}

/// A message to `to` (whose `u:Id` is `_1`) with these children of its Security header.
pub fn message(action: &str, to: &str, body: &str, children: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"{SOAP}\" xmlns:a=\"{ADDRESSING}\" xmlns:u=\"{WSU}\"><s:Header>\
         <a:Action s:mustUnderstand=\"1\">{action}</a:Action>\
         <a:MessageID u:Id=\"_m\">urn:uuid:11111111-2222-3333-4444-555555555555</a:MessageID>\
         <a:To s:mustUnderstand=\"1\" u:Id=\"_1\">{to}</a:To>\
         <o:Security s:mustUnderstand=\"1\" xmlns:o=\"{WSSE}\">{children}</o:Security></s:Header>\
         <s:Body u:Id=\"_b\">{body}</s:Body></s:Envelope>"
    )
}

/// The timestamp, whose `u:Id` is `_0`.
pub fn timestamp(at: Timestamp) -> String {
    let expires = at + SignedDuration::from_mins(5);
    format!(
        "<u:Timestamp u:Id=\"_0\"><u:Created>{at}</u:Created><u:Expires>{expires}</u:Expires>\
         </u:Timestamp>"
    )
}

/// A certificate's token, whose `u:Id` is `bst`.
pub fn binary_token(certificate: &Certificate) -> String {
    format!(
        "<o:BinarySecurityToken u:Id=\"bst\" ValueType=\"{X509}\">{}</o:BinarySecurityToken>",
        STANDARD.encode(certificate.der())
    )
}

/// The token of a security context.
pub fn context_token(id: &str, identifier: &str) -> String {
    format!(
        "<c:SecurityContextToken u:Id=\"{id}\" xmlns:c=\"{CONVERSATION}\"><c:Identifier>\
         {identifier}</c:Identifier></c:SecurityContextToken>"
    )
}

pub fn username_token(name: &str, password: &str) -> String {
    format!(
        "<o:UsernameToken u:Id=\"user\"><o:Username>{name}</o:Username><o:Password>{password}\
         </o:Password></o:UsernameToken>"
    )
}

/// The message with one more signature, over the elements with these `u:Id`, by the token with that one: the last child
/// of its Security header.
pub fn signed(text: &str, covers: &[&str], signer: &Signer, token: &str) -> String {
    let signature = signature(text, covers, signer, token);
    text.replacen("</o:Security>", &format!("{signature}</o:Security>"), 1)
}

/// The signature itself.
pub fn signature(text: &str, covers: &[&str], signer: &Signer, token: &str) -> String {
    let document = Document::parse(text, &Limits::SOAP).unwrap();
    let references: String = covers.iter().map(|id| reference(&document, id)).collect();
    let info = format!(
        "<CanonicalizationMethod Algorithm=\"{C14N}\"></CanonicalizationMethod>\
         <SignatureMethod Algorithm=\"{DSIG}{}\"></SignatureMethod>{references}",
        signer.method()
    );
    let canonical = format!("<SignedInfo xmlns=\"{DSIG}\">{info}</SignedInfo>");
    let value = STANDARD.encode(signer.sign(canonical.as_bytes()));
    format!(
        "<Signature xmlns=\"{DSIG}\"><SignedInfo>{info}</SignedInfo><SignatureValue>{value}\
         </SignatureValue><KeyInfo><o:SecurityTokenReference><o:Reference URI=\"#{token}\"/>\
         </o:SecurityTokenReference></KeyInfo></Signature>"
    )
}

fn reference(document: &Document, id: &str) -> String {
    let is_it = |e: &Element<'_>| e.attribute_ns(WSU, "Id") == Some(id);
    let digest = match document.root().descendants_and_self().find(is_it) {
        Some(element) => {
            let mut octets = Vec::new();
            canonicalize(element, &Exclusive::default(), &mut octets);
            sha1(&octets)
        }
        None => [0; 20],
    };
    format!(
        "<Reference URI=\"#{id}\"><Transforms><Transform Algorithm=\"{C14N}\"></Transform>\
         </Transforms><DigestMethod Algorithm=\"{DSIG}sha1\"></DigestMethod><DigestValue>{}\
         </DigestValue></Reference>",
        STANDARD.encode(digest)
    )
}

pub fn envelope(text: &str) -> Envelope {
    Envelope::parse(text.to_owned(), &Limits::SOAP).unwrap_or_else(|e| panic!("{e}: {text}"))
}
