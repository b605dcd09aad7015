//! From records to the tree (MC-NBFX §2).
//!
//! One pass, no recursion; nothing is allocated for a size that a record only announces, and a string of a dictionary is
//! put into the tree once, however often records name it.

mod array;
mod attributes;
mod source;
mod text;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use self::source::{Source, StringRef, text_of};
use super::error::{BinaryError, BinaryErrorKind};
use super::records;
use super::session::ReceivedStrings;
use super::vocabulary::Vocabulary;
use crate::arena::Arena;
use crate::chars::{first_forbidden_character, is_ncname_of};
use crate::document::Document;
use crate::intern::{EMPTY, MAX_ENTRIES};
use crate::limits::Limits;
use crate::name::Span;
use crate::node::{EXTRA, Kind, MAX_KNOWN, MAX_NAME, MAX_TEXT, NONE, Tag, Text};
use crate::scope::{Scope, UNBOUND};

/// Octets of a usual message for each node.
const OCTETS_PER_NODE: usize = 12;
/// Room for nodes is taken ahead in proportion to the octets, up to this.
const NODES_AHEAD: usize = 1 << 16;
/// Room for text is taken ahead in proportion to the octets, up to this: of a large message most are octets or one text.
const TEXT_AHEAD: usize = 8 << 10;
/// Strings of the session are put into the tree as often as they are named up to so many octets, and four times the message.
const FREE: usize = 4096;
/// The most octets of text per octet of records, but for strings of dictionaries, which count once each: a time span of
/// nine octets has a text of 28, and white space between the values of a list one more each.
const MAX_GROWTH: usize = 8;

/// Reads a document. `session` are the strings that the messages so far have made known, in a session.
///
/// Comments outside the root element are checked and not kept. Text that follows text without a break between is one node.
///
/// # Errors
/// [`BinaryError`]: what is wrong and where; limits are errors that name the limit. Characters that XML 1.0 does not have
/// are refused, although WCF's readers let them pass: nobody could sign them, or write them as text.
pub fn read(
    octets: &[u8],
    vocabulary: &Vocabulary,
    session: Option<&ReceivedStrings>,
    limits: &Limits,
) -> Result<Document, BinaryError> {
    let limits = Limits {
        max_bytes: limits.max_bytes.min(MAX_TEXT / (2 * MAX_GROWTH)),
        max_name_length: limits.max_name_length.min(MAX_NAME),
        max_distinct_names: limits.max_distinct_names.min(MAX_ENTRIES - 1),
        max_nodes: limits.max_nodes.min(NONE as usize),
        ..*limits
    };
    let mut document = Document::empty((octets.len() / OCTETS_PER_NODE).min(NODES_AHEAD) + 4);
    let mut text = std::mem::take(&mut document.extra).into_bytes();
    text.reserve(octets.len().min(TEXT_AHEAD) * 2);
    let mut reader = Reader {
        arena: &mut document,
        text,
        source: Source { octets, at: 0, vocabulary, session },
        limits: &limits,
        scope: Scope::new(),
        current: NONE,
        depth: 0,
        declaring: SmallVec::new(),
        tag: 0,
        names: FxHashMap::default(),
        texts: FxHashMap::default(),
        constants: [None; CONSTANTS.len()],
        copied: 0,
        free: FREE + octets.len().min(limits.max_bytes) * 4,
        dictionary_text: 0,
    };
    let result = match octets.len() > limits.max_bytes {
        true => exceeded("max_bytes", limits.max_bytes),
        false => reader.document(),
    };
    let Reader { source: Source { at: offset, .. }, text, current, .. } = reader;
    // Each piece of it was looked at when it came: this cannot fail, and one look at all of it is cheaper than one at each.
    let Ok(text) = String::from_utf8(text) else {
        return Err(BinaryError { kind: BinaryErrorKind::Encoding("UTF-8"), offset, inside: None });
    };
    document.extra = text;
    match result {
        Ok(()) => Ok(document),
        Err(kind) => {
            let inside = (current != NONE).then(|| document.qualified_of(current).into());
            Err(BinaryError { kind: *kind, offset, inside })
        }
    }
}

/// What the steps of the reader give; the place of an error is the source's. (A box, so that what is nearly always there
/// stays in registers.)
type Read<T> = Result<T, Box<BinaryErrorKind>>;

