//! TLS below HTTP (RFC 9110 §4.2.2, RFC 8446, RFC 5246): what both ends are set to, and what a peer has shown. Sockets are
//! somebody else's.
//!
//! Here too the handshake trusts nobody and refuses nobody: it proves that the peer has the private key, and whoever has
//! the connection decides what the certificate is worth, before anything goes over it.

use std::ops::RangeInclusive;

use openssl::error::ErrorStack;
use openssl::ssl::{
    SslConnector, SslConnectorBuilder, SslContext, SslContextBuilder, SslMethod, SslMode,
    SslOptions, SslRef, SslSessionCacheMode, SslVerifyMode,
};
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::{X509CheckFlags, X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509StoreContext, X509StoreContextRef};

use crate::certificate::Certificate;
use crate::error::{CryptoError, answered, failed};
use crate::identity::Identity;
use crate::tls::TlsVersion;

/// The versions of TLS that are spoken when nobody says anything else.
pub const VERSIONS: RangeInclusive<TlsVersion> = TlsVersion::Tls12..=TlsVersion::Tls13;

/// The suites of TLS 1.2 and before: those with forward secrecy that Windows and OpenSSL have, then plain RSA for peers that
/// have nothing else.
const SUITES: &str = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:ECDHE+AES:RSA+AESGCM:RSA+AES:!aNULL:!eNULL:!PSK:!SRP:!AESCCM";

/// How many sessions are kept to be resumed.
const SESSIONS: i32 = 1024;

/// How one end speaks TLS.
#[derive(Debug, Clone)]
pub struct TlsProfile {
    /// Its versions.
    pub versions: RangeInclusive<TlsVersion>,
    /// The suites of TLS 1.2 and before, as OpenSSL writes them; none: those that are good.
    pub suites: Option<String>,
}

impl Default for TlsProfile {
    fn default() -> Self {
        Self { versions: VERSIONS, suites: None }
    }
}

impl TlsProfile {
    fn apply(&self, builder: &mut SslContextBuilder) -> Result<(), ErrorStack> {
        let (oldest, newest) = (*self.versions.start(), *self.versions.end());
        builder.set_min_proto_version(Some(oldest.number()))?;
        builder.set_max_proto_version(Some(newest.number()))?;
        // Level 1 takes RSA keys of 1024 bits, as Windows does; before TLS 1.2 signatures are SHA-1's.
        let level = if oldest < TlsVersion::Tls12 { 0 } else { 1 };
        let suites = self.suites.as_deref().unwrap_or(SUITES);
        builder.set_cipher_list(&format!("{suites}:@SECLEVEL={level}"))?;
        // A client that renegotiates makes the server work; nobody here needs it.
        builder.set_options(SslOptions::NO_RENEGOTIATION | SslOptions::NO_COMPRESSION);
        // What is written again may lie elsewhere and be more; idle connections hold no buffers.
        builder.set_mode(
            SslMode::NO_AUTO_CHAIN
                | SslMode::AUTO_RETRY
                | SslMode::ACCEPT_MOVING_WRITE_BUFFER
                | SslMode::ENABLE_PARTIAL_WRITE
                | SslMode::RELEASE_BUFFERS,
        );
        Ok(())
    }
}

/// A client's settings; it shows `identity` when a server asks for a certificate.
///
/// # Errors
///
/// The library refuses certificate, key, versions or suites.
pub fn client(
    profile: &TlsProfile,
    identity: Option<&Identity>,
) -> Result<SslConnectorBuilder, CryptoError> {
    let build = || {
        let mut builder = SslConnector::builder(SslMethod::tls_client())?;
        profile.apply(&mut builder)?;
        show(&mut builder, identity)?;
        builder.set_session_cache_size(SESSIONS);
        Ok::<_, ErrorStack>(builder)
    };
    build().map_err(failed("setting up TLS"))
}

/// A server's settings. Where it `asks` for a certificate, a client may come without.
///
/// # Errors
///
/// The library refuses certificate, key, versions or suites.
pub fn server(
    profile: &TlsProfile,
    identity: &Identity,
    asks: bool,
) -> Result<SslContext, CryptoError> {
    let build = || {
        let mut builder = SslContextBuilder::new(SslMethod::tls_server())?;
        profile.apply(&mut builder)?;
        builder.set_options(SslOptions::CIPHER_SERVER_PREFERENCE | SslOptions::PRIORITIZE_CHACHA);
        show(&mut builder, Some(identity))?;
        builder.set_session_id_context(b"waxwing https")?;
        if asks {
            builder.set_verify_callback(SslVerifyMode::PEER, |_, _| true);
            // A ticket holds the client's certificate without its chain; the server's own memory has both.
            builder.set_options(SslOptions::NO_TICKET);
        }
        builder.set_session_cache_mode(SslSessionCacheMode::SERVER);
        builder.set_session_cache_size(SESSIONS);
        Ok::<_, ErrorStack>(builder.build())
    };
    build().map_err(failed("setting up TLS"))
}

