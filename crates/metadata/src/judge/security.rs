//! Assertions of WS-SecurityPolicy at the top of an endpoint's policy or of a bootstrap policy.
//!
//! As strict as WCF's importer: an assertion inside a binding that is not understood makes the binding unusable.

use waxwing_binding::{SecurityHeaderLayout, TokenKind, TokenParameters};

use super::class::Class;
use super::draft::{Connection, Kind, Layer, Parts, PolicyDialect, TrustOptions};
use super::effect::{Effect, Supporting};
use super::reader::Reader;
use super::{connection, parts, tokens};
use crate::name::namespaces::{SP11, SP12};
use crate::policy::{Alternative, Assertion, Normal};

const ONE_BINDING: &str =
    "use one security binding, as <security mode=\"Message\" /> of wsHttpBinding writes it";
const USER_NAME: &str = "sp:SignedEncryptedSupportingTokens (in version 1.1 sp:SignedSupportingTokens), as clientCredentialType=\"UserName\" writes it";

/// Takes an assertion at the top of a layer; false for what does not belong there.
pub(super) fn assertion(
    reader: &mut Reader<'_, '_>,
    layer: &mut Layer,
    effect: Effect,
    normal: &Normal<'_>,
) -> bool {
    match effect {
        Effect::TransportBinding | Effect::SymmetricBinding | Effect::AsymmetricBinding => {
            binding(reader, layer, effect, normal);
        }
        Effect::Supporting(kind) => supporting(reader, layer, kind, normal),
        Effect::Wss10 | Effect::Wss11 => {
            let confirms = flags(reader, normal, &[Effect::SignatureConfirmation]);
            let version = if effect == Effect::Wss11 { 11 } else { 10 };
            let confirmed = confirms.contains(&Effect::SignatureConfirmation);
            match layer.wss {
                Some(other) if other != (version, confirmed) => conflict(reader, normal.assertion),
                _ => layer.wss = Some((version, confirmed)),
            }
        }
        Effect::Trust10 | Effect::Trust13 => {
            let said = flags(reader, normal, &[Effect::ClientEntropy, Effect::ServerEntropy]);
            let options = TrustOptions {
                version_13: effect == Effect::Trust13,
                client_entropy: said.contains(&Effect::ClientEntropy),
                server_entropy: said.contains(&Effect::ServerEntropy),
            };
            match layer.trust {
                Some(other) if other != options => conflict(reader, normal.assertion),
                _ => layer.trust = Some(options),
            }
        }
        Effect::SignedParts => {
            layer.signed.merge(&parts::read(reader.record, normal.assertion, true))
        }
        Effect::EncryptedParts => {
            layer.encrypted.merge(&parts::read(reader.record, normal.assertion, false));
        }
        Effect::RequiredParts => parts::required(reader.record, normal.assertion),
        // CXF's test has it here, too, beside the binding.
        Effect::Layout => {
            if let Some(layout) = layout(reader, normal) {
                layer.layout.get_or_insert(layout);
            }
        }
        _ => return false,
    }
    speaks(layer, normal.assertion);
    true
}

/// The assertions of an alternative, security bindings first: what a token is for depends on them, wherever they stand.
pub(super) fn bindings_first<'n, 'a>(alternative: &'n Alternative<'a>) -> Vec<&'n Normal<'a>> {
    let is_binding = |normal: &&Normal<'_>| {
        let name = &normal.assertion.name;
        matches!(&*name.namespace, SP11 | SP12) && name.local.ends_with("Binding")
    };
    let all = || alternative.iter().map(|normal| &**normal);
    all().filter(is_binding).chain(all().filter(|normal| !is_binding(normal))).collect()
}

/// Reads the policy under which a security context is agreed on.
pub(super) fn bootstrap(reader: &mut Reader<'_, '_>, normal: &Normal<'_>) -> Layer {
    let mut layer = Layer::default();
    reader.record.enter(normal.assertion);
    for inner in normal.nested.iter().flat_map(bindings_first) {
        let Some(effect) = reader.record.rule(inner) else { continue };
        let addressing = matches!(effect, Effect::Addressing10 | Effect::Addressing2004);
        if effect != Effect::Nothing && !addressing && !assertion(reader, &mut layer, effect, inner)
        {
            reader.record.misplaced(inner.assertion);
        }
    }
    reader.record.leave();
    layer
}

/// Remembers the version of WS-SecurityPolicy of a layer.
fn speaks(layer: &mut Layer, assertion: &Assertion) {
    match &*assertion.name.namespace {
        SP11 => layer.dialect.get_or_insert(PolicyDialect::Sp11),
        SP12 => layer.dialect.get_or_insert(PolicyDialect::Sp12),
        _ => return,
    };
}

fn conflict(reader: &mut Reader<'_, '_>, assertion: &Assertion) {
    let text = "two demands that exclude each other";
    reader.record.block(assertion, Class::Conflict, text, ONE_BINDING);
}

