//! Messages as an attacker writes them who has no library of ours: every octet of the Security header, each digest
//! and each MAC computed anew under whatever key he has. Nothing of what is attacked is used to make them.
#![allow(dead_code, unreachable_pub, clippy::disallowed_methods)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use openssl::asn1::{Asn1Object, Asn1OctetString, Asn1Time};
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::x509::{X509Builder, X509Extension, X509NameBuilder};
use waxwing_crypto::{
    BlockCipher, Certificate, CipherKey, DigestAlgorithm, HmacKey, KeyTransport, PrivateKey,
    p_sha1, sha1,
};
use waxwing_soap::Envelope;
use waxwing_xml::{Document, Element, Exclusive, Limits, canonicalize};

pub const TRUST: &str = "http://schemas.xmlsoap.org/ws/2005/02/trust";
pub const CONVERSATION: &str = "http://schemas.xmlsoap.org/ws/2005/02/sc";
pub const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
pub const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
pub const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
pub const WSU: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
pub const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
pub const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
pub const THUMBPRINT: &str =
    "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1";

pub fn base64(octets: &[u8]) -> String {
    STANDARD.encode(octets)
}

/// A key that somebody signs with.
#[derive(Clone)]
pub enum Signer {
    Hmac(Vec<u8>),
    Rsa(PrivateKey),
}

impl Signer {
    fn method(&self) -> &'static str {
        match self {
            Signer::Hmac(_) => "hmac-sha1",
            Signer::Rsa(_) => "rsa-sha1",
        }
    }

    fn sign(&self, octets: &[u8]) -> Vec<u8> {
        match self {
            Signer::Hmac(key) => HmacKey::new(DigestAlgorithm::Sha1, key).sign(octets).to_vec(),
            Signer::Rsa(key) => key.sign(DigestAlgorithm::Sha1, octets).unwrap(),
        }
    }
}

/// A signature to be made, and the content of its KeyInfo.
#[derive(Clone)]
pub struct Signature {
    pub signer: Signer,
    pub key_info: String,
}

/// A message to be made. Everything is public: an attacker may change all of it.
#[derive(Clone)]
pub struct Forge {
    pub action: String,
    pub to: Option<String>,
    pub message_id: Option<String>,
    pub relates_to: Option<String>,
    /// Further headers, signed like those above.
    pub headers: Vec<String>,
    /// Headers that nobody signs, before and after the others.
    pub unsigned: (String, String),
    /// The content of the Body.
    pub body: String,
    pub at: Timestamp,
    /// Children of the Security header before the list of what is encrypted.
    pub tokens: String,
    /// Children behind it.
    pub supporting: String,
    pub primary: Signature,
    pub endorsing: Vec<Signature>,
    /// The Transform elements of what endorses, by which the primary signature has the canonical form that is signed.
    pub transforms: String,
    /// Signatures are written as most stacks write them.
    pub is_usual: bool,
    /// The primary signature is made anew when it is endorsed: of as much, in another order.
    pub resigns: bool,
    /// A key of AES-256 and the content of its KeyInfo; body and signatures are in clear without.
    pub encryption: Option<(Vec<u8>, String)>,
}

impl Forge {
    /// A message in the session `context`, signed by a key whose token stands in `tokens`.
    pub fn new(action: &str, body: &str, at: Timestamp, primary: Signature) -> Self {
        Self {
            action: action.to_owned(),
            to: Some("http://localhost:8000/calculator".to_owned()),
            message_id: Some("urn:uuid:11111111-2222-3333-4444-555555555555".to_owned()),
            relates_to: None,
            headers: Vec::new(),
            unsigned: Default::default(),
            body: body.to_owned(),
            at,
            tokens: String::new(),
            supporting: String::new(),
            primary,
            endorsing: Vec::new(),
            transforms: format!("<Transform Algorithm=\"{C14N}\"></Transform>"),
            is_usual: false,
            resigns: false,
            encryption: None,
        }
    }

