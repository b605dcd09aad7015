//! Answers of a metadata exchange, before they are loaded.

use waxwing_xml::Document;

use super::decode::decode;
use super::options::LoadOptions;
use crate::mex::read::{NoMetadata, metadata};

/// Whether the octets of an answer hold metadata.
///
/// # Errors
/// Why not, for people: the fault's reason, or what came instead.
pub fn check_answer(octets: &[u8]) -> Result<(), String> {
    let text = decode(octets).map_err(|_| "what came is no text")?;
    let document = Document::parse(text.as_str(), &LoadOptions::default().xml())
        .map_err(|error| format!("what came is no XML: {error}"))?;
    match metadata(document.root()) {
        Ok(_) => Ok(()),
        Err(NoMetadata::Fault(fault)) => Err(format!("a fault came: {}", fault.reason)),
        Err(NoMetadata::Other(element)) => {
            Err(format!("<{}> came instead of metadata", element.qualified_name()))
        }
        Err(NoMetadata::Nothing) => Err("an empty message came".to_owned()),
    }
}
