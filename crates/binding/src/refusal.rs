//! Combinations that WCF refuses when an endpoint is opened, and what Waxwing cannot run.

use std::borrow::Cow;

use crate::bindings::Binding;
use crate::bindings::custom_binding::{CustomElement, ElementClass, registered_name};
use crate::stack::{BindingElement, SecurityKind, Stack};
use crate::{
    AuthenticationMode, BasicHttpMessageCredentialType, BasicHttpSecurityMode,
    HttpClientCredentialType, IssuedKeyType, MessageCredentialType, ProtectionLevel, SecurityMode,
    TcpClientCredentialType, TransferMode, WsFederationHttpSecurityMode,
};

/// A combination of settings that WCF refuses when the service host or channel factory opens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}; {fix} (WCF: {wcf_text})")]
pub struct Refusal {
    /// Stable identifier.
    pub code: &'static str,
    /// What is wrong, in plain words.
    pub message: String,
    /// WCF's own text.
    pub wcf_text: String,
    /// How to mend it.
    pub fix: String,
    /// Where in the `<binding>`: `security/@mode`.
    pub at: &'static str,
}

/// A feature that is understood but cannot be run by this version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this version of Waxwing cannot run {feature}: {instead}")]
pub struct Unsupported {
    /// What it is.
    pub feature: String,
    /// What can be used instead.
    pub instead: String,
    /// Where in the `<binding>` or `<endpoint>`: `security/@mode`.
    pub at: Cow<'static, str>,
    /// Which of the two.
    pub within: Within,
    /// What WCF does with it.
    pub wcf: InWcf,
}

/// What WCF does with a feature that this version does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum InWcf {
    /// It runs there.
    #[default]
    Runs,
    /// It is refused there, too, when the endpoint is opened.
    Refused,
    /// The endpoint opens there, and no message goes over it.
    NoMessage,
    /// It is not known.
    Unknown,
}

impl InWcf {
    /// What a person is told: "WCF …".
    pub(crate) fn behavior(self) -> &'static str {
        match self {
            InWcf::Runs => "accepts and runs it; Waxwing refuses when the endpoint is opened",
            InWcf::Refused => "refuses it, too, when the endpoint is opened",
            InWcf::NoMessage => {
                "opens the endpoint, over which no message goes; Waxwing refuses when it is opened"
            }
            InWcf::Unknown => {
                "builds it; whether it runs there is not known. Waxwing refuses when the endpoint is opened"
            }
        }
    }
}

/// The element that something is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Within {
    /// The `<binding>`.
    Binding,
    /// The `<endpoint>`.
    Endpoint,
}

pub(crate) fn refusal(
    code: &'static str,
    at: &'static str,
    message: impl Into<String>,
    wcf_text: impl Into<String>,
    fix: impl Into<String>,
) -> Refusal {
    Refusal { code, message: message.into(), wcf_text: wcf_text.into(), fix: fix.into(), at }
}

impl Binding {
    /// Every combination of this binding that WCF refuses when an endpoint with it is opened, in
    /// the order in which WCF would find them; empty for a good binding.
    pub fn refusals(&self) -> Vec<Refusal> {
        let mut found = Vec::new();
        match self {
            Binding::WsHttp(b) => ws(&b.reliable_session.enabled, &b.security, &mut found),
            Binding::Ws2007Http(b) => ws(&b.reliable_session.enabled, &b.security, &mut found),
            Binding::WsFederationHttp(b) => {
                federation(b.reliable_session.enabled, &b.security, false, &mut found);
            }
            Binding::Ws2007FederationHttp(b) => {
                federation(b.reliable_session.enabled, &b.security, true, &mut found);
            }
            Binding::NetTcp(b) => net_tcp(b, &mut found),
            Binding::BasicHttp(b) => basic(&b.security, &mut found),
            Binding::NetHttp(b) => basic(&b.security, &mut found),
            Binding::Custom(b) => custom(&b.elements, &mut found),
            _ => {}
        }
        let stack = Stack::of(self);
        sizes(&stack, &mut found);
        reliable(&stack, &mut found);
        found.extend(self.refusals_of_shape(&stack));
        found
    }
}

const RELIABLE_NEEDS_CONVERSATION: &str =
    "Cannot establish a reliable session without secure conversation. Enable secure conversation.";

