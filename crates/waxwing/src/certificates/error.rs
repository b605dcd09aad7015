//! Why a certificate is not found or cannot be used.

use waxwing_crypto::CryptoError;

/// Why a certificate is not found or cannot be used. The texts contain WCF's.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Nothing fits the reference.
    #[error(
        "Cannot find the X.509 certificate using the following search criteria: {reference}. Searched {searched}; {present}"
    )]
    NotFound {
        /// The four criteria.
        reference: String,
        /// Where it was searched.
        searched: String,
        /// What is there.
        present: String,
    },
    /// Several certificates fit the reference.
    #[error(
        "Found multiple X.509 certificates using the following search criteria: {reference}: {found}. Provide a more \
         specific find value, best the thumbprint with x509FindType=\"FindByThumbprint\""
    )]
    Several {
        /// The four criteria.
        reference: String,
        /// Those found.
        found: String,
    },
    /// It was found, but its private key is not there.
    #[error(
        "the certificate '{subject}' in {file} has no private key; put it into the same PEM file, or beside it as {beside}"
    )]
    NoKey {
        /// Whose.
        subject: String,
        /// Where.
        file: String,
        /// Where its key is looked for.
        beside: String,
    },
    /// A file cannot be read.
    #[error("the certificate file {file} cannot be read: {error}")]
    File {
        /// Which.
        file: String,
        /// Why.
        error: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("the certificate file {file} cannot be used: {error}")]
    Content {
        /// Which.
        file: String,
        /// Why.
        error: CryptoError,
    },
    /// An environment variable with a password is not set.
    #[error(
        "the environment variable {variable}, which should hold the password of {file}, is not set"
    )]
    NoPassword {
        /// Which.
        variable: String,
        /// For what.
        file: String,
    },
    /// The `encodedValue` of an identity.
    #[error(
        "the identity's encodedValue cannot be used: {0}; write it as svcutil does, or the certificate in DER as base64"
    )]
    Encoded(String),
    /// A PKCS#12 file does not open with the password that is set, or with none.
    #[error("the certificate file {file} cannot be opened{}: {hint}", if *.is_set { ", the password is wrong" } else { " without a password" })]
    Password {
        /// Which.
        file: String,
        /// Whether a password is set.
        is_set: bool,
        /// Where the right one belongs.
        hint: String,
    },
    /// A reference that this version cannot look up.
    #[error("{0}")]
    Unsupported(String),
}

debug_is_display!(CertificateError);

impl CertificateError {
    /// A stable code, for searching: that of `waxwing check`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "certificate-missing",
            Self::Several { .. } => "certificate-ambiguous",
            Self::NoKey { .. } => "certificate-key-missing",
            Self::NoPassword { .. } | Self::Password { .. } => "certificate-password",
            Self::Unsupported(_) => "not-supported",
            Self::Encoded(_) => "certificate-identity",
            Self::File { .. } | Self::Content { .. } => "certificate-file",
        }
    }
}