struct Reader<'r> {
    /// Its extra buffer is empty meanwhile.
    arena: &'r mut Arena,
    /// What becomes the extra buffer: UTF-8, piece by piece.
    text: Vec<u8>,
    source: Source<'r>,
    limits: &'r Limits,
    scope: Scope,
    /// The innermost element that is open.
    current: u32,
    /// How many are open.
    depth: usize,
    /// Those of them that declare prefixes, each with the length of [`Scope::undo`] before its declarations.
    declaring: SmallVec<[(u32, usize); 8]>,
    /// The number of the start tag at hand.
    tag: u32,
    /// Names of the session that are in the tree, by prefix and identifier.
    names: FxHashMap<(u16, u32), Text>,
    /// Texts of the session that are in the tree, by identifier.
    texts: FxHashMap<u32, Text>,
    /// The texts of records without content that are in the tree.
    constants: [Option<Text>; CONSTANTS.len()],
    /// Attributes and declarations that stand in the tree once more for each item of an array.
    copied: usize,
    /// Octets of strings of the session that may still be put into the tree each time when they are named: looking for
    /// them costs more than having them twice. Then they are looked for.
    free: usize,
    /// Octets of strings of dictionaries in texts that could not be shared.
    dictionary_text: usize,
}

/// The texts of the records from 0x80 to 0x87.
const CONSTANTS: [&str; 4] = ["0", "1", "false", "true"];

impl Arena {
    /// The name of an element as written.
    fn qualified_of(&self, element: u32) -> String {
        let node = self.node(element);
        self.qualified(node.local(), node.binding).concat()
    }
}

