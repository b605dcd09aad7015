//! A TLS client that resumes its session by identifier (RFC 5246 §7.3, abbreviated handshake), as the
//! cache of a client on Windows may. The first handshake is OpenSSL's; the second is played by hand,
//! for OpenSSL's binding has no safe way to resume.

#![allow(unreachable_pub)]

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};

use openssl::hash::{MessageDigest, hash};
use openssl::ssl::{ErrorCode, Ssl, SslContext, SslContextBuilder, SslMethod, SslStream};
use openssl::ssl::{SslVerifyMode, SslVersion};
use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};
use waxwing_crypto::Certificate;
use waxwing_security::negotiation::{NegotiationError, TlsEngine, TlsEngines};

use super::nego::{file, record, records};
use super::nego_tls::p_hash;

/// What is remembered of the first handshake.
#[derive(Clone)]
struct Session {
    id: Vec<u8>,
    master: Vec<u8>,
    certificate: Certificate,
}

/// Engines of which the first does a full handshake and the others resume it.
pub struct Resuming {
    context: SslContext,
    session: Arc<Mutex<Option<Session>>>,
}

impl Resuming {
    /// A client with that certificate.
    pub fn client(name: &str) -> Arc<Self> {
        let mut builder = SslContextBuilder::new(SslMethod::tls_client()).unwrap();
        builder.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
        builder.set_cipher_list("AES128-GCM-SHA256").unwrap();
        builder.set_verify(SslVerifyMode::NONE);
        let pem = file(&format!("{name}.cert.pem"));
        builder.set_certificate(&openssl::x509::X509::from_pem(&pem).unwrap()).unwrap();
        let pem = file(&format!("{name}.key.pem"));
        let key = openssl::pkey::PKey::private_key_from_pem(&pem).unwrap();
        builder.set_private_key(&key).unwrap();
        Arc::new(Self { context: builder.build(), session: Arc::default() })
    }
}

impl TlsEngines for Resuming {
    fn engine(&self) -> Result<Box<dyn TlsEngine>, NegotiationError> {
        if let Some(session) = self.session.lock().unwrap().clone() {
            return Ok(Box::new(Resumed::new(session)));
        }
        let ssl = Ssl::new(&self.context).unwrap();
        let stream = SslStream::new(ssl, Pipe::default()).unwrap();
        let session = Arc::clone(&self.session);
        Ok(Box::new(Full { stream, complete: false, session }))
    }
}

#[derive(Default, Debug)]
struct Pipe {
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
}

impl Read for Pipe {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.incoming.len().min(out.len());
        if length == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        out[..length].copy_from_slice(&self.incoming[..length]);
        self.incoming.drain(..length);
        Ok(length)
    }
}

impl Write for Pipe {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.outgoing.extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The full handshake.
struct Full {
    stream: SslStream<Pipe>,
    complete: bool,
    session: Arc<Mutex<Option<Session>>>,
}

impl TlsEngine for Full {
    fn advance(&mut self, records: &[u8]) -> Result<Vec<u8>, NegotiationError> {
        self.stream.get_mut().incoming.extend_from_slice(records);
        match self.stream.connect() {
            Ok(()) => {
                self.complete = true;
                let session = self.stream.ssl().session().expect("a session");
                let mut master = vec![0; 48];
                session.master_key(&mut master);
                let certificate = self.peer_certificates().unwrap().remove(0);
                let found = Session { id: session.id().to_vec(), master, certificate };
                *self.session.lock().unwrap() = Some(found);
            }
            Err(error) if error.code() == ErrorCode::WANT_READ => {}
            Err(error) => return Err(NegotiationError::Tls(error.to_string())),
        }
        Ok(std::mem::take(&mut self.stream.get_mut().outgoing))
    }

    fn is_complete(&self) -> bool {
        self.complete
    }

    fn peer_certificates(&self) -> Result<Vec<Certificate>, NegotiationError> {
        let leaf = self.stream.ssl().peer_certificate();
        Ok(leaf.map(|x| Certificate::from_der(&x.to_der().unwrap()).unwrap()).into_iter().collect())
    }

    fn wrap(&mut self, _: &[u8]) -> Result<Vec<u8>, NegotiationError> {
        panic!("a client wraps nothing")
    }

    fn unwrap(&mut self, records: &[u8]) -> Result<Vec<u8>, NegotiationError> {
        self.stream.get_mut().incoming.extend_from_slice(records);
        let mut out = vec![0; records.len()];
        let length = self.stream.ssl_read(&mut out).unwrap();
        out.truncate(length);
        Ok(out)
    }
}

/// The abbreviated handshake with TLS_RSA_WITH_AES_128_GCM_SHA256 (RFC 5288).
struct Resumed {
    session: Session,
    /// The handshake messages so far.
    messages: Vec<u8>,
    keys: Vec<u8>,
    complete: bool,
}

const RANDOM: [u8; 32] = [0x5A; 32];

impl Resumed {
    fn new(session: Session) -> Self {
        Self { session, messages: Vec::new(), keys: Vec::new(), complete: false }
    }

