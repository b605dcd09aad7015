//! What this version of Waxwing understands but cannot run, each named with what to use instead.

use crate::effective::{EffectiveEndpoint, EffectiveSecurity};
use crate::refusal::Unsupported;
use crate::stack::{BindingElement, SecurityKind, TokenKind};
use crate::{
    AuthenticationSchemes, KeyEntropyMode, MessageCredentialType, MessageEncoding,
    MessageProtectionOrder, TextEncoding, TransferMode,
};

/// Collects features.
struct Found(Vec<Unsupported>);

impl Found {
    fn add(&mut self, feature: impl Into<String>, instead: &str, at: &'static str) {
        let (feature, instead) = (feature.into(), instead.to_owned());
        self.0.push(Unsupported { feature, instead, at });
    }
}

/// What this version cannot run of an endpoint.
pub(crate) fn unsupported(endpoint: &EffectiveEndpoint) -> Vec<Unsupported> {
    let mut found = Found(Vec::new());
    transport(endpoint, &mut found);
    encoding(endpoint, &mut found);
    if let Some(security) = &endpoint.security {
        credential(security, endpoint, &mut found);
        message_security(security, &mut found);
    }
    found.0
}

fn transport(endpoint: &EffectiveEndpoint, found: &mut Found) {
    match endpoint.transport.scheme.as_str() {
        "http" => {}
        "https" => found.add(
            "HTTPS",
            "use an http address with message security, or put a TLS proxy in between",
            "",
        ),
        "" => found.add("a binding without transport", "use wsHttpBinding", ""),
        scheme => found.add(
            format!("the {scheme} transport of {}", endpoint.binding_section),
            "use wsHttpBinding or ws2007HttpBinding",
            "",
        ),
    }
    let known_scheme = matches!(endpoint.transport.scheme.as_str(), "http" | "https");
    for element in endpoint.stack.elements.iter().filter(|_| known_scheme) {
        match element {
            BindingElement::Other(name) if *name == endpoint.binding_section => {
                found.add(name.clone(), "use wsHttpBinding or ws2007HttpBinding", "");
            }
            BindingElement::Other(name) => {
                found.add(format!("the binding element <{name}>"), "remove it", "");
            }
            _ => {}
        }
    }
    if endpoint.composite_duplex {
        found.add("callbacks over HTTP (wsDualHttpBinding)", "use wsHttpBinding", "");
    }
    if endpoint.transport.transfer_mode != TransferMode::Buffered {
        found.add("streamed messages", "write transferMode=\"Buffered\"", "@transferMode");
    }
    let authentication = endpoint.transport.authentication;
    if !authentication.contains(AuthenticationSchemes::ANONYMOUS) {
        found.add(
            format!("HTTP authentication {authentication}"),
            "write <transport clientCredentialType=\"None\" />",
            "security/transport/@clientCredentialType",
        );
    }
}

fn encoding(endpoint: &EffectiveEndpoint, found: &mut Found) {
    if !matches!(endpoint.transport.scheme.as_str(), "http" | "https") {
        // Said with the transport: its encoding cannot be chosen.
        return;
    }
    if endpoint.message_version.soap().is_none() {
        found.add(
            "messages without a SOAP envelope",
            "write messageVersion=\"Soap12WSAddressing10\"",
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
        MessageEncoding::Binary => {
            found.add("binary messages", "write messageEncoding=\"Text\"", "@messageEncoding");
        }
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

fn message_security(security: &EffectiveSecurity, found: &mut Found) {
    if matches!(security.element.kind, SecurityKind::Asymmetric { .. }) {
        found.add("the asymmetric binding of WS-Security 1.0", "use WS-Security 1.1", "security");
    }
    let session = security.secure_conversation.as_ref();
    let orders =
        [Some(security.message_protection_order), session.map(|s| s.message_protection_order)];
    if orders.contains(&Some(MessageProtectionOrder::EncryptBeforeSign)) {
        found.add(
            "the message protection order EncryptBeforeSign",
            "remove messageProtectionOrder",
            "security/@messageProtectionOrder",
        );
    }
    let elements = || security.element.bootstrap().into_iter().chain([&security.element]);
    if session.is_some()
        && elements().any(|e| e.key_entropy_mode != KeyEntropyMode::CombinedEntropy)
    {
        found.add(
            "keys to which only one side contributes",
            "remove keyEntropyMode",
            "security/@keyEntropyMode",
        );
    }
    if elements().any(|e| e.protect_tokens) {
        found.add("signed tokens", "remove protectTokens", "security/@protectTokens");
    }
    if elements().any(|e| !e.include_timestamp) {
        found.add(
            "messages without a timestamp",
            "remove includeTimestamp",
            "security/@includeTimestamp",
        );
    }
    if elements().any(|e| e.enable_unsecured_response) {
        found.add(
            "unsecured replies",
            "remove enableUnsecuredResponse",
            "security/@enableUnsecuredResponse",
        );
    }
    let issued = security.credential == MessageCredentialType::IssuedToken;
    if !issued && elements().any(keeps_no_context) {
        found.add(
            "security contexts in cookies",
            "remove requireSecurityContextCancellation",
            "security/@requireSecurityContextCancellation",
        );
    }
}

/// Whether the service keeps no state of a negotiated context: the token itself holds it.
fn keeps_no_context(element: &crate::stack::SecurityBindingElement) -> bool {
    let protection = match &element.kind {
        SecurityKind::Symmetric { protection } => Some(protection),
        _ => None,
    };
    let tokens = protection.into_iter().chain(&element.supporting.endorsing);
    tokens.map(|t| &t.kind).any(|kind| match kind {
        TokenKind::Ssl { require_cancellation, .. }
        | TokenKind::Sspi { require_cancellation }
        | TokenKind::SecureConversation { require_cancellation, .. } => !require_cancellation,
        _ => false,
    })
}
