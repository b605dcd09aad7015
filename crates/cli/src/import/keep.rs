//! `--keep`: the documents themselves, so that they can be read again without network.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use waxwing_metadata::{DocumentKind, LoadedDocument, MetadataSet};

use super::files::File;

/// The documents as files of `folder/metadata`, with a `Reference.svcmap` that says which addresses they stand for, as Visual
/// Studio writes one: references in them still name those.
pub(super) fn kept(set: &MetadataSet, folder: &Path) -> Vec<File> {
    let folder = folder.join("metadata");
    let mut taken = BTreeSet::new();
    let mut files = Vec::new();
    let mut map = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<ReferenceGroup xmlns=\"urn:schemas-microsoft-com:xml-wcfservicemap\">\n  <Metadata>\n",
    );
    for document in set.documents() {
        let Some((kind, ending)) = kind(document.kind) else { continue };
        let name = free(document, ending, &mut taken);
        let _ = writeln!(
            map,
            "    <MetadataFile FileName=\"{}\" MetadataType=\"{kind}\" SourceUrl=\"{}\" />",
            escaped(&name),
            escaped(document.location.as_str())
        );
        let (path, content) = (folder.join(name), document.content.to_vec());
        files.push(File { path, content, what: String::new(), code: false });
    }
    map.push_str("  </Metadata>\n</ReferenceGroup>\n");
    let (path, content) = (folder.join("Reference.svcmap"), map.into_bytes());
    files.push(File { path, content, what: String::new(), code: false });
    files
}

/// The word of a service map and the ending of the file; none of what describes no service.
fn kind(kind: DocumentKind) -> Option<(&'static str, &'static str)> {
    match kind {
        DocumentKind::Wsdl => Some(("Wsdl", "wsdl")),
        DocumentKind::Schema => Some(("Schema", "xsd")),
        DocumentKind::Policy => Some(("Policy", "xml")),
        DocumentKind::Metadata => Some(("Unknown", "mex.xml")),
        DocumentKind::EndpointReference => Some(("Unknown", "epr.xml")),
        _ => None,
    }
}

/// A name of letters that every file system takes, after the last step of the location and its query.
fn free(document: &LoadedDocument, ending: &str, taken: &mut BTreeSet<String>) -> String {
    let location = document.location.as_str();
    let last = location.trim_end_matches('/').rsplit(['/', '\\']).next().unwrap_or_default();
    let fits = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' };
    let stem: String = last.chars().map(fits).collect();
    let end = format!(".{ending}");
    let stem = stem.strip_suffix(&end).unwrap_or(&stem).trim_start_matches('.').to_owned();
    let stem = if stem.is_empty() { "document".to_owned() } else { stem };
    let numbered = (2..).map(|number| format!("{stem}_{number}{end}"));
    let mut names = std::iter::once(format!("{stem}{end}")).chain(numbered);
    // File systems may take capitals for small letters.
    let name = names.find(|name| taken.insert(name.to_ascii_lowercase()));
    name.unwrap_or_default()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
