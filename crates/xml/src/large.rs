//! Pieces so large that the copies of a document share them: a message that is kept for another transmission and the one
//! that goes out with headers hold a large text once.

use std::sync::Arc;

use zeroize::Zeroize;

use crate::node::{KNOWN, LARGE, MAX_TEXT, Text};

/// From so many octets on a piece is shared. Below, one buffer for all of them is cheaper than memory for each.
pub(crate) const LEAST: usize = 64 << 10;

/// The most large pieces of one kind: what the numbers between [`LARGE`] and [`KNOWN`] can tell.
const MOST: usize = (KNOWN - LARGE) as usize;

/// The large texts of a document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts(Vec<Arc<String>>);

impl Texts {
    /// Takes a text, unless it is small, or there are too many.
    pub(crate) fn take(&mut self, text: &str) -> Option<Text> {
        self.fits(text.len()).then(|| self.push(Arc::new(text.to_owned())))
    }

    /// The same of a text that nobody else needs.
    ///
    /// # Errors
    /// It is not taken, and here it is.
    pub(crate) fn take_owned(&mut self, text: String) -> Result<Text, String> {
        match self.fits(text.len()) {
            true => Ok(self.push(Arc::new(text))),
            false => Err(text),
        }
    }

    /// The same of a text of another document, which is shared.
    pub(crate) fn share(&mut self, other: &Self, text: Text) -> Option<Text> {
        let shared = other.0.get(text.start.checked_sub(LARGE)? as usize)?;
        self.fits(shared.len()).then(|| self.push(Arc::clone(shared)))
    }

    fn fits(&self, octets: usize) -> bool {
        (LEAST..=MAX_TEXT).contains(&octets) && self.0.len() < MOST
    }

    fn push(&mut self, text: Arc<String>) -> Text {
        let (start, len) = (LARGE + self.0.len() as u32, text.len() as u32);
        self.0.push(text);
        Text { start, len }
    }

    pub(crate) fn get(&self, text: Text) -> &str {
        &self.0[(text.start - LARGE) as usize]
    }

    pub(crate) fn clear(&mut self) {
        self.0 = Vec::new();
    }

    /// Wipes those that no other document shares.
    pub(crate) fn wipe(&mut self) {
        self.0.iter_mut().filter_map(Arc::get_mut).for_each(String::zeroize);
    }

    /// The octets of all of them.
    pub(crate) fn octets(&self) -> usize {
        self.0.iter().map(|text| text.len()).sum()
    }
}

/// The octets of a document: of values that are octets, and of those that do not fit into a node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Octets {
    /// Small ones, one behind the other.
    pub(crate) own: Vec<u8>,
    large: Vec<Arc<Vec<u8>>>,
}

impl Octets {
    /// Takes octets, and gives where they begin.
    pub(crate) fn store(&mut self, octets: &[u8]) -> u32 {
        match self.fits(octets.len()) {
            true => self.push(Arc::new(octets.to_vec())),
            false => self.append(octets),
        }
    }

    /// The same of octets that nobody else needs.
    pub(crate) fn take(&mut self, octets: Vec<u8>) -> u32 {
        match self.fits(octets.len()) {
            true => self.push(Arc::new(octets)),
            false => self.append(&octets),
        }
    }

    /// The same of octets of another document: large ones are shared.
    pub(crate) fn import(&mut self, other: &Self, start: u32, len: u32) -> u32 {
        let shared = start.checked_sub(LARGE).and_then(|number| other.large.get(number as usize));
        match shared {
            Some(shared) if self.fits(shared.len()) => self.push(Arc::clone(shared)),
            _ => self.store(other.get(start, len).unwrap_or_default()),
        }
    }

    fn fits(&self, octets: usize) -> bool {
        // Their base64 is text of the document.
        (LEAST..=MAX_TEXT / 2).contains(&octets) && self.large.len() < MOST
    }

    fn push(&mut self, octets: Arc<Vec<u8>>) -> u32 {
        self.large.push(octets);
        LARGE + (self.large.len() - 1) as u32
    }