impl Reader<'_> {
    fn document(&mut self) -> Read<()> {
        let mut code = self.source.code("the document")?;
        while code == records::COMMENT {
            self.source.string(self.limits)?;
            code = self.source.code("the document")?;
        }
        self.arena.root = self.element(code, NONE, "where the root element begins")?;
        while self.current != NONE {
            self.item(self.current)?;
        }
        while let Some(code) = self.source.next() {
            if code != records::COMMENT {
                self.source.at -= 1;
                return refuse(BinaryErrorKind::Behind);
            }
            self.source.string(self.limits)?;
        }
        Ok(())
    }

    /// One record of content inside the innermost open element.
    fn item(&mut self, parent: u32) -> Read<()> {
        let code = self.source.code("an element")?;
        match code {
            records::END_ELEMENT => self.end_element(),
            records::SHORT_ELEMENT..=0x77 => {
                self.element(code, parent, "in the content of an element").map(|_| ())
            }
            records::ZERO..=records::LAST => self.text(code, parent),
            records::COMMENT => {
                let text = self.source.string(self.limits)?;
                if text.windows(2).any(|two| two == b"--") || text.ends_with(b"-") {
                    return refuse(BinaryErrorKind::Value("comment"));
                }
                self.check_node_limit(1)?;
                let content = self.store(text);
                self.arena.append_leaf(parent, Kind::Comment, content, Span::default());
                Ok(())
            }
            records::ARRAY => self.array(parent),
            _ => self.misplaced(code, "in the content of an element"),
        }
    }

    /// An element after its code: its name, its attributes and declarations. Opens it.
    #[inline]
    fn element(&mut self, code: u8, parent: u32, place: &'static str) -> Read<u32> {
        if self.depth >= self.limits.max_depth {
            return exceeded("max_depth", self.limits.max_depth);
        }
        self.check_node_limit(1)?;
        // What nearly every element of a protocol looks like.
        let (prefix, local) = match code {
            records::PREFIX_DICTIONARY_ELEMENT..records::PREFIX_ELEMENT => {
                let prefix = self.letter(code - records::PREFIX_DICTIONARY_ELEMENT)?;
                let name = self.source.dictionary()?;
                (prefix, self.name(prefix, 1, name)?)
            }
            records::SHORT_DICTIONARY_ELEMENT => {
                let name = self.source.dictionary()?;
                (EMPTY, self.name(EMPTY, 0, name)?)
            }
            _ => self.element_name(code, place)?,
        };
        self.tag += 1;
        let scope = self.scope.undo.len();
        let tag = match self.source.peek() {
            Some(records::SHORT_ATTRIBUTE..records::SHORT_ELEMENT) => Some(self.attributes()?),
            _ => None,
        };
        let binding = self.resolve(prefix)?;
        let node = self.arena.push_child(parent, local, binding);
        if let Some(tag) = tag {
            if tag.attributes.0 != tag.attributes.1 {
                self.finish_attributes(tag.attributes)?;
            }
            self.arena.set_tag(node, tag);
        }
        if self.scope.undo.len() != scope {
            self.declaring.push((node, scope));
        }
        self.current = node;
        self.depth += 1;
        Ok(node)
    }

    /// The prefix of an element and its local name in the tree.
    #[inline(never)]
    fn element_name(&mut self, code: u8, place: &'static str) -> Read<(u16, Text)> {
        let (prefix, prefix_len) = match code {
            records::SHORT_ELEMENT => (EMPTY, 0),
            records::ELEMENT | records::DICTIONARY_ELEMENT => self.prefix()?,
            records::PREFIX_ELEMENT..=0x77 => (self.letter(code - records::PREFIX_ELEMENT)?, 1),
            _ => return self.misplaced(code, place),
        };
        let name = match code {
            records::DICTIONARY_ELEMENT => self.source.dictionary()?,
            _ => self.source.inline(self.limits)?,
        };
        Ok((prefix, self.name(prefix, prefix_len, name)?))
    }

    #[inline(always)]
    fn end_element(&mut self) -> Read<()> {
        let ended = self.current;
        self.current = self.arena.node(ended).parent;
        self.depth -= 1;
        match self.declaring.last() {
            Some((node, _)) if *node == ended => self.undeclare(),
            _ => Ok(()),
        }
    }

    /// The declarations of the innermost element that has some are over.
    #[inline(never)]
    fn undeclare(&mut self) -> Read<()> {
        if let Some((_, scope)) = self.declaring.pop() {
            self.scope.close(scope);
        }
        Ok(())
    }

    /// A prefix that is written out, with its length.
    fn prefix(&mut self) -> Read<(u16, usize)> {
        if let Some([1, letter @ b'a'..=b'z']) = self.source.octets[self.source.at..].first_chunk()
        {
            self.source.at += 2;
            return Ok((self.letter(letter - b'a')?, 1));
        }
        let prefix = self.source.string(self.limits)?;
        if !is_ncname_of(prefix) {
            return refuse(BinaryErrorKind::Name(text_of(prefix).into()));
        }
        if prefix.len() > self.limits.max_name_length {
            return exceeded("max_name_length", self.limits.max_name_length);
        }
        let index = self.arena.names.intern_prefix(text_of(prefix));
        self.check_distinct_names()?;
        Ok((index, prefix.len()))
    }

    /// A prefix of one letter, that stands in the code of the record.
    #[inline(always)]
    fn letter(&mut self, number: u8) -> Read<u16> {
        match self.arena.names.find_short(b'a' + number) {
            Some(known) => Ok(known),
            None => self.new_letter(number),
        }
    }

    #[cold]
    #[inline(never)]
    fn new_letter(&mut self, number: u8) -> Read<u16> {
        if self.limits.max_name_length < 1 {
            return exceeded("max_name_length", self.limits.max_name_length);
        }
        let index = self.arena.names.intern_letter(number);
        self.check_distinct_names()?;
        Ok(index)
    }

    /// Puts a name into the tree, one that is no known string with prefix and colon before it; gives the local part.
    #[inline(always)]
    fn name(&mut self, prefix: u16, prefix_len: usize, name: StringRef<'_>) -> Read<Text> {
        if prefix_len + name.octets().len() >= self.limits.max_name_length {
            return exceeded("max_name_length", self.limits.max_name_length);
        }
        if !self.source.is_name(name) {
            return refuse(BinaryErrorKind::Name(name.text().into()));
        }
        match name {
            StringRef::Known(known) => self.know(known.text),
            name => Ok(self.unknown_name(prefix, name)),
        }
    }

    /// A string of the vocabulary.
    #[inline(always)]
    fn know(&mut self, text: &'static str) -> Read<Text> {
        if self.arena.known.len() >= MAX_KNOWN {
            return exceeded("max_nodes", self.limits.max_nodes);
        }
        Ok(self.arena.know(text))
    }

    /// A name that the program does not have.
    #[inline(never)]
    fn unknown_name(&mut self, prefix: u16, name: StringRef<'_>) -> Text {
        let known = match name {
            StringRef::Session(id, text) if !self.is_free(text.len()) => Some((prefix, id)),
            _ => None,
        };
        if let Some(text) = known.and_then(|known| self.names.get(&known)) {
            return *text;
        }
        let prefix = self.arena.names.prefix(prefix);
        if !prefix.is_empty() {
            self.text.extend_from_slice(prefix.as_bytes());
            self.text.push(b':');
        }
        let text = self.store(name.octets());
        if let Some(known) = known {
            self.names.insert(known, text);
        }
        text
    }

    /// Puts UTF-8 behind the other text.
    #[inline(always)]
    fn store(&mut self, text: &[u8]) -> Text {
        let start = self.text.len() as u32 | EXTRA;
        self.text.extend_from_slice(text);
        Text { start, len: text.len() as u32 }
    }

    /// Whether a string of a dictionary may be put into the tree without looking whether it is there.
    #[inline]
    fn is_free(&mut self, string: usize) -> bool {
        self.free = self.free.saturating_sub(string);
        self.free > 0
    }

    /// The binding of a prefix at the start tag at hand.
    #[inline(always)]
    fn resolve(&self, prefix: u16) -> Read<u16> {
        match self.scope.of(prefix).binding {
            binding if binding != UNBOUND.binding => Ok(binding),
            _ => self.unbound(prefix),
        }
    }

    #[cold]
    #[inline(never)]
    fn unbound(&self, prefix: u16) -> Read<u16> {
        match self.arena.names.prefix(prefix) {
            "xmlns" => refuse(BinaryErrorKind::Name("xmlns".into())),
            prefix => refuse(BinaryErrorKind::UnboundPrefix(prefix.into())),
        }
    }

    fn check_distinct_names(&self) -> Read<()> {
        match self.arena.names.len() > self.limits.max_distinct_names.max(2) {
            true => exceeded("max_distinct_names", self.limits.max_distinct_names),
            false => Ok(()),
        }
    }

    #[inline(always)]
    fn check_node_limit(&self, more: usize) -> Read<()> {
        match self.arena.nodes.len().saturating_add(more) <= self.limits.max_nodes {
            true => Ok(()),
            false => exceeded("max_nodes", self.limits.max_nodes),
        }
    }

    #[cold]
    #[inline(never)]
    fn misplaced<T>(&mut self, code: u8, place: &'static str) -> Read<T> {
        self.source.at -= 1;
        refuse(BinaryErrorKind::Record { code, place })
    }
}

