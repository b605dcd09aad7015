//! `wsHttpBinding` and `ws2007HttpBinding`: one schema, two generations of protocols.

use crate::bindings::common::{
    HttpTransportSecurity, OptionalReliableSession, ReaderQuotas, Timeouts,
};
use crate::settings::settings;
use crate::values::Range;
use crate::word::Support::{Runs, RunsExcept};
use crate::word::{NO_TRANSACTIONS, POOLS, note, warn};
use crate::{
    AlgorithmSuite, HostNameComparisonMode, MessageCredentialType, SecurityMode, TextEncoding,
    WsMessageEncoding,
};

settings! {
    /// HTTP settings of `wsHttpBinding` and its kin.
    pub struct WsHttpCommon {
        attributes {
            /// Whether local addresses are reached without the proxy.
            bypass_proxy_on_local: bool = false, "bypassProxyOnLocal" => Runs;
            /// Whether transactions flow to the service.
            transaction_flow: bool = false, "transactionFlow" => warn(NO_TRANSACTIONS);
            /// How the host name takes part in finding the service.
            host_name_comparison_mode: HostNameComparisonMode =
                HostNameComparisonMode::StrongWildcard, "hostNameComparisonMode"
                    => Runs;
            /// Bytes of the buffer pool.
            max_buffer_pool_size: u64 = 524_288, "maxBufferPoolSize" => note(POOLS);
            /// Bytes of the largest message that is accepted; more than 2147483647 is refused
            /// when the binding is applied.
            max_received_message_size: u64 = 65_536, "maxReceivedMessageSize",
                range Range::new(1, i64::MAX) => Runs;
            /// How messages are written.
            message_encoding: WsMessageEncoding = WsMessageEncoding::Text, "messageEncoding"
                => Runs;
            /// Address of the proxy.
            proxy_address: Option<String> = None, "proxyAddress" as Uri => Runs;
            /// Character encoding.
            text_encoding: TextEncoding = TextEncoding::Utf8, "textEncoding"
                => RunsExcept(&["utf-16", "unicodeFFFE"]);
            /// Whether the system's proxy is used.
            use_default_web_proxy: bool = true, "useDefaultWebProxy" => Runs;
        }
        children {
            /// Limits of the XML reader.
            reader_quotas: ReaderQuotas, "readerQuotas";
        }
    }
}

settings! {
    /// `<security><message>` of `wsHttpBinding`.
    pub struct WsHttpMessageSecurity {
        attributes {
            /// What the client proves itself with.
            client_credential_type: MessageCredentialType = MessageCredentialType::Windows,
                "clientCredentialType" => RunsExcept(&["Windows", "IssuedToken"]);
            /// Whether the service's certificate (or ticket) is obtained by a negotiation; if
            /// not, the client must have it beforehand.
            negotiate_service_credential: bool = true, "negotiateServiceCredential" => Runs;
            /// Whether a WS-SecureConversation session is set up; a reliable session needs it.
            establish_security_context: bool = true, "establishSecurityContext" => Runs;
            /// The algorithms; absent means Basic256 (Basic128 for Kerberos).
            algorithm_suite: Option<AlgorithmSuite> = None, "algorithmSuite" => Runs;
        }
    }
}

settings! {
    /// `<security>` of `wsHttpBinding`.
    pub struct WsHttpSecurity {
        attributes {
            /// Where messages are secured.
            mode: SecurityMode = SecurityMode::Message, "mode"
                => Runs;
        }
        children {
            /// Security of the connection.
            transport: HttpTransportSecurity = HttpTransportSecurity::windows(), "transport";
            /// Security of the messages.
            message: WsHttpMessageSecurity, "message";
        }
    }
}

