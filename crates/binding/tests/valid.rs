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

#[test]
fn custom_bindings_equal_the_standard_ones_that_they_spell_out() {
    let vectors = config_vectors("valid");
    let stack = |name: &str| {
        let configuration = Configuration::load(text(&vectors[name], "config")).configuration;
        Stack::of(&configuration.bindings[0])
    };
    for (custom, standard) in [
        ("custom-as-ws-message-certificate-negotiate", "ws-message-certificate-negotiate"),
        ("custom-as-ws-message-certificate-outofband", "ws-message-certificate-outofband"),
        ("custom-as-ws-message-username-outofband", "ws-message-username-outofband"),
        ("custom-as-ws2007-message-certificate-outofband", "ws2007-message-certificate-outofband"),
        ("custom-as-nettcp-none-reliable", "nettcp-none-reliable"),
    ] {
        let (custom, standard) = (stack(custom), stack(standard));
        assert!(custom.same_on_the_wire(&standard), "{custom:#?}\n{standard:#?}");
    }
}
