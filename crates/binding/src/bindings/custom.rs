//! The elements of a `customBinding`, except `<security>`.

use crate::bindings::common::{
    ExtendedProtectionPolicy, MAX_PENDING_CHANNELS, MAX_WINDOW, ReaderQuotas,
};
use crate::built::{Part, except_unless, runs_with};
use crate::settings::settings;
use crate::values::Range;
use crate::word::Feature::{HttpAuthentication, WebSockets, WindowsAccounts};
use crate::word::Support::{self, Partly, Refused, Runs, RunsExcept};
use crate::word::{
    ACKNOWLEDGED, BUFFERS, CHANNEL_POOL, CLASS, MASKED, NO_DELAY, NO_NOTIFICATION, NO_TEREDO,
    NO_TRANSACTIONS, POOLS, SCHEMES, SHARED_PORT, TLS_VERSIONS, WEB_SOCKETS_WAIT, note, warn,
};
use crate::{
    AuthenticationSchemes, CompressionFormat, HostNameComparisonMode, MessageVersion,
    ProtectionLevel, ReliableMessagingVersion, SslProtocols, TextEncoding, TimeSpan,
    TransactionProtocol, TransferMode, WebSocketTransportUsage,
};

const AT_LEAST_ONE: Range = Range::new(1, i32::MAX as i64);
const AT_LEAST_ONE_LONG: Range = Range::new(1, i64::MAX);
/// Most pending accepts that a transport takes.
const MAX_PENDING_ACCEPTS: i64 = 100_000;
/// A WebSocket keep-alive may be one millisecond less than nothing: never.
const KEEP_ALIVE: Range = Range::new(-10_000, TimeSpan::MAX_TIMEOUT.ticks());

/// Over exchanges of HTTP it does nothing; where messages go both ways by themselves it does.
const fn acknowledged() -> Support {
    match Part::ReliableOverLinks.runs() || Part::CompositeDuplex.runs() {
        true => Partly(ACKNOWLEDGED),
        false => note(ACKNOWLEDGED),
    }
}

settings! {
    /// `<reliableSession>` of a custom binding: every setting of WS-ReliableMessaging.
    pub struct ReliableSessionElement {
        attributes {
            /// How long acknowledgements are held back to go together.
            acknowledgement_interval: TimeSpan = TimeSpan::milliseconds(200),
                "acknowledgementInterval", range Range::POSITIVE_SPAN => acknowledged();
            /// Whether the receiver tells how many messages it can still buffer.
            flow_control_enabled: bool = true, "flowControlEnabled" => Runs;
            /// How long either side may stay silent before the session is given up.
            inactivity_timeout: TimeSpan = TimeSpan::minutes(10), "inactivityTimeout",
                range Range::POSITIVE_SPAN => Runs;
            /// Sessions that may wait to be accepted by the service.
            max_pending_channels: u32 = 4, "maxPendingChannels", range Range::new(1, MAX_PENDING_CHANNELS)
                => Runs;
            /// How often a message is sent again before the session is given up.
            max_retry_count: u32 = 8, "maxRetryCount", range AT_LEAST_ONE => Runs;
            /// Messages that may be under way unacknowledged, and that the receiver buffers.
            max_transfer_window_size: u32 = 8, "maxTransferWindowSize", range Range::new(1, MAX_WINDOW)
                => Runs;
            /// Whether messages are delivered in the order in which they were sent.
            ordered: bool = true, "ordered" => Runs;
            /// Version of the protocol.
            reliable_messaging_version: ReliableMessagingVersion =
                ReliableMessagingVersion::WsReliableMessagingFebruary2005,
                "reliableMessagingVersion" => Runs;
        }
    }
}

settings! {
    /// `<textMessageEncoding>`.
    pub struct TextMessageEncoding {
        attributes {
            /// SOAP and addressing versions.
            message_version: MessageVersion = MessageVersion::Soap12WsAddressing10, "messageVersion"
                => RunsExcept(&["None"]);
            /// Character encoding.
            write_encoding: TextEncoding = TextEncoding::Utf8, "writeEncoding"
                => RunsExcept(&["utf-16", "unicodeFFFE"]);
            /// Readers kept for reuse.
            max_read_pool_size: u32 = 64, "maxReadPoolSize", range AT_LEAST_ONE => note(POOLS);
            /// Writers kept for reuse.
            max_write_pool_size: u32 = 16, "maxWritePoolSize", range AT_LEAST_ONE => note(POOLS);
        }
        children {
            /// Limits of the XML reader.
            reader_quotas: ReaderQuotas, "readerQuotas";
        }
    }
}

