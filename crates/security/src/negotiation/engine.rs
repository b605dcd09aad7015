//! What a negotiation needs of TLS.

use waxwing_crypto::Certificate;
use waxwing_crypto::tls::{TlsConfig, TlsError, TlsSession};

use super::error::NegotiationError;

/// One TLS session over memory. Nothing of TLS is done here: an implementation over a TLS library is
/// handed in, with versions, certificate and key set; it accepts any certificate of the peer (trust is
/// decided outside) but checks that the peer has its private key.
pub trait TlsEngine: Send {
    /// Takes the peer's records (none at the start of a client) and returns those to send, possibly
    /// none.
    ///
    /// # Errors
    /// What TLS says of a failed handshake.
    fn advance(&mut self, records: &[u8]) -> Result<Vec<u8>, NegotiationError>;

    /// Whether the handshake is complete on this side.
    fn is_complete(&self) -> bool;

    /// The peer's certificate and what came with it, leaf first; empty when it showed none (yet).
    ///
    /// # Errors
    /// When it showed one that cannot be used (no RSA key, one too short): nothing may be said to such a peer.
    fn peer_certificates(&self) -> Result<Vec<Certificate>, NegotiationError>;

    /// Protects octets as exactly one application-data record.
    ///
    /// # Errors
    /// When the handshake is not complete.
    fn wrap(&mut self, octets: &[u8]) -> Result<Vec<u8>, NegotiationError>;

    /// The octets inside application-data records.
    ///
    /// # Errors
    /// When the record does not verify.
    fn unwrap(&mut self, records: &[u8]) -> Result<Vec<u8>, NegotiationError>;
}

/// Makes an engine for every negotiation.
pub trait TlsEngines: Send + Sync {
    /// A new TLS session.
    ///
    /// # Errors
    /// When its configuration is not usable.
    fn engine(&self) -> Result<Box<dyn TlsEngine>, NegotiationError>;
}

impl TlsEngine for TlsSession {
    fn advance(&mut self, records: &[u8]) -> Result<Vec<u8>, NegotiationError> {
        TlsSession::advance(self, records).map_err(tls)
    }

    fn is_complete(&self) -> bool {
        TlsSession::is_complete(self)
    }

    fn peer_certificates(&self) -> Result<Vec<Certificate>, NegotiationError> {
        TlsSession::peer_certificates(self)
            .map_err(|error| NegotiationError::Certificate(error.to_string()))
    }

    fn wrap(&mut self, octets: &[u8]) -> Result<Vec<u8>, NegotiationError> {
        TlsSession::wrap(self, octets).map_err(tls)
    }

    fn unwrap(&mut self, records: &[u8]) -> Result<Vec<u8>, NegotiationError> {
        // Moved, not copied: whoever asks wipes them.
        TlsSession::unwrap(self, records)
            .map(|mut octets| std::mem::take(&mut *octets))
            .map_err(tls)
    }
}

impl TlsEngines for TlsConfig {
    fn engine(&self) -> Result<Box<dyn TlsEngine>, NegotiationError> {
        let session = self.session().map_err(|e| NegotiationError::Tls(e.to_string()))?;
        Ok(Box::new(session))
    }
}

fn tls(error: TlsError) -> NegotiationError {
    NegotiationError::Tls(error.to_string())
}
