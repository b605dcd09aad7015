//! Prefixes and namespace names, each kept once and named by a small number.

use std::collections::HashMap;

/// Up to this many entries a look-up compares one by one, which is faster than hashing; more are
/// found by a hash table, so that no document makes look-ups slow.
const LINEAR: usize = 16;

/// The index of the empty string in the tables of prefixes and of namespaces, and of the binding of
/// "no prefix" to "no namespace".
pub(crate) const EMPTY: u16 = 0;
/// The index of `xml`, of its namespace, and of the binding of the two.
pub(crate) const XML: u16 = 1;
/// The most entries of one table; the numbers above mark other things.
pub(crate) const MAX_ENTRIES: usize = 0xFFF0;
/// The namespace that the prefix `xml` is always bound to (Namespaces in XML 1.0 §3).
pub const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

/// The namespace of `xmlns` itself, which nobody may declare (Namespaces in XML 1.0 §3).
pub(crate) const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";

/// The prefixes of one letter.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";

/// A prefix with the namespace that it stands for, as a name uses or a declaration makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Binding {
    pub(crate) prefix: u16,
    pub(crate) namespace: u16,
}

/// The names of one document.
#[derive(Debug)]
pub(crate) struct Names {
    prefixes: Strings,
    namespaces: Strings,
    bindings: Vec<Binding>,
    /// The length of the prefix of each binding.
    prefix_lens: Vec<u32>,
    binding_index: HashMap<Binding, u16>,
    /// The binding that each prefix got last: many declarations say once more what an earlier one said.
    latest: Vec<u16>,
    /// The prefixes of one ASCII character, which is what stacks write: character to index.
    short: [u16; 128],
}

impl Names {
    pub(crate) fn new() -> Self {
        let mut names = Self {
            prefixes: Strings::new(),
            namespaces: Strings::new(),
            bindings: Vec::new(),
            prefix_lens: Vec::new(),
            binding_index: HashMap::new(),
            latest: Vec::new(),
            short: [EMPTY; 128],
        };
        for (prefix, namespace) in [("", ""), ("xml", XML_NAMESPACE)] {
            let prefix = names.prefixes.add_entry(Entry::Known(prefix));
            let namespace = names.namespaces.add_entry(Entry::Known(namespace));
            names.intern_binding(Binding { prefix, namespace });
        }
        names
    }

    pub(crate) fn copy(&mut self, other: &Self) {
        self.prefixes.copy(&other.prefixes);
        self.namespaces.copy(&other.namespaces);
        self.bindings.clone_from(&other.bindings);
        self.prefix_lens.clone_from(&other.prefix_lens);
        self.binding_index.clone_from(&other.binding_index);
        self.latest.clone_from(&other.latest);
        self.short = other.short;
    }

    /// As new ones, but for the room in them.
    pub(crate) fn clear(&mut self) {
        for index in XML + 1..self.prefixes.entries.len() as u16 {
            if let [one @ 0..128] = self.prefixes.at(index).as_bytes() {
                self.short[*one as usize] = EMPTY;
            }
        }
        self.prefixes.truncate(XML);
        self.namespaces.truncate(XML);
        self.bindings.truncate(usize::from(XML) + 1);
        self.prefix_lens.truncate(usize::from(XML) + 1);
        self.binding_index.clear();
        self.latest.clear();
    }

    /// Whether there are so few that no table was hashed.
    pub(crate) fn is_usual(&self) -> bool {
        self.len() <= LINEAR
    }

    /// The length of the longest table.
    pub(crate) fn len(&self) -> usize {
        self.prefixes.entries.len().max(self.namespaces.entries.len()).max(self.bindings.len())
    }

    pub(crate) fn prefix_count(&self) -> usize {
        self.prefixes.entries.len()
    }

    pub(crate) fn binding_count(&self) -> usize {
        self.bindings.len()
    }

    #[inline]
    pub(crate) fn prefix(&self, index: u16) -> &str {
        self.prefixes.at(index)
    }

    /// The length of the prefix of a binding.
    #[inline]
    pub(crate) fn prefix_len(&self, binding: u16) -> u32 {
        self.prefix_lens[binding as usize]
    }

    #[inline]
    pub(crate) fn namespace(&self, index: u16) -> &str {
        self.namespaces.at(index)
    }

    /// Whether a binding is one to this namespace. Most that are not differ in length.
    #[inline(never)]
    pub(crate) fn is_in(&self, binding: u16, namespace: &str) -> bool {
        self.namespaces.is(self.binding(binding).namespace, namespace)
    }

    #[inline]
    pub(crate) fn binding(&self, index: u16) -> Binding {
        self.bindings[index as usize]
    }

