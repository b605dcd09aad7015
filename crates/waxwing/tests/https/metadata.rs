//! Metadata over TLS: whom the reader believes, and what it shows.

use waxwing::crypto::Certificate;
use waxwing::metadata::MetadataReader;

use crate::common::{self, Counting};
use crate::kit::{Wire, host, load, service_file};

fn pem(folder: &std::path::Path, ending: &str) -> Vec<u8> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    std::fs::read(found.first().unwrap_or_else(|| panic!("no {ending}"))).unwrap()
}

/// An unknown authority is told with the option for it; with it, or where all are believed, the metadata are read.
#[tokio::test]
async fn an_authority_is_given_or_told() {
    let own = common::stores("service", "ca", &[]);
    service_file(&Wire::transport("None"), own.path());
    let text = std::fs::read_to_string(own.path().join("service.config")).unwrap();
    let text = text.replace(
        "<behavior name=\"S\">",
        "<behavior name=\"S\"><serviceMetadata httpsGetEnabled=\"true\"/>",
    );
    let host = host(&load(own.path(), "service.config", &text), &Counting::default()).await;
    let url = format!("https://localhost:{}/?wsdl", host.local_addresses()[0].port());
    let reader = || MetadataReader::new().no_proxy();
    let error = reader().read([&url]).await.unwrap_err().to_string();
    assert!(error.contains("--ca FILE believes one more authority"), "{error}");
    let other = common::stores("alice", "ca", &[]);
    let root = pem(&other.path().join("certificates/Root"), "");
    let roots = Certificate::from_pem(&root)
        .ok()
        .filter(|all| !all.is_empty())
        .unwrap_or_else(|| vec![Certificate::from_der(&root).unwrap()]);
    let all = |_: &Certificate, _: &[Certificate], _: waxwing::jiff::Timestamp| Ok(());
    for reader in [reader().https_roots(roots), reader().https_trust(all)] {
        let metadata = reader.read([&url]).await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(metadata.set.services().count(), 1);
    }
    assert!(host.close().await);
}
