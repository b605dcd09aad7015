//! TLS sessions over memory buffers: for TLS inside SOAP messages (WS-Trust, "TLS Handshake").
//!
//! The handshake is OpenSSL's. It accepts any certificate of the peer, since trust is decided by the caller once the
//! certificate is known, but it checks that the peer has the private key. No server name and no ALPN are sent; TLS 1.3
//! is never offered, because its messages after the handshake have no place in a negotiation.

use std::io::{self, Read, Write};
use std::ops::RangeInclusive;
use std::sync::Arc;

use openssl::ssl::{
    ErrorCode, NameType, ShutdownState, Ssl, SslContext, SslContextBuilder, SslMethod, SslMode,
    SslOptions, SslSessionCacheMode, SslStream, SslVerifyMode, SslVersion,
};

use zeroize::Zeroizing;

use crate::certificate::Certificate;
use crate::error::{CryptoError, failed};
use crate::identity::Identity;

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum TlsVersion {
    /// TLS 1.0, broken; for services that were never updated.
    Tls10,
    /// TLS 1.1, broken; for services that were never updated.
    Tls11,
    /// TLS 1.2.
    #[default]
    Tls12,
    /// TLS 1.3: below HTTP; a negotiation in SOAP messages never has it.
    Tls13,
}

impl TlsVersion {
    pub(crate) fn number(self) -> SslVersion {
        match self {
            TlsVersion::Tls10 => SslVersion::TLS1,
            TlsVersion::Tls11 => SslVersion::TLS1_1,
            TlsVersion::Tls12 => SslVersion::TLS1_2,
            TlsVersion::Tls13 => SslVersion::TLS1_3,
        }
    }
}

impl std::fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            TlsVersion::Tls10 => "TLS 1.0",
            TlsVersion::Tls11 => "TLS 1.1",
            TlsVersion::Tls12 => "TLS 1.2",
            TlsVersion::Tls13 => "TLS 1.3",
        })
    }
}

/// The two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TlsRole {
    /// Begins the handshake.
    Client,
    /// Answers; asks for a certificate of the client or not.
    Server {
        /// Whether the client is asked for its certificate. It may still come without.
        request_certificate: bool,
    },
}

/// The configuration of one end, shared by its sessions.
#[derive(Clone)]
pub struct TlsConfig {
    context: Arc<SslContext>,
    role: TlsRole,
}

impl std::fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TlsConfig({:?})", self.role)
    }
}

/// All suites that Windows offers by default and OpenSSL has: ECDHE and plain RSA with GCM and CBC, DHE with GCM (as a
/// client only: a server would need parameters of its own, and every peer has the others).
const SUITES: &str =
    "ECDHE+AESGCM:DHE+AESGCM:ECDHE+AES:RSA+AESGCM:RSA+AES:!aNULL:!eNULL:!PSK:!SRP:!AESCCM";

impl TlsConfig {
    /// One end with its certificate (a server must have one) and the oldest version that it accepts. The identity's
    /// intermediate authorities are sent along, its root is not.
    ///
    /// # Errors
    ///
    /// The library refuses certificate, key or version; there is no TLS 1.3 here.
    pub fn new(
        role: TlsRole,
        identity: Option<&Identity>,
        oldest: TlsVersion,
    ) -> Result<Self, CryptoError> {
        Self::with_versions(role, identity, oldest..=TlsVersion::Tls12)
    }

    /// As [`TlsConfig::new`], with the newest version too: for peers that fail at the sight of a newer one.
    ///
    /// # Errors
    ///
    /// As for [`TlsConfig::new`].
    pub fn with_versions(
        role: TlsRole,
        identity: Option<&Identity>,
        versions: RangeInclusive<TlsVersion>,
    ) -> Result<Self, CryptoError> {
        if versions.is_empty() || *versions.end() > TlsVersion::Tls12 {
            return Err(CryptoError::Operation {
                what: "setting up TLS inside messages",
                reason: "it has the versions 1.0 to 1.2".to_owned(),
            });
        }
        if matches!(role, TlsRole::Server { .. }) && identity.is_none() {
            return Err(CryptoError::NoCertificate);
        }
        let context = context(role, identity, &versions).map_err(failed("setting up TLS"))?;
        Ok(Self { context: Arc::new(context), role })
    }

