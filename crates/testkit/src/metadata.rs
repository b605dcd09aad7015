//! WSDL, schemas and policies to test with: those of `testdata/metadata` (its README says where they come from).

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde_json::Value;

/// One folder: the metadata of one service as it lay in a repository, or as WCF served it.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Its name: `042-corewcf-primitives`, `wsdl-rm10-sc-cert`.
    pub name: String,
    /// Where it comes from: `repository`, `path`, `commit`, `licence of the repository`, `what`, and `root`, the document that
    /// names the others, where there is one. Of WCF's exports: `settings`.
    pub source: BTreeMap<String, String>,
    /// The files by their paths, with `/` between the steps.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What is expected of it, in words (see the README); empty for WCF's exports.
    pub expected: String,
    /// Rows of what is expected of each port: port, SOAP version, transport, address, style, number of alternatives, what it
    /// needs, what blocks.
    pub ports: Vec<Vec<String>>,
    /// One row or none of what is expected of its types: named types, data contracts, others, their kinds, reasons, wrappers
    /// that can be taken apart, others, reasons.
    pub types: Vec<Vec<String>>,
    /// Rows of what WCF's own importer wrote: `binding` or `endpoint`, name, kind of binding, the element.
    pub golden: Vec<Vec<String>>,
}

impl Folder {
    /// The text of a file that is UTF-8, without byte order mark.
    ///
    /// # Panics
    ///
    /// When there is no such file, or it is not UTF-8.
    pub fn text(&self, path: &str) -> &str {
        let bytes = self.files.get(path).unwrap_or_else(|| panic!("{} has no {path}", self.name));
        let text = std::str::from_utf8(bytes).expect("UTF-8");
        text.strip_prefix('\u{feff}').unwrap_or(text)
    }
}

/// The 101 folders from public repositories, by name.
///
/// # Panics
///
/// When the test data are not there or not what their README says.
pub fn public() -> Vec<Folder> {
    folders("public.json.gz")
}

/// What a running WCF exported: 38 bindings and contracts (`wsdl-*`), each with what its own importer and code generator
/// made of it, and the folder `wsdl` with answers of its metadata exchange.
///
/// # Panics
///
/// When the test data are not there or not what their README says.
pub fn wcf() -> Vec<Folder> {
    folders("wcf.json.gz")
}

/// One folder of [`public`] by the beginning of its name (`042`), or of [`wcf`] by its whole name.
///
/// # Panics
///
/// When there is none.
pub fn folder(name: &str) -> Folder {
    let is_number = name.starts_with(|c: char| c.is_ascii_digit());
    let mut all = if is_number { public() } else { wcf() }.into_iter();
    let found =
        all.find(|folder| folder.name == name || is_number && folder.name.starts_with(name));
    found.unwrap_or_else(|| panic!("no folder {name}"))
}

fn folders(file: &str) -> Vec<Folder> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/metadata").join(file);
    let packed = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut text = String::new();
    GzDecoder::new(packed).read_to_string(&mut text).expect("gzip");
    let all: BTreeMap<String, Value> = serde_json::from_str(&text).expect("JSON");
    all.into_iter().map(|(name, value)| folder_of(name, &value)).collect()
}

fn folder_of(name: String, value: &Value) -> Folder {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let map = |key: &str| value[key].as_object().into_iter().flatten();
    let table = |key: &str| {
        let rows = value[key].as_array().into_iter().flatten();
        rows.map(|row| row.as_array().into_iter().flatten().map(text).collect()).collect()
    };
    Folder {
        name,
        source: map("source").map(|(key, value)| (key.clone(), text(value))).collect(),
        files: map("files").map(|(path, value)| (path.clone(), bytes_of(value))).collect(),
        expected: text(&value["expected"]),
        ports: table("ports"),
        types: table("types"),
        golden: table("golden"),
    }
}

/// Text as it is, other octets in base64.
fn bytes_of(value: &Value) -> Vec<u8> {
    match value.as_str() {
        Some(text) => text.as_bytes().to_vec(),
        None => STANDARD.decode(value["base64"].as_str().expect("base64")).expect("base64"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_data_are_whole() {
        let (public, wcf) = (public(), wcf());
        assert_eq!((public.len(), wcf.len()), (101, 39));
        let files = |folders: &[Folder]| folders.iter().map(|f| f.files.len()).sum::<usize>();
        assert_eq!((files(&public), files(&wcf)), (314, 177));
        assert!(folder("100").files["service.wsdl"].starts_with(&[0xFF, 0xFE]));
        assert!(folder("wsdl-plain").text("wsdl.wsdl.xml").contains("definitions"));
        assert_eq!(public.iter().map(|f| f.golden.len()).sum::<usize>(), 75);
    }
}
