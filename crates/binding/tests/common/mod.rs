//! What several test files need.
#![allow(dead_code)]

pub(crate) mod settings_json;

use std::io::Read;
use std::path::Path;

use serde_json::Value;

/// A compressed JSON file of `testdata/config`.
#[allow(clippy::disallowed_methods, reason = "tests read their data from files")]
pub(crate) fn config_vectors(name: &str) -> serde_json::Map<String, Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/config");
    let path = root.join(format!("{name}.json.gz"));
    let file = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("gzip");
    match serde_json::from_str(&text).expect("JSON") {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

/// A string member.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key}"))
}
