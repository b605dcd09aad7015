//! An end of TLS that says again what it said when it was recorded, provided that it hears the same.
#![allow(dead_code, unreachable_pub)]

use std::collections::VecDeque;

use waxwing_crypto::Certificate;
use waxwing_security::negotiation::{NegotiationError, TlsEngine};

/// What was recorded of one end.
#[derive(Debug, Clone)]
pub struct RecordedEngine {
    /// Its flights, in order.
    pub own: VecDeque<Vec<u8>>,
    /// The flights of the other end.
    pub peer: Vec<Vec<u8>>,
    /// Whether the other end speaks first.
    pub started: bool,
    /// What the other end showed.
    pub certificates: Vec<Certificate>,
    /// The record in the proof token, and the key in it.
    pub proof: Option<Vec<u8>>,
    pub key: Option<Vec<u8>>,
    /// How many flights of the other end came.
    pub heard: usize,
}

impl TlsEngine for RecordedEngine {
    fn advance(&mut self, records: &[u8]) -> Result<Vec<u8>, NegotiationError> {
        if self.started {
            if self.peer.get(self.heard).map(Vec::as_slice) != Some(records) {
                return Err(NegotiationError::Tls("the records are not the recorded ones".into()));
            }
            self.heard += 1;
        }
        self.started = true;
        Ok(self.own.pop_front().unwrap_or_default())
    }

    fn is_complete(&self) -> bool {
        self.heard == self.peer.len()
    }

    fn peer_certificates(&self) -> Result<Vec<Certificate>, NegotiationError> {
        Ok(if self.heard == 0 { Vec::new() } else { self.certificates.clone() })
    }

    fn wrap(&mut self, octets: &[u8]) -> Result<Vec<u8>, NegotiationError> {
        assert_eq!(Some(octets), self.key.as_deref(), "the recorded key");
        Ok(self.proof.clone().expect("a recorded proof token"))
    }

    fn unwrap(&mut self, records: &[u8]) -> Result<Vec<u8>, NegotiationError> {
        if self.proof.as_deref() != Some(records) {
            return Err(NegotiationError::Tls("the record is not the recorded one".into()));
        }
        Ok(self.key.clone().expect("the key was recorded"))
    }
}
