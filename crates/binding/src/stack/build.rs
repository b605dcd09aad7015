//! From typed bindings to element stacks.

use super::transport::{
    basic_transport, http_or_https, stream_security, tcp_transport, ws_encoding, ws_transport,
};
use super::{BindingElement, SecurityBindingElement};
use crate::bindings::Binding;
use crate::bindings::common::{HttpTransportSecurity, OptionalReliableSession, suite_or_default};
use crate::bindings::custom::*;
use crate::bindings::custom_binding::{CustomBinding, CustomElement};
use crate::bindings::dual::WsDualHttpBinding;
use crate::bindings::federation::{FederatedMessageSecurity, FederationSecurity};
use crate::bindings::http::{BasicHttpMessageSecurity, HttpCommon};
use crate::bindings::security::{IssuedTokenParameters, SecurityElement};
use crate::bindings::tcp::NetTcpBinding;
use crate::bindings::ws::{WsHttpCommon, WsHttpMessageSecurity, WsHttpSecurity};
use crate::stack::security::ModeSettings;
use crate::{
    AlgorithmSuite, AuthenticationMode, BasicHttpMessageCredentialType, BasicHttpSecurityMode,
    BasicHttpsSecurityMode, HttpClientCredentialType, IssuedKeyType, MessageCredentialType,
    MessageSecurityVersion, MessageVersion, NetHttpMessageEncoding, ReliableMessagingVersion,
    SecurityHeaderLayout, SecurityMode, TimeSpan, TransactionProtocol, WsDualHttpSecurityMode,
    WsFederationHttpSecurityMode, WsMessageEncoding,
};

/// Life of a token that only bootstraps a secure conversation, in the standard bindings.
const BOOTSTRAP_COOKIE_LIFETIME: TimeSpan = TimeSpan::minutes(15);
/// The token that `wsHttpBinding` asks an identity selector (CardSpace) for.
const SAML_11: &str = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1";

/// The protocol generation of a standard binding.
#[derive(Clone, Copy)]
struct Generation {
    security: MessageSecurityVersion,
    reliable: ReliableMessagingVersion,
    transaction: TransactionProtocol,
}

const FEBRUARY_2005: Generation = Generation {
    security: MessageSecurityVersion::WsSecurity11February2005BasicSecurityProfile10,
    reliable: ReliableMessagingVersion::WsReliableMessagingFebruary2005,
    transaction: TransactionProtocol::WsAtomicTransactionOctober2004,
};

const OASIS_2007: Generation = Generation {
    security: MessageSecurityVersion::WsSecurity11Trust13BasicSecurityProfile10,
    reliable: ReliableMessagingVersion::WsReliableMessaging11,
    transaction: TransactionProtocol::WsAtomicTransaction11,
};

pub(super) fn elements(binding: &Binding) -> Vec<BindingElement> {
    match binding {
        Binding::WsHttp(b) => {
            ws(&b.http, b.allow_cookies, &b.reliable_session, &b.security, FEBRUARY_2005)
        }
        Binding::Ws2007Http(b) => {
            ws(&b.http, b.allow_cookies, &b.reliable_session, &b.security, OASIS_2007)
        }
        Binding::WsFederationHttp(b) => {
            federation(&b.http, &b.reliable_session, &b.security, FEBRUARY_2005)
        }
        Binding::Ws2007FederationHttp(b) => {
            federation(&b.http, &b.reliable_session, &b.security, OASIS_2007)
        }
        Binding::WsDualHttp(b) => dual(b),
        Binding::NetTcp(b) => tcp(b),
        Binding::NetHttp(b) => net_http(
            &b.http,
            b.message_encoding,
            &b.reliable_session,
            basic_security(b.security.mode, &b.security.message),
            basic_transport(&b.http, b.security.mode, &b.security.transport),
            &b.web_socket_settings,
        ),
        Binding::NetHttps(b) => net_http(
            &b.http,
            b.message_encoding,
            &b.reliable_session,
            basic_security(https_mode(b.security.mode), &b.security.message),
            basic_transport(&b.http, https_mode(b.security.mode), &b.security.transport),
            &b.web_socket_settings,
        ),
        Binding::BasicHttp(b) => basic(
            &b.http,
            b.message_encoding,
            basic_security(b.security.mode, &b.security.message),
            basic_transport(&b.http, b.security.mode, &b.security.transport),
        ),
        Binding::BasicHttps(b) => basic(
            &b.http,
            b.message_encoding,
            basic_security(https_mode(b.security.mode), &b.security.message),
            basic_transport(&b.http, https_mode(b.security.mode), &b.security.transport),
        ),
        Binding::Custom(b) => custom(b),
        Binding::MexHttp(_) => metadata(SecurityMode::None),
        Binding::MexHttps(_) => metadata(SecurityMode::Transport),
        Binding::MexTcp(_) => vec![BindingElement::TcpTransport(Box::default())],
        Binding::Other(b) => vec![BindingElement::Other(b.section.clone())],
    }
}

