//! Who is trusted, decided in code: for [`ChannelFactory::service_trust`](crate::ChannelFactory::service_trust),
//! [`ServiceHostBuilder::client_trust`](crate::ServiceHostBuilder::client_trust) and
//! [`ServiceHostBuilder::user_names`](crate::ServiceHostBuilder::user_names).

pub use waxwing_security::conversation::{
    CertificateTrust, CredentialKind, ExpectedIdentity, SecurityProfile, UserNameValidator,
};
