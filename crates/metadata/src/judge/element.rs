//! From a layer of security assertions to WCF's security binding element.

use waxwing_binding::{
    AlgorithmSuite, AuthenticationMode, InclusionMode, KeyEntropyMode, LocalClientSettings,
    LocalServiceSettings, MessageProtectionOrder, MessageSecurityVersion, SecurityBindingElement,
    SecurityHeaderLayout, SecurityKind, TokenKind, TokenParameters, X509ReferenceStyle,
};

use super::class::Class;
use super::draft::{Kind, Layer, PolicyDialect};
use super::record::Record;
use crate::policy::Assertion;

const MODES_FIX: &str = "ask for an endpoint of wsHttpBinding with <message clientCredentialType=\"Certificate\" />, \"UserName\" or \"None\"";

/// Whether the layer asks for more than the connection gives: then there is a security header.
pub(super) fn has_header(layer: &Layer) -> bool {
    match layer.kind {
        None => false,
        Some(Kind::Transport) => layer.timestamp || has_tokens(layer),
        Some(_) => true,
    }
}

fn has_tokens(layer: &Layer) -> bool {
    let s = &layer.supporting;
    [&s.endorsing, &s.signed, &s.signed_encrypted, &s.signed_endorsing]
        .iter()
        .any(|t| !t.is_empty())
}

fn has_signatures(layer: &Layer) -> bool {
    !layer.supporting.endorsing.is_empty() || !layer.supporting.signed_endorsing.is_empty()
}

/// The element of a layer; None where it cannot be made, which the record says.
pub(super) fn of_layer(
    record: &mut Record<'_>,
    layer: Layer,
    blamed: &Assertion,
) -> Option<SecurityBindingElement> {
    let blamed = layer.binding.clone().unwrap_or_else(|| blamed.clone());
    let Some(kind) = layer.kind.clone() else {
        let text = "it has tokens, but no security binding that says how they protect messages";
        let fix = "<security mode=\"Message\"> or \"TransportWithMessageCredential\" of wsHttpBinding writes one";
        record.block(&blamed, Class::Policy, text, fix);
        return None;
    };
    if layer.suite.is_none() && has_signatures(&layer) {
        let text = "it has no sp:AlgorithmSuite, and a token that signs";
        let fix = "write one, as algorithmSuite=\"Basic256\" of wsHttpBinding does";
        record.block(&blamed, Class::Policy, text, fix);
        return None;
    }
    let version = version(record, &layer, &blamed)?;
    let kind = match kind {
        Kind::Transport => SecurityKind::Transport,
        // Where the token is missing, it has said why.
        Kind::Symmetric(protection) => SecurityKind::Symmetric { protection: protection? },
        Kind::Asymmetric { initiator, recipient } => SecurityKind::Asymmetric {
            initiator: initiator?,
            recipient: to_initiator(recipient?),
            allow_serialized_signing_token_on_reply: false,
        },
    };
    references(record, &kind, version, &blamed)?;
    if matches!(kind, SecurityKind::Transport) && !has_tokens(&layer) {
        if record.blockers() > 0 {
            return None;
        }
        let text = "the message carries a timestamp in a security header, and nothing else";
        let fix = "take sp:IncludeTimestamp away, as <security mode=\"Transport\"> does, or add a credential: \
             mode=\"TransportWithMessageCredential\"";
        record.block(&blamed, Class::Protection, text, fix);
        return None;
    }
    // Without a timestamp nobody can tell a replay.
    let replays = !matches!(kind, SecurityKind::Transport) && layer.timestamp;
    let element = SecurityBindingElement {
        authentication_mode: AuthenticationMode::SspiNegotiated,
        message_protection_order: order(record, &layer, &blamed),
        kind,
        supporting: layer.supporting.clone(),
        default_algorithm_suite: layer.suite.unwrap_or(AlgorithmSuite::Basic256),
        message_security_version: version,
        key_entropy_mode: entropy(&layer),
        security_header_layout: layer.layout.unwrap_or(SecurityHeaderLayout::Lax),
        include_timestamp: layer.timestamp,
        require_signature_confirmation: layer.wss.is_some_and(|(_, confirmed)| confirmed),
        protect_tokens: layer.protect_tokens,
        enable_unsecured_response: false,
        allow_insecure_transport: false,
        local_client_settings: LocalClientSettings::default().detect_replays(replays),
        local_service_settings: LocalServiceSettings::default().detect_replays(replays),
    };
    let named = element.with_mode_of_tokens();
    if named.is_none() {
        // Tokens of Windows and of services that issue them block by themselves, and no binding is left to say so.
        record.block_pending();
    }
    if named.is_none() && record.blockers() == 0 {
        let text = "no authentication mode of WCF has these tokens in these places";
        record.block(&blamed, Class::Inexpressible, text, MODES_FIX);
    }
    named
}