fn transaction_flow(protocol: TransactionProtocol) -> BindingElement {
    BindingElement::TransactionFlow(TransactionFlow::default().transaction_protocol(protocol))
}

fn reliable(
    session: &OptionalReliableSession,
    version: ReliableMessagingVersion,
) -> Option<BindingElement> {
    session.enabled.then(|| {
        BindingElement::ReliableSession(
            ReliableSessionElement::default()
                .ordered(session.ordered)
                .inactivity_timeout(session.inactivity_timeout)
                .reliable_messaging_version(version),
        )
    })
}

fn security(element: SecurityBindingElement) -> BindingElement {
    BindingElement::Security(Box::new(element))
}

/// `wsHttpBinding` as WCF's `MetadataExchangeBindings` set it up: nobody has to say who he is.
fn metadata(mode: SecurityMode) -> Vec<BindingElement> {
    let none = HttpClientCredentialType::None;
    let security = WsHttpSecurity::default()
        .mode(mode)
        .transport(HttpTransportSecurity::default().client_credential_type(none));
    let off = OptionalReliableSession::default();
    ws(&WsHttpCommon::default(), false, &off, &security, FEBRUARY_2005)
}

// ---- wsHttpBinding and its kin --------------------------------------------------------------

fn ws(
    http: &WsHttpCommon,
    allow_cookies: bool,
    session: &OptionalReliableSession,
    settings: &WsHttpSecurity,
    generation: Generation,
) -> Vec<BindingElement> {
    let mut elements = vec![transaction_flow(generation.transaction)];
    elements.extend(reliable(session, generation.reliable));
    let over_transport = settings.mode == SecurityMode::TransportWithMessageCredential;
    if over_transport || settings.mode == SecurityMode::Message {
        let message = ws_message_security(&settings.message, over_transport, generation.security);
        elements.push(security(reconnecting(message, session.enabled)));
    }
    elements.push(ws_encoding(http));
    let mut transport = ws_transport(http, allow_cookies);
    let https = over_transport || settings.mode == SecurityMode::Transport;
    let credentials = (settings.mode == SecurityMode::Transport).then_some(&settings.transport);
    elements.push(http_or_https(&mut transport, https, credentials));
    elements
}

/// The security element of `wsHttpBinding`, without conversation or bootstrapping one.
pub(crate) fn ws_message_security(
    message: &WsHttpMessageSecurity,
    over_transport: bool,
    version: MessageSecurityVersion,
) -> SecurityBindingElement {
    let mode = authentication_mode(
        message.client_credential_type,
        message.negotiate_service_credential,
        over_transport,
    );
    let kerberos = mode == AuthenticationMode::Kerberos && message.algorithm_suite.is_none();
    let suite =
        if kerberos { AlgorithmSuite::Basic128 } else { suite_or_default(message.algorithm_suite) };
    let card_space =
        IssuedTokenParameters::default().token_type(SAML_11).key_type(IssuedKeyType::AsymmetricKey);
    let element = SecurityBindingElement::of_mode(
        mode,
        &ModeSettings { version, suite, require_cancellation: true, issued: Some(card_space) },
    );
    with_conversation(element, message.establish_security_context)
}

