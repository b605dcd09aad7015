//! What the other side must have, and how WCF writes it.

use super::{Facts, Topic, channel, wire};
use crate::effective::EffectiveSecurity;
use crate::effective::{EffectiveEndpoint, Role};
use crate::{
    AlgorithmSuite, AuthenticationSchemes, MessageEncoding, TransferMode, TrustVersion,
    WebSocketTransportUsage,
};

/// What the other side must have so that the two understand each other.
pub(super) fn explain(endpoint: &EffectiveEndpoint, facts: &mut Facts) {
    let other = match endpoint.role {
        Role::Client => "the service",
        Role::Service => "a client",
    };
    let mut needs = vec![wire::version(endpoint.message_version)];
    match &endpoint.reliable_session {
        Some(session) => {
            needs.push(wire::reliable_version(session.reliable_messaging_version).into())
        }
        None => needs.push("no reliable session".into()),
    }
    match &endpoint.security {
        None if endpoint.transport.scheme == "https" => needs.push("HTTPS".into()),
        None => {
            needs.push(channel::stream_security(endpoint).unwrap_or("no security").to_owned());
        }
        Some(security) => {
            needs.push(match security.trust() {
                TrustVersion::February2005 => {
                    "WS-Trust and WS-SecureConversation of February 2005".into()
                }
                TrustVersion::Trust13 => "WS-Trust 1.3 and WS-SecureConversation 1.3".into(),
            });
            needs.push(format!("the security {}", security.authentication));
            needs.push(match &security.secure_conversation {
                Some(_) => "a secure conversation".into(),
                None => "no secure conversation".into(),
            });
            needs.push(format!("the algorithm suite {}", security.algorithm_suite));
        }
    }
    facts.say(Topic::Peer, format!("{other} must have the same: {}", needs.join(", ")));
    if let Some(binding) = same_binding(endpoint) {
        facts.say(Topic::Peer, format!("{other} of WCF has it with {binding}"));
    }
    facts.say(Topic::Peer, "ordered, timeouts, sizes and quotas may differ");
}

/// How the other side writes the same binding; none of one that has no section for it, or too many settings.
fn same_binding(endpoint: &EffectiveEndpoint) -> Option<String> {
    let section = endpoint.binding_section.as_str();
    let (attributes, security) = match section {
        "wsHttpBinding" | "ws2007HttpBinding" => (String::new(), ws_security(endpoint)),
        "netTcpBinding" => (transfer_mode(endpoint), tcp_security(endpoint)),
        "wsDualHttpBinding" => (listening(endpoint), dual_security(endpoint)),
        "basicHttpBinding" | "netHttpBinding" => (String::new(), basic_security(endpoint)),
        "basicHttpsBinding" | "netHttpsBinding" => (String::new(), https_security(endpoint)),
        _ => return None,
    };
    // wsDualHttpBinding always has one.
    let reliable = match &endpoint.reliable_session {
        Some(_) if section != "wsDualHttpBinding" => "<reliableSession enabled=\"true\"/> ",
        _ => "",
    };
    let (encoding, sockets) = (encoding(endpoint), web_sockets(endpoint));
    Some(format!(
        "<{section}> <binding{attributes}{encoding}> {reliable}{security} {sockets}</binding> </{section}>"
    ))
}

/// Where it is not the default of the binding, which net.tcp has no other than.
fn encoding(endpoint: &EffectiveEndpoint) -> String {
    let name = match endpoint.encoding {
        MessageEncoding::Text(_) => "Text",
        MessageEncoding::Mtom(_) => "Mtom",
        MessageEncoding::Binary(_) => "Binary",
    };
    let default = match endpoint.binding_section.as_str() {
        "netHttpBinding" | "netHttpsBinding" | "netTcpBinding" => "Binary",
        _ => "Text",
    };
    if name == default { String::new() } else { format!(" messageEncoding=\"{name}\"") }
}

/// Whether messages go through a WebSocket, where the contract alone does not say it.
fn web_sockets(endpoint: &EffectiveEndpoint) -> String {
    let settings = endpoint.transport.web_socket.as_ref();
    let settings = settings.filter(|_| endpoint.binding_section.starts_with("netHttp"));
    match settings.map(|settings| settings.transport_usage) {
        None | Some(WebSocketTransportUsage::WhenDuplex) => String::new(),
        Some(usage) => format!("<webSocketSettings transportUsage=\"{usage}\"/> "),
    }
}

/// What clients prove themselves with to the connection; without a word WCF takes Windows accounts.
fn credential_of_transport(endpoint: &EffectiveEndpoint) -> &'static str {
    let transport = &endpoint.transport;
    match transport.authentication {
        _ if transport.require_client_certificate => "Certificate",
        AuthenticationSchemes::BASIC => "Basic",
        AuthenticationSchemes::DIGEST => "Digest",
        _ => "None",
    }
}

