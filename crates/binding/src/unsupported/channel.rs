//! What cannot be run of a channel because of its shape: net.tcp, WebSockets, two one-way directions, streams.
//!
//! What is only not built yet asks [`Part`] whether it is; everything else stays refused.

use waxwing_soap::Address;

use super::found::Found;
use crate::built::Part;
use crate::effective::{EffectiveEndpoint, EffectiveSecurity, METADATA_CONTRACT, Role};
use crate::refusal::InWcf;
use crate::shape::{ChannelShape, Connection};
use crate::stack::BindingElement;
use crate::transport::StreamSecurity;
use crate::{
    AuthenticationMode, CompressionFormat, MessageEncoding, SslProtocols, TransferMode,
    WebSocketTransportUsage,
};

const OVER_HTTP: &str = "use wsHttpBinding or ws2007HttpBinding";
const NO_CALLBACKS: &str = "use wsHttpBinding and a contract without callbacks";
const TLS_CREDENTIALS: &str = "write <transport clientCredentialType=\"Certificate\" /> or \"None\" in its <security>, on both sides; where a netTcpBinding says nothing it is mode=\"Transport\" with Windows accounts";

/// What stands in the way of the endpoint's channels, for a contract with or without callbacks.
pub(super) fn channel(endpoint: &EffectiveEndpoint, callbacks: bool, found: &mut Found) {
    let shape = endpoint.channel_shape(callbacks);
    match shape {
        ChannelShape::Exchanges => exchanges(endpoint, found),
        ChannelShape::DuplexSession(Connection::Tcp) | ChannelShape::StreamedExchanges => {
            tcp(endpoint, shape, callbacks, found);
        }
        ChannelShape::DuplexSession(Connection::WebSocket) => {
            web_socket(endpoint, callbacks, found);
        }
        ChannelShape::CompositeDuplex => composite_duplex(endpoint, callbacks, found),
        ChannelShape::Unknown => {}
    }
}

fn exchanges(endpoint: &EffectiveEndpoint, found: &mut Found) {
    if has_one_way(endpoint) {
        found.add("the binding element <oneWay>", "remove it", "oneWay");
    }
    if endpoint.transport.transfer_mode != TransferMode::Buffered {
        streamed(endpoint, found);
    }
    if is_binary(endpoint) {
        binary_over_http(endpoint, found);
    }
}

/// What carries whole messages alone.
fn buffered_alone(endpoint: &EffectiveEndpoint, found: &mut Found, what: &str) {
    if endpoint.transport.transfer_mode != TransferMode::Buffered {
        let instead = "write transferMode=\"Buffered\"; HTTP without it and net.tcp stream";
        found.add(format!("streamed messages over {what}"), instead, "@transferMode");
    }
}

fn binary_over_http(endpoint: &EffectiveEndpoint, found: &mut Found) {
    let text = "write messageEncoding=\"Text\"";
    if found.need(Part::BinaryOverHttp, "binary messages", text, "@messageEncoding") {
        compression(endpoint, found);
    }
}

fn compression(endpoint: &EffectiveEndpoint, found: &mut Found) {
    let MessageEncoding::Binary(binary) = endpoint.encoding else { return };
    if binary.compression != CompressionFormat::None {
        found.need(
            Part::CompressedBinary,
            format!("binary messages compressed by {}", binary.compression),
            "remove compressionFormat",
            "binaryMessageEncoding/@compressionFormat",
        );
    }
}

fn is_binary(endpoint: &EffectiveEndpoint) -> bool {
    matches!(endpoint.encoding, MessageEncoding::Binary(_))
}

// ---- net.tcp ----------------------------------------------------------------------------------

