//! TLS engines whose flights are cut, merged or changed on their way, and the records that they are made of.

use std::sync::Arc;

use waxwing_crypto::tls::{TlsConfig, TlsRole, TlsVersion};
use waxwing_crypto::{Certificate, Identity};
use waxwing_security::negotiation::{NegotiationError, TlsEngine, TlsEngines};

use super::identity;

/// Engines whose flights pass through a function before they are sent.
pub struct Reshaped<F> {
    pub inner: Arc<dyn TlsEngines>,
    pub reshape: F,
}

struct ReshapedEngine<F> {
    inner: Box<dyn TlsEngine>,
    reshape: F,
}

impl<F> TlsEngines for Reshaped<F>
where
    F: Fn(Vec<u8>) -> Vec<u8> + Clone + Send + Sync + 'static,
{
    fn engine(&self) -> Result<Box<dyn TlsEngine>, NegotiationError> {
        let (inner, reshape) = (self.inner.engine()?, self.reshape.clone());
        Ok(Box::new(ReshapedEngine { inner, reshape }))
    }
}

impl<F: Fn(Vec<u8>) -> Vec<u8> + Send> TlsEngine for ReshapedEngine<F> {
    fn advance(&mut self, records: &[u8]) -> Result<Vec<u8>, NegotiationError> {
        self.inner.advance(records).map(&self.reshape)
    }

    fn is_complete(&self) -> bool {
        self.inner.is_complete()
    }

    fn peer_certificates(&self) -> Result<Vec<Certificate>, NegotiationError> {
        self.inner.peer_certificates()
    }

    fn wrap(&mut self, octets: &[u8]) -> Result<Vec<u8>, NegotiationError> {
        self.inner.wrap(octets)
    }

    fn unwrap(&mut self, records: &[u8]) -> Result<Vec<u8>, NegotiationError> {
        self.inner.unwrap(records)
    }
}

/// The TLS records of a flight: type, version, content (RFC 5246 §6.2.1).
pub fn records(flight: &[u8]) -> Vec<(u8, [u8; 2], Vec<u8>)> {
    let mut rest = flight;
    let mut found = Vec::new();
    while let [kind, major, minor, high, low, after @ ..] = rest {
        let length = usize::from(*high) << 8 | usize::from(*low);
        assert!(length <= after.len(), "a whole record");
        found.push((*kind, [*major, *minor], after[..length].to_vec()));
        rest = &after[length..];
    }
    assert!(rest.is_empty());
    found
}

pub fn record((kind, version, content): (u8, [u8; 2], Vec<u8>)) -> Vec<u8> {
    let mut octets = vec![kind, version[0], version[1]];
    octets.extend((content.len() as u16).to_be_bytes());
    octets.extend(content);
    octets
}

/// Cuts the clear handshake records of a flight into pieces of at most `size` octets.
pub fn cut(flight: Vec<u8>, size: usize) -> Vec<u8> {
    let mut encrypted = false;
    let mut out = Vec::new();
    for (kind, version, content) in records(&flight) {
        encrypted |= kind == 20;
        match (kind, encrypted) {
            (22, false) => content
                .chunks(size)
                .for_each(|piece| out.extend(record((kind, version, piece.to_vec())))),
            _ => out.extend(record((kind, version, content))),
        }
    }
    out
}

/// Merges adjacent clear handshake records of a flight into one.
pub fn merged(flight: Vec<u8>) -> Vec<u8> {
    let mut encrypted = false;
    let mut all: Vec<(u8, [u8; 2], Vec<u8>)> = Vec::new();
    for (kind, version, content) in records(&flight) {
        encrypted |= kind == 20;
        match all.last_mut() {
            Some((22, _, last)) if kind == 22 && !encrypted => last.extend(content),
            _ => all.push((kind, version, content)),
        }
    }
    all.into_iter().flat_map(record).collect()
}

pub fn client_tls(identity: Option<&Identity>, oldest: TlsVersion) -> Arc<dyn TlsEngines> {
    Arc::new(TlsConfig::new(TlsRole::Client, identity, oldest).unwrap())
}

pub fn service_tls(request_certificate: bool, oldest: TlsVersion) -> Arc<dyn TlsEngines> {
    let role = TlsRole::Server { request_certificate };
    Arc::new(TlsConfig::new(role, Some(&identity("service")), oldest).unwrap())
}
