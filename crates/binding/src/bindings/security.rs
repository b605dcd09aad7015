//! `<security>` of a custom binding.

use crate::bindings::federation::{ClaimTypeRequirements, Issuer, IssuerMetadata};
use crate::file::raw::RawXml;
use crate::settings::settings;
use crate::{
    AlgorithmSuite, AuthenticationMode, IssuedKeyType, KeyEntropyMode, MessageProtectionOrder,
    MessageSecurityVersion, SecurityHeaderLayout, TimeSpan,
};

settings! {
    /// `<issuedTokenParameters>`.
    pub struct IssuedTokenParameters {
        attributes {
            /// Security versions towards the security token service.
            default_message_security_version: Option<MessageSecurityVersion> = None,
                "defaultMessageSecurityVersion";
            /// Type of the token (URI).
            token_type: String = String::new(), "tokenType";
            /// Bits of its key; 0 is the suite's.
            key_size: u32 = 0, "keySize";
            /// The kind of key that the token proves.
            key_type: IssuedKeyType = IssuedKeyType::SymmetricKey, "keyType";
            /// Whether the token is signed through the STR transform.
            use_str_transform: bool = false, "useStrTransform";
        }
        children {
            /// XML sent along in the token request.
            additional_request_parameters: RawXml, "additionalRequestParameters";
            /// Claims that the token must have.
            claim_type_requirements: ClaimTypeRequirements, "claimTypeRequirements";
            /// The security token service.
            issuer: Option<Issuer>, "issuer";
            /// Where it describes itself.
            issuer_metadata: Option<IssuerMetadata>, "issuerMetadata";
        }
    }
}

settings! {
    /// `<localClientSettings>`: limits that a client keeps for itself.
    pub struct LocalClientSettings {
        attributes {
            /// Whether negotiated tokens are kept for further channels.
            cache_cookies: bool = true, "cacheCookies";
            /// Whether a reply seen before is refused; absent means true, but false over
            /// transport security.
            detect_replays: Option<bool> = None, "detectReplays";
            /// Replies remembered.
            replay_cache_size: u32 = 900_000, "replayCacheSize", range crate::values::Range::new(1, i32::MAX as i64);
            /// How far clocks may differ.
            max_clock_skew: TimeSpan = TimeSpan::minutes(5), "maxClockSkew";
            /// How long negotiated tokens are kept.
            max_cookie_caching_time: TimeSpan = TimeSpan::INFINITE, "maxCookieCachingTime";
            /// How long replies are remembered.
            replay_window: TimeSpan = TimeSpan::minutes(5), "replayWindow";
            /// Age at which the session key is renewed.
            session_key_renewal_interval: TimeSpan = TimeSpan::hours(10), "sessionKeyRenewalInterval";
            /// How long the old key is accepted after that.
            session_key_rollover_interval: TimeSpan = TimeSpan::minutes(5),
                "sessionKeyRolloverInterval";
            /// Whether a session survives its connection.
            reconnect_transport_on_failure: bool = true, "reconnectTransportOnFailure";
            /// Life of a message's timestamp.
            timestamp_validity_duration: TimeSpan = TimeSpan::minutes(5),
                "timestampValidityDuration";
            /// Share of a token's life after which it is renewed, in percent.
            cookie_renewal_threshold_percentage: u32 = 60, "cookieRenewalThresholdPercentage",
                range crate::values::Range::new(0, 100);
        }
    }
}

settings! {
    /// `<localServiceSettings>`: limits that a service keeps for itself.
    pub struct LocalServiceSettings {
        attributes {
            /// Whether a request seen before is refused; absent means true, but false over
            /// transport security.
            detect_replays: Option<bool> = None, "detectReplays";
            /// Life of tokens issued by a negotiation.
            issued_cookie_lifetime: TimeSpan = TimeSpan::hours(10), "issuedCookieLifetime";
            /// Negotiations under way at once.
            max_stateful_negotiations: u32 = 128, "maxStatefulNegotiations";
            /// Requests remembered; beyond it those of whoever sent the most are accepted for a shorter time.
            replay_cache_size: u32 = 900_000, "replayCacheSize", range crate::values::Range::new(1, i32::MAX as i64);
            /// How far clocks may differ.
            max_clock_skew: TimeSpan = TimeSpan::minutes(5), "maxClockSkew";
            /// Time for a negotiation.
            negotiation_timeout: TimeSpan = TimeSpan::minutes(1), "negotiationTimeout";
            /// How long requests are remembered.
            replay_window: TimeSpan = TimeSpan::minutes(5), "replayWindow";
            /// How long a new session may wait for its first message.
            inactivity_timeout: TimeSpan = TimeSpan::minutes(2), "inactivityTimeout";
            /// Life of a session key.
            session_key_renewal_interval: TimeSpan = TimeSpan::hours(15), "sessionKeyRenewalInterval";
            /// How long an old key is accepted after renewal.
            session_key_rollover_interval: TimeSpan = TimeSpan::minutes(5),
                "sessionKeyRolloverInterval";
            /// Whether a session survives its connection.
            reconnect_transport_on_failure: bool = true, "reconnectTransportOnFailure";
            /// Sessions set up but not yet used.
            max_pending_sessions: u32 = 128, "maxPendingSessions",
                range crate::values::Range::new(1, i32::MAX as i64);
            /// Negotiated tokens remembered.
            max_cached_cookies: u32 = 1000, "maxCachedCookies";
            /// Life of a message's timestamp.
            timestamp_validity_duration: TimeSpan = TimeSpan::minutes(5),
                "timestampValidityDuration";
        }
    }
}