fn tcp(endpoint: &EffectiveEndpoint, shape: ChannelShape, callbacks: bool, found: &mut Found) {
    stream_security(endpoint, found);
    shared_port(endpoint, found);
    let Some(_) = endpoint.stack.tcp() else {
        // A binding that is known by name only: its name says it all.
        found.add(transport_of(endpoint), OVER_HTTP, "");
        return;
    };
    if endpoint.composite_duplex || has_one_way(endpoint) {
        found.add(
            "<compositeDuplex> and <oneWay> over net.tcp",
            "remove both: a net.tcp connection carries messages both ways",
            "compositeDuplex",
        );
    }
    if !found.need(Part::TcpLink, transport_of(endpoint), OVER_HTTP, "") {
        return;
    }
    if endpoint.contract == METADATA_CONTRACT {
        let mex = "use mexHttpBinding, or <serviceMetadata httpGetEnabled=\"true\" />";
        found.need(Part::MetadataOverTcp, "metadata exchange over net.tcp", mex, "");
    }
    if shape == ChannelShape::StreamedExchanges {
        let buffered = "write transferMode=\"Buffered\"";
        let what = "streamed messages over net.tcp";
        if found.need(Part::StreamedTcp, what, buffered, "@transferMode") {
            streamed(endpoint, found);
        }
    }
    over_link(endpoint, "net.tcp", callbacks, found);
    if let Some(security) = &endpoint.security {
        secured_tcp(security, shape, found);
    }
}

fn secured_tcp(security: &EffectiveSecurity, shape: ChannelShape, found: &mut Found) {
    if security.over_transport {
        found.need(
            Part::MixedOverTcp,
            "a message credential over net.tcp with TLS",
            "write <security mode=\"Transport\">",
            "security",
        );
    } else {
        found.need(
            Part::ConversationOverTcp,
            "message security over net.tcp",
            "write <security mode=\"Transport\"> with clientCredentialType=\"Certificate\" or \"None\"",
            "security",
        );
    }
    if security.element.is_asymmetric() && security.secure_conversation.is_none() {
        found.add(
            "messages over net.tcp that each side signs with its certificate by themselves: whatever the service sends is \
             encrypted for a certificate that it knows beforehand (WCF: the one client of <clientCertificate><certificate>)",
            "write authenticationMode=\"SecureConversation\" with this mode in <secureConversationBootstrap>, on both sides",
            "security/@authenticationMode",
        );
    }
    if shape != ChannelShape::StreamedExchanges {
        both_ways(security, found);
    }
    if security.secure_conversation.as_ref().is_some_and(|own| !own.require_cancellation) {
        found.add_of_wcf(
            InWcf::Unknown,
            "a security context in a cookie over net.tcp",
            "write requireSecurityContextCancellation=\"true\"",
            "security/@requireSecurityContextCancellation",
        );
    }
}

/// What streamed messages do not have here.
fn streamed(endpoint: &EffectiveEndpoint, found: &mut Found) {
    if let MessageEncoding::Binary(binary) = endpoint.encoding
        && binary.compression != CompressionFormat::None
    {
        found.add(
            "streamed messages that are compressed",
            "remove compressionFormat, or write transferMode=\"Buffered\"",
            "binaryMessageEncoding/@compressionFormat",
        );
    }
}

fn transport_of(endpoint: &EffectiveEndpoint) -> String {
    format!("the net.tcp transport of {}", endpoint.binding_section)
}

fn stream_security(endpoint: &EffectiveEndpoint, found: &mut Found) {
    let at = |name: &'static str, attribute: &'static str| match endpoint.binding_section.as_str() {
        "customBinding" => name,
        _ => attribute,
    };
    match endpoint.transport.stream_security {
        None => {}
        Some(StreamSecurity::Windows { .. }) => found.add(
            "Windows accounts on the connection (<windowsStreamSecurity>)",
            match endpoint.binding_section.as_str() {
                "customBinding" => "write <sslStreamSecurity /> in its place, on both sides",
                _ => TLS_CREDENTIALS,
            },
            at("windowsStreamSecurity", "security/transport/@clientCredentialType"),
        ),
        Some(StreamSecurity::Tls { protocols, .. }) => {
            let modern = protocols == SslProtocols::NONE || protocols.contains(SslProtocols::TLS12);
            if !modern {
                found.add(
                    format!("a connection that speaks nothing newer than TLS 1.1 ({protocols})"),
                    "write sslProtocols=\"Tls12\", or remove sslProtocols",
                    at("sslStreamSecurity/@sslProtocols", "security/transport/@sslProtocols"),
                );
            }
            if Part::TcpLink.runs() {
                let none =
                    "write <security mode=\"None\">, or use wsHttpBinding with message security";
                let element = at("sslStreamSecurity", "security/@mode");
                found.need(Part::TlsOverTcp, "TLS inside net.tcp", none, element);
            }
        }
    }
}