settings! {
    /// `<mtomMessageEncoding>`.
    pub struct MtomMessageEncoding {
        attributes {
            /// SOAP and addressing versions.
            message_version: MessageVersion = MessageVersion::Soap12WsAddressing10, "messageVersion"
                => RunsExcept(&["None"]);
            /// Character encoding.
            write_encoding: TextEncoding = TextEncoding::Utf8, "writeEncoding"
                => RunsExcept(&["utf-16", "unicodeFFFE"]);
            /// Readers kept for reuse.
            max_read_pool_size: u32 = 64, "maxReadPoolSize", range AT_LEAST_ONE => note(POOLS);
            /// Writers kept for reuse.
            max_write_pool_size: u32 = 16, "maxWritePoolSize", range AT_LEAST_ONE => note(POOLS);
            /// Bytes of the buffer of one message.
            max_buffer_size: u32 = 65_536, "maxBufferSize", range AT_LEAST_ONE
                => note("a message is held whole; maxReceivedMessageSize bounds it");
        }
        children {
            /// Limits of the XML reader.
            reader_quotas: ReaderQuotas, "readerQuotas";
        }
    }
}

settings! {
    /// `<binaryMessageEncoding>`: .NET binary XML, SOAP 1.2 with WS-Addressing 1.0.
    pub struct BinaryMessageEncoding {
        attributes {
            /// Readers kept for reuse.
            max_read_pool_size: u32 = 64, "maxReadPoolSize", range AT_LEAST_ONE
                => note(POOLS);
            /// Writers kept for reuse.
            max_write_pool_size: u32 = 16, "maxWritePoolSize", range AT_LEAST_ONE
                => note(POOLS);
            /// Bytes of strings that a session's dictionary may hold.
            max_session_size: u32 = 2048, "maxSessionSize" => Runs;
            /// Compression.
            compression_format: CompressionFormat = CompressionFormat::None, "compressionFormat"
                => except_unless(Part::CompressedBinary, &["GZip", "Deflate"]);
        }
        children {
            /// Limits of the XML reader.
            reader_quotas: ReaderQuotas, "readerQuotas";
        }
    }
}

/// A message of WCF to its own service, which no wire has.
const fn notification() -> Support {
    match Part::WebSockets.runs() {
        true => warn(NO_NOTIFICATION),
        false => Refused(WebSockets),
    }
}

settings! {
    /// `<webSocketSettings>`.
    pub struct WebSocketSettings {
        attributes {
            /// When a WebSocket is used.
            transport_usage: WebSocketTransportUsage = WebSocketTransportUsage::Never,
                "transportUsage" => except_unless(Part::WebSockets, &["Always"]);
            /// Name of the subprotocol.
            sub_protocol: String = String::new(), "subProtocol" => runs_with(Part::WebSockets, WebSockets);
            /// Whether the service hears of a new connection.
            create_notification_on_connection: bool = false, "createNotificationOnConnection"
                => notification();
            /// Time between keep-alive frames; 00:00:00 is the platform's, 30 s.
            keep_alive_interval: TimeSpan = TimeSpan::ZERO, "keepAliveInterval", range KEEP_ALIVE
                => runs_with(Part::WebSockets, WebSockets);
            /// Whether the client's frames are not masked.
            disable_payload_masking: bool = false, "disablePayloadMasking" => note(MASKED);
            /// Connections waiting to be accepted; 0 is automatic (100 × processors).
            max_pending_connections: u32 = 0, "maxPendingConnections" => note(WEB_SOCKETS_WAIT);
        }
    }
}

impl WebSocketSettings {
    /// The defaults of `netHttpBinding`.
    pub(crate) fn net_http() -> WebSocketSettings {
        WebSocketSettings::default()
            .transport_usage(WebSocketTransportUsage::WhenDuplex)
            .sub_protocol("soap")
    }
}

settings! {
    /// `<messageHandlerFactory>`: .NET classes that see HTTP messages first; not used by Waxwing.
    pub struct MessageHandlerFactory {
        attributes {
            /// Type name of the factory.
            r#type: String = String::new(), "type" => warn(CLASS);
        }
        children {
            /// Handlers.
            handlers: crate::file::raw::RawXml, "handlers" => warn(CLASS);
        }
    }
}

