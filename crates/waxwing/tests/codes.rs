//! Every code that is printed stands in `docs/errors.md`, and every code that stands there is printed.

#![allow(clippy::disallowed_methods)]

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use waxwing::Diagnosis;

/// What stands before a code where one is given to a finding, an error or a refusal.
const BEFORE: [&str; 13] = [
    "Problem::error(",
    "Problem::warning(",
    "Problem::note(",
    "Finding::new(",
    "refusal(",
    "Reason::not_here(",
    "code:",
    "code =",
    "severity,",
    "Severity::Error,",
    "Severity::Warning,",
    "Severity::Note,",
    "=> (",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The sources of all crates but the tests in them and the kit of the tests.
fn sources(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "tests" {
                sources(&path, found);
            }
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned();
            found.push((path, text));
        }
    }
}

fn all_sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        // Round trips of the configuration model have codes in patterns.
        if folder.file_name().unwrap() != "testkit" {
            sources(&folder.join("src"), &mut found);
        }
    }
    found.retain(|(path, _)| !path.ends_with("binding/src/round_trip.rs"));
    assert!(found.len() > 500, "{}", found.len());
    found
}

fn is_code(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.split('-').all(is_word)
}

/// Whatever is quoted in a source, with what stands before it.
fn quoted(source: &str) -> impl Iterator<Item = (&str, &str)> {
    source.match_indices('"').map(|(at, _)| {
        let literal = source[at + 1..].split('"').next().unwrap_or_default();
        (source[..at].trim_end(), literal)
    })
}

/// The codes in brackets at the ends of texts.
fn bracketed(source: &str) -> impl Iterator<Item = &str> {
    let lines = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let inside = lines.flat_map(|line| {
        line.match_indices(" [")
            .map(move |(at, _)| line[at + 2..].split(']').next().unwrap_or_default())
    });
    inside.filter(|inside| inside.contains('-') && is_code(inside))
}

/// The codes that a source gives to what it finds, and those in brackets.
fn codes_of(source: &str) -> Vec<&str> {
    let given = quoted(source).filter(|(before, literal)| {
        let is_given = BEFORE.iter().any(|lead| before.ends_with(lead)) && is_code(literal);
        // A tuple may begin with any word.
        is_given && (!before.ends_with("=> (") || literal.contains('-'))
    });
    given.map(|(_, code)| code).chain(bracketed(source)).collect()
}

/// The codes of the page, each once: those in the first column of its tables of codes.
fn documented() -> Vec<String> {
    let page = std::fs::read_to_string(root().join("docs/errors.md")).unwrap();
    let (_, tables) = page.split_once("## The codes").expect("the tables of codes");
    let rows = tables.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    rows.map(|(code, text)| {
        assert!(is_code(code) && text.len() > 12, "{code}: {text}");
        code.to_owned()
    })
    .collect()
}

#[test]
fn every_code_is_documented_and_every_documented_code_is_there() {
    let (documented, sources) = (documented(), all_sources());
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for code in &documented {
        *count.entry(code).or_default() += 1;
    }
    let diagnoses: Vec<&str> = Diagnosis::ALL.iter().map(|diagnosis| diagnosis.code()).collect();
    let mut there = HashSet::new();
    for (path, text) in &sources {
        there.extend(quoted(text).map(|(_, literal)| literal).chain(bracketed(text)));
        for code in codes_of(text) {
            let file = path.display();
            assert!(count.contains_key(code), "docs/errors.md has no {code} of {file}");
        }
    }
    for (code, times) in count {
        // One that a channel has as well may have another meaning in a file.
        let most = if diagnoses.contains(&code) { 2 } else { 1 };
        assert!(times <= most, "{code} stands {times} times in docs/errors.md");
        assert!(there.contains(code), "nothing has the code {code}");
    }
}

/// What the scan does not see would not be missed on the page.
#[test]
fn codes_are_seen_where_they_are_given() {
    let source = r#"
        Problem::error(
            "no-base-address", span, text);
        let code = "https-certificate-missing";
        self.say(CertificateUse::Own, severity, "certificate-chain", message, fix);
        Severity::Error, "store", text
        Stage::Validate => (
            "value-out-of-range",
        "text that ends with it [client-base-address]"
        // no code [of-a-comment]
        Wire::Http => ("http", 1)
        headers.get("content-type")
    "#;
    let expected = [
        "no-base-address",
        "https-certificate-missing",
        "certificate-chain",
        "store",
        "value-out-of-range",
        "client-base-address",
    ];
    assert_eq!(codes_of(source), expected);
}