/// Whether several programs may listen on the port is asked at a service only.
fn shared_port(endpoint: &EffectiveEndpoint, found: &mut Found) {
    let shared = endpoint.stack.tcp().is_some_and(|tcp| tcp.port_sharing_enabled);
    if shared && endpoint.role == Role::Service {
        found.add(
            "a port that is shared with other programs (the Net.Tcp Port Sharing Service of Windows)",
            "remove portSharingEnabled: endpoints of one program share a port without it",
            match endpoint.binding_section.as_str() {
                "customBinding" => "tcpTransport/@portSharingEnabled",
                _ => "@portSharingEnabled",
            },
        );
    }
}

// ---- what every link has ------------------------------------------------------------------------

fn over_link(endpoint: &EffectiveEndpoint, link: &str, callbacks: bool, found: &mut Found) {
    match endpoint.encoding {
        MessageEncoding::Binary(_) => compression(endpoint, found),
        MessageEncoding::Text(_) | MessageEncoding::Mtom(_) => {
            let what = format!("text and MTOM messages over {link}");
            let binary = "write <binaryMessageEncoding />, on both sides";
            found.need(Part::OtherEncodingsOverLinks, what, binary, "textMessageEncoding");
        }
    }
    if !endpoint.message_version.has_addressing() {
        found.add_of_wcf(
            InWcf::Unknown,
            format!(
                "messages without WS-Addressing over {link}: no reply could be told from another"
            ),
            "write messageVersion=\"Soap12WSAddressing10\"",
            "textMessageEncoding/@messageVersion",
        );
    }
    if endpoint.reliable_session.is_some() {
        let what = format!("a reliable session over {link}");
        found.need(Part::ReliableOverLinks, what, "switch it off", "reliableSession");
    }
    if callbacks {
        let what = format!("callbacks over {link}");
        found.need(Part::CallbacksOverLinks, what, NO_CALLBACKS, "");
    }
}

// ---- WebSockets -------------------------------------------------------------------------------

fn web_socket(endpoint: &EffectiveEndpoint, callbacks: bool, found: &mut Found) {
    let at = "webSocketSettings/@transportUsage";
    let instead = match callbacks {
        true => "use netTcpBinding, or a contract without callbacks",
        false => "write <webSocketSettings transportUsage=\"WhenDuplex\" />",
    };
    if !found.need(Part::WebSockets, "WebSockets", instead, at) {
        return;
    }
    buffered_alone(endpoint, found, "WebSockets");
    over_link(endpoint, "WebSockets", callbacks, found);
    if let Some(security) = &endpoint.security {
        secured_web_socket(endpoint, security, found);
    }
}

/// The receiver of a message puts its own address in place of `To` before security looks at it
/// (`WebSocketTransportDuplexSessionChannel`; `EndpointAddress.ApplyTo`): whatever covers `To` verifies nowhere.
fn secured_web_socket(
    endpoint: &EffectiveEndpoint,
    security: &EffectiveSecurity,
    found: &mut Found,
) {
    let at = match endpoint.binding_section.as_str() {
        "customBinding" => "security/@authenticationMode",
        _ => "webSocketSettings/@transportUsage",
    };
    if !security.over_transport {
        return found.add_of_wcf(
            InWcf::NoMessage,
            "message security over WebSockets: WCF puts an address of its own in place of each message's To before it verifies \
             the signature, which covers To, so that no message passes",
            "write <security mode=\"Transport\">, or <webSocketSettings transportUsage=\"Never\" />",
            at,
        );
    }
    if security.authentication == AuthenticationMode::CertificateOverTransport {
        return found.add_of_wcf(
            InWcf::NoMessage,
            "a certificate in the SOAP header over WebSockets: its signature covers an address that WCF replaces",
            "write <webSocketSettings transportUsage=\"Never\" />, or another credential",
            at,
        );
    }
    let Some(conversation) = &security.secure_conversation else { return };
    if !conversation.require_cancellation {
        found.add_of_wcf(
            InWcf::Unknown,
            "a security context in a cookie over WebSockets",
            "write requireSecurityContextCancellation=\"true\"",
            "security/@requireSecurityContextCancellation",
        );
    }
    let usage = endpoint.transport.web_socket.as_ref().map(|settings| settings.transport_usage);
    if usage == Some(WebSocketTransportUsage::WhenDuplex) {
        found.add_of_wcf(
            InWcf::Unknown,
            "secure conversation over WebSockets with transportUsage=\"WhenDuplex\": WCF's client asks for the session by requests \
             of plain HTTP, beside the WebSocket",
            "write <webSocketSettings transportUsage=\"Always\" />, on both sides",
            "webSocketSettings/@transportUsage",
        );
    }
}