settings! {
    /// `<httpTransport>`.
    pub struct HttpTransport {
        attributes {
            /// Whether the program sets addressing headers itself; excludes reliable sessions.
            manual_addressing: bool = false, "manualAddressing" => RunsExcept(&["true"]);
            /// Bytes of the buffer pool.
            max_buffer_pool_size: u64 = 524_288, "maxBufferPoolSize", range AT_LEAST_ONE_LONG
                => note(POOLS);
            /// Bytes of the largest message that is accepted.
            max_received_message_size: u64 = 65_536, "maxReceivedMessageSize", range AT_LEAST_ONE_LONG
                => Runs;
            /// Whether cookies are kept.
            allow_cookies: bool = false, "allowCookies" => Runs;
            /// HTTP authentication of clients.
            authentication_scheme: AuthenticationSchemes = AuthenticationSchemes::ANONYMOUS,
                "authenticationScheme" => RunsExcept(SCHEMES);
            /// Whether local addresses are reached without the proxy.
            bypass_proxy_on_local: bool = false, "bypassProxyOnLocal" => Runs;
            /// Whether compressed replies are accepted.
            decompression_enabled: bool = true, "decompressionEnabled" => Runs;
            /// How the host name takes part in finding the service.
            host_name_comparison_mode: HostNameComparisonMode =
                HostNameComparisonMode::StrongWildcard, "hostNameComparisonMode"
                    => Runs;
            /// Whether connections are reused.
            keep_alive_enabled: bool = true, "keepAliveEnabled"
                => Runs;
            /// Bytes of a buffer; absent follows maxReceivedMessageSize.
            max_buffer_size: Option<u32> = None, "maxBufferSize", range AT_LEAST_ONE
                => Runs;
            /// Accepts under way at once; 0 is automatic.
            max_pending_accepts: u32 = 0, "maxPendingAccepts", range Range::new(0, MAX_PENDING_ACCEPTS)
                => note("connections are accepted as they come");
            /// Address of the proxy.
            proxy_address: Option<String> = None, "proxyAddress" as Uri => Runs;
            /// HTTP authentication to the proxy, which Basic and Digest can do here: a binding that names its proxy is
            /// refused with another, and where the system names one, the messages are when the proxy asks.
            proxy_authentication_scheme: AuthenticationSchemes = AuthenticationSchemes::ANONYMOUS,
                "proxyAuthenticationScheme" => Runs;
            /// Realm of HTTP Basic and Digest.
            realm: String = String::new(), "realm" => Runs;
            /// Time for a request's first bytes; 00:00:00 is automatic.
            request_initialization_timeout: TimeSpan = TimeSpan::ZERO,
                "requestInitializationTimeout"
                => Runs;
            /// Whether messages are buffered.
            transfer_mode: TransferMode = TransferMode::Buffered, "transferMode"
                => Runs;
            /// Whether NTLM connections are shared between callers.
            unsafe_connection_ntlm_authentication: bool = false,
                "unsafeConnectionNtlmAuthentication" => Refused(HttpAuthentication);
            /// Whether the system's proxy is used.
            use_default_web_proxy: bool = true, "useDefaultWebProxy" => Runs;
        }
        children {
            /// WebSockets.
            web_socket_settings: WebSocketSettings, "webSocketSettings";
            /// Channel binding tokens.
            extended_protection_policy: Option<ExtendedProtectionPolicy>, "extendedProtectionPolicy";
            /// .NET classes that see HTTP messages first.
            message_handler_factory: Option<MessageHandlerFactory>, "messageHandlerFactory";
        }
    }
}

settings! {
    /// `<httpsTransport>`.
    pub struct HttpsTransport {
        flatten {
            /// All that `<httpTransport>` has.
            http: HttpTransport,
        }
        attributes {
            /// Whether the TLS client must show a certificate.
            require_client_certificate: bool = false, "requireClientCertificate" => Runs;
        }
    }
}

settings! {
    /// `<connectionPoolSettings>` of `<tcpTransport>`.
    pub struct ConnectionPoolSettings {
        attributes {
            /// Connections are shared only within a group.
            group_name: String = String::from("default"), "groupName" => Runs;
            /// Oldest age of a connection.
            lease_timeout: TimeSpan = TimeSpan::minutes(5), "leaseTimeout" => Runs;
            /// How long an idle connection is kept.
            idle_timeout: TimeSpan = TimeSpan::minutes(2), "idleTimeout" => Runs;
            /// Idle connections kept to one endpoint.
            max_outbound_connections_per_endpoint: u32 = 10, "maxOutboundConnectionsPerEndpoint"
                => Runs;
        }
    }
}