fn with_conversation(
    mut element: SecurityBindingElement,
    establish: bool,
) -> SecurityBindingElement {
    if !establish {
        return element;
    }
    element.local_service_settings.issued_cookie_lifetime = BOOTSTRAP_COOKIE_LIFETIME;
    SecurityBindingElement::conversation(element, true, true)
}

/// The standard bindings let a security session survive its connection exactly when there is a
/// reliable session.
fn reconnecting(mut element: SecurityBindingElement, reliable: bool) -> SecurityBindingElement {
    element.local_client_settings.reconnect_transport_on_failure = reliable;
    element.local_service_settings.reconnect_transport_on_failure = reliable;
    element
}

/// The authentication mode of a credential type, by negotiation and place of security.
pub(crate) fn authentication_mode(
    credential: MessageCredentialType,
    negotiate: bool,
    over_transport: bool,
) -> AuthenticationMode {
    use AuthenticationMode as M;
    use MessageCredentialType as C;
    match (credential, over_transport, negotiate) {
        (C::None, _, true) => M::AnonymousForSslNegotiated,
        (C::None, _, false) => M::AnonymousForCertificate,
        (C::UserName, true, _) => M::UserNameOverTransport,
        (C::UserName, false, true) => M::UserNameForSslNegotiated,
        (C::UserName, false, false) => M::UserNameForCertificate,
        (C::Certificate, true, _) => M::CertificateOverTransport,
        (C::Certificate, false, true) => M::MutualSslNegotiated,
        (C::Certificate, false, false) => M::MutualCertificate,
        (C::Windows, true, _) => M::SspiNegotiatedOverTransport,
        (C::Windows, false, true) => M::SspiNegotiated,
        (C::Windows, false, false) => M::Kerberos,
        (C::IssuedToken, true, _) => M::IssuedTokenOverTransport,
        (C::IssuedToken, false, true) => M::IssuedTokenForSslNegotiated,
        (C::IssuedToken, false, false) => M::IssuedTokenForCertificate,
    }
}

fn federation(
    http: &WsHttpCommon,
    session: &OptionalReliableSession,
    settings: &FederationSecurity,
    generation: Generation,
) -> Vec<BindingElement> {
    let mut elements = vec![transaction_flow(generation.transaction)];
    elements.extend(reliable(session, generation.reliable));
    let over_transport =
        settings.mode == WsFederationHttpSecurityMode::TransportWithMessageCredential;
    if settings.mode != WsFederationHttpSecurityMode::None {
        let cookie = generation.security.trust() == crate::TrustVersion::February2005;
        let message = federated(&settings.message, over_transport, generation.security, !cookie);
        elements.push(security(reconnecting(message, session.enabled)));
    }
    elements.push(ws_encoding(http));
    elements.push(http_or_https(&mut ws_transport(http, false), over_transport, None));
    elements
}

fn federated(
    message: &FederatedMessageSecurity,
    over_transport: bool,
    version: MessageSecurityVersion,
    require_cancellation: bool,
) -> SecurityBindingElement {
    let credential = MessageCredentialType::IssuedToken;
    let mode =
        authentication_mode(credential, message.negotiate_service_credential, over_transport);
    let issued = IssuedTokenParameters {
        token_type: message.issued_token_type.clone(),
        key_type: message.issued_key_type,
        additional_request_parameters: message.token_request_parameters.clone(),
        claim_type_requirements: message.claim_type_requirements.clone(),
        issuer: message.issuer.clone(),
        issuer_metadata: message.issuer_metadata.clone(),
        ..IssuedTokenParameters::default()
    };
    let settings = ModeSettings {
        version,
        suite: suite_or_default(message.algorithm_suite),
        require_cancellation,
        issued: Some(issued),
    };
    let element = SecurityBindingElement::of_mode(mode, &settings);
    with_conversation(element, message.establish_security_context)
}

