//! What this version of Waxwing understands but cannot run, each named with what to use instead.

mod channel;
mod found;
#[cfg(test)]
mod tests;

use waxwing_soap::Address;

use self::found::Found;
use crate::config::identity::Identity;
use crate::contract::ContractRequirements;
use crate::effective::{EffectiveEndpoint, EffectiveSecurity, Role};
use crate::refusal::{InWcf, Unsupported};
use crate::stack::{BindingElement, SecurityBindingElement, SecurityKind, TokenKind};
use crate::{
    AuthenticationSchemes, KeyEntropyMode, ListenUriMode, MessageCredentialType, MessageEncoding,
    PolicyEnforcement, TextEncoding,
};

const AT_HTTP: &str = "httpTransport/@manualAddressing";
const AT_TCP: &str = "tcpTransport/@manualAddressing";
const WITHOUT_ADDRESSING: &str =
    "negotiated security and secure conversation without WS-Addressing";

impl EffectiveEndpoint {
    /// What this version of Waxwing cannot run, each named; empty when the endpoint can be opened.
    pub fn unsupported(&self) -> Vec<Unsupported> {
        unsupported(self, false)
    }

    /// The same for a contract: one with callbacks may ask for more of the runtime.
    pub fn unsupported_for(&self, contract: &ContractRequirements) -> Vec<Unsupported> {
        unsupported(self, contract.duplex)
    }
}

/// What this version cannot run of an endpoint.
fn unsupported(endpoint: &EffectiveEndpoint, callbacks: bool) -> Vec<Unsupported> {
    let mut found = Found(Vec::new());
    transport(endpoint, &mut found);
    channel::channel(endpoint, callbacks, &mut found);
    proxy(endpoint, &mut found);
    if is_http(endpoint) {
        http_authentication(endpoint, &mut found);
    }
    addressing(endpoint, &mut found);
    encoding(endpoint, &mut found);
    if let Some(security) = &endpoint.security {
        credential(security, endpoint, &mut found);
        message_security(security, endpoint.role, &mut found);
    }
    found.0
}

/// In place of a binding whose transport there is not.
const OTHER_BINDING: &str =
    "use netTcpBinding, which carries callbacks, too, or wsHttpBinding, at both ends";

fn transport(endpoint: &EffectiveEndpoint, found: &mut Found) {
    match endpoint.transport.scheme.as_str() {
        // Said with the channel.
        "http" | "https" | "net.tcp" => {}
        "" if endpoint.stack.elements.iter().any(|e| matches!(e, BindingElement::Foreign(_))) => {}
        "" => found.add("a binding without transport", "use wsHttpBinding", ""),
        scheme => found.add(
            format!("the {scheme} transport of {}", endpoint.binding_section),
            OTHER_BINDING,
            "",
        ),
    }
    // Of other transports their name says it all.
    let known = endpoint.stack.tcp().is_some()
        || matches!(endpoint.transport.scheme.as_str(), "" | "http" | "https");
    for element in endpoint.stack.elements.iter().filter(|_| known) {
        match element {
            BindingElement::Other(name) if *name == endpoint.binding_section => {
                found.add(name.clone(), OTHER_BINDING, "");
            }
            BindingElement::Foreign(name) => {
                let feature =
                    format!("the binding element <{name}>, a .NET class of the program's own");
                found.add_element(feature, in_place_of(name, endpoint), name);
            }
            BindingElement::Other(name) => {
                let feature = format!("the binding element <{name}>");
                found.add_element(feature, in_place_of(name, endpoint), name);
            }
            _ => {}
        }
    }
}

fn is_http(endpoint: &EffectiveEndpoint) -> bool {
    matches!(endpoint.transport.scheme.as_str(), "http" | "https")
}