fn ws(reliable: &bool, security: &crate::bindings::ws::WsHttpSecurity, found: &mut Vec<Refusal>) {
    let message = &security.message;
    if *reliable && security.mode == SecurityMode::Transport {
        found.push(refusal(
            "reliable-over-https",
            "security/@mode",
            "a reliable session needs message security here: mode=\"Transport\" (HTTPS alone) \
             cannot carry it",
            "Binding validation failed because the WSHttpBinding does not support reliable \
             sessions over transport security (HTTPS). The channel factory or service host could \
             not be opened. Use message security for secure reliable messaging over HTTP.",
            "write mode=\"Message\", or mode=\"TransportWithMessageCredential\" to keep HTTPS",
        ));
    }
    let over_transport = security.mode == SecurityMode::TransportWithMessageCredential;
    if over_transport && message.client_credential_type == MessageCredentialType::None {
        found.push(mixed_without_credential());
    }
    let secured = over_transport || security.mode == SecurityMode::Message;
    if *reliable && secured && !message.establish_security_context {
        found.push(no_conversation());
    }
}

fn mixed_without_credential() -> Refusal {
    refusal(
        "mixed-without-credential",
        "security/message/@clientCredentialType",
        "mode=\"TransportWithMessageCredential\" needs a message credential, but \
         clientCredentialType is None",
        "ClientCredentialType.None is not valid for the TransportWithMessageCredential security \
         mode. Specify a message credential type or use a different security mode.",
        "write clientCredentialType=\"UserName\" or \"Certificate\"",
    )
}

fn no_conversation() -> Refusal {
    refusal(
        "reliable-without-conversation",
        "security/message/@establishSecurityContext",
        "a reliable session needs a security context to be bound to, but \
         establishSecurityContext is false",
        RELIABLE_NEEDS_CONVERSATION,
        "remove establishSecurityContext, or write establishSecurityContext=\"true\"",
    )
}

fn federation(
    reliable: bool,
    security: &crate::bindings::federation::FederationSecurity,
    bearer_allowed: bool,
    found: &mut Vec<Refusal>,
) {
    if security.mode == WsFederationHttpSecurityMode::None {
        return;
    }
    if security.message.issued_key_type == IssuedKeyType::BearerKey && !bearer_allowed {
        found.push(refusal(
            "bearer-key",
            "security/message/@issuedKeyType",
            "WS-Trust of February 2005 has no bearer keys",
            "Bearer Key Type is not supported with WSFederationHttpBinding. Please use \
             WS2007FederationHttpBinding.",
            "use ws2007FederationHttpBinding, or issuedKeyType=\"SymmetricKey\"",
        ));
    }
    if reliable && !security.message.establish_security_context {
        found.push(no_conversation());
    }
}

fn basic(security: &crate::bindings::http::BasicHttpSecurity, found: &mut Vec<Refusal>) {
    if security.mode == BasicHttpSecurityMode::TransportCredentialOnly
        && security.transport.client_credential_type == HttpClientCredentialType::Certificate
    {
        found.push(refusal(
            "credential-only-certificate",
            "security/transport/@clientCredentialType",
            "mode=\"TransportCredentialOnly\" goes over plain HTTP, where no client shows a certificate",
            "Certificate-based client authentication is not supported in TransportCredentialOnly security mode. Select the \
             Transport security mode.",
            "write mode=\"Transport\" for HTTPS, or clientCredentialType=\"Basic\" or \"Digest\"",
        ));
    }
    let user_name =
        security.message.client_credential_type == BasicHttpMessageCredentialType::UserName;
    if security.mode == BasicHttpSecurityMode::Message && user_name {
        found.push(refusal(
            "basic-message-user-name",
            "security/message/@clientCredentialType",
            "mode=\"Message\" of this binding takes certificates only; a user name would go \
             unprotected",
            "BasicHttp binding requires that BasicHttpBinding.Security.Message.ClientCredentialType \
             be equivalent to the BasicHttpMessageCredentialType.Certificate credential type for \
             secure messages. Select Transport or TransportWithMessageCredential security for \
             UserName credentials.",
            "write clientCredentialType=\"Certificate\", or mode=\"TransportWithMessageCredential\"",
        ));
    }
}

fn net_tcp(binding: &crate::bindings::tcp::NetTcpBinding, found: &mut Vec<Refusal>) {
    let security = &binding.security;
    let transport = &security.transport;
    let tls = transport.client_credential_type != TcpClientCredentialType::Windows;
    let level = transport.protection_level;
    if security.mode == SecurityMode::Transport && tls && level != ProtectionLevel::EncryptAndSign {
        found.push(refusal(
            "tls-protection-level",
            "security/transport/@protectionLevel",
            format!("TLS always signs and encrypts; protectionLevel=\"{level}\" is not possible"),
            format!(
                "The protection level '{level}' was specified, yet SSL transport security only \
                 supports EncryptAndSign."
            ),
            "remove protectionLevel",
        ));
    }
    if security.mode == SecurityMode::TransportWithMessageCredential
        && security.message.client_credential_type == MessageCredentialType::None
    {
        found.push(mixed_without_credential());
    }
}

