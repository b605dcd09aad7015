//! `basicHttpBinding`, `basicHttpsBinding`, `netHttpBinding`, `netHttpsBinding`.

use crate::bindings::common::{
    HttpTransportSecurity, OptionalReliableSession, ReaderQuotas, Timeouts,
};
use crate::bindings::custom::WebSocketSettings;
use crate::bindings::ws::http_setters;
use crate::built::{Part, except_unless};
use crate::settings::settings;
use crate::values::Range;
use crate::word::Support::{Runs, RunsExcept};
use crate::word::{POOLS, note};
use crate::{
    AlgorithmSuite, BasicHttpMessageCredentialType, BasicHttpSecurityMode, BasicHttpsSecurityMode,
    HostNameComparisonMode, NetHttpMessageEncoding, TextEncoding, TransferMode, WsMessageEncoding,
};

settings! {
    /// HTTP settings of the four bindings.
    pub struct HttpCommon {
        attributes {
            /// Whether cookies are kept.
            allow_cookies: bool = false, "allowCookies" => Runs;
            /// Whether local addresses are reached without the proxy.
            bypass_proxy_on_local: bool = false, "bypassProxyOnLocal" => Runs;
            /// How the host name takes part in finding the service.
            host_name_comparison_mode: HostNameComparisonMode =
                HostNameComparisonMode::StrongWildcard, "hostNameComparisonMode"
                    => Runs;
            /// Bytes of the buffer pool.
            max_buffer_pool_size: u64 = 524_288, "maxBufferPoolSize" => note(POOLS);
            /// Bytes of a buffer; absent follows maxReceivedMessageSize.
            max_buffer_size: Option<u32> = None, "maxBufferSize", range Range::new(1, i32::MAX as i64)
                => Runs;
            /// Bytes of the largest message that is accepted.
            max_received_message_size: u64 = 65_536, "maxReceivedMessageSize",
                range Range::new(1, i64::MAX) => Runs;
            /// Address of the proxy.
            proxy_address: Option<String> = None, "proxyAddress" as Uri => Runs;
            /// Character encoding.
            text_encoding: TextEncoding = TextEncoding::Utf8, "textEncoding"
                => RunsExcept(&["utf-16", "unicodeFFFE"]);
            /// Whether messages are buffered.
            transfer_mode: TransferMode = TransferMode::Buffered, "transferMode"
                => Runs;
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
    /// `<security><message>` of the four bindings: no secure conversation.
    pub struct BasicHttpMessageSecurity {
        attributes {
            /// What the client proves itself with.
            client_credential_type: BasicHttpMessageCredentialType =
                BasicHttpMessageCredentialType::UserName, "clientCredentialType"
                    => Runs;
            /// The algorithms; absent means Basic256.
            algorithm_suite: Option<AlgorithmSuite> = None, "algorithmSuite"
                => Runs;
        }
    }
}

settings! {
    /// `<security>` of `basicHttpBinding` and `netHttpBinding`.
    pub struct BasicHttpSecurity {
        attributes {
            /// Where messages are secured.
            mode: BasicHttpSecurityMode = BasicHttpSecurityMode::None, "mode"
                => Runs;
        }
        children {
            /// Security of the connection.
            transport: HttpTransportSecurity, "transport";
            /// Security of the messages.
            message: BasicHttpMessageSecurity, "message";
        }
    }
}

settings! {
    /// `<security>` of `basicHttpsBinding` and `netHttpsBinding`.
    pub struct BasicHttpsSecurity {
        attributes {
            /// Where messages are secured.
            mode: BasicHttpsSecurityMode = BasicHttpsSecurityMode::Transport, "mode"
                => Runs;
        }
        children {
            /// Security of the connection.
            transport: HttpTransportSecurity, "transport";
            /// Security of the messages.
            message: BasicHttpMessageSecurity, "message";
        }
    }
}

macro_rules! basic_binding {
    ($(#[$meta:meta])* $T:ident, $S:ident, $M:ident) => {
        settings! {
            $(#[$meta])*
            pub struct $T {
                flatten {
                    /// Name and timeouts.
                    timeouts: Timeouts,
                    /// HTTP settings.
                    http: HttpCommon,
                }
                attributes {
                    /// How messages are written.
                    message_encoding: WsMessageEncoding = WsMessageEncoding::Text,
                        "messageEncoding" => Runs;
                }
                children {
                    /// Security.
                    security: $S, "security";
                }
            }
        }

        impl $T {
            /// A binding with this security mode; all else as WCF's defaults.
            pub fn new(mode: $M) -> $T {
                $T::default().security($S::default().mode(mode))
            }
        }

        http_setters!($T);
    };
}

basic_binding! {
    /// `<basicHttpBinding>`: SOAP 1.1 without addressing; it has no reliable session.
    BasicHttpBinding, BasicHttpSecurity, BasicHttpSecurityMode
}

basic_binding! {
    /// `<basicHttpsBinding>`: the same over HTTPS.
    BasicHttpsBinding, BasicHttpsSecurity, BasicHttpsSecurityMode
}

macro_rules! net_http_binding {
    ($(#[$meta:meta])* $T:ident, $S:ident, $M:ident) => {
        settings! {
            $(#[$meta])*
            pub struct $T {
                flatten {
                    /// Name and timeouts.
                    timeouts: Timeouts,
                    /// HTTP settings.
                    http: HttpCommon,
                }
                attributes {
                    /// How messages are written.
                    message_encoding: NetHttpMessageEncoding = NetHttpMessageEncoding::Binary,
                        "messageEncoding" => except_unless(Part::BinaryOverHttp, &["Binary"]);
                }
                children {
                    /// The reliable session.
                    reliable_session: OptionalReliableSession, "reliableSession";
                    /// Security.
                    security: $S, "security";
                    /// WebSockets.
                    web_socket_settings: WebSocketSettings = WebSocketSettings::net_http(),
                        "webSocketSettings";
                }
            }
        }

        impl $T {
            /// A binding with this security mode, with or without a reliable session; all else
            /// as WCF's defaults.
            pub fn new(mode: $M, reliable_session_enabled: bool) -> $T {
                let session = OptionalReliableSession::default().enabled(reliable_session_enabled);
                $T::default().reliable_session(session).security($S::default().mode(mode))
            }
        }

        http_setters!($T);
    };
}

net_http_binding! {
    /// `<netHttpBinding>`: binary messages over HTTP, or over a WebSocket for duplex contracts.
    NetHttpBinding, BasicHttpSecurity, BasicHttpSecurityMode
}

net_http_binding! {
    /// `<netHttpsBinding>`: the same over HTTPS.
    NetHttpsBinding, BasicHttpsSecurity, BasicHttpsSecurityMode
}
