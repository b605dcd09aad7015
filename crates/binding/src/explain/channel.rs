//! The shape of an endpoint's channels: what carries its messages, and what that means for calls.

use super::words::span;
use super::{Facts, Topic};
use crate::effective::{EffectiveEndpoint, Role};
use crate::shape::{ChannelShape, Connection};
use crate::transport::StreamSecurity;
use crate::{ReliableSessionElement, TcpTransport, TimeSpan, WebSocketTransportUsage};

/// What a number of 0 stands for, a processor (WCF 4.5 and later).
const AUTOMATIC_CONNECTIONS: u32 = 12;

/// `a TCP connection`: what carries the messages.
pub(super) fn carrier(endpoint: &EffectiveEndpoint) -> &'static str {
    let https = endpoint.transport.scheme == "https";
    match endpoint.channel_shape(false) {
        ChannelShape::CompositeDuplex => {
            "HTTP requests in both directions, each answered with nothing"
        }
        ChannelShape::DuplexSession(Connection::WebSocket) if https => "a WebSocket inside TLS",
        ChannelShape::DuplexSession(Connection::WebSocket) => "a WebSocket",
        ChannelShape::DuplexSession(Connection::Tcp) => "a TCP connection, both ways",
        ChannelShape::StreamedExchanges => "TCP; a request and its reply are streams",
        ChannelShape::Exchanges if https => "HTTPS; the reply comes in the HTTP response",
        ChannelShape::Exchanges => "HTTP; the reply comes in the HTTP response",
        ChannelShape::Unknown => "its transport",
    }
}

/// Who may call whom, where the client listens, and what becomes of connections.
pub(super) fn explain(endpoint: &EffectiveEndpoint, facts: &mut Facts) {
    let shape = endpoint.channel_shape(false);
    let say = |facts: &mut Facts, text: &str| facts.say(Topic::Messages, text);
    if shape.is_duplex() {
        say(
            facts,
            "each side finds a reply by the message that it relates to; a contract with callbacks calls both ways",
        );
    }
    let web_socket = endpoint.transport.web_socket.as_ref();
    let when_duplex = |usage| usage == WebSocketTransportUsage::WhenDuplex;
    if shape == ChannelShape::Exchanges
        && web_socket.is_some_and(|w| when_duplex(w.transport_usage))
    {
        say(facts, "a contract with callbacks goes through a WebSocket instead");
    }
    if shape == ChannelShape::CompositeDuplex {
        say(facts, &listens(endpoint));
    }
    if let Some(tcp) = &endpoint.transport.tcp {
        connections(endpoint, tcp, facts);
    }
}

fn listens(endpoint: &EffectiveEndpoint) -> String {
    match (endpoint.role, &endpoint.client_base_address) {
        (Role::Client, Some(base)) => format!(
            "the client listens below {base}, which the service has to reach; the name in it is the one that messages \
             to the client carry"
        ),
        (Role::Client, None) => "the client listens on port 80 below http://(this machine's name)/Temporary_Listen_Addresses/, \
             which the service has to reach; clientBaseAddress names another place"
            .to_owned(),
        (Role::Service, _) => {
            "the service sends to where each client listens: it has to reach every client".to_owned()
        }
    }
}

fn connections(endpoint: &EffectiveEndpoint, tcp: &TcpTransport, facts: &mut Facts) {
    let pool = &tcp.connection_pool_settings;
    let limit = |n: u32| match n {
        0 => format!("{AUTOMATIC_CONNECTIONS} per processor"),
        n => n.to_string(),
    };
    let text = match endpoint.role {
        Role::Client => format!(
            "connections are used again: up to {} a host idle for at most {}, none older than {} (pool \"{}\")",
            pool.max_outbound_connections_per_endpoint,
            span(pool.idle_timeout),
            span(pool.lease_timeout),
            pool.group_name
        ),
        Role::Service => format!(
            "a connection has {} for its preamble; {} may wait to be accepted, {} for their first message",
            span(tcp.channel_initialization_timeout),
            limit(tcp.listen_backlog),
            limit(tcp.max_pending_connections)
        ),
    };
    facts.say(Topic::Limits, text);
}

