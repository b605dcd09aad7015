//! The transports of the standard bindings, and how their messages are written.

use super::BindingElement;
use crate::bindings::common::HttpTransportSecurity;
use crate::bindings::custom::{
    ConnectionPoolSettings, HttpTransport, HttpsTransport, MtomMessageEncoding, SslStreamSecurity,
    TcpTransport, TextMessageEncoding, WindowsStreamSecurity,
};
use crate::bindings::http::HttpCommon;
use crate::bindings::tcp::NetTcpBinding;
use crate::bindings::ws::WsHttpCommon;
use crate::{
    AuthenticationSchemes, BasicHttpSecurityMode, HttpClientCredentialType,
    HttpProxyCredentialType, SecurityMode, TcpClientCredentialType, WsMessageEncoding,
};

pub(super) fn ws_encoding(http: &WsHttpCommon) -> BindingElement {
    match http.message_encoding {
        WsMessageEncoding::Text => BindingElement::TextMessageEncoding(
            TextMessageEncoding::default()
                .write_encoding(http.text_encoding)
                .reader_quotas(http.reader_quotas.clone()),
        ),
        WsMessageEncoding::Mtom => BindingElement::MtomMessageEncoding(
            MtomMessageEncoding::default()
                .write_encoding(http.text_encoding)
                .max_buffer_size(to_int(http.max_received_message_size))
                .reader_quotas(http.reader_quotas.clone()),
        ),
    }
}

/// HTTP or HTTPS, with the client's authentication on that layer where the mode has it.
pub(super) fn http_or_https(
    transport: &mut HttpTransport,
    https: bool,
    credentials: Option<&HttpTransportSecurity>,
) -> BindingElement {
    let mut require_client_certificate = false;
    if let Some(credentials) = credentials {
        require_client_certificate =
            credentials.client_credential_type == HttpClientCredentialType::Certificate;
        transport.authentication_scheme = client_scheme(credentials.client_credential_type);
        transport.proxy_authentication_scheme = proxy_scheme(credentials.proxy_credential_type);
        transport.realm.clone_from(&credentials.realm);
        transport.extended_protection_policy.clone_from(&credentials.extended_protection_policy);
    }
    let http = transport.clone();
    if https {
        let https = HttpsTransport { http, require_client_certificate };
        BindingElement::HttpsTransport(Box::new(https))
    } else {
        BindingElement::HttpTransport(Box::new(http))
    }
}

fn client_scheme(credential: HttpClientCredentialType) -> AuthenticationSchemes {
    use HttpClientCredentialType as C;
    match credential {
        C::None | C::Certificate => AuthenticationSchemes::ANONYMOUS,
        C::Basic => AuthenticationSchemes::BASIC,
        C::Digest => AuthenticationSchemes::DIGEST,
        C::Ntlm => AuthenticationSchemes::NTLM,
        C::Windows => AuthenticationSchemes::NEGOTIATE,
        C::InheritedFromHost => AuthenticationSchemes::NONE,
    }
}

fn proxy_scheme(credential: HttpProxyCredentialType) -> AuthenticationSchemes {
    use HttpProxyCredentialType as C;
    match credential {
        C::None => AuthenticationSchemes::ANONYMOUS,
        C::Basic => AuthenticationSchemes::BASIC,
        C::Digest => AuthenticationSchemes::DIGEST,
        C::Ntlm => AuthenticationSchemes::NTLM,
        C::Windows => AuthenticationSchemes::NEGOTIATE,
    }
}

fn to_int(size: u64) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX).min(i32::MAX as u32)
}

pub(super) fn ws_transport(http: &WsHttpCommon, allow_cookies: bool) -> HttpTransport {
    HttpTransport {
        max_buffer_pool_size: http.max_buffer_pool_size,
        max_received_message_size: http.max_received_message_size,
        allow_cookies,
        bypass_proxy_on_local: http.bypass_proxy_on_local,
        host_name_comparison_mode: http.host_name_comparison_mode,
        proxy_address: http.proxy_address.clone(),
        use_default_web_proxy: http.use_default_web_proxy,
        ..HttpTransport::default()
    }
}

pub(super) fn stream_security(binding: &NetTcpBinding) -> Option<BindingElement> {
    let transport = &binding.security.transport;
    let ssl = |require_client_certificate| {
        Some(BindingElement::SslStreamSecurity(SslStreamSecurity {
            require_client_certificate,
            ssl_protocols: transport.ssl_protocols,
        }))
    };
    match (binding.security.mode, transport.client_credential_type) {
        (SecurityMode::TransportWithMessageCredential, _) => ssl(false),
        (SecurityMode::Transport, TcpClientCredentialType::Windows) => {
            Some(BindingElement::WindowsStreamSecurity(
                WindowsStreamSecurity::default().protection_level(transport.protection_level),
            ))
        }
        (SecurityMode::Transport, credential) => {
            ssl(credential == TcpClientCredentialType::Certificate)
        }
        _ => None,
    }
}

pub(super) fn tcp_transport(binding: &NetTcpBinding) -> TcpTransport {
    TcpTransport {
        max_buffer_pool_size: binding.max_buffer_pool_size,
        max_received_message_size: binding.max_received_message_size,
        host_name_comparison_mode: binding.host_name_comparison_mode,
        max_buffer_size: binding.max_buffer_size,
        max_pending_connections: binding.max_connections,
        transfer_mode: binding.transfer_mode,
        listen_backlog: binding.listen_backlog,
        port_sharing_enabled: binding.port_sharing_enabled,
        connection_pool_settings: match binding.max_connections {
            0 => ConnectionPoolSettings::default(),
            n => ConnectionPoolSettings::default().max_outbound_connections_per_endpoint(n),
        },
        ..TcpTransport::default()
    }
}

pub(super) fn basic_transport(
    http: &HttpCommon,
    mode: BasicHttpSecurityMode,
    credentials: &HttpTransportSecurity,
) -> BindingElement {
    use BasicHttpSecurityMode as M;
    let mut transport = HttpTransport {
        max_buffer_pool_size: http.max_buffer_pool_size,
        max_received_message_size: http.max_received_message_size,
        max_buffer_size: http.max_buffer_size,
        allow_cookies: http.allow_cookies,
        bypass_proxy_on_local: http.bypass_proxy_on_local,
        host_name_comparison_mode: http.host_name_comparison_mode,
        proxy_address: http.proxy_address.clone(),
        transfer_mode: http.transfer_mode,
        use_default_web_proxy: http.use_default_web_proxy,
        ..HttpTransport::default()
    };
    let https = matches!(mode, M::Transport | M::TransportWithMessageCredential);
    let on_transport = matches!(mode, M::Transport | M::TransportCredentialOnly);
    http_or_https(&mut transport, https, on_transport.then_some(credentials))
}