/// A token of the service that is always shown, is shown to the client.
fn to_initiator(mut token: TokenParameters) -> TokenParameters {
    if token.inclusion == InclusionMode::AlwaysToRecipient {
        token.inclusion = InclusionMode::AlwaysToInitiator;
    }
    token
}

/// The specifications. Of WS-Trust the version of the policy decides, and both must agree where tokens are asked for.
fn version(
    record: &mut Record<'_>,
    layer: &Layer,
    blamed: &Assertion,
) -> Option<MessageSecurityVersion> {
    use MessageSecurityVersion as V;
    let dialect = layer.dialect.unwrap_or(PolicyDialect::Sp11);
    let of_policy = dialect == PolicyDialect::Sp12;
    let said = layer.trust.map_or(of_policy, |trust| trust.version_13);
    if said != of_policy && asks_for_tokens(layer) {
        let text = "tokens are asked for by one version of WS-Trust and described by another of WS-SecurityPolicy";
        let fix = "use one generation: wsHttpBinding writes sp:Trust10 in version 1.1, ws2007HttpBinding sp:Trust13 in 1.2";
        record.block(blamed, Class::Conflict, text, fix);
        return None;
    }
    let eleven = match (layer.wss, &layer.kind) {
        (Some((version, _)), _) => version == 11,
        // Nothing said: the older is enough where no key is encrypted for the other side.
        (None, Some(Kind::Asymmetric { .. })) => false,
        (None, _) => true,
    };
    Some(match (eleven, of_policy) {
        (true, false) => V::WsSecurity11February2005BasicSecurityProfile10,
        (false, false) => V::WsSecurity10February2005BasicSecurityProfile10,
        (true, true) => V::WsSecurity11Trust13BasicSecurityProfile10,
        (false, true) => V::WsSecurity10Trust13BasicSecurityProfile10,
    })
}

fn asks_for_tokens(layer: &Layer) -> bool {
    let asks = |token: &TokenParameters| {
        matches!(
            token.kind,
            TokenKind::SecureConversation { .. } | TokenKind::Ssl { .. } | TokenKind::Sspi { .. }
        )
    };
    let protects = matches!(&layer.kind, Some(Kind::Symmetric(Some(token))) if asks(token));
    protects || layer.supporting.endorsing.iter().any(asks)
}

/// How certificates are referred to, where the policy demands a way: the one that the mode has.
fn references(
    record: &mut Record<'_>,
    kind: &SecurityKind,
    version: MessageSecurityVersion,
    blamed: &Assertion,
) -> Option<()> {
    use X509ReferenceStyle as Style;
    let demanded = match kind {
        SecurityKind::Symmetric { protection } => &protection.kind,
        SecurityKind::Asymmetric { recipient, .. } => &recipient.kind,
        SecurityKind::Transport => return Some(()),
    };
    let TokenKind::X509 { reference } = demanded else { return Some(()) };
    // WS-Security 1.1 is by thumbprint, 1.0 by key identifier, or issuer and serial number.
    let is_met = *reference == Style::Any
        || (*reference == Style::Thumbprint && version.is_ws_security_11());
    if !is_met {
        let demand = match reference {
            Style::SubjectKeyIdentifier => "key identifier",
            Style::IssuerSerial => "issuer and serial number",
            _ => "thumbprint",
        };
        let text = format!(
            "the service's certificate must be referred to by {demand}, which no setting of a file says"
        );
        let fix = "sp:RequireThumbprintReference under sp:Wss11, as wsHttpBinding with clientCredentialType=\"Certificate\" has it";
        record.block(blamed, Class::Token, &text, fix);
        return None;
    }
    Some(())
}

fn order(record: &mut Record<'_>, layer: &Layer, blamed: &Assertion) -> MessageProtectionOrder {
    use MessageProtectionOrder as Order;
    match (layer.encrypt_before_signing, layer.encrypt_signature) {
        (true, true) => {
            let text = "what is encrypted first is signed, and the signature is encrypted again";
            let fix = "choose one: messageProtectionOrder=\"EncryptBeforeSign\" or \"SignBeforeEncryptAndEncryptSignature\"";
            record.block(blamed, Class::Conflict, text, fix);
            Order::EncryptBeforeSign
        }
        (true, false) => Order::EncryptBeforeSign,
        (false, true) => Order::SignBeforeEncryptAndEncryptSignature,
        (false, false) if matches!(layer.kind, Some(Kind::Transport)) => {
            Order::SignBeforeEncryptAndEncryptSignature
        }
        (false, false) => Order::SignBeforeEncrypt,
    }
}

/// Both sides contribute unless only one is asked to.
fn entropy(layer: &Layer) -> KeyEntropyMode {
    match layer.trust {
        Some(trust) if trust.client_entropy && !trust.server_entropy => {
            KeyEntropyMode::ClientEntropy
        }
        Some(trust) if trust.server_entropy && !trust.client_entropy => {
            KeyEntropyMode::ServerEntropy
        }
        _ => KeyEntropyMode::CombinedEntropy,
    }
}