fn is_anonymous(endpoint: &EffectiveEndpoint) -> bool {
    credential_of_transport(endpoint) == "None"
}

/// `mode="Transport"`, and who the client is to it.
fn transport_security(endpoint: &EffectiveEndpoint) -> String {
    of_transport("Transport", endpoint)
}

fn of_transport(mode: &str, endpoint: &EffectiveEndpoint) -> String {
    let credential = credential_of_transport(endpoint);
    format!(
        "<security mode=\"{mode}\"> <transport clientCredentialType=\"{credential}\"/> </security>"
    )
}

/// `basicHttpBinding` and `netHttpBinding`, which go over both, and have a login without TLS.
fn basic_security(endpoint: &EffectiveEndpoint) -> String {
    let is_safe = endpoint.transport.scheme == "https";
    match &endpoint.security {
        Some(security) if security.over_transport => https_security(endpoint),
        Some(security) => message_security("Message", security, ""),
        None if is_safe => transport_security(endpoint),
        None if is_anonymous(endpoint) => "<security mode=\"None\"/>".to_owned(),
        None => of_transport("TransportCredentialOnly", endpoint),
    }
}

/// `netHttpsBinding` and `basicHttpsBinding`, whose credential may stand in messages.
fn https_security(endpoint: &EffectiveEndpoint) -> String {
    match &endpoint.security {
        None => transport_security(endpoint),
        Some(security) => message_security("TransportWithMessageCredential", security, ""),
    }
}

/// Security of messages, with what is not the default of every binding.
fn message_security(mode: &str, security: &EffectiveSecurity, more: &str) -> String {
    let suite = match security.algorithm_suite {
        AlgorithmSuite::Basic256 => String::new(),
        suite => format!(" algorithmSuite=\"{suite}\""),
    };
    format!(
        "<security mode=\"{mode}\"> <message clientCredentialType=\"{}\"{more}{suite}/> </security>",
        security.credential
    )
}

fn ws_security(endpoint: &EffectiveEndpoint) -> String {
    let Some(security) = &endpoint.security else {
        return match endpoint.transport.scheme.as_str() {
            "https" => transport_security(endpoint),
            _ => "<security mode=\"None\"/>".to_owned(),
        };
    };
    let mode = if security.over_transport { "TransportWithMessageCredential" } else { "Message" };
    let negotiate = negotiation(security);
    let context = match &security.secure_conversation {
        None => " establishSecurityContext=\"false\"",
        Some(_) => "",
    };
    message_security(mode, security, &format!("{negotiate}{context}"))
}

fn negotiation(security: &EffectiveSecurity) -> &'static str {
    match (security.negotiated, security.over_transport) {
        (false, false) => " negotiateServiceCredential=\"false\"",
        _ => "",
    }
}

/// `netTcpBinding`, whose message security has fewer settings.
fn tcp_security(endpoint: &EffectiveEndpoint) -> String {
    match (&endpoint.security, channel::stream_security(endpoint)) {
        (None, None) => "<security mode=\"None\"/>".to_owned(),
        (None, Some(_)) => transport_security(endpoint),
        (Some(security), Some(_)) => {
            message_security("TransportWithMessageCredential", security, "")
        }
        (Some(security), None) => message_security("Message", security, ""),
    }
}

fn dual_security(endpoint: &EffectiveEndpoint) -> String {
    match &endpoint.security {
        None => "<security mode=\"None\"/>".to_owned(),
        Some(security) => message_security("Message", security, negotiation(security)),
    }
}

/// Streams and messages are framed in two ways: both ends have the same.
fn transfer_mode(endpoint: &EffectiveEndpoint) -> String {
    match endpoint.transport.transfer_mode {
        TransferMode::Buffered => String::new(),
        mode => format!(" transferMode=\"{mode}\""),
    }
}

