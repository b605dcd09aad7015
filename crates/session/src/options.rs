//! From what a binding says to what the engines take.

use std::time::Duration;

use jiff::SignedDuration;
use waxwing_binding::{
    self as binding, EffectiveEndpoint, EffectiveSecurity, SecureConversation,
    SecurityHeaderLayout, TimeSpan, TrustVersion,
};
use waxwing_crypto::{AlgorithmSuite, BlockCipher, DigestAlgorithm, KeyTransport};
use waxwing_reliable::{
    ReliableMessagingVersion, ReliableSessionSettings, RoundTripEstimate, Shape,
};
use waxwing_security::conversation::{
    CertificateTokens, ClientOptions, Flow, Protection, ServiceLimits, ServiceOptions,
};
use waxwing_security::wsse::{
    Dialect, HeaderLayout, ProtectionOrder, SecuritySettings, SecurityVersion, X509ReferenceStyle,
};
use waxwing_soap::{AddressHeaders, MessageVersion};
use waxwing_xml::Limits;

use crate::client::ClientSettings;
use crate::service::{AddressFilter, AddressFilterMode, ServiceSettings};

/// Longer than any session: what an infinite time span becomes, where the engines need a length.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// A length of time; infinite ones become ten years.
pub fn duration(span: TimeSpan) -> Duration {
    span.duration().unwrap_or(FOREVER).min(FOREVER)
}

fn signed(span: TimeSpan) -> SignedDuration {
    SignedDuration::try_from(duration(span)).unwrap_or(SignedDuration::MAX)
}

/// SOAP and addressing versions of an endpoint. None without SOAP.
pub fn message_version(endpoint: &EffectiveEndpoint) -> Option<MessageVersion> {
    endpoint.message_version.versions()
}

/// The headers that belong to the address. An endpoint whose headers cannot be read is
/// [not opened](EffectiveEndpoint::unsupported).
pub fn address_headers(endpoint: &EffectiveEndpoint) -> AddressHeaders {
    endpoint.address_headers().unwrap_or_default()
}

/// The limits of the XML reader: the endpoint's quotas where WCF has them.
pub fn xml_limits(endpoint: &EffectiveEndpoint) -> Limits {
    let mut limits = Limits::SOAP;
    limits.max_bytes =
        usize::try_from(endpoint.transport.max_received_message_size).unwrap_or(usize::MAX);
    limits.max_string_content_length = limits.max_bytes;
    limits.max_depth = endpoint.quotas.max_depth as usize;
    limits
}

/// The same for what is decrypted. `maxReceivedMessageSize` is of what came over the network. A document keeps that beside what
/// it is decrypted to, which is always less: base64 is a third longer than the octets that it stands for.
fn decrypted_limits(endpoint: &EffectiveEndpoint) -> Limits {
    let limits = xml_limits(endpoint);
    Limits { max_bytes: limits.max_bytes.saturating_mul(2), ..limits }
}

/// The version of WS-ReliableMessaging and the settings of an endpoint's reliable session. `shape` says whether any
/// operation has a reply.
pub fn reliable_settings(
    endpoint: &EffectiveEndpoint,
    shape: Shape,
) -> Option<(ReliableMessagingVersion, Shape, ReliableSessionSettings)> {
    let element = endpoint.reliable_session.as_ref()?;
    let version = match element.reliable_messaging_version {
        binding::ReliableMessagingVersion::WsReliableMessagingFebruary2005 => {
            ReliableMessagingVersion::February2005
        }
        binding::ReliableMessagingVersion::WsReliableMessaging11 => ReliableMessagingVersion::V11,
    };
    let settings = ReliableSessionSettings {
        ordered: element.ordered,
        inactivity_timeout: duration(element.inactivity_timeout),
        acknowledgement_interval: duration(element.acknowledgement_interval),
        max_transfer_window_size: element.max_transfer_window_size,
        max_retry_count: element.max_retry_count,
        flow_control_enabled: element.flow_control_enabled,
        max_pending_channels: element.max_pending_channels,
        send_timeout: duration(endpoint.timeouts.send),
        // Nothing of it is seen on the wire but that a message lost after a slow Open comes again sooner.
        round_trip_estimate: RoundTripEstimate::Exchange,
        ..ReliableSessionSettings::default()
    };
    Some((version, shape, settings))
}