    pub(crate) fn find_prefix(&self, prefix: &str) -> Option<u16> {
        match prefix.as_bytes() {
            [] => Some(EMPTY),
            [one] => self.find_short(*one),
            _ => self.prefixes.find(prefix),
        }
    }

    /// A prefix of one ASCII character.
    #[inline]
    pub(crate) fn find_short(&self, prefix: u8) -> Option<u16> {
        self.short.get(prefix as usize).copied().filter(|found| *found != EMPTY)
    }

    pub(crate) fn intern_prefix(&mut self, prefix: &str) -> u16 {
        match (self.find_prefix(prefix), prefix.as_bytes()) {
            (Some(found), _) => found,
            (None, [letter @ b'a'..=b'z']) => self.add_letter(letter - b'a'),
            (None, bytes) => {
                let index = self.prefixes.add(prefix);
                if let [one @ 0..128] = bytes {
                    self.short[*one as usize] = index;
                }
                index
            }
        }
    }

    /// The prefix of one letter, counted from `a`.
    #[inline]
    pub(crate) fn intern_letter(&mut self, number: u8) -> u16 {
        match self.short[usize::from(b'a' + number)] {
            EMPTY => self.add_letter(number),
            found => found,
        }
    }

    fn add_letter(&mut self, number: u8) -> u16 {
        let at = usize::from(number);
        let index = self.prefixes.add_entry(Entry::Known(&LETTERS[at..=at]));
        self.short[usize::from(b'a' + number)] = index;
        index
    }

    pub(crate) fn intern_namespace(&mut self, namespace: &str) -> u16 {
        let found = self.namespaces.find(namespace);
        found.unwrap_or_else(|| self.namespaces.add(namespace))
    }

    /// The binding of a prefix to a namespace.
    #[inline]
    pub(crate) fn intern(&mut self, prefix: u16, namespace: &str) -> u16 {
        match self.latest_if(prefix, namespace) {
            Some(latest) => latest,
            None => {
                let namespace = self.intern_namespace(namespace);
                self.intern_binding(Binding { prefix, namespace })
            }
        }
    }

    /// The same for a string of the program, which is not copied.
    #[inline]
    pub(crate) fn intern_known(&mut self, prefix: u16, namespace: &'static str) -> u16 {
        match self.latest_if(prefix, namespace) {
            Some(latest) => latest,
            None => {
                let found = self.namespaces.find(namespace);
                let namespace =
                    found.unwrap_or_else(|| self.namespaces.add_entry(Entry::Known(namespace)));
                self.intern_binding(Binding { prefix, namespace })
            }
        }
    }

    /// The binding of a prefix to a namespace, if it is the one that the prefix got last.
    #[inline]
    pub(crate) fn find(&self, prefix: &str, namespace: &str) -> Option<u16> {
        self.latest_if(self.find_prefix(prefix)?, namespace)
    }

    /// The binding that a prefix got last, if it is one to this namespace.
    #[inline]
    fn latest_if(&self, prefix: u16, namespace: &str) -> Option<u16> {
        let latest = *self.latest.get(usize::from(prefix))?;
        let binding = self.bindings[usize::from(latest)];
        // (Of a prefix that has none it is that of no prefix.)
        let same = binding.prefix == prefix && self.namespaces.is(binding.namespace, namespace);
        same.then_some(latest)
    }

    #[inline(never)]
    pub(crate) fn intern_binding(&mut self, binding: Binding) -> u16 {
        let place = usize::from(binding.prefix);
        // What was never bound (but for the two that always are) has no binding that could be this one.
        let is_new =
            binding.prefix > XML && self.latest.get(place).is_none_or(|latest| *latest == EMPTY);
        let found = if is_new {
            None
        } else if self.bindings.len() <= LINEAR {
            self.bindings.iter().position(|b| *b == binding).map(|i| i as u16)
        } else {
            self.binding_index.get(&binding).copied()
        };
        if self.latest.len() <= place {
            self.latest.resize(place + 1, EMPTY);
        }
        if let Some(found) = found {
            self.latest[place] = found;
            return found;
        }
        let index = next_index(self.bindings.len());
        self.latest[place] = index;
        self.bindings.push(binding);
        self.prefix_lens.push(self.prefixes.at(binding.prefix).len() as u32);
        if self.bindings.len() == LINEAR + 1 {
            let all = self.bindings.iter().enumerate();
            self.binding_index = all.map(|(i, b)| (*b, i as u16)).collect();
        } else if self.bindings.len() > LINEAR {
            self.binding_index.insert(binding, index);
        }
        index
    }

    pub(crate) fn find_namespace(&self, namespace: &str) -> Option<u16> {
        self.namespaces.find(namespace)
    }