/// Basic and Digest run; so does nothing at all.
fn http_authentication(endpoint: &EffectiveEndpoint, found: &mut Found) {
    use AuthenticationSchemes as Schemes;
    let schemes = endpoint.transport.authentication;
    let at = match endpoint.binding_section.as_str() {
        "customBinding" => "httpTransport/@authenticationScheme",
        _ => "security/transport/@clientCredentialType",
    };
    let has = |scheme| schemes.contains(scheme);
    if has(Schemes::NEGOTIATE) || has(Schemes::NTLM) {
        let instead = match endpoint.binding_section.as_str() {
            "customBinding" => {
                "write authenticationScheme=\"Basic\" or \"Digest\", or leave it out"
            }
            _ if endpoint.transport.scheme != "https" => {
                "write clientCredentialType=\"Basic\", \"Digest\" or \"None\""
            }
            _ => "write clientCredentialType=\"Basic\", \"Digest\", \"Certificate\" or \"None\"",
        };
        found.add(format!("HTTP authentication {schemes} (Windows accounts)"), instead, at);
    } else if schemes == Schemes::NONE && endpoint.binding_section != "customBinding" {
        found.add(
            "clientCredentialType=\"InheritedFromHost\": how clients authenticate is said by IIS, and the service is not in it",
            "write the credential that the clients use: \"Basic\", \"Digest\", \"Certificate\" or \"None\"",
            at,
        );
    } else if schemes == Schemes::NONE {
        found.add_of_wcf(
            InWcf::Refused,
            "authenticationScheme=\"None\", which takes no request of anybody",
            "remove it, or write \"Anonymous\", \"Basic\" or \"Digest\"",
            at,
        );
    } else if has(Schemes::ANONYMOUS) && schemes != Schemes::ANONYMOUS {
        found.add(
            format!("HTTP authentication that is up to the client ({schemes})"),
            "leave \"Anonymous\" out, so that every client is asked, or write nothing else",
            at,
        );
    }
}

/// A proxy that is named, and wants what Windows has. Where none is named, there may be none.
fn proxy(endpoint: &EffectiveEndpoint, found: &mut Found) {
    let proxy = &endpoint.transport.proxy;
    let schemes = proxy.authentication;
    let by_windows = [AuthenticationSchemes::NTLM, AuthenticationSchemes::NEGOTIATE];
    if endpoint.role == Role::Client
        && proxy.address.is_some()
        && by_windows.iter().any(|scheme| schemes.contains(*scheme))
    {
        let at = match endpoint.binding_section.as_str() {
            "customBinding" => "httpTransport/@proxyAuthenticationScheme",
            _ => "security/transport/@proxyCredentialType",
        };
        found.add(
            format!("the authentication {schemes} to a proxy"),
            "use a proxy that takes Basic or Digest: proxyCredentialType=\"Basic\"",
            at,
        );
    }
}

/// What can stand where an element of a custom binding cannot: without its transport or encoding
/// the binding would be another one.
fn in_place_of(name: &str, endpoint: &EffectiveEndpoint) -> &'static str {
    let last = match endpoint.stack.elements.last() {
        Some(BindingElement::Foreign(last) | BindingElement::Other(last)) => last.as_str(),
        _ => "",
    };
    if last == name {
        "write <httpTransport /> in its place, if the other side takes HTTP"
    } else if name.ends_with("Encoding") {
        "write <textMessageEncoding /> in its place, if the other side takes SOAP as text"
    } else {
        "remove it, if the other side does without"
    }
}

