//! Files and folders.

use std::path::Path;

use waxwing::metadata::{MetadataError, MetadataReader};
use waxwing_testkit::metadata::{self, Folder};

use crate::{codes, read};

fn written(of: &Folder, below: &Path) {
    for (path, octets) in &of.files {
        let path = below.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, octets).unwrap();
    }
}

/// The folder of Visual Studio names its files by URLs: no network is needed, and none is asked.
#[tokio::test]
async fn a_folder_of_visual_studio_needs_no_network() {
    let of = metadata::folder("002");
    let folder = tempfile::tempdir().unwrap();
    written(&of, folder.path());
    let map = folder.path().join("Reference.svcmap");
    for source in [folder.path(), &map] {
        let found = read(source.to_str().unwrap()).await.unwrap();
        assert_eq!(found.set.services().flat_map(|s| &s.ports).count(), 1);
        assert_eq!(found.attempts, []);
        assert_eq!(codes(&found), [""; 0]);
        let imports = found.set.definitions().iter().flat_map(|d| &d.imports);
        let schemas = found.set.schemas().flat_map(|s| &s.imports);
        let resolved = imports.map(|i| (i.location.clone(), i.resolved.clone()));
        let all: Vec<_> = resolved
            .chain(schemas.map(|i| (i.schema_location.clone(), i.resolved.clone())))
            .collect();
        let absolute: Vec<_> = all
            .iter()
            .filter(|(l, _)| l.as_ref().is_some_and(|l| l.starts_with("http://")))
            .collect();
        assert!(absolute.len() >= 3 && absolute.iter().all(|(_, r)| r.is_some()), "{all:?}");
    }
}

#[tokio::test]
async fn a_file_has_what_is_below_its_folder_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    std::fs::create_dir_all(inner.join("types")).unwrap();
    let schema = |ns: &str| {
        format!(
            "<schema xmlns='http://www.w3.org/2001/XMLSchema' targetNamespace='{ns}'><element name='e'/></schema>"
        )
    };
    std::fs::write(folder.path().join("above.xsd"), schema("urn:above")).unwrap();
    std::fs::write(inner.join("types/My Types.xsd"), schema("urn:below")).unwrap();
    let wsdl = inner.join("a.wsdl");
    let text = "<definitions xmlns='http://schemas.xmlsoap.org/wsdl/' targetNamespace='urn:a'><types>\
        <schema xmlns='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:a'>\
        <import namespace='urn:below' schemaLocation='types\\My%20Types.xsd'/>\
        <import namespace='urn:above' schemaLocation='../above.xsd'/>\
        <import namespace='urn:gone' schemaLocation='gone.xsd'/></schema></types></definitions>";
    std::fs::write(&wsdl, text).unwrap();
    let source = wsdl.to_str().unwrap();
    let found = read(source).await.unwrap();
    assert_eq!(codes(&found), ["refused-file", "missing-import"]);
    assert!(found.set.has_namespace("urn:below") && !found.set.has_namespace("urn:above"));
    let found = MetadataReader::new().root(folder.path()).read([source]).await.unwrap();
    assert_eq!(codes(&found), ["missing-import"]);
    assert!(found.set.has_namespace("urn:above"));
}

/// A link is where it leads.
#[cfg(unix)]
#[tokio::test]
async fn a_link_does_not_lead_out_of_the_folder() {
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let secret = outside.path().join("b.xsd");
    std::fs::write(
        &secret,
        "<schema xmlns='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:b'/>",
    )
    .unwrap();
    std::os::unix::fs::symlink(&secret, folder.path().join("b.xsd")).unwrap();
    let wsdl = folder.path().join("a.wsdl");
    std::fs::write(
        &wsdl,
        "<definitions xmlns='http://schemas.xmlsoap.org/wsdl/' targetNamespace='urn:a'><import namespace='urn:b' location='b.xsd'/></definitions>",
    )
    .unwrap();
    let found = read(wsdl.to_str().unwrap()).await.unwrap();
    assert_eq!(codes(&found), ["missing-import"]);
    assert!(found.set.findings()[0].message.contains("a link leads out of the folder"));
}

#[tokio::test]
async fn sources_that_are_not_there_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let error = read(folder.path().to_str().unwrap()).await.unwrap_err();
    assert!(matches!(error, MetadataError::EmptyFolder(_)), "{error}");
    let error = read("no/such/file.wsdl").await.unwrap_err();
    assert!(error.to_string().starts_with("no/such/file.wsdl cannot be read"), "{error}");
}

/// Two files that name each other by nothing but their namespaces are one set.
#[tokio::test]
async fn several_sources_are_one_set() {
    let of = metadata::folder("036");
    let folder = tempfile::tempdir().unwrap();
    written(&of, folder.path());
    let sources = of.files.keys().map(|path| folder.path().join(path).display().to_string());
    let found = MetadataReader::new().read(sources).await.unwrap();
    assert_eq!(found.set.documents().len(), of.files.len());
    assert_eq!(codes(&found), [""; 0]);
}