settings! {
    /// `<tcpTransport>`.
    pub struct TcpTransport {
        attributes {
            /// Whether the program sets addressing headers itself; excludes reliable sessions.
            manual_addressing: bool = false, "manualAddressing" => RunsExcept(&["true"]);
            /// Bytes of the buffer pool.
            max_buffer_pool_size: u64 = 524_288, "maxBufferPoolSize", range AT_LEAST_ONE_LONG
                => note(POOLS);
            /// Bytes of the largest message that is accepted.
            max_received_message_size: u64 = 65_536, "maxReceivedMessageSize", range AT_LEAST_ONE_LONG
                => Runs;
            /// Bytes read from the connection at once.
            connection_buffer_size: u32 = 8192, "connectionBufferSize", range AT_LEAST_ONE
                => note(BUFFERS);
            /// How the host name takes part in finding the service.
            host_name_comparison_mode: HostNameComparisonMode =
                HostNameComparisonMode::StrongWildcard, "hostNameComparisonMode" => Runs;
            /// Time for a connection's preamble.
            channel_initialization_timeout: TimeSpan = TimeSpan::seconds(30),
                "channelInitializationTimeout", range Range::POSITIVE_SPAN => Runs;
            /// Bytes of a buffer; absent follows maxReceivedMessageSize.
            max_buffer_size: Option<u32> = None, "maxBufferSize", range AT_LEAST_ONE
                => Runs;
            /// Connections waiting to be dispatched; 0 is automatic (12 × processors).
            max_pending_connections: u32 = 0, "maxPendingConnections" => Runs;
            /// How long small writes are held back to go together.
            max_output_delay: TimeSpan = TimeSpan::milliseconds(200), "maxOutputDelay"
                => note(NO_DELAY);
            /// Accepts under way at once; 0 is automatic (2 × processors).
            max_pending_accepts: u32 = 0, "maxPendingAccepts"
                => note("connections are accepted as they come");
            /// Whether messages are buffered.
            transfer_mode: TransferMode = TransferMode::Buffered, "transferMode"
                => except_unless(Part::StreamedTcp, &["Streamed", "StreamedRequest", "StreamedResponse"]);
            /// Connections waiting to be accepted; 0 is automatic (12 × processors).
            listen_backlog: u32 = 0, "listenBacklog" => Runs;
            /// Whether several processes may listen on the port.
            port_sharing_enabled: bool = false, "portSharingEnabled" => Partly(SHARED_PORT);
            /// Whether Teredo tunnels are used.
            teredo_enabled: bool = false, "teredoEnabled" => warn(NO_TEREDO);
        }
        children {
            /// Channel binding tokens.
            extended_protection_policy: Option<ExtendedProtectionPolicy>, "extendedProtectionPolicy";
            /// The connection pool.
            connection_pool_settings: ConnectionPoolSettings, "connectionPoolSettings";
        }
    }
}

settings! {
    /// `<sslStreamSecurity>`: TLS over TCP.
    pub struct SslStreamSecurity {
        attributes {
            /// Whether the TLS client must show a certificate.
            require_client_certificate: bool = false, "requireClientCertificate" => Runs;
            /// TLS versions.
            ssl_protocols: SslProtocols = SslProtocols::TCP_DEFAULT, "sslProtocols"
                => Partly(TLS_VERSIONS);
        }
    }
}

settings! {
    /// `<windowsStreamSecurity>`: Windows authentication over TCP.
    pub struct WindowsStreamSecurity {
        attributes {
            /// What the connection protects.
            protection_level: ProtectionLevel = ProtectionLevel::EncryptAndSign, "protectionLevel"
                => Refused(WindowsAccounts);
        }
    }
}

settings! {
    /// `<compositeDuplex>`: a second connection for callbacks.
    pub struct CompositeDuplex {
        attributes {
            /// Where the client listens.
            client_base_address: Option<String> = None, "clientBaseAddress" as Uri
                => Runs;
        }
    }
}

settings! {
    /// `<channelPoolSettings>` of `<oneWay>`.
    pub struct ChannelPoolSettings {
        attributes {
            /// How long an idle channel is kept.
            idle_timeout: TimeSpan = TimeSpan::minutes(2), "idleTimeout" => note(CHANNEL_POOL);
            /// Oldest age of a channel.
            lease_timeout: TimeSpan = TimeSpan::minutes(10), "leaseTimeout" => note(CHANNEL_POOL);
            /// Idle channels kept to one endpoint.
            max_outbound_channels_per_endpoint: u32 = 10, "maxOutboundChannelsPerEndpoint",
                range AT_LEAST_ONE => note(CHANNEL_POOL);
        }
    }
}

settings! {
    /// `<oneWay>`: turns requests with replies into messages one way.
    pub struct OneWay {
        attributes {
            /// Channels accepted at once.
            max_accepted_channels: u32 = 10, "maxAcceptedChannels", range AT_LEAST_ONE
                => note("requests are accepted as they come");
            /// Whether messages carry the header of packet routing.
            packet_routable: bool = false, "packetRoutable" => RunsExcept(&["true"]);
        }
        children {
            /// The channel pool.
            channel_pool_settings: ChannelPoolSettings, "channelPoolSettings";
        }
    }
}

settings! {
    /// `<transactionFlow>`.
    pub struct TransactionFlow {
        attributes {
            /// The dialect.
            transaction_protocol: TransactionProtocol = TransactionProtocol::OleTransactions,
                "transactionProtocol" => warn(NO_TRANSACTIONS);
            /// Whether operations with Action="*" may take transactions.
            allow_wildcard_action: bool = false, "allowWildcardAction" => warn(NO_TRANSACTIONS);
        }
    }
}