#[inline(never)]
fn check_characters(text: &str) -> Read<()> {
    match first_forbidden_character(text) {
        Some((_, character)) => refuse(BinaryErrorKind::Character(character as u32)),
        None => Ok(()),
    }
}

#[cold]
#[inline(never)]
fn exceeded<T>(limit: &'static str, value: usize) -> Read<T> {
    refuse(BinaryErrorKind::Limit { limit, value })
}

#[cold]
#[inline(never)]
fn refuse<T>(kind: BinaryErrorKind) -> Read<T> {
    Err(Box::new(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(records: &[u8]) -> Vec<u8> {
        [&[0x40, 1, b'a'][..], records].concat()
    }

    #[test]
    fn a_string_that_is_named_often_is_in_the_tree_once() {
        let long: &'static str = Box::leak("x".repeat(1000).into_boxed_str());
        let vocabulary = Vocabulary::new(&[long], &[], &[]);
        // 60,000 texts of 1000 octets each, in two octets each; and as many names.
        let octets = inside(
            &[[0xAA, 0x00].repeat(60_000), [0x42, 0x00, 0x01].repeat(60_000), vec![0x01]].concat(),
        );
        let document = read(&octets, &vocabulary, None, &Limits::SOAP).expect("it is read");
        assert_eq!(document.root().children().count(), 120_000);
        assert!(document.extra.len() < 2_000_000, "{}", document.extra.len());
        // In a list they cannot be shared: that ends at the limit of messages.
        let list = [
            &[0x40, 1, b'a', 0x04, 1, b'x', 0xA4][..],
            &[0xAA, 0x00].repeat(60_000),
            &[0xA6, 0x01],
        ]
        .concat();
        let limits = Limits { max_bytes: 200_000, ..Limits::SOAP };
        let error = read(&list, &vocabulary, None, &limits).expect_err("it is too large");
        assert_eq!(error.kind, BinaryErrorKind::Limit { limit: "max_bytes", value: 200_000 });
    }
}