    pub fn envelope(&self) -> Envelope {
        let text = self.text();
        Envelope::parse(text.clone(), &Limits::SOAP).unwrap_or_else(|e| panic!("{e}: {text}"))
    }

    pub fn text(&self) -> String {
        let mut headers = vec![format!("<a:Action>{}</a:Action>", self.action)];
        headers.extend(self.message_id.iter().map(|id| format!("<a:MessageID>{id}</a:MessageID>")));
        headers.extend(self.relates_to.iter().map(|id| format!("<a:RelatesTo>{id}</a:RelatesTo>")));
        headers.extend(self.to.iter().map(|to| format!("<a:To>{to}</a:To>")));
        headers.extend(self.headers.iter().cloned());
        let headers: Vec<_> =
            headers.iter().enumerate().map(|(n, h)| with_id(h, &format!("_h{n}"))).collect();
        let start = format!(
            "<s:Envelope xmlns:s=\"{SOAP}\" xmlns:a=\"{ADDRESSING}\" xmlns:u=\"{WSU}\"><s:Header>"
        );
        let plain = format!(
            "{start}{}</s:Header><s:Body u:Id=\"_b\">{}</s:Body></s:Envelope>",
            headers.concat(),
            self.body
        );
        let document = Document::parse(plain.into_bytes(), &Limits::SOAP).expect("XML");
        let mut parts = Vec::new();
        for element in document.root().elements() {
            match element.local_name() {
                "Body" => parts.push(("_b".to_owned(), digest(element))),
                _ => parts.extend(
                    element.elements().enumerate().map(|(n, h)| (format!("_h{n}"), digest(h))),
                ),
            }
        }
        let stamp = self.stamp();
        parts.push(("_t".to_owned(), digest_of(&stamp)));
        let plain = format!("<Transform Algorithm=\"{C14N}\"></Transform>");
        let primary = signature(&self.primary, &parts, &plain);
        let endorsed = [("_s".to_owned(), digest_of(&primary))];
        let endorsing = self
            .endorsing
            .iter()
            .map(|s| signature(s, &endorsed, &self.transforms).replace(" Id=\"_s\"", ""));
        let mut signatures = vec![primary];
        signatures.extend(endorsing);
        if self.resigns {
            parts.reverse();
            signatures[0] = signature(&self.primary, &parts, &plain);
        }
        if self.is_usual {
            for name in ["CanonicalizationMethod", "SignatureMethod", "Transform", "DigestMethod"] {
                let pair = format!("\"></{name}>");
                signatures.iter_mut().for_each(|text| *text = text.replace(&pair, "\"/>"));
            }
        }
        let (mut body, mut list) = (self.body.clone(), String::new());
        if self.encryption.is_some() {
            body = self.encrypted("_e", "Content", &body);
            list.push_str("<e:DataReference URI=\"#_e\"/>");
            for (n, text) in signatures.iter_mut().enumerate() {
                *text = self.encrypted(&format!("_e{n}"), "Element", text);
                list.push_str(&format!("<e:DataReference URI=\"#_e{n}\"/>"));
            }
            list = format!("<e:ReferenceList xmlns:e=\"{XENC}\">{list}</e:ReferenceList>");
        }
        let (before, after) = &self.unsigned;
        format!(
            "{start}{before}{}{after}<o:Security s:mustUnderstand=\"1\" xmlns:o=\"{WSSE}\">{stamp}{}{list}{}{}</o:Security></s:Header>\
             <s:Body u:Id=\"_b\">{body}</s:Body></s:Envelope>",
            headers.concat(),
            self.tokens,
            self.supporting,
            signatures.concat()
        )
    }

