//! Strings that both ends know before the first message, and what is written how.

use super::naming::{AttributeRule, FirstOctets, ScopeRule};
use crate::chars::{first_forbidden_character, is_ncname};

/// How the text of an element is written that is no value of its own.
///
/// A rule holds for elements of a local name in the namespaces of the vocabulary. A text that does not fit (that would be
/// another text when it is read) is written as it is: rules change no message.
#[derive(Clone, Copy, Debug)]
pub enum TextRule {
    /// As octets, if it is base64.
    Octets,
    /// The same in two writes, the first of which has so many; a writer of base64 keeps what is no group of three for the next.
    OctetsBehind(FirstOctets),
    /// The same in writes of so many, a multiple of three.
    OctetsBy(usize),
    /// As a UUID, if it is `urn:uuid:…`.
    UniqueId,
    /// As a number, if it is a whole one.
    Number,
    /// By its identifier, if the vocabulary has it.
    Known,
    /// As names are written where it stands, if the vocabulary has it; see [`Naming`](super::Naming).
    Named,
    /// As [`TextRule::Known`]; in a session it is made known, if it stands in a child of a child of the root (a header).
    Shared,
    /// As prefix, colon and local name apart, as WCF writes qualified names.
    QName,
}

impl TextRule {
    /// Whether the text is octets.
    pub fn is_octets(&self) -> bool {
        matches!(self, Self::Octets | Self::OctetsBehind(_) | Self::OctetsBy(_))
    }
}

/// A static dictionary (MC-NBFS §2.2) with rules of writing.
///
/// The identifier of string number `n` is `2 n` in the octets; odd identifiers are those of a session.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    strings: Vec<Known>,
    /// Numbers of strings, counted from 1, each at the place of its `hash` or at one behind it.
    index: Box<[u16]>,
    /// Namespaces whose names are written by their identifiers, and that are no strings themselves.
    nameless: Vec<&'static str>,
    /// By [`Known::rules`].
    rules: Vec<Rules>,
}

/// A string.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) text: &'static str,
    key: Key,
    pub(super) is_name: bool,
    /// Whether XML can carry it.
    pub(super) is_text: bool,
    /// Names in this namespace are written by their identifiers.
    is_namespace: bool,
    /// A text that is this string is written by its identifier.
    names_text: bool,
    /// Which rules it has as a name; 0 for none, as most.
    rules: u8,
}

/// What is special about a name.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rules {
    /// The text of elements.
    pub(super) text: Option<TextRule>,
    /// Names in elements.
    pub(super) scope: Option<ScopeRule>,
    /// The value of attributes.
    pub(super) attribute: Option<AttributeRule>,
}