/// The settings of a server that speaks with nobody but those whom `judge` lets in, by the certificates that they show (their
/// own first): the handshake fails of whoever shows none or others. It is asked once or more often in each handshake, and no
/// session is resumed without it.
///
/// # Errors
///
/// The library refuses certificate, key, versions or suites.
pub fn closed_server(
    profile: &TlsProfile,
    identity: &Identity,
    judge: impl Fn(&[Certificate]) -> bool + Send + Sync + 'static,
) -> Result<SslContext, CryptoError> {
    let build = || {
        let mut builder = SslContextBuilder::new(SslMethod::tls_server())?;
        profile.apply(&mut builder)?;
        builder.set_options(SslOptions::CIPHER_SERVER_PREFERENCE | SslOptions::NO_TICKET);
        show(&mut builder, Some(identity))?;
        builder.set_session_cache_mode(SslSessionCacheMode::OFF);
        let mode = SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT;
        builder.set_verify_callback(mode, move |_, context| {
            let shown = being_shown(context);
            !shown.is_empty() && judge(&shown)
        });
        Ok::<_, ErrorStack>(builder.build())
    };
    build().map_err(failed("setting up TLS"))
}

/// Shows an identity with its intermediate authorities; a root the peer must have.
fn show(builder: &mut SslContextBuilder, identity: Option<&Identity>) -> Result<(), ErrorStack> {
    let Some(identity) = identity else { return Ok(()) };
    builder.set_certificate(identity.certificate.x509())?;
    builder.set_private_key(identity.key.pkey())?;
    for authority in identity.chain.iter().filter(|authority| !authority.is_self_issued()) {
        builder.add_extra_chain_cert(authority.x509().to_owned())?;
    }
    Ok(())
}

/// The certificates that a peer has shown, its own first; none when it came without.
pub fn shown(ssl: &SslRef) -> Vec<Certificate> {
    let own = ssl.peer_certificate().and_then(|own| Certificate::shown_of_any_key(&own).ok());
    let Some(own) = own else { return Vec::new() };
    let others = ssl.peer_cert_chain().into_iter().flatten();
    let others = others.filter_map(|x509| Certificate::shown_of_any_key(x509).ok());
    let mut all = vec![own];
    all.extend(others.filter(|other| *other != all[0]).collect::<Vec<_>>());
    all
}

/// The certificates that a peer shows in a handshake that is under way: what a callback is asked about.
pub fn being_shown(context: &X509StoreContextRef) -> Vec<Certificate> {
    let ssl = X509StoreContext::ssl_idx().ok().and_then(|index| context.ex_data(index));
    if let Some(all) = ssl.map(shown).filter(|all| !all.is_empty()) {
        return all;
    }
    let chain = context.chain().into_iter().flatten();
    chain.filter_map(|x509| Certificate::shown_of_any_key(x509).ok()).collect()
}

impl Certificate {
    /// Whether it is a certificate of this host, a DNS name or an IP address (RFC 9110 §4.3.4, RFC 6125 §6): one of its
    /// alternative names is the host's; one without DNS names may have it as its common name.
    pub fn is_of_host(&self, host: &str) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
        if host.is_empty() {
            return false;
        }
        let verified = || {
            let mut store = X509StoreBuilder::new()?;
            store.add_cert(self.x509().clone())?;
            let mut parameters = X509VerifyParam::new()?;
            // Only the name is asked about: the certificate is its own root, at whatever time.
            parameters.set_flags(
                X509VerifyFlags::PARTIAL_CHAIN
                    | X509VerifyFlags::NO_CHECK_TIME
                    | X509VerifyFlags::IGNORE_CRITICAL,
            )?;
            parameters.set_auth_level(0);
            parameters.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS);
            match host.parse() {
                Ok(address) => parameters.set_ip(address)?,
                Err(_) => parameters.set_host(host)?,
            }
            store.set_param(&parameters)?;
            let store = store.build();
            let mut context = X509StoreContext::new()?;
            context.init(&store, self.x509(), &*Stack::new()?, |c| answered(c.verify_cert()))
        };
        // Windows takes an address that stands where a name belongs.
        let is_named = || {
            host.parse::<std::net::IpAddr>().is_ok() && self.dns_names().iter().any(|n| n == host)
        };
        verified().unwrap_or(false) || is_named()
    }
}

/// What the library says of an error of a connection, in words.
pub fn words(error: &openssl::ssl::Error) -> String {
    crate::tls::words(error)
}
