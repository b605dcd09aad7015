//! `wsFederationHttpBinding` and `ws2007FederationHttpBinding`: clients with issued tokens.

use crate::bindings::common::{OptionalReliableSession, Timeouts};
use crate::bindings::ws::{WsHttpCommon, http_setters};
use crate::config::identity::EndpointIdentity;
use crate::file::raw::RawXml;
use crate::settings::settings;
use crate::word::Feature::IssuedTokens;
use crate::word::Support::{Refused, RunsExcept};
use crate::word::{FEDERATED, NO_PRIVACY, note};
use crate::{AlgorithmSuite, IssuedKeyType, WsFederationHttpSecurityMode};

settings! {
    /// One `<add>` of `claimTypeRequirements`.
    pub struct ClaimTypeRequirement {
        attributes {
            /// The claim type (URI).
            claim_type: String = String::new(), "claimType" => Refused(IssuedTokens);
            /// Whether the token may lack it.
            is_optional: bool = false, "isOptional" => Refused(IssuedTokens);
        }
    }
}

settings! {
    /// `<claimTypeRequirements>`.
    pub struct ClaimTypeRequirements {
        children {
            /// A requirement.
            add: Vec<ClaimTypeRequirement>, "add";
        }
    }
}

settings! {
    /// `<issuer>`: the security token service.
    pub struct Issuer {
        attributes {
            /// Its address.
            address: String = String::new(), "address" as Uri => Refused(IssuedTokens);
            /// Type of the binding to reach it.
            binding: String = String::new(), "binding" => Refused(IssuedTokens);
            /// Name of that binding.
            binding_configuration: String = String::new(), "bindingConfiguration"
                => Refused(IssuedTokens);
        }
        children {
            /// Reference parameters.
            headers: RawXml, "headers" => Refused(IssuedTokens);
            /// Its expected identity.
            identity: Option<EndpointIdentity>, "identity";
        }
    }
}

settings! {
    /// `<issuerMetadata>`: where the security token service describes itself.
    pub struct IssuerMetadata {
        attributes {
            /// Its metadata address.
            address: String = String::new(), "address" as Uri => Refused(IssuedTokens);
        }
        children {
            /// Reference parameters.
            headers: RawXml, "headers" => Refused(IssuedTokens);
            /// Its expected identity.
            identity: Option<EndpointIdentity>, "identity";
        }
    }
}

settings! {
    /// `<security><message>` of the federation bindings.
    pub struct FederatedMessageSecurity {
        attributes {
            /// The algorithms; absent means Basic256.
            algorithm_suite: Option<AlgorithmSuite> = None, "algorithmSuite"
                => Refused(IssuedTokens);
            /// Whether a WS-SecureConversation session is set up.
            establish_security_context: bool = true, "establishSecurityContext"
                => Refused(IssuedTokens);
            /// Whether the service's certificate is obtained by a negotiation.
            negotiate_service_credential: bool = true, "negotiateServiceCredential"
                => Refused(IssuedTokens);
            /// The kind of key that the token proves; BearerKey only with
            /// ws2007FederationHttpBinding.
            issued_key_type: IssuedKeyType = IssuedKeyType::SymmetricKey, "issuedKeyType"
                => Refused(IssuedTokens);
            /// Type of the token (URI).
            issued_token_type: String = String::new(), "issuedTokenType" => Refused(IssuedTokens);
        }
        children {
            /// Claims that the token must have.
            claim_type_requirements: ClaimTypeRequirements, "claimTypeRequirements";
            /// The security token service.
            issuer: Option<Issuer>, "issuer", inside Refused(IssuedTokens);
            /// Where it describes itself.
            issuer_metadata: Option<IssuerMetadata>, "issuerMetadata", inside Refused(IssuedTokens);
            /// XML sent along in the token request.
            token_request_parameters: RawXml, "tokenRequestParameters" => Refused(IssuedTokens);
        }
    }
}

settings! {
    /// `<security>` of the federation bindings.
    pub struct FederationSecurity {
        attributes {
            /// Where messages are secured.
            mode: WsFederationHttpSecurityMode = WsFederationHttpSecurityMode::Message, "mode"
                => RunsExcept(FEDERATED);
        }
        children {
            /// Security of the messages.
            message: FederatedMessageSecurity, "message";
        }
    }
}

macro_rules! federation_binding {
    ($(#[$meta:meta])* $T:ident) => {
        settings! {
            $(#[$meta])*
            pub struct $T {
                flatten {
                    /// Name and timeouts.
                    timeouts: Timeouts,
                    /// HTTP settings.
                    http: WsHttpCommon,
                }
                attributes {
                    /// Where the privacy notice stands.
                    privacy_notice_at: Option<String> = None, "privacyNoticeAt" as Uri
                        => note(NO_PRIVACY);
                    /// Its version.
                    privacy_notice_version: u32 = 0, "privacyNoticeVersion" => note(NO_PRIVACY);
                }
                children {
                    /// The reliable session.
                    reliable_session: OptionalReliableSession, "reliableSession";
                    /// Security.
                    security: FederationSecurity, "security";
                }
            }
        }

        impl $T {
            /// A binding with this security mode, with or without a reliable session; all else
            /// as WCF's defaults.
            pub fn new(mode: WsFederationHttpSecurityMode, reliable_session_enabled: bool) -> $T {
                let session = OptionalReliableSession::default().enabled(reliable_session_enabled);
                $T::default()
                    .reliable_session(session)
                    .security(FederationSecurity::default().mode(mode))
            }

            /// Sets the security token service.
            #[must_use]
            pub fn issuer(mut self, issuer: Issuer) -> $T {
                self.security.message.issuer = Some(issuer);
                self
            }
        }

        http_setters!($T);
    };
}

federation_binding! {
    /// `<wsFederationHttpBinding>`: as `wsHttpBinding`, for clients with issued tokens.
    WsFederationHttpBinding
}

federation_binding! {
    /// `<ws2007FederationHttpBinding>`: as `ws2007HttpBinding`, for clients with issued tokens.
    Ws2007FederationHttpBinding
}