    fn append(&mut self, octets: &[u8]) -> u32 {
        let start = self.own.len();
        assert!(start + octets.len() <= MAX_TEXT / 2, "a document holds at most 1 GiB of octets");
        self.own.extend_from_slice(octets);
        start as u32
    }

    /// So many octets from there on.
    pub(crate) fn get(&self, start: u32, len: u32) -> Option<&[u8]> {
        match start.checked_sub(LARGE) {
            Some(number) => self.large.get(number as usize).map(|octets| &octets[..]),
            None => self.own.get(start as usize..start as usize + len as usize),
        }
    }

    /// Takes large octets out, unless another document shares them.
    pub(crate) fn take_out(&mut self, start: u32) -> Option<Vec<u8>> {
        let octets = self.large.get_mut(start.checked_sub(LARGE)? as usize)?;
        Some(std::mem::take(Arc::get_mut(octets)?))
    }

    pub(crate) fn clear(&mut self) {
        self.own.clear();
        self.large = Vec::new();
    }

    /// Wipes those that no other document shares.
    pub(crate) fn wipe(&mut self) {
        // What is empty is wiped at once.
        self.own.clear();
        self.own.zeroize();
        self.large.iter_mut().filter_map(Arc::get_mut).for_each(Vec::zeroize);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.own.len() + self.large.iter().map(|octets| octets.len()).sum::<usize>()
    }

    /// As many as another has; large ones are shared.
    pub(crate) fn copy(&mut self, other: &Self) {
        self.own.clone_from(&other.own);
        self.large.clone_from(&other.large);
    }
}

#[cfg(test)]
mod tests {
    use super::LEAST;
    use crate::{Document, Name, NodeId, Value};

    /// A document with a text and octets, and where these begin in memory.
    fn document(len: usize) -> (Document, NodeId) {
        let mut document = Document::new(Name::local("a"));
        let root = document.root().id();
        let text = document.append_element(root, Name::local("b"));
        document.append_owned_text(text, "x".repeat(len));
        let octets = document.append_element(root, Name::local("c"));
        document.append_value(octets, Value::Octets(&vec![7; len]));
        (document, root)
    }

    fn places(document: &Document) -> [usize; 2] {
        let root = document.root().elements().next().filter(|first| first.local_name() == "a");
        let children: Vec<_> = root.unwrap_or(document.root()).elements().collect();
        let Some(Value::Octets(octets)) = children[1].value() else { panic!("octets") };
        [children[0].text().as_ptr().addr(), octets.as_ptr().addr()]
    }

    #[test]
    fn copies_share_what_is_large() {
        for (len, shares) in [(LEAST - 1, false), (LEAST, true)] {
            let (first, _) = document(len);
            let second = first.clone();
            let mut third = Document::new(Name::local("d"));
            third.import(third.root().id(), first.root());
            for other in [&second, &third] {
                let same = places(&first).iter().zip(places(other)).all(|(own, its)| *own == its);
                assert_eq!(same, shares, "{len}");
            }
            assert_eq!(third.to_xml(), format!("<d>{}</d>", first.to_xml()));
            assert!(first.memory() > 2 * len && second.text_octets() > 2 * len);
            let (before, mut second) = (first.to_xml(), second);
            let child = second.root().first_element().unwrap().id();
            second.append_text(child, "y");
            second.clear(child);
            assert_eq!(first.to_xml(), before, "a copy is changed alone");
        }
    }

    #[test]
    fn an_owned_text_is_as_every_text() {
        for text in ["", "a<b", "bad\u{1}", &"x".repeat(LEAST), &"\u{1}".repeat(LEAST)] {
            let texts = [true, false].map(|owned| {
                let mut document = Document::new(Name::local("a"));
                let root = document.root().id();
                match owned {
                    true => document.append_owned_text(root, text.to_owned()),
                    false => document.append_text(root, text),
                }
                document.to_xml()
            });
            assert_eq!(texts[0], texts[1]);
        }
    }
}
