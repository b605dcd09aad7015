//! Files that WCF loads: the same effective settings, and a round trip without loss.

mod common;

use common::settings_json::settings;
use common::{config_vectors, text};
use serde_json::Value;
use waxwing_binding::{Configuration, Severity, Stack};

/// Every place where two values differ.
fn differences(path: &str, ours: &Value, theirs: &Value, found: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|k| !a.contains_key(*k))) {
                let nothing = Value::Null;
                let (x, y) = (a.get(key).unwrap_or(&nothing), b.get(key).unwrap_or(&nothing));
                differences(&format!("{path}.{key}"), x, y, found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (i, (x, y)) in a.iter().zip(b).enumerate() {
                differences(&format!("{path}[{i}]"), x, y, found);
            }
        }
        (a, b) if a == b => {}
        (a, b) => found.push(format!("{path}: ours {a}, WCF's {b}")),
    }
}

#[test]
fn resolves_to_wcf_s_settings() {
    let vectors = config_vectors("valid");
    assert_eq!(vectors.len(), 54);
    let mut found = Vec::new();
    for (name, vector) in &vectors {
        let loaded = Configuration::load(text(vector, "config"));
        for d in loaded.diagnostics.iter().filter(|d| d.severity == Severity::Error) {
            found.push(format!("{name}: {d}"));
        }
        let mut expected = vector["settings"].clone();
        let object = expected.as_object_mut().expect("object");
        object.remove("description");
        object.remove("notes");
        differences(name, &settings(&loaded.configuration), &expected, &mut found);
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn round_trips() {
    for (name, vector) in &config_vectors("valid") {
        let first = Configuration::load(text(vector, "config")).configuration;
        let written = first.to_xml();
        let second = Configuration::parse(&written).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(first, second, "{name}\n{written}");
    }
}

/// The one setting that a custom binding does not share with the standard binding that it spells
/// out: the standard ones let a token of the bootstrap live 15 minutes, a custom one 10 hours
/// unless it says otherwise.
fn with_short_bootstrap_tokens(config: &str) -> String {
    let Some(start) = config.find("<secureConversationBootstrap") else { return config.to_owned() };
    let end = start + config[start..].find("/>").expect("self-closed");
    let (before, after) = (&config[..end], &config[end + 2..]);
    format!(
        "{before}><localServiceSettings issuedCookieLifetime=\"00:15:00\"/>\
         </secureConversationBootstrap>{after}"
    )
}

#[test]
fn custom_bindings_equal_the_standard_ones_that_they_spell_out() {
    let vectors = config_vectors("valid");
    let stack = |config: &str| Stack::of(&Configuration::load(config).configuration.bindings[0]);
    for (custom, standard) in [
        ("custom-as-ws-message-certificate-negotiate", "ws-message-certificate-negotiate"),
        ("custom-as-ws-message-certificate-outofband", "ws-message-certificate-outofband"),
        ("custom-as-ws-message-username-outofband", "ws-message-username-outofband"),
        ("custom-as-ws2007-message-certificate-outofband", "ws2007-message-certificate-outofband"),
        ("custom-as-nettcp-none-reliable", "nettcp-none-reliable"),
    ] {
        let standard = stack(text(&vectors[standard], "config"));
        let custom = stack(&with_short_bootstrap_tokens(text(&vectors[custom], "config")));
        assert!(custom.same_on_the_wire(&standard), "{custom:#?}\n{standard:#?}");
    }
}
