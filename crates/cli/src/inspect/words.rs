//! A port in few words.

use waxwing::binding::{
    AuthenticationSchemes, EffectiveEndpoint, EffectiveSecurity, Identity, MessageEncoding,
    ReliableMessagingVersion, TrustVersion,
};
use waxwing::certificates::certificates_of_identity;
use waxwing::soap::{AddressingVersion, SoapVersion};
use waxwing_metadata::judge::PortVerdict;

/// `wsHttpBinding, security Message, client credential Certificate, negotiated`.
pub(super) fn binding(port: &PortVerdict) -> String {
    let Some(endpoint) = port.effective.as_deref() else {
        return match &port.configuration {
            Some(binding) => binding.section().to_owned(),
            None => "no binding of WCF says what the policy says".to_owned(),
        };
    };
    let mut words = vec![endpoint.binding_section.clone()];
    match &endpoint.security {
        Some(security) => {
            let mode = match security.over_transport {
                true => "security TransportWithMessageCredential",
                false => "security Message",
            };
            words.push(mode.to_owned());
            words.push(format!("client credential {}", security.credential));
            if security.negotiated && !security.over_transport {
                words.push("negotiated".to_owned());
            }
        }
        None if endpoint.transport.scheme == "https" => words.push("security Transport".to_owned()),
        None => words.push("no security".to_owned()),
    }
    words.extend(log_in(endpoint));
    words.join(", ")
}

/// How the client authenticates on the connection.
fn log_in(endpoint: &EffectiveEndpoint) -> Option<String> {
    if endpoint.transport.require_client_certificate {
        return Some("the client's certificate in TLS".to_owned());
    }
    let schemes = endpoint.transport.authentication;
    (schemes != AuthenticationSchemes::ANONYMOUS).then(|| format!("HTTP authentication {schemes}"))
}

/// `SOAP 1.2 with WS-Addressing 1.0, text`.
pub(super) fn messages(port: &PortVerdict) -> String {
    let soap = match port.soap {
        Some(SoapVersion::Soap11) => "SOAP 1.1",
        Some(SoapVersion::Soap12) => "SOAP 1.2",
        None => return "not SOAP".to_owned(),
    };
    let Some(endpoint) = port.effective.as_deref() else { return soap.to_owned() };
    let addressing = match endpoint.message_version.versions().map(|v| v.addressing) {
        Some(AddressingVersion::Addressing10) => " with WS-Addressing 1.0",
        Some(AddressingVersion::August2004) => " with WS-Addressing of August 2004",
        _ => " without WS-Addressing",
    };
    let encoding = match endpoint.encoding {
        MessageEncoding::Text(_) => "text",
        MessageEncoding::Mtom(_) => "MTOM",
        MessageEncoding::Binary(_) => "binary",
    };
    let cookies = if endpoint.transport.allow_cookies { ", cookies" } else { "" };
    format!("{soap}{addressing}, {encoding}{cookies}")
}

/// `WS-ReliableMessaging 1.1, in order, gives up after 00:10:00 of silence`.
pub(super) fn reliability(endpoint: &EffectiveEndpoint) -> String {
    let Some(session) = &endpoint.reliable_session else { return "none".to_owned() };
    let version = match session.reliable_messaging_version {
        ReliableMessagingVersion::WsReliableMessagingFebruary2005 => {
            "WS-ReliableMessaging of February 2005"
        }
        ReliableMessagingVersion::WsReliableMessaging11 => "WS-ReliableMessaging 1.1",
    };
    let order = if session.ordered { "in order" } else { "in any order" };
    format!("{version}, {order}, gives up after {} of silence", session.inactivity_timeout)
}

/// `MutualSslNegotiated under WS-SecureConversation of February 2005, Basic256`.
pub(super) fn security(endpoint: &EffectiveEndpoint) -> Option<String> {
    let security = endpoint.security.as_ref()?;
    let dialect = match security.trust() {
        TrustVersion::February2005 => "of February 2005",
        TrustVersion::Trust13 => "1.3",
    };
    let mut words = vec![match &security.secure_conversation {
        Some(_) => format!("{} under WS-SecureConversation {dialect}", security.authentication),
        None => format!("{} for each message", security.authentication),
    }];
    words.push(security.algorithm_suite.to_string());
    words.extend(details(security));
    Some(words.join(", "))
}

/// What differs from what WCF does unless told otherwise.
fn details(security: &EffectiveSecurity) -> Vec<String> {
    let version = match security.version.is_ws_security_11() {
        true => None,
        false => Some("WS-Security 1.0".to_owned()),
    };
    let cookie = security.has_cookies().then(|| "the context in a cookie".to_owned());
    let bare = (!security.include_timestamp).then(|| "no timestamp".to_owned());
    version.into_iter().chain(cookie).chain(bare).collect()
}

/// Who the service must be.
pub(super) fn identity(endpoint: &EffectiveEndpoint) -> Option<String> {
    Some(match endpoint.identity.as_ref()? {
        Identity::Dns(name) => format!("the DNS name {name}"),
        Identity::UserPrincipalName(name) => format!("the Windows account {name}"),
        Identity::ServicePrincipalName(name) => format!("the service principal {name}"),
        Identity::Rsa(_) => "an RSA key".to_owned(),
        Identity::CertificateReference(reference) => format!("the certificate {reference}"),
        Identity::Certificate(encoded) => certificate(encoded),
    })
}

fn certificate(encoded: &str) -> String {
    let found = certificates_of_identity(encoded).ok().and_then(|all| all.into_iter().next());
    match found {
        Some(certificate) => format!(
            "the certificate {}, SHA-1 {}, good until {}",
            certificate.subject_windows(),
            certificate.thumbprint_hex(),
            certificate.not_after().to_string().get(..10).unwrap_or_default()
        ),
        None => "a certificate that cannot be read".to_owned(),
    }
}

/// What a program has to give.
pub(super) fn needed(port: &PortVerdict) -> Option<String> {
    let mut words: Vec<String> = port.given_in_code.iter().map(|w| (*w).to_owned()).collect();
    if port.hash_password {
        words.push("passwordType=\"PasswordDigest\" in <waxwing>".to_owned());
    }
    (!words.is_empty()).then(|| words.join("; "))
}

/// The end of a location: `service.wsdl:12:3`.
pub(super) fn place(at: &waxwing_metadata::At) -> String {
    if at.line == 0 {
        return String::new();
    }
    let location = at.location.as_str();
    let short = location.rsplit(['/', '\\']).next().filter(|s| !s.is_empty()).unwrap_or(location);
    format!("{short}:{}:{}", at.line, at.column)
}
