//! What is drawn at random, in a capture and in our run of it.

use std::collections::BTreeMap;

const LENGTH: usize = 36;

/// The names (UUIDs) of a capture, and those that stand for them in our run.
#[derive(Debug, Default)]
pub struct Names {
    ours: BTreeMap<String, String>,
    captured: BTreeMap<String, String>,
    /// Other words, as they stand in our run and in the capture.
    words: Vec<(String, String)>,
}

impl Names {
    /// Learns of a message of ours and of the captured one in its place.
    pub fn learn(&mut self, place: &str, ours: &str, captured: &str) {
        let (ours, captured) = (names_in(ours), names_in(captured));
        assert_eq!(ours.len(), captured.len(), "{place}: {ours:?} {captured:?}");
        for (own, theirs) in ours.into_iter().zip(captured) {
            let before = self.ours.insert(theirs.clone(), own.clone());
            assert!(before.is_none_or(|before| before == own), "{place}: {theirs} has two names");
            let before = self.captured.insert(own.clone(), theirs.clone());
            assert!(before.is_none_or(|before| before == theirs), "{place}: {own} stands for two");
        }
    }

    /// A word of the capture, an address for instance, is another in our run. Of two that begin alike the longer one is told
    /// first.
    pub fn word(&mut self, ours: &str, captured: &str) {
        self.words.push((ours.to_owned(), captured.to_owned()));
    }

    /// Octets of the capture as they would stand in our run.
    pub fn as_ours(&self, octets: &[u8]) -> Vec<u8> {
        let words = self.words.iter().map(|(ours, captured)| (captured, ours));
        replaced(octets, &self.ours, words)
    }

    /// Octets of our run as they would stand in the capture.
    pub fn as_captured(&self, octets: &[u8]) -> Vec<u8> {
        let words = self.words.iter().map(|(ours, captured)| (ours, captured));
        replaced(octets, &self.captured, words)
    }
}

fn names_in(text: &str) -> Vec<String> {
    let places = text.match_indices("urn:uuid:").map(|(at, word)| at + word.len());
    places.filter_map(|at| text.get(at..at + LENGTH).map(str::to_owned)).collect()
}

/// A UUID in binary messages (MC-NBFX §2.2.3.29).
pub fn binary(name: &str) -> [u8; 16] {
    let hex: String = name.chars().filter(|c| *c != '-').collect();
    let mut octets: [u8; 16] =
        std::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap());
    octets[..4].reverse();
    octets[4..6].reverse();
    octets[6..8].reverse();
    octets
}

fn replaced<'a>(
    octets: &[u8],
    names: &BTreeMap<String, String>,
    words: impl Iterator<Item = (&'a String, &'a String)>,
) -> Vec<u8> {
    let octets_of = |(from, to): (&String, &String)| (from.clone().into(), to.clone().into());
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = words.map(octets_of).collect();
    for (from, to) in names {
        pairs.push((from.clone().into_bytes(), to.clone().into_bytes()));
        pairs.push((binary(from).to_vec(), binary(to).to_vec()));
    }
    let (mut out, mut at) = (Vec::with_capacity(octets.len()), 0);
    while at < octets.len() {
        match pairs.iter().find(|(from, _)| octets[at..].starts_with(from)) {
            Some((from, to)) => {
                out.extend_from_slice(to);
                at += from.len();
            }
            None => {
                out.push(octets[at]);
                at += 1;
            }
        }
    }
    out
}