/// How often a WebSocket shows that it is there: what .NET takes where nothing is said is 30 seconds.
pub fn keep_alive(settings: &binding::WebSocketSettings) -> Duration {
    match duration(settings.keep_alive_interval) {
        Duration::ZERO => Duration::from_secs(30),
        interval => interval,
    }
}

/// Whether the messages of an endpoint go over links, both ways over one connection; of a contract with `callbacks` or
/// without.
pub fn is_over_links(endpoint: &EffectiveEndpoint, callbacks: bool) -> bool {
    matches!(endpoint.channel_shape(callbacks), binding::ChannelShape::DuplexSession(_))
}

/// How the messages of an endpoint travel, of a contract with `callbacks` or without, as its security must know.
pub fn flow(endpoint: &EffectiveEndpoint, callbacks: bool) -> Flow {
    match endpoint.channel_shape(callbacks) {
        binding::ChannelShape::DuplexSession(_) => Flow::DuplexSession,
        binding::ChannelShape::CompositeDuplex => Flow::CompositeDuplex,
        binding::ChannelShape::Exchanges
        | binding::ChannelShape::StreamedExchanges
        | binding::ChannelShape::Unknown => Flow::Exchanges,
    }
}

/// Whether the messages of an endpoint go in pieces (`transferMode`): one each way over a connection of net.tcp, or in exchanges of
/// HTTP.
pub fn is_streamed(endpoint: &EffectiveEndpoint) -> bool {
    match endpoint.channel_shape(false) {
        binding::ChannelShape::StreamedExchanges => true,
        binding::ChannelShape::Exchanges => {
            endpoint.transport.transfer_mode != binding::TransferMode::Buffered
        }
        _ => false,
    }
}

/// Whether the messages of an endpoint are posted both ways, each in a request of HTTP that is answered with nothing.
pub fn is_composite(endpoint: &EffectiveEndpoint) -> bool {
    endpoint.channel_shape(true) == binding::ChannelShape::CompositeDuplex
}

/// The settings of a client session, which tells failures of opening at once. None without SOAP.
pub fn client_settings(endpoint: &EffectiveEndpoint, shape: Shape) -> Option<ClientSettings> {
    Some(ClientSettings {
        to: endpoint.address.clone(),
        version: message_version(endpoint)?,
        reliable: reliable_settings(endpoint, shape),
        retry: false,
        retry_authentication: false,
        send_timeout: duration(endpoint.timeouts.send),
    })
}

/// The settings of a service endpoint. None without SOAP.
pub fn service_settings(endpoint: &EffectiveEndpoint, shape: Shape) -> Option<ServiceSettings> {
    Some(ServiceSettings {
        address: endpoint.address.clone(),
        version: message_version(endpoint)?,
        reliable: reliable_settings(endpoint, shape),
        receive_timeout: duration(endpoint.timeouts.receive),
        understood: Vec::new(),
        trace: false,
    })
}

/// Which messages are for an endpoint: those for its address, and for those that clients know it by.
pub fn address_filter(endpoint: &EffectiveEndpoint, mode: AddressFilterMode) -> AddressFilter {
    let own = AddressFilter::new(endpoint.address.as_str()).with_mode(mode);
    endpoint.public_addresses.iter().fold(own, |filter, public| filter.with_public(public.as_str()))
}

/// What kind of message security an endpoint has.
pub fn protection(endpoint: &EffectiveEndpoint) -> Protection {
    match &endpoint.security {
        None => Protection::None,
        Some(EffectiveSecurity { secure_conversation: Some(conversation), .. }) => {
            match conversation.require_cancellation {
                true => Protection::Conversation,
                false => Protection::Cookie,
            }
        }
        Some(_) => Protection::OneShot,
    }
}