impl Vocabulary {
    /// The strings in order; `namespaces`: those whose names are written by their identifiers (names of others, which only
    /// happen to be among the strings, are written as names that are not); `rules`: local names of elements that are among
    /// the strings, with the rule for the text in them.
    pub fn new(
        strings: &[&'static str],
        namespaces: &[&'static str],
        rules: &[(&'static str, TextRule)],
    ) -> Self {
        let known = |text: &&'static str| Known {
            text,
            key: Key::of(text.as_bytes()),
            is_name: is_ncname(text),
            is_text: first_forbidden_character(text).is_none(),
            is_namespace: namespaces.contains(text),
            names_text: true,
            rules: 0,
        };
        assert!(strings.len() < usize::from(u16::MAX), "a vocabulary has fewer strings");
        let places = (strings.len() * 4).next_power_of_two();
        let mut own = Self {
            strings: strings.iter().map(known).collect(),
            index: vec![0; places].into_boxed_slice(),
            nameless: namespaces.iter().filter(|own| !strings.contains(own)).copied().collect(),
            rules: vec![Rules::default()],
        };
        for (number, text) in (1..).zip(strings) {
            // Of strings that stand there twice the first is written.
            if own.number(text).is_none() {
                let mut place = own.place(Key::of(text.as_bytes()));
                while own.index[place] != 0 {
                    place = (place + 1) & (own.index.len() - 1);
                }
                own.index[place] = number;
            }
        }
        for (name, rule) in rules {
            own.rules_of(name, |rules| rules.text = Some(*rule));
        }
        own
    }

    /// The same with rules for the values of attributes, by the local names of those.
    #[must_use]
    pub fn with_attributes(mut self, rules: &[(&'static str, AttributeRule)]) -> Self {
        for (name, rule) in rules {
            self.rules_of(name, |rules| rules.attribute = Some(*rule));
        }
        self
    }

    /// The same with elements that change how names are written, by the local names of those.
    #[must_use]
    pub fn with_scopes(mut self, rules: &[(&'static str, ScopeRule)]) -> Self {
        for (name, rule) in rules {
            self.rules_of(name, |rules| rules.scope = Some(*rule));
        }
        self
    }

    /// The same with strings that are written out where they are the text of an element.
    #[must_use]
    pub fn with_plain(mut self, texts: &[&'static str]) -> Self {
        for text in texts {
            let number = self.number(text).unwrap_or(u32::MAX);
            if let Some(known) = self.strings.get_mut(number as usize) {
                known.names_text = false;
            }
        }
        self
    }

    /// Changes the rules of a name.
    fn rules_of(&mut self, name: &str, change: impl FnOnce(&mut Rules)) {
        let number = self.number(name).unwrap_or(u32::MAX);
        let Some(known) = self.strings.get_mut(number as usize) else { return };
        if known.rules == 0 {
            assert!(self.rules.len() <= usize::from(u8::MAX), "fewer names have rules");
            known.rules = self.rules.len() as u8;
            self.rules.push(Rules::default());
        }
        change(&mut self.rules[usize::from(known.rules)]);
    }

    /// The string of a number.
    pub fn text(&self, number: u32) -> Option<&'static str> {
        self.strings.get(number as usize).map(|known| known.text)
    }

    /// The number of a string.
    pub fn number(&self, text: &str) -> Option<u32> {
        self.number_of(text.as_bytes())
    }

    /// A string that is one of the vocabulary.
    #[inline(always)]
    pub(super) fn find(&self, text: &[u8]) -> Option<&Known> {
        self.number_of(text).map(|number| &self.strings[number as usize])
    }

    /// The number of a string in UTF-8.
    #[inline(always)]
    pub(super) fn number_of(&self, text: &[u8]) -> Option<u32> {
        let key = Key::of(text);
        let place = self.place(key);
        // What names are: short, and at their place.
        let number = u32::from(self.index[place]).checked_sub(1)?;
        match text.len() <= SHORT && self.strings[number as usize].is_key(text, key) {
            true => Some(number),
            false => self.search(text, key, place),
        }
    }

    #[inline(never)]
    fn search(&self, text: &[u8], key: Key, mut place: usize) -> Option<u32> {
        loop {
            // A quarter of the places are taken at most, so that this ends.
            let number = u32::from(self.index[place]).checked_sub(1)?;
            if self.strings[number as usize].is(text, key) {
                return Some(number);
            }
            place = (place + 1) & (self.index.len() - 1);
        }
    }

    /// Where the search for a string begins.
    #[inline]
    fn place(&self, key: Key) -> usize {
        key.hash() & (self.index.len() - 1)
    }

    #[inline]
    pub(super) fn known(&self, number: u32) -> Option<&Known> {
        self.strings.get(number as usize)
    }

    /// The rule for the text of elements of a local name.
    pub fn rule_of(&self, local: &str) -> Option<TextRule> {
        self.rule(self.number(local)?)
    }

    pub(super) fn rule(&self, number: u32) -> Option<TextRule> {
        self.rules(number)?.text
    }

    /// What is special about a name, if anything is.
    #[inline(always)]
    pub(super) fn rules(&self, number: u32) -> Option<&Rules> {
        match self.strings.get(number as usize)?.rules {
            0 => None,
            rules => self.rules.get(usize::from(rules)),
        }
    }

    /// Whether a text that is a string is written by its identifier.
    pub(super) fn names_text(&self, number: u32) -> bool {
        self.strings.get(number as usize).is_some_and(|known| known.names_text)
    }

    /// How a namespace and names in it are written.
    pub(super) fn space(&self, namespace: &str) -> Space {
        match self.number(namespace) {
            Some(number) if self.strings[number as usize].is_namespace => {
                Space { names: true, number: Some(number) }
            }
            Some(_) => Space { names: false, number: None },
            None => Space { names: self.nameless.contains(&namespace), number: None },
        }
    }
}

/// How a namespace and names in it are written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Space {
    /// Names in it by their identifiers.
    pub(super) names: bool,
    /// Its own number, if that is written.
    pub(super) number: Option<u32>,
}

impl Known {
    #[inline]
    fn is(&self, text: &[u8], key: Key) -> bool {
        self.is_key(text, key) && (text.len() <= SHORT || self.text.as_bytes() == text)
    }

    /// Whether length and key are those of a text.
    #[inline]
    fn is_key(&self, text: &[u8], key: Key) -> bool {
        self.key == key && self.text.len() == text.len()
    }
}

/// Of strings up to so many octets all are in the key.
const SHORT: usize = 16;

/// The first and the last octets of a string. Strings of a vocabulary differ in them, or in length; and of the same length
/// up to sixteen octets two strings are the same if their keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    first: u64,
    last: u64,
}

impl Key {
    #[inline]
    fn of(octets: &[u8]) -> Self {
        let half = |octets: &[u8; 4]| u64::from(u32::from_le_bytes(*octets));
        if let (Some(first), Some(last)) = (octets.first_chunk(), octets.last_chunk()) {
            return Self { first: u64::from_le_bytes(*first), last: u64::from_le_bytes(*last) };
        }
        if let (Some(first), Some(last)) = (octets.first_chunk(), octets.last_chunk()) {
            return Self { first: half(first), last: half(last) };
        }
        match octets {
            [] => Self { first: 0, last: 0 },
            // One, two or three octets: with the length these are all of them.
            [first, ..] => {
                let last = octets[octets.len() - 1];
                let middle = octets[octets.len() / 2];
                Self {
                    first: u64::from_le_bytes([*first, middle, last, 0, 0, 0, 0, 0]),
                    last: octets.len() as u64,
                }
            }
        }
    }

    #[inline]
    fn hash(self) -> usize {
        let mixed = self.first ^ self.last.rotate_left(29);
        // The upper half of a product depends on all of it (the number is 2^64 by the golden ratio).
        (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as usize
    }
}
