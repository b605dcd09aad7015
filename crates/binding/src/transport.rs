//! The transport of an endpoint, every setting resolved.

use crate::bindings::custom::{HttpTransport, TcpTransport, WebSocketSettings};
use crate::proxy::ProxySettings;
use crate::stack::{BindingElement, Stack};
use crate::{
    AuthenticationSchemes, HostNameComparisonMode, ProtectionLevel, SslProtocols, TimeSpan,
    TransferMode, WebSocketTransportUsage,
};

/// The transport.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectiveTransport {
    /// `http`, `https`, `net.tcp`…
    pub scheme: String,
    /// Bytes of the largest message that is accepted.
    pub max_received_message_size: u64,
    /// Bytes of the buffer of one message.
    pub max_buffer_size: u64,
    /// Whether messages are buffered; reliable sessions need that.
    pub transfer_mode: TransferMode,
    /// HTTP authentication of clients; `ANONYMOUS` when there is none.
    pub authentication: AuthenticationSchemes,
    /// The realm in which a service asks for HTTP Basic and Digest.
    pub realm: String,
    /// Whether the TLS client must show a certificate.
    pub require_client_certificate: bool,
    /// How the host name takes part in finding the service.
    pub host_name_comparison_mode: HostNameComparisonMode,
    /// How long a service waits for the whole of a request; zero: no limit of its own.
    pub request_initialization_timeout: TimeSpan,
    /// Whether HTTP connections are reused.
    pub keep_alive: bool,
    /// What is said of proxies; [`ProxyRules`](crate::ProxyRules) makes a decision of it.
    pub proxy: ProxySettings,
    /// Whether the cookies of a service (or of what balances its load) are kept and sent back.
    pub allow_cookies: bool,
    /// Whether compressed answers are asked for and taken.
    pub decompression: bool,
    /// Of a net.tcp transport: its settings, with the pool of connections. Where 0 stands for automatic,
    /// [`TcpTransport`] says what that is.
    pub tcp: Option<TcpTransport>,
    /// What protects a net.tcp connection.
    pub stream_security: Option<StreamSecurity>,
    /// Of an HTTP transport: what is said of WebSockets.
    pub web_socket: Option<WebSocketSettings>,
}

/// What a net.tcp connection is upgraded to before its first message (MC-NMF §2.2.3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamSecurity {
    /// TLS: `application/ssl-tls`.
    Tls {
        /// Whether the client must show a certificate.
        require_client_certificate: bool,
        /// The versions that may be spoken.
        protocols: SslProtocols,
    },
    /// Windows authentication: `application/negotiate`.
    Windows {
        /// What the connection protects.
        protection_level: ProtectionLevel,
    },
}

impl EffectiveTransport {
    /// Whether messages go through WebSockets, for a contract with or without callbacks.
    pub fn uses_web_sockets(&self, callbacks: bool) -> bool {
        self.web_socket.as_ref().is_some_and(|settings| match settings.transport_usage {
            WebSocketTransportUsage::Always => true,
            WebSocketTransportUsage::WhenDuplex => callbacks,
            WebSocketTransportUsage::Never => false,
        })
    }

    /// Whether the connection itself signs and encrypts.
    pub fn is_protected(&self) -> bool {
        self.scheme == "https"
            || match self.stream_security {
                Some(StreamSecurity::Tls { .. }) => true,
                Some(StreamSecurity::Windows { protection_level }) => {
                    protection_level == ProtectionLevel::EncryptAndSign
                }
                None => false,
            }
    }

    pub(crate) fn of(stack: &Stack) -> EffectiveTransport {
        let mut transport = EffectiveTransport {
            scheme: stack.scheme().to_owned(),
            max_received_message_size: 65_536,
            max_buffer_size: 65_536,
            transfer_mode: TransferMode::Buffered,
            authentication: AuthenticationSchemes::ANONYMOUS,
            realm: String::new(),
            require_client_certificate: false,
            host_name_comparison_mode: HostNameComparisonMode::StrongWildcard,
            request_initialization_timeout: TimeSpan::ZERO,
            keep_alive: true,
            proxy: ProxySettings::default(),
            allow_cookies: false,
            decompression: true,
            tcp: None,
            stream_security: None,
            web_socket: None,
        };
        stack.elements.iter().for_each(|element| transport.take(element));
        transport
    }

    fn take(&mut self, element: &BindingElement) {
        match element {
            BindingElement::HttpTransport(http) => self.take_http(http),
            BindingElement::HttpsTransport(https) => {
                self.take_http(&https.http);
                self.require_client_certificate = https.require_client_certificate;
            }
            BindingElement::TcpTransport(tcp) => {
                self.max_received_message_size = tcp.max_received_message_size;
                self.max_buffer_size =
                    tcp.max_buffer_size.map_or(tcp.max_received_message_size, u64::from);
                self.transfer_mode = tcp.transfer_mode;
                self.host_name_comparison_mode = tcp.host_name_comparison_mode;
                self.tcp = Some(tcp.as_ref().clone());
            }
            BindingElement::SslStreamSecurity(ssl) => {
                self.require_client_certificate = ssl.require_client_certificate;
                self.stream_security = Some(StreamSecurity::Tls {
                    require_client_certificate: ssl.require_client_certificate,
                    protocols: ssl.ssl_protocols,
                });
            }
            BindingElement::WindowsStreamSecurity(windows) => {
                let protection_level = windows.protection_level;
                self.stream_security = Some(StreamSecurity::Windows { protection_level });
            }
            _ => {}
        }
    }

    fn take_http(&mut self, http: &HttpTransport) {
        self.max_received_message_size = http.max_received_message_size;
        self.max_buffer_size =
            http.max_buffer_size.map_or(http.max_received_message_size, u64::from);
        self.transfer_mode = http.transfer_mode;
        self.authentication = http.authentication_scheme;
        self.realm.clone_from(&http.realm);
        self.host_name_comparison_mode = http.host_name_comparison_mode;
        self.request_initialization_timeout = http.request_initialization_timeout;
        self.keep_alive = http.keep_alive_enabled;
        self.allow_cookies = http.allow_cookies;
        self.decompression = http.decompression_enabled;
        self.proxy = ProxySettings {
            address: http.proxy_address.clone(),
            use_default: http.use_default_web_proxy,
            bypass_on_local: http.bypass_proxy_on_local,
            authentication: http.proxy_authentication_scheme,
            default: None,
        };
        self.web_socket = Some(http.web_socket_settings.clone());
    }
}
