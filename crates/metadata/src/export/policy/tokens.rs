//! Tokens, and how they are referred to (WS-SecurityPolicy 1.2 §5, §8, §9).

use waxwing_binding::IssuedKeyType;
use waxwing_binding::IssuedTokenParameters;
use waxwing_binding::{
    InclusionMode, SecurityBindingElement, SecurityKind, Stack, TokenKind, TokenParameters,
    X509ReferenceStyle,
};

use super::names::Dialect;
use super::parts;
use crate::name::QName;
use crate::name::namespaces::{MSSP, WSA10};
use crate::policy::Assertion;

/// A token.
pub(super) fn assertion(dialect: &Dialect, stack: &Stack, token: &TokenParameters) -> Assertion {
    let derived = token.require_derived_keys.then(|| dialect.sp("RequireDerivedKeys"));
    let mut nested: Vec<_> = derived.into_iter().collect();
    let mut children = Vec::new();
    let mut named = match &token.kind {
        TokenKind::X509 { reference } => {
            nested.extend(reference_style(*reference).map(|style| dialect.sp(style)));
            nested.push(dialect.sp("WssX509V3Token10"));
            dialect.sp("X509Token")
        }
        TokenKind::Ssl { require_client_certificate, require_cancellation } => {
            let asks = require_client_certificate
                .then(|| Assertion::new("mssp", MSSP, "RequireClientCertificate"));
            negotiated(dialect, &mut nested, *require_cancellation, asks);
            Assertion::new("mssp", MSSP, "SslContextToken")
        }
        TokenKind::Sspi { require_cancellation } => {
            negotiated(dialect, &mut nested, *require_cancellation, None);
            dialect.sp("SpnegoContextToken")
        }
        TokenKind::Kerberos => {
            nested.push(dialect.sp("WssGssKerberosV5ApReqToken11"));
            dialect.sp("KerberosToken")
        }
        TokenKind::UserName => {
            nested.push(dialect.sp("WssUsernameToken10"));
            dialect.sp("UsernameToken")
        }
        TokenKind::Issued(parameters) => {
            children = issued(dialect, parameters);
            nested.push(dialect.sp("RequireInternalReference"));
            dialect.sp("IssuedToken")
        }
        TokenKind::SecureConversation { bootstrap, require_cancellation, can_renew } => {
            nested.extend((!require_cancellation).then(|| must_not_cancel(dialect)));
            nested.push((dialect.bootstrap)(dialect, stack, bootstrap));
            if dialect.is_sp12 {
                nested.push(dialect.sp("MustNotSendAmend"));
                let renews = *require_cancellation && *can_renew;
                nested.extend((!renews).then(|| dialect.sp("MustNotSendRenew")));
            }
            dialect.sp("SecureConversationToken")
        }
    };
    named.children = children;
    named.attributes.push(inclusion(dialect, token.inclusion));
    dialect.nested(named, nested)
}

/// A context from a handshake. In WS-SecurityPolicy 1.2 WCF always says that it cannot be cancelled, amended or renewed.
fn negotiated(
    dialect: &Dialect,
    nested: &mut Vec<Assertion>,
    require_cancellation: bool,
    asks: Option<Assertion>,
) {
    let cancels = require_cancellation && !dialect.is_sp12;
    nested.extend((!cancels).then(|| must_not_cancel(dialect)));
    nested.extend(asks);
    if dialect.is_sp12 {
        nested.extend([dialect.sp("MustNotSendAmend"), dialect.sp("MustNotSendRenew")]);
    }
}

/// The context is in a cookie.
fn must_not_cancel(dialect: &Dialect) -> Assertion {
    match dialect.is_sp12 {
        true => dialect.sp("MustNotSendCancel"),
        false => Assertion::new("mssp", MSSP, "MustNotSendCancel"),
    }
}

fn inclusion(dialect: &Dialect, inclusion: InclusionMode) -> (QName, String) {
    let mode = match inclusion {
        InclusionMode::AlwaysToRecipient => "AlwaysToRecipient",
        InclusionMode::AlwaysToInitiator => "AlwaysToInitiator",
        InclusionMode::Never => "Never",
        InclusionMode::Once => "Once",
    };
    let namespace = dialect.namespace();
    (QName::new(namespace, "IncludeToken"), format!("{namespace}/IncludeToken/{mode}"))
}

fn reference_style(style: X509ReferenceStyle) -> Option<&'static str> {
    match style {
        X509ReferenceStyle::Any => None,
        X509ReferenceStyle::Thumbprint => Some("RequireThumbprintReference"),
        X509ReferenceStyle::SubjectKeyIdentifier => Some("RequireKeyIdentifierReference"),
        X509ReferenceStyle::IssuerSerial => Some("RequireIssuerSerialReference"),
    }
}

