//! The Security header of WS-Security 1.0 and 1.1: written by [`protect()`], read by [`verify()`].
//!
//! [`protect()`] takes an envelope with its addressing and reliable-messaging headers and a
//! [`ProtectionPlan`]; it signs and encrypts in place and adds the header. [`verify()`] is its mirror:
//! one strict pass over the header, decryption in place, and the result is the only way to a
//! [`Verified`] message, whose parts say by which token they were signed and encrypted.
//!
//! Keys and tokens are inputs: see [`TokenKey`], [`ContextToken`], [`EncryptedKeyToken`] for what a
//! message is protected with and [`TokenResolver`] for what a received one may refer to.

mod dialect;
mod expect;
mod ids;
mod key;
mod known_header;
mod limits;
pub mod names;
mod plan;
mod protect;
mod read;
mod reference;
mod replay;
mod resolver;
mod sent;
mod settings;
mod signed_info;
mod text;
mod token;
mod unread;
mod verified;
mod verify;

pub use dialect::Dialect;
pub use expect::{Expectations, ExpectedSigner, ExpectedToken};
pub use ids::{IdSource, UuidIds};
pub(crate) use key::AUTHENTICATOR_LABEL;
pub use key::{Derivation, MessageKey, TokenKey};
pub(crate) use known_header::KnownContext;
pub use known_header::{known_dialect, passes_security};
pub use plan::{
    Asymmetric, Endorsing, ProtectionPlan, ProtectionToken, Recipient, ShownCertificate, Signer,
    Sources,
};
pub(crate) use protect::declare_utility;
pub use protect::protect;
pub use replay::ReplayCache;
pub(crate) use replay::{ReplayPool, ReplayWindow, lifetime_of};
pub use resolver::{CertificateReference, ContextUse, TokenResolver, X509ReferenceStyle};
pub use sent::SentSignature;
pub use settings::{
    HeaderLayout, PasswordType, ProtectionOrder, SecuritySettings, SecurityVersion,
};
pub use token::{
    ContextToken, DerivedKeyToken, EncryptedKeyReference, EncryptedKeyToken, PasswordDigest,
    ReceivedUsername, SessionKeys, SupportingToken, SupportingUse, TokenKind, TokenPlacement,
    UsernameCredential,
};
pub use verified::{EndorsingProof, PartProtection, PrimaryToken, ProvenContext, Verified};
pub(crate) use verify::check_age;
pub use verify::verify;
