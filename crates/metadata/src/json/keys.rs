//! Names of JSON in one object.

use std::collections::{BTreeMap, BTreeSet};

use crate::name::QName;

/// The names of JSON that are taken in one object, each by what took it.
#[derive(Default)]
pub(super) struct Keys {
    taken: BTreeSet<String>,
    /// What was taken, in order, so that an alternative of a choice can give it back.
    order: Vec<String>,
    /// Those of other alternatives of a choice: the same element may have the same name.
    siblings: BTreeMap<String, QName>,
    /// The next number to try behind a name, so that many equal names take no quadratic time.
    next: BTreeMap<String, u32>,
    /// What was in `next` before, in order.
    before: Vec<(String, Option<u32>)>,
}

/// A choice whose alternatives are being named.
#[derive(Default)]
pub(super) struct Choice {
    order: usize,
    before: usize,
    /// What the alternatives took.
    taken: Vec<String>,
    next: BTreeMap<String, u32>,
}

impl Keys {
    /// The name for an element or attribute: its local name, or with the namespace where another has that, or with a
    /// number.
    pub(super) fn take(&mut self, prefix: &str, name: &QName, short: bool) -> String {
        let plain = format!("{prefix}{}", name.local);
        if short && self.is_free(&plain, name) {
            return self.taken(plain, name);
        }
        let full = format!("{prefix}{{{}}}{}", name.namespace, name.local);
        self.numbered(&full, "_", name)
    }

    /// The name for a list of what has none.
    pub(super) fn list(&mut self, word: &str) -> String {
        self.numbered(word, "", &QName::new("", word))
    }

    /// The name itself, or the first number behind it that is free.
    fn numbered(&mut self, stem: &str, between: &str, name: &QName) -> String {
        let known = self.next.get(stem).copied();
        if known.is_none() && self.is_free(stem, name) {
            return self.taken(stem.to_owned(), name);
        }
        let mut number = known.unwrap_or(2);
        let key = loop {
            let key = format!("{stem}{between}{number}");
            number = number.saturating_add(1);
            if self.is_free(&key, name) || number == u32::MAX {
                break key;
            }
        };
        self.before.push((stem.to_owned(), known));
        self.next.insert(stem.to_owned(), number);
        self.taken(key, name)
    }

    fn is_free(&self, key: &str, name: &QName) -> bool {
        !self.taken.contains(key) && self.siblings.get(key).is_none_or(|other| other == name)
    }

    fn taken(&mut self, key: String, name: &QName) -> String {
        if self.taken.insert(key.clone()) {
            self.order.push(key.clone());
        }
        self.siblings.entry(key.clone()).or_insert_with(|| name.clone());
        key
    }

    /// Begins a choice: what one alternative takes is free for the others.
    pub(super) fn choice(&self) -> Choice {
        Choice { order: self.order.len(), before: self.before.len(), ..Choice::default() }
    }

    /// Gives back what an alternative took.
    pub(super) fn end_alternative(&mut self, choice: &mut Choice) {
        for key in self.order.drain(choice.order..) {
            self.taken.remove(&key);
            choice.taken.push(key);
        }
        for (stem, before) in self.before.drain(choice.before..).rev() {
            let now = match before {
                Some(before) => self.next.insert(stem.clone(), before),
                None => self.next.remove(&stem),
            };
            let highest = choice.next.entry(stem).or_default();
            *highest = (*highest).max(now.unwrap_or_default());
        }
    }

    /// Takes what the alternatives took for good.
    pub(super) fn end_choice(&mut self, choice: Choice) {
        for key in choice.taken {
            if self.taken.insert(key.clone()) {
                self.order.push(key);
            }
        }
        for (stem, number) in choice.next {
            let before = self.next.insert(stem.clone(), number);
            self.before.push((stem, before));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_get_numbers_and_alternatives_share_them() {
        let (a, other) = (QName::new("urn:t", "a"), QName::new("urn:u", "a"));
        let mut keys = Keys::default();
        assert_eq!(keys.take("", &a, true), "a");
        assert_eq!(keys.take("", &other, true), "{urn:u}a");
        assert_eq!(keys.take("", &a, true), "{urn:t}a");
        let mut choice = keys.choice();
        for _ in 0..2 {
            assert_eq!(keys.take("", &a, true), "{urn:t}a_2");
            assert_eq!(keys.take("", &a, true), "{urn:t}a_3");
            assert_eq!(keys.list("#any"), "#any");
            keys.end_alternative(&mut choice);
        }
        keys.end_choice(choice);
        assert_eq!(keys.take("", &a, true), "{urn:t}a_4");
        assert_eq!(keys.list("#any"), "#any2");
    }

    /// Hostile schemas: with quadratic work each of these takes minutes, which nobody overlooks.
    #[test]
    fn a_hundred_thousand_equal_names_are_no_long_search() {
        let name = QName::new("urn:t", "a");
        let mut keys = Keys::default();
        let all: BTreeSet<String> = (0..50_000).map(|_| keys.take("", &name, true)).collect();
        assert_eq!(all.len(), 50_000);
        for number in 0..50_000 {
            let mut choice = keys.choice();
            let one = QName::new("urn:t", format!("c{number}"));
            assert_eq!(keys.take("", &one, true), *one.local);
            keys.end_alternative(&mut choice);
            keys.take("", &name, true);
            keys.end_alternative(&mut choice);
            keys.end_choice(choice);
        }
    }
}
