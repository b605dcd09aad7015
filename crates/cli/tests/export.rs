//! `waxwing export`: documents written again, for others.

#![allow(clippy::disallowed_methods)]

use std::path::Path;
use std::process::{Command, Output};

fn waxwing(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_waxwing")).args(arguments).output().expect("the program runs")
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// The pages of a service that WCF served, as files.
fn pages(folder: &Path) -> String {
    let own = waxwing_testkit::metadata::folder("wsdl-plain");
    let all = own.files.iter().filter(|(name, _)| {
        name.ends_with(".xml") && !name.contains("mex") && !name.contains("single")
    });
    for (name, content) in all {
        std::fs::write(folder.join(name.replace("?", "_")), content).unwrap();
    }
    folder.to_str().unwrap().to_owned()
}

#[test]
fn documents_are_written_with_another_address() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let source = pages(from.path());
    let out = to.path().join("metadata");
    let folder = out.to_str().unwrap();
    let address = "https://calc.example/api";
    let done = waxwing(&["export", &source, "--address", address, "-o", folder]);
    assert!(done.status.success(), "{}{}", text(&done.stdout), text(&done.stderr));
    let names = [
        "Microsoft.ServiceModel.Samples.wsdl",
        "tempuri.org.wsdl",
        "Microsoft.ServiceModel.Samples.xsd",
    ];
    for name in names {
        assert!(
            out.join(name).exists() && text(&done.stdout).contains(name),
            "{}",
            text(&done.stdout)
        );
    }
    let first = std::fs::read_to_string(out.join(names[0])).unwrap();
    assert_eq!(
        first.matches(address).count(),
        2,
        "soap12:address and the endpoint reference: {first}"
    );
    assert!(
        first.contains(r#"location="tempuri.org.wsdl""#) && !first.contains("localhost"),
        "{first}"
    );
    // What was written is read as it was.
    let again = waxwing(&["inspect", folder]);
    assert!(text(&again.stdout).contains(address), "{}", text(&again.stdout));
    let single = waxwing(&["export", &source, "--single"]);
    assert!(
        single.status.success() && text(&single.stdout).contains("<xs:schema"),
        "{}",
        text(&single.stderr)
    );
}

#[test]
fn what_cannot_be_exported_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let source = pages(folder.path());
    let wrong = waxwing(&["export", &source, "--address", "http://x/", "--port", "Other"]);
    assert_eq!(wrong.status.code(), Some(64), "{}", text(&wrong.stderr));
    let missing = waxwing(&["export", "no-such-file.wsdl"]);
    assert_eq!(missing.status.code(), Some(2));
    let both = waxwing(&["export", &source, "--single", "--openapi"]);
    assert_eq!(both.status.code(), Some(64));
}