fn dual(binding: &WsDualHttpBinding) -> Vec<BindingElement> {
    let generation = FEBRUARY_2005;
    let session = OptionalReliableSession {
        enabled: true,
        ordered: binding.reliable_session.ordered,
        inactivity_timeout: binding.reliable_session.inactivity_timeout,
    };
    let mut elements = vec![transaction_flow(generation.transaction)];
    elements.extend(reliable(&session, generation.reliable));
    if binding.security.mode == WsDualHttpSecurityMode::Message {
        let message = &binding.security.message;
        let message = WsHttpMessageSecurity {
            client_credential_type: message.client_credential_type,
            negotiate_service_credential: message.negotiate_service_credential,
            establish_security_context: true,
            algorithm_suite: message.algorithm_suite,
        };
        let message = ws_message_security(&message, false, generation.security);
        elements.push(security(reconnecting(message, true)));
    }
    let client_base_address = binding.client_base_address.clone();
    elements.push(BindingElement::CompositeDuplex(CompositeDuplex { client_base_address }));
    elements.push(BindingElement::OneWay(OneWay::default()));
    elements.push(ws_encoding(&binding.http));
    elements.push(http_or_https(&mut ws_transport(&binding.http, false), false, None));
    elements
}

// ---- netTcpBinding --------------------------------------------------------------------------

fn tcp(binding: &NetTcpBinding) -> Vec<BindingElement> {
    let mut elements = vec![transaction_flow(binding.transaction_protocol)];
    elements.extend(reliable(
        &binding.reliable_session,
        ReliableMessagingVersion::WsReliableMessagingFebruary2005,
    ));
    let mode = binding.security.mode;
    let over_transport = mode == SecurityMode::TransportWithMessageCredential;
    if over_transport || mode == SecurityMode::Message {
        let message = &binding.security.message;
        let message = WsHttpMessageSecurity {
            client_credential_type: message.client_credential_type,
            negotiate_service_credential: true,
            establish_security_context: true,
            algorithm_suite: message.algorithm_suite,
        };
        let version = MessageSecurityVersion::WsSecurity11February2005;
        let message = ws_message_security(&message, over_transport, version);
        elements.push(security(reconnecting(message, binding.reliable_session.enabled)));
    }
    let quotas = binding.reader_quotas.clone();
    elements.push(BindingElement::BinaryMessageEncoding(
        BinaryMessageEncoding::default().reader_quotas(quotas),
    ));
    elements.extend(stream_security(binding));
    elements.push(BindingElement::TcpTransport(Box::new(tcp_transport(binding))));
    elements
}

// ---- basicHttpBinding, netHttpBinding -------------------------------------------------------

fn https_mode(mode: BasicHttpsSecurityMode) -> BasicHttpSecurityMode {
    match mode {
        BasicHttpsSecurityMode::Transport => BasicHttpSecurityMode::Transport,
        BasicHttpsSecurityMode::TransportWithMessageCredential => {
            BasicHttpSecurityMode::TransportWithMessageCredential
        }
    }
}

fn basic_security(
    mode: BasicHttpSecurityMode,
    message: &BasicHttpMessageSecurity,
) -> Option<BindingElement> {
    use BasicHttpMessageCredentialType as C;
    let over_transport = mode == BasicHttpSecurityMode::TransportWithMessageCredential;
    if !over_transport && mode != BasicHttpSecurityMode::Message {
        return None;
    }
    let mode = match (message.client_credential_type, over_transport) {
        (C::UserName, true) => AuthenticationMode::UserNameOverTransport,
        (C::Certificate, true) => AuthenticationMode::CertificateOverTransport,
        // User names are refused here by WCF; see `Binding::refusals`.
        (_, false) => AuthenticationMode::MutualCertificate,
    };
    let settings = ModeSettings {
        version: MessageSecurityVersion::WsSecurity10February2005BasicSecurityProfile10,
        suite: suite_or_default(message.algorithm_suite),
        require_cancellation: true,
        issued: None,
    };
    let mut element = SecurityBindingElement::of_mode(mode, &settings);
    element.security_header_layout = SecurityHeaderLayout::Lax;
    if let super::SecurityKind::Asymmetric { allow_serialized_signing_token_on_reply, .. } =
        &mut element.kind
    {
        *allow_serialized_signing_token_on_reply = true;
    }
    Some(security(element))
}

