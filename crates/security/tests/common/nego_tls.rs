//! TLS records opened by a recorded master secret (RFC 5246 §6, RFC 5288, RFC 2246), for captures only.
#![allow(dead_code, unreachable_pub)]

use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use openssl::symm::{Cipher, Crypter, Mode, decrypt_aead};

use super::nego::records;

/// What of a handshake is in the clear.
#[derive(Debug, Clone, Default)]
pub struct Hellos {
    pub client_random: Vec<u8>,
    pub server_random: Vec<u8>,
    pub version: [u8; 2],
    pub suite: [u8; 2],
    /// The certificates of whoever sent a Certificate message, DER, leaf first.
    pub client_certificates: Vec<Vec<u8>>,
    pub server_certificates: Vec<Vec<u8>>,
}

/// The handshake messages of a flight before its ChangeCipherSpec: type and content.
fn messages(flight: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let clear = records(flight).into_iter().take_while(|(kind, ..)| *kind == 22);
    let octets: Vec<u8> = clear.flat_map(|(_, _, content)| content).collect();
    let mut rest = octets.as_slice();
    let mut found = Vec::new();
    while let [kind, a, b, c, after @ ..] = rest {
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        found.push((*kind, after[..length].to_vec()));
        rest = &after[length..];
    }
    found
}

fn certificates(content: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = &content[3..];
    let mut found = Vec::new();
    while let [a, b, c, after @ ..] = rest {
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        found.push(after[..length].to_vec());
        rest = &after[length..];
    }
    found
}

impl Hellos {
    pub fn read(client: &[Vec<u8>], server: &[Vec<u8>]) -> Self {
        let mut hellos = Self::default();
        for (kind, content) in client.iter().flat_map(|flight| messages(flight)) {
            match kind {
                1 => hellos.client_random = content[2..34].to_vec(),
                11 => hellos.client_certificates = certificates(&content),
                _ => {}
            }
        }
        for (kind, content) in server.iter().flat_map(|flight| messages(flight)) {
            match kind {
                2 => {
                    hellos.version = [content[0], content[1]];
                    hellos.server_random = content[2..34].to_vec();
                    let suite = 35 + usize::from(content[34]);
                    hellos.suite = [content[suite], content[suite + 1]];
                }
                11 => hellos.server_certificates = certificates(&content),
                _ => {}
            }
        }
        hellos
    }

    /// Opens the proof record: the server's first record after its Finished.
    pub fn open(&self, master: &[u8], server: &[Vec<u8>], record: &[u8]) -> Option<Vec<u8>> {
        let (prf, mac, key_length, cipher) = match self.suite {
            [0xC0, 0x30] => (sha384(), None, 32, Cipher::aes_256_gcm()),
            [0xC0, 0x2F] => (sha256(), None, 16, Cipher::aes_128_gcm()),
            [0xC0, 0x28] => (sha384(), Some((sha384(), 48)), 32, Cipher::aes_256_cbc()),
            [0xC0, 0x27] => (sha256(), Some((sha256(), 32)), 16, Cipher::aes_128_cbc()),
            [0xC0, 0x14] | [0x00, 0x35] => {
                (sha256(), Some((MessageDigest::sha1(), 20)), 32, Cipher::aes_256_cbc())
            }
            [0xC0, 0x13] | [0x00, 0x2F] => {
                (sha256(), Some((MessageDigest::sha1(), 20)), 16, Cipher::aes_128_cbc())
            }
            other => panic!("suite {other:02X?}"),
        };
        let mac_length = mac.map_or(0, |(_, length)| length);
        let iv_length = if mac.is_none() { 4 } else { 16 };
        let seed = [b"key expansion".as_slice(), &self.server_random, &self.client_random].concat();
        let total = 2 * (mac_length + key_length + iv_length);
        let block = match self.version {
            [3, 3] => p_hash(prf, master, &seed, total),
            _ => prf_of_tls10(master, &seed, total),
        };
        let mac_key = &block[mac_length..2 * mac_length];
        let keys = &block[2 * mac_length..];
        let key = &keys[key_length..2 * key_length];
        let iv = &keys[2 * key_length + iv_length..2 * key_length + 2 * iv_length];
        let [(23, version, content)] = &records(record)[..] else { return None };
        let sequence = 1_u64.to_be_bytes();
        let header = |length: usize| {
            let length = (length as u16).to_be_bytes();
            [&sequence[..], &[23], version, &length].concat()
        };
        let Some((digest, length)) = mac else {
            let nonce = [iv, &content[..8]].concat();
            let (text, tag) = content[8..].split_at(content.len() - 24);
            return decrypt_aead(cipher, key, Some(&nonce), &header(text.len()), text, tag).ok();
        };
        let (iv, text) = match self.version {
            // The last block of the record before it (the Finished).
            [3, 1] => {
                let finished = server.iter().flat_map(|flight| records(flight)).last()?.2;
                (finished[finished.len() - 16..].to_vec(), content.as_slice())
            }
            _ => (content[..16].to_vec(), &content[16..]),
        };
        let mut crypter = Crypter::new(cipher, Mode::Decrypt, key, Some(&iv)).ok()?;
        crypter.pad(false);
        let mut out = vec![0; text.len() + 16];
        let count = crypter.update(text, &mut out).ok()?;
        let count = count + crypter.finalize(&mut out[count..]).ok()?;
        out.truncate(count);
        let padding = usize::from(*out.last()?) + 1;
        out.truncate(out.len().checked_sub(padding + length)? + length);
        let found = out.split_off(out.len() - length);
        let signed = [header(out.len()), out.clone()].concat();
        (hmac(digest, mac_key, &signed) == found).then_some(out)
    }
}

fn sha256() -> MessageDigest {
    MessageDigest::sha256()
}

fn sha384() -> MessageDigest {
    MessageDigest::sha384()
}

fn hmac(digest: MessageDigest, key: &[u8], octets: &[u8]) -> Vec<u8> {
    let key = PKey::hmac(key).unwrap();
    Signer::new(digest, &key).unwrap().sign_oneshot_to_vec(octets).unwrap()
}

pub fn p_hash(digest: MessageDigest, secret: &[u8], seed: &[u8], length: usize) -> Vec<u8> {
    let (mut a, mut out) = (seed.to_vec(), Vec::new());
    while out.len() < length {
        a = hmac(digest, secret, &a);
        out.extend(hmac(digest, secret, &[&a, seed].concat()));
    }
    out.truncate(length);
    out
}

fn prf_of_tls10(secret: &[u8], seed: &[u8], length: usize) -> Vec<u8> {
    let half = secret.len().div_ceil(2);
    let (first, second) = (&secret[..half], &secret[secret.len() - half..]);
    let md5 = p_hash(MessageDigest::md5(), first, seed, length);
    let sha1 = p_hash(MessageDigest::sha1(), second, seed, length);
    md5.into_iter().zip(sha1).map(|(a, b)| a ^ b).collect()
}
