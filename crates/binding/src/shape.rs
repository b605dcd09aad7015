//! How the channels of an endpoint are shaped: what the engines and transports are asked for.

use crate::TransferMode;
use crate::effective::EffectiveEndpoint;

/// What carries a channel, and in which pattern: what the engines and transports are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChannelShape {
    /// A request and its reply are one exchange of HTTP.
    Exchanges,
    /// Whole messages both ways over a connection; replies are found by `RelatesTo`, both ends may call.
    DuplexSession(Connection),
    /// Whole messages both ways, each a request of HTTP that is answered with nothing: the client listens, too.
    CompositeDuplex,
    /// A net.tcp connection with one request and one reply as streams.
    StreamedExchanges,
    /// A transport that is known by name only.
    Unknown,
}

/// What carries a duplex session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Connection {
    /// net.tcp (MC-NMF).
    Tcp,
    /// A WebSocket (RFC 6455, subprotocol `soap`).
    WebSocket,
}

impl ChannelShape {
    /// Whether both ends can call.
    pub fn is_duplex(self) -> bool {
        matches!(self, ChannelShape::DuplexSession(_) | ChannelShape::CompositeDuplex)
    }
}

impl EffectiveEndpoint {
    /// The shape of the endpoint's channels. `callbacks` says whether the contract has a callback contract: WebSockets
    /// with `transportUsage="WhenDuplex"` are used for such contracts alone.
    pub fn channel_shape(&self, callbacks: bool) -> ChannelShape {
        let transport = &self.transport;
        let buffered = transport.transfer_mode == TransferMode::Buffered;
        match transport.scheme.as_str() {
            "http" | "https" if self.composite_duplex => ChannelShape::CompositeDuplex,
            "http" | "https" if transport.uses_web_sockets(callbacks) => {
                ChannelShape::DuplexSession(Connection::WebSocket)
            }
            "http" | "https" => ChannelShape::Exchanges,
            "net.tcp" if buffered => ChannelShape::DuplexSession(Connection::Tcp),
            "net.tcp" => ChannelShape::StreamedExchanges,
            _ => ChannelShape::Unknown,
        }
    }

    /// Whether the connection is a session by itself, for a contract with or without callbacks: all messages of one
    /// come from one client.
    pub fn has_connection_session(&self, callbacks: bool) -> bool {
        matches!(self.channel_shape(callbacks), ChannelShape::DuplexSession(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Binding, NetHttpBinding, NetHttpsBinding, NetTcpBinding, Role, SecurityMode, SslProtocols,
        StreamSecurity, TcpClientCredentialType, WebSocketSettings, WebSocketTransportUsage,
        WsDualHttpBinding, WsDualHttpSecurityMode, WsHttpBinding,
    };

    fn endpoint(binding: impl Into<Binding>) -> EffectiveEndpoint {
        EffectiveEndpoint::unchecked(Role::Client, &binding.into())
    }

    fn shapes(binding: impl Into<Binding>) -> [ChannelShape; 2] {
        let endpoint = endpoint(binding);
        [endpoint.channel_shape(false), endpoint.channel_shape(true)]
    }

    #[test]
    fn each_binding_has_its_shape() {
        use ChannelShape::*;
        let tcp = NetTcpBinding::new(SecurityMode::None, true);
        assert_eq!(shapes(tcp.clone()), [DuplexSession(Connection::Tcp); 2]);
        for mode in [TransferMode::Streamed, TransferMode::StreamedRequest] {
            assert_eq!(shapes(tcp.clone().transfer_mode(mode)), [StreamedExchanges; 2]);
        }
        let dual = WsDualHttpBinding::new(WsDualHttpSecurityMode::Message);
        assert_eq!(shapes(dual), [CompositeDuplex; 2]);
        let when_duplex = [Exchanges, DuplexSession(Connection::WebSocket)];
        assert_eq!(shapes(NetHttpBinding::default()), when_duplex);
        assert_eq!(shapes(NetHttpsBinding::default()), when_duplex);
        let usage = |usage| {
            let settings = WebSocketSettings::default().transport_usage(usage);
            shapes(NetHttpBinding::default().web_socket_settings(settings))
        };
        assert_eq!(usage(WebSocketTransportUsage::Never), [Exchanges; 2]);
        let always = [DuplexSession(Connection::WebSocket); 2];
        assert_eq!(usage(WebSocketTransportUsage::Always), always);
        assert_eq!(shapes(WsHttpBinding::default()), [Exchanges; 2]);
    }

    /// WCF's defaults of what a connection has (4.5 and later).
    #[test]
    fn a_connection_has_the_defaults_of_wcf() {
        let tcp = NetTcpBinding::new(SecurityMode::Transport, false);
        let mut with_tls = tcp.clone();
        with_tls.security.transport.client_credential_type = TcpClientCredentialType::Certificate;
        let transport = endpoint(with_tls).transport;
        let settings = transport.tcp.clone().expect("a TCP transport");
        let pool = &settings.connection_pool_settings;
        assert_eq!(
            (pool.group_name.as_str(), pool.max_outbound_connections_per_endpoint),
            ("default", 10)
        );
        assert_eq!(
            (pool.idle_timeout, pool.lease_timeout),
            (crate::TimeSpan::minutes(2), crate::TimeSpan::minutes(5))
        );
        assert_eq!(settings.channel_initialization_timeout, crate::TimeSpan::seconds(30));
        assert_eq!((settings.listen_backlog, settings.max_pending_connections), (0, 0));
        assert_eq!(
            (transport.max_received_message_size, transport.max_buffer_size),
            (65_536, 65_536)
        );
        let expected = StreamSecurity::Tls {
            require_client_certificate: true,
            protocols: SslProtocols::TCP_DEFAULT,
        };
        assert_eq!(transport.stream_security, Some(expected));
        assert!(transport.is_protected() && transport.require_client_certificate);
        // Without a word it is a Windows account.
        let windows = endpoint(tcp).transport.stream_security;
        assert!(matches!(windows, Some(StreamSecurity::Windows { .. })), "{windows:?}");
        let crate::MessageEncoding::Binary(binary) = endpoint(NetTcpBinding::default()).encoding
        else {
            panic!("not binary")
        };
        assert_eq!(
            (binary.compression, binary.max_session_size),
            (crate::CompressionFormat::None, 2048)
        );
        // `maxConnections` of netTcpBinding is both what waits and what is kept.
        let many = endpoint(NetTcpBinding::default().max_connections(7_u32)).transport.tcp.unwrap();
        let kept = many.connection_pool_settings.max_outbound_connections_per_endpoint;
        assert_eq!((many.max_pending_connections, kept), (7, 7));
    }
}
