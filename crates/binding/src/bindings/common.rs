//! Elements that several bindings share.

use crate::settings::settings;
use crate::values::Range;
use crate::word::Support::{Partly, Runs, RunsExcept};
use crate::word::{CREDENTIALS, NO_CHANNEL_BINDING, note};
use crate::{
    AlgorithmSuite, HttpClientCredentialType, HttpProxyCredentialType, PolicyEnforcement,
    ProtectionScenario, TimeSpan,
};

/// Largest window WCF accepts.
pub(crate) const MAX_WINDOW: i64 = 4096;
/// Most pending channels WCF accepts.
pub(crate) const MAX_PENDING_CHANNELS: i64 = 16384;

settings! {
    /// What every `<binding>` has: its name and the four timeouts.
    pub struct Timeouts {
        attributes {
            /// Key of the binding among those of its type; empty for the unnamed one, which
            /// endpoints without `bindingConfiguration` use.
            name: String = String::new(), "name" => Runs;
            /// Time to open a channel, security handshake and CreateSequence included.
            open_timeout: TimeSpan = TimeSpan::minutes(1), "openTimeout" => Runs;
            /// Time for an orderly close: last message, terminate, cancel.
            close_timeout: TimeSpan = TimeSpan::minutes(1), "closeTimeout" => Runs;
            /// Time for a whole call, request and reply, retransmissions included.
            send_timeout: TimeSpan = TimeSpan::minutes(1), "sendTimeout" => Runs;
            /// How long a service waits for the next application message of a session.
            receive_timeout: TimeSpan = TimeSpan::minutes(10), "receiveTimeout" => Runs;
        }
    }
}

settings! {
    /// `<readerQuotas>`: limits of the XML reader. 0 keeps the default.
    pub struct ReaderQuotas {
        attributes {
            /// Nesting depth of elements; 0 stands for 128.
            max_depth: u32 = 0, "maxDepth" => Runs;
            /// Characters of one string; 0 is no limit but maxReceivedMessageSize. Octets in base64 are bounded by maxArrayLength.
            max_string_content_length: u32 = 0, "maxStringContentLength" => Runs;
            /// Octets of one `base64Binary`, and items of one array of numbers, booleans or times; 0 is no
            /// limit but maxReceivedMessageSize.
            max_array_length: u32 = 0, "maxArrayLength" => Runs;
            /// Bytes of one start tag; 0 is no limit but maxReceivedMessageSize.
            max_bytes_per_read: u32 = 0, "maxBytesPerRead" => Runs;
            /// Characters of all names; 0 is no limit but maxReceivedMessageSize.
            max_name_table_char_count: u32 = 0, "maxNameTableCharCount" => Runs;
        }
    }
}

settings! {
    /// `<reliableSession>` of the bindings in which it is optional.
    pub struct OptionalReliableSession {
        attributes {
            /// Whether there is a reliable session at all.
            enabled: bool = false, "enabled" => Runs;
            /// Whether messages are delivered in the order in which they were sent.
            ordered: bool = true, "ordered" => Runs;
            /// How long either side may stay silent before the session is given up.
            inactivity_timeout: TimeSpan = TimeSpan::minutes(10), "inactivityTimeout",
                range Range::POSITIVE_SPAN => Runs;
        }
    }
}

settings! {
    /// `<reliableSession>` of `wsDualHttpBinding`, where it is always on.
    pub struct ReliableSession {
        attributes {
            /// Whether messages are delivered in the order in which they were sent.
            ordered: bool = true, "ordered" => Runs;
            /// How long either side may stay silent before the session is given up.
            inactivity_timeout: TimeSpan = TimeSpan::minutes(10), "inactivityTimeout",
                range Range::POSITIVE_SPAN => Runs;
        }
    }
}

impl OptionalReliableSession {
    /// An ordered reliable session, switched on.
    pub fn on() -> OptionalReliableSession {
        OptionalReliableSession::default().enabled(true)
    }
}

settings! {
    /// One `<add>` of `customServiceNames`.
    pub struct ServiceName {
        attributes {
            /// A name under which the service may be addressed.
            name: String = String::new(), "name" => note(NO_CHANNEL_BINDING);
        }
    }
}

settings! {
    /// `<customServiceNames>`.
    pub struct ServiceNames {
        children {
            /// A name.
            add: Vec<ServiceName>, "add";
        }
    }
}

settings! {
    /// `<extendedProtectionPolicy>`: channel binding tokens.
    pub struct ExtendedProtectionPolicy {
        attributes {
            /// When a token is demanded.
            policy_enforcement: PolicyEnforcement = PolicyEnforcement::Never, "policyEnforcement"
                => Partly("an endpoint that asks for channel binding tokens is refused");
            /// What it protects.
            protection_scenario: ProtectionScenario = ProtectionScenario::TransportSelected,
                "protectionScenario" => note(NO_CHANNEL_BINDING);
        }
        children {
            /// Names of the service.
            custom_service_names: ServiceNames, "customServiceNames";
        }
    }
}

settings! {
    /// `<security><transport>` of the HTTP bindings.
    pub struct HttpTransportSecurity {
        attributes {
            /// How the client authenticates on the HTTP layer.
            client_credential_type: HttpClientCredentialType = HttpClientCredentialType::None,
                "clientCredentialType" => RunsExcept(CREDENTIALS);
            /// How the client authenticates to a proxy. Basic and Digest can be done here: a binding that names its proxy is
            /// refused with another, and where the system names one, the messages are when the proxy asks.
            proxy_credential_type: HttpProxyCredentialType = HttpProxyCredentialType::None,
                "proxyCredentialType" => Runs;
            /// Realm of HTTP Basic and Digest.
            realm: String = String::new(), "realm" => Runs;
        }
        children {
            /// Channel binding tokens.
            extended_protection_policy: Option<ExtendedProtectionPolicy>, "extendedProtectionPolicy";
        }
    }
}

impl HttpTransportSecurity {
    /// The default of `wsHttpBinding`, which differs from the others': Windows authentication.
    pub(crate) fn windows() -> HttpTransportSecurity {
        HttpTransportSecurity::default().client_credential_type(HttpClientCredentialType::Windows)
    }
}

/// The suite of a `<message>` element: as written, or the default.
pub(crate) fn suite_or_default(written: Option<AlgorithmSuite>) -> AlgorithmSuite {
    written.unwrap_or(AlgorithmSuite::Basic256)
}