/// How acknowledgements travel.
pub(super) fn acknowledgements(
    endpoint: &EffectiveEndpoint,
    session: &ReliableSessionElement,
) -> String {
    match endpoint.channel_shape(false).is_duplex() {
        false => "acknowledgements go with the HTTP answers".to_owned(),
        true => match session.acknowledgement_interval {
            TimeSpan::ZERO => "acknowledgements go at once".to_owned(),
            wait => format!("acknowledgements wait up to {} for a message to go with", span(wait)),
        },
    }
}

/// What becomes of a reliable session whose connection breaks.
pub(super) fn broken_connection(endpoint: &EffectiveEndpoint) -> Option<&'static str> {
    let ChannelShape::DuplexSession(connection) = endpoint.channel_shape(false) else {
        return None;
    };
    let by_connection = endpoint.security.is_none() && endpoint.transport.stream_security.is_some();
    Some(match connection {
        Connection::Tcp if by_connection => {
            "the session ends with its connection, which TLS protects: nothing else proves on another whose it is"
        }
        _ => "a connection that breaks is replaced, and the session goes on",
    })
}

/// What a net.tcp connection is protected with.
pub(super) fn stream_security(endpoint: &EffectiveEndpoint) -> Option<&'static str> {
    match endpoint.transport.stream_security? {
        StreamSecurity::Tls { .. } => Some("TLS on the connection"),
        StreamSecurity::Windows { .. } => Some("a Windows account on the connection"),
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Binding, EffectiveEndpoint, NetHttpBinding, NetTcpBinding, Role, SecurityMode,
        WsDualHttpBinding, WsDualHttpSecurityMode,
    };

    fn facts(binding: impl Into<Binding>, role: Role) -> String {
        let endpoint = EffectiveEndpoint::unchecked(role, &binding.into());
        let mut facts = super::super::Facts::default();
        super::explain(&endpoint, &mut facts);
        let texts: Vec<String> = facts.0.into_iter().map(|fact| fact.text).collect();
        format!("{}\n{}", super::carrier(&endpoint), texts.join("\n"))
    }

    #[test]
    fn each_shape_is_told() {
        let tcp = NetTcpBinding::new(SecurityMode::None, true);
        let client = facts(tcp.clone(), Role::Client);
        assert!(client.contains("a TCP connection, both ways"), "{client}");
        assert!(client.contains("up to 10 a host idle for at most 2 minutes"), "{client}");
        let service = facts(tcp, Role::Service);
        assert!(service.contains("30 seconds for its preamble; 12 per processor may"), "{service}");
        let dual = WsDualHttpBinding::new(WsDualHttpSecurityMode::None);
        let text = facts(dual.clone(), Role::Client);
        assert!(text.contains("on port 80 below"), "{text}");
        let base = "http://here:8001/".to_owned();
        let text = facts(dual.client_base_address(Some(base)), Role::Client);
        assert!(text.contains("listens below http://here:8001/"), "{text}");
        let text = facts(NetHttpBinding::default(), Role::Client);
        assert!(text.contains("a contract with callbacks goes through a WebSocket"), "{text}");
    }

    #[test]
    fn tls_ties_a_session_to_its_connection() {
        let told = |mode| {
            let binding = NetTcpBinding::new(mode, true).into();
            super::broken_connection(&EffectiveEndpoint::unchecked(Role::Client, &binding))
                .expect("a connection")
                .to_owned()
        };
        assert!(told(SecurityMode::None).contains("is replaced"));
        assert!(told(SecurityMode::Message).contains("is replaced"));
        assert!(told(SecurityMode::TransportWithMessageCredential).contains("is replaced"));
        assert!(told(SecurityMode::Transport).contains("ends with its connection"));
    }
}
