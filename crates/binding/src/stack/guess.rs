//! The standard bindings that might build a stack, in the order in which WCF's importer tries them.
//!
//! A guess takes from the stack what the binding has a setting for; whether the binding builds the stack is not asked
//! here.

use super::{BindingElement, SecurityBindingElement, SecurityKind, Stack, TokenKind};
use crate::bindings::common::{HttpTransportSecurity, OptionalReliableSession, ReliableSession};
use crate::bindings::federation::{FederatedMessageSecurity, FederationSecurity};
use crate::bindings::http::{BasicHttpMessageSecurity, BasicHttpSecurity, HttpCommon};
use crate::bindings::security::IssuedTokenParameters;
use crate::bindings::tcp::{NetTcpSecurity, TcpMessageSecurity, TcpTransportSecurity};
use crate::bindings::ws::{WsHttpCommon, WsHttpMessageSecurity, WsHttpSecurity};
use crate::bindings::{Binding, OtherBinding};
use crate::{
    AlgorithmSuite, AuthenticationMode, AuthenticationSchemes, BasicHttpBinding,
    BasicHttpMessageCredentialType, BasicHttpSecurityMode, HttpClientCredentialType,
    MessageCredentialType, MessageEncoding, NetHttpBinding, NetHttpMessageEncoding, NetTcpBinding,
    SecurityMode, TcpClientCredentialType, TransferMode, WebSocketTransportUsage,
    Ws2007FederationHttpBinding, Ws2007HttpBinding, WsDualHttpBinding, WsDualHttpMessageSecurity,
    WsDualHttpSecurity, WsDualHttpSecurityMode, WsFederationHttpBinding,
    WsFederationHttpSecurityMode, WsHttpBinding, WsMessageEncoding,
};

/// What the guesses take from a stack.
struct Seen<'a> {
    stack: &'a Stack,
    security: Option<&'a SecurityBindingElement>,
    /// The element of the bootstrap, or of each message.
    first: Option<&'a SecurityBindingElement>,
    over_transport: bool,
    https: bool,
    client_certificate: bool,
    schemes: AuthenticationSchemes,
}

