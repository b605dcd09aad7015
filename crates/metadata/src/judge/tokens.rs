//! Token assertions (WS-SecurityPolicy 1.2 §5).

use waxwing_binding::{InclusionMode, TokenKind, TokenParameters, X509ReferenceStyle};

use super::class::Class;
use super::draft::Layer;
use super::effect::Effect;
use super::reader::Reader;
use super::{element, issued};
use crate::name::namespaces::{SP11, SP12};
use crate::policy::{Assertion, Normal};

/// What stands inside a token.
#[derive(Default)]
struct Inside {
    derived_keys: bool,
    reference: Option<X509ReferenceStyle>,
    client_certificate: bool,
    no_cancel: bool,
    no_renew: bool,
    hash: bool,
    bootstrap: Option<Layer>,
}

/// Reads a token; None where it is none, or one that nothing can be made of.
pub(super) fn read(
    reader: &mut Reader<'_, '_>,
    effect: Effect,
    normal: &Normal<'_>,
) -> Option<TokenParameters> {
    let known = matches!(
        effect,
        Effect::X509Token
            | Effect::UsernameToken
            | Effect::SecureConversationToken
            | Effect::SslContextToken
            | Effect::SpnegoContextToken
            | Effect::KerberosToken
            | Effect::IssuedToken
    );
    if !known {
        // A token that blocks has said so.
        if effect != Effect::Nothing {
            reader.record.misplaced(normal.assertion);
        }
        return None;
    }
    let inside = inside(reader, effect, normal);
    let kind = kind(reader, effect, normal.assertion, inside.bootstrap)?;
    let kind = match kind {
        TokenKind::X509 { .. } => {
            TokenKind::X509 { reference: inside.reference.unwrap_or(X509ReferenceStyle::Any) }
        }
        TokenKind::Ssl { .. } => TokenKind::Ssl {
            require_client_certificate: inside.client_certificate,
            // Version 1.2 always says that it is not cancelled, whatever the service keeps.
            require_cancellation: !inside.no_cancel || is_12_inside(normal),
        },
        TokenKind::Sspi { .. } => {
            TokenKind::Sspi { require_cancellation: !inside.no_cancel || is_12_inside(normal) }
        }
        TokenKind::SecureConversation { bootstrap, .. } => TokenKind::SecureConversation {
            bootstrap,
            require_cancellation: !inside.no_cancel,
            can_renew: !inside.no_renew || inside.no_cancel,
        },
        other => other,
    };
    reader.draft.hash_password |= inside.hash;
    let inclusion = inclusion(normal.assertion, &kind);
    Some(TokenParameters { kind, inclusion, require_derived_keys: inside.derived_keys })
}

/// Whether what stands inside the token is of version 1.2.
fn is_12_inside(normal: &Normal<'_>) -> bool {
    let of_12 = |inner: &std::sync::Arc<Normal<'_>>| &*inner.assertion.name.namespace == SP12;
    normal.nested.iter().flatten().any(of_12)
}

fn kind(
    reader: &mut Reader<'_, '_>,
    effect: Effect,
    assertion: &Assertion,
    bootstrap: Option<Layer>,
) -> Option<TokenKind> {
    Some(match effect {
        Effect::X509Token => TokenKind::X509 { reference: X509ReferenceStyle::Any },
        Effect::UsernameToken => TokenKind::UserName,
        Effect::SslContextToken => {
            TokenKind::Ssl { require_client_certificate: false, require_cancellation: true }
        }
        Effect::SpnegoContextToken => TokenKind::Sspi { require_cancellation: true },
        Effect::KerberosToken => TokenKind::Kerberos,
        Effect::IssuedToken => TokenKind::Issued(Box::new(issued::parameters(assertion))),
        _ => {
            let Some(layer) = bootstrap else {
                let text =
                    "it has no sp:BootstrapPolicy: nobody can tell how the context is agreed on";
                let fix = "establishSecurityContext=\"true\" of wsHttpBinding writes one";
                reader.record.block(assertion, Class::Policy, text, fix);
                return None;
            };
            let bootstrap = Box::new(element::of_layer(reader.record, layer, assertion)?);
            TokenKind::SecureConversation { bootstrap, require_cancellation: true, can_renew: true }
        }
    })
}

/// Reads the nested policy of a token, and the parameters that old writers put beside it.
fn inside(reader: &mut Reader<'_, '_>, effect: Effect, normal: &Normal<'_>) -> Inside {
    let mut inside = Inside::default();
    reader.record.enter(normal.assertion);
    let plain = |child| Normal { assertion: child, nested: None, binding_side: true };
    let children: Vec<Normal<'_>> = normal.assertion.children.iter().map(plain).collect();
    for inner in normal.nested.iter().flatten().map(|n| &**n).chain(&children) {
        one(reader, effect, inner, &mut inside);
    }
    reader.record.leave();
    inside
}

fn one(reader: &mut Reader<'_, '_>, token: Effect, inner: &Normal<'_>, inside: &mut Inside) {
    let assertion = inner.assertion;
    let Some(effect) = reader.record.rule(inner) else { return };
    match (effect, token) {
        (Effect::DerivedKeys, _) => inside.derived_keys = true,
        (Effect::Reference(style), Effect::X509Token) => inside.reference = Some(style),
        (Effect::RequireClientCertificate, Effect::SslContextToken) => {
            inside.client_certificate = true;
        }
        (Effect::HashPassword, Effect::UsernameToken) => inside.hash = true,
        (Effect::MustNotSendCancel, _) => inside.no_cancel = true,
        (Effect::MustNotSendRenew, _) => inside.no_renew = true,
        (Effect::BootstrapPolicy, Effect::SecureConversationToken) => {
            inside.bootstrap = Some((reader.bootstrap)(reader, inner));
        }
        (Effect::Issuer | Effect::Template, Effect::IssuedToken) | (Effect::Nothing, _) => {}
        // The issuer of a context: only a service that issues its own is asked.
        (Effect::Issuer, Effect::SecureConversationToken) => {
            let text = "the context is issued by somebody else";
            let fix =
                "establishSecurityContext=\"true\" of wsHttpBinding, where the service issues it";
            reader.record.block(assertion, Class::Federation, text, fix);
        }
        (Effect::Issuer, _) => {}
        _ => reader.record.misplaced(assertion),
    }
}

/// `sp:IncludeToken`. What is shown once, or always, is shown in each request here; absent means always.
fn inclusion(assertion: &Assertion, kind: &TokenKind) -> InclusionMode {
    let namespace = &*assertion.name.namespace;
    let written = [namespace, SP11, SP12, ""];
    let mut values = written.iter().filter_map(|ns| assertion.attribute(ns, "IncludeToken"));
    let value = values.next().map(|value| value.trim().rsplit('/').next().unwrap_or_default());
    match (value, kind) {
        (Some("Never"), _) => InclusionMode::Never,
        (Some("AlwaysToInitiator"), _) => InclusionMode::AlwaysToInitiator,
        (Some("Once"), TokenKind::Kerberos) => InclusionMode::Once,
        _ => InclusionMode::AlwaysToRecipient,
    }
}
