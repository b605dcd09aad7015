//! Documents that are read, written and read again say the same.

use std::collections::BTreeMap;

use waxwing_metadata::MetadataSet;
use waxwing_metadata::export::{Documents, Form};
use waxwing_metadata::judge::{JudgeOptions, judge};
use waxwing_metadata::load::{LoadOptions, folder};
use waxwing_testkit::metadata;

fn load(name: &str, files: &BTreeMap<String, Vec<u8>>) -> MetadataSet {
    folder(name, files, LoadOptions::default())
}

/// What is made of each port: its binding as configuration has it, and what it speaks.
fn meaning(set: &MetadataSet) -> Vec<String> {
    let ports = judge(set, &JudgeOptions::default());
    let ports = ports.iter().map(|port| {
        format!(
            "{} {} {:?} {:?} {:?}",
            port.service, port.port, port.address, port.talk, port.configuration
        )
    });
    let operations = set.port_types().map(|own| {
        let operations = own.operations.iter().map(|operation| {
            let messages: Vec<_> =
                operation.messages.iter().map(|m| (&m.action, &m.message)).collect();
            format!("{} {messages:?} {}", operation.name, operation.faults.len())
        });
        format!("{} {:?}", own.name, operations.collect::<Vec<_>>())
    });
    let mut all: Vec<_> = ports.chain(operations).collect();
    all.sort();
    all
}

#[test]
fn every_set_is_written_again() {
    let (mut written, mut wrong) = (0, Vec::new());
    for own in metadata::public().into_iter().chain(metadata::wcf()) {
        let set = load(&own.name, &own.files);
        // `wsdl` holds answers of twelve services that have the same names.
        if set.definitions().is_empty() || own.name == "wsdl" {
            continue;
        }
        let files = Documents::of_set(&set, |_| None).write(Form::Files);
        let count = files.len();
        let files: BTreeMap<String, Vec<u8>> = files
            .into_iter()
            .map(|file| (file.name, file.document.to_xml().into_bytes()))
            .collect();
        assert_eq!(files.len(), count, "{}: each file has a name of its own", own.name);
        let again = load("again", &files);
        let (before, after) = (meaning(&set), meaning(&again));
        let differing: Vec<_> = before.iter().zip(&after).filter(|(a, b)| a != b).take(2).collect();
        if before != after {
            wrong.push(format!("{}: {differing:#?}", own.name));
        }
        written += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(written > 120, "{written}");
}

#[test]
fn one_document_says_the_same_as_several() {
    for name in ["wsdl-kinds", "wsdl-rm10-sc-cert", "wsdl-dual-none", "042"] {
        let own = metadata::folder(name);
        let pages: BTreeMap<_, _> = own
            .files
            .into_iter()
            .filter(|(path, _)| !path.starts_with("singleWsdl") && !path.contains("mex-"))
            .collect();
        let set = load(name, &pages);
        let documents = Documents::of_set(&set, |_| Some("http://other.example/x".to_owned()));
        let single = documents.single().unwrap_or_else(|error| panic!("{name}: {error}"));
        let files = BTreeMap::from([("all.wsdl".to_owned(), single.to_xml().into_bytes())]);
        let again = load("again", &files);
        let ports = judge(&again, &JudgeOptions::default());
        assert_eq!(ports.len(), judge(&set, &JudgeOptions::default()).len(), "{name}");
        for port in ports {
            assert_eq!(port.address.as_deref(), Some("http://other.example/x"), "{name}");
        }
        let types =
            |set: &MetadataSet| set.schemas().map(|schema| schema.types.len()).sum::<usize>();
        assert_eq!(types(&again), types(&set), "{name}");
    }
}
