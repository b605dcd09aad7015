//! Captured exchanges of `testdata/`.

#![allow(clippy::disallowed_methods)] // tests read files

use std::io::Read;
use std::path::{Path, PathBuf};

/// One packed scenario; see `testdata/README.md`.
pub(crate) fn scenario(path: &Path) -> serde_json::Value {
    let file = std::fs::File::open(path).expect("the scenario is there");
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("gzip");
    serde_json::from_str(&text).expect("JSON")
}

/// Every scenario of a peer (`wcf` or `metro`).
pub(crate) fn scenarios(peer: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(peer);
    let mut found: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    found.sort();
    found
}