    fn stamp(&self) -> String {
        let time = |minutes| {
            let at = self.at + jiff::SignedDuration::from_mins(minutes);
            format!("{}Z", at.strftime("%Y-%m-%dT%H:%M:%S.%3f"))
        };
        let (created, expires) = (time(0), time(5));
        format!(
            "<u:Timestamp u:Id=\"_t\" xmlns:u=\"{WSU}\"><u:Created>{created}</u:Created><u:Expires>{expires}</u:Expires></u:Timestamp>"
        )
    }

    fn encrypted(&self, id: &str, kind: &str, plain: &str) -> String {
        let (key, key_info) = self.encryption.as_ref().expect("a key");
        let key = CipherKey::new(BlockCipher::Aes256, key).expect("a key of AES-256");
        let value = base64(&key.encrypt(&[7; 16], plain.as_bytes()).expect("encrypted"));
        format!(
            "<e:EncryptedData Id=\"{id}\" Type=\"{XENC}{kind}\" xmlns:e=\"{XENC}\">\
             <e:EncryptionMethod Algorithm=\"{XENC}aes256-cbc\"/><KeyInfo xmlns=\"{DSIG}\">{key_info}</KeyInfo>\
             <e:CipherData><e:CipherValue>{value}</e:CipherValue></e:CipherData></e:EncryptedData>"
        )
    }
}

/// The element with a `u:Id`.
fn with_id(element: &str, id: &str) -> String {
    let end = element.find([' ', '>', '/']).expect("a tag");
    format!("{} u:Id=\"{id}\"{}", &element[..end], &element[end..])
}

fn digest(element: Element<'_>) -> String {
    let mut octets = Vec::new();
    canonicalize(element, &Exclusive::default(), &mut octets);
    base64(&sha1(&octets))
}

fn digest_of(text: &str) -> String {
    digest(Document::parse(text.as_bytes().to_vec(), &Limits::SOAP).expect("XML").root())
}

/// A Signature element over these ids and digests.
fn signature(how: &Signature, parts: &[(String, String)], transforms: &str) -> String {
    let algorithm = |name: &str, uri: &str| format!("<{name} Algorithm=\"{uri}\"></{name}>");
    let references: String = parts
        .iter()
        .map(|(id, digest)| {
            format!(
                "<Reference URI=\"#{id}\"><Transforms>{transforms}</Transforms>{}<DigestValue>{digest}</DigestValue></Reference>",
                algorithm("DigestMethod", &format!("{DSIG}sha1"))
            )
        })
        .collect();
    let content = format!(
        "{}{}{references}</SignedInfo>",
        algorithm("CanonicalizationMethod", C14N),
        algorithm("SignatureMethod", &format!("{DSIG}{}", how.signer.method()))
    );
    let canonical = format!("<SignedInfo xmlns=\"{DSIG}\">{content}");
    let value = base64(&how.signer.sign(canonical.as_bytes()));
    format!(
        "<Signature Id=\"_s\" xmlns=\"{DSIG}\"><SignedInfo>{content}<SignatureValue>{value}</SignatureValue>\
         <KeyInfo>{}</KeyInfo></Signature>",
        how.key_info
    )
}

/// A SecurityTokenReference with this content.
pub fn reference(content: &str) -> String {
    format!("<o:SecurityTokenReference xmlns:o=\"{WSSE}\">{content}</o:SecurityTokenReference>")
}

/// A direct reference to an element of the message or to a URI.
pub fn by_uri(uri: &str) -> String {
    reference(&format!("<o:Reference URI=\"{uri}\"/>"))
}

/// A reference by a key identifier.
pub fn by_identifier(value_type: &str, octets: &[u8]) -> String {
    let value = base64(octets);
    reference(&format!("<o:KeyIdentifier ValueType=\"{value_type}\">{value}</o:KeyIdentifier>"))
}

/// A SecurityContextToken, which is in clear in every message of its session.
pub fn context_token(id: &str, identifier: &str) -> String {
    format!(
        "<c:SecurityContextToken u:Id=\"{id}\" xmlns:c=\"{CONVERSATION}\"><c:Identifier>{identifier}</c:Identifier></c:SecurityContextToken>"
    )
}