/// Buffered transports: message and buffer size must agree and fit an integer.
fn sizes(stack: &Stack, found: &mut Vec<Refusal>) {
    for element in &stack.elements {
        let (received, buffer, mode) = match element {
            BindingElement::TcpTransport(t) => {
                (t.max_received_message_size, t.max_buffer_size, t.transfer_mode)
            }
            BindingElement::HttpTransport(t) => {
                (t.max_received_message_size, t.max_buffer_size, t.transfer_mode)
            }
            BindingElement::HttpsTransport(t) => {
                (t.http.max_received_message_size, t.http.max_buffer_size, t.http.transfer_mode)
            }
            _ => continue,
        };
        if mode != TransferMode::Buffered {
            continue;
        }
        if received > i32::MAX as u64 {
            found.push(refusal(
                "message-size",
                "@maxReceivedMessageSize",
                "whole messages are held in memory, so their size ends at 2147483647",
                "This factory buffers messages, so the message sizes must be in the range of an \
                 integer value.",
                "write maxReceivedMessageSize=\"2147483647\" or less",
            ));
        } else if buffer.is_some_and(|b| u64::from(b) != received) {
            found.push(refusal(
                "buffer-size",
                "@maxBufferSize",
                "whole messages are held in memory, so maxBufferSize must equal \
                 maxReceivedMessageSize",
                "Because messages are being buffered, MaxReceivedMessageSize and MaxBufferSize \
                 must be the same value.",
                format!("remove maxBufferSize, or write maxBufferSize=\"{received}\""),
            ));
        }
    }
}

/// What the reliable session element checks of the elements below it.
fn reliable(stack: &Stack, found: &mut Vec<Refusal>) {
    if stack.reliable_session().is_none() {
        return;
    }
    let transport = stack.elements.iter().find_map(|e| match e {
        BindingElement::HttpTransport(t) => Some((t.manual_addressing, t.transfer_mode)),
        BindingElement::HttpsTransport(t) => Some((t.http.manual_addressing, t.http.transfer_mode)),
        BindingElement::TcpTransport(t) => Some((t.manual_addressing, t.transfer_mode)),
        _ => None,
    });
    let (manual, mode) = transport.unzip();
    if manual == Some(true) {
        found.push(refusal(
            "reliable-manual-addressing",
            if stack.tcp().is_some() {
                "tcpTransport/@manualAddressing"
            } else {
                "httpTransport/@manualAddressing"
            },
            "a reliable session writes the addressing headers, but manualAddressing leaves them \
             to the program",
            "Binding validation failed because the TransportBindingElement's ManualAddressing \
             property was set to true on a binding that is configured to create reliable \
             sessions. This combination is not supported and the channel factory or service host \
             was not opened.",
            "remove manualAddressing",
        ));
    }
    if let Some(mode) = mode.filter(|m| *m != TransferMode::Buffered) {
        found.push(refusal(
            "reliable-streamed",
            "@transferMode",
            format!("a reliable session keeps whole messages, but transferMode is {mode}"),
            format!("Transfer mode {mode} is not supported by ReliableSessionBindingElement."),
            "remove transferMode, or switch the reliable session off",
        ));
    }
    if !stack.message_version().has_addressing() {
        found.push(refusal(
            "reliable-without-addressing",
            "textMessageEncoding/@messageVersion",
            "a reliable session needs WS-Addressing headers, but the message version has none",
            "Addressing Version 'AddressingNone \
             (http://schemas.microsoft.com/ws/2005/05/addressing/none)' is not supported.",
            "write messageVersion=\"Soap12WSAddressing10\"",
        ));
    }
    let one_way = ["msmqTransport", "msmqIntegration", "udpTransport"];
    if let Some(BindingElement::Other(name)) = stack
        .elements
        .iter()
        .find(|e| matches!(e, BindingElement::Other(name) if one_way.contains(&name.as_str())))
    {
        found.push(refusal(
            "reliable-one-way-transport",
            "",
            format!("a reliable session needs answers, but {name} only carries messages one way"),
            "The specified channel type System.ServiceModel.Channels.IOutputChannel is not \
             supported by this channel manager.",
            "use httpTransport, httpsTransport or tcpTransport",
        ));
    }
}

