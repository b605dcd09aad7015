//! What `inspect` prints of public services, as in the manual, and its verdicts and codes of all of them.

use waxwing_metadata::load::{LoadOptions, folder};
use waxwing_testkit::metadata::{self, Folder};

use super::report::Report;
use super::{Parts, json, text};
use crate::peer::Problem;
use crate::peer::access::Access;
use crate::print::Paint;
use crate::source::{Limits, Source, Which};

const WHOLE: Parts = Parts { operations: false, types: false, policy: false };

fn report_with(of: &Folder, which: Which) -> Result<Report, Problem> {
    let set = folder(&of.name, &of.files, LoadOptions::default());
    let source = Source {
        sources: vec![of.name.clone()],
        which,
        limits: Limits::default(),
        access: Access::default(),
    };
    Report::of(set, &source)
}

fn report(of: &Folder) -> Report {
    report_with(of, Which::default()).expect("no port is asked for")
}

fn printed(report: &Report, parts: Parts) -> String {
    let mut out = Vec::new();
    text::print(report, parts, Paint::new(false), &mut out).expect("memory");
    String::from_utf8(out).expect("UTF-8")
}

/// The verdicts that the crate of metadata is tested with.
const VERDICTS: &str = include_str!("../../../metadata/tests/judge/verdicts.tsv");

#[test]
fn the_json_has_the_verdict_of_every_port() {
    let mut lines = VERDICTS.lines();
    for of in metadata::public() {
        let report = report(&of);
        let value = json::value(&report);
        assert_eq!(value, json::value(&report), "the same twice");
        for service in value["services"].as_array().unwrap() {
            for port in service["ports"].as_array().unwrap() {
                let row: Vec<&str> = lines.next().expect("a row").split('\t').collect();
                let name = port["name"].as_str().unwrap();
                assert_eq!((row[0], row[1]), (of.name.as_str(), name));
                assert_eq!(port["verdict"], row[2], "{} {name}", of.name);
                let mut blocking: Vec<&str> = port["assertions"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|a| a["verdict"] == "blocking")
                    .map(|a| a["label"].as_str().unwrap())
                    .collect();
                blocking.sort_unstable();
                blocking.dedup();
                let blocking =
                    if blocking.is_empty() { "-".to_owned() } else { blocking.join(" ") };
                assert_eq!(blocking, row[4], "{} {name}", of.name);
            }
        }
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn exit_codes_tell_what_can_be_read_and_talked_to() {
    for of in metadata::public() {
        let unread = ["034", "035", "071", "074", "078"].contains(&&of.name[..3]);
        let yes =
            VERDICTS.lines().any(|line| line.starts_with(&of.name) && line.contains("\tyes\t"));
        let expected = match (unread, yes) {
            (true, _) => 2,
            (false, true) => 0,
            (false, false) => 1,
        };
        let report = report(&of);
        assert_eq!(report.exit_code(), expected, "{}", of.name);
        // Whatever was found, it is printed, and with a place.
        let text = printed(&report, WHOLE);
        assert!(!text.is_empty());
        if unread && !of.name.starts_with("035") {
            assert!(text.contains(":1:") || text.contains(':'), "{text}");
        }
    }
}

#[test]
fn reports_are_those_of_the_manual() {
    for number in ["090", "094", "018", "034", "055"] {
        let of = metadata::folder(number);
        insta::assert_snapshot!(of.name.clone(), printed(&report(&of), WHOLE));
    }
}

#[test]
fn one_port_and_one_part_can_be_asked_for() {
    let of = metadata::folder("094");
    let which = Which { port: Some("unsecureHttp".to_owned()), ..Which::default() };
    let one = report_with(&of, which).unwrap();
    assert_eq!((one.ports.len(), one.exit_code()), (1, 1));
    let policy = printed(&one, Parts { policy: true, ..WHOLE });
    assert!(policy.contains("blocking sp:SpnegoContextToken (windows)"), "{policy}");
    let operations = printed(&one, Parts { operations: true, ..WHOLE });
    assert!(operations.contains("GetData("), "{operations}");
    let which = Which { port: Some("other".to_owned()), ..Which::default() };
    let error = report_with(&of, which).err().unwrap();
    assert_eq!(error.code, 64);
    assert_eq!(
        error.text,
        "there is no port other; there is secureTcp, unsecureTcp, secureHttp, unsecureHttp"
    );
}

#[test]
fn an_assertion_that_the_vendor_calls_harmless_is_ignored() {
    let of = metadata::folder("047");
    assert_eq!(report(&of).exit_code(), 1);
    let name =
        ("http://docs.oasis-open.org/ws-rx/wsmc/200702".to_owned(), "MCSupported".to_owned());
    let which = Which { ignore: vec![name], ..Which::default() };
    assert_eq!(report_with(&of, which).unwrap().exit_code(), 0);
}
