//! What targets share: of metadata here, of reliable sessions in [`steps`], of messages in pieces in [`streamed`], of Security
//! headers in [`known_header`].

pub mod known_header;
pub mod reliable_duplex;
pub mod session_duplex;
pub mod steps;
pub mod streamed;

use std::collections::BTreeMap;

use waxwing_metadata::MetadataSet;
use waxwing_metadata::load::{LoadOptions, folder};

/// More findings than this are not told of one document, by each of its readers.
const MAX_FINDINGS: usize = 2000;
/// Longest text of a finding beside what it quotes of the document.
const MAX_TEXT: usize = 5000;

/// One document, alone.
pub fn load(data: &[u8]) -> MetadataSet {
    let files = BTreeMap::from([("a.wsdl".to_owned(), data.to_vec())]);
    folder("", &files, LoadOptions::default())
}

/// Findings are bounded, and say where.
pub fn check_findings(set: &MetadataSet, data: &[u8]) {
    assert!(set.findings().len() <= MAX_FINDINGS);
    for finding in set.findings() {
        let at = finding.at.as_ref().expect("a place");
        assert!(at.line >= 1 && at.column >= 1, "{finding:?}");
        assert!(finding.message.len() < MAX_TEXT + 2 * data.len(), "{finding:?}");
    }
}
