//! `<serviceCredentials>` and `<clientCredentials>`.

use crate::config::identity::CertificateReference;
use crate::file::raw::RawXml;
use crate::settings::settings;
use crate::values::Range;
use crate::word::Feature::{IssuedTokens, WindowsAccounts};
use crate::word::Support::{Refused, Runs};
use crate::word::{CLASS, ENCODER, IDENTITY_FOUNDATION, NO_PEERS, NO_WINDOWS, note, note_as, warn};
use crate::{
    AudienceUriMode, StoreLocation, TimeSpan, TokenImpersonationLevel,
    UserNamePasswordValidationMode, X509CertificateValidationMode, X509RevocationMode,
};

settings! {
    /// `<authentication>` of certificates, at the client.
    pub struct ServiceCertificateAuthentication {
        attributes {
            /// When the service's certificate is good enough.
            certificate_validation_mode: X509CertificateValidationMode =
                X509CertificateValidationMode::ChainTrust, "certificateValidationMode" => Runs;
            /// How revocation is checked.
            revocation_mode: X509RevocationMode = X509RevocationMode::Online, "revocationMode"
                => Runs;
            /// Whose trusted stores count.
            trusted_store_location: StoreLocation = StoreLocation::CurrentUser,
                "trustedStoreLocation" => Runs;
            /// Type name of the validator of mode Custom.
            custom_certificate_validator_type: String = String::new(),
                "customCertificateValidatorType" => note(CLASS);
        }
    }
}

settings! {
    /// `<clientCertificate><authentication>`, at the service.
    pub struct ClientCertificateAuthentication {
        attributes {
            /// When a client's certificate is good enough.
            certificate_validation_mode: X509CertificateValidationMode =
                X509CertificateValidationMode::ChainTrust, "certificateValidationMode" => Runs;
            /// How revocation is checked.
            revocation_mode: X509RevocationMode = X509RevocationMode::Online, "revocationMode"
                => Runs;
            /// Whose trusted stores count.
            trusted_store_location: StoreLocation = StoreLocation::LocalMachine,
                "trustedStoreLocation" => Runs;
            /// Type name of the validator of mode Custom.
            custom_certificate_validator_type: String = String::new(),
                "customCertificateValidatorType" => note(CLASS);
            /// Whether Windows groups become claims.
            include_windows_groups: bool = true, "includeWindowsGroups" => note(NO_WINDOWS);
            /// Whether the certificate is mapped to a Windows account.
            map_client_certificate_to_windows_account: bool = false,
                "mapClientCertificateToWindowsAccount" => warn(NO_WINDOWS);
        }
    }
}

settings! {
    /// `<clientCertificate>` at the service.
    pub struct ServiceClientCertificate {
        children {
            /// A client's certificate, only needed for duplex and one-way use.
            certificate: Option<CertificateReference>, "certificate",
                inside note("a client's certificate comes with its messages");
            /// When a client's certificate is good enough.
            authentication: ClientCertificateAuthentication, "authentication";
        }
    }
}

settings! {
    /// `<userNameAuthentication>`.
    pub struct UserNameAuthentication {
        attributes {
            /// Who checks user names and passwords.
            user_name_password_validation_mode: UserNamePasswordValidationMode =
                UserNamePasswordValidationMode::Windows, "userNamePasswordValidationMode"
                    => note_as("Custom", CLASS);
            /// Name of the membership provider.
            membership_provider_name: String = String::new(), "membershipProviderName"
                => note(CLASS);
            /// Type name of the validator of mode Custom.
            custom_user_name_password_validator_type: String = String::new(),
                "customUserNamePasswordValidatorType" => note(CLASS);
            /// Whether Windows groups become claims.
            include_windows_groups: bool = true, "includeWindowsGroups" => note(NO_WINDOWS);
            /// Whether Windows logons are kept.
            cache_logon_tokens: bool = false, "cacheLogonTokens" => note(NO_WINDOWS);
            /// How many.
            max_cached_logon_tokens: u32 = 128, "maxCachedLogonTokens",
                range Range::new(1, i32::MAX as i64) => note(NO_WINDOWS);
            /// How long.
            cached_logon_token_lifetime: TimeSpan = TimeSpan::minutes(15),
                "cachedLogonTokenLifetime", range Range::POSITIVE_SPAN => note(NO_WINDOWS);
        }
    }
}