/// Who issues the token, and what to ask him for.
fn issued(dialect: &Dialect, parameters: &IssuedTokenParameters) -> Vec<Assertion> {
    let trust = match dialect.is_sp12 {
        true => "http://docs.oasis-open.org/ws-sx/ws-trust/200512",
        false => "http://schemas.xmlsoap.org/ws/2005/02/trust",
    };
    let text =
        |local: &str, text: String| Assertion { text, ..Assertion::new("trust", trust, local) };
    let mut template = Vec::new();
    if !parameters.token_type.is_empty() {
        template.push(text("TokenType", parameters.token_type.clone()));
    }
    let key = match (parameters.key_type, dialect.is_sp12) {
        (IssuedKeyType::SymmetricKey, _) => format!("{trust}/SymmetricKey"),
        (IssuedKeyType::AsymmetricKey, _) => format!("{trust}/PublicKey"),
        (IssuedKeyType::BearerKey, true) => format!("{trust}/Bearer"),
        (IssuedKeyType::BearerKey, false) => {
            "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey".to_owned()
        }
    };
    template.push(text("KeyType", key));
    if parameters.key_size > 0 {
        template.push(text("KeySize", parameters.key_size.to_string()));
    }
    let address = parameters.issuer.as_ref().map(|issuer| issuer.address.clone());
    let issuer = address.filter(|address| !address.is_empty()).map(|address| Assertion {
        children: vec![Assertion { text: address, ..Assertion::new("wsa10", WSA10, "Address") }],
        ..dialect.sp("Issuer")
    });
    let template = Assertion { children: template, ..dialect.sp("RequestSecurityTokenTemplate") };
    issuer.into_iter().chain([template]).collect()
}

/// Tokens beside the one that protects the message. WS-SecurityPolicy 1.1 has no word for a token that is signed and encrypted: it is
/// told as signed, and encrypted by both sides all the same.
pub(super) fn supporting(
    dialect: &Dialect,
    stack: &Stack,
    element: &SecurityBindingElement,
) -> Vec<Assertion> {
    let tokens = &element.supporting;
    let all = |tokens: &[TokenParameters]| -> Vec<_> {
        tokens.iter().map(|token| assertion(dialect, stack, token)).collect()
    };
    let mut signed = all(&tokens.signed);
    let mut signed_encrypted = all(&tokens.signed_encrypted);
    if !dialect.is_sp12 {
        signed.append(&mut signed_encrypted);
    }
    let over_transport = matches!(element.kind, SecurityKind::Transport);
    let endorsing = |tokens: &[TokenParameters]| {
        let mut nested = all(tokens);
        let by_certificate = tokens.iter().any(|token| has_key_pair(&token.kind));
        nested.extend(
            (over_transport && by_certificate).then(|| parts::signed_to(dialect, stack)).flatten(),
        );
        nested
    };
    let groups = [
        ("SignedSupportingTokens", signed),
        ("SignedEncryptedSupportingTokens", signed_encrypted),
        ("EndorsingSupportingTokens", endorsing(&tokens.endorsing)),
        ("SignedEndorsingSupportingTokens", endorsing(&tokens.signed_endorsing)),
    ];
    let filled = groups.into_iter().filter(|(_, nested)| !nested.is_empty());
    filled.map(|(name, nested)| dialect.with(name, nested)).collect()
}

/// Whether a token signs with a private key.
fn has_key_pair(kind: &TokenKind) -> bool {
    match kind {
        TokenKind::X509 { .. } => true,
        TokenKind::Issued(parameters) => parameters.key_type == IssuedKeyType::AsymmetricKey,
        _ => false,
    }
}

/// Which references the other side must understand: those that tokens of this element are made with.
pub(super) fn wss(dialect: &Dialect, element: &SecurityBindingElement) -> Assertion {
    let is_11 = element.message_security_version.is_ws_security_11();
    let mut tokens: Vec<&TokenParameters> = Vec::new();
    let mut encrypted_key = false;
    match &element.kind {
        SecurityKind::Symmetric { protection } => {
            encrypted_key =
                matches!(protection.kind, TokenKind::X509 { .. } | TokenKind::Issued(_));
            tokens.push(protection);
        }
        SecurityKind::Asymmetric { initiator, recipient, .. } => {
            tokens.extend([initiator, recipient])
        }
        SecurityKind::Transport => {}
    }
    let beside = &element.supporting;
    for group in
        [&beside.signed, &beside.signed_encrypted, &beside.endorsing, &beside.signed_endorsing]
    {
        tokens.extend(group);
    }
    use X509ReferenceStyle::{Any, IssuerSerial, SubjectKeyIdentifier, Thumbprint};
    let met = |styles: [X509ReferenceStyle; 2]| {
        tokens.iter().any(|token| match &token.kind {
            TokenKind::X509 { reference } => styles.contains(reference),
            // Its reference is the issuer's choice.
            TokenKind::Issued(_) => true,
            _ => false,
        })
    };
    let must = [
        (met([SubjectKeyIdentifier, Any]), "MustSupportRefKeyIdentifier"),
        (met([IssuerSerial, Any]), "MustSupportRefIssuerSerial"),
        (is_11 && met([Thumbprint, Any]), "MustSupportRefThumbprint"),
        (is_11 && encrypted_key, "MustSupportRefEncryptedKey"),
        (is_11 && element.require_signature_confirmation, "RequireSignatureConfirmation"),
    ];
    let nested = must.into_iter().filter(|(used, _)| *used).map(|(_, name)| dialect.sp(name));
    dialect.with(if is_11 { "Wss11" } else { "Wss10" }, nested.collect())
}