    fn client_hello(&mut self) -> Vec<u8> {
        let id = &self.session.id;
        let mut hello = vec![3, 3];
        hello.extend(RANDOM);
        hello.push(id.len() as u8);
        hello.extend(id);
        // One suite, no compression; extended master secret, renegotiation information, signatures by
        // RSA with SHA-256.
        hello.extend([0, 2, 0x00, 0x9C, 1, 0, 0, 17, 0, 0x17, 0, 0, 0xFF, 0x01, 0, 1, 0]);
        hello.extend([0, 13, 0, 4, 0, 2, 4, 1]);
        let message = handshake(1, &hello);
        self.messages.extend(&message);
        record((22, [3, 3], message))
    }

    fn finished(&self, label: &str) -> Vec<u8> {
        let digest = hash(MessageDigest::sha256(), &self.messages).unwrap();
        let seed = [label.as_bytes(), &digest].concat();
        handshake(20, &p_hash(MessageDigest::sha256(), &self.session.master, &seed, 12))
    }

    /// Key and salt of the client (0) or the server (1).
    fn key(&self, side: usize) -> (&[u8], &[u8]) {
        (&self.keys[16 * side..][..16], &self.keys[32 + 4 * side..][..4])
    }

    fn open(&self, sequence: u64, kind: u8, content: &[u8]) -> Option<Vec<u8>> {
        let (key, salt) = self.key(1);
        let (nonce, rest) = content.split_at(8);
        let (text, tag) = rest.split_at(rest.len() - 16);
        let header = header(sequence, kind, text.len());
        let nonce = [salt, nonce].concat();
        decrypt_aead(Cipher::aes_128_gcm(), key, Some(&nonce), &header, text, tag).ok()
    }

    fn seal(&self, sequence: u64, kind: u8, text: &[u8]) -> Vec<u8> {
        let (key, salt) = self.key(0);
        let mut tag = [0; 16];
        let explicit = sequence.to_be_bytes();
        let nonce = [salt, &explicit].concat();
        let header = header(sequence, kind, text.len());
        let cipher = Cipher::aes_128_gcm();
        let sealed = encrypt_aead(cipher, key, Some(&nonce), &header, text, &mut tag).unwrap();
        record((kind, [3, 3], [&explicit[..], &sealed, &tag].concat()))
    }
}

fn handshake(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u32).to_be_bytes();
    [&[kind], &length[1..], content].concat()
}

fn header(sequence: u64, kind: u8, length: usize) -> Vec<u8> {
    [&sequence.to_be_bytes()[..], &[kind, 3, 3], &(length as u16).to_be_bytes()].concat()
}

impl TlsEngine for Resumed {
    fn advance(&mut self, flight: &[u8]) -> Result<Vec<u8>, NegotiationError> {
        if self.messages.is_empty() {
            return Ok(self.client_hello());
        }
        let [(22, _, hello), (20, ..), (22, _, finished)] = &records(flight)[..] else {
            return Err(NegotiationError::Tls("the session is not resumed".to_owned()));
        };
        let id_length = usize::from(hello[38]);
        assert_eq!(hello[39..39 + id_length], self.session.id, "the same session");
        let seed = [b"key expansion".as_slice(), &hello[6..38], &RANDOM].concat();
        self.keys = p_hash(MessageDigest::sha256(), &self.session.master, &seed, 40);
        self.messages.extend(hello);
        let finished = self.open(0, 22, finished).expect("the server's Finished");
        assert_eq!(finished, self.finished("server finished"));
        self.messages.extend(&finished);
        let own = self.finished("client finished");
        self.complete = true;
        Ok([record((20, [3, 3], vec![1])), self.seal(0, 22, &own)].concat())
    }

    fn is_complete(&self) -> bool {
        self.complete
    }

    fn peer_certificates(&self) -> Result<Vec<Certificate>, NegotiationError> {
        Ok(vec![self.session.certificate.clone()])
    }

    fn wrap(&mut self, _: &[u8]) -> Result<Vec<u8>, NegotiationError> {
        panic!("a client wraps nothing")
    }

    fn unwrap(&mut self, proof: &[u8]) -> Result<Vec<u8>, NegotiationError> {
        let [(23, _, content)] = &records(proof)[..] else {
            panic!("the proof token is one record of application data")
        };
        Ok(self.open(1, 23, content).expect("the proof record"))
    }
}
