//! Files of people who do this job: 179 of public repositories, and fifteen reports worked through.
//! What is said about them stands in snapshots; each kind of error that is left is argued in
//! `testdata/config/README.md`, and here.

mod common;

use std::collections::BTreeMap;

use common::{config_vectors, text};
use waxwing_binding::{Configuration, LoadOptions, Loaded, Severity};

/// The kinds of errors that are left, how many findings there are, and why WCF refuses, too.
const ARGUED: &[(&str, usize, &str)] = &[
    ("transform", 2, "xmlns:xdt on <configuration> is an unrecognized attribute for .NET as well"),
    ("wrong-scheme", 1, "an http address with mode=Transport: CreateChannel refuses it"),
    (
        "config-source",
        3,
        "the files that the sections stand in were not kept: .NET cannot open them",
    ),
    ("binding-missing", 2, "an app.config has no parents that could define the binding"),
    ("unknown-element", 1, "<services> inside <behaviors>"),
];

fn load(vector: &serde_json::Value) -> Loaded {
    let missing = |name: &str| Err(format!("{name} is not there"));
    let options = LoadOptions::named(text(vector, "file")).beside(&missing);
    Configuration::load_with(text(vector, "config"), &options)
}

#[test]
fn every_error_in_a_public_file_is_one_that_wcf_reports() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut said = Vec::new();
    let files = config_vectors("public");
    assert_eq!(files.len(), 179);
    for (name, vector) in &files {
        let loaded = load(vector);
        for d in &loaded.diagnostics {
            let (line, code, severity) = (d.line, d.code, d.severity);
            said.push(format!("{name} {severity}[{code}] {line}: {}", d.message));
            if severity == Severity::Error {
                *counts.entry(code).or_default() += 1;
            }
        }
    }
    let argued: BTreeMap<&str, usize> =
        ARGUED.iter().map(|(code, count, _)| (*code, *count)).collect();
    assert_eq!(counts, argued);
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("public", said.join("\n"));
    });
}

#[test]
fn the_reports_are_answered() {
    let files = config_vectors("reports");
    assert_eq!(files.len(), 25);
    let mut said = Vec::new();
    for (name, vector) in &files {
        let loaded = load(vector);
        said.push(format!("==== {name}"));
        said.extend(loaded.diagnostics.iter().map(|d| d.in_file(text(vector, "file")).to_string()));
        // The transform is none of WCF's files; everything else is.
        assert_eq!(loaded.has_errors(), name.starts_with("12-"), "{name}");
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("reports", said.join("\n\n"));
    });
}

/// A file of a good program, with every base address that it may want, has endpoints to look at.
#[test]
fn with_base_addresses_from_outside_every_service_resolves() {
    let addresses =
        ["http://h/s", "https://h/s", "net.tcp://h/s", "net.pipe://h/s", "net.msmq://h/s"];
    let addresses = addresses.map(str::to_owned);
    let mut resolved = 0;
    for (name, vector) in &config_vectors("public") {
        let options = LoadOptions::named(text(vector, "file")).base_addresses(&addresses);
        let loaded = Configuration::load_with(text(vector, "config"), &options);
        let outside = ["no-base-address", "metadata-page-without-address", "no-endpoints"];
        let wanting = loaded.diagnostics.iter().find(|d| outside.contains(&d.code));
        assert!(wanting.is_none(), "{name}: {wanting:?}");
        for service in &loaded.configuration.services.services {
            if let Ok(service) = loaded.service(&service.name, &[]) {
                resolved += service.endpoints.len();
                assert!(service.endpoints.iter().all(|e| e.address.contains(':')), "{name}");
            }
        }
    }
    assert!(resolved > 100, "{resolved}");
}
