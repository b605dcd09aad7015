//! `<security>` of a custom binding.

use crate::bindings::federation::{ClaimTypeRequirements, Issuer, IssuerMetadata};
use crate::file::raw::RawXml;
use crate::settings::settings;
use crate::word::Feature::IssuedTokens;
use crate::word::Support::{Partly, Refused, Runs, RunsExcept};
use crate::word::{COOKIES, MODES, RECONNECT, note};
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
                "defaultMessageSecurityVersion" => Refused(IssuedTokens);
            /// Type of the token (URI).
            token_type: String = String::new(), "tokenType" => Refused(IssuedTokens);
            /// Bits of its key; 0 is the suite's.
            key_size: u32 = 0, "keySize" => Refused(IssuedTokens);
            /// The kind of key that the token proves.
            key_type: IssuedKeyType = IssuedKeyType::SymmetricKey, "keyType"
                => Refused(IssuedTokens);
            /// Whether the token is signed through the STR transform.
            use_str_transform: bool = false, "useStrTransform" => Refused(IssuedTokens);
        }
        children {
            /// XML sent along in the token request.
            additional_request_parameters: RawXml, "additionalRequestParameters"
                => Refused(IssuedTokens);
            /// Claims that the token must have.
            claim_type_requirements: ClaimTypeRequirements, "claimTypeRequirements";
            /// The security token service.
            issuer: Option<Issuer>, "issuer", inside Refused(IssuedTokens);
            /// Where it describes itself.
            issuer_metadata: Option<IssuerMetadata>, "issuerMetadata", inside Refused(IssuedTokens);
        }
    }
}

settings! {
    /// `<localClientSettings>`: limits that a client keeps for itself.
    pub struct LocalClientSettings {
        attributes {
            /// Whether negotiated tokens are kept for further messages.
            cache_cookies: bool = true, "cacheCookies" => note(COOKIES);
            /// Whether a reply seen before is refused; absent means true, but false over
            /// transport security.
            detect_replays: Option<bool> = None, "detectReplays" => Runs;
            /// Replies remembered; beyond it they are accepted for a shorter time.
            replay_cache_size: u32 = 900_000, "replayCacheSize", range crate::values::Range::new(1, i32::MAX as i64)
                => Runs;
            /// How far clocks may differ.
            max_clock_skew: TimeSpan = TimeSpan::minutes(5), "maxClockSkew" => Runs;
            /// How long a token without a session is used: a negotiated one, or one in a cookie.
            max_cookie_caching_time: TimeSpan = TimeSpan::INFINITE, "maxCookieCachingTime"
                => Runs;
            /// How long replies are remembered.
            replay_window: TimeSpan = TimeSpan::minutes(5), "replayWindow" => Runs;
            /// Age at which the session key is renewed.
            session_key_renewal_interval: TimeSpan = TimeSpan::hours(10), "sessionKeyRenewalInterval"
                => Runs;
            /// How long the old key is accepted after that.
            session_key_rollover_interval: TimeSpan = TimeSpan::minutes(5),
                "sessionKeyRolloverInterval" => Runs;
            /// Whether a session survives its connection.
            reconnect_transport_on_failure: bool = true, "reconnectTransportOnFailure"
                => note(RECONNECT);
            /// Life of a message's timestamp.
            timestamp_validity_duration: TimeSpan = TimeSpan::minutes(5),
                "timestampValidityDuration" => Runs;
            /// Share of a token's life after which it is renewed, in percent.
            cookie_renewal_threshold_percentage: u32 = 60, "cookieRenewalThresholdPercentage",
                range crate::values::Range::new(0, 100) => Runs;
        }
    }
}

