//! What is read out of captured messages: what was drawn for them, when they were made, what was encrypted.
#![allow(dead_code, unreachable_pub)]

use jiff::Timestamp;
use waxwing_crypto::{BlockCipher, CipherKey};
use waxwing_soap::Envelope;
use waxwing_xml::Element;

use super::super::nego_recorded::{envelope, guid, labelled, texts_of};

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
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(element.text().trim()).unwrap()
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
    let nonce = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.decode(nonce).unwrap()
    };
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
    use base64::Engine as _;
    let value = text.split("CipherValue>").nth(1).unwrap().split('<').next().unwrap();
    base64::engine::general_purpose::STANDARD.decode(value).unwrap()
}