    /// A new session.
    ///
    /// # Errors
    ///
    /// The library is out of memory.
    pub fn session(&self) -> Result<TlsSession, CryptoError> {
        let ssl = Ssl::new(&self.context).map_err(failed("starting TLS"))?;
        let stream = SslStream::new(ssl, Pipe::default()).map_err(failed("starting TLS"))?;
        Ok(TlsSession { stream, role: self.role, complete: false })
    }
}

fn context(
    role: TlsRole,
    identity: Option<&Identity>,
    versions: &RangeInclusive<TlsVersion>,
) -> Result<SslContext, openssl::error::ErrorStack> {
    let mut builder = SslContextBuilder::new(match role {
        TlsRole::Client => SslMethod::tls_client(),
        TlsRole::Server { .. } => SslMethod::tls_server(),
    })?;
    // Level 1 accepts RSA keys of 1024 bits, as WCF's algorithm suites do; before TLS 1.2 signatures are SHA-1's.
    let level = if *versions.start() < TlsVersion::Tls12 { 0 } else { 1 };
    builder.set_min_proto_version(Some(versions.start().number()))?;
    builder.set_max_proto_version(Some(versions.end().number()))?;
    builder.set_cipher_list(&format!("{SUITES}:@SECLEVEL={level}"))?;
    // A wrapped key must be exactly one record, without the empty one before it; tickets would add a message.
    builder.set_options(
        SslOptions::DONT_INSERT_EMPTY_FRAGMENTS
            | SslOptions::NO_TICKET
            | SslOptions::NO_RENEGOTIATION
            | SslOptions::NO_COMPRESSION,
    );
    builder.set_mode(SslMode::NO_AUTO_CHAIN);
    if let Some(identity) = identity {
        builder.set_certificate(identity.certificate.x509())?;
        builder.set_private_key(identity.key.pkey())?;
        // The peer may not have the intermediate authorities; the root it must have.
        let root = |c: &&Certificate| c.subject() == c.issuer();
        for authority in identity.chain.iter().filter(|certificate| !root(certificate)) {
            builder.add_extra_chain_cert(authority.x509().to_owned())?;
        }
    }
    let verify = match role {
        TlsRole::Client | TlsRole::Server { request_certificate: true } => SslVerifyMode::PEER,
        TlsRole::Server { request_certificate: false } => SslVerifyMode::NONE,
    };
    builder.set_verify_callback(verify, |_, _| true);
    builder.set_session_cache_mode(match role {
        TlsRole::Client => SslSessionCacheMode::OFF,
        TlsRole::Server { .. } => SslSessionCacheMode::SERVER,
    });
    builder.set_session_cache_size(1024);
    builder.set_session_id_context(b"waxwing")?;
    Ok(builder.build())
}

/// One TLS session. Give it the peer's records, post what it returns.
pub struct TlsSession {
    stream: SslStream<Pipe>,
    role: TlsRole,
    complete: bool,
}

/// Why a session failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The handshake failed.
    #[error("the TLS handshake failed: {0}")]
    Handshake(String),
    /// Data was to be sent or read before the handshake was over.
    #[error("the TLS handshake is not complete")]
    NotComplete,
    /// A record does not verify, or is no whole record.
    #[error("a TLS record cannot be read: {0}")]
    Record(String),
}

impl TlsSession {
    /// Takes the peer's records (none at the start of a client) and returns those to send, possibly none.
    ///
    /// # Errors
    ///
    /// The handshake failed.
    pub fn advance(&mut self, records: &[u8]) -> Result<Vec<u8>, TlsError> {
        self.stream.get_mut().incoming.extend_from_slice(records);
        if !self.complete {
            let result = match self.role {
                TlsRole::Client => self.stream.connect(),
                TlsRole::Server { .. } => self.stream.accept(),
            };
            match result {
                Ok(()) => self.complete = true,
                Err(e) if e.code() == ErrorCode::WANT_READ => {}
                Err(e) => return Err(TlsError::Handshake(words(&e))),
            }
        }
        Ok(std::mem::take(&mut self.stream.get_mut().outgoing))
    }