settings! {
    /// `<localServiceSettings>`: limits that a service keeps for itself.
    pub struct LocalServiceSettings {
        attributes {
            /// Whether a request seen before is refused; absent means true, but false over
            /// transport security.
            detect_replays: Option<bool> = None, "detectReplays" => Runs;
            /// Life of tokens without a session: negotiated ones, and those in cookies.
            issued_cookie_lifetime: TimeSpan = TimeSpan::hours(10), "issuedCookieLifetime" => Runs;
            /// Negotiations under way at once.
            max_stateful_negotiations: u32 = 128, "maxStatefulNegotiations" => Runs;
            /// Requests remembered; beyond it those of whoever sent the most are accepted for a shorter time.
            replay_cache_size: u32 = 900_000, "replayCacheSize", range crate::values::Range::new(1, i32::MAX as i64)
                => Runs;
            /// How far clocks may differ.
            max_clock_skew: TimeSpan = TimeSpan::minutes(5), "maxClockSkew" => Runs;
            /// Time for a negotiation.
            negotiation_timeout: TimeSpan = TimeSpan::minutes(1), "negotiationTimeout" => Runs;
            /// How long requests are remembered.
            replay_window: TimeSpan = TimeSpan::minutes(5), "replayWindow" => Runs;
            /// How long a new session may wait for its first message.
            inactivity_timeout: TimeSpan = TimeSpan::minutes(2), "inactivityTimeout" => Runs;
            /// Life of a session key.
            session_key_renewal_interval: TimeSpan = TimeSpan::hours(15), "sessionKeyRenewalInterval"
                => Runs;
            /// How long an old key is accepted after renewal.
            session_key_rollover_interval: TimeSpan = TimeSpan::minutes(5),
                "sessionKeyRolloverInterval" => Runs;
            /// Whether a session survives its connection.
            reconnect_transport_on_failure: bool = true, "reconnectTransportOnFailure"
                => note(RECONNECT);
            /// Sessions set up but not yet used.
            max_pending_sessions: u32 = 128, "maxPendingSessions",
                range crate::values::Range::new(1, i32::MAX as i64) => Runs;
            /// Tokens without a session that are remembered: negotiated ones, and those in cookies.
            max_cached_cookies: u32 = 1000, "maxCachedCookies" => Runs;
            /// Life of a message's timestamp.
            timestamp_validity_duration: TimeSpan = TimeSpan::minutes(5),
                "timestampValidityDuration" => Runs;
        }
    }
}

settings! {
    /// What `<security>` and `<secureConversationBootstrap>` have in common. An absent attribute
    /// keeps what the authentication mode brings.
    pub struct SecurityParameters {
        attributes {
            /// The kind of security; absent means SspiNegotiated.
            authentication_mode: Option<AuthenticationMode> = None, "authenticationMode"
                => RunsExcept(MODES);
            /// The algorithms; absent means Basic256.
            default_algorithm_suite: Option<AlgorithmSuite> = None, "defaultAlgorithmSuite" => Runs;
            /// The specifications; absent means February 2005 without Basic Security Profile.
            message_security_version: Option<MessageSecurityVersion> = None, "messageSecurityVersion"
                => Runs;
            /// Who contributes to the session key; absent means CombinedEntropy.
            key_entropy_mode: Option<KeyEntropyMode> = None, "keyEntropyMode"
                => RunsExcept(&["ClientEntropy", "ServerEntropy"]);
            /// Order of signing and encrypting; absent means
            /// SignBeforeEncryptAndEncryptSignature.
            message_protection_order: Option<MessageProtectionOrder> = None, "messageProtectionOrder"
                => Runs;
            /// Whether keys are derived from the protection token; absent means true.
            require_derived_keys: Option<bool> = None, "requireDerivedKeys" => Runs;
            /// Order of the header's elements; absent means Strict.
            security_header_layout: Option<SecurityHeaderLayout> = None, "securityHeaderLayout"
                => Runs;
            /// Whether there is a timestamp; absent means true.
            /// `false` needs `detectReplays="false"`, and over HTTPS a user name as the only credential.
            include_timestamp: Option<bool> = None, "includeTimestamp" => Runs;
            /// Whether replies confirm the request's signatures; absent means false, but true in
            /// MutualCertificate with WS-Security 1.1.
            require_signature_confirmation: Option<bool> = None, "requireSignatureConfirmation"
                => Runs;
            /// Whether the service keeps the session (else a cookie holds it); absent means true.
            require_security_context_cancellation: Option<bool> = None,
                "requireSecurityContextCancellation" => Runs;
            /// Whether the session key may be renewed; absent means true.
            can_renew_security_context_token: Option<bool> = None, "canRenewSecurityContextToken"
                => Runs;
            /// Whether tokens are signed, too; absent means false.
            protect_tokens: Option<bool> = None, "protectTokens"
                => Partly("the client's certificate is signed in MutualCertificate of WS-Security 1.0 and MutualCertificateDuplex; in other modes true is refused (WCF signs issued tokens only, and demands nothing)");
            /// Whether a reply may carry the service's signing token; absent means false.
            allow_serialized_signing_token_on_reply: Option<bool> = None,
                "allowSerializedSigningTokenOnReply"
                => note("a client takes the service's certificate in a reply in any case, as long as it is the one that it knows");
            /// Whether replies may come unsecured; absent means false.
            enable_unsecured_response: Option<bool> = None, "enableUnsecuredResponse"
                => Runs;
            /// Whether an …OverTransport mode may go over plain HTTP; absent means false.
            allow_insecure_transport: Option<bool> = None, "allowInsecureTransport"
                => Runs;
        }
        children {
            /// The issued token, for the IssuedToken… modes.
            issued_token_parameters: Option<IssuedTokenParameters>, "issuedTokenParameters",
                inside Refused(IssuedTokens);
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