/// Reads a list of assertions without content; those in `known` are told.
fn flags(reader: &mut Reader<'_, '_>, normal: &Normal<'_>, known: &[Effect]) -> Vec<Effect> {
    let mut found = Vec::new();
    reader.record.enter(normal.assertion);
    for inner in normal.nested.iter().flatten() {
        match reader.record.rule(inner) {
            Some(effect) if known.contains(&effect) => found.push(effect),
            Some(Effect::Nothing) | None => {}
            Some(_) => reader.record.misplaced(inner.assertion),
        }
    }
    reader.record.leave();
    found
}

fn binding(reader: &mut Reader<'_, '_>, layer: &mut Layer, effect: Effect, normal: &Normal<'_>) {
    let mut own = Layer::default();
    let mut found = Found::default();
    reader.record.enter(normal.assertion);
    for inner in normal.nested.iter().flatten() {
        property(reader, &mut own, &mut found, inner);
    }
    reader.record.leave();
    let (kind, missing) = found.kind(effect);
    // TLS has algorithms of its own: Java's services leave them out.
    let no_suite = own.suite.is_none() && effect != Effect::TransportBinding;
    if let Some(what) = missing.or(no_suite.then_some("sp:AlgorithmSuite")) {
        let text = format!("it has no {what}");
        reader.record.block(normal.assertion, Class::Policy, &text, ONE_BINDING);
    }
    let of_stream = |kind: &Kind, reader: &Reader<'_, '_>| {
        let stream =
            matches!(reader.draft.connection, Some(Connection::Ssl | Connection::Windows(_)));
        stream && matches!(kind, Kind::Transport)
    };
    match &layer.kind {
        // TLS over TCP and security of messages inside of it: two assertions, and two layers of the channel.
        Some(_) if of_stream(&kind, reader) => return,
        Some(other) if !of_stream(other, reader) => return conflict(reader, normal.assertion),
        _ => {}
    }
    let mut bare = normal.assertion.clone();
    (bare.policy, bare.children) = (None, Vec::new());
    layer.binding = Some(bare);
    layer.kind = Some(kind);
    layer.suite = own.suite;
    layer.layout = own.layout.or(layer.layout);
    layer.timestamp = own.timestamp;
    layer.encrypt_before_signing = own.encrypt_before_signing;
    layer.encrypt_signature = own.encrypt_signature;
    layer.protect_tokens = own.protect_tokens;
}

impl Found {
    /// The kind of a binding, and the token that it lacks.
    fn kind(self, effect: Effect) -> (Kind, Option<&'static str>) {
        match effect {
            Effect::TransportBinding => {
                (Kind::Transport, (!self.transport).then_some("sp:TransportToken"))
            }
            Effect::SymmetricBinding => {
                let missing = (!self.has_protection).then_some("sp:ProtectionToken");
                (Kind::Symmetric(self.protection), missing)
            }
            _ => {
                let both = self.has_initiator && self.has_recipient;
                let Found { initiator, recipient, .. } = self;
                let missing = (!both).then_some("sp:InitiatorToken or sp:RecipientToken");
                (Kind::Asymmetric { initiator, recipient }, missing)
            }
        }
    }
}

/// The tokens of a binding.
#[derive(Default)]
struct Found {
    transport: bool,
    has_protection: bool,
    protection: Option<TokenParameters>,
    has_initiator: bool,
    initiator: Option<TokenParameters>,
    has_recipient: bool,
    recipient: Option<TokenParameters>,
}

fn property(
    reader: &mut Reader<'_, '_>,
    layer: &mut Layer,
    found: &mut Found,
    normal: &Normal<'_>,
) {
    let Some(effect) = reader.record.rule(normal) else { return };
    match effect {
        Effect::TransportToken => {
            found.transport = true;
            connection::token(reader, normal);
        }
        Effect::ProtectionToken => {
            found.has_protection = true;
            found.protection = only_token(reader, normal);
        }
        Effect::InitiatorToken => {
            found.has_initiator = true;
            found.initiator = only_token(reader, normal);
        }
        Effect::RecipientToken => {
            found.has_recipient = true;
            found.recipient = only_token(reader, normal);
        }
        Effect::AlgorithmSuite => suite(reader, layer, normal),
        Effect::Layout => layer.layout = layout(reader, normal).or(layer.layout),
        Effect::IncludeTimestamp => layer.timestamp = true,
        Effect::EncryptBeforeSigning => layer.encrypt_before_signing = true,
        Effect::EncryptSignature => layer.encrypt_signature = true,
        Effect::ProtectTokens => layer.protect_tokens = true,
        Effect::Nothing => {}
        _ => reader.record.misplaced(normal.assertion),
    }
}

/// The one token inside `sp:ProtectionToken` and its kin.
fn only_token(reader: &mut Reader<'_, '_>, normal: &Normal<'_>) -> Option<TokenParameters> {
    reader.record.enter(normal.assertion);
    let mut found = None;
    for inner in normal.nested.iter().flatten() {
        let Some(effect) = reader.record.rule(inner) else { continue };
        match tokens::read(reader, effect, inner) {
            Some(token) if found.is_none() => found = Some(token),
            Some(_) => reader.record.misplaced(inner.assertion),
            None => {}
        }
    }
    reader.record.leave();
    if normal.nested.as_ref().is_none_or(Vec::is_empty) {
        reader.record.block(normal.assertion, Class::Policy, "it names no token", ONE_BINDING);
    }
    found
}

