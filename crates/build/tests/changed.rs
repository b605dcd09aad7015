//! Services with something taken out, doubled or renamed: code or an error comes of it, always the same, and no panic.

use std::collections::BTreeMap;

use waxwing_build::contracts;
use waxwing_build::generate::{Options, generate};
use waxwing_metadata::load::{LoadOptions, folder};
use waxwing_testkit::metadata;

/// Numbers that look random and are the same each time (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).expect("small")).expect("small")
    }
}

/// Words that code could stumble over: keywords, names of the prelude, what ends comments and texts, nothing.
const WORDS: &[&str] = &[
    "self",
    "Self",
    "crate",
    "super",
    "_",
    "Option",
    "Vec",
    "String",
    "async",
    "1st",
    "a b",
    "*/",
    "&quot;#",
    "\u{e4}\u{df}",
    "\u{202e}",
    "{}",
    "",
    "-1",
    "unbounded",
    "18446744073709551616",
];

/// An element or an attribute's value is taken out, doubled, or gets another text.
fn changed(text: &str, numbers: &mut Numbers) -> String {
    let quotes: Vec<usize> = text.match_indices("=\"").map(|(at, _)| at + 2).collect();
    let tags: Vec<usize> = text.match_indices('<').map(|(at, _)| at).collect();
    if quotes.is_empty() || tags.is_empty() {
        return text.to_owned();
    }
    let is_value = numbers.below(3) > 0;
    let places = if is_value { &quotes } else { &tags };
    let start = places[numbers.below(places.len())];
    let end = text[start..].find(if is_value { '"' } else { '>' });
    let end = end.map_or(text.len(), |length| start + length + usize::from(!is_value));
    let (before, piece, after) = (&text[..start], &text[start..end], &text[end..]);
    let word = WORDS[numbers.below(WORDS.len())];
    match (is_value, numbers.below(3)) {
        (true, 0) => format!("{before}{word}{after}"),
        (true, 1) => format!("{before}{piece}{word}{after}"),
        (true, _) => {
            // Another value of the same document: circles, clashes, types in the place of others.
            let other = quotes[numbers.below(quotes.len())];
            let value = text[other..].split('"').next().unwrap_or_default();
            format!("{before}{value}{after}")
        }
        (false, 0) => format!("{before}{after}"),
        (false, _) => format!("{before}{piece}{piece}{after}"),
    }
}

/// What comes of a document: the code, or why there is none.
fn code(text: &str, options: &Options) -> String {
    let files = BTreeMap::from([("a.wsdl".to_owned(), text.as_bytes().to_vec())]);
    let set = folder("", &files, LoadOptions::default());
    let bindings: Vec<_> = set.bindings().map(|binding| binding.name.clone()).collect();
    match generate(&contracts(&set, &bindings), options) {
        Ok(generated) => generated.text,
        Err(error) => error.to_string(),
    }
}

#[test]
fn changed_services_become_code_or_an_error() {
    let all = metadata::public().into_iter().chain(metadata::wcf());
    let texts: Vec<String> = all
        .flat_map(|of| of.files.into_values())
        .filter_map(|octets| String::from_utf8(octets).ok())
        .filter(|text| text.len() < 40_000 && text.contains("portType") && text.contains("schema"))
        .collect();
    let options =
        Options { lenient_enums: true, nullable_items: true, server: true, ..Options::default() };
    let (mut numbers, mut generated) = (Numbers(0x2545_F491_4F6C_DD1D), 0);
    for _ in 0..400 {
        let mut text = texts[numbers.below(texts.len())].clone();
        for _ in 0..=numbers.below(4) {
            text = changed(&text, &mut numbers);
        }
        let first = code(&text, &options);
        assert_eq!(first, code(&text, &options));
        generated += usize::from(first.contains("pub trait "));
    }
    assert!(generated > 100, "{generated}");
}