/// What the endpoint itself says about its address, and what its transport does with it.
fn addressing(endpoint: &EffectiveEndpoint, found: &mut Found) {
    if endpoint.address_headers().is_err() {
        found.add_to_endpoint(
            "headers of an address whose prefixes are declared outside of them",
            "declare each prefix on the element in <headers> that needs it",
            "headers",
        );
    }
    let scheme = endpoint.transport.scheme.as_str();
    let known = is_http(endpoint) || endpoint.stack.tcp().is_some();
    if let Some(via) = endpoint.via.as_deref().filter(|_| known)
        && !Address::of(via).has_scheme(scheme)
    {
        let (what, at) = match endpoint.role {
            Role::Client => ("messages that go to", "behaviorConfiguration"),
            Role::Service => ("listening at", "listenUri"),
        };
        found.add_to_endpoint(format!("{what} {via}"), &format!("use an {scheme} address"), at);
        // "The provided URI scheme '{0}' is invalid; expected '{1}'."
        found.in_wcf(InWcf::Refused);
    }
    if endpoint.listen_uri_mode == ListenUriMode::Unique {
        found.add_to_endpoint(
            "listenUriMode=\"Unique\"",
            "remove listenUriMode: the service listens where listenUri or the address says",
            "@listenUriMode",
        );
    }
    let checked = endpoint.role == Role::Client
        && endpoint.security.as_ref().is_some_and(|s| s.authentication.needs_service_certificate());
    let account = match &endpoint.identity {
        // WCF finds it among the names of a certificate that was issued to an account.
        Some(Identity::UserPrincipalName(_)) => Some((
            "the identity <userPrincipalName>: the name of a Windows account, for which certificates are not searched",
            InWcf::Runs,
        )),
        Some(Identity::ServicePrincipalName(_)) => Some((
            "the identity <servicePrincipalName>: a Windows account, which no certificate proves",
            InWcf::NoMessage,
        )),
        _ => None,
    };
    if let Some((what, wcf)) = account.filter(|_| checked) {
        let dns = "write <identity><dns value=\"…\" /></identity> with the name in the certificate";
        found.add_to_endpoint(what, dns, "identity");
        found.in_wcf(wcf);
    }
    for element in &endpoint.stack.elements {
        let (manual, channel_binding, at) = match element {
            BindingElement::HttpTransport(http) => {
                (http.manual_addressing, &http.extended_protection_policy, AT_HTTP)
            }
            BindingElement::HttpsTransport(https) => {
                (https.http.manual_addressing, &https.http.extended_protection_policy, AT_HTTP)
            }
            BindingElement::TcpTransport(tcp) => {
                (tcp.manual_addressing, &tcp.extended_protection_policy, AT_TCP)
            }
            _ => continue,
        };
        if manual {
            found.add("addressing headers that the program writes", "remove manualAddressing", at);
        }
        if channel_binding
            .as_ref()
            .is_some_and(|p| p.policy_enforcement != PolicyEnforcement::Never)
        {
            found.add(
                "channel binding tokens",
                "write policyEnforcement=\"Never\": only Windows accounts carry one",
                "extendedProtectionPolicy/@policyEnforcement",
            );
        }
    }
}

fn encoding(endpoint: &EffectiveEndpoint, found: &mut Found) {
    if !is_http(endpoint) && endpoint.stack.tcp().is_none() {
        // Said with the transport: its encoding cannot be chosen.
        return;
    }
    if endpoint.message_version.versions().is_none() {
        found.add(
            "messages without a SOAP envelope",
            "write messageVersion=\"Soap12WSAddressing10\"",
            "textMessageEncoding/@messageVersion",
        );
    }
    let without_addressing =
        endpoint.message_version.versions().is_some() && !endpoint.message_version.has_addressing();
    let asks = |security: &EffectiveSecurity| {
        security.secure_conversation.is_some() || security.negotiated
    };
    if let Some(security) = endpoint.security.as_ref().filter(|own| without_addressing && asks(own))
    {
        // "Addressing Version '{0}' is not supported." is looked at where keys of a session sign; whether a negotiation alone
        // comes about is not known.
        let is_refused = security.secure_conversation.is_some() && !security.over_transport;
        found.add_of_wcf(
            if is_refused { InWcf::Refused } else { InWcf::Unknown },
            WITHOUT_ADDRESSING,
            "write messageVersion=\"Soap12WSAddressing10\", if the other side has it",
            "textMessageEncoding/@messageVersion",
        );
    }
    match endpoint.encoding {
        MessageEncoding::Text(TextEncoding::Utf8) | MessageEncoding::Mtom(TextEncoding::Utf8) => {}
        MessageEncoding::Text(encoding) | MessageEncoding::Mtom(encoding) => found.add(
            format!("messages in {}", encoding.as_str()),
            "write textEncoding=\"utf-8\"",
            "@textEncoding",
        ),
        // Said with the channel.
        MessageEncoding::Binary(_) => {}
    }
}

