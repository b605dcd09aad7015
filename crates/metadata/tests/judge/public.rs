//! The verdict of each port of the public services: `verdicts.tsv`, and where it differs from the guide that came with them.

use std::fmt::Write as _;

use waxwing_metadata::contract::ContractSet;
use waxwing_metadata::judge::{PortVerdict, Talk};
use waxwing_testkit::metadata::{Folder, public};

use super::ports;

/// Folder, port, verdict, section of the binding, assertions that block, classes of what else is in the way.
const TABLE: &str = include_str!("verdicts.tsv");

fn row(of: &Folder, port: &PortVerdict) -> String {
    let mut blocking: Vec<String> = port.blocking().map(|ruling| ruling.label()).collect();
    blocking.sort();
    blocking.dedup();
    let mut classes: Vec<&str> = port.obstacles.iter().map(|o| o.class.as_str()).collect();
    classes.sort_unstable();
    classes.dedup();
    let section = port.configuration.as_ref().map(|binding| binding.section()).unwrap_or("-");
    let or = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    let cells = [
        of.name.clone(),
        port.port.clone(),
        port.talk.as_str().to_owned(),
        section.to_owned(),
        or(blocking.join(" ")),
        or(classes.join(" ")),
    ];
    cells.join("\t")
}

#[test]
fn every_port_has_the_verdict_of_the_table() {
    let mut table = String::new();
    for of in public() {
        for port in ports(&of) {
            let _ = writeln!(table, "{}", row(&of, &port));
        }
    }
    if std::env::var_os("WAXWING_WRITE_VERDICTS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/judge/verdicts.tsv");
        std::fs::write(path, &table).unwrap();
    }
    let different: Vec<String> = diff(TABLE, &table);
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert_eq!(TABLE.lines().count(), 234);
}

fn diff(old: &str, new: &str) -> Vec<String> {
    let gone = old.lines().filter(|line| !new.lines().any(|other| other == *line));
    let come = new.lines().filter(|line| !old.lines().any(|other| other == *line));
    gone.map(|line| format!("- {line}")).chain(come.map(|line| format!("+ {line}"))).collect()
}

/// What the guide makes of a port: it was made before net.tcp and the like could be asked for. What it calls later may run
/// by now; the table says which.
fn by_guide(row: &[String]) -> Talk {
    let (needs, blocked) = (&row[6], &row[7]);
    let later = ["net.tcp", "binary", "callbacks", "streamed"];
    if !blocked.is_empty() {
        Talk::No
    } else if needs.split(' ').any(|need| later.contains(&need)) {
        Talk::NotYet
    } else {
        Talk::Yes
    }
}