/// The HTTP settings that programs set most, directly on the binding.
macro_rules! http_setters {
    ($T:ident) => {
        impl $T {
            /// Sets the size of the largest message that is accepted, in bytes.
            #[must_use]
            pub fn max_received_message_size(mut self, bytes: u64) -> $T {
                self.http.max_received_message_size = bytes;
                self
            }

            /// Sets the character encoding.
            #[must_use]
            pub fn text_encoding(mut self, encoding: crate::TextEncoding) -> $T {
                self.http.text_encoding = encoding;
                self
            }

            /// Sets the limits of the XML reader.
            #[must_use]
            pub fn reader_quotas(mut self, quotas: crate::ReaderQuotas) -> $T {
                self.http.reader_quotas = quotas;
                self
            }

            /// Sets the address of the proxy (URI).
            #[must_use]
            pub fn proxy_address(mut self, address: impl Into<String>) -> $T {
                self.http.proxy_address = Some(address.into());
                self
            }
        }
    };
}

pub(crate) use http_setters;

macro_rules! ws_http_binding {
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
                    /// Whether cookies are kept.
                    allow_cookies: bool = false, "allowCookies" => Runs;
                }
                children {
                    /// The reliable session.
                    reliable_session: OptionalReliableSession, "reliableSession";
                    /// Security.
                    security: WsHttpSecurity, "security";
                }
            }
        }

        impl $T {
            /// A binding with this security mode, with or without a reliable session; all else
            /// as WCF's defaults.
            pub fn new(mode: SecurityMode, reliable_session_enabled: bool) -> $T {
                let reliable_session =
                    OptionalReliableSession::default().enabled(reliable_session_enabled);
                $T::default()
                    .reliable_session(reliable_session)
                    .security(WsHttpSecurity::default().mode(mode))
            }

            /// Message security with this client credential: in the mode `TransportWithMessageCredential` where that is
            /// set, else in the mode `Message`.
            #[must_use]
            pub fn message_credential(mut self, credential: MessageCredentialType) -> $T {
                if self.security.mode != SecurityMode::TransportWithMessageCredential {
                    self.security.mode = SecurityMode::Message;
                }
                self.security.message.client_credential_type = credential;
                self
            }

            /// HTTPS, with this client credential in the SOAP header.
            #[must_use]
            pub fn mixed_credential(mut self, credential: MessageCredentialType) -> $T {
                self.security.mode = SecurityMode::TransportWithMessageCredential;
                self.security.message.client_credential_type = credential;
                self
            }

            /// Whether a WS-SecureConversation session is set up; a reliable session needs it.
            #[must_use]
            pub fn establish_security_context(mut self, establish: bool) -> $T {
                self.security.message.establish_security_context = establish;
                self
            }

            /// Sets the algorithms of message security.
            #[must_use]
            pub fn algorithm_suite(mut self, suite: AlgorithmSuite) -> $T {
                self.security.message.algorithm_suite = Some(suite);
                self
            }

            /// Sets whether the reliable session delivers messages in order.
            #[must_use]
            pub fn ordered(mut self, ordered: bool) -> $T {
                self.reliable_session.ordered = ordered;
                self
            }

            /// Sets how messages are written.
            #[must_use]
            pub fn message_encoding(mut self, encoding: WsMessageEncoding) -> $T {
                self.http.message_encoding = encoding;
                self
            }

            /// Whether the service's certificate is obtained by a negotiation.
            #[must_use]
            pub fn negotiate_service_credential(mut self, negotiate: bool) -> $T {
                self.security.message.negotiate_service_credential = negotiate;
                self
            }
        }

        http_setters!($T);
    };
}

ws_http_binding! {
    /// `<wsHttpBinding>`: WS-* of 2004 and 2005 over HTTP (SOAP 1.2, WS-Addressing 1.0,
    /// WS-ReliableMessaging February 2005, WS-Trust and WS-SecureConversation February 2005).
    WsHttpBinding
}

ws_http_binding! {
    /// `<ws2007HttpBinding>`: the OASIS versions over HTTP (SOAP 1.2, WS-Addressing 1.0,
    /// WS-ReliableMessaging 1.1, WS-Trust 1.3, WS-SecureConversation 1.3).
    Ws2007HttpBinding
}