settings! {
    /// `<windowsAuthentication>`.
    pub struct WindowsAuthentication {
        attributes {
            /// Whether Windows groups become claims.
            include_windows_groups: bool = true, "includeWindowsGroups" => Refused(WindowsAccounts);
            /// Whether anonymous Windows callers are let in.
            allow_anonymous_logons: bool = false, "allowAnonymousLogons"
                => Refused(WindowsAccounts);
        }
    }
}

settings! {
    /// `<secureConversationAuthentication>`.
    pub struct SecureConversationAuthentication {
        attributes {
            /// Type name of the encoder of cookies.
            security_state_encoder_type: String = String::new(), "securityStateEncoderType"
                => warn(ENCODER);
        }
    }
}

settings! {
    /// `<allowedAudienceUris><add>`.
    pub struct AllowedAudienceUri {
        attributes {
            /// An audience (URI).
            allowed_audience_uri: String = String::new(), "allowedAudienceUri",
                range Range::new(1, i64::MAX) => Refused(IssuedTokens);
        }
    }
}

settings! {
    /// `<allowedAudienceUris>`.
    pub struct AllowedAudienceUris {
        children {
            /// An audience.
            add: Vec<AllowedAudienceUri>, "add";
        }
    }
}

settings! {
    /// `<knownCertificates>`.
    pub struct KnownCertificates {
        children {
            /// An issuer's certificate.
            add: Vec<CertificateReference>, "add";
        }
    }
}

settings! {
    /// `<issuedTokenAuthentication>`.
    pub struct IssuedTokenAuthentication {
        attributes {
            /// Whether the audience is checked.
            audience_uri_mode: AudienceUriMode = AudienceUriMode::Always, "audienceUriMode"
                => Refused(IssuedTokens);
            /// When an issuer's certificate is good enough.
            certificate_validation_mode: X509CertificateValidationMode =
                X509CertificateValidationMode::ChainTrust, "certificateValidationMode"
                    => Refused(IssuedTokens);
            /// How revocation is checked.
            revocation_mode: X509RevocationMode = X509RevocationMode::Online, "revocationMode"
                => Refused(IssuedTokens);
            /// Whose trusted stores count.
            trusted_store_location: StoreLocation = StoreLocation::LocalMachine,
                "trustedStoreLocation" => Refused(IssuedTokens);
            /// Whether RSA issuers need no certificate.
            allow_untrusted_rsa_issuers: bool = false, "allowUntrustedRsaIssuers"
                => Refused(IssuedTokens);
            /// Type name of the SAML serializer.
            saml_serializer_type: String = String::new(), "samlSerializerType"
                => Refused(IssuedTokens);
            /// Type name of the validator of mode Custom.
            custom_certificate_validator_type: String = String::new(),
                "customCertificateValidatorType" => Refused(IssuedTokens);
        }
        children {
            /// Audiences.
            allowed_audience_uris: AllowedAudienceUris, "allowedAudienceUris";
            /// Issuers.
            known_certificates: KnownCertificates, "knownCertificates";
        }
    }
}

settings! {
    /// `<serviceCredentials>`: the service's own certificate, and how clients are checked.
    pub struct ServiceCredentials {
        attributes {
            /// Type name of a derived class; not used by Waxwing.
            r#type: String = String::new(), "type" => warn(CLASS);
            /// Whether Windows Identity Foundation decides; not used by Waxwing.
            use_identity_configuration: bool = false, "useIdentityConfiguration"
                => warn(IDENTITY_FOUNDATION);
            /// Name of its configuration.
            identity_configuration: String = String::new(), "identityConfiguration"
                => warn(IDENTITY_FOUNDATION);
        }
        children {
            /// The service's certificate, with private key.
            service_certificate: Option<CertificateReference>, "serviceCertificate";
            /// How clients' certificates are checked.
            client_certificate: ServiceClientCertificate, "clientCertificate";
            /// How user names are checked.
            user_name_authentication: UserNameAuthentication, "userNameAuthentication";
            /// How Windows accounts are checked.
            windows_authentication: WindowsAuthentication, "windowsAuthentication";
            /// Cookies of secure conversations.
            secure_conversation_authentication: SecureConversationAuthentication,
                "secureConversationAuthentication";
            /// How issued tokens are checked.
            issued_token_authentication: IssuedTokenAuthentication, "issuedTokenAuthentication",
                inside Refused(IssuedTokens);
            /// Peer channels; not used.
            peer: RawXml, "peer" => note(NO_PEERS);
        }
    }
}

