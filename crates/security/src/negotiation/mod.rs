//! A TLS handshake inside trust messages: how client and service come by a first key when the client
//! does not know the service's certificate (`negotiateServiceCredential="true"`, WCF's default).
//!
//! WS-Trust February 2005 §8 (negotiation and challenge extensions) with the profile "Using WS-Trust
//! for TLS Handshake" (Microsoft, 2007): each leg is a RequestSecurityToken or -Response whose
//! BinaryExchange holds the TLS records of one flight. With the last leg comes a security context
//! token whose key is wrapped in one record of the finished TLS session, and a hash over all legs
//! under that key, so that nobody could change what stood around the records.

mod client;
mod engine;
mod error;
mod pool;
mod service;
mod transcript;

pub use client::{NegotiatedContext, NegotiationClient, NegotiationOptions, NegotiationStep};
pub use engine::{TlsEngine, TlsEngines};
pub use error::NegotiationError;
pub(crate) use service::{
    FinishedHandshake, NegotiationLimits, NegotiationOutcome, NegotiationRequest,
    NegotiationService,
};
pub use transcript::Transcript;

use crate::wsse::Dialect;

/// The value type of a TLS flight. In the older dialect WCF writes it with a space in front, and its
/// client insists on that.
pub fn exchange_value_type(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::February2005 => " http://schemas.xmlsoap.org/ws/2005/02/trust/tlsnego",
        Dialect::Version13 => "http://schemas.xmlsoap.org/ws/2005/02/trust/tlsnego",
    }
}

/// Whether the value type is that of a TLS flight, with or without the space.
pub(crate) fn is_tls_exchange(value_type: &str) -> bool {
    value_type.strip_prefix(' ').unwrap_or(value_type) == exchange_value_type(Dialect::Version13)
}

/// The algorithm of a proof token that is wrapped in a TLS record.
pub(crate) const TLS_WRAP: &str = "http://schemas.xmlsoap.org/2005/02/trust/tlsnego#TLS_Wrap";

/// The most octets of TLS records that one negotiation may bring in one direction, at the client.
pub(crate) const MAX_TLS_OCTETS: usize = 256 * 1024;
/// The most legs that a client answers; a full handshake has four, two of them the service's.
pub(crate) const MAX_LEGS: usize = 16;