settings! {
    /// What `<security>` and `<secureConversationBootstrap>` have in common. An absent attribute
    /// keeps what the authentication mode brings.
    pub struct SecurityParameters {
        attributes {
            /// The kind of security; absent means SspiNegotiated.
            authentication_mode: Option<AuthenticationMode> = None, "authenticationMode";
            /// The algorithms; absent means Basic256.
            default_algorithm_suite: Option<AlgorithmSuite> = None, "defaultAlgorithmSuite";
            /// The specifications; absent means February 2005 without Basic Security Profile.
            message_security_version: Option<MessageSecurityVersion> = None, "messageSecurityVersion";
            /// Who contributes to the session key; absent means CombinedEntropy.
            key_entropy_mode: Option<KeyEntropyMode> = None, "keyEntropyMode";
            /// Order of signing and encrypting; absent means
            /// SignBeforeEncryptAndEncryptSignature.
            message_protection_order: Option<MessageProtectionOrder> = None, "messageProtectionOrder";
            /// Whether keys are derived from the protection token; absent means true.
            require_derived_keys: Option<bool> = None, "requireDerivedKeys";
            /// Order of the header's elements; absent means Strict.
            security_header_layout: Option<SecurityHeaderLayout> = None, "securityHeaderLayout";
            /// Whether there is a timestamp; absent means true.
            include_timestamp: Option<bool> = None, "includeTimestamp";
            /// Whether replies confirm the request's signatures; absent means false, but true in
            /// MutualCertificate with WS-Security 1.1.
            require_signature_confirmation: Option<bool> = None, "requireSignatureConfirmation";
            /// Whether the service keeps the session (else a cookie holds it); absent means true.
            require_security_context_cancellation: Option<bool> = None,
                "requireSecurityContextCancellation";
            /// Whether the session key may be renewed; absent means true.
            can_renew_security_context_token: Option<bool> = None, "canRenewSecurityContextToken";
            /// Whether tokens are signed, too; absent means false.
            protect_tokens: Option<bool> = None, "protectTokens";
            /// Whether a reply may carry the service's signing token; absent means false.
            allow_serialized_signing_token_on_reply: Option<bool> = None,
                "allowSerializedSigningTokenOnReply";
            /// Whether replies may come unsecured; absent means false.
            enable_unsecured_response: Option<bool> = None, "enableUnsecuredResponse";
            /// Whether an …OverTransport mode may go over plain HTTP; absent means false.
            allow_insecure_transport: Option<bool> = None, "allowInsecureTransport";
        }
        children {
            /// The issued token, for the IssuedToken… modes.
            issued_token_parameters: Option<IssuedTokenParameters>, "issuedTokenParameters";
            /// The client's limits.
            local_client_settings: LocalClientSettings, "localClientSettings";
            /// The service's limits.
            local_service_settings: LocalServiceSettings, "localServiceSettings";
        }
    }
}

settings! {
    /// `<secureConversationBootstrap>`: the security under which the session key is agreed on.
    pub struct SecureConversationBootstrap {
        flatten {
            /// The parameters.
            parameters: SecurityParameters,
        }
    }
}

settings! {
    /// `<security>` of a custom binding.
    pub struct SecurityElement {
        flatten {
            /// The parameters.
            parameters: SecurityParameters,
        }
        children {
            /// For authenticationMode SecureConversation; absent means the defaults
            /// (SspiNegotiated).
            secure_conversation_bootstrap: Option<SecureConversationBootstrap>,
                "secureConversationBootstrap";
        }
    }
}
