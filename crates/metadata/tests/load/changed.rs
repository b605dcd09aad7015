//! Documents of the corpus with something taken out, doubled, renamed or cut.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use waxwing_metadata::MetadataSet;
use waxwing_metadata::contract::ContractSet;
use waxwing_metadata::judge::{JudgeOptions, configuration_of, judge};
use waxwing_metadata::load::{LoadOptions, folder};
use waxwing_testkit::metadata;

/// Files that are not so large that thousands of runs take long.
static FILES: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let all = metadata::public().into_iter().chain(metadata::wcf());
    let files = all.flat_map(|of| {
        let name = of.name.clone();
        of.files.into_iter().filter_map(move |(path, octets)| {
            let text = String::from_utf8(octets).ok()?;
            let is_metadata = [".wsdl", ".xsd", ".xml"].iter().any(|e| path.ends_with(e));
            (is_metadata && text.len() < 60_000).then(|| (format!("{name}/{path}"), text))
        })
    });
    files.collect()
});

fn load(name: &str, octets: Vec<u8>) -> MetadataSet {
    folder("", &BTreeMap::from([(name.to_owned(), octets)]), LoadOptions::default())
}

/// Where tags begin, and names of attributes.
fn places(text: &str) -> Vec<usize> {
    let tags = text.match_indices('<').map(|(i, _)| i);
    let attributes =
        text.match_indices(' ').filter(|(i, _)| text[i + 1..].starts_with(char::is_alphabetic));
    let mut all: Vec<_> = tags.chain(attributes.map(|(i, _)| i)).collect();
    all.sort_unstable();
    all
}

/// The end of the element or attribute that begins at a place.
fn end(text: &str, place: usize) -> usize {
    let rest = &text[place..];
    let length = match rest.starts_with('<') {
        true => rest.find('>').map(|i| i + 1),
        false => rest.find('=').and_then(|eq| {
            let quote = rest[eq + 1..].chars().next().filter(|c| matches!(c, '"' | '\''))?;
            rest[eq + 2..].find(quote).map(|i| eq + 3 + i)
        }),
    };
    place + length.unwrap_or(1)
}

fn changed(text: &str, place: usize, how: u8, name: &str) -> String {
    let until = end(text, place);
    if !text.is_char_boundary(until) {
        return text.to_owned();
    }
    let (before, piece, after) = (&text[..place], &text[place..until], &text[until..]);
    match how {
        0 => format!("{before}{after}"),
        1 => format!("{before}{piece}{piece}{after}"),
        2 => {
            let start = usize::from(piece.starts_with(['<', ' ']));
            let word = piece[start..].find([' ', '=', '>', '/']).map_or(piece.len(), |i| start + i);
            format!("{before}{}{name}{}{after}", &piece[..start], &piece[word..])
        }
        3 => before.to_owned(),
        _ => {
            let value = piece.find(['"', '\'']).map_or(piece.len(), |i| i + 1);
            format!("{before}{}{name}{}{after}", &piece[..value], &piece[value..])
        }
    }
}

/// What comes after reading bears it, too: verdicts, the file that would be written, operations and types.
fn judged(set: &MetadataSet) -> String {
    let ports = judge(set, &JudgeOptions::default());
    let contracts = ContractSet::of_bindings(set, set.bindings().map(|binding| &binding.name));
    let talk: Vec<_> = ports.iter().map(|port| (port.talk, port.because())).collect();
    format!("{talk:?} {} {:?}", configuration_of(&ports).to_xml(), contracts.findings)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_document_is_read_or_refused(
        file in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0u8..5, "[a-zA-Z:#?/.0-9\u{e4}-]{0,12}"), 1..4),
    ) {
        let (name, text) = file.get(&FILES);
        let mut text = text.clone();
        for (place, how, word) in changes {
            let all = places(&text);
            if all.is_empty() { break; }
            text = changed(&text, *place.get(&all), how, &word);
        }
        let set = load(name, text.clone().into_bytes());
        for finding in set.findings() {
            let at = finding.at.as_ref().expect("a place");
            prop_assert!(at.line >= 1 && at.column >= 1, "{finding:?}");
            prop_assert!(at.line as usize <= text.lines().count().max(1) + 1, "{finding:?}");
        }
        let told = |set: &MetadataSet| format!("{:?} {}", set.findings(), judged(set));
        prop_assert_eq!(told(&load(name, text.into_bytes())), told(&set));
    }

    #[test]
    fn any_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..400)) {
        load("a.wsdl", octets);
    }
}

/// Ten thousand where somebody asks for them (`PROPTEST_CASES`), fewer beside other work.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(500)
}
