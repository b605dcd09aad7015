//! Who is trusted, decided in code: for [`ChannelFactory::service_trust`](crate::ChannelFactory::service_trust),
//! [`ServiceHostBuilder::client_trust`](crate::ServiceHostBuilder::client_trust) and
//! [`ServiceHostBuilder::user_names`](crate::ServiceHostBuilder::user_names).

pub use waxwing_security::conversation::{
    CallerIdentity, CertificateEvidence, CookieKeys, CredentialKind, ExpectedIdentity,
    SecurityProfile, UserNameEvidence,
};

/// The keys of cookies: a [`KeyRing`] for [`CookieKeys::new`].
pub use waxwing_crypto::{KeyRing, KeyRingError, SealingKey, SealingKeyId};

/// What passwords are held in: wiped when dropped.
pub use zeroize::Zeroizing;

pub use crate::authentication::{
    AsyncCertificateTrust, AsyncDigestStore, AsyncPasswordStore, AsyncUserNameValidator,
    CertificateTrust, DigestStore, MAX_BLOCKING_RULES, MAX_BLOCKING_RULES_OF_PEER, PasswordStore,
    UserNameValidator, VERDICT_TIMEOUT,
};
pub use crate::digest::{DigestAlgorithm, DigestSecret};
pub use waxwing_security::wsse::{Dialect, PasswordType};