    /// Whether the handshake is complete on this side.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The peer's certificate and what came with it, leaf first; empty when it showed none (yet).
    ///
    /// # Errors
    ///
    /// A certificate has no RSA key.
    pub fn peer_certificates(&self) -> Result<Vec<Certificate>, CryptoError> {
        let ssl = self.stream.ssl();
        let Some(leaf) = ssl.peer_certificate() else { return Ok(Vec::new()) };
        let mut found = vec![Certificate::shown(&leaf)?];
        for other in ssl.peer_cert_chain().into_iter().flatten() {
            // What is no RSA certificate helps no chain here; it is left out, the leaf must be one.
            match Certificate::shown(other) {
                Ok(certificate) if certificate != found[0] => found.push(certificate),
                _ => {}
            }
        }
        Ok(found)
    }

    /// The version and cipher suite, for the log; `None` before they are known.
    pub fn description(&self) -> Option<String> {
        let ssl = self.stream.ssl();
        ssl.current_cipher().map(|cipher| format!("{} {}", ssl.version_str(), cipher.name()))
    }

    /// The server name that a client sent.
    pub fn server_name(&self) -> Option<&str> {
        self.stream.ssl().servername(NameType::HOST_NAME)
    }

    /// Protects octets as exactly one application-data record.
    ///
    /// # Errors
    ///
    /// The handshake is not complete, or the octets do not fit into one record (16 KiB).
    pub fn wrap(&mut self, octets: &[u8]) -> Result<Vec<u8>, TlsError> {
        if !self.complete {
            return Err(TlsError::NotComplete);
        }
        if octets.is_empty() || octets.len() > 16_384 {
            return Err(TlsError::Record("one record holds 1 to 16384 octets".to_owned()));
        }
        self.stream.ssl_write(octets).map_err(|e| TlsError::Record(words(&e)))?;
        Ok(std::mem::take(&mut self.stream.get_mut().outgoing))
    }

    /// The octets inside application-data records: a key. They are wiped when dropped.
    ///
    /// # Errors
    ///
    /// A record does not verify, there is none, or octets are left over.
    pub fn unwrap(&mut self, records: &[u8]) -> Result<Zeroizing<Vec<u8>>, TlsError> {
        if !self.complete {
            return Err(TlsError::NotComplete);
        }
        self.stream.get_mut().incoming.extend_from_slice(records);
        let mut out = Zeroizing::new(vec![0; records.len()]);
        let mut length = 0;
        loop {
            match self.stream.ssl_read(&mut out[length..]) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(e) if e.code() == ErrorCode::WANT_READ => break,
                Err(e) => return Err(TlsError::Record(words(&e))),
            }
        }
        if length == 0 || !self.stream.get_ref().is_drained() {
            return Err(TlsError::Record(
                "there is no whole record of application data".to_owned(),
            ));
        }
        out.truncate(length);
        Ok(out)
    }
}

impl Drop for TlsSession {
    /// The library forgets a session that ends without a word, and takes it for resumable otherwise. In a negotiation
    /// nobody says goodbye: the records end with the key.
    fn drop(&mut self) {
        if self.complete {
            self.stream.set_shutdown(ShutdownState::SENT | ShutdownState::RECEIVED);
        }
    }
}

impl std::fmt::Debug for TlsSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TlsSession({:?}, complete: {})", self.role, self.complete)
    }
}

/// What the library says of an error.
pub(crate) fn words(error: &openssl::ssl::Error) -> String {
    let reasons = error.ssl_error().map(|stack| stack.errors().iter().filter_map(|e| e.reason()));
    let reasons: Vec<_> = reasons.into_iter().flatten().collect();
    if reasons.is_empty() { error.to_string() } else { reasons.join(", ") }
}

/// What stands in for the socket.
#[derive(Default)]
struct Pipe {
    incoming: Vec<u8>,
    read: usize,
    outgoing: Vec<u8>,
}

impl Pipe {
    fn is_drained(&self) -> bool {
        self.read == self.incoming.len()
    }
}

impl Read for Pipe {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let rest = &self.incoming[self.read..];
        if rest.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let length = rest.len().min(out.len());
        out[..length].copy_from_slice(&rest[..length]);
        self.read += length;
        if self.read == self.incoming.len() {
            self.incoming.clear();
            self.read = 0;
        }
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