/// Where the guide is wrong or has grown old, and why.
const GUIDE_ERRS: &[(&str, &str, &str)] = &[
    ("050", "PingPort", AUGUST_2004),
    ("051", "PingPort", AUGUST_2004),
    ("054", "PingPort", AUGUST_2004),
    (
        "055",
        "CzechToEnglish",
        "a circle of references is an error of the policy (WS-Policy 1.5 §4.3.4)",
    ),
    (
        "057",
        "AddNumbersPort",
        "the asymmetric binding runs by now, and the transport is SOAP over HTTP by the W3C's name",
    ),
    ("059", "DoubleItTransportPort", TIMESTAMP),
    ("059", "DoubleItTransportSP12Port", TIMESTAMP),
    (
        "059",
        "DoubleItSymmetricPort",
        "Trust10 inside WS-SecurityPolicy 1.2, and a token is asked for: no generation of protocols has both",
    ),
    ("060", "DoubleItSymmetricErrorMessagePort", KEY_IDENTIFIER),
    ("060", "DoubleItKeyIdentifierPort", KEY_IDENTIFIER),
    ("060", "DoubleItSymmetricAddressingPort", KEY_IDENTIFIER),
    ("060", "DoubleItSymmetricAddressingOneWayPort", KEY_IDENTIFIER),
    ("060", "DoubleItKeyIdentifierDerivedPort", KEY_IDENTIFIER),
    (
        "060",
        "DoubleItThumbprintPort",
        "WssX509V3Token11 is the token of 10 on the wire, and signing before encrypting the default",
    ),
    ("060", "DoubleItAsymmetricSHA256Port", ASYMMETRIC),
    ("060", "DoubleItAsymmetricEncryptBeforeSigningPort", ASYMMETRIC),
    ("060", "DoubleItAsymmetricEncryptBeforeSigningNoEncPort", ASYMMETRIC),
    ("060", "DoubleItAsymmetricEncryptSignaturePort", ASYMMETRIC),
    (
        "060",
        "DoubleItTransportEndorsingSP11Port",
        "the endorsing token must sign the body by itself",
    ),
    (
        "060",
        "DoubleItTransportSignedEndorsingPort",
        "the endorsing token must be signed, which WCF has for no mode over HTTPS",
    ),
    ("061", "UX_IPingService", AUGUST_2004),
    ("061", "UXD_IPingService", AUGUST_2004),
    ("061", "UXD_IPingService1", AUGUST_2004),
    ("061", "UX-SEES_IPingService", AUGUST_2004),
    ("061", "UXD-SEES_IPingService", AUGUST_2004),
    ("061", "A_IPingService", AUGUST_2004),
    ("061", "AD_IPingService", AUGUST_2004),
    ("061", "A-ES_IPingService", AUGUST_2004),
    ("061", "AD-ES_IPingService", AUGUST_2004),
    ("061", "X_IPingService", AUGUST_2004),
    ("061", "X_IPingService1", AUGUST_2004),
    ("061", "X-AES128_IPingService", AUGUST_2004),
    ("061", "X-AES256_IPingService", AUGUST_2004),
    ("061", "X-TripleDES_IPingService", AUGUST_2004),
    ("061", "UX-NoTimestamp_IPingService", AUGUST_2004),
    ("061", "A-NoTimestamp_IPingService", AUGUST_2004),
    ("061", "X-NoTimestamp_IPingService", AUGUST_2004),
    ("061", "XD_IPingService", AUGUST_2004),
    ("061", "XD_IPingService1", AUGUST_2004),
    ("061", "XD-ES_IPingService", AUGUST_2004),
    ("061", "XD-SEES_IPingService", AUGUST_2004),
    ("097", "ICalculator", TIMESTAMP),
];

const AUGUST_2004: &str = "WS-Addressing of August 2004 runs by now";
const ASYMMETRIC: &str = "the asymmetric binding runs by now";
const TIMESTAMP: &str = "the service demands a security header with a timestamp and nothing else, which no binding sends";
const KEY_IDENTIFIER: &str =
    "the policy demands references by key identifier, which no setting says";

#[test]
fn the_guide_is_followed_where_it_is_right() {
    let mut different = Vec::new();
    let mut count = 0;
    for of in public() {
        for port in ports(&of) {
            let Some(guide) = of.ports.iter().find(|row| row[0] == port.port) else { continue };
            count += 1;
            let known = GUIDE_ERRS.iter().any(|(folder, name, why)| {
                of.name.starts_with(folder) && *name == port.port && !why.is_empty()
            });
            let by_now = by_guide(guide) == Talk::NotYet && port.talk == Talk::Yes;
            let same = by_guide(guide) == port.talk || by_now;
            if same == known {
                different.push(format!(
                    "{} {}: {} by the guide, {} here",
                    of.name,
                    port.port,
                    by_guide(guide),
                    port.talk
                ));
            }
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(count > 225, "{count}");
}

/// What the contract says changes no verdict to a better one, and every port that can be talked to has operations.
#[test]
fn contracts_agree_with_the_verdicts() {
    for of in public() {
        let set = super::set(&of);
        for mut port in ports(&of) {
            let before = port.talk;
            let contracts = ContractSet::of_bindings(&set, [&port.binding]);
            if let Some(contract) = contracts.contracts.first() {
                port.consider(contract);
            }
            assert!(port.talk >= before, "{} {}", of.name, port.port);
            if port.talk == Talk::Yes {
                assert!(!port.operations.is_empty(), "{} {}", of.name, port.port);
                assert!(
                    port.configuration.is_some() && port.endpoint.is_some(),
                    "{} {}",
                    of.name,
                    port.port
                );
            }
        }
    }
}