settings! {
    /// One `<add>` of `scopedCertificates`.
    pub struct ScopedCertificate {
        flatten {
            /// Where the certificate is.
            reference: CertificateReference,
        }
        attributes {
            /// The address that it is for.
            target_uri: String = String::new(), "targetUri" as Uri => Runs;
        }
    }
}

settings! {
    /// `<scopedCertificates>`.
    pub struct ScopedCertificates {
        children {
            /// A certificate for one address.
            add: Vec<ScopedCertificate>, "add";
        }
    }
}

settings! {
    /// `<serviceCertificate>` at the client.
    pub struct ClientServiceCertificate {
        children {
            /// The certificate of services without an entry of their own.
            default_certificate: Option<CertificateReference>, "defaultCertificate";
            /// Certificates by address.
            scoped_certificates: ScopedCertificates, "scopedCertificates";
            /// When the service's certificate is good enough.
            authentication: ServiceCertificateAuthentication, "authentication";
            /// When the certificate of an HTTPS server is good enough: in place of every other check, that of the host's
            /// name included. Absent: a chain to a root of the system or of the Root folder, and the host's name.
            ssl_certificate_authentication: Option<ServiceCertificateAuthentication>,
                "sslCertificateAuthentication";
        }
    }
}

settings! {
    /// `<windows>` at the client.
    pub struct WindowsClient {
        attributes {
            /// Whether NTLM may stand in for Kerberos.
            allow_ntlm: bool = true, "allowNtlm" => Refused(WindowsAccounts);
            /// How far the service may act as the client.
            allowed_impersonation_level: TokenImpersonationLevel =
                TokenImpersonationLevel::Identification, "allowedImpersonationLevel"
                    => Refused(WindowsAccounts);
        }
    }
}

settings! {
    /// `<httpDigest>` at the client.
    pub struct HttpDigestClient {
        attributes {
            /// How far the service may act as the client.
            impersonation_level: TokenImpersonationLevel = TokenImpersonationLevel::Identification,
                "impersonationLevel" => note(NO_WINDOWS);
        }
    }
}

settings! {
    /// `<clientCredentials>`: the client's certificate, and how the service is checked. User names
    /// and passwords cannot be written in a file.
    pub struct ClientCredentials {
        attributes {
            /// Type name of a derived class; not used by Waxwing.
            r#type: String = String::new(), "type" => warn(CLASS);
            /// Whether an identity selector may ask the user.
            support_interactive: bool = true, "supportInteractive"
                => note_as("false", "nobody is asked for a card");
            /// Whether Windows Identity Foundation decides; not used by Waxwing.
            use_identity_configuration: bool = false, "useIdentityConfiguration"
                => warn(IDENTITY_FOUNDATION);
        }
        children {
            /// The client's certificate, with private key.
            client_certificate: Option<CertificateReference>, "clientCertificate";
            /// The service's certificate and its check.
            service_certificate: ClientServiceCertificate, "serviceCertificate";
            /// Windows accounts.
            windows: WindowsClient, "windows";
            /// HTTP Digest.
            http_digest: HttpDigestClient, "httpDigest";
            /// Issued tokens; carried, not used.
            issued_token: RawXml, "issuedToken" => Refused(IssuedTokens);
            /// Peer channels; not used.
            peer: RawXml, "peer" => note(NO_PEERS);
        }
    }
}
