//! Signatures that were made or verified.

/// A signature of a message that was sent or received: what a SignatureConfirmation repeats
/// (WS-Security 1.1 §8.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentSignature {
    /// The signature value.
    pub value: Vec<u8>,
    /// Whether the signature was encrypted.
    pub encrypted: bool,
}