/// Fills the options of a client from its endpoint: versions, algorithms, layout, clocks, renewal. Credentials, trust,
/// identity and the service's key are the caller's.
pub fn fill_client_options(options: &mut ClientOptions, endpoint: &EffectiveEndpoint) {
    options.protection = protection(endpoint);
    options.limits = decrypted_limits(endpoint);
    options.headers = address_headers(endpoint);
    if let Some(version) = message_version(endpoint) {
        options.version = version;
    }
    let Some(security) = &endpoint.security else { return };
    let (settings, bootstrap) = both(endpoint, security, false);
    (options.settings, options.bootstrap) = (settings, bootstrap);
    let conversation = security.secure_conversation.as_ref();
    let local = conversation.map_or(&security.local_client_settings, |c| &c.local_client_settings);
    options.signature_confirmation = Some(security.require_signature_confirmation);
    options.session_signature_confirmation =
        conversation.is_some_and(|c| c.require_signature_confirmation);
    options.can_renew = conversation.is_none_or(|c| c.can_renew);
    options.key_renewal_interval = signed(local.session_key_renewal_interval);
    options.renewal_threshold_percent =
        u8::try_from(local.cookie_renewal_threshold_percentage).unwrap_or(100);
    options.max_cookie_caching_time = signed(local.max_cookie_caching_time);
    options.key_rollover = signed(local.session_key_rollover_interval);
    options.enable_unsecured_response = security.element.enable_unsecured_response;
    options.over_tls = endpoint.transport.is_protected();
    options.detect_replays = local.detect_replays.unwrap_or(true);
    options.replay_cache_size = local.replay_cache_size as usize;
}

/// Fills the options of a service from its endpoint. Certificate, negotiation and client identification are the
/// caller's.
pub fn fill_service_options(options: &mut ServiceOptions, endpoint: &EffectiveEndpoint) {
    options.protection = protection(endpoint);
    options.xml_limits = decrypted_limits(endpoint);
    options.headers = address_headers(endpoint);
    let Some(security) = &endpoint.security else { return };
    let (settings, bootstrap) = both(endpoint, security, true);
    (options.settings, options.bootstrap) = (settings, bootstrap);
    let conversation = security.secure_conversation.as_ref();
    let local =
        conversation.map_or(&security.local_service_settings, |c| &c.local_service_settings);
    let first = &security.local_service_settings;
    options.signature_confirmation = Some(security.require_signature_confirmation);
    options.session_signature_confirmation =
        conversation.is_some_and(|c| c.require_signature_confirmation);
    options.detect_replays = local.detect_replays.unwrap_or(true);
    options.enable_unsecured_response = security.element.enable_unsecured_response;
    options.can_renew = conversation.is_none_or(|c| c.can_renew);
    options.cookies.negotiated = security.negotiates_cookies();
    let defaults = ServiceLimits::default();
    options.limits = ServiceLimits {
        max_negotiations: first.max_stateful_negotiations as usize,
        negotiation_timeout: signed(first.negotiation_timeout),
        max_pending_sessions: local.max_pending_sessions as usize,
        pending_session_timeout: signed(local.inactivity_timeout),
        session_idle_timeout: signed(endpoint.timeouts.receive),
        max_negotiated_tokens: first.max_cached_cookies as usize,
        max_cached_cookies: local.max_cached_cookies as usize,
        cookie_lifetime: signed(local.issued_cookie_lifetime),
        one_shot_token_lifetime: signed(first.issued_cookie_lifetime),
        session_key_lifetime: signed(local.session_key_renewal_interval),
        key_rollover: signed(local.session_key_rollover_interval),
        replay_cache_size: local.replay_cache_size as usize,
        ..defaults
    };
}