fn suite(reader: &mut Reader<'_, '_>, layer: &mut Layer, normal: &Normal<'_>) {
    reader.record.enter(normal.assertion);
    for inner in normal.nested.iter().flatten() {
        match reader.record.rule(inner) {
            Some(Effect::Suite(suite)) if layer.suite.is_none_or(|other| other == suite) => {
                layer.suite = Some(suite);
            }
            Some(Effect::Suite(_)) => {
                let text = "a second algorithm suite that differs from the first";
                let fix = "one algorithmSuite=\"…\" for the endpoint";
                reader.record.block(inner.assertion, Class::Algorithm, text, fix);
            }
            Some(Effect::Nothing) | None => {
                // It blocks by itself, and stands for a suite: none is missed.
                layer.suite.get_or_insert(waxwing_binding::AlgorithmSuite::Basic256);
            }
            Some(_) => reader.record.misplaced(inner.assertion),
        }
    }
    reader.record.leave();
}

fn layout(reader: &mut Reader<'_, '_>, normal: &Normal<'_>) -> Option<SecurityHeaderLayout> {
    let mut found = None;
    reader.record.enter(normal.assertion);
    for inner in normal.nested.iter().flatten() {
        match reader.record.rule(inner) {
            Some(Effect::LayoutOf(layout)) => found = Some(layout),
            None => {}
            Some(_) => reader.record.misplaced(inner.assertion),
        }
    }
    reader.record.leave();
    found
}

/// Tokens beside the one that protects. What over a connection with TLS looks the same on the wire is the same here:
/// Metro, CXF and WebSphere say it in one way or another.
fn supporting(
    reader: &mut Reader<'_, '_>,
    layer: &mut Layer,
    kind: Supporting,
    normal: &Normal<'_>,
) {
    reader.record.enter(normal.assertion);
    let nested: &Alternative<'_> = &normal.nested.clone().unwrap_or_default();
    for inner in nested {
        let Some(effect) = reader.record.rule(inner) else { continue };
        match effect {
            Effect::AlgorithmSuite => suite(reader, layer, inner),
            Effect::SignedParts => {
                let signed = parts::read(reader.record, inner.assertion, true);
                extra_parts(reader, &signed, inner.assertion);
            }
            Effect::EncryptedParts => reader.record.misplaced(inner.assertion),
            _ => {
                if let Some(token) = tokens::read(reader, effect, inner) {
                    place(reader, layer, kind, token, normal.assertion);
                }
            }
        }
    }
    reader.record.leave();
}

/// The parts that one token signs: `To` is what WCF signs with an endorsing token over HTTPS.
fn extra_parts(reader: &mut Reader<'_, '_>, signed: &Parts, assertion: &Assertion) {
    let is_to =
        |(namespace, name): &(String, String)| name == "To" && namespace.ends_with("/addressing");
    if signed.body || !signed.headers.iter().all(is_to) {
        let text = "more than the To header must be signed by the token itself";
        let fix = "sp:SignedParts of the message, which WCF writes for ProtectionLevel; over HTTPS only sp:Header Name=\"To\"";
        reader.record.block(assertion, Class::Protection, text, fix);
    }
}

fn place(
    reader: &mut Reader<'_, '_>,
    layer: &mut Layer,
    kind: Supporting,
    mut token: TokenParameters,
    assertion: &Assertion,
) {
    // The key pair of a certificate has no keys derived from it, whatever the policy says: the first WCF and Metro say it of
    // every token, and sign with the certificate's own key.
    token.require_derived_keys &= !matches!(token.kind, TokenKind::X509 { .. });
    let over_transport = matches!(layer.kind, Some(Kind::Transport));
    let user_name = matches!(token.kind, TokenKind::UserName);
    let sp_11 = &*assertion.name.namespace == SP11;
    let supporting = &mut layer.supporting;
    match kind {
        Supporting::Endorsing => supporting.endorsing.push(token),
        Supporting::SignedEndorsing => supporting.signed_endorsing.push(token),
        Supporting::SignedEncrypted => supporting.signed_encrypted.push(token),
        // Version 1.1 cannot say that it is encrypted; it always is.
        Supporting::Signed if user_name && (sp_11 || over_transport) => {
            supporting.signed_encrypted.push(token);
        }
        Supporting::Plain | Supporting::Encrypted if user_name && over_transport => {
            supporting.signed_encrypted.push(token);
        }
        Supporting::Signed if matches!(token.kind, TokenKind::Issued(_)) && over_transport => {
            supporting.signed_encrypted.push(token);
        }
        Supporting::Signed => supporting.signed.push(token),
        Supporting::EndorsingEncrypted | Supporting::SignedEndorsingEncrypted => {}
        Supporting::Plain | Supporting::Encrypted => {
            // Described as far as it goes: what federates and what is Windows' says so itself.
            let text = "a token that is not signed";
            reader.record.block(assertion, Class::Token, text, USER_NAME);
        }
    }
}
