//! Security bindings and their tokens (WS-SecurityPolicy 1.2 §7, §8, §9).

use waxwing_binding::{
    AlgorithmSuite, KeyEntropyMode, MessageProtectionOrder, SecurityHeaderLayout,
};
use waxwing_binding::{BindingElement, SecurityBindingElement, SecurityKind, Stack};

use super::names::{Dialect, FRAMING, has_transport_token};
use super::{parts, tokens};
use crate::name::QName;
use crate::policy::Assertion;

/// The assertions of one security element: how messages are protected, tokens beside that, the versions of WS-Security and WS-Trust.
pub(super) fn assertions(
    dialect: &Dialect,
    stack: &Stack,
    element: &SecurityBindingElement,
    encrypts: bool,
) -> Vec<Assertion> {
    let mut all = vec![match &element.kind {
        SecurityKind::Symmetric { protection } => {
            let token = vec![tokens::assertion(dialect, stack, protection)];
            let first = vec![dialect.with("ProtectionToken", token)];
            dialect.with("SymmetricBinding", message_binding(dialect, element, first, encrypts))
        }
        SecurityKind::Asymmetric { initiator, recipient, .. } => {
            let token =
                |name, token| dialect.with(name, vec![tokens::assertion(dialect, stack, token)]);
            let first =
                vec![token("InitiatorToken", initiator), token("RecipientToken", recipient)];
            dialect.with("AsymmetricBinding", message_binding(dialect, element, first, encrypts))
        }
        SecurityKind::Transport => transport_binding(dialect, stack, Some(element)),
    }];
    all.extend(tokens::supporting(dialect, stack, element));
    all.push(tokens::wss(dialect, element));
    if says_trust(stack, element) {
        all.push(trust(dialect, element.key_entropy_mode));
    }
    let over_secure_transport = stack.elements.iter().any(has_transport_token);
    if over_secure_transport && !matches!(element.kind, SecurityKind::Transport) {
        all.push(transport_binding(dialect, stack, Some(element)));
    }
    all
}

/// The policy of the messages that agree on a security context.
pub(super) fn bootstrap(
    dialect: &Dialect,
    stack: &Stack,
    element: &SecurityBindingElement,
) -> Assertion {
    let mut nested = parts::of_bootstrap(dialect, stack);
    nested.extend(assertions(dialect, stack, element, true));
    dialect.with("BootstrapPolicy", nested)
}

/// What both kinds of message security say after their tokens.
fn message_binding(
    dialect: &Dialect,
    element: &SecurityBindingElement,
    tokens: Vec<Assertion>,
    encrypts: bool,
) -> Vec<Assertion> {
    let mut all = tokens;
    all.extend(algorithms(dialect, Some(element)));
    all.extend(element.include_timestamp.then(|| dialect.sp("IncludeTimestamp")));
    all.extend(match element.message_protection_order {
        MessageProtectionOrder::SignBeforeEncrypt => None,
        MessageProtectionOrder::SignBeforeEncryptAndEncryptSignature => {
            encrypts.then(|| dialect.sp("EncryptSignature"))
        }
        MessageProtectionOrder::EncryptBeforeSign => Some(dialect.sp("EncryptBeforeSigning")),
    });
    all.extend(element.protect_tokens.then(|| dialect.sp("ProtectTokens")));
    all.push(dialect.sp("OnlySignEntireHeadersAndBody"));
    all
}

/// `sp:TransportBinding`; without message security it has no timestamp.
pub(super) fn transport_binding(
    dialect: &Dialect,
    stack: &Stack,
    element: Option<&SecurityBindingElement>,
) -> Assertion {
    let mut all = vec![dialect.with("TransportToken", vec![transport_token(dialect, stack)])];
    all.extend(algorithms(dialect, element));
    let timestamp = element.is_some_and(|element| element.include_timestamp);
    all.extend(timestamp.then(|| dialect.sp("IncludeTimestamp")));
    dialect.with("TransportBinding", all)
}

/// What secures the transport. An address of plain HTTP whose TLS is ended by somebody in front (`allowInsecureTransport`) is told as
/// HTTPS: that is what clients meet.
fn transport_token(dialect: &Dialect, stack: &Stack) -> Assertion {
    for element in &stack.elements {
        match element {
            BindingElement::SslStreamSecurity(ssl) => {
                let asks = Assertion::new("msf", FRAMING, "RequireClientCertificate");
                let children = ssl.require_client_certificate.then_some(asks).into_iter().collect();
                return Assertion {
                    children,
                    ..Assertion::new("msf", FRAMING, "SslTransportSecurity")
                };
            }
            BindingElement::WindowsStreamSecurity(windows) => {
                let level = Assertion {
                    text: windows.protection_level.as_str().to_owned(),
                    ..Assertion::new("msf", FRAMING, "ProtectionLevel")
                };
                let token = Assertion::new("msf", FRAMING, "WindowsTransportSecurity");
                return Assertion { children: vec![level], ..token };
            }
            BindingElement::HttpsTransport(https) => {
                return https_token(dialect, https.require_client_certificate);
            }
            _ => {}
        }
    }
    https_token(dialect, false)
}

fn https_token(dialect: &Dialect, client_certificate: bool) -> Assertion {
    let mut token = dialect.sp("HttpsToken");
    if !dialect.is_sp12 {
        let name = QName::new("", "RequireClientCertificate");
        token.attributes = vec![(name, client_certificate.to_string())];
    } else if client_certificate {
        token = dialect.nested(token, vec![dialect.sp("RequireClientCertificate")]);
    }
    token
}

fn algorithms(dialect: &Dialect, element: Option<&SecurityBindingElement>) -> [Assertion; 2] {
    let suite = element.map_or(AlgorithmSuite::Basic256, |e| e.default_algorithm_suite);
    let layout = element.map_or(SecurityHeaderLayout::Strict, |e| e.security_header_layout);
    let layout = match layout {
        SecurityHeaderLayout::Strict => "Strict",
        SecurityHeaderLayout::Lax => "Lax",
        SecurityHeaderLayout::LaxTimestampFirst => "LaxTsFirst",
        SecurityHeaderLayout::LaxTimestampLast => "LaxTsLast",
    };
    [
        dialect.with("AlgorithmSuite", vec![dialect.sp(suite.as_str())]),
        dialect.with("Layout", vec![dialect.sp(layout)]),
    ]
}

/// `basicHttpBinding` does not speak of WS-Trust (`DoNotEmitTrust`): it has no addressing to speak it with.
fn says_trust(stack: &Stack, element: &SecurityBindingElement) -> bool {
    element.message_security_version.is_ws_security_11() || stack.message_version().has_addressing()
}

fn trust(dialect: &Dialect, entropy: KeyEntropyMode) -> Assertion {
    let (client, server) = match entropy {
        KeyEntropyMode::CombinedEntropy => (true, true),
        KeyEntropyMode::ClientEntropy => (true, false),
        KeyEntropyMode::ServerEntropy => (false, true),
    };
    let mut nested = vec![dialect.sp("MustSupportIssuedTokens")];
    nested.extend(client.then(|| dialect.sp("RequireClientEntropy")));
    nested.extend(server.then(|| dialect.sp("RequireServerEntropy")));
    dialect.with(if dialect.is_sp12 { "Trust13" } else { "Trust10" }, nested)
}