/// How certificates are shown where each side signs with its own (of the bootstrap when there is a session); none in
/// other bindings.
pub fn certificate_tokens(security: &EffectiveSecurity) -> Option<CertificateTokens> {
    use binding::InclusionMode::{AlwaysToInitiator, Never};
    let binding::SecurityKind::Asymmetric { initiator, recipient, .. } =
        &security.first_element().kind
    else {
        return None;
    };
    Some(CertificateTokens {
        requests_carry: initiator.inclusion != Never,
        replies_carry: recipient.inclusion == AlwaysToInitiator,
        client: reference_style(&initiator.kind),
        service: reference_style(&recipient.kind),
    })
}

fn reference_style(token: &binding::TokenKind) -> X509ReferenceStyle {
    use binding::X509ReferenceStyle as Style;
    match token {
        binding::TokenKind::X509 { reference: Style::Thumbprint } => X509ReferenceStyle::Thumbprint,
        binding::TokenKind::X509 { reference: Style::SubjectKeyIdentifier } => {
            X509ReferenceStyle::SubjectKeyIdentifier
        }
        binding::TokenKind::X509 { reference: Style::IssuerSerial } => {
            X509ReferenceStyle::IssuerSerial
        }
        _ => X509ReferenceStyle::Any,
    }
}

/// The settings inside the session (or of one-shot messages), and those of the bootstrap.
fn both(
    endpoint: &EffectiveEndpoint,
    security: &EffectiveSecurity,
    service: bool,
) -> (SecuritySettings, SecuritySettings) {
    let addressed = endpoint.message_version.has_addressing();
    let bootstrap = SecuritySettings { addressed, ..security_settings(security, service) };
    let session = match &security.secure_conversation {
        None => bootstrap.clone(),
        Some(conversation) => {
            SecuritySettings { addressed, ..session_settings(security, conversation, service) }
        }
    };
    (session, bootstrap)
}

/// The settings of a binding's bootstrap or one-shot messages.
pub fn security_settings(security: &EffectiveSecurity, service: bool) -> SecuritySettings {
    let (client, local_service) =
        (&security.local_client_settings, &security.local_service_settings);
    SecuritySettings {
        suite: suite(security.algorithm_suite),
        layout: layout(security.security_header_layout),
        order: order(security.message_protection_order),
        derived_keys: security.require_derived_keys,
        include_timestamp: security.include_timestamp,
        protect_tokens: security.protect_tokens,
        ..common(security, client, local_service, service)
    }
}

fn session_settings(
    security: &EffectiveSecurity,
    session: &SecureConversation,
    service: bool,
) -> SecuritySettings {
    let (client, local_service) = (&session.local_client_settings, &session.local_service_settings);
    SecuritySettings {
        suite: suite(session.algorithm_suite),
        layout: layout(session.security_header_layout),
        order: order(session.message_protection_order),
        derived_keys: session.require_derived_keys,
        include_timestamp: security.element.include_timestamp,
        ..common(security, client, local_service, service)
    }
}

/// What does not depend on where in the binding a message belongs: dialect, and the clocks of this side.
fn common(
    security: &EffectiveSecurity,
    client: &binding::LocalClientSettings,
    local_service: &binding::LocalServiceSettings,
    service: bool,
) -> SecuritySettings {
    let (skew, window, validity) = match service {
        true => (
            local_service.max_clock_skew,
            local_service.replay_window,
            local_service.timestamp_validity_duration,
        ),
        false => (client.max_clock_skew, client.replay_window, client.timestamp_validity_duration),
    };
    SecuritySettings {
        dialect: dialect(security),
        version: match security.version.is_ws_security_11() {
            true => SecurityVersion::V11,
            false => SecurityVersion::V10,
        },
        basic_security_profile: security.is_basic_security_profile(),
        timestamp_validity: signed(validity),
        max_clock_skew: signed(skew),
        replay_window: signed(window),
        ..SecuritySettings::default()
    }
}

