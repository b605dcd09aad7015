//! Large content of an element that becomes other content where it lies: what was encrypted is decrypted in the memory of the
//! message, not beside it.

use std::ops::Range;

use crate::document::Document;
use crate::error::{ParseError, ParseErrorKind};
use crate::large::LEAST;
use crate::limits::Limits;
use crate::name::NodeId;
use crate::node::{EXTRA, Kind, NONE, NodeData};
use crate::parser::error_at;
use crate::values::Form;

/// The large content of an element, to be changed where it is.
#[derive(Debug)]
pub enum LargeContent<'c> {
    /// Its text as it was read: there was nothing to be resolved in it.
    Text(&'c mut [u8]),
    /// The octets that its text is the base64 of.
    Octets(&'c mut [u8]),
}

/// What large content has become: a range of the source.
#[derive(Debug)]
pub struct Opened(Result<Range<usize>, ParseError>);

impl Document {
    /// Lets `open` change all the content of an element where it is, and say which part of it is other content then, to be
    /// [added](Self::append_opened) as markup. Nothing else of the old content is left, whether that succeeds or not.
    ///
    /// None, and nothing changes, where the content is not large, is not one piece, or is shared with another document.
    pub fn open_large<E>(
        &mut self,
        element: NodeId,
        open: impl FnOnce(LargeContent<'_>) -> Result<Range<usize>, E>,
    ) -> Option<Result<Opened, E>> {
        let leaf = self.only_leaf(element)?;
        match self.value_form(&leaf) {
            Some(Form::Octets { start, .. }) => {
                let octets = self.octets.take_out(start)?;
                Some(self.open_octets(octets, open))
            }
            Some(_) => None,
            None => {
                let text = leaf.content();
                if text.start & EXTRA != 0 || (text.len as usize) < LEAST {
                    return None;
                }
                let start = text.start as usize;
                Some(self.open_text(start..start + text.len as usize, open))
            }
        }
    }

    /// Puts markup in the place of the text that is all the content of an element, which is empty then: it is to be
    /// [added](Self::append_opened) elsewhere, and the source does not grow for it.
    ///
    /// None, and nothing changes, where the content is not one text as it was read, or is shorter.
    pub fn overwrite(&mut self, element: NodeId, markup: &[u8]) -> Option<Opened> {
        let leaf = self.only_leaf(element)?;
        let text = leaf.content();
        let is_source = self.value_form(&leaf).is_none() && text.start & EXTRA == 0;
        let range = text.start as usize..text.start as usize + markup.len();
        let fits = markup.len() <= text.len as usize && self.source.is_char_boundary(range.end);
        if !is_source || !fits {
            return None;
        }
        self.clear(element);
        Some(Opened(match std::str::from_utf8(markup) {
            Ok(markup) => {
                self.replace(range.clone(), markup);
                Ok(range)
            }
            Err(error) => Err(no_text(markup, error.valid_up_to())),
        }))
    }

    /// Replaces text of the source by as much other text.
    fn replace(&mut self, range: Range<usize>, text: &str) {
        /// How many octets of the source may be looked at again for each one that is replaced.
        const MOST: usize = 16;
        if self.source.len() / MOST > text.len() {
            return self.source.replace_range(range, text);
        }
        // `replace_range` goes octet by octet, which takes longer than to copy them at once and to see that all is text.
        let mut octets = std::mem::take(&mut self.source).into_bytes();
        octets[range].copy_from_slice(text.as_bytes());
        // Whole characters in the place of whole characters.
        self.source = String::from_utf8(octets).unwrap_or_default();
    }

    /// Takes out the octets that are all the content of an element, if they are many and no other document shares them. The
    /// element is empty then.
    pub fn take_octets(&mut self, element: NodeId) -> Option<Vec<u8>> {
        let leaf = self.only_leaf(element)?;
        let Some(Form::Octets { start, .. }) = self.value_form(&leaf) else { return None };
        let octets = self.octets.take_out(start)?;
        self.clear(element);
        Some(octets)
    }

    /// The text or value that is all the content of an element.
    fn only_leaf(&self, element: NodeId) -> Option<NodeData> {
        let holder = self.node(element.0);
        let is_one = holder.first != NONE && holder.first == holder.last;
        let leaf = is_one.then(|| *self.node(holder.first));
        leaf.filter(|leaf| leaf.kind() == Kind::Text)
    }

    fn open_text<E>(
        &mut self,
        all: Range<usize>,
        open: impl FnOnce(LargeContent<'_>) -> Result<Range<usize>, E>,
    ) -> Result<Opened, E> {
        let mut octets = std::mem::take(&mut self.source).into_bytes();
        let opened = open(LargeContent::Text(&mut octets[all.clone()]));
        let found = match &opened {
            Ok(found) => all.start + found.start..(all.start + found.end).min(all.end),
            Err(_) => all.start..all.start,
        };
        octets[all.start..found.start].fill(b' ');
        octets[found.end..all.end].fill(b' ');
        let (source, valid) = match String::from_utf8(octets) {
            Ok(source) => (source, Ok(found)),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let mut octets = error.into_bytes();
                let wrong = no_text(&octets[found.clone()], at.saturating_sub(found.start));
                octets[all].fill(b' ');
                // What stands around it was text before.
                (String::from_utf8(octets).unwrap_or_default(), Err(wrong))
            }
        };
        self.source = source;
        opened.map(|_| Opened(valid))
    }

    /// Octets are beside the source, and become the last of it.
    fn open_octets<E>(
        &mut self,
        mut octets: Vec<u8>,
        open: impl FnOnce(LargeContent<'_>) -> Result<Range<usize>, E>,
    ) -> Result<Opened, E> {
        let found = open(LargeContent::Octets(&mut octets))?;
        octets.truncate(found.end);
        let len = octets.len().saturating_sub(found.start);
        octets.splice(..found.start, self.source.bytes());
        Ok(Opened(match String::from_utf8(octets) {
            Ok(source) => {
                self.source = source;
                Ok(self.source.len() - len..self.source.len())
            }
            Err(error) => {
                let at = error.utf8_error().valid_up_to() - self.source.len();
                Err(no_text(&error.as_bytes()[self.source.len()..], at))
            }
        }))
    }

    /// Parses what was [opened](Self::open_large) in the namespace context of `parent` and adds what it holds as the last
    /// children of `parent`.
    ///
    /// # Errors
    ///
    /// [`ParseError`], offsets counted in what was opened; the tree is unchanged then.
    pub fn append_opened(
        &mut self,
        parent: NodeId,
        opened: Opened,
        limits: &Limits,
    ) -> Result<(), ParseError> {
        let holder = self.parse_within(parent.0, opened.0?, limits)?;
        let after = self.node(parent.0).last;
        self.adopt_children(holder, parent.0, after);
        Ok(())
    }
}

/// The error of octets that are text up to there only.
fn no_text(octets: &[u8], valid: usize) -> ParseError {
    let before = octets.get(..valid).and_then(|before| std::str::from_utf8(before).ok());
    error_at(ParseErrorKind::Encoding("UTF-8"), valid, before.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Name, Value};

    /// Other content, in the middle of the old.
    fn put(octets: &mut [u8], content: &[u8]) -> Range<usize> {
        octets[10..10 + content.len()].copy_from_slice(content);
        10..10 + content.len()
    }

    fn open(content: LargeContent<'_>, markup: &[u8]) -> Result<Range<usize>, ()> {
        let (LargeContent::Text(octets) | LargeContent::Octets(octets)) = content;
        octets.fill(0xFF);
        Ok(put(octets, markup))
    }

    fn read(content: &str) -> (Document, [NodeId; 2]) {
        let text = format!("<a xmlns:p='urn:p'><b>{content}</b><c/></a>");
        let document = Document::parse(text, &Limits::SOAP).unwrap();
        let root = document.root();
        let ids = [root.first_element().unwrap().id(), root.elements().last().unwrap().id()];
        (document, ids)
    }

    fn built() -> (Document, [NodeId; 2]) {
        let (mut document, [b, c]) = read("");
        document.append_octets(b, vec![7; LEAST]);
        (document, [b, c])
    }

    #[test]
    fn content_becomes_other_content_where_it_is() {
        for (mut document, [b, c]) in [read(&"x".repeat(LEAST)), built()] {
            let opened =
                document.open_large(b, |content| open(content, "<p:d>\u{e9}</p:d>".as_bytes()));
            document.append_opened(c, opened.unwrap().unwrap(), &Limits::SOAP).unwrap();
            document.detach(b);
            let d = document.element(c).first_element().unwrap();
            assert_eq!((d.namespace(), &*d.text()), ("urn:p", "\u{e9}"));
            assert_eq!(document.source_of(d.span()), "<p:d>\u{e9}</p:d>");
            assert_eq!(document.to_xml(), "<a xmlns:p=\"urn:p\"><c><p:d>\u{e9}</p:d></c></a>");
        }
    }

    #[test]
    fn what_is_no_text_or_no_markup_is_refused_and_nothing_is_left_of_it() {
        for markup in [&b"\xC3"[..], b"<d>\xC3\x28</d>", b"<d>", b"</c>", b"<q:d/>"] {
            for (mut document, [b, c]) in [read(&"x".repeat(LEAST)), built()] {
                let opened = document.open_large(b, |content| open(content, markup)).unwrap();
                document.append_opened(c, opened.unwrap(), &Limits::SOAP).unwrap_err();
                assert!(document.element(c).is_empty());
                assert!(!document.element(b).text().contains('x'));
            }
        }
        let (mut document, [b, _]) = read(&"x".repeat(LEAST));
        let failed = document.open_large(b, |content| open(content, b"y").and(Err::<_, ()>(())));
        failed.unwrap().unwrap_err();
        assert!(document.element(b).text().bytes().all(|octet| octet == b' '));
        let before = |document: &Document| document.source().len();
        let (mut document, [b, c]) = read(&"x".repeat(LEAST));
        let limits = Limits { max_bytes: before(&document) - 1, ..Limits::SOAP };
        let opened = document.open_large(b, |content| open(content, b"<d/>")).unwrap().unwrap();
        document.append_opened(c, opened, &limits).unwrap_err();
    }

    #[test]
    fn markup_takes_the_place_of_text_that_is_longer() {
        for content in
            ["x".repeat(21), "x".repeat(300), "<![CDATA[<<<<<<<<<<<<<<<<<<<<<<]]>".into()]
        {
            let (mut document, [b, c]) = read(&content);
            let before = document.source().len();
            let opened = document.overwrite(b, "<p:d>\u{e9}&amp;</p:d>".as_bytes());
            document.append_opened(c, opened.unwrap(), &Limits::SOAP).unwrap();
            assert_eq!(document.source().len(), before);
            let d = document.element(c).first_element().unwrap();
            assert_eq!((d.namespace(), &*d.text()), ("urn:p", "\u{e9}&"));
            assert_eq!(document.source_of(d.span()), "<p:d>\u{e9}&amp;</p:d>");
            let expected = "<a xmlns:p=\"urn:p\"><b/><c><p:d>\u{e9}&amp;</p:d></c></a>";
            assert_eq!(document.to_xml(), expected);
        }
        // Nothing of an error is in the tree.
        for markup in [&b"\xC3"[..], b"<d>\xC3\x28</d>", b"<d>", b"</c>", b"<q:d/>"] {
            let (mut document, [b, c]) = read(&"x".repeat(30));
            let opened = document.overwrite(b, markup).unwrap();
            document.append_opened(c, opened, &Limits::SOAP).unwrap_err();
            assert_eq!(document.to_xml(), "<a xmlns:p=\"urn:p\"><b/><c/></a>");
        }
        // What is shorter, no text as it was read, several pieces, or would be cut within a character.
        for content in ["xxx", "", "xxxx&amp;xxxx", "xxxx<!---->xxxx", "<x/>", "xxx\u{e9}xxxx"] {
            let (mut document, [b, _]) = read(content);
            let before = document.to_xml();
            assert!(document.overwrite(b, b"<d/>").is_none(), "{content}");
            assert_eq!(document.to_xml(), before);
        }
        let (mut document, [b, _]) = built();
        assert!(document.overwrite(b, b"<d/>").is_none());
    }

    #[test]
    fn what_is_small_several_pieces_or_shared_stays() {
        let none = |mut document: Document, b: NodeId| {
            let before = document.to_xml();
            let opened = document.open_large(b, |content| open(content, b"<d/>"));
            assert!(opened.is_none() && document.to_xml() == before);
        };
        let large = "x".repeat(LEAST);
        for content in
            [&large[1..], &format!("{large}<!---->"), &format!("&amp;{large}"), "<d/>", ""]
        {
            let (document, [b, _]) = read(content);
            none(document, b);
        }
        let (document, [b, _]) = built();
        let copy = document.clone();
        none(document, b);
        assert_eq!(copy.element(b).value(), Some(Value::Octets(&[7; LEAST])));
        let mut document = Document::new(Name::local("b"));
        let root = document.root().id();
        document.append_text(root, &large);
        none(document, root);
    }
}
