//! Headers as text: those that every message of a session has in the same form, of messages whose headers are signed.
//!
//! What is signed of a header is its canonical form, what goes is its text, and mostly nobody looks at it as a tree before it
//! goes. Where these headers are plain, both forms differ in little: the declarations of the start tag, and empty elements.

use waxwing_xml::{Name, push_text};

/// The prefix of SOAP on an envelope that is built here.
pub(crate) const SOAP_PREFIX: &str = "s";

/// The headers of a message that is about to be signed and written, in their order.
///
/// They have no attributes but `mustUnderstand`, and no prefixes but their own, SOAP's, and what is declared where it is used.
#[derive(Clone, Debug)]
pub struct PlainHeaders {
    /// What stands between the tags of each.
    text: Vec<u8>,
    list: Vec<Entry>,
    /// Something in them cannot be written as it is.
    unfit: bool,
}

/// A header, whose content stands in the text of all.
#[derive(Clone, Copy, Debug)]
struct Entry {
    name: Name<'static>,
    must_understand: bool,
    /// Where its content stands as it goes out: first octet and the one behind the last.
    written: (u32, u32),
    /// Where the canonical form stands: the same place where it is the same.
    canonical: (u32, u32),
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub struct PlainHeader<'a> {
    /// Its name, whose prefix the envelope declares.
    pub name: Name<'static>,
    /// Whether its receiver must understand it: `mustUnderstand="1"` with the prefix `s`.
    pub must_understand: bool,
    /// What is in it as it goes out; of nothing it is written as an empty element.
    pub content: &'a [u8],
    /// The same in canonical form (Exclusive XML Canonicalization 1.0), in an element whose start tag declares the prefix of
    /// its name.
    pub canonical: &'a [u8],
}

impl Default for PlainHeaders {
    fn default() -> Self {
        Self::new()
    }
}

/// Room for the headers of a reliable message, so that it need not grow.
const USUAL: (usize, usize) = (8, 1024);

impl PlainHeaders {
    /// No headers yet, and room for those that a reliable message has.
    pub fn new() -> Self {
        let (headers, octets) = USUAL;
        let (text, list) = (Vec::with_capacity(octets), Vec::with_capacity(headers));
        Self { text, list, unfit: false }
    }

    /// Adds a header behind the others. `write` writes what is in it, and is called again where its canonical form is another.
    /// Names and prefixes are names of XML.
    pub fn push(
        &mut self,
        name: Name<'static>,
        must_understand: bool,
        write: impl Fn(&mut PlainContent<'_>),
    ) {
        let mut place = |canonical| {
            let start = self.text.len() as u32;
            let mut content = PlainContent {
                out: &mut self.text,
                prefix: name.prefix,
                canonical,
                differs: false,
                unfit: false,
            };
            write(&mut content);
            let (differs, unfit) = (content.differs, content.unfit);
            self.unfit |= unfit;
            ((start, self.text.len() as u32), differs)
        };
        let (written, differs) = place(false);
        let canonical = if differs { place(true).0 } else { written };
        self.list.push(Entry { name, must_understand, written, canonical });
    }

    /// The same of one that holds a text.
    pub fn push_text(&mut self, name: Name<'static>, must_understand: bool, text: &str) {
        self.push(name, must_understand, |content| content.text(text));
    }

    /// The headers in their order.
    pub fn iter(&self) -> impl Iterator<Item = PlainHeader<'_>> {
        let content = |(start, end): (u32, u32)| &self.text[start as usize..end as usize];
        self.list.iter().map(move |entry| PlainHeader {
            name: entry.name,
            must_understand: entry.must_understand,
            content: content(entry.written),
            canonical: content(entry.canonical),
        })
    }

    /// Whether each can be written as it is: no text holds what XML cannot carry.
    pub(crate) fn is_fit(&self) -> bool {
        !self.unfit
    }

    /// The text that the header of this name holds, if there is nothing to be resolved in it.
    pub(crate) fn text_of(&self, namespace: &str, local: &str) -> Option<&str> {
        let is_it = |header: &PlainHeader<'_>| {
            header.name.local == local && header.name.namespace == namespace
        };
        let content = self.iter().find(is_it)?.content;
        let is_text = !content.iter().any(|octet| matches!(octet, b'<' | b'&'));
        std::str::from_utf8(content).ok().filter(|_| is_text)
    }

    /// All of them as they go out, in an envelope that declares their prefixes.
    pub(crate) fn markup(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.text.len() + 128 * self.list.len());
        self.iter().for_each(|header| header.write(&mut out, &[]));
        out
    }
}

impl PlainHeader<'_> {
    /// Appends the header as it goes out, with further attributes as text, each behind a blank.
    pub fn write(&self, out: &mut Vec<u8>, attributes: &[&str]) {
        let Name { prefix, local, .. } = self.name;
        push(out, &["<", prefix, ":", local]);
        if self.must_understand {
            push(out, &[" ", SOAP_PREFIX, ":mustUnderstand=\"1\""]);
        }
        push(out, attributes);
        if self.content.is_empty() {
            return push(out, &["/>"]);
        }
        push(out, &[">"]);
        out.extend_from_slice(self.content);
        push(out, &["</", prefix, ":", local, ">"]);
    }
}

/// What is in a header, as it is written: in either form.
#[derive(Debug)]
pub struct PlainContent<'a> {
    out: &'a mut Vec<u8>,
    prefix: &'static str,
    canonical: bool,
    /// Something in it has two forms.
    differs: bool,
    unfit: bool,
}

impl PlainContent<'_> {
    /// Character data.
    pub fn text(&mut self, text: &str) {
        self.unfit |= !push_text(self.out, text);
    }

    /// An element with the prefix of the header that holds a text.
    pub fn element(&mut self, local: &str, text: &str) {
        if text.is_empty() {
            return self.empty(local, &[]);
        }
        push(self.out, &["<", self.prefix, ":", local, ">"]);
        self.text(text);
        push(self.out, &["</", self.prefix, ":", local, ">"]);
    }

    /// An empty one with attributes, in the order of their names and with values that stand as they are.
    pub fn empty(&mut self, local: &str, attributes: &[(&str, &str)]) {
        self.differs = true;
        push(self.out, &["<", self.prefix, ":", local]);
        for (name, value) in attributes {
            push(self.out, &[" ", name, "=\"", value, "\""]);
        }
        match self.canonical {
            true => push(self.out, &["></", self.prefix, ":", local, ">"]),
            false => push(self.out, &["/>"]),
        }
    }

    /// An element with a text that is not empty, in a namespace that nothing around it names, and which it declares.
    pub fn declaring(&mut self, name: Name<'static>, text: &str) {
        let Name { prefix, local, namespace, .. } = name;
        push(self.out, &["<", prefix, ":", local, " xmlns:", prefix, "=\"", namespace, "\">"]);
        self.text(text);
        push(self.out, &["</", prefix, ":", local, ">"]);
    }
}

/// Appends pieces that stand as they are.
#[inline(always)]
fn push(out: &mut Vec<u8>, pieces: &[&str]) {
    for piece in pieces {
        out.extend_from_slice(piece.as_bytes());
    }
}