fn credential(security: &EffectiveSecurity, endpoint: &EffectiveEndpoint, found: &mut Found) {
    let at = if endpoint.binding_section == "customBinding" {
        "security/@authenticationMode"
    } else {
        "security/message/@clientCredentialType"
    };
    let what = match security.credential {
        MessageCredentialType::Windows => "Windows accounts",
        MessageCredentialType::IssuedToken => "issued tokens",
        _ => return,
    };
    found.add(what, "use clientCredentialType=\"Certificate\" or \"UserName\"", at);
}

fn message_security(security: &EffectiveSecurity, role: Role, found: &mut Found) {
    let elements = || security.element.bootstrap().into_iter().chain([&security.element]);
    let is_10 = |e: &SecurityBindingElement| !e.message_security_version.is_ws_security_11();
    if elements().any(|e| is_10(e) && is_by_certificate(e)) {
        // It refers to certificates by thumbprint, and replies to the key of their request by its hash.
        found.add_of_wcf(
            InWcf::Refused,
            "a key for the service's certificate in WS-Security 1.0",
            "use a messageSecurityVersion with WSSecurity11, or authenticationMode=\"MutualCertificate\"",
            "security/@messageSecurityVersion",
        );
    }
    if elements().any(|e| is_10(e) && e.require_signature_confirmation) {
        found.add_of_wcf(
            InWcf::Refused,
            "confirmed signatures in WS-Security 1.0",
            "remove requireSignatureConfirmation, or use a messageSecurityVersion with WSSecurity11",
            "security/@requireSignatureConfirmation",
        );
    }
    let session = security.secure_conversation.as_ref();
    if session.is_some()
        && elements().any(|e| e.key_entropy_mode != KeyEntropyMode::CombinedEntropy)
    {
        found.add(
            "keys to which only one side contributes",
            "remove keyEntropyMode",
            "security/@keyEntropyMode",
        );
    }
    if elements().any(|e| e.protect_tokens && !e.is_asymmetric()) {
        found.add("signed tokens", "remove protectTokens", "security/@protectTokens");
    }
    without_timestamp(security, role, found);
}

/// Whether the client's first messages have a key that is encrypted for the service's certificate.
fn is_by_certificate(element: &SecurityBindingElement) -> bool {
    match &element.kind {
        SecurityKind::Symmetric { protection } => matches!(protection.kind, TokenKind::X509 { .. }),
        _ => false,
    }
}

/// Messages without a timestamp: nobody refuses the setting, and every message fails.
fn without_timestamp(security: &EffectiveSecurity, role: Role, found: &mut Found) {
    let elements = security.element.bootstrap().into_iter().chain([&security.element]);
    for element in elements.filter(|e| !e.include_timestamp) {
        let by_transport = matches!(element.kind, SecurityKind::Transport);
        let (replays, local) = match role {
            Role::Client => (element.local_client_settings.detect_replays, "localClientSettings"),
            Role::Service => {
                (element.local_service_settings.detect_replays, "localServiceSettings")
            }
        };
        if by_transport && !element.supporting.endorsing.is_empty() {
            found.add_of_wcf(
                InWcf::NoMessage,
                "signatures without a timestamp that they could cover (WCF fails with \"Signing without primary signature \
                 requires timestamp.\")",
                "remove includeTimestamp",
                "security/@includeTimestamp",
            );
        } else if !by_transport && replays.unwrap_or(true) {
            found.add_of_wcf(
                InWcf::NoMessage,
                "messages without a timestamp while replays are looked for (WCF refuses each of them with \"No Timestamp \
                 is available in the security header to do replay detection.\")",
                &format!("write <{local} detectReplays=\"false\" />, or remove includeTimestamp"),
                "security/@includeTimestamp",
            );
        }
    }
}