// ---- wsDualHttpBinding --------------------------------------------------------------------------

fn composite_duplex(endpoint: &EffectiveEndpoint, callbacks: bool, found: &mut Found) {
    let what = "callbacks over HTTP (wsDualHttpBinding)";
    let at = if endpoint.binding_section == "customBinding" { "compositeDuplex" } else { "" };
    let instead = if callbacks { "use netTcpBinding" } else { "use wsHttpBinding" };
    if !found.need(Part::CompositeDuplex, what, instead, at) {
        return;
    }
    if endpoint.reliable_session.is_none() {
        found.add(
            "two one-way directions of HTTP without a reliable session, which would say whose a message is",
            "add <reliableSession /> above <compositeDuplex />, on both sides",
            "compositeDuplex",
        );
    }
    if !endpoint.message_version.has_addressing() {
        found.add(
            "two one-way directions of HTTP without WS-Addressing: nothing says where the client listens",
            "write messageVersion=\"Soap12WSAddressing10\"",
            "textMessageEncoding/@messageVersion",
        );
    }
    buffered_alone(endpoint, found, "two one-way directions of HTTP");
    if is_binary(endpoint) {
        binary_over_http(endpoint, found);
    }
    let base = endpoint.client_base_address.as_deref().unwrap_or_default();
    if endpoint.role == Role::Client && !base.is_empty() && !Address::of(base).has_scheme("http") {
        found.add(
            format!("listening at {base}"),
            "write an http address with this machine's name and a port: http://client.example:8001/calls",
            match endpoint.binding_section.as_str() {
                "customBinding" => "compositeDuplex/@clientBaseAddress",
                _ => "@clientBaseAddress",
            },
        );
    }
    if endpoint.transport.scheme == "https" {
        found.add(
            "two one-way directions over HTTPS",
            "write <httpTransport /> and message security, or use netTcpBinding",
            "httpsTransport",
        );
    }
    let routed = |e: &BindingElement| matches!(e, BindingElement::OneWay(e) if e.packet_routable);
    if endpoint.stack.elements.iter().any(routed) {
        found.add(
            "messages with a header of packet routing",
            "remove it",
            "oneWay/@packetRoutable",
        );
    }
    match &endpoint.security {
        None => {}
        Some(security @ EffectiveSecurity { secure_conversation: Some(_), .. }) => {
            both_ways(security, found);
            found.need(
                Part::ConversationOverCompositeDuplex,
                "message security over two one-way directions of HTTP",
                "write <security mode=\"None\">, or use netTcpBinding",
                "security",
            );
        }
        Some(_) => found.add(
            "message security without secure conversation over two one-way directions of HTTP",
            "write authenticationMode=\"SecureConversation\" with a <secureConversationBootstrap>",
            "security/@authenticationMode",
        ),
    }
}

/// What message security cannot have where both ends send when they like, and a message answers no other by where it comes.
fn both_ways(security: &EffectiveSecurity, found: &mut Found) {
    if security.over_transport {
        return;
    }
    if security.secure_conversation.as_ref().is_some_and(|own| own.require_signature_confirmation) {
        found.add_of_wcf(
            InWcf::Unknown,
            "signatures that are confirmed in a session whose messages answer no request by where they come",
            "write requireSignatureConfirmation=\"false\"",
            "security/@requireSignatureConfirmation",
        );
    }
    if security.element.enable_unsecured_response {
        found.add(
            "unsecured messages of the service where both ends send: whoever reaches the client could call its callbacks",
            "write enableUnsecuredResponse=\"false\"",
            "security/@enableUnsecuredResponse",
        );
    }
}

fn has_one_way(endpoint: &EffectiveEndpoint) -> bool {
    endpoint.stack.elements.iter().any(|e| matches!(e, BindingElement::OneWay(_)))
}
