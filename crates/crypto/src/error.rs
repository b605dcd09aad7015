//! What can go wrong with keys and certificates.

/// Why a key or certificate cannot be used. `Debug` is the text as well: it is what a `main` prints.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// The octets are no X.509 certificate.
    #[error("this is not an X.509 certificate: {0}")]
    NotACertificate(String),
    /// The octets are no private key.
    #[error("this is not an unencrypted RSA private key in PEM or DER: {0}")]
    NotAPrivateKey(String),
    /// Only RSA keys are known to the algorithm suites.
    #[error("the key is no RSA key, but every algorithm suite of WS-SecurityPolicy needs RSA")]
    NotRsa,
    /// The key is too short or too long.
    #[error("an RSA key of {0} bits; 1024 to 4096 bits are accepted")]
    KeySize(u32),
    /// The public exponent of the key protects nothing.
    #[error("an RSA key whose public exponent is 1 or even protects nothing")]
    Exponent,
    /// The file holds no certificate.
    #[error("there is no certificate in it; expected '-----BEGIN CERTIFICATE-----' or PKCS#12")]
    NoCertificate,
    /// The file holds no private key.
    #[error("there is no private key in it; expected '-----BEGIN PRIVATE KEY-----' or PKCS#12")]
    NoPrivateKey,
    /// Certificate and key are of different key pairs.
    #[error("the private key does not belong to the certificate '{0}'")]
    Mismatch(String),
    /// The password of a PKCS#12 file is another one.
    #[error("the PKCS#12 file cannot be opened: the password is wrong")]
    Password,
    /// A PKCS#12 file cannot be opened.
    #[error("the PKCS#12 file cannot be opened: {0}")]
    Pkcs12(String),
    /// An operation of the library failed.
    #[error("{what} failed: {reason}")]
    Operation {
        /// Which.
        what: &'static str,
        /// What the library said.
        reason: String,
    },
}

impl std::fmt::Debug for CryptoError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// The words of the library's last error.
pub(crate) fn reason(stack: &openssl::error::ErrorStack) -> String {
    let first = stack.errors().last().and_then(|e| e.reason());
    first.map_or_else(|| "unknown reason".to_owned(), str::to_owned)
}

/// An error of an operation.
pub(crate) fn failed(what: &'static str) -> impl FnOnce(openssl::error::ErrorStack) -> CryptoError {
    move |stack| CryptoError::Operation { what, reason: reason(&stack) }
}

/// An answer of the library. Where it is no, the reason stays in the thread's queue of errors, and the next TLS connection
/// of the same thread would take it for an error of its own: so it is taken out.
pub(crate) fn answered<T>(answer: T) -> T {
    drop(openssl::error::ErrorStack::get());
    answer
}
