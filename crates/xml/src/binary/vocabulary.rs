//! Strings that both ends know before the first message, and what is written how.

use crate::chars::{first_forbidden_character, is_ncname};

/// How the text of an element is written that is no value of its own.
///
/// A rule holds for elements of a local name in the namespaces of the vocabulary. A text that does not fit (that would be
/// another text when it is read) is written as it is: rules change no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextRule {
    /// As octets, if it is base64.
    Octets,
    /// As a UUID, if it is `urn:uuid:…`.
    UniqueId,
    /// As a number, if it is a whole one.
    Number,
    /// By its identifier, if the vocabulary has it.
    Known,
    /// As [`TextRule::Known`]; in a session it is made known, if it stands in a child of a child of the root (a header).
    Shared,
    /// As prefix, colon and local name apart, as WCF writes qualified names.
    QName,
}

/// A static dictionary (MC-NBFS §2.2) with rules of writing.
///
/// The identifier of string number `n` is `2 n` in the octets; odd identifiers are those of a session.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    strings: Vec<Known>,
    /// Numbers of strings, counted from 1, each at the place of its [`hash`] or at one behind it.
    index: Box<[u16]>,
    /// Namespaces whose names are written by their identifiers, and that are no strings themselves.
    nameless: Vec<&'static str>,
}

/// A string.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) text: &'static str,
    pub(super) is_name: bool,
    /// Whether XML can carry it.
    pub(super) is_text: bool,
    /// Names in this namespace are written by their identifiers.
    is_namespace: bool,
    rule: Option<TextRule>,
    attribute_rule: Option<TextRule>,
    /// A text that is this string is written by its identifier.
    names_text: bool,
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
        let rule = |text| rules.iter().find(|(name, _)| *name == text).map(|(_, rule)| *rule);
        let known = |text: &&'static str| Known {
            text,
            is_name: is_ncname(text),
            is_text: first_forbidden_character(text).is_none(),
            is_namespace: namespaces.contains(text),
            rule: rule(*text),
            attribute_rule: None,
            names_text: true,
        };
        assert!(strings.len() < usize::from(u16::MAX), "a vocabulary has fewer strings");
        let places = (strings.len() * 4).next_power_of_two();
        let mut own = Self {
            strings: strings.iter().map(known).collect(),
            index: vec![0; places].into_boxed_slice(),
            nameless: namespaces.iter().filter(|own| !strings.contains(own)).copied().collect(),
        };
        for (number, text) in (1..).zip(strings) {
            // Of strings that stand there twice the first is written.
            if let Err(free) = own.place(text) {
                own.index[free] = number;
            }
        }
        own
    }

    /// Where the number of a string stands, or where it would.
    fn place(&self, text: &str) -> Result<u32, usize> {
        let mut place = hash(text);
        loop {
            place &= self.index.len() - 1;
            match self.index[place].checked_sub(1) {
                None => return Err(place),
                Some(number) if self.strings[usize::from(number)].text == text => {
                    return Ok(number.into());
                }
                // A quarter of the places are taken at most.
                Some(_) => place += 1,
            }
        }
    }

    /// The same with rules for the values of attributes, by the local names of those.
    #[must_use]
    pub fn with_attributes(mut self, rules: &[(&'static str, TextRule)]) -> Self {
        for (name, rule) in rules {
            let number = self.number(name).unwrap_or(u32::MAX);
            if let Some(known) = self.strings.get_mut(number as usize) {
                known.attribute_rule = Some(*rule);
            }
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

    /// The string of a number.
    pub fn text(&self, number: u32) -> Option<&'static str> {
        self.strings.get(number as usize).map(|known| known.text)
    }

    /// The number of a string.
    pub fn number(&self, text: &str) -> Option<u32> {
        self.place(text).ok()
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
        self.strings.get(number as usize)?.rule
    }

    /// Whether a text that is a string is written by its identifier.
    pub(super) fn names_text(&self, number: u32) -> bool {
        self.strings.get(number as usize).is_some_and(|known| known.names_text)
    }

    pub(super) fn attribute_rule(&self, number: u32) -> Option<TextRule> {
        self.strings.get(number as usize)?.attribute_rule
    }

    /// Whether names in a namespace are written by their identifiers.
    pub(super) fn has_names_of(&self, namespace: &str) -> bool {
        match self.number(namespace) {
            Some(number) => self.strings[number as usize].is_namespace,
            None => self.nameless.contains(&namespace),
        }
    }

    /// The number of such a namespace.
    pub(super) fn number_of_namespace(&self, namespace: &str) -> Option<u32> {
        self.number(namespace).filter(|number| self.strings[*number as usize].is_namespace)
    }
}

/// Strings differ in their first or last octets, or in length.
#[inline]
fn hash(text: &str) -> usize {
    let octets = text.as_bytes();
    let word = |octets: &[u8]| octets.iter().fold(0, |word, octet| word << 8 | u64::from(*octet));
    let (first, last) = match (octets.first_chunk::<8>(), octets.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => (word(octets), 0),
    };
    let mixed = first ^ last.rotate_left(29) ^ (octets.len() as u64) << 56;
    // The upper half of a product depends on all of it (the number is 2^64 by the golden ratio).
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as usize
}