/// Where a client is called back: without a word WCF's listens at port 80, which needs rights.
fn listening(endpoint: &EffectiveEndpoint) -> String {
    match endpoint.role {
        Role::Client => String::new(),
        Role::Service => " clientBaseAddress=\"http://NAME-OF-THE-CLIENT:PORT/\"".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        BasicHttpBinding, BasicHttpSecurityMode, BasicHttpsBinding, BasicHttpsSecurityMode,
        Binding, ClientCredentials, EffectiveEndpoint, HttpClientCredentialType,
        MessageCredentialType, NetHttpBinding, NetHttpMessageEncoding, NetHttpsBinding,
        NetTcpBinding, SecurityMode, ServiceBehavior, TransferMode, WebSocketSettings,
        WebSocketTransportUsage, WsDualHttpBinding, WsDualHttpSecurityMode, WsHttpBinding,
        WsMessageEncoding,
    };

    fn client(binding: &Binding, address: &str) -> EffectiveEndpoint {
        let credentials = ClientCredentials::default();
        EffectiveEndpoint::client(binding, "c", address, None, credentials).expect("a good binding")
    }

    /// `basicHttpBinding`, and what goes by the same words.
    fn basics() -> [(Binding, &'static str); 6] {
        let http = "http://localhost:1/a";
        let safe = "https://localhost:1/a";
        let basic = |mode, credential| {
            let mut binding = BasicHttpBinding::default();
            binding.security.mode = mode;
            binding.security.transport.client_credential_type = credential;
            Binding::from(binding)
        };
        let mut basics = BasicHttpsBinding::default();
        basics.security.transport.client_credential_type = HttpClientCredentialType::Digest;
        let mut net = NetHttpBinding::default();
        net.security.mode = BasicHttpSecurityMode::Transport;
        [
            (basic(BasicHttpSecurityMode::None, HttpClientCredentialType::None), http),
            (
                basic(
                    BasicHttpSecurityMode::TransportCredentialOnly,
                    HttpClientCredentialType::Basic,
                ),
                http,
            ),
            (basic(BasicHttpSecurityMode::Transport, HttpClientCredentialType::Basic), safe),
            (
                basic(
                    BasicHttpSecurityMode::TransportWithMessageCredential,
                    HttpClientCredentialType::None,
                ),
                safe,
            ),
            (basics.into(), safe),
            (net.into(), safe),
        ]
    }

    /// What is told is a binding that WCF reads, and that has the same on the wire.
    #[test]
    fn what_wcf_is_told_to_write_is_the_same_binding() {
        let (tcp, http) = ("net.tcp://localhost:1/a", "http://localhost:1/a");
        let message = MessageCredentialType::UserName;
        let mtom = WsHttpBinding::new(SecurityMode::None, true);
        let sockets = WebSocketSettings::default().transport_usage(WebSocketTransportUsage::Always);
        let text = NetHttpBinding::default().message_encoding(NetHttpMessageEncoding::Text);
        let mut mixed = NetHttpsBinding::default();
        mixed.security.mode = BasicHttpsSecurityMode::TransportWithMessageCredential;
        let cases = [
            (mixed.into(), "https://localhost:1/a"),
            (mtom.message_encoding(WsMessageEncoding::Mtom).into(), http),
            (text.web_socket_settings(sockets).into(), http),
            (NetTcpBinding::new(SecurityMode::None, true).into(), tcp),
            (
                NetTcpBinding::new(SecurityMode::Message, true).message_credential(message).into(),
                tcp,
            ),
            (
                NetTcpBinding::new(SecurityMode::None, false)
                    .transfer_mode(TransferMode::Streamed)
                    .into(),
                tcp,
            ),
            (
                NetTcpBinding::new(SecurityMode::None, false)
                    .transfer_mode(TransferMode::StreamedRequest)
                    .into(),
                tcp,
            ),
            (WsDualHttpBinding::new(WsDualHttpSecurityMode::None).into(), http),
            (WsDualHttpBinding::default().message_credential(message).into(), http),
            (NetHttpBinding::default().into(), http),
            (
                WsHttpBinding::new(SecurityMode::Message, true).message_credential(message).into(),
                http,
            ),
            (WsHttpBinding::new(SecurityMode::None, false).into(), http),
        ];
        for (binding, address) in cases.into_iter().chain(basics()) {
            let own = client(&binding, address);
            let told = super::same_binding(&own).expect("a binding that can be told");
            let named = told.replacen("<binding", "<binding name=\"b\"", 1);
            let section = binding.section();
            let text = format!(
                "<configuration><system.serviceModel><bindings>{named}</bindings><client><endpoint address=\"{address}\" \
                 binding=\"{section}\" bindingConfiguration=\"b\" contract=\"c\"/></client></system.serviceModel></configuration>"
            );
            let loaded = crate::Configuration::load(&text);
            assert!(!loaded.has_errors(), "{told}: {:?}", loaded.diagnostics);
            let read = loaded.client_endpoint("*", "c").expect("an endpoint");
            assert_eq!(own.disagreements(&read), [], "{told}");
            assert_eq!(own.transport.transfer_mode, read.transport.transfer_mode, "{told}");
            assert_eq!(own.transport.authentication, read.transport.authentication, "{told}");
        }
    }

    #[test]
    fn a_client_is_told_to_say_where_it_listens() {
        let (dual, address) =
            (WsDualHttpBinding::new(WsDualHttpSecurityMode::None).into(), "http://localhost:1/a");
        let behavior = ServiceBehavior::default();
        let service =
            EffectiveEndpoint::service(&dual, "c", address, behavior).expect("a good binding");
        let told = super::same_binding(&service).unwrap_or_default();
        assert!(told.contains("clientBaseAddress="), "{told}");
        let told = super::same_binding(&client(&dual, address)).unwrap_or_default();
        assert!(!told.is_empty() && !told.contains("clientBaseAddress"), "{told}");
    }
}
