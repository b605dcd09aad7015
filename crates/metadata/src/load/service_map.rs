//! `Reference.svcmap`: the folder of Visual Studio's "Add Service Reference".

use waxwing_xml::Element;

use super::reference::{Reference, ReferenceKind};
use crate::reading::Reading;

/// The files of the folder, with the URLs that they were loaded from: imports in them still name those.
pub(super) fn service_map<'d>(reading: &Reading<'d>, root: Element<'d>) -> Vec<Reference> {
    let files = root.descendants_and_self().filter(|e| e.local_name() == "MetadataFile");
    let references = files.filter_map(|element| {
        let written = element.attribute("FileName")?.to_owned();
        let source_url = element.attribute("SourceUrl").map(str::to_owned);
        Some(Reference {
            kind: ReferenceKind::MapFile { source_url },
            written,
            namespace: String::new(),
            at: reading.at(element),
        })
    });
    references.collect()
}