    /// The binding of a prefix to a namespace, by their texts.
    pub(crate) fn bind(&mut self, prefix: &str, namespace: &str) -> u16 {
        let prefix = self.intern_prefix(prefix);
        self.intern(prefix, namespace)
    }

    /// The same of a namespace that is known.
    pub(crate) fn bind_to(&mut self, prefix: &str, namespace: u16) -> u16 {
        let prefix = self.intern_prefix(prefix);
        self.intern_binding(Binding { prefix, namespace })
    }
}

/// Different strings.
#[derive(Debug)]
struct Strings {
    text: String,
    entries: Vec<Entry>,
    index: HashMap<Box<str>, u16>,
}

/// Where a string stands.
#[derive(Clone, Copy, Debug)]
enum Entry {
    /// In the program.
    Known(&'static str),
    /// In [`Strings::text`].
    Own(u32, u32),
}

impl Strings {
    /// (Room is taken when there is something to put into it: the buffers of a document that is kept hold what it needs, and
    /// those of others are used again.)
    fn new() -> Self {
        Self { text: String::new(), entries: Vec::new(), index: HashMap::new() }
    }

    fn copy(&mut self, other: &Self) {
        self.text.clone_from(&other.text);
        self.entries.clone_from(&other.entries);
        self.index.clone_from(&other.index);
    }

    /// Forgets all but the first entries, which are known.
    fn truncate(&mut self, last: u16) {
        self.entries.truncate(usize::from(last) + 1);
        self.text.clear();
        self.index.clear();
    }

    #[inline]
    fn at(&self, index: u16) -> &str {
        match self.entries[index as usize] {
            Entry::Known(text) => text,
            Entry::Own(start, end) => &self.text[start as usize..end as usize],
        }
    }

    fn find(&self, wanted: &str) -> Option<u16> {
        if self.entries.len() > LINEAR {
            return self.index.get(wanted).copied();
        }
        self.entries.iter().position(|entry| self.holds(*entry, wanted)).map(|i| i as u16)
    }

    /// Whether an entry is this string.
    #[inline]
    fn is(&self, index: u16, wanted: &str) -> bool {
        self.holds(self.entries[usize::from(index)], wanted)
    }

    #[inline(always)]
    fn holds(&self, entry: Entry, wanted: &str) -> bool {
        match entry {
            // Mostly it is the same piece of the program.
            Entry::Known(text) => std::ptr::eq(text, wanted) || text == wanted,
            Entry::Own(start, end) => {
                (end - start) as usize == wanted.len()
                    && self.text.as_bytes()[start as usize..end as usize] == *wanted.as_bytes()
            }
        }
    }

    fn add(&mut self, new: &str) -> u16 {
        let start = self.text.len() as u32;
        self.text.push_str(new);
        self.add_entry(Entry::Own(start, self.text.len() as u32))
    }

    fn add_entry(&mut self, entry: Entry) -> u16 {
        let index = next_index(self.entries.len());
        self.entries.push(entry);
        if self.entries.len() == LINEAR + 1 {
            self.index = (0..=index).map(|i| (self.at(i).into(), i)).collect();
        } else if self.entries.len() > LINEAR {
            self.index.insert(self.at(index).into(), index);
        }
        index
    }
}

/// The parser stays below by its limits; only a program that builds a tree can come here.
fn next_index(len: usize) -> u16 {
    assert!(len < MAX_ENTRIES, "a document holds at most {MAX_ENTRIES} prefixes and namespaces");
    len as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_again_before_and_after_the_table_is_hashed() {
        let mut names = Names::new();
        let made: Vec<_> =
            (0..200).map(|i| names.bind(&format!("p{i}"), &format!("urn:{i}"))).collect();
        for (i, binding) in made.iter().enumerate() {
            assert_eq!(names.bind(&format!("p{i}"), &format!("urn:{i}")), *binding);
            // What a prefix had before it is bound anew is found, too.
            let again = names.bind(&format!("p{i}"), &format!("urn:{}", i / 2));
            assert_eq!(names.binding(again).prefix, names.binding(*binding).prefix);
            assert_eq!(again == *binding, i == 0);
            assert_eq!(names.bind(&format!("p{i}"), &format!("urn:{i}")), *binding);
            let found = names.binding(*binding);
            assert_eq!(names.prefix(found.prefix), format!("p{i}"));
            assert_eq!(names.namespace(found.namespace), format!("urn:{i}"));
        }
        assert_eq!(names.len(), 401);
        assert_eq!(names.bind("", ""), EMPTY);
        assert_eq!(names.bind("xml", XML_NAMESPACE), XML);
        assert_eq!(names.find_prefix("q"), None);
        let q = names.intern_prefix("q");
        assert_eq!(names.find_prefix("q"), Some(q));
    }
}
