//! Configuration files that WCF loads (`testdata/config`).

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::Value;

/// The files that WCF loads, each a name and a text.
///
/// # Panics
/// If the file is not there or not as `testdata/config/README.md` says.
pub fn valid() -> BTreeMap<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/config/valid.json.gz");
    let packed = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut text = String::new();
    GzDecoder::new(packed).read_to_string(&mut text).expect("gzip");
    let all: BTreeMap<String, Value> = serde_json::from_str(&text).expect("JSON");
    let text = |value: Value| value["config"].as_str().expect("a text").to_owned();
    all.into_iter().map(|(name, value)| (name, text(value))).collect()
}