/// What a name of the configuration file stands for. A name without a row does not compile: nothing may fall back to
/// another suite.
fn suite(name: binding::AlgorithmSuite) -> AlgorithmSuite {
    use BlockCipher::{Aes128, Aes192, Aes256, TripleDes};
    use DigestAlgorithm::{Sha1, Sha256};
    use KeyTransport::{Rsa15, RsaOaep};
    use binding::AlgorithmSuite as Name;
    let (cipher, digest, key_transport) = match name {
        Name::Basic256 => (Aes256, Sha1, RsaOaep),
        Name::Basic192 => (Aes192, Sha1, RsaOaep),
        Name::Basic128 => (Aes128, Sha1, RsaOaep),
        Name::TripleDes => (TripleDes, Sha1, RsaOaep),
        Name::Basic256Rsa15 => (Aes256, Sha1, Rsa15),
        Name::Basic192Rsa15 => (Aes192, Sha1, Rsa15),
        Name::Basic128Rsa15 => (Aes128, Sha1, Rsa15),
        Name::TripleDesRsa15 => (TripleDes, Sha1, Rsa15),
        Name::Basic256Sha256 => (Aes256, Sha256, RsaOaep),
        Name::Basic192Sha256 => (Aes192, Sha256, RsaOaep),
        Name::Basic128Sha256 => (Aes128, Sha256, RsaOaep),
        Name::TripleDesSha256 => (TripleDes, Sha256, RsaOaep),
        Name::Basic256Sha256Rsa15 => (Aes256, Sha256, Rsa15),
        Name::Basic192Sha256Rsa15 => (Aes192, Sha256, Rsa15),
        Name::Basic128Sha256Rsa15 => (Aes128, Sha256, Rsa15),
        Name::TripleDesSha256Rsa15 => (TripleDes, Sha256, Rsa15),
    };
    AlgorithmSuite { cipher, key_transport, digest }
}

fn dialect(security: &EffectiveSecurity) -> Dialect {
    match security.trust() {
        TrustVersion::February2005 => Dialect::February2005,
        TrustVersion::Trust13 => Dialect::Version13,
    }
}

fn layout(layout: SecurityHeaderLayout) -> HeaderLayout {
    match layout {
        SecurityHeaderLayout::Strict => HeaderLayout::Strict,
        SecurityHeaderLayout::Lax => HeaderLayout::Lax,
        SecurityHeaderLayout::LaxTimestampFirst => HeaderLayout::LaxTimestampFirst,
        SecurityHeaderLayout::LaxTimestampLast => HeaderLayout::LaxTimestampLast,
    }
}

fn order(order: binding::MessageProtectionOrder) -> ProtectionOrder {
    use binding::MessageProtectionOrder as Order;
    match order {
        Order::SignBeforeEncrypt => ProtectionOrder::SignBeforeEncrypt,
        Order::SignBeforeEncryptAndEncryptSignature => {
            ProtectionOrder::SignBeforeEncryptAndEncryptSignature
        }
        Order::EncryptBeforeSign => ProtectionOrder::EncryptBeforeSign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_are_what_their_names_say() {
        let named = |name: &str| {
            let attribute = format!("<message algorithmSuite=\"{name}\"/>");
            let text = format!(
                "<configuration><system.serviceModel><bindings><wsHttpBinding><binding><security mode=\"Message\">\
                 {attribute}</security></binding></wsHttpBinding></bindings></system.serviceModel></configuration>"
            );
            let file = binding::Configuration::parse(&text).unwrap();
            let Some(binding::Binding::WsHttp(ws)) = file.binding("wsHttpBinding", "") else {
                panic!("no binding")
            };
            ws.security.message.algorithm_suite.unwrap()
        };
        let all: Vec<AlgorithmSuite> = AlgorithmSuite::all().collect();
        assert_eq!(all.len(), 16);
        for expected in all {
            assert_eq!(suite(named(&expected.name())), expected);
        }
        assert_eq!(suite(named("Default")), AlgorithmSuite::BASIC256);
    }
}
