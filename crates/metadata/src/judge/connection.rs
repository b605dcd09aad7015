//! What protects the connection: `sp:TransportToken` (WS-SecurityPolicy 1.2 §7.3) and what Microsoft puts into it.

use waxwing_binding::{AuthenticationSchemes, ProtectionLevel};

use super::draft::Connection;
use super::effect::Effect;
use super::reader::Reader;
use crate::policy::{Assertion, Normal};

/// Reads the token of a connection.
pub(super) fn token(reader: &mut Reader<'_, '_>, normal: &Normal<'_>) {
    reader.record.enter(normal.assertion);
    for inner in normal.nested.iter().flatten() {
        let connection = match reader.record.rule(inner) {
            Some(Effect::HttpsToken) => Connection::Https,
            Some(Effect::SslTransport) => Connection::Ssl,
            Some(Effect::WindowsTransport) => Connection::Windows(ProtectionLevel::EncryptAndSign),
            Some(_) => {
                reader.record.misplaced(inner.assertion);
                continue;
            }
            None => continue,
        };
        reader.draft.connection = Some(connection);
        options(reader, inner);
    }
    reader.record.leave();
}

/// What is said of the connection: by attributes in version 1.1, by a nested policy in 1.2, by elements with Microsoft.
fn options(reader: &mut Reader<'_, '_>, normal: &Normal<'_>) {
    let assertion = normal.assertion;
    if matches!(
        assertion.attribute("", "RequireClientCertificate").map(str::trim),
        Some("true" | "1")
    ) {
        reader.draft.client_certificate = true;
    }
    reader.record.enter(assertion);
    let plain = |child| Normal { assertion: child, nested: None, binding_side: true };
    let children: Vec<Normal<'_>> = assertion.children.iter().map(plain).collect();
    for inner in normal.nested.iter().flatten().map(|n| &**n).chain(&children) {
        option(reader, inner);
    }
    reader.record.leave();
}

fn option(reader: &mut Reader<'_, '_>, inner: &Normal<'_>) {
    match reader.record.rule(inner) {
        Some(Effect::RequireClientCertificate) => reader.draft.client_certificate = true,
        Some(Effect::HttpBasic) => reader.log_in(AuthenticationSchemes::BASIC, inner.assertion),
        Some(Effect::HttpDigest) => reader.log_in(AuthenticationSchemes::DIGEST, inner.assertion),
        Some(Effect::HttpAuthentication(scheme)) => reader.log_in(scheme, inner.assertion),
        Some(Effect::ProtectionLevel) => level(reader, inner.assertion),
        None => {}
        Some(_) => reader.record.misplaced(inner.assertion),
    }
}

fn level(reader: &mut Reader<'_, '_>, assertion: &Assertion) {
    let level = match assertion.text.trim() {
        "None" => ProtectionLevel::None,
        "Sign" => ProtectionLevel::Sign,
        _ => ProtectionLevel::EncryptAndSign,
    };
    if let Some(Connection::Windows(of_connection)) = &mut reader.draft.connection {
        *of_connection = level;
    }
}