fn custom(elements: &[CustomElement], found: &mut Vec<Refusal>) {
    let transport = elements.iter().position(|e| e.class() == ElementClass::Transport);
    if transport.is_none() && elements.last().is_some_and(CustomElement::is_foreign) {
        // The transport may be the program's own.
        return;
    }
    let Some(position) = transport else {
        found.push(refusal(
            "no-transport",
            "",
            "the custom binding has no transport",
            "The Scheme cannot be computed for this binding because this CustomBinding lacks a \
             TransportBindingElement.  Every binding must have at least one binding element that \
             derives from TransportBindingElement.",
            "add <httpTransport />, <httpsTransport /> or <tcpTransport /> as the last element",
        ));
        return;
    };
    if position + 1 < elements.len() {
        found.push(transport_not_last(elements[position].name()));
    }
    for element in elements {
        if let CustomElement::Security(security) = element {
            custom_security(security, found);
        }
    }
    stream_security(elements, found);
    insecure_transport(elements, found);
}

fn transport_not_last(name: &str) -> Refusal {
    let mut class = name.to_owned();
    class.replace_range(..1, &name[..1].to_ascii_uppercase());
    refusal(
        "transport-not-last",
        registered_name(name),
        format!("<{name}> must be the last element"),
        format!(
            "In Binding 'CustomBinding', TransportBindingElement '{class}BindingElement' does not \
             appear last in the BindingElementCollection.  Please change the order of elements \
             such that the TransportBindingElement is last."
        ),
        "order: transactionFlow, reliableSession, security, compositeDuplex, oneWay, stream \
         security, message encoding, transport",
    )
}

fn custom_security(
    security: &crate::bindings::security::SecurityElement,
    found: &mut Vec<Refusal>,
) {
    let conversation = Some(AuthenticationMode::SecureConversation);
    let bootstrap = security.secure_conversation_bootstrap.as_ref();
    if security.parameters.authentication_mode == conversation
        && bootstrap.is_some_and(|b| b.parameters.authentication_mode == conversation)
    {
        found.push(refusal(
            "nested-conversation",
            "security/secureConversationBootstrap/@authenticationMode",
            "the bootstrap of a secure conversation cannot itself be a secure conversation",
            "Cannot create security binding element based on configuration data. The secure \
             conversation bootstrap requires another secure conversation which is not supported.",
            "name the real mode, for example authenticationMode=\"MutualCertificate\"",
        ));
    }
}

fn stream_security(elements: &[CustomElement], found: &mut Vec<Refusal>) {
    let upgrade = elements.iter().find(|e| e.class() == ElementClass::StreamUpgrade);
    let stream = elements.iter().any(|e| matches!(e.name(), "tcpTransport" | "namedPipeTransport"));
    if let (Some(upgrade), false) = (upgrade, stream) {
        found.push(refusal(
            "stream-security-without-stream",
            registered_name(upgrade.name()),
            format!("<{}> secures a TCP stream, but the transport is not TCP", upgrade.name()),
            "The security capabilities of binding 'System.ServiceModel.Channels.CustomBinding' do \
             not match those of the generated runtime object. Most likely this means the binding \
             contains a StreamSecurityBindingElement, but lacks a TransportBindingElement that \
             supports Stream Security (such as TCP or Named Pipes). Either remove the unused \
             StreamSecurityBindingElement or use a transport that supports this element.",
            format!("remove <{}>, and use <httpsTransport /> for TLS", upgrade.name()),
        ));
    }
}

fn insecure_transport(elements: &[CustomElement], found: &mut Vec<Refusal>) {
    let over_transport = elements.iter().any(|e| match e {
        CustomElement::Security(s) => {
            let element = crate::stack::SecurityBindingElement::custom(s);
            matches!(element.kind, SecurityKind::Transport) && !element.allow_insecure_transport
        }
        _ => false,
    });
    let has = |name: &str| elements.iter().any(|e| e.name() == name);
    let secured = has("httpsTransport") || has("sslStreamSecurity") || has("windowsStreamSecurity");
    // An element of the program's own may vouch for the transport.
    let foreign = elements.iter().any(CustomElement::is_foreign);
    if over_transport && !secured && !foreign && (has("httpTransport") || has("tcpTransport")) {
        found.push(refusal(
            "insecure-transport",
            "security/@authenticationMode",
            "this mode leaves integrity and confidentiality to the transport, but the transport \
             has neither",
            "The 'CustomBinding'.'http://tempuri.org/' binding is configured with an \
             authentication mode that requires transport level integrity and confidentiality. \
             However the transport cannot provide integrity and confidentiality.",
            "use a mode without OverTransport, or <httpsTransport />; where somebody in front of the \
             service ends TLS, write allowInsecureTransport=\"true\" on both sides of it",
        ));
    }
}