/// How somebody wants a key to be derived.
#[derive(Clone, Default)]
pub struct Derivation {
    pub offset: Option<u64>,
    pub length: Option<u64>,
    pub label: Option<String>,
    pub nonce: Vec<u8>,
}

impl Derivation {
    /// A key of so many octets with a nonce of zeros.
    pub fn of_length(length: u64) -> Self {
        Self { length: Some(length), nonce: vec![0; 16], ..Self::default() }
    }

    /// The DerivedKeyToken.
    pub fn token(&self, id: &str, base: &str) -> String {
        let number = |name: &str, value: Option<u64>| {
            value.map_or_else(String::new, |v| format!("<c:{name}>{v}</c:{name}>"))
        };
        let label =
            self.label.as_ref().map_or_else(String::new, |l| format!("<c:Label>{l}</c:Label>"));
        format!(
            "<c:DerivedKeyToken u:Id=\"{id}\" xmlns:c=\"{CONVERSATION}\">{base}{}{}{label}<c:Nonce>{}</c:Nonce></c:DerivedKeyToken>",
            number("Offset", self.offset),
            number("Length", self.length),
            base64(&self.nonce)
        )
    }

    /// The key, for who has the secret (WS-SecureConversation §7).
    pub fn key(&self, secret: &[u8]) -> Vec<u8> {
        let label = self.label.as_deref().unwrap_or("WS-SecureConversationWS-SecureConversation");
        let (offset, length) =
            (self.offset.unwrap_or(0) as usize, self.length.unwrap_or(32) as usize);
        let mut octets = vec![0; offset + length];
        p_sha1(secret, &[label.as_bytes(), &self.nonce], &mut octets);
        octets.split_off(offset)
    }
}

/// A key that anybody can encrypt for the owner of a certificate: the EncryptedKey element and what
/// `EncryptedKeySHA1` says of it.
pub fn encrypted_key(
    id: &str,
    recipient: &waxwing_crypto::Certificate,
    key: &[u8],
    key_info: &str,
) -> (String, [u8; 20]) {
    let wrapped = recipient.encrypt_key(KeyTransport::RsaOaep, key).expect("encrypted");
    let element = format!(
        "<e:EncryptedKey Id=\"{id}\" xmlns:e=\"{XENC}\"><e:EncryptionMethod Algorithm=\"{XENC}rsa-oaep-mgf1p\"/>\
         <KeyInfo xmlns=\"{DSIG}\">{key_info}</KeyInfo><e:CipherData><e:CipherValue>{}</e:CipherValue></e:CipherData></e:EncryptedKey>",
        base64(&wrapped)
    );
    (element, sha1(&wrapped))
}

/// A BinarySecurityToken with a certificate.
pub fn certificate_token(id: &str, certificate: &waxwing_crypto::Certificate) -> String {
    format!(
        "<o:BinarySecurityToken u:Id=\"{id}\" ValueType=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3\">{}</o:BinarySecurityToken>",
        base64(certificate.der())
    )
}

/// A certificate whose key identifier is somebody else's: who makes it writes there what he likes.
pub fn with_identifier_of(other: &Certificate, own: &str, pem: &[u8]) -> Certificate {
    let key = PKey::private_key_from_pem(pem).unwrap();
    let ski = |c: &Certificate| c.subject_key_identifier().expect("a key identifier").to_vec();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", own).unwrap();
    let name = name.build();
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(4_000_000_000).unwrap()).unwrap();
    builder.set_pubkey(&key).unwrap();
    let value = [&[4, ski(other).len() as u8][..], &ski(other)].concat();
    let value = Asn1OctetString::new_from_bytes(&value).unwrap();
    let object = Asn1Object::from_str("2.5.29.14").unwrap();
    builder.append_extension(X509Extension::new_from_der(&object, false, &value).unwrap()).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    Certificate::from_der(&builder.build().to_der().unwrap()).unwrap()
}