fn basic(
    http: &HttpCommon,
    encoding: WsMessageEncoding,
    security: Option<BindingElement>,
    transport: BindingElement,
) -> Vec<BindingElement> {
    let quotas = http.reader_quotas.clone();
    let encoding = match encoding {
        WsMessageEncoding::Text => BindingElement::TextMessageEncoding(
            TextMessageEncoding::default()
                .message_version(MessageVersion::Soap11)
                .write_encoding(http.text_encoding)
                .reader_quotas(quotas),
        ),
        WsMessageEncoding::Mtom => BindingElement::MtomMessageEncoding(
            MtomMessageEncoding::default()
                .message_version(MessageVersion::Soap11)
                .write_encoding(http.text_encoding)
                .reader_quotas(quotas),
        ),
    };
    security.into_iter().chain([encoding, transport]).collect()
}

fn net_http(
    http: &HttpCommon,
    encoding: NetHttpMessageEncoding,
    session: &OptionalReliableSession,
    security: Option<BindingElement>,
    mut transport: BindingElement,
    web_socket: &WebSocketSettings,
) -> Vec<BindingElement> {
    let quotas = http.reader_quotas.clone();
    let encoding = match encoding {
        NetHttpMessageEncoding::Binary => BindingElement::BinaryMessageEncoding(
            BinaryMessageEncoding::default().reader_quotas(quotas),
        ),
        NetHttpMessageEncoding::Text => BindingElement::TextMessageEncoding(
            TextMessageEncoding::default().write_encoding(http.text_encoding).reader_quotas(quotas),
        ),
        NetHttpMessageEncoding::Mtom => BindingElement::MtomMessageEncoding(
            MtomMessageEncoding::default().write_encoding(http.text_encoding).reader_quotas(quotas),
        ),
    };
    match &mut transport {
        BindingElement::HttpTransport(http) => http.web_socket_settings = web_socket.clone(),
        BindingElement::HttpsTransport(https) => {
            https.http.web_socket_settings = web_socket.clone();
        }
        _ => {}
    }
    let version = ReliableMessagingVersion::WsReliableMessagingFebruary2005;
    let mut elements: Vec<BindingElement> = reliable(session, version).into_iter().collect();
    elements.extend(security);
    elements.extend([encoding, transport]);
    elements
}

// ---- customBinding --------------------------------------------------------------------------

fn custom(binding: &CustomBinding) -> Vec<BindingElement> {
    binding.elements.iter().map(custom_element).collect()
}

fn custom_element(element: &CustomElement) -> BindingElement {
    use CustomElement as C;
    match element {
        C::TransactionFlow(e) => BindingElement::TransactionFlow(e.clone()),
        C::ReliableSession(e) => BindingElement::ReliableSession(e.clone()),
        C::Security(e) => custom_security(e),
        C::CompositeDuplex(e) => BindingElement::CompositeDuplex(e.clone()),
        C::OneWay(e) => BindingElement::OneWay(e.clone()),
        C::SslStreamSecurity(e) => BindingElement::SslStreamSecurity(e.clone()),
        C::WindowsStreamSecurity(e) => BindingElement::WindowsStreamSecurity(e.clone()),
        C::TextMessageEncoding(e) => BindingElement::TextMessageEncoding(e.clone()),
        C::MtomMessageEncoding(e) => BindingElement::MtomMessageEncoding(e.clone()),
        C::BinaryMessageEncoding(e) => BindingElement::BinaryMessageEncoding(e.clone()),
        C::HttpTransport(e) => BindingElement::HttpTransport(Box::new(e.clone())),
        C::HttpsTransport(e) => BindingElement::HttpsTransport(Box::new(e.clone())),
        C::TcpTransport(e) => BindingElement::TcpTransport(Box::new(e.clone())),
        C::Other(e) => BindingElement::Other(e.name.clone()),
        C::Foreign(e) => BindingElement::Foreign(e.name.clone()),
    }
}

fn custom_security(element: &SecurityElement) -> BindingElement {
    security(SecurityBindingElement::custom(element))
}