pub(super) fn candidates(stack: &Stack) -> Vec<Binding> {
    let security = stack.security();
    let first = security.map(|s| s.bootstrap().unwrap_or(s));
    let seen = Seen {
        stack,
        security,
        first,
        over_transport: security.is_some_and(|s| matches!(s.kind, SecurityKind::Transport)),
        https: stack.scheme() == "https",
        client_certificate: stack.elements.iter().any(|e| match e {
            BindingElement::HttpsTransport(https) => https.require_client_certificate,
            _ => false,
        }),
        schemes: stack.http().map_or(AuthenticationSchemes::ANONYMOUS, |h| h.authentication_scheme),
    };
    match stack.scheme() {
        // A reliable session over HTTPS alone is what wsHttpBinding refuses and a customBinding does.
        "https" if stack.reliable_session().is_some() && stack.security().is_none() => {
            vec![seen.net_http()]
        }
        "http" | "https" | "" => vec![
            seen.ws(),
            seen.federation(),
            seen.ws_2007(),
            seen.federation_2007(),
            seen.dual(),
            seen.basic(),
            seen.net_http(),
        ],
        "net.tcp" => seen.tcp().into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The binding of a transport that is known by name only, as far as it is described: that of queues has security unless
/// it says otherwise, that of pipes the security of Windows.
pub(super) fn described(stack: &Stack) -> Option<Binding> {
    let section = match stack.scheme() {
        "net.msmq" => "netMsmqBinding",
        "net.pipe" => "netNamedPipeBinding",
        _ => return None,
    };
    let windows = |e: &BindingElement| matches!(e, BindingElement::WindowsStreamSecurity(_));
    let content = match stack.elements.iter().any(windows) || stack.security().is_some() {
        true => "",
        false => "<security mode=\"None\" />",
    };
    Some(OtherBinding::described(section, content))
}

impl Seen<'_> {
    fn session(&self) -> OptionalReliableSession {
        match self.stack.reliable_session() {
            None => OptionalReliableSession::default(),
            Some(session) => OptionalReliableSession::on()
                .ordered(session.ordered)
                .inactivity_timeout(session.inactivity_timeout),
        }
    }

    fn ws_encoding(&self) -> WsMessageEncoding {
        match self.stack.encoding() {
            MessageEncoding::Mtom(_) => WsMessageEncoding::Mtom,
            _ => WsMessageEncoding::Text,
        }
    }

    fn ws_common(&self) -> WsHttpCommon {
        WsHttpCommon::default().message_encoding(self.ws_encoding())
    }

    fn cookies(&self) -> bool {
        self.stack.http().is_some_and(|http| http.allow_cookies)
    }

    fn mode(&self) -> SecurityMode {
        match (self.security.is_some(), self.over_transport) {
            (true, true) => SecurityMode::TransportWithMessageCredential,
            (true, false) => SecurityMode::Message,
            (false, _) if self.https => SecurityMode::Transport,
            (false, _) => SecurityMode::None,
        }
    }

    /// A suite is written when it is not the default.
    fn suite(&self) -> Option<AlgorithmSuite> {
        let suite = self.first?.default_algorithm_suite;
        let default = match self.first?.authentication_mode {
            AuthenticationMode::Kerberos => AlgorithmSuite::Basic128,
            _ => AlgorithmSuite::Basic256,
        };
        (suite != default).then_some(suite)
    }

    fn credential(&self) -> MessageCredentialType {
        self.first.map_or(MessageCredentialType::Windows, |f| f.authentication_mode.credential())
    }

    /// Negotiation is what the standard bindings do unless told otherwise; over HTTPS it has no meaning.
    fn negotiates(&self) -> bool {
        self.first.is_none_or(|f| {
            f.authentication_mode.is_negotiated() || f.authentication_mode.is_over_transport()
        })
    }

    fn is_conversation(&self) -> bool {
        self.security.is_none_or(|s| s.bootstrap().is_some())
    }

    /// Credentials on the connection: only HTTPS brings them to be said; over HTTP the default stays.
    fn http_credentials(&self, default: HttpTransportSecurity) -> HttpTransportSecurity {
        if !self.https && self.schemes == AuthenticationSchemes::ANONYMOUS {
            return default;
        }
        default.client_credential_type(self.http_credential())
    }

    fn http_credential(&self) -> HttpClientCredentialType {
        use HttpClientCredentialType as C;
        if self.client_certificate {
            return C::Certificate;
        }
        match self.schemes {
            AuthenticationSchemes::BASIC => C::Basic,
            AuthenticationSchemes::DIGEST => C::Digest,
            AuthenticationSchemes::NTLM => C::Ntlm,
            AuthenticationSchemes::NEGOTIATE => C::Windows,
            _ => C::None,
        }
    }

    fn ws_security(&self) -> WsHttpSecurity {
        let mut message = WsHttpMessageSecurity::default();
        if self.security.is_some() {
            message = message
                .client_credential_type(self.credential())
                .negotiate_service_credential(self.negotiates())
                .establish_security_context(self.is_conversation());
            message.algorithm_suite = self.suite();
        }
        WsHttpSecurity {
            mode: self.mode(),
            transport: self.http_credentials(HttpTransportSecurity::windows()),
            message,
        }
    }

    fn ws(&self) -> Binding {
        let mut binding = WsHttpBinding::default().allow_cookies(self.cookies());
        binding.http = self.ws_common();
        binding.reliable_session = self.session();
        binding.security = self.ws_security();
        binding.into()
    }

    fn ws_2007(&self) -> Binding {
        let mut binding = Ws2007HttpBinding::default().allow_cookies(self.cookies());
        binding.http = self.ws_common();
        binding.reliable_session = self.session();
        binding.security = self.ws_security();
        binding.into()
    }

    fn federation_security(&self) -> FederationSecurity {
        let issued = self.first.and_then(|first| {
            first.all_tokens().find_map(|token| match &token.kind {
                TokenKind::Issued(parameters) => Some(parameters.as_ref().clone()),
                _ => None,
            })
        });
        let mode = match self.mode() {
            SecurityMode::Message => WsFederationHttpSecurityMode::Message,
            SecurityMode::TransportWithMessageCredential => {
                WsFederationHttpSecurityMode::TransportWithMessageCredential
            }
            _ => WsFederationHttpSecurityMode::None,
        };
        let IssuedTokenParameters {
            token_type,
            key_type,
            additional_request_parameters,
            claim_type_requirements,
            issuer,
            issuer_metadata,
            ..
        } = issued.unwrap_or_default();
        let message = FederatedMessageSecurity {
            algorithm_suite: self.suite(),
            establish_security_context: self.is_conversation(),
            negotiate_service_credential: self.negotiates(),
            issued_key_type: key_type,
            issued_token_type: token_type,
            claim_type_requirements,
            issuer,
            issuer_metadata,
            token_request_parameters: additional_request_parameters,
        };
        FederationSecurity { mode, message }
    }

    fn federation(&self) -> Binding {
        let mut binding = WsFederationHttpBinding { http: self.ws_common(), ..Default::default() };
        binding.reliable_session = self.session();
        binding.security = self.federation_security();
        binding.into()
    }

    fn federation_2007(&self) -> Binding {
        let mut binding =
            Ws2007FederationHttpBinding { http: self.ws_common(), ..Default::default() };
        binding.reliable_session = self.session();
        binding.security = self.federation_security();
        binding.into()
    }

    fn dual(&self) -> Binding {
        let mut binding = WsDualHttpBinding { http: self.ws_common(), ..Default::default() };
        if let Some(session) = self.stack.reliable_session() {
            binding.reliable_session = ReliableSession {
                ordered: session.ordered,
                inactivity_timeout: session.inactivity_timeout,
            };
        }
        binding.security = match self.security {
            None => WsDualHttpSecurity::default().mode(WsDualHttpSecurityMode::None),
            Some(_) => WsDualHttpSecurity::default().message(WsDualHttpMessageSecurity {
                client_credential_type: self.credential(),
                negotiate_service_credential: self.negotiates(),
                algorithm_suite: self.suite(),
            }),
        };
        binding.into()
    }

    fn basic_security(&self) -> BasicHttpSecurity {
        let mode = match self.mode() {
            SecurityMode::None if self.schemes != AuthenticationSchemes::ANONYMOUS => {
                BasicHttpSecurityMode::TransportCredentialOnly
            }
            SecurityMode::None => BasicHttpSecurityMode::None,
            SecurityMode::Transport => BasicHttpSecurityMode::Transport,
            SecurityMode::Message => BasicHttpSecurityMode::Message,
            SecurityMode::TransportWithMessageCredential => {
                BasicHttpSecurityMode::TransportWithMessageCredential
            }
        };
        let mut message = BasicHttpMessageSecurity::default();
        if self.credential() == MessageCredentialType::Certificate {
            message = message.client_credential_type(BasicHttpMessageCredentialType::Certificate);
        }
        message.algorithm_suite = self.suite();
        let transport = self.http_credentials(HttpTransportSecurity::default());
        BasicHttpSecurity { mode, transport, message }
    }

    fn http_common(&self) -> HttpCommon {
        let mode = self.stack.http().map_or(TransferMode::Buffered, |http| http.transfer_mode);
        HttpCommon::default().allow_cookies(self.cookies()).transfer_mode(mode)
    }

    fn basic(&self) -> Binding {
        let binding = BasicHttpBinding {
            http: self.http_common(),
            message_encoding: self.ws_encoding(),
            security: self.basic_security(),
            ..BasicHttpBinding::default()
        };
        binding.into()
    }

    /// Without WebSockets WCF does not recognise it: binary messages over HTTP stay a custom binding.
    fn net_http(&self) -> Binding {
        let mut binding = NetHttpBinding { http: self.http_common(), ..NetHttpBinding::default() };
        binding.message_encoding = match self.stack.encoding() {
            MessageEncoding::Text(_) => NetHttpMessageEncoding::Text,
            MessageEncoding::Mtom(_) => NetHttpMessageEncoding::Mtom,
            MessageEncoding::Binary(_) => NetHttpMessageEncoding::Binary,
        };
        binding.web_socket_settings.transport_usage = WebSocketTransportUsage::Always;
        binding.reliable_session = self.session();
        binding.security = self.basic_security();
        binding.into()
    }

    /// TLS and message security together cannot be said, unless the message only carries a credential.
    fn tcp(&self) -> Option<Binding> {
        let mut transport = TcpTransportSecurity::default();
        let mut streamed = false;
        let mut stream = None;
        for element in &self.stack.elements {
            match element {
                BindingElement::SslStreamSecurity(ssl) => {
                    transport.client_credential_type = match ssl.require_client_certificate {
                        true => TcpClientCredentialType::Certificate,
                        false => TcpClientCredentialType::None,
                    };
                    stream = Some(SecurityMode::Transport);
                }
                BindingElement::WindowsStreamSecurity(windows) => {
                    transport.protection_level = windows.protection_level;
                    stream = Some(SecurityMode::Transport);
                }
                BindingElement::TcpTransport(tcp) => {
                    streamed = tcp.transfer_mode != TransferMode::Buffered;
                }
                _ => {}
            }
        }
        let mode = match (self.mode(), stream) {
            (SecurityMode::None, None) => SecurityMode::None,
            (SecurityMode::None, Some(mode)) => mode,
            (mode @ SecurityMode::Message, None) => mode,
            (mode @ SecurityMode::TransportWithMessageCredential, Some(_)) => {
                transport = TcpTransportSecurity::default();
                mode
            }
            _ => return None,
        };
        let mut message = TcpMessageSecurity::default();
        if self.security.is_some() {
            message = message.client_credential_type(self.credential());
            message.algorithm_suite = self.suite();
        }
        let mut binding = NetTcpBinding::default().reliable_session(self.session());
        if streamed {
            binding.transfer_mode = TransferMode::Streamed;
        }
        binding.security = NetTcpSecurity { mode, transport, message };
        Some(binding.into())
    }
}
