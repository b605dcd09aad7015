//! What is read out of captured messages and recorded keys: what was drawn, when it was made, what was encrypted.
#![allow(dead_code, unreachable_pub)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use waxwing_crypto::{BlockCipher, CipherKey};
use waxwing_soap::Envelope;
use waxwing_xml::{Element, Limits};

pub fn envelope(text: &str) -> Envelope {
    Envelope::parse(text, &Limits::SOAP).unwrap_or_else(|e| panic!("{e}: {text}"))
}

pub fn action(text: &str) -> String {
    let envelope = envelope(text);
    let namespace = envelope.version().addressing.namespace();
    envelope.header_named(namespace, "Action").map(|h| h.text().into_owned()).unwrap_or_default()
}

/// The decoded content of the first element with that local name.
pub fn records_of(text: &str, local: &str) -> Option<Vec<u8>> {
    octets_of(text, local).into_iter().next()
}

/// The decoded contents of all elements with that local name, in document order.
pub fn octets_of(text: &str, local: &str) -> Vec<Vec<u8>> {
    let envelope = envelope(text);
    let root = envelope.document().root();
    let found = root.descendants_and_self().filter(|e| e.local_name() == local);
    found.filter_map(|e| STANDARD.decode(e.text().trim()).ok()).collect()
}

/// The texts of all elements with that local name.
pub fn texts_of(text: &str, local: &str) -> Vec<String> {
    let envelope = envelope(text);
    let root = envelope.document().root();
    let found = root.descendants_and_self().filter(|e| e.local_name() == local);
    found.map(|e: Element<'_>| e.text().into_owned()).collect()
}

/// The octets of a GUID in `urn:uuid:…` or `uuid-…-n`.
pub fn guid(text: &str) -> Vec<u8> {
    let text =
        text.trim_start_matches("urn:").trim_start_matches("uuid").trim_start_matches([':', '-']);
    unhex(&text[..36].replace('-', ""))
}

/// The initialization vectors of a message in the order in which we draw them.
pub fn vectors(text: &str, username: bool) -> Vec<Vec<u8>> {
    let envelope = envelope(text);
    let root = envelope.document().root();
    let encrypted = root.descendants_and_self().filter(|e| e.local_name() == "EncryptedData");
    let block = if text.contains("xmlenc#tripledes-cbc") { 8 } else { 16 };
    let mut found: Vec<Vec<u8>> = encrypted
        .map(|e| {
            let value = e.descendants_and_self().find(|e| e.local_name() == "CipherValue").unwrap();
            octets(value)[..block].to_vec()
        })
        .collect();
    let Some(body) = found.pop() else { return found };
    if username {
        found.swap(0, 1);
    } else if text.contains("/RSTR/") && !found.is_empty() {
        // Confirmations stand before the signature.
        found.rotate_right(1);
    }
    found.insert(0, body);
    found
}

pub fn octets(element: Element<'_>) -> Vec<u8> {
    STANDARD.decode(element.text().trim()).unwrap()
}

pub fn guid_at(text: &str) -> Vec<u8> {
    guid(&format!("uuid-{text}"))
}

pub fn created(text: &str) -> Timestamp {
    texts_of(text, "Created")[0].parse().unwrap()
}

pub fn text(envelope: &Envelope) -> String {
    String::from_utf8(envelope.to_bytes()).unwrap()
}

/// Every `psha1` line with that label: secret, seed, derived.
pub fn labelled(keys: &str, label: &str) -> Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> {
    let lines = keys.lines().filter_map(|line| line.strip_prefix("psha1 "));
    let field = |line: &str, name: &str| {
        let found = line.split(' ').find_map(|f| f.strip_prefix(name)?.strip_prefix('='));
        found.unwrap_or_default().to_owned()
    };
    lines
        .filter(|line| field(line, "label") == label)
        .map(|line| {
            let octets = |name| unhex(&field(line, name));
            (octets("secret"), octets("seed"), octets("derived"))
        })
        .collect()
}

pub fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

pub fn unhex(text: &str) -> Vec<u8> {
    let digits = text.trim().as_bytes();
    let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// The message with every EncryptedData replaced by its content, by the derived keys of the keys file.
pub fn plain(text: &str, keys: &str) -> String {
    let derived = labelled(keys, "WS-SecureConversationWS-SecureConversation");
    let mut text = text.to_owned();
    while let Some(start) = text.find("<e:EncryptedData ") {
        let end = start + text[start..].find("</e:EncryptedData>").unwrap() + 18;
        let (key, cipher) = key_of(&text, start, end, &derived);
        let value = octets_in(&text[start..end]);
        let content = CipherKey::new(cipher, &key).unwrap().decrypt(&value).unwrap();
        text.replace_range(start..end, std::str::from_utf8(&content).unwrap());
    }
    text
}

type Derived = (Vec<u8>, Vec<u8>, Vec<u8>);

/// The key that an EncryptedData refers to: by the nonce of its derived key token.
fn key_of(text: &str, start: usize, end: usize, derived: &[Derived]) -> (Vec<u8>, BlockCipher) {
    let id = text[start..end].split("URI=\"#").nth(1).unwrap().split('"').next().unwrap();
    let token = text.find(&format!("DerivedKeyToken u:Id=\"{id}\"")).unwrap();
    let nonce = text[token..].split("Nonce>").nth(1).unwrap().split('<').next().unwrap();
    let nonce = STANDARD.decode(nonce).unwrap();
    let found = derived.iter().find(|(_, seed, _)| *seed == nonce).expect("a recorded derivation");
    let method = text[start..end].split("xmlenc#").nth(3).unwrap().split('"').next().unwrap();
    let cipher = match method {
        "aes256-cbc" => BlockCipher::Aes256,
        "aes192-cbc" => BlockCipher::Aes192,
        "aes128-cbc" => BlockCipher::Aes128,
        _ => BlockCipher::TripleDes,
    };
    (found.2.clone(), cipher)
}

fn octets_in(text: &str) -> Vec<u8> {
    let value = text.split("CipherValue>").nth(1).unwrap().split('<').next().unwrap();
    STANDARD.decode(value).unwrap()
}
